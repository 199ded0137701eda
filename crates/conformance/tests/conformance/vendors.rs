//! The five vendors, as far as a test that runs against all of them has to know. Adding one is an entry here, and a
//! line in [`every_vendor`].

use std::fmt;

use auth_common::{
    Authenticator, BaseUrl, Builder, ConfigurationError, Error, TokenEndpoint, testing::jwt,
};

use crate::server::Request;

/// A vendor, told from its document alone: what its crate is given, and what the vendor answers.
pub(crate) trait Vendor: 'static {
    type Endpoint: TokenEndpoint<Environment: fmt::Debug, Credentials: fmt::Debug, TokenResponse: fmt::Debug>
        + fmt::Debug;

    /// Where a login goes.
    const LOGIN: &'static str;
    /// The field of a success that holds the access token.
    const TOKEN: &'static str;
    /// Whether a success names the token's type and its lifetime.
    const TELLS_TYPE_AND_LIFETIME: bool = true;
    /// Whether no identity with a colon is accepted.
    const IDENTITY_WITHOUT_COLON: bool = false;
    /// Whether the vendor hands out refresh tokens.
    const REFRESHES: bool = false;
    /// Whether credentials hold the id of an organization.
    const WANTS_ORGANIZATION: bool = false;
    /// The lifetime for an answer that does not say, in seconds.
    const FALLBACK: u64;
    /// Every documented refusal: its status, its body, and what it means. The first is that of wrong credentials, as the
    /// protocol has it where the vendor's document is silent.
    const REFUSALS: &'static [(&'static str, &'static str, Class)];

    fn environment(base: BaseUrl) -> <Self::Endpoint as TokenEndpoint>::Environment;

    /// Credentials made of an identity (a user name, an API key) and a secret (a password, an API secret), and of the
    /// id of an organization where one is wanted.
    fn credentials(
        identity: &str,
        secret: &str,
        organization: &str,
    ) -> Result<<Self::Endpoint as TokenEndpoint>::Credentials, ConfigurationError>;

    /// A success as documented, with this token.
    fn success(token: &str) -> Body;

    /// A token of this number, which differs from all others.
    fn token(number: usize, lives: u64) -> String {
        let _ = lives;
        format!("token-{number}")
    }

    /// A success with this token, which lives for so many seconds.
    fn success_living(token: &str, lives: u64) -> Body {
        Self::success(token).with("expires_in", lives.to_string())
    }

    /// The identity and the secret that a login carries, by an independent decoder.
    fn read(login: &Request) -> (String, String);
}

pub(crate) type Client<V> = Authenticator<<V as Vendor>::Endpoint>;
pub(crate) type Failed<V> = Error<<<V as Vendor>::Endpoint as TokenEndpoint>::ErrorResponse>;

/// A builder with credentials that are accepted everywhere.
pub(crate) fn builder<V: Vendor>(base: BaseUrl) -> Builder<V::Endpoint> {
    let credentials = V::credentials(
        "identity-of-the-caller",
        "secret-of-the-caller",
        "organization-of-the-caller",
    )
    .unwrap();
    Authenticator::builder(V::environment(base), credentials)
}

pub(crate) fn client<V: Vendor>(base: BaseUrl) -> Client<V> {
    builder::<V>(base).build().unwrap()
}

/// The kinds of error, without what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    CredentialsRefused,
    RateLimited,
    Refused,
    Unavailable,
    InvalidResponse,
    TimedOut,
    Configuration,
}

impl Class {
    pub(crate) fn of<R: fmt::Debug>(error: &Error<R>) -> Self {
        match error {
            Error::CredentialsRefused(_) => Self::CredentialsRefused,
            Error::RateLimited(_) => Self::RateLimited,
            Error::Refused(_) => Self::Refused,
            Error::Unavailable(_) => Self::Unavailable,
            Error::InvalidResponse(_) => Self::InvalidResponse,
            Error::TimedOut(_) => Self::TimedOut,
            Error::Configuration(_) => Self::Configuration,
            other => panic!("a kind of error that no test knows: {other:?}"),
        }
    }
}

