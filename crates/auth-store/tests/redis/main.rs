//! The engine on Redis, against real servers: the contract of all engines, and what may happen to a server.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod server;
mod tls;

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use auth_common::{
    Loaded, Seen, Session, StoreError, StoreKey, Swapped, TokenStore,
    testing::store_contract::{self, record_key},
};
use auth_store::RedisStore;

use server::{Server, free_port, is_installed};

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    if !is_installed() {
        return;
    }
    let server = Server::start();
    store_contract::check(|| store(&server)).await;
}

#[tokio::test]
async fn restart_is_another_incarnation() {
    if !is_installed() {
        return;
    }
    let server = Mutex::new(Server::start());
    let url = url(&server.lock().unwrap());
    let open = || RedisStore::new(&url, key()).unwrap();
    store_contract::check_restart(open, async || server.lock().unwrap().restart()).await;
}

/// One server, the other, and the first again, which was never restarted: it has the same name, and other data.
#[tokio::test]
async fn each_promotion_is_another_incarnation() {
    if !is_installed() {
        return;
    }
    let (one, other) = (Server::start(), Server::start());
    follow(&other, &one);
    let before = load(&store(&one)).await.unwrap();
    swap(&store(&one), before.seen(), b"x").await.unwrap();
    other.wait_for(
        &format!("GET tokens-br:1:{}", record_key("redis").name()),
        "x",
    );
    other.tell("REPLICAOF NO ONE");
    let between = load(&store(&other)).await.unwrap();
    assert_eq!(between.value(), Some(&b"x"[..]));
    follow(&one, &other);
    one.tell("REPLICAOF NO ONE");
    let after = load(&store(&one)).await.unwrap();
    let incarnations = [before, between, after].map(|it| it.reading().incarnation().cloned());
    assert!(incarnations.iter().all(Option::is_some), "{incarnations:?}");
    for (one, other) in [(0, 1), (1, 2), (0, 2)] {
        assert_ne!(incarnations[one], incarnations[other]);
    }
}

#[tokio::test]
async fn refused_port_fails_at_once() {
    let store = RedisStore::new(&format!("redis://127.0.0.1:{}", free_port()), key()).unwrap();
    store_contract::check_outage(|| store.clone(), Duration::from_millis(300)).await;
    let error = load(&store).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the token store failed: no connection: connection refused"
    );
}

#[tokio::test]
async fn server_that_stands_still_costs_a_second_to_connect() {
    if !is_installed() {
        return;
    }
    let server = Server::start();
    server.pause();
    store_contract::check_outage(|| store(&server), Duration::from_millis(1300)).await;
    server.resume();
    store_contract::check_register(|| store(&server)).await;
}

/// What had timed out here is carried out there, and what was written since is left alone by it.
#[tokio::test]
async fn swap_without_an_answer_takes_half_a_second_and_is_done_late() {
    if !is_installed() {
        return;
    }
    let server = Server::start();
    let (store, key) = (store(&server), record_key("redis"));
    let mut session = Session::new();
    let loaded = store.load(&mut session, &key).await.unwrap();
    server.pause();
    let started = Instant::now();
    let swapped = store
        .swap(&mut session, &key, loaded.seen(), b"late", KEEP)
        .await;
    let took = started.elapsed();
    assert_eq!(
        swapped.unwrap_err().to_string(),
        "the token store failed: no answer in time"
    );
    assert!(
        took >= Duration::from_millis(500) && took < Duration::from_millis(800),
        "{took:?}"
    );
    server.resume();
    let late = format!("GET tokens-br:1:{}", key.name());
    server.wait_for(&late, "late");
    let conflict = store
        .swap(&mut session, &key, loaded.seen(), b"never", KEEP)
        .await;
    assert!(conflict.unwrap().seen().is_none());
}

