//! The locks of the shell: the standard library's, or in their place those of the model checker in `model/`, which has
//! to see them.

#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard};
