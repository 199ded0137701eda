//! For tests: a clock moved by hand, a transport without a network, and the frame of the vendors' stand-ins.

mod clock;
mod script;

pub use clock::ManualClock;
pub use script::{Call, Reply, Script};
