#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::time::Duration;

use http::StatusCode;

use super::*;
use crate::{
    Authenticator, BaseUrl, ConfigurationError, Credential, Exchange, Grant, InvalidBody,
    JsonObject, Refresh, Refusal, TokenEndpoint, TokenRequest, Transport, Vars,
};

#[test]
fn header_is_bearer_and_the_token_and_sensitive() {
    let token = token("t0k.en-_~+/=");
    let header = token.authorization();
    assert_eq!(header.to_str().unwrap(), "Bearer t0k.en-_~+/=");
    assert!(header.is_sensitive());
    assert_eq!(token.expose_secret(), "t0k.en-_~+/=");
    assert_eq!(token.generation(), 7);
    assert_eq!(token.expires_at(), DateTime::UNIX_EPOCH);
}

#[test]
fn clones_and_their_headers_share_one_buffer() {
    let token = token("secret");
    let buffer = token.authorization.as_bytes().as_ptr();
    let clone = token.clone();
    drop(token);
    assert_eq!(clone.authorization().as_bytes().as_ptr(), buffer);
    assert_eq!(clone.authorization().clone().as_bytes().as_ptr(), buffer);
    assert_eq!(
        clone.expose_secret().as_ptr(),
        buffer.wrapping_add("Bearer ".len())
    );
}

#[test]
fn debug_shows_the_expiry_and_not_the_token() {
    let token = token("CANARY");
    assert_eq!(
        format!("{token:?}"),
        "Token { expires_at: 1970-01-01T00:00:00Z, .. }"
    );
    assert_eq!(format!("{:?}", token.authorization()), "Sensitive");
}

#[test]
fn no_type_that_holds_a_secret_shows_it_in_debug() {
    let secret = || SecretString::from(CANARY);
    let base: BaseUrl = "https://example.com".parse().unwrap();
    let builder = || Authenticator::<Endpoint>::builder(base.clone(), secret());
    let proxy = format!("http://user:{CANARY}@proxy.example:3128");
    let transport = || Transport::builder().proxy(&proxy);
    let body = format!(r#"{{"access_token":"{CANARY}"}}"#);
    let secrets = [CANARY];
    let object = JsonObject::parse(body.as_bytes(), &secrets).unwrap();
    let grant = Grant::new(secret(), Some(Duration::from_secs(60)));
    let shown = [
        format!("{:?}", token(CANARY)),
        format!("{:?}", token(CANARY).authorization()),
        format!("{:?}", Credential::new("password", CANARY).unwrap()),
        format!("{:?}", Vars::from_pairs([("A_PASSWORD", CANARY)])),
        format!("{:?}", TokenRequest::form("p", &[("password", CANARY)])),
        format!("{:?}", TokenRequest::json("p", &[("password", CANARY)])),
        format!("{object:?}"),
        format!("{:?}", object.clone().token("access_token").unwrap()),
        format!("{:?}", grant.with_refresh_token(Some(secret()))),
        format!("{:?}", transport()),
        format!("{:?}", transport().build().unwrap()),
        format!("{:?}", builder()),
        format!("{:?}", builder().proxy(&proxy)),
        format!("{:?}", builder().proxy(&proxy).build().unwrap()),
        format!("{:?}", builder().build().unwrap().snapshot()),
    ];
    for shown in shown {
        assert!(!shown.contains(CANARY), "{shown}");
    }
}

#[test]
fn token_that_would_break_the_header_is_no_header() {
    for bad in ["a\r\nX-Evil: 1", "a\nb", "a\0b", "a\u{7f}b"] {
        assert!(Token::header(&SecretString::from(bad)).is_err(), "{bad:?}");
    }
}

#[test]
fn secret_header_joins_its_parts() {
    let header = secret_header(&["Basic ", "dTpw", ""]).unwrap();
    assert_eq!(header.as_bytes(), b"Basic dTpw");
    assert!(header.is_sensitive());
    assert!(secret_header(&[]).unwrap().is_empty());
}

/// A vendor that is never asked.
struct Endpoint;

impl TokenEndpoint for Endpoint {
    type Environment = BaseUrl;
    type Credentials = SecretString;
    type TokenResponse = Grant;
    type ErrorResponse = &'static str;

    const VENDOR: &'static str = "Vendor";
    const USER_AGENT: &'static str = "vendor-auth/0";
    const FALLBACK_LIFETIME: Duration = Duration::from_secs(900);
    const REFRESH: Option<Refresh> = None;
    const REQUIRED_VARS: &'static [&'static str] = &[];

    fn base_url(base: BaseUrl) -> Result<BaseUrl, ConfigurationError> {
        Ok(base)
    }

    fn environment_from(_: &Vars) -> Result<BaseUrl, ConfigurationError> {
        unreachable!()
    }

    fn credentials_from(_: &Vars) -> Result<SecretString, ConfigurationError> {
        unreachable!()
    }

    fn secrets(_: &SecretString) -> Vec<&str> {
        unreachable!()
    }

    fn token_request(_: &SecretString) -> TokenRequest {
        TokenRequest::form("token", &[])
    }

    fn token_response(_: &JsonObject<'_>) -> Result<Grant, InvalidBody> {
        unreachable!()
    }

    fn error_response(_: &JsonObject<'_>) -> &'static str {
        unreachable!()
    }

    fn refusal(_: Exchange, _: StatusCode, _: &&'static str) -> Refusal {
        unreachable!()
    }
}

fn token(access_token: &str) -> Token {
    let header = Token::header(&SecretString::from(access_token)).unwrap();
    Token::new(header, DateTime::UNIX_EPOCH, 7)
}

const CANARY: &str = "CANARY-7f3a";
