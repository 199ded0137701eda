//! How this very machine is reached: by `localhost`, which is nobody's to resolve, and never through a proxy.

use std::{
    net::{Ipv4Addr, Ipv6Addr, TcpListener},
    thread,
};

use auth_common::{BaseUrl, Error, testing::Wiretap};

use crate::vendor::{builder, granted};

#[tokio::test]
async fn localhost_is_the_loopback_address() {
    let vendor = Wiretap::answering("200 OK", &granted("access-1", None)).unwrap();
    let proxy = Wiretap::answering("403 Forbidden", "").unwrap();
    let authenticator = builder(localhost(
        vendor.base_url().unwrap().as_url().port().unwrap(),
    ))
    .proxy(&format!("http://{}", proxy.host()))
    .build()
    .unwrap();
    assert_eq!(
        authenticator.authorization().await.unwrap(),
        "Bearer access-1"
    );
    assert_eq!((vendor.requests().len(), proxy.requests().len()), (1, 0));
}

#[tokio::test]
async fn localhost_is_the_loopback_address_of_ipv6_as_well() {
    let Some(listener) = on_ipv6_alone() else {
        return;
    };
    let port = listener.local_addr().unwrap().port();
    // Hangs up on whoever calls.
    thread::spawn(move || listener.accept().map(drop));
    let authenticator = builder(localhost(port)).attempts(1).build().unwrap();
    let error = authenticator.authorization().await.unwrap_err();
    assert!(
        error.to_string().contains("failed before the whole answer"),
        "{error}"
    );
}

#[tokio::test]
async fn localhost_with_a_dot_is_a_name_like_any_other() {
    let proxy = Wiretap::answering("403 Forbidden", "").unwrap();
    let authenticator = builder("https://localhost.".parse().unwrap())
        .proxy(&format!("http://{}", proxy.host()))
        .attempts(1)
        .build()
        .unwrap();
    let error = authenticator.authorization().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    let request = String::from_utf8(proxy.requests()[0].clone()).unwrap();
    assert!(request.starts_with("CONNECT localhost.:443 "), "{request}");
}

fn localhost(port: u16) -> BaseUrl {
    format!("http://localhost:{port}").parse().unwrap()
}

/// A socket whose port is closed on IPv4; `None` where there is no IPv6, or the port is taken.
fn on_ipv6_alone() -> Option<TcpListener> {
    let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok()?;
    let port = listener.local_addr().ok()?.port();
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
    Some(listener)
}
