//! What goes over the wire, and what comes back, as *Token de Acesso (3.0)* documents it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use auth_common::testing::Wiretap;
use invoisys_auth::{
    Authenticator, BaseUrl, Credentials, Environment, Error, ErrorResponse, Vars,
    testing::{StandIn, Vendor},
};
use secrecy::ExposeSecret;

const SUCCESS: &str = r#"{
  "access_token": "pehddf4BLGV8UZ4ZbUIZ81BO6BG6Fzpmrd1RZMSTiZeESZulk48EU7FSq33G1JhgxjNd1PPbm51zl_oik2JZJIghn53F13h1izGZshFwJgY40MAW68Bx3AMLPkaf7THTi9QfIfO19WRiAZnJNIok-oIC3jpbdmoiFeMS_bDD2C2bBXaZjAVtufONBc6yuliSnzkGd-TSjZZxE3jH2WFWnhDMpTMNHMQgVI3oobWiZwal-4j7ZtAioAwerOlR1ZNBRi5GL4zmQO050bsXAwhYRQAgxlLZtzJxuTIjztYaZYU",
  "token_type": "bearer",
  "expires_in": 92843
}"#;

fn at(base: BaseUrl, username: &str, password: &str) -> Authenticator {
    let credentials = Credentials::new(username, password).unwrap();
    Authenticator::builder(Environment::Custom(base), credentials)
        .build()
        .unwrap()
}

async fn refusal(status: &str, body: &str) -> Error {
    let wire = Wiretap::answering(status, body).unwrap();
    let invoisys = at(wire.base_url().unwrap(), "user", "password");
    invoisys.request_token().await.unwrap_err()
}

fn said(error: &Error) -> ErrorResponse {
    error.response().unwrap().clone()
}

#[tokio::test]
async fn sends_the_documented_request_to_the_last_byte() {
    let wire = Wiretap::answering("200 OK", SUCCESS).unwrap();
    let invoisys = at(
        wire.base_url().unwrap(),
        "email@email.com.br",
        "senha do usuário+&=%",
    );
    invoisys.request_token().await.unwrap();

    let body = "grant_type=password&username=email%40email.com.br\
                &password=senha+do+usu%C3%A1rio%2B%26%3D%25";
    let request = format!(
        "POST /api/token HTTP/1.1\r\n\
         content-type: application/x-www-form-urlencoded\r\n\
         accept: application/json\r\n\
         user-agent: invoisys-auth/{}\r\n\
         accept-encoding: identity\r\n\
         host: {}\r\n\
         content-length: {}\r\n\
         \r\n\
         {body}",
        env!("CARGO_PKG_VERSION"),
        wire.host(),
        body.len(),
    );
    let sent = wire.requests();
    assert_eq!(String::from_utf8_lossy(&sent[0]), request);
    assert_eq!(sent.len(), 1);
}

#[tokio::test]
async fn reads_the_documented_success() {
    let wire = Wiretap::answering("200 OK", SUCCESS).unwrap();
    let invoisys = at(wire.base_url().unwrap(), "user", "password");

    let response = invoisys.request_token().await.unwrap();
    assert!(
        response
            .access_token
            .expose_secret()
            .starts_with("pehddf4B")
    );
    assert_eq!(response.token_type, "bearer");
    assert_eq!(response.expires_in, Some(Duration::from_secs(92_843)));

    let authorization = invoisys.authorization().await.unwrap();
    assert!(
        authorization
            .to_str()
            .unwrap()
            .starts_with("Bearer pehddf4B")
    );
    assert!(authorization.is_sensitive());
}

