//! A client certificate in PEM, taken apart without leaving a copy of its key behind: the TLS libraries' own readers wipe
//! nothing.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::bad_identity;
use crate::ConfigurationError;

/// A certificate with those that lead from it to an authority, and its private key, all in DER.
pub(super) struct Pair {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) form: Form,
    pub(super) key: Zeroizing<Vec<u8>>,
}

/// How a private key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Pkcs8,
    /// RSA alone.
    Pkcs1,
    /// Elliptic curves alone.
    Sec1,
}

impl Pair {
    pub(super) fn read(pem: &[u8]) -> Result<Self, ConfigurationError> {
        let mut chain = Vec::new();
        let mut keys = Vec::new();
        for section in sections(pem)? {
            let form = match section.label {
                "CERTIFICATE" => {
                    chain.push(section.der()?.to_vec());
                    continue;
                }
                "PRIVATE KEY" => Form::Pkcs8,
                "RSA PRIVATE KEY" => Form::Pkcs1,
                "EC PRIVATE KEY" => Form::Sec1,
                "ENCRYPTED PRIVATE KEY" => return Err(bad_identity(ENCRYPTED)),
                // Such as EC PARAMETERS, which OpenSSL writes before a key.
                _ => continue,
            };
            keys.push((form, section.der()?));
        }
        if chain.is_empty() {
            return Err(bad_identity("must hold a certificate in PEM"));
        }
        match keys.pop() {
            None => Err(bad_identity(
                "must hold the private key of the certificate as well, in PEM",
            )),
            Some(_) if !keys.is_empty() => Err(bad_identity("must hold one private key only")),
            Some((form, key)) => Ok(Self { chain, form, key }),
        }
    }
}

struct Section<'a> {
    label: &'a str,
    lines: Vec<&'a str>,
}

impl Section<'_> {
    fn der(&self) -> Result<Zeroizing<Vec<u8>>, ConfigurationError> {
        if self.lines.iter().any(|line| line.contains("ENCRYPTED")) {
            return Err(bad_identity(ENCRYPTED));
        }
        let length = self.lines.iter().map(|line| line.len()).sum();
        let mut base64 = Zeroizing::new(Vec::with_capacity(length));
        for line in &self.lines {
            base64.extend_from_slice(line.as_bytes());
        }
        let mut der = Zeroizing::new(vec![0; base64::decoded_len_estimate(length)]);
        let length = STANDARD
            .decode_slice(&base64, &mut der)
            .map_err(|_| bad_identity(NOT_PEM))?;
        der.truncate(length);
        Ok(der)
    }
}

/// Whatever stands between sections is for people.
fn sections(pem: &[u8]) -> Result<Vec<Section<'_>>, ConfigurationError> {
    let text = str::from_utf8(pem).map_err(|_| bad_identity(NOT_PEM))?;
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut open = false;
    for line in text.lines().map(str::trim) {
        let between = |prefix| line.strip_prefix(prefix)?.strip_suffix("-----");
        if let Some(label) = between("-----BEGIN ") {
            let lines = Vec::new();
            sections.push(Section { label, lines });
            open = true;
        } else if let Some(section) = sections.last_mut().filter(|_| open) {
            match between("-----END ") {
                Some(label) if label == section.label => open = false,
                Some(_) => return Err(bad_identity(NOT_PEM)),
                None => section.lines.push(line),
            }
        }
    }
    if open {
        return Err(bad_identity(NOT_PEM));
    }
    Ok(sections)
}

const ENCRYPTED: &str =
    "must hold a private key without a passphrase: `openssl pkey -in key.pem` takes it off";
const NOT_PEM: &str = "must be a certificate and its private key in PEM, each of them whole";

#[cfg(test)]
mod tests;
