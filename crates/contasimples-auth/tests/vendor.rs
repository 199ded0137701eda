//! What goes over the wire, and what comes back, as *Obter Token de Acesso* documents it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{sync::mpsc, time::Duration};

use auth_common::testing::{ManualClock, Response, Script, Wiretap};
use contasimples_auth::{
    Authenticator, BaseUrl, Builder, Credentials, Environment, Error, ErrorDetail, ErrorResponse,
    Vars,
    testing::{StandIn, Vendor},
};
use secrecy::ExposeSecret;

const SUCCESS: &str = r#"{
"access_token": "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9...",
"token_type": "Bearer",
"expires_in": 3600
}"#;

fn at(base: BaseUrl, api_key: &str, api_secret: &str) -> Builder {
    let credentials = Credentials::new(api_key, api_secret).unwrap();
    Authenticator::builder(Environment::Custom(base), credentials)
}

async fn refusal(status: &str, body: &str) -> Error {
    let wire = Wiretap::answering(status, body).unwrap();
    let contasimples = at(wire.base_url().unwrap(), "the key", "the secret");
    let contasimples = contasimples.build().unwrap();
    contasimples.request_token().await.unwrap_err()
}

fn said(error: &Error) -> ErrorResponse {
    error.response().unwrap().clone()
}

#[tokio::test]
async fn sends_the_documented_request_to_the_last_byte() {
    let wire = Wiretap::answering("200 OK", SUCCESS).unwrap();
    let contasimples = at(wire.base_url().unwrap(), "api_key", "api_secret");
    let contasimples = contasimples.build().unwrap();
    contasimples.request_token().await.unwrap();

    // printf api_key:api_secret | base64
    let request = format!(
        "POST /oauth/v1/access-token HTTP/1.1\r\n\
         content-type: application/x-www-form-urlencoded\r\n\
         accept: application/json\r\n\
         authorization: Basic YXBpX2tleTphcGlfc2VjcmV0\r\n\
         user-agent: contasimples-auth/{}\r\n\
         accept-encoding: identity\r\n\
         host: {}\r\n\
         content-length: 29\r\n\
         \r\n\
         grant_type=client_credentials",
        env!("CARGO_PKG_VERSION"),
        wire.host(),
    );
    let sent = wire.requests();
    assert_eq!(String::from_utf8_lossy(&sent[0]), request);
    assert_eq!(sent.len(), 1);
}

#[tokio::test]
async fn application_puts_its_name_in_front() {
    let wire = Wiretap::answering("200 OK", SUCCESS).unwrap();
    let contasimples = at(wire.base_url().unwrap(), "api_key", "api_secret")
        .user_agent_prefix("shop/1.4.2")
        .build()
        .unwrap();
    contasimples.request_token().await.unwrap();
    let sent = String::from_utf8(wire.requests().remove(0)).unwrap();
    assert!(
        sent.contains("\r\nuser-agent: shop/1.4.2 contasimples-auth/"),
        "{sent}"
    );
}

#[tokio::test]
async fn reads_the_documented_success() {
    let wire = Wiretap::answering("200 OK", SUCCESS).unwrap();
    let contasimples = at(wire.base_url().unwrap(), "api_key", "api_secret");
    let contasimples = contasimples.build().unwrap();

    let response = contasimples.request_token().await.unwrap();
    assert_eq!(
        response.access_token.expose_secret(),
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9..."
    );
    assert_eq!(response.token_type, "Bearer");
    assert_eq!(response.expires_in, Some(Duration::from_secs(3600)));

    let authorization = contasimples.authorization().await.unwrap();
    assert_eq!(
        authorization,
        "Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9..."
    );
    assert!(authorization.is_sensitive());
}

