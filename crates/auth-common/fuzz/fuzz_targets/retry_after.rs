//! Any bytes as `Retry-After` and as `Date`, on any refusal: never a panic, and never a pause beyond the hour and its
//! jitter.
#![no_main]

use std::sync::LazyLock;

use auth_common::testing::{ManualClock, Response, Script};
use chrono::{DateTime, TimeDelta};
use invoisys_auth::{Authenticator, Credentials, Environment};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

fuzz_target!(|answer: (u8, &[u8], &[u8])| {
    let (status, retry_after, date) = answer;
    let status = STATUSES[usize::from(status) % STATUSES.len()];
    let header = |value: &[u8]| String::from_utf8(value.to_vec());
    let (Ok(retry_after), Ok(date)) = (header(retry_after), header(date)) else {
        return;
    };
    let script = Script::new(move |_| {
        Ok(Response::json(status, "")
            .with_header("Retry-After", retry_after.clone())
            .with_header("Date", date.clone()))
    });
    let now = DateTime::from_timestamp_secs(1_800_000_000).unwrap();
    // Built without TLS.
    let base = "http://localhost".parse().unwrap();
    let credentials = Credentials::new("identity", "secret").unwrap();
    let client = Authenticator::builder(Environment::Custom(base), credentials)
        .transport(script.transport())
        .clock(ManualClock::new(now))
        .attempts(1)
        .build()
        .unwrap();
    let error = RUNTIME.block_on(client.token()).unwrap_err();
    let pause = error.retry_at().unwrap() - now;
    assert!(pause >= TimeDelta::milliseconds(800) && pause <= TimeDelta::seconds(4320));
});

/// Its clock stands still and moves on by itself where everything waits: Tokio's shortest sleep, a millisecond, would
/// else be most of the time of a run.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut paused = Builder::new_current_thread();
    paused.enable_time().start_paused(true).build().unwrap()
});

const STATUSES: [u16; 7] = [400, 403, 429, 500, 502, 503, 504];
