#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::Credential;

#[test]
fn form_is_written_to_the_letter() {
    let request = TokenRequest::form(
        "oauth/token",
        &[
            ("username", "ana maria@example.com"),
            ("password", "pão & \"queijo\" = 50%+1\u{1F980}*-._~"),
            ("grant_type", "password"),
        ],
    );
    assert_eq!(request.path(), "oauth/token");
    assert_eq!(
        std::str::from_utf8(request.body()).unwrap(),
        "username=ana+maria%40example.com\
         &password=p%C3%A3o+%26+%22queijo%22+%3D+50%25%2B1%F0%9F%A6%80*-._%7E\
         &grant_type=password"
    );
    assert_eq!(
        header_lines(&request),
        [
            "accept: application/json",
            "content-type: application/x-www-form-urlencoded"
        ]
    );
}

#[test]
fn json_is_written_to_the_letter() {
    let request = TokenRequest::json(
        "auth/token/1/",
        &[
            ("username", "ana"),
            ("password", "pão \"\\\u{1}\n\u{1F980}"),
        ],
    );
    assert_eq!(request.path(), "auth/token/1/");
    assert_eq!(
        std::str::from_utf8(request.body()).unwrap(),
        "{\"username\":\"ana\",\"password\":\"pão \\\"\\\\\\u0001\\n\u{1F980}\"}"
    );
    assert_eq!(
        header_lines(&request),
        ["accept: application/json", "content-type: application/json"]
    );
}

#[test]
fn no_fields_are_an_empty_form_and_an_empty_object() {
    assert_eq!(TokenRequest::form("", &[]).body(), b"");
    assert_eq!(TokenRequest::json("", &[]).body(), b"{}");
}

proptest! {
    #[test]
    fn form_arrives_byte_for_byte(fields in prop::collection::vec((text(), text()), 0..6)) {
        let request = TokenRequest::form("p", &borrowed(&fields));
        let body = std::str::from_utf8(request.body()).unwrap();
        prop_assert!(body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*-._+%&=".contains(&byte)));
        if fields.is_empty() {
            prop_assert_eq!(body, "");
        } else {
            prop_assert_eq!(decode_form(body), fields);
        }
    }

    #[test]
    fn json_arrives_byte_for_byte(fields in prop::collection::btree_map(text(), text(), 0..6)) {
        let pairs: Vec<_> = fields.clone().into_iter().collect();
        let request = TokenRequest::json("p", &borrowed(&pairs));
        let decoded: BTreeMap<String, String> = serde_json::from_slice(request.body()).unwrap();
        prop_assert_eq!(decoded, fields);
    }

    #[test]
    fn basic_arrives_byte_for_byte(user in "[^:\\pC]{1,80}", password in "\\PC{1,80}") {
        let request = TokenRequest::form("p", &[]).basic(&basic(&user, &password));
        let header = &request.headers()[header::AUTHORIZATION];
        prop_assert!(header.is_sensitive());
        let encoded = header.to_str().unwrap().strip_prefix("Basic ").unwrap();
        let decoded = decode_base64(encoded);
        prop_assert_eq!(decoded, format!("{user}:{password}").into_bytes());
    }

    #[test]
    fn body_keeps_the_buffer_it_began_with(fields in prop::collection::vec((text(), text()), 0..6)) {
        // A buffer that grew would be larger, and would have left a copy of a password behind.
        let bytes: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        let form = TokenRequest::form("p", &borrowed(&fields));
        prop_assert_eq!(form.body.capacity(), 3 * bytes + 2 * fields.len());
        let json = TokenRequest::json("p", &borrowed(&fields));
        prop_assert_eq!(json.body.capacity(), 6 * bytes + 6 * fields.len() + 2);
    }
}

#[test]
fn costliest_characters_fit_the_buffer() {
    for character in [
        "\u{1}", "\u{1f}", "\u{7f}", "\"", "\\", "\u{2028}", "ÿ", "🦀", "/",
    ] {
        let value = character.repeat(1000);
        let fields = [(value.as_str(), value.as_str()), (&value, &value)];
        for (request, worst) in [
            (TokenRequest::form("p", &fields), 3 * 4 * value.len() + 4),
            (TokenRequest::json("p", &fields), 6 * 4 * value.len() + 14),
        ] {
            assert!(request.body().len() <= worst);
            assert_eq!(request.body.capacity(), worst, "{character:?}");
        }
    }
}

#[test]
fn headers_are_added_and_replaced() {
    let request = TokenRequest::form("p", &[])
        .header(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))
        .header(header::ACCEPT, HeaderValue::from_static("*/*"));
    assert_eq!(
        header_lines(&request),
        [
            "accept: */*",
            "cache-control: no-cache",
            "content-type: application/x-www-form-urlencoded"
        ]
    );
    let (headers, body) = request.into_parts();
    assert_eq!(headers.len(), 3);
    assert!(body.is_empty());
}

#[test]
fn debug_shows_neither_body_nor_headers() {
    let request =
        TokenRequest::form("CANARY", &[("password", "CANARY")]).basic(&basic("CANARY", "CANARY"));
    assert_eq!(format!("{request:?}"), "TokenRequest");
    let headers = format!("{:?}", request.headers());
    assert!(!headers.contains("Q0FOQVJZ"), "{headers}");
}

fn header_lines(request: &TokenRequest) -> Vec<String> {
    let headers = request.headers().iter();
    let mut lines: Vec<String> = headers
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines
}

fn borrowed(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn text() -> impl Strategy<Value = String> {
    // `any` draws control characters and the far planes as well, which `.` would leave out in part.
    prop_oneof![
        any::<String>(),
        "[ +&=%\"\\\\/?#*~\\x00-\\x1f]{0,20}",
        "[a-z_]{1,10}"
    ]
}

/// `application/x-www-form-urlencoded`, from its definition.
fn decode_form(body: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let mut decoded = Vec::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            decoded.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                plain => plain,
            });
        }
        String::from_utf8(decoded).unwrap()
    };
    body.split('&')
        .map(|field| field.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// Base64 with padding, from [RFC 4648 §4](https://www.rfc-editor.org/rfc/rfc4648#section-4).
fn decode_base64(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(4));
    let alphabet: Vec<u8> = (b'A'..=b'Z')
        .chain(b'a'..=b'z')
        .chain(b'0'..=b'9')
        .chain(*b"+/")
        .collect();
    let data = text.trim_end_matches('=');
    let mut decoded = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in data.bytes() {
        let digit = alphabet.iter().position(|known| *known == byte).unwrap();
        held = (held << 6) | u32::try_from(digit).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            decoded.push(((held >> bits) & 0xFF) as u8);
        }
    }
    decoded
}

fn basic(user: &str, password: &str) -> BasicCredentials {
    let user = Credential::new("user", user).unwrap();
    BasicCredentials::new(
        ("user", user),
        Credential::new("password", password).unwrap(),
    )
    .unwrap()
}
