//! The shell around the [lifecycle](crate::lifecycle): it keeps the token, carries one flight at a time, and wakes who
//! waits for it.

use std::{
    panic,
    sync::{Arc, PoisonError, Weak},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use http::{HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    runtime::Handle,
    sync::watch,
    task::AbortHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    BaseUrl, ConfigurationError, Error, Failure, Grant, InvalidBody, Invalidation, JsonObject,
    Refusal, Snapshot, Token, TokenEndpoint, TokenRequest,
    clock::{Clock, Mark},
    error::Cause,
    jwt,
    lifecycle::{self, FlightId, Landed, Landing, Launch, Lifecycle, Policy, Trouble},
    lifetime::{self, Moment, Validity},
    observe,
    retry::{Attempts, Exchange, Next, Setback, gives_up_refresh},
    sync::{Mutex, MutexGuard},
    transport::{Answer, Fault, Transport},
};

/// What all clones of an authenticator share.
pub(crate) struct Source<E: TokenEndpoint> {
    pub(crate) endpoint: E,
    line: Line,
    clock: Clock,
    attempts: u32,
    attempt_timeout: Duration,
    /// The token to serve. Written under the lock of `state` only, and read without it.
    current: ArcSwapOption<Current>,
    state: Mutex<State<E>>,
}

/// How the vendor is reached.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) transport: Transport,
    pub(crate) base: BaseUrl,
    pub(crate) user_agent: HeaderValue,
}

/// What a user may change of the shell's numbers.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) attempts: u32,
    pub(crate) attempt_timeout: Duration,
    pub(crate) policy: Policy,
}

/// A token, as served.
pub(crate) struct Current {
    pub(crate) token: Token,
    /// Where it is no longer fresh.
    advisory: Mark,
    expiry: Moment,
}

/// What a caller wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Token,
    /// A new one, whatever is cached.
    Renewal,
}

struct State<E: TokenEndpoint> {
    lifecycle: Lifecycle,
    /// Where the outcome of the lifecycle's flight will be told.
    under_way: Option<(FlightId, Outcome<E>)>,
    last_error: Option<Error<E::ErrorResponse>>,
    refresh_token: Option<RefreshToken>,
    /// Flights that may still run, superseded ones included: they end with the last authenticator.
    tasks: Vec<AbortHandle>,
    logins: u64,
    refreshes: u64,
}

type Flown<E> = Result<Arc<Current>, Error<<E as TokenEndpoint>::ErrorResponse>>;
type Outcome<E> = watch::Receiver<Option<Flown<E>>>;

struct RefreshToken {
    secret: SecretString,
    /// When its own claims say that it ends, where they do.
    ends: Option<Moment>,
}

/// What the state machine's answer means for one caller.
enum Turn<E: TokenEndpoint> {
    Served(Arc<Current>),
    Waits {
        flight: FlightId,
        outcome: Outcome<E>,
        longest: Duration,
        /// Rather than wait longer, the caller takes the cached token.
        patience: bool,
    },
}

impl<E: TokenEndpoint> Source<E> {
    pub(crate) fn new(endpoint: E, line: Line, clock: Clock, limits: Limits) -> Self {
        Self {
            endpoint,
            line,
            clock,
            attempts: limits.attempts,
            attempt_timeout: limits.attempt_timeout,
            current: ArcSwapOption::empty(),
            state: Mutex::new(State {
                lifecycle: Lifecycle::new(limits.policy),
                under_way: None,
                last_error: None,
                refresh_token: None,
                tasks: Vec::new(),
                logins: 0,
                refreshes: 0,
            }),
        }
    }

    /// What `take` takes of the cached token, while it is fresh: one atomic load, no lock, no allocation.
    #[inline]
    pub(crate) fn fresh<T>(&self, take: impl FnOnce(&Token) -> T) -> Option<T> {
        let current = self.current.load();
        let current = current.as_ref()?;
        (!current.advisory.is_reached(&self.clock)).then(|| take(&current.token))
    }

