#![allow(clippy::unwrap_used)]

use http::header;

use super::*;
use crate::TokenRequest;

/// The example of RFC 7617 §2.
#[test]
fn pair_travels_as_the_standard_s_example() {
    let basic = basic("Aladdin", "open sesame");
    assert_eq!(basic.encoded(), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");

    let request = TokenRequest::form("oauth/token", &[]).basic(&basic);
    let authorization = request.headers().get(header::AUTHORIZATION).unwrap();
    assert_eq!(authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert!(authorization.is_sensitive());
}

/// The example of RFC 7617 §2.1: the pair is in UTF-8.
#[test]
fn letters_beyond_ascii_are_encoded_as_utf_8() {
    assert_eq!(basic("test", "123£").encoded(), "dGVzdDoxMjPCow==");
}

#[test]
fn secrets_are_the_user_the_password_and_the_pair() {
    assert_eq!(
        basic("Aladdin", "open sesame").secrets(),
        ["Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]
    );
}

#[test]
fn colon_in_the_user_is_refused_by_the_field_s_name() {
    for user in [":", ":CANARY", "CANARY:", "CAN:ARY", "CAN::ARY"] {
        for field in ["api_key", "CONTA_SIMPLES_API_KEY"] {
            let refused = BasicCredentials::new((field, credential(user)), credential("secret"));
            let refused = refused.unwrap_err();
            assert_eq!(refused.field(), field);
            assert_eq!(
                refused.to_string(),
                format!("{field} must not contain ':', which ends it in the Authorization header")
            );
        }
    }
}

#[test]
fn password_may_hold_colons() {
    // printf 'user::pass:word:' | base64
    let basic = basic("user", ":pass:word:");
    assert_eq!(basic.encoded(), "dXNlcjo6cGFzczp3b3JkOg==");
    assert!(basic.secrets().contains(&":pass:word:"));
}

#[test]
fn debug_shows_nothing() {
    let basic = basic("user-CANARY", "password-CANARY");
    let encoded = basic.encoded().to_owned();
    for shown in [format!("{basic:?}"), format!("{basic:#?}")] {
        assert!(!shown.contains("CANARY"), "{shown}");
        assert!(!shown.contains(&encoded), "{shown}");
        assert!(shown.starts_with("BasicCredentials"), "{shown}");
    }
}

fn basic(user: &str, password: &str) -> BasicCredentials {
    BasicCredentials::new(("user", credential(user)), credential(password)).unwrap()
}

fn credential(value: &str) -> Credential {
    Credential::new("credential", value).unwrap()
}
