//! What an answer of the vendor means: a success or a refusal in the vendor's own fields, a token that is good to be
//! served, or a kind of failure. Pure.

use std::{borrow::Cow, time::Duration};

#[cfg(feature = "store")]
use chrono::DateTime;
use http::{HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use zeroize::Zeroizing;

#[cfg(feature = "store")]
use crate::store::record::Said as Shareable;
use crate::{
    Error, Exchange, Failure, Grant, InvalidBody, JsonObject, Refusal, Token, TokenEndpoint,
    failure::FailureKind,
    jwt,
    lifecycle::Landing,
    lifetime::{self, Margins, Moment, Validity},
    presented::Sent,
    redaction::Redaction,
    request_id, retry,
    transport::{Answer, Fault},
};

/// Reads a success by `read`, or tells what went wrong. What is shown of the answer holds none of `secrets`. It came
/// `now`.
pub(crate) fn read<E: TokenEndpoint, T>(
    exchange: Exchange,
    answer: Result<Answer, Fault>,
    secrets: &[&str],
    now: Moment,
    read: impl FnOnce(&JsonObject<'_>) -> Result<T, InvalidBody>,
) -> Result<(T, Answer), Failed<E>> {
    let mut answer = answer?;
    answer.request_id = request_id::shown(&answer, secrets);
    let id = answer.request_id.clone();
    // Of a success no text is told: it may hold a token.
    #[cfg(feature = "store")]
    let said = match answer.status.is_success() {
        true => Shareable::new(answer.status.as_u16(), b""),
        false => Shareable::new(answer.status.as_u16(), &answer.body),
    };
    understand(exchange, answer, secrets, now, read).map_err(|failed| Failed {
        #[cfg(feature = "store")]
        said: Some(Box::new(said)),
        ..failed.of_request(id)
    })
}

fn understand<E: TokenEndpoint, T>(
    exchange: Exchange,
    mut answer: Answer,
    secrets: &[&str],
    now: Moment,
    read: impl FnOnce(&JsonObject<'_>) -> Result<T, InvalidBody>,
) -> Result<(T, Answer), Failed<E>> {
    if answer.status.is_success() {
        return match read_success(&answer, secrets, read) {
            Ok(response) => {
                // An empty buffer is wiped once, from end to end; what is in it would be wiped before, by itself.
                answer.body.clear();
                Ok((response, answer))
            }
            // Of a success no text is shown: it may hold a token that nobody knows yet.
            Err(problem) => Err(Failed::malformed(problem, answer.status)),
        };
    }
    if answer.status.is_redirection() {
        return Err(Failed::malformed(redirect(&answer, secrets), answer.status));
    }
    if answer.status.is_informational() {
        return Err(Failed::malformed("the answer is none yet", answer.status));
    }
    Err(read_refusal(exchange, &answer, secrets, now))
}

/// A failed attempt: what it means for another one, and the error of the caller.
pub(crate) struct Failed<E: TokenEndpoint> {
    pub(crate) kind: FailureKind,
    /// How long the vendor asked to be left alone.
    pub(crate) asked: Option<Duration>,
    pub(crate) error: Error<E::ErrorResponse>,
    /// What the vendor said, for the other processes of a fleet.
    #[cfg(feature = "store")]
    pub(crate) said: Option<Box<Shareable>>,
    /// For how long the fleet leaves the vendor alone because of it.
    #[cfg(feature = "store")]
    pub(crate) pause: Option<Box<Pause>>,
}

#[cfg(feature = "store")]
#[derive(Clone, Copy)]
pub(crate) struct Pause {
    pub(crate) pause: Duration,
    /// It was this process that asked.
    pub(crate) own: bool,
}

impl<E: TokenEndpoint> Failed<E> {
    pub(crate) fn landing(&self, draw: u32) -> Landing {
        #[cfg(feature = "store")]
        if let Some(Pause { pause, own }) = self.pause.as_deref().copied() {
            return Landing::Pause {
                kind: self.kind,
                pause,
                renew_may_try: self.kind.row().renew_may_try
                    && self.asked.is_none_or(|asked| asked.is_zero()),
                own,
            };
        }
        Landing::Failure {
            kind: self.kind,
            retry_after: self.asked,
            draw,
        }
    }

    pub(crate) fn of_request(self, id: Option<String>) -> Self {
        Self {
            error: self.error.with_request_id(id),
            ..self
        }
    }

    pub(crate) fn is_refusal_of_credentials(&self) -> bool {
        self.kind == FailureKind::CredentialsRefused
    }

    /// What may be wrong with the credentials that were `sent`, if it is they that were refused.
    pub(crate) fn with_hint(self, sent: Option<&Sent<E>>) -> Self {
        let refused = sent.filter(|_| self.is_refusal_of_credentials());
        match refused.and_then(Sent::odd_ends) {
            Some(hint) => Self {
                error: self.error.with_hint(hint),
                ..self
            },
            None => self,
        }
    }

    /// The vendor refused a refresh token, and there is nothing to log in with instead.
    pub(crate) fn without_login(self) -> Self {
        let kind = FailureKind::NoCredentials;
        let what = "the refresh token was refused, and there is no password to log in with";
        let error = self.error.turned_into(kind, what);
        Self {
            kind,
            error,
            ..self
        }
    }

    fn malformed(what: impl Into<Cow<'static, str>>, status: StatusCode) -> Self {
        Self::answered(FailureKind::Malformed, what, status, None)
    }

    fn answered(
        kind: FailureKind,
        what: impl Into<Cow<'static, str>>,
        status: StatusCode,
        said: Option<E::ErrorResponse>,
    ) -> Self {
        Self {
            kind,
            asked: None,
            error: Failure::answered(E::VENDOR, kind, what, status, said).into(),
            #[cfg(feature = "store")]
            said: None,
            #[cfg(feature = "store")]
            pause: None,
        }
    }
}

impl<E: TokenEndpoint> From<Fault> for Failed<E> {
    fn from(fault: Fault) -> Self {
        Self {
            kind: fault.kind,
            asked: None,
            error: Failure::new(E::VENDOR, fault.kind, fault.what).into(),
            #[cfg(feature = "store")]
            said: None,
            #[cfg(feature = "store")]
            pause: None,
        }
    }
}

/// A refresh token, and what is known of it.
pub(crate) struct RefreshToken {
    pub(crate) secret: SecretString,
    /// When its own claims say that it ends, where they do.
    pub(crate) ends: Option<Moment>,
}

/// A success as it came, before it is checked against the clock.
pub(crate) struct Arrival {
    pub(crate) grant: Grant,
    pub(crate) answer: Answer,
    /// Before the request was sent.
    pub(crate) started: Moment,
    /// When it was there.
    pub(crate) came: Moment,
    pub(crate) exchange: Exchange,
    /// The refresh token that was presented.
    pub(crate) presented: Option<RefreshToken>,
}

/// A token that is good to be served.
pub(crate) struct Arrived {
    pub(crate) authorization: HeaderValue,
    pub(crate) validity: Validity,
    pub(crate) exchange: Exchange,
    /// What to renew it with.
    pub(crate) refresh_token: Option<RefreshToken>,
    /// That of the answer, fit to be shown.
    pub(crate) request_id: Option<String>,
    #[cfg(feature = "store")]
    pub(crate) lifetime: Duration,
    /// Its number in the fleet; 0 where the fleet has not got it.
    #[cfg(feature = "store")]
    pub(crate) seq: u64,
    /// When it was asked for, on the monotonic clock; `None` where the fleet has not got it.
    #[cfg(feature = "store")]
    pub(crate) asked: Option<Duration>,
    #[cfg(feature = "store")]
    pub(crate) adopted: Option<Adoption>,
}

/// Another process of the fleet had brought a token.
#[cfg(feature = "store")]
#[derive(Clone, Copy)]
pub(crate) struct Adoption {
    pub(crate) age: Duration,
    pub(crate) by_invalidation: bool,
}

/// How a token came.
pub(crate) enum How {
    Issued(Exchange),
    #[cfg(feature = "store")]
    Adopted,
}

impl Arrived {
    pub(crate) fn how(&self) -> How {
        #[cfg(feature = "store")]
        if self.adopted.is_some() {
            return How::Adopted;
        }
        How::Issued(self.exchange)
    }

    /// The token itself.
    #[cfg(feature = "store")]
    pub(crate) fn text(&self) -> SecretString {
        let token = Token::new(self.authorization.clone(), DateTime::UNIX_EPOCH, 0);
        token.expose_secret().into()
    }

    pub(crate) fn landing(&self) -> Landing {
        #[cfg(feature = "store")]
        if let Some(Adoption {
            age,
            by_invalidation,
        }) = self.adopted
        {
            return Landing::Adopted {
                validity: self.validity,
                by_invalidation,
                age,
            };
        }
        Landing::Token(self.validity)
    }
}

impl Arrival {
    /// What is left of the token's life, and the header that carries it. `draw` is a random number from 0 to 1000.
    pub(crate) fn check<E: TokenEndpoint>(
        self,
        margins: Margins,
        draw: u32,
    ) -> Result<Arrived, Failed<E>> {
        let now = self.came;
        let Grant {
            access_token,
            expires_in,
            refresh_token,
        } = self.grant;
        let lifetime = lifetime::lifetime(
            expires_in,
            E::FALLBACK_LIFETIME,
            access_token.expose_secret(),
            self.answer.date,
        );
        let validity = Validity::new(self.started, now, lifetime, margins, draw);
        if now.has_reached(validity.expiry) {
            let what = "the token had expired before it arrived";
            let failed = Failed::from(Fault::new(FailureKind::Cut, what));
            return Err(failed.of_request(self.answer.request_id));
        }
        let authorization = Token::header(&access_token).map_err(|_| {
            let problem = InvalidBody::new("the access token", "does not fit a header");
            Failed::malformed(problem.to_string(), self.answer.status)
                .of_request(self.answer.request_id.clone())
        })?;
        // A vendor may hand out a refresh token that nothing is documented to be done with.
        let refresh_token = refresh_token.filter(|_| E::REFRESH.is_some());
        let refresh_token = refresh_token.map(|secret| RefreshToken {
            ends: jwt::lifetime(secret.expose_secret(), self.answer.date)
                .map(|lifetime| now.end_of(lifetime, self.started)),
            secret,
        });
        Ok(Arrived {
            authorization,
            validity,
            exchange: self.exchange,
            refresh_token: refresh_token.or(self.presented),
            request_id: self.answer.request_id,
            #[cfg(feature = "store")]
            lifetime,
            #[cfg(feature = "store")]
            seq: 0,
            #[cfg(feature = "store")]
            asked: None,
            #[cfg(feature = "store")]
            adopted: None,
        })
    }
}

fn read_success<T>(
    answer: &Answer,
    secrets: &[&str],
    read: impl FnOnce(&JsonObject<'_>) -> Result<T, InvalidBody>,
) -> Result<T, Cow<'static, str>> {
    JsonObject::parse(&answer.body, secrets)
        .and_then(|body| read(&body))
        .map_err(|problem| match answer.coding {
            Some(coding) => {
                format!("the body is compressed ({coding}), though none was asked for").into()
            }
            None => problem.to_string().into(),
        })
}

fn read_refusal<E: TokenEndpoint>(
    exchange: Exchange,
    answer: &Answer,
    secrets: &[&str],
    now: Moment,
) -> Failed<E> {
    // Errors come in any encoding; whatever can be read of them is.
    let text = Zeroizing::new(String::from_utf8_lossy(&answer.body).into_owned());
    let body = JsonObject::parse(text.as_bytes(), secrets).unwrap_or_else(|_| JsonObject::empty());
    let said = Said::<E>::read(&body);
    let asked = answer.retry_after.as_deref().and_then(|value| {
        // Our clock may differ from the server's.
        retry::retry_after(value, answer.date.unwrap_or_else(|| now.utc()))
    });
    let kind = kind(exchange, answer.status, asked, said.as_ref());
    let what = match &said {
        Some(said) => said.code_alone(),
        None if matches!(kind, FailureKind::Unclear | FailureKind::Intercepted) => {
            foreign(kind, answer, secrets)
        }
        None => String::new(),
    };
    Failed {
        asked,
        ..Failed::answered(kind, what, answer.status, said.map(|said| said.response))
    }
}

/// What the vendor itself says.
struct Said<E: TokenEndpoint> {
    response: E::ErrorResponse,
    /// The `error` of [RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
    code: Option<String>,
    /// It is one of those that blame the credentials.
    code_blames_credentials: bool,
}

impl<E: TokenEndpoint> Said<E> {
    /// `None` where the body has no field that the vendor's document or the RFC names: somebody else speaks.
    fn read(body: &JsonObject<'_>) -> Option<Self> {
        let response = E::error_response(body);
        let code = body.text("error");
        let speaks = code.is_some() || response != E::error_response(&JsonObject::empty());
        speaks.then(|| Self {
            response,
            code,
            code_blames_credentials: CODES_OF_CREDENTIALS
                .iter()
                .any(|code| body.is("error", code)),
        })
    }

    /// The code of the RFC, where the vendor's own fields leave nothing to be shown.
    fn code_alone(&self) -> String {
        let code = self.code.clone().unwrap_or_default();
        if self.response.to_string().is_empty() {
            code
        } else {
            String::new()
        }
    }
}

fn kind<E: TokenEndpoint>(
    exchange: Exchange,
    status: StatusCode,
    asked: Option<Duration>,
    said: Option<&Said<E>>,
) -> FailureKind {
    match status {
        StatusCode::TOO_MANY_REQUESTS => return FailureKind::RateLimited,
        StatusCode::SERVICE_UNAVAILABLE if asked.is_some() => return FailureKind::Overloaded,
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => return FailureKind::Busy,
        status if status.is_server_error() => return FailureKind::ServerError,
        _ => {}
    }
    match (said, status) {
        (Some(said), _) => refusal(exchange, status, said),
        (None, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED) => FailureKind::Unclear,
        (None, _) => FailureKind::Intercepted,
    }
}

fn refusal<E: TokenEndpoint>(
    exchange: Exchange,
    status: StatusCode,
    said: &Said<E>,
) -> FailureKind {
    // In answer to a refresh token, it is that token that they blame.
    if exchange == Exchange::Login && said.code_blames_credentials {
        return FailureKind::CredentialsRefused;
    }
    match E::refusal(exchange, status, &said.response) {
        Refusal::Credentials => FailureKind::CredentialsRefused,
        Refusal::RateLimited => FailureKind::RateLimited,
        Refusal::Other => FailureKind::Refused,
    }
}

/// Tells of a redirect, and to which server it leads. What is behind the server's name may hold a secret.
fn redirect(answer: &Answer, secrets: &[&str]) -> String {
    let target = answer.location.as_deref().map(Url::parse);
    let to = match target {
        Some(Ok(url)) if url.has_host() => {
            let origin = url.origin().ascii_serialization();
            format!(" to {}", Redaction::new(secrets).show(&origin))
        }
        _ => String::new(),
    };
    format!("a redirect{to}, which is never followed with credentials")
}

/// Tells of an answer that is not the vendor's: what came, and who has probably sent it.
fn foreign(kind: FailureKind, answer: &Answer, secrets: &[&str]) -> String {
    let came = match (&answer.coding, &answer.content_type) {
        _ if answer.body.iter().all(u8::is_ascii_whitespace) => "an empty body".into(),
        (Some(coding), _) => format!("a compressed body ({coding})"),
        (None, Some(kind)) if kind.contains("html") => {
            format!("a page ({})", essence(kind, secrets))
        }
        (None, Some(kind)) => format!("a body ({})", essence(kind, secrets)),
        (None, None) => "a body of no named type".into(),
    };
    let credentials = match kind {
        FailureKind::Unclear => "; the credentials may be right or wrong",
        _ => "",
    };
    format!(
        "{came} came and not the vendor's JSON, probably from a gateway, a firewall or a proxy in between, or because \
         the base URL leads elsewhere{credentials}"
    )
}

/// A `Content-Type` without its parameters, made fit to be shown.
fn essence(content_type: &str, secrets: &[&str]) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    Redaction::new(secrets).show(essence.trim())
}

const CODES_OF_CREDENTIALS: [&str; 2] = ["invalid_grant", "invalid_client"];
