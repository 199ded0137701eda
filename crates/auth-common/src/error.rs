use std::{borrow::Cow, fmt, sync::Arc};

use chrono::{DateTime, SecondsFormat, Utc};
use http::StatusCode;

use crate::{
    ConfigurationError,
    failure::{ErrorKind, FailureKind},
};

/// Why there is no token. The variant says what the caller can do about it.
///
/// `R` is the vendor's own error body, as each vendor's crate names its fields. One failure is shared by every caller
/// that waited for it, so a clone is cheap. No text of an error shows a credential, a token, a raw body, or the query of
/// a URL. [One real example of each](crate::error_texts) tells what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error<R> {
    /// There is nothing to log in with: the source of credentials failed, or a refresh token is used up and there is no
    /// password. The vendor was not asked.
    #[error("no credentials for {}{}{}", .0.vendor(), .0.details(), .0.when())]
    CredentialsUnavailable(Failure<R>),

    /// The vendor refused the credentials. Asking again cannot help and may lock the account: correct them.
    #[error("{} refused the credentials{}; check them{} and that the account is active{}", .0.vendor(), .0.details(), .0.hint(), .0.when())]
    CredentialsRefused(Failure<R>),

    /// The vendor says that it was asked too often. Wait until [`retry_at`](Self::retry_at).
    #[error("{} limits the rate of token requests{}; let fewer processes log in{}", .0.vendor(), .0.details(), .0.when())]
    RateLimited(Failure<R>),

    /// The vendor refused the request for another reason: wrong environment, missing permission, unknown path.
    #[error("{} refused the token request{}; check the base URL, the environment and the account's permissions{}", .0.vendor(), .0.details(), .0.when())]
    Refused(Failure<R>),

    /// The vendor could not be reached, or failed, or something in between answered in its place: a gateway's page says
    /// nothing about the credentials, and the text says that it is one. Usually it passes: see
    /// [`is_transient`](Self::is_transient).
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
    /// Which kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::CredentialsUnavailable(_) => ErrorKind::CredentialsUnavailable,
            Self::CredentialsRefused(_) => ErrorKind::CredentialsRefused,
            Self::RateLimited(_) => ErrorKind::RateLimited,
            Self::Refused(_) => ErrorKind::Refused,
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::InvalidResponse(_) => ErrorKind::InvalidResponse,
            Self::TimedOut(_) => ErrorKind::TimedOut,
            Self::Configuration(_) => ErrorKind::Configuration,
        }
    }

    /// Whether the same call may succeed later with nothing changed.
    pub fn is_transient(&self) -> bool {
        self.failure()
            .is_some_and(|failure| failure.known.detail.kind.row().transient)
    }

    /// Whether the vendor refused the credentials themselves.
    pub fn is_credentials_refused(&self) -> bool {
        self.kind() == ErrorKind::CredentialsRefused
    }

    /// The moment (UTC) before which asking again only repeats this error, without traffic. `None` when there is none.
    pub fn retry_at(&self) -> Option<DateTime<Utc>> {
        self.failure()?.retry_at()
    }

    /// The HTTP status of the vendor's answer; `None` when there was no answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.failure()?.status()
    }

    /// The address that was asked; `None` for [`Error::Configuration`]. See [`Failure::address`].
    pub fn address(&self) -> Option<&str> {
        self.failure()?.address()
    }

    /// The id that the answer bears, for the vendor's support; see [`Failure::request_id`].
    pub fn request_id(&self) -> Option<&str> {
        self.failure()?.request_id()
    }

    /// What the vendor said, in its own fields; `None` when there was no answer, or when it was a success, which may hold
    /// a token, or when the vendor's JSON was not in it: then a gateway or the like has answered in its place.
    pub fn response(&self) -> Option<&R> {
        self.failure()?.response()
    }

    /// What is known of the failure; `None` for [`Error::Configuration`].
    pub fn failure(&self) -> Option<&Failure<R>> {
        match self {
            Self::CredentialsUnavailable(failure)
            | Self::CredentialsRefused(failure)
            | Self::RateLimited(failure)
            | Self::Refused(failure)
            | Self::Unavailable(failure)
            | Self::InvalidResponse(failure)
            | Self::TimedOut(failure) => Some(failure),
            Self::Configuration(_) => None,
        }
    }

    pub(crate) fn with_retry_at(mut self, at: Option<DateTime<Utc>>) -> Self {
        if let Some(known) = self.known_mut() {
            known.retry_at = at;
        }
        self
    }

    /// `address` is that of what was asked, fit to be shown.
    pub(crate) fn with_address(mut self, address: impl Into<Arc<str>>) -> Self {
        if let Some(known) = self.known_mut() {
            known.address = Some(address.into());
        }
        self
    }

    /// `id` is that of the answer, fit to be shown.
    pub(crate) fn with_request_id(mut self, id: Option<impl Into<Arc<str>>>) -> Self {
        if let Some(known) = self.known_mut() {
            known.request_id = id.map(Into::into);
        }
        self
    }

    /// `hint` says what may be wrong with the credentials, in words that hold no secret.
    pub(crate) fn with_hint(mut self, hint: String) -> Self {
        if let Some(detail) = self.detail_mut() {
            detail.hint = Some(hint);
        }
        self
    }

    /// The same failure, seen as one of another kind, for which there are other words.
    pub(crate) fn turned_into(mut self, kind: FailureKind, what: &'static str) -> Self {
        if let Some(detail) = self.detail_mut() {
            detail.what = what.into();
        }
        self.of_kind(kind)
    }

    /// The same failure, seen as one of another kind.
    pub(crate) fn of_kind(mut self, kind: FailureKind) -> Self {
        if let Some(detail) = self.detail_mut() {
            detail.kind = kind;
        }
        match self {
            Self::CredentialsUnavailable(failure)
            | Self::CredentialsRefused(failure)
            | Self::RateLimited(failure)
            | Self::Refused(failure)
            | Self::Unavailable(failure)
            | Self::InvalidResponse(failure)
            | Self::TimedOut(failure) => failure.into(),
            Self::Configuration(error) => Self::Configuration(error),
        }
    }

    /// While nobody shares it yet.
    fn detail_mut(&mut self) -> Option<&mut Detail<R>> {
        self.known_mut()
            .and_then(|known| Arc::get_mut(&mut known.detail))
    }

    fn known_mut(&mut self) -> Option<&mut Known<R>> {
        match self {
            Self::CredentialsUnavailable(failure)
            | Self::CredentialsRefused(failure)
            | Self::RateLimited(failure)
            | Self::Refused(failure)
            | Self::Unavailable(failure)
            | Self::InvalidResponse(failure)
            | Self::TimedOut(failure) => Some(Arc::make_mut(&mut failure.known)),
            Self::Configuration(_) => None,
        }
    }
}

