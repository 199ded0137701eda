//! A vendor as plain as they come: its token endpoint, as a vendor crate would write it, and the server behind it.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use auth_common::{
    BaseUrl, ConfigurationError, Credential, Grant, InvalidBody, JsonObject, RefreshTokenEndpoint,
    Refusal, TokenEndpoint, TokenRequest, Transport, Vars,
    testing::{Call, Reply, Script},
};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

/// A vendor with a password grant, and nothing else.
pub(crate) type Plain = Endpoint<false>;

/// A vendor with a JSON login, and with refresh tokens.
pub(crate) type Refreshing = Endpoint<true>;

/// The token endpoint of either.
pub(crate) struct Endpoint<const REFRESHES: bool> {
    base: BaseUrl,
    credentials: Credentials,
}

/// A user name and a password; and whatever is to be dropped with them.
pub(crate) struct Credentials {
    password: Credential,
    _guard: Arc<()>,
}

impl Credentials {
    pub(crate) fn guarded_by(guard: Arc<()>) -> Self {
        Self {
            password: Credential::new("password", "s3cret").unwrap(),
            _guard: guard,
        }
    }
}

impl<const REFRESHES: bool> TokenEndpoint for Endpoint<REFRESHES> {
    type Environment = ();
    type Credentials = Credentials;
    type TokenResponse = Granted;
    type ErrorResponse = Problem;
    type RefreshResponse = Granted;

    const VENDOR: &'static str = "Sample";
    const USER_AGENT: &'static str = "sample-auth/0.0.0";
    const FALLBACK_LIFETIME: Duration = HOUR;

    fn new((): (), credentials: Credentials) -> Result<Self, ConfigurationError> {
        let base = "http://localhost".parse()?;
        Ok(Self { base, credentials })
    }

    fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        let password = vars.credential("SAMPLE_PASSWORD")?;
        let _guard = Arc::default();
        Self::new((), Credentials { password, _guard })
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base
    }

    fn secrets(&self) -> Vec<&str> {
        vec![self.credentials.password.expose_secret()]
    }

    fn token_request(&self) -> TokenRequest {
        let fields = [
            ("username", "maria"),
            ("password", self.credentials.password.expose_secret()),
        ];
        if REFRESHES {
            TokenRequest::json("login", &fields)
        } else {
            TokenRequest::form("login", &fields)
        }
    }

    fn token_response(&self, body: &JsonObject<'_>) -> Result<Granted, InvalidBody> {
        Granted::read(body)
    }

    fn error_response(&self, body: &JsonObject<'_>) -> Problem {
        Problem(body.text("error"))
    }

    fn refusal(&self, status: StatusCode, response: &Problem) -> Refusal {
        match (status, response.0.as_deref()) {
            (StatusCode::UNAUTHORIZED, _) => Refusal::Credentials,
            (_, Some("too_many_logins")) => Refusal::RateLimited,
            _ => Refusal::Other,
        }
    }

    fn refresh_request(&self, refresh_token: &SecretString) -> Option<TokenRequest> {
        let fields = [("refresh", refresh_token.expose_secret())];
        REFRESHES.then(|| TokenRequest::json("refresh", &fields))
    }

    fn refresh_response(&self, body: &JsonObject<'_>) -> Result<Granted, InvalidBody> {
        if REFRESHES {
            Granted::read(body)
        } else {
            Err(InvalidBody::new("the body", "answers no login"))
        }
    }
}

impl RefreshTokenEndpoint for Refreshing {}

pub(crate) struct Granted {
    pub(crate) access: SecretString,
    expires_in: Option<Duration>,
    pub(crate) refresh: Option<SecretString>,
}

impl Granted {
    fn read(body: &JsonObject<'_>) -> Result<Self, InvalidBody> {
        Ok(Self {
            access: body.token("access")?,
            expires_in: body.expires_in()?,
            refresh: body.optional_token("refresh")?,
        })
    }
}

