use std::{fmt, time::Duration};

use http::StatusCode;
use secrecy::SecretString;

use crate::{BaseUrl, ConfigurationError, InvalidBody, JsonObject, TokenRequest, Vars};

/// One vendor's token endpoint: how a request is written, and how an answer is read. Pure: no I/O, no clock, no retry.
///
/// A vendor crate implements this for one type and gets its [`Authenticator`](crate::Authenticator) from it.
pub trait TokenEndpoint: Sized + Send + Sync + 'static {
    /// Which of the vendor's systems is asked: its environments, or a [`BaseUrl`].
    type Environment;
    /// What the vendor wants to know before it hands out a token.
    type Credentials;
    /// A success, in the vendor's own fields.
    type TokenResponse: Into<Grant> + Send;
    /// A refusal, in the vendor's own fields. Its `Display` is the vendor's words for people, on one line.
    type ErrorResponse: fmt::Display + fmt::Debug + Send + Sync + 'static;
    /// The answer to a refresh token. [`Infallible`](std::convert::Infallible) where the vendor has none.
    type RefreshResponse: Into<Grant> + Send;

    /// The vendor's name, as people write it.
    const VENDOR: &'static str;
    /// The crate and its version, for the `User-Agent` header.
    const USER_AGENT: &'static str;
    /// How long a token lives, as documented, for when an answer does not say.
    const FALLBACK_LIFETIME: Duration;

    /// The endpoint of `environment`, asked with `credentials`.
    ///
    /// # Errors
    ///
    /// When the two do not go together.
    fn new(
        environment: Self::Environment,
        credentials: Self::Credentials,
    ) -> Result<Self, ConfigurationError>;

    /// The endpoint that the environment variables describe.
    ///
    /// # Errors
    ///
    /// When a variable is missing or its value is refused; the error names it.
    fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError>;

    /// The address that requests go to.
    fn base_url(&self) -> &BaseUrl;

    /// Every secret and personal datum in the credentials. Where the vendor repeats one, it is not shown.
    fn secrets(&self) -> Vec<&str>;

    /// Encodes a login.
    fn token_request(&self) -> TokenRequest;

    /// Decodes the answer to a login.
    ///
    /// # Errors
    ///
    /// When the answer is not the documented one.
    fn token_response(&self, body: &JsonObject<'_>) -> Result<Self::TokenResponse, InvalidBody>;

    /// Decodes a refusal. A body of a foreign shape arrives as an empty object.
    fn error_response(&self, body: &JsonObject<'_>) -> Self::ErrorResponse;

    /// What a refusal means. It is asked about 4xx answers only; the others mean the same for every vendor.
    fn refusal(&self, status: StatusCode, response: &Self::ErrorResponse) -> Refusal;

    /// Encodes the exchange of a refresh token; `None` where the vendor has none.
    fn refresh_request(&self, refresh_token: &SecretString) -> Option<TokenRequest> {
        let _ = refresh_token;
        None
    }

    /// Decodes the answer to [`refresh_request`](Self::refresh_request).
    ///
    /// # Errors
    ///
    /// When the answer is not the documented one.
    fn refresh_response(
        &self,
        body: &JsonObject<'_>,
    ) -> Result<Self::RefreshResponse, InvalidBody> {
        let _ = body;
        Err(InvalidBody::new(
            "the body",
            "answers a request that this vendor does not know",
        ))
    }
}

/// A vendor that hands out refresh tokens: its authenticator then has
/// [`refresh_token`](crate::Authenticator::refresh_token).
pub trait RefreshTokenEndpoint: TokenEndpoint {}

/// What a success grants, in the terms of [RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1).
pub struct Grant {
    access_token: SecretString,
    expires_in: Option<Duration>,
    refresh_token: Option<SecretString>,
}

impl Grant {
    /// An access token that lives for `expires_in`; `None` when the answer did not say.
    pub fn new(access_token: SecretString, expires_in: Option<Duration>) -> Self {
        Self {
            access_token,
            expires_in,
            refresh_token: None,
        }
    }

    /// Adds a refresh token, where there is one.
    #[must_use]
    pub fn with_refresh_token(mut self, refresh_token: Option<SecretString>) -> Self {
        self.refresh_token = refresh_token;
        self
    }

    pub(crate) fn into_parts(self) -> (SecretString, Option<Duration>, Option<SecretString>) {
        (self.access_token, self.expires_in, self.refresh_token)
    }
}

impl From<std::convert::Infallible> for Grant {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// What a 4xx answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The credentials are wrong, or the account may not log in.
    Credentials,
    /// The vendor was asked too often.
    RateLimited,
    /// Anything else.
    Other,
}
