#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod authenticator;
#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
pub mod blocking;
mod credentials;
mod environment;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
mod wire;

#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use auth_common::{Answer, Call, OneShot};
pub use auth_common::{
    BaseUrl, ConfigurationError, CoolDown, Failure, Invalidation, Snapshot, Token, TokenState,
    Transport, TransportBuilder, Vars,
};
#[cfg(any(feature = "reqwest-middleware", feature = "tower"))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "reqwest-middleware", feature = "tower")))
)]
pub use authenticator::Authorize;
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use authenticator::Authorized;
pub use authenticator::{Authenticator, Builder, ContaSimples, Error};
pub use credentials::Credentials;
pub use environment::Environment;
pub use wire::{ErrorDetail, ErrorResponse, TokenResponse};
