//! What asking for a token costs, each time beside the same by hand in the same run.
//!
//! `cargo xtask bench` measures everything and prints one table against the [`budgets`]; `cargo bench` looks closer at
//! the cached header and the cold login. Every figure is one of DirectLink's crate, which has nothing that the others
//! lack, in a build without the feature `testing`; but what it costs to read a refusal is measured with ZapSign's, which
//! has the most to search it for.

pub mod budgets;
pub mod cached;
pub mod callers;
pub mod chart;
pub mod cold_login;
pub mod command;
pub mod crowd;
pub mod instructions;
#[cfg(feature = "peers")]
pub mod peers;
pub mod refusals;
pub mod renewal;
pub mod rounds;
pub mod server;
pub mod start;
pub mod store;
pub mod table;
pub mod tenants;
pub mod weight;

/// The outcome of a measurement: it fails where a vendor, a tool or a file fails it.
pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;
