//! Any bytes as the answer to a login: never a panic, and a token only if a header can carry it.
#![no_main]

use auth_common::{JsonObject, TokenEndpoint};
use libfuzzer_sys::fuzz_target;
use secrecy::{ExposeSecret, SecretString};
use zapsign_auth::ZapSign;

fuzz_target!(|body: &[u8]| {
    let Ok(body) = JsonObject::parse(body, &[]) else {
        return;
    };
    if let Ok(response) = ZapSign::token_response(&body) {
        check(&response.access);
        check(&response.refresh);
    }
});

fn check(token: &SecretString) {
    let token = token.expose_secret();
    assert!((1..=16_384).contains(&token.len()));
    assert!(token.bytes().all(|byte| byte.is_ascii_graphic()));
}
