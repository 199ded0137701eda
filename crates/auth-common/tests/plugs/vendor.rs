//! A vendor with a login and, on demand, refresh tokens: its token endpoint, and its stand-in.

use std::{fmt, time::Duration};

use auth_common::{
    Authenticator, BaseUrl, Builder, ConfigurationError, Credential, Exchange, Grant, InvalidBody,
    JsonObject, Refresh, Refusal, TokenEndpoint, TokenRequest, Vars, VendorTypes,
    testing::{Issued, Request, RequestKind, Response, Role},
};
use http::StatusCode;
use secrecy::SecretString;

/// The client's side.
pub(crate) struct Sample;

/// Without async, a token that is kept ready: it is due within a second or so.
#[cfg(feature = "blocking")]
pub(crate) fn kept_ready_for_two_seconds() -> auth_common::blocking::Authenticator<Sample> {
    // {"iat":1000,"exp":1002}
    const TWO_SECONDS: &str = "e30.eyJpYXQiOjEwMDAsImV4cCI6MTAwMn0.c2ln";
    let vendor =
        auth_common::testing::Script::new(|_| Ok(Response::json(200, granted(TWO_SECONDS, None))));
    builder("https://vendor.example".parse().unwrap())
        .transport(vendor.transport())
        .early_renewal(0.5)
        .keep_ready()
        .build_blocking()
        .unwrap()
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

    const VENDOR: &'static str = "Sample";
    const USER_AGENT: &'static str = "sample-auth/0.0.0";
    const FALLBACK_LIFETIME: Duration = LIFETIME;
    const REFRESH: Option<Refresh> = Some(Refresh::form("refresh", "refresh", |body| {
        Self::token_response(body).map(Into::into)
    }));
    const REQUIRED_VARS: &'static [&'static str] = &["SAMPLE_URL", "SAMPLE_PASSWORD"];

    fn base_url(base: BaseUrl) -> Result<BaseUrl, ConfigurationError> {
        Ok(base)
    }

    fn environment_from(vars: &Vars) -> Result<BaseUrl, ConfigurationError> {
        vars.parse("SAMPLE_URL", str::parse)
    }

    fn credentials_from(vars: &Vars) -> Result<Credential, ConfigurationError> {
        vars.credential("SAMPLE_PASSWORD")
    }

    fn secrets(password: &Credential) -> Vec<&str> {
        vec![password.expose_secret()]
    }

    fn given(password: &Credential) -> Vec<&Credential> {
        vec![password]
    }

    fn token_request(password: &Credential) -> TokenRequest {
        TokenRequest::form("login", &[("password", password.expose_secret())])
    }

    fn token_response(body: &JsonObject<'_>) -> Result<Granted, InvalidBody> {
        Ok(Granted {
            access: body.token("access")?,
            refresh: body.optional_token("refresh")?,
        })
    }

    fn error_response(body: &JsonObject<'_>) -> Problem {
        Problem(body.text("error").unwrap_or_default())
    }

    fn refusal(_: Exchange, status: StatusCode, _: &Problem) -> Refusal {
        match status {
            StatusCode::UNAUTHORIZED => Refusal::Credentials,
            _ => Refusal::Other,
        }
    }
}

impl VendorTypes for Sample {
    type Authenticator = Authenticator<Self>;
    type Builder = Builder<Self>;
}

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

    fn kind(&self, request: &Request) -> RequestKind {
        let posted = |name| request.posted_form(&[name]).map(|values| values[0].clone());
        match request.target().as_str() {
            "/login" => match posted("password") {
                Ok(password) if password == PASSWORD => RequestKind::Login,
                Ok(_) => RequestKind::WrongCredentials,
                Err(problem) => RequestKind::Wrong(problem),
            },
            "/refresh" => posted("refresh").map_or_else(RequestKind::Wrong, RequestKind::Refresh),
            _ => RequestKind::Elsewhere,
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
