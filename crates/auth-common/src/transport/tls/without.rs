//! No TLS: plain HTTP, to a loopback address or where a user asks for it.

use reqwest::ClientBuilder;

use super::bad_identity;
use crate::ConfigurationError;

/// Nothing to be set up.
pub(in crate::transport) struct Tls;

/// There is none.
pub(in crate::transport) type Identity = std::convert::Infallible;

impl Tls {
    pub(in crate::transport) fn new(
        _: &[Vec<u8>],
        _: Option<&Identity>,
    ) -> Result<Self, ConfigurationError> {
        Ok(Self)
    }

    pub(in crate::transport) fn configure(&self, client: ClientBuilder) -> ClientBuilder {
        client
    }

    pub(in crate::transport) fn lack(&self) -> Option<&ConfigurationError> {
        None
    }
}

pub(in crate::transport) fn identity(_: &[u8]) -> Result<Identity, ConfigurationError> {
    Err(bad_identity("needs a feature for TLS, such as `rustls`"))
}
