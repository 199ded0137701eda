//! The claims of a JSON Web Token ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)). Nothing verifies them here, so
//! they are a hint and no more.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use crate::JsonObject;

/// How long `token` lives at least by its own claims; `None` where it is no JSON Web Token, or they do not tell.
///
/// It is `exp − iat`, or where `iat` is missing `exp` − `date`, the `Date` of the answer that brought the token. Never
/// by our clock, which may differ from the server's.
pub(crate) fn lifetime(token: &str, date: Option<DateTime<Utc>>) -> Option<Duration> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = Zeroizing::new(URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?);
    let claims = JsonObject::parse(&claims, &[]).ok()?;
    let expiry = claims.decimal("exp")?.floor();
    let issued = match claims.decimal("iat") {
        Some(issued) => issued,
        None => date?.timestamp() as f64,
    };
    let span = Duration::try_from_secs_f64(expiry - issued).ok()?;
    let rounded = if issued.fract() == 0.0 {
        MOST_ROUNDED.min(span / 2)
    } else {
        Duration::ZERO
    };
    Some(span - rounded).filter(|lifetime| !lifetime.is_zero())
}

/// The server counts in whole seconds from one that had begun before it issued the token.
const MOST_ROUNDED: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