#[tokio::test]
async fn obeys_expires_in_and_assumes_half_an_hour_without_it() {
    let vendor = StandIn::start();
    let clock = ManualClock::new("2026-11-22T06:00:00Z".parse().unwrap());
    let contasimples = vendor.builder().unwrap().clock(clock.clone());
    let contasimples = contasimples.build().unwrap();
    let lives = |token: contasimples_auth::Token| (token.expires_at() - clock.wall()).num_seconds();
    assert_eq!(lives(contasimples.token().await.unwrap()), 3600);
    vendor.omit_lifetime();
    clock.advance(Duration::from_secs(10));
    assert_eq!(lives(contasimples.renew().await.unwrap()), 1800);
}

#[tokio::test]
async fn reads_the_documented_400_with_its_details() {
    let body = r#"{
"error": "Bad Request",
"message": "The request contains invalid parameters or malformed data",
"code": 400,
"details": [
{
"field": "email",
"message": "Invalid email format"
}
]
}"#;
    let error = refusal("400 Bad Request", body).await;

    assert!(error.is_credentials_refused());
    let ErrorResponse {
        error: word,
        message,
        code,
        details,
        request_id,
        ..
    } = said(&error);
    assert_eq!(word.as_deref(), Some("Bad Request"));
    assert_eq!(
        message.as_deref(),
        Some("The request contains invalid parameters or malformed data")
    );
    assert_eq!(code, Some(400));
    let [ErrorDetail { field, message, .. }] = &details[..] else {
        panic!("{details:?}");
    };
    assert_eq!(field.as_deref(), Some("email"));
    assert_eq!(message.as_deref(), Some("Invalid email format"));
    assert_eq!(request_id, None);
    let address = error.address().unwrap();
    assert!(address.ends_with("/oauth/v1/access-token"), "{address}");
    assert_eq!(
        error.to_string(),
        format!(
            "Conta Simples refused the credentials (400 Bad Request from {address}): \
         \"The request contains invalid parameters or malformed data; email: Invalid email format\"; \
         check them and that the account is active"
        )
    );
}

#[tokio::test]
async fn reads_the_documented_401_as_wrong_credentials() {
    let body = r#"{
"error": "Unauthorized",
"message": "Authentication required. Please provide a valid API token",
"code": 401
}"#;
    let error = refusal("401 Unauthorized", body).await;

    assert!(error.is_credentials_refused());
    let response = said(&error);
    assert_eq!(response.error.as_deref(), Some("Unauthorized"));
    assert_eq!(
        response.message.as_deref(),
        Some("Authentication required. Please provide a valid API token")
    );
    assert_eq!((response.code, response.details.len()), (Some(401), 0));
}

#[tokio::test]
async fn reads_the_documented_500_with_its_request_id() {
    let body = r#"{
"error": "Internal Server Error",
"message": "An unexpected error occurred on the server",
"code": 500,
"requestId": "req_1234567890"
}"#;
    let error = refusal("500 Internal Server Error", body).await;

    assert!(error.is_transient());
    let response = said(&error);
    assert_eq!(response.error.as_deref(), Some("Internal Server Error"));
    assert_eq!(response.code, Some(500));
    assert_eq!(response.request_id.as_deref(), Some("req_1234567890"));
    let address = error.address().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "no token from Conta Simples (500 Internal Server Error from {address}): \
         \"An unexpected error occurred on the server; request req_1234567890\""
        )
    );
}

#[tokio::test]
async fn reads_a_message_that_is_a_list() {
    let body =
        r#"{"statusCode":400,"message":["grant_type is odd","so are you"],"error":"Bad Request"}"#;
    let error = refusal("400 Bad Request", body).await;
    let response = said(&error);
    assert_eq!((response.message, response.code), (None, Some(400)));
    let listed: Vec<_> = response.details.iter().map(ToString::to_string).collect();
    assert_eq!(listed, ["grant_type is odd", "so are you"]);
    assert!(
        error
            .to_string()
            .contains("\"Bad Request; grant_type is odd\""),
        "{error}"
    );

    let body = r#"{"statusCode":401,"message":"Unauthorized"}"#;
    let response = said(&refusal("401 Unauthorized", body).await);
    assert_eq!(response.message.as_deref(), Some("Unauthorized"));
    assert_eq!(response.code, Some(401));
}

