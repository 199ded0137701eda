use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use httpmock::{HttpMockRequest, MockServer};

use super::{Request, Response};
use crate::{
    Authenticator, BaseUrl, Builder, ConfigurationError, Exchange, TokenEndpoint, VendorTypes,
};

/// What a stand-in has to know of its vendor, told from the vendor's document alone: a role shares no code with the
/// client, or it would prove nothing.
pub trait Role: Send + Sync + 'static {
    /// The client's side of the same vendor.
    type Endpoint: VendorTypes;

    /// The lifetime that the document shows.
    const LIFETIME: Duration;
    /// The first resource that an integration calls, by `GET`: path and query.
    const RESOURCE: &'static str;

    /// What points a client at `base`.
    fn environment(&self, base: BaseUrl) -> <Self::Endpoint as TokenEndpoint>::Environment;

    /// The credentials that are accepted.
    ///
    /// # Errors
    ///
    /// When the client would not accept them.
    fn credentials(
        &self,
    ) -> Result<<Self::Endpoint as TokenEndpoint>::Credentials, ConfigurationError>;

    /// What kind of a request for a token this is, to the letter of the document; [`RequestKind::Elsewhere`] when it is
    /// none.
    fn kind(&self, request: &Request) -> RequestKind;

    /// The text of the access token with this serial number. It must differ from every other.
    fn access_token(&self, serial: u64, lifetime: Duration) -> String;

    /// The refresh token with this serial number; `None` where the vendor has none.
    fn refresh_token(&self, serial: u64) -> Option<String> {
        let _ = serial;
        None
    }

    /// The documented success.
    fn granted(&self, issued: &Issued) -> Response;

    /// The answer to wrong credentials.
    fn credentials_refused(&self) -> Response;

    /// The answer to a request for a token that is not as documented. `problem` says what is wrong with it.
    fn request_refused(&self, problem: &str) -> Response;

    /// The answer to a refresh token that is unknown or used up.
    fn refresh_refused(&self) -> Response {
        self.request_refused("this vendor has no refresh tokens")
    }

    /// The answer to too many requests for a token.
    fn rate_limited(&self) -> Response;

    /// The answer to a call of the resource without a valid token.
    fn unauthorized(&self) -> Response;

    /// The resource.
    fn resource(&self) -> Response;
}

/// A vendor on a socket of this machine: it checks requests, hands out distinct tokens, guards one resource with them,
/// counts, and misbehaves when told to.
///
/// It plays its [`Role`] until it is dropped. It runs in threads of its own, so that it serves synchronous tests and any
/// runtime alike.
pub struct StandIn<R: Role> {
    server: MockServer,
    played: Arc<Played<R>>,
}

struct Played<R> {
    role: RwLock<R>,
    hangs: AtomicBool,
    record: Mutex<Record>,
}

struct Record {
    behaviour: Behaviour,
    lifetime: Option<Duration>,
    rotates: bool,
    serial: u64,
    logins: usize,
    refreshes: usize,
    refused: usize,
    resource_calls: usize,
    problems: Vec<String>,
    /// When each access token ends; `None` where that is beyond the clock.
    access: HashMap<String, Option<Instant>>,
    refresh: Vec<String>,
}

#[derive(Clone)]
enum Behaviour {
    AsDocumented,
    RefusesCredentials,
    RateLimits(Option<Duration>),
    Answers(Response),
}

impl<R: Role + Default> StandIn<R> {
    /// Starts a stand-in that accepts the sample credentials of the vendor's document.
    pub fn start() -> Self {
        Self::playing(R::default())
    }
}

impl<R: Role> StandIn<R> {
    /// Starts a stand-in in this role, as with credentials of your own.
    pub fn playing(role: R) -> Self {
        let server = MockServer::start();
        let played = Arc::new(Played {
            role: RwLock::new(role),
            hangs: AtomicBool::new(false),
            record: Mutex::new(Record {
                behaviour: Behaviour::AsDocumented,
                lifetime: Some(R::LIFETIME),
                rotates: false,
                serial: 0,
                logins: 0,
                refreshes: 0,
                refused: 0,
                resource_calls: 0,
                problems: Vec::new(),
                access: HashMap::new(),
                refresh: Vec::new(),
            }),
        });
        let stand_in = Self { server, played };
        stand_in.open(Duration::ZERO);
        stand_in
    }

    /// The address to point a client at, over plain HTTP on a loopback address.
    ///
    /// # Errors
    ///
    /// Never in practice: an address that the stand-in gave itself is valid.
    pub fn base_url(&self) -> Result<BaseUrl, ConfigurationError> {
        self.server.base_url().parse()
    }

    /// An authenticator's builder that points here with the right credentials.
    ///
    /// # Errors
    ///
    /// When the role has credentials that no client would accept.
    pub fn builder(&self) -> Result<<R::Endpoint as VendorTypes>::Builder, ConfigurationError> {
        let role = self.played.role();
        let environment = role.environment(self.base_url()?);
        let credentials = role.credentials()?;
        Ok(Authenticator::builder(environment, credentials).into())
    }

