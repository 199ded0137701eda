#![allow(clippy::unwrap_used)]

use http::{HeaderName, HeaderValue, StatusCode};
use zeroize::Zeroizing;

use super::*;

#[test]
fn id_is_that_of_the_server_before_that_of_a_network() {
    let both = [("cf-ray", "8f0e-GRU"), ("x-request-id", "0b9f")];
    assert_eq!(find(&headers(&both)).as_deref(), Some("0b9f"));
    for name in HEADERS {
        assert_eq!(
            find(&headers(&[(name, "8f0e-GRU")])).as_deref(),
            Some("8f0e-GRU")
        );
    }
    assert_eq!(find(&headers(&[("date", "today"), ("etag", "0b9f")])), None);
}

#[test]
fn what_is_no_id_gives_way_to_the_next() {
    let long = "x".repeat(LONGEST + 1);
    for no_id in [
        "",
        "two words",
        "caf\u{e9}",
        "tab\there",
        "quo\"ted",
        "back\\slash",
        &long,
    ] {
        let both = [("x-request-id", no_id), ("cf-ray", "8f0e-GRU")];
        assert_eq!(find(&headers(&both)).as_deref(), Some("8f0e-GRU"));
    }
    let longest = "x".repeat(LONGEST);
    assert_eq!(find(&headers(&[("x-request-id", &longest)])), Some(longest));
}

#[test]
fn id_repeats_no_secret() {
    let secrets = ["s3cret of the shop"];
    for (status, id, body, expected) in [
        (401, "0b9f", "{}", Some("0b9f")),
        (
            401,
            "0b9f-s3cret%20of%20the%20shop",
            "{}",
            Some("0b9f-[withheld]"),
        ),
        (401, "0b9f", r#"{"request_id":"0b9f"}"#, Some("0b9f")),
        (200, "0b9f", "{}", Some("0b9f")),
        (200, "token", r#"{"accesstoken":"token"}"#, None),
        (200, "to/ken", r#"{"accesstoken":"to\/ken"}"#, None),
        (200, "token", r#"{"accesstoken":"\u0074oken"}"#, None),
    ] {
        let answer = answer(status, id, body);
        assert_eq!(shown(&answer, &secrets).as_deref(), expected, "{id}");
    }
}

fn answer(status: u16, id: &str, body: &str) -> Answer {
    let status = StatusCode::from_u16(status).unwrap();
    let body = Zeroizing::new(body.as_bytes().to_vec());
    Answer::new(status, &headers(&[("x-request-id", id)]), body)
}

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, &str)| {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        (HeaderName::from_static(name), value)
    };
    fields.iter().map(field).collect()
}
