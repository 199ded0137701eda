//! Certificates of every wrong kind, and some that are right: whichever library does TLS, the same are accepted, and the
//! same words say what is wrong with the others. Without a feature for TLS there is nothing to test.
#![cfg(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../plugs/alone.rs"]
mod alone;
mod callers;
mod chain;
#[cfg(all(target_os = "linux", any(feature = "rustls", feature = "rustls-ring")))]
mod platform;
mod roots;
#[expect(dead_code, reason = "the page of error texts uses more of it")]
mod server;
#[path = "../plugs/vendor.rs"]
#[expect(dead_code, reason = "the tests of the plugs use more of it")]
mod vendor;

use std::{net::Ipv4Addr, slice};

use auth_common::{Authenticator, Error, ErrorKind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    chain::{Authority, Chain, EARLY, EXPIRED, TODAY, named},
    server::Server,
    vendor::{Problem, Sample},
};

/// Each reason has a sentence of its own, the library's words stay in it, and no password is sent. Where the operating
/// system verifies, the words are its own.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn each_wrong_certificate_is_told_by_a_sentence_of_its_own() {
    let ours = Authority::called("ours");
    let theirs = Authority::called("theirs");
    let between = ours.authorizing("between");
    for (fault, chain, sentence, theirs_say) in [
        ("expired", ours.signing(EXPIRED), HAS_EXPIRED, "expired"),
        ("not yet valid", ours.signing(EARLY), NOT_YET_VALID, "valid"),
        (
            "wrong name",
            ours.signing_for("vendor.example"),
            WRONG_NAME,
            "name",
        ),
        (
            "self-signed",
            Chain::signing_itself(TODAY),
            SELF_SIGNED,
            SAY_SELF_SIGNED,
        ),
        (
            "self-signed as an authority",
            Chain::signing_itself_as_an_authority(TODAY),
            SELF_SIGNED,
            SAY_SELF_SIGNED_AUTHORITY,
        ),
        (
            "unknown authority, which is shown",
            theirs.signing(TODAY).with(&theirs),
            UNKNOWN_AUTHORITY,
            SAY_UNKNOWN_AUTHORITY,
        ),
        (
            "unknown authority",
            theirs.signing(TODAY),
            UNKNOWN_ISSUER,
            SAY_UNKNOWN_ISSUER,
        ),
        (
            "intermediate missing",
            between.signing(TODAY),
            UNKNOWN_ISSUER,
            SAY_UNKNOWN_ISSUER,
        ),
        (
            "another authority of the same name",
            Authority::called("ours").signing(TODAY),
            UNKNOWN_ISSUER,
            "ignature",
        ),
    ] {
        let server = Server::showing(chain).await;
        let error = login(&server, &[ours.pem()]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{fault}: {error}");
        assert!(!error.is_transient(), "{fault}: {error}");
        let text = error.to_string();
        let address = error.address().unwrap();
        let start = format!(
            "no token from Sample: the TLS certificate of {address} is not accepted: {sentence}"
        );
        assert!(text.starts_with(&start), "{fault}: {text}");
        let (_, reason) = text[start.len()..].split_once('(').unwrap();
        assert!(reason.contains(theirs_say), "{fault}: {text}");
        assert_eq!(
            text.contains("clock"),
            fault.contains("expired") || fault.contains("yet")
        );
        assert_eq!(text.lines().count(), 1, "{text}");
        assert_eq!((server.connections(), server.requests()), (1, 0), "{fault}");
    }
}

#[tokio::test]
async fn whole_chain_of_a_given_authority_is_accepted() {
    let ours = Authority::called("ours");
    let between = ours.authorizing("between");
    for chain in [ours.signing(TODAY), between.signing(TODAY).with(&between)] {
        let server = Server::showing(chain).await;
        login(&server, &[ours.pem()]).await.unwrap();
        assert_eq!(server.requests(), 1);
    }
}

