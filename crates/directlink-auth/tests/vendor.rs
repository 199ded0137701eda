//! What goes over the wire, and what comes back, as *Obter token OAuth2* documents it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use auth_common::testing::{Response, Wiretap};
use directlink_auth::{
    Authenticator, BaseUrl, Credentials, Error, ErrorResponse, Vars,
    testing::{StandIn, Vendor},
};
use secrecy::ExposeSecret;

const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwOi8vMTkyLjE2OC41LjM4OjgwODAvZGlyZWN0bGluay92MSIsInN1YiI6IlVTRVIxIiwiYXVkIjpbImh0dHA6Ly8xOTIuMTY4LjUuMzg6ODA4MC9kaXJlY3RsaW5rL3YxIl0sImV4cCI6MTY1NTE1OTk3NiwibmJmIjoxNjU1MTU2Mzc2LCJpYXQiOjE2NTUxNTYzNzYsImp0aSI6IjE2NTUxNTYzNzY0Mjg2OTcwMDAifQ.GeMf9voddvEdgStH2GJqHIKIWXXYYbhLEKVz-kq_Cp8";

const REST: &str = r#",
"token_type": "Bearer",
"expires_in": 3600,
"scope": "https://your-domain/directlink/v1""#;

/// The document's success, with these members after the token.
fn success(rest: &str) -> String {
    format!("{{\n\"access_token\": \"{TOKEN}\"{rest}\n}}")
}

fn at(base: BaseUrl, username: &str, password: &str) -> Authenticator {
    let credentials = Credentials::new(username, password).unwrap();
    Authenticator::builder(base, credentials).build().unwrap()
}

async fn refusal(status: u16, content_type: &str, body: &str) -> Error {
    let vendor = StandIn::start();
    vendor.answer(Response::new(status, content_type, body));
    let directlink = vendor.authenticator().unwrap();
    directlink.request_token().await.unwrap_err()
}

fn said(error: &Error) -> ErrorResponse {
    error.response().unwrap().clone()
}

/// The lifetime that the authenticator reckons with.
async fn lifetime_from(body: &str) -> Duration {
    let wire = Wiretap::answering("200 OK", body).unwrap();
    let directlink = at(wire.base_url().unwrap(), "johndoe", "A3ddj3w");
    let expires_at = directlink.token().await.unwrap().expires_at();
    let came_at = directlink.snapshot().last_success.unwrap();
    (expires_at - came_at).to_std().unwrap()
}

#[tokio::test]
async fn sends_the_documented_request_to_the_last_byte() {
    let wire = Wiretap::answering("200 OK", &success(REST)).unwrap();
    let directlink = at(wire.base_url().unwrap(), "johndoe", "A3ddj3w");
    directlink.request_token().await.unwrap();

    let body = "grant_type=password&username=johndoe&password=A3ddj3w";
    let request = format!(
        "POST /directlink/v1/oauth2/token HTTP/1.1\r\n\
         content-type: application/x-www-form-urlencoded\r\n\
         accept: application/json\r\n\
         user-agent: directlink-auth/{}\r\n\
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
    let wire = Wiretap::answering("200 OK", &success(REST)).unwrap();
    let directlink = at(wire.base_url().unwrap(), "johndoe", "A3ddj3w");

    let response = directlink.request_token().await.unwrap();
    assert_eq!(response.access_token.expose_secret(), TOKEN);
    assert_eq!(response.token_type, "Bearer");
    assert_eq!(response.expires_in, Some(Duration::from_secs(3600)));
    assert_eq!(
        response.scope.as_deref(),
        Some("https://your-domain/directlink/v1")
    );

    let authorization = directlink.authorization().await.unwrap();
    assert_eq!(authorization, format!("Bearer {TOKEN}"));
    assert!(authorization.is_sensitive());
}

#[tokio::test]
async fn reads_the_documented_example_whose_token_is_opaque() {
    let body = r#"{
       "access_token":"2YotnFZFEjr1zCsicMWpAA",
       "token_type":"Bearer",
       "expires_in":3600,
       "scope":"example_value"
}"#;
    let wire = Wiretap::answering("200 OK", body).unwrap();
    let directlink = at(wire.base_url().unwrap(), "johndoe", "A3ddj3w");
    let response = directlink.request_token().await.unwrap();
    assert_eq!(
        response.access_token.expose_secret(),
        "2YotnFZFEjr1zCsicMWpAA"
    );
    assert_eq!(response.scope.as_deref(), Some("example_value"));
}

#[tokio::test]
async fn a_sparse_success_is_enough() {
    let wire = Wiretap::answering("200 OK", &success("")).unwrap();
    let directlink = at(wire.base_url().unwrap(), "johndoe", "A3ddj3w");
    let response = directlink.request_token().await.unwrap();
    assert_eq!(response.token_type, "Bearer");
    assert_eq!((response.expires_in, response.scope), (None, None));
}

