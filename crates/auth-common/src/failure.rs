//! Every kind of failure, and all that follows from it, in one [table](TABLE): nothing else decides.
//!
//! The retry, the lifecycle, the public error and the tables of the documentation read a row of it.

use std::time::Duration;

/// How a request for a token failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FailureKind {
    SourceFailed,
    NoCredentials,
    NotSent,
    Certificate,
    Cut,
    Slow,
    Busy,
    ServerError,
    Overloaded,
    RateLimited,
    CredentialsRefused,
    Refused,
    Unclear,
    Intercepted,
    Malformed,
}

/// What follows from a kind of failure.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) kind: FailureKind,
    /// What happened, for the table in the documentation.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the documentation is made of it")
    )]
    pub(crate) what: &'static str,
    /// The public error.
    pub(crate) error: ErrorKind,
    /// Whether the same call may succeed later with nothing changed.
    pub(crate) transient: bool,
    /// How long the vendor is left alone after a first failure, unless it says for how long itself.
    pub(crate) first_pause: Duration,
    /// Whether the setting for its error may shorten the first pause.
    pub(crate) pause_may_shrink: bool,
    /// The pause doubles up to this.
    pub(crate) longest_pause: Duration,
    /// How often a login is repeated within its flight.
    pub(crate) login_repeats: u32,
    pub(crate) refresh: AfterRefresh,
    /// A repetition comes when the vendor asked for it, or not at all.
    pub(crate) repeats_only_as_asked: bool,
    /// Whether `renew` may try during the pause.
    pub(crate) renew_may_try: bool,
    /// Whether the pause is for these credentials alone: others end it.
    pub(crate) belongs_to_credentials: bool,
}

/// What follows within a flight when the exchange of a refresh token failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterRefresh {
    /// The vendor has not used the refresh token up: it is presented again, so many times in this flight, and kept for
    /// the next.
    Kept { repeats: u32 },
    /// It may be used up, and presenting it again looks like theft to the vendor: one login takes its place.
    Login,
    /// It may be used up, and a login would fare no better.
    Lost,
}

/// The kinds of [`Error`](crate::Error), without what they hold: to count them, or to set their pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// [`Error::CredentialsUnavailable`](crate::Error::CredentialsUnavailable)
    CredentialsUnavailable,
    /// [`Error::CredentialsRefused`](crate::Error::CredentialsRefused)
    CredentialsRefused,
    /// [`Error::RateLimited`](crate::Error::RateLimited)
    RateLimited,
    /// [`Error::Refused`](crate::Error::Refused)
    Refused,
    /// [`Error::Unavailable`](crate::Error::Unavailable)
    Unavailable,
    /// [`Error::InvalidResponse`](crate::Error::InvalidResponse)
    InvalidResponse,
    /// [`Error::TimedOut`](crate::Error::TimedOut)
    TimedOut,
    /// [`Error::Configuration`](crate::Error::Configuration)
    Configuration,
}

impl FailureKind {
    pub(crate) const COUNT: usize = TABLE.len();

    pub(crate) fn row(self) -> &'static Row {
        // A test holds the order of the table against that of the kinds.
        TABLE.get(self as usize).unwrap_or(&TABLE[0])
    }
}

impl ErrorKind {
    pub(crate) const COUNT: usize = Self::Configuration as usize + 1;

    /// The kind in one word, for a label of a metric: `credentials_refused`, `timed_out`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CredentialsUnavailable => "credentials_unavailable",
            Self::CredentialsRefused => "credentials_refused",
            Self::RateLimited => "rate_limited",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::InvalidResponse => "invalid_response",
            Self::TimedOut => "timed_out",
            Self::Configuration => "configuration",
        }
    }
}

