//! A Redis server of a test's own, on a free port, which ends with the test.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

/// Whether there is a server to start. Where there is none, this says so past the test harness, which would keep it to
/// itself; or, where [`REQUIRED`] is set, the test fails.
pub(crate) fn is_installed() -> bool {
    let started = Command::new("redis-server").arg("--version").output();
    if started.is_ok_and(|output| output.status.success()) {
        return true;
    }
    assert!(
        env::var_os(REQUIRED).is_none(),
        "redis-server is not installed, and {REQUIRED} is set"
    );
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let line = format!("\nLEFT OUT: {test}: redis-server is not installed\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    false
}

pub(crate) struct Server {
    pub(crate) port: u16,
    process: Child,
    folder: PathBuf,
    options: Vec<String>,
    pub(crate) password: Option<String>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(options: &[&str]) -> Self {
        static FOLDERS: AtomicU32 = AtomicU32::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("auth-store-redis-{}-{number}", std::process::id());
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        // Between the look for a free port and its use, another test may have taken it.
        for _ in 0..10 {
            let port = free_port();
            let mut options: Vec<_> = options.iter().map(|&it| it.to_owned()).collect();
            if !options.iter().any(|it| it == "--tls-port") {
                options.extend(["--port".into(), port.to_string()]);
            }
            let options: Vec<_> = options
                .into_iter()
                .map(|it| it.replace("PORT", &port.to_string()))
                .collect();
            let password = options.iter().position(|it| it == "--requirepass");
            let password = password.map(|at| options[at + 1].clone());
            let mut server = Self {
                port,
                process: spawn(&folder, &options),
                folder: folder.clone(),
                options,
                password,
            };
            if server.is_up() {
                return server;
            }
            server.process.kill().unwrap();
            server.process.wait().unwrap();
            // The folder is the next attempt's.
            server.folder = PathBuf::new();
        }
        panic!("no server could be started");
    }

    pub(crate) fn restart(&mut self) {
        self.kill();
        self.process = spawn(&self.folder, &self.options);
        assert!(self.is_up());
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// It stands still, and its sockets stay open.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let kill = Command::new("kill")
            .args([signal, &self.process.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
    }

    /// Sends one command, and returns the first line of the answer.
    pub(crate) fn tell(&self, command: &str) -> String {
        let mut socket = BufReader::new(TcpStream::connect(("127.0.0.1", self.port)).unwrap());
        let mut line = String::new();
        if let Some(password) = &self.password {
            socket
                .get_mut()
                .write_all(format!("AUTH {password}\r\n").as_bytes())
                .unwrap();
            socket.read_line(&mut line).unwrap();
            line.clear();
        }
        socket
            .get_mut()
            .write_all(format!("{command}\r\n").as_bytes())
            .unwrap();
        socket.read_line(&mut line).unwrap();
        if let Some(length) = line.strip_prefix('$') {
            let length: usize = length.trim().parse().unwrap_or(0);
            let mut text = vec![0; length];
            socket.read_exact(&mut text).unwrap();
            line = String::from_utf8(text).unwrap();
        }
        line.trim_end().to_owned()
    }

    pub(crate) fn wait_for(&self, command: &str, part: &str) {
        let started = Instant::now();
        while !self.tell(command).contains(part) {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "no `{part}` in `{command}`"
            );
            sleep(Duration::from_millis(20));
        }
    }

    fn is_up(&mut self) -> bool {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if self.folder != PathBuf::new() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn spawn(folder: &PathBuf, options: &[String]) -> Child {
    Command::new("redis-server")
        .args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--repl-diskless-sync-delay",
            "0",
        ])
        .arg("--dir")
        .arg(folder)
        .args(options)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Set where the tests must not be left out.
const REQUIRED: &str = "AUTH_STORE_REDIS_REQUIRED";