#[tokio::test]
async fn the_lifetime_is_expires_in_or_an_hour_and_the_token_s_claims_only_shorten_it() {
    let opaque = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA"}"#.to_owned();
    for (body, seconds) in [
        (opaque, 3600),
        (success(REST), 3600),
        (success(r#","expires_in":1800"#), 1800),
        // The sample's `exp` is 3600 s after its `iat`, in the year 2022.
        (success(r#","expires_in":7200"#), 3600),
    ] {
        // Counted from before the request, so a little less.
        let lifetime = lifetime_from(&body).await.as_secs();
        assert!((seconds - 10..=seconds).contains(&lifetime), "{lifetime} s");
    }
}

#[tokio::test]
async fn reads_the_documented_refusals_whose_error_is_a_number() {
    let documented = |status: u16, description: &str| {
        format!(
            r#"{{
    "error": {status},
    "error_description": "{description}",
    "error_uri": "https://your-domain/directlink/v1"
}}"#
        )
    };
    let answers = |status: u16, description: &'static str| async move {
        let error = refusal(status, "application/json", &documented(status, description)).await;
        assert_eq!(error.status().unwrap(), status);
        let ErrorResponse {
            error: number,
            error_description,
            error_uri,
            ..
        } = said(&error);
        assert_eq!(number, Some(status.into()));
        assert_eq!(error_description.as_deref(), Some(description));
        assert_eq!(
            error_uri.as_deref(),
            Some("https://your-domain/directlink/v1")
        );
        error
    };

    let error = answers(400, "Bad Request").await;
    assert!(matches!(error, Error::Refused(_)));

    let error = answers(401, "Unauthorized").await;
    assert!(error.is_credentials_refused());
    let address = error.address().unwrap();
    assert!(
        address.ends_with("/directlink/v1/oauth2/token"),
        "{address}"
    );
    assert_eq!(
        error.to_string(),
        format!(
            "DirectLink refused the credentials (401 Unauthorized from {address}): \"Unauthorized\"; \
         check them and that the account is active"
        )
    );

    let error = answers(500, "Internal server error").await;
    assert!(matches!(error, Error::Unavailable(_)));
    assert!(error.is_transient());
}

#[tokio::test]
async fn reads_what_the_rest_of_the_server_answers() {
    let body = r#"{"status":401,"description":"Invalid session","apiver":"1.0",
        "time":"2024-09-23T12:00:00Z"}"#;
    let error = refusal(401, "application/json", body).await;
    assert!(error.is_credentials_refused());
    assert_eq!(said(&error).status, Some(401));
    assert_eq!(said(&error).to_string(), "Invalid session");
}

#[tokio::test]
async fn problem_details_of_another_server_blame_nobody() {
    let body = r#"{"type":"about:blank","title":"Unauthorized","status":401}"#;
    let error = refusal(401, "application/problem+json", body).await;
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(error.response().is_none());
    let named = "a body (application/problem+json) came and not the vendor's JSON";
    assert!(error.to_string().contains(named), "{error}");
}

#[tokio::test]
async fn an_error_that_is_a_text_is_no_obstacle() {
    let body = r#"{"error":"invalid_grant","error_description":"Unauthorized"}"#;
    let error = refusal(401, "application/json", body).await;
    assert!(error.is_credentials_refused());
    assert_eq!(said(&error).error, None);
    assert_eq!(said(&error).to_string(), "Unauthorized");
}

#[tokio::test]
async fn plain_text_and_pages_are_classified_by_status() {
    let plain = "text/plain; charset=utf-8";
    for (status, body) in [
        (404, "404 page not found\n"),
        (405, "Method Not Allowed\n"),
        (403, "<html><h1>Request blocked</h1></html>"),
    ] {
        let error = refusal(status, plain, body).await;
        assert!(matches!(error, Error::Unavailable(_)), "{status}");
        assert!(error.response().is_none());
    }
    let limited = refusal(429, plain, "Too Many Requests").await;
    assert!(matches!(limited, Error::RateLimited(_)));
    for status in [502, 503, 504] {
        assert!(refusal(status, "text/html", "<html>").await.is_transient());
    }
    let page = refusal(200, "text/html", "<html><h1>Login</h1></html>").await;
    assert!(matches!(page, Error::InvalidResponse(_)));
}

#[tokio::test]
async fn an_installation_below_a_path_is_reached_there() {
    for path in ["stcp", "stcp/"] {
        let wire = Wiretap::answering("200 OK", &success(REST)).unwrap();
        let base = format!("http://{}/{path}", wire.host()).parse().unwrap();
        let directlink = at(base, "johndoe", "A3ddj3w");
        directlink.request_token().await.unwrap();
        let line = b"POST /stcp/directlink/v1/oauth2/token HTTP/1.1\r\n";
        assert!(wire.requests()[0].starts_with(line));
    }
}

