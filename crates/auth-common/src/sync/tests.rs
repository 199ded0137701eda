#![allow(clippy::unwrap_used)]

use std::sync::mpsc;

use super::*;

const PARENT: fn() -> u32 = process::id;

fn child() -> u32 {
    process::id() + 1
}

#[test]
fn child_of_a_fork_does_not_wait_for_who_held_the_lock() {
    let lock = Arc::new(ForkedLock::new(1));
    let held = lock.lock_in(PARENT, || unreachable!());
    let (told, done) = mpsc::channel();
    let of_child = Arc::clone(&lock);
    thread::spawn(move || {
        *of_child.lock_in(child, || 2) += 40;
        // It stays with what it has made.
        told.send(*of_child.lock_in(child, || unreachable!()))
    });
    assert_eq!(done.recv_timeout(PATIENCE).unwrap(), 42);
    assert_eq!(*held, 1);
}

#[test]
fn what_was_half_written_is_never_dropped() {
    let parents = Arc::new(());
    let lock = ForkedLock::new(Arc::clone(&parents));
    let held = lock.lock_in(PARENT, || unreachable!());
    mem::forget(held);
    drop(lock.lock_in(child, || Arc::new(())));
    drop(lock);
    assert_eq!(Arc::strong_count(&parents), 2);
}

#[test]
fn child_of_a_fork_goes_on_with_what_nobody_held() {
    let lock = ForkedLock::new(1);
    *lock.lock_in(PARENT, || unreachable!()) += 1;
    assert_eq!(*lock.lock_in(child, || unreachable!()), 2);
}

#[test]
fn threads_of_a_child_wait_for_each_other() {
    let lock = Arc::new(ForkedLock::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                for _ in 0..10_000 {
                    *lock.lock_in(child, || unreachable!()) += 1;
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*lock.lock_in(child, || unreachable!()), 40_000);
}

#[test]
fn thread_of_the_same_process_waits_however_long_it_takes() {
    let lock = Arc::new(ForkedLock::new(1));
    let mut held = lock.lock(|| unreachable!());
    let other = Arc::clone(&lock);
    let waits = thread::spawn(move || *other.lock(|| 2));
    let end = Instant::now() + 2 * LONGEST_HELD;
    while Instant::now() < end {
        assert!(!waits.is_finished());
        thread::yield_now();
    }
    *held += 2;
    drop(held);
    assert_eq!(waits.join().unwrap(), 3);
}

#[test]
fn value_outlives_a_panic_under_the_lock() {
    let lock = Arc::new(ForkedLock::new(1));
    let other = Arc::clone(&lock);
    let panics = thread::spawn(move || {
        let _held = other.lock(|| unreachable!());
        std::panic::resume_unwind(Box::new(()));
    });
    panics.join().unwrap_err();
    assert_eq!(*lock.lock(|| unreachable!()), 1);
}

const PATIENCE: Duration = Duration::from_secs(20);
