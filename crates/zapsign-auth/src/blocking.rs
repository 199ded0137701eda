//! The same API without async, for scripts and threaded services.
//!
//! ```no_run
//! use zapsign_auth::blocking::Authenticator;
//!
//! let zapsign = Authenticator::from_env()?;
//! let authorization = zapsign.authorization()?;
//! # Ok::<(), zapsign_auth::Error>(())
//! ```

use crate::ZapSign;

/// Hands out the `Authorization` header for the ZapSign API, without async.
pub type Authenticator = auth_common::blocking::Authenticator<ZapSign>;
