//! Which credentials the vendor refused: a refusal belongs to them, and says nothing of others.

use std::time::Duration;

/// Tells one set of credentials from another, and nothing else of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) u64);

/// All times are on the monotonic clock.
#[derive(Debug, Clone, Default)]
pub(super) struct Refused {
    /// A source hands out the credentials, and may hand out others at any time.
    from_source: bool,
    asked: Duration,
    /// Those that were refused, and until when none of them is presented again, the newest last.
    credentials: Vec<(Fingerprint, Duration)>,
}

impl Refused {
    pub(super) fn set_source(&mut self, from_source: bool) {
        self.from_source = from_source;
    }

    /// The source is asked now.
    pub(super) fn asked_at(&mut self, now: Duration) {
        self.asked = now;
    }

    /// Whether there is a source, and it was not asked lately.
    pub(super) fn source_may_be_asked(&self, now: Duration) -> bool {
        self.from_source && now >= self.asked.saturating_add(BETWEEN_QUESTIONS)
    }

    pub(super) fn remember(&mut self, credentials: Fingerprint, until: Duration) {
        self.credentials.retain(|(known, _)| *known != credentials);
        if self.credentials.len() == MOST {
            self.credentials.remove(0);
        }
        self.credentials.push((credentials, until));
    }

    /// Whether these were refused, and are to wait.
    pub(super) fn holds(&self, credentials: Fingerprint, now: Duration) -> bool {
        let refused =
            |(known, until): &(Fingerprint, Duration)| *known == credentials && now < *until;
        self.credentials.iter().any(refused)
    }

    /// The vendor accepts something again.
    pub(super) fn clear(&mut self) {
        self.credentials.clear();
    }
}

/// While the vendor refuses the credentials, their source is asked this often at most.
const BETWEEN_QUESTIONS: Duration = Duration::from_secs(5);
/// A source that hands out old and new in turns has two. Of more than these, the oldest may be presented again before
/// its time.
const MOST: usize = 8;

#[cfg(test)]
mod tests;
