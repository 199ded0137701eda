//! Many authenticators on one transport, as in a service whose customers each have an account with the vendor.

use std::time::{Duration, Instant};

use allocation_counter::measure;
use directlink_auth::Authenticator;

use crate::{
    Result, budgets, rounds,
    server::Server,
    table::{Amount, Row},
};

/// How many there are.
pub const TENANTS: usize = 10_000;

/// The time to build them, and the memory that each takes.
///
/// # Errors
///
/// When a login fails.
pub fn rows() -> Result<Vec<Row>> {
    let server = Server::start(Duration::ZERO, Duration::from_secs(3600))?;
    let build = || (0..TENANTS).map(|_| server.authenticator());
    drop(server.authenticator()?);

    let built = rounds::median_of(ROUNDS, || {
        let started = Instant::now();
        let tenants: Vec<Authenticator> = build().collect::<Result<_>>()?;
        let took = started.elapsed();
        drop(tenants);
        Ok(took)
    })?;

    let mut tenants = Vec::with_capacity(TENANTS);
    let idle = bytes_each(|| {
        for tenant in build() {
            tenants.push(tenant?);
        }
        Ok(())
    })?;
    // What is allocated is counted on one thread only: this one.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let token = bytes_each(|| {
        runtime.block_on(async {
            for tenant in &tenants {
                tenant.authorization().await?;
            }
            // Connections close behind their answers.
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(())
        })
    })?;
    let bytes = |bytes: u64| Amount::Memory(bytes as f64);
    Ok(vec![
        Row::limit(
            "building 10,000 authenticators",
            built,
            budgets::BUILDING_TENANTS,
        ),
        Row::limit(
            "one of them, never asked",
            Amount::Memory(idle),
            bytes(budgets::TENANT_BYTES),
        ),
        Row::limit(
            "one of them, with a token",
            Amount::Memory(idle + token),
            bytes(budgets::TENANT_BYTES_WITH_TOKEN),
        ),
    ])
}

/// What stays allocated of `work` on all tenants, for each.
fn bytes_each(work: impl FnOnce() -> Result) -> Result<f64> {
    let mut outcome = Ok(());
    let counted = measure(|| outcome = work());
    outcome.map(|()| counted.bytes_current as f64 / TENANTS as f64)
}

const ROUNDS: usize = 21;
