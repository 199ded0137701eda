#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn claims_are_read_against_iat_or_else_the_date_of_the_answer_less_what_was_rounded() {
    for (claims, date, expected) in [
        (r#"{"iat":1700000000,"exp":1700003600}"#, None, Some(3599.0)),
        // The server's clock runs ten minutes fast: both of its readings do.
        (
            r#"{"iat":1700000600,"exp":1700004200}"#,
            Some(1_700_000_000),
            Some(3599.0),
        ),
        (r#"{"exp":1700003600}"#, Some(1_700_000_000), Some(3599.0)),
        (r#"{"exp":1700003600}"#, None, None),
        // Not positive: no hint.
        (r#"{"exp":1700003600}"#, Some(1_700_003_600), None),
        (r#"{"exp":1700003600}"#, Some(1_800_000_000), None),
        (r#"{"iat":1700000000,"exp":1700000000}"#, None, None),
        (r#"{"iat":1700000001,"exp":1700000000}"#, None, None),
        // One that was not rounded. A fraction of `exp` is cut off, as servers do.
        (
            r#"{"iat":1700000000.5,"exp":1700003600.9}"#,
            None,
            Some(3599.5),
        ),
        // Of so short a life half is left.
        (r#"{"iat":1700000000,"exp":1700000001}"#, None, Some(0.5)),
        (r#"{"iat":1700000000,"exp":1700000002}"#, None, Some(1.0)),
        (r#"{"iat":1700000000,"exp":1700000005}"#, None, Some(4.0)),
        (r#"{"iat":1.7e9,"exp":1.7000036e9}"#, None, Some(3599.0)),
        // An `iat` that is none is missing.
        (
            r#"{"iat":"yesterday","exp":1700003600}"#,
            Some(1_700_000_000),
            Some(3599.0),
        ),
        (
            r#"{"iat":null,"exp":1700003600}"#,
            Some(1_700_000_000),
            Some(3599.0),
        ),
        (r#"{"iat":1700000000}"#, Some(1_700_000_000), None),
        (r#"{"iat":1700000000,"exp":null}"#, None, None),
        (r#"{"iat":1700000000,"exp":"1700003600"}"#, None, None),
        (r#"{"iat":0,"exp":-5}"#, None, None),
        (r#"{"iat":-3600,"exp":0}"#, None, Some(3599.0)),
    ] {
        let date = date.map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap());
        let got = lifetime(&jwt(claims), date);
        assert_eq!(
            got,
            expected.map(Duration::from_secs_f64),
            "{claims} at {date:?}"
        );
    }
}

#[test]
fn what_is_no_jwt_is_no_hint() {
    let claims = URL_SAFE_NO_PAD.encode(r#"{"iat":0,"exp":60}"#);
    for token in [
        String::new(),
        OPAQUE.into(),
        "..".into(),
        "a.b.c".into(),
        "h.!!!.s".into(),
        claims.clone(),
        format!("h.{claims}"),
        jwt("[1]"),
        jwt("null"),
        jwt(r#"{"iat":0,"exp":60"#),
        jwt(r#"{"iat":0,"exp":60,"exp":61}"#),
        jwt(&"[".repeat(10_000)),
        format!("h.{}.s", URL_SAFE_NO_PAD.encode([0xFF, 0xFE])),
    ] {
        assert_eq!(
            lifetime(&token, Some(DateTime::UNIX_EPOCH)),
            None,
            "{token:.40}"
        );
    }
    assert_eq!(
        lifetime(&format!("h.{claims}.s"), None),
        Some(Duration::from_secs(59))
    );
    assert_eq!(
        lifetime(&format!("h.{claims}==.s"), None),
        Some(Duration::from_secs(59)),
        "padding is forgiven"
    );
}

#[test]
fn vendors_sample_tokens_are_read_as_they_are() {
    let date = DateTime::from_timestamp(1_709_816_541, 0);
    for (token, expected) in [
        (DIRECTLINK_ACCESS, Some(3599.0)),
        (ZAPSIGN_ACCESS_WITHOUT_EXP, None),
        (ZAPSIGN_ACCESS_WITHOUT_IAT, Some(3599.0)),
        (ZAPSIGN_REFRESH_CUT_SHORT, None),
        (CONTASIMPLES_ELLIPSIS, None),
        (BLACKBOX_ELLIPSIS, None),
    ] {
        assert_eq!(
            lifetime(token, date),
            expected.map(Duration::from_secs_f64),
            "{token}"
        );
    }
    assert_eq!(lifetime(ZAPSIGN_ACCESS_WITHOUT_IAT, None), None);
}

fn jwt(claims: &str) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
}

const OPAQUE: &str = "2YotnFZFEjr1zCsicMWpAA";

// The samples of the vendors' documents
const DIRECTLINK_ACCESS: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwOi8vMTkyLjE2OC41LjM4OjgwODAvZGlyZWN0bGluay92MSIsInN1YiI6IlVTRVIxIiwiYXVkIjpbImh0dHA6Ly8xOTIuMTY4LjUuMzg6ODA4MC9kaXJlY3RsaW5rL3YxIl0sImV4cCI6MTY1NTE1OTk3NiwibmJmIjoxNjU1MTU2Mzc2LCJpYXQiOjE2NTUxNTYzNzYsImp0aSI6IjE2NTUxNTYzNzY0Mjg2OTcwMDAifQ.GeMf9voddvEdgStH2GJqHIKIWXXYYbhLEKVz-kq_Cp8";
const ZAPSIGN_ACCESS_WITHOUT_EXP: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
const ZAPSIGN_ACCESS_WITHOUT_IAT: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIiwiZXhwIjoxNzA5ODIwMTQxLCJqdGkiOiIxMGM4YmVhOTkxNDM0ZGU5OWQxNmViMGE2ZTA3MTU1YyIsInVzZXJfaWQiOjEsInR5cGUiOiJwdWJsaWMifQ.GhMKXDyiidHrWCSmU3I9e6-zDm61mBmDqEavir4IW0c";
const ZAPSIGN_REFRESH_CUT_SHORT: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCIsImV4cCI6MTcxMDE3ODM0NCwianRpIjoiYjhmZjMwNDJmNjRkNDJmM2FlMzczZmRiNDQ3YTQ2NGEiLCJ1c2Vyb";
const CONTASIMPLES_ELLIPSIS: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9...";
const BLACKBOX_ELLIPSIS: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9...";
