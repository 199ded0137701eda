//! A vendor behind TLS, which hands out a token to whoever gets through.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use auth_common::BaseUrl;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::{chain::Chain, vendor::granted};

pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

impl Server {
    /// It hands out a token.
    pub(crate) async fn showing(chain: Chain) -> Self {
        let body = granted("access-1", None);
        let answer = format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Self::answering(chain, &answer).await
    }

    pub(crate) async fn answering(chain: Chain, answer: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Seen>::default();
        let config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Always(chain.certified())));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let watched = Arc::clone(&seen);
        let answer = answer.to_owned();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                watched.connections.fetch_add(1, Ordering::SeqCst);
                serve(&acceptor, stream, &watched.requests, &answer).await;
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
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(acceptor: &TlsAcceptor, stream: TcpStream, requests: &AtomicUsize, answer: &str) {
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    // A request fits into one record.
    let Ok(1..) = stream.read(&mut [0; 4096]).await else {
        return;
    };
    requests.fetch_add(1, Ordering::SeqCst);
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
