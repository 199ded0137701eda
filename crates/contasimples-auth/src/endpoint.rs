use std::{fmt, time::Duration};

use auth_common::{
    BaseUrl, ConfigurationError, Credential, Exchange, Grant, InvalidBody, JsonObject, Refresh,
    Refusal, TokenEndpoint, TokenRequest, Vars,
};
use http::StatusCode;
use secrecy::SecretString;

use crate::{Credentials, Environment};

/// The token endpoint of Conta Simples, as *Obter Token de Acesso* documents it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ContaSimples;

impl TokenEndpoint for ContaSimples {
    type Environment = Environment;
    type Credentials = Credentials;
    type TokenResponse = TokenResponse;
    type ErrorResponse = ErrorResponse;

    const VENDOR: &'static str = "Conta Simples";
    const USER_AGENT: &'static str = concat!("contasimples-auth/", env!("CARGO_PKG_VERSION"));
    /// The document says 3600 s, newer pages of the vendor 1800 s. Where an answer does not say, the shorter is safe.
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(1800);
    const REFRESH: Option<Refresh> = None;
    const REQUIRED_VARS: &'static [&'static str] = &[
        "CONTA_SIMPLES_ENV",
        "CONTA_SIMPLES_API_KEY",
        "CONTA_SIMPLES_API_SECRET",
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
        credentials.basic.secrets()
    }

    fn given(credentials: &Credentials) -> Vec<&Credential> {
        credentials.basic.given()
    }

    fn token_request(credentials: &Credentials) -> TokenRequest {
        let fields = [("grant_type", "client_credentials")];
        TokenRequest::form("oauth/v1/access-token", &fields).basic(&credentials.basic)
    }

    fn token_response(body: &JsonObject<'_>) -> Result<TokenResponse, InvalidBody> {
        Ok(TokenResponse {
            access_token: body.token("access_token")?,
            token_type: body.token_type()?,
            expires_in: body.expires_in()?,
        })
    }

    fn error_response(body: &JsonObject<'_>) -> ErrorResponse {
        let message = body.text("message");
        let listed = match message {
            Some(_) => Vec::new(),
            None => body.texts("message"),
        };
        let listed = listed.into_iter().map(|message| ErrorDetail {
            field: None,
            message: Some(message),
        });
        let details = body.objects("details").into_iter().map(|it| ErrorDetail {
            field: it.text("field"),
            message: it.text("message"),
        });
        ErrorResponse {
            error: body.text("error"),
            message,
            code: body.number("code").or_else(|| body.number("statusCode")),
            details: listed.chain(details).collect(),
            request_id: body.text("requestId"),
        }
    }

    /// A wrong key or secret may be a 400 as well as a 401. Nothing else in the request ever varies, so a 400 blames them
    /// whatever its `details` name: they are what a person can correct.
    fn refusal(_: Exchange, status: StatusCode, _: &ErrorResponse) -> Refusal {
        match status {
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED => Refusal::Credentials,
            _ => Refusal::Other,
        }
    }
}

/// The success of `POST /oauth/v1/access-token`.
#[derive(Debug)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The token: a JSON Web Token.
    pub access_token: SecretString,
    /// Documented as `Bearer`.
    pub token_type: String,
    /// How long the token lives, documented as 3600 s, unchecked; `None` when the answer did not say.
    pub expires_in: Option<Duration>,
}

impl From<TokenResponse> for Grant {
    fn from(response: TokenResponse) -> Self {
        Self::new(response.access_token, response.expires_in)
    }
}

/// A refusal or a failure of `POST /oauth/v1/access-token`. *Obter Token de Acesso* has `error`, `message` and `code`
/// with every one, `details` with a 400 and `requestId` with a 500; any of them may be missing. Every text is at most
/// 256 characters, on one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorResponse {
    /// The status in words, such as `Unauthorized`.
    pub error: Option<String>,
    /// What is wrong, in English, such as `Authentication required. Please provide a valid API token`.
    pub message: Option<String>,
    /// The status in digits, such as `401`; from `statusCode` where there is no `code`.
    pub code: Option<i64>,
    /// What is wrong in particular. Where `message` is a list of texts, these are they.
    pub details: Vec<ErrorDetail>,
    /// By which Conta Simples finds the request, such as `req_1234567890`: name it to their support.
    pub request_id: Option<String>,
}

/// What is wrong with one field of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorDetail {
    /// The field, such as `email`.
    pub field: Option<String>,
    /// What is wrong, such as `Invalid email format`.
    pub message: Option<String>,
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self.message.as_ref().or(self.error.as_ref()).cloned();
        let detail = self.details.first().map(ErrorDetail::to_string);
        let request = self.request_id.as_ref().map(|id| format!("request {id}"));
        let parts: Vec<String> = [said, detail, request].into_iter().flatten().collect();
        f.write_str(&parts.join("; "))
    }
}

impl fmt::Display for ErrorDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> = [&self.field, &self.message]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        f.write_str(&parts.join(": "))
    }
}
