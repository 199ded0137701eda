#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use super::*;

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

fn token(access_token: &str) -> Token {
    let header = Token::header(&SecretString::from(access_token)).unwrap();
    Token::new(header, DateTime::UNIX_EPOCH, 7)
}
