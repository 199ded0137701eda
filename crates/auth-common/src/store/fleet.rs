//! How the flights of a fleet's processes share one token, as a pure state machine: it does no I/O, reads no clock and
//! draws no random number.
//!
//! There is no lock. One flight takes the lease in the record, asks the vendor, and writes down what came; the others
//! take that over. The lease saves logins, and nothing else rests on it: whoever holds one that has run out finds at the
//! next swap that the record is not what it was.

use std::time::Duration;

use super::{
    Incarnation, Reading,
    record::{Holder, Lease, Pause, Record, SharedRefresh, SharedToken},
};
use crate::{
    failure::FailureKind,
    lifetime::{Margins, Moment, Phase, Validity, per_mille},
};

/// What a flight wants, and what its process knows already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Purpose {
    pub(crate) holder: Holder,
    /// Nobody waits for it: its process has a token that is good.
    pub(crate) background: bool,
    /// A new token, whatever there is.
    pub(crate) renewal: bool,
    /// The number of the last token that an API refused this process; 0 for none. Those before it are refused as well.
    pub(crate) refused: u64,
    /// The number of the newest token that this process has had; 0 for none.
    pub(crate) known: u64,
    /// The newest token that this process has had, which need not have a number. One that was asked for before is older,
    /// whatever its number is.
    pub(crate) newest: Option<Newest>,
    /// The token is to take the place of one that an API refused.
    pub(crate) after_invalidation: bool,
    pub(crate) margins: Margins,
    /// How long to wait for whoever holds the lease.
    pub(crate) patience: Duration,
}

/// A token that a process has had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Newest {
    /// When it was asked for, or when it came if the fleet has not got it: nobody else can have asked in between. On the
    /// monotonic clock of this process.
    pub(crate) asked: Duration,
    /// 0 where the fleet has not got it.
    pub(crate) seq: u64,
}

impl Newest {
    /// Whether the token of this number, which was asked for then, is another and older. The way to the store is longer at
    /// one time than at another, so that one and the same seems to have been asked for at different times.
    pub(crate) fn is_newer_than(self, seq: u64, asked: Duration) -> bool {
        let older = asked < self.asked || self.seq == 0 && asked == self.asked;
        seq != self.seq && older
    }
}

/// One flight's dealings with the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Round<S, A> {
    purpose: Purpose,
    started: Duration,
    /// The store's clock when it was last read, and the monotonic one then.
    clock: Option<StoreClock>,
    incarnation: Option<Incarnation>,
    /// The store's time at the first look: what a renewal takes over was asked for later.
    first_look: Option<Duration>,
    conflicts: u32,
    naps: u32,
    /// What was lost by waiting for a store that did not answer.
    lost: Duration,
    state: State<S, A>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct StoreClock {
    now: Duration,
    at: Duration,
    /// Of the processes, in the place of a store's own.
    borrowed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum State<S, A> {
    /// The record is being read, to see what there is to do.
    Looking,
    Napping,
    /// The swap that takes the lease is under way, or its answer was lost, and the record is being read.
    Taking {
        record: Record<S, A>,
        refresh: Option<SharedRefresh<S>>,
        wait: Duration,
        in_doubt: bool,
    },
    /// The vendor is being asked.
    Asking(Asking<S, A>),
    /// What the vendor said is being written down.
    Telling {
        outcome: Told<S, A>,
        conflicts: u32,
        /// A swap had no answer.
        in_doubt: bool,
        /// What is being written; `None` while the record is being read.
        written: Option<Written>,
    },
    Over,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Asking<S, A> {
    /// The record as this flight wrote it last; `None` where it is no longer known, or never was.
    mine: Option<Record<S, A>>,
    renewal: Renewal,
    /// The store is to be left alone.
    store_failed: bool,
    issued: Issued,
}

/// What is being done about the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Renewal {
    /// Nothing, until it is time.
    Due,
    /// It is being renewed.
    Swaps,
    /// The record is being read, to see whose it is.
    Looks,
    /// Nothing any more: it is somebody else's, or the store is of no help.
    Over,
}

/// When the vendor was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Issued {
    /// By the store's clock, in the answer that gave the lease.
    Store(Duration),
    /// By the monotonic clock of this process, which asked without a lease.
    Own(Duration),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Told<S, A> {
    issued: Issued,
    answer: Answer<S, A>,
}

/// What the vendor said, at the end of a flight.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Answer<S, A> {
    Token {
        secret: S,
        lifetime: Duration,
        refresh: Option<FreshRefresh<S>>,
    },
    Failure {
        /// `None` for a failure that is this process's own, as when it has no network: it is told to nobody.
        shared: Option<Failed<A>>,
        /// A refresh token that was not used up.
        unused: Option<SharedRefresh<S>>,
    },
}

