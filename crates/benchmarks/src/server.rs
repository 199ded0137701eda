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
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::Result;

/// A token endpoint that does nothing but answer: one connection after the other, each for one request. It runs until
/// the process ends.
#[derive(Debug)]
pub struct Server {
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

    /// Starts a server that answers at once, with `answer` to whatever the request's first line is.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub fn answering(answer: impl Fn(&str) -> String + Send + 'static) -> io::Result<Self> {
        Self::with(Duration::ZERO, answer, Ok)
    }

    /// Starts a server that speaks TLS, and answers at once.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub fn start_tls(config: Arc<ServerConfig>) -> io::Result<Self> {
        let answer = answer(Duration::from_secs(3600));
        Self::with(Duration::ZERO, answer, move |stream| {
            let tls = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
            Ok(StreamOwned::new(tls, stream))
        })
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
        Ok(Self { address, requests })
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// The address, with its port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address to point a client at, where it is plain HTTP.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
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

/// Who asks.
pub const USERNAME: &str = "johndoe";
/// With which password.
pub const PASSWORD: &str = "A3ddj3w pão & queijo";
