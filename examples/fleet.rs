//! Eight processes with one account: one login for all of them. A stand-in for DirectLink in this process plays the
//! vendor, which takes half a second. The store is the Redis server that `REDIS_URL` names, or one that is started for the
//! purpose where `redis-server` is installed, or else a file.
//!
//! ```sh
//! cargo run --example fleet
//! ```

use std::{
    env,
    error::Error,
    fs, io,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use auth_store::{FileStore, RedisStore, StoreKey};
use directlink_auth::{
    Authenticator, Builder, Credentials, ErrorKind,
    testing::{StandIn, Vendor},
};
use secrecy::ExposeSecret;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [base, store, password] => one_process(base, store, password),
        _ => fleet(),
    }
}

/// One of the eight. In a real program, the key comes from where the password comes from.
#[tokio::main]
async fn one_process(base: &str, store: &str, password: &str) -> Result<(), Box<dyn Error>> {
    let key = StoreKey::from_env(KEY)?;
    let credentials = Credentials::new("erp", password)?;
    let builder = Authenticator::builder(base.parse()?, credentials);
    let builder: Builder = match store.strip_prefix("file:") {
        Some(folder) => builder.store(FileStore::new(folder).with_key(key)),
        None => builder.store(RedisStore::new(store, key)?),
    };
    let directlink = builder.build()?;
    let start = Instant::now();
    let outcome = match directlink.authorization().await {
        Ok(_) => "token",
        Err(error) if error.kind() == ErrorKind::CredentialsRefused => "refused",
        Err(error) => return Err(error.into()),
    };
    let adopted = directlink.snapshot().adopted;
    println!("{outcome} {adopted} {}", start.elapsed().as_millis());
    Ok(())
}

fn fleet() -> Result<(), Box<dyn Error>> {
    let vendor = StandIn::playing(Vendor::with_user("erp", "a password"));
    vendor.delay(Duration::from_millis(500));
    let store = Store::start()?;
    let fleet = Fleet {
        base: vendor.base_url()?.to_string(),
        key: StoreKey::generate()?.to_text().expose_secret().to_owned(),
        store: store.url.clone(),
    };
    println!("{PROCESSES} processes, one account, and {}", store.what);
    println!();
    println!("                   | tokens | refused | adopted | slowest | requests to the vendor");
    println!("-------------------|--------|---------|---------|---------|-----------------------");
    let stage = |name: &str, password: &str| -> Result<(), Box<dyn Error>> {
        let before = vendor.logins() + vendor.refused();
        let told = fleet.ask(password)?;
        let requests = vendor.logins() + vendor.refused() - before;
        println!("{name:<18} | {told} | {requests:>22}");
        Ok(())
    };
    stage("cold", "a password")?;
    stage("warm", "a password")?;
    stage("a wrong password", "another one")?;

    // Another password, so that the fleet is cold; and whoever asks first is killed while it does.
    vendor.play(Vendor::with_user("erp", "a new password"));
    let mut leader = fleet.process("a new password")?;
    thread::sleep(Duration::from_millis(250));
    leader.kill()?;
    leader.wait()?;
    stage("the leader killed", "a new password")?;
    Ok(())
}

struct Fleet {
    base: String,
    store: String,
    key: String,
}

impl Fleet {
    fn process(&self, password: &str) -> io::Result<Child> {
        Command::new(env::current_exe()?)
            .args([&self.base, &self.store, password])
            .env(KEY, &self.key)
            .stdout(Stdio::piped())
            .spawn()
    }

    /// What comes of all processes asking at once: a part of the table's line.
    fn ask(&self, password: &str) -> Result<String, Box<dyn Error>> {
        let processes: Vec<Child> = (0..PROCESSES)
            .map(|_| self.process(password))
            .collect::<io::Result<_>>()?;
        let (mut tokens, mut refused, mut adopted, mut slowest) = (0, 0, 0, 0);
        for process in processes {
            let said = String::from_utf8(process.wait_with_output()?.stdout)?;
            let mut words = said.split_whitespace();
            match words.next() {
                Some("token") => tokens += 1,
                Some("refused") => refused += 1,
                _ => return Err("a process failed".into()),
            }
            let mut number = || -> Result<u64, Box<dyn Error>> {
                Ok(words.next().ok_or("a number is missing")?.parse()?)
            };
            adopted += number()?;
            slowest = slowest.max(number()?);
        }
        Ok(format!(
            "{tokens:>6} | {refused:>7} | {adopted:>7} | {slowest:>4} ms"
        ))
    }
}

/// Where the fleet's token is.
struct Store {
    url: String,
    what: &'static str,
    server: Option<Child>,
    folder: Option<PathBuf>,
}

impl Store {
    fn start() -> Result<Self, Box<dyn Error>> {
        if let Ok(url) = env::var("REDIS_URL") {
            return Ok(Self::of(url, "the Redis server that REDIS_URL names"));
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn();
        let Ok(server) = server else {
            let folder = env::temp_dir().join(format!("fleet-{}", process::id()));
            let url = format!("file:{}", folder.display());
            let mut store = Self::of(url, "a file, since there is no redis-server");
            store.folder = Some(folder);
            return Ok(store);
        };
        let url = format!("redis://127.0.0.1:{port}");
        let mut store = Self::of(url, "a Redis server");
        store.server = Some(server);
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if start.elapsed() > Duration::from_secs(10) {
                return Err("redis-server does not answer".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(store)
    }

    fn of(url: String, what: &'static str) -> Self {
        Self {
            url,
            what,
            server: None,
            folder: None,
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            // Nobody else uses it.
            let _ = server.kill().and_then(|()| server.wait());
        }
        if let Some(folder) = &self.folder {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

const PROCESSES: usize = 8;
const KEY: &str = "AUTH_STORE_KEY";
