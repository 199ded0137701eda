#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc = include_str!("../docs/life-of-a-token.md")]
pub mod life_of_a_token {}

#[doc = include_str!("../docs/error-texts.md")]
pub mod error_texts {}

#[cfg(all(feature = "store", feature = "testing"))]
#[doc = include_str!("../docs/fleet.md")]
pub mod a_token_for_a_fleet {}

#[doc = include_str!("../docs/performance.md")]
pub mod performance {}

#[cfg(test)]
extern crate self as auth_common;

mod answer;
mod authenticator;
#[cfg(any(feature = "reqwest-middleware", feature = "tower"))]
mod authorize;
mod base_url;
mod basic;
#[cfg(feature = "blocking")]
pub mod blocking;
mod cache;
#[cfg(all(
    test,
    unix,
    any(feature = "rustls", feature = "rustls-ring", feature = "testing")
))]
#[path = "../tests/plugs/child.rs"]
mod child;
mod clock;
mod configuration;
mod deadline;
mod election;
mod endpoint;
mod error;
mod failure;
mod flight;
mod grant;
mod invalidation;
mod json;
mod jwt;
mod keeper;
mod lifecycle;
mod lifetime;
mod observe;
mod odd_ends;
mod outcome;
mod presented;
mod redaction;
mod refresh;
mod request;
mod request_id;
mod retry;
mod runtime;
#[cfg(feature = "store")]
mod shared_flight;
mod snapshot;
mod source;
#[cfg(feature = "store")]
mod store;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod thread;
mod token;
mod transport;
mod vars;
mod vendor;

pub use authenticator::{Authenticator, Builder};
#[cfg(feature = "reqwest-middleware")]
pub use authorize::AuthorizeMiddleware;
#[cfg(any(feature = "reqwest-middleware", feature = "tower"))]
pub use authorize::AuthorizeRequest;
#[cfg(feature = "tower")]
pub use authorize::{Authorize, AuthorizeLayer, AuthorizeResponse, OneShot};
pub use base_url::BaseUrl;
pub use basic::BasicCredentials;
pub use configuration::{ConfigurationError, Credential};
pub use endpoint::{Refusal, TokenEndpoint};
pub use error::{Error, Failure};
pub use failure::ErrorKind;
pub use grant::Grant;
pub use invalidation::Invalidation;
pub use json::{InvalidBody, JsonObject};
pub use refresh::Refresh;
pub use request::TokenRequest;
pub use retry::Exchange;
#[cfg(feature = "store")]
pub use snapshot::StoreState;
pub use snapshot::{Snapshot, TokenState};
pub use source::{BoxError, CredentialsSource};
#[cfg(feature = "store")]
pub use store::{
    Incarnation, Loaded, Reading, RecordKey, Seen, Session, StoreError, StoreFuture, StoreKey,
    Swapped, TokenStore,
};
pub use token::Token;
pub use transport::{Transport, TransportBuilder};
pub use vars::Vars;
pub use vendor::VendorTypes;

/// What [`vendor!`] names in the crates that call it, and what `auth-store` shares.
#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "__tls-connector")]
    pub use crate::transport::tls::connector::TlsConnector;
    pub use http::HeaderValue;
    pub use secrecy::SecretString;
}
