//! Work that blocks, beside the runtime: it holds up neither a worker nor the runtime's end.

use std::{io, thread};

use tokio::sync::oneshot;

/// What `work` comes to on a thread of its own, which is called `name`.
///
/// A runtime's own threads for blocking work would keep it from ending for as long as the work hangs, and where there is no
/// room for one, Tokio panics.
///
/// # Errors
///
/// When the thread cannot be started, or `work` panics.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (told, outcome) = oneshot::channel();
    thread::Builder::new().name(name.into()).spawn(move || {
        // Whoever asked may have given up.
        let _ = told.send(work());
    })?;
    outcome
        .await
        .map_err(|_| io::Error::other(format!("the thread `{name}` panicked")))
}
