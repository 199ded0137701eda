//! For tests: a vendor's stand-in on a real socket, a transport without a network, and a clock moved by hand.
//!
//! Each vendor crate has, behind its own feature `testing`, a [`StandIn`] that plays its vendor as the vendor's
//! document has it. What such a role needs to say for itself is a [`Role`]; what the document says beyond that is a
//! [`Document`].

mod clock;
mod document;
#[cfg(feature = "store")]
mod memory_store;
mod message;
mod script;
mod stand_in;
#[cfg(feature = "store")]
pub mod store_contract;
mod wiretap;

pub use clock::ManualClock;
pub use document::Document;
#[cfg(feature = "store")]
pub use memory_store::{MemoryStore, StoreTrouble};
pub use message::{Request, Response};
pub use script::{Outage, Script};
pub use stand_in::{Issued, RequestKind, Role, StandIn, jwt};
pub use wiretap::Wiretap;