/// A refresh token as it came from the vendor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FreshRefresh<S> {
    pub(crate) secret: S,
    /// How long it lives, where that is known.
    pub(crate) lifetime: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Failed<A> {
    pub(crate) answer: A,
    pub(crate) kind: FailureKind,
    /// How long the vendor is left alone.
    pub(crate) pause: Duration,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Event<S, A> {
    Loaded {
        /// An empty one where there is none, or none that can be read.
        record: Record<S, A>,
        reading: Reading,
    },
    Stored {
        reading: Reading,
    },
    Conflict,
    /// No answer, or one that is none.
    StoreFailed,
    NapOver,
    /// It is time to renew the lease.
    RenewalDue,
    Answered(Answer<S, A>),
}

/// What the shell is to do next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Step<S, A> {
    Load,
    /// Compare with what the last load or swap returned.
    Swap {
        record: Record<S, A>,
        keep: Duration,
    },
    Nap(Duration),
    Ask(Ask<S>),
    /// The vendor's answer is still to come.
    GoOn {
        /// When [`Event::RenewalDue`] comes; `None` for never.
        renew_in: Option<Duration>,
    },
    /// Serve this token. The flight is over.
    Adopt(Adopted<S>),
    /// Serve what there is, and look again after this. The flight is over.
    Defer(Duration),
    /// The vendor is left alone for so long, after this answer. The flight is over.
    FailShared {
        pause: Pause<A>,
        for_another: Duration,
    },
    /// What the vendor said is this flight's outcome, which is over.
    Land(Published),
}

/// How to ask the vendor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Ask<S> {
    /// How long to wait before.
    pub(crate) wait: Duration,
    /// For everybody; otherwise for this process alone.
    pub(crate) leased: bool,
    /// The fleet's refresh token, which nobody else presents. Without one, the process may have another.
    pub(crate) refresh: Option<SharedRefresh<S>>,
    /// What kind of failure there was last, and how often in a row.
    pub(crate) strikes: Option<(FailureKind, u32)>,
    /// When [`Event::RenewalDue`] comes.
    pub(crate) renew_in: Option<Duration>,
}

/// A token that another process brought.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Adopted<S> {
    pub(crate) token: SharedToken<S>,
    /// What is left of its life, counted from before the record was asked for.
    pub(crate) left: Duration,
    pub(crate) from: Moment,
    /// When it was asked for, on the monotonic clock of this process.
    pub(crate) asked: Duration,
    /// For how long an invalidation of it changes nothing, as it took the place of one that was invalidated.
    pub(crate) guard: Duration,
}

/// Whether the fleet has what this flight brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Published {
    Yes(Written),
    No,
    /// The last swap had no answer. A refresh token is not to be presented: it may be in the record.
    Unknown,
}

/// What a flight wrote down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Written {
    /// The number of the token.
    pub(crate) seq: u64,
    /// When it was asked for, on the monotonic clock of this process.
    pub(crate) asked: Duration,
    /// The refresh token is in the record, and not to be kept beside. Otherwise it is this process's own.
    pub(crate) refresh: bool,
}

