#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use proptest::prelude::*;

use super::*;
use crate::{BaseUrl, Vars};

// Credentials

#[test]
fn credential_is_refused_by_rule_and_never_shown() {
    for (value, rule) in [
        ("", "must not be empty"),
        ("CANARY\n", CONTROL),
        ("CANARY\r\n", CONTROL),
        ("CANARY\t", CONTROL),
        ("CANARY\0", CONTROL),
        ("CANARY\u{7f}", CONTROL),
        ("CANARY\u{85}", CONTROL),
    ] {
        let refused = Credential::new("password", value).unwrap_err();
        assert_eq!(
            refused,
            ConfigurationError::new("password", rule),
            "{value:?}"
        );
        assert_eq!(refused.to_string(), format!("password {rule}"));
        assert!(!format!("{refused:?}").contains("CANARY"));
    }
}

#[test]
fn credential_may_have_4096_bytes() {
    for (letter, most) in [("a", 4096), ("ç", 2048)] {
        assert!(Credential::new("password", letter.repeat(most)).is_ok());
        let refused = Credential::new("password", letter.repeat(most + 1)).unwrap_err();
        assert_eq!(refused.rule(), "must be at most 4096 bytes long");
    }
}

#[test]
fn limit_of_a_vendor_counts_characters() {
    for letter in ["a", "ç", "🦀"] {
        assert!(Credential::with_limit("username", letter.repeat(64), 64).is_ok());
        let refused = Credential::with_limit("username", letter.repeat(65), 64).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "username must be at most 64 characters long"
        );
    }
    assert!(Credential::with_limit("username", "", 64).is_err());
    assert!(Credential::with_limit("username", "a".repeat(4097), 5000).is_err());
}

proptest! {
    #[test]
    fn credential_is_kept_byte_for_byte(value in "[^\\p{Cc}]{1,200}") {
        let credential = Credential::new("password", value.as_str()).unwrap();
        prop_assert_eq!(credential.expose_secret(), &value);
        prop_assert_eq!(format!("{credential:?}"), "[REDACTED]");
        prop_assert_eq!(format!("{credential:#?}"), "[REDACTED]");
    }

    #[test]
    fn credential_is_refused_exactly_when_a_rule_says_so(value in ".{0,80}|\\PC{1,5}[\\x00-\\x1f\\x7f-\\x9f]") {
        let is_fit = !value.is_empty() && !value.chars().any(char::is_control);
        prop_assert_eq!(Credential::new("password", value.as_str()).is_ok(), is_fit);
    }
}

#[test]
fn credential_is_not_trimmed() {
    let credential = Credential::new("password", "  pão\u{301} & queijo \u{a0}").unwrap();
    assert_eq!(credential.expose_secret(), "  pão\u{301} & queijo \u{a0}");
}

// Variables

#[test]
fn variables_are_found_by_their_exact_names() {
    let vars = Vars::from_pairs([
        ("A_USERNAME", "ana"),
        ("A_EMPTY", ""),
        ("A_USERNAME", "bia"),
    ]);
    assert_eq!(vars.required("A_USERNAME").unwrap(), "ana");
    assert_eq!(vars.optional("A_EMPTY").unwrap().as_deref(), Some(""));
    assert_eq!(vars.optional("a_username").unwrap(), None);
    assert_eq!(
        vars.required("A_PASSWORD").unwrap_err().to_string(),
        "A_PASSWORD is not set in the environment"
    );
}

#[test]
fn every_missing_variable_is_named_at_once() {
    let vars = Vars::from_pairs([("A_USERNAME", "CANARY"), ("A_EMPTY", "")]);
    let refused = |names: &[&str]| vars.require(names).unwrap_err().to_string();
    assert_eq!(vars.require(&[]), Ok(()));
    assert_eq!(vars.require(&["A_USERNAME", "A_EMPTY"]), Ok(()));
    assert_eq!(
        refused(&["A_USERNAME", "A_PASSWORD"]),
        "A_PASSWORD is not set in the environment"
    );
    assert_eq!(
        refused(&["A_PASSWORD", "A_USERNAME", "A_URL"]),
        "A_PASSWORD and A_URL are not set in the environment"
    );
    assert_eq!(
        refused(&["A_PASSWORD", "A_URL", "A_KEY"]),
        "A_PASSWORD, A_URL and A_KEY are not set in the environment"
    );
}

#[test]
fn variables_of_the_process_are_read() {
    // Set by Cargo for every test.
    let vars = Vars::process();
    assert_eq!(vars.required("CARGO_PKG_NAME").unwrap(), "auth-common");
    assert_eq!(vars.optional("AUTH_COMMON_NO_SUCH_VARIABLE").unwrap(), None);
}

