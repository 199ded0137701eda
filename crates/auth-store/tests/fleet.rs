//! Processes of a fleet, as real ones: each is this very program, started once more, and all ask one vendor on a socket.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

#[allow(dead_code)]
#[path = "redis/server.rs"]
mod server;

use std::{
    env, fs,
    io::Read,
    path::PathBuf,
    process::{Child, Command, Stdio, id},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use auth_store::{FileStore, RedisStore, StoreKey};
use zapsign_auth::{Authenticator, Vars, testing::StandIn};

use server::{Server, is_installed};

#[test]
fn cold_fleet_logs_in_once_and_a_warm_one_not_at_all() {
    let _alone = alone();
    for store in stores() {
        let vendor = StandIn::start();
        vendor.delay(Duration::from_secs(1));
        let cold = ask(&vendor, &store, PROCESSES, PASSWORD);
        let token = &cold[0];
        assert!(token.starts_with("token: "), "{token}");
        assert!(cold.iter().all(|it| it == token), "{store:?}: {cold:?}");
        assert_eq!((vendor.logins(), vendor.refused()), (1, 0), "{store:?}");

        vendor.delay(Duration::ZERO);
        let warm = ask(&vendor, &store, PROCESSES, PASSWORD);
        assert!(warm.iter().all(|it| it == token), "{store:?}");
        assert_eq!((vendor.logins(), vendor.refreshes()), (1, 0), "{store:?}");
    }
}

#[test]
fn token_that_ended_is_replaced_by_one_refresh() {
    let _alone = alone();
    for store in stores() {
        let vendor = StandIn::start();
        vendor.set_lifetime(Duration::from_secs(3));
        vendor.rotate_refresh_tokens();
        let first = ask(&vendor, &store, 1, PASSWORD);
        std::thread::sleep(Duration::from_secs(3));
        vendor.set_lifetime(Duration::from_secs(3600));
        let second = ask(&vendor, &store, PROCESSES, PASSWORD);
        let one_more = |it: &String| *it == second[0] && *it != first[0];
        assert!(second.iter().all(one_more), "{first:?} {second:?}");
        let requests = (vendor.logins(), vendor.refreshes(), vendor.refused());
        assert_eq!(requests, (1, 1, 0), "{store:?}");
    }
}

#[test]
fn wrong_password_is_sent_once_by_all_together_and_again_after_a_restart_by_none() {
    let _alone = alone();
    for store in stores() {
        let vendor = StandIn::start();
        for _ in 0..2 {
            let errors = ask(&vendor, &store, PROCESSES, "wrong-password-1");
            let refused = |it: &String| it.starts_with("error: ZapSign refused the credentials");
            assert!(errors.iter().all(refused), "{store:?}: {errors:?}");
            assert_eq!((vendor.logins(), vendor.refused()), (0, 1), "{store:?}");
        }
        // Another password has a record of its own.
        let outcomes = ask(&vendor, &store, 4, PASSWORD);
        assert!(
            outcomes.iter().all(|it| it.starts_with("token: ")),
            "{outcomes:?}"
        );
        assert_eq!((vendor.logins(), vendor.refused()), (1, 1), "{store:?}");
    }
}

#[test]
fn process_that_is_killed_while_it_asks_is_replaced_after_its_lease() {
    let _alone = alone();
    for store in stores() {
        let vendor = StandIn::start();
        vendor.hang();
        let mut leader = process(&vendor, &store, PASSWORD);
        // It has the lease once the store has a record.
        wait_for(|| !store.contents().is_empty());
        vendor.recover();
        leader.kill().unwrap();
        leader.wait().unwrap();
        let started = Instant::now();
        let outcomes = ask(&vendor, &store, 8, PASSWORD);
        assert!(
            outcomes
                .iter()
                .all(|it| it == &outcomes[0] && it.starts_with("token: "))
        );
        assert_eq!(vendor.logins(), 1, "{store:?}");
        assert!(
            started.elapsed() < Duration::from_secs(12),
            "{:?}",
            started.elapsed()
        );
    }
}

#[test]
fn store_holds_nothing_that_tells_of_token_or_credentials() {
    let _alone = alone();
    for store in stores() {
        let vendor = StandIn::start();
        let token = ask(&vendor, &store, 1, PASSWORD).remove(0);
        ask(&vendor, &store, 1, "wrong-password-1");
        let address = vendor.base_url().unwrap().to_string();
        let contents = String::from_utf8_lossy(&store.contents()).into_owned();
        assert!(contents.len() > 500, "{store:?}");
        let token = token.strip_prefix("token: ").unwrap();
        for secret in [
            token,
            PASSWORD,
            "wrong-password-1",
            USERNAME,
            "4321",
            &address,
            "ZapSign",
            "access",
        ] {
            // As it is, and as an encoding of it would begin.
            assert!(!contents.contains(secret), "{store:?} holds {secret}");
        }
    }
}

/// Where a fleet's record is.
#[derive(Debug)]
enum Store {
    Redis(Box<RedisServer>),
    File(Folder),
}

impl Store {
    fn address(&self) -> String {
        match self {
            Self::Redis(redis) => format!("redis://127.0.0.1:{}", redis.0.port),
            Self::File(folder) => folder.0.to_str().unwrap().to_owned(),
        }
    }

    /// Every name, and every byte.
    fn contents(&self) -> Vec<u8> {
        match self {
            Self::Redis(redis) => {
                // What it writes to a disk holds names and values as they are.
                if redis.0.tell("DBSIZE") == ":0" {
                    return vec![];
                }
                redis.0.tell("CONFIG SET rdbcompression no");
                redis.0.tell("SAVE");
                fs::read(redis.0.folder().join("dump.rdb")).unwrap()
            }
            Self::File(folder) => {
                let mut all = vec![];
                for entry in fs::read_dir(&folder.0).into_iter().flatten() {
                    let entry = entry.unwrap();
                    let name = entry.file_name();
                    if name.to_string_lossy().ends_with(".token") {
                        all.extend(name.as_encoded_bytes());
                        all.extend(fs::read(entry.path()).unwrap());
                    }
                }
                all
            }
        }
    }
}

struct RedisServer(Server);

impl std::fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisServer")
    }
}

