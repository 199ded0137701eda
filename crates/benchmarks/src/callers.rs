//! Many callers at once, with nothing cached.

use std::time::{Duration, Instant};

use tokio::{runtime::Runtime, task::JoinSet};

use crate::{
    Result, budgets, rounds,
    server::Server,
    table::{Amount, Row},
};

/// How many ask at once.
pub const CALLERS: usize = 10_000;

/// How long all of them take, less what as many tasks cost that do nothing; and the requests that they cause.
///
/// # Errors
///
/// When a caller gets no header.
pub fn rows() -> Result<Vec<Row>> {
    let runtime = Runtime::new()?;
    let server = Server::start(DELAY, Duration::from_secs(3600))?;
    let (all, tasks) = rounds::medians(
        ROUNDS,
        || {
            let authenticator = server.authenticator()?;
            runtime.block_on(all(|| {
                let authenticator = authenticator.clone();
                async move { authenticator.authorization().await.is_ok() }
            }))
        },
        || runtime.block_on(all(|| async { true })),
    )?;
    let requests = server.requests() as f64 / ROUNDS as f64;
    Ok(vec![
        Row::ratio(
            "10,000 callers, cold, less as many idle tasks",
            all.saturating_sub(tasks),
            DELAY,
            budgets::COLD_CALLERS,
        ),
        Row::limit(
            "10,000 callers, cold: requests",
            Amount::Count(requests),
            budgets::COLD_CALLERS_REQUESTS,
        ),
    ])
}

async fn all<C>(caller: impl Fn() -> C) -> Result<Duration>
where
    C: Future<Output = bool> + Send + 'static,
{
    let started = Instant::now();
    let mut callers: JoinSet<bool> = (0..CALLERS).map(|_| caller()).collect();
    while let Some(served) = callers.join_next().await {
        if !served? {
            return Err("a caller got no header".into());
        }
    }
    Ok(started.elapsed())
}

/// Of the server.
const DELAY: Duration = Duration::from_millis(50);
const ROUNDS: usize = 21;
