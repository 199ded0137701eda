use std::{
    fmt,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{BaseUrl, ConfigurationError};

/// A socket that keeps every request byte for byte as it came, and answers each with the same bytes: to see what
/// really goes over the wire, below any HTTP library.
pub struct Wiretap {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
    closed: Arc<AtomicBool>,
}

impl Wiretap {
    /// A socket of this machine that answers with this status line's rest, such as `200 OK`, and a body in JSON.
    ///
    /// # Errors
    ///
    /// When the machine has no socket to spare.
    pub fn answering(status: &str, body: &str) -> std::io::Result<Self> {
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let requests = Arc::new(Mutex::new(Vec::new()));
        let closed = Arc::new(AtomicBool::new(false));
        let (kept, ended) = (Arc::clone(&requests), Arc::clone(&closed));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                // A client that breaks off is the test's own affair.
                let _ = exchange(connection, answer.as_bytes(), &kept);
            }
        });
        Ok(Self {
            address,
            requests,
            closed,
        })
    }

    /// The address to point a client at.
    ///
    /// # Errors
    ///
    /// Never in practice: a loopback address is valid.
    pub fn base_url(&self) -> Result<BaseUrl, ConfigurationError> {
        format!("http://{}", self.address).parse()
    }

    /// `host:port`, as it stands in the `Host` header.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The requests so far, head and body. They hold whatever secrets the client sent.
    pub fn requests(&self) -> Vec<Vec<u8>> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Wiretap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wiretap({})", self.address)
    }
}

impl Drop for Wiretap {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the thread, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

/// Keeps one request, then answers it: a client that sees its answer finds its request kept.
fn exchange(
    mut connection: TcpStream,
    answer: &[u8],
    kept: &Mutex<Vec<Vec<u8>>>,
) -> std::io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    while !is_whole(&request) {
        match connection.read(&mut chunk)? {
            0 => break,
            read => request.extend(chunk.iter().take(read)),
        }
    }
    kept.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(request);
    connection.write_all(answer)
}

fn is_whole(request: &[u8]) -> bool {
    let Some(head) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return false;
    };
    let length = String::from_utf8_lossy(request.get(..head).unwrap_or_default())
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, length)| length.trim().parse::<usize>().ok())
        .unwrap_or(0);
    request.len() >= head + 4 + length
}

/// Longer than any client's own.
const PATIENCE: Duration = Duration::from_secs(30);
