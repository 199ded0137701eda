//! Many faults, one after another, and what must never happen whatever they are.

use std::{
    collections::{HashMap, HashSet},
    env,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    alone, figure,
    fleet::url,
    process::{Plan, Worker},
    server::{Server, is_installed},
    vendor::{Kind, PASSWORDS, Vendor, now},
};

#[test]
#[ignore = "takes minutes: cargo xtask fleet"]
fn nothing_that_must_never_happen_does() {
    if !is_installed() {
        return;
    }
    let seconds = env::var("FLEET_SOAK").map_or(60, |seconds| seconds.parse().unwrap());
    let seed = env::var("FLEET_SEED").map_or_else(|_| now(), |seed| seed.parse().unwrap());
    println!("FLEET_SEED={seed}");
    alone(|| {
        let mut soak = Soak::start(seed);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(seconds) {
            soak.fault();
        }
        soak.check(begun.elapsed());
    });
}

struct Soak {
    server: Server,
    vendor: Vendor,
    plans: [Plan; 2],
    alive: Vec<(usize, Worker)>,
    dead: Vec<(usize, Worker)>,
    /// Who stood still, and until when.
    stood: HashMap<String, Vec<(u64, u64)>>,
    names: usize,
    random: u64,
    faults: Vec<&'static str>,
    /// How many requests the faults excuse.
    excused: usize,
}

impl Soak {
    fn start(seed: u64) -> Self {
        let (server, vendor) = (Server::start(), Vendor::start());
        vendor.lifetime(LIFETIME);
        vendor.delay(Duration::from_millis(200));
        let plans = PASSWORDS.map(|password| {
            let mut plan = Plan::new(&vendor, url(&server));
            plan.password = password;
            plan.settings = vec!["api"];
            plan
        });
        let mut soak = Self {
            server,
            vendor,
            plans,
            alive: vec![],
            dead: vec![],
            stood: HashMap::new(),
            names: 0,
            random: seed | 1,
            faults: vec![],
            excused: 0,
        };
        for lane in [0, 1].repeat(PROCESSES / 2) {
            soak.enter(lane);
        }
        soak
    }

    fn enter(&mut self, lane: usize) {
        let worker = self.plans[lane].start(self.names);
        self.names += 1;
        worker.tell("loop 250");
        self.alive.push((lane, worker));
    }

    /// One fault, its end, and time to get over it: five seconds in all.
    fn fault(&mut self) {
        let begun = Instant::now();
        let one = self.draw(PROCESSES);
        let all = PROCESSES;
        let (what, excused) = match self.draw(9) {
            0 | 1 => {
                let (lane, mut worker) = self.alive.remove(one);
                worker.kill();
                self.dead.push((lane, worker));
                self.enter(lane);
                ("killed", 2)
            }
            2 => {
                let worker = &self.alive[one].1;
                let from = now();
                worker.signal("-STOP");
                sleep(Duration::from_secs(4));
                worker.signal("-CONT");
                let stood = self.stood.entry(worker.name.clone()).or_default();
                stood.push((from, now()));
                ("stood still", 2)
            }
            3 => {
                self.server.pause();
                sleep(Duration::from_secs(3));
                self.server.resume();
                ("store stood still", all)
            }
            4 => {
                self.server.restart();
                ("store restarted", all)
            }
            5 => {
                self.server.tell("FLUSHALL");
                ("store flushed", 4)
            }
            6 => {
                self.vendor.revoke_all();
                ("tokens revoked", 4)
            }
            7 => {
                self.server.tell("CONFIG SET maxmemory 1");
                sleep(Duration::from_secs(3));
                self.server.tell("CONFIG SET maxmemory 0");
                ("store full", all)
            }
            _ => {
                self.vendor.delay(Duration::from_secs(2));
                sleep(Duration::from_secs(4));
                self.vendor.delay(Duration::from_millis(200));
                ("vendor slow", 2)
            }
        };
        self.faults.push(what);
        self.excused += excused;
        sleep(Duration::from_secs(5).saturating_sub(begun.elapsed()));
    }

    /// xorshift64: what matters is that a seed repeats it.
    fn draw(&mut self, below: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random % below as u64).unwrap()
    }

    fn check(mut self, took: Duration) {
        self.dead.append(&mut self.alive);
        let requests = self.vendor.requests();
        let mut problems = vec![];
        let (mut calls, mut slowest, mut older) = (0_u64, Duration::ZERO, 0);
        for (lane, worker) in &self.dead {
            let mut refused = HashSet::new();
            let mut newest = 0;
            for call in worker.history() {
                if !call.0["ready"].is_null() {
                    continue;
                }
                calls += 1;
                let (at, got) = (call.number("at"), call.number("got"));
                let stood = self.stood.get(&worker.name).is_some_and(|spans| {
                    let meets = |&(from, to): &(u64, u64)| from < got + 50_000 && at < to + 500_000;
                    spans.iter().any(meets)
                });
                if call.0["error"].is_string() {
                    problems.push(format!("a call failed: {} {call:?}", worker.name));
                    continue;
                }
                let token = call.token();
                let issued = self.vendor.issued(token);
                if got > issued.ends && !stood {
                    problems.push(format!("past its end: {} {call:?}", worker.name));
                }
                if refused.contains(token) {
                    problems.push(format!("refused before: {} {call:?}", worker.name));
                }
                if issued.lane != *lane {
                    problems.push(format!("somebody else's: {} {call:?}", worker.name));
                }
                if issued.serial < newest {
                    older += 1;
                }
                newest = issued.serial;
                if call.text("invalidation") == "Accepted" {
                    refused.insert(token.to_owned());
                }
                if !stood {
                    slowest = slowest.max(call.took());
                }
            }
        }
        // A quarter of what they are told to do: a fleet that is dead breaks no rule.
        if calls < PROCESSES as u64 * took.as_secs() {
            problems.push(format!("{calls} calls, in {took:?}"));
        }
        for request in &requests {
            if matches!(request.kind, Kind::WrongPassword | Kind::WrongRefresh(_)) {
                problems.push(format!("presented twice: {request:?}"));
            }
        }
        let lives = took.as_secs_f64() / (LIFETIME.as_secs_f64() * 0.85);
        let allowed = 2 * (lives.ceil() as usize + 1) + self.excused;
        if requests.len() > allowed {
            problems.push(format!("{} requests, of {allowed}", requests.len()));
        }
        let mut counted: Vec<_> = self.faults.clone();
        counted.sort_unstable();
        counted.dedup();
        let counted = counted.iter().map(|what| {
            let times = self.faults.iter().filter(|it| it == &what).count();
            format!("{what} {times}")
        });
        figure("soak, faults", counted.collect::<Vec<_>>().join(", "));
        let (_, refused) = self.vendor.api();
        figure(
            "soak",
            format!(
                "{took:.0?}, {calls} calls, {refused} answered 401, {} requests for a token (of {allowed}), \
                 slowest call {slowest:?}, an older token after a newer {older} times",
                requests.len()
            ),
        );
        let first: Vec<_> = problems.iter().take(10).collect();
        assert!(problems.is_empty(), "{}: {first:#?}", problems.len());
    }
}

const PROCESSES: usize = 32;
const LIFETIME: Duration = Duration::from_secs(20);
