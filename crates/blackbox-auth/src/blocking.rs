//! The same API without async, for scripts and threaded services.
//!
//! ```no_run
//! use blackbox_auth::blocking::Authenticator;
//!
//! let blackbox = Authenticator::from_env()?;
//! let authorization = blackbox.authorization()?;
//! # Ok::<(), blackbox_auth::Error>(())
//! ```

use crate::BlackBox;

/// Hands out the `Authorization` header for the BlackBox API, without async.
pub type Authenticator = auth_common::blocking::Authenticator<BlackBox>;
