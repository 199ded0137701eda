//! A child of this process.
#![allow(clippy::unwrap_used)]

use std::{
    panic::{self, AssertUnwindSafe},
    process, thread,
    time::{Duration, Instant},
};

use fork::{ChildEvent, ProcessFork, ProcessId, Signal};

/// Forks, and runs `task` in the child, which is killed if it is not done by then.
pub(crate) fn in_a_child(patience: Duration, task: impl FnOnce()) {
    match fork::fork_process().unwrap() {
        ProcessFork::Parent(child) => {
            let outcome = outcome(child, patience);
            assert!(
                matches!(outcome, ChildEvent::Exited { code: 0, .. }),
                "{outcome:?}"
            );
        }
        ProcessFork::Child => {
            // Whatever comes after is the parent's to do.
            let outcome = panic::catch_unwind(AssertUnwindSafe(task));
            process::exit(outcome.is_err().into());
        }
    }
}

fn outcome(child: ProcessId, patience: Duration) -> ChildEvent {
    let end = Instant::now() + patience;
    loop {
        if let Some(event) = fork::wait_event_nohang(child).unwrap() {
            return event;
        }
        if Instant::now() > end {
            fork::signal_process(child, Signal::KILL).unwrap();
            return fork::wait_event(child).unwrap();
        }
        thread::sleep(Duration::from_millis(1));
    }
}
