//! Any text as the answer to a refresh: never a panic, and a token only if a header can carry it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::{Builder, Runtime};
use zapsign_auth::{
    Authenticator, Credentials, Environment,
    testing::{Response, Script},
};

fuzz_target!(|body: &str| {
    let answer = Response::json(200, body);
    let script = Script::new(move |_| Ok(answer.clone()));
    // Built without TLS.
    let base = "http://localhost".parse().unwrap();
    let credentials = Credentials::new("4321".parse().unwrap(), "identity", "secret").unwrap();
    let zapsign = Authenticator::builder(Environment::Custom(base), credentials)
        .transport(script.transport())
        .build()
        .unwrap();
    if let Ok(response) = RUNTIME.block_on(zapsign.refresh_token(&"presented".into())) {
        check(&response.access);
        response.refresh.iter().for_each(check);
    }
});

fn check(token: &SecretString) {
    let token = token.expose_secret();
    assert!((1..=16_384).contains(&token.len()));
    assert!(token.bytes().all(|byte| byte.is_ascii_graphic()));
}

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());
