//! The same API without async, for scripts and threaded services.
//!
//! Nothing here may be called from within a Tokio runtime, where waiting would stop the runtime: that is an error, which
//! says so. `spawn_blocking` counts as within: Tokio does not tell the two apart. There,
//! `Handle::current().block_on(authenticator.authorization())` waits for the asynchronous side.

use std::{
    fmt, future, io,
    pin::pin,
    process,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    thread,
};

use arc_swap::ArcSwapOption;
use http::HeaderValue;
use secrecy::SecretString;
use tokio::runtime::{Builder as RuntimeBuilder, Handle, Runtime};

use crate::{
    Builder, ConfigurationError, Error, Failure, InvalidBody, Invalidation, JsonObject, Snapshot,
    Token, TokenEndpoint, cache::Want, failure::FailureKind,
};

/// Hands out the `Authorization` header for a vendor's API, without async.
///
/// It shares its token with the [`Authenticator`](crate::Authenticator) that it was made of, and with all clones of
/// both. Requests for a token run on one thread, which the whole process shares and which starts with the first call
/// that needs it; the child of a `fork` starts its own. Where it cannot be started, that call fails with
/// [`Error::Unavailable`] unless the cached token is still valid, and the next one tries again.
///
/// Each method is as that of [`Authenticator`](crate::Authenticator), and fails with [`Error::Configuration`] within a
/// runtime.
pub struct Authenticator<E: TokenEndpoint> {
    authenticator: crate::Authenticator<E>,
}

impl<E: TokenEndpoint> Authenticator<E> {
    /// A builder; [`Builder::build_blocking`] ends it.
    pub fn builder(environment: E::Environment, credentials: E::Credentials) -> Builder<E> {
        crate::Authenticator::builder(environment, credentials)
    }

    /// The authenticator that the environment variables of this process describe.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`] when a variable is missing or its value is refused; it names the variable.
    pub fn from_env() -> Result<Self, Error<E::ErrorResponse>> {
        crate::Authenticator::from_env().map(Self::from)
    }

    /// The value of the `Authorization` header for a call to the vendor's API.
    ///
    /// # Errors
    ///
    /// When there is no valid token and none can be had, and within a runtime.
    pub fn authorization(&self) -> Result<HeaderValue, Error<E::ErrorResponse>> {
        self.take(Token::authorization)
    }

    /// The token itself.
    ///
    /// # Errors
    ///
    /// When there is no valid token and none can be had, and within a runtime.
    pub fn token(&self) -> Result<Token, Error<E::ErrorResponse>> {
        self.take(Token::clone)
    }

    /// Asks for a new token now, whatever is cached, or joins a request that is under way.
    ///
    /// # Errors
    ///
    /// When no new token could be had, and within a runtime.
    pub fn renew(&self) -> Result<Token, Error<E::ErrorResponse>> {
        Self::wait_for(self.authenticator.renew())
    }

    /// Says that the vendor's API refused `token` with a 401. This may be called within a runtime.
    pub fn invalidate(&self, token: &Token) -> Invalidation {
        self.authenticator.invalidate(token)
    }

    /// Logs in with `credentials` from now on. This may be called within a runtime.
    pub fn set_credentials(&self, credentials: E::Credentials) {
        self.authenticator.set_credentials(credentials);
    }

    /// Asks the vendor's token endpoint once, past the cache.
    ///
    /// # Errors
    ///
    /// When the vendor refuses, cannot be reached, or answers otherwise than documented, and within a runtime.
    pub fn request_token(&self) -> Result<E::TokenResponse, Error<E::ErrorResponse>> {
        Self::wait_for(self.authenticator.request_token())
    }

