mod address;
mod connection;

use std::{fmt, sync::Arc, time::Duration};

use auth_common::{
    __private::TlsConnector, ConfigurationError, Incarnation, Loaded, Reading, RecordKey, Seen,
    Session, StoreError, StoreFuture, StoreKey, Swapped, TokenStore,
};
use redis::{Cmd, Value, cmd};

use address::Address;
use connection::Connection;

/// A token for a fleet of processes, on one host or on many: in Redis 6 or later, or in Valkey.
///
/// Each set of credentials is one key, `tokens-br:1:` and 32 hexadecimal digits, so a cluster may be used through one of
/// its nodes only if the node has all keys. The server sees sealed bytes. Each call for a token that the cache cannot
/// answer opens a connection and closes it again: a second at most to connect, and half a second for each answer.
///
/// The user may be limited to `EVAL`, `GET`, `SET`, `TIME` and `INFO` on these keys. Without `INFO` nobody can tell one
/// server from the replica that took its place, and refresh tokens are not shared.
///
/// ```
/// # #[cfg(any(feature = "rustls", feature = "rustls-ring"))] {
/// use auth_common::StoreKey;
/// use auth_store::RedisStore;
///
/// # let key = StoreKey::generate()?;
/// // In a program: StoreKey::from_env("AUTH_STORE_KEY")?
/// let store = RedisStore::new("rediss://tokens:secret@redis.internal:6380", key)?;
/// assert_eq!(
///     format!("{store:?}"),
///     "RedisStore { address: \"rediss://redis.internal:6380/0\", .. }"
/// );
/// # }
/// # Ok::<(), auth_common::ConfigurationError>(())
/// ```
#[derive(Clone)]
pub struct RedisStore {
    address: Arc<Address>,
    /// `None` without TLS. Where the machine has no root certificates, one may be given yet.
    tls: Option<Result<TlsConnector, ConfigurationError>>,
    roots: Vec<Vec<u8>>,
    key: StoreKey,
}

impl RedisStore {
    /// The server at `url`: `rediss://user:password@host:port/database`, of which only the host is required. The scheme
    /// `redis`, without TLS, is for a server on this machine. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the URL is refused. The error does not show it.
    pub fn new(url: &str, key: StoreKey) -> Result<Self, ConfigurationError> {
        let address = Address::parse(url)?;
        let tls = address.tls.then(|| TlsConnector::new(&[]));
        if let Some(Err(error)) = &tls
            && error.field() != MISSING_ROOTS
        {
            return Err(error.clone());
        }
        Ok(Self {
            address: Arc::new(address),
            tls,
            roots: vec![],
            key,
        })
    }

    /// Trusts certificates that `pem` vouches for, beside those that the platform trusts: for a server with a certificate
    /// of one's own.
    ///
    /// # Errors
    ///
    /// When `pem` is not one or more certificates in PEM, or the scheme is `redis`.
    pub fn with_root_certificate(mut self, pem: &[u8]) -> Result<Self, ConfigurationError> {
        if !self.address.tls {
            let rule = "is for an address that begins with rediss://";
            return Err(ConfigurationError::new("root certificate", rule));
        }
        self.roots.push(pem.to_vec());
        self.tls = Some(Ok(TlsConnector::new(&self.roots)?));
        Ok(self)
    }

    /// Carries out `command`, on the connection of the session if it has one.
    async fn ask(&self, session: &mut Session, command: &Cmd) -> Result<Reply, StoreError> {
        let mut connection = match session.take::<Connection>() {
            Some(connection) => connection,
            None => {
                let tls = self.tls.as_ref().map(Result::as_ref).transpose();
                let tls = tls.map_err(|lack| StoreError::new(lack.to_string()))?;
                Connection::open(&self.address, tls).await?
            }
        };
        let reply = connection.ask(command).await?;
        // One that failed is dropped: what it may still receive is the answer to something else.
        session.keep(connection);
        Reply::read(reply)
    }
}

