//! What every [`TokenStore`] must do, as tests for an engine of your own.
//!
//! ```
//! # #[cfg(any(feature = "rustls", feature = "rustls-ring"))] {
//! use auth_common::{
//!     StoreKey,
//!     testing::{MemoryStore, store_contract},
//! };
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
//! let store = MemoryStore::new(StoreKey::generate()?);
//! store_contract::check(|| store.clone()).await;
//! store_contract::check_restart(|| store.clone(), async || store.restart()).await;
//! # Ok::<(), auth_common::ConfigurationError>(())
//! # }).unwrap();
//! # }
//! ```

#![allow(clippy::expect_used, reason = "a test fails by a panic")]

use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use tokio::{
    task::{JoinSet, yield_now},
    time::sleep,
};

use crate::{Loaded, RecordKey, Seen, Session, StoreKey, Swapped, TokenStore, clock::Clock};

/// Checks everything but [`check_restart`] and [`check_outage`]. `open` opens the store once more, as another process
/// does; what a test leaves behind is under names of its own, and may be forgotten after a minute.
///
/// It takes 64 × 1,000 successful swaps, so most of the time is spent in [`check_swaps`].
///
/// # Panics
///
/// When the engine does otherwise. The text says what is wrong.
pub async fn check<S: TokenStore>(open: impl Fn() -> S) {
    check_register(&open).await;
    check_values(&open).await;
    check_dropped_swap(&open).await;
    check_clock(&open).await;
    check_swaps(&open, 64, 1000).await;
}

/// Checks that a swap writes if what is there is what was seen, and only then.
///
/// # Panics
///
/// When it is otherwise.
pub async fn check_register<S: TokenStore>(open: impl Fn() -> S) {
    let (one, other) = (Process::new(open()), Process::new(open()));
    let [key, foreign] = keys();

    let empty = one.load(&key).await;
    assert_eq!(empty.value(), None, "there is a value that nobody wrote");
    let first = one.swap(&key, empty.seen(), b"first").await;
    let first = first.seen().expect("the first swap met a conflict");
    let loaded = other.load(&key).await;
    assert_eq!(loaded.value(), Some(&b"first"[..]), "a write is not seen");

    let late = other.swap(&key, empty.seen(), b"late").await;
    assert!(late.seen().is_none(), "a value was overwritten unseen");
    assert_eq!(one.load(&key).await.value(), Some(&b"first"[..]));

    let second = one.swap(&key, first, b"second").await;
    let second = second.seen();
    let second = second.expect("what a swap returns does not do for the next swap");
    let late = other.swap(&key, loaded.seen(), b"late").await;
    assert!(late.seen().is_none(), "a newer value was overwritten");
    let third = other.swap(&key, second, b"third").await;
    assert!(
        third.seen().is_some(),
        "a swap without a load of its own failed"
    );
    assert_eq!(one.load(&key).await.value(), Some(&b"third"[..]));

    let loaded = one.load(&foreign).await;
    assert_eq!(loaded.value(), None, "one value has two names");
    let swapped = one.swap(&foreign, loaded.seen(), b"foreign").await;
    assert!(swapped.seen().is_some());
    assert_eq!(other.load(&key).await.value(), Some(&b"third"[..]));

    // A flight keeps its session, and others begin while it lasts.
    let mut session = Session::new();
    let loaded = one.store.load(&mut session, &key).await.expect("a load");
    let seen = loaded.seen();
    let swapped = one.store.swap(&mut session, &key, seen, b"4", KEEP).await;
    assert!(swapped.expect("a swap").seen().is_some());
    assert_eq!(one.load(&key).await.value(), Some(&b"4"[..]));
    let loaded = one.store.load(&mut session, &key).await.expect("a load");
    assert_eq!(loaded.value(), Some(&b"4"[..]));
}

