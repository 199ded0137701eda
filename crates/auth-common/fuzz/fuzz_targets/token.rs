//! Any claims of a JSON Web Token, and any text in its place: never a panic, and a life between half a second and an hour.
#![no_main]

use std::sync::LazyLock;

use auth_common::testing::{ManualClock, Response, Script, jwt};
use chrono::{DateTime, TimeDelta};
use invoisys_auth::{Authenticator, Credentials, Environment};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

fuzz_target!(|answer: (&str, bool, bool)| {
    let (text, claims, dated) = answer;
    let token = if claims { jwt(text) } else { text.to_owned() };
    let token = serde_json::to_string(&token).unwrap();
    let body = format!("{{\"access_token\":{token},\"expires_in\":3600}}");
    let script = Script::new(move |_| {
        let response = Response::json(200, body.clone());
        Ok(if dated {
            response.with_header("Date", "Tue, 14 Nov 2023 22:13:20 GMT")
        } else {
            response
        })
    });
    let now = DateTime::from_timestamp_secs(1_800_000_000).unwrap();
    // Built without TLS.
    let base = "http://localhost".parse().unwrap();
    let credentials = Credentials::new("identity", "secret").unwrap();
    let client = Authenticator::builder(Environment::Custom(base), credentials)
        .transport(script.transport())
        .clock(ManualClock::new(now))
        .build()
        .unwrap();
    if let Ok(token) = RUNTIME.block_on(client.token()) {
        let lives = token.expires_at() - now;
        assert!(lives >= TimeDelta::milliseconds(500) && lives <= TimeDelta::hours(1));
    }
});

/// Its clock stands still and moves on by itself where everything waits: Tokio's shortest sleep, a millisecond, would
/// else be most of the time of a run.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut paused = Builder::new_current_thread();
    paused.enable_time().start_paused(true).build().unwrap()
});
