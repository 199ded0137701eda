use std::{fmt, sync::Arc, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};
use http::StatusCode;

use crate::{ConfigurationError, InvalidBody};

/// Why there is no token. The variant says what the caller can do about it.
///
/// `R` is the vendor's own error body, as each vendor's crate names its fields. One failure is shared by every caller
/// that waited for it, so a clone is cheap. No text of an error shows a credential, a token, a raw body, or the query of
/// a URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error<R> {
    /// The vendor refused the credentials. Asking again cannot help and may lock the account: correct them.
    #[error("{} refused the credentials{}; check them and that the account is active{}", .0.vendor(), .0.details(), .0.when())]
    CredentialsRefused(Failure<R>),

    /// The vendor says that it was asked too often. Wait until [`retry_at`](Self::retry_at).
    #[error("{} limits the rate of token requests{}; let fewer processes log in{}", .0.vendor(), .0.details(), .0.when())]
    RateLimited(Failure<R>),

    /// The vendor refused the request for another reason: wrong environment, missing permission, unknown path.
    #[error("{} refused the token request{}; check the base URL, the environment and the account's permissions{}", .0.vendor(), .0.details(), .0.when())]
    Refused(Failure<R>),

    /// The vendor could not be reached, or failed. Usually it passes: see [`is_transient`](Self::is_transient).
    #[error("no token from {}{}{}", .0.vendor(), .0.details(), .0.when())]
    Unavailable(Failure<R>),

    /// The vendor answered with success, but not with a token as documented, or with a redirect. Something in
    /// between may be answering in its place: check the base URL and the proxy.
    #[error("the answer of {} is not the documented one{}; check the base URL and the proxy{}", .0.vendor(), .0.details(), .0.when())]
    InvalidResponse(Failure<R>),

    /// No answer within the time allowed. A login that is under way goes on, and its token will be kept.
    #[error("no token from {} in time{}{}", .0.vendor(), .0.details(), .0.when())]
    TimedOut(Failure<R>),

    /// A value was refused before any traffic. It is for the programmer or the operator to correct.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
}

impl<R> Error<R> {
    /// Whether the same call may succeed later with nothing changed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited(_) | Self::TimedOut(_) => true,
            Self::Unavailable(failure) => !matches!(failure.detail.cause, Cause::Certificate(_)),
            Self::InvalidResponse(_)
            | Self::CredentialsRefused(_)
            | Self::Refused(_)
            | Self::Configuration(_) => false,
        }
    }

    /// Whether the vendor refused the credentials themselves.
    pub fn is_credentials_refused(&self) -> bool {
        matches!(self, Self::CredentialsRefused(_))
    }

    /// The moment (UTC) before which asking again only repeats this error, without traffic. `None` when there is none.
    pub fn retry_at(&self) -> Option<DateTime<Utc>> {
        self.failure()?.retry_at
    }

    /// The HTTP status of the vendor's answer; `None` when there was no answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.failure()?.status()
    }

    /// What the vendor said, in its own fields; `None` when there was no answer, or nothing to read in it, or when it was
    /// a success: that may hold a token.
    pub fn response(&self) -> Option<&R> {
        self.failure()?.response()
    }

    /// What is known of the failure; `None` for [`Error::Configuration`].
    pub fn failure(&self) -> Option<&Failure<R>> {
        match self {
            Self::CredentialsRefused(failure)
            | Self::RateLimited(failure)
            | Self::Refused(failure)
            | Self::Unavailable(failure)
            | Self::InvalidResponse(failure)
            | Self::TimedOut(failure) => Some(failure),
            Self::Configuration(_) => None,
        }
    }

    /// The kind in one word, for a span or a metric.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::CredentialsRefused(_) => "credentials_refused",
            Self::RateLimited(_) => "rate_limited",
            Self::Refused(_) => "refused",
            Self::Unavailable(_) => "unavailable",
            Self::InvalidResponse(_) => "invalid_response",
            Self::TimedOut(_) => "timed_out",
            Self::Configuration(_) => "configuration",
        }
    }

    pub(crate) fn with_retry_at(mut self, at: Option<DateTime<Utc>>) -> Self {
        match &mut self {
            Self::CredentialsRefused(failure)
            | Self::RateLimited(failure)
            | Self::Refused(failure)
            | Self::Unavailable(failure)
            | Self::InvalidResponse(failure)
            | Self::TimedOut(failure) => failure.retry_at = at,
            Self::Configuration(_) => {}
        }
        self
    }
}

