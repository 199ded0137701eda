//! What a 401 of the API does, and what it cannot do.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use auth_common::{Error, Invalidation};
use tokio::task::JoinSet;

use crate::{
    scene::{Scene, at_once, secs, settle},
    vendor::{LIFETIME, refusal, token, unreachable},
};

#[tokio::test(start_paused = true)]
async fn ten_tasks_with_one_401_cause_one_login() {
    let scene = Scene::new();
    let refused = scene.authenticator.token().await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let authenticator = scene.authenticator.clone();
        let refused = refused.clone();
        tasks.spawn(async move {
            let invalidation = authenticator.invalidate(&refused);
            let token = authenticator.token().await.unwrap();
            (invalidation, token.expose_secret().to_owned())
        });
    }
    let (invalidations, tokens): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().unzip();
    let accepted = |it: &&Invalidation| **it == Invalidation::Accepted;
    assert_eq!(invalidations.iter().filter(accepted).count(), 1);
    assert_eq!(tokens, ["access-2"; 10]);
    assert_eq!(scene.vendor.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn late_401_keeps_the_newer_token() {
    let scene = Scene::new();
    let old = scene.authenticator.token().await.unwrap();
    scene.renew().await.unwrap();
    assert_eq!(
        scene.authenticator.invalidate(&old),
        Invalidation::AlreadyReplaced
    );
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-2");
}

#[tokio::test(start_paused = true)]
async fn invalidated_token_is_not_served_even_when_the_next_flight_fails() {
    let scene = Scene::new();
    let refused = scene.authenticator.token().await.unwrap();
    assert_eq!(
        scene.authenticator.invalidate(&refused),
        Invalidation::Accepted
    );
    scene.vendor.always(|| refusal(401, "locked"));
    for _ in 0..3 {
        let error = scene.token().await.unwrap_err();
        assert!(error.is_credentials_refused(), "{error}");
    }
    assert_eq!(scene.vendor.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn token_invalidated_during_a_flight_is_no_fall_back_when_that_fails() {
    let scene = Scene::new();
    let refused = scene.authenticator.token().await.unwrap();
    scene.pass(secs(3540)).await;
    scene
        .vendor
        .always(|| refusal(401, "locked").map(|it| it.after(secs(1))));
    let mut callers = scene.callers(1).await;
    scene.authenticator.invalidate(&refused);
    let error = callers.join_next().await.unwrap().unwrap().unwrap_err();
    assert!(error.is_credentials_refused(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn flight_under_way_serves_those_who_invalidate_meanwhile() {
    let scene = Scene::new();
    let refused = scene.authenticator.token().await.unwrap();
    scene.pass(secs(3240)).await;
    scene
        .vendor
        .once(|| token("new", LIFETIME).map(|it| it.after(secs(1))));
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-1");
    settle().await;
    assert_eq!(
        scene.authenticator.invalidate(&refused),
        Invalidation::Accepted
    );
    assert_eq!(scene.token().await.unwrap(), "new");
    assert_eq!(scene.vendor.requests(), 2);
}

/// Between the landing of a flight and the turn of its waiter, another caller sees a 401.
#[tokio::test(start_paused = true)]
async fn waiter_is_not_given_a_token_that_was_invalidated_meanwhile() {
    let scene = Scene::new();
    let mut waiter = Box::pin(scene.token());
    assert!(at_once(&mut waiter).is_none());
    settle().await;
    let refused = at_once(scene.authenticator.token()).unwrap().unwrap();
    assert_eq!(refused.expose_secret(), "access-1");
    scene.authenticator.invalidate(&refused);
    assert_eq!(waiter.await.unwrap(), "access-2");
}

#[tokio::test(start_paused = true)]
async fn endpoint_that_always_answers_401_costs_one_login_an_hour_in_the_end() {
    for every in [1, 10, 60] {
        let scene = Scene::new();
        let issued = AtomicU64::new(0);
        scene.vendor.always(move || {
            let number = issued.fetch_add(1, Ordering::Relaxed);
            token(&format!("long-{number}"), secs(2 * DAY))
        });
        let mut ignored = 0;
        for _ in 0..DAY / every {
            let token = scene.authenticator.token().await.unwrap();
            if scene.authenticator.invalidate(&token) == Invalidation::TooSoon {
                ignored += 1;
                assert!(scene.token_at_once().is_some(), "it is still served");
            }
            // The call is repeated, and refused again, of which nobody tells.
            scene.token().await.unwrap();
            scene.pass(secs(every)).await;
        }
        let requests = scene.vendor.requests();
        assert!(
            (20..=32).contains(&requests),
            "{requests} requests in a day"
        );
        assert!(ignored >= DAY / every - 32, "{ignored} ignored");
    }
}

#[tokio::test(start_paused = true)]
async fn token_that_the_vendor_revokes_each_hour_is_replaced_at_once() {
    let scene = Scene::new();
    for revoked in 1..=24 {
        let token = scene.authenticator.token().await.unwrap();
        assert_eq!(
            scene.authenticator.invalidate(&token),
            Invalidation::Accepted
        );
        scene.token().await.unwrap();
        assert_eq!(scene.vendor.requests(), revoked + 1);
        scene.pass(secs(3000)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn snapshot_says_until_when_refusals_are_ignored_once_one_was() {
    let scene = Scene::new();
    let ignored_until = || scene.authenticator.snapshot().refusals_ignored_until;
    let first = scene.authenticator.token().await.unwrap();
    scene.pass(secs(60)).await;
    scene.authenticator.invalidate(&first);
    assert_eq!(ignored_until(), None);
    let second = scene.authenticator.token().await.unwrap();
    assert_eq!(ignored_until(), None, "nobody refused it yet");

    scene.pass(secs(10)).await;
    scene.authenticator.invalidate(&second);
    let until = scene.clock.wall() + Duration::from_secs(20);
    assert_eq!(ignored_until(), Some(until));
    scene.pass(secs(20)).await;
    assert_eq!(ignored_until(), None);

    scene.authenticator.invalidate(&second);
    let third = scene.authenticator.token().await.unwrap();
    scene.authenticator.invalidate(&third);
    let until = scene.clock.wall() + Duration::from_secs(60);
    assert_eq!(ignored_until(), Some(until), "twice as long");
}

#[tokio::test(start_paused = true)]
async fn invalidation_is_accepted_again_after_thirty_seconds() {
    let scene = Scene::new();
    let first = scene.authenticator.token().await.unwrap();
    scene.authenticator.invalidate(&first);
    let second = scene.authenticator.token().await.unwrap();
    scene.pass(secs(29)).await;
    let invalidate = || scene.authenticator.invalidate(&second);
    assert_eq!(invalidate(), Invalidation::TooSoon);
    scene.pass(secs(1)).await;
    assert_eq!(invalidate(), Invalidation::Accepted);
    assert_eq!(invalidate(), Invalidation::AlreadyReplaced);
    scene.vendor.always(unreachable);
    assert!(scene.token().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn refused_token_that_the_vendor_hands_out_once_more_is_not_served() {
    let scene = Scene::new();
    scene.vendor.always(|| token("same", LIFETIME));
    let refused = scene.authenticator.token().await.unwrap();
    scene.pass(secs(60)).await;
    scene.authenticator.invalidate(&refused);
    for _ in 0..3 {
        let error = scene.token().await.unwrap_err();
        assert!(matches!(error, Error::InvalidResponse(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains("the token that its API refuses"), "{text}");
        scene.pass(secs(60)).await;
    }
    scene.vendor.recover();
    assert_ne!(scene.token().await.unwrap(), "same");
}

const DAY: u64 = 86_400;
