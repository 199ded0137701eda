//! The same API without async, for scripts and threaded services.
//!
//! ```no_run
//! use contasimples_auth::blocking::Authenticator;
//!
//! let contasimples = Authenticator::from_env()?;
//! let authorization = contasimples.authorization()?;
//! # Ok::<(), contasimples_auth::Error>(())
//! ```

use crate::ContaSimples;

/// Hands out the `Authorization` header for the Conta Simples API, without async.
pub type Authenticator = auth_common::blocking::Authenticator<ContaSimples>;
