//! What users plug in, against a stand-in on a real socket: the middleware, the layer, the blocking side, the settings
//! of the transport; and what the feature `tracing` tells.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod alone;
mod authorize;
mod blocking;
#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod forks;
mod loopback;
mod plug;
mod runtimes;
mod settings;
#[cfg(target_os = "linux")]
mod threads;
mod tracing;
mod vendor;
