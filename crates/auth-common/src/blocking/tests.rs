#![allow(clippy::unwrap_used)]

use std::{cell::Cell, sync::mpsc, time::Duration};

use super::*;

#[test]
fn one_thread_serves_all_calls_of_a_process() {
    let shared = SharedRuntime(ArcSwapOption::empty());
    let threads = Cell::new(0);
    for process in [1, 1, 2, 2, 2, 3] {
        let runtime = shared.handle(process, |runtime| {
            threads.set(threads.get() + 1);
            drive(runtime)
        });
        let name = async { thread::current().name().map(str::to_owned) };
        let task = runtime.unwrap().spawn(name);
        let name = shared.handle(process, drive).unwrap().block_on(task);
        assert_eq!(name.unwrap().as_deref(), Some("auth-common"));
    }
    assert_eq!(threads.get(), 3);
}

#[test]
fn thread_that_cannot_be_started_is_an_error_and_the_next_call_starts_one() {
    let shared = SharedRuntime(ArcSwapOption::empty());
    for _ in 0..2 {
        let error = shared.handle(1, |_| Err(io::ErrorKind::WouldBlock.into()));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
    let runtime = shared.handle(1, drive).unwrap();
    runtime.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
}

#[test]
fn child_does_not_wait_for_a_lock_that_the_parent_held_at_the_fork() {
    let shared = Arc::new(SharedRuntime(ArcSwapOption::empty()));
    let parents = shared.of(1);
    let held = parents.driven.lock().unwrap();
    let (told, done) = mpsc::channel();
    let child = Arc::clone(&shared);
    thread::spawn(move || told.send(child.handle(2, drive).map(drop)));
    done.recv_timeout(Duration::from_secs(20)).unwrap().unwrap();
    drop(held);
}