impl<S: Clone, A: Clone> Round<S, A> {
    /// Begins with a [`Step::Load`].
    pub(crate) fn new(purpose: Purpose, now: Moment) -> Self {
        Self {
            purpose,
            started: now.monotonic,
            clock: None,
            incarnation: None,
            first_look: None,
            conflicts: 0,
            naps: 0,
            lost: Duration::ZERO,
            state: State::Looking,
        }
    }

    /// How long the next call of the store may take. What a store that is out of order costs a caller is bounded in all.
    pub(crate) fn limit(&self) -> Duration {
        LONGEST_LOSS.saturating_sub(self.lost)
    }

    /// What follows from `event`, which came at `now`. A call of the store was made at `asked`; for other events, that is
    /// the same. `draw` is a random number from 0 to 1000.
    pub(crate) fn after(
        &mut self,
        event: Event<S, A>,
        asked: Moment,
        now: Moment,
        draw: u32,
    ) -> Step<S, A> {
        match &event {
            Event::Loaded { reading, .. } | Event::Stored { reading } => {
                self.read_clock(reading, asked, now);
            }
            Event::StoreFailed => {
                let waited = now.monotonic.saturating_sub(asked.monotonic);
                self.lost = self.lost.saturating_add(waited);
            }
            _ => {}
        }
        match std::mem::replace(&mut self.state, State::Over) {
            State::Looking => match event {
                Event::Loaded { record, .. } => self.look(record, asked, now, draw, true),
                _ => self.alone(Duration::ZERO, true, now),
            },
            State::Napping => self.load_again(),
            State::Taking {
                record,
                refresh,
                wait,
                in_doubt,
            } => match event {
                Event::Stored { reading } => self.taken(record, refresh, wait, &reading),
                Event::Conflict => {
                    self.conflicts += 1;
                    if self.conflicts > CONFLICTS {
                        self.alone(Duration::ZERO, false, now)
                    } else {
                        self.load_again()
                    }
                }
                Event::Loaded {
                    record: found,
                    reading,
                } if self.is_mine(&found) => self.taken(found, refresh, wait, &reading),
                Event::Loaded { record, .. } => {
                    // The swap may be done late. Another would get no better answer.
                    self.look(record, asked, now, draw, false)
                }
                _ if in_doubt || self.limit().is_zero() => self.alone(Duration::ZERO, true, now),
                _ => {
                    self.state = State::Taking {
                        record,
                        refresh,
                        wait,
                        in_doubt: true,
                    };
                    Step::Load
                }
            },
            State::Asking(asking) => self.while_asking(asking, event, now),
            State::Telling {
                outcome,
                conflicts,
                in_doubt,
                written,
            } => self.while_telling(outcome, conflicts, in_doubt, written, event, asked, now),
            State::Over => Step::Land(Published::No),
        }
    }

