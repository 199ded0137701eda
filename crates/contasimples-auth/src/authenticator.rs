use std::time::Duration;

use auth_common::{
    BaseUrl, ConfigurationError, InvalidBody, JsonObject, Refusal, TokenEndpoint, TokenRequest,
    Vars,
};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

use crate::{Credentials, Environment, ErrorResponse, TokenResponse, wire};

/// Hands out the `Authorization` header for the Conta Simples API.
///
/// ```no_run
/// use contasimples_auth::{Authenticator, Credentials, Environment};
///
/// # async fn example() -> Result<(), contasimples_auth::Error> {
/// let credentials = Credentials::new("api_key", "api_secret")?;
/// let contasimples = Authenticator::builder(Environment::Sandbox, credentials).build()?;
/// let authorization = contasimples.authorization().await?;
/// # Ok(())
/// # }
/// ```
pub type Authenticator = auth_common::Authenticator<ContaSimples>;

/// The settings of an [`Authenticator`].
pub type Builder = auth_common::Builder<ContaSimples>;

/// Attaches the header to calls of the Conta Simples API, and repeats one once after a 401: a middleware, and a layer.
#[cfg(any(feature = "reqwest-middleware", feature = "tower"))]
pub type Authorize = auth_common::Authorize<ContaSimples>;

/// A `tower` service whose calls carry the header; [`Authorize`] makes it, as a layer.
#[cfg(feature = "tower")]
pub type Authorized<S> = auth_common::Authorized<ContaSimples, S>;

/// Why there is no token, with what Conta Simples said about it as [`ErrorResponse`].
///
/// [`CredentialsRefused`](auth_common::Error::CredentialsRefused) for a key and a secret that you know to be right may
/// have to do with the characters in them: see [`Credentials`].
pub type Error = auth_common::Error<ErrorResponse>;

/// The token endpoint of Conta Simples, as *Obter Token de Acesso* documents it.
#[derive(Debug)]
pub struct ContaSimples {
    base: BaseUrl,
    credentials: Credentials,
    /// The key and the secret as they travel: gateways are known to repeat the header in what they say of it.
    encoded: SecretString,
}

impl TokenEndpoint for ContaSimples {
    type Environment = Environment;
    type Credentials = Credentials;
    type TokenResponse = TokenResponse;
    type ErrorResponse = ErrorResponse;
    type RefreshResponse = std::convert::Infallible;

    const VENDOR: &'static str = "Conta Simples";
    const USER_AGENT: &'static str = concat!("contasimples-auth/", env!("CARGO_PKG_VERSION"));
    /// The document says 3600 s, newer pages of the vendor 1800 s. Where an answer does not say, the shorter is safe.
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(1800);

    fn new(environment: Environment, credentials: Credentials) -> Result<Self, ConfigurationError> {
        Ok(Self {
            base: environment.base_url()?,
            encoded: wire::encoded(&credentials),
            credentials,
        })
    }

    fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        vars.require(&[
            "CONTA_SIMPLES_ENV",
            "CONTA_SIMPLES_API_KEY",
            "CONTA_SIMPLES_API_SECRET",
        ])?;
        Self::new(Environment::from_vars(vars)?, Credentials::from_vars(vars)?)
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base
    }

    fn secrets(&self) -> Vec<&str> {
        let Credentials {
            api_key,
            api_secret,
        } = &self.credentials;
        vec![
            api_key.expose_secret(),
            api_secret.expose_secret(),
            self.encoded.expose_secret(),
        ]
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
