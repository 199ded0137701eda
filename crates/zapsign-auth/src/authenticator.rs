use std::time::Duration;

use auth_common::{
    BaseUrl, ConfigurationError, InvalidBody, JsonObject, RefreshTokenEndpoint, Refusal,
    TokenEndpoint, TokenRequest, Vars,
};
use http::StatusCode;
use secrecy::SecretString;

use crate::{Credentials, Environment, ErrorResponse, RefreshResponse, TokenPair, wire};

/// Hands out the `Authorization` header for the ZapSign API.
///
/// ```no_run
/// use zapsign_auth::{Authenticator, Credentials, Environment};
///
/// # async fn example() -> Result<(), zapsign_auth::Error> {
/// let credentials = Credentials::new("4321".parse()?, "dev@example.com", "secret")?;
/// let zapsign = Authenticator::builder(Environment::Production, credentials).build()?;
/// let authorization = zapsign.authorization().await?;
/// # Ok(())
/// # }
/// ```
pub type Authenticator = auth_common::Authenticator<ZapSign>;

/// The settings of an [`Authenticator`].
pub type Builder = auth_common::Builder<ZapSign>;

/// Attaches the header to calls of the ZapSign API, and repeats one once after a 401: a middleware, and a layer.
#[cfg(any(feature = "reqwest-middleware", feature = "tower"))]
pub type Authorize = auth_common::Authorize<ZapSign>;

/// A `tower` service whose calls carry the header; [`Authorize`] makes it, as a layer.
#[cfg(feature = "tower")]
pub type Authorized<S> = auth_common::Authorized<ZapSign, S>;

/// Why there is no token, with what ZapSign said about it as [`ErrorResponse`].
pub type Error = auth_common::Error<ErrorResponse>;

/// The token endpoints of ZapSign: the login as *Obter token de acesso* documents it, and the refresh.
#[derive(Debug)]
pub struct ZapSign {
    base: BaseUrl,
    credentials: Credentials,
}

impl TokenEndpoint for ZapSign {
    type Environment = Environment;
    type Credentials = Credentials;
    type TokenResponse = TokenPair;
    type ErrorResponse = ErrorResponse;
    type RefreshResponse = RefreshResponse;

    const VENDOR: &'static str = "ZapSign";
    const USER_AGENT: &'static str = concat!("zapsign-auth/", env!("CARGO_PKG_VERSION"));
    /// As documented. No answer says it, other than in the token's own `exp`, which the document's sample lacks.
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(3600);

    fn new(environment: Environment, credentials: Credentials) -> Result<Self, ConfigurationError> {
        Ok(Self {
            base: environment.base_url()?,
            credentials,
        })
    }

    fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        vars.require(&[
            "ZAPSIGN_ORGANIZATION_ID",
            "ZAPSIGN_USERNAME",
            "ZAPSIGN_PASSWORD",
        ])?;
        Self::new(Environment::from_vars(vars)?, Credentials::from_vars(vars)?)
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base
    }

    fn secrets(&self) -> Vec<&str> {
        let Credentials {
            organization_id,
            username,
            password,
        } = &self.credentials;
        vec![
            organization_id.as_str(),
            username.expose_secret(),
            password.expose_secret(),
        ]
    }

    fn token_request(&self) -> TokenRequest {
        wire::token_request(&self.credentials)
    }

    fn token_response(&self, body: &JsonObject<'_>) -> Result<TokenPair, InvalidBody> {
        wire::token_response(body)
    }

    fn error_response(&self, body: &JsonObject<'_>) -> ErrorResponse {
        wire::error_response(body)
    }

    fn refusal(&self, status: StatusCode, response: &ErrorResponse) -> Refusal {
        wire::refusal(status, response)
    }

    fn refresh_request(&self, refresh_token: &SecretString) -> Option<TokenRequest> {
        Some(wire::refresh_request(refresh_token))
    }

    fn refresh_response(&self, body: &JsonObject<'_>) -> Result<RefreshResponse, InvalidBody> {
        wire::refresh_response(body)
    }
}

impl RefreshTokenEndpoint for ZapSign {}