    /// A token for this caller, by whatever it takes.
    pub(crate) async fn obtain(
        self: &Arc<Self>,
        want: Want,
    ) -> Result<Arc<Current>, Error<E::ErrorResponse>> {
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(error) => return self.cached(want).ok_or(error.into()),
        };
        let flight_limit = self.lock().lifecycle.policy().flight;
        let deadline = Instant::now() + flight_limit.saturating_add(LANDING_TIME);
        let mut lost = 0;
        while lost < FLIGHTS_PER_CALL {
            let (flight, mut outcome, longest, patience) = match self.turn(want, &runtime)? {
                Turn::Served(current) => return Ok(current),
                Turn::Waits {
                    flight,
                    outcome,
                    longest,
                    patience,
                } => (flight, outcome, longest, patience),
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let waited = timeout(longest.min(left), outcome.wait_for(Option::is_some)).await;
            let told = waited.map(|told| told.ok().and_then(|told| told.clone()));
            match told {
                // By now it may have been invalidated, or replaced by a newer one.
                Ok(Some(Ok(_))) => match self.cached(Want::Token) {
                    Some(newest) => return Ok(newest),
                    None => lost += 1,
                },
                Ok(Some(Err(error))) => return self.cached(want).ok_or(error),
                // The flight was dropped: someone else has to be elected.
                Ok(None) => lost += 1,
                Err(_) if longest >= left => {
                    let cause = Cause::Slow(flight_limit.saturating_add(LANDING_TIME));
                    return self
                        .cached(want)
                        .ok_or_else(|| Error::TimedOut(Failure::new(E::VENDOR, cause)));
                }
                Err(_) if patience => match self.cached(want) {
                    Some(current) => return Ok(current),
                    None => lost += 1,
                },
                Err(_) => {
                    self.give_up(flight);
                    lost += 1;
                }
            }
        }
        self.cached(want)
            .ok_or_else(|| Error::Unavailable(Failure::new(E::VENDOR, Cause::Abandoned)))
    }

    /// See [`Authenticator::invalidate`](crate::Authenticator::invalidate).
    pub(crate) fn invalidate(&self, token: &Token) -> Invalidation {
        let now = self.clock.now();
        let mut state = self.lock();
        let invalidation = state.lifecycle.invalidate(token.generation(), now);
        if invalidation == Invalidation::Accepted {
            self.current.store(None);
        }
        drop(state);
        observe::invalidated(E::VENDOR, invalidation);
        invalidation
    }

