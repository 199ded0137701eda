//! The side without async, in plain tests: it needs no runtime, and refuses to stop one.

use std::{
    sync::{Barrier, mpsc},
    thread,
    time::{Duration, Instant},
};

use auth_common::{
    Error, TokenEndpoint,
    blocking::Authenticator,
    testing::{ManualClock, StandIn},
};
use chrono::DateTime;
use secrecy::ExposeSecret;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::{
    alone,
    vendor::{LIFETIME, Problem, Sample, Vendor, kept_ready_for_two_seconds},
};

#[test]
fn token_is_shared_with_the_asynchronous_side() {
    let vendor = StandIn::<Vendor>::start();
    let asynchronous = vendor.authenticator().unwrap();
    let blocking = Authenticator::from(asynchronous.clone());

    let header = blocking.authorization().unwrap();
    assert_eq!(header, "Bearer access-1");
    assert_eq!(blocking.clone().token().unwrap().authorization(), header);
    let runtime = runtime();
    assert_eq!(
        runtime.block_on(asynchronous.authorization()).unwrap(),
        header
    );
    assert_eq!(vendor.logins(), 1);

    let token = runtime.block_on(asynchronous.renew()).unwrap();
    assert_eq!(blocking.authorization().unwrap(), token.authorization());
    blocking.invalidate(&token);
    let back = auth_common::Authenticator::from(blocking);
    assert_eq!(
        runtime.block_on(back.authorization()).unwrap(),
        "Bearer access-3"
    );
    assert_eq!(vendor.logins(), 3);
}

#[test]
fn hundred_cold_threads_cost_one_login() {
    let vendor = StandIn::<Vendor>::start();
    let authenticator = blocking(&vendor);
    let together = Barrier::new(100);
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                together.wait();
                assert_eq!(authenticator.authorization().unwrap(), "Bearer access-1");
            });
        }
    });
    assert_eq!(vendor.logins(), 1);
}

#[test]
fn renewal_in_the_background_goes_on_after_the_call() {
    alone::run("blocking::renewal_that_no_call_drives", &[]);
}

#[test]
#[ignore = "another test runs it, in a process where no other call drives the renewal"]
fn renewal_that_no_call_drives() {
    let vendor = StandIn::<Vendor>::start();
    let clock = ManualClock::new(DateTime::UNIX_EPOCH);
    let builder = vendor.builder().unwrap().clock(clock.clone());
    let authenticator = builder.build_blocking().unwrap();
    assert_eq!(authenticator.authorization().unwrap(), "Bearer access-1");

    clock.advance(LIFETIME * 95 / 100);
    assert_eq!(authenticator.authorization().unwrap(), "Bearer access-1");
    let patience = Instant::now() + Duration::from_secs(20);
    while authenticator.snapshot().in_flight {
        assert!(Instant::now() < patience, "the renewal stands still");
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(vendor.logins(), 2);
    assert_eq!(authenticator.authorization().unwrap(), "Bearer access-2");
    assert_eq!(vendor.logins(), 2);
}

#[test]
fn token_is_kept_ready_on_the_shared_thread_while_nobody_asks() {
    let authenticator = kept_ready_for_two_seconds();
    authenticator.authorization().unwrap();
    let patience = Instant::now() + Duration::from_secs(20);
    while authenticator.snapshot().logins < 2 {
        assert!(Instant::now() < patience, "nobody renews the token");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn what_is_asked_past_the_cache_is_the_vendors_own() {
    let vendor = StandIn::playing(Vendor::with_refresh_tokens());
    let authenticator = blocking(&vendor);
    let granted = authenticator.request_token().unwrap();
    assert_eq!(granted.access.expose_secret(), "access-1");
    let granted = authenticator
        .refresh_token(&granted.refresh.unwrap(), Sample::token_response)
        .unwrap();
    assert_eq!(granted.access.expose_secret(), "access-2");
    assert_eq!((vendor.logins(), vendor.refreshes()), (1, 1));

    vendor.refuse_credentials();
    assert!(authenticator.token().unwrap_err().is_credentials_refused());
}

#[test]
fn call_within_a_runtime_is_an_error_that_says_so() {
    let vendor = StandIn::<Vendor>::start();
    let authenticator = blocking(&vendor);
    let (told, errors) = mpsc::channel();
    for runtime in [runtime(), Runtime::new().unwrap()] {
        let (authenticator, told) = (authenticator.clone(), told.clone());
        runtime.block_on(async {
            told.send(refusals(&authenticator)).unwrap();
            let task = tokio::task::spawn_blocking(move || {
                told.send(refusals(&authenticator)).unwrap();
            });
            task.await.unwrap();
        });
    }
    drop(told);
    let errors: Vec<Error<Problem>> = errors.into_iter().flatten().collect();
    assert_eq!(errors.len(), 4 * 4);
    for error in errors {
        assert!(matches!(error, Error::Configuration(_)));
        assert_eq!(
            error.to_string(),
            "blocking call must not be made within a Tokio runtime, which it would stop: use the asynchronous \
             authenticator there",
        );
    }
    assert_eq!(vendor.logins(), 0);

    // With the runtimes gone, nothing is in the way.
    let token = authenticator.token().unwrap();
    runtime().block_on(async {
        // With a token in the cache, a call could do without waiting: it fails early, not at the next renewal.
        refusals(&authenticator);
        authenticator.invalidate(&token);
        assert_eq!(authenticator.snapshot().logins, 1);
    });
}

/// As the page on `blocking` has it.
#[test]
fn within_spawn_blocking_the_asynchronous_side_can_be_waited_for() {
    for runtime in [runtime(), Runtime::new().unwrap()] {
        let vendor = StandIn::<Vendor>::start();
        let authenticator = vendor.authenticator().unwrap();
        let wait = move || Handle::current().block_on(authenticator.authorization());
        let header = runtime.block_on(runtime.spawn_blocking(wait)).unwrap();
        assert_eq!(header.unwrap(), "Bearer access-1");
    }
}

fn refusals(authenticator: &Authenticator<Sample>) -> [Error<Problem>; 4] {
    [
        authenticator.authorization().map(drop).unwrap_err(),
        authenticator.token().map(drop).unwrap_err(),
        authenticator.renew().map(drop).unwrap_err(),
        authenticator.request_token().map(drop).unwrap_err(),
    ]
}

fn blocking(vendor: &StandIn<Vendor>) -> Authenticator<Sample> {
    vendor.builder().unwrap().build_blocking().unwrap()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
