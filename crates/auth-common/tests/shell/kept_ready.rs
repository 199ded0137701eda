//! A token that is kept ready while nobody asks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::{
    scene::{Scene, at_once, secs, settle},
    vendor::{Vendor, refusal, token},
};

#[tokio::test(start_paused = true)]
async fn caller_who_asks_each_seven_seconds_never_waits_for_a_token_of_twenty() {
    let scene = kept_ready();
    grant_for(&scene.vendor, secs(20));
    scene.token().await.unwrap();
    for _ in 0..100 {
        scene.pass(secs(7)).await;
        scene.token_at_once().expect("it waits").unwrap();
    }
    let logins = scene.vendor.requests();
    assert!((30..=45).contains(&logins), "{logins} logins in 700 s");
}

#[tokio::test(start_paused = true)]
async fn token_is_renewed_though_nobody_asks() {
    let scene = kept_ready();
    scene.token().await.unwrap();
    for renewals in 1..=3 {
        scene.pass(secs(3239)).await;
        assert_eq!(scene.vendor.requests(), renewals);
        scene.pass(secs(2)).await;
        assert_eq!(scene.vendor.requests(), renewals + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn vendor_that_refuses_is_asked_only_as_often_as_the_pauses_allow() {
    let scene = kept_ready();
    scene.token().await.unwrap();
    scene.vendor.always(|| refusal(401, "no"));
    scene.pass(secs(3239)).await;
    assert_eq!(scene.vendor.requests(), 1);
    // At 3240 s, and then after 60 s, 120 s, 240 s, 480 s and each 900 s.
    for (passed, refused) in [(2, 1), (60, 2), (120, 3), (240, 4), (480, 5), (900, 6)] {
        for _ in 0..passed - 2 {
            scene.pass(secs(1)).await;
        }
        assert_eq!(scene.vendor.requests(), refused, "too early");
        scene.pass(secs(2)).await;
        assert_eq!(scene.vendor.requests(), refused + 1);
    }
    // No failure is permanent.
    scene.vendor.recover();
    scene.pass(secs(910)).await;
    scene.token_at_once().expect("it waits").unwrap();
}

#[tokio::test(start_paused = true)]
async fn flight_that_panics_is_followed_by_another() {
    let scene = kept_ready();
    scene.token().await.unwrap();
    scene.vendor.once(|| panic!("planned"));
    scene.pass(secs(3241)).await;
    assert_eq!(scene.vendor.requests(), 2);
    scene.pass(secs(31)).await;
    assert_eq!(scene.vendor.requests(), 3);
}

#[test]
fn last_clone_takes_along_what_keeps_the_token_ready() {
    let runtime = paused();
    let scene = kept_ready();
    runtime.block_on(scene.token()).unwrap();
    runtime.block_on(settle());
    assert_eq!(runtime.metrics().num_alive_tasks(), 1);
    let Scene {
        authenticator,
        guard,
        ..
    } = scene;
    drop(authenticator.clone());
    runtime.block_on(settle());
    assert_eq!(runtime.metrics().num_alive_tasks(), 1);
    drop(authenticator);
    assert_eq!(Arc::strong_count(&guard), 1, "nothing holds it meanwhile");
    runtime.block_on(settle());
    assert_eq!(runtime.metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_task_keeps_the_token_ready_however_many_ask() {
    let scene = kept_ready();
    for _ in 0..5 {
        for caller in scene.callers(10).await.join_all().await {
            caller.unwrap();
        }
        scene.renew().await.unwrap();
        settle().await;
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 1);
    }
}

#[test]
fn call_after_the_end_of_the_runtime_starts_anew() {
    let scene = kept_ready();
    let a = paused();
    a.block_on(scene.token()).unwrap();
    drop(a);
    paused().block_on(async {
        scene.pass(secs(3240)).await;
        assert_eq!(scene.vendor.requests(), 1, "its task is gone");
        scene.token().await.unwrap();
        settle().await;
        assert_eq!(scene.vendor.requests(), 2);
        scene.pass(secs(3241)).await;
        assert_eq!(scene.vendor.requests(), 3);
    });
}

#[tokio::test(start_paused = true)]
async fn token_that_was_refused_is_replaced_within_a_minute_though_nobody_asks() {
    let scene = kept_ready();
    let refused = scene.authenticator.token().await.unwrap();
    scene.authenticator.invalidate(&refused);
    scene.pass(secs(100)).await;
    assert_eq!(scene.vendor.requests(), 2);
    assert_eq!(at_once(scene.token()).unwrap().unwrap(), "access-2");
}

fn kept_ready() -> Scene {
    Scene::with(|builder| builder.keep_ready())
}

/// The vendor hands out tokens that live for so long.
fn grant_for(vendor: &Vendor, lifetime: Duration) {
    let granted = AtomicUsize::new(0);
    vendor.always(move || {
        let serial = granted.fetch_add(1, Ordering::SeqCst) + 1;
        token(&format!("access-{serial}"), lifetime)
    });
}

/// Time passes at once when there is nothing else to do.
fn paused() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap()
}