    /// An authenticator that points here with the right credentials.
    ///
    /// # Errors
    ///
    /// As for [`Builder::build`].
    pub fn authenticator(
        &self,
    ) -> Result<<R::Endpoint as VendorTypes>::Authenticator, ConfigurationError> {
        let builder: Builder<R::Endpoint> = self.builder()?.into();
        builder.build().map(Into::into)
    }

    /// The URL of the vendor's resource, which wants a token by `GET`.
    pub fn resource_url(&self) -> String {
        self.server.url(R::RESOURCE)
    }

    /// How long the tokens live that are issued from now on. At first it is as documented.
    pub fn set_lifetime(&self, lifetime: Duration) {
        self.record().lifetime = Some(lifetime);
    }

    /// Leaves the lifetime out of the answers from now on, as some servers do. The tokens live as documented.
    pub fn omit_lifetime(&self) {
        self.record().lifetime = None;
    }

    /// Hands out a new refresh token with every refresh, and no longer accepts the old one.
    pub fn rotate_refresh_tokens(&self) {
        self.record().rotates = true;
    }

    /// Answers everything so much later.
    pub fn delay(&self, by: Duration) {
        self.open(by);
    }

    /// Plays this role from now on, as after a change of password. The tokens issued so far stay valid.
    pub fn play(&self, role: R) {
        *self
            .played
            .role
            .write()
            .unwrap_or_else(PoisonError::into_inner) = role;
    }

    /// Refuses all credentials, as after a change of password.
    pub fn refuse_credentials(&self) {
        self.set(Behaviour::RefusesCredentials);
    }

    /// Says that it is asked too often, and for how long to stay away (`Retry-After`, in whole seconds) if it is given.
    pub fn rate_limit(&self, retry_after: Option<Duration>) {
        self.set(Behaviour::RateLimits(retry_after));
    }

    /// Answers every request for a token with this status and an empty body.
    pub fn fail(&self, status: u16) {
        self.answer(Response::new(status, "text/plain", ""));
    }

    /// Answers every request for a token with a page for people, and this status.
    pub fn answer_html(&self, status: u16) {
        let page = "<html><body><h1>Gateway</h1></body></html>";
        self.answer(Response::new(status, "text/html", page));
    }

    /// Answers every request for a token with this response.
    pub fn answer(&self, response: Response) {
        self.set(Behaviour::Answers(response));
    }

    /// Accepts connections and requests, and never answers.
    pub fn hang(&self) {
        self.played.hangs.store(true, Ordering::SeqCst);
    }

    /// Behaves as documented again.
    pub fn recover(&self) {
        self.played.hangs.store(false, Ordering::SeqCst);
        self.set(Behaviour::AsDocumented);
    }

    /// Lets every access token issued so far expire.
    pub fn expire_tokens(&self) {
        self.record().access.clear();
    }

    /// Forgets every refresh token issued so far.
    pub fn revoke_refresh_tokens(&self) {
        self.record().refresh.clear();
    }

    /// How many logins succeeded.
    pub fn logins(&self) -> usize {
        self.record().logins
    }

    /// How many refreshes succeeded.
    pub fn refreshes(&self) -> usize {
        self.record().refreshes
    }

    /// How many requests for a token were answered with anything but a token.
    pub fn refused(&self) -> usize {
        self.record().refused
    }

    /// How many calls of the resource came with a valid token.
    pub fn resource_calls(&self) -> usize {
        self.record().resource_calls
    }

    /// What was wrong with requests for a token that were not as documented, in the order they came. None holds a
    /// secret.
    pub fn problems(&self) -> Vec<String> {
        self.record().problems.clone()
    }

    fn set(&self, behaviour: Behaviour) {
        self.record().behaviour = behaviour;
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.played.record()
    }

    fn open(&self, delay: Duration) {
        self.server.reset();
        let played = Arc::clone(&self.played);
        self.server.mock(|when, then| {
            when.is_true(move |_| played.hangs.load(Ordering::SeqCst));
            then.delay(FOREVER).status(500);
        });
        let watched = Arc::clone(&self.played);
        let played = Arc::clone(&self.played);
        self.server.mock(|when, then| {
            when.is_true(move |_| !watched.hangs.load(Ordering::SeqCst));
            then.delay(delay)
                .respond_with(move |request: &HttpMockRequest| played.respond(request).into_http());
        });
    }
}

impl<R: Role> fmt::Debug for StandIn<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandIn")
            .field("vendor", &R::Endpoint::VENDOR)
            .finish_non_exhaustive()
    }
}

