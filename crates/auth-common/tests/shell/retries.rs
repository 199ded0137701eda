//! What a flight tries again, how soon, and when it is enough.

use std::{sync::Arc, time::Duration};

use auth_common::{Authenticator, Builder, Error, ErrorKind, testing::ManualClock};
use tokio::time::Instant;

use crate::{
    scene::{Outcome, Scene, secs},
    vendor::{
        Credentials, LIFETIME, Plain, Problem, Reply, answer, cut, hang, refusal, token,
        unreachable,
    },
};

#[tokio::test(start_paused = true)]
async fn request_that_was_never_sent_is_repeated_twice() {
    let played = play(unreachable).await;
    assert_eq!(played.requests, 3);
    assert!(matches!(played.error, Error::Unavailable(_)));
}

#[tokio::test(start_paused = true)]
async fn login_without_a_full_answer_is_repeated_once() {
    assert_eq!(play(cut).await.requests, 2);
}

#[tokio::test(start_paused = true)]
async fn login_that_is_never_answered_is_repeated_once_after_ten_seconds() {
    let played = play(hang).await;
    assert_eq!(played.requests, 2);
    assert_eq!(played.took, Duration::from_millis(20_250));
    assert!(matches!(played.error, Error::TimedOut(_)));
}

#[tokio::test(start_paused = true)]
async fn busy_vendor_is_asked_three_times() {
    for status in [408, 502, 503, 504] {
        let played = play(move || answer(status, "")).await;
        assert_eq!(played.requests, 3, "{status}");
        assert_eq!(played.error.status().unwrap(), status);
        assert!(played.error.is_transient());
    }
}

