use std::time::Duration;

use auth_common::{
    BaseUrl, ConfigurationError, InvalidBody, JsonObject, Refusal, TokenEndpoint, TokenRequest,
    Vars,
};
use http::StatusCode;

use crate::{Credentials, ErrorResponse, TokenResponse, wire};

/// Hands out the `Authorization` header for the API of one DirectLink server.
///
/// The address is always given: every installation has its own.
///
/// ```no_run
/// use directlink_auth::{Authenticator, Credentials};
///
/// # async fn example() -> Result<(), directlink_auth::Error> {
/// let base_url = "https://files.example.com:8443".parse()?;
/// let credentials = Credentials::new("johndoe", "secret")?;
/// let directlink = Authenticator::builder(base_url, credentials).build()?;
/// let authorization = directlink.authorization().await?;
/// # Ok(())
/// # }
/// ```
pub type Authenticator = auth_common::Authenticator<DirectLink>;

/// The settings of an [`Authenticator`].
pub type Builder = auth_common::Builder<DirectLink>;

/// Attaches the header to calls of the DirectLink API, and repeats one once after a 401: a middleware, and a layer.
#[cfg(any(feature = "reqwest-middleware", feature = "tower"))]
pub type Authorize = auth_common::Authorize<DirectLink>;

/// A `tower` service whose calls carry the header; [`Authorize`] makes it, as a layer.
#[cfg(feature = "tower")]
pub type Authorized<S> = auth_common::Authorized<DirectLink, S>;

/// Why there is no token, with what DirectLink said about it as [`ErrorResponse`].
pub type Error = auth_common::Error<ErrorResponse>;

/// The token endpoint of a DirectLink server, as *Obter token OAuth2* documents it.
#[derive(Debug)]
pub struct DirectLink {
    base: BaseUrl,
    credentials: Credentials,
}

impl TokenEndpoint for DirectLink {
    type Environment = BaseUrl;
    type Credentials = Credentials;
    type TokenResponse = TokenResponse;
    type ErrorResponse = ErrorResponse;
    type RefreshResponse = std::convert::Infallible;

    const VENDOR: &'static str = "DirectLink";
    const USER_AGENT: &'static str = concat!("directlink-auth/", env!("CARGO_PKG_VERSION"));
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(3600);

    fn new(base: BaseUrl, credentials: Credentials) -> Result<Self, ConfigurationError> {
        Ok(Self { base, credentials })
    }

    fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        vars.require(&[
            "DIRECTLINK_URL",
            "DIRECTLINK_USERNAME",
            "DIRECTLINK_PASSWORD",
        ])?;
        Self::new(
            vars.parse("DIRECTLINK_URL", str::parse)?,
            Credentials::from_vars(vars)?,
        )
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base
    }

    fn secrets(&self) -> Vec<&str> {
        let Credentials { username, password } = &self.credentials;
        vec![username.expose_secret(), password.expose_secret()]
    }

    fn token_request(&self) -> TokenRequest {
        wire::token_request(&self.credentials)
    }

    fn token_response(&self, body: &JsonObject<'_>) -> Result<TokenResponse, InvalidBody> {
        wire::token_response(body)
    }

    fn error_response(&self, body: &JsonObject<'_>) -> ErrorResponse {
        wire::error_response(body)
    }

    fn refusal(&self, status: StatusCode, _: &ErrorResponse) -> Refusal {
        wire::refusal(status)
    }
}
