//! The life of a token as a pure state machine: who is served, who waits, and when the vendor is asked.
//!
//! It does no I/O, reads no clock and draws no random number: each transition takes the moment and the draws as
//! parameters, and its return value says what the shell is to do.

use std::{mem, ops::Deref, sync::Arc, time::Duration};

use crate::{
    Invalidation,
    clock::Mark,
    failure::{ErrorKind, FailureKind, TABLE},
    invalidation::{Evidence, InvalidationGuard},
    lifetime::{Margins, Moment, Phase, Validity, jitter, per_mille},
};

mod refused;

pub(crate) use refused::Fingerprint;
use refused::Refused;

/// What the machine knows. The token itself is the shell's: here it is a generation and its validity.
#[derive(Debug, Clone)]
pub(crate) struct Lifecycle {
    policy: PolicyOfTenant,
    held: Option<Held>,
    flight: Option<Flight>,
    next_flight: u64,
    /// The flight that brought the newest token, even if that token was invalidated since.
    newest_from: Option<FlightId>,
    next_generation: u64,
    /// When the last flight landed, or the second in a row was dropped.
    landed: Option<Duration>,
    /// The last flight was dropped without an outcome.
    abandoned: bool,
    cool_down: Option<CoolDown>,
    refused: Refused,
    /// How many failures of each kind of error came since the last success.
    failures: [u32; ErrorKind::COUNT],
    advisory: AdvisoryBackoff,
    invalidation: InvalidationGuard,
    tally: Tally,
}

/// The numbers that a user may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) margins: Margins,
    /// How long a flight may take in all.
    pub(crate) flight: Duration,
    /// The first cool-down after each kind of failure, in milliseconds: a program may have a policy for each of many
    /// thousand tenants.
    first_pauses: [u32; FailureKind::COUNT],
}

impl Policy {
    /// The first cool-down after a failure of this kind.
    pub(crate) fn first_pause(&self, after: FailureKind) -> Duration {
        let pause = self.first_pauses.get(after as usize);
        pause.map_or_else(
            || after.row().first_pause,
            |pause| Duration::from_millis((*pause).into()),
        )
    }

    /// To the millisecond, and 49 days at most.
    pub(crate) fn set_first_pause(&mut self, after: FailureKind, pause: Duration) {
        if let Some(of_kind) = self.first_pauses.get_mut(after as usize) {
            *of_kind = in_milliseconds(pause);
        }
    }
}

fn in_milliseconds(pause: Duration) -> u32 {
    u32::try_from(pause.as_millis()).unwrap_or(u32::MAX)
}

