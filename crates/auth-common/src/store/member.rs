//! One process of a fleet: what it knows beside the protocol, and its way to the register.

use std::{pin::pin, sync::Arc, time::Duration};

use super::{
    Loaded, RecordKey, Seen, Session, StoreError, TokenStore, crypto,
    fleet::{Event, Health},
    key::{RecordKeys, record_keys_of_credentials_alone},
    record::{Record, Said, Secret},
    seal,
};
use crate::{
    BaseUrl, TokenEndpoint, deadline::within, lifecycle::Fingerprint, lifetime::Moment, observe,
    sync::ForkedLock, thread::on_a_thread,
};

/// What all clones of an authenticator share of a store.
pub(crate) struct Member {
    store: Arc<dyn TokenStore>,
    state: ForkedLock<State>,
}

#[derive(Default)]
struct State {
    health: Health,
    /// The keys of the credentials that were used last. Without a key of the store's, they take a quarter of a second.
    keys: Option<(Fingerprint, Arc<RecordKeys>)>,
    adopted: u64,
}

impl Member {
    pub(crate) fn new(store: Arc<dyn TokenStore>) -> Self {
        Self {
            store,
            state: ForkedLock::new(State::default()),
        }
    }

    /// Whether the store is to be asked: one that is out of order is left alone for a while.
    pub(crate) fn may_ask(&self, now: Moment) -> bool {
        self.left_alone_for(now).is_none()
    }

    pub(crate) fn left_alone_for(&self, now: Moment) -> Option<Duration> {
        self.with(|state| state.health.left_alone_for(now.monotonic))
    }

    pub(crate) fn adopted(&self) -> u64 {
        self.with(|state| state.adopted)
    }

    pub(crate) fn count_adopted(&self) {
        self.with(|state| state.adopted += 1);
    }

    /// The keys of the record for these credentials; `None` where the features bring no cryptography along.
    pub(crate) async fn keys<E: TokenEndpoint>(
        &self,
        base: &BaseUrl,
        fingerprint: Fingerprint,
        credentials: Arc<E::Credentials>,
    ) -> Option<Arc<RecordKeys>> {
        let known = self.with(|state| state.keys.clone());
        if let Some((of, keys)) = known
            && of == fingerprint
        {
            return Some(keys);
        }
        let keys = match self.store.key() {
            Some(key) => key.record_keys(E::VENDOR, base, &E::secrets(&credentials)),
            None => {
                let base = base.clone();
                let derived = on_a_thread("store key", move || {
                    record_keys_of_credentials_alone(E::VENDOR, &base, &E::secrets(&credentials))
                });
                derived.await.ok()?
            }
        };
        let keys = Arc::new(keys.ok()?);
        self.with(|state| state.keys = Some((fingerprint, Arc::clone(&keys))));
        Some(keys)
    }

    /// A flight's dealings with the store have ended.
    pub(crate) fn remember(&self, failed: Option<&StoreError>, now: Moment) {
        match failed {
            None => self.with(|state| state.health.worked()),
            Some(error) => {
                let pause = self.with(|state| state.health.failed(now.monotonic));
                observe::store_failed(error, pause);
            }
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock(State::default))
    }
}

/// One record in the store, as one flight sees it.
pub(crate) struct Register<'a> {
    store: &'a dyn TokenStore,
    keys: &'a RecordKeys,
    session: Session,
    seen: Seen,
    /// What went wrong last, unless a write has followed: a store that can only be read is out of order.
    pub(crate) failed: Option<StoreError>,
}

impl<'a> Register<'a> {
    pub(crate) fn new(member: &'a Member, keys: &'a RecordKeys) -> Self {
        Self {
            store: &*member.store,
            keys,
            session: Session::new(),
            seen: Seen::nothing(),
            failed: None,
        }
    }

    /// What is in the record. One that cannot be read counts as none.
    pub(crate) async fn load(&mut self, allowed: Duration) -> Event<Secret, Said> {
        let Some(key) = self.keys.current() else {
            return Event::StoreFailed;
        };
        let loaded = Self::in_time(allowed, self.store.load(&mut self.session, key)).await;
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(error) => return self.fail(error),
        };
        let record = match read(key, &loaded) {
            Some(record) => record,
            None => self.former(allowed).await,
        };
        self.seen = loaded.seen;
        Event::Loaded {
            record,
            reading: loaded.reading,
        }
    }

    /// While the key is being changed, the token may be where the one before had put it. Not so the refresh token: to take it
    /// out there, and to put another down here, are two steps.
    async fn former(&mut self, allowed: Duration) -> Record {
        for key in self.keys.former() {
            let mut session = Session::new();
            let loaded = Self::in_time(allowed, self.store.load(&mut session, key)).await;
            if let Some(record) = loaded.ok().and_then(|loaded| read(key, &loaded)) {
                return Record {
                    refresh: None,
                    lease: None,
                    ..record
                };
            }
        }
        Record::default()
    }

    /// Whether a seal takes microseconds, and not what the first of a process may.
    pub(crate) fn is_warm() -> bool {
        crypto::is_ready()
    }

    /// Spends that on another thread than the runtime's. Where there is no room for one, the seal takes that long itself.
    pub(crate) async fn warm_up() {
        let _ = on_a_thread("randomness", crypto::random::<1>).await;
    }

    /// What [`swap`](Self::swap) is to write.
    pub(crate) fn seal(&self, record: &Record) -> Option<Vec<u8>> {
        let bytes = record.to_bytes()?;
        let value = seal::seal(self.keys.current()?, &bytes).ok()?;
        (value.len() <= seal::LONGEST).then_some(value)
    }

    /// Writes what was `sealed`, if what is there is still what was seen.
    pub(crate) async fn swap(
        &mut self,
        sealed: Option<Vec<u8>>,
        keep: Duration,
        allowed: Duration,
    ) -> Event<Secret, Said> {
        let Some((key, value)) = self.keys.current().zip(sealed) else {
            return self.fail(StoreError::new("the record cannot be sealed"));
        };
        let seen = self.seen.clone();
        let swap = self.store.swap(&mut self.session, key, &seen, &value, keep);
        match Self::in_time(allowed, swap).await {
            Ok(swapped) => {
                self.failed = None;
                match swapped.seen {
                    Some(seen) => {
                        self.seen = seen;
                        Event::Stored {
                            reading: swapped.reading,
                        }
                    }
                    None => Event::Conflict,
                }
            }
            Err(error) => self.fail(error),
        }
    }

    async fn in_time<T>(
        allowed: Duration,
        call: super::StoreFuture<'_, T>,
    ) -> Result<T, StoreError> {
        within(allowed, pin!(call), || ())
            .await
            .unwrap_or_else(|| Err(StoreError::new("no answer in time")))
    }

    fn fail(&mut self, error: StoreError) -> Event<Secret, Said> {
        // A connection in doubt is not used again.
        self.session = Session::new();
        self.failed = Some(error);
        Event::StoreFailed
    }
}

fn read(key: &RecordKey, loaded: &Loaded) -> Option<Record> {
    let value = loaded.value.as_deref()?;
    let record = seal::open(key, value).and_then(|bytes| Record::from_bytes(&bytes));
    if record.is_none() {
        observe::store_unreadable(key.name());
    }
    record
}
