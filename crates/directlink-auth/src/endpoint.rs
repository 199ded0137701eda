use std::{fmt, time::Duration};

use auth_common::{
    BaseUrl, ConfigurationError, Credential, Exchange, Grant, InvalidBody, JsonObject, Refresh,
    Refusal, TokenEndpoint, TokenRequest, Vars,
};
use http::StatusCode;
use secrecy::SecretString;

use crate::Credentials;

/// The token endpoint of a DirectLink server, as *Obter token OAuth2* documents it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct DirectLink;

impl TokenEndpoint for DirectLink {
    type Environment = BaseUrl;
    type Credentials = Credentials;
    type TokenResponse = TokenResponse;
    type ErrorResponse = ErrorResponse;

    const VENDOR: &'static str = "DirectLink";
    const USER_AGENT: &'static str = concat!("directlink-auth/", env!("CARGO_PKG_VERSION"));
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(3600);
    const REFRESH: Option<Refresh> = None;
    const REQUIRED_VARS: &'static [&'static str] = &[
        "DIRECTLINK_URL",
        "DIRECTLINK_USERNAME",
        "DIRECTLINK_PASSWORD",
    ];

    fn base_url(environment: BaseUrl) -> Result<BaseUrl, ConfigurationError> {
        Ok(environment)
    }

    fn environment_from(vars: &Vars) -> Result<BaseUrl, ConfigurationError> {
        vars.parse("DIRECTLINK_URL", str::parse)
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

    fn token_request(credentials: &Credentials) -> TokenRequest {
        TokenRequest::form(
            "directlink/v1/oauth2/token",
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
            scope: body.text("scope"),
        })
    }

    fn error_response(body: &JsonObject<'_>) -> ErrorResponse {
        let description = body.text("description");
        ErrorResponse {
            error: body.number("error"),
            error_description: body.text("error_description"),
            error_uri: body.text("error_uri"),
            // Alone it is as likely another server's.
            status: description.as_ref().and_then(|_| body.number("status")),
            description,
        }
    }

    /// The document tells wrong credentials (401) from a wrong request (400), so the status decides.
    fn refusal(_: Exchange, status: StatusCode, _: &ErrorResponse) -> Refusal {
        match status {
            StatusCode::UNAUTHORIZED => Refusal::Credentials,
            _ => Refusal::Other,
        }
    }
}

/// The success of `POST /directlink/v1/oauth2/token`.
#[derive(Debug)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The token: a JSON Web Token in the document, to be treated as an opaque text.
    pub access_token: SecretString,
    /// Documented as `Bearer`.
    pub token_type: String,
    /// How long the token lives, documented as 3600 s and set on the server, unchecked; `None` when the answer did not
    /// say.
    pub expires_in: Option<Duration>,
    /// What the token is for: in the document the address of the API, such as `https://your-domain/directlink/v1`. At
    /// most 256 characters, on one line; `None` when the answer did not say.
    pub scope: Option<String>,
}

impl From<TokenResponse> for Grant {
    fn from(response: TokenResponse) -> Self {
        Self::new(response.access_token, response.expires_in)
    }
}

/// A refusal of `POST /directlink/v1/oauth2/token`: `error`, `error_description` and `error_uri` as *Obter token OAuth2*
/// has them, or `status` and `description` as the rest of the server answers. Every text is at most 256 characters, on
/// one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorResponse {
    /// The number of the HTTP status: 400, 401 or 500. Other OAuth servers have a text here.
    pub error: Option<i64>,
    /// What is wrong, such as `Unauthorized`.
    pub error_description: Option<String>,
    /// In the document the address of the API, such as `https://your-domain/directlink/v1`.
    pub error_uri: Option<String>,
    /// From the rest of the server: the number of the HTTP status.
    pub status: Option<i64>,
    /// From the rest of the server: what is wrong.
    pub description: Option<String>,
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self
            .error_description
            .as_ref()
            .or(self.description.as_ref());
        f.write_str(said.map_or("", String::as_str))
    }
}
