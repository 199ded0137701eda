#![doc = include_str!("../docs/testing.md")]

use std::time::Duration;

use auth_common::{
    BaseUrl, ConfigurationError, ErrorKind,
    testing::{Document, Issued, RequestKind, Role},
};

pub use auth_common::testing::{ManualClock, Outage, Request, Response, Script};

use crate::{BlackBox, Credentials};

/// BlackBox on a socket of your machine.
pub type StandIn = auth_common::testing::StandIn<Vendor>;

/// How BlackBox behaves: the role that the [`StandIn`] plays.
pub struct Vendor {
    username: String,
    password: String,
}

impl Vendor {
    /// A vendor that knows this user, instead of `usuario.da.loja`.
    pub fn with_user(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
        }
    }
}

impl Default for Vendor {
    fn default() -> Self {
        Self::with_user("usuario.da.loja", "senha da loja")
    }
}

impl Role for Vendor {
    type Endpoint = BlackBox;

    const LIFETIME: Duration = Duration::from_secs(86_399);
    const RESOURCE: &'static str = "/api/product/";

    fn environment(&self, base: BaseUrl) -> BaseUrl {
        base
    }

    fn credentials(&self) -> Result<Credentials, ConfigurationError> {
        Credentials::new(self.username.as_str(), self.password.as_str())
    }

    fn kind(&self, request: &Request) -> RequestKind {
        if request.target() != "/oauth/token" {
            return RequestKind::Elsewhere;
        }
        let form = match request.posted_form(&["username", "password", "grant_type"]) {
            Ok(form) => form,
            Err(problem) => return RequestKind::Wrong(problem),
        };
        if request.header("cache-control") != Some("no-cache") {
            return RequestKind::Wrong("Cache-Control is not no-cache".into());
        }
        match form.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [username, _, _] if username.chars().count() > 64 => {
                RequestKind::Wrong("username is longer than 64 characters".into())
            }
            [_, password, _] if password.chars().count() > 1024 => {
                RequestKind::Wrong("password is longer than 1024 characters".into())
            }
            [username, password, "password"]
                if username == self.username && password == self.password =>
            {
                RequestKind::Login
            }
            [.., "password"] => RequestKind::WrongCredentials,
            _ => RequestKind::Wrong("grant_type is not password".into()),
        }
    }

    fn access_token(&self, serial: u64, _: Duration) -> String {
        format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.{serial}.stand-in")
    }

    fn granted(&self, issued: &Issued) -> Response {
        let expires_in = issued.expires_in.map_or_else(String::new, |lifetime| {
            format!(",\n    \"expires_in\": {}", lifetime.as_secs())
        });
        json(
            200,
            format!(
                "{{\n    \"access_token\": \"{}\",\n    \"token_type\": \"bearer\"{expires_in}\n}}",
                issued.access_token
            ),
        )
    }

    /// Inferred from the server software; the vendor documents none.
    fn credentials_refused(&self) -> Response {
        json(
            400,
            r#"{"error":"invalid_grant","error_description":"The user name or password is incorrect."}"#,
        )
    }

    /// Inferred from the server software; the vendor documents none.
    fn request_refused(&self, problem: &str) -> Response {
        json(
            400,
            format!(r#"{{"error":"invalid_request","error_description":"{problem}"}}"#),
        )
    }

    /// The vendor documents none.
    fn rate_limited(&self) -> Response {
        Response::new(429, "text/plain", "")
    }

    /// Inferred from the server software; the vendor documents none.
    fn unauthorized(&self) -> Response {
        json(
            401,
            r#"{"Message":"Authorization has been denied for this request."}"#,
        )
    }

    /// The vendor documents what is in it elsewhere.
    fn resource(&self) -> Response {
        json(200, "[]")
    }
}

impl Document for Vendor {
    /// The document promises nothing; this is short enough for any server.
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(900);

    fn knowing(identity: &str, secret: &str, _: &str) -> Self {
        Self::with_user(identity, secret)
    }

    fn variables(&self, system: &str) -> Vec<(&'static str, String)> {
        vec![
            ("BLACKBOX_URL", system.into()),
            ("BLACKBOX_USERNAME", self.username.clone()),
            ("BLACKBOX_PASSWORD", self.password.clone()),
        ]
    }

    /// The vendor documents none.
    fn refusals(&self) -> Vec<(Response, ErrorKind)> {
        vec![(self.credentials_refused(), ErrorKind::CredentialsRefused)]
    }
}

impl std::fmt::Debug for Vendor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vendor(BlackBox)")
    }
}

fn json(status: u16, body: impl Into<String>) -> Response {
    Response::new(status, "application/json;charset=UTF-8", body)
}
