#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod authenticator;
mod credentials;
mod environment;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
mod wire;

pub use auth_common::{
    BaseUrl, ConfigurationError, CoolDown, Failure, Invalidation, Snapshot, Token, TokenState,
    Transport, TransportBuilder, Vars,
};
pub use authenticator::{Authenticator, Builder, ContaSimples, Error};
pub use credentials::Credentials;
pub use environment::Environment;
pub use wire::{ErrorDetail, ErrorResponse, TokenResponse};
