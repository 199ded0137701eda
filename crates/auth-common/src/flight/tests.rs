//! What is left of a flight once it has landed. All else is seen from outside, in `tests/shell`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[allow(dead_code)]
#[path = "../../tests/shell/vendor.rs"]
mod vendor;

use std::{process, sync::Arc, time::Duration};

use http::HeaderValue;
use tokio::{task::yield_now, time::timeout};

use self::vendor::{Credentials, Plain, Vendor, refusal};
#[cfg(unix)]
use crate::child;
use crate::{
    cache::{Cache, Destination, Limits, Want},
    clock::Clock,
    keeper::keep,
    lifecycle::{Decision, PolicyOfTenant},
    source::Origin,
};

/// It holds the token, or what the vendor said.
#[tokio::test(start_paused = true)]
async fn outcome_is_not_kept_after_the_landing() {
    let (vendor, cache) = scene();
    cache.obtain(Want::Token).await.unwrap();
    assert!(cache.lock().under_way.is_none());
    vendor.once(|| refusal(400, "no"));
    cache.obtain(Want::Renewal).await.err().unwrap();
    assert!(cache.lock().under_way.is_none());
}

#[tokio::test(start_paused = true)]
async fn task_of_a_flight_that_has_ended_is_forgotten() {
    let (_, cache) = scene();
    for _ in 0..10 {
        cache.obtain(Want::Renewal).await.unwrap();
        yield_now().await;
        assert!(cache.lock().tasks.is_empty());
    }
}

/// When a program with thousands of tenants starts, all but a few of its flights wait for a place.
#[test]
fn flight_that_waits_for_a_place_is_small() {
    let (_vendor, cache) = scene();
    let mut state = cache.lock();
    let Decision::Launch(launch) = state.lifecycle.ask(cache.clock.now()) else {
        panic!("there is no token");
    };
    let (flight, _outcome) = cache.prepare(launch, Want::Token, &mut state);
    drop(state);
    let size = size_of_val(&flight.run());
    assert!(size <= 1024, "{size}");
}

/// Where the child goes on with a runtime of the parent's.
#[tokio::test(start_paused = true)]
async fn child_of_a_fork_does_not_keep_the_parents_token_ready() {
    let (vendor, cache) = scene();
    let parents = keep(Arc::downgrade(&cache), process::id() + 1);
    timeout(Duration::from_secs(1), parents).await.unwrap();
    assert_eq!(vendor.requests(), 0);
}

/// Of the threads of its parent, another held the lock at that moment: here it is the one that forks.
#[cfg(unix)]
#[test]
fn child_of_a_fork_gets_a_token_whoever_held_the_lock() {
    let (_vendor, cache) = scene();
    let held = cache.lock();
    child::in_a_child(Duration::from_secs(20), || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        let token = runtime.block_on(cache.obtain(Want::Token));
        assert!(token.is_ok());
        assert_eq!(cache.snapshot().logins, 1);
    });
    drop(held);
    assert_eq!(cache.snapshot().logins, 0);
}

fn scene() -> (Vendor, Arc<Cache<Plain>>) {
    let vendor = Vendor::default();
    let destination = Destination {
        transport: vendor.transport(Arc::default()),
        base: "http://localhost".parse().unwrap(),
        user_agent: HeaderValue::from_static("sample-auth/0.0.0"),
    };
    let limits = Limits {
        attempts: 1,
        attempt_timeout: Duration::from_secs(10),
        keep_ready: false,
        policy: PolicyOfTenant::default(),
    };
    let credentials = Credentials::guarded_by(Arc::default());
    let cache = Cache::new(
        Origin::in_hand(credentials),
        destination,
        Clock::default(),
        limits,
    );
    (vendor, Arc::new(cache))
}
