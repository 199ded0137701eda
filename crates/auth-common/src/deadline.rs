use std::{pin::Pin, time::Duration};

use tokio::time::{Instant, timeout_at};

/// What `future` comes to within the time allowed; `None` when it takes longer.
///
/// A deadline that passed while nobody ran says nothing about the vendor: the process was frozen (serverless, SIGSTOP),
/// or its thread was busy with something else, and the answer may lie in the socket. It is then given the same time once
/// more, and nothing is sent twice for it.
///
/// It takes `future` pinned: one that is moved in here would take its place in memory twice.
pub(crate) async fn within<F: Future>(
    allowed: Duration,
    mut future: Pin<&mut F>,
) -> Option<F::Output> {
    let deadline = Instant::now() + allowed;
    if let Ok(output) = timeout_at(deadline, future.as_mut()).await {
        return Some(output);
    }
    let noticed = Instant::now();
    if noticed.saturating_duration_since(deadline) < NOBODY_RAN {
        return None;
    }
    timeout_at(noticed + allowed, future).await.ok()
}

/// A runtime that runs notices a deadline within milliseconds.
const NOBODY_RAN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
