//! All that can happen to three processes and a store, as far as a few faults go: breadth-first, each state once. The
//! processes run the real state machine; here are only a register, a vendor, and what may go wrong with them.
//!
//! `cargo xtask ci model` runs it for a million states.

use std::{
    collections::{HashSet, VecDeque, hash_map::DefaultHasher},
    fmt::Write,
    hash::{Hash, Hasher},
    sync::Arc,
    time::Instant,
};

use super::*;

// What is proven

#[test]
fn nothing_is_broken_whatever_happens() {
    explore_all(30_000);
}

/// A million states.
#[test]
#[ignore = "takes a minute"]
fn nothing_is_broken_whatever_happens_for_a_million_states() {
    let started = Instant::now();
    let states = explore_all(220_000);
    let took = started.elapsed();
    println!("{states} states in {took:?}");
    assert!(states >= 1_000_000, "{states} states");
    if !cfg!(debug_assertions) {
        assert!(took < Duration::from_secs(60), "{took:?}");
    }
}

#[test]
fn each_planted_bug_is_found() {
    for (bug, broken, scenario) in [
        (Bug::CountsFromTheLoad, "I1", Scenario::QUIET),
        (Bug::ForgetsWhatWasRefused, "I2", Scenario::REFUSALS),
        (Bug::HasOneNameForAll, "I3", Scenario::QUIET),
        (Bug::LeavesTheRefreshToken, "I4", Scenario::SLOW),
        (Bug::TrustsEveryIncarnation, "I4", Scenario::FAILOVERS),
        (Bug::PublishesBlindly, "I5", Scenario::TWO_FLIGHTS),
        (Bug::ForgetsWhenItAsked, "I2", Scenario::OUTAGES),
        (Bug::ForgetsWhenItAsked, "I5", Scenario::ONE_OUTAGE),
        (Bug::PassesLeasesOver, "I6", Scenario::QUIET),
        (Bug::PassesPausesOver, "I7", Scenario::REFUSALS),
    ] {
        let found = explore(scenario, Some((bug, broken)), 200_000);
        let found = found.expect_err(&format!("{bug:?} does not break {broken}"));
        assert!(found.starts_with(broken), "{bug:?}: {found}");
    }
}

fn explore_all(limit: usize) -> usize {
    let scenarios = [
        Scenario::QUIET,
        Scenario::SLOW,
        Scenario::REFUSALS,
        Scenario::LOSSES,
        Scenario::OUTAGES,
        Scenario::FAILOVERS,
        Scenario::CLOCKS,
    ];
    let explored = scenarios.map(|scenario| explore(scenario, None, limit));
    explored
        .into_iter()
        .map(|explored| explored.unwrap_or_else(|found| panic!("{found}")))
        .sum()
}

// What may happen

/// How often what may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Scenario {
    name: &'static str,
    processes: usize,
    flights: u8,
    renewals: u8,
    crashes: u8,
    /// A call of the store has no answer: it was done, or not, or will be.
    losses: u8,
    refusals: u8,
    /// The vendor says no.
    failures: u8,
    flushes: u8,
    failovers: u8,
    /// The store's clock is set forward.
    jumps: u8,
    /// The store's clock is set back.
    falls: u8,
    /// Leases are not renewed: the process stands still.
    stops: bool,
    /// The store has a token that has expired, and its refresh token.
    warm: bool,
    until: u8,
}

