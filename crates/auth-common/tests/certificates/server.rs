//! A vendor behind TLS, which hands out a token to whoever gets through.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use auth_common::BaseUrl;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::CertificateDer,
    server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier},
    sign::CertifiedKey,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    chain::{Authority, Chain},
    vendor::granted,
};

pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
    callers: Mutex<Vec<Vec<CertificateDer<'static>>>>,
}

impl Server {
    /// It hands out a token.
    pub(crate) async fn showing(chain: Chain) -> Self {
        Self::start(chain, None, &granting()).await
    }

    pub(crate) async fn answering(chain: Chain, answer: &str) -> Self {
        Self::start(chain, None, answer).await
    }

    /// It lets in nobody who cannot show a certificate of `authority`.
    pub(crate) async fn demanding(authority: &Authority, chain: Chain) -> Self {
        Self::start(chain, Some(authority), &granting()).await
    }

    async fn start(chain: Chain, callers: Option<&Authority>, answer: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Seen>::default();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = match callers {
            None => config.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der()).unwrap();
                let roots = Arc::new(roots);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let config = config.with_cert_resolver(Arc::new(Always(chain.certified())));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let watched = Arc::clone(&seen);
        let answer = answer.to_owned();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                watched.connections.fetch_add(1, Ordering::SeqCst);
                serve(&acceptor, stream, &watched, &answer).await;
            }
        });
        Self {
            address,
            seen,
            task,
        }
    }

    pub(crate) fn base_url(&self) -> BaseUrl {
        let url = format!("https://localhost:{}", self.address.port());
        url.parse().unwrap()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::SeqCst)
    }

    /// The certificates that were shown with each request.
    pub(crate) fn callers(&self) -> Vec<Vec<CertificateDer<'static>>> {
        self.seen.callers.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn granting() -> String {
    let body = granted("access-1", None);
    format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn serve(acceptor: &TlsAcceptor, stream: TcpStream, seen: &Seen, answer: &str) {
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    // A request fits into one record.
    let Ok(1..) = stream.read(&mut [0; 4096]).await else {
        return;
    };
    seen.requests.fetch_add(1, Ordering::SeqCst);
    let caller = stream.get_ref().1.peer_certificates().unwrap_or_default();
    seen.callers.lock().unwrap().push(caller.to_vec());
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Shows the same to everyone, and does not look whether the key goes with it.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