    /// What there is to do about the `record`.
    fn look(
        &mut self,
        record: Record<S, A>,
        asked: Moment,
        now: Moment,
        draw: u32,
        may_take: bool,
    ) -> Step<S, A> {
        let store_now = self.store_now(asked);
        let first_look = *self.first_look.get_or_insert(store_now);
        let Purpose {
            background,
            renewal,
            known,
            ..
        } = self.purpose;
        let newer = |token: &SharedToken<S>| {
            let of_this_call = !renewal || token.issued >= first_look;
            of_this_call && (!(background || renewal) || token.seq > known)
        };
        let usable = self
            .usable(&record, asked, draw)
            .filter(|(adopted, _)| newer(&adopted.token));
        if let Some((adopted, phase)) = &usable
            && (*phase == Phase::Fresh || *phase == Phase::Advisory && !background && !renewal)
        {
            return Step::Adopt(adopted.clone());
        }
        if let Some(pause) = &record.pause {
            let for_another = pause.until.saturating_sub(store_now).min(LONGEST_PAUSE);
            let tries_all_the_same = renewal && pause.kind.row().renew_may_try;
            if !for_another.is_zero() && !tries_all_the_same {
                return match usable {
                    Some((adopted, _)) if !background => Step::Adopt(adopted),
                    _ => Step::FailShared {
                        pause: pause.clone(),
                        for_another,
                    },
                };
            }
        }
        if let Some(lease) = record.lease
            && lease.holder != self.purpose.holder
            && is_running(lease, store_now)
        {
            if background {
                return Step::Defer(
                    FIRST_DEFER + per_mille(LAST_DEFER - FIRST_DEFER, draw.min(1000)),
                );
            }
            let waited = now.monotonic.saturating_sub(self.started);
            if waited >= self.purpose.patience {
                return self.alone(per_mille(SPREAD, draw.min(1000)), false, now);
            }
            self.state = State::Napping;
            return Step::Nap(self.nap(draw));
        }
        if !may_take {
            return self.alone(Duration::ZERO, true, now);
        }
        self.take(record, store_now)
    }

    fn take(&mut self, mut record: Record<S, A>, store_now: Duration) -> Step<S, A> {
        // Whatever becomes of this flight, nobody presents it after.
        let not_ended = |it: &SharedRefresh<S>| it.ends.is_none_or(|ends| store_now < ends);
        let refresh = record.refresh.take().filter(not_ended);
        let refused = self.purpose.refused;
        record.token = record.token.filter(|token| token.seq > refused);
        let wait = record.last_login.map_or(Duration::ZERO, |last| {
            last.saturating_add(GAP).saturating_sub(store_now).min(GAP)
        });
        record.last_login = Some(store_now.saturating_add(wait));
        record.lease = Some(Lease {
            holder: self.purpose.holder,
            until: store_now.saturating_add(wait).saturating_add(LEASE),
        });
        let keep = keep(&record, store_now);
        self.state = State::Taking {
            record: record.clone(),
            refresh,
            wait,
            in_doubt: false,
        };
        Step::Swap { record, keep }
    }

    /// The lease is this flight's.
    fn taken(
        &mut self,
        record: Record<S, A>,
        refresh: Option<SharedRefresh<S>>,
        wait: Duration,
        reading: &Reading,
    ) -> Step<S, A> {
        // It was taken out of the store that answered. Any other may offer it once more.
        let refresh =
            refresh.filter(|refresh| reading.incarnation.as_ref() == Some(&refresh.epoch));
        let strikes = record.pause.as_ref().map(|it| (it.kind, it.strikes));
        self.state = State::Asking(Asking {
            mine: Some(record),
            renewal: Renewal::Due,
            store_failed: false,
            issued: Issued::Store(self.clock.map_or(Duration::ZERO, |clock| clock.now)),
        });
        Step::Ask(Ask {
            wait,
            leased: true,
            refresh,
            strikes,
            renew_in: Some(RENEWAL),
        })
    }

    /// As without a store.
    fn alone(&mut self, wait: Duration, store_failed: bool, now: Moment) -> Step<S, A> {
        self.state = State::Asking(Asking {
            mine: None,
            renewal: Renewal::Over,
            store_failed,
            issued: Issued::Own(now.monotonic),
        });
        Step::Ask(Ask {
            wait,
            leased: false,
            refresh: None,
            strikes: None,
            renew_in: None,
        })
    }

