#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use super::*;
use crate::{BasicCredentials, Credential};

const FORM: Refresh = Refresh::form("oauth/token", "refresh_token", read);
const JSON: Refresh = Refresh::json("v1/token-refresh/", "refresh", read);

#[test]
fn form_is_encoded_byte_for_byte() {
    let request = request(&FORM, "a+b/c=&é 1%");
    assert_eq!(shown(&request), "refresh_token=a%2Bb%2Fc%3D%26%C3%A9+1%25");
    assert_eq!(request.path(), "oauth/token");
    assert_eq!(
        headers(&request),
        [
            "accept: application/json",
            "content-type: application/x-www-form-urlencoded"
        ]
    );
}

#[test]
fn json_is_encoded_byte_for_byte() {
    let request = request(&JSON, "a+b/c=&é\"\\");
    assert_eq!(shown(&request), r#"{"refresh":"a+b/c=&é\"\\"}"#);
    assert_eq!(request.path(), "v1/token-refresh/");
    assert_eq!(
        headers(&request),
        ["accept: application/json", "content-type: application/json"]
    );
}

#[test]
fn constant_field_comes_first() {
    let form = FORM.with_field("grant_type", "refresh_token");
    assert_eq!(
        shown(&request(&form, "old")),
        "grant_type=refresh_token&refresh_token=old"
    );
    let json = JSON.with_field("kind", "a&b");
    assert_eq!(
        shown(&request(&json, "old")),
        r#"{"kind":"a&b","refresh":"old"}"#
    );
}

#[test]
fn authorization_of_the_login_goes_along_where_it_is_wanted() {
    let authorized = FORM
        .with_authorization()
        .request(&"old".into(), Some(login_with_basic()));
    let authorization = authorized.headers().get(header::AUTHORIZATION).unwrap();
    assert_eq!(authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert!(authorization.is_sensitive());
    // Nothing else of the login does.
    assert_eq!(
        headers(&authorized),
        [
            "accept: application/json",
            "authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "content-type: application/x-www-form-urlencoded"
        ]
    );
    assert_eq!(shown(&authorized), "refresh_token=old");
    assert_eq!(authorized.path(), "oauth/token");
}

#[test]
fn login_without_the_header_lends_none() {
    let request = FORM
        .with_authorization()
        .request(&"old".into(), Some(TokenRequest::form("login", &[])));
    assert_eq!(request.headers().get(header::AUTHORIZATION), None);
    assert_eq!(shown(&request), "refresh_token=old");
}

#[test]
fn what_was_said_is_what_is_read() {
    for (refresh, path, field) in [
        (FORM, "oauth/token", "refresh_token"),
        (JSON, "v1/token-refresh/", "refresh"),
    ] {
        assert_eq!((refresh.path(), refresh.field()), (path, field));
        assert!(!refresh.rotates());
        let all = refresh
            .rotating()
            .with_authorization()
            .with_field("grant_type", "refresh_token");
        assert_eq!((all.path(), all.field()), (path, field));
        assert!(all.rotates());
    }
}

#[test]
fn answer_is_decoded_by_the_function_given() {
    let body = JsonObject::parse(br#"{"access":"a","expires_in":60,"refresh":"r"}"#, &[]).unwrap();
    let grant = FORM.read(&body).unwrap();
    assert_eq!(grant.access_token.expose_secret(), "a");
    assert_eq!(grant.expires_in, Some(Duration::from_secs(60)));
    assert_eq!(grant.refresh_token.unwrap().expose_secret(), "r");

    assert!(FORM.read(&JsonObject::empty()).is_err());
}

#[test]
fn debug_names_the_path_the_field_and_the_rotation() {
    assert_eq!(
        format!("{:?}", JSON.rotating()),
        r#"Refresh { path: "v1/token-refresh/", field: "refresh", rotates: true, .. }"#
    );
}

/// A request that has no use for a login.
fn request(refresh: &Refresh, refresh_token: &str) -> TokenRequest {
    refresh.request(&refresh_token.into(), None)
}

fn login_with_basic() -> TokenRequest {
    let user = Credential::new("user", "Aladdin").unwrap();
    let password = Credential::new("password", "open sesame").unwrap();
    let basic = BasicCredentials::new(("user", user), password).unwrap();
    TokenRequest::json("login", &[("grant_type", "client_credentials")])
        .basic(&basic)
        .header(
            header::CACHE_CONTROL,
            header::HeaderValue::from_static("no-cache"),
        )
}

fn read(body: &JsonObject<'_>) -> Result<Grant, InvalidBody> {
    let grant = Grant::new(body.token("access")?, body.expires_in()?);
    Ok(grant.with_refresh_token(body.optional_token("refresh")?))
}

fn shown(request: &TokenRequest) -> &str {
    std::str::from_utf8(request.body()).unwrap()
}

/// All headers, sorted.
fn headers(request: &TokenRequest) -> Vec<String> {
    let mut lines: Vec<String> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines
}
