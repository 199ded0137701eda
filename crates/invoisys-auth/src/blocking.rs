//! The same API without async, for scripts and threaded services.
//!
//! ```no_run
//! use invoisys_auth::blocking::Authenticator;
//!
//! let invoisys = Authenticator::from_env()?;
//! let authorization = invoisys.authorization()?;
//! # Ok::<(), invoisys_auth::Error>(())
//! ```

use crate::Invoisys;

/// Hands out the `Authorization` header for the Invoisys API, without async.
pub type Authenticator = auth_common::blocking::Authenticator<Invoisys>;
