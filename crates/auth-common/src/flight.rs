//! One request for a token with its retries, as a task of its own.

#[cfg(feature = "store")]
use std::pin::pin;
use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep, sleep_until};

#[cfg(feature = "store")]
use crate::deadline::within;
use crate::{
    Exchange, TokenEndpoint, Transport,
    answer::{self, Arrival, Arrived, Failed, How, RefreshToken},
    cache::{Cache, Destination, Outcome, Withheld},
    failure::AfterRefresh,
    lifecycle::{FlightId, Landed},
    lifetime::Moment,
    observe,
    outcome::Teller,
    presented::Presented,
    retry::{Attempts, Next},
    source::Origin,
    transport::{Answer, Fault, places::Place},
};

/// It holds the cache weakly, so that it ends with the last authenticator, and no credentials.
pub(crate) struct Flight<E: TokenEndpoint> {
    pub(crate) cache: Weak<Cache<E>>,
    pub(crate) id: FlightId,
    /// When it begins, and later when it began.
    pub(crate) started: Instant,
    /// How long it may take in all.
    pub(crate) limit: Duration,
    pub(crate) destination: Arc<Destination>,
    pub(crate) outcome: Teller<Outcome<E>>,
    pub(crate) landed: bool,
    /// A new token is wanted, whatever is cached.
    #[cfg(feature = "store")]
    pub(crate) renewal: bool,
}

impl<E: TokenEndpoint> Flight<E> {
    /// It is a block, since an `async fn` would hold the flight twice. Whatever follows the first wait for a place is boxed:
    /// when a program with thousands of tenants starts, all but a few of its flights wait there.
    #[expect(clippy::manual_async_fn, reason = "see above")]
    pub(crate) fn run(mut self) -> impl Future<Output = ()> + Send {
        async move {
            // Tokio's shortest sleep is a millisecond, that of no time at all included.
            let now = Instant::now();
            if self.started > now {
                sleep_until(self.started).await;
                self.started = Instant::now();
            } else {
                self.started = now;
            }
            let result = self.bring().await;
            self.land(result);
        }
    }

    /// Brings a token, from the vendor or from whoever has asked it, within the time for a flight.
    #[expect(clippy::manual_async_fn, reason = "see above")]
    fn bring(&self) -> impl Future<Output = Result<Arrived, Ended<E>>> + Send {
        async move {
            #[cfg(feature = "store")]
            {
                let member = self.cache()?.member.clone();
                if let Some(member) = member {
                    let bringing = Box::pin(async {
                        within(self.limit, pin!(self.bring_for_all(&member)), || ()).await
                    });
                    let slow = || Err(Ended::Failed(Fault::slow(self.limit).into()));
                    return bringing.await.unwrap_or_else(slow);
                }
            }
            let place = self.place(self.limit).await;
            let place = place.map_err(|fault| Ended::Failed(fault.into()))?;
            // Each of its waits ends by then: a timer for all of them would cost a system call, and tell nothing more.
            let deadline = self.started + self.limit;
            Box::pin(self.ask_vendor(None, Some((place, deadline)))).await
        }
    }