impl<R> Clone for Error<R> {
    fn clone(&self) -> Self {
        match self {
            Self::CredentialsRefused(failure) => Self::CredentialsRefused(failure.clone()),
            Self::RateLimited(failure) => Self::RateLimited(failure.clone()),
            Self::Refused(failure) => Self::Refused(failure.clone()),
            Self::Unavailable(failure) => Self::Unavailable(failure.clone()),
            Self::InvalidResponse(failure) => Self::InvalidResponse(failure.clone()),
            Self::TimedOut(failure) => Self::TimedOut(failure.clone()),
            Self::Configuration(error) => Self::Configuration(error.clone()),
        }
    }
}

/// What is known of a failed request for a token.
pub struct Failure<R> {
    detail: Arc<Detail<R>>,
    retry_at: Option<DateTime<Utc>>,
}

impl<R> Failure<R> {
    pub(crate) fn new(vendor: &'static str, cause: Cause) -> Self {
        Self {
            detail: Arc::new(Detail {
                vendor,
                cause,
                status: None,
                said: None,
                response: None,
            }),
            retry_at: None,
        }
    }

    /// The vendor's name.
    pub fn vendor(&self) -> &'static str {
        self.detail.vendor
    }

    /// The HTTP status of the vendor's answer; `None` when there was no answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.detail.status
    }

    /// What the vendor said, in its own fields; `None` when there was no answer, or nothing to read in it, or when it was
    /// a success: that may hold a token.
    pub fn response(&self) -> Option<&R> {
        self.detail.response.as_ref()
    }

    /// The moment (UTC) before which asking again only repeats this failure, without traffic.
    pub fn retry_at(&self) -> Option<DateTime<Utc>> {
        self.retry_at
    }

    /// The middle of an error's sentence: the status, the cause, the vendor's words.
    fn details(&self) -> String {
        let detail = &*self.detail;
        let mut text = String::new();
        if let Some(status) = detail.status {
            text += &format!(" ({status})");
        }
        if detail.cause != Cause::Answer {
            text += &format!(": {}", detail.cause);
        }
        if let Some(said) = &detail.said {
            text += &format!(": \"{said}\"");
        }
        text
    }

    /// The end of an error's sentence.
    fn when(&self) -> String {
        self.retry_at.map_or_else(String::new, |at| {
            let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
            format!("; not asked again before {at}")
        })
    }
}

impl<R: fmt::Display> Failure<R> {
    pub(crate) fn answered(
        vendor: &'static str,
        cause: Cause,
        status: StatusCode,
        response: Option<R>,
    ) -> Self {
        let said = response
            .as_ref()
            .map(R::to_string)
            .filter(|said| !said.is_empty());
        Self {
            detail: Arc::new(Detail {
                vendor,
                cause,
                status: Some(status),
                said,
                response,
            }),
            retry_at: None,
        }
    }
}

impl<R> Clone for Failure<R> {
    fn clone(&self) -> Self {
        Self {
            detail: Arc::clone(&self.detail),
            retry_at: self.retry_at,
        }
    }
}

impl<R: fmt::Debug> fmt::Debug for Failure<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("vendor", &self.detail.vendor)
            .field("cause", &self.detail.cause)
            .field("status", &self.detail.status)
            .field("response", &self.detail.response)
            .field("retry_at", &self.retry_at)
            .finish()
    }
}

struct Detail<R> {
    vendor: &'static str,
    cause: Cause,
    status: Option<StatusCode>,
    /// The vendor's words in one line, so that the error's text needs nothing of `R`.
    said: Option<String>,
    response: Option<R>,
}

/// Why a request failed, in words that hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Cause {
    /// The status of the answer says it all.
    #[error("the vendor's answer")]
    Answer,
    #[error("{0}")]
    Body(InvalidBody),
    #[error("cannot connect: {0}")]
    NotSent(String),
    #[error("the server's TLS certificate is not accepted: {0}")]
    Certificate(String),
    #[error("the connection failed before the whole answer had come: {0}")]
    Cut(String),
    #[error("no full answer within {} s", .0.as_millis() as f64 / 1000.0)]
    Slow(Duration),
    #[error("the answer is larger than 64 KiB")]
    TooLarge,
    #[error("a redirect, which is never followed with credentials")]
    Redirect,
    #[error("the token had expired before it arrived")]
    Stillborn,
    #[error(
        "the task that asked for it was dropped twice, as when its runtime shuts down or it panics"
    )]
    Abandoned,
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
