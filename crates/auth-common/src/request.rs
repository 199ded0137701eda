use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::{BasicCredentials, token::secret_header};

/// A request for a token, encoded to the last byte: always a `POST`, below the vendor's base URL.
///
/// The body and the `Authorization` header are wiped when it is dropped, and `Debug` shows neither.
///
/// ```
/// use auth_common::TokenRequest;
///
/// let request = TokenRequest::form(
///     "oauth/token",
///     &[("grant_type", "password"), ("password", "a&b=ç")],
/// );
/// assert_eq!(
///     request.body(),
///     b"grant_type=password&password=a%26b%3D%C3%A7"
/// );
/// ```
pub struct TokenRequest {
    path: String,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

impl TokenRequest {
    /// A body of `application/x-www-form-urlencoded`, with `fields` in this order. `path` is relative to the base URL.
    pub fn form(path: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        // One buffer, large enough from the start: growing would leave copies of a password behind.
        let longest = fields
            .iter()
            .map(|(name, value)| 3 * (name.len() + value.len()) + 2)
            .sum();
        let mut encoded = form_urlencoded::Serializer::new(String::with_capacity(longest));
        encoded.extend_pairs(fields);
        let body = Zeroizing::new(encoded.finish().into_bytes());
        Self::new(path.into(), "application/x-www-form-urlencoded", body)
    }

    /// A body of `application/json`: one object of texts, with `fields` in this order. `path` is relative to the base
    /// URL.
    pub fn json(path: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        // JSON writes a control character as six bytes, and no character as more.
        let longest = fields
            .iter()
            .map(|(name, value)| 6 * (name.len() + value.len()) + 6)
            .sum::<usize>()
            + 2;
        let mut body = Zeroizing::new(Vec::with_capacity(longest));
        body.push(b'{');
        for (name, value) in fields {
            if body.len() > 1 {
                body.push(b',');
            }
            append_json_text(&mut body, name);
            body.push(b':');
            append_json_text(&mut body, value);
        }
        body.push(b'}');
        Self::new(path.into(), "application/json", body)
    }

    /// Adds `Authorization: Basic` with these credentials.
    #[must_use]
    pub fn basic(mut self, credentials: &BasicCredentials) -> Self {
        // Base64 has no byte that a header cannot carry.
        if let Ok(value) = secret_header(&["Basic ", credentials.encoded()]) {
            self.headers.insert(header::AUTHORIZATION, value);
        }
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The path below the base URL, without a slash before it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The headers, without `Host`, `Content-Length` and `User-Agent`, which the transport adds.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body. It holds secrets.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn into_parts(self) -> (HeaderMap, Zeroizing<Vec<u8>>) {
        (self.headers, self.body)
    }

    fn new(path: String, content_type: &'static str, body: Zeroizing<Vec<u8>>) -> Self {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Self {
            path,
            headers,
            body,
        }
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenRequest")
    }
}

fn append_json_text(body: &mut Vec<u8>, text: &str) {
    // Writing a text to memory cannot fail.
    let _ = serde_json::to_writer(body, text);
}

#[cfg(test)]
mod tests;