/// What `openssl req -x509` makes says that it is an authority's.
#[tokio::test]
async fn self_signed_certificate_that_was_given_is_accepted() {
    for chain in [
        Chain::signing_itself(TODAY),
        Chain::signing_itself_as_an_authority(TODAY),
    ] {
        let pem = chain.pem();
        let server = Server::showing(chain).await;
        login(&server, &[pem]).await.unwrap();
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn given_certificate_counts_within_its_dates_and_for_its_name_only() {
    let mut elsewhere = named("vendor.example");
    for (params, sentence) in [
        (chain::dated(EXPIRED), HAS_EXPIRED),
        (chain::dated(EARLY), NOT_YET_VALID),
        (chain::authority(&mut elsewhere), WRONG_NAME),
    ] {
        let chain = Chain::itself(chain::authority(&mut params.clone()));
        let pem = chain.pem();
        let server = Server::showing(chain).await;
        let error = login(&server, &[pem]).await.unwrap_err();
        assert!(error.to_string().contains(sentence), "{error}");
        assert_eq!(server.requests(), 0);
    }
}

#[tokio::test]
async fn given_certificate_is_that_very_one_and_whoever_shows_it_has_its_key() {
    let given = Chain::signing_itself_as_an_authority(TODAY);
    let pem = given.pem();
    for (fault, impostor) in [
        ("another", Chain::signing_itself_as_an_authority(TODAY)),
        ("another key", given.with_another_key()),
    ] {
        let server = Server::showing(impostor).await;
        let error = login(&server, slice::from_ref(&pem)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{fault}: {error}");
        assert_eq!(server.requests(), 0, "{fault}");
    }
}

#[tokio::test]
async fn port_without_tls_is_told_as_such() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read(&mut [0; 4096]).await;
    });
    let base = format!("https://{address}").parse().unwrap();
    let builder = vendor::builder(base).attempts(1);
    let error = builder.build().unwrap().token().await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("what answers there does not speak TLS: "),
        "{text}"
    );
    assert!(error.is_transient());
}

async fn login(server: &Server, roots: &[String]) -> Result<(), Error<Problem>> {
    let password = auth_common::Credential::new("password", vendor::PASSWORD).unwrap();
    let builder = Authenticator::<Sample>::builder(server.base_url(), password);
    let builder = roots.iter().fold(builder.attempts(1), |builder, root| {
        builder.root_certificate(root.as_bytes())
    });
    builder.build().unwrap().token().await.map(drop)
}

const HAS_EXPIRED: &str =
    "it has expired: whoever runs the server must renew it; check the clock of this machine";
const NOT_YET_VALID: &str = "it is not valid yet: check the clock of this machine";
const WRONG_NAME: &str = "it is for another host: check the host in the base URL";
const SELF_SIGNED: &str = "it is self-signed: if it is that of your own server, give this very certificate to \
                           `root_certificate`";
const UNKNOWN_AUTHORITY: &str = "its authority is not trusted here: if that is your own company's";
const UNKNOWN_ISSUER: &str =
    "its issuer is not known here: either the server leaves out its intermediate certificate";

#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
mod said {
    pub(crate) const SELF_SIGNED: &str = "invalid peer certificate: UnknownIssuer";
    pub(crate) const SELF_SIGNED_AUTHORITY: &str = "CaUsedAsEndEntity";
    pub(crate) const UNKNOWN_AUTHORITY: &str = "invalid peer certificate: UnknownIssuer";
    pub(crate) const UNKNOWN_ISSUER: &str = "invalid peer certificate: UnknownIssuer";
}

/// By OpenSSL.
#[cfg(not(any(feature = "rustls", feature = "rustls-ring")))]
mod said {
    pub(crate) const SELF_SIGNED: &str = "self-signed certificate";
    pub(crate) const SELF_SIGNED_AUTHORITY: &str = SELF_SIGNED;
    pub(crate) const UNKNOWN_AUTHORITY: &str = "self-signed certificate in certificate chain";
    pub(crate) const UNKNOWN_ISSUER: &str = "unable to get local issuer certificate";
}

use said::{
    SELF_SIGNED as SAY_SELF_SIGNED, SELF_SIGNED_AUTHORITY as SAY_SELF_SIGNED_AUTHORITY,
    UNKNOWN_AUTHORITY as SAY_UNKNOWN_AUTHORITY, UNKNOWN_ISSUER as SAY_UNKNOWN_ISSUER,
};
