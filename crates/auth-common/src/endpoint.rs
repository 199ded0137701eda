use std::{fmt, time::Duration};

use http::StatusCode;

use crate::{
    BaseUrl, ConfigurationError, Credential, Exchange, Grant, InvalidBody, JsonObject, Refresh,
    TokenRequest, Vars,
};

/// One vendor's token endpoint: how a request is written, and how an answer is read. Pure: no I/O, no clock, no retry,
/// and no state. The credentials are handed to it for each request.
///
/// A vendor crate implements this for one type, and [`vendor!`](crate::vendor) makes the rest of the crate from it.
pub trait TokenEndpoint: Sized + Send + Sync + 'static {
    /// Which of the vendor's systems is asked: its environments, or a [`BaseUrl`].
    type Environment;
    /// What the vendor wants to know before it hands out a token.
    type Credentials: Send + Sync + 'static;
    /// A success, in the vendor's own fields.
    type TokenResponse: Into<Grant> + Send;
    /// A refusal, in the vendor's own fields. Its `Display` is the vendor's words for people, on one line. By `PartialEq`
    /// it is known whether anything was read: see [`error_response`](Self::error_response).
    type ErrorResponse: fmt::Display + fmt::Debug + PartialEq + Send + Sync + 'static;

    /// The vendor's name, as people write it.
    const VENDOR: &'static str;
    /// The crate and its version, for the `User-Agent` header.
    const USER_AGENT: &'static str;
    /// How long a token lives, as documented, for when an answer does not say, or says more than seven days: that is a
    /// moment or milliseconds.
    const FALLBACK_LIFETIME: Duration;
    /// What can be done with a refresh token; `None` where the vendor hands out none.
    const REFRESH: Option<Refresh>;
    /// The environment variables without which nothing works.
    const REQUIRED_VARS: &'static [&'static str];

    /// The address that requests for this environment go to.
    ///
    /// # Errors
    ///
    /// When there is none for it.
    fn base_url(environment: Self::Environment) -> Result<BaseUrl, ConfigurationError>;

    /// The environment that the environment variables name.
    ///
    /// # Errors
    ///
    /// When a value is refused; the error names its variable.
    fn environment_from(vars: &Vars) -> Result<Self::Environment, ConfigurationError>;

    /// The credentials in the environment variables.
    ///
    /// # Errors
    ///
    /// When a value is refused; the error names its variable.
    fn credentials_from(vars: &Vars) -> Result<Self::Credentials, ConfigurationError>;

    /// Every secret and personal datum in the credentials. Where the vendor repeats one, it is not shown.
    fn secrets(credentials: &Self::Credentials) -> Vec<&str>;

    /// The texts in the credentials that people gave. Where the vendor refuses them, the error says which has something
    /// [odd at its ends](Credential::odd_ends). None unless an endpoint has some.
    fn given(credentials: &Self::Credentials) -> Vec<&Credential> {
        let _ = credentials;
        Vec::new()
    }

    /// Encodes a login.
    fn token_request(credentials: &Self::Credentials) -> TokenRequest;

    /// Decodes the answer to a login.
    ///
    /// # Errors
    ///
    /// When the answer is not the documented one.
    fn token_response(body: &JsonObject<'_>) -> Result<Self::TokenResponse, InvalidBody>;

    /// Decodes a refusal. A body of a foreign shape arrives as an empty object.
    ///
    /// It reads the fields that the vendor documents, and no other: an answer of which it reads no more than of an empty
    /// object is not taken for the vendor's, unless it has the `error` of
    /// [RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2). Something in between has spoken then: a
    /// gateway, a firewall, a portal.
    fn error_response(body: &JsonObject<'_>) -> Self::ErrorResponse;

    /// What it means that the vendor refused this exchange. It is asked about 4xx answers in which the vendor speaks, and
    /// about no others: those mean the same for every vendor, and so do `invalid_grant` and `invalid_client` in answer to
    /// a login, which blame the credentials.
    fn refusal(exchange: Exchange, status: StatusCode, response: &Self::ErrorResponse) -> Refusal;
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
