//! A process that has no room for another thread.

use std::{
    fs, panic,
    process::{self, Command},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use auth_common::{
    Error, blocking,
    testing::{ManualClock, Response, Script, Wiretap},
};
use chrono::DateTime;
use tokio::runtime::{Builder, Runtime};

use crate::{
    alone,
    vendor::{LIFETIME, builder, granted},
};

#[test]
fn blocking_call_without_room_for_a_thread_is_an_error_and_the_next_one_tries_again() {
    alone::run("threads::blocking_calls_without_room_for_a_thread", &[]);
}

#[test]
#[ignore = "another test runs it, in a process whose size it limits"]
fn blocking_calls_without_room_for_a_thread() {
    let panics = Arc::new(AtomicU32::new(0));
    let (counted, hook) = (Arc::clone(&panics), panic::take_hook());
    panic::set_hook(Box::new(move |panic| {
        counted.fetch_add(1, Ordering::SeqCst);
        hook(panic);
    }));
    let logins = AtomicU32::new(0);
    let vendor = Script::new(move |_| {
        let serial = logins.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Response::json(
            200,
            granted(&format!("access-{serial}"), None),
        ))
    });
    let clock = ManualClock::new(DateTime::UNIX_EPOCH);
    let asynchronous = builder("https://vendor.example".parse().unwrap())
        .transport(vendor.transport())
        .clock(clock.clone())
        .build()
        .unwrap();
    let authenticator = blocking::Authenticator::from(asynchronous.clone());
    runtime().block_on(asynchronous.token()).unwrap();

    // A valid token is served all the same, though nobody can renew it.
    clock.advance(LIFETIME * 95 / 100);
    let header = without_room_for_a_thread(|| authenticator.authorization());
    assert_eq!(header.unwrap(), "Bearer access-1");

    clock.advance(LIFETIME);
    let error = without_room_for_a_thread(|| {
        authenticator.request_token().map(drop).unwrap_err();
        authenticator.renew().unwrap_err();
        authenticator.token().unwrap_err()
    });
    assert!(matches!(error, Error::Unavailable(_)) && error.is_transient());
    assert_eq!(
        error.to_string(),
        "no token from Sample: the thread for blocking calls could not be started: Resource \
         temporarily unavailable (os error 11)",
    );

    assert_eq!(authenticator.authorization().unwrap(), "Bearer access-2");
    assert_eq!(panics.load(Ordering::SeqCst), 0);
}

#[test]
fn localhost_is_reached_without_a_resolver() {
    alone::run("threads::localhost_without_room_for_a_thread", &[]);
}

/// Any other name is looked up on a thread of its own.
#[test]
#[ignore = "another test runs it, in a process whose size it limits"]
fn localhost_without_room_for_a_thread() {
    let vendor = Wiretap::answering("200 OK", &granted("access-1", None)).unwrap();
    let port = vendor.base_url().unwrap().as_url().port().unwrap();
    let runtime = runtime();
    for base in [
        format!("http://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        format!("http://LOCALHOST:{port}"),
    ] {
        let authenticator = builder(base.parse().unwrap()).build().unwrap();
        let header = without_room_for_a_thread(|| runtime.block_on(authenticator.authorization()));
        assert_eq!(header.unwrap(), "Bearer access-1", "{base}");
    }
}

#[test]
fn name_that_no_thread_can_look_up_is_an_error() {
    alone::run("threads::name_without_room_for_a_thread", &[]);
}

#[test]
#[ignore = "another test runs it, in a process whose size it limits"]
fn name_without_room_for_a_thread() {
    let authenticator = builder("https://vendor.example".parse().unwrap())
        .attempts(1)
        .build()
        .unwrap();
    let runtime = runtime();
    let outcome = without_room_for_a_thread(|| runtime.block_on(authenticator.authorization()));
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(
        error.to_string().contains("no thread to look its name up"),
        "{error}"
    );
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs `task` while this process must not grow by as much as the stack of a thread: unlike a limit on the number of
/// threads, that binds root too. The process has to be one of its own.
fn without_room_for_a_thread<T>(task: impl FnOnce() -> T) -> T {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let size = status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:")?.strip_suffix("kB"));
    let size: u64 = size.unwrap().trim().parse().unwrap();
    limit_size(&((size + SLACK) * 1024).to_string());
    let outcome = task();
    limit_size("unlimited");
    outcome
}

/// Sets the soft limit of this process alone, so that what was taken can be given back.
fn limit_size(bytes: &str) {
    let status = Command::new("prlimit")
        .arg(format!("--pid={}", process::id()))
        .arg(format!("--as={bytes}:"))
        .status();
    assert!(status.unwrap().success());
}

/// In KiB: room for what a call allocates, and for the process that gives the room back. A stack takes 2 MiB.
const SLACK: u64 = 1024;
