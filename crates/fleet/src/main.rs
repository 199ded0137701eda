//! One process of a fleet: it does what it is told on its standard input, and says on its standard output what came of
//! it, in a line of JSON for each call. It ends with its input.
//!
//! ```text
//! AUTH_STORE_KEY=… fleet-worker <name> <vendor> <redis://… | folder | none> <password> [setting…]
//! fleet-worker hold <file>
//! ```
//!
//! The latter holds the lock on a file.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program of the tests, whose panics they see"
)]

use std::{
    env,
    fs::File,
    io,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use auth_common::{ErrorKind, StoreKey, StoreState};
use auth_store::{FileStore, RedisStore};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};
use zapsign_auth::{Authenticator, Credentials, Environment, Token};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [hold, file] = &arguments[..]
        && hold == "hold"
    {
        return hold_lock(file);
    }
    let [name, vendor, store, password, settings @ ..] = &arguments[..] else {
        panic!("usage: fleet-worker <name> <vendor> <store> <password> [setting…]");
    };
    let mut worker = Worker {
        authenticator: authenticator(name, vendor, store, password, settings),
        last: None,
        api: settings
            .iter()
            .any(|it| it == "api")
            .then(|| vendor.clone()),
    };
    println!("{}", json!({ "ready": now() }));
    let mut told = lines();
    // For ever, until it is told otherwise.
    let mut every = Duration::from_secs(24 * 3600);
    loop {
        match timeout(every, told.recv()).await {
            Err(_) => worker.call(false).await,
            Ok(None) => return,
            Ok(Some(line)) => match line.split_once(' ') {
                Some(("loop", span)) => every = Duration::from_millis(span.parse().unwrap()),
                _ if line == "renew" => worker.call(true).await,
                _ if line == "invalidate" => worker.invalidate(),
                _ => worker.call(false).await,
            },
        }
    }
}

fn authenticator(
    name: &str,
    vendor: &str,
    store: &str,
    password: &str,
    settings: &[String],
) -> Authenticator {
    let credentials = Credentials::new("4321".parse().unwrap(), USER, password).unwrap();
    let environment = Environment::Custom(vendor.parse().unwrap());
    let mut builder = Authenticator::builder(environment, credentials).user_agent_prefix(name);
    for setting in settings {
        builder = match setting.split_once('=') {
            Some(("refused-pause", seconds)) => builder.cool_down(
                ErrorKind::CredentialsRefused,
                Duration::from_secs(seconds.parse().unwrap()),
            ),
            _ => builder,
        };
    }
    let key = || StoreKey::from_env("AUTH_STORE_KEY").unwrap();
    if store.starts_with("redis") {
        builder = builder.store(RedisStore::new(store, key()).unwrap());
    } else if store != "none" {
        builder = builder.store(FileStore::new(store).with_key(key()));
    }
    builder.build().unwrap()
}

fn hold_lock(file: &str) {
    let file = File::open(file).unwrap();
    file.lock().unwrap();
    println!("{}", json!({ "ready": now() }));
    io::stdin().lines().for_each(drop);
}

struct Worker {
    authenticator: Authenticator,
    last: Option<Token>,
    /// Where each token is used once it has come.
    api: Option<String>,
}

impl Worker {
    async fn call(&mut self, renew: bool) {
        let (at, begun) = (now(), Instant::now());
        let called = if renew {
            self.authenticator.renew().await
        } else {
            self.authenticator.token().await
        };
        let took = u64::try_from(begun.elapsed().as_micros()).unwrap();
        let got = now();
        let snapshot = self.authenticator.snapshot();
        let mut line = json!({
            "at": at,
            "took": took,
            "got": got,
            "logins": snapshot.logins,
            "refreshes": snapshot.refreshes,
            "adopted": snapshot.adopted,
            "store": match snapshot.store {
                StoreState::Off => "off",
                StoreState::Well => "well",
                _ => "left alone",
            },
        });
        match called {
            Ok(token) => {
                line["token"] = token.expose_secret().into();
                if let Some(api) = &self.api {
                    let status = use_token(api, token.expose_secret()).await;
                    line["api"] = status.into();
                    if status == Some(401) {
                        let invalidation = self.authenticator.invalidate(&token);
                        line["invalidation"] = format!("{invalidation:?}").into();
                    }
                }
                self.last = Some(token);
            }
            Err(error) => {
                line["error"] = error.kind().as_str().into();
                line["text"] = error.to_string().into();
                let retry_at = error.retry_at().map(|at| at.timestamp_micros());
                line["retry_at"] = retry_at.into();
            }
        }
        println!("{line}");
    }

    fn invalidate(&self) {
        let invalidation = self
            .last
            .as_ref()
            .map(|token| self.authenticator.invalidate(token));
        println!("{}", json!({ "invalidation": format!("{invalidation:?}") }));
    }
}

/// What the API answers.
async fn use_token(vendor: &str, token: &str) -> Option<u16> {
    let address = vendor.trim_start_matches("http://").trim_end_matches('/');
    let mut socket = TcpStream::connect(address).await.ok()?;
    let request = format!(
        "GET /api/v1/docs/ HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

fn lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
        // Whoever told it what to do is gone.
        std::process::exit(0);
    });
    receiver
}

/// In microseconds since 1970-01-01 UTC.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_micros()).unwrap()
}

const USER: &str = "dev@exemplo.com.br";
