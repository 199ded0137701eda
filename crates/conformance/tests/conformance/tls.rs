//! Whom a password is sent to: certificates of every wrong kind, and TLS that is none.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use auth_common::{BaseUrl, ErrorKind};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivatePkcs8KeyDer};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    server::{
        Server,
        Step::{Hold, ReadSome, Send},
        drain, json, read_request,
    },
    vendor::{Vendor, builder, every_vendor, success},
};

async fn untrusted_certificate_is_fatal_and_no_password_is_sent<V: Vendor>() {
    let ours = &*OURS;
    let mut expired = named("localhost");
    expired.not_before = date_time_ymd(2001, 1, 1);
    expired.not_after = date_time_ymd(2002, 1, 1);
    let mut early = named("localhost");
    early.not_before = date_time_ymd(3001, 1, 1);
    early.not_after = date_time_ymd(3002, 1, 1);
    let self_signed = Identity::signing_itself(named("localhost"));
    for (fault, identity, problem) in [
        ("expired", ours.identify(expired), "expired"),
        ("not yet valid", ours.identify(early), "not valid yet"),
        (
            "wrong name",
            ours.identify(named("vendor.example")),
            "not valid for name",
        ),
        ("self-signed", self_signed, "it is self-signed"),
        (
            "unknown authority",
            THEIRS.identify(named("localhost")),
            "UnknownIssuer",
        ),
    ] {
        let server = TlsServer::<V>::start(&identity).await;
        let client = builder::<V>(server.base_url())
            .root_certificate(ours.pem.as_bytes())
            .build()
            .unwrap();
        let error = client.token().await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Unavailable, "{fault}");
        assert!(!error.is_transient(), "{fault}: {error}");
        let text = error.to_string();
        assert!(
            text.contains("the TLS certificate of https://localhost:"),
            "{text}"
        );
        assert!(text.contains(problem), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        let clock = matches!(fault, "expired" | "not yet valid");
        assert_eq!(text.contains("check the clock"), clock, "{text}");
        assert_eq!((server.connections(), server.requests()), (1, 0), "{fault}");
    }
}
every_vendor!(untrusted_certificate_is_fatal_and_no_password_is_sent);

async fn added_root_works_and_adds_nothing_else<V: Vendor>() {
    let ours = TlsServer::<V>::start(&OURS.identify(named("localhost"))).await;
    let theirs = TlsServer::<V>::start(&THEIRS.identify(named("localhost"))).await;
    let token = async |server: &TlsServer<V>, roots: &[&Authority]| {
        let client = roots
            .iter()
            .fold(builder::<V>(server.base_url()), |client, root| {
                client.root_certificate(root.pem.as_bytes())
            });
        client.build().unwrap().token().await.map(drop)
    };
    assert!(token(&ours, &[&OURS]).await.is_ok());
    assert!(token(&theirs, &[&OURS]).await.is_err());
    assert!(token(&theirs, &[&OURS, &THEIRS]).await.is_ok());
    // What one authenticator trusts, the next does not.
    assert!(token(&ours, &[]).await.is_err());
    assert_eq!((ours.requests(), theirs.requests()), (1, 1));
}
every_vendor!(added_root_works_and_adds_nothing_else);

async fn root_that_is_no_certificate_is_refused<V: Vendor>() {
    let key = KeyPair::generate().unwrap().serialize_pem();
    for pem in ["", "certificate", &key] {
        let base: BaseUrl = "https://vendor.example".parse().unwrap();
        let client = builder::<V>(base).root_certificate(pem.as_bytes());
        assert_eq!(client.build().unwrap_err().field(), "root certificate");
    }
}
every_vendor!(root_that_is_no_certificate_is_refused);

async fn tls_1_1_is_refused<V: Vendor>() {
    // TLS_RSA_WITH_AES_128_CBC_SHA, without a session and without compression.
    let hello = [
        &b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02"[..],
        &[0x2a; 32],
        b"\x00\x00\x2f\x00",
    ];
    let alert: &[u8] = b"\x15\x03\x02\x00\x02\x02\x46";
    for (answer, problem) in [
        (&hello.concat()[..], "Tls12Or13"),
        (alert, "ProtocolVersion"),
    ] {
        let server = Server::following([ReadSome, Send(answer.into()), Hold]).await;
        let client = builder::<V>(server.https("localhost"))
            .attempts(1)
            .build()
            .unwrap();
        let error = client.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains(problem), "{error}");
    }
}
every_vendor!(tls_1_1_is_refused);

