use std::time::Duration;

use auth_common::{
    BaseUrl, ConfigurationError, InvalidBody, JsonObject, Refusal, TokenEndpoint, TokenRequest,
    Vars,
};
use http::StatusCode;

use crate::{Credentials, Environment, ErrorResponse, TokenResponse, wire};

/// Hands out the `Authorization` header for the Invoisys API.
///
/// ```no_run
/// use invoisys_auth::{Authenticator, Credentials, Environment};
///
/// # async fn example() -> Result<(), invoisys_auth::Error> {
/// let credentials = Credentials::new("fiscal@example.com", "secret")?;
/// let invoisys = Authenticator::builder(Environment::Sandbox, credentials).build()?;
/// let authorization = invoisys.authorization().await?;
/// # Ok(())
/// # }
/// ```
pub type Authenticator = auth_common::Authenticator<Invoisys>;

/// The settings of an [`Authenticator`].
pub type Builder = auth_common::Builder<Invoisys>;

/// Attaches the header to calls of the Invoisys API, and repeats one once after a 401: a middleware, and a layer.
#[cfg(any(feature = "reqwest-middleware", feature = "tower"))]
pub type Authorize = auth_common::Authorize<Invoisys>;

/// A `tower` service whose calls carry the header; [`Authorize`] makes it, as a layer.
#[cfg(feature = "tower")]
pub type Authorized<S> = auth_common::Authorized<Invoisys, S>;

/// Why there is no token, with what Invoisys said about it as [`ErrorResponse`].
pub type Error = auth_common::Error<ErrorResponse>;

/// The token endpoint of Invoisys, as *Token de Acesso (3.0)* documents it.
#[derive(Debug)]
pub struct Invoisys {
    base: BaseUrl,
    credentials: Credentials,
}

impl TokenEndpoint for Invoisys {
    type Environment = Environment;
    type Credentials = Credentials;
    type TokenResponse = TokenResponse;
    type ErrorResponse = ErrorResponse;
    type RefreshResponse = std::convert::Infallible;

    const VENDOR: &'static str = "Invoisys";
    const USER_AGENT: &'static str = concat!("invoisys-auth/", env!("CARGO_PKG_VERSION"));
    /// The document shows 92843 s, and does not promise it; this is for an answer that does not say.
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(900);

    fn new(environment: Environment, credentials: Credentials) -> Result<Self, ConfigurationError> {
        Ok(Self {
            base: environment.base_url()?,
            credentials,
        })
    }

    fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        vars.require(&[
            "INVOISYS_ENVIRONMENT",
            "INVOISYS_USERNAME",
            "INVOISYS_PASSWORD",
        ])?;
        Self::new(Environment::from_vars(vars)?, Credentials::from_vars(vars)?)
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
