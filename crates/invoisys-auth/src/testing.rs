#![doc = include_str!("../docs/testing.md")]

use std::time::Duration;

use auth_common::{
    BaseUrl, ConfigurationError, ErrorKind,
    testing::{Document, Issued, RequestKind, Role},
};

pub use auth_common::testing::{ManualClock, Outage, Request, Response, Script};

use crate::{Credentials, Environment, Invoisys};

/// Invoisys on a socket of your machine.
pub type StandIn = auth_common::testing::StandIn<Vendor>;

/// How Invoisys behaves: the role that the [`StandIn`] plays.
pub struct Vendor {
    username: String,
    password: String,
}

impl Vendor {
    /// A vendor that knows this user, instead of the document's `email@email.com.br`.
    pub fn with_user(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
        }
    }
}

impl Default for Vendor {
    fn default() -> Self {
        Self::with_user("email@email.com.br", "senha do usuário")
    }
}

impl Role for Vendor {
    type Endpoint = Invoisys;

    const LIFETIME: Duration = Duration::from_secs(92_843);
    const RESOURCE: &'static str =
        "/api/nfe/getbychaveSTD/35170358716523000119550010000000291000000291";

    fn environment(&self, base: BaseUrl) -> Environment {
        Environment::Custom(base)
    }

    fn credentials(&self) -> Result<Credentials, ConfigurationError> {
        Credentials::new(self.username.as_str(), self.password.as_str())
    }

    fn kind(&self, request: &Request) -> RequestKind {
        if request.target() != "/api/token" {
            return RequestKind::Elsewhere;
        }
        let form = match request.posted_form(&["grant_type", "username", "password"]) {
            Ok(form) => form,
            Err(problem) => return RequestKind::Wrong(problem),
        };
        if request.header("accept") != Some("application/json") {
            return RequestKind::Wrong("Accept is not application/json".into());
        }
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

    fn access_token(&self, serial: u64, _: Duration) -> String {
        format!("pehddf4BLGV8UZ4ZbUIZ81BO6BG6Fzpmrd1RZMSTiZeESZulk48EU7FSq33G1Jh-{serial}")
    }

    fn granted(&self, issued: &Issued) -> Response {
        let expires_in = issued.expires_in.map_or_else(String::new, |lifetime| {
            format!(",\n  \"expires_in\": {}", lifetime.as_secs())
        });
        Response::json(
            200,
            format!(
                "{{\n  \"access_token\": \"{}\",\n  \"token_type\": \"bearer\"{expires_in}\n}}",
                issued.access_token
            ),
        )
    }

    fn credentials_refused(&self) -> Response {
        Response::json(
            400,
            r#"{"mensagem": "Credenciais inválidas.", "token": null}"#,
        )
    }

    fn request_refused(&self, problem: &str) -> Response {
        Response::json(
            400,
            format!(r#"{{"mensagem": "{problem}", "token": null}}"#),
        )
    }

    /// The vendor documents none.
    fn rate_limited(&self) -> Response {
        Response::new(429, "text/plain", "")
    }

    /// A 401 without content (reported; the vendor documents none).
    fn unauthorized(&self) -> Response {
        Response::new(401, "text/plain", "")
    }

    /// The vendor documents what is in it elsewhere.
    fn resource(&self) -> Response {
        Response::json(200, "{}")
    }
}

impl Document for Vendor {
    /// The document promises nothing; this is short enough for any server.
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(900);
    const HOSTS: &'static [(&'static str, &'static str)] = &[
        ("sandbox", "https://sandbox-api.invoisys.com.br/"),
        ("production", "https://api.invoisys.com.br/"),
    ];

    fn knowing(identity: &str, secret: &str, _: &str) -> Self {
        Self::with_user(identity, secret)
    }

    fn variables(&self, system: &str) -> Vec<(&'static str, String)> {
        vec![
            ("INVOISYS_ENVIRONMENT", system.into()),
            ("INVOISYS_USERNAME", self.username.clone()),
            ("INVOISYS_PASSWORD", self.password.clone()),
        ]
    }

    fn refusals(&self) -> Vec<(Response, ErrorKind)> {
        vec![(self.credentials_refused(), ErrorKind::CredentialsRefused)]
    }
}

impl std::fmt::Debug for Vendor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vendor(Invoisys)")
    }
}