#[tokio::test]
async fn late_swap_overwrites_nothing_newer() {
    if !is_installed() {
        return;
    }
    let server = Server::start();
    let (store, key) = (store(&server), record_key("redis"));
    let (mut session, mut other) = (Session::new(), Session::new());
    let seen = store.load(&mut session, &key).await.unwrap();
    store.load(&mut other, &key).await.unwrap();
    server.pause();
    // The server has both before it goes on, and takes the first one first.
    let (first, second) = tokio::join!(
        store.swap(&mut session, &key, seen.seen(), b"first", KEEP),
        store.swap(&mut other, &key, seen.seen(), b"second", KEEP),
    );
    assert!(first.is_err() && second.is_err());
    server.resume();
    let get = format!("GET tokens-br:1:{}", key.name());
    let started = Instant::now();
    while load(&store).await.unwrap().value().is_none() {
        assert!(started.elapsed() < Duration::from_secs(20));
    }
    let written = server.tell(&get);
    // A moment later it is still the same.
    load(&store).await.unwrap();
    assert_eq!(server.tell(&get), written);
}

#[tokio::test]
async fn connection_that_ended_is_replaced() {
    if !is_installed() {
        return;
    }
    let mut server = Server::start();
    let (store, key) = (store(&server), record_key("redis"));
    let mut session = Session::new();
    store.load(&mut session, &key).await.unwrap();
    server.restart();
    let error = store.load(&mut session, &key).await.unwrap_err();
    assert!(
        error.to_string().contains("the connection ended"),
        "{error}"
    );
    store.load(&mut session, &key).await.unwrap();
}

#[tokio::test]
async fn wrong_password_is_told_and_not_shown() {
    if !is_installed() {
        return;
    }
    let server = Server::with(&["--requirepass", "right-password"]);
    let at = |who: &str| {
        let url = format!("redis://{who}127.0.0.1:{}", server.port);
        RedisStore::new(&url, key()).unwrap()
    };
    for who in [":wrong-password@", "somebody:wrong-password@"] {
        let error = load(&at(who)).await.unwrap_err().to_string();
        assert_eq!(
            error,
            "the token store failed: it refuses the user or the password"
        );
    }
    let error = load(&at("")).await.unwrap_err().to_string();
    assert_eq!(error, "the token store failed: it says NOAUTH");
    store_contract::check_register(|| at(":right-password@")).await;
}

#[tokio::test]
async fn user_of_an_access_list_needs_little() {
    if !is_installed() {
        return;
    }
    let server = Server::start();
    let grant = |user: &str, more: &str| {
        let rule = format!("ACL SETUSER {user} on >secret ~tokens-br:* +eval +get +set {more}");
        assert_eq!(server.tell(&rule), "+OK");
        RedisStore::new(
            &format!("redis://{user}:secret@127.0.0.1:{}", server.port),
            key(),
        )
        .unwrap()
    };
    for (user, more, clock, incarnation) in [
        ("all", "+time +info", true, true),
        ("without-info", "+time", true, false),
        ("without-time", "+info", false, true),
        ("without-both", "", false, false),
    ] {
        let store = grant(user, more);
        store_contract::check_register(|| store.clone()).await;
        let reading = load(&store).await.unwrap().reading().clone();
        assert_eq!(reading.now().is_some(), clock, "{user}");
        assert_eq!(reading.incarnation().is_some(), incarnation, "{user}");
    }
    assert_eq!(
        server.tell("ACL SETUSER other on >secret ~else:* +@all"),
        "+OK"
    );
    let url = format!("redis://other:secret@127.0.0.1:{}", server.port);
    let error = load(&RedisStore::new(&url, key()).unwrap())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("it says") && !error.contains("secret"),
        "{error}"
    );
}

#[tokio::test]
async fn databases_are_apart() {
    if !is_installed() {
        return;
    }
    let server = Server::start();
    let database = |number: u32| {
        let url = format!("redis://127.0.0.1:{}/{number}", server.port);
        RedisStore::new(&url, key()).unwrap()
    };
    swap(&database(3), &Seen::nothing(), b"x").await.unwrap();
    assert_eq!(load(&database(3)).await.unwrap().value(), Some(&b"x"[..]));
    assert_eq!(load(&database(0)).await.unwrap().value(), None);
    assert!(load(&database(99)).await.is_err());
}

#[tokio::test]
async fn replica_that_only_reads_fails_each_swap() {
    if !is_installed() {
        return;
    }
    let (one, other) = (Server::start(), Server::start());
    follow(&other, &one);
    let loaded = load(&store(&other)).await.unwrap();
    let error = swap(&store(&other), loaded.seen(), b"x").await.unwrap_err();
    assert!(error.to_string().contains("READONLY"), "{error}");
}