    fn while_asking(
        &mut self,
        mut asking: Asking<S, A>,
        event: Event<S, A>,
        now: Moment,
    ) -> Step<S, A> {
        let renew_in = match event {
            Event::Answered(answer) => return self.tell(asking, answer, now),
            Event::RenewalDue => return self.renew(asking, now),
            Event::Stored { .. } => {
                asking.renewal = Renewal::Due;
                Some(RENEWAL)
            }
            // Whose the lease is now, and what a swap would be compared with, a look tells: after a lost answer, always.
            Event::Conflict | Event::StoreFailed
                if asking.renewal == Renewal::Swaps && !self.limit().is_zero() =>
            {
                asking.mine = None;
                asking.renewal = Renewal::Looks;
                self.state = State::Asking(asking);
                return Step::Load;
            }
            Event::Loaded { record, .. } if self.is_mine(&record) => {
                let left = record.lease.map(|it| it.until);
                let left = left.unwrap_or_default().saturating_sub(self.store_now(now));
                asking.mine = Some(record);
                asking.renewal = Renewal::Due;
                // The answer alone was lost, or the swap was.
                let done = left > LEASE.saturating_sub(RENEWAL);
                Some(if done { RENEWAL } else { RENEWAL / 3 })
            }
            Event::StoreFailed if asking.renewal == Renewal::Looks && !self.limit().is_zero() => {
                asking.renewal = Renewal::Due;
                Some(RENEWAL / 3)
            }
            // The lease is somebody else's, or the store has cost enough.
            _ => {
                asking.renewal = Renewal::Over;
                asking.mine = None;
                None
            }
        };
        self.state = State::Asking(asking);
        Step::GoOn { renew_in }
    }

    /// The lease ends in a while, unless it is renewed.
    fn renew(&mut self, mut asking: Asking<S, A>, now: Moment) -> Step<S, A> {
        let store_now = self.store_now(now);
        let holder = self.purpose.holder;
        let step = match &mut asking.mine {
            _ if asking.renewal != Renewal::Due => Step::GoOn { renew_in: None },
            Some(record) => {
                record.lease = Some(Lease {
                    holder,
                    until: store_now.saturating_add(LEASE),
                });
                asking.renewal = Renewal::Swaps;
                Step::Swap {
                    record: record.clone(),
                    keep: keep(record, store_now),
                }
            }
            None => {
                asking.renewal = Renewal::Looks;
                Step::Load
            }
        };
        self.state = State::Asking(asking);
        step
    }

