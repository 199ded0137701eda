//! What `check` says of a server that speaks TLS, and of one behind a proxy.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
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

#[test]
fn check_logs_in_over_tls() {
    let scene = Scene::new();
    let server = Server::before_the_vendor(&scene, "localhost");
    let mut command = scene.command(&["check", "zapsign"]);
    let ran = Ran::of(server.is_trusted_by(&mut command));
    assert_eq!(ran.code, 0, "{ran:?}");
    for line in [
        "✓ TLS       certificate by Autoridade de Teste, 99 days left\n",
        "✓ login     a new token\n",
        "✓ resource  GET /api/v1/docs/?page=1: 200 OK\n",
    ] {
        assert!(ran.stdout.contains(line), "{line}{ran:?}");
    }
    assert_eq!(
        (scene.vendor.logins(), scene.vendor.resource_calls()),
        (1, 1)
    );

    // A certificate that nobody trusts is the end of it before a credential is sent.
    scene.run(&["forget"]);
    let other = Server::new(&scene, 100, TimeDelta::zero());
    for arguments in [&["check", "zapsign"][..], &["header", "zapsign"]] {
        let mut command = scene.command(arguments);
        server.is_trusted_by(&mut command);
        let ran = Ran::of(command.env("SSL_CERT_FILE", &other.authority));
        assert_eq!(ran.code, 5, "{ran:?}");
    }
    assert_eq!(scene.vendor.logins(), 1);
}

#[test]
fn check_goes_by_way_of_the_proxy() {
    let scene = Scene::new();
    // A name that nothing but the proxy knows.
    let server = Server::before_the_vendor(&scene, "zapsign.invalid");
    let proxy = Proxy::to(&server);
    let mut command = scene.command(&["check", "zapsign"]);
    server.is_trusted_by(&mut command);
    command.env("ZAPSIGN_ENVIRONMENT", "https://zapsign.invalid/");
    command.env("HTTPS_PROXY", &proxy.address);
    let ran = Ran::of(&mut command);
    assert_eq!(ran.code, 0, "{ran:?}");
    for line in [
        "! name      zapsign.invalid has no address here:",
        "→ the proxy of this environment may know it\n",
        "✓ TLS       certificate accepted; by whom it is cannot be seen through a proxy\n",
        "✓ login     a new token\n",
        "✓ resource  GET /api/v1/docs/?page=1: 200 OK\n",
    ] {
        assert!(ran.stdout.contains(line), "{line}{ran:?}");
    }
    let asked = proxy.asked.lock().unwrap();
    assert!(!asked.is_empty());
    let tunnel = "CONNECT zapsign.invalid:443 HTTP/1.1";
    assert!(asked.iter().all(|line| line == tunnel), "{asked:?}");
}

#[test]
fn check_says_that_a_proxy_is_not_reached() {
    let scene = Scene::new();
    let mut command = scene.command(&["check", "zapsign"]);
    command.env("ZAPSIGN_ENVIRONMENT", "https://zapsign.invalid/");
    command.env("HTTPS_PROXY", "http://127.0.0.1:1");
    let ran = Ran::of(&mut command);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(
        ran.stdout.contains("\n✗ server    ") && ran.stdout.contains("HTTPS_PROXY"),
        "{ran:?}"
    );
}

/// It answers each request with a page that is not there, or with what the vendor says.
struct Server {
    port: u16,
    address: String,
    authority: String,
}

impl Server {
    /// `days` are what is left of its certificate, and by `ahead` is its clock.
    fn new(scene: &Scene, days: i64, ahead: TimeDelta) -> Self {
        Self::answering(scene, "localhost", days, move |_| {
            let date: DateTime<Utc> = Utc::now() + ahead;
            let date = date.format("%a, %d %b %Y %H:%M:%S GMT");
            let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n";
            Ok(format!("{answer}Date: {date}\r\n\r\n").into_bytes())
        })
    }

    /// It hands each request on to the stand-in.
    fn before_the_vendor(scene: &Scene, name: &str) -> Self {
        let vendor = scene.vendor.base_url().unwrap();
        let vendor = vendor.as_url().socket_addrs(|| None).unwrap();
        Self::answering(scene, name, 100, move |request| {
            let mut vendor = TcpStream::connect(&*vendor)?;
            vendor.write_all(request)?;
            let mut answer = Vec::new();
            vendor.read_to_end(&mut answer)?;
            Ok(answer)
        })
    }

    fn answering(
        scene: &Scene,
        name: &str,
        days: i64,
        answer: impl Fn(&[u8]) -> io::Result<Vec<u8>> + Send + 'static,
    ) -> Self {
        let mut params = CertificateParams::new([name.into()]).unwrap();
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
                let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = BufReader::new(StreamOwned::new(tls, connection.unwrap()));
                // One that does not trust the certificate goes away.
                let _ = request(&mut stream).and_then(|request| {
                    stream.get_mut().write_all(&answer(&request)?)?;
                    stream.get_mut().conn.send_close_notify();
                    stream.get_mut().flush()
                });
            }
        });
        Self {
            port,
            address: format!("https://{name}:{port}/"),
            authority: scene.write(&format!("authority-{port}.pem"), &certificate.pem()),
        }
    }

    fn check(&self, scene: &Scene) -> Command {
        let mut command = scene.command(&["check", "zapsign", "--offline"]);
        self.is_trusted_by(&mut command);
        command
    }

    /// `command` asks this server, and nothing else.
    fn is_trusted_by<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("ZAPSIGN_ENVIRONMENT", &self.address)
            .env("SSL_CERT_FILE", &self.authority)
    }
}

/// A request to the letter, but that it is the last one on its connection.
fn request(client: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let (mut request, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if client.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let lower = line.to_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        if !lower.starts_with("connection:") {
            request.extend_from_slice(line.as_bytes());
        }
    }
    request.extend_from_slice(b"Connection: close\r\n\r\n");
    let head = request.len();
    request.resize(head + length, 0);
    client.read_exact(&mut request[head..])?;
    Ok(request)
}

/// An HTTP proxy through which there is one server, whatever it is called.
struct Proxy {
    address: String,
    /// The first line of each request.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn to(server: &Server) -> Self {
        let port = server.port;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming() {
                let _ = tunnel(client.unwrap(), port, &seen);
            }
        });
        Self { address, asked }
    }
}

fn tunnel(mut client: TcpStream, port: u16, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let request = request(&mut BufReader::new(&client))?;
    let line = String::from_utf8_lossy(&request);
    let line = line.lines().next().unwrap().to_owned();
    asked.lock().unwrap().push(line);
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        let _ = io::copy(&mut server, &mut client);
        let _ = client.shutdown(Shutdown::Write);
    });
    Ok(())
}
