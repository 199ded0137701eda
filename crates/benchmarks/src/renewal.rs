//! A caller who keeps asking while the token is renewed.

use std::time::{Duration, Instant};

use tokio::{runtime::Runtime, time::sleep};

use crate::{Result, budgets, server::Server, table::Row};

/// The slowest call of a loop across ten renewals.
///
/// # Errors
///
/// When a call fails.
pub fn rows() -> Result<Vec<Row>> {
    let server = Server::start(DELAY, LIFETIME)?;
    let authenticator = server.builder()?.early_renewal(0.5).build()?;
    let slowest = Runtime::new()?.block_on(async {
        authenticator.authorization().await?;
        let mut slowest = Duration::ZERO;
        while server.requests() < 1 + RENEWALS {
            let started = Instant::now();
            authenticator.authorization().await?;
            slowest = slowest.max(started.elapsed());
            // A loop that never rests would be measured by when the machine interrupts it.
            sleep(PAUSE).await;
        }
        Result::Ok(slowest)
    })?;
    Ok(vec![Row::ratio(
        "slowest call across ten renewals",
        slowest,
        DELAY,
        budgets::SLOWEST_DURING_RENEWAL,
    )])
}

const RENEWALS: usize = 10;
/// Of the server.
const DELAY: Duration = Duration::from_millis(50);
/// Renewed after a second, and waited for from 1.5 s on.
const LIFETIME: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_micros(500);
