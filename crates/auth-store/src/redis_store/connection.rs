use std::{
    fmt::Display,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use auth_common::{__private::TlsConnector, StoreError};
use redis::{
    AsyncConnectionConfig, Cmd, ErrorKind, RedisConnectionInfo, RedisError, Value,
    aio::{ConnectionLike, MultiplexedConnection},
};
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

use super::address::Address;

/// A connection, driven by whoever waits for an answer on it: no task outlives the flight that it is for.
pub(super) struct Connection {
    client: MultiplexedConnection,
    driver: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Connection {
    pub(super) async fn open(
        address: &Address,
        tls: Option<&TlsConnector>,
    ) -> Result<Self, StoreError> {
        within(LONGEST_CONNECT, "no connection in time", async {
            let tcp = TcpStream::connect((address.host.as_str(), address.port))
                .await
                .map_err(|error| cannot_connect(&error))?;
            // Without it a small request may wait for the answer to the one before.
            tcp.set_nodelay(true)
                .map_err(|error| cannot_connect(&error))?;
            match tls {
                Some(tls) => {
                    let stream = tls.connect(&address.host, tcp).await;
                    let stream =
                        stream.map_err(|problem| StoreError::new(format!("no TLS: {problem}")))?;
                    Self::introduce(address, stream).await
                }
                None => Self::introduce(address, tcp).await,
            }
        })
        .await
    }

    async fn introduce(
        address: &Address,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<Self, StoreError> {
        let mut who = RedisConnectionInfo::default()
            .set_db(address.database.into())
            // It would be a round trip more for each flight.
            .set_skip_set_lib_name();
        if let Some(user) = &address.user {
            who = who.set_username(user);
        }
        if let Some(password) = &address.password {
            who = who.set_password(password.expose_secret());
        }
        let settings = AsyncConnectionConfig::new().set_response_timeout(None);
        let opened = MultiplexedConnection::new_with_config(&who, stream, settings).await;
        let (client, driver) = opened.map_err(|error| failed(&error))?;
        Ok(Self {
            client,
            driver: Box::pin(driver),
        })
    }

    pub(super) async fn ask(&mut self, command: &Cmd) -> Result<Value, StoreError> {
        let Self { client, driver } = self;
        within(LONGEST_ANSWER, "no answer in time", async {
            let mut answer = pin!(client.req_packed_command(command));
            let mut driven = true;
            poll_fn(|context| {
                if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                    return Poll::Ready(answer);
                }
                if driven && driver.as_mut().poll(context).is_ready() {
                    driven = false;
                }
                // Driving may have brought the answer, or shown that none will come.
                answer.as_mut().poll(context)
            })
            .await
            .and_then(Value::extract_error)
            .map_err(|error| failed(&error))
        })
        .await
    }
}

async fn within<T>(
    limit: Duration,
    otherwise: &str,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(StoreError::new(otherwise)),
    }
}

fn cannot_connect(error: &io::Error) -> StoreError {
    StoreError::new(format!("no connection: {}", error.kind()))
}

/// Of what a server says only the code: the rest may name the user.
fn failed(error: &RedisError) -> StoreError {
    let what: &dyn Display = match error.kind() {
        ErrorKind::AuthenticationFailed => &"it refuses the user or the password",
        ErrorKind::Io if error.is_connection_dropped() => &"the connection ended",
        ErrorKind::Io => &"the connection failed",
        _ => match code(error) {
            Some(code) => &format!("it says {code}"),
            None => &"it does not answer as Redis does",
        },
    };
    StoreError::new(what.to_string())
}

/// Why a command was refused. Where it is one of a script's, servers before Redis 7 say `ERR`, and the reason's own code
/// after the place in the script.
fn code(error: &RedisError) -> Option<&str> {
    let of_script = || {
        let (_, place_and_reason) = error.detail()?.rsplit_once("@user_script:")?;
        let reason = place_and_reason.trim_start_matches(|it: char| !it.is_ascii_alphabetic());
        let mut words = reason.split_terminator(' ');
        words
            .next()
            .filter(|word| word.bytes().all(|it| it.is_ascii_uppercase()))
    };
    let code = error.code()?;
    (code == "ERR").then(of_script).flatten().or(Some(code))
}

/// A server that is up takes the connection at once; from a far one, it takes a few round trips with TLS.
const LONGEST_CONNECT: Duration = Duration::from_secs(1);
const LONGEST_ANSWER: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
