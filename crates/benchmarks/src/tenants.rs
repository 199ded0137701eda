//! Many authenticators on one transport, as in a service whose customers each have an account with the vendor.

use std::time::{Duration, Instant};

use allocation_counter::measure;
use directlink_auth::Authenticator;

use crate::{
    Result, budgets, cached, rounds,
    server::Server,
    table::{Amount, Row},
};

/// How many there are.
pub const TENANTS: usize = 10_000;

/// Ten times as many.
pub const MANY_TENANTS: usize = 100_000;

/// The time to build them, and the memory that each takes.
///
/// # Errors
///
/// When a login fails.
pub fn rows() -> Result<Vec<Row>> {
    let tenants = Tenants::measure(TENANTS, ROUNDS)?;
    let bytes = |bytes: u64| Amount::Memory(bytes as f64);
    Ok(vec![
        Row::limit(
            "building 10,000 authenticators",
            tenants.built,
            budgets::BUILDING_TENANTS,
        ),
        Row::limit(
            "one of them, never asked",
            Amount::Memory(tenants.idle),
            bytes(budgets::TENANT_BYTES),
        ),
        Row::limit(
            "one of them, with a token",
            Amount::Memory(tenants.with_token),
            bytes(budgets::TENANT_BYTES_WITH_TOKEN),
        ),
    ])
}

/// The same of [`MANY_TENANTS`], each beside one of [`TENANTS`]; and the header of one after another in no order, beside
/// the least that can be done.
///
/// # Errors
///
/// When a login fails.
pub fn many() -> Result<Vec<Row>> {
    let fewer = Tenants::measure(TENANTS, FEW_ROUNDS)?;
    let many = Tenants::measure(MANY_TENANTS, FEW_ROUNDS)?;
    let (ours, reference) = cached::among(MANY_TENANTS, FEW_ROUNDS)?;
    Ok(vec![
        Row::told(
            "100,000 authenticators beside 10,000: building one",
            many.built / MANY_TENANTS as u32,
            fewer.built / TENANTS as u32,
        ),
        Row::told(
            "100,000 authenticators beside 10,000: one, never asked",
            Amount::Memory(many.idle),
            Amount::Memory(fewer.idle),
        ),
        Row::told(
            "100,000 authenticators beside 10,000: one, with a token",
            Amount::Memory(many.with_token),
            Amount::Memory(fewer.with_token),
        ),
        Row::told(
            "cached header of 100,000 authenticators in random order",
            ours,
            reference,
        ),
    ])
}

struct Tenants {
    /// The time to build all of them.
    built: Duration,
    /// What each keeps allocated.
    idle: f64,
    with_token: f64,
}

impl Tenants {
    fn measure(count: usize, rounds: usize) -> Result<Self> {
        let server = Server::start(Duration::ZERO, Duration::from_secs(3600))?;
        let build = || (0..count).map(|_| server.authenticator());
        drop(server.authenticator()?);

        let built = rounds::median_of(rounds, || {
            let started = Instant::now();
            let tenants: Vec<Authenticator> = build().collect::<Result<_>>()?;
            let took = started.elapsed();
            drop(tenants);
            Ok(took)
        })?;

        let mut all = Vec::with_capacity(count);
        let idle = bytes_each(count, || {
            for tenant in build() {
                all.push(tenant?);
            }
            Ok(())
        })?;
        // What is allocated is counted on one thread only: this one.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let token = bytes_each(count, || {
            runtime.block_on(async {
                for tenant in &all {
                    tenant.authorization().await?;
                }
                // Connections close behind their answers.
                tokio::time::sleep(Duration::from_millis(10)).await;
                Ok(())
            })
        })?;
        Ok(Self {
            built,
            idle,
            with_token: idle + token,
        })
    }
}

/// What stays allocated of `work` on so many tenants, for each.
fn bytes_each(tenants: usize, work: impl FnOnce() -> Result) -> Result<f64> {
    let mut outcome = Ok(());
    let counted = measure(|| outcome = work());
    outcome.map(|()| counted.bytes_current as f64 / tenants as f64)
}

const ROUNDS: usize = 21;
/// Of what takes seconds.
const FEW_ROUNDS: usize = 5;
