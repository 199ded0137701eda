use std::{
    cell::Cell,
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
                monotonic: monotonic(),
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

/// A moment to come, in the form in which it is quickest to tell whether it has.
///
/// That costs one reading of the wall clock; the monotonic one is read once in a while. The wall clock knows of time
/// spent suspended. What it can miss is that it was set back, and that shows: it is then behind what it showed when the
/// monotonic one was last read, or goes on until it is a while ahead of that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    wall: SystemTime,
    moment: Moment,
}

impl Mark {
    pub(crate) fn new(moment: Moment) -> Self {
        Self {
            // Past the end of the platform's time, it counts as reached.
            wall: UNIX_EPOCH.checked_add(moment.wall).unwrap_or(UNIX_EPOCH),
            moment,
        }
    }

    /// Whether `clock` has reached this mark on either hand. On the monotonic one that may be noticed [`A_WHILE`] late,
    /// which is less than the shortest advisory window: a token that passes for fresh by mistake is still valid.
    #[inline]
    pub(crate) fn is_reached(&self, clock: &Clock) -> bool {
        match clock {
            Clock::System => {
                let wall = SystemTime::now();
                wall >= self.wall
                    || LAST_READING.with(|last| monotonic_at(wall, last, monotonic))
                        >= self.moment.monotonic
            }
            #[cfg(feature = "testing")]
            Clock::Manual(clock) => clock.now().has_reached(self.moment),
        }
    }
}

/// What the monotonic clock showed when it was last read, if `wall` is within [`A_WHILE`] of that, or what it shows now.
#[inline]
fn monotonic_at(wall: SystemTime, last: &Cell<Reading>, read: impl Fn() -> Duration) -> Duration {
    let known = last.get();
    if known.from <= wall && wall < known.to {
        return known.monotonic;
    }
    read_anew(wall, last, read())
}

#[cold]
fn read_anew(wall: SystemTime, last: &Cell<Reading>, monotonic: Duration) -> Duration {
    last.set(Reading {
        from: wall,
        to: wall.checked_add(A_WHILE).unwrap_or(wall),
        monotonic,
    });
    monotonic
}

/// What the monotonic clock showed, and from when to when by the wall clock that will do.
#[derive(Debug, Clone, Copy)]
struct Reading {
    from: SystemTime,
    to: SystemTime,
    monotonic: Duration,
}

impl Reading {
    const NONE: Self = Self {
        from: UNIX_EPOCH,
        to: UNIX_EPOCH,
        monotonic: Duration::ZERO,
    };
}

thread_local! {
    /// One a thread: what all threads wrote would be slow to read.
    static LAST_READING: Cell<Reading> = const { Cell::new(Reading::NONE) };
}

fn monotonic() -> Duration {
    Instant::now().saturating_duration_since(*ORIGIN)
}

fn wall() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
}

/// The shortest advisory window is 16 ms: that of a token which lives for a second, renewed at a fiftieth of its life, a
/// fifth later by chance.
const A_WHILE: Duration = Duration::from_millis(10);

/// The first reading of the process: an arbitrary origin for the monotonic clock.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

#[cfg(test)]
mod tests;
