//! The same API without async, for scripts and threaded services.
//!
//! ```no_run
//! use directlink_auth::blocking::Authenticator;
//!
//! let directlink = Authenticator::from_env()?;
//! let authorization = directlink.authorization()?;
//! # Ok::<(), directlink_auth::Error>(())
//! ```

use crate::DirectLink;

/// Hands out the `Authorization` header for the DirectLink API, without async.
pub type Authenticator = auth_common::blocking::Authenticator<DirectLink>;
