//! What to do within one flight when a request for a token fails: pure, and without a clock or a random number of its
//! own.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::{
    failure::{AfterRefresh, FailureKind},
    lifetime::per_mille,
};

/// What the vendor is given in exchange for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exchange {
    /// The credentials.
    Login,
    /// A refresh token.
    Refresh,
}

/// What to do next in the flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The same once more, after this wait.
    Repeat {
        after: Duration,
    },
    /// A login in place of the refresh token, at once.
    LoginInstead,
    GiveUp,
}

/// The attempts of one flight.
#[derive(Debug, Clone)]
pub(crate) struct Attempts {
    /// How many the flight may make, a login in place of a refused refresh token excepted.
    most: u32,
    made: u32,
    /// How many of them repeated the one before.
    repeats: u32,
}

impl Attempts {
    pub(crate) fn new(most: u32) -> Self {
        Self {
            most,
            made: 0,
            repeats: 0,
        }
    }

    /// How many attempts have failed so far.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// Decides what follows when an attempt to make this exchange failed. `asked` is how long the vendor wants to be
    /// left alone, `left` what remains of the flight's time, and `draw` a random number from 0 to 1000.
    pub(crate) fn after(
        &mut self,
        exchange: Exchange,
        failure: FailureKind,
        asked: Option<Duration>,
        left: Duration,
        draw: u32,
    ) -> Next {
        self.made += 1;
        if left.is_zero() {
            return Next::GiveUp;
        }
        let row = failure.row();
        let repeats = match (exchange, row.refresh) {
            (Exchange::Login, _) => row.login_repeats,
            (Exchange::Refresh, AfterRefresh::Kept { repeats }) => repeats,
            // Whoever wants to be left alone, wants no login either.
            (Exchange::Refresh, AfterRefresh::Login) if asked.is_some_and(|it| !it.is_zero()) => {
                return Next::GiveUp;
            }
            (Exchange::Refresh, AfterRefresh::Login) => {
                // Always, even when no attempt is left: the credentials have not been tried yet.
                self.repeats = 0;
                return Next::LoginInstead;
            }
            (Exchange::Refresh, AfterRefresh::Lost) => return Next::GiveUp,
        };
        let asked = match asked {
            Some(asked) if asked > LONGEST_WAIT => return Next::GiveUp,
            None if row.repeats_only_as_asked => return Next::GiveUp,
            asked => asked.unwrap_or_default(),
        };
        let after = per_mille(backoff_ceiling(self.repeats), draw.min(1000)).max(asked);
        if self.made >= self.most || self.repeats >= repeats || after >= left {
            return Next::GiveUp;
        }
        self.repeats += 1;
        Next::Repeat { after }
    }
}

/// Full jitter is drawn below this: 0.5 s, doubling, to 5 s.
fn backoff_ceiling(repeats: u32) -> Duration {
    FIRST_BACKOFF
        .saturating_mul(2_u32.saturating_pow(repeats))
        .min(LONGEST_BACKOFF)
}

/// `Retry-After` ([RFC 9110 §10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)): seconds, also with a
/// fraction, or a date, which is read against `now`: by the server's clock where the answer tells it, or else by ours.
/// `None` when it is neither.
pub(crate) fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    let longest = LONGEST_RETRY_AFTER.as_secs_f64();
    if value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.')) {
        let seconds: f64 = value.parse().ok()?;
        return Some(Duration::from_secs_f64(seconds.min(longest)));
    }
    let wait = http_date(value)?.signed_duration_since(now);
    Some(wait.to_std().unwrap_or_default().min(LONGEST_RETRY_AFTER))
}

/// An HTTP date ([RFC 9110 §5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)), such as
/// `Sun, 06 Nov 1994 08:49:37 GMT`, or in one of the two obsolete forms that are still to be understood.
pub(crate) fn http_date(value: &str) -> Option<DateTime<Utc>> {
    // The weekday tells nothing that the date does not, and may be wrong where somebody wrote the header by hand.
    let date = value
        .trim_start_matches(|letter: char| letter.is_ascii_alphabetic())
        .trim_start_matches([',', ' ']);
    let obsolete = |form| NaiveDateTime::parse_from_str(date, form).ok();
    DateTime::parse_from_rfc2822(date)
        .map(|date| date.to_utc())
        .ok()
        .or_else(|| {
            obsolete("%d-%b-%y %H:%M:%S GMT")
                .or_else(|| obsolete("%b %e %H:%M:%S %Y"))
                .map(|date| date.and_utc())
        })
}

/// A wait that a caller can be kept for; beyond it, an error that says when serves better.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Quick enough that the first repeat is hardly felt.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
/// A flight lasts 25 s: longer waits would leave no time for the attempt itself.
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);
/// A mistaken header must not stop a service for a day.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests;