    /// Asks the vendor for a token that is good to be served, until one comes or the table of failures says that it is
    /// enough. Without a refresh token `given`, there may be one in the cache. The `first` request may have its place
    /// already, and the time by which all are to be done.
    pub(crate) fn ask_vendor(
        &self,
        given: Option<RefreshToken>,
        first: Option<(Place, Instant)>,
    ) -> impl Future<Output = Result<Arrived, Ended<E>>> + Send {
        let (mut place, deadline) = match first {
            Some((place, deadline)) => (Some(place), deadline),
            None => (None, Instant::now() + self.limit),
        };
        let mut refresh_token = given;
        async move {
            let left = || deadline.saturating_duration_since(Instant::now());
            let (mut attempts, attempt_timeout) = {
                let cache = self.cache()?;
                if refresh_token.is_none() {
                    refresh_token = cache.take_refresh_token(self.id);
                }
                (Attempts::new(cache.attempts), cache.attempt_timeout)
            };
            loop {
                // It is given back before another attempt waits.
                let place = match place.take() {
                    Some(place) => place,
                    None => match self.place(left()).await {
                        Ok(place) => place,
                        Err(fault) => {
                            if let Some(cache) = self.cache.upgrade() {
                                cache.put_back(refresh_token);
                            }
                            return Err(Ended::Failed(fault.into()));
                        }
                    },
                };
                let exchange = match refresh_token {
                    Some(_) => Exchange::Refresh,
                    None => Exchange::Login,
                };
                let attempt = self.attempt(
                    refresh_token.as_ref(),
                    attempts.made(),
                    deadline,
                    attempt_timeout,
                );
                let (answer, started) = match attempt.await {
                    Ok(answered) => answered,
                    Err(why) => {
                        if let Some(cache) = self.cache.upgrade() {
                            cache.put_back(refresh_token);
                        }
                        return Err(why.into());
                    }
                };
                drop(place);
                let cache = self.cache()?;
                let presented = refresh_token.as_ref().map(|it| it.secret.expose_secret());
                let now = cache.clock.now();
                let read = cache.with_secrets(cache.sent().as_ref(), presented, |secrets| {
                    answer::read(exchange, answer, secrets, now, |body| match E::REFRESH {
                        Some(refresh) if exchange == Exchange::Refresh => refresh.read(body),
                        _ => E::token_response(body).map(Into::into),
                    })
                });
                let failed = match read {
                    Ok((grant, answer)) => {
                        return Self::accept(
                            &cache,
                            Arrival {
                                grant,
                                answer,
                                started,
                                came: now,
                                exchange,
                                presented: refresh_token,
                            },
                        );
                    }
                    Err(failed) => failed.with_hint(cache.sent().as_ref()),
                };
                // Where it is all there is, it is presented again until the vendor refuses it: there is nothing to lose.
                let last_resort = exchange == Exchange::Refresh && cache.has_no_login();
                let kept = matches!(failed.kind.row().refresh, AfterRefresh::Kept { .. })
                    || last_resort && failed.error.is_transient();
                if !kept {
                    refresh_token = None;
                }
                let draw = cache.clock.draw();
                let next = attempts.after(exchange, failed.kind, failed.asked, left(), draw);
                let after = match next {
                    Next::Repeat { after } => after,
                    Next::LoginInstead if !last_resort => Duration::ZERO,
                    Next::LoginInstead if refresh_token.is_none() => {
                        return Err(Ended::Failed(failed.without_login()));
                    }
                    // Refused were those that the login began with.
                    Next::GiveUp
                        if failed.is_refusal_of_credentials() && cache.has_other_credentials() =>
                    {
                        Duration::ZERO
                    }
                    Next::LoginInstead | Next::GiveUp => {
                        cache.put_back(refresh_token);
                        return Err(Ended::Failed(failed));
                    }
                };
                cache.report(self.id, after);
                drop(cache);
                observe::retrying(failed.error.kind(), failed.error.status(), after);
                sleep(after).await;
            }
        }
    }

    /// The token that arrived, if it is good to be served.
    fn accept(cache: &Cache<E>, arrival: Arrival) -> Result<Arrived, Ended<E>> {
        let draw = cache.clock.draw_at(arrival.came);
        let arrived = arrival.check(cache.policy.margins, draw)?;
        Ok(Cache::not_refused(&cache.lock(), arrived)?)
    }

    /// Waits until this flight may send a request.
    #[expect(clippy::manual_async_fn, reason = "as for the whole flight")]
    fn place(&self, left: Duration) -> impl Future<Output = Result<Place, Fault>> + Send {
        async move {
            if let Some(place) = self.destination.transport.free_place(left) {
                return Ok(place);
            }
            self.report(left);
            let place = self.destination.transport.place(left).await;
            Transport::seated(place, left)
        }
    }

