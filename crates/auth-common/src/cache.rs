//! The cached token, and the election of the one flight that brings the next: the shell around the
//! [lifecycle](crate::lifecycle).

use std::{
    hash::{BuildHasher, RandomState},
    mem, panic, process,
    sync::Arc,
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::task::AbortHandle;

use crate::{
    BaseUrl, ConfigurationError, Error, Exchange, InvalidBody, Invalidation, JsonObject, Snapshot,
    Token, TokenEndpoint, TokenRequest, Transport,
    answer::{self, Arrived, Failed, RefreshToken},
    clock::{Clock, Mark},
    deadline::Task,
    failure::FailureKind,
    invalidation::Evidence,
    lifecycle::{Fingerprint, FlightId, Lifecycle, PolicyOfTenant, Silence},
    lifetime::Moment,
    observe, outcome,
    presented::{Presented, Sent},
    runtime,
    source::Origin,
    sync::{ForkedLock, MutexGuard},
    transport::{Answer, Fault},
};
#[cfg(feature = "store")]
use crate::{
    TokenStore,
    store::{
        Member,
        fleet::{Newest, Purpose},
        record::Holder,
    },
};

/// What all clones of an authenticator share.
pub(crate) struct Cache<E: TokenEndpoint> {
    pub(crate) destination: Arc<Destination>,
    pub(crate) clock: Clock,
    pub(crate) attempts: u32,
    pub(crate) attempt_timeout: Duration,
    /// Whether a token is renewed while nobody asks.
    pub(crate) keeps_ready: bool,
    /// The token to serve. Written under the lock of `state` only, and read without it.
    pub(crate) current: ArcSwapOption<Current>,
    state: ForkedLock<State<E>>,
    /// Where credentials come from. Written under the lock of `state` only.
    origin: ArcSwap<Origin<E::Credentials>>,
    pub(crate) policy: PolicyOfTenant,
    /// Keys the fingerprints of credentials, which mean nothing elsewhere.
    keys: RandomState,
    #[cfg(feature = "store")]
    pub(crate) member: Option<Arc<Member>>,
}

/// Where requests for a token go, and how.
pub(crate) struct Destination {
    pub(crate) transport: Transport,
    pub(crate) base: BaseUrl,
    pub(crate) user_agent: HeaderValue,
}

impl Destination {
    /// Whether the way there can be gone in the runtime of the caller. It has to be within one.
    pub(crate) fn check_runtime(&self) -> Result<(), ConfigurationError> {
        if self.transport.is_network() {
            runtime::check_io()?;
        }
        Ok(())
    }

    /// Sends `request` once. `once_more` is told when the time allowed passed while nobody ran, and is given anew.
    pub(crate) fn send(
        &self,
        request: TokenRequest,
        allowed: Duration,
        once_more: impl FnOnce() + Send,
    ) -> impl Future<Output = Result<Answer, Fault>> + Send {
        self.transport
            .send(&self.base, request, &self.user_agent, allowed, once_more)
    }
}

/// What a user may change of the shell's numbers.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) attempts: u32,
    pub(crate) attempt_timeout: Duration,
    pub(crate) keep_ready: bool,
    pub(crate) policy: PolicyOfTenant,
}

/// A token, as served. What a cached call reads comes first, and is in one line of the processor's cache: in a service of
/// ten thousand tenants, each line is fetched from memory.
#[repr(C, align(64))]
pub(crate) struct Current {
    /// Where it is no longer fresh.
    advisory: Mark,
    pub(crate) token: Token,
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
    pub(crate) last_error: Option<Box<Error<E::ErrorResponse>>>,
    /// What went out last, until its answer was read. A flight owns no credentials, so that they go with the last
    /// authenticator, whether its runtime is driven or not.
    pub(crate) sent: Option<(FlightId, Sent<E>)>,
    refresh_token: Option<Box<RefreshToken>>,
    /// The token that an API refused last: should the vendor hand it out once more, it is not served.
    refused: Option<Box<Token>>,
    /// Flights that were dropped, of which no event has told yet.
    pub(crate) abandoned: u32,
    /// Flights that may still run, superseded ones included: they end with the last authenticator. A handle keeps the
    /// memory of a task that has ended, which is more than all else here: a flight takes its own away.
    pub(crate) tasks: Vec<(FlightId, AbortHandle)>,
    /// The task that looks ahead.
    pub(crate) keeper: Option<AbortHandle>,
    /// The process in which they run.
    process: u32,
    logins: u64,
    refreshes: u64,
    /// The numbers of tokens in the fleet.
    #[cfg(feature = "store")]
    numbers: Numbers,
}