    /// Asks the vendor once, past the cache.
    pub(crate) async fn request<T>(
        &self,
        request: TokenRequest,
        refresh_token: Option<&SecretString>,
        read: impl FnOnce(&E, &JsonObject<'_>) -> Result<T, InvalidBody>,
    ) -> Result<T, Error<E::ErrorResponse>> {
        runtime()?;
        let answer = self
            .line
            .transport
            .send(
                &self.line.base,
                request,
                &self.line.user_agent,
                self.attempt_timeout,
            )
            .await;
        self.read(answer, refresh_token, read)
            .map(|(response, _)| response)
            .map_err(|stumble| stumble.error)
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        let state = self.lock();
        Snapshot::new(&state.lifecycle, state.logins, state.refreshes, now)
    }

    /// The cached token, where it may be used and is wanted.
    fn cached(&self, want: Want) -> Option<Arc<Current>> {
        let now = self.clock.now();
        let state = self.lock();
        (want == Want::Token && state.lifecycle.serves(now))
            .then(|| self.current.load_full())
            .flatten()
    }

    fn turn(
        self: &Arc<Self>,
        want: Want,
        runtime: &Handle,
    ) -> Result<Turn<E>, Error<E::ErrorResponse>> {
        let now = self.clock.now();
        let mut state = self.lock();
        let answer = match want {
            Want::Token => state.lifecycle.ask(now),
            Want::Renewal => state.lifecycle.renew(now),
        };
        let longest = state.lifecycle.policy().flight.saturating_add(LANDING_TIME);
        let (turn, launch) = match answer {
            lifecycle::Answer::Serve => (self.served()?, None),
            lifecycle::Answer::ServeAndLaunch(launch) => {
                let served = self.served()?;
                let (flight, _) = self.prepare(launch, &mut state);
                (served, Some(flight))
            }
            lifecycle::Answer::Launch(launch) => {
                let (flight, outcome) = self.prepare(launch, &mut state);
                let turn = Turn::Waits {
                    flight: launch.flight,
                    outcome,
                    longest: launch.patience.unwrap_or(longest),
                    patience: launch.patience.is_some(),
                };
                (turn, Some(flight))
            }
            lifecycle::Answer::Join { flight, overdue } => {
                let outcome = state.under_way.as_ref();
                let (_, outcome) = outcome.ok_or_else(abandoned::<E>)?;
                let turn = Turn::Waits {
                    flight,
                    outcome: outcome.clone(),
                    longest: overdue,
                    patience: false,
                };
                (turn, None)
            }
            lifecycle::Answer::FailFast { for_another } => {
                let error = state.last_error.clone().ok_or_else(abandoned::<E>)?;
                return Err(error.with_retry_at(Some(now.plus(for_another).utc())));
            }
        };
        // A runtime that is shutting down drops the flight at once, and the flight then takes the lock.
        drop(state);
        if let Some(flight) = launch {
            let flight = observe::flight(E::VENDOR, self.line.base.host(), flight.fly());
            let task = runtime.spawn(flight).abort_handle();
            let mut state = self.lock();
            state.tasks.retain(|task| !task.is_finished());
            state.tasks.push(task);
        }
        Ok(turn)
    }

    fn served(&self) -> Result<Turn<E>, Error<E::ErrorResponse>> {
        self.current
            .load_full()
            .map(Turn::Served)
            .ok_or_else(abandoned::<E>)
    }

    fn prepare(self: &Arc<Self>, launch: Launch, state: &mut State<E>) -> (Flight<E>, Outcome<E>) {
        let (teller, outcome) = watch::channel(None);
        state.under_way = Some((launch.flight, outcome.clone()));
        let flight = Flight {
            source: Arc::downgrade(self),
            id: launch.flight,
            delay: launch.delay,
            limit: state.lifecycle.policy().flight,
            line: self.line.clone(),
            teller,
            landed: false,
        };
        (flight, outcome)
    }

    /// A flight that nobody drives any more is replaced; if it lands after all, its token may still be of use.
    fn give_up(&self, flight: FlightId) {
        let now = self.clock.now();
        self.lock().lifecycle.abandon(flight, now);
    }

    /// The refresh token, where there is one that is believed valid: taken out, so that nobody presents it twice.
    fn take_refresh_token(&self) -> Option<RefreshToken> {
        let now = self.clock.now();
        self.lock()
            .refresh_token
            .take()
            .filter(|it| it.ends.is_none_or(|ends| !now.has_reached(ends)))
    }

    fn encode(&self, refresh_token: Option<&RefreshToken>) -> TokenRequest {
        let mut state = self.lock();
        let refresh = refresh_token.and_then(|it| self.endpoint.refresh_request(&it.secret));
        if let Some(request) = refresh {
            state.refreshes += 1;
            return request;
        }
        state.logins += 1;
        self.endpoint.token_request()
    }

    /// Reads an answer by `read`, or tells what went wrong and what that means for another attempt.
    fn read<T>(
        &self,
        answer: Result<Answer, Fault>,
        refresh_token: Option<&SecretString>,
        read: impl FnOnce(&E, &JsonObject<'_>) -> Result<T, InvalidBody>,
    ) -> Result<(T, Answer), Stumble<E>> {
        let answer = answer.map_err(Stumble::fault)?;
        let current = self.current.load_full();
        let mut secrets = self.endpoint.secrets();
        secrets.extend(refresh_token.map(|it| it.expose_secret()));
        secrets.extend(
            current
                .as_ref()
                .map(|current| current.token.expose_secret()),
        );
        if answer.status.is_success() {
            let problem = match JsonObject::parse(&answer.body, &secrets) {
                Ok(body) => match read(&self.endpoint, &body) {
                    Ok(response) => return Ok((response, answer)),
                    // Of a success no text is shown: it may hold a token that nobody knows yet.
                    Err(problem) => (problem, None),
                },
                Err(problem) => (problem, None),
            };
            return Err(Stumble::malformed(answer.status, problem));
        }
        if answer.status.is_redirection() {
            return Err(Stumble::redirect(answer.status));
        }
        if answer.status.is_informational() {
            let problem = InvalidBody::new("the answer", "is none yet");
            return Err(Stumble::malformed(answer.status, (problem, None)));
        }
        // Errors come in any encoding; whatever can be read of them is.
        let text = zeroize::Zeroizing::new(String::from_utf8_lossy(&answer.body).into_owned());
        let body = JsonObject::parse(text.as_bytes(), &secrets);
        let foreign = body.is_err();
        let body = body.unwrap_or_else(|_| JsonObject::empty());
        let response = self.endpoint.error_response(&body);
        let setback = self.setback(&answer, &response);
        Err(Stumble::refused(
            setback,
            answer.status,
            (!foreign).then_some(response),
        ))
    }

    fn setback(&self, answer: &Answer, response: &E::ErrorResponse) -> Setback {
        let rate_limited = Setback::RateLimited {
            retry_after: answer.retry_after,
        };
        match answer.status {
            StatusCode::TOO_MANY_REQUESTS => rate_limited,
            StatusCode::SERVICE_UNAVAILABLE if answer.retry_after.is_some() => rate_limited,
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Setback::Busy,
            status if status.is_server_error() => Setback::ServerError,
            status => match self.endpoint.refusal(status, response) {
                Refusal::Credentials => Setback::CredentialsRefused,
                Refusal::RateLimited => rate_limited,
                Refusal::Other => Setback::Refused,
            },
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        // Nothing that can panic runs under the lock; and if it did, the state would still be one that was.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: TokenEndpoint> Drop for Source<E> {
    /// Ends what is under way: nobody is left to use its token, and it holds secrets.
    fn drop(&mut self) {
        for task in &self.lock().tasks {
            task.abort();
        }
    }
}

/// One request for a token with its retries, as a task of its own. It holds the cache weakly, so that it ends with the
/// last authenticator.
struct Flight<E: TokenEndpoint> {
    source: Weak<Source<E>>,
    id: FlightId,
    delay: Duration,
    limit: Duration,
    line: Line,
    teller: watch::Sender<Option<Flown<E>>>,
    landed: bool,
}

impl<E: TokenEndpoint> Flight<E> {
    async fn fly(mut self) {
        // Tokio's shortest sleep is a millisecond, that of no time at all included.
        if !self.delay.is_zero() {
            sleep(self.delay).await;
        }
        let took_off = Instant::now();
        let flown = match timeout(self.limit, self.attempts()).await {
            Ok(None) => return,
            Ok(Some(flown)) => flown,
            Err(_) => Err(Stumble::fault(Fault::sent(Cause::Slow(self.limit)))),
        };
        self.land(flown, took_off.elapsed());
    }

    /// Attempts, until one succeeds or the policy says that it is enough; `None` when the last authenticator is gone.
    async fn attempts(&self) -> Option<Result<Arrival, Stumble<E>>> {
        let deadline = Instant::now() + self.limit;
        let (mut attempts, mut refresh_token, attempt_timeout) = {
            let source = self.source.upgrade()?;
            let refresh_token = source.take_refresh_token();
            let first = exchange(refresh_token.as_ref());
            let attempts = Attempts::new(source.attempts, first);
            (attempts, refresh_token, source.attempt_timeout)
        };
        loop {
            let (request, started) = {
                let source = self.source.upgrade()?;
                (source.encode(refresh_token.as_ref()), source.clock.now())
            };
            observe::requested(exchange(refresh_token.as_ref()), attempts.made());
            let left = deadline.saturating_duration_since(Instant::now());
            let answer = self
                .line
                .transport
                .send(
                    &self.line.base,
                    request,
                    &self.line.user_agent,
                    attempt_timeout.min(left),
                )
                .await;
            let source = self.source.upgrade()?;
            let read = match exchange(refresh_token.as_ref()) {
                Exchange::Login => source.read(answer, None, |endpoint, body| {
                    endpoint.token_response(body).map(Into::into)
                }),
                Exchange::Refresh => {
                    let presented = refresh_token.as_ref().map(|it| &it.secret);
                    source.read(answer, presented, |endpoint, body| {
                        endpoint.refresh_response(body).map(Into::into)
                    })
                }
            };
            let stumble = match read {
                Ok((grant, answer)) => {
                    return Some(Ok(Arrival {
                        grant,
                        answer,
                        started,
                        refresh_token,
                    }));
                }
                Err(stumble) => stumble,
            };
            if gives_up_refresh(stumble.setback) || stumble.setback == Setback::Malformed {
                refresh_token = None;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match attempts.after(stumble.setback, left, source.clock.draw()) {
                Next::Try { exchange, after } => {
                    if exchange == Exchange::Login {
                        refresh_token = None;
                    }
                    drop(source);
                    let error = &stumble.error;
                    observe::retrying(error.kind(), error.status(), after);
                    sleep(after).await;
                }
                Next::GiveUp => {
                    // What is left of it, the vendor has not used up: it is good for another flight, unless one that
                    // took this one's place has brought a newer.
                    let mut state = source.lock();
                    if state.refresh_token.is_none() {
                        state.refresh_token = refresh_token;
                    }
                    drop(state);
                    return Some(Err(stumble));
                }
            }
        }
    }

    fn land(&mut self, flown: Result<Arrival, Stumble<E>>, took: Duration) {
        let Some(source) = self.source.upgrade() else {
            return;
        };
        let now = source.clock.now();
        let flown = flown.and_then(|arrival| arrival.check(&source, now));
        let landing = match &flown {
            Ok(arrived) => Landing::Token(arrived.validity),
            Err(stumble) => stumble.landing(source.clock.draw()),
        };
        let mut state = source.lock();
        let landed = state.lifecycle.land(self.id, landing, now);
        self.landed = true;
        let flown = match (landed, flown) {
            (Landed::Kept { generation }, Ok(arrived)) => {
                let exchange = arrived.exchange;
                Ok((source.keep(&mut state, arrived, generation), exchange))
            }
            (Landed::Failed { for_another }, Err(stumble)) => {
                let at = now.plus(for_another).utc();
                let error = stumble.error.with_retry_at(Some(at));
                state.last_error = Some(error.clone());
                Err((error, for_another))
            }
            // Something newer is cached or under way.
            _ => return,
        };
        state.under_way.take_if(|(flight, _)| *flight == self.id);
        // Whoever listens to events may ask for a token, and needs the lock for it.
        drop(state);
        let flown = match flown {
            Ok((current, exchange)) => {
                observe::issued(exchange, now.until(current.expiry), took);
                Ok(current)
            }
            Err((error, for_another)) => {
                observe::failed(error.kind(), error.status(), took, for_another);
                Err(error)
            }
        };
        self.teller.send_replace(Some(flown));
    }
}

impl<E: TokenEndpoint> Drop for Flight<E> {
    /// A panic, an abort, or a runtime that shuts down: whoever waits is to elect anew. Dropping the sender, which
    /// follows, wakes them.
    fn drop(&mut self) {
        if !self.landed
            && let Some(source) = self.source.upgrade()
        {
            observe::abandoned(E::VENDOR);
            source.give_up(self.id);
        }
    }
}

impl<E: TokenEndpoint> Source<E> {
    fn keep(&self, state: &mut State<E>, arrived: Arrived, generation: u64) -> Arc<Current> {
        let expires_at = arrived.validity.expiry.utc();
        let token = Token::new(arrived.authorization, expires_at, generation);
        let current = Arc::new(Current {
            token,
            advisory: Mark::new(arrived.validity.advisory),
            expiry: arrived.validity.expiry,
        });
        state.refresh_token = arrived.refresh_token;
        state.last_error = None;
        self.current.store(Some(Arc::clone(&current)));
        current
    }
}

/// A grant as it came, before it is checked against the clock.
struct Arrival {
    grant: Grant,
    answer: Answer,
    /// Before the request was sent.
    started: Moment,
    /// What it was exchanged for, if for a refresh token.
    refresh_token: Option<RefreshToken>,
}

/// A token that is good to be served.
struct Arrived {
    authorization: HeaderValue,
    validity: Validity,
    exchange: Exchange,
    refresh_token: Option<RefreshToken>,
}

impl Arrival {
    fn check<E: TokenEndpoint>(
        self,
        source: &Source<E>,
        now: Moment,
    ) -> Result<Arrived, Stumble<E>> {
        let (access_token, expires_in, rotated) = self.grant.into_parts();
        let lifetime = lifetime::lifetime(
            expires_in,
            E::FALLBACK_LIFETIME,
            access_token.expose_secret(),
            self.answer.date,
        );
        let margins = source.lock().lifecycle.policy().margins;
        let validity = Validity::new(self.started, lifetime, margins, source.clock.draw());
        if now.has_reached(validity.expiry) {
            return Err(Stumble::fault(Fault::sent(Cause::Stillborn)));
        }
        let authorization = Token::header(&access_token).map_err(|_| {
            let problem = InvalidBody::new("the access token", "does not fit a header");
            Stumble::malformed(self.answer.status, (problem, None))
        })?;
        // A vendor may hand out a refresh token that nothing is documented to be done with.
        let rotated = rotated.filter(|it| source.endpoint.refresh_request(it).is_some());
        let rotated = rotated.map(|secret| RefreshToken {
            ends: jwt::lifetime(secret.expose_secret(), self.answer.date)
                .map(|lifetime| self.started.plus(lifetime)),
            secret,
        });
        Ok(Arrived {
            authorization,
            validity,
            exchange: exchange(self.refresh_token.as_ref()),
            refresh_token: rotated.or(self.refresh_token),
        })
    }
}

/// A failed attempt: what the caller is told, and what it means for another.
struct Stumble<E: TokenEndpoint> {
    setback: Setback,
    error: Error<E::ErrorResponse>,
}

impl<E: TokenEndpoint> Stumble<E> {
    fn fault(fault: Fault) -> Self {
        let slow = matches!(fault.cause, Cause::Slow(_));
        let malformed = fault.setback == Setback::Malformed;
        let failure = Failure::new(E::VENDOR, fault.cause);
        Self {
            setback: fault.setback,
            error: if slow {
                Error::TimedOut(failure)
            } else if malformed {
                Error::InvalidResponse(failure)
            } else {
                Error::Unavailable(failure)
            },
        }
    }

    fn malformed(
        status: StatusCode,
        (problem, response): (InvalidBody, Option<E::ErrorResponse>),
    ) -> Self {
        Self {
            setback: Setback::Malformed,
            error: Error::InvalidResponse(Failure::answered(
                E::VENDOR,
                Cause::Body(problem),
                status,
                response,
            )),
        }
    }

    fn redirect(status: StatusCode) -> Self {
        Self {
            setback: Setback::Malformed,
            error: Error::InvalidResponse(Failure::answered(
                E::VENDOR,
                Cause::Redirect,
                status,
                None,
            )),
        }
    }

    fn refused(setback: Setback, status: StatusCode, response: Option<E::ErrorResponse>) -> Self {
        let failure = Failure::answered(E::VENDOR, Cause::Answer, status, response);
        let error = match setback {
            Setback::CredentialsRefused => Error::CredentialsRefused(failure),
            Setback::Refused => Error::Refused(failure),
            Setback::RateLimited { .. } if status != StatusCode::SERVICE_UNAVAILABLE => {
                Error::RateLimited(failure)
            }
            _ => Error::Unavailable(failure),
        };
        Self { setback, error }
    }

    fn landing(&self, draw: u32) -> Landing {
        let mut asked = None;
        let trouble = match self.setback {
            Setback::CredentialsRefused => Trouble::Refused,
            Setback::Refused => Trouble::Rejected,
            Setback::RateLimited { retry_after } => {
                asked = retry_after;
                Trouble::RateLimited
            }
            Setback::Malformed | Setback::Certificate => Trouble::Malformed,
            Setback::NotSent | Setback::Ambiguous | Setback::Busy | Setback::ServerError => {
                Trouble::Transient
            }
        };
        Landing::Trouble {
            trouble,
            retry_after: asked,
            draw,
        }
    }
}

fn exchange(refresh_token: Option<&RefreshToken>) -> Exchange {
    refresh_token.map_or(Exchange::Login, |_| Exchange::Refresh)
}

fn abandoned<E: TokenEndpoint>() -> Error<E::ErrorResponse> {
    Error::Unavailable(Failure::new(E::VENDOR, Cause::Abandoned))
}

/// The runtime of the caller, if it can carry a flight.
fn runtime() -> Result<Handle, ConfigurationError> {
    let runtime = Handle::try_current().map_err(|_| {
        ConfigurationError::new(
            "runtime",
            "must be Tokio's: ask for a token from within one",
        )
    })?;
    // Tokio has no other way to ask whether timers are enabled.
    panic::catch_unwind(|| drop(sleep(Duration::ZERO))).map_err(|_| {
        ConfigurationError::new(
            "runtime",
            "must have time and I/O enabled: build it with `enable_all()`",
        )
    })?;
    Ok(runtime)
}

/// A caller waits this much longer than a flight may take, so that it hears of the outcome.
const LANDING_TIME: Duration = Duration::from_secs(5);
/// A call sees at most so many flights end without an outcome before it gives up.
const FLIGHTS_PER_CALL: u32 = 2;
