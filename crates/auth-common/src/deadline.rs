use std::{
    future::{pending, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use tokio::{
    runtime::Handle,
    task::{JoinHandle, try_id},
    time::{Instant, timeout_at},
};

/// What `future` comes to within the time allowed; `None` when it takes longer.
///
/// A deadline that passed while nobody ran says nothing about the vendor: the process was frozen (serverless, SIGSTOP),
/// or its thread was busy with something else, and the answer may lie in the socket. It is then given the same time once
/// more, which `once_more` is told of, and nothing is sent twice for it.
///
/// It takes `future` pinned: one that is moved in here would take its place in memory twice. For the same reason this is
/// no `async fn`, which holds its arguments twice, and there are as many of these as there are callers who wait.
pub(crate) fn within<F: Future>(
    allowed: Duration,
    mut future: Pin<&mut F>,
    once_more: impl FnOnce(),
) -> impl Future<Output = Option<F::Output>> {
    let deadline = Instant::now() + allowed;
    async move {
        if let Ok(output) = timeout_at(deadline, future.as_mut()).await {
            return Some(output);
        }
        let again = {
            let noticed = Instant::now();
            if noticed.saturating_duration_since(deadline) < NOBODY_RAN {
                return None;
            }
            once_more();
            timeout_at(noticed + allowed, future)
        };
        again.await.ok()
    }
}

/// As [`within`], where `future` may be polled anywhere: outside of every runtime, or after its own has ended, Tokio's
/// timers panic.
///
/// Whoever waits is a task of a runtime, as a rule, which polls it while it lives. A future that was taken out of it is
/// told apart.
pub(crate) fn within_by<F: Future>(
    runtime: &Handle,
    allowed: Duration,
    future: Pin<&mut F>,
) -> impl Future<Output = Result<Option<F::Output>, Interrupted>> {
    let task = try_id();
    async move {
        if task.is_none() {
            return within_any(runtime, allowed, future).await;
        }
        let mut bounded = pin!(within(allowed, future, || ()));
        poll_fn(|context| {
            if try_id() != task {
                return Poll::Ready(Err(Interrupted::Moved));
            }
            bounded.as_mut().poll(context).map(Ok)
        })
        .await
    }
}

/// Nobody knows who polls this next: the timer is a task of its own, which ends with its runtime.
async fn within_any<F: Future>(
    runtime: &Handle,
    allowed: Duration,
    mut future: Pin<&mut F>,
) -> Result<Option<F::Output>, Interrupted> {
    let mut timer = Task::start(runtime, async move {
        within(allowed, pin!(pending::<()>()), || ()).await;
    });
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Ok(Some(output)));
        }
        let timer = Pin::new(&mut timer.0).poll(context);
        timer.map(|ended| ended.map(|()| None).map_err(|_| Interrupted::RuntimeEnded))
    })
    .await
}

/// Time by the runtime's clock and by the machine's: in tests the two differ.
pub(crate) struct Stopwatch {
    runtime: Instant,
    machine: std::time::Instant,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            runtime: Instant::now(),
            machine: std::time::Instant::now(),
        }
    }

    /// Whether the runtime's clock was paused or advanced: time then passes that nobody had.
    pub(crate) fn ran_ahead(&self) -> bool {
        self.runtime.elapsed() > self.machine.elapsed() * 2 + SAME_TIME
    }
}

/// Why a wait ended before its time.
#[derive(Debug)]
pub(crate) enum Interrupted {
    RuntimeEnded,
    /// Another task waits now, or none.
    Moved,
}

/// A task that ends with whoever waits for it.
pub(crate) struct Task<T>(pub(crate) JoinHandle<T>);

impl<T: Send + 'static> Task<T> {
    pub(crate) fn start(
        runtime: &Handle,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        Self(runtime.spawn(future))
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Two readings of one clock are no further apart.
const SAME_TIME: Duration = Duration::from_millis(100);
/// A runtime that runs notices a deadline within milliseconds.
const NOBODY_RAN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