#[cfg(feature = "store")]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Numbers {
    /// Of the newest that came.
    pub(crate) known: u64,
    /// Of the cached one; 0 for one that the fleet has not got.
    current: u64,
    /// Of the last that an API refused.
    pub(crate) refused: u64,
    newest: Option<Newest>,
}

#[cfg(feature = "store")]
impl Numbers {
    /// A token is the one to serve from now on.
    fn keep(&mut self, arrived: &Arrived, now: Moment) {
        self.current = arrived.seq;
        self.known = self.known.max(arrived.seq);
        let newest = Newest {
            asked: arrived.asked.unwrap_or(now.monotonic),
            seq: arrived.seq,
        };
        self.newest = self.newest.max(Some(newest));
    }

    /// Whether the token in the store has been overtaken by another flight of this process since it was looked at.
    fn have_passed(&self, arrived: &Arrived) -> bool {
        let newest = self.newest.zip(arrived.asked);
        arrived.adopted.is_some()
            && (arrived.seq <= self.refused
                || arrived.seq < self.known
                || newest.is_some_and(|(newest, asked)| newest.is_newer_than(arrived.seq, asked)))
    }
}

impl<E: TokenEndpoint> State<E> {
    fn new(lifecycle: Lifecycle) -> Self {
        Self {
            lifecycle,
            under_way: None,
            last_error: None,
            sent: None,
            refresh_token: None,
            refused: None,
            abandoned: 0,
            tasks: Vec::new(),
            keeper: None,
            process: process::id(),
            logins: 0,
            refreshes: 0,
            #[cfg(feature = "store")]
            numbers: Numbers::default(),
        }
    }

    /// Nothing is kept of those that have ended, nor the memory for more.
    pub(crate) fn forget_tasks(&mut self, has_ended: impl Fn(FlightId, &AbortHandle) -> bool) {
        self.tasks
            .retain(|(flight, task)| !has_ended(*flight, task));
        if self.tasks.is_empty() {
            self.tasks = Vec::new();
        }
    }

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
        mem::forget(self.keeper.take());
    }
}

pub(crate) type Waiting<E> = outcome::Waiting<Outcome<E>>;

impl<E: TokenEndpoint> Cache<E> {
    pub(crate) fn new(
        origin: Origin<E::Credentials>,
        destination: Destination,
        clock: Clock,
        limits: Limits,
    ) -> Self {
        let policy = limits.policy;
        let lifecycle = lifecycle_of(&policy, &origin);
        Self {
            destination: Arc::new(destination),
            clock,
            attempts: limits.attempts,
            attempt_timeout: limits.attempt_timeout,
            keeps_ready: limits.keep_ready,
            current: ArcSwapOption::empty(),
            state: ForkedLock::new(State::new(lifecycle)),
            origin: ArcSwap::from_pointee(origin),
            policy,
            keys: RandomState::new(),
            #[cfg(feature = "store")]
            member: None,
        }
    }

