use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};

use crate::{
    Builder, TokenEndpoint,
    clock::{Clock, Manual},
    lifetime::Moment,
};

/// A clock that stands still until it is moved. Clones are the same clock.
///
/// It has two hands, as a machine has. A token expires when either says so.
///
/// - The *monotonic* hand is the clock that nobody can set, and that goes on while the machine sleeps. It only ever
///   moves on.
/// - The hand on the *wall* shows the date and the time. It can be set, and it may stand still.
///
/// ```
/// use std::time::Duration;
///
/// use auth_common::testing::ManualClock;
///
/// let clock = ManualClock::default();
/// let start = clock.wall();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!((clock.wall() - start).num_minutes(), 60);
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Moment>>);

impl ManualClock {
    /// A clock that shows `wall` (UTC; 1970 at the earliest).
    pub fn new(wall: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(Moment {
            monotonic: Duration::ZERO,
            wall: since_epoch(wall),
        })))
    }

    /// Lets time pass, on both hands: the machine is at work, or asleep.
    pub fn advance(&self, by: Duration) {
        let mut now = self.lock();
        *now = now.plus(by);
    }

    /// Lets time pass on the monotonic hand alone: the wall clock stands still.
    pub fn advance_monotonic(&self, by: Duration) {
        let mut now = self.lock();
        now.monotonic = now.monotonic.saturating_add(by);
    }

    /// Sets the wall clock, forwards or back, as an administrator does; forwards, also as a virtual machine that was
    /// paused: the monotonic hand did not move meanwhile.
    pub fn set_wall(&self, wall: DateTime<Utc>) {
        self.lock().wall = since_epoch(wall);
    }

    /// What the wall clock shows.
    pub fn wall(&self) -> DateTime<Utc> {
        self.now().utc()
    }

    pub(crate) fn now(&self) -> Moment {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Moment> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Manual for ManualClock {
    fn now(&self) -> Moment {
        Self::now(self)
    }
}

impl<E: TokenEndpoint> Builder<E> {
    /// Reads the time from a clock moved by hand, and takes chance out of every margin: for tests.
    pub fn clock(self, clock: ManualClock) -> Self {
        self.reading(Clock::Manual(Arc::new(clock)))
    }
}

impl Default for ManualClock {
    /// A clock that shows the time at which it is made.
    fn default() -> Self {
        Self::new(Utc::now())
    }
}

fn since_epoch(wall: DateTime<Utc>) -> Duration {
    wall.signed_duration_since(DateTime::UNIX_EPOCH)
        .to_std()
        .unwrap_or(Duration::ZERO)
}
