//! What a test plays on.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use auth_common::{Authenticator, Builder, Error, TokenEndpoint, testing::ManualClock};
use chrono::DateTime;
use tokio::{task::JoinSet, time::sleep};

use crate::vendor::{Credentials, Plain, Problem, Vendor};

/// An authenticator, the vendor that it asks, and the clock that it reads.
pub(crate) struct Scene<E: TokenEndpoint = Plain> {
    pub(crate) vendor: Vendor,
    pub(crate) clock: ManualClock,
    pub(crate) authenticator: Authenticator<E>,
    /// Held by the credentials, and by the way to the vendor.
    pub(crate) guard: Arc<()>,
}

/// What a caller gets: the token's text.
pub(crate) type Outcome = Result<String, Error<Problem>>;

impl Scene<Plain> {
    pub(crate) fn new() -> Self {
        Self::of(|builder| builder)
    }

    /// A scene whose authenticator has other settings than the usual ones.
    pub(crate) fn with(set: impl FnOnce(Builder<Plain>) -> Builder<Plain>) -> Self {
        Self::of(set)
    }
}

impl<E> Scene<E>
where
    E: TokenEndpoint<Environment = (), Credentials = Credentials, ErrorResponse = Problem>,
{
    /// A scene with this kind of vendor, and these settings.
    pub(crate) fn of(set: impl FnOnce(Builder<E>) -> Builder<E>) -> Self {
        let guard = Arc::new(());
        let credentials = Credentials::guarded_by(Arc::clone(&guard));
        Self::around(set(Authenticator::builder((), credentials)), guard)
    }

    /// A scene with an authenticator that was begun elsewhere.
    pub(crate) fn around(builder: Builder<E>, guard: Arc<()>) -> Self {
        let vendor = Vendor::default();
        let clock = ManualClock::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let authenticator = builder
            .transport(vendor.transport(Arc::clone(&guard)))
            .clock(clock.clone())
            .build()
            .unwrap();
        Self {
            vendor,
            clock,
            authenticator,
            guard,
        }
    }

    pub(crate) async fn token(&self) -> Outcome {
        text(self.authenticator.token().await)
    }

    pub(crate) async fn renew(&self) -> Outcome {
        text(self.authenticator.renew().await)
    }

    /// The outcome of a call that does not wait, or `None` if it would.
    pub(crate) fn token_at_once(&self) -> Option<Outcome> {
        at_once(self.token())
    }

    /// So many callers, each on a task of its own, that have all asked by the time this returns.
    pub(crate) async fn callers(&self, number: usize) -> JoinSet<Outcome> {
        let mut callers = JoinSet::new();
        for _ in 0..number {
            let authenticator = self.authenticator.clone();
            callers.spawn(async move { text(authenticator.token().await) });
        }
        tokio::task::yield_now().await;
        callers
    }

    /// Lets this much time pass, for the authenticator and for the (paused) runtime.
    pub(crate) async fn pass(&self, span: Duration) {
        self.clock.advance(span);
        sleep(span).await;
    }

    /// A call is made, and its background flight, if it starts one, comes to its end before the clock moves on.
    pub(crate) async fn ask_and_settle(&self) -> Outcome {
        let outcome = self.token().await;
        settle().await;
        outcome
    }
}

/// In paused time, lets every task run as far as it gets by itself.
pub(crate) async fn settle() {
    sleep(Duration::from_millis(10)).await;
}

/// What `future` has to say when it is polled for the first time.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn text<R>(outcome: Result<auth_common::Token, Error<R>>) -> Result<String, Error<R>> {
    outcome.map(|token| token.expose_secret().to_owned())
}
