#![allow(clippy::unwrap_used)]

use std::{cell::Cell, time::Duration};

use super::*;

#[test]
fn one_thread_serves_all_calls() {
    let shared = SharedRuntime(Mutex::new(None));
    let threads = Cell::new(0);
    for _ in 0..3 {
        let handle = shared.handle(|runtime| {
            threads.set(threads.get() + 1);
            drive(runtime)
        });
        let task = handle
            .unwrap()
            .spawn(async { thread::current().name().map(str::to_owned) });
        let name = shared.handle(drive).unwrap().block_on(task).unwrap();
        assert_eq!(name.as_deref(), Some("auth-common"));
    }
    assert_eq!(threads.get(), 1);
}

#[test]
fn thread_that_cannot_be_started_is_an_error_and_the_next_call_starts_one() {
    let shared = SharedRuntime(Mutex::new(None));
    for _ in 0..2 {
        let error = shared.handle(|_| Err(io::ErrorKind::WouldBlock.into()));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
    let runtime = shared.handle(drive).unwrap();
    runtime.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
}
