//! What goes over the wire, and what comes back, as *Tokens de Acesso* documents it, and where it is silent, as an
//! ASP.NET OAuth server has it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use auth_common::testing::{Response, Wiretap};
use blackbox_auth::{
    Authenticator, BaseUrl, Credentials, Error, ErrorResponse, Vars,
    testing::{StandIn, Vendor},
};
use secrecy::ExposeSecret;

const SUCCESS: &str = r#"{
    "access_token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9...",
    "token_type": "bearer",
    "expires_in": 86399
}"#;

fn at(base: BaseUrl, username: &str, password: &str) -> Authenticator {
    let credentials = Credentials::new(username, password).unwrap();
    Authenticator::builder(base, credentials).build().unwrap()
}

async fn refusal(status: u16, body: &str) -> Error {
    let vendor = StandIn::start();
    vendor.answer(Response::new(
        status,
        "application/json;charset=UTF-8",
        body,
    ));
    let blackbox = vendor.authenticator().unwrap();
    blackbox.request_token().await.unwrap_err()
}

fn said(error: &Error) -> ErrorResponse {
    error.response().unwrap().clone()
}

#[tokio::test]
async fn sends_the_documented_request_to_the_last_byte() {
    let wire = Wiretap::answering("200 OK", SUCCESS).unwrap();
    let blackbox = at(wire.base_url().unwrap(), "usuário", "senha+&=% ");
    blackbox.request_token().await.unwrap();

    let body = "username=usu%C3%A1rio&password=senha%2B%26%3D%25+&grant_type=password";
    let request = format!(
        "POST /oauth/token HTTP/1.1\r\n\
         content-type: application/x-www-form-urlencoded\r\n\
         accept: application/json\r\n\
         cache-control: no-cache\r\n\
         user-agent: blackbox-auth/{}\r\n\
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
    let blackbox = at(wire.base_url().unwrap(), "usuario", "senha");

    let response = blackbox.request_token().await.unwrap();
    let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9...";
    assert_eq!(response.access_token.expose_secret(), token);
    assert_eq!(response.token_type, "bearer");
    assert_eq!(response.expires_in, Some(Duration::from_secs(86_399)));

    let authorization = blackbox.authorization().await.unwrap();
    assert_eq!(authorization, format!("Bearer {token}"));
    assert!(authorization.is_sensitive());
}

#[tokio::test]
async fn a_refresh_token_is_ignored_and_the_next_token_is_a_login() {
    let body = r#"{"access_token":"a","token_type":"bearer","expires_in":86399,
        "refresh_token":"r",".issued":"Wed, 01 Jan 2025 00:00:00 GMT"}"#;
    let wire = Wiretap::answering("200 OK", body).unwrap();
    let blackbox = at(wire.base_url().unwrap(), "usuario", "senha");
    blackbox.authorization().await.unwrap();
    blackbox.renew().await.unwrap();

    let snapshot = blackbox.snapshot();
    assert_eq!((snapshot.logins, snapshot.refreshes), (2, 0));
    let sent = wire.requests();
    assert_eq!(sent[0], sent[1]);
}

#[tokio::test]
async fn a_user_name_that_the_answer_repeats_does_not_spoil_it() {
    let wire = Wiretap::answering("200 OK", SUCCESS).unwrap();
    let blackbox = at(wire.base_url().unwrap(), "bear", "86399");
    let response = blackbox.request_token().await.unwrap();
    assert_eq!(response.token_type, "bearer");
    assert_eq!(response.expires_in, Some(Duration::from_secs(86_399)));
}

#[tokio::test]
async fn a_missing_lifetime_means_fifteen_minutes() {
    let vendor = StandIn::start();
    vendor.omit_lifetime();
    let blackbox = vendor.authenticator().unwrap();
    assert_eq!(blackbox.request_token().await.unwrap().expires_in, None);

    let token = blackbox.token().await.unwrap();
    let snapshot = blackbox.snapshot();
    let lifetime = token.expires_at() - snapshot.last_success.unwrap();
    // Counted from before the request, so a little less.
    assert!((890..=900).contains(&lifetime.num_seconds()), "{lifetime}");
}

