use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::lifetime::Moment;

/// Where time and chance come from: the machine, or in tests a clock moved by hand.
#[derive(Debug, Clone, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    #[cfg(feature = "testing")]
    Manual(crate::testing::ManualClock),
}

impl Clock {
    pub(crate) fn now(&self) -> Moment {
        match self {
            Self::System => Moment {
                monotonic: Instant::now().saturating_duration_since(*ORIGIN),
                wall: wall(),
            },
            #[cfg(feature = "testing")]
            Self::Manual(clock) => clock.now(),
        }
    }

    /// A random number from 0 to 1000, for jitter; with a clock moved by hand always the middle.
    pub(crate) fn draw(&self) -> u32 {
        match self {
            // The standard library keys every hasher anew: enough for jitter, and no dependency.
            Self::System => (RandomState::new().hash_one(()) % 1001) as u32,
            #[cfg(feature = "testing")]
            Self::Manual(_) => 500,
        }
    }
}

/// Tells whether a mark in a token's life was reached, at the price of one clock: the wall clock is read each time, the
/// monotonic one once in a while.
///
/// The wall clock knows of time spent suspended. What it can miss is that it was set back, and that shows: it is then
/// behind its own last reading, or has come a while further.
#[derive(Debug, Default)]
pub(crate) struct Sentinel {
    /// What the wall clock showed, in milliseconds, when the monotonic one was last read.
    read_at: AtomicU64,
}

impl Sentinel {
    /// Whether `clock` has reached `mark` on either hand. On the monotonic one that may be noticed [`A_WHILE`] late,
    /// which is less than the shortest advisory window: a token that passes for fresh by mistake is still valid.
    pub(crate) fn has_reached(&self, clock: &Clock, mark: Moment) -> bool {
        #[cfg(feature = "testing")]
        if let Clock::Manual(clock) = clock {
            return clock.now().has_reached(mark);
        }
        let wall = wall();
        if wall >= mark.wall {
            return true;
        }
        let shown = wall.as_millis() as u64;
        let read_at = self.read_at.load(Ordering::Relaxed);
        if shown
            .checked_sub(read_at)
            .is_some_and(|since| since < A_WHILE)
        {
            return false;
        }
        let reached = clock.now().monotonic >= mark.monotonic;
        if !reached {
            self.read_at.store(shown, Ordering::Relaxed);
        }
        reached
    }
}

fn wall() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
}

/// In milliseconds. The shortest advisory window is 16 ms: that of a token which lives for a second, renewed at a
/// fiftieth of its life, a fifth later by chance.
const A_WHILE: u64 = 10;

/// The first reading of the process: an arbitrary origin for the monotonic clock.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
