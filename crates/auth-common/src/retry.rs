//! What to do within one flight when a request for a token fails: pure, and without a clock or a random number of its
//! own.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::lifetime::per_mille;

/// What the vendor is given in exchange for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// The credentials.
    Login,
    /// A refresh token.
    Refresh,
}

/// How a request failed, as far as another attempt is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setback {
    /// Name look-up, TCP, or the TLS handshake: the vendor has not seen the request.
    NotSent,
    /// The server cannot prove who it is.
    Certificate,
    /// Sent, but no whole answer came: the vendor may have acted on it.
    Ambiguous,
    /// 408, 502, 503, 504.
    Busy,
    /// 500 and the other 5xx.
    ServerError,
    /// 429, or 503 with `Retry-After`, or what the vendor documents as such.
    RateLimited { retry_after: Option<Duration> },
    /// Another 4xx, which blames the credentials.
    CredentialsRefused,
    /// Another 4xx.
    Refused,
    /// A success without a token in it, or a redirect.
    Malformed,
}

/// What to do next in the flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Try { exchange: Exchange, after: Duration },
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
    exchange: Exchange,
}

impl Attempts {
    pub(crate) fn new(most: u32, first: Exchange) -> Self {
        Self {
            most,
            made: 0,
            repeats: 0,
            exchange: first,
        }
    }

    /// How many attempts have failed so far.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// Decides what follows on a failed attempt. `left` is what remains of the flight's time; `draw` is a random number
    /// from 0 to 1000.
    pub(crate) fn after(&mut self, setback: Setback, left: Duration, draw: u32) -> Next {
        self.made += 1;
        if left.is_zero() {
            return Next::GiveUp;
        }
        if self.exchange == Exchange::Refresh && gives_up_refresh(setback) {
            // Always, even when no attempt is left: the credentials have not been tried yet.
            self.exchange = Exchange::Login;
            self.repeats = 0;
            return Next::Try {
                exchange: Exchange::Login,
                after: Duration::ZERO,
            };
        }
        if self.made >= self.most {
            return Next::GiveUp;
        }
        let after = match setback {
            Setback::RateLimited {
                retry_after: Some(wait),
            } if wait <= LONGEST_WAIT => wait,
            _ => per_mille(backoff_ceiling(self.repeats), draw.min(1000)),
        };
        if self.repeats >= repeats_allowed(setback) || after >= left {
            return Next::GiveUp;
        }
        self.repeats += 1;
        Next::Try {
            exchange: self.exchange,
            after,
        }
    }
}

/// Whether a refresh that failed so is not to be repeated, but replaced by one login. A refresh token whose answer was
/// lost may have been used up: presenting it again looks like theft to the vendor.
pub(crate) fn gives_up_refresh(setback: Setback) -> bool {
    match setback {
        Setback::Ambiguous
        | Setback::Busy
        | Setback::ServerError
        | Setback::CredentialsRefused
        | Setback::Refused => true,
        Setback::NotSent
        | Setback::Certificate
        | Setback::RateLimited { .. }
        | Setback::Malformed => false,
    }
}

fn repeats_allowed(setback: Setback) -> u32 {
    match setback {
        Setback::NotSent | Setback::Busy => 2,
        Setback::RateLimited {
            retry_after: Some(wait),
        } if wait <= LONGEST_WAIT => 2,
        Setback::Ambiguous | Setback::ServerError => 1,
        Setback::Certificate
        | Setback::RateLimited { .. }
        | Setback::CredentialsRefused
        | Setback::Refused
        | Setback::Malformed => 0,
    }
}

/// Full jitter is drawn below this: 0.5 s, doubling, to 5 s.
fn backoff_ceiling(repeats: u32) -> Duration {
    FIRST_BACKOFF
        .saturating_mul(2_u32.saturating_pow(repeats))
        .min(LONGEST_BACKOFF)
}

/// `Retry-After` ([RFC 9110 §10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)): seconds, or a date, which
/// is read against the response's own `Date`, since our clock may differ from the server's. `None` when it is neither.
pub(crate) fn retry_after(value: &str, date: Option<DateTime<Utc>>) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        http_date(value)?
            .signed_duration_since(date?)
            .to_std()
            .unwrap_or(Duration::ZERO)
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}

/// An HTTP date ([RFC 9110 §5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)), such as
/// `Sun, 06 Nov 1994 08:49:37 GMT`, or in one of the two obsolete forms that are still to be understood.
pub(crate) fn http_date(value: &str) -> Option<DateTime<Utc>> {
    let obsolete = |form| NaiveDateTime::parse_from_str(value, form).ok();
    DateTime::parse_from_rfc2822(value)
        .map(|date| date.to_utc())
        .ok()
        .or_else(|| {
            obsolete("%A, %d-%b-%y %H:%M:%S GMT")
                .or_else(|| obsolete("%a %b %e %H:%M:%S %Y"))
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
#[path = "retry_tests.rs"]
mod tests;