#[test]
fn credential_from_a_variable_is_called_by_its_name() {
    let vars = Vars::from_pairs([("A_KEY", "k&y"), ("A_EMPTY", ""), ("A_BAD", "CANARY\n")]);
    assert_eq!(vars.credential("A_KEY").unwrap().expose_secret(), "k&y");
    for (name, expected) in [
        ("A_EMPTY", "A_EMPTY must not be empty".to_owned()),
        ("A_BAD", format!("A_BAD {CONTROL}")),
        ("A_NONE", "A_NONE is not set in the environment".to_owned()),
    ] {
        let refused = vars.credential(name).unwrap_err();
        assert_eq!(refused.to_string(), expected);
        assert_eq!(refused.field(), name);
    }
}

#[test]
fn parsed_variable_is_called_by_its_name() {
    let vars = Vars::from_pairs([("A_URL", "http://CANARY.example")]);
    let refused = vars
        .parse("A_URL", |url| url.parse::<crate::BaseUrl>())
        .unwrap_err();
    assert_eq!(refused.field(), "A_URL");
    assert!(refused.rule().starts_with("must begin with https://"));
    assert!(!refused.to_string().contains("CANARY"));
    let absent = vars.parse("A_NONE", |_| Ok(())).unwrap_err();
    assert_eq!(absent.to_string(), "A_NONE is not set in the environment");
    let length = vars.parse("A_URL", |url| Ok(url.len())).unwrap();
    assert_eq!(length, 21);
}

#[test]
fn one_of_takes_a_word_by_its_exact_text() {
    for (value, system) in [("production", 1), ("sandbox", 2)] {
        assert_eq!(system_named(value), Ok(Some(system)));
    }
}

#[test]
fn one_of_takes_a_url_in_place_of_a_word() {
    for (value, url) in [
        ("https://proxy.example.com", "https://proxy.example.com/"),
        (
            "https://proxy.example.com/a",
            "https://proxy.example.com/a/",
        ),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
    ] {
        let vars = Vars::from_pairs([("A_ENVIRONMENT", value)]);
        let words = [("sandbox", None)];
        let base = vars.one_of("A_ENVIRONMENT", words, Some).unwrap().unwrap();
        assert_eq!(base.unwrap().as_str(), url);
    }
}

#[test]
fn one_of_is_none_when_nothing_is_set() {
    let vars = Vars::from_pairs([("A_ENVIRONMENTS", "sandbox")]);
    assert_eq!(vars.one_of("A_ENVIRONMENT", WORDS, |_| 0), Ok(None));
}

#[test]
fn one_of_names_the_words_where_it_is_given_another() {
    for value in [
        "staging",
        "Sandbox",
        " sandbox",
        "sandbox ",
        "",
        "proxy.example.com",
    ] {
        let refused = system_named(value).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "A_ENVIRONMENT must be production, sandbox, or a URL that begins with https://",
            "{value:?}"
        );
        assert_eq!(refused.field(), "A_ENVIRONMENT");
    }
    assert!(
        !system_named("CANARY")
            .unwrap_err()
            .to_string()
            .contains("CANARY")
    );
}

#[test]
fn one_of_calls_a_refused_url_by_the_variable_s_name() {
    for value in [
        "http://CANARY.example",
        "https://user:CANARY@example.com",
        "ftp://CANARY.example",
        "https://",
    ] {
        let refused = system_named(value).unwrap_err();
        let rule = value.parse::<BaseUrl>().unwrap_err();
        assert_eq!(refused.field(), "A_ENVIRONMENT");
        assert_eq!(refused.rule(), rule.rule(), "{value:?}");
        assert!(!refused.to_string().contains("CANARY"));
    }
}

#[cfg(unix)]
#[test]
fn variable_that_is_not_utf8_is_refused_without_its_value() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};

    let vars = Vars::from_pairs([("A_KEY", OsString::from_vec(b"CANARY\xFF".to_vec()))]);
    for refused in [
        vars.required("A_KEY").unwrap_err(),
        vars.optional("A_KEY").unwrap_err(),
        vars.credential("A_KEY").unwrap_err(),
        vars.parse("A_KEY", |_| Ok(())).unwrap_err(),
        vars.one_of("A_KEY", WORDS, |_| 0).unwrap_err(),
    ] {
        assert_eq!(refused.to_string(), "A_KEY is not valid UTF-8");
    }
}

#[test]
fn debug_of_variables_shows_none() {
    let vars = Vars::from_pairs([("A_KEY", "CANARY")]);
    assert_eq!(format!("{vars:?}"), "Vars");
}

/// Which system this value of `A_ENVIRONMENT` names; 0 stands for one by URL.
fn system_named(value: &str) -> Result<Option<u8>, ConfigurationError> {
    Vars::from_pairs([("A_ENVIRONMENT", value)]).one_of("A_ENVIRONMENT", WORDS, |_| 0)
}

const WORDS: [(&str, u8); 2] = [("production", 1), ("sandbox", 2)];
const CONTROL: &str = "must not contain control characters, such as a line break or a tab";
