use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

/// An access token that was handed out: the `Authorization` header that carries it, and how long it is good for.
///
/// Keep it as long as the call that it is for, so that [`Authenticator::invalidate`](crate::Authenticator::invalidate)
/// can tell which token was refused. Clones share one buffer, which is wiped when the last of them is dropped, together
/// with every [`HeaderValue`] that came from it.
#[derive(Clone)]
pub struct Token {
    authorization: HeaderValue,
    expires_at: DateTime<Utc>,
    generation: u64,
}

impl Token {
    pub(crate) fn new(
        authorization: HeaderValue,
        expires_at: DateTime<Utc>,
        generation: u64,
    ) -> Self {
        Self {
            authorization,
            expires_at,
            generation,
        }
    }

    /// The header that carries `access_token`.
    pub(crate) fn header(
        access_token: &SecretString,
    ) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
        secret_header(&[SCHEME, access_token.expose_secret()])
    }

    /// The value of the `Authorization` header ([RFC 6750 §2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)):
    /// `Bearer`, a space, and the token. It is marked sensitive.
    #[inline]
    pub fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }

    /// When the token expires (UTC), counted from before it was asked for.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// The token itself, without `Bearer`. The name is a reminder to whoever reads the call.
    pub fn expose_secret(&self) -> &str {
        self.authorization
            .to_str()
            .ok()
            .and_then(|value| value.strip_prefix(SCHEME))
            .unwrap_or_default()
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A sensitive header value made of `parts`, in one buffer that is wiped when its last clone is dropped.
pub(crate) fn secret_header(
    parts: &[&str],
) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let mut value = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        value.extend_from_slice(part.as_bytes());
    }
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(Wiped(value.into())))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What [`Bytes`] keeps alive, and drops with its last clone.
struct Wiped(SecretSlice<u8>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

const SCHEME: &str = "Bearer ";

#[cfg(test)]
mod tests;
