use std::fmt;

use http::header;
use secrecy::{ExposeSecret, SecretString};

use crate::{Grant, InvalidBody, JsonObject, TokenRequest};

/// What a vendor can do with a refresh token: where it is presented, under which field, what else goes with it, and
/// whether another takes its place.
///
/// One value says it all: the crate's endpoint, its stand-in and the tests of all vendors read the same, and fail where
/// they do not agree.
///
/// ```
/// use auth_common::{Grant, InvalidBody, JsonObject, Refresh};
///
/// // RFC 6749 §6, at the address of the login.
/// const REFRESH: Refresh =
///     Refresh::form("oauth/token", "refresh_token", read)
///         .with_field("grant_type", "refresh_token")
///         .rotating();
///
/// fn read(body: &JsonObject<'_>) -> Result<Grant, InvalidBody> {
///     let grant = Grant::new(body.token("access_token")?, body.expires_in()?);
///     Ok(grant.with_refresh_token(body.optional_token("refresh_token")?))
/// }
///
/// assert_eq!(
///     (REFRESH.path(), REFRESH.field()),
///     ("oauth/token", "refresh_token")
/// );
/// assert!(REFRESH.rotates());
/// ```
#[derive(Clone, Copy)]
pub struct Refresh {
    path: &'static str,
    field: &'static str,
    encoding: Encoding,
    constant: Option<(&'static str, &'static str)>,
    authorized: bool,
    rotates: bool,
    read: Read,
}

type Read = fn(&JsonObject<'_>) -> Result<Grant, InvalidBody>;

#[derive(Debug, Clone, Copy)]
enum Encoding {
    Form,
    Json,
}

impl Refresh {
    /// A refresh token is posted to `path`, relative to the base URL, as `field` of a form; `read` decodes a success.
    pub const fn form(path: &'static str, field: &'static str, read: Read) -> Self {
        Self::new(path, field, Encoding::Form, read)
    }

    /// A refresh token is posted to `path`, relative to the base URL, as `field` of a JSON object; `read` decodes a
    /// success.
    pub const fn json(path: &'static str, field: &'static str, read: Read) -> Self {
        Self::new(path, field, Encoding::Json, read)
    }

    /// Puts a field with this value before that of the refresh token, such as `grant_type`.
    #[must_use]
    pub const fn with_field(mut self, name: &'static str, value: &'static str) -> Self {
        self.constant = Some((name, value));
        self
    }

    /// The `Authorization` header of the login goes with the refresh token, as for a client with a secret.
    #[must_use]
    pub const fn with_authorization(mut self) -> Self {
        self.authorized = true;
        self
    }

    /// The vendor may hand out another refresh token with each exchange; from then on the one before is worthless.
    #[must_use]
    pub const fn rotating(mut self) -> Self {
        self.rotates = true;
        self
    }

    /// Where a refresh token is presented, relative to the base URL.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// The field that carries it.
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// Whether another may take its place.
    pub const fn rotates(&self) -> bool {
        self.rotates
    }

    /// Whether the header of the login goes with it.
    pub(crate) const fn is_authorized(&self) -> bool {
        self.authorized
    }

    /// Encodes the exchange. `login` is the login that would take its place.
    pub(crate) fn request(
        &self,
        refresh_token: &SecretString,
        login: Option<TokenRequest>,
    ) -> TokenRequest {
        let mut fields = Vec::with_capacity(2);
        fields.extend(self.constant);
        fields.push((self.field, refresh_token.expose_secret()));
        let request = match self.encoding {
            Encoding::Form => TokenRequest::form(self.path, &fields),
            Encoding::Json => TokenRequest::json(self.path, &fields),
        };
        let login = login.filter(|_| self.authorized);
        let authorization =
            login.and_then(|login| login.into_parts().0.remove(header::AUTHORIZATION));
        match authorization {
            Some(authorization) => request.header(header::AUTHORIZATION, authorization),
            None => request,
        }
    }

    /// Decodes the answer.
    pub(crate) fn read(&self, body: &JsonObject<'_>) -> Result<Grant, InvalidBody> {
        (self.read)(body)
    }

    const fn new(path: &'static str, field: &'static str, encoding: Encoding, read: Read) -> Self {
        Self {
            path,
            field,
            encoding,
            constant: None,
            authorized: false,
            rotates: false,
            read,
        }
    }
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresh")
            .field("path", &self.path)
            .field("field", &self.field)
            .field("rotates", &self.rotates)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
