//! Any bytes as the answer to a login: never a panic, and a token only if a header can carry it.
#![no_main]

use auth_common::{JsonObject, TokenEndpoint};
use libfuzzer_sys::fuzz_target;
use secrecy::{ExposeSecret, SecretString};
use zapsign_auth::{Credentials, Environment, ZapSign};

fuzz_target!(|body: &[u8]| {
    let endpoint = endpoint();
    let Ok(body) = JsonObject::parse(body, &[]) else {
        return;
    };
    if let Ok(response) = endpoint.token_response(&body) {
        check(&response.access);
        check(&response.refresh);
    }
    if let Ok(response) = endpoint.refresh_response(&body) {
        check(&response.access);
        response.refresh.iter().for_each(check);
    }
});

fn check(token: &SecretString) {
    let token = token.expose_secret();
    assert!((1..=16_384).contains(&token.len()));
    assert!(token.bytes().all(|byte| byte.is_ascii_graphic()));
}

fn endpoint() -> ZapSign {
    let credentials =
        Credentials::new("4321".parse().unwrap(), "identity-of-the-caller", SECRET).unwrap();
    ZapSign::new(Environment::Sandbox, credentials).unwrap()
}

const SECRET: &str = "secret-of-the-caller";
