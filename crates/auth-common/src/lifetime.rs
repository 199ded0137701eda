//! How long a token lives, and when it is time for the next: pure arithmetic on two clocks.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::jwt;

/// A reading of both clocks. Neither alone tells when a token expires: the monotonic clock does not know that a virtual
/// machine was paused, and the wall clock can be set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Moment {
    /// Time since an arbitrary origin, by a clock that nobody can set. It goes on while the machine sleeps, where the
    /// platform has such a clock.
    pub(crate) monotonic: Duration,
    /// Time since 1970-01-01 UTC, as far as the machine knows.
    pub(crate) wall: Duration,
}

impl Moment {
    pub(crate) fn plus(self, span: Duration) -> Self {
        Self {
            monotonic: self.monotonic.saturating_add(span),
            wall: self.wall.saturating_add(span),
        }
    }

    /// The moment at which `span` after `start` is over. How much of it is left now, the monotonic clock alone tells: a
    /// wall clock that was set since `start` changes nothing. A pause of a virtual machine looks just the same, and is
    /// overlooked where it falls between the two.
    pub(crate) fn end_of(self, span: Duration, start: Self) -> Self {
        let end = start.monotonic.saturating_add(span);
        let left = end.saturating_sub(self.monotonic);
        Self {
            monotonic: end,
            wall: self.wall.saturating_add(left),
        }
    }

    /// Whether this moment is at or past `mark` on either clock.
    pub(crate) fn has_reached(self, mark: Self) -> bool {
        self.monotonic >= mark.monotonic || self.wall >= mark.wall
    }

    /// The time left until `mark`, by the clock that will get there first.
    pub(crate) fn until(self, mark: Self) -> Duration {
        mark.monotonic
            .saturating_sub(self.monotonic)
            .min(mark.wall.saturating_sub(self.wall))
    }

    pub(crate) fn utc(self) -> DateTime<Utc> {
        TimeDelta::from_std(self.wall)
            .ok()
            .and_then(|since| DateTime::UNIX_EPOCH.checked_add_signed(since))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// How far ahead of its expiry a token is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Margins {
    /// The advisory window as thousandths of the lifetime. Half of it is the mandatory window.
    pub(crate) advisory_per_mille: u32,
}

impl Margins {
    /// A tenth: late enough to use what was issued, early enough for many more attempts before it matters.
    pub(crate) const DEFAULT: Self = Self {
        advisory_per_mille: 100,
    };
}

/// When a token is to be renewed, must be renewed, and may no longer be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) advisory: Moment,
    pub(crate) mandatory: Moment,
    pub(crate) expiry: Moment,
}

/// Where in its life a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Fresh,
    Advisory,
    Mandatory,
    Expired,
}

impl Validity {
    /// The life of a token that was requested at `start` and arrived at `arrival`. It counts from the former, on the
    /// clock that nobody can set. `draw`, a random number from 0 to 1000, moves its advisory window by up to a fifth
    /// either way, so that a fleet which started together does not renew together.
    pub(crate) fn new(
        start: Moment,
        arrival: Moment,
        lifetime: Duration,
        margins: Margins,
        draw: u32,
    ) -> Self {
        let lifetime = lifetime.clamp(SHORTEST, LONGEST);
        let (advisory, mandatory) = windows(lifetime, margins, draw);
        let mark = |ahead| arrival.end_of(lifetime.saturating_sub(ahead), start);
        Self {
            advisory: mark(advisory),
            mandatory: mark(mandatory),
            expiry: mark(Duration::ZERO),
        }
    }

    /// The life of a token that had reached `age` at `from`, when another process told of it.
    #[cfg(feature = "store")]
    pub(crate) fn aged(
        from: Moment,
        lifetime: Duration,
        age: Duration,
        margins: Margins,
        draw: u32,
    ) -> Self {
        let lifetime = lifetime.clamp(SHORTEST, LONGEST);
        let (advisory, mandatory) = windows(lifetime, margins, draw);
        let left = lifetime.saturating_sub(age);
        let mark = |ahead| from.plus(left.saturating_sub(ahead));
        Self {
            advisory: mark(advisory),
            mandatory: mark(mandatory),
            expiry: mark(Duration::ZERO),
        }
    }

    pub(crate) fn phase(&self, now: Moment) -> Phase {
        if !now.has_reached(self.advisory) {
            Phase::Fresh
        } else if !now.has_reached(self.mandatory) {
            Phase::Advisory
        } else if !now.has_reached(self.expiry) {
            Phase::Mandatory
        } else {
            Phase::Expired
        }
    }
}

/// How long ahead of its expiry a token is to be renewed, and must be.
fn windows(lifetime: Duration, margins: Margins, draw: u32) -> (Duration, Duration) {
    let advisory = per_mille(
        per_mille(lifetime, margins.advisory_per_mille).min(LONGEST_ADVISORY),
        jitter(draw),
    );
    let mandatory = per_mille(lifetime, margins.advisory_per_mille / 2)
        .min(LONGEST_MANDATORY)
        .min(advisory);
    (advisory, mandatory)
}

/// The lifetime of a token: what the vendor said, or else `fallback`, and never longer than the token's own claims
/// allow. More than a week is no lifetime but a moment or milliseconds, and is not believed.
///
/// The claims of a [JSON Web Token](jwt) are an unverified hint, so they can only shorten it.
pub(crate) fn lifetime(
    expires_in: Option<Duration>,
    fallback: Duration,
    token: &str,
    date: Option<DateTime<Utc>>,
) -> Duration {
    let said = expires_in
        .filter(|said| *said <= LONGEST)
        .unwrap_or(fallback);
    jwt::lifetime(token, date)
        .map_or(said, |hint| said.min(hint))
        .clamp(SHORTEST, LONGEST)
}

/// 800 to 1200 thousandths, from a random number from 0 to 1000: a fifth either way.
pub(crate) fn jitter(draw: u32) -> u32 {
    800 + draw.min(1000) * 2 / 5
}

/// `duration` × `thousandths` / 1000, without overflow for any lifetime.
pub(crate) fn per_mille(duration: Duration, thousandths: u32) -> Duration {
    duration.saturating_mul(thousandths) / 1000
}

/// Six times the longest that a vendor documents; a mistaken or hostile `expires_in` must not pin a token for years.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// No vendor names less than a second, and the rounding of a JSON Web Token takes at most half of it off.
const SHORTEST: Duration = Duration::from_millis(500);
/// A day-long token needs no more than an hour of attempts ahead of its expiry.
const LONGEST_ADVISORY: Duration = Duration::from_secs(3600);
/// Longer than a flight (25 s) and than the waiters of one (30 s), with room for a second.
const LONGEST_MANDATORY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
