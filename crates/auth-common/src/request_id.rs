//! The id by which whoever answered finds a request in its logs.

use http::HeaderMap;

use crate::{redaction::Redaction, transport::Answer};

/// The id in `headers`, as it came: of several, that of the server which is most likely the vendor's own.
pub(crate) fn find(headers: &HeaderMap) -> Option<String> {
    // Of a name that comes twice, the first counts. An answer has fewer headers than there are names to look up.
    let ids = headers.keys().filter_map(|name| {
        let rank = HEADERS.iter().position(|known| *known == name.as_str())?;
        let id = headers.get(name)?.to_str().ok()?.trim();
        is_id(id).then_some((rank, id))
    });
    let (_, id) = ids.min_by_key(|(rank, _)| *rank)?;
    Some(id.to_owned())
}

/// The id of `answer` without what it repeats of `secrets`. Of a success it may be a token that nobody knows yet: such a
/// one stands in the body as well, perhaps in JSON's other spellings.
pub(crate) fn shown(answer: &Answer, secrets: &[&str]) -> Option<String> {
    let id = answer.request_id.as_deref()?;
    let body = &answer.body;
    let repeats = || body.windows(id.len()).any(|part| part == id.as_bytes());
    if answer.status.is_success() && (body.contains(&b'\\') || repeats()) {
        return None;
    }
    Some(Redaction::new(secrets).show(id))
}

fn is_id(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !br#""\"#.contains(&byte))
}

/// Servers and gateways first, then clouds and networks in front of them, then what a client may have chosen.
const HEADERS: [&str; 9] = [
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "x-amzn-requestid",
    "x-ms-request-id",
    "x-amz-cf-id",
    "cf-ray",
    "x-cloud-trace-context",
    "traceparent",
];
/// Longer than any of those in use.
const LONGEST: usize = 128;

#[cfg(test)]
mod tests;