    fn tell(&mut self, asking: Asking<S, A>, answer: Answer<S, A>, now: Moment) -> Step<S, A> {
        let nothing_to_tell = matches!(
            answer,
            Answer::Failure {
                shared: None,
                unused: None
            }
        );
        if asking.store_failed || nothing_to_tell && asking.mine.is_none() {
            return Step::Land(Published::No);
        }
        let outcome = Told {
            issued: asking.issued,
            answer,
        };
        let store_now = self.store_now(now);
        let issued = self.issued(outcome.issued, store_now, now);
        // As a look for the lease may have found.
        let overtaken = |record: &Record<S, A>| {
            let token = record.token.as_ref();
            token.is_some_and(|token| token.issued > issued)
        };
        match asking.mine {
            Some(record) if asking.renewal != Renewal::Swaps && !overtaken(&record) => {
                self.write(outcome, record, 0, store_now, now)
            }
            // A swap without an answer is followed by a load, always: what it would be compared with is not known.
            _ => {
                self.state = State::Telling {
                    outcome,
                    conflicts: 0,
                    in_doubt: false,
                    written: None,
                };
                Step::Load
            }
        }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "the parts of one state, and those of one event"
    )]
    fn while_telling(
        &mut self,
        outcome: Told<S, A>,
        conflicts: u32,
        in_doubt: bool,
        written: Option<Written>,
        event: Event<S, A>,
        asked: Moment,
        now: Moment,
    ) -> Step<S, A> {
        match event {
            Event::Stored { .. } => Step::Land(written.map_or(Published::No, Published::Yes)),
            Event::Conflict if conflicts < TELLINGS => {
                self.state = State::Telling {
                    outcome,
                    conflicts: conflicts + 1,
                    in_doubt,
                    written: None,
                };
                Step::Load
            }
            Event::Loaded { record, .. } => {
                self.merge(outcome, record, conflicts, in_doubt, asked, now)
            }
            Event::StoreFailed if written.is_some() && !in_doubt && !self.limit().is_zero() => {
                self.state = State::Telling {
                    outcome,
                    conflicts,
                    in_doubt: true,
                    written: None,
                };
                Step::Load
            }
            Event::StoreFailed if in_doubt || written.is_some() => Step::Land(Published::Unknown),
            _ => Step::Land(Published::No),
        }
    }

    /// Others have written to the record since.
    fn merge(
        &mut self,
        outcome: Told<S, A>,
        record: Record<S, A>,
        conflicts: u32,
        in_doubt: bool,
        asked: Moment,
        now: Moment,
    ) -> Step<S, A> {
        let store_now = self.store_now(asked);
        let by_me = |token: &&SharedToken<S>| token.by == self.purpose.holder;
        if let Some(token) = record.token.as_ref().filter(by_me) {
            return Step::Land(Published::Yes(Written {
                seq: token.seq,
                asked: self.at_home(token.issued),
                refresh: record.refresh.is_some(),
            }));
        }
        let issued = self.issued(outcome.issued, store_now, now);
        // The middle of the draws: the token is new, and its window far away.
        let usable = self.usable(&record, asked, 500);
        if let Some((adopted, _)) = usable
            && adopted.token.issued > issued
        {
            return Step::Adopt(adopted);
        }
        if in_doubt && !self.is_mine(&record) && matches!(outcome.answer, Answer::Failure { .. }) {
            return Step::Land(Published::Yes(Written {
                seq: record.seq,
                asked: self.at_home(issued),
                refresh: record.refresh.is_some(),
            }));
        }
        self.write(outcome, record, conflicts, store_now, now)
    }

    fn write(
        &mut self,
        outcome: Told<S, A>,
        mut record: Record<S, A>,
        conflicts: u32,
        store_now: Duration,
        now: Moment,
    ) -> Step<S, A> {
        if self.is_mine(&record) {
            record.lease = None;
        }
        let issued = self.issued(outcome.issued, store_now, now);
        match outcome.answer.clone() {
            Answer::Token {
                secret,
                lifetime,
                refresh,
            } => {
                let seq = record.seq.max(self.purpose.known).saturating_add(1);
                let seq = seq.max(millis(store_now));
                record.seq = seq;
                record.token = Some(SharedToken {
                    secret,
                    seq,
                    issued,
                    lifetime,
                    by_invalidation: self.purpose.after_invalidation,
                    by: self.purpose.holder,
                });
                record.pause = None;
                // Where the incarnation cannot be told, nobody could know whether it had been taken out.
                record.refresh =
                    refresh
                        .zip(self.incarnation.clone())
                        .map(|(fresh, epoch)| SharedRefresh {
                            secret: fresh.secret,
                            ends: fresh.lifetime.map(|life| store_now.saturating_add(life)),
                            epoch,
                        });
            }
            Answer::Failure { shared, unused } => {
                if record.refresh.is_none() {
                    record.refresh = unused;
                }
                if let Some(failed) = shared {
                    let running = record.pause.as_ref().map_or(Duration::ZERO, |it| it.until);
                    let same = record
                        .pause
                        .as_ref()
                        .filter(|pause| pause.kind.row().error == failed.kind.row().error);
                    record.pause = Some(Pause {
                        answer: failed.answer,
                        kind: failed.kind,
                        strikes: same.map_or(0, |pause| pause.strikes).saturating_add(1),
                        until: store_now.saturating_add(failed.pause).max(running),
                    });
                }
            }
        }
        let keep = keep(&record, store_now);
        self.state = State::Telling {
            outcome,
            conflicts,
            in_doubt: false,
            written: Some(Written {
                seq: record.seq,
                asked: self.at_home(issued),
                refresh: record.refresh.is_some(),
            }),
        };
        Step::Swap { record, keep }
    }

    /// The token in the record, if it may still be used, and where in its life it stands.
    fn usable(
        &self,
        record: &Record<S, A>,
        asked: Moment,
        draw: u32,
    ) -> Option<(Adopted<S>, Phase)> {
        let token = record.token.as_ref()?;
        if token.seq <= self.purpose.refused || self.is_older(token) {
            return None;
        }
        let clock = self.clock?;
        let mut left = token
            .issued
            .saturating_add(token.lifetime)
            .saturating_sub(clock.now)
            .min(token.lifetime);
        if clock.borrowed {
            if token.issued > clock.now {
                return None;
            }
            left = left.saturating_sub(BORROWED_CLOCKS);
        }
        let age = token.lifetime.saturating_sub(left);
        let validity = Validity::aged(asked, token.lifetime, age, self.purpose.margins, draw);
        let phase = validity.phase(asked);
        if phase == Phase::Expired {
            return None;
        }
        let since = clock.now.saturating_sub(token.issued);
        let guard = if token.by_invalidation {
            GUARD
        } else {
            Duration::ZERO
        };
        let adopted = Adopted {
            token: token.clone(),
            left,
            from: asked,
            asked: self.at_home(token.issued),
            guard: guard.saturating_sub(since),
        };
        Some((adopted, phase))
    }

    fn load_again(&mut self) -> Step<S, A> {
        self.state = State::Looking;
        Step::Load
    }

    fn is_mine(&self, record: &Record<S, A>) -> bool {
        record
            .lease
            .is_some_and(|lease| lease.holder == self.purpose.holder)
    }

    /// This process's own clock is read once the answer is there: others may have written while it was on its way, and what
    /// they wrote is not of the future.
    fn read_clock(&mut self, reading: &Reading, asked: Moment, now: Moment) {
        self.incarnation.clone_from(&reading.incarnation);
        let (by_the_store, at) = match reading.now {
            Some(by_the_store) => (by_the_store, asked.monotonic),
            None => (now.wall, now.monotonic),
        };
        self.clock = Some(StoreClock {
            now: by_the_store,
            at,
            borrowed: reading.now.is_none(),
        });
    }

    /// The store's time at `at`, by what it was when it was read last.
    fn store_now(&self, at: Moment) -> Duration {
        self.clock.map_or(Duration::ZERO, |clock| {
            clock
                .now
                .saturating_add(at.monotonic.saturating_sub(clock.at))
        })
    }

    /// Whether this process has had a newer one. The store may have lost what it had since, or not have been told of it.
    fn is_older(&self, token: &SharedToken<S>) -> bool {
        let asked = self.at_home(token.issued);
        let by_time = |newest: Newest| newest.is_newer_than(token.seq, asked);
        token.seq < self.purpose.known || self.purpose.newest.is_some_and(by_time)
    }

    /// The store's time as this process's monotonic one.
    fn at_home(&self, by_the_store: Duration) -> Duration {
        self.clock.map_or(Duration::ZERO, |clock| {
            clock
                .at
                .saturating_add(by_the_store)
                .saturating_sub(clock.now)
        })
    }

    /// When the vendor was asked, by the store's clock.
    fn issued(&self, issued: Issued, store_now: Duration, now: Moment) -> Duration {
        match issued {
            Issued::Store(issued) => issued,
            Issued::Own(asked) => store_now.saturating_sub(now.monotonic.saturating_sub(asked)),
        }
    }

    fn nap(&mut self, draw: u32) -> Duration {
        let mut nap = FIRST_NAP;
        for _ in 0..self.naps {
            nap = (nap * 3 / 2).min(LONGEST_NAP);
        }
        self.naps = (self.naps + 1).min(10);
        per_mille(nap, crate::lifetime::jitter(draw))
    }
}

