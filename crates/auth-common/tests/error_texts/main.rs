//! The page `docs/error-texts.md`: one real example of each error's text, made here, each by the way on which it comes
//! about. To write it anew: `BLESS=1 cargo test -p auth-common --all-features --test error_texts`.
//!
//! The words of the operating system are those of Linux.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../certificates/chain.rs"]
#[expect(dead_code, reason = "the tests of certificates use more of it")]
mod chain;
mod configurations;
mod page;
#[path = "../certificates/server.rs"]
#[expect(dead_code, reason = "the tests of certificates use more of it")]
mod server;
mod sockets;
mod stories;
#[path = "../plugs/vendor.rs"]
#[expect(dead_code, reason = "the tests of the plugs use more of it")]
mod vendor;

use crate::{page::page, vendor::Problem};

#[test]
fn page_of_error_texts_is_what_the_errors_say() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/error-texts.md");
    let mut examples = run(true, stories::examples());
    examples.extend(run(false, sockets::examples()));
    examples.push(run(true, sockets::paused()));
    let written = page(&examples, &configurations::examples());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, &written).unwrap();
        return;
    }
    let text = std::fs::read_to_string(file).unwrap();
    let differs = text.lines().zip(written.lines()).find(|(a, b)| a != b);
    assert!(text == written, "the page is not up to date: {differs:#?}");
}

/// Where nothing real is waited for, time is paused.
fn run<T>(paused: bool, examples: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(paused).build().unwrap();
    runtime.block_on(examples)
}

type Error = auth_common::Error<Problem>;
