//! Where credentials come from: a value in hand, or something that is asked before each login.

use std::{
    any::Any,
    error::Error as StdError,
    fmt,
    future::poll_fn,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use crate::{
    TokenEndpoint, Vars, deadline::within, failure::FailureKind, redaction::one_line,
    thread::on_a_thread, transport::Fault,
};

/// Whatever went wrong where credentials are kept. Its words are shown in errors and logs: they must hold no secret.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Hands out a vendor's credentials: from a file that changes, a secret manager, a database.
///
/// It is asked before each login, never for a cached token, and what it hands out is dropped with the login's answer: a
/// password that was rotated is used with the next login, without a restart. It may take as long as the request for a
/// token may take in all (25 s unless set). While the vendor is left alone because it refused the credentials, the source
/// is asked again, at most every 5 s and only when somebody wants a token: as soon as it hands out others, these are used.
///
/// When it fails, panics or takes too long, callers get
/// [`Error::CredentialsUnavailable`](crate::Error::CredentialsUnavailable) with its own words, unless a token is cached.
///
/// An async closure that takes nothing is a source:
///
/// ```
/// use auth_common::{BoxError, Credential, CredentialsSource};
///
/// fn source() -> impl CredentialsSource<Credential> {
///     || async {
///         let password = tokio::task::spawn_blocking(|| std::fs::read_to_string("/run/secrets/password")).await??;
///         Ok::<_, BoxError>(Credential::new("password", password.trim_end_matches('\n'))?)
///     }
/// }
/// # let _ = source();
/// ```
pub trait CredentialsSource<C>: Send + Sync + 'static {
    /// The credentials as they are now.
    ///
    /// # Errors
    ///
    /// When they cannot be had. The words of the error are shown, and must hold no secret.
    fn credentials(&self) -> impl Future<Output = Result<C, BoxError>> + Send;
}

impl<C, F, Answer> CredentialsSource<C> for F
where
    F: Fn() -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<C, BoxError>> + Send,
{
    fn credentials(&self) -> impl Future<Output = Result<C, BoxError>> + Send {
        self()
    }
}

/// The environment variables, where files hold some of the values: these are read anew each time.
pub(crate) struct Files<E>(Vars, PhantomData<fn() -> E>);

impl<E> Files<E> {
    pub(crate) fn new(vars: &Vars) -> Self {
        Self(vars.clone(), PhantomData)
    }
}

impl<E: TokenEndpoint> CredentialsSource<E::Credentials> for Files<E> {
    async fn credentials(&self) -> Result<E::Credentials, BoxError> {
        let vars = self.0.clone();
        // A file system may hang.
        let read = on_a_thread("credentials", move || E::credentials_from(&vars)).await?;
        Ok(read?)
    }
}

/// What an authenticator has for a login.
pub(crate) enum Origin<C> {
    /// Credentials that stay as they are until others are set.
    InHand(Arc<C>),
    /// Whoever hands them out.
    Source(Arc<dyn Source<C>>),
    /// Nothing: there is a refresh token only.
    Nowhere,
}

impl<C: Send + Sync + 'static> Origin<C> {
    pub(crate) fn in_hand(credentials: C) -> Self {
        Self::InHand(Arc::new(credentials))
    }

    pub(crate) fn source(source: impl CredentialsSource<C>) -> Self {
        Self::Source(Arc::new(source))
    }

    /// The credentials as they are now. Waiting for them needs a runtime; those in hand are there at once.
    pub(crate) async fn credentials(self, allowed: Duration) -> Result<Arc<C>, Fault> {
        match self {
            Self::InHand(credentials) => Ok(credentials),
            Self::Source(source) => ask(&*source, allowed).await,
            Self::Nowhere => Err(Fault::new(
                FailureKind::NoCredentials,
                "the refresh token is not accepted any more, and there is no password to log in with",
            )),
        }
    }
}

impl<C> Clone for Origin<C> {
    fn clone(&self) -> Self {
        match self {
            Self::InHand(credentials) => Self::InHand(Arc::clone(credentials)),
            Self::Source(source) => Self::Source(Arc::clone(source)),
            Self::Nowhere => Self::Nowhere,
        }
    }
}

/// A [`CredentialsSource`] of any type.
pub(crate) trait Source<C>: Send + Sync {
    fn ask(&self) -> Pin<Box<dyn Future<Output = Result<C, BoxError>> + Send + '_>>;
}

impl<C: 'static, S: CredentialsSource<C>> Source<C> for S {
    fn ask(&self) -> Pin<Box<dyn Future<Output = Result<C, BoxError>> + Send + '_>> {
        // Whatever it does before its first wait happens in the first poll too, where a panic is caught.
        Box::pin(async move { self.credentials().await })
    }
}

async fn ask<C>(source: &dyn Source<C>, allowed: Duration) -> Result<Arc<C>, Fault> {
    let asked = within(allowed, pin!(contained(source.ask())), || ()).await;
    let reason = match asked {
        Some(Ok(Ok(credentials))) => return Ok(Arc::new(credentials)),
        Some(Ok(Err(error))) => format!("their source failed: {}", words(&*error)),
        Some(Err(panic)) => {
            // What a panic holds may panic as it is dropped.
            std::mem::forget(panic);
            "their source panicked".to_owned()
        }
        None => {
            let seconds = allowed.as_millis() as f64 / 1000.0;
            format!("their source handed none out within {seconds} s")
        }
    };
    Err(Fault::new(FailureKind::SourceFailed, reason))
}

/// What `future` comes to, or its panic: the source is the user's, and everybody who waits is to hear of it.
async fn contained<T>(
    mut future: Pin<Box<dyn Future<Output = T> + Send + '_>>,
) -> Result<T, Box<dyn Any + Send>> {
    poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)))
            .map_or_else(|panic| Poll::Ready(Err(panic)), |polled| polled.map(Ok))
    })
    .await
}

/// The words of an error and of what caused it, on one line.
fn words(error: &(dyn StdError + 'static)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    for _ in 0..MOST_CAUSES {
        let Some(error) = cause else { break };
        let text = error.to_string();
        // Some repeat in their own words what caused them.
        if !words.contains(&text) {
            words = words + ": " + &text;
        }
        cause = error.source();
    }
    one_line(&words)
}

/// More say nothing new, and a chain may have no end.
const MOST_CAUSES: usize = 8;

impl<C> fmt::Debug for Origin<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InHand(_) => "InHand",
            Self::Source(_) => "Source",
            Self::Nowhere => "Nowhere",
        })
    }
}