    /// Says to those who wait that nothing may be heard of this flight for so long.
    pub(crate) fn report(&self, wait: Duration) {
        if let Some(cache) = self.cache.upgrade() {
            cache.report(self.id, wait);
        }
    }

    /// Asks the vendor once, if that may be done, and says when it began. Without credentials to present there is no
    /// answer.
    async fn attempt(
        &self,
        refresh_token: Option<&RefreshToken>,
        made: u32,
        deadline: Instant,
        attempt_timeout: Duration,
    ) -> Result<(Result<Answer, Fault>, Moment), Withheld> {
        let left = || deadline.saturating_duration_since(Instant::now());
        let origin = {
            let cache = self.cache()?;
            let origin = cache.origin();
            if matches!(origin, Origin::Source(_)) {
                cache.report(self.id, left());
            }
            origin
        };
        let refresh_token = refresh_token.map(|it| &it.secret);
        let presented = match Presented::<E>::gather(refresh_token, origin, left()).await {
            Ok(presented) => presented,
            Err(fault) => return Ok((Err(fault), self.cache()?.clock.now())),
        };
        let (now, allowed);
        let request = {
            // Moved to where it ends: nothing is held while the answer is waited for.
            let presented = presented;
            let cache = self.cache()?;
            now = cache.clock.now();
            cache.permit(self.id, &presented, now)?;
            observe::requested(presented.exchange(), made);
            allowed = attempt_timeout.min(left());
            cache.report(self.id, allowed);
            presented.encode()
        };
        let once_more = || self.report(allowed);
        let answer = self.destination.send(request, allowed, once_more).await;
        Ok((answer, now))
    }

    pub(crate) fn cache(&self) -> Result<Arc<Cache<E>>, Withheld> {
        self.cache.upgrade().ok_or(Withheld::Needless)
    }

    fn land(&mut self, result: Result<Arrived, Ended<E>>) {
        let Some(cache) = self.cache.upgrade() else {
            return;
        };
        let now = cache.clock.now();
        // The vendor's crate has a say in it, and the search for secrets takes a while: not under the lock.
        let address = result.is_err().then(|| self.address(&cache)).flatten();
        let mut state = cache.lock();
        let result = match result {
            // Of the same process, a flight that was given up for lost has landed since with a newer one.
            #[cfg(feature = "store")]
            Ok(arrived) if Cache::has_passed(&state, &arrived) => {
                state.lifecycle.defer(self.id, Duration::ZERO, now);
                state.under_way.take_if(|(flight, _)| *flight == self.id);
                self.landed = true;
                let newer = cache.current.load_full();
                drop(state);
                cache.keep_ready();
                // Where that has been refused, whoever waits elects anew.
                if let Some(newer) = newer {
                    self.outcome.tell(Ok(newer));
                }
                return;
            }
            // Its like may have been invalidated since it was looked at.
            Ok(arrived) => Cache::not_refused(&state, arrived),
            Err(Ended::Failed(failed)) => Err(failed),
            Err(Ended::Withheld(Withheld::RefusedBefore)) => {
                drop(state);
                self.land_unasked(&cache, now);
                return;
            }
            // Nobody waits for it.
            Err(Ended::Withheld(Withheld::Needless)) => {
                self.landed = true;
                return;
            }
            #[cfg(feature = "store")]
            Err(Ended::Deferred(next_look)) => {
                state.lifecycle.defer(self.id, next_look, now);
                state.under_way.take_if(|(flight, _)| *flight == self.id);
                self.landed = true;
                drop(state);
                cache.keep_ready();
                observe::deferred(next_look);
                return;
            }
        };
        let landing = match &result {
            Ok(arrived) => arrived.landing(),
            Err(failed) => failed.landing(cache.clock.draw()),
        };
        let landed = state.lifecycle.land(self.id, landing, now);
        self.landed = true;
        let sent = state.sent.take_if(|(sender, _)| *sender == self.id);
        let outcome = match (landed, result) {
            (Landed::Kept { generation }, Ok(arrived)) => {
                let how = arrived.how();
                Ok((cache.keep(&mut state, arrived, generation, now), how))
            }
            (Landed::Failed { for_another }, Err(failed)) => {
                let at = now.plus(for_another).utc();
                let error = failed.error.with_retry_at(Some(at));
                let address = address.or_else(|| Some(sent?.1.address(&self.destination.base)));
                let error = match address {
                    Some(address) => error.with_address(address),
                    None => error,
                };
                // During a longer pause, callers are told what that one is for.
                if state.lifecycle.pauses_for() == Some(failed.kind) {
                    state.last_error = Some(Box::new(error.clone()));
                }
                Err((error, for_another))
            }
            // Something newer is cached or under way.
            _ => return,
        };
        state.under_way.take_if(|(flight, _)| *flight == self.id);
        // Whoever listens to events may ask for a token, and needs the lock for it; and it may panic.
        drop(state);
        cache.keep_ready();
        match outcome {
            Ok((current, how)) => {
                #[cfg(feature = "store")]
                if let (How::Adopted, Some(member)) = (&how, &cache.member) {
                    member.count_adopted();
                }
                self.outcome.tell(Ok(Arc::clone(&current)));
                let left = now.until(current.expiry);
                match how {
                    How::Issued(exchange) => observe::issued(exchange, left, self.started),
                    #[cfg(feature = "store")]
                    How::Adopted => observe::adopted(left, self.started),
                }
            }
            Err((error, for_another)) => {
                self.outcome.tell(Err(error.clone()));
                observe::failed(error.kind(), error.status(), self.started, for_another);
            }
        }
    }

