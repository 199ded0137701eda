use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::ManualClock;
use crate::{
    Incarnation, Loaded, Reading, RecordKey, Seen, Session, StoreError, StoreFuture, StoreKey,
    Swapped, TokenStore,
};

/// A store in the memory of this process, for tests: clones are the same store, as the processes of a fleet see it. It
/// can be made to fail, and counts what it is asked.
///
/// ```
/// # #[cfg(any(feature = "rustls", feature = "rustls-ring"))] {
/// use auth_common::{StoreKey, testing::MemoryStore};
///
/// let store = MemoryStore::new(StoreKey::generate()?);
/// assert_eq!((store.loads(), store.swaps()), (0, 0));
/// # }
/// # Ok::<(), auth_common::ConfigurationError>(())
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    key: StoreKey,
    clock: Option<ManualClock>,
    contents: Arc<Mutex<Contents>>,
}

#[derive(Default)]
struct Contents {
    values: HashMap<String, Value>,
    writes: u64,
    incarnation: u64,
    loads: u64,
    swaps: u64,
    trouble: Option<StoreTrouble>,
}

struct Value {
    bytes: Vec<u8>,
    /// The number of the write.
    version: u64,
}

/// What is wrong with a [`MemoryStore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreTrouble {
    /// Each call fails, and changes nothing.
    Down,
    /// Each call waits, until it is dropped.
    Hangs,
    /// Each swap fails, and changes nothing: a replica that only reads.
    ReadOnly,
    /// Each swap is done, and fails all the same: the answer is lost.
    LosesAnswers,
}

impl MemoryStore {
    /// An empty store, whose records are sealed by `key`. Its time is the machine's.
    pub fn new(key: StoreKey) -> Self {
        crate::store::warm_up();
        Self {
            key,
            clock: None,
            contents: Arc::default(),
        }
    }

    /// The same store, by the time on the wall of `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: &ManualClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    /// From now on this is wrong with it, or with `None` nothing.
    pub fn trouble(&self, trouble: impl Into<Option<StoreTrouble>>) {
        self.contents().trouble = trouble.into();
    }

    /// Forgets everything.
    pub fn flush(&self) {
        self.contents().values.clear();
    }

    /// Becomes another incarnation, with the same values: what a restart does, or a failover.
    pub fn restart(&self) {
        self.contents().incarnation += 1;
    }

    /// The values as they are, by name: what whoever reads the store sees.
    pub fn values(&self) -> Vec<(String, Vec<u8>)> {
        let contents = self.contents();
        let values = contents.values.iter();
        values
            .map(|(name, value)| (name.clone(), value.bytes.clone()))
            .collect()
    }

    /// Puts back what [`values`](Self::values) returned, as an old backup, or a replica that lagged behind.
    pub fn restore(&self, values: Vec<(String, Vec<u8>)>) {
        let mut contents = self.contents();
        contents.values.clear();
        for (name, bytes) in values {
            contents.put(name, bytes);
        }
    }

    /// How often it was read.
    pub fn loads(&self) -> u64 {
        self.contents().loads
    }

    /// How often it was asked to write.
    pub fn swaps(&self) -> u64 {
        self.contents().swaps
    }

    fn reading(&self, contents: &Contents) -> Reading {
        let now = match &self.clock {
            Some(clock) => clock
                .wall()
                .signed_duration_since(chrono::DateTime::UNIX_EPOCH)
                .to_std()
                .ok(),
            None => SystemTime::now().duration_since(UNIX_EPOCH).ok(),
        };
        let incarnation = Incarnation::new(contents.incarnation.to_string());
        Reading::new(Some(now.unwrap_or_default()), Some(incarnation))
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn put(&mut self, name: String, bytes: Vec<u8>) -> Seen {
        self.writes += 1;
        let version = self.writes;
        self.values.insert(name, Value { bytes, version });
        seen(Some(version))
    }
}

fn seen(version: Option<u64>) -> Seen {
    version.map_or_else(Seen::nothing, |version| {
        Seen::something(version.to_be_bytes())
    })
}

impl TokenStore for MemoryStore {
    fn key(&self) -> Option<&StoreKey> {
        Some(&self.key)
    }

    fn load<'a>(
        &'a self,
        _session: &'a mut Session,
        key: &'a RecordKey,
    ) -> StoreFuture<'a, Loaded> {
        Box::pin(async {
            let trouble = {
                let mut contents = self.contents();
                contents.loads += 1;
                contents.trouble
            };
            match trouble {
                Some(StoreTrouble::Down) => return Err(StoreError::new("it is down")),
                Some(StoreTrouble::Hangs) => std::future::pending().await,
                _ => {}
            }
            let contents = self.contents();
            let value = contents.values.get(key.name());
            Ok(Loaded::new(
                value.map(|value| value.bytes.clone()),
                seen(value.map(|value| value.version)),
                self.reading(&contents),
            ))
        })
    }

    fn swap<'a>(
        &'a self,
        _session: &'a mut Session,
        key: &'a RecordKey,
        expected: &'a Seen,
        value: &'a [u8],
        _keep: Duration,
    ) -> StoreFuture<'a, Swapped> {
        Box::pin(async {
            let trouble = {
                let mut contents = self.contents();
                contents.swaps += 1;
                contents.trouble
            };
            match trouble {
                Some(StoreTrouble::Down) => return Err(StoreError::new("it is down")),
                Some(StoreTrouble::ReadOnly) => return Err(StoreError::new("it is read-only")),
                Some(StoreTrouble::Hangs) => std::future::pending().await,
                _ => {}
            }
            let mut contents = self.contents();
            let reading = self.reading(&contents);
            let there = contents.values.get(key.name()).map(|value| value.version);
            let swapped = if seen(there) == *expected {
                let seen = contents.put(key.name().to_owned(), value.to_vec());
                Swapped::stored(seen, reading)
            } else {
                Swapped::conflict(reading)
            };
            match trouble {
                Some(StoreTrouble::LosesAnswers) => Err(StoreError::new("the answer was lost")),
                _ => Ok(swapped),
            }
        })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}

#[cfg(test)]
mod tests;
