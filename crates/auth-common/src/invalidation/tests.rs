#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn guard_doubles_from_30_s_to_an_hour_while_new_tokens_are_refused() {
    let mut guard = InvalidationGuard::new();
    let mut now = secs(7);
    assert!(guard.believes(now));
    for pause in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
        guard.landed(true, now);
        for refused in [Duration::ZERO, secs(pause) - NANOSECOND] {
            assert!(!guard.believes(now + refused), "{refused:?} of {pause} s");
        }
        now += secs(pause);
        assert!(guard.believes(now), "{pause} s");
    }
}

#[test]
fn token_refused_first_after_two_minutes_has_lived_whatever_the_guard() {
    let mut guard = InvalidationGuard::new();
    guard.believes(Duration::ZERO);
    for _ in 0..9 {
        guard.landed(true, Duration::ZERO);
        guard.believes(Duration::ZERO);
        assert!(guard.believes(secs(3600)));
    }
    guard.landed(true, Duration::ZERO);
    assert!(guard.believes(secs(120)));

    // And the next guard is the first one.
    guard.landed(true, Duration::ZERO);
    assert!(!guard.believes(secs(30) - NANOSECOND));
    assert!(guard.believes(secs(30)));
}

#[test]
fn token_refused_within_two_minutes_has_not_lived() {
    let mut guard = InvalidationGuard::new();
    guard.believes(Duration::ZERO);
    guard.landed(true, Duration::ZERO);
    assert!(guard.believes(secs(120) - NANOSECOND));
    guard.landed(true, Duration::ZERO);
    assert!(!guard.believes(secs(60) - NANOSECOND));
}

#[test]
fn refusal_of_a_token_that_no_invalidation_brought_is_believed() {
    let mut guard = InvalidationGuard::new();
    for _ in 0..3 {
        guard.landed(false, Duration::ZERO);
        assert!(guard.believes(Duration::ZERO));
        assert!(guard.is_pending());
    }
    guard.landed(false, Duration::ZERO);
    assert!(!guard.is_pending());
}

#[test]
fn renewal_does_not_end_a_guard() {
    let mut guard = InvalidationGuard::new();
    guard.believes(Duration::ZERO);
    guard.landed(true, Duration::ZERO);
    guard.landed(false, secs(10));
    assert!(!guard.believes(secs(20)));
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const NANOSECOND: Duration = Duration::from_nanos(1);