    /// Presents `refresh_token` to the vendor once, past the cache, and returns its answer as `read` decodes it.
    ///
    /// # Errors
    ///
    /// When the vendor has no refresh tokens, refuses, cannot be reached, or answers otherwise than documented, and
    /// within a runtime.
    pub fn refresh_token<T>(
        &self,
        refresh_token: &SecretString,
        read: impl FnOnce(&JsonObject<'_>) -> Result<T, InvalidBody>,
    ) -> Result<T, Error<E::ErrorResponse>> {
        Self::wait_for(self.authenticator.refresh_token(refresh_token, read))
    }

    /// What this authenticator is doing, without secrets. This may be called within a runtime.
    pub fn snapshot(&self) -> Snapshot {
        self.authenticator.snapshot()
    }

    /// Runs `future` to its end on this thread, while flights run on the shared one: a renewal in the background goes on
    /// after the call that started it.
    fn wait_for<T>(
        future: impl Future<Output = Result<T, Error<E::ErrorResponse>>>,
    ) -> Result<T, Error<E::ErrorResponse>> {
        outside_a_runtime()?;
        match RUNTIME.handle(process::id(), drive) {
            Ok(runtime) => runtime.block_on(future),
            // Without a runtime nobody is asked, but a token that is still valid is served.
            Err(error) => at_once(future).and_then(Result::ok).ok_or_else(|| {
                let what = format!("the thread for blocking calls could not be started: {error}");
                Failure::new(E::VENDOR, FailureKind::NotSent, what).into()
            }),
        }
    }

    /// What `take` takes of the token. Within a runtime it fails with a token at hand too: at once, not at some renewal.
    fn take<T>(&self, take: fn(&Token) -> T) -> Result<T, Error<E::ErrorResponse>> {
        outside_a_runtime()?;
        let cache = &self.authenticator.cache;
        if let Some(token) = cache.fresh(&cache.current.load()) {
            return Ok(take(token));
        }
        Self::wait_for(self.authenticator.obtain(Want::Token, take))
    }
}

impl<E: TokenEndpoint> Clone for Authenticator<E> {
    fn clone(&self) -> Self {
        self.authenticator.clone().into()
    }
}

impl<E: TokenEndpoint> From<crate::Authenticator<E>> for Authenticator<E> {
    fn from(authenticator: crate::Authenticator<E>) -> Self {
        Self { authenticator }
    }
}

impl<E: TokenEndpoint> From<Authenticator<E>> for crate::Authenticator<E> {
    fn from(blocking: Authenticator<E>) -> Self {
        blocking.authenticator
    }
}

impl<E: TokenEndpoint> fmt::Debug for Authenticator<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.authenticator.fmt(f)
    }
}

impl<E: TokenEndpoint> Builder<E> {
    /// Builds an authenticator without async.
    ///
    /// # Errors
    ///
    /// As for [`build`](Self::build).
    pub fn build_blocking(self) -> Result<Authenticator<E>, ConfigurationError> {
        self.build().map(Authenticator::from)
    }
}

fn outside_a_runtime() -> Result<(), ConfigurationError> {
    match Handle::try_current() {
        Err(_) => Ok(()),
        Ok(_) => Err(ConfigurationError::new(
            "blocking call",
            "must not be made within a Tokio runtime, which it would stop: use the asynchronous \
             authenticator there",
        )),
    }
}

/// What `future` comes to at once, without a runtime.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

/// The runtime of all flights that no other runtime carries, driven by one thread.
///
/// The child of a fork has the parent's runtime in its memory, but not its thread, nor whoever held a lock at the time.
/// So each process has a runtime and a lock of its own. The parent's is left as it is, and never dropped: that is up to
/// the thread which the child has not, and would pull the parent's connections out from under it.
struct SharedRuntime(ArcSwapOption<OfProcess>);

struct OfProcess {
    process: u32,
    driven: Mutex<Option<Handle>>,
}

impl SharedRuntime {
    /// The runtime of `process`, which `drive` is given to drive when there is none yet. Where that fails, the next call
    /// tries again.
    fn handle(
        &self,
        process: u32,
        drive: impl FnOnce(Runtime) -> io::Result<()>,
    ) -> io::Result<Handle> {
        let of_process = self.of(process);
        let driven = of_process.driven.lock();
        let mut driven = driven.unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = &*driven {
            return Ok(handle.clone());
        }
        // Tokio's own worker threads would panic where there is no room for one.
        let runtime = RuntimeBuilder::new_current_thread()
            .thread_name(THREAD)
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        drive(runtime)?;
        Ok(driven.insert(handle).clone())
    }

    fn of(&self, process: u32) -> Arc<OfProcess> {
        loop {
            match self.0.load_full() {
                Some(known) if known.process == process => return known,
                other => {
                    let new = Arc::new(OfProcess {
                        process,
                        driven: Mutex::new(None),
                    });
                    self.0.compare_and_swap(&other, Some(new));
                }
            }
        }
    }
}

/// Drives `runtime` on a thread of its own, for as long as the process lives.
fn drive(runtime: Runtime) -> io::Result<()> {
    thread::Builder::new()
        .name(THREAD.into())
        .spawn(move || runtime.block_on(future::pending::<()>()))
        .map(drop)
}

static RUNTIME: SharedRuntime = SharedRuntime(ArcSwapOption::const_empty());

/// The name of the thread.
const THREAD: &str = "auth-common";

#[cfg(test)]
mod tests;