/// Checks that a value comes back byte for byte, up to 64 KiB.
///
/// # Panics
///
/// When it does not.
pub async fn check_values<S: TokenStore>(open: impl Fn() -> S) {
    let process = Process::new(open());
    let [key, _] = keys();
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let longest: Vec<u8> = every_byte.iter().copied().cycle().take(64 * 1024).collect();
    for value in [&b"\0"[..], b"\r\n", b"-1", &every_byte, &longest] {
        let seen = process.load(&key).await.seen;
        let swapped = process.swap(&key, &seen, value).await;
        assert!(
            swapped.seen().is_some(),
            "a swap met a conflict with nobody"
        );
        let loaded = process.load(&key).await;
        assert!(
            loaded.value() == Some(value),
            "{} bytes changed",
            value.len()
        );
    }
}

/// Checks that a swap which its caller drops, as on a timeout, is done wholly or not at all, and leaves the store usable.
///
/// # Panics
///
/// When it is done in part, or the store is unusable after it.
pub async fn check_dropped_swap<S: TokenStore>(open: impl Fn() -> S) {
    let (one, other) = (Process::new(open()), Process::new(open()));
    let [key, _] = keys();
    let (before, after) = (vec![b'b'; 5000], vec![b'a'; 5000]);
    for polls in 0..20 {
        let seen = one.load(&key).await.seen;
        assert!(one.swap(&key, &seen, &before).await.seen().is_some());
        let seen = one.load(&key).await.seen;
        let mut session = Session::new();
        let mut swap = pin!(one.store.swap(&mut session, &key, &seen, &after, KEEP));
        let mut left = polls;
        poll_fn(|context| {
            if left == 0 || swap.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            left -= 1;
            Poll::Pending
        })
        .await;
        let loaded = other.load(&key).await;
        let whole = loaded.value() == Some(&*before) || loaded.value() == Some(&*after);
        assert!(whole, "a swap was done in part");
        // It may still be under way; then this meets a conflict, and the next does not.
        for attempt in 0.. {
            let seen = other.load(&key).await.seen;
            if other.swap(&key, &seen, b"x").await.seen().is_some() {
                break;
            }
            assert!(
                attempt < 3,
                "no swap is possible after one that was dropped"
            );
        }
    }
}

/// Checks that the store's clock moves on, and that its incarnation stays, while nothing happens.
///
/// # Panics
///
/// When it is otherwise.
pub async fn check_clock<S: TokenStore>(open: impl Fn() -> S) {
    let (one, other) = (Process::new(open()), Process::new(open()));
    let [key, _] = keys();
    let started = Instant::now();
    let first = one.load(&key).await;
    let swapped = other.swap(&key, first.seen(), b"x").await;
    let last = other.load(&key).await;
    let readings = [&first.reading, &swapped.reading, &last.reading];
    for pair in readings.windows(2) {
        if let [earlier, later] = pair {
            assert_eq!(earlier.incarnation, later.incarnation, "a new incarnation");
            assert!(later.now >= earlier.now, "the clock went back");
        }
    }
    if let (Some(first), Some(last)) = (first.reading.now, last.reading.now) {
        let passed = last.saturating_sub(first);
        let tick = Duration::from_secs(1);
        assert!(passed <= started.elapsed() + tick, "the clock is too fast");
    }
}

/// Checks that of `tasks` tasks, each of which increments a number `times` times by swap, none loses an increment.
///
/// # Panics
///
/// When one does.
pub async fn check_swaps<S: TokenStore>(open: impl Fn() -> S, tasks: u64, times: u64) {
    let [key, _] = keys();
    let key = Arc::new(key);
    let mut running = JoinSet::new();
    for _ in 0..tasks {
        let (store, key) = (open(), Arc::clone(&key));
        running.spawn(async move {
            let mut session = Session::new();
            for _ in 0..times {
                increment(&store, &mut session, &key).await;
            }
        });
    }
    while let Some(task) = running.join_next().await {
        task.expect("a task failed");
    }
    let loaded = Process::new(open()).load(&key).await;
    assert_eq!(number(&loaded), tasks * times, "increments were lost");
}

