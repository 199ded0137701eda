use std::{fmt, time::Duration};

use auth_common::{
    BaseUrl, ConfigurationError, Credential, Exchange, Grant, InvalidBody, JsonObject, Refresh,
    Refusal, TokenEndpoint, TokenRequest, Vars,
};
use http::StatusCode;
use secrecy::SecretString;

use crate::{Credentials, Environment};

/// The token endpoints of ZapSign: the login as *Obter token de acesso* documents it, and the refresh.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ZapSign;

impl TokenEndpoint for ZapSign {
    type Environment = Environment;
    type Credentials = Credentials;
    type TokenResponse = TokenPair;
    type ErrorResponse = ErrorResponse;

    const VENDOR: &'static str = "ZapSign";
    const USER_AGENT: &'static str = concat!("zapsign-auth/", env!("CARGO_PKG_VERSION"));
    /// As documented. No answer says it, other than in the token's own `exp`, which the document's sample lacks.
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(3600);
    const REFRESH: Option<Refresh> = Some(
        Refresh::json("api/v1/auth/token-refresh/", "refresh", |body| {
            refresh_response(body).map(Into::into)
        })
        .rotating(),
    );
    const REQUIRED_VARS: &'static [&'static str] = &[
        "ZAPSIGN_ORGANIZATION_ID",
        "ZAPSIGN_USERNAME",
        "ZAPSIGN_PASSWORD",
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
            credentials.organization_id.as_str(),
            credentials.username.expose_secret(),
            credentials.password.expose_secret(),
        ]
    }

    fn given(credentials: &Credentials) -> Vec<&Credential> {
        vec![&credentials.username, &credentials.password]
    }

    /// The document shows no slash at the end. The server has one, and answers without it by a redirect, which would turn
    /// the `POST` into a `GET`.
    fn token_request(credentials: &Credentials) -> TokenRequest {
        TokenRequest::json(
            format!(
                "api/v1/auth/token/{}/",
                credentials.organization_id.as_str()
            ),
            &[
                ("username", credentials.username.expose_secret()),
                ("password", credentials.password.expose_secret()),
            ],
        )
    }

    fn token_response(body: &JsonObject<'_>) -> Result<TokenPair, InvalidBody> {
        Ok(TokenPair {
            refresh: body.token("refresh")?,
            access: body.token("access")?,
        })
    }

    /// The errors of fields may have any name, as those of another server's JSON may: they are ZapSign's where one of them
    /// is of the request.
    fn error_response(body: &JsonObject<'_>) -> ErrorResponse {
        let of_the_request = REQUEST_FIELDS.iter().any(|field| body.has(field));
        let detail = body.text("detail");
        ErrorResponse {
            // Alone it is as likely another server's.
            code: detail.as_ref().and_then(|_| body.text("code")),
            detail,
            message: body.text("message"),
            fields: body
                .names()
                .filter(|_| of_the_request)
                // Anything but a field's errors is a single text, or no text at all.
                .filter(|name| body.text(name).is_none())
                .map(|field| FieldError {
                    messages: body.texts(&field),
                    field,
                })
                .filter(|error| !error.messages.is_empty())
                .take(MOST_FIELDS)
                .collect(),
        }
    }

    /// By status, and by which field is there, never by a text: those come in the language of the account.
    ///
    /// A 400 with `message` is documented as too many login attempts. What else a 400 may be: the server's framework
    /// names the fields that it dislikes, or says in `detail` that the body is no JSON. Neither has `message`; and should
    /// a new refusal have it, waiting minutes for nothing is the cheaper mistake, since a login repeated too often is what
    /// the vendor punishes. Errors of
    /// `username`, of `password` or of both together blame the credentials, because nothing else in the request can be
    /// wrong about them.
    ///
    /// A 401 to a login blames the credentials as well. One to a refresh token says that it has expired or is used up.
    fn refusal(exchange: Exchange, status: StatusCode, response: &ErrorResponse) -> Refusal {
        let blames_credentials =
            |error: &FieldError| CREDENTIAL_FIELDS.contains(&error.field.as_str());
        match status {
            StatusCode::BAD_REQUEST if response.message.is_some() => Refusal::RateLimited,
            _ if exchange == Exchange::Refresh => Refusal::Other,
            StatusCode::UNAUTHORIZED => Refusal::Credentials,
            StatusCode::BAD_REQUEST if response.fields.iter().any(blames_credentials) => {
                Refusal::Credentials
            }
            _ => Refusal::Other,
        }
    }
}

/// The success of `POST /api/v1/auth/token/{organization id}/`: two JSON Web Tokens.
#[derive(Debug)]
#[non_exhaustive]
pub struct TokenPair {
    /// Good for another `access`, without the password.
    pub refresh: SecretString,
    /// The token for the API. It lives for one hour, as documented.
    pub access: SecretString,
}

impl From<TokenPair> for Grant {
    fn from(pair: TokenPair) -> Self {
        Self::new(pair.access, None).with_refresh_token(Some(pair.refresh))
    }
}

/// The success of `POST /api/v1/auth/token-refresh/`.
#[derive(Debug)]
#[non_exhaustive]
pub struct RefreshResponse {
    /// The token for the API. It lives for one hour, as documented.
    pub access: SecretString,
    /// Takes the place of the refresh token that was presented; `None` when that one stays good.
    pub refresh: Option<SecretString>,
}

impl From<RefreshResponse> for Grant {
    fn from(response: RefreshResponse) -> Self {
        Self::new(response.access, None).with_refresh_token(response.refresh)
    }
}

/// A refusal. *Obter token de acesso* has `detail` alone (401) and `message` alone (400); `code` and `fields` are what
/// ZapSign's server is known to add. Every text is at most 256 characters, on one line, and in the language that the
/// server chose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorResponse {
    /// What is wrong, such as `No active account found with the given credentials`.
    pub detail: Option<String>,
    /// The same for machines: `token_not_valid` for a refresh token that has expired or is used up.
    pub code: Option<String>,
    /// What is wrong, such as `Rate limit exceeded`.
    pub message: Option<String>,
    /// The fields of the request that are wrong, at most 16 of them.
    pub fields: Vec<FieldError>,
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The field, such as `username`; `non_field_errors` stands for all of them together.
    pub field: String,
    /// What is wrong, such as `This field is required.`
    pub messages: Vec<String>,
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self.detail.as_ref().or(self.message.as_ref());
        if let Some(said) = said.or(self.code.as_ref()) {
            return f.write_str(said);
        }
        let first = self.fields.first();
        first.map_or(Ok(()), |FieldError { field, messages }| {
            write!(
                f,
                "{field}: {}",
                messages.first().map_or("", String::as_str)
            )
        })
    }
}

pub(crate) fn refresh_response(body: &JsonObject<'_>) -> Result<RefreshResponse, InvalidBody> {
    Ok(RefreshResponse {
        access: body.token("access")?,
        refresh: body.optional_token("refresh")?,
    })
}

/// `non_field_errors` is how Django REST framework blames both at once.
const CREDENTIAL_FIELDS: [&str; 3] = ["username", "password", "non_field_errors"];
/// Those of a login and of a refresh.
const REQUEST_FIELDS: [&str; 4] = ["username", "password", "refresh", "non_field_errors"];
/// The login has two: a hostile list of errors stays short.
const MOST_FIELDS: usize = 16;
