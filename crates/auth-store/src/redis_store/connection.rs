use std::{
    fmt::Display,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use auth_common::{ConfigurationError, StoreError};
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
    pub(super) async fn open(address: &Address, tls: Option<&Tls>) -> Result<Self, StoreError> {
        within(LONGEST_CONNECT, "no connection in time", async {
            let tcp = TcpStream::connect((address.host.as_str(), address.port))
                .await
                .map_err(|error| cannot_connect(&error))?;
            // Without it a small request may wait for the answer to the one before.
            tcp.set_nodelay(true)
                .map_err(|error| cannot_connect(&error))?;
            match tls {
                Some(tls) => Self::introduce(address, tls.connect(&address.host, tcp).await?).await,
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
            .set_lib_name(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
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

/// How to speak TLS to a server.
#[derive(Clone)]
pub(super) struct Tls(Arc<rustls::ClientConfig>);

impl Tls {
    /// `roots` are trusted beside the platform's own. The provider of cryptography is handed over, so that it does not
    /// matter which others are compiled in.
    #[cfg(any(feature = "rustls", feature = "rustls-ring"))]
    pub(super) fn new(roots: &[Vec<u8>]) -> Result<Self, ConfigurationError> {
        #[cfg(not(feature = "rustls-ring"))]
        use rustls::crypto::aws_lc_rs as provider;
        #[cfg(feature = "rustls-ring")]
        use rustls::crypto::ring as provider;
        use rustls::{
            ClientConfig,
            pki_types::{CertificateDer, pem::PemObject},
        };
        use rustls_platform_verifier::Verifier;

        let mut certificates = vec![];
        for pem in roots {
            let read: Result<Vec<CertificateDer<'static>>, _> =
                CertificateDer::pem_slice_iter(pem).collect();
            match read {
                Ok(read) if !read.is_empty() => certificates.extend(read),
                _ => {
                    let rule = "must be one or more certificates in PEM";
                    return Err(ConfigurationError::new("root certificate", rule));
                }
            }
        }
        let failed = |error: rustls::Error| {
            ConfigurationError::new("store URL", format!("cannot be used with TLS: {error}"))
        };
        let provider = Arc::new(provider::default_provider());
        let verifier = Verifier::new_with_extra_roots(certificates, Arc::clone(&provider));
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier.map_err(failed)?))
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    #[cfg(not(any(feature = "rustls", feature = "rustls-ring")))]
    pub(super) fn new(_: &[Vec<u8>]) -> Result<Self, ConfigurationError> {
        let rule = "needs a feature for TLS: `rustls` or `rustls-ring`";
        Err(ConfigurationError::new("store URL", rule))
    }

    async fn connect(
        &self,
        host: &str,
        tcp: TcpStream,
    ) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<>, StoreError> {
        let host = host.to_owned().try_into();
        let host = host.map_err(|_| StoreError::new("its host has no name for TLS"))?;
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(&self.0));
        let connected = connector.connect(host, tcp).await;
        connected.map_err(|error| StoreError::new(format!("TLS failed: {error}")))
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
        _ => match error.code() {
            Some(code) => &format!("it says {code}"),
            None => &"it does not answer as Redis does",
        },
    };
    StoreError::new(what.to_string())
}

/// A server that is up takes the connection at once; from a far one, it takes a few round trips with TLS.
const LONGEST_CONNECT: Duration = Duration::from_secs(1);
const LONGEST_ANSWER: Duration = Duration::from_millis(500);
