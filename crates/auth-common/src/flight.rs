//! One request for a token with its retries, as a task of its own.

use std::{
    pin::pin,
    sync::{Arc, Weak},
    time::Duration,
};

use secrecy::ExposeSecret;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use crate::{
    Exchange, TokenEndpoint,
    answer::{self, Arrival, Failed},
    cache::{Cache, Destination, Outcome},
    deadline::within,
    failure::{AfterRefresh, FailureKind},
    lifecycle::{FlightId, Landed, Landing},
    observe,
    retry::{Attempts, Next},
    transport::Fault,
};

/// It holds the cache weakly, so that it ends with the last authenticator, and no credentials.
pub(crate) struct Flight<E: TokenEndpoint> {
    pub(crate) cache: Weak<Cache<E>>,
    pub(crate) id: FlightId,
    /// How long to wait before the first request.
    pub(crate) delay: Duration,
    /// How long it may take in all.
    pub(crate) limit: Duration,
    pub(crate) destination: Destination,
    pub(crate) outcome: watch::Sender<Option<Outcome<E>>>,
    pub(crate) landed: bool,
}

impl<E: TokenEndpoint> Flight<E> {
    pub(crate) async fn run(mut self) {
        // Tokio's shortest sleep is a millisecond, that of no time at all included.
        if !self.delay.is_zero() {
            sleep(self.delay).await;
        }
        let started = Instant::now();
        let result = within(self.limit, pin!(self.attempts())).await;
        let result = match result {
            // The last authenticator is gone, or another flight has taken this one's place.
            Some(None) => {
                self.landed = true;
                return;
            }
            Some(Some(result)) => result,
            None => Err(Fault::slow(self.limit).into()),
        };
        self.land(result, started.elapsed());
    }

    /// Attempts, until one succeeds or the table of failures says that it is enough; `None` when nobody needs this flight
    /// any more.
    async fn attempts(&self) -> Option<Result<Arrival, Failed<E>>> {
        let deadline = Instant::now() + self.limit;
        let (mut attempts, mut refresh_token, attempt_timeout) = {
            let cache = self.cache.upgrade()?;
            let attempts = Attempts::new(cache.attempts);
            (
                attempts,
                cache.take_refresh_token(self.id),
                cache.attempt_timeout,
            )
        };
        loop {
            let exchange = match refresh_token {
                Some(_) => Exchange::Refresh,
                None => Exchange::Login,
            };
            let (request, started) = {
                let cache = self.cache.upgrade()?;
                let Some(request) = cache.encode(self.id, refresh_token.as_ref()) else {
                    cache.put_back(refresh_token);
                    return None;
                };
                (request, cache.clock.now())
            };
            observe::requested(exchange, attempts.made());
            let left = deadline.saturating_duration_since(Instant::now());
            let allowed = attempt_timeout.min(left);
            let answer = self.destination.send(request, allowed).await;
            let cache = self.cache.upgrade()?;
            let presented = refresh_token.as_ref().map(|it| it.secret.expose_secret());
            let read = cache.with_secrets(presented, |secrets| {
                answer::read(exchange, answer, secrets, |body| match E::REFRESH {
                    Some(refresh) if exchange == Exchange::Refresh => refresh.read(body),
                    _ => E::token_response(body).map(Into::into),
                })
            });
            let failed = match read {
                Ok((grant, answer)) => {
                    return Some(Ok(Arrival {
                        grant,
                        answer,
                        started,
                        exchange,
                        presented: refresh_token,
                    }));
                }
                Err(failed) => failed,
            };
            if !matches!(failed.kind.row().refresh, AfterRefresh::Kept { .. }) {
                refresh_token = None;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let draw = cache.clock.draw();
            let after = match attempts.after(exchange, failed.kind, failed.asked, left, draw) {
                Next::Repeat { after } => after,
                Next::LoginInstead => Duration::ZERO,
                Next::GiveUp => {
                    cache.put_back(refresh_token);
                    return Some(Err(failed));
                }
            };
            drop(cache);
            observe::retrying(failed.error.kind(), failed.error.status(), after);
            sleep(after).await;
        }
    }

    fn land(&mut self, result: Result<Arrival, Failed<E>>, took: Duration) {
        let Some(cache) = self.cache.upgrade() else {
            return;
        };
        let now = cache.clock.now();
        let result = result.and_then(|arrival| {
            let margins = cache.lock().lifecycle.policy().margins;
            arrival.check(now, margins, cache.clock.draw())
        });
        let asked = cache.lock().asked;
        let address = result.is_err().then(|| cache.address(asked));
        let mut state = cache.lock();
        let result = match result {
            Ok(arrived) if Cache::was_refused(&state, &arrived) => {
                let what = "the vendor handed out once more the token that its API refuses";
                let failed = Failed::from(Fault::new(FailureKind::Malformed, what));
                Err(failed.of_request(arrived.request_id))
            }
            result => result,
        };
        let landing = match &result {
            Ok(arrived) => Landing::Token(arrived.validity),
            Err(failed) => failed.landing(cache.clock.draw()),
        };
        let landed = state.lifecycle.land(self.id, landing, now);
        self.landed = true;
        let outcome = match (landed, result) {
            (Landed::Kept { generation }, Ok(arrived)) => {
                let exchange = arrived.exchange;
                Ok((cache.keep(&mut state, arrived, generation), exchange))
            }
            (Landed::Failed { for_another }, Err(failed)) => {
                let at = now.plus(for_another).utc();
                let address = address.unwrap_or_else(|| cache.address(asked));
                let error = failed.error.with_address(address).with_retry_at(Some(at));
                state.last_error = Some(error.clone());
                Err((error, for_another))
            }
            // Something newer is cached or under way.
            _ => return,
        };
        state.under_way.take_if(|(flight, _)| *flight == self.id);
        // Whoever listens to events may ask for a token, and needs the lock for it; and it may panic.
        drop(state);
        match outcome {
            Ok((current, exchange)) => {
                self.outcome.send_replace(Some(Ok(Arc::clone(&current))));
                observe::issued(exchange, now.until(current.expiry), took);
            }
            Err((error, for_another)) => {
                self.outcome.send_replace(Some(Err(error.clone())));
                observe::failed(error.kind(), error.status(), took, for_another);
            }
        }
    }
}

impl<E: TokenEndpoint> Drop for Flight<E> {
    /// A panic, an abort, or a runtime that shuts down: whoever waits is to elect anew. Dropping the sender, which
    /// follows, wakes them.
    fn drop(&mut self) {
        if !self.landed
            && let Some(cache) = self.cache.upgrade()
        {
            cache.dropped(self.id);
        }
    }
}
