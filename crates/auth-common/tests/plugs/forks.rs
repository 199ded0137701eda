//! A process that forks. Its child has all of its memory, and of its threads only the one that forked.

use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use auth_common::{
    blocking::Authenticator,
    testing::{Outage, Response, Script, StandIn},
};

use crate::{
    alone,
    child::in_a_child,
    vendor::{Sample, Vendor, builder, granted, kept_ready_for_two_seconds},
};

#[test]
fn child_of_a_fork_asks_on_a_thread_of_its_own() {
    alone::run("forks::children_ask", &[]);
}

#[test]
#[ignore = "another test runs it, in a process that may fork"]
fn children_ask() {
    let vendor = StandIn::<Vendor>::start();
    let authenticator = blocking(&vendor);
    assert_eq!(authenticator.authorization().unwrap(), "Bearer access-1");
    in_a_child(PATIENCE, || {
        assert_eq!(authenticator.authorization().unwrap(), "Bearer access-1");
        assert_eq!(
            authenticator.renew().unwrap().authorization(),
            "Bearer access-2"
        );
        let of_its_own = blocking(&vendor);
        assert_eq!(of_its_own.authorization().unwrap(), "Bearer access-3");
        in_a_child(PATIENCE / 2, || {
            assert_eq!(
                authenticator.renew().unwrap().authorization(),
                "Bearer access-4"
            );
        });
    });
    assert_eq!(
        authenticator.renew().unwrap().authorization(),
        "Bearer access-5"
    );
}

#[test]
fn child_of_a_fork_does_not_wait_for_the_parents_flight() {
    alone::run("forks::child_asks_during_a_flight", &[]);
}

#[test]
#[ignore = "another test runs it, in a process that may fork"]
fn child_asks_during_a_flight() {
    let (told, asked) = mpsc::channel();
    let asked_before = AtomicBool::new(false);
    let vendor = Script::new(move |_| {
        if asked_before.swap(true, Ordering::SeqCst) {
            return Ok(Response::json(200, granted("access-1", None)));
        }
        told.send(()).unwrap();
        Err(Outage::Hang)
    });
    let authenticator = builder("https://vendor.example".parse().unwrap())
        .transport(vendor.transport())
        .build_blocking()
        .unwrap();
    let parents = authenticator.clone();
    thread::spawn(move || parents.authorization());
    asked.recv().unwrap();
    in_a_child(PATIENCE, || {
        assert_eq!(authenticator.authorization().unwrap(), "Bearer access-1");
    });
    assert!(authenticator.snapshot().in_flight);
}

#[test]
fn child_of_a_fork_keeps_its_own_token_ready() {
    alone::run("forks::both_keep_ready", &[]);
}

#[test]
#[ignore = "another test runs it, in a process that may fork"]
fn both_keep_ready() {
    let authenticator = kept_ready_for_two_seconds();
    let renews = || {
        let end = Instant::now() + PATIENCE / 2;
        let before = authenticator.snapshot().logins;
        while authenticator.snapshot().logins < before + 1 {
            assert!(Instant::now() < end, "nobody renews the token");
            thread::sleep(Duration::from_millis(1));
        }
    };
    authenticator.authorization().unwrap();
    renews();
    in_a_child(PATIENCE, || {
        authenticator.renew().unwrap();
        renews();
    });
    renews();
}

#[test]
fn child_of_a_fork_leaves_the_refresh_token_to_the_parent() {
    alone::run("forks::both_renew", &[]);
}

#[test]
#[ignore = "another test runs it, in a process that may fork"]
fn both_renew() {
    let vendor = StandIn::playing(Vendor::with_refresh_tokens());
    let authenticator = blocking(&vendor);
    authenticator.authorization().unwrap();
    in_a_child(PATIENCE, || {
        authenticator.renew().unwrap();
    });
    assert_eq!((vendor.logins(), vendor.refreshes()), (2, 0));
    authenticator.renew().unwrap();
    assert_eq!((vendor.logins(), vendor.refreshes()), (2, 1));
}

fn blocking(vendor: &StandIn<Vendor>) -> Authenticator<Sample> {
    vendor.builder().unwrap().build_blocking().unwrap()
}

/// Less than a call waits for a flight that nobody drives, and more than any other.
const PATIENCE: Duration = Duration::from_secs(20);