/// Makes a test of `$test<V: Vendor>` for each of the vendors. `paused` stops the time of the runtime; `child` is for a
/// function that other tests run in a process of its own.
macro_rules! every_vendor {
    (child $test:ident) => {
        every_vendor! { @ $test [test, ignore = "run by other tests, in a process of its own"] [] [] }
    };
    (paused $test:ident) => {
        every_vendor! { @ $test [tokio::test(start_paused = true)] [async] [.await] }
    };
    ($test:ident) => {
        every_vendor! { @ $test [tokio::test] [async] [.await] }
    };
    (@ $test:ident $attributes:tt $asynchronous:tt $wait:tt) => {
        mod $test {
            crate::vendors::every_vendor! { % blackbox BlackBox $test $attributes $asynchronous $wait }
            crate::vendors::every_vendor! { % contasimples ContaSimples $test $attributes $asynchronous $wait }
            crate::vendors::every_vendor! { % directlink DirectLink $test $attributes $asynchronous $wait }
            crate::vendors::every_vendor! { % invoisys Invoisys $test $attributes $asynchronous $wait }
            crate::vendors::every_vendor! { % zapsign ZapSign $test $attributes $asynchronous $wait }
        }
    };
    (% $name:ident $vendor:ident $test:ident [$($attribute:meta),+] [$($asynchronous:ident)?] [$($wait:tt)*]) => {
        $(#[$attribute])+
        $($asynchronous)? fn $name() {
            super::$test::<crate::vendors::$vendor>()$($wait)*;
        }
    };
}
pub(crate) use every_vendor;

pub(crate) struct BlackBox;

impl Vendor for BlackBox {
    type Endpoint = blackbox_auth::BlackBox;

    const LOGIN: &'static str = "/oauth/token";
    const TOKEN: &'static str = "access_token";
    const FALLBACK: u64 = 900;
    const REFUSALS: &'static [(&'static str, &'static str, Class)] = &[(
        "400 Bad Request",
        r#"{"error":"invalid_grant","error_description":"The user name or password is incorrect."}"#,
        Class::CredentialsRefused,
    )];

    fn environment(base: BaseUrl) -> BaseUrl {
        base
    }

    fn credentials(
        identity: &str,
        secret: &str,
        _: &str,
    ) -> Result<blackbox_auth::Credentials, ConfigurationError> {
        blackbox_auth::Credentials::new(identity, secret)
    }

    fn success(token: &str) -> Body {
        oauth_success(token, "bearer", "86399")
    }

    fn read(login: &Request) -> (String, String) {
        form(login, "username", "password")
    }
}

pub(crate) struct ContaSimples;

impl Vendor for ContaSimples {
    type Endpoint = contasimples_auth::ContaSimples;

    const LOGIN: &'static str = "/oauth/v1/access-token";
    const TOKEN: &'static str = "access_token";
    const IDENTITY_WITHOUT_COLON: bool = true;
    const FALLBACK: u64 = 1800;
    const REFUSALS: &'static [(&'static str, &'static str, Class)] = &[
        (
            "401 Unauthorized",
            r#"{"error": "Unauthorized", "message": "Authentication required. Please provide a valid API token",
                "code": 401}"#,
            Class::CredentialsRefused,
        ),
        (
            "400 Bad Request",
            r#"{"error": "Bad Request", "message": "The request contains invalid parameters or malformed data",
                "code": 400, "details": [{"field": "email", "message": "Invalid email format"}]}"#,
            Class::CredentialsRefused,
        ),
        (
            "500 Internal Server Error",
            r#"{"error": "Internal Server Error", "message": "An unexpected error occurred on the server",
                "code": 500, "requestId": "req_1234567890"}"#,
            Class::Unavailable,
        ),
    ];

    fn environment(base: BaseUrl) -> contasimples_auth::Environment {
        contasimples_auth::Environment::Custom(base)
    }

    fn credentials(
        identity: &str,
        secret: &str,
        _: &str,
    ) -> Result<contasimples_auth::Credentials, ConfigurationError> {
        contasimples_auth::Credentials::new(identity, secret)
    }

    fn success(token: &str) -> Body {
        oauth_success(token, "Bearer", "3600")
    }

    fn read(login: &Request) -> (String, String) {
        assert_eq!(login.body, b"grant_type=client_credentials");
        let value = login.header("authorization").unwrap();
        let pair = base64_decoded(value.strip_prefix("Basic ").unwrap());
        let pair = String::from_utf8(pair).unwrap();
        let (key, secret) = pair.split_once(':').unwrap();
        (key.into(), secret.into())
    }
}

pub(crate) struct DirectLink;

impl Vendor for DirectLink {
    type Endpoint = directlink_auth::DirectLink;

    const LOGIN: &'static str = "/directlink/v1/oauth2/token";
    const TOKEN: &'static str = "access_token";
    const FALLBACK: u64 = 3600;
    const REFUSALS: &'static [(&'static str, &'static str, Class)] = &[
        (
            "401 Unauthorized",
            r#"{ "error": 401, "error_description": "Unauthorized", "error_uri": "https://your-domain/directlink/v1" }"#,
            Class::CredentialsRefused,
        ),
        (
            "400 Bad Request",
            r#"{ "error": 400, "error_description": "Bad Request", "error_uri": "https://your-domain/directlink/v1" }"#,
            Class::Refused,
        ),
        (
            "500 Internal Server Error",
            r#"{ "error": 500, "error_description": "Internal server error", "error_uri": "https://your-domain/directlink/v1" }"#,
            Class::Unavailable,
        ),
    ];

    fn environment(base: BaseUrl) -> BaseUrl {
        base
    }

    fn credentials(
        identity: &str,
        secret: &str,
        _: &str,
    ) -> Result<directlink_auth::Credentials, ConfigurationError> {
        directlink_auth::Credentials::new(identity, secret)
    }

    fn success(token: &str) -> Body {
        oauth_success(token, "Bearer", "3600")
            .with("scope", quoted("https://your-domain/directlink/v1"))
    }

    fn read(login: &Request) -> (String, String) {
        form(login, "username", "password")
    }
}