    /// The address that this flight asked last, fit to be shown.
    fn address(&self, cache: &Cache<E>) -> Option<String> {
        let sent = {
            let state = cache.lock();
            let (sender, sent) = state.sent.as_ref()?;
            (*sender == self.id).then(|| sent.clone())?
        };
        Some(sent.address(&self.destination.base))
    }

    /// The source has no others than those that were refused: everybody is told so once more.
    fn land_unasked(&mut self, cache: &Arc<Cache<E>>, now: Moment) {
        let mut state = cache.lock();
        let landed = state.lifecycle.land_unasked(self.id, now);
        self.landed = true;
        let (Landed::Failed { for_another }, Some(error)) = (landed, state.last_error.clone())
        else {
            return;
        };
        state.under_way.take_if(|(flight, _)| *flight == self.id);
        drop(state);
        cache.keep_ready();
        let at = now.plus(for_another).utc();
        self.outcome.tell(Err((*error).with_retry_at(Some(at))));
    }
}

/// How a flight ended without a token.
pub(crate) enum Ended<E: TokenEndpoint> {
    Failed(Failed<E>),
    Withheld(Withheld),
    /// Another process of the fleet is asking, and nobody waits here: it is to be looked at again after so long.
    #[cfg(feature = "store")]
    Deferred(Duration),
}

impl<E: TokenEndpoint> From<Failed<E>> for Ended<E> {
    fn from(failed: Failed<E>) -> Self {
        Self::Failed(failed)
    }
}

impl<E: TokenEndpoint> From<Withheld> for Ended<E> {
    fn from(why: Withheld) -> Self {
        Self::Withheld(why)
    }
}

impl<E: TokenEndpoint> Drop for Flight<E> {
    /// A panic, an abort, or a runtime that shuts down: whoever waits is to elect anew. Dropping the sender, which
    /// follows, wakes them.
    fn drop(&mut self) {
        let Some(cache) = self.cache.upgrade() else {
            return;
        };
        if !self.landed {
            cache.dropped(self.id);
        }
        cache.lock().forget_tasks(|flight, _| flight == self.id);
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;
