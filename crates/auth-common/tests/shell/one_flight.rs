//! One flight at a time, for any number of callers, and whatever becomes of them.

use std::{sync::Arc, time::Duration};

use auth_common::Error;
use tokio::{
    runtime::Handle,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    scene::{Outcome, Scene, at_once, secs, settle},
    vendor::{LIFETIME, answer, hang, refusal, token},
};

#[tokio::test(start_paused = true)]
async fn ten_thousand_cold_callers_cause_one_request() {
    let scene = Scene::new();
    scene
        .vendor
        .always(|| token("one", LIFETIME).map(|it| it.after(secs(1))));
    let callers = scene.callers(10_000).await;
    for outcome in outcomes(callers).await {
        assert_eq!(outcome.unwrap(), "one");
    }
    assert_eq!(scene.vendor.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_waiters_share_one_error_and_one_request() {
    let scene = Scene::new();
    scene
        .vendor
        .always(|| refusal(401, "wrong password").map(|it| it.after(secs(1))));
    let callers = scene.callers(10_000).await;
    let errors: Vec<_> = outcomes(callers)
        .await
        .into_iter()
        .map(Outcome::unwrap_err)
        .collect();
    assert_eq!(scene.vendor.requests(), 1);
    let first = errors[0].response().unwrap();
    assert!(
        errors
            .iter()
            .all(|error| std::ptr::eq(error.response().unwrap(), first))
    );
}

#[tokio::test(start_paused = true)]
async fn dropped_electing_caller_leaves_its_login_to_the_others() {
    let scene = Scene::new();
    scene
        .vendor
        .always(|| token("one", LIFETIME).map(|it| it.after(secs(1))));
    let mut elected = Box::pin(scene.token());
    assert!(at_once(&mut elected).is_none());
    let callers = scene.callers(10).await;
    drop(elected);
    for outcome in outcomes(callers).await {
        assert_eq!(outcome.unwrap(), "one");
    }
    assert_eq!(scene.vendor.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn token_is_kept_when_every_caller_is_dropped() {
    let scene = Scene::new();
    scene
        .vendor
        .always(|| token("kept", LIFETIME).map(|it| it.after(secs(1))));
    for _ in 0..20 {
        let impatient = timeout(Duration::from_millis(40), scene.token());
        impatient.await.unwrap_err();
    }
    sleep(secs(1)).await;
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "kept");
    assert_eq!(scene.vendor.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn waiters_elect_anew_when_the_flight_panics() {
    let scene = Scene::new();
    scene.vendor.once(|| panic!("planned"));
    let callers = scene.callers(100).await;
    for outcome in outcomes(callers).await {
        assert_eq!(outcome.unwrap(), "access-1");
    }
    assert_eq!(scene.vendor.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn call_sees_two_flights_panic_at_most() {
    let scene = Scene::new();
    scene.vendor.always(|| panic!("planned"));
    let callers = scene.callers(100).await;
    for outcome in outcomes(callers).await {
        let error = outcome.unwrap_err();
        assert!(error.to_string().contains("dropped twice"), "{error}");
        assert!(error.is_transient());
    }
    assert_eq!(scene.vendor.requests(), 2);

    scene.vendor.recover();
    assert_eq!(scene.token().await.unwrap(), "access-1");
}

#[tokio::test(start_paused = true)]
async fn panic_of_a_background_flight_is_invisible() {
    let scene = Scene::new();
    scene.token().await.unwrap();
    scene.pass(secs(3240)).await;
    scene.vendor.once(|| panic!("planned"));
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-1");
    settle().await;
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-1");
}

#[tokio::test(start_paused = true)]
async fn renewal_brings_a_new_token_although_the_cached_one_is_fresh() {
    let scene = Scene::new();
    scene.token().await.unwrap();
    assert_eq!(scene.renew().await.unwrap(), "access-2");
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-2");
}

#[tokio::test(start_paused = true)]
async fn renewal_joins_the_flight_under_way() {
    let scene = Scene::new();
    scene
        .vendor
        .always(|| token("one", LIFETIME).map(|it| it.after(secs(1))));
    let mut callers = scene.callers(10).await;
    for _ in 0..10 {
        let authenticator = scene.authenticator.clone();
        callers.spawn(async move {
            let token = authenticator.renew().await?;
            Ok(token.expose_secret().to_owned())
        });
    }
    for outcome in outcomes(callers).await {
        assert_eq!(outcome.unwrap(), "one");
    }
    assert_eq!(scene.vendor.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn failed_renewal_is_an_error_and_keeps_the_cached_token() {
    let scene = Scene::new();
    scene.token().await.unwrap();
    scene.vendor.always(|| answer(500, ""));
    let error = scene.renew().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-1");
}

#[tokio::test(start_paused = true)]
async fn renewals_in_a_loop_are_a_second_apart() {
    let scene = Scene::new();
    let started = Instant::now();
    for _ in 0..10 {
        scene.renew().await.unwrap();
    }
    assert_eq!(scene.vendor.requests(), 10);
    assert!(started.elapsed() >= secs(9));
}

#[tokio::test(start_paused = true)]
async fn request_token_neither_uses_nor_fills_the_cache() {
    let scene = Scene::new();
    scene.authenticator.request_token().await.unwrap();
    assert_eq!(scene.token().await.unwrap(), "access-2");
    scene.authenticator.request_token().await.unwrap();
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-2");
    assert_eq!(scene.vendor.requests(), 3);
}

#[tokio::test(start_paused = true)]
async fn request_token_retries_nothing_and_leaves_no_cool_down() {
    let scene = Scene::new();
    scene.vendor.once(|| refusal(401, "no"));
    let refused = scene.authenticator.request_token().await;
    assert!(refused.err().unwrap().is_credentials_refused());
    scene.vendor.once(|| answer(502, ""));
    assert!(scene.authenticator.request_token().await.is_err());
    assert_eq!(scene.vendor.requests(), 2);
    assert_eq!(scene.token().await.unwrap(), "access-1");
}

#[tokio::test(start_paused = true)]
async fn last_authenticator_takes_its_flight_and_its_secrets_along() {
    let scene = Scene::new();
    scene.vendor.always(hang);
    let tasks = Handle::current().metrics().num_alive_tasks();
    let clone = scene.authenticator.clone();
    assert!(scene.token_at_once().is_none());
    settle().await;
    assert_eq!(scene.vendor.requests(), 1);
    // Held by the test, by the credentials, and by the transport of the authenticator and of the flight.
    assert_eq!(Arc::strong_count(&scene.guard), 3);

    drop(scene.authenticator);
    settle().await;
    assert_eq!(Arc::strong_count(&scene.guard), 3, "a clone is left");
    assert_eq!(Handle::current().metrics().num_alive_tasks(), tasks + 1);

    drop(clone);
    settle().await;
    assert_eq!(Arc::strong_count(&scene.guard), 1);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), tasks);
}

async fn outcomes(callers: JoinSet<Outcome>) -> Vec<Outcome> {
    callers.join_all().await
}