#[tokio::test]
async fn invalid_grant_means_wrong_credentials() {
    let error = refusal(400, r#"{"error":"invalid_grant"}"#).await;
    assert!(error.is_credentials_refused());
    assert_eq!(said(&error).error.as_deref(), Some("invalid_grant"));

    let body = r#"{
        "error": "invalid_grant",
        "error_description": "Usuário ou senha inválidos.",
        "error_uri": "https://blackbox.example/ajuda"
    }"#;
    let error = refusal(400, body).await;
    assert!(error.is_credentials_refused());
    let ErrorResponse {
        error_description,
        error_uri,
        ..
    } = said(&error);
    assert_eq!(
        error_description.as_deref(),
        Some("Usuário ou senha inválidos.")
    );
    assert_eq!(error_uri.as_deref(), Some("https://blackbox.example/ajuda"));
    let address = error.address().unwrap();
    assert!(address.ends_with("/oauth/token"), "{address}");
    assert_eq!(
        error.to_string(),
        format!(
            "BlackBox refused the credentials (400 Bad Request from {address}): \"Usuário ou senha inválidos.\"; \
         check them and that the account is active"
        )
    );
}

#[tokio::test]
async fn the_other_codes_do_not_blame_the_credentials() {
    for code in [
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    ] {
        let error = refusal(400, &format!(r#"{{"error":"{code}"}}"#)).await;
        assert!(matches!(error, Error::Refused(_)), "{code}");
        assert_eq!(said(&error).error.as_deref(), Some(code));
    }
}

#[tokio::test]
async fn a_code_of_the_vendors_own_blames_the_credentials() {
    for code in ["usuario_bloqueado", "invalid_client"] {
        let error = refusal(400, &format!(r#"{{"error":"{code}"}}"#)).await;
        assert!(error.is_credentials_refused(), "{code}");
    }
}

#[tokio::test]
async fn a_400_without_a_reason_blames_nobody() {
    for body in [
        "",
        "{}",
        "<html><h1>Bad Request</h1></html>",
        r#"{"error":400}"#,
    ] {
        let error = refusal(400, body).await;
        assert!(matches!(error, Error::Unavailable(_)), "{body}");
        assert!(error.response().is_none(), "{body}");
    }
}

#[tokio::test]
async fn a_part_of_the_server_that_does_not_speak_oauth_is_understood() {
    let body = r#"{"Message":"Authorization has been denied for this request."}"#;
    let error = refusal(401, body).await;
    assert!(error.is_credentials_refused());
    assert_eq!(
        said(&error).to_string(),
        "Authorization has been denied for this request."
    );

    let error = refusal(404, r#"{"Message":"No HTTP resource was found."}"#).await;
    assert!(matches!(error, Error::Refused(_)));
    assert_eq!(
        said(&error).message.as_deref(),
        Some("No HTTP resource was found.")
    );
}

#[tokio::test]
async fn foreign_bodies_are_classified_by_status() {
    let page = "<html><h1>Gateway</h1></html>";
    assert!(matches!(refusal(403, page).await, Error::Unavailable(_)));
    let limited = refusal(429, page).await;
    assert!(matches!(limited, Error::RateLimited(_)));
    assert!(limited.response().is_none());
    for status in [500, 502, 503, 504] {
        let error = refusal(status, page).await;
        assert!(error.is_transient(), "{status}");
        assert_eq!(error.status().unwrap(), status);
    }
    assert!(matches!(
        refusal(200, page).await,
        Error::InvalidResponse(_)
    ));
}

#[tokio::test]
async fn wrong_credentials_are_refused_in_the_stand_in_s_words() {
    let vendor = StandIn::start();
    let error = at(vendor.base_url().unwrap(), "usuario.da.loja", "wrong")
        .request_token()
        .await
        .unwrap_err();
    assert!(error.is_credentials_refused());
    assert_eq!(said(&error).error.as_deref(), Some("invalid_grant"));
    assert_eq!((vendor.logins(), vendor.refused()), (0, 1));
    assert!(vendor.problems().is_empty());
}

#[tokio::test]
async fn a_path_before_the_vendor_s_is_kept() {
    let wire = Wiretap::answering("200 OK", SUCCESS).unwrap();
    let gateway = format!("http://{}/gateway", wire.host());
    at(gateway.parse().unwrap(), "usuario", "senha")
        .request_token()
        .await
        .unwrap();
    assert!(wire.requests()[0].starts_with(b"POST /gateway/oauth/token HTTP/1.1\r\n"));
}

#[test]
fn the_stand_in_names_what_is_wrong_with_a_request() {
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let headers = format!("{form}Cache-Control: no-cache\r\n");
    let good = "username=usuario.da.loja&password=senha+da+loja&grant_type=password";
    let long_name = format!(
        "username={}&password=senha&grant_type=password",
        "u".repeat(65)
    );
    let long_password = format!(
        "username=usuario&password={}&grant_type=password",
        "s".repeat(1025)
    );
    let other_order = "grant_type=password&username=usuario&password=senha";
    let other_grant = "username=usuario&password=senha&grant_type=client_credentials";
    let cases = [
        ("PUT", headers.as_str(), good, "the method is not POST"),
        (
            "POST",
            "Cache-Control: no-cache\r\n",
            good,
            "Content-Type is not application/x-www-form-urlencoded",
        ),
        ("POST", form, good, "Cache-Control is not no-cache"),
        (
            "POST",
            &headers,
            other_order,
            "the body is not username, password, grant_type, in this order",
        ),
        ("POST", &headers, other_grant, "grant_type is not password"),
        (
            "POST",
            &headers,
            &long_name,
            "username is longer than 64 characters",
        ),
        (
            "POST",
            &headers,
            &long_password,
            "password is longer than 1024 characters",
        ),
    ];
    let vendor = StandIn::start();
    let accepted = send(&vendor, "POST", &headers, good);
    assert!(accepted.starts_with("HTTP/1.1 200"), "{accepted}");
    for (method, headers, body, problem) in cases {
        let answer = send(&vendor, method, headers, body);
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains(problem), "{answer}");
    }
    assert_eq!(vendor.problems(), cases.map(|(.., problem)| problem));
    assert_eq!(vendor.logins(), 1);
}

#[tokio::test]
async fn the_longest_credentials_arrive_byte_for_byte() {
    let (username, password) = ("ç".repeat(64), "🦀".repeat(1024));
    let vendor = StandIn::playing(Vendor::with_user(&username, &password));
    let blackbox = vendor.authenticator().unwrap();
    blackbox.authorization().await.unwrap();
    assert_eq!(vendor.logins(), 1);
}

#[tokio::test]
async fn any_unicode_password_arrives_byte_for_byte() {
    let password = " \"日本\" + é&ß=% \\ 🦀 ";
    let vendor = StandIn::playing(Vendor::with_user("maría", password));
    let blackbox = vendor.authenticator().unwrap();
    blackbox.authorization().await.unwrap();
    assert_eq!(vendor.logins(), 1);
}

#[test]
fn credentials_beyond_the_documented_limits_are_refused_by_name() {
    let refused = |username: &str, password: &str| {
        let error = Credentials::new(username, password).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        refused(&"ç".repeat(65), "senha"),
        "username must be at most 64 characters long"
    );
    assert_eq!(
        refused("usuario", &"s".repeat(1025)),
        "password must be at most 1024 characters long"
    );
    assert_eq!(refused("", "senha"), "username must not be empty");
    assert_eq!(refused("usuario", ""), "password must not be empty");
}

#[test]
fn the_environment_variables_describe_an_authenticator() {
    let all = [
        ("BLACKBOX_URL", "https://blackbox.example.com"),
        ("BLACKBOX_USERNAME", "usuario"),
        ("BLACKBOX_PASSWORD", "senha"),
    ];
    let builder = Authenticator::builder_from(&Vars::from_pairs(all)).unwrap();
    assert!(builder.build().is_ok());
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
    let long = "x".repeat(2000);
    for (name, wrong) in [
        ("BLACKBOX_URL", "http://blackbox.example.com"),
        ("BLACKBOX_USERNAME", &long),
        ("BLACKBOX_PASSWORD", &long),
    ] {
        let vars = all.map(|(known, value)| (known, if known == name { wrong } else { value }));
        let error = Authenticator::builder_from(&Vars::from_pairs(vars)).unwrap_err();
        assert_eq!(error.field(), name);
        assert!(!error.to_string().contains(wrong));
    }
}

/// A request that the client would not send.
fn send(vendor: &StandIn, method: &str, headers: &str, body: &str) -> String {
    let base = vendor.base_url().unwrap();
    let host = base.as_url().authority();
    let mut connection = TcpStream::connect(host).unwrap();
    write!(
        connection,
        "{method} /oauth/token HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}
