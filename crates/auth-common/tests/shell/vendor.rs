//! A vendor as plain as they come: its token endpoint, as a vendor crate would write it, and the server behind it.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use auth_common::{
    BaseUrl, ConfigurationError, Credential, Exchange, Grant, InvalidBody, JsonObject, Refresh,
    Refusal, TokenEndpoint, TokenRequest, Transport, Vars,
    testing::{Outage, Request, Response, Script},
};
use http::StatusCode;
use secrecy::SecretString;

/// A vendor with a password grant, and nothing else.
pub(crate) type Plain = Endpoint<false>;

/// A vendor with a JSON login, and with refresh tokens.
pub(crate) type Refreshing = Endpoint<true>;

/// The token endpoint of either.
pub(crate) struct Endpoint<const REFRESHES: bool>;

/// A user name and a password; and whatever is to be dropped with them.
pub(crate) struct Credentials {
    password: Credential,
    _guard: Arc<()>,
}

impl Credentials {
    pub(crate) fn guarded_by(guard: Arc<()>) -> Self {
        Self::with_password("s3cret", guard)
    }

    pub(crate) fn with_password(password: &str, guard: Arc<()>) -> Self {
        Self {
            password: Credential::new("password", password).unwrap(),
            _guard: guard,
        }
    }
}

impl<const REFRESHES: bool> TokenEndpoint for Endpoint<REFRESHES> {
    type Environment = ();
    type Credentials = Credentials;
    type TokenResponse = Granted;
    type ErrorResponse = Problem;

    const VENDOR: &'static str = "Sample";
    const USER_AGENT: &'static str = "sample-auth/0.0.0";
    const FALLBACK_LIFETIME: Duration = HOUR;
    const REFRESH: Option<Refresh> = if REFRESHES {
        let read = |body: &JsonObject<'_>| Granted::read(body).map(Into::into);
        Some(Refresh::json("refresh", "refresh", read).rotating())
    } else {
        None
    };
    const REQUIRED_VARS: &'static [&'static str] = &["SAMPLE_PASSWORD"];

    fn base_url((): ()) -> Result<BaseUrl, ConfigurationError> {
        "http://localhost".parse()
    }

    fn environment_from(_: &Vars) -> Result<(), ConfigurationError> {
        Ok(())
    }

    fn credentials_from(vars: &Vars) -> Result<Credentials, ConfigurationError> {
        Ok(Credentials {
            password: vars.credential("SAMPLE_PASSWORD")?,
            _guard: Arc::default(),
        })
    }

    fn secrets(credentials: &Credentials) -> Vec<&str> {
        vec![credentials.password.expose_secret()]
    }

    fn token_request(credentials: &Credentials) -> TokenRequest {
        let fields = [
            ("username", "maria"),
            ("password", credentials.password.expose_secret()),
        ];
        if REFRESHES {
            TokenRequest::json("login", &fields)
        } else {
            TokenRequest::form("login", &fields)
        }
    }

    fn token_response(body: &JsonObject<'_>) -> Result<Granted, InvalidBody> {
        Granted::read(body)
    }

    fn error_response(body: &JsonObject<'_>) -> Problem {
        Problem(body.text("error"))
    }

    fn refusal(_: Exchange, status: StatusCode, response: &Problem) -> Refusal {
        match (status, response.0.as_deref()) {
            (StatusCode::UNAUTHORIZED, _) => Refusal::Credentials,
            (_, Some("too_many_logins")) => Refusal::RateLimited,
            _ => Refusal::Other,
        }
    }
}

pub(crate) struct Granted {
    pub(crate) access: SecretString,
    expires_in: Option<Duration>,
    pub(crate) refresh: Option<SecretString>,
}

