//! A store that a fleet of processes shares: one register for each set of credentials, which is read, and written by
//! whoever has read what is there.

mod crypto;
pub(crate) mod fleet;
mod key;
mod member;
pub(crate) mod record;
mod seal;

use std::{fmt, pin::Pin, time::Duration};

pub use key::{RecordKey, StoreKey};
pub(crate) use member::{Member, Register};
pub use record::Incarnation;

/// Spends what the first seal of this process would take. With a clock that stands still but for timers, as Tokio has for
/// tests, a thread is not waited for.
#[cfg(feature = "testing")]
pub(crate) fn warm_up() {
    let _ = crypto::random::<1>();
}

/// Where the processes of a fleet keep one sealed record for each set of credentials: an engine is two functions, and
/// sees sealed bytes only. Whatever can compare and swap one value will do.
///
/// Nothing that an engine does makes a call fail that would succeed without it, and no secret reaches it. An engine must
/// not take longer than it needs to: it is given a second and a half in all, and dropped then. Tests for engines of your
/// own are in `testing::store_contract`.
pub trait TokenStore: Send + Sync + 'static {
    /// What the records are sealed with, where there is such a key. Without one a key is made of the credentials alone.
    /// That will do where whoever can read the store could as well read the credentials, as in a file of the same user;
    /// elsewhere a weak password could be guessed by it.
    fn key(&self) -> Option<&StoreKey>;

    /// Reads the value of `key`.
    ///
    /// # Errors
    ///
    /// When the store does not answer, or answers otherwise than it should. That there is no value is no error.
    fn load<'a>(&'a self, session: &'a mut Session, key: &'a RecordKey) -> StoreFuture<'a, Loaded>;

    /// Writes `value`, if what is there is still what was `seen`, in one step: of any number of processes that have seen
    /// the same, one is successful. The value may be forgotten after `keep`, and not before unless room is short.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load). After an error nobody knows whether the value was written, or will be.
    fn swap<'a>(
        &'a self,
        session: &'a mut Session,
        key: &'a RecordKey,
        seen: &'a Seen,
        value: &'a [u8],
        keep: Duration,
    ) -> StoreFuture<'a, Swapped>;
}

/// One store for many authenticators.
impl<S: TokenStore + ?Sized> TokenStore for std::sync::Arc<S> {
    fn key(&self) -> Option<&StoreKey> {
        (**self).key()
    }

    fn load<'a>(&'a self, session: &'a mut Session, key: &'a RecordKey) -> StoreFuture<'a, Loaded> {
        (**self).load(session, key)
    }

    fn swap<'a>(
        &'a self,
        session: &'a mut Session,
        key: &'a RecordKey,
        seen: &'a Seen,
        value: &'a [u8],
        keep: Duration,
    ) -> StoreFuture<'a, Swapped> {
        (**self).swap(session, key, seen, value, keep)
    }
}

/// What an engine's function returns: `Box::pin(async move { … })`.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A place for what an engine keeps between the calls of one flight, and no longer: a connection, as a rule. It is empty
/// at first, and an engine without such a thing passes it over.
///
/// A connection that outlives a flight may find itself on a runtime which nobody drives any more.
#[derive(Default)]
pub struct Session(Option<Box<dyn std::any::Any + Send>>);

impl Session {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes out what was kept, if it is a `T`.
    pub fn take<T: Send + 'static>(&mut self) -> Option<T> {
        let kept = self.0.take()?;
        kept.downcast().ok().map(|kept| *kept)
    }

    /// Keeps `it` for the next call. What was kept before is dropped.
    pub fn keep<T: Send + 'static>(&mut self, it: T) {
        self.0 = Some(Box::new(it));
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

/// What was in the store, and when.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) seen: Seen,
    pub(crate) reading: Reading,
}

impl Loaded {
    /// The `value`, `None` where there is none; and what a [`swap`](TokenStore::swap) is to compare with.
    pub fn new(value: Option<Vec<u8>>, seen: Seen, reading: Reading) -> Self {
        Self {
            value,
            seen,
            reading,
        }
    }

    /// The value, `None` where there is none.
    pub fn value(&self) -> Option<&[u8]> {
        self.value.as_deref()
    }

    /// What a [`swap`](TokenStore::swap) is to compare with.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The store's clock, and its incarnation.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }
}

/// What came of a swap.
#[derive(Debug, Clone)]
pub struct Swapped {
    /// `None` in a conflict.
    pub(crate) seen: Option<Seen>,
    pub(crate) reading: Reading,
}

impl Swapped {
    /// The value was written, and `seen` is what the next swap is to compare with.
    pub fn stored(seen: Seen, reading: Reading) -> Self {
        Self {
            seen: Some(seen),
            reading,
        }
    }

    /// Something else was there than what was seen, and is there still.
    pub fn conflict(reading: Reading) -> Self {
        Self {
            seen: None,
            reading,
        }
    }

    /// What the next swap is to compare with; `None` in a conflict.
    pub fn seen(&self) -> Option<&Seen> {
        self.seen.as_ref()
    }

    /// The store's clock, and its incarnation.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }
}

/// What an engine compares with: the value itself, a version, an ETag. Nobody else looks into it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Seen(Option<Vec<u8>>);

impl Seen {
    /// There was no value.
    pub fn nothing() -> Self {
        Self(None)
    }

    /// There was one, which these bytes tell from any other.
    pub fn something(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Some(bytes.into()))
    }

    /// The bytes; `None` where there was no value.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }
}

/// The store's clock and its incarnation, read in the same step as the value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reading {
    pub(crate) now: Option<Duration>,
    pub(crate) incarnation: Option<Incarnation>,
}

impl Reading {
    /// `now` is the store's time since 1970-01-01 UTC; `None` for a store without a clock, in whose place those of the
    /// processes have to do. `incarnation` is `None` where it cannot be told: no refresh token is shared then.
    pub fn new(now: Option<Duration>, incarnation: Option<Incarnation>) -> Self {
        Self { now, incarnation }
    }

    /// The store's time since 1970-01-01 UTC.
    pub fn now(&self) -> Option<Duration> {
        self.now
    }

    /// The store's incarnation.
    pub fn incarnation(&self) -> Option<&Incarnation> {
        self.incarnation.as_ref()
    }
}

/// Why a store did not do what it was asked to.
///
/// ```
/// use auth_common::StoreError;
///
/// let error = StoreError::new("no answer in time");
/// assert_eq!(error.to_string(), "the token store failed: no answer in time");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the token store failed: {what}")]
pub struct StoreError {
    what: String,
}

impl StoreError {
    /// `what` happened, in words that hold no secret: an operator reads them. One line of 256 characters is kept of them.
    pub fn new(what: impl AsRef<str>) -> Self {
        Self {
            what: crate::redaction::one_line(what.as_ref()),
        }
    }
}
