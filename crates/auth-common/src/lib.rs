#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc = include_str!("../docs/life-of-a-token.md")]
pub mod life_of_a_token {}

mod authenticator;
mod base_url;
mod clock;
mod configuration;
mod endpoint;
mod error;
mod json;
mod lifecycle;
mod lifetime;
mod request;
mod retry;
mod snapshot;
mod source;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
mod token;
mod transport;

pub use authenticator::{Authenticator, Builder, CoolDown};
pub use base_url::BaseUrl;
pub use configuration::{ConfigurationError, Credential, Vars};
pub use endpoint::{Grant, RefreshTokenEndpoint, Refusal, TokenEndpoint};
pub use error::{Error, Failure};
pub use json::{InvalidBody, JsonObject};
pub use lifecycle::Invalidation;
pub use request::TokenRequest;
pub use snapshot::{Snapshot, TokenState};
pub use token::Token;
pub use transport::{Transport, TransportBuilder};