impl Scenario {
    const QUIET: Self = Self {
        name: "nothing is wrong",
        processes: 3,
        flights: 8,
        renewals: 1,
        crashes: 0,
        losses: 0,
        refusals: 0,
        failures: 0,
        flushes: 0,
        failovers: 0,
        jumps: 0,
        falls: 0,
        stops: false,
        warm: false,
        until: 24,
    };
    const SLOW: Self = Self {
        name: "processes crash and stand still",
        renewals: 0,
        crashes: 1,
        stops: true,
        warm: true,
        until: 28,
        ..Self::QUIET
    };
    /// For what takes many steps to be seen.
    const TWO_FLIGHTS: Self = Self {
        flights: 2,
        crashes: 0,
        until: 18,
        ..Self::SLOW
    };
    const REFUSALS: Self = Self {
        name: "APIs refuse tokens, and the vendor says no",
        renewals: 0,
        refusals: 2,
        failures: 2,
        until: 12,
        ..Self::QUIET
    };
    const LOSSES: Self = Self {
        name: "the store does not answer, or late",
        renewals: 0,
        crashes: 1,
        losses: 2,
        until: 10,
        ..Self::QUIET
    };
    const OUTAGES: Self = Self {
        name: "APIs refuse tokens that the store has not got",
        renewals: 0,
        losses: 2,
        refusals: 1,
        until: 14,
        ..Self::QUIET
    };
    /// For what takes many steps to be seen.
    const ONE_OUTAGE: Self = Self {
        processes: 1,
        flights: 3,
        renewals: 1,
        losses: 1,
        until: 4,
        ..Self::OUTAGES
    };
    const FAILOVERS: Self = Self {
        name: "the store loses what it had",
        renewals: 0,
        losses: 1,
        refusals: 1,
        flushes: 1,
        failovers: 2,
        warm: true,
        until: 24,
        ..Self::QUIET
    };
    const CLOCKS: Self = Self {
        name: "the store's clock is set",
        renewals: 1,
        losses: 1,
        failures: 1,
        jumps: 1,
        falls: 1,
        until: 16,
        ..Self::QUIET
    };
}

/// What a process does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    CountsFromTheLoad,
    ForgetsWhatWasRefused,
    HasOneNameForAll,
    LeavesTheRefreshToken,
    TrustsEveryIncarnation,
    PublishesBlindly,
    ForgetsWhenItAsked,
    PassesLeasesOver,
    PassesPausesOver,
}

type Shared = Record<Secret, ()>;

/// Notes down that something may happen, and what it changes.
type May<'a> = dyn FnMut(&str, &dyn Fn(&mut World)) + 'a;

/// An access token or a refresh token: the number of the request that brought it.
type Secret = u8;

#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    left: Scenario,
    now: u8,
    /// By how much the store's clock is ahead.
    ahead: i8,
    incarnation: u8,
    /// One for each set of credentials.
    registers: [Arc<Register>; 2],
    /// What a replica has.
    replica: Option<[Arc<Register>; 2]>,
    writes: u16,
    processes: [Arc<Process>; 3],
    /// Swaps that nobody waits for any more, and that are not done yet.
    late: Vec<Arc<(usize, u16, Shared)>>,
    /// Whose the tokens are, and when each was asked for.
    requests: Vec<(u8, u8)>,
    /// The refresh tokens that were presented.
    presented: u64,
    /// How many requests are accounted for.
    accounted: u8,
    /// The store's clock fell back: a dead token may be served, and an older one be taken for newer. A login mends it.
    fell: bool,
    broken: Option<&'static str>,
}