pub(crate) struct Invoisys;

impl Vendor for Invoisys {
    type Endpoint = invoisys_auth::Invoisys;

    const LOGIN: &'static str = "/api/token";
    const TOKEN: &'static str = "access_token";
    const FALLBACK: u64 = 900;
    const REFUSALS: &'static [(&'static str, &'static str, Class)] = &[(
        "400 Bad Request",
        r#"{ "mensagem": "Credenciais inválidas.", "token": null }"#,
        Class::CredentialsRefused,
    )];

    fn environment(base: BaseUrl) -> invoisys_auth::Environment {
        invoisys_auth::Environment::Custom(base)
    }

    fn credentials(
        identity: &str,
        secret: &str,
        _: &str,
    ) -> Result<invoisys_auth::Credentials, ConfigurationError> {
        invoisys_auth::Credentials::new(identity, secret)
    }

    fn success(token: &str) -> Body {
        oauth_success(token, "bearer", "92843")
    }

    fn read(login: &Request) -> (String, String) {
        form(login, "username", "password")
    }
}

pub(crate) struct ZapSign;

impl Vendor for ZapSign {
    type Endpoint = zapsign_auth::ZapSign;

    const LOGIN: &'static str = "/api/v1/auth/token/organization-of-the-caller/";
    const TOKEN: &'static str = "access";
    const TELLS_TYPE_AND_LIFETIME: bool = false;
    const WANTS_ORGANIZATION: bool = true;
    const REFRESHES: bool = true;
    const FALLBACK: u64 = 3600;
    const REFUSALS: &'static [(&'static str, &'static str, Class)] = &[
        (
            "401 Unauthorized",
            r#"{ "detail": "No active account found with the given credentials" }"#,
            Class::CredentialsRefused,
        ),
        (
            "400 Bad Request",
            r#"{ "message": "Rate limit exceeded" }"#,
            Class::RateLimited,
        ),
    ];

    fn environment(base: BaseUrl) -> zapsign_auth::Environment {
        zapsign_auth::Environment::Custom(base)
    }

    fn credentials(
        identity: &str,
        secret: &str,
        organization: &str,
    ) -> Result<zapsign_auth::Credentials, ConfigurationError> {
        zapsign_auth::Credentials::new(organization.parse()?, identity, secret)
    }

    fn success(token: &str) -> Body {
        Body::new()
            .with("refresh", quoted("refresh-token"))
            .with("access", quoted(token))
    }

    /// Only the token itself tells how long it lives.
    fn token(number: usize, lives: u64) -> String {
        jwt(&format!(
            "{{\"jti\":\"{number}\",\"iat\":0,\"exp\":{lives}}}"
        ))
    }

    fn success_living(token: &str, _: u64) -> Body {
        Self::success(token)
    }

    fn read(login: &Request) -> (String, String) {
        let body: serde_json::Value = serde_json::from_slice(&login.body).unwrap();
        let value = |name: &str| body[name].as_str().unwrap().to_owned();
        (value("username"), value("password"))
    }
}

/// A success as RFC 6749 has it.
fn oauth_success(token: &str, kind: &str, seconds: &str) -> Body {
    Body::new()
        .with("access_token", quoted(token))
        .with("token_type", quoted(kind))
        .with("expires_in", seconds)
}

/// A JSON object, text by text, so that it can be wrong in any way.
#[derive(Clone, Default)]
pub(crate) struct Body(Vec<(&'static str, String)>);

impl Body {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Sets a field, the first of this name if it is there, to `value` as it stands.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value.into(),
            None => self.0.push((name, value.into())),
        }
        self
    }

    /// Adds a field, even if it is there.
    pub(crate) fn adding(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| *known != name);
        self
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name:?}:{value}"))
            .collect();
        write!(f, "{{{}}}", fields.join(","))
    }
}

/// `text` as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Two values of a form, by a decoder that is not the encoder's.
fn form(request: &Request, first: &str, second: &str) -> (String, String) {
    let value = |name: &str| {
        let body = str::from_utf8(&request.body).unwrap();
        let mut fields = body.split('&').filter_map(|field| field.split_once('='));
        let (_, value) = fields.find(|(known, _)| *known == name).unwrap();
        percent_decoded(&value.replace('+', " "))
    };
    (value(first), value(second))
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).unwrap()
}

fn base64_decoded(text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = text.trim_end_matches('=');
    let (mut bits, mut held) = (0_u32, 0);
    let mut decoded = Vec::new();
    for digit in text.bytes() {
        let value = digits.iter().position(|known| *known == digit).unwrap();
        bits = bits << 6 | value as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            decoded.push((bits >> held) as u8);
        }
    }
    decoded
}
