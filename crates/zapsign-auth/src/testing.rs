#![doc = include_str!("../docs/testing.md")]

use std::time::{Duration, SystemTime};

use auth_common::{
    BaseUrl, ConfigurationError, ErrorKind,
    testing::{Document, Issued, RequestKind, Role, jwt},
};

pub use auth_common::testing::{ManualClock, Outage, Request, Response, Script};

use crate::{Credentials, Environment, ZapSign};

/// ZapSign on a socket of your machine.
pub type StandIn = auth_common::testing::StandIn<Vendor>;

/// How ZapSign behaves: the role that the [`StandIn`] plays.
pub struct Vendor {
    organization_id: String,
    username: String,
    password: String,
}

impl Vendor {
    /// A vendor that knows this user of this organization, instead of the document's `dev@exemplo.com.br` of an
    /// organization `4321`.
    pub fn with_user(
        organization_id: impl Into<String>,
        username: impl Into<String>,
        password: impl Into<String>,
    ) -> Self {
        Self {
            organization_id: organization_id.into(),
            username: username.into(),
            password: password.into(),
        }
    }

    fn login(&self, organization_id: &str, request: &Request) -> RequestKind {
        match posted(request, &["username", "password"]).as_deref() {
            Ok([username, password])
                if organization_id == self.organization_id
                    && *username == self.username
                    && *password == self.password =>
            {
                RequestKind::Login
            }
            Ok(_) => RequestKind::WrongCredentials,
            Err(call) => call.clone(),
        }
    }
}

impl Default for Vendor {
    fn default() -> Self {
        Self::with_user("4321", "dev@exemplo.com.br", "Senhaforte123")
    }
}

impl Role for Vendor {
    type Endpoint = ZapSign;

    const LIFETIME: Duration = Duration::from_secs(3600);
    const RESOURCE: &'static str = "/api/v1/docs/?page=1";

    fn environment(&self, base: BaseUrl) -> Environment {
        Environment::Custom(base)
    }

    fn credentials(&self) -> Result<Credentials, ConfigurationError> {
        Credentials::new(
            self.organization_id.parse()?,
            self.username.as_str(),
            self.password.as_str(),
        )
    }

    fn kind(&self, request: &Request) -> RequestKind {
        let target = request.target();
        let below = target.strip_prefix("/api/v1/auth/").unwrap_or_default();
        match below.split('/').collect::<Vec<_>>()[..] {
            ["token", organization_id, ""] => self.login(organization_id, request),
            ["token-refresh", ""] => match posted(request, &["refresh"]) {
                Ok(refresh_token) => RequestKind::Refresh(refresh_token.concat()),
                Err(call) => call,
            },
            ["token", _] | ["token-refresh"] => {
                let redirect = Response::new(301, "text/html; charset=utf-8", "");
                RequestKind::Answered(redirect.with_header("Location", format!("{target}/")))
            }
            _ => RequestKind::Elsewhere,
        }
    }

    fn access_token(&self, serial: u64, lifetime: Duration) -> String {
        token("access", serial, lifetime)
    }

    fn refresh_token(&self, serial: u64) -> Option<String> {
        Some(token("refresh", serial, Duration::from_secs(24 * 3600)))
    }

    fn granted(&self, issued: &Issued) -> Response {
        let access = &issued.access_token;
        let refresh = issued.refresh_token.as_ref();
        let refresh = refresh.map_or_else(String::new, |it| format!(r#""refresh": "{it}", "#));
        Response::json(200, format!(r#"{{{refresh}"access": "{access}"}}"#))
    }

    fn credentials_refused(&self) -> Response {
        Response::json(
            401,
            r#"{"detail": "No active account found with the given credentials"}"#,
        )
    }

    /// Undocumented; so is the language of the text.
    fn request_refused(&self, problem: &str) -> Response {
        Response::json(400, format!(r#"{{"detail": "{problem}"}}"#))
    }

    /// As reported.
    fn refresh_refused(&self) -> Response {
        Response::json(
            401,
            r#"{"detail": "Token is invalid or expired", "code": "token_not_valid"}"#,
        )
    }

    fn rate_limited(&self) -> Response {
        Response::json(400, r#"{"message": "Rate limit exceeded"}"#)
    }

    /// Undocumented.
    fn unauthorized(&self) -> Response {
        Response::json(
            401,
            r#"{"detail": "Authentication credentials were not provided."}"#,
        )
    }

    /// The vendor documents what is in it elsewhere.
    fn resource(&self) -> Response {
        Response::json(200, r#"{"results": []}"#)
    }
}

impl Document for Vendor {
    const HOSTS: &'static [(&'static str, &'static str)] = &[
        ("production", "https://api.zapsign.com.br/"),
        ("sandbox", "https://sandbox.api.zapsign.com.br/"),
    ];
    const OPTIONAL_VARIABLES: &'static [&'static str] = &["ZAPSIGN_ENVIRONMENT"];

    fn knowing(identity: &str, secret: &str, organization: &str) -> Self {
        Self::with_user(organization, identity, secret)
    }

    fn variables(&self, system: &str) -> Vec<(&'static str, String)> {
        vec![
            ("ZAPSIGN_ENVIRONMENT", system.into()),
            ("ZAPSIGN_ORGANIZATION_ID", self.organization_id.clone()),
            ("ZAPSIGN_USERNAME", self.username.clone()),
            ("ZAPSIGN_PASSWORD", self.password.clone()),
        ]
    }

    fn refusals(&self) -> Vec<(Response, ErrorKind)> {
        vec![
            (self.credentials_refused(), ErrorKind::CredentialsRefused),
            (self.rate_limited(), ErrorKind::RateLimited),
        ]
    }
}

impl std::fmt::Debug for Vendor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vendor(ZapSign)")
    }
}

/// The values of these fields of the body. A body without a length is taken for empty, and then they are all missing.
fn posted(request: &Request, names: &[&str]) -> Result<Vec<String>, RequestKind> {
    if request.method() == "POST" && request.header("content-length").is_none() {
        let missing = |name| format!(r#""{name}": ["This field is required."]"#);
        let missing = names.iter().map(missing).collect::<Vec<_>>().join(", ");
        let response = Response::json(400, format!("{{{missing}}}"));
        return Err(RequestKind::Answered(response));
    }
    request.posted_json(names).map_err(RequestKind::Wrong)
}

/// A token with the claims of the document's samples, and with `iat`, so that it lives to the second as told.
fn token(kind: &str, serial: u64, lifetime: Duration) -> String {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = since_1970.map_or(0, |since| since.as_secs());
    let ends = now.saturating_add(lifetime.as_secs());
    jwt(&format!(
        r#"{{"token_type":"{kind}","exp":{ends},"iat":{now},"jti":"{serial}","user_id":1}}"#
    ))
}