impl TokenStore for RedisStore {
    fn key(&self) -> Option<&StoreKey> {
        Some(&self.key)
    }

    fn load<'a>(&'a self, session: &'a mut Session, key: &'a RecordKey) -> StoreFuture<'a, Loaded> {
        Box::pin(async move {
            let mut command = script(LOAD, key);
            command.arg("");
            let Reply { value, reading, .. } = self.ask(session, &command).await?;
            let seen = value.clone().map_or_else(Seen::nothing, Seen::something);
            Ok(Loaded::new(value, seen, reading))
        })
    }

    fn swap<'a>(
        &'a self,
        session: &'a mut Session,
        key: &'a RecordKey,
        seen: &'a Seen,
        value: &'a [u8],
        keep: Duration,
    ) -> StoreFuture<'a, Swapped> {
        Box::pin(async move {
            let mut command = script(SWAP, key);
            command.arg(value).arg(
                u64::try_from(keep.as_millis())
                    .unwrap_or(u64::MAX)
                    .clamp(1, LONGEST_KEEP),
            );
            if let Some(seen) = seen.as_bytes() {
                command.arg(seen);
            }
            let reply = self.ask(session, &command).await?;
            Ok(if reply.done {
                Swapped::stored(Seen::something(value), reply.reading)
            } else {
                Swapped::conflict(reply.reading)
            })
        })
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("address", &self.address.to_string())
            .finish_non_exhaustive()
    }
}

fn script(script: &str, key: &RecordKey) -> Cmd {
    let mut command = cmd("EVAL");
    command
        .arg(format!("{script}{READING}"))
        .arg(1)
        .arg(format!("{PREFIX}{}", key.name()));
    command
}

/// What a script returns: whether it wrote, the value, the time in seconds and microseconds, the server's name, and that
/// of its data.
type Told = (
    bool,
    Option<Vec<u8>>,
    Option<u64>,
    Option<u32>,
    Option<String>,
    Option<String>,
);

struct Reply {
    done: bool,
    value: Option<Vec<u8>>,
    reading: Reading,
}

impl Reply {
    fn read(reply: Value) -> Result<Self, StoreError> {
        let foreign = || StoreError::new("it does not answer as Redis does");
        let told: Told = redis::from_redis_value(reply).map_err(|_| foreign())?;
        let (done, value, seconds, micros, server, data) = told;
        let now = seconds.zip(micros).map(|(seconds, micros)| {
            Duration::from_secs(seconds).saturating_add(Duration::from_micros(micros.into()))
        });
        // The server that answers, and whose data it has: the one changes with each start, and the other when a replica
        // takes a server's place. A server that was replaced and comes back has its old name, and other data.
        let incarnation = server
            .zip(data)
            .map(|(server, data)| Incarnation::new(format!("{server}:{data}")));
        Ok(Self {
            done,
            value,
            reading: Reading::new(now, incarnation),
        })
    }
}

/// What the error calls them.
const MISSING_ROOTS: &str = "root certificates";
const PREFIX: &str = "tokens-br:1:";
/// Some 30 years: the server refuses what ends after the age of its own numbers.
const LONGEST_KEEP: u64 = 1_000_000_000_000;

const LOAD: &str = "local value = redis.call('GET', KEYS[1])
local done = false
";

/// A plain `SET` would not do: what timed out here may be carried out there, when the server goes on.
const SWAP: &str = "local value = false
local done = redis.call('GET', KEYS[1]) == (ARGV[3] or false)
if done then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
";

/// What is not permitted is left out. `false` is what a script has in the place of nothing.
const READING: &str = "local time = redis.pcall('TIME')
if time.err then time = {false, false} end
local function told(section, what)
  local info = redis.pcall('INFO', section)
  return type(info) == 'string' and string.match(info, what .. ':(%w+)') or false
end
return {done and 1 or 0, value, time[1], time[2], told('server', 'run_id'), told('replication', 'master_replid')}
";

#[cfg(test)]
mod tests;
