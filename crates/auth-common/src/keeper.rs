//! Keeps a token ready while nobody asks, where the user wants that.

use std::{
    process,
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{runtime::Handle, time::sleep};

use crate::{
    TokenEndpoint,
    cache::{Cache, Want},
    lifecycle::Ahead,
};

impl<E: TokenEndpoint> Cache<E> {
    /// A flight has landed: from now on the runtime of this one looks ahead. So there is one task that does, and it is
    /// where flights come to their end.
    pub(crate) fn keep_ready(self: &Arc<Self>) {
        if !self.keeps_ready {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let keeper = runtime.spawn(keep(Arc::downgrade(self), process::id()));
        let before = self.lock().keeper.replace(keeper.abort_handle());
        if let Some(before) = before {
            before.abort();
        }
    }

    /// Launches a renewal, if it is time; and returns when to look again.
    fn look_ahead(self: &Arc<Self>, runtime: &Handle) -> Duration {
        let now = self.clock.now();
        let mut state = self.lock();
        match state.lifecycle.look_ahead(now) {
            Ahead::Wait(wait) => wait,
            Ahead::Launch(launch) => {
                let (flight, _) = self.prepare(launch, Want::Token, &mut state);
                drop(state);
                self.start(flight, runtime);
                launch.silence.longest
            }
        }
    }
}

/// Looks ahead, as long as the cache lives. It does not hold it meanwhile.
pub(crate) async fn keep<E: TokenEndpoint>(cache: Weak<Cache<E>>, process: u32) {
    loop {
        let (Some(cache), Ok(runtime)) = (cache.upgrade(), Handle::try_current()) else {
            return;
        };
        // In the child of a fork, whose first call starts one of its own.
        if process != process::id() {
            return;
        }
        let wait = cache.look_ahead(&runtime);
        drop(cache);
        sleep(wait.min(LONGEST_SLEEP)).await;
    }
}

/// The runtime's timers stand still while the machine sleeps.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