impl<R> From<Failure<R>> for Error<R> {
    /// The error that the table of failures names.
    fn from(failure: Failure<R>) -> Self {
        match failure.known.detail.kind.row().error {
            ErrorKind::CredentialsUnavailable => Self::CredentialsUnavailable(failure),
            ErrorKind::CredentialsRefused => Self::CredentialsRefused(failure),
            ErrorKind::RateLimited => Self::RateLimited(failure),
            ErrorKind::Refused => Self::Refused(failure),
            ErrorKind::InvalidResponse => Self::InvalidResponse(failure),
            ErrorKind::TimedOut => Self::TimedOut(failure),
            // A configuration is refused before there is anything to fail: the table never names it.
            ErrorKind::Unavailable | ErrorKind::Configuration => Self::Unavailable(failure),
        }
    }
}

impl<R> Clone for Error<R> {
    fn clone(&self) -> Self {
        match self {
            Self::CredentialsUnavailable(failure) => Self::CredentialsUnavailable(failure.clone()),
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
    /// One pointer: every call returns a result that may hold it, and a large error makes that result large.
    known: Arc<Known<R>>,
}

struct Known<R> {
    /// What is the same for everyone who is told.
    detail: Arc<Detail<R>>,
    address: Option<Arc<str>>,
    request_id: Option<Arc<str>>,
    retry_at: Option<DateTime<Utc>>,
}

impl<R> Failure<R> {
    /// A failure without an answer. `what` says what happened, in words that hold no secret, and [`ADDRESS`] where the
    /// address belongs in them.
    pub(crate) fn new(
        vendor: &'static str,
        kind: FailureKind,
        what: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::of(Detail {
            vendor,
            kind,
            what: what.into(),
            status: None,
            said: None,
            hint: None,
            response: None,
        })
    }

    fn of(detail: Detail<R>) -> Self {
        Self {
            known: Arc::new(Known {
                detail: Arc::new(detail),
                address: None,
                request_id: None,
                retry_at: None,
            }),
        }
    }

    /// The address that was asked, without a query, a user name or a password; `[withheld]` stands in it for what is
    /// secret or personal, such as the id of an account.
    pub fn address(&self) -> Option<&str> {
        self.known.address.as_deref()
    }

    /// The id that the answer bears, by which whoever answered finds it in its logs: `x-request-id`, or what gateways
    /// and clouds have in its place (`cf-ray`, `x-amzn-requestid`, …). At most 128 visible ASCII characters; `None`
    /// when there is none.
    pub fn request_id(&self) -> Option<&str> {
        self.known.request_id.as_deref()
    }

    /// The vendor's name.
    pub fn vendor(&self) -> &'static str {
        self.known.detail.vendor
    }

    /// The HTTP status of the vendor's answer; `None` when there was no answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.known.detail.status
    }

