//! Which refusals of a token by an API are believed. Pure: the moments are parameters.

use std::time::Duration;

/// What an invalidation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invalidation {
    /// The token will not be served again. The next call asks for another.
    Accepted,
    /// The token had been replaced or invalidated before: nothing to do.
    AlreadyReplaced,
    /// The API refuses tokens that are new, so another login would not help: an invalidation had brought a token a short
    /// while ago, and a refusal followed within two minutes. The cached token is still served.
    ///
    /// This goes on for 30 s after that token came. Each time that the next one is refused as soon, it is twice as long,
    /// up to an hour; a token that is not refused in its first two minutes ends it. See
    /// [Life of a token](crate::life_of_a_token#when-an-api-refuses-the-token).
    TooSoon,
}

/// What is known of who refuses a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// Nothing: it may refuse every token.
    None,
    /// It accepted this very token before.
    #[cfg_attr(
        not(any(feature = "reqwest-middleware", feature = "tower")),
        allow(dead_code, reason = "only they see what is accepted")
    )]
    AcceptedBefore,
}

/// Keeps an API that refuses every token from causing a login for each, and from taking the token of all others away.
///
/// Each kind of evidence has a guard of its own: an endpoint that never accepted a token keeps nobody from replacing one
/// that others accepted, and refuse now.
#[derive(Debug, Clone)]
pub(crate) struct InvalidationGuard {
    /// A token was invalidated, and no flight has brought another yet.
    pending: Option<Evidence>,
    /// One for each kind of evidence, once a flight has landed because of an invalidation: few tokens are ever refused.
    guards: Option<Box<[Guard; 2]>>,
}

impl InvalidationGuard {
    pub(crate) fn new() -> Self {
        Self {
            pending: None,
            guards: None,
        }
    }

    /// The invalidation that causes a flight which starts now.
    pub(crate) fn pending(&self) -> Option<Evidence> {
        self.pending
    }

    /// A flight brought a token.
    pub(crate) fn landed(&mut self, caused_by: Option<Evidence>, now: Duration) {
        self.pending = None;
        let Some(evidence) = caused_by else {
            return;
        };
        let guards = self.guards.get_or_insert_default();
        if let Some(guard) = guards.get_mut(evidence as usize) {
            guard.landed = Some(now);
            guard.refused_new = false;
        }
    }

    /// An API refused the cached token. Whether that is believed, so that another is asked for.
    pub(crate) fn believes(&mut self, evidence: Evidence, now: Duration) -> bool {
        let guards = self.guards.as_deref_mut();
        let guard = guards.and_then(|guards| guards.get_mut(evidence as usize));
        let believed = guard.is_none_or(|guard| guard.believes(now));
        if believed {
            self.pending = Some(evidence);
        }
        believed
    }

    /// For how long refusals are not believed, now that one was not; `None` when the next one is.
    pub(crate) fn ignores_for(&self, now: Duration) -> Option<Duration> {
        let guards = self.guards.as_deref();
        let pauses = guards.into_iter().flatten();
        pauses.filter_map(|guard| guard.ignores_for(now)).max()
    }
}

#[derive(Debug, Clone, Copy)]
struct Guard {
    /// When the last flight that such an invalidation caused landed, on the monotonic clock.
    landed: Option<Duration>,
    /// An API refused what that flight brought while it was new.
    refused_new: bool,
    /// How long after the landing no refusal is believed.
    pause: Duration,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            landed: None,
            refused_new: false,
            pause: FIRST_PAUSE,
        }
    }
}

impl Guard {
    fn believes(&mut self, now: Duration) -> bool {
        let age = self.landed.map(|landed| now.saturating_sub(landed));
        self.refused_new |= age.is_some_and(|age| age < NEW);
        if !self.refused_new {
            // A token that lived has died: APIs do not refuse whatever comes.
            self.pause = FIRST_PAUSE;
        } else if age.is_some_and(|age| age < self.pause) {
            return false;
        } else {
            self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
        true
    }

    fn ignores_for(&self, now: Duration) -> Option<Duration> {
        let end = self.landed?.saturating_add(self.pause);
        (self.refused_new && now < end).then(|| end.saturating_sub(now))
    }
}

/// A token that is refused at this age is one that an API never accepted, even if it is asked once a minute only.
const NEW: Duration = Duration::from_secs(120);
/// Two logins a minute, until it is known that they do not help.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// One login an hour does not hurt, and somebody may have mended it.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests;
