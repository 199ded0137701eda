#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    net::Ipv4Addr,
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
};

use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
};

use super::*;

#[test]
fn callers_share_one_look_up_of_a_name() {
    let server = NameServer::default();
    let (resolver, open) = server.resolver();
    let runtime = runtime();
    let asked = ["a.example", "a.example", "b.example"].map(|name| {
        let resolving = resolver.resolve(name.parse().unwrap());
        runtime.spawn(resolving)
    });
    assert!(resolver.is_looking_up("a.example"));
    drop(open);
    for task in asked {
        let addresses = runtime.block_on(task).unwrap().unwrap();
        assert_eq!(addresses.collect::<Vec<_>>(), [ADDRESS]);
    }
    assert_eq!(server.asked(), 2);

    // Nothing is kept: an address may change.
    let again = runtime.block_on(resolver.resolve("a.example".parse().unwrap()));
    assert_eq!(again.unwrap().count(), 1);
    assert_eq!(server.asked(), 3);
}

#[test]
fn look_up_that_failed_is_told_in_the_systems_words_and_asked_anew() {
    let resolver = Resolver::new(|_| Err(io::Error::other("no such name")));
    for _ in 0..2 {
        let outcome = runtime().block_on(resolver.resolve("a.example".parse().unwrap()));
        assert_eq!(outcome.err().unwrap().to_string(), "no such name");
        assert!(!resolver.is_looking_up("a.example"));
    }
}

#[test]
fn look_up_that_panicked_is_an_error_and_is_asked_anew() {
    let resolver = Resolver::new(|_| panic!("planned"));
    for _ in 0..2 {
        let outcome = runtime().block_on(resolver.resolve("a.example".parse().unwrap()));
        assert!(outcome.is_err());
        assert!(!resolver.is_looking_up("a.example"));
    }
}

#[test]
fn child_of_a_fork_does_not_wait_for_the_parents_look_up() {
    let server = NameServer::default();
    let (resolver, open) = server.resolver();
    let (_told, outcome) = watch::channel(None);
    resolver.under_way.lock().unwrap().push(LookUp {
        name: "a.example".to_owned(),
        process: process::id() + 1,
        outcome,
    });
    assert!(!resolver.is_looking_up("a.example"));
    drop(open);
    let outcome = runtime().block_on(resolver.resolve("a.example".parse().unwrap()));
    assert_eq!(outcome.unwrap().count(), 1);
}

#[test]
fn lock_that_another_thread_held_at_a_fork_stops_nobody() {
    let server = NameServer::default();
    let (resolver, open) = server.resolver();
    drop(open);
    let held = resolver.under_way.lock().unwrap();
    let resolving = resolver.resolve("a.example".parse().unwrap());
    assert!(!resolver.is_looking_up("a.example"));
    assert_eq!(runtime().block_on(resolving).unwrap().count(), 1);
    drop(held);
}

#[test]
fn runtime_ends_though_a_look_up_hangs() {
    let server = NameServer::default();
    let (resolver, open) = server.resolver();
    let runtime = runtime();
    let task = runtime.spawn(resolver.resolve("a.example".parse().unwrap()));
    runtime.block_on(yield_now());
    drop(runtime);
    assert!(task.is_finished());
    drop(open);
}

/// It answers as soon as it is let.
#[derive(Default)]
struct NameServer(Arc<AtomicU32>);

impl NameServer {
    /// The resolver that asks it, and what holds its answers back until it is dropped.
    fn resolver(&self) -> (Resolver, mpsc::Sender<()>) {
        let (open, closed) = mpsc::channel::<()>();
        let (asked, closed) = (Arc::clone(&self.0), Mutex::new(closed));
        let resolver = Resolver::new(move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            closed.lock().unwrap().recv().unwrap_err();
            Ok(vec![ADDRESS])
        });
        (resolver, open)
    }

    fn asked(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
