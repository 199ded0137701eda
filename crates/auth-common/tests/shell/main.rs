//! The asynchronous shell, driven through the public API of [`auth_common::Authenticator`]: a scripted vendor, a clock
//! moved by hand, and paused time, or real runtimes where runtimes are the matter.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod addresses;
mod cool_downs;
mod crowds;
#[cfg(feature = "store")]
mod fleet;
mod invalidation;
mod kept_ready;
mod one_flight;
mod refresh_tokens;
mod retries;
mod runtimes;
mod scene;
mod serving;
mod sources;
mod vendor;
