//! What every vendor crate must survive, proven for all of them through their public API. `README.md` says which test
//! proves what.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod faults;
mod input;
mod leaks;
mod server;
mod tls;
mod vendors;