/// A row for each kind, in their order.
pub(crate) const TABLE: [Row; 15] = [
    Row {
        kind: FailureKind::SourceFailed,
        what: "the source of credentials failed, panicked or took too long: the vendor was not asked",
        error: ErrorKind::CredentialsUnavailable,
        ..NOTHING_TO_SEND
    },
    Row {
        kind: FailureKind::NoCredentials,
        what: "the refresh token is no longer accepted, and there is no password",
        error: ErrorKind::CredentialsUnavailable,
        transient: false,
        ..NOTHING_TO_SEND
    },
    Row {
        kind: FailureKind::NotSent,
        what: "name look-up, TCP or TLS failed: the vendor has not seen the request",
        error: ErrorKind::Unavailable,
        refresh: AfterRefresh::Kept { repeats: 2 },
        login_repeats: 2,
        ..PASSING
    },
    Row {
        kind: FailureKind::Certificate,
        what: "the server's certificate is not accepted",
        error: ErrorKind::Unavailable,
        transient: false,
        first_pause: Duration::from_secs(5),
        longest_pause: Duration::from_secs(60),
        login_repeats: 0,
        refresh: AfterRefresh::Kept { repeats: 0 },
        ..PASSING
    },
    Row {
        kind: FailureKind::Cut,
        what: "sent, but the connection ended before the whole answer had come",
        error: ErrorKind::Unavailable,
        ..PASSING
    },
    Row {
        kind: FailureKind::Slow,
        what: "sent, but no whole answer in time",
        error: ErrorKind::TimedOut,
        ..PASSING
    },
    Row {
        kind: FailureKind::Busy,
        what: "408, 502, 503, 504",
        error: ErrorKind::Unavailable,
        login_repeats: 2,
        ..PASSING
    },
    Row {
        kind: FailureKind::ServerError,
        what: "500 or another 5xx",
        error: ErrorKind::Unavailable,
        ..PASSING
    },
    Row {
        kind: FailureKind::Overloaded,
        what: "503 with `Retry-After`",
        error: ErrorKind::Unavailable,
        ..RATE_LIMIT
    },
    Row {
        kind: FailureKind::RateLimited,
        what: "429, or what the vendor documents as a rate limit",
        error: ErrorKind::RateLimited,
        ..RATE_LIMIT
    },
    Row {
        kind: FailureKind::CredentialsRefused,
        what: "a 4xx in which the vendor blames the credentials",
        error: ErrorKind::CredentialsRefused,
        belongs_to_credentials: true,
        ..REFUSAL
    },
    Row {
        kind: FailureKind::Refused,
        what: "another 4xx of the vendor's own",
        error: ErrorKind::Refused,
        ..REFUSAL
    },
    Row {
        kind: FailureKind::Unclear,
        what: "400 or 401 without the vendor's JSON: something in between answers, or hides a refusal of the vendor's",
        error: ErrorKind::Unavailable,
        // Long enough that no account is locked, should the password be wrong behind it.
        first_pause: Duration::from_secs(30),
        pause_may_shrink: false,
        longest_pause: Duration::from_secs(300),
        login_repeats: 0,
        renew_may_try: false,
        ..PASSING
    },
    Row {
        kind: FailureKind::Intercepted,
        what: "another 4xx without the vendor's JSON: something in between answers",
        error: ErrorKind::Unavailable,
        // Half a second later the same rule answers.
        login_repeats: 0,
        ..PASSING
    },
    Row {
        kind: FailureKind::Malformed,
        what: "a success without a token, or a redirect",
        error: ErrorKind::InvalidResponse,
        transient: false,
        // Something answers in the vendor's place, or the vendor is being changed.
        first_pause: Duration::from_secs(5),
        longest_pause: Duration::from_secs(60),
        login_repeats: 0,
        refresh: AfterRefresh::Lost,
        ..PASSING
    },
];

/// The vendor has nothing to do with it: the pause only keeps a loop of callers from asking the source without end.
const NOTHING_TO_SEND: Row = Row {
    longest_pause: Duration::from_secs(5),
    login_repeats: 0,
    refresh: AfterRefresh::Kept { repeats: 0 },
    belongs_to_credentials: true,
    ..PASSING
};

/// What passes by itself. The flight has already retried: the pause only keeps a loop from spinning.
const PASSING: Row = Row {
    kind: FailureKind::Cut,
    what: "",
    error: ErrorKind::Unavailable,
    transient: true,
    first_pause: Duration::from_secs(1),
    pause_may_shrink: true,
    longest_pause: Duration::from_secs(30),
    login_repeats: 1,
    refresh: AfterRefresh::Login,
    repeats_only_as_asked: false,
    renew_may_try: true,
    belongs_to_credentials: false,
};

/// The vendor wants to be left alone. It counts a minute or an hour, and rarely says which.
const RATE_LIMIT: Row = Row {
    first_pause: Duration::from_secs(300),
    longest_pause: Duration::from_secs(3600),
    login_repeats: 2,
    refresh: AfterRefresh::Kept { repeats: 2 },
    repeats_only_as_asked: true,
    renew_may_try: false,
    ..PASSING
};

/// The vendor said no: once a minute, then less often, is enough to notice that it says yes. Whatever its words, the
/// password may be what it dislikes, and vendors lock accounts after a handful of wrong ones.
const REFUSAL: Row = Row {
    transient: false,
    first_pause: Duration::from_secs(60),
    longest_pause: Duration::from_secs(900),
    login_repeats: 0,
    refresh: AfterRefresh::Login,
    renew_may_try: false,
    ..PASSING
};

#[cfg(test)]
mod tests;
