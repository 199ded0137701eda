//! For tests: a vendor's stand-in on a real socket, a transport without a network, and a clock moved by hand.
//!
//! Each vendor crate has, behind its own feature `testing`, a [`StandIn`] that plays its vendor as the vendor's
//! document has it. What such a role needs to say for itself is a [`Role`].

mod clock;
mod script;
mod stand_in;
mod wiretap;

pub use clock::ManualClock;
pub use script::{Call, Reply, Script};
pub use stand_in::{Exchange, Issued, Received, Response, Role, StandIn, TokenCall, jwt};
pub use wiretap::Wiretap;