    /// What the vendor said, in its own fields; `None` when there was no answer, or when it was a success, which may hold
    /// a token, or when the vendor's JSON was not in it: then a gateway or the like has answered in its place.
    pub fn response(&self) -> Option<&R> {
        self.known.detail.response.as_ref()
    }

    /// The moment (UTC) before which asking again only repeats this failure, without traffic.
    pub fn retry_at(&self) -> Option<DateTime<Utc>> {
        self.known.retry_at
    }

    /// The middle of an error's sentence: the status and who answered, the cause, the vendor's words.
    fn details(&self) -> String {
        let detail = &*self.known.detail;
        let address = self.known.address.as_deref();
        let told = detail.what.contains(ADDRESS);
        let asked = match (detail.status, address.filter(|_| !told)) {
            (Some(status), Some(address)) => Some(format!("{status} from {address}")),
            (Some(status), None) => Some(status.to_string()),
            (None, Some(address)) => Some(format!("asked {address}")),
            (None, None) => None,
        };
        let id = self.known.request_id.as_ref();
        let id = id.map(|id| format!("request id {id}"));
        let source: Vec<String> = asked.into_iter().chain(id).collect();
        let mut text = String::new();
        if !source.is_empty() {
            text += &format!(" ({})", source.join(", "));
        }
        if !detail.what.is_empty() {
            let what = detail
                .what
                .replace(ADDRESS, address.unwrap_or(detail.vendor));
            text += &format!(": {what}");
        }
        if let Some(said) = &detail.said {
            text += &format!(": \"{said}\"");
        }
        text
    }

    /// What may be wrong with the credentials.
    fn hint(&self) -> String {
        let hint = self.known.detail.hint.as_ref();
        hint.map_or_else(String::new, |hint| format!(" ({hint})"))
    }

    /// The end of an error's sentence.
    fn when(&self) -> String {
        self.known.retry_at.map_or_else(String::new, |at| {
            let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
            format!("; not asked again before {at}")
        })
    }
}

impl<R: fmt::Display> Failure<R> {
    /// A failure with an answer. `what` is empty where the status says it all.
    pub(crate) fn answered(
        vendor: &'static str,
        kind: FailureKind,
        what: impl Into<Cow<'static, str>>,
        status: StatusCode,
        response: Option<R>,
    ) -> Self {
        let said = response
            .as_ref()
            .map(R::to_string)
            .filter(|said| !said.is_empty());
        Self::of(Detail {
            vendor,
            kind,
            what: what.into(),
            status: Some(status),
            said,
            hint: None,
            response,
        })
    }
}

impl<R> Clone for Failure<R> {
    fn clone(&self) -> Self {
        Self {
            known: Arc::clone(&self.known),
        }
    }
}

impl<R> Clone for Known<R> {
    fn clone(&self) -> Self {
        Self {
            detail: Arc::clone(&self.detail),
            address: self.address.clone(),
            request_id: self.request_id.clone(),
            retry_at: self.retry_at,
        }
    }
}

impl<R: fmt::Debug> fmt::Debug for Failure<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = &*self.known;
        let detail = &*known.detail;
        f.debug_struct("Failure")
            .field("vendor", &detail.vendor)
            .field("kind", &detail.kind)
            .field("what", &detail.what)
            .field("address", &known.address)
            .field("status", &detail.status)
            .field("request_id", &known.request_id)
            .field("response", &detail.response)
            .field("hint", &detail.hint)
            .field("retry_at", &known.retry_at)
            .finish()
    }
}

struct Detail<R> {
    vendor: &'static str,
    kind: FailureKind,
    /// What happened, in words that hold no secret.
    what: Cow<'static, str>,
    status: Option<StatusCode>,
    /// The vendor's words in one line, so that the error's text needs nothing of `R`.
    said: Option<String>,
    /// What may be wrong with the credentials, in words that hold no secret.
    hint: Option<String>,
    response: Option<R>,
}

/// In the place of the address, in what happened: whoever tells what happened does not know what of it is secret.
pub(crate) const ADDRESS: &str = "{address}";

#[cfg(test)]
mod tests;
