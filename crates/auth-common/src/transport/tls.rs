//! TLS by the library that the features name: ring before aws-lc-rs before the operating system's.

use std::error::Error as StdError;

use reqwest::ClientBuilder;

use crate::ConfigurationError;

/// Checks certificates in PEM.
#[cfg(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls"))]
pub(super) fn check(pem: &[u8]) -> Result<(), ConfigurationError> {
    match reqwest::Certificate::from_pem_bundle(pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(()),
        _ => Err(refused("must be one or more certificates in PEM")),
    }
}

#[cfg(not(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls")))]
pub(super) fn check(_: &[u8]) -> Result<(), ConfigurationError> {
    Err(refused("needs a feature for TLS, such as `rustls`"))
}

/// Sets everything that concerns TLS. `roots` are trusted beside the platform's own.
///
/// The provider of cryptography is handed over, not installed for the whole process, so that it does not matter which
/// others are compiled in.
#[cfg(feature = "rustls-ring")]
pub(super) fn configure(
    client: ClientBuilder,
    roots: &[Vec<u8>],
) -> Result<ClientBuilder, ConfigurationError> {
    use std::sync::Arc;

    use rustls::{
        ClientConfig,
        crypto::ring,
        pki_types::{CertificateDer, pem::PemObject},
        version::{TLS12, TLS13},
    };
    use rustls_platform_verifier::Verifier;

    let roots: Vec<CertificateDer<'static>> = roots
        .iter()
        .flat_map(|pem| CertificateDer::pem_slice_iter(pem))
        .collect::<Result<_, _>>()
        .map_err(|_| refused("must be one or more certificates in PEM"))?;
    let provider = Arc::new(ring::default_provider());
    let verifier = if roots.is_empty() {
        Verifier::new(Arc::clone(&provider))
    } else {
        Verifier::new_with_extra_roots(roots, Arc::clone(&provider))
    };
    let failed = |error: rustls::Error| {
        ConfigurationError::new("transport", format!("cannot be set up: {error}"))
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier.map_err(failed)?))
        .with_no_client_auth();
    Ok(client.tls_backend_preconfigured(config))
}

#[cfg(all(
    any(feature = "rustls", feature = "native-tls"),
    not(feature = "rustls-ring")
))]
pub(super) fn configure(
    client: ClientBuilder,
    roots: &[Vec<u8>],
) -> Result<ClientBuilder, ConfigurationError> {
    #[cfg(feature = "rustls")]
    let client = client.tls_backend_rustls();
    #[cfg(not(feature = "rustls"))]
    let client = client.tls_backend_native();
    let client = client.tls_version_min(reqwest::tls::Version::TLS_1_2);
    if roots.is_empty() {
        return Ok(client);
    }
    let roots: Vec<Vec<reqwest::Certificate>> = roots
        .iter()
        .map(|pem| reqwest::Certificate::from_pem_bundle(pem))
        .collect::<Result<_, _>>()
        .map_err(|_| refused("must be one or more certificates in PEM"))?;
    Ok(client.tls_certs_merge(roots.into_iter().flatten()))
}

#[cfg(not(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls")))]
pub(super) fn configure(
    client: ClientBuilder,
    _: &[Vec<u8>],
) -> Result<ClientBuilder, ConfigurationError> {
    Ok(client)
}

/// What the TLS library dislikes about the server's certificate, where that is the trouble.
#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
pub(super) fn certificate_problem(error: &(dyn StdError + 'static)) -> Option<String> {
    use rustls::{CertificateError, Error};

    let mut error = Some(error);
    while let Some(current) = error {
        if let Some(Error::InvalidCertificate(problem)) = current.downcast_ref() {
            let clock = match problem {
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => CHECK_THE_CLOCK,
                _ => "",
            };
            let problem = crate::redaction::one_line(&problem.to_string());
            return Some(problem + clock);
        }
        // An I/O error leaves out of its sources the very error that it wraps, and one may wrap another.
        error = match current.downcast_ref::<std::io::Error>() {
            Some(wrapper) => wrapper.get_ref().map(|wrapped| wrapped as &dyn StdError),
            None => current.source(),
        };
    }
    None
}

/// Without rustls there is no type to ask, only a text: every TLS library names the certificate in it.
#[cfg(not(any(feature = "rustls", feature = "rustls-ring")))]
pub(super) fn certificate_problem(error: &(dyn StdError + 'static)) -> Option<String> {
    let problem = super::innermost(error);
    problem
        .to_ascii_lowercase()
        .contains("certificate")
        .then(|| problem + CHECK_THE_CLOCK)
}

fn refused(rule: &str) -> ConfigurationError {
    ConfigurationError::new("root certificate", rule)
}

const CHECK_THE_CLOCK: &str = "; check the clock of this machine as well";
