//! A vendor with a login and, on demand, refresh tokens: its token endpoint, and its stand-in.

use std::{fmt, time::Duration};

use auth_common::{
    Authenticator, BaseUrl, Builder, ConfigurationError, Credential, Grant, InvalidBody,
    JsonObject, RefreshTokenEndpoint, Refusal, TokenEndpoint, TokenRequest, Vars,
    testing::{Issued, Received, Response, Role, TokenCall},
};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

/// The client's side.
pub(crate) struct Sample {
    base: BaseUrl,
    password: Credential,
}

/// A builder that points to `base` with the right password.
pub(crate) fn builder(base: BaseUrl) -> Builder<Sample> {
    Authenticator::builder(base, Credential::new("password", PASSWORD).unwrap())
}

impl TokenEndpoint for Sample {
    type Environment = BaseUrl;
    type Credentials = Credential;
    type TokenResponse = Granted;
    type ErrorResponse = Problem;
    type RefreshResponse = Granted;

    const VENDOR: &'static str = "Sample";
    const USER_AGENT: &'static str = "sample-auth/0.0.0";
    const FALLBACK_LIFETIME: Duration = LIFETIME;

    fn new(base: BaseUrl, password: Credential) -> Result<Self, ConfigurationError> {
        Ok(Self { base, password })
    }

    fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        Self::new(
            vars.parse("SAMPLE_URL", str::parse)?,
            vars.credential("SAMPLE_PASSWORD")?,
        )
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base
    }

    fn secrets(&self) -> Vec<&str> {
        vec![self.password.expose_secret()]
    }

    fn token_request(&self) -> TokenRequest {
        TokenRequest::form("login", &[("password", self.password.expose_secret())])
    }

    fn token_response(&self, body: &JsonObject<'_>) -> Result<Granted, InvalidBody> {
        Ok(Granted {
            access: body.token("access")?,
            refresh: body.optional_token("refresh")?,
        })
    }

    fn error_response(&self, body: &JsonObject<'_>) -> Problem {
        Problem(body.text("error").unwrap_or_default())
    }

    fn refusal(&self, status: StatusCode, _: &Problem) -> Refusal {
        match status {
            StatusCode::UNAUTHORIZED => Refusal::Credentials,
            _ => Refusal::Other,
        }
    }

    fn refresh_request(&self, refresh_token: &SecretString) -> Option<TokenRequest> {
        let fields = [("refresh", refresh_token.expose_secret())];
        Some(TokenRequest::form("refresh", &fields))
    }

    fn refresh_response(&self, body: &JsonObject<'_>) -> Result<Granted, InvalidBody> {
        self.token_response(body)
    }
}

impl RefreshTokenEndpoint for Sample {}

pub(crate) struct Granted {
    pub(crate) access: SecretString,
    pub(crate) refresh: Option<SecretString>,
}

impl From<Granted> for Grant {
    fn from(granted: Granted) -> Self {
        Self::new(granted.access, None).with_refresh_token(granted.refresh)
    }
}

/// Why the vendor refused, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem(String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The vendor's side.
#[derive(Default)]
pub(crate) struct Vendor {
    hands_out_refresh_tokens: bool,
}

impl Vendor {
    pub(crate) fn with_refresh_tokens() -> Self {
        Self {
            hands_out_refresh_tokens: true,
        }
    }
}

impl Role for Vendor {
    type Endpoint = Sample;

    const LIFETIME: Duration = LIFETIME;
    const RESOURCE: &'static str = "/things";

    fn environment(&self, base: BaseUrl) -> BaseUrl {
        base
    }

    fn credentials(&self) -> Result<Credential, ConfigurationError> {
        Credential::new("password", PASSWORD)
    }

    fn token_call(&self, request: &Received<'_>) -> TokenCall {
        let posted = |name| request.posted_form(&[name]).map(|values| values[0].clone());
        match request.target().as_str() {
            "/login" => match posted("password") {
                Ok(password) if password == PASSWORD => TokenCall::Login,
                Ok(_) => TokenCall::WrongCredentials,
                Err(problem) => TokenCall::Wrong(problem),
            },
            "/refresh" => posted("refresh").map_or_else(TokenCall::Wrong, TokenCall::Refresh),
            _ => TokenCall::Elsewhere,
        }
    }

    fn access_token(&self, serial: u64, _: Duration) -> String {
        format!("access-{serial}")
    }

    fn refresh_token(&self, serial: u64) -> Option<String> {
        self.hands_out_refresh_tokens
            .then(|| format!("refresh-{serial}"))
    }

    fn granted(&self, issued: &Issued) -> Response {
        Response::json(
            200,
            granted(
                issued.access_token.as_str(),
                issued.refresh_token.as_deref(),
            ),
        )
    }

    fn credentials_refused(&self) -> Response {
        Response::json(401, r#"{"error":"wrong password"}"#)
    }

    fn request_refused(&self, problem: &str) -> Response {
        Response::json(400, format!(r#"{{"error":"{problem}"}}"#))
    }

    fn refresh_refused(&self) -> Response {
        Response::json(400, r#"{"error":"unknown refresh token"}"#)
    }

    fn rate_limited(&self) -> Response {
        Response::json(429, r#"{"error":"too many logins"}"#)
    }

    fn unauthorized(&self) -> Response {
        Response::json(401, r#"{"error":"unauthorized"}"#)
    }

    fn resource(&self) -> Response {
        Response::json(200, "[]")
    }
}

/// The body of a success.
pub(crate) fn granted(access: &str, refresh: Option<&str>) -> String {
    let refresh = refresh.map_or_else(String::new, |refresh| format!(r#","refresh":"{refresh}""#));
    format!(r#"{{"access":"{access}"{refresh}}}"#)
}

pub(crate) const PASSWORD: &str = "s3cret of the shop";

/// No answer says it.
pub(crate) const LIFETIME: Duration = Duration::from_secs(3600);
