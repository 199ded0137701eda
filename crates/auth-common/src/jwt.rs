//! The claims of a JSON Web Token ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)). Nothing verifies them here, so
//! they are a hint and no more.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use crate::JsonObject;

/// How long `token` lives by its own claims; `None` where it is no JSON Web Token, or they do not tell.
///
/// It is `exp − iat`, or where `iat` is missing `exp` − `date`, the `Date` of the answer that brought the token. Never
/// by our clock, which may differ from the server's.
pub(crate) fn lifetime(token: &str, date: Option<DateTime<Utc>>) -> Option<Duration> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = Zeroizing::new(URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?);
    let claims = JsonObject::parse(&claims, &[]).ok()?;
    let expiry = numeric_date(&claims, "exp")?;
    let issued = match numeric_date(&claims, "iat") {
        Some(issued) => issued,
        None => date?.timestamp(),
    };
    let seconds = u64::try_from(expiry.checked_sub(issued)?).ok()?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// A `NumericDate`: seconds since 1970, a fraction cut off.
fn numeric_date(claims: &JsonObject<'_>, claim: &str) -> Option<i64> {
    // A float of any size becomes an integer by saturation.
    claims.decimal(claim).map(|seconds| seconds as i64)
}

#[cfg(test)]
mod tests;
