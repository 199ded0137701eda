#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc = include_str!("../docs/life-of-a-token.md")]
pub mod life_of_a_token {}

#[doc = include_str!("../docs/performance.md")]
pub mod performance {}

mod authenticator;
#[cfg(any(feature = "reqwest-middleware", feature = "tower"))]
mod authorize;
mod base_url;
#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
pub mod blocking;
mod clock;
mod configuration;
mod endpoint;
mod error;
mod json;
mod jwt;
mod lifecycle;
mod lifetime;
mod observe;
mod redaction;
mod request;
mod retry;
mod snapshot;
mod source;
mod sync;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
mod token;
mod transport;

pub use authenticator::{Authenticator, Builder, CoolDown};
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use authorize::{Answer, Authorized, OneShot};
#[cfg(any(feature = "reqwest-middleware", feature = "tower"))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "reqwest-middleware", feature = "tower")))
)]
pub use authorize::{Authorize, Call};
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
