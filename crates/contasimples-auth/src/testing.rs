#![doc = include_str!("../docs/testing.md")]

use std::time::Duration;

use auth_common::{
    BaseUrl, ConfigurationError, ErrorKind,
    testing::{Document, Issued, RequestKind, Role, jwt},
};

pub use auth_common::testing::{ManualClock, Outage, Request, Response, Script};

use crate::{ContaSimples, Credentials, Environment};

/// Conta Simples on a socket of your machine.
pub type StandIn = auth_common::testing::StandIn<Vendor>;

/// How Conta Simples behaves: the role that the [`StandIn`] plays.
pub struct Vendor {
    api_key: String,
    api_secret: String,
}

impl Vendor {
    /// A vendor that knows this key and this secret, instead of the document's `api_key` and `api_secret`.
    pub fn with_key(api_key: impl Into<String>, api_secret: impl Into<String>) -> Self {
        Self {
            api_key: api_key.into(),
            api_secret: api_secret.into(),
        }
    }
}

impl Default for Vendor {
    fn default() -> Self {
        Self::with_key("api_key", "api_secret")
    }
}

impl Role for Vendor {
    type Endpoint = ContaSimples;

    const LIFETIME: Duration = Duration::from_secs(3600);
    const RESOURCE: &'static str = "/accounts/v1/balance";

    fn environment(&self, base: BaseUrl) -> Environment {
        Environment::Custom(base)
    }

    fn credentials(&self) -> Result<Credentials, ConfigurationError> {
        Credentials::new(self.api_key.as_str(), self.api_secret.as_str())
    }

    fn kind(&self, request: &Request) -> RequestKind {
        if request.target() != "/oauth/v1/access-token" {
            return RequestKind::Elsewhere;
        }
        match request.posted_form(&["grant_type"]) {
            Ok(grant_type) if grant_type == ["client_credentials"] => {}
            Ok(_) => return RequestKind::Wrong("grant_type is not client_credentials".into()),
            Err(problem) => return RequestKind::Wrong(problem),
        }
        match request.basic() {
            None => RequestKind::Wrong(
                "Authorization is not Basic with the base64 of api_key:api_secret".into(),
            ),
            Some((key, secret)) if key == self.api_key && secret == self.api_secret => {
                RequestKind::Login
            }
            Some(_) => RequestKind::WrongCredentials,
        }
    }

    fn access_token(&self, serial: u64, _: Duration) -> String {
        jwt(&format!(r#"{{"jti":"{serial}"}}"#))
    }

    fn granted(&self, issued: &Issued) -> Response {
        let expires_in = issued.expires_in.map_or_else(String::new, |lifetime| {
            format!(",\n\"expires_in\": {}", lifetime.as_secs())
        });
        Response::json(
            200,
            format!(
                "{{\n\"access_token\": \"{}\",\n\"token_type\": \"Bearer\"{expires_in}\n}}",
                issued.access_token
            ),
        )
    }

    fn credentials_refused(&self) -> Response {
        self.unauthorized()
    }

    fn request_refused(&self, problem: &str) -> Response {
        Response::json(
            400,
            format!(
                r#"{{
"error": "Bad Request",
"message": "The request contains invalid parameters or malformed data",
"code": 400,
"details": [{{"field": "request", "message": "{problem}"}}]
}}"#
            ),
        )
    }

    /// The vendor documents none.
    fn rate_limited(&self) -> Response {
        Response::new(429, "text/plain", "")
    }

    fn unauthorized(&self) -> Response {
        Response::json(
            401,
            r#"{
"error": "Unauthorized",
"message": "Authentication required. Please provide a valid API token",
"code": 401
}"#,
        )
    }

    /// As reported.
    fn resource(&self) -> Response {
        Response::json(200, r#"{"amount":1500.75}"#)
    }
}

impl Document for Vendor {
    /// Newer pages of the vendor say so; *Obter Token de Acesso* says 3600 s.
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(1800);
    const HOSTS: &'static [(&'static str, &'static str)] = &[
        ("sandbox", "https://api-sandbox.contasimples.com/"),
        ("production", "https://api.contasimples.com/"),
    ];

    fn knowing(identity: &str, secret: &str, _: &str) -> Self {
        Self::with_key(identity, secret)
    }

    fn variables(&self, system: &str) -> Vec<(&'static str, String)> {
        vec![
            ("CONTA_SIMPLES_ENV", system.into()),
            ("CONTA_SIMPLES_API_KEY", self.api_key.clone()),
            ("CONTA_SIMPLES_API_SECRET", self.api_secret.clone()),
        ]
    }

    fn refusals(&self) -> Vec<(Response, ErrorKind)> {
        let malformed = Response::json(
            400,
            r#"{
"error": "Bad Request",
"message": "The request contains invalid parameters or malformed data",
"code": 400,
"details": [{"field": "email", "message": "Invalid email format"}]
}"#,
        );
        let failed = Response::json(
            500,
            r#"{
"error": "Internal Server Error",
"message": "An unexpected error occurred on the server",
"code": 500,
"requestId": "req_1234567890"
}"#,
        );
        vec![
            (self.unauthorized(), ErrorKind::CredentialsRefused),
            (malformed, ErrorKind::CredentialsRefused),
            (failed, ErrorKind::Unavailable),
        ]
    }
}

impl std::fmt::Debug for Vendor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vendor(Conta Simples)")
    }
}