#[derive(Debug)]
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One test at a time: where hundreds of processes share two cores, a lease may run out while its holder waits for one.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A store of each kind, empty.
fn stores() -> Vec<Store> {
    let name = format!("auth-store-fleet-{}-{}", id(), server::free_port());
    let mut stores = vec![Store::File(Folder(env::temp_dir().join(name)))];
    if is_installed() {
        stores.push(Store::Redis(Box::new(RedisServer(Server::start()))));
    }
    stores
}

/// What so many processes say that start together.
fn ask(vendor: &StandIn, store: &Store, processes: usize, password: &str) -> Vec<String> {
    let children: Vec<_> = (0..processes)
        .map(|_| process(vendor, store, password))
        .collect();
    let outcomes = children.into_iter().map(|mut child| {
        let mut text = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        child.wait().unwrap();
        let outcome = text.lines().find_map(|line| line.split_once("outcome: "));
        let (_, outcome) = outcome.unwrap_or_else(|| panic!("{text}"));
        outcome.to_owned()
    });
    outcomes.collect()
}

fn process(vendor: &StandIn, store: &Store, password: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "another_process", "--ignored", "--nocapture"])
        .env("ZAPSIGN_ENVIRONMENT", vendor.base_url().unwrap().as_str())
        .env("ZAPSIGN_ORGANIZATION_ID", "4321")
        .env("ZAPSIGN_USERNAME", USERNAME)
        .env("ZAPSIGN_PASSWORD", password)
        .env("AUTH_STORE_KEY", KEY)
        .env(STORE, store.address())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
#[ignore = "started by other tests"]
async fn another_process() {
    let key = StoreKey::from_env("AUTH_STORE_KEY").unwrap();
    let address = env::var(STORE).unwrap();
    let builder = Authenticator::builder_from(&Vars::process()).unwrap();
    let builder = if address.starts_with("redis") {
        builder.store(RedisStore::new(&address, key).unwrap())
    } else {
        builder.store(FileStore::new(address).with_key(key))
    };
    let outcome = match builder.build().unwrap().token().await {
        Ok(token) => format!("token: {}", token.expose_secret()),
        Err(error) => format!("error: {error}"),
    };
    println!("outcome: {outcome}");
}

fn wait_for(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(10));
    }
}

const PROCESSES: usize = 64;
const STORE: &str = "AUTH_STORE_TEST_STORE";
const KEY: &str = "3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=";
const USERNAME: &str = "dev@exemplo.com.br";
const PASSWORD: &str = "Senhaforte123";
