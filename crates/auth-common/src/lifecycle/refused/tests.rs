#![allow(clippy::panic)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    failure::FailureKind,
    lifecycle::{Decision, FlightId, Landed, Landing, Lifecycle, Policy},
    lifetime::{Moment, Validity},
};

const OLD: Fingerprint = Fingerprint(1);
const NEW: Fingerprint = Fingerprint(2);

#[test]
fn same_credentials_are_asked_for_each_five_seconds_and_cause_no_login() {
    let mut life = Life::with_source();
    assert_eq!(life.call(OLD, false), Call::LoggedIn);
    for second in 1..60 {
        let expected = if second % 5 == 0 {
            Call::AskedTheSource
        } else {
            Call::Failed
        };
        life.at(second);
        assert_eq!(life.call(OLD, false), expected, "after {second} s");
    }
    life.at(60);
    assert_eq!(life.call(OLD, false), Call::LoggedIn);
}

#[test]
fn other_credentials_end_the_pause_at_once() {
    let mut life = Life::with_source();
    assert_eq!(life.call(OLD, false), Call::LoggedIn);
    life.at(5);
    assert_eq!(life.call(NEW, true), Call::LoggedIn);
    assert_eq!(life.call(NEW, true), Call::Served);
}

#[test]
fn pause_of_other_credentials_starts_from_the_beginning() {
    let mut life = Life::with_source();
    for second in [0, 60, 180] {
        life.at(second);
        assert_eq!(life.call(OLD, false), Call::LoggedIn);
    }
    life.at(185);
    assert_eq!(life.call(NEW, false), Call::LoggedIn);
    assert_eq!(life.pause(), Duration::from_secs(60));
}

#[test]
fn source_that_hands_out_two_in_turns_logs_in_with_each_once_a_minute() {
    let mut life = Life::with_source();
    let mut logins = 0;
    for second in 0..60 {
        life.at(second);
        let credentials = if second / 5 % 2 == 0 { OLD } else { NEW };
        logins += u32::from(life.call(credentials, false) == Call::LoggedIn);
    }
    assert_eq!(logins, 2);
}

#[test]
fn caller_with_a_token_is_served_while_the_source_is_asked() {
    let mut life = Life::with_source();
    assert_eq!(life.call(OLD, true), Call::LoggedIn);
    life.at(3560);
    assert_eq!(life.call(OLD, false), Call::LoggedIn);
    life.at(3561);
    assert_eq!(life.call(OLD, false), Call::Served);
    life.at(3565);
    let Decision::ServeAndLaunch(launch) = life.machine.ask(life.now) else {
        panic!("the source is not asked");
    };
    assert!(life.machine.presents(launch.flight, NEW, life.now));
}

#[test]
fn renewal_asks_the_source_too() {
    let mut life = Life::with_source();
    life.call(OLD, false);
    life.at(4);
    assert!(matches!(
        life.machine.renew(life.now),
        Decision::FailFast { .. }
    ));
    life.at(5);
    assert!(matches!(life.machine.renew(life.now), Decision::Launch(_)));
}

#[test]
fn credentials_in_hand_are_looked_at_again_when_others_are_set() {
    let mut life = Life::new();
    life.machine.set_credentials(OLD, life.now);
    life.call(OLD, false);
    life.at(30);
    assert_eq!(life.call(OLD, false), Call::Failed);
    life.machine.set_credentials(OLD, life.now);
    assert_eq!(
        life.call(OLD, false),
        Call::Failed,
        "the same were set again"
    );
    life.machine.set_credentials(NEW, life.now);
    assert_eq!(life.call(NEW, true), Call::LoggedIn);
}

#[test]
fn a_pause_that_the_vendor_asked_for_holds_for_all_credentials() {
    let mut life = Life::with_source();
    let launch = life.launch();
    life.fail(launch, FailureKind::RateLimited);
    life.machine.set_credentials(NEW, life.now);
    life.at(10);
    assert_eq!(life.call(NEW, true), Call::Failed);
}

