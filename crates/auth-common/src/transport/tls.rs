//! TLS by the library that the features name: ring before aws-lc-rs before the operating system's.

use std::{error::Error as StdError, io, iter};

use crate::{ConfigurationError, redaction};
use problem::Problem;

#[cfg(feature = "__tls-connector")]
pub(crate) mod connector;
mod problem;
#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
mod verifier;

#[cfg(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls"))]
mod pem;
#[cfg(all(
    feature = "native-tls",
    not(any(feature = "rustls", feature = "rustls-ring"))
))]
mod with_native_tls;
#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
mod with_rustls;
#[cfg(not(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls")))]
mod without;

#[cfg(all(
    feature = "native-tls",
    not(any(feature = "rustls", feature = "rustls-ring"))
))]
use with_native_tls as backend;
#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
use with_rustls as backend;
#[cfg(not(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls")))]
use without as backend;

pub(super) use backend::{Identity, Tls, identity};

/// Checks certificates in PEM.
#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
pub(super) fn check(pem: &[u8]) -> Result<(), ConfigurationError> {
    match reqwest::Certificate::from_pem_bundle(pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(()),
        _ => Err(refused(NOT_CERTIFICATES)),
    }
}

#[cfg(all(
    feature = "native-tls",
    not(any(feature = "rustls", feature = "rustls-ring"))
))]
pub(super) fn check(pem: &[u8]) -> Result<(), ConfigurationError> {
    with_native_tls::certificates(pem).map(drop)
}

#[cfg(not(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls")))]
pub(super) fn check(_: &[u8]) -> Result<(), ConfigurationError> {
    Err(refused("needs a feature for TLS, such as `rustls`"))
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

fn bad_identity(rule: &str) -> ConfigurationError {
    ConfigurationError::new("client certificate", rule)
}

/// The machine has none to verify a server's certificate by.
#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
fn no_roots() -> ConfigurationError {
    ConfigurationError::new(
        "root certificates",
        "are missing on this machine: install its package `ca-certificates`, let SSL_CERT_FILE name a file that holds \
         some, or give your own",
    )
}

#[cfg(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls"))]
const NOT_CERTIFICATES: &str = "must be one or more certificates in PEM";
#[cfg(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls"))]
const UNUSABLE_CERTIFICATE: &str = "holds a certificate that cannot be read";
#[cfg(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls"))]
const UNUSABLE_KEY: &str =
    "holds a private key that cannot be used: PKCS#8, PKCS#1 and SEC1 are understood";
#[cfg(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls"))]
const FOREIGN_KEY: &str = "holds a private key that is not that of its first certificate";
