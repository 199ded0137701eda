//! Processes of a fleet: `fleet-worker`, told by its standard input.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, channel},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::vendor::{PASSWORDS, Vendor};

/// How to start a process of a fleet.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) vendor: Vendor,
    pub(crate) store: String,
    pub(crate) password: &'static str,
    pub(crate) settings: Vec<&'static str>,
    /// What the shell does first.
    pub(crate) before: &'static str,
}

impl Plan {
    pub(crate) fn new(vendor: &Vendor, store: impl Into<String>) -> Self {
        Self {
            vendor: vendor.clone(),
            store: store.into(),
            password: PASSWORDS[0],
            settings: vec![],
            before: ":",
        }
    }

    pub(crate) fn start(&self, name: usize) -> Worker {
        let mut child = Command::new("sh")
            .args(["-c", &format!("{}; exec \"$0\" \"$@\"", self.before)])
            .arg(env!("CARGO_BIN_EXE_fleet-worker"))
            .args([&format!("worker-{name}"), &self.vendor.url(), &self.store])
            .arg(self.password)
            .args(&self.settings)
            .env("AUTH_STORE_KEY", STORE_KEY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, calls) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        let all = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&all);
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let value: Value = serde_json::from_str(&line).unwrap();
                kept.lock().unwrap().push(value.clone());
                let _ = sender.send(value);
            }
        });
        Worker {
            name: format!("worker-{name}"),
            stdin: child.stdin.take(),
            child,
            calls,
            all,
        }
    }

    /// So many processes, all of which are ready.
    pub(crate) fn fleet(&self, number: usize) -> Vec<Worker> {
        let fleet: Vec<_> = (0..number).map(|name| self.start(name)).collect();
        for worker in &fleet {
            worker.next();
        }
        fleet
    }

    /// One run of a program that asks once.
    pub(crate) fn run(&self) -> Call {
        let worker = self.start(0);
        worker.next();
        worker.ask()
    }
}

pub(crate) struct Worker {
    pub(crate) name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    calls: Receiver<Value>,
    all: Arc<Mutex<Vec<Value>>>,
}

impl Worker {
    pub(crate) fn tell(&self, line: &str) {
        // One that was killed hears nothing.
        let _ = writeln!(self.stdin.as_ref().unwrap(), "{line}");
    }

    pub(crate) fn next(&self) -> Call {
        let next = self.calls.recv_timeout(Duration::from_secs(60));
        Call(next.unwrap_or_else(|error| panic!("{} said nothing: {error}", self.name)))
    }

    pub(crate) fn ask(&self) -> Call {
        self.tell("ask");
        self.next()
    }

    pub(crate) fn renew(&self) -> Call {
        self.tell("renew");
        self.next()
    }

    /// All that it said so far.
    pub(crate) fn history(&self) -> Vec<Call> {
        self.all.lock().unwrap().iter().cloned().map(Call).collect()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// `-STOP` or `-CONT`
    pub(crate) fn signal(&self, signal: &str) {
        let kill = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a worker says of one call.
#[derive(Debug, Clone)]
pub(crate) struct Call(pub(crate) Value);

impl Call {
    pub(crate) fn token(&self) -> &str {
        self.0["token"]
            .as_str()
            .unwrap_or_else(|| panic!("no token: {self:?}"))
    }

    pub(crate) fn took(&self) -> Duration {
        Duration::from_micros(self.number("took"))
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.0[name]
            .as_u64()
            .unwrap_or_else(|| panic!("no `{name}`: {self:?}"))
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }
}

/// All of them ask at the same moment.
pub(crate) fn ask_all(fleet: &[Worker]) -> Vec<Call> {
    for worker in fleet {
        worker.tell("ask");
    }
    fleet.iter().map(Worker::next).collect()
}

pub(crate) fn tokens(calls: &[Call]) -> BTreeSet<String> {
    calls.iter().map(|call| call.token().to_owned()).collect()
}

pub(crate) fn slowest(calls: &[Call]) -> Duration {
    calls.iter().map(Call::took).max().unwrap_or_default()
}

/// 32 bytes, as random as any.
pub(crate) const STORE_KEY: &str = "3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=";
