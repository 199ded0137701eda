use std::{fmt, time::Duration};

use auth_common::{
    BaseUrl, ConfigurationError, Credential, Exchange, Grant, InvalidBody, JsonObject, Refresh,
    Refusal, TokenEndpoint, TokenRequest, Vars,
};
use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
use secrecy::SecretString;

use crate::Credentials;

/// The token endpoint of BlackBox, as *Tokens de Acesso* documents it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct BlackBox;

impl TokenEndpoint for BlackBox {
    type Environment = BaseUrl;
    type Credentials = Credentials;
    type TokenResponse = TokenResponse;
    type ErrorResponse = ErrorResponse;

    const VENDOR: &'static str = "BlackBox";
    const USER_AGENT: &'static str = concat!("blackbox-auth/", env!("CARGO_PKG_VERSION"));
    /// The document shows 86399 s, and does not promise it; this is for an answer that does not say.
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(900);
    const REFRESH: Option<Refresh> = None;
    const REQUIRED_VARS: &'static [&'static str] =
        &["BLACKBOX_URL", "BLACKBOX_USERNAME", "BLACKBOX_PASSWORD"];

    fn base_url(environment: BaseUrl) -> Result<BaseUrl, ConfigurationError> {
        Ok(environment)
    }

    fn environment_from(vars: &Vars) -> Result<BaseUrl, ConfigurationError> {
        vars.parse("BLACKBOX_URL", str::parse)
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

    /// The table of *Tokens de Acesso* describes these fields as the SKU's name, its description, and whether its stock is
    /// counted: copied from another page by mistake. Its limits and its sample are what holds.
    fn token_request(credentials: &Credentials) -> TokenRequest {
        TokenRequest::form(
            "oauth/token",
            &[
                ("username", credentials.username.expose_secret()),
                ("password", credentials.password.expose_secret()),
                ("grant_type", "password"),
            ],
        )
        .header(CACHE_CONTROL, HeaderValue::from_static("no-cache"))
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
            error: body.text("error"),
            error_description: body.text("error_description"),
            error_uri: body.text("error_uri"),
            message: body.text("Message"),
        }
    }

    /// An OAuth server answers a wrong user name or password with 400, the status of a malformed request as well; only
    /// `error` tells them apart. Where it is missing, or is a code of the vendor's own, the credentials are blamed: the
    /// request is the documented one on every call, so they are all that varies, and they are what a person can correct.
    fn refusal(_: Exchange, status: StatusCode, response: &ErrorResponse) -> Refusal {
        match (status, response.error.as_deref()) {
            (
                StatusCode::BAD_REQUEST,
                Some(
                    "invalid_request"
                    | "invalid_scope"
                    | "unauthorized_client"
                    | "unsupported_grant_type",
                ),
            ) => Refusal::Other,
            (StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED, _) => Refusal::Credentials,
            _ => Refusal::Other,
        }
    }
}

/// The success of `POST /oauth/token`. A `refresh_token`, which the server may add, is left unread: the document has no
/// use for one.
#[derive(Debug)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The token: a JSON Web Token in the document, to be treated as an opaque text.
    pub access_token: SecretString,
    /// Documented as `bearer`.
    pub token_type: String,
    /// How long the token lives, documented as 86399 s, unchecked; `None` when the answer did not say.
    pub expires_in: Option<Duration>,
}

impl From<TokenResponse> for Grant {
    fn from(response: TokenResponse) -> Self {
        Self::new(response.access_token, response.expires_in)
    }
}

/// A refusal of `POST /oauth/token`. *Tokens de Acesso* documents none, so every field may be missing; these are the
/// fields of [RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2), which the document names as the
/// protocol. Every text is at most 256 characters, on one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorResponse {
    /// A code, such as `invalid_grant` for a wrong user name or password.
    pub error: Option<String>,
    /// What is wrong, for people.
    pub error_description: Option<String>,
    /// Where more is told about it.
    pub error_uri: Option<String>,
    /// What is wrong, for people, from a part of the server that does not speak OAuth: `Message`.
    pub message: Option<String>,
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self
            .error_description
            .as_ref()
            .or(self.error.as_ref())
            .or(self.message.as_ref());
        f.write_str(said.map_or("", String::as_str))
    }
}
