#![doc = include_str!("../docs/testing.md")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use auth_common::{
    BaseUrl, ConfigurationError, ErrorKind,
    testing::{Document, Issued, RequestKind, Role, jwt},
};

pub use auth_common::testing::{ManualClock, Outage, Request, Response, Script};

use crate::{Credentials, DirectLink};

/// A DirectLink server on a socket of your machine.
pub type StandIn = auth_common::testing::StandIn<Vendor>;

/// How DirectLink behaves: the role that the [`StandIn`] plays.
pub struct Vendor {
    username: String,
    password: String,
}

impl Vendor {
    /// A vendor that knows this user, instead of the document's `johndoe`.
    pub fn with_user(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
        }
    }
}

impl Default for Vendor {
    fn default() -> Self {
        Self::with_user("johndoe", "A3ddj3w")
    }
}

impl Role for Vendor {
    type Endpoint = DirectLink;

    const LIFETIME: Duration = Duration::from_secs(3600);
    const RESOURCE: &'static str = "/directlink/v1/download/list?page=1";

    fn environment(&self, base: BaseUrl) -> BaseUrl {
        base
    }

    fn credentials(&self) -> Result<Credentials, ConfigurationError> {
        Credentials::new(self.username.as_str(), self.password.as_str())
    }

    fn kind(&self, request: &Request) -> RequestKind {
        if request.target() != "/directlink/v1/oauth2/token" {
            return RequestKind::Elsewhere;
        }
        let form = match request.posted_form(&["grant_type", "username", "password"]) {
            Ok(form) => form,
            Err(problem) => return RequestKind::Wrong(problem),
        };
        match form.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["password", username, password]
                if username == self.username && password == self.password =>
            {
                RequestKind::Login
            }
            ["password", ..] => RequestKind::WrongCredentials,
            _ => RequestKind::Wrong("grant_type is not password".into()),
        }
    }

    /// A JSON Web Token with the claims of the document's sample.
    fn access_token(&self, serial: u64, lifetime: Duration) -> String {
        let issued = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let (issued, expires) = (issued.as_secs(), issued.saturating_add(lifetime).as_secs());
        jwt(&format!(
            r#"{{"iss":"{API}","sub":"USER1","aud":["{API}"],"exp":{expires},"nbf":{issued},"iat":{issued},"jti":"{serial}"}}"#
        ))
    }

    fn granted(&self, issued: &Issued) -> Response {
        let expires_in = issued.expires_in.map_or_else(String::new, |lifetime| {
            format!("\"expires_in\": {},\n", lifetime.as_secs())
        });
        let body = format!(
            "{{\n\"access_token\": \"{}\",\n\"token_type\": \"Bearer\",\n{expires_in}\"scope\": \"{API}\"\n}}",
            issued.access_token
        );
        Response::new(200, "application/json;charset=UTF-8", body)
            .with_header("Cache-Control", "no-store")
            .with_header("Pragma", "no-cache")
    }

    fn credentials_refused(&self) -> Response {
        refused(401, "Unauthorized")
    }

    /// The document says `Bad Request` to all of them; this says which it was.
    fn request_refused(&self, problem: &str) -> Response {
        refused(400, &format!("Bad Request: {problem}"))
    }

    /// The vendor documents none.
    fn rate_limited(&self) -> Response {
        Response::new(429, "text/plain", "")
    }

    /// As the rest of the server answers (reported; this document has none).
    fn unauthorized(&self) -> Response {
        Response::json(
            401,
            r#"{"status":401,"description":"Unauthorized","apiver":"v1","time":"2024-09-23T12:00:00Z"}"#,
        )
    }

    /// The vendor documents what is in it elsewhere.
    fn resource(&self) -> Response {
        Response::json(200, "{}")
    }
}

impl Document for Vendor {
    fn knowing(identity: &str, secret: &str, _: &str) -> Self {
        Self::with_user(identity, secret)
    }

    fn variables(&self, system: &str) -> Vec<(&'static str, String)> {
        vec![
            ("DIRECTLINK_URL", system.into()),
            ("DIRECTLINK_USERNAME", self.username.clone()),
            ("DIRECTLINK_PASSWORD", self.password.clone()),
        ]
    }

    fn refusals(&self) -> Vec<(Response, ErrorKind)> {
        vec![
            (refused(401, "Unauthorized"), ErrorKind::CredentialsRefused),
            (refused(400, "Bad Request"), ErrorKind::Refused),
            (
                refused(500, "Internal server error"),
                ErrorKind::Unavailable,
            ),
        ]
    }
}

impl std::fmt::Debug for Vendor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vendor(DirectLink)")
    }
}

fn refused(status: u16, description: &str) -> Response {
    Response::json(
        status,
        format!(
            "{{\n    \"error\": {status},\n    \"error_description\": \"{description}\",\n    \"error_uri\": \"{API}\"\n}}"
        ),
    )
}

/// As the document writes it.
const API: &str = "https://your-domain/directlink/v1";
