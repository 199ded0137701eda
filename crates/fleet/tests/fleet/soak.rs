//! Many faults, one after another, and what must never happen whatever they are.

use std::{
    collections::{HashMap, HashSet},
    env,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    alone,
    faults::evict,
    figure,
    fleet::url,
    process::{Plan, Worker},
    server::{Server, is_installed},
    vendor::{Kind, PASSWORDS, Request, Vendor, now},
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
    /// They have a wrong password.
    refused: Vec<Worker>,
    alive: Vec<(usize, Worker)>,
    dead: Vec<(usize, Worker)>,
    /// Who stood still, and until when.
    stood: HashMap<String, Vec<(u64, u64)>>,
    names: usize,
    random: u64,
    faults: Vec<Fault>,
}

struct Fault {
    what: &'static str,
    from: u64,
    to: u64,
}

impl Fault {
    /// How many requests it excuses for one password, and how much later they may come at most.
    fn excuses(&self) -> (usize, Duration) {
        let (requests, after) = match self.what {
            "killed" | "stood still" | "vendor slow" => (1, 15),
            // Until a refusal of a new token is believed.
            "tokens revoked" => (2, 45),
            "store flushed" | "record evicted" => (2, 15),
            // Each process for itself, while it leaves the store alone.
            _ => (PROCESSES / 2, 60),
        };
        (requests, Duration::from_secs(after))
    }
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
            refused: vec![],
            alive: vec![],
            dead: vec![],
            stood: HashMap::new(),
            names: 0,
            random: seed | 1,
            faults: vec![],
        };
        let mut refused = soak.plans[0].clone();
        refused.password = "s3cret-but-old";
        refused.settings = vec!["refused-pause=5"];
        for name in 0..REFUSED {
            let worker = refused.start(1_000_000 + name);
            worker.tell("loop 250");
            soak.refused.push(worker);
        }
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
        let (begun, from) = (Instant::now(), now());
        let one = self.draw(PROCESSES);
        let what = match self.draw(10) {
            0 | 1 => {
                let (lane, mut worker) = self.alive.remove(one);
                worker.kill();
                self.dead.push((lane, worker));
                self.enter(lane);
                "killed"
            }
            2 => {
                let worker = &self.alive[one].1;
                let from = now();
                worker.signal("-STOP");
                sleep(Duration::from_secs(4));
                worker.signal("-CONT");
                let stood = self.stood.entry(worker.name.clone()).or_default();
                stood.push((from, now()));
                "stood still"
            }
            3 => {
                self.server.pause();
                sleep(Duration::from_secs(3));
                self.server.resume();
                "store stood still"
            }
            4 => {
                self.server.restart();
                "store restarted"
            }
            5 => {
                self.server.tell("FLUSHALL");
                "store flushed"
            }
            6 => {
                self.vendor.revoke_all();
                "tokens revoked"
            }
            7 => {
                self.server.tell("CONFIG SET maxmemory 1");
                sleep(Duration::from_secs(3));
                self.server.tell("CONFIG SET maxmemory 0");
                "store full"
            }
            8 => {
                evict(&self.server);
                "record evicted"
            }
            _ => {
                self.vendor.delay(Duration::from_secs(2));
                sleep(Duration::from_secs(4));
                self.vendor.delay(Duration::from_millis(200));
                "vendor slow"
            }
        };
        let to = now();
        self.faults.push(Fault { what, from, to });
        sleep(Duration::from_secs(5).saturating_sub(begun.elapsed()));
    }

    /// xorshift64: what matters is that a seed repeats it.
    fn draw(&mut self, below: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random % below as u64).unwrap()
    }

    /// I6: how many requests the faults are to blame for, and those that nothing is.
    fn excuses(&self, requests: &[Request]) -> (usize, Vec<String>) {
        let mut excused = 0;
        let mut problems = vec![];
        for lane in [0, 1] {
            let mut left: Vec<_> = self.faults.iter().map(|fault| fault.excuses().0).collect();
            let mut due = 0;
            let of_lane = requests.iter().filter(|request| {
                request.lane == lane && matches!(request.kind, Kind::Login | Kind::Refresh(_))
            });
            for request in of_lane {
                // The first, and then one ahead of each end: a tenth of the life, and a fifth of that by chance.
                if request.came >= due {
                    due = request.came + micros(LIFETIME.mul_f64(0.85));
                    continue;
                }
                excused += 1;
                let blamed = self.faults.iter().zip(&mut left).find(|(fault, left)| {
                    let until = fault.to + micros(fault.excuses().1);
                    **left > 0 && (fault.from..until).contains(&request.came)
                });
                match blamed {
                    Some((_, left)) => *left -= 1,
                    None => problems.push(format!("a request too many: {request:?}")),
                }
            }
        }
        (excused, problems)
    }

    /// I7: how many logins there were with a wrong password, and how many there may be.
    fn refusals(&self, requests: &[Request]) -> (usize, usize) {
        let wrong = |request: &&Request| request.kind == Kind::WrongPassword;
        let outages = |what: &str| self.faults.iter().filter(|it| it.what == what).count();
        // The pause is 5 s, less a fifth by chance, and doubles, unless the record is gone.
        let gone =
            outages("store restarted") + outages("store flushed") + outages("record evicted");
        let away =
            outages("store stood still") + outages("store full") + outages("store restarted");
        let doubling = 7;
        let failing = requests.iter().filter(wrong).count();
        (failing, doubling + gone + REFUSED * away)
    }

    /// I8: how many outages could be looked at, and calls that one cost more than it may.
    fn waits(&self) -> (usize, Vec<String>) {
        let mut problems = vec![];
        let outages = self.faults.windows(2).filter_map(|faults| match faults {
            // Whoever waits for a lease that runs out, or for a slow vendor, waits longer.
            [before, outage] if outage.what == "store stood still" => {
                let quiet = matches!(before.what, "store flushed" | "record evicted");
                (quiet || before.what.starts_with("store restarted")).then_some(outage)
            }
            _ => None,
        });
        let outages: Vec<_> = outages.collect();
        for outage in &outages {
            for (_, worker) in &self.dead {
                let mut slow = 0;
                for call in worker.history() {
                    if !call.0["ready"].is_null()
                        || !(outage.from..outage.to).contains(&call.number("at"))
                    {
                        continue;
                    }
                    slow += usize::from(call.took() > Duration::from_millis(200) + SLACK);
                    if call.took() > Duration::from_millis(1700) + SLACK || slow > 1 {
                        problems.push(format!("held up: {} {call:?}", worker.name));
                    }
                }
            }
        }
        (outages.len(), problems)
    }

    fn check(mut self, took: Duration) {
        self.dead.append(&mut self.alive);
        let requests = self.vendor.requests();
        let mut problems = vec![];
        let (mut calls, mut slowest) = (0_u64, Duration::ZERO);
        for (lane, worker) in &self.dead {
            let mut refused = HashSet::new();
            // When the newest that it has had came to the vendor.
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
                // Of two that the vendor had at the same time, nobody knows which is newer.
                let request = &requests[issued.serial - 1];
                if request.answered.unwrap() < newest {
                    problems.push(format!("older than before: {} {call:?}", worker.name));
                }
                newest = newest.max(request.came);
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
            if matches!(request.kind, Kind::WrongRefresh(_)) {
                problems.push(format!("presented twice: {request:?}"));
            }
        }
        let (excused, without_excuse) = self.excuses(&requests);
        problems.extend(without_excuse);
        let (failing, allowed) = self.refusals(&requests);
        if failing > allowed {
            problems.push(format!("{failing} failing logins, of {allowed}"));
        }
        let (outages, waits) = self.waits();
        problems.extend(waits);
        let mut counted: Vec<_> = self.faults.iter().map(|fault| fault.what).collect();
        counted.sort_unstable();
        counted.dedup();
        let counted = counted.iter().map(|what| {
            let times = self.faults.iter().filter(|it| it.what == *what).count();
            format!("{what} {times}")
        });
        figure("soak, faults", counted.collect::<Vec<_>>().join(", "));
        let (_, refused) = self.vendor.api();
        figure(
            "soak",
            format!(
                "{took:.0?}, {calls} calls, {refused} answered 401, {} requests for a token, {excused} of them by the \
                 faults, {failing} with a wrong password (of {allowed}), slowest call {slowest:?}, {outages} outages \
                 that nothing else fell into",
                requests.len()
            ),
        );
        // A few of each kind: many calls may tell of one.
        let mut kinds: HashMap<_, usize> = HashMap::new();
        let first: Vec<_> = problems
            .iter()
            .filter(|problem| {
                let kind = problem.split(':').next().unwrap_or_default();
                let told = kinds.entry(kind).or_default();
                *told += 1;
                *told <= 3
            })
            .collect();
        assert!(problems.is_empty(), "{}: {first:#?}", problems.len());
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap()
}

const PROCESSES: usize = 32;
const REFUSED: usize = 3;
/// Beyond what is allowed, for a machine that has much else to do.
const SLACK: Duration = Duration::from_secs(1);
const LIFETIME: Duration = Duration::from_secs(20);