/// Whether the store is to be asked. One that is out of order is left alone for a while, so that it costs a caller
/// something once, and not at each call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Health {
    failures: u32,
    left_alone_until: Duration,
}

impl Health {
    /// For how long it is left alone yet; `None` when it is to be asked. All times are monotonic.
    pub(crate) fn left_alone_for(&self, now: Duration) -> Option<Duration> {
        let left = self.left_alone_until.saturating_sub(now);
        (!left.is_zero()).then_some(left)
    }

    /// A flight had its answers.
    pub(crate) fn worked(&mut self) {
        *self = Self::default();
    }

    /// A flight had an answer too few. It is left alone for what is returned.
    pub(crate) fn failed(&mut self, now: Duration) -> Duration {
        let pause = FIRST_LEFT_ALONE
            .saturating_mul(2_u32.saturating_pow(self.failures))
            .min(LAST_LEFT_ALONE);
        self.failures = self.failures.saturating_add(1);
        self.left_alone_until = now.saturating_add(pause);
        pause
    }
}

/// Whether the vendor is being asked by somebody. One that runs longer than any was taken for is of a time before the
/// store's clock was set back.
fn is_running(lease: Lease, store_now: Duration) -> bool {
    let left = lease.until.saturating_sub(store_now);
    !left.is_zero() && left <= LEASE + GAP
}