#[test]
fn failed_source_is_asked_again_soon_and_hides_no_refusal() {
    let mut life = Life::with_source();
    life.call(OLD, false);
    life.at(5);
    let launch = life.launch();
    life.fail(launch, FailureKind::SourceFailed);
    assert_eq!(
        life.machine.pauses_for(),
        Some(FailureKind::CredentialsRefused)
    );
    life.at(10);
    assert_eq!(life.call(NEW, true), Call::LoggedIn);
}

#[test]
fn of_many_refused_the_newest_eight_are_remembered() {
    let mut refused = Refused::default();
    for credentials in 0..9 {
        refused.remember(Fingerprint(credentials), Duration::from_secs(60));
    }
    let held = |credentials| refused.holds(Fingerprint(credentials), Duration::ZERO);
    assert_eq!((held(0), held(1), held(8)), (false, true, true));
}

proptest! {
    /// Whatever a source hands out and whenever it is called for: wrong credentials go out once a minute at most.
    #[test]
    fn wrong_credentials_go_out_once_a_minute_at_most(
        calls in prop::collection::vec((0..20_000_u64, 0..3_u64, 0..4_u32), 1..200)
    ) {
        let mut life = Life::with_source();
        let mut refused: BTreeMap<u64, Duration> = BTreeMap::new();
        for (wait, credentials, kind_of_call) in calls {
            life.now = life.now.plus(Duration::from_millis(wait));
            if kind_of_call == 0 {
                life.machine.set_credentials(Fingerprint(credentials), life.now);
                life.machine.set_source();
            }
            if life.call(Fingerprint(credentials), false) == Call::LoggedIn {
                let now = life.now.monotonic;
                if let Some(before) = refused.insert(credentials, now) {
                    prop_assert!(now - before >= Duration::from_secs(60), "{:?}", now - before);
                }
            }
        }
    }
}

/// What came of a call.
#[derive(Debug, PartialEq, Eq)]
enum Call {
    Served,
    Failed,
    /// The source handed out what had been refused.
    AskedTheSource,
    LoggedIn,
}

struct Life {
    machine: Lifecycle,
    now: Moment,
}

impl Life {
    fn new() -> Self {
        let policy = Policy::default();
        let now = Moment {
            monotonic: Duration::from_secs(1000),
            wall: Duration::from_secs(1_800_000_000),
        };
        Self {
            machine: Lifecycle::new(policy),
            now,
        }
    }

    fn with_source() -> Self {
        let mut life = Self::new();
        life.machine.set_source();
        life
    }

    /// So many seconds after the start.
    fn at(&mut self, second: u64) {
        let start = Self::new().now;
        self.now = start.plus(Duration::from_secs(second));
    }

    /// A call while the source hands out `credentials`, which the vendor accepts or refuses.
    fn call(&mut self, credentials: Fingerprint, accepted: bool) -> Call {
        let (launch, served) = match self.machine.ask(self.now) {
            Decision::Serve => return Call::Served,
            Decision::FailFast { .. } => return Call::Failed,
            Decision::ServeAndLaunch(launch) => (launch, true),
            Decision::Launch(launch) => (launch, false),
            Decision::Join { .. } => panic!("no flight is left under way"),
        };
        if !self.machine.presents(launch.flight, credentials, self.now) {
            let landed = self.machine.land_unasked(launch.flight, self.now);
            assert!(matches!(landed, Landed::Failed { .. }));
            return if served {
                Call::Served
            } else {
                Call::AskedTheSource
            };
        }
        if accepted {
            let margins = self.machine.policy.margins;
            let hour = Duration::from_secs(3600);
            let validity = Validity::new(self.now, self.now, hour, margins, 500);
            self.machine
                .land(launch.flight, Landing::Token(validity), self.now);
        } else {
            self.fail(launch.flight, FailureKind::CredentialsRefused);
        }
        Call::LoggedIn
    }

    fn launch(&mut self) -> FlightId {
        match self.machine.ask(self.now) {
            Decision::Launch(launch) => launch.flight,
            decision => panic!("{decision:?}"),
        }
    }

    fn fail(&mut self, flight: FlightId, kind: FailureKind) {
        let landing = Landing::Failure {
            kind,
            retry_after: None,
            draw: 500,
        };
        self.machine.land(flight, landing, self.now);
    }

    fn pause(&self) -> Duration {
        self.machine.paused_for(self.now).unwrap_or_default()
    }
}
