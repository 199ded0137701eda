#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    env, fs, process,
    sync::atomic::{AtomicU32, Ordering},
};

use super::*;

#[test]
fn variables_are_found_by_their_exact_names() {
    let vars = Vars::from_pairs([
        ("A_USERNAME", "ana"),
        ("A_EMPTY", ""),
        ("A_USERNAME", "bia"),
    ]);
    assert_eq!(vars.required("A_USERNAME").unwrap(), "ana");
    assert_eq!(vars.optional("A_EMPTY").unwrap(), None);
    assert_eq!(vars.optional("a_username").unwrap(), None);
    assert_eq!(
        vars.required("A_PASSWORD").unwrap_err().to_string(),
        "A_PASSWORD is not set in the environment"
    );
}

#[test]
fn every_missing_variable_is_named_at_once() {
    let vars = Vars::from_pairs([("A_USERNAME", "CANARY"), ("A_EMPTY", "\n")]);
    let refused = |names: &[&str]| vars.require(names).unwrap_err().to_string();
    assert_eq!(vars.require(&[]), Ok(()));
    assert_eq!(vars.require(&["A_USERNAME"]), Ok(()));
    assert_eq!(
        refused(&["A_USERNAME", "A_EMPTY"]),
        "A_EMPTY is empty in the environment"
    );
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
    let vars = Vars::from_pairs([("A_KEY", "k&y"), ("A_EMPTY", ""), ("A_BAD", "CANARY\t")]);
    assert_eq!(vars.credential("A_KEY").unwrap().expose_secret(), "k&y");
    for (name, expected) in [
        ("A_EMPTY", "A_EMPTY is empty in the environment".to_owned()),
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
fn one_of_takes_a_word_in_capitals_or_not() {
    for (value, system) in [
        ("production", 1),
        ("Production", 1),
        ("PRODUCTION", 1),
        ("sandbox", 2),
        (" Sandbox\r\n", 2),
    ] {
        assert_eq!(system_named(value), Ok(Some(system)), "{value:?}");
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
        (" https://proxy.example.com\n", "https://proxy.example.com/"),
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
    for empty in ["", "\n", "\r\n"] {
        assert_eq!(system_named(empty), Ok(None), "{empty:?}");
    }
}

#[test]
fn one_of_names_the_words_where_it_is_given_another() {
    for value in ["staging", "prod", "sand box", " ", "proxy.example.com"] {
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
fn one_line_break_at_the_end_of_a_variable_is_no_part_of_it() {
    for (value, expected) in [
        ("s3cret\n", "s3cret"),
        ("s3cret\r\n", "s3cret"),
        ("s3cret", "s3cret"),
        // Anything else may belong to a password.
        (" s3cret ", " s3cret "),
        ("s3cret\r", "s3cret\r"),
        ("s3cret\n\n", "s3cret\n"),
        ("\ns3cret", "\ns3cret"),
    ] {
        let vars = Vars::from_pairs([("A_KEY", value)]);
        assert_eq!(vars.required("A_KEY").unwrap(), expected, "{value:?}");
    }
}

#[test]
fn secret_is_read_from_the_file_that_its_variable_names() {
    for (content, expected) in [
        ("pão & queijo", "pão & queijo"),
        ("s3cret\n", "s3cret"),
        ("s3cret\r\n", "s3cret"),
        (" s3cret ", " s3cret "),
    ] {
        let file = Mounted::holding(content);
        let vars = Vars::from_pairs([("A_KEY_FILE", file.path())]);
        assert_eq!(vars.require(&["A_KEY"]), Ok(()));
        let secret = vars.credential("A_KEY").unwrap();
        assert_eq!(secret.expose_secret(), expected, "{content:?}");
    }
}

#[test]
fn file_of_a_secret_is_read_anew_each_time() {
    let file = Mounted::holding("before");
    let vars = Vars::from_pairs([("A_KEY_FILE", file.path())]);
    assert_eq!(vars.required("A_KEY").unwrap(), "before");
    file.hold("after");
    assert_eq!(vars.required("A_KEY").unwrap(), "after");
}

#[test]
fn empty_variable_yields_to_the_file_beside_it() {
    let file = Mounted::holding("s3cret");
    let vars = Vars::from_pairs([("A_KEY", ""), ("A_KEY_FILE", file.path())]);
    assert_eq!(vars.required("A_KEY").unwrap(), "s3cret");
    let vars = Vars::from_pairs([("A_KEY", "s3cret"), ("A_KEY_FILE", "\n")]);
    assert_eq!(vars.required("A_KEY").unwrap(), "s3cret");
}

#[test]
fn variable_and_file_both_set_are_refused() {
    let file = Mounted::holding("CANARY");
    let vars = Vars::from_pairs([("A_KEY", "CANARY"), ("A_KEY_FILE", file.path())]);
    assert_eq!(
        vars.credential("A_KEY").unwrap_err().to_string(),
        "A_KEY and A_KEY_FILE are both set: leave one of them out"
    );
}

#[test]
fn file_that_holds_no_secret_is_refused_by_its_variable_and_path() {
    let refused = |path: &str| {
        let vars = Vars::from_pairs([("A_KEY_FILE", path)]);
        let refused = vars.credential("A_KEY").unwrap_err();
        assert_eq!(refused.field(), "A_KEY_FILE");
        refused.rule().to_owned()
    };
    for (content, problem) in [
        (&b""[..], "is empty"),
        (b"\r\n", "is empty"),
        (b"CANARY\xFF", "is not valid UTF-8"),
        (&[b'C'; 64 * 1024 + 1], "is larger than 64 KiB"),
    ] {
        let file = Mounted::holding(content);
        let rule = refused(file.path());
        assert_eq!(rule, format!("names {}, which {problem}", file.path()));
    }
    let none = Mounted::holding("").path().to_owned();
    let rule = refused(&none);
    let expected = format!("names {none}, which cannot be read: ");
    assert!(rule.starts_with(&expected), "{rule}");
}

#[test]
fn secret_in_place_of_its_path_is_refused_without_being_shown() {
    for text in ["CANARY", "./CANARY", "CANARY/b64+"] {
        let vars = Vars::from_pairs([("A_KEY_FILE", text)]);
        assert_eq!(
            vars.credential("A_KEY").unwrap_err().to_string(),
            "A_KEY_FILE must be the absolute path of a file, such as /run/secrets/password"
        );
    }
}

/// A file as it is mounted into a container, gone when it is dropped.
struct Mounted(String);

impl Mounted {
    fn holding(content: impl AsRef<[u8]>) -> Self {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let name = format!("auth-common-{}-{serial}", process::id());
        let path = env::temp_dir().join(name);
        let file = Self(path.into_os_string().into_string().unwrap());
        file.hold(content);
        file
    }

    fn hold(&self, content: impl AsRef<[u8]>) {
        fs::write(&self.0, content).unwrap();
    }

    fn path(&self) -> &str {
        &self.0
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
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
