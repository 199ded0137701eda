//! Errors of the network and of TLS, on real sockets.

use std::{net::TcpListener, thread, time::Duration};

use auth_common::{BaseUrl, Builder, Transport, testing::Wiretap};

use crate::{
    Error,
    chain::{self, Authority, Chain, EARLY, EXPIRED, TODAY, named},
    page::Example,
    server::Server,
    vendor::{Sample, builder},
};

pub(crate) async fn examples() -> Vec<Example> {
    let mut examples = connections().await;
    examples.extend(certificates().await);
    examples
}

/// In paused time.
pub(crate) async fn paused() -> Example {
    Example {
        what: "Paused time and a real socket",
        error: failure(builder(localhost(silent()))).await,
        advice: "Only in tests: give the authenticator the transport of a `testing::Script`.",
    }
}

async fn connections() -> Vec<Example> {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}", nobody.local_addr().unwrap());
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let refusing = Wiretap::answering("407 Proxy Authentication Required", "").unwrap();
    let refusing = format!("http://{}", refusing.host());
    let vendor = || "https://api.example.com".parse::<BaseUrl>().unwrap();
    vec![
        Example {
            what: "Nobody listens at the address",
            error: failure(builder(localhost(port))).await,
            advice: "Is the port right, does the server run, does a firewall refuse? `curl -v` from the same machine says the \
                     same.",
        },
        Example {
            what: "The name is unknown",
            error: failure(builder(
                BaseUrl::dangerously_allow_plain_http(UNKNOWN).unwrap(),
            ))
            .await,
            advice: "Is the host in the base URL spelled right? If it is, look at the name servers of this machine.",
        },
        Example {
            what: "No connection in the time allowed",
            error: failure(builder(localhost(silent())).connect_timeout(MOMENT)).await,
            advice: "A firewall may swallow what is sent, or the server is overloaded.",
        },
        Example {
            what: "The proxy cannot be reached",
            error: failure(builder(vendor()).proxy(&gone)).await,
            advice: "It is the proxy and not the vendor: look at `HTTPS_PROXY`, or the setting `proxy`.",
        },
        Example {
            what: "The proxy refuses",
            error: failure(builder(vendor()).proxy(&refusing)).await,
            advice: "It is the proxy and not the vendor: give it a user name and a password in its URL, or have it let this \
                     address through.",
        },
        Example {
            what: "Plain HTTP, or something else, where TLS should be",
            error: failure(builder(localhost(speaking(
                "HTTP/1.1 400 Bad Request\r\n\r\n",
            ))))
            .await,
            advice: "The port is that of another protocol: check the base URL.",
        },
        Example {
            what: "More requests at once than the transport allows",
            error: no_place().await,
            advice: "Too many authenticators wait for slow vendors at once: set `concurrency_limit` higher, or give the slow \
                     vendor a transport of its own.",
        },
        Example {
            what: "The connection ends before the answer does",
            error: cut().await,
            advice: "Wait: the next call asks again. If it lasts, something in between hangs up, such as a firewall.",
        },
        Example {
            what: "An answer much too large",
            error: too_large().await,
            advice: "Something else answers at this address: check the base URL and the proxy.",
        },
    ]
}

async fn certificates() -> Vec<Example> {
    let ours = Authority::called("ours");
    let theirs = Authority::called("theirs");
    let between = ours.authorizing("between");
    let intermediate = ours.signing_params(&chain::authority(&mut named("localhost")));
    let shown = [
        (
            "The certificate has expired",
            ours.signing(EXPIRED),
            "Whoever runs the server has to renew it. If others do not see the error, it is this machine's clock.",
        ),
        (
            "The certificate is not valid yet",
            ours.signing(EARLY),
            "Look at this machine's clock, as on a virtual machine that has just woken up.",
        ),
        (
            "The certificate is for another name",
            ours.signing_for("www.example.com"),
            "Use a host that the certificate names, or have another certificate made.",
        ),
        (
            "The certificate is self-signed",
            Chain::signing_itself(TODAY),
            "Of a server of your own: save it by `openssl s_client -connect host:port </dev/null | openssl x509`, make sure \
             by another way that it is the right one, and give it to `root_certificate`.",
        ),
        (
            "The authority is not trusted",
            theirs.signing(TODAY).with(&theirs),
            "Ask whoever runs the server, or the proxy, for the authority's certificate in PEM.",
        ),
        (
            "The intermediate is missing, or the authority is unknown",
            between.signing(TODAY),
            "`openssl s_client -connect host:port -showcerts </dev/null` shows what the server sends: for a public \
             authority, at least two certificates.",
        ),
        (
            "The certificate is an authority's",
            intermediate,
            "`openssl req` says so unless it is told otherwise. Each of the two ways helps.",
        ),
    ];
    let mut examples = vec![];
    for (what, chain, advice) in shown {
        let server = Server::showing(chain).await;
        let builder = builder(server.base_url()).root_certificate(ours.pem().as_bytes());
        let error = failure(builder).await;
        examples.push(Example {
            what,
            error,
            advice,
        });
    }
    examples
}

async fn failure(builder: Builder<Sample>) -> Error {
    let authenticator = builder.attempts(1).build().unwrap();
    authenticator.token().await.unwrap_err()
}

/// The only place is taken by a request to a server that says nothing.
async fn no_place() -> Error {
    let transport = Transport::builder().no_proxy().concurrency_limit(1);
    let transport = transport.build().unwrap();
    let authenticator = |port| builder(localhost(port)).transport(transport.clone());
    let first = authenticator(silent()).build().unwrap();
    let first = tokio::spawn(async move { first.token().await.map(drop) });
    tokio::time::sleep(MOMENT / 2).await;
    let error = failure(authenticator(silent()).deadline(5 * MOMENT)).await;
    first.abort();
    error
}

/// Over TLS, whose records tell that an answer was cut.
async fn cut() -> Error {
    let chain = Chain::signing_itself(TODAY);
    let pem = chain.pem();
    let server = Server::answering(chain, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{").await;
    failure(builder(server.base_url()).root_certificate(pem.as_bytes())).await
}

async fn too_large() -> Error {
    let chain = Chain::signing_itself(TODAY);
    let pem = chain.pem();
    let page = "x".repeat(70_000);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n{page}");
    let server = Server::answering(chain, &answer).await;
    failure(builder(server.base_url()).root_certificate(pem.as_bytes())).await
}

fn localhost(port: u16) -> BaseUrl {
    format!("https://localhost:{port}").parse().unwrap()
}

/// The port of a server that accepts connections, and says nothing.
fn silent() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::mem::forget(listener);
    port
}

/// The port of a server that says this to whoever connects.
fn speaking(text: &'static str) -> u16 {
    use std::io::{Read, Write};

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(text.as_bytes());
        let _ = stream.read(&mut [0; 4096]);
    });
    port
}

/// No resolver asks anybody about so long a name, and TLS would refuse it.
pub(crate) const UNKNOWN: &str =
    "http://xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example.com";
const MOMENT: Duration = Duration::from_millis(100);
