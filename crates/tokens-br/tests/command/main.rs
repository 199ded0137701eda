//! The command, run as a process against stand-ins and the store of a user of its own.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod arguments;
mod check;
mod exec;
mod forget;
mod header;
mod readme;
mod scene;
mod server;
mod snapshot;
mod terminal;
mod trouble;
