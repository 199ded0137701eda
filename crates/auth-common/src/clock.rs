use std::{
    hash::{BuildHasher, RandomState},
    sync::LazyLock,
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
                wall: SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or(Duration::ZERO),
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

/// The first reading of the process: an arbitrary origin for the monotonic clock.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
