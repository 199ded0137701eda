#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn guard_doubles_from_30_s_to_an_hour_while_new_tokens_are_refused() {
    let mut guard = InvalidationGuard::new();
    let mut now = secs(7);
    assert!(guard.believes(Evidence::None, now));
    for pause in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
        guard.landed(Some(Evidence::None), now);
        for refused in [Duration::ZERO, secs(pause) - NANOSECOND] {
            assert!(
                !guard.believes(Evidence::None, now + refused),
                "{refused:?} of {pause} s"
            );
        }
        now += secs(pause);
        assert!(guard.believes(Evidence::None, now), "{pause} s");
    }
}

#[test]
fn token_refused_first_after_two_minutes_has_lived_whatever_the_guard() {
    let mut guard = InvalidationGuard::new();
    guard.believes(Evidence::None, Duration::ZERO);
    for _ in 0..9 {
        guard.landed(Some(Evidence::None), Duration::ZERO);
        guard.believes(Evidence::None, Duration::ZERO);
        assert!(guard.believes(Evidence::None, secs(3600)));
    }
    guard.landed(Some(Evidence::None), Duration::ZERO);
    assert!(guard.believes(Evidence::None, secs(120)));

    // And the next guard is the first one.
    guard.landed(Some(Evidence::None), Duration::ZERO);
    assert!(!guard.believes(Evidence::None, secs(30) - NANOSECOND));
    assert!(guard.believes(Evidence::None, secs(30)));
}

#[test]
fn token_refused_within_two_minutes_has_not_lived() {
    let mut guard = InvalidationGuard::new();
    guard.believes(Evidence::None, Duration::ZERO);
    guard.landed(Some(Evidence::None), Duration::ZERO);
    assert!(guard.believes(Evidence::None, secs(120) - NANOSECOND));
    guard.landed(Some(Evidence::None), Duration::ZERO);
    assert!(!guard.believes(Evidence::None, secs(60) - NANOSECOND));
}

#[test]
fn refusal_of_a_token_that_no_invalidation_brought_is_believed() {
    let mut guard = InvalidationGuard::new();
    for _ in 0..3 {
        guard.landed(None, Duration::ZERO);
        assert!(guard.believes(Evidence::None, Duration::ZERO));
        assert_eq!(guard.pending(), Some(Evidence::None));
    }
    guard.landed(None, Duration::ZERO);
    assert_eq!(guard.pending(), None);
}

#[test]
fn renewal_does_not_end_a_guard() {
    let mut guard = InvalidationGuard::new();
    guard.believes(Evidence::None, Duration::ZERO);
    guard.landed(Some(Evidence::None), Duration::ZERO);
    guard.landed(None, secs(10));
    assert!(!guard.believes(Evidence::None, secs(20)));
}

#[test]
fn refusal_by_who_accepted_the_token_has_a_guard_of_its_own() {
    let (any, accepted) = (Evidence::None, Evidence::AcceptedBefore);
    let mut guard = InvalidationGuard::new();
    let mut now = secs(0);
    for _ in 0..9 {
        assert!(guard.believes(any, now));
        guard.landed(guard.pending(), now);
        assert!(!guard.believes(any, now));
        now += secs(3600);
    }
    guard.believes(any, now);
    guard.landed(guard.pending(), now);
    assert!(!guard.believes(any, now));

    // The token is revoked at once, and again.
    assert!(!guard.believes(any, now + secs(600)));
    assert!(guard.believes(accepted, now + secs(600)));
    assert_eq!(guard.pending(), Some(accepted));
    guard.landed(guard.pending(), now + secs(600));
    assert!(guard.believes(accepted, now + secs(720)));
    guard.landed(guard.pending(), now + secs(720));
    assert!(!guard.believes(any, now + secs(720)), "the other goes on");

    // Who accepts and refuses by turns is believed less and less as well.
    assert!(!guard.believes(accepted, now + secs(749)));
    assert!(guard.believes(accepted, now + secs(750)));
    guard.landed(guard.pending(), now + secs(750));
    assert!(!guard.believes(accepted, now + secs(809)));
    assert!(guard.believes(accepted, now + secs(810)));
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const NANOSECOND: Duration = Duration::from_nanos(1);