    /// The token in `current`, while it is fresh: no lock, no allocation. It is lent, so that a header is cloned where it
    /// is returned: by way of a closure's `Option` it would be copied twice, a sixth of the call.
    #[inline]
    pub(crate) fn fresh<'a>(&self, current: &'a Option<Arc<Current>>) -> Option<&'a Token> {
        let current = current.as_ref()?;
        (!current.advisory.is_reached(&self.clock)).then_some(&current.token)
    }

    /// See [`Authenticator::invalidate`](crate::Authenticator::invalidate).
    pub(crate) fn invalidate(&self, token: &Token, evidence: Evidence) -> Invalidation {
        let now = self.clock.now();
        let mut state = self.lock();
        let invalidation = state
            .lifecycle
            .invalidate(token.generation(), evidence, now);
        if invalidation == Invalidation::Accepted {
            self.current.store(None);
            state.refused = Some(Box::new(token.clone()));
            #[cfg(feature = "store")]
            {
                state.numbers.refused = state.numbers.refused.max(state.numbers.current);
            }
        }
        drop(state);
        observe::invalidated(E::VENDOR, invalidation);
        invalidation
    }

    /// See [`Authenticator::set_credentials`](crate::Authenticator::set_credentials).
    pub(crate) fn set_credentials(&self, credentials: E::Credentials) {
        let now = self.clock.now();
        let fingerprint = self.fingerprint(&credentials);
        let mut state = self.lock();
        state.lifecycle.set_credentials(fingerprint, now);
        // It was obtained by others, perhaps for another account.
        let refresh_token = state.refresh_token.take();
        let origin = self.origin.swap(Arc::new(Origin::in_hand(credentials)));
        // A source is the user's, and does what it likes as it is dropped.
        drop(state);
        drop((origin, refresh_token));
    }

    /// Shares its tokens by way of `store`.
    #[cfg(feature = "store")]
    pub(crate) fn join(&mut self, store: Arc<dyn TokenStore>) {
        self.member = Some(Arc::new(Member::new(store)));
    }

    /// Presents `refresh_token` before the first login.
    pub(crate) fn start_with(&self, refresh_token: SecretString) {
        self.lock().refresh_token = Some(Box::new(RefreshToken {
            secret: refresh_token,
            ends: None,
        }));
    }

    /// Logs in once, past the cache.
    pub(crate) async fn request_token(&self) -> Result<E::TokenResponse, Error<E::ErrorResponse>> {
        self.request(None, E::token_response).await
    }

    /// Presents a refresh token once, past the cache.
    pub(crate) async fn request_refresh<T>(
        &self,
        refresh_token: &SecretString,
        read: impl FnOnce(&JsonObject<'_>) -> Result<T, InvalidBody>,
    ) -> Result<T, Error<E::ErrorResponse>> {
        if E::REFRESH.is_none() {
            let unknown = ConfigurationError::new("refresh token", "is unknown to this vendor");
            return Err(unknown.into());
        }
        self.request(Some(refresh_token), read).await
    }

    async fn request<T>(
        &self,
        refresh_token: Option<&SecretString>,
        read: impl FnOnce(&JsonObject<'_>) -> Result<T, InvalidBody>,
    ) -> Result<T, Error<E::ErrorResponse>> {
        let runtime = runtime::current()?;
        let (origin, destination) = (self.origin(), Arc::clone(&self.destination));
        let (token, allowed) = (refresh_token.cloned(), self.attempt_timeout);
        let patience = self.policy.flight;
        // A task of the runtime: this call may be polled where there is none.
        let mut task = Task::start(&runtime, async move {
            let place = destination.transport.place(patience).await;
            let _place = Transport::seated(place, patience)?;
            let presented = Presented::<E>::gather(token.as_ref(), origin, allowed).await?;
            let answer = destination.send(presented.encode(), allowed, || ()).await;
            Ok((presented.sent(), answer))
        });
        let asked = match (&mut task.0).await {
            Ok(asked) => asked,
            Err(ended) if ended.is_panic() => {
                runtime::current()?;
                self.destination.check_runtime()?;
                panic::resume_unwind(ended.into_panic())
            }
            Err(_) => Err(Fault::cut(
                "the runtime in which it was asked for has ended",
            )),
        };
        let (sent, answer) = asked.map_err(|fault| Failed::<E>::from(fault).error)?;
        let now = self.clock.now();
        let refresh_token = refresh_token.map(ExposeSecret::expose_secret);
        self.with_secrets(Some(&sent), refresh_token, |secrets| {
            answer::read::<E, T>(sent.exchange, answer, secrets, now, read)
        })
        .map(|(response, _)| response)
        .map_err(|failed| {
            failed
                .with_hint(Some(&sent))
                .error
                .with_address(sent.address(&self.destination.base))
        })
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        let state = self.lock();
        let snapshot = Snapshot::new(&state.lifecycle, state.logins, state.refreshes, now);
        drop(state);
        #[cfg(feature = "store")]
        if let Some(member) = &self.member {
            return snapshot.of_member(member, now);
        }
        snapshot
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
        state.sent.take_if(|(sender, _)| *sender == flight);
        state.abandoned += 1;
    }

    /// The token that arrived, unless it is the very one that an API refused last.
    pub(crate) fn not_refused(state: &State<E>, arrived: Arrived) -> Result<Arrived, Failed<E>> {
        let refused = state.refused.as_ref();
        if refused.is_none_or(|refused| refused.authorization() != arrived.authorization) {
            return Ok(arrived);
        }
        let what = "the vendor handed out once more the token that its API refuses, which is for its support to mend";
        let failed = Failed::from(Fault::new(FailureKind::Malformed, what));
        Err(failed.of_request(arrived.request_id))
    }

    /// See [`Lifecycle::waited_out`]. A flight that is given up may land after all, and its token be of use.
    pub(crate) fn waited_out(&self, flight: FlightId, silence: Silence) -> Option<Silence> {
        let now = self.clock.now();
        self.lock().lifecycle.waited_out(flight, silence, now)
    }

    /// See [`Lifecycle::report`].
    pub(crate) fn report(&self, flight: FlightId, wait: Duration) {
        let now = self.clock.now();
        self.lock().lifecycle.report(flight, wait, now);
    }

    /// The refresh token, where there is one that is believed valid: taken out, so that nobody presents it twice. A flight
    /// whose place another has taken gets none.
    pub(crate) fn take_refresh_token(&self, flight: FlightId) -> Option<RefreshToken> {
        let mut state = self.lock();
        if !state.lifecycle.is_under_way(flight) {
            return None;
        }
        let refresh_token = *state.refresh_token.take()?;
        let over = refresh_token
            .ends
            .is_some_and(|ends| self.clock.now().has_reached(ends));
        (!over).then_some(refresh_token)
    }

    /// What a flight did not use up of a refresh token is good for another, unless one that took its place has brought a
    /// newer.
    pub(crate) fn put_back(&self, refresh_token: Option<RefreshToken>) {
        let mut state = self.lock();
        if state.refresh_token.is_none() {
            state.refresh_token = refresh_token.map(Box::new);
        }
    }

    /// Where credentials come from now.
    pub(crate) fn origin(&self) -> Origin<E::Credentials> {
        Origin::clone(&self.origin.load())
    }

    /// What went out last.
    pub(crate) fn sent(&self) -> Option<Sent<E>> {
        let state = self.lock();
        state.sent.as_ref().map(|(_, sent)| sent.clone())
    }

    /// Whether there is nothing to log in with.
    pub(crate) fn has_no_login(&self) -> bool {
        matches!(**self.origin.load(), Origin::Nowhere)
    }

    /// Whether others were set since a login went out.
    pub(crate) fn has_other_credentials(&self) -> bool {
        let state = self.lock();
        let sent = state
            .sent
            .as_ref()
            .and_then(|(_, sent)| sent.credentials.as_ref());
        match (&**self.origin.load(), sent) {
            (Origin::InHand(now), Some(sent)) => !Arc::ptr_eq(now, sent),
            _ => false,
        }
    }

    /// Lets a flight send what it has gathered, unless that would be of no use.
    pub(crate) fn permit(
        &self,
        flight: FlightId,
        presented: &Presented<'_, E>,
        now: Moment,
    ) -> Result<(), Withheld> {
        let fingerprint = presented.credentials().map(|it| self.fingerprint(it));
        let sent = presented.sent();
        let mut state = self.lock();
        if !state.lifecycle.is_under_way(flight) {
            return Err(Withheld::Needless);
        }
        if let Some(fingerprint) = fingerprint
            && !state.lifecycle.presents(flight, fingerprint, now)
        {
            return Err(Withheld::RefusedBefore);
        }
        match sent.exchange {
            Exchange::Refresh => state.refreshes += 1,
            Exchange::Login => state.logins += 1,
        }
        state.sent = Some((flight, sent));
        Ok(())
    }

    pub(crate) fn fingerprint(&self, credentials: &E::Credentials) -> Fingerprint {
        Fingerprint(self.keys.hash_one(E::secrets(credentials)))
    }

    /// Hands over what nothing that is shown may repeat: what was presented, the cached token, and what the transport adds.
    pub(crate) fn with_secrets<T>(
        &self,
        sent: Option<&Sent<E>>,
        refresh_token: Option<&str>,
        read: impl FnOnce(&[&str]) -> T,
    ) -> T {
        let current = self.current.load_full();
        let mut secrets = sent.map(Sent::secrets).unwrap_or_default();
        secrets.extend(refresh_token);
        secrets.extend(current.as_deref().map(|it| it.token.expose_secret()));
        secrets.extend(self.destination.transport.secrets());
        read(&secrets)
    }

    /// Makes an arrived token the one to serve.
    pub(crate) fn keep(
        &self,
        state: &mut State<E>,
        arrived: Arrived,
        generation: u64,
        #[cfg_attr(not(feature = "store"), allow(unused_variables))] now: Moment,
    ) -> Arc<Current> {
        #[cfg(feature = "store")]
        state.numbers.keep(&arrived, now);
        let expires_at = arrived.validity.expiry.utc();
        let current = Arc::new(Current {
            token: Token::new(arrived.authorization, expires_at, generation),
            advisory: Mark::new(arrived.validity.advisory),
            expiry: arrived.validity.expiry,
        });
        state.refresh_token = arrived.refresh_token.map(Box::new);
        state.last_error = None;
        self.current.store(Some(Arc::clone(&current)));
        current
    }

    /// Whether a token of the fleet has become useless on its way: this process has had a newer one.
    #[cfg(feature = "store")]
    pub(crate) fn has_passed(state: &State<E>, arrived: &Arrived) -> bool {
        state.numbers.have_passed(arrived)
    }

    /// What a flight of this process wants of the fleet, for its credentials; a holder's number is never used again.
    #[cfg(feature = "store")]
    pub(crate) fn purpose(
        &self,
        flight: FlightId,
        credentials: Fingerprint,
        renewal: bool,
    ) -> Result<Purpose, Withheld> {
        let now = self.clock.now();
        let mut state = self.lock();
        if !state.lifecycle.presents(flight, credentials, now) {
            return Err(Withheld::RefusedBefore);
        }
        let reason = state.lifecycle.reason(flight);
        let (background, after_invalidation) = reason.ok_or(Withheld::Needless)?;
        let policy = &self.policy;
        let holder = self
            .keys
            .hash_one((process::id(), flight, now.monotonic, now.wall));
        Ok(Purpose {
            holder: Holder(holder),
            background: background && !renewal,
            renewal,
            refused: state.numbers.refused,
            known: state.numbers.known,
            newest: state.numbers.newest,
            after_invalidation,
            margins: policy.margins,
            // What is left is for an attempt without the fleet.
            patience: policy
                .flight
                .saturating_sub(self.attempt_timeout)
                .max(policy.flight / 2),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock(|| {
            let mut lifecycle = lifecycle_of(&self.policy, &self.origin.load());
            if let Some(parents) = &*self.current.load() {
                lifecycle.begin_after(parents.token.generation());
            }
            State::new(lifecycle)
        })
    }
}

fn lifecycle_of<C>(policy: &PolicyOfTenant, origin: &Origin<C>) -> Lifecycle {
    let mut lifecycle = Lifecycle::new(policy.clone());
    if matches!(origin, Origin::Source(_)) {
        lifecycle.set_source();
    }
    lifecycle
}

/// Why a flight may not send its request.
pub(crate) enum Withheld {
    /// The last authenticator is gone, or another flight has taken this one's place.
    Needless,
    /// The vendor refused these very credentials, and is left alone because of it.
    RefusedBefore,
}

impl<E: TokenEndpoint> Drop for Cache<E> {
    /// Ends what is under way: nobody is left to use its token, and it holds secrets.
    fn drop(&mut self) {
        let mut state = self.lock();
        state.start_afresh_after_a_fork(process::id());
        let keeper = state.keeper.take();
        let flights = state.tasks.iter().map(|(_, task)| task);
        for task in flights.chain(&keeper) {
            task.abort();
        }
    }
}
