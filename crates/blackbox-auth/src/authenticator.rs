use std::time::Duration;

use auth_common::{
    BaseUrl, ConfigurationError, InvalidBody, JsonObject, Refusal, TokenEndpoint, TokenRequest,
    Vars,
};
use http::StatusCode;

use crate::{Credentials, ErrorResponse, TokenResponse, wire};

/// Hands out the `Authorization` header for the BlackBox APIs.
///
/// The address is always given: the document names none but `{blackbox endpoint}`.
///
/// ```no_run
/// use blackbox_auth::{Authenticator, Credentials};
///
/// # async fn example() -> Result<(), blackbox_auth::Error> {
/// let base_url = "https://blackbox.example.com".parse()?;
/// let credentials = Credentials::new("loja", "secret")?;
/// let blackbox = Authenticator::builder(base_url, credentials).build()?;
/// let authorization = blackbox.authorization().await?;
/// # Ok(())
/// # }
/// ```
pub type Authenticator = auth_common::Authenticator<BlackBox>;

/// The settings of an [`Authenticator`].
pub type Builder = auth_common::Builder<BlackBox>;

/// Attaches the header to calls of the BlackBox API, and repeats one once after a 401: a middleware, and a layer.
#[cfg(any(feature = "reqwest-middleware", feature = "tower"))]
pub type Authorize = auth_common::Authorize<BlackBox>;

/// A `tower` service whose calls carry the header; [`Authorize`] makes it, as a layer.
#[cfg(feature = "tower")]
pub type Authorized<S> = auth_common::Authorized<BlackBox, S>;

/// Why there is no token, with what BlackBox said about it as [`ErrorResponse`].
pub type Error = auth_common::Error<ErrorResponse>;

/// The token endpoint of BlackBox, as *Tokens de Acesso* documents it.
#[derive(Debug)]
pub struct BlackBox {
    base: BaseUrl,
    credentials: Credentials,
}

impl TokenEndpoint for BlackBox {
    type Environment = BaseUrl;
    type Credentials = Credentials;
    type TokenResponse = TokenResponse;
    type ErrorResponse = ErrorResponse;
    type RefreshResponse = std::convert::Infallible;

    const VENDOR: &'static str = "BlackBox";
    const USER_AGENT: &'static str = concat!("blackbox-auth/", env!("CARGO_PKG_VERSION"));
    /// The document shows 86399 s, and does not promise it; this is for an answer that does not say.
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(900);

    fn new(base: BaseUrl, credentials: Credentials) -> Result<Self, ConfigurationError> {
        Ok(Self { base, credentials })
    }

    fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        vars.require(&["BLACKBOX_URL", "BLACKBOX_USERNAME", "BLACKBOX_PASSWORD"])?;
        Self::new(
            vars.parse("BLACKBOX_URL", str::parse)?,
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

    fn refusal(&self, status: StatusCode, response: &ErrorResponse) -> Refusal {
        wire::refusal(status, response)
    }
}