#[tokio::test(start_paused = true)]
async fn server_error_is_repeated_once() {
    for status in [500, 501, 599] {
        let played = play(move || answer(status, "")).await;
        assert_eq!(played.requests, 2, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_are_never_repeated() {
    for status in [400, 401, 402, 403, 404, 422] {
        let played = play(move || refusal(status, "no")).await;
        assert_eq!(played.requests, 1, "{status}");
        assert_eq!(played.error.is_credentials_refused(), status == 401);
        assert_eq!(played.error.response().unwrap().0.as_deref(), Some("no"));
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_no_token_are_never_repeated() {
    for (status, body) in [
        (204, ""),
        (200, ""),
        (200, "<html>"),
        (200, "{}"),
        (200, r#"{"access":null}"#),
        (200, r#"{"access":"a b"}"#),
        (200, r#"{"access":"a","expires_in":0}"#),
        (301, ""),
        (302, ""),
        (308, ""),
    ] {
        let played = play(move || answer(status, body)).await;
        assert_eq!(played.requests, 1, "{status} {body}");
        assert!(matches!(played.error, Error::InvalidResponse(_)));
    }
}

/// It may hold a token that nobody knows yet, whatever the field.
#[tokio::test(start_paused = true)]
async fn malformed_success_shows_no_text() {
    for body in [
        r#"{"access":["a-new-token"],"error":"a-new-token"}"#,
        r#"{"access":"a-new-token ","error":"use a-new-token"}"#,
        r#"{"error":"a-new-token"}"#,
    ] {
        let played = play(move || answer(200, body)).await;
        assert!(matches!(played.error, Error::InvalidResponse(_)), "{body}");
        assert!(played.error.response().is_none(), "{body}");
        let shown = format!("{} {:?}", played.error, played.error);
        assert!(!shown.contains("a-new-token"), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn pause_between_attempts_doubles() {
    // In the middle of the jitter: half of 0.5 s, and half of 1 s.
    assert_eq!(play(unreachable).await.took, Duration::from_millis(750));
}

#[tokio::test(start_paused = true)]
async fn retry_after_of_five_seconds_is_waited_out() {
    for status in [429, 503] {
        let played = play(move || retry_after(status, "5")).await;
        assert_eq!((played.requests, played.took), (3, secs(10)), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn longer_retry_after_fails_at_once_and_says_until_when() {
    for status in [429, 503] {
        let played = play(move || retry_after(status, "6")).await;
        assert_eq!((played.requests, played.took), (1, secs(0)), "{status}");
        let wait = played.error.retry_at().unwrap() - played.clock.wall();
        // A tenth of jitter on top; never less than the vendor asked for.
        assert_eq!(wait.to_std().unwrap(), Duration::from_millis(6600));
    }
}

#[tokio::test(start_paused = true)]
async fn rate_limit_without_a_hint_is_not_repeated() {
    for reply in [
        || answer(429, ""),
        || refusal(400, "too_many_logins"),
        || retry_after(429, "soon"),
        || retry_after(429, "-1"),
    ] {
        let played = play(reply).await;
        assert_eq!(played.requests, 1);
        assert!(matches!(played.error, Error::RateLimited(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn success_of_a_later_attempt_is_all_that_callers_see() {
    let scene = Scene::new();
    scene.vendor.once(unreachable);
    scene.vendor.once(|| answer(503, ""));
    assert_eq!(scene.token().await.unwrap(), "access-1");
    assert_eq!(scene.vendor.requests(), 3);
    assert_eq!(scene.authenticator.snapshot().failures, 0);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_as_many_as_set() {
    for most in 1..=3 {
        let scene = Scene::with(|builder| builder.attempts(most));
        scene.vendor.always(unreachable);
        scene.token().await.unwrap_err();
        assert_eq!(scene.vendor.requests(), most as usize);
    }
}

#[tokio::test(start_paused = true)]
async fn flight_ends_after_twenty_five_seconds() {
    let played = play(|| answer(502, "").map(|it| it.after(secs(9)))).await;
    assert_eq!((played.requests, played.took), (3, secs(25)));
    assert!(matches!(played.error, Error::TimedOut(_)));
}

#[tokio::test(start_paused = true)]
async fn flight_ends_when_the_deadline_says_so() {
    let scene = Scene::with(|builder| builder.deadline(secs(2)));
    scene.vendor.always(hang);
    let asked = Instant::now();
    let error = scene.token().await.unwrap_err();
    assert!(matches!(error, Error::TimedOut(_)), "{error}");
    assert_eq!(round(asked.elapsed()), secs(2));
}

#[tokio::test(start_paused = true)]
async fn attempt_ends_when_its_own_timeout_says_so() {
    let scene = Scene::with(|builder| builder.attempt_timeout(secs(1)));
    scene.vendor.once(hang);
    scene.vendor.once(|| token("late", LIFETIME));
    let asked = Instant::now();
    assert_eq!(scene.token().await.unwrap(), "late");
    assert_eq!(round(asked.elapsed()), Duration::from_millis(1250));
}

#[tokio::test(start_paused = true)]
async fn settings_out_of_range_are_refused_by_name() {
    type Set = fn(Builder<Plain>) -> Builder<Plain>;
    let settings: [(Set, &str); 6] = [
        (|it| it.attempts(0), "attempts"),
        (|it| it.attempts(4), "attempts"),
        (|it| it.attempt_timeout(secs(0)), "attempt timeout"),
        (|it| it.deadline(secs(301)), "deadline"),
        (|it| it.early_renewal(f64::NAN), "early renewal"),
        (
            |it| it.cool_down(ErrorKind::CredentialsRefused, secs(0)),
            "cool-down",
        ),
    ];
    for (set, field) in settings {
        let credentials = Credentials::guarded_by(Arc::default());
        let builder = Authenticator::builder((), credentials);
        assert_eq!(set(builder).build().unwrap_err().field(), field);
    }
}

struct Played {
    requests: usize,
    took: Duration,
    error: Error<Problem>,
    clock: ManualClock,
}

/// One cold call to a vendor that always answers so.
async fn play(answer: impl Fn() -> Reply + Send + Sync + 'static) -> Played {
    let scene = Scene::new();
    scene.vendor.always(answer);
    let asked = Instant::now();
    let outcome: Outcome = scene.token().await;
    Played {
        requests: scene.vendor.requests(),
        took: round(asked.elapsed()),
        error: outcome.unwrap_err(),
        clock: scene.clock,
    }
}

fn retry_after(status: u16, value: &'static str) -> Reply {
    answer(status, "").map(|it| it.with_header("Retry-After", value))
}

/// Tokio rounds each timer up to a millisecond.
fn round(took: Duration) -> Duration {
    Duration::from_millis((took.as_millis() / 50 * 50) as u64)
}
