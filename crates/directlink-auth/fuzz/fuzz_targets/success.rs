//! Any bytes as the answer to a login: never a panic, and a token only if a header can carry it.
#![no_main]

use auth_common::{JsonObject, TokenEndpoint};
use directlink_auth::DirectLink;
use libfuzzer_sys::fuzz_target;
use secrecy::{ExposeSecret, SecretString};

fuzz_target!(|body: &[u8]| {
    let Ok(body) = JsonObject::parse(body, &[]) else {
        return;
    };
    if let Ok(response) = DirectLink::token_response(&body) {
        check(&response.access_token);
        assert!(response.token_type.eq_ignore_ascii_case("Bearer"));
        let week = std::time::Duration::from_secs(7 * 24 * 3600);
        let lives = response.expires_in;
        assert!(lives.is_none_or(|it| it.as_secs() >= 1 && it <= week));
    }
});

fn check(token: &SecretString) {
    let token = token.expose_secret();
    assert!((1..=16_384).contains(&token.len()));
    assert!(token.bytes().all(|byte| byte.is_ascii_graphic()));
}
