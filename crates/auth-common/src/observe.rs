//! What the feature `tracing` tells: a span per flight, and events in it. Without the feature, nothing. No argument here
//! can hold a secret: texts are names of this crate's own.
//!
//! Fields follow OpenTelemetry's conventions where there are some: `server.address`, `http.response.status_code`,
//! `http.request.resend_count`, `error.type`.

#![cfg_attr(not(feature = "tracing"), allow(unused_variables))]

use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use crate::{ErrorKind, Exchange, Invalidation};

/// Runs a flight within its span.
#[cfg(feature = "tracing")]
pub(crate) fn flight<F: Future>(
    vendor: &'static str,
    host: &str,
    flight: F,
) -> impl Future<Output = F::Output> + use<F> {
    use tracing::Instrument;

    let mut span = tracing::Span::none();
    tell(|| span = tracing::info_span!("token", vendor, server.address = host));
    flight.instrument(span)
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn flight<F: Future>(vendor: &'static str, host: &str, flight: F) -> F {
    flight
}

/// A listener that panics, as one does that writes to a closed pipe, must not take a request for a token along.
#[cfg(feature = "tracing")]
fn tell(event: impl FnOnce()) {
    let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(event));
    // The panic hook has spoken of it; there is nobody else to tell.
    drop(told);
}

/// A request for a token is about to be sent.
pub(crate) fn requested(exchange: Exchange, attempt: u32) {
    #[cfg(feature = "tracing")]
    tell(|| {
        tracing::debug!(
            exchange = name(exchange),
            http.request.resend_count = attempt,
            "requesting a token"
        );
    });
}

/// An attempt failed, and another follows.
pub(crate) fn retrying(error: ErrorKind, status: Option<StatusCode>, wait: Duration) {
    #[cfg(feature = "tracing")]
    tell(|| {
        tracing::debug!(
            error.type = error.as_str(),
            http.response.status_code = status.map(|status| status.as_u16()),
            wait_ms = wait.as_millis() as u64,
            "the request failed, trying again"
        );
    });
}

/// A token came.
pub(crate) fn issued(exchange: Exchange, lifetime: Duration, started: Instant) {
    #[cfg(feature = "tracing")]
    tell(|| {
        tracing::info!(
            exchange = name(exchange),
            lifetime_s = lifetime.as_secs(),
            duration_ms = started.elapsed().as_millis() as u64,
            "token issued"
        );
    });
}

/// A flight ended without a token.
pub(crate) fn failed(
    error: ErrorKind,
    status: Option<StatusCode>,
    started: Instant,
    next_attempt: Duration,
) {
    #[cfg(feature = "tracing")]
    tell(|| {
        tracing::warn!(
            error.type = error.as_str(),
            http.response.status_code = status.map(|status| status.as_u16()),
            duration_ms = started.elapsed().as_millis() as u64,
            next_attempt_ms = next_attempt.as_millis() as u64,
            "no token"
        );
    });
}

/// A flight was dropped before it ended.
pub(crate) fn abandoned(vendor: &'static str) {
    #[cfg(feature = "tracing")]
    tell(|| {
        tracing::warn!(vendor, "a request for a token was dropped before it ended");
    });
}

/// Another process of the fleet had brought a token.
#[cfg(feature = "store")]
pub(crate) fn adopted(lifetime: Duration, started: Instant) {
    #[cfg(feature = "tracing")]
    tell(|| {
        tracing::info!(
            lifetime_s = lifetime.as_secs(),
            duration_ms = started.elapsed().as_millis() as u64,
            "token adopted"
        );
    });
}

/// Another process of the fleet is asking the vendor, and nobody waits for it here.
#[cfg(feature = "store")]
pub(crate) fn deferred(next_look: Duration) {
    #[cfg(feature = "tracing")]
    tell(|| {
        tracing::debug!(
            next_look_ms = next_look.as_millis() as u64,
            "another process renews the token"
        );
    });
}

/// The store did not do what it was asked to, and is left alone.
#[cfg(feature = "store")]
pub(crate) fn store_failed(error: &crate::StoreError, left_alone: Duration) {
    #[cfg(feature = "tracing")]
    tell(|| {
        tracing::warn!(
            %error,
            left_alone_ms = left_alone.as_millis() as u64,
            "the token store is left alone"
        );
    });
}

/// A record that was sealed by another key, or by nobody, counts as none.
#[cfg(feature = "store")]
pub(crate) fn store_unreadable(record: &str) {
    #[cfg(feature = "tracing")]
    tell(|| {
        tracing::warn!(
            record,
            "a record in the token store cannot be read, and counts as none"
        );
    });
}

/// A caller said that an API refused its token.
pub(crate) fn invalidated(vendor: &'static str, outcome: Invalidation) {
    #[cfg(feature = "tracing")]
    tell(|| {
        tracing::info!(vendor, ?outcome, "an API refused the token");
    });
}

/// The file with a secret that the variable `name` names may be read by every user of the machine.
pub(crate) fn readable_by_everyone(name: &str, path: &str) {
    #[cfg(feature = "tracing")]
    tell(|| {
        tracing::warn!(
            variable = name,
            path,
            "every user of this machine may read the file of a secret"
        );
    });
}

#[cfg(feature = "tracing")]
fn name(exchange: Exchange) -> &'static str {
    match exchange {
        Exchange::Login => "login",
        Exchange::Refresh => "refresh_token",
    }
}
