//! Any status and any bytes as a refusal: never a panic, one short line to show, and nothing of the credentials in it.
#![no_main]

use auth_common::{Exchange, JsonObject, TokenEndpoint};
use blackbox_auth::{BlackBox, Credentials};
use http::StatusCode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|answer: (u16, &[u8])| {
    let (status, body) = answer;
    let credentials = credentials();
    let secrets = BlackBox::secrets(&credentials);
    let body = JsonObject::parse(body, &secrets).unwrap_or_else(|_| JsonObject::empty());
    let response = BlackBox::error_response(&body);
    for shown in [response.to_string(), format!("{response:?}")] {
        assert!(!shown.contains(SECRET));
        assert!(!shown.contains(char::is_control));
    }
    if let Ok(status) = StatusCode::from_u16(status) {
        BlackBox::refusal(Exchange::Login, status, &response);
    }
});

fn credentials() -> Credentials {
    Credentials::new("identity-of-the-caller", SECRET).unwrap()
}

const SECRET: &str = "secret-of-the-caller";