impl From<Granted> for Grant {
    fn from(granted: Granted) -> Self {
        Self::new(granted.access, granted.expires_in).with_refresh_token(granted.refresh)
    }
}

/// Why the vendor refused, in its own words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem(pub(crate) Option<String>);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or_default())
    }
}

/// The vendor's server. It answers as the test plans, or else hands out `access-1`, `access-2`, …; and it keeps a list
/// of what it was asked. Clones are the same server.
#[derive(Clone, Default)]
pub(crate) struct Vendor(Arc<Mutex<Books>>);

/// What the vendor was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    Login,
    /// A refresh, with this token.
    Refresh(String),
}

#[derive(Default)]
struct Books {
    asked: Vec<Asked>,
    granted: usize,
    planned: VecDeque<Plan>,
    otherwise: Option<Plan>,
}

type Plan = Arc<dyn Fn() -> Reply + Send + Sync>;

impl Vendor {
    /// Answers one request so, after those planned before.
    pub(crate) fn once(&self, plan: impl Fn() -> Reply + Send + Sync + 'static) {
        self.books().planned.push_back(Arc::new(plan));
    }

    /// From now on answers every request so for which nothing else is planned.
    pub(crate) fn always(&self, plan: impl Fn() -> Reply + Send + Sync + 'static) {
        self.books().otherwise = Some(Arc::new(plan));
    }

    /// From now on hands out tokens again.
    pub(crate) fn recover(&self) {
        self.books().otherwise = None;
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.books().asked.clone()
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.books().asked.len()
    }

    /// The way to it. It is gone when nobody holds the transport any more, and with it what `guard` guards.
    pub(crate) fn transport(&self, guard: Arc<()>) -> Transport {
        let vendor = self.clone();
        Script::new(move |call| {
            let _ = &guard;
            vendor.answer(call)
        })
        .transport()
    }

    fn answer(&self, call: &Call) -> Reply {
        let refresh_token = refresh_token(call);
        let refreshes = call.headers()[http::header::CONTENT_TYPE] == "application/json";
        let mut books = self.books();
        let asked = refresh_token.clone().map_or(Asked::Login, Asked::Refresh);
        books.asked.push(asked);
        let planned = books.planned.pop_front();
        if let Some(plan) = planned.or_else(|| books.otherwise.clone()) {
            // What is planned may panic or take its time: not under the lock.
            drop(books);
            return plan();
        }
        books.granted += 1;
        let granted = books.granted;
        if refreshes && refresh_token.is_none() {
            let refresh = format!("refresh-{granted}");
            token_pair(&format!("access-{granted}"), &refresh)
        } else {
            token(&format!("access-{granted}"), LIFETIME)
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A success: `access`, for so long.
pub(crate) fn token(access: &str, lifetime: Duration) -> Reply {
    let seconds = lifetime.as_secs();
    Reply::json(
        200,
        format!(r#"{{"access":"{access}","expires_in":{seconds}}}"#),
    )
}

/// A success with a refresh token, for the [`LIFETIME`].
pub(crate) fn token_pair(access: &str, refresh: &str) -> Reply {
    let seconds = LIFETIME.as_secs();
    Reply::json(
        200,
        format!(r#"{{"access":"{access}","refresh":"{refresh}","expires_in":{seconds}}}"#),
    )
}

/// A refusal with this status, in the vendor's own shape.
pub(crate) fn refusal(status: u16, error: &str) -> Reply {
    Reply::json(status, format!(r#"{{"error":"{error}"}}"#))
}

fn refresh_token(call: &Call) -> Option<String> {
    (call.url().path() == "/refresh").then(|| {
        let body: serde_json::Value = serde_json::from_slice(call.body()).unwrap();
        body["refresh"].as_str().unwrap().to_owned()
    })
}

/// How long a token lives, unless a test says otherwise: renewed ahead at 3240 s, waited for from 3540 s on.
pub(crate) const LIFETIME: Duration = HOUR;

const HOUR: Duration = Duration::from_secs(3600);