/// A 403 is the wrong environment or a missing scope, in the vendor's words or a gateway's.
#[tokio::test]
async fn classifies_what_is_reported_and_what_is_foreign_by_status() {
    for body in [
        r#"{"error":"Forbidden","code":403}"#,
        r#"{"message":"Forbidden"}"#,
    ] {
        let error = refusal("403 Forbidden", body).await;
        assert!(matches!(error, Error::Refused(_)), "{error}");
        assert!(error.response().is_some());
    }
    let foreign = r#"{"code":"E1","details":"no","message":{},"requestId":7}"#;
    for (status, body) in [
        ("403 Forbidden", "<html>Request blocked</html>"),
        ("400 Bad Request", ""),
        ("401 Unauthorized", foreign),
    ] {
        let error = refusal(status, body).await;
        assert!(matches!(error, Error::Unavailable(_)), "{error}");
        assert!(error.response().is_none());
    }
    let error = refusal("429 Too Many Requests", "").await;
    assert!(matches!(error, Error::RateLimited(_)), "{error}");
    assert!(refusal("502 Bad Gateway", "<html>").await.is_transient());
}

/// `renew` sends nothing while refused credentials are waited out, other refusals it may repeat.
#[tokio::test]
async fn a_400_is_not_repeated_even_by_renew() {
    let vendor = StandIn::start();
    let wrong = r#"{"error":"Bad Request","details":[{"field":"email","message":"no"}]}"#;
    vendor.answer(auth_common::testing::Response::json(400, wrong));
    let contasimples = vendor.authenticator().unwrap();
    for _ in 0..3 {
        let error = contasimples.renew().await.unwrap_err();
        assert!(error.retry_at().is_some());
    }
    assert_eq!(vendor.refused(), 1);
}

/// Gateways are known to repeat the header: `… not a valid key=value pair in Authorization header: 'Basic …'`.
#[tokio::test]
async fn a_refusal_that_repeats_a_credential_is_withheld() {
    let encoded = "dGhlIGtleTp0aGUgc2VjcmV0"; // printf 'the key:the secret' | base64
    for secret in ["the key", "the secret", encoded, &encoded[3..20]] {
        let body = format!(
            r#"{{"message":"in Authorization header: 'Basic {secret}'",
                 "details":[{{"field":"{secret}","message":"{secret}"}}]}}"#
        );
        let error = refusal("403 Forbidden", &body).await;
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(secret), "{shown}");
        assert!(shown.contains("withheld"), "{shown}");
    }
}

#[tokio::test]
async fn any_unicode_secret_arrives_byte_for_byte() {
    // A colon as well: only the first one counts.
    let secret = " \"日本\" + é&ß=%:/ \\ 🦀 ";
    let vendor = StandIn::playing(Vendor::with_key("chave+/=%é", secret));
    let contasimples = vendor.authenticator().unwrap();
    contasimples.authorization().await.unwrap();
    assert_eq!(vendor.logins(), 1);
}

#[tokio::test]
async fn wrong_credentials_are_refused_as_documented() {
    let vendor = StandIn::start();
    for (key, secret) in [("api_key", "wrong"), ("wrong", "api_secret")] {
        let contasimples = at(vendor.base_url().unwrap(), key, secret);
        let error = contasimples.build().unwrap().token().await.unwrap_err();
        assert!(error.is_credentials_refused());
        assert_eq!(error.status().unwrap(), 401);
    }
    assert_eq!((vendor.logins(), vendor.refused()), (0, 2));
    assert!(vendor.problems().is_empty());
}

