//! What `check` says of a server that speaks TLS.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::Command,
    sync::Arc,
    thread,
};

use chrono::{DateTime, TimeDelta, Utc};
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};

use crate::scene::{Ran, Scene};

#[test]
fn check_tells_whose_certificate_it_is_and_for_how_long() {
    let scene = Scene::new();
    let server = Server::new(&scene, 100, TimeDelta::zero());
    let ran = Ran::of(&mut server.check(&scene));
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = "\n✓ TLS       certificate by Autoridade de Teste, 99 days left\n";
    assert!(ran.stdout.contains(line), "{ran:?}");
    assert!(
        ran.stdout
            .ends_with("\n✓ clock     as the server's, to a few seconds\n"),
        "{ran:?}"
    );
}

#[test]
fn check_warns_of_a_certificate_that_ends_soon_and_of_a_clock_that_is_wrong() {
    let scene = Scene::new();
    let server = Server::new(&scene, 8, TimeDelta::hours(2));
    let ran = Ran::of(&mut server.check(&scene));
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = "\n! TLS       certificate by Autoridade de Teste, 7 days left\n";
    assert!(ran.stdout.contains(line), "{ran:?}");
    let lines = [2 * 3600, 2 * 3600 - 1].map(|seconds| match seconds {
        7200 => "\n! clock     2 h behind the server's\n",
        _ => "\n! clock     1 h 59 min behind the server's\n",
    });
    assert!(
        lines.iter().any(|line| ran.stdout.contains(line)),
        "{ran:?}"
    );
}

#[test]
fn check_says_that_a_certificate_is_not_accepted() {
    let scene = Scene::new();
    let server = Server::new(&scene, 100, TimeDelta::zero());
    let other = Server::new(&scene, 100, TimeDelta::zero());
    let mut command = server.check(&scene);
    let ran = Ran::of(command.env("SSL_CERT_FILE", other.authority));
    assert_eq!(ran.code, 5);
    assert!(
        ran.stdout.contains("\n✗ server    ") && ran.stdout.contains("certificate"),
        "{ran:?}"
    );
}

/// It answers each request with a page that is not there.
struct Server {
    address: String,
    authority: String,
}

impl Server {
    /// `days` are what is left of its certificate, and by `ahead` is its clock.
    fn new(scene: &Scene, days: i64, ahead: TimeDelta) -> Self {
        let mut params = CertificateParams::new(["localhost".into()]).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "Autoridade de Teste");
        let ends = (Utc::now() + TimeDelta::days(days)).timestamp();
        params.not_after =
            rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(ends as u64);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let secret = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret);
        let config = Arc::new(config.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for connection in listener.incoming() {
                let connection = connection.unwrap();
                let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                let date: DateTime<Utc> = Utc::now() + ahead;
                let date = date.format("%a, %d %b %Y %H:%M:%S GMT");
                let mut stream = BufReader::new(StreamOwned::new(tls, connection));
                // One that does not trust the certificate goes away.
                let mut line = String::new();
                while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                    line.clear();
                }
                let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n";
                let _ = write!(stream.get_mut(), "{answer}Date: {date}\r\n\r\n");
                let _ = stream.get_mut().flush();
            }
        });
        Self {
            address: format!("https://localhost:{port}/"),
            authority: scene.write(&format!("authority-{port}.pem"), &certificate.pem()),
        }
    }

    fn check(&self, scene: &Scene) -> Command {
        let mut command = scene.command(&["check", "zapsign", "--offline"]);
        command.env("ZAPSIGN_ENVIRONMENT", &self.address);
        command.env("SSL_CERT_FILE", &self.authority);
        command
    }
}
