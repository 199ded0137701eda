//! TLS by the library that the features name: ring before aws-lc-rs before the operating system's.

use std::{error::Error as StdError, io, iter};

use reqwest::ClientBuilder;

use crate::{ConfigurationError, redaction};
use problem::Problem;

mod problem;
#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
mod verifier;

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
#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
pub(super) fn configure(
    client: ClientBuilder,
    roots: &[Vec<u8>],
) -> Result<ClientBuilder, ConfigurationError> {
    use std::sync::Arc;

    use rustls::{
        ClientConfig,
        pki_types::{CertificateDer, pem::PemObject},
        version::{TLS12, TLS13},
    };

    let roots: Vec<CertificateDer<'static>> = roots
        .iter()
        .flat_map(|pem| CertificateDer::pem_slice_iter(pem))
        .collect::<Result<_, _>>()
        .map_err(|_| refused("must be one or more certificates in PEM"))?;
    let failed = |error: rustls::Error| {
        ConfigurationError::new("transport", format!("cannot be set up: {error}"))
    };
    let provider = provider();
    let verifier = verifier::ServerVerifier::new(roots, &provider).map_err(failed)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(client.tls_backend_preconfigured(config))
}

#[cfg(feature = "rustls-ring")]
fn provider() -> std::sync::Arc<rustls::crypto::CryptoProvider> {
    rustls::crypto::ring::default_provider().into()
}

/// That of the program, where it has chosen one.
#[cfg(all(feature = "rustls", not(feature = "rustls-ring")))]
fn provider() -> std::sync::Arc<rustls::crypto::CryptoProvider> {
    use rustls::crypto::{CryptoProvider, aws_lc_rs};

    CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| aws_lc_rs::default_provider().into())
}

#[cfg(all(
    feature = "native-tls",
    not(any(feature = "rustls", feature = "rustls-ring"))
))]
pub(super) fn configure(
    client: ClientBuilder,
    roots: &[Vec<u8>],
) -> Result<ClientBuilder, ConfigurationError> {
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

/// Why the server's certificate is not accepted, and what to do, where that is the trouble. The TLS library's own reason is
/// at the end.
pub(super) fn certificate_problem(error: &(dyn StdError + 'static)) -> Option<String> {
    let (problem, reason) = find(error)?;
    let reason = redaction::one_line(&reason);
    Some(match problem.advice() {
        "" => reason,
        advice => format!("{advice} ({reason})"),
    })
}

#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
fn find(error: &(dyn StdError + 'static)) -> Option<(Problem, String)> {
    chain(error).find_map(|error| Problem::of_rustls(error.downcast_ref()?))
}

/// Without rustls there is no type to ask, only a text or a code: the outermost that has something to say, as the libraries
/// put the reason there.
#[cfg(not(any(feature = "rustls", feature = "rustls-ring")))]
fn find(error: &(dyn StdError + 'static)) -> Option<(Problem, String)> {
    let told = |known: fn(&Problem) -> bool| {
        chain(error).find_map(|error| {
            let text = error.to_string();
            let code = error.downcast_ref::<io::Error>();
            let code = code.and_then(io::Error::raw_os_error);
            let problem = code
                .and_then(Problem::of_windows_code)
                .or_else(|| Problem::of_text(&text))?;
            known(&problem).then_some((problem, text))
        })
    };
    told(|problem| *problem != Problem::Other).or_else(|| told(|_| true))
}

/// Whether plain HTTP, or whatever else is no TLS, came where TLS should be.
#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
pub(super) fn no_tls(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    let mut found = chain(error).filter_map(|error| error.downcast_ref());
    found
        .any(|error| matches!(error, rustls::Error::InvalidMessage(_)))
        .then_some(NO_TLS)
}

#[cfg(not(any(feature = "rustls", feature = "rustls-ring")))]
pub(super) fn no_tls(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    // As OpenSSL has it.
    let mut found = chain(error).map(ToString::to_string);
    found
        .any(|text| text.contains("wrong version number"))
        .then_some(NO_TLS)
}

const NO_TLS: &str = "what answers there does not speak TLS";

/// An error and what it comes from. An I/O error leaves out of its sources the very error that it wraps, and one may wrap
/// another.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(Some(error), |error| {
        match error.downcast_ref::<io::Error>() {
            Some(wrapper) => wrapper.get_ref().map(|wrapped| wrapped as &dyn StdError),
            None => (*error).source(),
        }
    })
}

fn refused(rule: &str) -> ConfigurationError {
    ConfigurationError::new("root certificate", rule)
}
