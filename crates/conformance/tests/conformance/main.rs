//! What every vendor crate must survive, proven for all of them through their public API. `README.md` says which test
//! proves what.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod document;
mod faults;
mod formal;
#[cfg(target_os = "linux")]
mod heap;
mod input;
mod leaks;
mod plugs;
mod scenarios;
mod secrets;
mod server;
mod sources;
mod store;
mod table;
mod tls;
mod vendor;
