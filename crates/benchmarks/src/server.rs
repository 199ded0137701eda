//! What answers.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use directlink_auth::{Authenticator, Builder, Credentials};
use rcgen::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
};

use crate::Result;

/// A token endpoint that does nothing but answer: one connection after the other, each for one request. It runs until
/// the process ends.
#[derive(Debug)]
pub struct Server {
    scheme: &'static str,
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Starts a server that takes `delay` to answer, with tokens of this lifetime.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub fn start(delay: Duration, lifetime: Duration) -> io::Result<Self> {
        Self::with(delay, answer(lifetime), Ok)
    }

    /// Starts a server that takes `delay` to answer, and keeps its connections open, as real ones do: any number at a time, until the
    /// other side closes them.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub fn keeping(delay: Duration) -> io::Result<Self> {
        let answer = answer(Duration::from_secs(3600))("").replace("Connection: close\r\n", "");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = {
            let _context = runtime.enter();
            let socket = TcpSocket::new_v4()?;
            socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
            socket.listen(BACKLOG)?
        };
        let address = listener.local_addr()?;
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let answer: Arc<str> = answer.into();
        thread::spawn(move || {
            runtime.block_on(async {
                while let Ok((connection, _)) = listener.accept().await {
                    let (answer, counted) = (Arc::clone(&answer), Arc::clone(&counted));
                    tokio::spawn(keep(connection, delay, answer, counted));
                }
            });
        });
        Ok(Self {
            scheme: "http",
            address,
            requests,
        })
    }

    /// Starts a server that answers at once, with `answer` to whatever the request's first line is.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub fn answering(answer: impl Fn(&str) -> String + Send + 'static) -> io::Result<Self> {
        Self::with(Duration::ZERO, answer, Ok)
    }

    /// Starts a server that speaks TLS, and answers at once. Its certificate, in PEM, is its own authority's.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub fn with_tls() -> Result<(Self, String)> {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["127.0.0.1".into()])?;
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)?;
        let config = Arc::new(config);
        let server = Self::with(
            Duration::ZERO,
            answer(Duration::from_secs(3600)),
            move |stream| {
                let tls = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
                Ok(StreamOwned::new(tls, stream))
            },
        )?;
        let server = Self {
            scheme: "https",
            ..server
        };
        Ok((server, cert.pem()))
    }

    fn with<S: Read + Write>(
        delay: Duration,
        answer: impl Fn(&str) -> String + Send + 'static,
        accept: impl Fn(TcpStream) -> io::Result<S> + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                // A client that breaks off finds out by itself.
                let _ = accept(connection)
                    .and_then(|connection| serve(connection, delay, &answer, &counted));
            }
        });
        Ok(Self {
            scheme: "http",
            address,
            requests,
        })
    }

    /// The server of another process, whose requests nobody counts here.
    ///
    /// # Errors
    ///
    /// When `url` is not what [`url`](Self::url) tells there.
    pub fn elsewhere(url: &str) -> Result<Self> {
        let address = url.strip_prefix("http://").ok_or("not a URL of a server")?;
        Ok(Self {
            scheme: "http",
            address: address.parse()?,
            requests: Arc::default(),
        })
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// The address to point a client at.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The builder of an authenticator that asks here.
    ///
    /// # Errors
    ///
    /// Never: the address and the credentials are good.
    pub fn builder(&self) -> Result<Builder> {
        let credentials = Credentials::new(USERNAME, PASSWORD)?;
        Ok(Authenticator::builder(self.url().parse()?, credentials))
    }

    /// An authenticator that asks here.
    ///
    /// # Errors
    ///
    /// When the platform's root certificates cannot be loaded.
    pub fn authenticator(&self) -> Result<Authenticator> {
        Ok(self.builder()?.build()?)
    }
}

fn serve(
    connection: impl Read + Write,
    delay: Duration,
    answer: &impl Fn(&str) -> String,
    requests: &AtomicUsize,
) -> io::Result<()> {
    let mut request = BufReader::new(connection);
    let mut first = String::new();
    request.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        request.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().map_err(io::Error::other)?;
            }
            Some(_) => {}
            None => break,
        }
    }
    io::copy(&mut request.by_ref().take(length), &mut io::sink())?;
    requests.fetch_add(1, Ordering::SeqCst);
    thread::sleep(delay);
    request.get_mut().write_all(answer(&first).as_bytes())?;
    request.get_mut().flush()
}

/// Answers whatever comes on a connection, until it is closed.
async fn keep(
    mut connection: tokio::net::TcpStream,
    delay: Duration,
    answer: Arc<str>,
    requests: Arc<AtomicUsize>,
) -> io::Result<()> {
    let mut request = Vec::with_capacity(2048);
    while connection.read_buf(&mut request).await? > 0 {
        if is_whole(&request) {
            request.clear();
            requests.fetch_add(1, Ordering::SeqCst);
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            connection.write_all(answer.as_bytes()).await?;
        }
    }
    Ok(())
}

/// Whether head and body of a request are there.
fn is_whole(request: &[u8]) -> bool {
    let request = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = request.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| {
        length
            .parse()
            .is_ok_and(|length: usize| body.len() >= length)
    })
}

/// In the words of DirectLink, and of ZapSign, whose answers are `access` and `refresh`.
fn answer(lifetime: Duration) -> impl Fn(&str) -> String + Send {
    let token = "Mjk3MWQ1ZTk".repeat(64);
    let lifetime = lifetime.as_secs();
    let body = format!(
        r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{lifetime},"access":"{token}","refresh":"{token}"}}"#
    );
    let answer = http("200 OK", &body);
    move |_| answer.clone()
}

/// The bytes of an answer in JSON.
pub fn http(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

/// As many connections wait to be accepted, if the system lets them.
const BACKLOG: u32 = 16_384;
/// Who asks.
pub const USERNAME: &str = "johndoe";
/// With which password.
pub const PASSWORD: &str = "A3ddj3w pão & queijo";
