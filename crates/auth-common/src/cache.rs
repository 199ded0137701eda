//! The cached token, and the election of the one flight that brings the next: the shell around the
//! [lifecycle](crate::lifecycle).

use std::{
    mem, panic, process,
    sync::{Arc, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::{runtime::Handle, sync::watch, task::AbortHandle, time::sleep};

use crate::{
    BaseUrl, ConfigurationError, Error, Exchange, InvalidBody, Invalidation, JsonObject, Snapshot,
    Token, TokenEndpoint, TokenRequest, Transport,
    answer::{self, Arrived, RefreshToken},
    clock::{Clock, Mark},
    lifecycle::{FlightId, Lifecycle, Policy},
    lifetime::Moment,
    observe,
    redaction::Redaction,
    sync::{Mutex, MutexGuard},
    transport::{Answer, Fault},
};

/// What all clones of an authenticator share.
pub(crate) struct Cache<E: TokenEndpoint> {
    credentials: E::Credentials,
    pub(crate) destination: Destination,
    pub(crate) clock: Clock,
    pub(crate) attempts: u32,
    pub(crate) attempt_timeout: Duration,
    /// The token to serve. Written under the lock of `state` only, and read without it.
    pub(crate) current: ArcSwapOption<Current>,
    state: Mutex<State<E>>,
}

/// Where requests for a token go, and how.
#[derive(Clone)]
pub(crate) struct Destination {
    pub(crate) transport: Transport,
    pub(crate) base: BaseUrl,
    pub(crate) user_agent: HeaderValue,
}

impl Destination {
    /// Sends `request` once.
    pub(crate) async fn send(
        &self,
        request: TokenRequest,
        allowed: Duration,
    ) -> Result<Answer, Fault> {
        self.transport
            .send(&self.base, request, &self.user_agent, allowed)
            .await
    }
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
    pub(crate) expiry: Moment,
}

/// How a flight ended, for everyone who waited for it.
pub(crate) type Outcome<E> = Result<Arc<Current>, Error<<E as TokenEndpoint>::ErrorResponse>>;

/// What a caller wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Token,
    /// A new one, whatever is cached.
    Renewal,
}

pub(crate) struct State<E: TokenEndpoint> {
    pub(crate) lifecycle: Lifecycle,
    /// Where the outcome of the lifecycle's flight will be told.
    pub(crate) under_way: Option<(FlightId, Waiting<E>)>,
    pub(crate) last_error: Option<Error<E::ErrorResponse>>,
    refresh_token: Option<RefreshToken>,
    /// The token that an API refused last: should the vendor hand it out once more, it is not served.
    refused: Option<Token>,
    /// Flights that were dropped, of which no event has told yet.
    pub(crate) abandoned: u32,
    /// Flights that may still run, superseded ones included: they end with the last authenticator.
    pub(crate) tasks: Vec<AbortHandle>,
    /// The process in which they run.
    process: u32,
    /// What the vendor was asked for last.
    pub(crate) asked: Exchange,
    logins: u64,
    refreshes: u64,
}

impl<E: TokenEndpoint> State<E> {
    /// In the child of a fork: the flights that were under way are the parent's, and land there alone. So is the refresh
    /// token, which both would present otherwise; to the vendor, that looks like theft.
    pub(crate) fn start_afresh_after_a_fork(&mut self, process: u32) {
        if mem::replace(&mut self.process, process) == process {
            return;
        }
        self.lifecycle.forget_flight();
        self.refresh_token = None;
        // Their locks and sockets are shared with runtimes whose threads are not here.
        mem::forget(self.under_way.take());
        mem::forget(mem::take(&mut self.tasks));
    }
}

pub(crate) type Waiting<E> = watch::Receiver<Option<Outcome<E>>>;

impl<E: TokenEndpoint> Cache<E> {
    pub(crate) fn new(
        credentials: E::Credentials,
        destination: Destination,
        clock: Clock,
        limits: Limits,
    ) -> Self {
        Self {
            credentials,
            destination,
            clock,
            attempts: limits.attempts,
            attempt_timeout: limits.attempt_timeout,
            current: ArcSwapOption::empty(),
            state: Mutex::new(State {
                lifecycle: Lifecycle::new(limits.policy),
                under_way: None,
                last_error: None,
                refresh_token: None,
                refused: None,
                abandoned: 0,
                tasks: Vec::new(),
                process: process::id(),
                asked: Exchange::Login,
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

    /// See [`Authenticator::invalidate`](crate::Authenticator::invalidate).
    pub(crate) fn invalidate(&self, token: &Token) -> Invalidation {
        let now = self.clock.now();
        let mut state = self.lock();
        let invalidation = state.lifecycle.invalidate(token.generation(), now);
        if invalidation == Invalidation::Accepted {
            self.current.store(None);
            state.refused = Some(token.clone());
        }
        drop(state);
        observe::invalidated(E::VENDOR, invalidation);
        invalidation
    }

    /// Logs in once, past the cache.
    pub(crate) async fn request_token(&self) -> Result<E::TokenResponse, Error<E::ErrorResponse>> {
        let request = E::token_request(&self.credentials);
        self.request(Exchange::Login, request, None, E::token_response)
            .await
    }

    /// Presents a refresh token once, past the cache.
    pub(crate) async fn request_refresh<T>(
        &self,
        refresh_token: &SecretString,
        read: impl FnOnce(&JsonObject<'_>) -> Result<T, InvalidBody>,
    ) -> Result<T, Error<E::ErrorResponse>> {
        let refresh = E::REFRESH
            .ok_or_else(|| ConfigurationError::new("refresh token", "is unknown to this vendor"))?;
        let request = refresh.request(refresh_token, || E::token_request(&self.credentials));
        let presented = Some(refresh_token.expose_secret());
        self.request(Exchange::Refresh, request, presented, read)
            .await
    }

    async fn request<T>(
        &self,
        exchange: Exchange,
        request: TokenRequest,
        presented: Option<&str>,
        read: impl FnOnce(&JsonObject<'_>) -> Result<T, InvalidBody>,
    ) -> Result<T, Error<E::ErrorResponse>> {
        runtime()?;
        let answer = self.destination.send(request, self.attempt_timeout).await;
        self.with_secrets(presented, |secrets| {
            answer::read::<E, T>(exchange, answer, secrets, read)
        })
        .map(|(response, _)| response)
        .map_err(|failed| failed.error.with_address(self.address(exchange)))
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        let state = self.lock();
        Snapshot::new(&state.lifecycle, state.logins, state.refreshes, now)
    }

    /// The cached token, where it may be used and is wanted.
    pub(crate) fn cached(&self, want: Want) -> Option<Arc<Current>> {
        let now = self.clock.now();
        let state = self.lock();
        (want == Want::Token && state.lifecycle.serves(now))
            .then(|| self.current.load_full())
            .flatten()
    }

    /// A flight was dropped before it ended. The next call tells of it: this runs in a destructor, perhaps while a panic
    /// unwinds, where a listener that panics as well would end the process.
    pub(crate) fn dropped(&self, flight: FlightId) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.lifecycle.abandon(flight, now);
        state.abandoned += 1;
    }

    /// Whether this is the very token that an API refused last.
    pub(crate) fn was_refused(state: &State<E>, arrived: &Arrived) -> bool {
        let refused = state.refused.as_ref();
        refused.is_some_and(|refused| refused.authorization() == arrived.authorization)
    }

    /// A flight that nobody drives any more is replaced; if it lands after all, its token may still be of use.
    pub(crate) fn give_up(&self, flight: FlightId) {
        let now = self.clock.now();
        self.lock().lifecycle.abandon(flight, now);
    }

    /// The refresh token, where there is one that is believed valid: taken out, so that nobody presents it twice. A flight
    /// whose place another has taken gets none.
    pub(crate) fn take_refresh_token(&self, flight: FlightId) -> Option<RefreshToken> {
        let now = self.clock.now();
        let mut state = self.lock();
        if !state.lifecycle.is_under_way(flight) {
            return None;
        }
        let refresh_token = state.refresh_token.take();
        refresh_token.filter(|it| it.ends.is_none_or(|ends| !now.has_reached(ends)))
    }

    /// What a flight did not use up of a refresh token is good for another, unless one that took its place has brought a
    /// newer.
    pub(crate) fn put_back(&self, refresh_token: Option<RefreshToken>) {
        let mut state = self.lock();
        if state.refresh_token.is_none() {
            state.refresh_token = refresh_token;
        }
    }

    /// Encodes the exchange of a refresh token, or a login, with the credentials as they are now; `None` when another
    /// flight has taken this one's place: it asks the vendor for nothing any more.
    pub(crate) fn encode(
        &self,
        flight: FlightId,
        refresh_token: Option<&RefreshToken>,
    ) -> Option<TokenRequest> {
        let refresh = refresh_token.zip(E::REFRESH);
        {
            let mut state = self.lock();
            if !state.lifecycle.is_under_way(flight) {
                return None;
            }
            match refresh {
                Some(_) => {
                    state.refreshes += 1;
                    state.asked = Exchange::Refresh;
                }
                None => {
                    state.logins += 1;
                    state.asked = Exchange::Login;
                }
            }
        }
        let login = || E::token_request(&self.credentials);
        Some(match refresh {
            Some((token, refresh)) => refresh.request(&token.secret, login),
            None => login(),
        })
    }

    /// Hands over what nothing that is shown may repeat: the credentials, the cached token, the refresh token that was
    /// presented.
    pub(crate) fn with_secrets<T>(
        &self,
        presented: Option<&str>,
        read: impl FnOnce(&[&str]) -> T,
    ) -> T {
        let current = self.current.load_full();
        let mut secrets = E::secrets(&self.credentials);
        secrets.extend(presented);
        secrets.extend(current.as_deref().map(|it| it.token.expose_secret()));
        read(&secrets)
    }

    /// Where `exchange` is sent to, fit to be shown: the base URL is known to whoever reads it, and a path may hold the id of
    /// an account.
    pub(crate) fn address(&self, exchange: Exchange) -> String {
        let base = &self.destination.base;
        let refresh = E::REFRESH.filter(|_| exchange == Exchange::Refresh);
        let login = || E::token_request(&self.credentials).path().to_owned();
        let path = refresh.map_or_else(login, |refresh| refresh.path().to_owned());
        let secrets = E::secrets(&self.credentials);
        let path = Redaction::new(&secrets).show(path.trim_start_matches('/'));
        format!("{base}{path}")
    }

    /// Makes an arrived token the one to serve.
    pub(crate) fn keep(
        &self,
        state: &mut State<E>,
        arrived: Arrived,
        generation: u64,
    ) -> Arc<Current> {
        let expires_at = arrived.validity.expiry.utc();
        let current = Arc::new(Current {
            token: Token::new(arrived.authorization, expires_at, generation),
            advisory: Mark::new(arrived.validity.advisory),
            expiry: arrived.validity.expiry,
        });
        state.refresh_token = arrived.refresh_token;
        state.last_error = None;
        self.current.store(Some(Arc::clone(&current)));
        current
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State<E>> {
        // Nothing that can panic runs under the lock; and if it did, the state would still be one that was.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: TokenEndpoint> Drop for Cache<E> {
    /// Ends what is under way: nobody is left to use its token, and it holds secrets.
    fn drop(&mut self) {
        let mut state = self.lock();
        state.start_afresh_after_a_fork(process::id());
        for task in &state.tasks {
            task.abort();
        }
    }
}

/// The runtime of the caller, if it can carry a flight.
pub(crate) fn runtime() -> Result<Handle, ConfigurationError> {
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