impl<R: Role> Played<R> {
    fn role(&self) -> RwLockReadGuard<'_, R> {
        self.role.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn respond(&self, request: &HttpMockRequest) -> Response {
        let received = Request::from_http(request);
        if received.target() == R::RESOURCE {
            return self.respond_with_resource(&received);
        }
        let call = self.role().kind(&received);
        let mut record = self.record();
        if let RequestKind::Elsewhere = call {
            return Response::new(404, "text/plain", "404 page not found");
        }
        let response = match (record.behaviour.clone(), call) {
            (_, RequestKind::Wrong(problem)) => {
                record.problems.push(problem.clone());
                self.role().request_refused(&problem)
            }
            (_, RequestKind::Answered(response)) => response,
            (Behaviour::Answers(response), _) => response,
            (Behaviour::RateLimits(None), _) => self.role().rate_limited(),
            (Behaviour::RateLimits(Some(wait)), _) => Response::new(
                429,
                "application/json",
                r#"{"message":"Too many requests"}"#,
            )
            .with_header("Retry-After", wait.as_secs().to_string()),
            (Behaviour::RefusesCredentials, RequestKind::Refresh(_)) => {
                self.role().refresh_refused()
            }
            (Behaviour::RefusesCredentials, _) | (_, RequestKind::WrongCredentials) => {
                self.role().credentials_refused()
            }
            (Behaviour::AsDocumented, RequestKind::Refresh(presented)) => {
                let Some(known) = record.refresh.iter().position(|known| *known == presented)
                else {
                    record.refused += 1;
                    return self.role().refresh_refused();
                };
                if record.rotates {
                    record.refresh.remove(known);
                }
                record.refreshes += 1;
                return self.grant(&mut record, Exchange::Refresh);
            }
            (Behaviour::AsDocumented, RequestKind::Login | RequestKind::Elsewhere) => {
                record.logins += 1;
                return self.grant(&mut record, Exchange::Login);
            }
        };
        record.refused += 1;
        response
    }

    fn grant(&self, record: &mut Record, exchange: Exchange) -> Response {
        record.serial += 1;
        let lifetime = record.lifetime.unwrap_or(R::LIFETIME);
        let refresh_token = if exchange == Exchange::Login || record.rotates {
            self.role().refresh_token(record.serial)
        } else {
            None
        };
        let issued = Issued {
            access_token: self.role().access_token(record.serial, lifetime),
            refresh_token,
            expires_in: record.lifetime,
            exchange,
        };
        let ends = Instant::now().checked_add(lifetime);
        record.access.insert(issued.access_token.clone(), ends);
        record.refresh.extend(issued.refresh_token.clone());
        self.role().granted(&issued)
    }

    fn respond_with_resource(&self, request: &Request) -> Response {
        let mut record = self.record();
        let valid = request.method() == "GET"
            && request
                .header("authorization")
                .and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned))
                .and_then(|token| record.access.get(&token).copied())
                .is_some_and(|ends| ends.is_none_or(|ends| Instant::now() < ends));
        if !valid {
            return self.role().unauthorized();
        }
        record.resource_calls += 1;
        self.role().resource()
    }
}

/// What a request to the vendor is.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestKind {
    /// Not for the token endpoint.
    Elsewhere,
    /// For the token endpoint, but not as documented. It says what is wrong, without secrets.
    Wrong(String),
    /// For the token endpoint, but such that the server in front of it answers by itself, as with a redirect.
    Answered(Response),
    /// A login with other credentials than the right ones.
    WrongCredentials,
    /// A login as documented.
    Login,
    /// A refresh as documented, with this refresh token.
    Refresh(String),
}

impl fmt::Debug for RequestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elsewhere => f.write_str("Elsewhere"),
            Self::Wrong(problem) => f.debug_tuple("Wrong").field(problem).finish(),
            Self::Answered(response) => f.debug_tuple("Answered").field(response).finish(),
            Self::WrongCredentials => f.write_str("WrongCredentials"),
            Self::Login => f.write_str("Login"),
            Self::Refresh(_) => f.write_str("Refresh"),
        }
    }
}

/// What is handed out with one answer.
#[non_exhaustive]
pub struct Issued {
    /// The access token.
    pub access_token: String,
    /// The refresh token, where one is handed out with this answer.
    pub refresh_token: Option<String>,
    /// How long the access token lives; `None` where the answer is not to say.
    pub expires_in: Option<Duration>,
    /// What was given for it.
    pub exchange: Exchange,
}

impl Issued {
    /// An access token that was given for `exchange`; the other fields are empty.
    pub fn new(access_token: impl Into<String>, exchange: Exchange) -> Self {
        Self {
            access_token: access_token.into(),
            refresh_token: None,
            expires_in: None,
            exchange,
        }
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("expires_in", &self.expires_in)
            .field("exchange", &self.exchange)
            .finish_non_exhaustive()
    }
}

/// A JSON Web Token with these claims, an object in JSON, and a signature that means nothing.
pub fn jwt(claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!(
        "{}.{}.{}",
        part(r#"{"alg":"HS256","typ":"JWT"}"#),
        part(claims),
        part("stand-in")
    )
}

/// Longer than any test.
const FOREVER: Duration = Duration::from_secs(24 * 3600);