async fn increment<S: TokenStore>(store: &S, session: &mut Session, key: &RecordKey) {
    for conflicts in 0.. {
        let loaded = store.load(session, key).await.expect("a load");
        let next = (number(&loaded) + 1).to_string();
        // An engine that never waits would be left alone with its value otherwise.
        yield_now().await;
        let swap = store.swap(session, key, loaded.seen(), next.as_bytes(), KEEP);
        if swap.await.expect("a swap").seen().is_some() {
            return;
        }
        // All of them together would stand in each other's way for ever.
        if conflicts > 2 {
            let longest = 1 << conflicts.min(6);
            sleep(Duration::from_millis(longest) * Clock::System.draw() / 1000).await;
        }
    }
}

fn number(loaded: &Loaded) -> u64 {
    let text = loaded.value().unwrap_or(b"0");
    let text = std::str::from_utf8(text).expect("another value than any that was written");
    text.parse()
        .expect("another value than any that was written")
}

/// Checks that `restart`, which restarts the store or puts a replica in its place, makes another incarnation of it, and
/// that the engine finds it.
///
/// # Panics
///
/// When the incarnation stays the same, or the engine fails after `restart` has returned.
pub async fn check_restart<S: TokenStore>(open: impl Fn() -> S, restart: impl AsyncFnOnce()) {
    let process = Process::new(open());
    let [key, _] = keys();
    let before = process.load(&key).await.reading.incarnation;
    assert!(before.is_some(), "the incarnation cannot be told");
    restart().await;
    let after = process.load(&key).await;
    assert_ne!(after.reading.incarnation, before, "the same incarnation");
    let swapped = process.swap(&key, after.seen(), b"x").await;
    assert_eq!(swapped.reading.incarnation, after.reading.incarnation);
}

/// Checks that a store which is out of order, as `open` opens it, fails within `limit`, and neither hangs nor panics.
///
/// # Panics
///
/// When a call is successful, or takes longer.
pub async fn check_outage<S: TokenStore>(open: impl Fn() -> S, limit: Duration) {
    let store = open();
    let [key, _] = keys();
    let started = Instant::now();
    let loaded = store.load(&mut Session::new(), &key).await;
    assert!(loaded.is_err(), "a load was successful");
    let load = started.elapsed();
    assert!(load <= limit, "a load took {load:?}");
    let started = Instant::now();
    let seen = Seen::nothing();
    let swapped = store
        .swap(&mut Session::new(), &key, &seen, b"x", KEEP)
        .await;
    assert!(swapped.is_err(), "a swap was successful");
    let swap = started.elapsed();
    assert!(swap <= limit, "a swap took {swap:?}");
}

/// Each call has a session of its own.
struct Process<S> {
    store: S,
}

impl<S: TokenStore> Process<S> {
    fn new(store: S) -> Self {
        Self { store }
    }

    async fn load(&self, key: &RecordKey) -> Loaded {
        let mut session = Session::new();
        self.store.load(&mut session, key).await.expect("a load")
    }

    async fn swap(&self, key: &RecordKey, seen: &Seen, value: &[u8]) -> Swapped {
        let mut session = Session::new();
        let swap = self.store.swap(&mut session, key, seen, value, KEEP);
        swap.await.expect("a swap")
    }
}

/// The key of a record, for tests of an engine's own: the same for the same `name`, in every process.
///
/// # Panics
///
/// When the features bring no cryptography along.
pub fn record_key(name: &str) -> RecordKey {
    let key = StoreKey::parse(EVERYBODYS).expect("the features bring no cryptography");
    named(&key, name)
}

/// Names that nobody has used before.
fn keys() -> [RecordKey; 2] {
    let key = StoreKey::generate().expect("the features bring no cryptography");
    ["one", "other"].map(|name| named(&key, name))
}

fn named(key: &StoreKey, name: &str) -> RecordKey {
    let base = "https://vendor.example".parse().expect("a URL");
    let keys = key.record_keys("Contract", &base, &[name]);
    let keys = keys.expect("the features bring no cryptography");
    keys.current().expect("a key").clone()
}

const KEEP: Duration = Duration::from_secs(60);
const EVERYBODYS: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
