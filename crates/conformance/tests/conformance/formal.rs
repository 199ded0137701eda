//! A vendor that keeps to RFC 6749 to the letter, and to no crate: it logs a client in by `Authorization: Basic`, and
//! takes refresh tokens at the same address, as a form, with the header. No vendor of the workspace does, and the next
//! may.

use std::{fmt, time::Duration};

use auth_common::{
    Authenticator, BaseUrl, BasicCredentials, Builder, ConfigurationError, Credential, ErrorKind,
    Exchange, Grant, InvalidBody, JsonObject, Refresh, Refusal, TokenEndpoint, TokenRequest, Vars,
    VendorTypes,
    testing::{Document, Issued, Request, RequestKind, Response, Role},
};
use http::StatusCode;

use crate::vendor::Vendor;

#[derive(Debug)]
pub(crate) struct FormalEndpoint;

impl VendorTypes for FormalEndpoint {
    type Authenticator = Authenticator<Self>;
    type Builder = Builder<Self>;
}

impl TokenEndpoint for FormalEndpoint {
    type Environment = BaseUrl;
    type Credentials = BasicCredentials;
    type TokenResponse = TokenResponse;
    type ErrorResponse = ErrorResponse;

    const VENDOR: &'static str = "Formal";
    const USER_AGENT: &'static str = "formal-auth/0.0.0";
    const FALLBACK_LIFETIME: Duration = HOUR;
    const REFRESH: Option<Refresh> = Some(
        Refresh::form("token", "refresh_token", |body| {
            Self::token_response(body).map(Into::into)
        })
        .with_field("grant_type", "refresh_token")
        .with_authorization()
        .rotating(),
    );
    const REQUIRED_VARS: &'static [&'static str] = &["FORMAL_URL", "FORMAL_ID", "FORMAL_SECRET"];

    fn base_url(environment: BaseUrl) -> Result<BaseUrl, ConfigurationError> {
        Ok(environment)
    }

    fn environment_from(vars: &Vars) -> Result<BaseUrl, ConfigurationError> {
        vars.parse("FORMAL_URL", str::parse)
    }

    fn credentials_from(vars: &Vars) -> Result<BasicCredentials, ConfigurationError> {
        let id = ("FORMAL_ID", vars.credential("FORMAL_ID")?);
        BasicCredentials::new(id, vars.credential("FORMAL_SECRET")?)
    }

    fn secrets(credentials: &BasicCredentials) -> Vec<&str> {
        credentials.secrets()
    }

    fn token_request(credentials: &BasicCredentials) -> TokenRequest {
        TokenRequest::form("token", &[("grant_type", "client_credentials")]).basic(credentials)
    }

    fn token_response(body: &JsonObject<'_>) -> Result<TokenResponse, InvalidBody> {
        let grant = Grant::new(body.token("access_token")?, body.expires_in()?);
        body.token_type()?;
        let refresh_token = body.optional_token("refresh_token")?;
        Ok(TokenResponse(grant.with_refresh_token(refresh_token)))
    }

    fn error_response(body: &JsonObject<'_>) -> ErrorResponse {
        ErrorResponse(body.text("error").unwrap_or_default())
    }

    fn refusal(exchange: Exchange, status: StatusCode, _: &ErrorResponse) -> Refusal {
        match (exchange, status) {
            (Exchange::Login, StatusCode::UNAUTHORIZED) => Refusal::Credentials,
            _ => Refusal::Other,
        }
    }
}

#[derive(Debug)]
pub(crate) struct TokenResponse(Grant);

impl From<TokenResponse> for Grant {
    fn from(response: TokenResponse) -> Self {
        response.0
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ErrorResponse(String);

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The server.
pub(crate) struct Formal {
    id: String,
    secret: String,
}

impl Default for Formal {
    fn default() -> Self {
        Self::knowing("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", "")
    }
}

impl Role for Formal {
    type Endpoint = FormalEndpoint;

    const LIFETIME: Duration = HOUR;
    const RESOURCE: &'static str = "/resource";

    fn environment(&self, base: BaseUrl) -> BaseUrl {
        base
    }

    fn credentials(&self) -> Result<BasicCredentials, ConfigurationError> {
        let id = ("id", Credential::new("id", &*self.id)?);
        BasicCredentials::new(id, Credential::new("secret", &*self.secret)?)
    }

    fn kind(&self, request: &Request) -> RequestKind {
        if request.target() != "/token" {
            return RequestKind::Elsewhere;
        }
        match request.basic() {
            None => return RequestKind::Wrong("Authorization is not Basic".into()),
            Some((id, secret)) if id != self.id || secret != self.secret => {
                return RequestKind::WrongCredentials;
            }
            Some(_) => {}
        }
        if let Ok(fields) = request.posted_form(&["grant_type", "refresh_token"]) {
            return match &fields[..] {
                [kind, token] if kind == "refresh_token" => RequestKind::Refresh(token.clone()),
                _ => RequestKind::Wrong("grant_type is not refresh_token".into()),
            };
        }
        match request.posted_form(&["grant_type"]) {
            Ok(kind) if kind == ["client_credentials"] => RequestKind::Login,
            Ok(_) => RequestKind::Wrong("grant_type is not client_credentials".into()),
            Err(problem) => RequestKind::Wrong(problem),
        }
    }

    fn access_token(&self, serial: u64, _: Duration) -> String {
        format!("2YotnFZFEjr1zCsicMWpAA-{serial}")
    }

    fn refresh_token(&self, serial: u64) -> Option<String> {
        Some(format!("tGzv3JOkF0XG5Qx2TlKWIA-{serial}"))
    }

    fn granted(&self, issued: &Issued) -> Response {
        let mut body = format!(
            r#"{{"access_token":"{}","token_type":"Bearer""#,
            issued.access_token
        );
        if let Some(lives) = issued.expires_in {
            body += &format!(r#","expires_in":{}"#, lives.as_secs());
        }
        if let Some(token) = &issued.refresh_token {
            body += &format!(r#","refresh_token":"{token}""#);
        }
        Response::json(200, body + "}")
    }

    fn credentials_refused(&self) -> Response {
        Response::json(401, r#"{"error":"invalid_client"}"#)
    }

    fn request_refused(&self, problem: &str) -> Response {
        Response::json(400, format!(r#"{{"error":"{problem}"}}"#))
    }

    fn refresh_refused(&self) -> Response {
        Response::json(400, r#"{"error":"invalid_grant"}"#)
    }

    fn rate_limited(&self) -> Response {
        Response::json(429, "")
    }

    fn unauthorized(&self) -> Response {
        Response::json(401, "")
    }

    fn resource(&self) -> Response {
        Response::json(200, "{}")
    }
}

impl Document for Formal {
    fn knowing(identity: &str, secret: &str, _: &str) -> Self {
        Self {
            id: identity.into(),
            secret: secret.into(),
        }
    }

    fn variables(&self, system: &str) -> Vec<(&'static str, String)> {
        vec![
            ("FORMAL_URL", system.into()),
            ("FORMAL_ID", self.id.clone()),
            ("FORMAL_SECRET", self.secret.clone()),
        ]
    }

    fn refusals(&self) -> Vec<(Response, ErrorKind)> {
        vec![(self.credentials_refused(), ErrorKind::CredentialsRefused)]
    }
}

impl Vendor for Formal {
    const MODULE: &'static str = "formal_auth";
}

const HOUR: Duration = Duration::from_secs(3600);