/// How long the record is of use to anybody: all that is in it, and the number of strikes for a day.
fn keep<S, A>(record: &Record<S, A>, store_now: Duration) -> Duration {
    let ends = [
        record
            .token
            .as_ref()
            .map(|it| it.issued.saturating_add(it.lifetime)),
        record.refresh.as_ref().map(|it| {
            it.ends
                .unwrap_or_else(|| store_now.saturating_add(REFRESH_TOKEN))
        }),
        record.pause.as_ref().map(|it| it.until),
        record.lease.map(|it| it.until),
    ];
    let last = ends.into_iter().flatten().max().unwrap_or(store_now);
    last.saturating_sub(store_now).saturating_add(A_DAY)
}

fn millis(it: Duration) -> u64 {
    u64::try_from(it.as_millis()).unwrap_or(u64::MAX)
}

/// Longer than two renewals take that fail, and short enough for callers to wait out one of a process that died.
const LEASE: Duration = Duration::from_secs(5);
const RENEWAL: Duration = Duration::from_millis(1500);
/// Whatever happens, the vendor is not asked more often than this.
const GAP: Duration = Duration::from_secs(1);
/// Two that do not know of each other are not to ask at the same moment.
const SPREAD: Duration = Duration::from_secs(1);
const FIRST_NAP: Duration = Duration::from_millis(50);
const LONGEST_NAP: Duration = Duration::from_millis(500);
/// Who brings the token has done so by then; it is looked for again all the same.
const FIRST_DEFER: Duration = Duration::from_secs(2);
const LAST_DEFER: Duration = Duration::from_secs(5);
/// So many swaps that others were ahead of, and the store is of no help to this flight.
const CONFLICTS: u32 = 8;
const TELLINGS: u32 = 3;
/// A second to connect, and half a second for an answer.
const LONGEST_LOSS: Duration = Duration::from_millis(1500);
/// By how much the clocks of two hosts may differ.
const BORROWED_CLOCKS: Duration = Duration::from_secs(5);
/// As after an invalidation in this process.
const GUARD: Duration = Duration::from_secs(30);
/// No vendor is left alone for longer, whatever the store's clock was when the pause was written.
const LONGEST_PAUSE: Duration = A_DAY;
const FIRST_LEFT_ALONE: Duration = Duration::from_secs(5);
const LAST_LEFT_ALONE: Duration = Duration::from_secs(60);
const A_DAY: Duration = Duration::from_secs(24 * 3600);
/// For one that does not say when it ends.
const REFRESH_TOKEN: Duration = Duration::from_secs(30 * 24 * 3600);

#[cfg(test)]
mod tests;