#[tokio::test]
async fn reads_the_documented_refusal_as_wrong_credentials() {
    let body = r#"{ "mensagem": "Credenciais inválidas.", "token": null }"#;
    let error = refusal("400 Bad Request", body).await;

    assert!(error.is_credentials_refused());
    assert_eq!(
        said(&error).mensagem.as_deref(),
        Some("Credenciais inválidas.")
    );
    let address = error.address().unwrap();
    assert!(address.ends_with("/api/token"), "{address}");
    assert_eq!(
        error.to_string(),
        format!(
            "Invoisys refused the credentials (400 Bad Request from {address}): \"Credenciais inválidas.\"; \
         check them and that the account is active"
        )
    );
}

#[tokio::test]
async fn reads_the_older_version_that_shares_the_address() {
    let body = r#"{"error":"credenciais_invalidas","error_description":"Credenciais inválidas."}"#;
    let error = refusal("400 Bad Request", body).await;
    assert!(error.is_credentials_refused());
    assert_eq!(said(&error).error.as_deref(), Some("credenciais_invalidas"));

    let error = refusal("400 Bad Request", r#"{"error":"unsupported_grant_type"}"#).await;
    assert!(matches!(error, Error::Refused(_)));
    assert_eq!(
        said(&error).error.as_deref(),
        Some("unsupported_grant_type")
    );

    let error = refusal("400 Bad Request", r#"{"error":"invalid_grant"}"#).await;
    assert!(error.is_credentials_refused());
}

#[tokio::test]
async fn classifies_foreign_bodies_by_status() {
    let page = "<html><h1>502 Bad Gateway</h1></html>";
    assert!(refusal("502 Bad Gateway", page).await.is_transient());
    let problem = r#"{"type":"about:blank","title":"Forbidden","status":403}"#;
    for (status, body) in [("400 Bad Request", ""), ("403 Forbidden", problem)] {
        let error = refusal(status, body).await;
        assert!(matches!(error, Error::Unavailable(_)), "{error}");
    }
}

#[tokio::test]
async fn a_wrong_request_is_refused_by_name() {
    let vendor = StandIn::start();
    // A path that the vendor does not have.
    let elsewhere = vendor
        .base_url()
        .unwrap()
        .join("v2")
        .as_str()
        .parse()
        .unwrap();
    let error = at(elsewhere, "user", "password")
        .request_token()
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap(), 404);

    let wrong = at(vendor.base_url().unwrap(), "email@email.com.br", "wrong");
    assert!(
        wrong
            .request_token()
            .await
            .unwrap_err()
            .is_credentials_refused()
    );
    assert_eq!((vendor.logins(), vendor.refused()), (0, 1));
    assert!(vendor.problems().is_empty());
}

#[tokio::test]
async fn any_unicode_password_arrives_byte_for_byte() {
    let password = " \"日本\" + é&ß=% \\ 🦀 ";
    let vendor = StandIn::playing(Vendor::with_user("maría@example.com", password));
    vendor
        .authenticator()
        .unwrap()
        .authorization()
        .await
        .unwrap();
    assert_eq!(vendor.logins(), 1);
}

#[test]
fn the_environment_variables_describe_an_authenticator() {
    let all = [
        ("INVOISYS_USERNAME", "user"),
        ("INVOISYS_PASSWORD", "password"),
        ("INVOISYS_ENVIRONMENT", "sandbox"),
    ];
    assert!(
        Authenticator::builder_from(&Vars::from_pairs(all))
            .unwrap()
            .build()
            .is_ok()
    );
    for missing in all.map(|(name, _)| name) {
        let rest = all.into_iter().filter(|(name, _)| *name != missing);
        let error = Authenticator::builder_from(&Vars::from_pairs(rest)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{missing} is not set in the environment")
        );
    }
    let error = Authenticator::builder_from(&Vars::from_pairs([("", ""); 0])).unwrap_err();
    for (name, _) in all {
        assert!(error.field().contains(name), "{error}");
    }
    let wrong = Vars::from_pairs([all[0], all[1], ("INVOISYS_ENVIRONMENT", "http://x.example")]);
    let error = Authenticator::builder_from(&wrong).unwrap_err();
    assert_eq!(error.field(), "INVOISYS_ENVIRONMENT");
}
