use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};

use crate::{Authenticator, BaseUrl, Builder, ConfigurationError, TokenEndpoint};

/// What a stand-in has to know of its vendor, told from the vendor's document alone: a role shares no code with the
/// client, or it would prove nothing.
pub trait Role: Send + Sync + 'static {
    /// The client's side of the same vendor.
    type Endpoint: TokenEndpoint;

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

    /// What kind of a request for a token this is, to the letter of the document; [`TokenCall::Elsewhere`] when it is
    /// none.
    fn token_call(&self, request: &Received<'_>) -> TokenCall;

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
    stage: Arc<Stage<R>>,
}

struct Stage<R> {
    role: R,
    hangs: AtomicBool,
    books: Mutex<Books>,
}

struct Books {
    mood: Mood,
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
enum Mood {
    Obliging,
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
        let stage = Arc::new(Stage {
            role,
            hangs: AtomicBool::new(false),
            books: Mutex::new(Books {
                mood: Mood::Obliging,
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
        let stand_in = Self { server, stage };
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
    pub fn builder(&self) -> Result<Builder<R::Endpoint>, ConfigurationError> {
        let environment = self.stage.role.environment(self.base_url()?);
        Ok(Authenticator::builder(
            environment,
            self.stage.role.credentials()?,
        ))
    }

    /// An authenticator that points here with the right credentials.
    ///
    /// # Errors
    ///
    /// As for [`Builder::build`].
    pub fn authenticator(&self) -> Result<Authenticator<R::Endpoint>, ConfigurationError> {
        self.builder()?.build()
    }

    /// The URL of the vendor's resource, which wants a token by `GET`.
    pub fn resource_url(&self) -> String {
        self.server.url(R::RESOURCE)
    }

    /// How long the tokens live that are issued from now on. At first it is as documented.
    pub fn set_lifetime(&self, lifetime: Duration) {
        self.books().lifetime = Some(lifetime);
    }

    /// Leaves the lifetime out of the answers from now on, as some servers do. The tokens live as documented.
    pub fn omit_lifetime(&self) {
        self.books().lifetime = None;
    }

    /// Hands out a new refresh token with every refresh, and no longer accepts the old one.
    pub fn rotate_refresh_tokens(&self) {
        self.books().rotates = true;
    }

    /// Answers everything so much later.
    pub fn delay(&self, by: Duration) {
        self.open(by);
    }

    /// Refuses all credentials, as after a change of password.
    pub fn refuse_credentials(&self) {
        self.set(Mood::RefusesCredentials);
    }

    /// Says that it is asked too often, and for how long to stay away (`Retry-After`, in whole seconds) if it is given.
    pub fn rate_limit(&self, retry_after: Option<Duration>) {
        self.set(Mood::RateLimits(retry_after));
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
        self.set(Mood::Answers(response));
    }

    /// Accepts connections and requests, and never answers.
    pub fn hang(&self) {
        self.stage.hangs.store(true, Ordering::SeqCst);
    }

    /// Behaves as documented again.
    pub fn recover(&self) {
        self.stage.hangs.store(false, Ordering::SeqCst);
        self.set(Mood::Obliging);
    }

    /// Lets every access token issued so far expire.
    pub fn expire_tokens(&self) {
        self.books().access.clear();
    }

    /// Forgets every refresh token issued so far.
    pub fn revoke_refresh_tokens(&self) {
        self.books().refresh.clear();
    }

    /// How many logins succeeded.
    pub fn logins(&self) -> usize {
        self.books().logins
    }

    /// How many refreshes succeeded.
    pub fn refreshes(&self) -> usize {
        self.books().refreshes
    }

    /// How many requests for a token were answered with anything but a token.
    pub fn refused(&self) -> usize {
        self.books().refused
    }

    /// How many calls of the resource came with a valid token.
    pub fn resource_calls(&self) -> usize {
        self.books().resource_calls
    }

    /// What was wrong with requests for a token that were not as documented, in the order they came. None holds a
    /// secret.
    pub fn problems(&self) -> Vec<String> {
        self.books().problems.clone()
    }

    fn set(&self, mood: Mood) {
        self.books().mood = mood;
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.stage.books()
    }

    fn open(&self, delay: Duration) {
        self.server.reset();
        let stage = Arc::clone(&self.stage);
        self.server.mock(|when, then| {
            when.is_true(move |_| stage.hangs.load(Ordering::SeqCst));
            then.delay(FOREVER).status(500);
        });
        let watched = Arc::clone(&self.stage);
        let stage = Arc::clone(&self.stage);
        self.server.mock(|when, then| {
            when.is_true(move |_| !watched.hangs.load(Ordering::SeqCst));
            then.delay(delay)
                .respond_with(move |request: &HttpMockRequest| stage.respond(request).into_http());
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

impl<R: Role> Stage<R> {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn respond(&self, request: &HttpMockRequest) -> Response {
        let received = Received(request);
        if received.target() == R::RESOURCE {
            return self.respond_with_resource(&received);
        }
        let call = self.role.token_call(&received);
        let mut books = self.books();
        if let TokenCall::Elsewhere = call {
            return Response::new(404, "text/plain", "404 page not found");
        }
        let response = match (books.mood.clone(), call) {
            (_, TokenCall::Wrong(problem)) => {
                books.problems.push(problem.clone());
                self.role.request_refused(&problem)
            }
            (_, TokenCall::Answered(response)) => response,
            (Mood::Answers(response), _) => response,
            (Mood::RateLimits(None), _) => self.role.rate_limited(),
            (Mood::RateLimits(Some(wait)), _) => Response::new(
                429,
                "application/json",
                r#"{"message":"Too many requests"}"#,
            )
            .with_header("Retry-After", wait.as_secs().to_string()),
            (Mood::RefusesCredentials, TokenCall::Refresh(_)) => self.role.refresh_refused(),
            (Mood::RefusesCredentials, _) | (_, TokenCall::WrongCredentials) => {
                self.role.credentials_refused()
            }
            (Mood::Obliging, TokenCall::Refresh(presented)) => {
                let Some(known) = books.refresh.iter().position(|known| *known == presented) else {
                    books.refused += 1;
                    return self.role.refresh_refused();
                };
                if books.rotates {
                    books.refresh.remove(known);
                }
                books.refreshes += 1;
                return self.grant(&mut books, Exchange::Refresh);
            }
            (Mood::Obliging, TokenCall::Login | TokenCall::Elsewhere) => {
                books.logins += 1;
                return self.grant(&mut books, Exchange::Login);
            }
        };
        books.refused += 1;
        response
    }

    fn grant(&self, books: &mut Books, exchange: Exchange) -> Response {
        books.serial += 1;
        let lifetime = books.lifetime.unwrap_or(R::LIFETIME);
        let refresh_token = if exchange == Exchange::Login || books.rotates {
            self.role.refresh_token(books.serial)
        } else {
            None
        };
        let issued = Issued {
            access_token: self.role.access_token(books.serial, lifetime),
            refresh_token,
            expires_in: books.lifetime,
            exchange,
        };
        let ends = Instant::now().checked_add(lifetime);
        books.access.insert(issued.access_token.clone(), ends);
        books.refresh.extend(issued.refresh_token.clone());
        self.role.granted(&issued)
    }

    fn respond_with_resource(&self, request: &Received<'_>) -> Response {
        let mut books = self.books();
        let valid = request.method() == "GET"
            && request
                .header("authorization")
                .and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned))
                .and_then(|token| books.access.get(&token).copied())
                .is_some_and(|ends| ends.is_none_or(|ends| Instant::now() < ends));
        if !valid {
            return self.role.unauthorized();
        }
        books.resource_calls += 1;
        self.role.resource()
    }
}

/// What a request to the vendor is.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenCall {
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

impl fmt::Debug for TokenCall {
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

/// What was given in exchange for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exchange {
    /// Credentials.
    Login,
    /// A refresh token.
    Refresh,
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

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("expires_in", &self.expires_in)
            .field("exchange", &self.exchange)
            .finish_non_exhaustive()
    }
}

/// A request as it came over the wire.
pub struct Received<'a>(&'a HttpMockRequest);

impl Received<'_> {
    /// The method, in upper case.
    pub fn method(&self) -> &str {
        self.0.method_str()
    }

    /// Path and query, still encoded.
    pub fn target(&self) -> String {
        let uri = self.0.uri();
        uri.path_and_query()
            .map_or_else(String::new, ToString::to_string)
    }

    /// The value of the header of this name; `None` when it is missing or doubled.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .0
            .headers_vec()
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// The user name and the password of `Authorization: Basic`; `None` when it is missing, or not in base64 and UTF-8.
    pub fn basic(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (user, password) = pair.split_once(':')?;
        Some((user.into(), password.into()))
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        self.0.body_ref()
    }

    /// The values of a form that was posted with exactly these fields, in this order.
    ///
    /// # Errors
    ///
    /// What is wrong with the request, without secrets.
    pub fn posted_form(&self, names: &[&str]) -> Result<Vec<String>, String> {
        self.posted("application/x-www-form-urlencoded")?;
        let (found, values): (Vec<String>, Vec<String>) = url::form_urlencoded::parse(self.body())
            .into_owned()
            .unzip();
        if found != names {
            return Err(format!(
                "the body is not {}, in this order",
                names.join(", ")
            ));
        }
        Ok(values)
    }

    /// The values of a JSON object of texts that was posted with exactly these fields.
    ///
    /// # Errors
    ///
    /// What is wrong with the request, without secrets.
    pub fn posted_json(&self, names: &[&str]) -> Result<Vec<String>, String> {
        self.posted("application/json")?;
        let mut body: HashMap<String, String> = serde_json::from_slice(self.body())
            .map_err(|_| "the body is not a JSON object of texts".to_owned())?;
        let values = names
            .iter()
            .filter_map(|name| body.remove(*name))
            .collect::<Vec<_>>();
        if values.len() != names.len() || !body.is_empty() {
            return Err(format!("the fields are not {}", names.join(", ")));
        }
        Ok(values)
    }

    fn posted(&self, content_type: &str) -> Result<(), String> {
        if self.method() != "POST" {
            return Err("the method is not POST".into());
        }
        if self.header("content-type") != Some(content_type) {
            return Err(format!("Content-Type is not {content_type}"));
        }
        // A server behind WSGI reads a body without a length as empty.
        if self.header("content-length") != Some(&self.body().len().to_string()) {
            return Err("Content-Length is missing".into());
        }
        Ok(())
    }
}

impl fmt::Debug for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Received")
    }
}

/// An answer of the vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Response {
    /// An answer with this status, `Content-Type` and body.
    pub fn new(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), content_type.into())],
            body: body.into(),
        }
    }

    /// An answer in JSON.
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// Adds a header.
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn into_http(self) -> HttpMockResponse {
        HttpMockResponse::builder()
            .status(self.status)
            .headers(self.headers)
            .body(self.body)
            .build()
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