#[test]
fn credentials_that_basic_cannot_carry_are_refused() {
    for (key, secret, field) in [
        ("", "secret", "api_key"),
        ("key", "", "api_secret"),
        ("api:key", "secret", "api_key"),
        (":", "secret", "api_key"),
        ("key\n", "secret", "api_key"),
        ("key", "sec\tret", "api_secret"),
    ] {
        let error = Credentials::new(key, secret).unwrap_err();
        assert_eq!(error.field(), field, "{error}");
    }
    let error = Credentials::new("k:canary", "secret").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[test]
fn no_debug_shows_a_credential() {
    let credentials = Credentials::new("key-canary", "secret-canary").unwrap();
    let shown = format!("{credentials:?}");
    assert!(
        shown.starts_with("Credentials") && !shown.contains("canary"),
        "{shown}"
    );
}

#[tokio::test]
async fn the_environment_variables_describe_an_authenticator() {
    let all = [
        ("CONTA_SIMPLES_API_KEY", "the key"),
        ("CONTA_SIMPLES_API_SECRET", "the secret"),
        ("CONTA_SIMPLES_ENV", "sandbox"),
    ];
    let builder = |vars: &[(&str, &str)]| {
        Authenticator::builder_from(&Vars::from_pairs(vars.iter().copied()))
    };
    for (environment, url) in [
        ("sandbox", "https://api-sandbox.contasimples.com/"),
        ("production", "https://api.contasimples.com/"),
        ("https://gateway.example/cs", "https://gateway.example/cs/"),
    ] {
        let (asked, urls) = mpsc::channel();
        let script = Script::new(move |call| {
            asked.send(call.uri().to_string()).unwrap();
            Ok(Response::json(200, SUCCESS))
        });
        let contasimples = builder(&[all[0], all[1], ("CONTA_SIMPLES_ENV", environment)])
            .unwrap()
            .transport(script.transport())
            .build()
            .unwrap();
        contasimples.request_token().await.unwrap();
        assert_eq!(urls.recv().unwrap(), format!("{url}oauth/v1/access-token"));
    }
    for missing in all.map(|(name, _)| name) {
        let rest: Vec<_> = all
            .into_iter()
            .filter(|(name, _)| *name != missing)
            .collect();
        assert_eq!(
            builder(&rest).unwrap_err().to_string(),
            format!("{missing} is not set in the environment")
        );
    }
    let error = builder(&[]).unwrap_err();
    for (name, _) in all {
        assert!(error.field().contains(name), "{error}");
    }
    for (name, wrong) in [
        ("CONTA_SIMPLES_API_KEY", "with:colon"),
        ("CONTA_SIMPLES_API_SECRET", ""),
        ("CONTA_SIMPLES_ENV", "http://x.example"),
    ] {
        let vars = all.map(|(known, value)| (known, if known == name { wrong } else { value }));
        assert_eq!(builder(&vars).unwrap_err().field(), name);
    }
}

/// What the stand-in says to a client that does not follow the document.
#[tokio::test]
async fn a_wrong_request_is_refused_by_name() {
    let vendor = StandIn::start();
    let base = vendor.base_url().unwrap();
    let elsewhere = base.join("v2").as_str().parse().unwrap();
    let error = at(elsewhere, "api_key", "api_secret").build().unwrap();
    let error = error.request_token().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 404);

    let post = "POST /oauth/v1/access-token HTTP/1.1";
    let form = "Content-Type: application/x-www-form-urlencoded";
    for (request, problem) in [
        (
            format!("{post}\r\n{form}\r\nContent-Length: 19\r\n\r\ngrant_type=password"),
            "grant_type is not client_credentials",
        ),
        (
            format!("{post}\r\n{form}\r\nContent-Length: 29\r\n\r\ngrant_type=client_credentials"),
            "Authorization is not Basic with the base64 of api_key:api_secret",
        ),
    ] {
        let answer = exchange(&base, &request);
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains(problem), "{answer}");
        assert_eq!(vendor.problems().last().unwrap(), problem);
    }
}

/// The answer to a request as no client of ours sends it. It lacks `Host`, which is added here.
fn exchange(base: &BaseUrl, request: &str) -> String {
    use std::io::{Read, Write};

    let host = base.as_url().authority();
    let head = format!("HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    let mut connection = std::net::TcpStream::connect(host).unwrap();
    let request = request.replacen("HTTP/1.1\r\n", &head, 1);
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}