#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Register {
    version: u16,
    record: Option<Shared>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Process {
    lane: u8,
    holder: u64,
    round: Option<Round<Secret, ()>>,
    doing: Doing,
    /// What the last call of the store returned.
    seen: u16,
    asked: u8,
    /// The vendor has not answered yet.
    calls: bool,
    /// The vendor said no.
    failed: bool,
    /// Its last request to the vendor, and the fleet's refresh token that was in it.
    last: u8,
    presents: Option<SharedRefresh<Secret>>,
    /// The renewal of the lease that is under way.
    renewing: Option<Shared>,
    /// Whose lease it is, is being looked at.
    looks: bool,
    renewal_at: Option<u8>,
    held: Option<Held>,
    refused: u64,
    refused_ids: u64,
    known: u64,
    /// When the newest token that it has had was asked for, as far as it knows, and in truth.
    newest: Option<(u8, u64)>,
    newest_in_truth: u8,
    after_invalidation: bool,
    own_refresh: Option<Secret>,
    quiet_until: u8,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Doing {
    Nothing,
    Loads,
    Swaps(Shared),
    Naps { since: u8 },
    Asks,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Held {
    id: u8,
    seq: u64,
    ends: u8,
}

/// A planted bug may break more than one thing: the story is told of the one that is looked for.
fn explore(
    scenario: Scenario,
    planted: Option<(Bug, &str)>,
    limit: usize,
) -> Result<usize, String> {
    let bug = planted.map(|(bug, _)| bug);
    let start = World::new(scenario);
    let mut known = HashSet::from([fingerprint(&start)]);
    // Where each came from, to tell the story of what is found.
    let mut history: Vec<(usize, String)> = vec![(0, String::new())];
    let mut waiting = VecDeque::from([(start, 0)]);
    while let Some((world, at)) = waiting.pop_front() {
        for (what, next) in world.successors(bug) {
            if let Some(broken) = next.broken {
                if planted.is_some_and(|(_, wanted)| !broken.starts_with(wanted)) {
                    continue;
                }
                let mut story = vec![what];
                let mut at = at;
                while at != 0 {
                    let (before, what) = &history[at];
                    story.push(what.clone());
                    at = *before;
                }
                let mut text = format!("{broken}, where {}:", scenario.name);
                for what in story.iter().rev() {
                    write!(text, "\n  {what}").unwrap();
                }
                return Err(text);
            }
            if known.len() < limit && known.insert(fingerprint(&next)) {
                history.push((at, what));
                waiting.push_back((next, history.len() - 1));
            }
        }
        if known.len() >= limit {
            break;
        }
    }
    Ok(known.len())
}

fn fingerprint(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}

impl World {
    fn new(scenario: Scenario) -> Self {
        let mut world = Self {
            left: scenario,
            now: 0,
            ahead: 0,
            incarnation: 0,
            registers: [Arc::default(), Arc::default()],
            replica: None,
            writes: 0,
            processes: [(0, 0), (0, 1), (1, 2)]
                .map(|(lane, holder)| Arc::new(Process::new(lane, holder))),
            late: vec![],
            requests: vec![],
            presented: 0,
            // Each set of credentials takes one.
            accounted: 2,
            fell: false,
            broken: None,
        };
        if scenario.warm {
            let record = Record {
                seq: 1,
                token: Some(SharedToken {
                    secret: 0,
                    seq: 1,
                    issued: EPOCH,
                    lifetime: secs(LIFETIME),
                    by_invalidation: false,
                    by: Holder(u64::MAX),
                }),
                refresh: Some(SharedRefresh {
                    secret: 0,
                    ends: None,
                    epoch: Incarnation::new("a"),
                }),
                ..Record::default()
            };
            world.registers[0] = Arc::new(Register {
                version: 0,
                record: Some(record),
            });
            world.requests.push((0, 0));
            world.accounted += 1;
            world.now = LIFETIME;
        }
        world
    }

    fn successors(&self, bug: Option<Bug>) -> Vec<(String, Self)> {
        let mut all = vec![];
        for at in 0..self.left.processes {
            self.of_process(at, bug, &mut all);
        }
        if self.now + TICK <= self.left.until {
            all.push(("time passes".into(), self.with(|world| world.now += TICK)));
        }
        for late in 0..self.late.len() {
            let done = self.with(|world| {
                let swap = world.late.remove(late);
                world.write(swap.0, swap.1, swap.2.clone(), bug);
            });
            all.push(("a swap is done late".into(), done));
        }
        if self.left.flushes > 0 {
            let flushed = self.with(|world| {
                world.left.flushes -= 1;
                world.accounted += 2;
                world.writes += 1;
                let version = world.writes;
                let record = None;
                world.registers = [0, 1].map(|_| {
                    Arc::new(Register {
                        version,
                        record: record.clone(),
                    })
                });
            });
            all.push(("the store is flushed".into(), flushed));
        }
        if self.left.failovers > 0 && self.replica.is_none() {
            let lagging = self.with(|world| world.replica = Some(world.registers.clone()));
            all.push(("a replica lags behind".into(), lagging));
        }
        if let Some(replica) = &self.replica
            && self.left.failovers > 0
        {
            let failed_over = self.with(|world| {
                world.left.failovers -= 1;
                world.accounted += 2;
                world.registers = replica.clone();
                world.replica = None;
                world.incarnation += 1;
                world.late.clear();
            });
            all.push(("the replica takes over".into(), failed_over));
        }
        if self.left.jumps > 0 {
            let jumped = self.with(|world| {
                world.left.jumps -= 1;
                world.accounted += 2;
                world.ahead += 3;
            });
            all.push(("the store's clock jumps ahead".into(), jumped));
        }
        if self.left.falls > 0 {
            let fallen = self.with(|world| {
                world.left.falls -= 1;
                world.accounted += 2;
                world.ahead -= 4;
                world.fell = true;
            });
            all.push(("the store's clock falls back".into(), fallen));
        }
        all
    }

    fn of_process(&self, at: usize, bug: Option<Bug>, all: &mut Vec<(String, Self)>) {
        let process = &self.processes[at];
        let mut may = |what: &str, change: &dyn Fn(&mut Self)| {
            all.push((format!("process {at} {what}"), self.with(change)));
        };
        match &process.doing {
            Doing::Nothing => {
                if self.left.flights > 0 && self.now >= process.quiet_until {
                    let fresh_for = process
                        .held
                        .map_or(0, |held| held.ends.saturating_sub(self.now));
                    if fresh_for <= LIFETIME / 2 {
                        may("wants a token", &|world| {
                            world.launch(at, fresh_for > 0, false, bug)
                        });
                    }
                    if self.left.renewals > 0 {
                        may("renews", &|world| {
                            world.left.renewals -= 1;
                            world.accounted += 1;
                            world.launch(at, false, true, bug);
                        });
                    }
                }
            }
            Doing::Loads => {
                may("loads", &|world| world.load(at, bug));
                if self.left.losses > 0 {
                    may("loads and has no answer", &|world| {
                        world.lose();
                        world.step(at, Event::StoreFailed, bug);
                    });
                }
            }
            Doing::Swaps(record) => {
                may("swaps", &|world| {
                    let event = world.swap(at, record, bug);
                    world.step(at, event, bug);
                });
                if self.left.losses > 0 {
                    may("swaps and has no answer", &|world| {
                        world.lose();
                        world.swap(at, record, bug);
                        world.step(at, Event::StoreFailed, bug);
                    });
                    may("swaps in vain and has no answer", &|world| {
                        world.lose();
                        world.step(at, Event::StoreFailed, bug);
                    });
                    may("swaps and is not waited for", &|world| {
                        world.lose();
                        world.later(at, record);
                        world.step(at, Event::StoreFailed, bug);
                    });
                }
            }
            Doing::Naps { since } => {
                let changed = self.register(at, bug).version != process.seen;
                if changed || self.now > *since {
                    may("wakes", &|world| world.step(at, Event::NapOver, bug));
                }
            }
            Doing::Asks if !process.calls => {}
            Doing::Asks => self.asking(at, bug, &mut may),
        }
        if let Some(held) = process.held
            && self.left.refusals > 0
            && process.round.is_none()
            && self.now < held.ends
        {
            may("hears that its token is refused", &|world| {
                world.left.refusals -= 1;
                world.accounted += 1;
                let process = world.process(at);
                process.refused = process.refused.max(held.seq);
                process.refused_ids |= 1 << held.id;
                process.after_invalidation = true;
                process.held = None;
            });
        }
        if self.left.crashes > 0 && process.round.is_some() {
            may("crashes", &|world| {
                world.left.crashes -= 1;
                world.accounted += 1;
                let process = world.process(at);
                *process = Process::new(process.lane, process.holder + 3);
            });
        }
    }

    fn asking(&self, at: usize, bug: Option<Bug>, may: &mut May<'_>) {
        let process = &self.processes[at];
        let token = |process: &Process| Answer::Token {
            secret: process.last,
            lifetime: secs(LIFETIME),
            refresh: Some(FreshRefresh {
                secret: process.last,
                lifetime: None,
            }),
        };
        may("has a token from the vendor", &|world| {
            let answer = token(world.process(at));
            world.answered(at, answer, bug);
        });
        if let Some(record) = &process.renewing {
            may(
                "has a token from the vendor while its lease is being renewed",
                &|world| {
                    world.later(at, record);
                    let answer = token(world.process(at));
                    world.answered(at, answer, bug);
                },
            );
        }
        if self.left.failures > 0 {
            may("is refused by the vendor", &|world| {
                world.left.failures -= 1;
                world.accounted += 1;
                world.process(at).failed = true;
                let shared = Some(Failed {
                    answer: (),
                    kind: FailureKind::CredentialsRefused,
                    pause: secs(PAUSE),
                });
                world.answered(
                    at,
                    Answer::Failure {
                        shared,
                        unused: None,
                    },
                    bug,
                );
            });
            may("has no network", &|world| {
                world.left.failures -= 1;
                world.accounted += 1;
                let process = world.process(at);
                process.failed = true;
                let unused = process.presents.take();
                if let Some(refresh) = &unused {
                    world.presented &= !(1 << refresh.secret);
                }
                world.answered(
                    at,
                    Answer::Failure {
                        shared: None,
                        unused,
                    },
                    bug,
                );
            });
        }
        if let Some(record) = &process.renewing {
            may("renews its lease", &|world| {
                let event = world.swap(at, record, bug);
                world.process(at).renewing = None;
                world.step(at, event, bug);
            });
            if self.left.losses > 0 {
                may("renews its lease late", &|world| {
                    world.lose();
                    world.later(at, record);
                    world.process(at).renewing = None;
                    world.step(at, Event::StoreFailed, bug);
                });
            }
        } else if process.looks {
            may("looks for its lease", &|world| {
                world.process(at).looks = false;
                world.load(at, bug);
            });
            if self.left.losses > 0 {
                may("looks for its lease and has no answer", &|world| {
                    world.lose();
                    world.process(at).looks = false;
                    world.step(at, Event::StoreFailed, bug);
                });
            }
        } else if process.renewal_at.is_some_and(|due| self.now >= due) {
            may("is to renew its lease", &|world| {
                world.step(at, Event::RenewalDue, bug)
            });
        }
    }

    fn answered(&mut self, at: usize, answer: Answer<Secret, ()>, bug: Option<Bug>) {
        let process = self.process(at);
        process.calls = false;
        process.renewing = None;
        process.looks = false;
        process.renewal_at = None;
        self.step(at, Event::Answered(answer), bug);
    }

    fn launch(&mut self, at: usize, background: bool, renewal: bool, bug: Option<Bug>) {
        self.left.flights -= 1;
        let now = self.moment();
        let process = self.process(at);
        process.holder += 3;
        let purpose = Purpose {
            holder: Holder(process.holder),
            background,
            renewal,
            refused: if bug == Some(Bug::ForgetsWhatWasRefused) {
                0
            } else {
                process.refused
            },
            known: process.known,
            newest: process
                .newest
                .filter(|_| bug != Some(Bug::ForgetsWhenItAsked))
                .map(|(asked, seq)| Newest {
                    asked: EPOCH + secs(asked),
                    seq,
                }),
            after_invalidation: process.after_invalidation,
            margins: Margins {
                advisory_per_mille: 500,
            },
            patience: secs(100),
        };
        process.round = Some(Round::new(purpose, now));
        self.carry_out(at, Step::Load, bug);
    }

    fn load(&mut self, at: usize, bug: Option<Bug>) {
        let register = Arc::clone(self.register(at, bug));
        let reading = self.reading(bug);
        let process = self.process(at);
        process.seen = register.version;
        let mut record = register.record.clone().unwrap_or_default();
        match bug {
            Some(Bug::PassesLeasesOver) => {
                record.lease = record.lease.filter(|it| it.holder.0 == process.holder)
            }
            Some(Bug::PassesPausesOver) => record.pause = None,
            _ => {}
        }
        self.step(at, Event::Loaded { record, reading }, bug);
    }

    fn swap(&mut self, at: usize, record: &Shared, bug: Option<Bug>) -> Event<Secret, ()> {
        let seen = self.processes[at].seen;
        let lane = self.lane(at, bug);
        if self.write(lane, seen, record.clone(), bug) {
            self.process(at).seen = self.registers[lane].version;
            Event::Stored {
                reading: self.reading(bug),
            }
        } else {
            Event::Conflict
        }
    }

    fn later(&mut self, at: usize, record: &Shared) {
        let seen = self.processes[at].seen;
        let lane = usize::from(self.processes[at].lane);
        self.late.push(Arc::new((lane, seen, record.clone())));
    }

    fn write(&mut self, lane: usize, seen: u16, mut record: Shared, bug: Option<Bug>) -> bool {
        let old = Arc::clone(&self.registers[lane]);
        if old.version != seen && (bug != Some(Bug::PublishesBlindly) || record.lease.is_some()) {
            return false;
        }
        let before = old.record.clone().unwrap_or_default();
        let takes_lease = record
            .lease
            .is_some_and(|lease| before.lease.is_none_or(|old| old.holder != lease.holder));
        if takes_lease {
            self.account_for(&before);
            if bug == Some(Bug::LeavesTheRefreshToken) {
                record.refresh = before.refresh.clone();
            }
        }
        if let (Some(old), Some(new)) = (&before.token, &record.token)
            && old.secret != new.secret
        {
            let asked = |token: &SharedToken<Secret>| self.requests[usize::from(token.secret)].1;
            if new.seq <= old.seq || !self.fell && asked(new) < asked(old) {
                self.broken = Some("I5: a newer token was replaced by an older one");
            }
        }
        self.writes += 1;
        self.registers[lane] = Arc::new(Register {
            version: self.writes,
            record: Some(record),
        });
        true
    }

    /// One flight took the lease: why it had to.
    fn account_for(&mut self, before: &Shared) {
        let now = self.store_now();
        if before.pause.as_ref().is_some_and(|pause| pause.until > now) && !self.fell {
            self.broken = Some("I7: the vendor was asked during a pause");
        }
        let ran_out = before.lease.is_some_and(|lease| lease.until <= now);
        let end_of_life = before
            .token
            .as_ref()
            .is_some_and(|token| token.issued + secs(LIFETIME / 2 - 2 * TICK) <= now);
        self.accounted += u8::from(ran_out || end_of_life);
    }

    fn lose(&mut self) {
        self.left.losses -= 1;
        self.accounted += 1;
    }

    fn step(&mut self, at: usize, event: Event<Secret, ()>, bug: Option<Bug>) {
        let now = self.moment();
        let process = self.process(at);
        let asked = Moment {
            monotonic: EPOCH + secs(process.asked),
            wall: EPOCH + secs(process.asked),
        };
        let Some(round) = &mut process.round else {
            return;
        };
        let step = round.after(event, asked, now, 500);
        self.carry_out(at, step, bug);
    }

    fn carry_out(&mut self, at: usize, step: Step<Secret, ()>, bug: Option<Bug>) {
        let now = self.now;
        let process = self.process(at);
        process.asked = now;
        match step {
            Step::Load if process.calls => process.looks = true,
            Step::Load => process.doing = Doing::Loads,
            Step::Swap { record, .. } if process.calls => {
                process.renewing = Some(record);
            }
            Step::Swap { record, .. } => process.doing = Doing::Swaps(record),
            Step::Nap(_) => process.doing = Doing::Naps { since: now },
            Step::Ask(ask) => self.ask(at, &ask),
            Step::GoOn { renew_in } => process.renewal_at = due(now, renew_in),
            Step::Adopt(mut adopted) => {
                if bug == Some(Bug::CountsFromTheLoad) {
                    adopted.left = adopted.token.lifetime;
                }
                let left = adopted.from.monotonic + adopted.left;
                let ends = u8::try_from(left.saturating_sub(EPOCH).as_secs()).unwrap_or(u8::MAX);
                self.adopt(at, &adopted.token, adopted.asked, ends);
            }
            Step::Defer(pause) => self.over(at, pause),
            Step::FailShared { for_another, .. } => self.over(at, for_another),
            Step::Land(published) => self.land(at, published),
        }
    }

    fn ask(&mut self, at: usize, ask: &Ask<Secret>) {
        let id = self.requests.len() as u8;
        let lane = self.processes[at].lane;
        self.requests.push((lane, self.now));
        if !ask.leased {
            self.accounted += 1;
        }
        let refresh = match &ask.refresh {
            Some(refresh) => Some(refresh.secret),
            None => self.process(at).own_refresh.take(),
        };
        if let Some(refresh) = refresh {
            if self.presented & 1 << refresh != 0 {
                self.broken = Some("I4: a refresh token was presented twice");
            }
            self.presented |= 1 << refresh;
        }
        if self.requests.len() > usize::from(self.accounted) {
            self.broken = Some("I6: a request too many");
        }
        let (now, stops) = (self.now, self.left.stops);
        let process = self.process(at);
        process.doing = Doing::Asks;
        process.calls = true;
        process.last = id;
        process.presents.clone_from(&ask.refresh);
        process.renewal_at = due(now, ask.renew_in).filter(|_| !stops);
    }

    fn adopt(&mut self, at: usize, token: &SharedToken<Secret>, at_home: Duration, ends: u8) {
        let id = token.secret;
        let (lane, asked) = self.requests[usize::from(id)];
        let sound = !self.fell;
        let process = self.process(at);
        let broken = if lane != process.lane {
            Some("I3: a token of other credentials was adopted")
        } else if process.refused_ids & 1 << id != 0 {
            Some("I2: a refused token was adopted")
        } else if sound && asked < process.newest_in_truth {
            Some("I5: a newer token was replaced by an older one in a process")
        } else if sound && ends > asked + LIFETIME {
            Some("I1: a token is served past its end")
        } else {
            None
        };
        process.held = Some(Held {
            id,
            seq: token.seq,
            ends,
        });
        process.known = process.known.max(token.seq);
        process.has(at_home, token.seq, asked);
        process.after_invalidation = false;
        self.broken = self.broken.or(broken);
        self.over(at, Duration::ZERO);
    }

    fn land(&mut self, at: usize, published: Published) {
        let asked = self.requests[usize::from(self.processes[at].last)].1;
        let now = self.moment().monotonic;
        let process = self.process(at);
        if process.failed {
            self.over(at, secs(PAUSE));
            return;
        }
        let (seq, at_home) = match published {
            Published::Yes(written) => (written.seq, written.asked),
            _ => (0, now),
        };
        let last = process.last;
        process.own_refresh = match published {
            Published::Yes(Written { refresh: true, .. }) | Published::Unknown => None,
            _ => Some(last),
        };
        process.held = Some(Held {
            id: last,
            seq,
            ends: asked + LIFETIME,
        });
        process.known = process.known.max(seq);
        process.has(at_home, seq, asked);
        process.after_invalidation = false;
        self.over(at, Duration::ZERO);
    }

    fn over(&mut self, at: usize, quiet: Duration) {
        let now = self.now;
        let process = self.process(at);
        process.quiet_until = now.saturating_add(u8::try_from(quiet.as_secs()).unwrap_or(u8::MAX));
        process.round = None;
        process.doing = Doing::Nothing;
        process.calls = false;
        process.failed = false;
        process.last = 0;
        process.presents = None;
        process.renewing = None;
        process.looks = false;
        process.renewal_at = None;
        process.asked = 0;
        process.seen = 0;
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut world = self.clone();
        change(&mut world);
        world
    }

    fn process(&mut self, at: usize) -> &mut Process {
        Arc::make_mut(&mut self.processes[at])
    }

    fn lane(&self, at: usize, bug: Option<Bug>) -> usize {
        match bug {
            Some(Bug::HasOneNameForAll) => 0,
            _ => usize::from(self.processes[at].lane),
        }
    }

    fn register(&self, at: usize, bug: Option<Bug>) -> &Arc<Register> {
        &self.registers[self.lane(at, bug)]
    }

    fn reading(&self, bug: Option<Bug>) -> Reading {
        let incarnation = match bug {
            Some(Bug::TrustsEveryIncarnation) => 0,
            _ => self.incarnation,
        };
        Reading::new(
            Some(self.store_now()),
            Some(Incarnation::new(
                ["a", "b", "c", "d"][usize::from(incarnation)],
            )),
        )
    }

    fn store_now(&self) -> Duration {
        EPOCH + secs(self.now) + secs(self.ahead.max(0) as u8)
            - secs(self.ahead.min(0).unsigned_abs())
    }

    fn moment(&self) -> Moment {
        let now = EPOCH + secs(self.now);
        Moment {
            monotonic: now,
            wall: now,
        }
    }
}

impl Process {
    fn new(lane: u8, holder: u64) -> Self {
        Self {
            lane,
            holder,
            round: None,
            doing: Doing::Nothing,
            seen: 0,
            asked: 0,
            calls: false,
            failed: false,
            last: 0,
            presents: None,
            renewing: None,
            looks: false,
            renewal_at: None,
            held: None,
            refused: 0,
            refused_ids: 0,
            known: 0,
            newest: None,
            newest_in_truth: 0,
            after_invalidation: false,
            own_refresh: None,
            quiet_until: 0,
        }
    }

    fn has(&mut self, at_home: Duration, seq: u64, in_truth: u8) {
        let asked = u8::try_from(at_home.saturating_sub(EPOCH).as_secs()).unwrap_or(u8::MAX);
        self.newest = self.newest.max(Some((asked, seq)));
        self.newest_in_truth = self.newest_in_truth.max(in_truth);
    }
}

fn due(now: u8, renew_in: Option<Duration>) -> Option<u8> {
    renew_in.map(|span| now + u8::try_from(span.as_millis().div_ceil(1000)).unwrap_or(u8::MAX))
}

fn secs(seconds: u8) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

const TICK: u8 = 2;
/// Fresh for half of it.
const LIFETIME: u8 = 12;
const PAUSE: u8 = 6;
/// When the world begins, on every clock.
const EPOCH: Duration = Duration::from_secs(1000);
