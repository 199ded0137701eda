//! What a fleet does, with processes, sockets, a Redis server and files of its own.
//!
//! `cargo xtask fleet` runs all of this twenty times, and the soak.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

#[cfg(unix)]
use std::sync::{PoisonError, RwLock};

#[cfg(unix)]
mod faults;
#[cfg(unix)]
mod files;
#[cfg(unix)]
mod fleet;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod proxy;
#[cfg(unix)]
mod secrecy;
#[cfg(unix)]
#[allow(dead_code, reason = "the tests of the engine need more of it")]
#[path = "../../../auth-store/tests/redis/server.rs"]
mod server;
#[cfg(unix)]
mod soak;
#[cfg(unix)]
mod vendor;

/// Runs a test as often as is asked for. Those that wait most of the time may be under way together.
#[cfg(unix)]
fn rounds(round: impl Fn()) {
    repeat(|| {
        let _some = MANY.read().unwrap_or_else(PoisonError::into_inner);
        round();
    });
}

/// 64 where the rounds are many, and fewer in a test among others.
#[cfg(unix)]
fn many() -> usize {
    std::env::var("FLEET_ROUNDS").map_or(24, |_| 64)
}

/// As [`rounds`], with the machine for itself: it measures, or has many processes.
#[cfg(unix)]
fn rounds_alone(round: impl Fn()) {
    repeat(|| alone(&round));
}

/// Once, with the machine for itself.
#[cfg(unix)]
fn alone(round: impl Fn()) {
    let _all = MANY.write().unwrap_or_else(PoisonError::into_inner);
    round();
}

#[cfg(unix)]
fn repeat(round: impl Fn()) {
    let rounds = std::env::var("FLEET_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    for _ in 0..rounds {
        round();
    }
}

#[cfg(unix)]
static MANY: RwLock<()> = RwLock::new(());

/// A line of the table that `cargo xtask fleet` shows.
#[cfg(unix)]
fn figure(what: &str, figure: impl std::fmt::Display) {
    println!("FIGURE {what}: {figure}");
}
