//! The locks of the shell: the standard library's, or in their place those of the model checker in `model/`, which has
//! to see them.

#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard};
use std::{
    mem, process,
    sync::{
        Arc, OnceLock, PoisonError, TryLockError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard};

/// A lock that no child of a fork waits for in vain.
///
/// The child has its parent's memory, but of its threads only the one that forked. Where another of them held the lock at
/// that moment, nobody is left to give it back, and what it guards may be half written. Then the child makes a value of
/// its own, and leaves that one alone.
pub(crate) struct ForkedLock<T> {
    value: Arc<Mutex<T>>,
    /// The process whose threads hold the lock, as far as is known: it is looked at only where somebody holds it.
    process: AtomicU32,
    /// What a child uses in its place.
    heir: OnceLock<Box<Self>>,
}

impl<T> ForkedLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: Arc::new(Mutex::new(value)),
            process: AtomicU32::new(process::id()),
            heir: OnceLock::new(),
        }
    }

    /// Locks it, or in the child of a fork perhaps what `anew` makes.
    pub(crate) fn lock(&self, anew: impl FnOnce() -> T) -> MutexGuard<'_, T> {
        self.lock_in(process::id, anew)
    }

    fn lock_in(
        &self,
        process: impl FnOnce() -> u32,
        anew: impl FnOnce() -> T,
    ) -> MutexGuard<'_, T> {
        let mut lock = self;
        while let Some(heir) = lock.heir.get() {
            lock = heir;
        }
        if let Some(value) = lock.try_lock() {
            return value;
        }
        let process = process();
        let until = Instant::now() + LONGEST_HELD;
        while lock.process.load(Ordering::Relaxed) != process {
            if let Some(value) = lock.try_lock() {
                lock.process.store(process, Ordering::Relaxed);
                return value;
            }
            if Instant::now() > until {
                lock = lock.heir.get_or_init(|| {
                    // To drop what is half written could do anything.
                    mem::forget(Arc::clone(&lock.value));
                    let heir = Self::new(anew());
                    heir.process.store(process, Ordering::Relaxed);
                    Box::new(heir)
                });
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        // Nothing that can panic runs under it; and if it did, the value would still be one that was.
        lock.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.value.try_lock() {
            Ok(value) => Some(value),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// A thread that lives holds a lock for some microseconds, or for some milliseconds while it decodes root certificates.
/// Whoever holds it for this long went with the parent; if not, one more login is the price, or the decoding.
const LONGEST_HELD: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
