use chrono::{DateTime, Utc};

#[cfg(feature = "store")]
use crate::store::Member;
use crate::{
    lifecycle::Lifecycle,
    lifetime::{Moment, Phase},
};

/// What an authenticator is doing, for a health page or a gauge. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Where the cached token stands.
    pub state: TokenState,
    /// When the cached token expires (UTC); `None` when there is none.
    pub expires_at: Option<DateTime<Utc>>,
    /// When a token last came (UTC).
    pub last_success: Option<DateTime<Utc>>,
    /// Logins that were sent, retries included.
    pub logins: u64,
    /// Refresh tokens that were presented, retries included.
    pub refreshes: u64,
    /// Requests for a token that failed for good, after their retries.
    pub failures: u64,
    /// Whether a request for a token is under way.
    pub in_flight: bool,
    /// The moment (UTC) before which the vendor is not asked, because of a failure; `None` when nothing stands in the
    /// way.
    pub next_attempt: Option<DateTime<Utc>>,
    /// The moment (UTC) before which no API's refusal of the token is believed, because one refused a token that was new
    /// ([`Invalidation::TooSoon`](crate::Invalidation::TooSoon)); `None` when the next one is. If it goes on, look for a
    /// call for which the account has no permission.
    pub refusals_ignored_until: Option<DateTime<Utc>>,
    /// Tokens that another process of the fleet had brought.
    #[cfg(feature = "store")]
    pub adopted: u64,
    /// How the store of the fleet is.
    #[cfg(feature = "store")]
    pub store: StoreState,
}

/// How the store of a fleet is.
#[cfg(feature = "store")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreState {
    /// There is none.
    Off,
    /// It did what it was asked to, or was not asked yet.
    Well,
    /// It did not, and is left alone until then (UTC). Meanwhile everything is as without it.
    LeftAlone(DateTime<Utc>),
}

/// Where a cached token stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenState {
    /// There is none yet, or it was invalidated: the next call waits for one.
    Absent,
    /// It is served at once.
    Fresh,
    /// It is served at once, and renewed in the background.
    Renewing,
    /// It is about to expire: calls wait for its successor, and fall back to it.
    Expiring,
    /// It has expired: the next call waits for its successor.
    Expired,
}

impl Snapshot {
    pub(crate) fn new(lifecycle: &Lifecycle, logins: u64, refreshes: u64, now: Moment) -> Self {
        let tally = lifecycle.tally();
        Self {
            state: match lifecycle.phase(now) {
                None => TokenState::Absent,
                Some(Phase::Fresh) => TokenState::Fresh,
                Some(Phase::Advisory) => TokenState::Renewing,
                Some(Phase::Mandatory) => TokenState::Expiring,
                Some(Phase::Expired) => TokenState::Expired,
            },
            expires_at: lifecycle.expiry().map(Moment::utc),
            last_success: tally.last_success.map(Moment::utc),
            logins,
            refreshes,
            failures: tally.failures,
            in_flight: lifecycle.in_flight(),
            next_attempt: lifecycle.paused_for(now).map(|pause| now.plus(pause).utc()),
            refusals_ignored_until: lifecycle
                .ignores_refusals_for(now)
                .map(|pause| now.plus(pause).utc()),
            #[cfg(feature = "store")]
            adopted: 0,
            #[cfg(feature = "store")]
            store: StoreState::Off,
        }
    }

    #[cfg(feature = "store")]
    pub(crate) fn of_member(self, member: &Member, now: Moment) -> Self {
        Self {
            adopted: member.adopted(),
            store: match member.left_alone_for(now) {
                Some(pause) => StoreState::LeftAlone(now.plus(pause).utc()),
                None => StoreState::Well,
            },
            ..self
        }
    }
}
