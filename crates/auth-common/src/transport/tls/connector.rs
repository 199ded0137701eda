//! TLS as the transport speaks it, for a connection that is not the vendor's: that of the crate `auth-store` to its server.
//! It names no type of a TLS library, so that either crate may take another version of one by itself.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::ConfigurationError;

/// Not for use outside this workspace.
#[derive(Clone)]
pub struct TlsConnector(backend::Connector);

impl TlsConnector {
    /// Trusts `roots`, each in PEM, beside the platform's own.
    ///
    /// # Errors
    ///
    /// When one of them is no certificate, none is trusted at all, or no feature brings TLS along.
    pub fn new(roots: &[Vec<u8>]) -> Result<Self, ConfigurationError> {
        for pem in roots {
            super::check(pem)?;
        }
        backend::Connector::new(roots).map(Self)
    }

    /// Speaks TLS on `stream` with the server of the name or address `host`.
    ///
    /// # Errors
    ///
    /// When the server does not, or its certificate is not accepted: the text says why, and may be shown.
    pub async fn connect<S>(
        &self,
        host: &str,
        stream: S,
    ) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<S>, String>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        self.0.connect(host, stream).await
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConnector")
    }
}

#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
mod backend {
    use std::sync::Arc;

    use rustls::{ClientConfig, pki_types::ServerName};
    use tokio::io::{AsyncRead, AsyncWrite};
    use tokio_rustls::client::TlsStream;

    use super::super::{Tls, certificate_problem, no_tls};
    use crate::{ConfigurationError, redaction::one_line};

    #[derive(Clone)]
    pub(super) struct Connector(Arc<ClientConfig>);

    impl Connector {
        pub(super) fn new(roots: &[Vec<u8>]) -> Result<Self, ConfigurationError> {
            let tls = Tls::new(roots, None)?;
            match tls.lack() {
                Some(lack) => Err(lack.clone()),
                None => Ok(Self(Arc::new(tls.config_without_http()))),
            }
        }

        pub(super) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
            &self,
            host: &str,
            stream: S,
        ) -> Result<TlsStream<S>, String> {
            let name = ServerName::try_from(host.to_owned());
            let name = name.map_err(|_| "the host is no name for TLS")?;
            let connector = tokio_rustls::TlsConnector::from(Arc::clone(&self.0));
            connector.connect(name, stream).await.map_err(|error| {
                certificate_problem(&error)
                    .or_else(|| no_tls(&error).map(Into::into))
                    .unwrap_or_else(|| one_line(&error.to_string()))
            })
        }
    }
}

#[cfg(not(any(feature = "rustls", feature = "rustls-ring")))]
mod backend {
    use tokio::io::{AsyncRead, AsyncWrite};

    use crate::ConfigurationError;

    #[derive(Clone)]
    pub(super) enum Connector {}

    impl Connector {
        pub(super) fn new(_: &[Vec<u8>]) -> Result<Self, ConfigurationError> {
            let rule = "needs a feature: `rustls` or `rustls-ring`";
            Err(ConfigurationError::new("TLS", rule))
        }

        pub(super) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
            &self,
            _: &str,
            _: S,
        ) -> Result<S, String> {
            match *self {}
        }
    }
}
