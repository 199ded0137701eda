use std::{
    cell::Cell,
    hash::{BuildHasher, RandomState},
    process,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::lifetime::Moment;

/// Where time and chance come from: the machine, or in tests a clock moved by hand.
#[derive(Debug, Clone, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    #[cfg(feature = "testing")]
    Manual(std::sync::Arc<dyn Manual>),
}

/// A clock moved by hand.
#[cfg(feature = "testing")]
pub(crate) trait Manual: std::fmt::Debug + Send + Sync {
    fn now(&self) -> Moment;
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
        self.draw_at(self.now())
    }

    /// The same for whoever has just looked at the clock.
    pub(crate) fn draw_at(&self, now: Moment) -> u32 {
        match self {
            Self::System => draw(&RandomState::new(), process::id(), now.monotonic),
            #[cfg(feature = "testing")]
            Self::Manual(_) => 500,
        }
    }
}

/// The standard library keys every hasher anew: enough for jitter, and no dependency. But a forked process goes on with
/// its parent's keys, and the copy of a virtual machine with the original's: the number of the process tells the one
/// apart, and the time the other.
fn draw(keys: &impl BuildHasher, process: u32, now: Duration) -> u32 {
    (keys.hash_one((process, now)) % 1001) as u32
}

/// A moment to come, and whether it has.
///
/// Each look reads the clock that nobody can set, so nothing that happens to the clock on the wall keeps a token alive.
/// That one is read once in a while. It tells what the other may miss: that a virtual machine was paused, and went on
/// hours later.
///
/// It is kept in nanoseconds: two numbers are compared on each call, and have to lie in the same line of the processor's
/// cache as the header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    monotonic: u64,
    wall: u64,
}

impl Mark {
    pub(crate) fn new(moment: Moment) -> Self {
        Self {
            monotonic: nanoseconds(moment.monotonic),
            wall: nanoseconds(moment.wall),
        }
    }

    pub(crate) fn moment(self) -> Moment {
        Moment {
            monotonic: Duration::from_nanos(self.monotonic),
            wall: Duration::from_nanos(self.wall),
        }
    }

    /// Whether `clock` has reached this mark on either hand. That a wall clock reaches it by itself may be noticed
    /// [`A_WHILE`] late, which is less than the shortest advisory window: a token that passes for fresh by mistake is
    /// still valid. One that jumps ahead is noticed as late.
    #[inline]
    pub(crate) fn is_reached(&self, clock: &Clock) -> bool {
        match clock {
            Clock::System => {
                LAST_LOOK.with(|last| is_reached(*self, last, A_WHILE, monotonic, wall))
            }
            #[cfg(feature = "testing")]
            Clock::Manual(clock) => {
                let now = Self::new(clock.now());
                now.monotonic >= self.monotonic || now.wall >= self.wall
            }
        }
    }
}

#[inline]
fn is_reached(
    mark: Mark,
    last: &Cell<Look>,
    a_while: Duration,
    monotonic: impl Fn() -> Duration,
    wall: impl Fn() -> Duration,
) -> bool {
    let now = nanoseconds(monotonic());
    now >= mark.monotonic || wall_at(now, last, a_while, wall) >= mark.wall
}

/// What the wall clock showed when it was last read, if `now` is within `a_while` of that, or what it shows now.
#[inline]
fn wall_at(now: u64, last: &Cell<Look>, a_while: Duration, wall: impl Fn() -> Duration) -> u64 {
    let known = last.get();
    if known.from <= now && now < known.to {
        return known.wall;
    }
    look_anew(now, last, nanoseconds(a_while), nanoseconds(wall()))
}

#[cold]
fn look_anew(now: u64, last: &Cell<Look>, a_while: u64, wall: u64) -> u64 {
    last.set(Look {
        from: now,
        to: now.saturating_add(a_while),
        wall,
    });
    wall
}

/// Enough for the next 584 years; what is beyond them is never.
#[inline]
fn nanoseconds(time: Duration) -> u64 {
    let nanoseconds = time.as_secs().checked_mul(1_000_000_000);
    let nanoseconds = nanoseconds.and_then(|it| it.checked_add(time.subsec_nanos().into()));
    nanoseconds.unwrap_or(u64::MAX)
}

/// What the wall clock showed, and from when to when by the monotonic one that will do. In nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Look {
    from: u64,
    to: u64,
    wall: u64,
}

impl Look {
    const NONE: Self = Self {
        from: 0,
        to: 0,
        wall: 0,
    };
}

thread_local! {
    /// One a thread: what all threads wrote would be slow to read.
    static LAST_LOOK: Cell<Look> = const { Cell::new(Look::NONE) };
}

/// Time since the machine was started, the time it slept included. The standard library's `Instant` stands still then.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn monotonic() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    // The clocks of one name differ: Linux's `CLOCK_MONOTONIC` stands still while the machine sleeps, Apple's goes on.
    #[cfg(not(target_vendor = "apple"))]
    const AWAKE_OR_ASLEEP: ClockId = ClockId::Boottime;
    #[cfg(target_vendor = "apple")]
    const AWAKE_OR_ASLEEP: ClockId = ClockId::Monotonic;
    // Less than nothing it cannot be: no machine was started in the future.
    Duration::try_from(clock_gettime(AWAKE_OR_ASLEEP)).unwrap_or_default()
}

/// Time since the first reading of the process. On Windows, the time that the machine slept is included.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn monotonic() -> Duration {
    use std::{sync::LazyLock, time::Instant};
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    Instant::now().saturating_duration_since(*ORIGIN)
}

fn wall() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
}

/// For how long a reading of the wall clock will do. The shortest advisory window is 16 ms: that of a token which lives
/// for a second, renewed at a fiftieth of its life, a fifth later by chance.
///
/// Where the monotonic clock may stand still while the machine sleeps, the wall clock is read on every call: nothing
/// else tells of that time.
const A_WHILE: Duration = if cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    windows
)) {
    Duration::from_millis(10)
} else {
    Duration::ZERO
};

#[cfg(test)]
mod tests;
