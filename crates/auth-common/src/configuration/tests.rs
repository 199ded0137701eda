#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use proptest::prelude::*;

use super::*;

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

const CONTROL: &str = "must not contain control characters, such as a line break or a tab";
