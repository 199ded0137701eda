use std::{fmt, time::Duration};

use auth_common::{
    BaseUrl, ConfigurationError, Credential, Exchange, Grant, InvalidBody, JsonObject, Refresh,
    Refusal, TokenEndpoint, TokenRequest, Vars,
};
use http::StatusCode;
use secrecy::SecretString;

use crate::{Credentials, Environment};

/// The token endpoint of Invoisys, as *Token de Acesso (3.0)* documents it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Invoisys;

impl TokenEndpoint for Invoisys {
    type Environment = Environment;
    type Credentials = Credentials;
    type TokenResponse = TokenResponse;
    type ErrorResponse = ErrorResponse;

    const VENDOR: &'static str = "Invoisys";
    const USER_AGENT: &'static str = concat!("invoisys-auth/", env!("CARGO_PKG_VERSION"));
    /// The document shows 92843 s, and does not promise it; this is for an answer that does not say.
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(900);
    const REFRESH: Option<Refresh> = None;
    const REQUIRED_VARS: &'static [&'static str] = &[
        "INVOISYS_ENVIRONMENT",
        "INVOISYS_USERNAME",
        "INVOISYS_PASSWORD",
    ];

    fn base_url(environment: Environment) -> Result<BaseUrl, ConfigurationError> {
        environment.base_url()
    }

    fn environment_from(vars: &Vars) -> Result<Environment, ConfigurationError> {
        Environment::from_vars(vars)
    }

    fn credentials_from(vars: &Vars) -> Result<Credentials, ConfigurationError> {
        Credentials::from_vars(vars)
    }

    fn secrets(credentials: &Credentials) -> Vec<&str> {
        vec![
            credentials.username.expose_secret(),
            credentials.password.expose_secret(),
        ]
    }

    fn given(credentials: &Credentials) -> Vec<&Credential> {
        vec![&credentials.username, &credentials.password]
    }

    /// The table of *Token de Acesso (3.0)* has no `grant_type`; its sample sends it, first.
    fn token_request(credentials: &Credentials) -> TokenRequest {
        TokenRequest::form(
            "api/token",
            &[
                ("grant_type", "password"),
                ("username", credentials.username.expose_secret()),
                ("password", credentials.password.expose_secret()),
            ],
        )
    }

    fn token_response(body: &JsonObject<'_>) -> Result<TokenResponse, InvalidBody> {
        Ok(TokenResponse {
            access_token: body.token("access_token")?,
            token_type: body.token_type()?,
            expires_in: body.expires_in()?,
        })
    }

    fn error_response(body: &JsonObject<'_>) -> ErrorResponse {
        ErrorResponse {
            mensagem: body.text("mensagem"),
            error: body.text("error"),
            error_description: body.text("error_description"),
        }
    }

    /// A wrong user name or password is a 400 here, so a 400 blames the credentials unless it names another reason.
    fn refusal(_: Exchange, status: StatusCode, response: &ErrorResponse) -> Refusal {
        match (status, response.error.as_deref()) {
            (StatusCode::BAD_REQUEST, Some("unsupported_grant_type" | "invalid_request")) => {
                Refusal::Other
            }
            (StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED, _) => Refusal::Credentials,
            _ => Refusal::Other,
        }
    }
}

/// The success of `POST /api/token`.
#[derive(Debug)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The token: an opaque text.
    pub access_token: SecretString,
    /// Documented as `bearer`.
    pub token_type: String,
    /// How long the token lives, documented as 92843 s, unchecked; `None` when the answer did not say.
    pub expires_in: Option<Duration>,
}

impl From<TokenResponse> for Grant {
    fn from(response: TokenResponse) -> Self {
        Self::new(response.access_token, response.expires_in)
    }
}

/// A refusal of `POST /api/token`. Version 3.0 answers with `mensagem`; an older version behind the same address answers
/// with `error` and `error_description`. Every text is at most 256 characters, on one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorResponse {
    /// Version 3.0: what is wrong, in Portuguese, such as `Credenciais inválidas.`
    pub mensagem: Option<String>,
    /// The older version: a code, such as `credenciais_invalidas` or `unsupported_grant_type`.
    pub error: Option<String>,
    /// The older version: what is wrong, in Portuguese.
    pub error_description: Option<String>,
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self
            .mensagem
            .as_ref()
            .or(self.error_description.as_ref())
            .or(self.error.as_ref());
        f.write_str(said.map_or("", String::as_str))
    }
}