#[tokio::test]
async fn server_without_room_fails_each_swap_and_is_still_read() {
    if !is_installed() {
        return;
    }
    let server = Server::start();
    swap(&store(&server), &Seen::nothing(), b"x").await.unwrap();
    assert_eq!(server.tell("CONFIG SET maxmemory 1"), "+OK");
    let loaded = load(&store(&server)).await.unwrap();
    assert_eq!(loaded.value(), Some(&b"x"[..]));
    let error = swap(&store(&server), loaded.seen(), b"y")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("OOM"), "{error}");
}

#[tokio::test]
async fn flushed_and_evicted_values_are_absent() {
    if !is_installed() {
        return;
    }
    let server = Server::start();
    let swapped = swap(&store(&server), &Seen::nothing(), b"x").await.unwrap();
    server.tell("FLUSHALL");
    assert_eq!(load(&store(&server)).await.unwrap().value(), None);
    let late = swap(&store(&server), swapped.seen().unwrap(), b"y")
        .await
        .unwrap();
    assert!(late.seen().is_none());
}

#[tokio::test]
async fn foreign_value_under_the_name_is_an_error() {
    if !is_installed() {
        return;
    }
    let server = Server::start();
    server.tell(&format!(
        "LPUSH tokens-br:1:{} x",
        record_key("redis").name()
    ));
    let error = load(&store(&server)).await.unwrap_err();
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
}

#[tokio::test]
async fn server_of_another_kind_is_an_error() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
            let _ = tokio::io::AsyncWriteExt::write_all(&mut socket, answer).await;
        }
    });
    let store = RedisStore::new(&format!("redis://127.0.0.1:{port}"), key()).unwrap();
    store_contract::check_outage(|| store.clone(), Duration::from_millis(1300)).await;
}

#[tokio::test]
async fn values_are_forgotten_in_time() {
    if !is_installed() {
        return;
    }
    let server = Server::start();
    let (store, key) = (store(&server), record_key("redis"));
    let name = format!("tokens-br:1:{}", key.name());
    for (keep, least, most) in [
        (90, 80_000, 90_000),
        (u64::MAX / 1000, 900_000_000_000, 1_000_000_000_000),
    ] {
        let seen = load(&store).await.unwrap();
        let keep = Duration::from_secs(keep);
        let swapped = store
            .swap(&mut Session::new(), &key, seen.seen(), b"x", keep)
            .await;
        assert!(swapped.unwrap().seen().is_some());
        let left: i64 = server.tell(&format!("PTTL {name}"))[1..].parse().unwrap();
        assert!((least..=most).contains(&left), "{left}");
    }
}

#[tokio::test]
async fn no_connection_outlives_its_session() {
    if !is_installed() {
        return;
    }
    let server = Server::start();
    let clients = || {
        server.tell("INFO clients").lines().find_map(|line| {
            line.strip_prefix("connected_clients:")
                .map(|number| number.trim().parse::<u32>().unwrap())
        })
    };
    let store = store(&server);
    let mut session = Session::new();
    for _ in 0..3 {
        store
            .load(&mut session, &record_key("redis"))
            .await
            .unwrap();
    }
    assert_eq!(clients(), Some(2), "one for the session, and one that asks");
    drop(session);
    server.wait_for("INFO clients", "connected_clients:1\r");
}

fn follow(replica: &Server, server: &Server) {
    replica.tell(&format!("REPLICAOF 127.0.0.1 {}", server.port));
    replica.wait_for("INFO replication", "master_link_status:up");
}

fn url(server: &Server) -> String {
    format!("redis://127.0.0.1:{}", server.port)
}

fn store(server: &Server) -> RedisStore {
    RedisStore::new(&url(server), key()).unwrap()
}

fn key() -> StoreKey {
    StoreKey::generate().unwrap()
}

async fn load(store: &RedisStore) -> Result<Loaded, StoreError> {
    store.load(&mut Session::new(), &record_key("redis")).await
}

async fn swap(store: &RedisStore, seen: &Seen, value: &[u8]) -> Result<Swapped, StoreError> {
    let (mut session, key) = (Session::new(), record_key("redis"));
    store.swap(&mut session, &key, seen, value, KEEP).await
}

const KEEP: Duration = Duration::from_secs(60);