impl Granted {
    pub(crate) fn read(body: &JsonObject<'_>) -> Result<Self, InvalidBody> {
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
pub(crate) struct Vendor(Arc<Mutex<Record>>);

/// What the vendor was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    Login,
    /// A refresh, with this token.
    Refresh(String),
}

#[derive(Default)]
struct Record {
    asked: Vec<Asked>,
    granted: usize,
    planned: VecDeque<Plan>,
    otherwise: Option<Plan>,
    /// The one password that is right; any is, while this is not set.
    password: Option<String>,
}

type Plan = Arc<dyn Fn() -> Reply + Send + Sync>;

/// What comes of a request.
pub(crate) type Reply = Result<Response, Outage>;

impl Vendor {
    /// Answers one request so, after those planned before.
    pub(crate) fn once(&self, plan: impl Fn() -> Reply + Send + Sync + 'static) {
        self.record().planned.push_back(Arc::new(plan));
    }

    /// From now on answers every request so for which nothing else is planned.
    pub(crate) fn always(&self, plan: impl Fn() -> Reply + Send + Sync + 'static) {
        self.record().otherwise = Some(Arc::new(plan));
    }

    /// From now on hands out tokens again.
    pub(crate) fn recover(&self) {
        self.record().otherwise = None;
    }

    /// From now on refuses a login with any other password.
    pub(crate) fn accepts(&self, password: &str) {
        self.record().password = Some(password.into());
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.record().asked.clone()
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.record().asked.len()
    }

    /// The way to it. It is gone when nobody holds the transport any more, and with it what `guard` guards.
    pub(crate) fn transport(&self, guard: Arc<()>) -> Transport {
        let vendor = self.clone();
        Script::new(move |request| {
            let _ = &guard;
            vendor.answer(request)
        })
        .transport()
    }

    fn answer(&self, request: &Request) -> Reply {
        let refresh_token = refresh_token(request);
        let refreshes = request.header("content-type") == Some("application/json");
        let mut record = self.record();
        let asked = refresh_token.clone().map_or(Asked::Login, Asked::Refresh);
        record.asked.push(asked);
        let planned = record.planned.pop_front();
        if let Some(plan) = planned.or_else(|| record.otherwise.clone()) {
            // What is planned may panic or take its time: not under the lock.
            drop(record);
            return plan();
        }
        let body = String::from_utf8_lossy(request.body());
        let wrong = |password: &String| refresh_token.is_none() && !body.contains(&**password);
        if record.password.as_ref().is_some_and(wrong) {
            return refusal(401, "wrong password");
        }
        record.granted += 1;
        let granted = record.granted;
        if refreshes && refresh_token.is_none() {
            let refresh = format!("refresh-{granted}");
            token_pair(&format!("access-{granted}"), &refresh)
        } else {
            token(&format!("access-{granted}"), LIFETIME)
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A success: `access`, for so long.
pub(crate) fn token(access: &str, lifetime: Duration) -> Reply {
    let seconds = lifetime.as_secs();
    Ok(Response::json(
        200,
        format!(r#"{{"access":"{access}","expires_in":{seconds}}}"#),
    ))
}

/// A success with a refresh token, for the [`LIFETIME`].
pub(crate) fn token_pair(access: &str, refresh: &str) -> Reply {
    let seconds = LIFETIME.as_secs();
    Ok(Response::json(
        200,
        format!(r#"{{"access":"{access}","refresh":"{refresh}","expires_in":{seconds}}}"#),
    ))
}

/// A refusal with this status, in the vendor's own shape.
pub(crate) fn refusal(status: u16, error: &str) -> Reply {
    Ok(Response::json(status, format!(r#"{{"error":"{error}"}}"#)))
}

/// An answer with this status and body.
pub(crate) fn answer(status: u16, body: &str) -> Reply {
    Ok(Response::json(status, body))
}

/// No connection.
pub(crate) fn unreachable() -> Reply {
    Err(Outage::Unreachable)
}

/// The connection ends before the answer does.
pub(crate) fn cut() -> Reply {
    Err(Outage::Cut)
}

/// Nothing comes back.
pub(crate) fn hang() -> Reply {
    Err(Outage::Hang)
}

fn refresh_token(request: &Request) -> Option<String> {
    (request.target() == "/refresh").then(|| {
        let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        body["refresh"].as_str().unwrap().to_owned()
    })
}

/// How long a token lives, unless a test says otherwise: renewed ahead at 3240 s, waited for from 3540 s on.
pub(crate) const LIFETIME: Duration = HOUR;

const HOUR: Duration = Duration::from_secs(3600);