#[test]
fn plain_http_beyond_this_machine_is_refused_unless_it_is_asked_for_by_name() {
    let url = "http://192.168.5.38:8080";
    let error = url.parse::<BaseUrl>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "base URL must begin with https:// (plain http:// is for loopback addresses only)"
    );
    let base = BaseUrl::dangerously_allow_plain_http(url).unwrap();
    assert_eq!(base.as_str(), "http://192.168.5.38:8080/");
    at(base, "johndoe", "A3ddj3w");
}

#[test]
fn a_root_certificate_that_is_none_is_refused_by_name() {
    let error = StandIn::start()
        .builder()
        .unwrap()
        .root_certificate(b"not PEM")
        .build()
        .unwrap_err();
    assert_eq!(error.field(), "root certificate");
}

#[tokio::test]
async fn wrong_credentials_are_refused_in_the_documented_words() {
    let vendor = StandIn::start();
    let error = at(vendor.base_url().unwrap(), "johndoe", "wrong")
        .request_token()
        .await
        .unwrap_err();
    assert!(error.is_credentials_refused());
    assert_eq!(said(&error).error, Some(401));
    assert_eq!((vendor.logins(), vendor.refused()), (0, 1));
    assert!(vendor.problems().is_empty());
}

#[test]
fn the_stand_in_names_what_is_wrong_with_a_request() {
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let good = "grant_type=password&username=johndoe&password=A3ddj3w";
    let other_order = "username=johndoe&password=A3ddj3w&grant_type=password";
    let other_grant = "grant_type=client_credentials&username=johndoe&password=A3ddj3w";
    let in_order = "the body is not grant_type, username, password, in this order";
    let cases = [
        ("PUT", form, good, "the method is not POST"),
        (
            "POST",
            "Content-Type: application/json\r\n",
            good,
            "Content-Type is not application/x-www-form-urlencoded",
        ),
        ("POST", form, other_order, in_order),
        ("POST", form, other_grant, "grant_type is not password"),
    ];
    let vendor = StandIn::start();
    let accepted = send(&vendor, "POST", form, good);
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
async fn the_stand_in_s_tokens_are_like_the_documented_one() {
    let vendor = StandIn::start();
    vendor.set_lifetime(Duration::from_secs(300));
    let directlink = vendor.authenticator().unwrap();
    let one = directlink.request_token().await.unwrap().access_token;
    let other = directlink.request_token().await.unwrap().access_token;
    assert_ne!(one.expose_secret(), other.expose_secret());

    let header = TOKEN.split('.').next();
    assert_eq!(one.expose_secret().split('.').next(), header);
    assert_eq!(one.expose_secret().split('.').count(), 3);
    // Its claims do not shorten the lifetime that was asked of the stand-in.
    let expires_at = directlink.token().await.unwrap().expires_at();
    let lifetime = expires_at - directlink.snapshot().last_success.unwrap();
    assert!((290..=300).contains(&lifetime.num_seconds()), "{lifetime}");
}

#[tokio::test]
async fn any_unicode_password_arrives_byte_for_byte() {
    let password = " \"日本\" + é&ß=% \\ 🦀 ";
    let vendor = StandIn::playing(Vendor::with_user("joão", password));
    let directlink = vendor.authenticator().unwrap();
    directlink.authorization().await.unwrap();
    assert_eq!(vendor.logins(), 1);
}

#[test]
fn the_environment_variables_describe_an_authenticator() {
    let all = [
        ("DIRECTLINK_URL", "https://files.example.com:8443/stcp"),
        ("DIRECTLINK_USERNAME", "johndoe"),
        ("DIRECTLINK_PASSWORD", "A3ddj3w"),
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
    for (name, wrong) in [
        ("DIRECTLINK_URL", "http://192.168.5.38:8080"),
        ("DIRECTLINK_USERNAME", ""),
        ("DIRECTLINK_PASSWORD", "tab\t"),
    ] {
        let vars = all.map(|(known, value)| (known, if known == name { wrong } else { value }));
        let error = Authenticator::builder_from(&Vars::from_pairs(vars)).unwrap_err();
        assert_eq!(error.field(), name);
    }
}

/// A request that the client would not send.
fn send(vendor: &StandIn, method: &str, headers: &str, body: &str) -> String {
    let base = vendor.base_url().unwrap();
    let host = base.as_url().authority();
    let mut connection = TcpStream::connect(host).unwrap();
    write!(
        connection,
        "{method} /directlink/v1/oauth2/token HTTP/1.1\r\nHost: {host}\r\n\
         Connection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}
