//! TLS by rustls, with ring or with aws-lc-rs.

use std::sync::Arc;

use reqwest::ClientBuilder;
#[cfg(not(feature = "rustls-ring"))]
use rustls::crypto::aws_lc_rs as cryptography;
#[cfg(feature = "rustls-ring")]
use rustls::crypto::ring as cryptography;
use rustls::{
    ClientConfig, Error, InconsistentKeys, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
        pem::PemObject,
    },
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};

use super::{
    bad_identity, no_roots,
    pem::{Form, Pair},
    refused,
    verifier::ServerVerifier,
};
use crate::{ConfigurationError, redaction};

/// What was set up for TLS; a copy is cheap.
pub(in crate::transport) struct Tls {
    config: ClientConfig,
    lack: Option<ConfigurationError>,
}

/// A certificate, and the key to sign with.
pub(in crate::transport) type Identity = Arc<CertifiedKey>;

impl Tls {
    /// The provider of cryptography is handed over, not installed for the whole process, so that it does not matter which
    /// others are compiled in.
    pub(in crate::transport) fn new(
        roots: &[Vec<u8>],
        identity: Option<&Identity>,
    ) -> Result<Self, ConfigurationError> {
        let failed = |error: Error| {
            let problem = redaction::one_line(&error.to_string());
            ConfigurationError::new("transport", format!("cannot be set up: {problem}"))
        };
        let roots: Vec<CertificateDer<'static>> = roots
            .iter()
            .flat_map(|pem| CertificateDer::pem_slice_iter(pem))
            .collect::<Result<_, _>>()
            .map_err(|_| refused(super::NOT_CERTIFICATES))?;
        let provider = provider();
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(failed)?;
        let (config, lack) = match ServerVerifier::new(roots.clone(), &provider) {
            Ok(verifier) => (
                config
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(verifier)),
                None,
            ),
            // It can still carry what goes without TLS.
            Err(_) if roots.is_empty() => (
                config.with_root_certificates(RootCertStore::empty()),
                Some(no_roots()),
            ),
            Err(error) => {
                let problem = redaction::one_line(&error.to_string());
                return Err(refused(&format!("cannot be used: {problem}")));
            }
        };
        let mut config = match identity {
            Some(identity) => {
                // The oldest rustls that is allowed takes no shared one.
                let CertifiedKey { cert, key, .. } = &**identity;
                let identity = CertifiedKey::new(cert.clone(), Arc::clone(key));
                let resolver = SingleCertAndKey::from(identity);
                config.with_client_cert_resolver(Arc::new(resolver))
            }
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config, lack })
    }

    pub(in crate::transport) fn configure(&self, client: ClientBuilder) -> ClientBuilder {
        client.tls_backend_preconfigured(self.config.clone())
    }

    #[cfg(feature = "__tls-connector")]
    pub(super) fn config_without_http(self) -> ClientConfig {
        let mut config = self.config;
        config.alpn_protocols.clear();
        config
    }

    /// Why no certificate of a server can be verified.
    pub(in crate::transport) fn lack(&self) -> Option<&ConfigurationError> {
        self.lack.as_ref()
    }
}

/// A client certificate and its private key in PEM. No copy of the key is left, other than the TLS library's.
pub(in crate::transport) fn identity(pem: &[u8]) -> Result<Identity, ConfigurationError> {
    let pair = Pair::read(pem)?;
    let der = pair.key.as_slice();
    let key: PrivateKeyDer<'_> = match pair.form {
        Form::Pkcs8 => PrivatePkcs8KeyDer::from(der).into(),
        Form::Pkcs1 => PrivatePkcs1KeyDer::from(der).into(),
        Form::Sec1 => PrivateSec1KeyDer::from(der).into(),
    };
    let key = cryptography::sign::any_supported_type(&key)
        .map_err(|_| bad_identity(super::UNUSABLE_KEY))?;
    let chain = pair.chain.into_iter().map(CertificateDer::from).collect();
    let identity = CertifiedKey::new(chain, key);
    match identity.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(Arc::new(identity)),
        Err(Error::InconsistentKeys(_)) => Err(bad_identity(super::FOREIGN_KEY)),
        Err(_) => Err(bad_identity(super::UNUSABLE_CERTIFICATE)),
    }
}

#[cfg(feature = "rustls-ring")]
fn provider() -> Arc<CryptoProvider> {
    Arc::new(cryptography::default_provider())
}

/// Where the program has chosen one for all, that one.
#[cfg(not(feature = "rustls-ring"))]
fn provider() -> Arc<CryptoProvider> {
    let chosen = CryptoProvider::get_default().map(Arc::clone);
    chosen.unwrap_or_else(|| Arc::new(cryptography::default_provider()))
}
