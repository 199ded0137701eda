use std::fmt;

use auth_common::{Grant, InvalidBody, JsonObject, Refusal, TokenRequest};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

use crate::Credentials;

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

/// The document shows no slash at the end. The server has one, and answers without it by a redirect, which would turn
/// the `POST` into a `GET`.
pub(crate) fn token_request(credentials: &Credentials) -> TokenRequest {
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

pub(crate) fn refresh_request(refresh_token: &SecretString) -> TokenRequest {
    TokenRequest::json(
        "api/v1/auth/token-refresh/",
        &[("refresh", refresh_token.expose_secret())],
    )
}

pub(crate) fn token_response(body: &JsonObject<'_>) -> Result<TokenPair, InvalidBody> {
    Ok(TokenPair {
        refresh: body.token("refresh")?,
        access: body.token("access")?,
    })
}

pub(crate) fn refresh_response(body: &JsonObject<'_>) -> Result<RefreshResponse, InvalidBody> {
    Ok(RefreshResponse {
        access: body.token("access")?,
        refresh: body.optional_token("refresh")?,
    })
}

pub(crate) fn error_response(body: &JsonObject<'_>) -> ErrorResponse {
    ErrorResponse {
        detail: body.text("detail"),
        code: body.text("code"),
        message: body.text("message"),
        fields: body
            .names()
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

/// By status, `code`, and which field is there, never by a text: those come in the language of the account.
///
/// A 400 with `message` is documented as too many login attempts. What else a 400 may be: the server's framework names
/// the fields that it dislikes, or says in `detail` that the body is no JSON, and a page or nothing comes from whatever
/// stands in front of it. None of them has `message`; and should a new refusal have it, waiting minutes for nothing is
/// the cheaper mistake, since a login repeated too often is what the vendor punishes. Errors of `username`, of
/// `password` or of both together blame the credentials, because nothing else in the request can be wrong about them.
///
/// A 401 blames the credentials as well, unless its `code` says that it is the refresh token that was refused.
pub(crate) fn refusal(status: StatusCode, response: &ErrorResponse) -> Refusal {
    let blames_credentials = |error: &FieldError| CREDENTIAL_FIELDS.contains(&error.field.as_str());
    match status {
        StatusCode::BAD_REQUEST if response.message.is_some() => Refusal::RateLimited,
        StatusCode::BAD_REQUEST if response.fields.iter().any(blames_credentials) => {
            Refusal::Credentials
        }
        StatusCode::UNAUTHORIZED if response.code.as_deref() != Some("token_not_valid") => {
            Refusal::Credentials
        }
        _ => Refusal::Other,
    }
}

/// `non_field_errors` is how Django REST framework blames both at once.
const CREDENTIAL_FIELDS: [&str; 3] = ["username", "password", "non_field_errors"];
/// The login has two: a hostile list of errors stays short.
const MOST_FIELDS: usize = 16;