impl Policy {
    #[allow(clippy::indexing_slicing, reason = "the compiler does it")]
    const DEFAULT: Self = {
        let mut first_pauses = [0; FailureKind::COUNT];
        let mut kind = 0;
        while kind < FailureKind::COUNT {
            first_pauses[kind] = TABLE[kind].first_pause.as_millis() as u32;
            kind += 1;
        }
        Self {
            margins: Margins::DEFAULT,
            flight: FLIGHT,
            first_pauses,
        }
    };
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The policy of one tenant. Where nobody has changed it there is one for all: a program may have thousands.
#[derive(Debug, Clone, Default)]
pub(crate) struct PolicyOfTenant(Option<Arc<Policy>>);

impl PolicyOfTenant {
    pub(crate) fn change(&mut self) -> &mut Policy {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl Deref for PolicyOfTenant {
    type Target = Policy;

    fn deref(&self) -> &Policy {
        static DEFAULT: Policy = Policy::DEFAULT;
        self.0.as_deref().unwrap_or(&DEFAULT)
    }
}

impl From<Policy> for PolicyOfTenant {
    fn from(policy: Policy) -> Self {
        Self(Some(Arc::new(policy)))
    }
}

/// One request to the vendor, retries and fallback included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FlightId(u64);

#[derive(Debug, Clone, Copy)]
struct Held {
    generation: u64,
    /// Half as long as moments are: there is one for each tenant.
    advisory: Mark,
    mandatory: Mark,
    expiry: Mark,
}

impl Held {
    fn new(generation: u64, validity: Validity) -> Self {
        Self {
            generation,
            advisory: Mark::new(validity.advisory),
            mandatory: Mark::new(validity.mandatory),
            expiry: Mark::new(validity.expiry),
        }
    }

    fn validity(&self) -> Validity {
        Validity {
            advisory: self.advisory.moment(),
            mandatory: self.mandatory.moment(),
            expiry: self.expiry.moment(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Flight {
    id: FlightId,
    /// On the monotonic clock: when it is overdue, unless it is heard of before.
    overdue: Duration,
    /// How often it has been heard of.
    reports: u64,
    /// It was overdue once, and given a second more: the process may have stood still.
    doubted: bool,
    /// Started while a token was good, so nobody had to wait for it.
    background: bool,
    /// Started because a token was invalidated.
    after_invalidation: Option<Evidence>,
    /// The credentials that it presents.
    credentials: Option<Fingerprint>,
}

impl Flight {
    fn silence(&self, now: Moment) -> Silence {
        Silence {
            reports: self.reports,
            longest: self.overdue.saturating_sub(now.monotonic),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct CoolDown {
    /// On the monotonic clock alone: a wall clock that jumps must not let another login through.
    until: Duration,
    /// Before this, `renew` may not try either.
    renew_from: Duration,
    failure: FailureKind,
    /// It was a background flight that failed: no caller has heard of it.
    unheard: bool,
}

/// When a failed refresh ahead of expiry is tried again.
#[derive(Debug, Clone, Copy, Default)]
struct AdvisoryBackoff {
    not_before: Duration,
    failures: u32,
    /// A runtime dropped a background flight. From then on the elected caller awaits its own.
    runtimes_come_and_go: bool,
    /// How many background flights were overdue since the last one that landed. One may be a process that stood still.
    undriven: u32,
}

impl AdvisoryBackoff {
    /// Whether a flight that nobody waits for would not be driven to its end.
    fn needs_a_caller(self) -> bool {
        self.runtimes_come_and_go || self.undriven > 1
    }
}

/// What has happened so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) failures: u64,
    pub(crate) last_success: Option<Moment>,
}

/// What a caller gets, and what the shell must do for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The cached token.
    Serve,
    /// The cached token, at once; and this flight is to be started in the background.
    ServeAndLaunch(Launch),
    /// The outcome of this flight, started for this caller.
    Launch(Launch),
    /// The outcome of the flight under way. After `patience` the caller takes the cached token.
    Join {
        flight: FlightId,
        silence: Silence,
        patience: Option<Duration>,
    },
    /// The error of the last flight, without traffic. It will be like this for so long.
    FailFast { for_another: Duration },
}

/// What is to be done for a token that is kept ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ahead {
    /// This flight is to be started in the background.
    Launch(Launch),
    /// Nothing for so long.
    Wait(Duration),
}

/// A flight to be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) flight: FlightId,
    /// How long to wait before the first request.
    pub(crate) delay: Duration,
    pub(crate) silence: Silence,
    /// How long the caller awaits it before it takes the cached token.
    pub(crate) patience: Option<Duration>,
}

/// How long a flight may be silent. Whoever has waited so long without an outcome [says so](Lifecycle::waited_out).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silence {
    /// How often the flight had been heard of.
    reports: u64,
    pub(crate) longest: Duration,
}

/// How a flight ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Landing {
    Token(Validity),
    Failure {
        kind: FailureKind,
        /// How long the vendor asked to be left alone.
        retry_after: Option<Duration>,
        /// A random number from 0 to 1000.
        draw: u32,
    },
    /// Another process of the fleet had brought a token, so long ago.
    #[cfg(feature = "store")]
    Adopted {
        validity: Validity,
        by_invalidation: bool,
        age: Duration,
    },
    /// The vendor is left alone for so long, as all processes of the fleet know.
    #[cfg(feature = "store")]
    Pause {
        kind: FailureKind,
        pause: Duration,
        renew_may_try: bool,
        /// It was this process that asked.
        own: bool,
    },
}

/// What became of a landing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Landed {
    /// The token is the one to serve now, under this generation.
    Kept { generation: u64 },
    /// The flight failed; it is not asked for again for so long.
    Failed { for_another: Duration },
    /// Something newer is there, or another flight is under way: nothing changes.
    TooLate,
}

impl Lifecycle {
    pub(crate) fn new(policy: impl Into<PolicyOfTenant>) -> Self {
        Self {
            policy: policy.into(),
            held: None,
            flight: None,
            next_flight: 1,
            newest_from: None,
            next_generation: 1,
            landed: None,
            abandoned: false,
            cool_down: None,
            refused: Refused::default(),
            failures: [0; ErrorKind::COUNT],
            advisory: AdvisoryBackoff::default(),
            invalidation: InvalidationGuard::new(),
            tally: Tally::default(),
        }
    }

    /// A caller wants a token.
    pub(crate) fn ask(&mut self, now: Moment) -> Decision {
        self.give_up_overdue_flight(now);
        let cooling = self.cooling(now);
        let others_may_be_there = cooling.is_some_and(|it| self.others_may_be_there(it, now));
        match self.phase(now) {
            Some(Phase::Fresh) => Decision::Serve,
            // Whether they are is asked behind the back of a caller who has a token.
            Some(Phase::Advisory | Phase::Mandatory)
                if others_may_be_there && self.flight.is_none() =>
            {
                Decision::ServeAndLaunch(self.launch(now, true))
            }
            Some(Phase::Advisory) => {
                let quiet = now.monotonic < self.advisory.not_before
                    || cooling.is_some()
                    || self.gap(now) > Duration::ZERO;
                if self.flight.is_some() || quiet {
                    return Decision::Serve;
                }
                let mut launch = self.launch(now, true);
                if self.advisory.needs_a_caller() {
                    launch.patience = Some(PATIENCE);
                    Decision::Launch(launch)
                } else {
                    Decision::ServeAndLaunch(launch)
                }
            }
            Some(Phase::Mandatory) => match (self.flight, cooling) {
                (Some(flight), _) => self.join(flight, now, self.patience(now)),
                (None, Some(_)) => Decision::Serve,
                (None, None) => {
                    let mut launch = self.launch(now, false);
                    launch.patience = self.patience(now);
                    Decision::Launch(launch)
                }
            },
            Some(Phase::Expired) | None => match (self.flight, cooling) {
                (Some(flight), _) => self.join(flight, now, None),
                // What failed in the background may have failed because the process stood still: whoever has no token
                // asks once for itself.
                (None, Some(cool_down)) if cool_down.unheard || others_may_be_there => {
                    Decision::Launch(self.launch(now, false))
                }
                (None, Some(cool_down)) => Decision::FailFast {
                    for_another: cool_down.until.saturating_sub(now.monotonic),
                },
                (None, None) => Decision::Launch(self.launch(now, false)),
            },
        }
    }

    /// A caller wants a new token, whatever is cached.
    pub(crate) fn renew(&mut self, now: Moment) -> Decision {
        self.give_up_overdue_flight(now);
        if let Some(flight) = self.flight {
            return self.join(flight, now, None);
        }
        match self.cooling(now) {
            Some(cool_down)
                if now.monotonic < cool_down.renew_from
                    && !self.others_may_be_there(cool_down, now) =>
            {
                Decision::FailFast {
                    for_another: cool_down.renew_from.saturating_sub(now.monotonic),
                }
            }
            _ => Decision::Launch(self.launch(now, false)),
        }
    }

    /// The flight is about to present these credentials. It may not while the vendor is left alone because it refused them;
    /// others end that pause.
    pub(crate) fn presents(&mut self, id: FlightId, credentials: Fingerprint, now: Moment) -> bool {
        self.refused.asked_at(now.monotonic);
        let may = self.end_pause_of_others(credentials, now);
        if let Some(flight) = self.flight.as_mut().filter(|flight| flight.id == id) {
            flight.credentials = Some(credentials);
        }
        may
    }

    /// From now on a source hands out the credentials.
    pub(crate) fn set_source(&mut self) {
        self.refused.set_source(true);
    }

    /// From now on these are the credentials.
    pub(crate) fn set_credentials(&mut self, credentials: Fingerprint, now: Moment) {
        self.refused.set_source(false);
        self.end_pause_of_others(credentials, now);
    }

    /// A pause for what is wrong with some credentials does not hold for others. Returns whether these may be presented.
    fn end_pause_of_others(&mut self, credentials: Fingerprint, now: Moment) -> bool {
        let Some(cool_down) = self.cooling(now) else {
            return true;
        };
        let row = cool_down.failure.row();
        if !row.belongs_to_credentials {
            return true;
        }
        if self.refused.holds(credentials, now.monotonic) {
            return false;
        }
        self.cool_down = None;
        if let Some(failures) = self.failures.get_mut(row.error as usize) {
            *failures = 0;
        }
        true
    }

    /// Whether the source is worth asking for other credentials during this pause.
    fn others_may_be_there(&self, cool_down: CoolDown, now: Moment) -> bool {
        cool_down.failure.row().belongs_to_credentials
            && self.refused.source_may_be_asked(now.monotonic)
    }

    /// A token is to be kept ready while nobody asks: a renewal is launched as soon as it is due and no pause forbids it.
    pub(crate) fn look_ahead(&mut self, now: Moment) -> Ahead {
        self.give_up_overdue_flight(now);
        if let Some(flight) = self.flight {
            return Ahead::Wait(flight.silence(now).longest);
        }
        let due = self
            .held
            .map_or(Duration::ZERO, |held| now.until(held.validity().advisory));
        let paused = self.cooling(now).map_or(Duration::ZERO, |cool_down| {
            cool_down.until.saturating_sub(now.monotonic)
        });
        let postponed = self.advisory.not_before.saturating_sub(now.monotonic);
        let wait = due.max(paused).max(postponed).max(self.gap(now));
        if wait.is_zero() {
            Ahead::Launch(self.launch(now, true))
        } else {
            Ahead::Wait(wait)
        }
    }

    /// Whether nothing has taken this flight's place: only then may it ask the vendor, or take the refresh token.
    pub(crate) fn is_under_way(&self, id: FlightId) -> bool {
        self.flight.is_some_and(|flight| flight.id == id)
    }

    /// A flight is about to wait, for so long at most: it will be heard of by then.
    pub(crate) fn report(&mut self, id: FlightId, wait: Duration, now: Moment) {
        if let Some(flight) = self.flight.as_mut().filter(|flight| flight.id == id) {
            flight.reports += 1;
            flight.overdue = overdue(now, wait);
            flight.doubted = false;
        }
    }

    /// A caller has waited out the silence of a flight. How much longer to wait, where the flight has been heard of
    /// since; `None` when it is not to be waited for any more: nobody drives it, and another may take its place.
    pub(crate) fn waited_out(
        &mut self,
        id: FlightId,
        silence: Silence,
        now: Moment,
    ) -> Option<Silence> {
        let flight = self.flight.filter(|flight| flight.id == id)?;
        if flight.reports == silence.reports {
            self.give_up(id, now);
            return None;
        }
        Some(flight.silence(now))
    }

    /// Whether the cached token may be used, for a caller who has nothing better.
    pub(crate) fn serves(&self, now: Moment) -> bool {
        self.phase(now).is_some_and(|phase| phase < Phase::Expired)
    }

    /// A flight ended by itself.
    pub(crate) fn land(&mut self, id: FlightId, landing: Landing, now: Moment) -> Landed {
        let flight = self.flight.filter(|flight| flight.id == id);
        match landing {
            Landing::Token(validity) => {
                let after_invalidation = flight.and_then(|flight| flight.after_invalidation);
                self.hold(
                    id,
                    flight,
                    validity,
                    now,
                    (after_invalidation, now.monotonic),
                )
            }
            Landing::Failure {
                kind,
                retry_after,
                draw,
            } => {
                let Some(flight) = flight else {
                    return Landed::TooLate;
                };
                self.tally.failures += 1;
                let pause = self.cool(kind, retry_after, draw);
                let renew_may_try =
                    kind.row().renew_may_try && retry_after.is_none_or(|asked| asked.is_zero());
                self.pause(flight, kind, pause, renew_may_try, now)
            }
            #[cfg(feature = "store")]
            Landing::Adopted {
                validity,
                by_invalidation,
                age,
            } => {
                let came = now.monotonic.saturating_sub(age);
                let caused_by = by_invalidation.then_some(Evidence::None);
                self.hold(id, flight, validity, now, (caused_by, came))
            }
            #[cfg(feature = "store")]
            Landing::Pause {
                kind,
                pause,
                renew_may_try,
                own,
            } => {
                let Some(flight) = flight else {
                    return Landed::TooLate;
                };
                if own {
                    self.tally.failures += 1;
                    if let Some(failures) = self.failures.get_mut(kind.row().error as usize) {
                        *failures = failures.saturating_add(1);
                    }
                }
                self.pause(flight, kind, pause, renew_may_try, now)
            }
        }
    }

    /// A token is there, which took the place of one that was invalidated, or not, and came then.
    fn hold(
        &mut self,
        id: FlightId,
        flight: Option<Flight>,
        validity: Validity,
        now: Moment,
        (caused_by, came): (Option<Evidence>, Duration),
    ) -> Landed {
        if self.newest_from.is_some_and(|newest| newest > id) {
            return Landed::TooLate;
        }
        if let Some(flight) = flight {
            self.clear_flight(flight, now);
        }
        self.invalidation.landed(caused_by, came);
        let generation = self.next_generation;
        self.next_generation += 1;
        self.held = Some(Held::new(generation, validity));
        self.newest_from = Some(id);
        self.cool_down = None;
        self.refused.clear();
        self.failures = [0; ErrorKind::COUNT];
        self.advisory.not_before = Duration::ZERO;
        self.advisory.failures = 0;
        self.tally.last_success = Some(now);
        Landed::Kept { generation }
    }

    /// `flight` has failed, and the vendor is left alone for so long.
    fn pause(
        &mut self,
        flight: Flight,
        kind: FailureKind,
        pause: Duration,
        renew_may_try: bool,
        now: Moment,
    ) -> Landed {
        self.clear_flight(flight, now);
        let until = now.monotonic.saturating_add(pause);
        if kind.row().belongs_to_credentials
            && let Some(credentials) = flight.credentials
        {
            self.refused.remember(credentials, until);
        }
        // A renewal may fail in a lesser way during a longer pause, which then goes on.
        let cooling = self.cooling(now);
        let renew_from = if renew_may_try { Duration::ZERO } else { until };
        let cool_down = CoolDown {
            until: cooling.map_or(until, |earlier| earlier.until.max(until)),
            failure: cooling
                .filter(|earlier| earlier.until > until)
                .map_or(kind, |longer| longer.failure),
            renew_from: cooling.map_or(renew_from, |it| it.renew_from.max(renew_from)),
            unheard: flight.background
                && renew_may_try
                && cooling.is_none_or(|earlier| earlier.unheard),
        };
        self.cool_down = Some(cool_down);
        let for_another = cool_down.until.saturating_sub(now.monotonic);
        if flight.background {
            self.postpone_advisory(now);
        }
        Landed::Failed { for_another }
    }

    /// Another process of the fleet is asking the vendor, and will have a token after so long: nobody waits for it here.
    #[cfg(feature = "store")]
    pub(crate) fn defer(&mut self, id: FlightId, next_look: Duration, now: Moment) {
        if self.flight.take_if(|flight| flight.id == id).is_some() {
            self.advisory.not_before = now.monotonic.saturating_add(next_look);
        }
    }

    /// What the flight under way was started for: whether nobody waits for it, and whether a token was invalidated.
    #[cfg(feature = "store")]
    pub(crate) fn reason(&self, id: FlightId) -> Option<(bool, bool)> {
        let flight = self.flight.filter(|flight| flight.id == id)?;
        Some((flight.background, flight.after_invalidation.is_some()))
    }

    /// How long the vendor would be left alone after one more failure, of which the fleet has counted so many.
    #[cfg(feature = "store")]
    pub(crate) fn pause_after(
        &self,
        kind: FailureKind,
        retry_after: Option<Duration>,
        draw: u32,
        earlier: Option<(FailureKind, u32)>,
    ) -> Duration {
        let of_the_fleet = earlier
            .filter(|(last, _)| last.row().error == kind.row().error)
            .map_or(0, |(_, times)| times);
        let own = self.failures.get(kind.row().error as usize).copied();
        self.pause_of(
            kind,
            own.unwrap_or_default().max(of_the_fleet),
            retry_after,
            draw,
        )
    }

    /// The source handed out the very credentials that were refused: the vendor was not asked, and the pause goes on.
    pub(crate) fn land_unasked(&mut self, id: FlightId, now: Moment) -> Landed {
        if self.flight.take_if(|flight| flight.id == id).is_none() {
            return Landed::TooLate;
        }
        let for_another = self.cooling(now).map_or(Duration::ZERO, |cool_down| {
            cool_down.until.saturating_sub(now.monotonic)
        });
        Landed::Failed { for_another }
    }

    /// What the pause is for: the failure that callers are told of meanwhile.
    pub(crate) fn pauses_for(&self) -> Option<FailureKind> {
        self.cool_down.map(|cool_down| cool_down.failure)
    }

    /// A flight was dropped without an outcome: it panicked, or its runtime shut down. Another may start at once; but a
    /// program that drops each of them must not log in without end.
    pub(crate) fn abandon(&mut self, id: FlightId, now: Moment) {
        if let Some(flight) = self.lose(id, now)
            && flight.background
        {
            self.advisory.runtimes_come_and_go = true;
        }
    }

    /// The flight under way, if any, is another process's: nothing that it does will be heard of here.
    pub(crate) fn forget_flight(&mut self) {
        self.flight = None;
    }

    /// Tokens up to `generation` were another process's.
    pub(crate) fn begin_after(&mut self, generation: u64) {
        self.next_generation = generation + 1;
    }

    /// An API refused the token of `generation`.
    pub(crate) fn invalidate(
        &mut self,
        generation: u64,
        evidence: Evidence,
        now: Moment,
    ) -> Invalidation {
        if self.held.is_none_or(|held| held.generation != generation) {
            return Invalidation::AlreadyReplaced;
        }
        if !self.invalidation.believes(evidence, now.monotonic) {
            return Invalidation::TooSoon;
        }
        self.held = None;
        Invalidation::Accepted
    }

    pub(crate) fn phase(&self, now: Moment) -> Option<Phase> {
        self.held.map(|held| held.validity().phase(now))
    }

    pub(crate) fn expiry(&self) -> Option<Moment> {
        self.held.map(|held| held.validity().expiry)
    }

    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    pub(crate) fn in_flight(&self) -> bool {
        self.flight.is_some()
    }

    /// How long until the vendor may be asked again; `None` when nothing stands in the way.
    pub(crate) fn paused_for(&self, now: Moment) -> Option<Duration> {
        let cooling = self
            .cooling(now)
            .map(|cool_down| cool_down.until.saturating_sub(now.monotonic));
        match self.phase(now) {
            Some(Phase::Fresh | Phase::Advisory) => cooling.max(
                Some(self.advisory.not_before.saturating_sub(now.monotonic))
                    .filter(|pause| !pause.is_zero()),
            ),
            _ => cooling,
        }
    }

    /// How long until an API's refusal of the cached token is believed again; `None` when nothing stands in the way.
    pub(crate) fn ignores_refusals_for(&self, now: Moment) -> Option<Duration> {
        self.held?;
        self.invalidation.ignores_for(now.monotonic)
    }

    fn launch(&mut self, now: Moment, background: bool) -> Launch {
        let id = FlightId(self.next_flight);
        self.next_flight += 1;
        let delay = self.gap(now);
        self.refused.asked_at(now.monotonic);
        let flight = Flight {
            id,
            overdue: overdue(now, delay),
            reports: 0,
            doubted: false,
            background,
            after_invalidation: self.invalidation.pending(),
            credentials: None,
        };
        self.flight = Some(flight);
        Launch {
            flight: id,
            delay,
            silence: flight.silence(now),
            patience: None,
        }
    }

    fn join(&self, flight: Flight, now: Moment, patience: Option<Duration>) -> Decision {
        Decision::Join {
            flight: flight.id,
            silence: flight.silence(now),
            patience,
        }
    }

    /// A caller with a token in its last minute does not wait for a vendor that never answers until that token is dead.
    fn patience(&self, now: Moment) -> Option<Duration> {
        let held = self.held?;
        Some((now.until(held.validity().expiry) / 2).min(PATIENCE))
    }

    /// A flight that is driven says in time for how long it will wait. One that is silent beyond that is given a second
    /// more, once: where the whole process stood still, it has not had its turn yet.
    fn give_up_overdue_flight(&mut self, now: Moment) {
        let Some(flight) = &mut self.flight else {
            return;
        };
        if now.monotonic < flight.overdue {
            return;
        }
        if flight.doubted {
            let id = flight.id;
            self.give_up(id, now);
        } else {
            flight.doubted = true;
            flight.overdue = overdue(now, Duration::ZERO);
        }
    }

    /// Nobody drives this flight: another is to take its place.
    fn give_up(&mut self, id: FlightId, now: Moment) {
        if let Some(flight) = self.lose(id, now)
            && flight.background
        {
            self.advisory.undriven = self.advisory.undriven.saturating_add(1);
        }
    }

    fn lose(&mut self, id: FlightId, now: Moment) -> Option<Flight> {
        let flight = self.flight.take_if(|flight| flight.id == id)?;
        self.tally.failures += 1;
        if mem::replace(&mut self.abandoned, true) {
            self.landed = Some(now.monotonic);
        }
        if flight.background {
            self.postpone_advisory(now);
        }
        Some(flight)
    }

    fn clear_flight(&mut self, flight: Flight, now: Moment) {
        self.flight = None;
        if flight.background {
            self.advisory.undriven = 0;
        }
        self.landed = Some(now.monotonic);
        self.abandoned = false;
    }

    fn gap(&self, now: Moment) -> Duration {
        self.landed.map_or(Duration::ZERO, |landed| {
            landed.saturating_add(GAP).saturating_sub(now.monotonic)
        })
    }

    fn cooling(&self, now: Moment) -> Option<CoolDown> {
        self.cool_down
            .filter(|cool_down| now.monotonic < cool_down.until)
    }

    /// The pause after one more failure: doubling, with a fifth of jitter either way, never shorter than the vendor
    /// asked for. Only where it limits the rate is its word enough for a shorter one.
    fn cool(&mut self, failure: FailureKind, retry_after: Option<Duration>, draw: u32) -> Duration {
        let failures = self.failures.get(failure.row().error as usize).copied();
        let failures = failures.unwrap_or_default();
        if let Some(failures) = self.failures.get_mut(failure.row().error as usize) {
            *failures = failures.saturating_add(1);
        }
        self.pause_of(failure, failures, retry_after, draw)
    }

    fn pause_of(
        &self,
        failure: FailureKind,
        failures: u32,
        retry_after: Option<Duration>,
        draw: u32,
    ) -> Duration {
        let row = failure.row();
        let first = self.policy.first_pause(failure);
        let doubled = |first: Duration| first.saturating_mul(2_u32.saturating_pow(failures));
        let unasked = match retry_after {
            // A vendor that keeps asking for no wait at all gets one all the same.
            Some(_) if row.repeats_only_as_asked => {
                doubled(SHORTEST_COOL_DOWN).min(LONGEST_COOL_DOWN_UNASKED)
            }
            _ => per_mille(
                doubled(first).min(row.longest_pause.max(first)),
                jitter(draw),
            ),
        };
        let asked = retry_after.unwrap_or_default();
        per_mille(asked, 1000 + draw.min(1000) / 5).max(unasked)
    }

    fn postpone_advisory(&mut self, now: Moment) {
        let left = self
            .held
            .map_or(Duration::ZERO, |held| now.until(held.validity().expiry));
        let pause = FIRST_ADVISORY_PAUSE
            .saturating_mul(2_u32.saturating_pow(self.advisory.failures))
            .min(LONGEST_ADVISORY_PAUSE)
            .min(left / 4);
        self.advisory.failures = self.advisory.failures.saturating_add(1);
        self.advisory.not_before = now.monotonic.saturating_add(pause);
    }
}

/// When a flight is overdue that waits for so long from now on.
fn overdue(now: Moment, wait: Duration) -> Duration {
    now.monotonic.saturating_add(wait).saturating_add(GRACE)
}

/// Three attempts of 10 s do not fit, and need not: most that fail, fail early.
pub(crate) const FLIGHT: Duration = Duration::from_secs(25);
/// A flight's own timer goes first; only one that nobody drives outlives it by this.
const GRACE: Duration = Duration::from_secs(1);
/// Whatever the lifetimes and the clocks do, the vendor is not asked more often than this.
const GAP: Duration = Duration::from_secs(1);
/// How long a caller that was promised not to wait, waits where nobody else would drive its flight.
const PATIENCE: Duration = Duration::from_secs(10);
/// A `Retry-After` of nothing still keeps a loop from spinning.
const SHORTEST_COOL_DOWN: Duration = Duration::from_secs(1);
/// As after any other passing failure.
const LONGEST_COOL_DOWN_UNASKED: Duration = Duration::from_secs(30);
const FIRST_ADVISORY_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_ADVISORY_PAUSE: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests;