async fn https_never_falls_back_to_plain_text<V: Vendor>() {
    let server = Server::answering(json("200 OK", success::<V>("token").to_string())).await;
    let client = builder::<V>(server.https("localhost"))
        .attempts(1)
        .build()
        .unwrap();
    let error = client.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_transient());
    assert_eq!((server.connections(), server.requests().len()), (1, 0));
}
every_vendor!(https_never_falls_back_to_plain_text);

async fn stalled_handshake_ends_when_the_time_to_connect_does<V: Vendor>() {
    let server = Server::following([Hold]).await;
    let client = builder::<V>(server.https("localhost"))
        .connect_timeout(Duration::from_millis(100))
        .attempts(1)
        .build()
        .unwrap();
    let error = client.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("cannot connect"), "{error}");
}
every_vendor!(stalled_handshake_ends_when_the_time_to_connect_does);

/// Whoever can cut a connection must not be able to cut an answer short unnoticed.
async fn answer_without_an_end_of_tls_is_never_parsed<V: Vendor>() {
    let identity = OURS.identify(named("localhost"));
    let server = TlsServer::<V>::answering(&identity, "token", Ending::Cut).await;
    let client = builder::<V>(server.base_url())
        .root_certificate(OURS.pem.as_bytes())
        .attempts(1)
        .build()
        .unwrap();
    let error = client.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(server.requests(), 1);
}
every_vendor!(answer_without_an_end_of_tls_is_never_parsed);

/// A vendor with a certificate of an authority that is trusted by whoever trusts [`root`].
pub(crate) async fn trusted<V: Vendor>(token: &str) -> TlsServer<V> {
    let identity = OURS.identify(named("localhost"));
    TlsServer::answering(&identity, token, Ending::Orderly).await
}

/// The authority's certificate, in PEM.
pub(crate) fn root() -> &'static str {
    &OURS.pem
}

/// A vendor behind TLS, which answers with a success.
pub(crate) struct TlsServer<V> {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
    vendor: std::marker::PhantomData<V>,
}

#[derive(Clone, Copy)]
enum Ending {
    Orderly,
    /// The connection ends below TLS.
    Cut,
}

impl<V: Vendor> TlsServer<V> {
    async fn start(identity: &Identity) -> Self {
        Self::answering(identity, "token", Ending::Orderly).await
    }

    async fn answering(identity: &Identity, token: &str, ending: Ending) -> Self {
        let answer = format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}",
            success::<V>(token)
        );
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<AtomicUsize>::default();
        let requests = Arc::<AtomicUsize>::default();
        let (opened, read) = (Arc::clone(&connections), Arc::clone(&requests));
        let acceptor = identity.acceptor();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                opened.fetch_add(1, Ordering::SeqCst);
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                if read_request(&mut stream).await.is_some() {
                    read.fetch_add(1, Ordering::SeqCst);
                    send(stream, answer.as_bytes(), ending).await;
                }
            }
        });
        Self {
            address,
            connections,
            requests,
            task,
            vendor: std::marker::PhantomData,
        }
    }

    pub(crate) fn base_url(&self) -> BaseUrl {
        format!("https://localhost:{}", self.address.port())
            .parse()
            .unwrap()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl<V> Drop for TlsServer<V> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn send(mut stream: TlsStream<TcpStream>, answer: &[u8], ending: Ending) {
    stream.write_all(answer).await.unwrap();
    stream.flush().await.unwrap();
    match ending {
        Ending::Orderly => {
            let _ = stream.shutdown().await;
            drain(&mut stream).await;
        }
        Ending::Cut => {
            let (mut stream, _) = stream.into_inner();
            let _ = stream.shutdown().await;
            drain(&mut stream).await;
        }
    }
}

/// A certificate authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn called(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    fn identify(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { certificate, key }
    }
}

/// What a server shows, and the key that proves it.
struct Identity {
    certificate: Certificate,
    key: KeyPair,
}

impl Identity {
    fn signing_itself(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, key }
    }

    fn acceptor(&self) -> TlsAcceptor {
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der());
        let config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.der().clone()], key.into())
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// What a certificate for `host` says that is valid today.
fn named(host: &str) -> CertificateParams {
    CertificateParams::new([host.to_owned()]).unwrap()
}

/// The authority that clients are told to trust.
static OURS: LazyLock<Authority> = LazyLock::new(|| Authority::called("ours"));
/// One that nobody trusts, unless told to.
static THEIRS: LazyLock<Authority> = LazyLock::new(|| Authority::called("theirs"));
