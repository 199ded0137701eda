//! Who is served what, and who waits: the states of a token, and both clocks.

use std::{sync::Arc, time::Duration};

use auth_common::{Authenticator, Error, TokenState};
use chrono::TimeDelta;
use tokio::{
    runtime::{Builder, Handle},
    time::Instant,
};

use crate::{
    scene::{Scene, at_once, secs, settle},
    vendor::{Credentials, LIFETIME, Plain, Vendor, answer, refusal, token, unreachable},
};

#[tokio::test(start_paused = true)]
async fn fresh_token_is_served_at_once_without_request_or_task() {
    let scene = Scene::new();
    scene.token().await.unwrap();
    settle().await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    for _ in 0..10_000 {
        let header = at_once(scene.authenticator.authorization())
            .unwrap()
            .unwrap();
        assert_eq!(header, "Bearer access-1");
        assert!(header.is_sensitive());
    }
    assert_eq!(Handle::current().metrics().num_alive_tasks(), tasks);
    assert_eq!(scene.vendor.requests(), 1);
}

/// On the machine's own clocks, as in a user's program. What is counted is this thread's own.
#[tokio::test]
async fn fresh_token_is_served_without_allocation() {
    let guard = Arc::default();
    let authenticator: Authenticator<Plain> =
        Authenticator::builder((), Credentials::guarded_by(Arc::clone(&guard)))
            .transport(Vendor::default().transport(guard))
            .build()
            .unwrap();
    authenticator.authorization().await.unwrap();
    let counted = allocation_counter::measure(|| {
        for _ in 0..100 {
            at_once(authenticator.authorization()).unwrap().unwrap();
            at_once(authenticator.token()).unwrap().unwrap();
        }
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn fresh_token_is_served_outside_a_runtime() {
    let scene = Scene::new();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(scene.token()).unwrap();
    drop(runtime);
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-1");
}

#[tokio::test(start_paused = true)]
async fn advisory_caller_is_served_at_once_while_one_refresh_runs_in_the_background() {
    let scene = Scene::new();
    scene.token().await.unwrap();
    scene.pass(secs(3239)).await;
    scene.ask_and_settle().await.unwrap();
    assert_eq!(scene.vendor.requests(), 1, "fresh until 3240 s");

    scene.pass(secs(1)).await;
    for _ in 0..1_000 {
        assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-1");
    }
    settle().await;
    assert_eq!(scene.vendor.requests(), 2);
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-2");
}

#[tokio::test(start_paused = true)]
async fn early_renewal_says_at_which_fraction_of_its_lifetime_a_token_is_renewed() {
    for (fraction, renewed_at) in [(0.02, 980), (0.25, 750), (0.5, 500)] {
        let scene = Scene::with(|builder| builder.early_renewal(fraction));
        scene.vendor.always(|| token("short", secs(1000)));
        scene.token().await.unwrap();
        scene.pass(secs(renewed_at - 1)).await;
        scene.ask_and_settle().await.unwrap();
        assert_eq!(scene.vendor.requests(), 1, "{fraction}");
        scene.pass(secs(1)).await;
        scene.ask_and_settle().await.unwrap();
        assert_eq!(scene.vendor.requests(), 2, "{fraction}");
    }
}

#[tokio::test(start_paused = true)]
async fn failing_background_refresh_is_invisible_and_tried_again_on_schedule() {
    let scene = Scene::with(|builder| builder.attempts(1));
    scene.vendor.once(|| token("day", secs(36_000)));
    scene.token().await.unwrap();
    scene.vendor.always(unreachable);

    scene.pass(secs(36_000 - 3600)).await;
    let mut tried = Vec::new();
    // Up to the mandatory window, which is 60 s.
    for second in 0..3540 {
        let before = scene.vendor.requests();
        assert_eq!(scene.token_at_once().unwrap().unwrap(), "day");
        settle().await;
        if scene.vendor.requests() > before {
            tried.push(second);
        }
        scene.pass(secs(1)).await;
    }
    let pauses: Vec<_> = tried.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses[..7], [30, 60, 120, 240, 300, 300, 300]);
    // A quarter of what is left, and never less than the pause after an unreachable vendor.
    for (at, pause) in tried.iter().zip(&pauses) {
        let longest = ((3600 - at) / 4 + 1).max(30);
        assert!(*pause <= longest, "{pause} s at {at}");
    }

    scene.vendor.recover();
    scene.pass(secs(30)).await;
    assert_eq!(scene.ask_and_settle().await.unwrap(), "access-1");
}

#[tokio::test(start_paused = true)]
async fn steady_caller_never_waits_across_many_renewals() {
    let scene = Scene::new();
    scene
        .vendor
        .always(|| token("any", secs(300)).map(|it| it.after(Duration::from_millis(50))));
    scene.token().await.unwrap();
    for second in 0..6000 {
        assert!(scene.token_at_once().is_some(), "waits at {second} s");
        scene.pass(secs(1)).await;
    }
    // Renewed every 270 s or so: 30 s ahead of expiry.
    assert_eq!(scene.vendor.requests(), 1 + 6000 / 271);
}

#[tokio::test(start_paused = true)]
async fn mandatory_caller_waits_for_the_new_token() {
    let scene = Scene::new();
    scene.token().await.unwrap();
    scene.pass(secs(3540)).await;
    assert_eq!(scene.authenticator.snapshot().state, TokenState::Expiring);
    assert!(scene.token_at_once().is_none());
    assert_eq!(scene.token().await.unwrap(), "access-2");
    assert_eq!(scene.vendor.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn mandatory_caller_gets_the_cached_token_when_the_flight_fails() {
    let scene = Scene::new();
    scene.token().await.unwrap();
    scene.pass(secs(3540)).await;
    scene.vendor.always(|| answer(401, ""));
    assert_eq!(scene.token().await.unwrap(), "access-1");
    assert_eq!(scene.vendor.requests(), 2);

    // The vendor is left alone for a minute, and the token is served at once.
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-1");
    assert_eq!(scene.vendor.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn expired_token_is_never_served() {
    let scene = Scene::new();
    scene.token().await.unwrap();
    scene.vendor.always(unreachable);
    scene.pass(LIFETIME).await;
    let error = scene.token().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert_eq!(scene.authenticator.snapshot().state, TokenState::Expired);
}

/// The flight of a mandatory caller fails only after the token's last second.
#[tokio::test(start_paused = true)]
async fn token_that_expires_while_its_caller_waits_is_not_served() {
    let scene = Scene::new();
    scene.token().await.unwrap();
    scene.pass(LIFETIME - secs(1)).await;
    scene
        .vendor
        .always(|| refusal(401, "no").map(|it| it.after(secs(5))));
    let mut callers = scene.callers(1).await;
    scene.pass(secs(1)).await;
    let error = callers.join_next().await.unwrap().unwrap().unwrap_err();
    assert!(error.is_credentials_refused(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn lifetime_counts_from_before_the_request_is_sent() {
    let scene = Scene::new();
    let asked_at = scene.clock.wall();
    let clock = scene.clock.clone();
    scene.vendor.once(move || {
        clock.advance(secs(9));
        token("slow", secs(60))
    });
    let token = scene.authenticator.token().await.unwrap();
    assert_eq!(token.expires_at(), asked_at + secs(60));
}

#[tokio::test(start_paused = true)]
async fn token_that_expired_on_its_way_is_not_served() {
    let scene = Scene::new();
    let clock = scene.clock.clone();
    scene.vendor.once(move || {
        clock.advance(secs(9));
        token("stillborn", secs(9))
    });
    let error = scene.token().await.unwrap_err();
    assert!(error.to_string().contains("expired before it arrived"));
}

#[tokio::test(start_paused = true)]
async fn wall_clock_a_year_ahead_costs_one_request() {
    let scene = Scene::new();
    scene.token().await.unwrap();
    scene.pass(secs(60)).await;
    scene
        .clock
        .set_wall(scene.clock.wall() + TimeDelta::days(365));
    assert_eq!(scene.token().await.unwrap(), "access-2");
    scene.pass(secs(60)).await;
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-2");
}

/// As on a machine that has just booted, and learns what time it is during the login.
#[tokio::test(start_paused = true)]
async fn wall_clock_that_is_set_during_a_login_changes_nothing() {
    for days in [-365, 365] {
        let scene = Scene::new();
        let clock = scene.clock.clone();
        scene.vendor.once(move || {
            clock.advance(secs(9));
            clock.set_wall(clock.wall() + TimeDelta::days(days));
            token("access-1", LIFETIME)
        });
        assert_eq!(scene.token().await.unwrap(), "access-1");
        let left = LIFETIME - secs(9);
        let expiry = scene.authenticator.snapshot().expires_at.unwrap();
        assert_eq!((expiry - scene.clock.wall()).to_std().unwrap(), left);
        assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-1");
        scene.clock.advance(left);
        scene.vendor.always(unreachable);
        assert!(scene.token().await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn wall_clock_a_year_back_keeps_no_token_alive() {
    let scene = Scene::new();
    scene.token().await.unwrap();
    scene
        .clock
        .set_wall(scene.clock.wall() - TimeDelta::days(365));
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-1");
    scene.clock.advance_monotonic(LIFETIME);
    assert_eq!(scene.token().await.unwrap(), "access-2");
}

/// The monotonic clock stands still while a machine sleeps.
#[tokio::test(start_paused = true)]
async fn token_expires_while_the_machine_is_suspended() {
    let scene = Scene::new();
    scene.token().await.unwrap();
    scene.pass(secs(60)).await;
    scene.clock.set_wall(scene.clock.wall() + LIFETIME);
    scene.vendor.always(unreachable);
    assert!(scene.token().await.is_err());
}

/// A second is what is left between flights, however often tokens end.
#[tokio::test(start_paused = true)]
async fn token_shorter_than_any_margin_causes_no_storm() {
    let scene = Scene::new();
    scene.vendor.always(|| token("brief", secs(1)));
    let started = Instant::now();
    for _ in 0..6000 {
        assert_eq!(scene.token().await.unwrap(), "brief");
        scene.pass(Duration::from_millis(10)).await;
    }
    let (requests, seconds) = (scene.vendor.requests(), started.elapsed().as_secs());
    assert!(requests as u64 <= 1 + seconds, "{requests} in {seconds} s");
}

#[tokio::test(start_paused = true)]
async fn same_token_again_from_a_renewal_is_served_without_a_loop() {
    let scene = Scene::new();
    scene.vendor.always(|| token("same", LIFETIME));
    scene.token().await.unwrap();
    scene.pass(secs(3240)).await;
    for _ in 0..100 {
        assert_eq!(scene.ask_and_settle().await.unwrap(), "same");
        scene.pass(secs(1)).await;
    }
    assert_eq!(scene.vendor.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn waiter_has_its_answer_as_soon_as_the_vendor_gives_it() {
    let scene = Scene::new();
    scene
        .vendor
        .once(|| token("slow", LIFETIME).map(|it| it.after(secs(3))));
    let asked = Instant::now();
    scene.token().await.unwrap();
    assert!((secs(3)..secs(4)).contains(&asked.elapsed()));
}
