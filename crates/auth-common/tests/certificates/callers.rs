//! A server that wants to know who is calling before it reads a request.

use auth_common::Error;
use rcgen::KeyPair;

use crate::{
    chain::{Authority, TODAY},
    server::Server,
    vendor::builder,
};

#[tokio::test]
async fn client_certificate_is_shown_to_a_server_that_demands_it() {
    let (ours, theirs) = (Authority::called("ours"), Authority::called("theirs"));
    let server = Server::demanding(&ours, theirs.signing(TODAY)).await;
    for (key, pkcs8) in KEYS {
        let certificate = ours.certify(&KeyPair::from_pem(pkcs8).unwrap());
        for pem in [
            format!("{}{key}", certificate.pem()),
            format!("Bag Attributes\n{key}\n{}\n", certificate.pem()).replace('\n', "\r\n"),
        ] {
            let token = builder(server.base_url())
                .root_certificate(theirs.pem().as_bytes())
                .client_certificate(pem.as_bytes())
                .attempts(1)
                .build()
                .unwrap()
                .authorization()
                .await;
            let kind = key.lines().next().unwrap();
            assert_eq!(token.expect(kind), "Bearer access-1");
            assert_eq!(
                server.callers().last().unwrap()[..],
                [certificate.der().clone()]
            );
        }
    }
    assert_eq!(server.callers().len(), 2 * KEYS.len());
}

#[tokio::test]
async fn client_certificate_is_shown_with_those_that_lead_to_its_authority() {
    let (root, theirs) = (Authority::called("root"), Authority::called("theirs"));
    let below = root.authorizing("below");
    let key = KeyPair::generate().unwrap();
    let certificate = below.certify(&key);
    let server = Server::demanding(&root, theirs.signing(TODAY)).await;
    let pem = [certificate.pem(), below.pem(), key.serialize_pem()].concat();
    let authenticator = builder(server.base_url())
        .root_certificate(theirs.pem().as_bytes())
        .client_certificate(pem.as_bytes())
        .attempts(1)
        .build()
        .unwrap();
    authenticator.authorization().await.unwrap();
    let chain = [certificate.der().clone(), below.der()];
    assert_eq!(server.callers(), [chain]);
}

#[tokio::test]
async fn server_that_demands_another_certificate_is_sent_no_password() {
    let (ours, theirs) = (Authority::called("ours"), Authority::called("theirs"));
    let server = Server::demanding(&ours, theirs.signing(TODAY)).await;
    let key = KeyPair::generate().unwrap();
    let foreign = theirs.certify(&key).pem() + &key.serialize_pem();
    for pem in [None, Some(foreign)] {
        let mut builder = builder(server.base_url())
            .root_certificate(theirs.pem().as_bytes())
            .attempts(1);
        if let Some(pem) = &pem {
            builder = builder.client_certificate(pem.as_bytes());
        }
        let error = builder.build().unwrap().authorization().await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error}");
    }
    assert!(server.callers().is_empty());
}

#[tokio::test]
async fn client_certificate_is_not_pressed_upon_a_server_that_asks_for_none() {
    let theirs = Authority::called("theirs");
    let server = Server::showing(theirs.signing(TODAY)).await;
    let key = KeyPair::generate().unwrap();
    let pem = theirs.certify(&key).pem() + &key.serialize_pem();
    let builder = builder(server.base_url()).root_certificate(theirs.pem().as_bytes());
    let authenticator = builder.client_certificate(pem.as_bytes()).build().unwrap();
    authenticator.authorization().await.unwrap();
    assert_eq!(server.callers(), [[]]);
}

#[test]
fn client_certificate_that_cannot_be_used_is_refused_by_name() {
    let authority = Authority::called("ours");
    let key = KeyPair::generate().unwrap();
    let certificate = authority.certify(&key).pem();
    let another = KeyPair::generate().unwrap().serialize_pem();
    let key = key.serialize_pem();
    let whole = "must be a certificate and its private key in PEM, each of them whole";
    let no_certificate = "must hold a certificate in PEM";
    let no_key = "must hold the private key of the certificate as well, in PEM";
    let passphrase =
        "must hold a private key without a passphrase: `openssl pkey -in key.pem` takes it off";
    let unusable =
        "holds a private key that cannot be used: PKCS#8, PKCS#1 and SEC1 are understood";
    for (pem, rule) in [
        (String::new(), no_certificate),
        ("CANARY".into(), no_certificate),
        (key.clone(), no_certificate),
        (certificate.clone(), no_key),
        (
            certificate.clone() + &key + &another,
            "must hold one private key only",
        ),
        (
            certificate.clone() + &another,
            "holds a private key that is not that of its first certificate",
        ),
        (certificate.clone() + ENCRYPTED, passphrase),
        (certificate.clone() + ENCRYPTED_TRADITIONALLY, passphrase),
        (
            certificate.clone() + key.trim_end().trim_end_matches('-'),
            whole,
        ),
        (certificate.clone() + &key.replace("\nM", "\n*"), whole),
        (
            certificate.clone() + &section("PRIVATE KEY", "Q0FOQVJZ"),
            unusable,
        ),
        (
            certificate.clone() + &section("RSA PRIVATE KEY", "Q0FOQVJZ"),
            unusable,
        ),
        (
            certificate + &section("EC PRIVATE KEY", "Q0FOQVJZ"),
            unusable,
        ),
        (
            section("CERTIFICATE", "Q0FOQVJZ") + &key,
            "holds a certificate that cannot be read",
        ),
    ] {
        let base = "https://vendor.example".parse().unwrap();
        let builder = builder(base).client_certificate(pem.as_bytes());
        let error = builder.build().unwrap_err();
        assert_eq!(error.field(), "client certificate", "{pem}");
        assert_eq!(error.rule(), rule, "{pem}");
    }
}

fn section(label: &str, base64: &str) -> String {
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}

/// Private keys as OpenSSL writes them, each beside the same in PKCS#8. They are for these tests only.
const KEYS: [(&str, &str); 6] = [
    (EC, EC),
    (include_str!("keys/ec.sec1.pem"), EC),
    (EC_384, EC_384),
    (include_str!("keys/ec384.sec1.pem"), EC_384),
    (RSA, RSA),
    (include_str!("keys/rsa.pkcs1.pem"), RSA),
];
const EC: &str = include_str!("keys/ec.pkcs8.pem");
const EC_384: &str = include_str!("keys/ec384.pkcs8.pem");
const RSA: &str = include_str!("keys/rsa.pkcs8.pem");
const ENCRYPTED: &str = include_str!("keys/ec.encrypted.pem");
const ENCRYPTED_TRADITIONALLY: &str = include_str!("keys/rsa.encrypted.pem");
