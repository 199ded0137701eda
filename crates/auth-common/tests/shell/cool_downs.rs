//! After a failure the vendor is left alone, and callers are told until when.

use std::time::Duration;

use auth_common::ErrorKind;

use crate::{
    scene::{Scene, secs},
    vendor::{Plain, Reply, answer, refusal, unreachable},
};

#[tokio::test(start_paused = true)]
async fn wrong_password_asked_for_ten_thousand_times_in_an_hour_causes_seven_logins() {
    let scene = Scene::new();
    scene.vendor.always(|| refusal(401, "wrong password"));
    for _ in 0..10_000 {
        let error = scene.token().await.unwrap_err();
        assert!(error.is_credentials_refused(), "{error}");
        assert!(error.retry_at().unwrap() > scene.clock.wall());
        scene.pass(Duration::from_millis(360)).await;
    }
    // At 0, 1, 3, 7, 15, 30 and 45 minutes.
    assert_eq!(scene.vendor.requests(), 7);
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_pause_a_minute_doubling_to_fifteen() {
    let pauses = pauses(|| refusal(401, "no"), 6, |builder| builder).await;
    assert_eq!(pauses, [60, 120, 240, 480, 900, 900].map(secs));
}

#[tokio::test(start_paused = true)]
async fn other_refusals_pause_as_long() {
    let pauses = pauses(|| refusal(403, "no"), 2, |builder| builder).await;
    assert_eq!(pauses, [60, 120].map(secs));
}

#[tokio::test(start_paused = true)]
async fn rate_limit_without_a_hint_pauses_five_minutes_doubling_to_an_hour() {
    let pauses = pauses(|| answer(429, ""), 6, |builder| builder).await;
    assert_eq!(pauses, [300, 600, 1200, 2400, 3600, 3600].map(secs));
}

#[tokio::test(start_paused = true)]
async fn unreachable_vendor_pauses_a_second_doubling_to_thirty() {
    let pauses = pauses(unreachable, 7, |builder| builder).await;
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30].map(secs));
}

#[tokio::test(start_paused = true)]
async fn malformed_answer_pauses_five_seconds_doubling_to_sixty() {
    let pauses = pauses(|| answer(200, "<html>"), 6, |builder| builder).await;
    assert_eq!(pauses, [5, 10, 20, 40, 60, 60].map(secs));
}

#[tokio::test(start_paused = true)]
async fn first_pause_is_as_set() {
    let set = |builder: auth_common::Builder<Plain>| {
        builder.cool_down(ErrorKind::CredentialsRefused, secs(7))
    };
    let pauses = pauses(|| refusal(401, "no"), 3, set).await;
    assert_eq!(pauses, [7, 14, 28].map(secs));
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_up_to_an_hour() {
    for (value, pause) in [("600", 660), ("3600", 3960), ("31536000", 3960)] {
        let reply = move || answer(429, "").map(|it| it.with_header("Retry-After", value));
        let pauses = pauses(reply, 1, |builder| builder).await;
        // A tenth of jitter on top.
        assert_eq!(pauses, [secs(pause)], "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_date_is_read_against_the_date_of_the_answer() {
    let reply = || {
        answer(429, "").map(|it| {
            it.with_header("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
                .with_header("Retry-After", "Sun, 06 Nov 1994 08:59:37 GMT")
        })
    };
    let pauses = pauses(reply, 1, |builder| builder).await;
    assert_eq!(pauses, [secs(660)]);
}

/// A wrong password may be behind it.
#[tokio::test(start_paused = true)]
async fn setting_for_outages_does_not_shorten_the_pause_after_an_unclear_refusal() {
    let seconds = Duration::as_secs;
    for (set, expected) in [(1, [30, 60, 120]), (200, [200, 300, 300])] {
        let set = |builder: auth_common::Builder<Plain>| {
            builder.cool_down(ErrorKind::Unavailable, secs(set))
        };
        let pauses = pauses(|| answer(401, "<html>"), 3, set).await;
        assert_eq!(pauses.iter().map(seconds).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn success_clears_the_pauses() {
    let scene = Scene::new();
    for _ in 0..2 {
        scene.vendor.once(|| refusal(401, "no"));
        let error = scene.token().await.unwrap_err();
        let pause = error.retry_at().unwrap() - scene.clock.wall();
        assert_eq!(pause.to_std().unwrap(), secs(60));
        scene.pass(secs(60)).await;
        let token = scene.authenticator.token().await.unwrap();
        scene.pass(secs(60)).await;
        scene.authenticator.invalidate(&token);
    }
}

#[tokio::test(start_paused = true)]
async fn success_ends_a_pause_early() {
    let scene = Scene::new();
    scene.vendor.once(|| answer(308, ""));
    scene.token().await.unwrap_err();
    let token = scene.authenticator.renew().await.unwrap();
    assert_eq!(scene.authenticator.snapshot().next_attempt, None);
    scene.authenticator.invalidate(&token);
    assert_eq!(scene.token().await.unwrap(), "access-2");
}

#[tokio::test(start_paused = true)]
async fn renewal_waits_out_refusals_and_rate_limits() {
    for reply in [
        || refusal(401, "no"),
        || refusal(400, "invalid_request"),
        || refusal(403, "no"),
        || answer(401, "<html>"),
        || answer(400, ""),
        || answer(429, ""),
        || answer(504, "").map(|it| it.with_header("Retry-After", "120")),
    ] {
        let scene = Scene::new();
        scene.token().await.unwrap();
        scene.vendor.once(reply);
        let refused = scene.renew().await.unwrap_err();
        let again = scene.renew().await.unwrap_err();
        assert_eq!(again.retry_at(), refused.retry_at());
        assert!(again.retry_at().is_some());
        assert_eq!(scene.vendor.requests(), 2);

        assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-1");
        scene.pass(secs(300)).await;
        assert_eq!(scene.renew().await.unwrap(), "access-2");
    }
}

#[tokio::test(start_paused = true)]
async fn renewal_waits_out_no_other_failure() {
    for reply in [
        || answer(403, "<html>"),
        || answer(200, ""),
        || answer(308, ""),
    ] {
        let scene = Scene::new();
        scene.vendor.once(reply);
        scene.token().await.unwrap_err();
        assert_eq!(scene.renew().await.unwrap(), "access-1");
    }
}

/// The pauses after so many failures in a row. Asking a moment before their end is answered without traffic.
async fn pauses(
    answer: impl Fn() -> Reply + Send + Sync + 'static,
    failures: usize,
    set: impl Fn(auth_common::Builder<Plain>) -> auth_common::Builder<Plain>,
) -> Vec<Duration> {
    let scene = Scene::with(|builder| set(builder.attempts(1)));
    scene.vendor.always(answer);
    let mut pauses = Vec::new();
    for failure in 1..=failures {
        let error = scene.token().await.unwrap_err();
        assert_eq!(scene.vendor.requests(), failure);
        let retry_at = error.retry_at().unwrap();
        let snapshot = scene.authenticator.snapshot();
        assert_eq!(snapshot.next_attempt, Some(retry_at));
        let pause = (retry_at - scene.clock.wall()).to_std().unwrap();
        pauses.push(pause);

        scene.pass(pause - Duration::from_millis(1)).await;
        let same = scene.token().await.unwrap_err();
        assert_eq!(same.retry_at(), Some(retry_at));
        assert_eq!(same.status(), error.status());
        assert_eq!(scene.vendor.requests(), failure);
        scene.pass(Duration::from_millis(1)).await;
    }
    pauses
}
