//! A server that does to each connection what a test tells it to, byte by byte. Its pauses end when the client gives
//! up, never after a time.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use auth_common::{BaseUrl, testing};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A socket of this machine that follows a script. It is closed when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// What the server does on one connection, in this order. What follows the last step is an orderly close.
#[derive(Clone)]
pub(crate) enum Step {
    /// Reads one whole request.
    Read,
    /// Reads the request's head, or what has come of it, and no more.
    ReadSome,
    Send(Vec<u8>),
    /// Sends this again and again, at full speed, until the client is gone.
    Flood(Vec<u8>),
    /// Sends this byte by byte and over again, a byte a millisecond, until the client is gone.
    Drip(Vec<u8>),
    /// Does nothing until the client is gone.
    Hold,
    /// Breaks the connection off: the client sees a reset.
    Reset,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<Request>,
    flooded: usize,
}

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Request {
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// The value of the first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

impl From<&testing::Request> for Request {
    fn from(request: &testing::Request) -> Self {
        let mut head = format!("POST {} HTTP/1.1\r\n", request.target());
        for name in ["authorization", "content-type"] {
            if let Some(value) = request.header(name) {
                head += &format!("{name}: {value}\r\n");
            }
        }
        Self {
            head,
            body: request.body().to_vec(),
        }
    }
}

impl Server {
    /// Follows `script` on every connection.
    pub(crate) async fn following(script: impl Into<Vec<Step>>) -> Self {
        let script = script.into();
        Self::scripted(move |_| script.clone()).await
    }

    /// Answers every request so.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        Self::following([Step::Read, Step::Send(answer.into())]).await
    }

    /// Follows a script of its own on every connection; they are counted from 0.
    pub(crate) async fn scripted(script: impl Fn(usize) -> Vec<Step> + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Seen>>::default();
        let kept = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = lock(&kept).connections;
                lock(&kept).connections += 1;
                tokio::spawn(play(stream, script(number), Arc::clone(&kept)));
            }
        });
        Self {
            address,
            seen,
            task,
        }
    }

    /// An address of this machine where nobody listens.
    pub(crate) async fn nobody() -> BaseUrl {
        let server = Self::following([]).await;
        let base = server.base_url();
        drop(server);
        // The listener goes with its task, which the runtime drops as soon as it runs.
        tokio::task::yield_now().await;
        base
    }

    pub(crate) fn base_url(&self) -> BaseUrl {
        format!("http://{}", self.address).parse().unwrap()
    }

    /// The base URL for TLS, under a name of this machine.
    pub(crate) fn https(&self, host: &str) -> BaseUrl {
        let port = self.address.port();
        format!("https://{host}:{port}").parse().unwrap()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn connections(&self) -> usize {
        lock(&self.seen).connections
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.seen).requests.clone()
    }

    /// How many bytes of a [`Step::Flood`] went out before the client was gone, once it is.
    pub(crate) async fn flooded(&self) -> usize {
        loop {
            match lock(&self.seen).flooded {
                0 => {}
                flooded => return flooded,
            }
            tokio::time::sleep(TICK).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer with these headers and this body, and the length of the body.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    head_and(
        &format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n"),
        body,
    )
}

/// An answer in JSON.
pub(crate) fn json(status: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    answer(status, "Content-Type: application/json\r\n", body)
}

/// `head` as it is, and then `body`.
pub(crate) fn head_and(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    [head.as_bytes(), body.as_ref()].concat()
}

async fn play(mut stream: TcpStream, script: Vec<Step>, seen: Arc<Mutex<Seen>>) {
    for step in script {
        let done = match step {
            Step::Read => match read_request(&mut stream).await {
                Some(request) => {
                    lock(&seen).requests.push(request);
                    true
                }
                None => false,
            },
            Step::ReadSome => stream.read(&mut [0; 16]).await.is_ok(),
            Step::Send(bytes) => stream.write_all(&bytes).await.is_ok(),
            Step::Flood(bytes) => {
                let mut flooded = 0;
                while let Ok(written) = stream.write(&bytes).await {
                    flooded += written;
                }
                lock(&seen).flooded = flooded;
                false
            }
            Step::Drip(bytes) => {
                for byte in bytes.iter().cycle() {
                    tokio::time::sleep(TICK).await;
                    if stream.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                }
                false
            }
            Step::Hold => {
                drain(&mut stream).await;
                false
            }
            Step::Reset => {
                stream.set_zero_linger().unwrap();
                return;
            }
        };
        if !done {
            return;
        }
    }
    // Closed in one direction only: with bytes unread, closing both would be a reset.
    let _ = stream.shutdown().await;
    drain(&mut stream).await;
}

/// One request with its body; `None` when the client is gone before it is whole.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut request = Request {
        head: String::from_utf8(bytes[..head].to_vec()).unwrap(),
        body: bytes.split_off(head),
    };
    let length = request
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    while request.body.len() < length {
        if stream.read_buf(&mut request.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(request)
}

/// Reads until the client is gone.
pub(crate) async fn drain(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    while let Ok(1..) = stream.read(&mut [0; 1024]).await {}
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

const TICK: Duration = Duration::from_millis(1);
