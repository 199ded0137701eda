//! TLS by the operating system's library.

use base64::{Engine, engine::general_purpose::STANDARD};
use native_tls::{Certificate, Protocol, TlsConnector};
use reqwest::ClientBuilder;
use zeroize::Zeroizing;

use super::{
    bad_identity,
    pem::{Form, Pair},
    refused,
};
use crate::{ConfigurationError, transport::innermost};

/// What was set up for TLS. It is made once: the library reads all of the platform's root certificates for each of its
/// connectors, which takes 40 ms and more where OpenSSL does.
pub(in crate::transport) struct Tls(TlsConnector);

/// A certificate and its key.
pub(in crate::transport) type Identity = native_tls::Identity;

impl Tls {
    pub(in crate::transport) fn new(
        roots: &[Vec<u8>],
        identity: Option<&Identity>,
    ) -> Result<Self, ConfigurationError> {
        let mut connector = TlsConnector::builder();
        connector
            .min_protocol_version(Some(Protocol::Tlsv12))
            .request_alpns(&["http/1.1"]);
        for pem in roots {
            for root in certificates(pem)? {
                connector.add_root_certificate(root);
            }
        }
        if let Some(identity) = identity {
            connector.identity(identity.clone());
        }
        connector.build().map(Self).map_err(|error| {
            let problem = innermost(&error);
            ConfigurationError::new("transport", format!("cannot be set up: {problem}"))
        })
    }

    pub(in crate::transport) fn configure(&self, client: ClientBuilder) -> ClientBuilder {
        client.tls_backend_preconfigured(self.0.clone())
    }

    /// The library does not tell before the first handshake.
    pub(in crate::transport) fn lack(&self) -> Option<&ConfigurationError> {
        None
    }
}

pub(super) fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, ConfigurationError> {
    match Certificate::stack_from_pem(pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(refused(super::NOT_CERTIFICATES)),
    }
}

/// A client certificate and its private key in PEM. No copy of the key is left, other than the TLS library's.
pub(in crate::transport) fn identity(pem: &[u8]) -> Result<Identity, ConfigurationError> {
    let pair = Pair::read(pem)?;
    let mut chain = Vec::new();
    for certificate in &pair.chain {
        Certificate::from_der(certificate)
            .map_err(|_| bad_identity(super::UNUSABLE_CERTIFICATE))?;
        chain.extend_from_slice(&in_pem("CERTIFICATE", certificate));
    }
    let key = pkcs8(&pair).ok_or_else(|| bad_identity(super::UNUSABLE_KEY))?;
    let identity = Identity::from_pkcs8(&chain, &in_pem("PRIVATE KEY", &key))
        .map_err(|_| bad_identity(super::UNUSABLE_KEY))?;
    // Only then does the library look whether the two belong together.
    let trial = TlsConnector::builder()
        .disable_built_in_roots(true)
        .identity(identity.clone())
        .build();
    match trial {
        Ok(_) => Ok(identity),
        Err(_) => Err(bad_identity(super::FOREIGN_KEY)),
    }
}

/// The key as the library wants it: in PKCS#8 (RFC 5208), which wraps the other two. `None` where it is neither.
fn pkcs8(pair: &Pair) -> Option<Zeroizing<Vec<u8>>> {
    let algorithm = match pair.form {
        Form::Pkcs8 => return Some(pair.key.clone()),
        Form::Pkcs1 => der(SEQUENCE, &[RSA_ENCRYPTION, NULL]),
        Form::Sec1 => der(SEQUENCE, &[EC_PUBLIC_KEY, curve(&pair.key)?]),
    };
    let key = der(OCTET_STRING, &[&pair.key]);
    Some(der(SEQUENCE, &[VERSION_0, &algorithm, &key]))
}

/// The curve that an `ECPrivateKey` names (RFC 5915): the field after its version and the key itself.
fn curve(key: &[u8]) -> Option<&[u8]> {
    let (SEQUENCE, fields, _) = element(key)? else {
        return None;
    };
    let (_, _, fields) = element(fields)?;
    let (_, _, fields) = element(fields)?;
    match element(fields)? {
        (PARAMETERS, curve, _) => Some(curve),
        _ => None,
    }
}

/// The first element of some DER: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81 => rest
            .split_first()
            .map(|(&length, rest)| (usize::from(length), rest))?,
        0x82 => rest
            .split_first_chunk::<2>()
            .map(|(length, rest)| (usize::from(u16::from_be_bytes(*length)), rest))?,
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn der(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut der = Zeroizing::new(Vec::with_capacity(length + 2 + size_of::<usize>()));
    der.push(tag);
    let bytes = length.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant: Vec<u8> = bytes.into_iter().skip(zeros).collect();
    if length >= 0x80 {
        der.push(0x80 | significant.len() as u8);
    } else if length == 0 {
        der.push(0);
    }
    der.extend_from_slice(&significant);
    for part in parts {
        der.extend_from_slice(part);
    }
    der
}

fn in_pem(label: &str, der: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = der.len().div_ceil(3) * 4;
    let mut base64 = Zeroizing::new(vec![0; length]);
    // It is just long enough.
    let _ = STANDARD.encode_slice(der, &mut base64);
    let lines = length.div_ceil(LINE);
    let mut pem = Zeroizing::new(Vec::with_capacity(length + lines + 2 * (label.len() + 20)));
    pem.extend_from_slice(format!("-----BEGIN {label}-----\n").as_bytes());
    for line in base64.chunks(LINE) {
        pem.extend_from_slice(line);
        pem.push(b'\n');
    }
    pem.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    pem
}

const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;
/// The context's tag 0, around an element.
const PARAMETERS: u8 = 0xa0;
const VERSION_0: &[u8] = &[0x02, 0x01, 0x00];
const NULL: &[u8] = &[0x05, 0x00];
/// 1.2.840.113549.1.1.1
const RSA_ENCRYPTION: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
/// 1.2.840.10045.2.1
const EC_PUBLIC_KEY: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01";
/// RFC 7468 §2.
const LINE: usize = 64;
