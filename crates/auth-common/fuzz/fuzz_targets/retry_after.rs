//! Any bytes as `Retry-After` and as `Date`: never a panic, and never a pause beyond the hour and its jitter.
#![no_main]

use std::sync::LazyLock;

use auth_common::testing::{ManualClock, Reply, Script};
use chrono::{DateTime, TimeDelta};
use http::{HeaderValue, header};
use invoisys_auth::{Authenticator, Credentials, Environment};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

fuzz_target!(|answer: (bool, &[u8], &[u8])| {
    let (busy, retry_after, date) = answer;
    let header = |value| HeaderValue::from_bytes(value);
    let (Ok(retry_after), Ok(date)) = (header(retry_after), header(date)) else {
        return;
    };
    let script = Script::new(move |_| {
        Reply::json(if busy { 503 } else { 429 }, "")
            .header(header::RETRY_AFTER, retry_after.clone())
            .header(header::DATE, date.clone())
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
