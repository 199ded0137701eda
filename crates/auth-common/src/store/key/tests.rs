#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{collections::BTreeSet, fs};

use secrecy::ExposeSecret;

use super::*;

const BASE64: &str = "3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=";
const HEX: &str = "deadbeef000102030405060708090a0b0c0d0e0f101112131415161718191a1b";

#[test]
fn base64_of_either_alphabet_and_hexadecimal_are_the_same_key() {
    let key = StoreKey::parse(BASE64).unwrap();
    for text in [
        HEX.to_owned(),
        HEX.to_uppercase(),
        format!(" {BASE64}\n"),
        BASE64.replace('+', "-"),
    ] {
        assert_eq!(*StoreKey::parse(&text).unwrap().0, *key.0, "{text}");
    }
    assert_eq!(key.to_text().expose_secret(), BASE64);
}

#[test]
fn anything_else_is_refused_and_not_shown() {
    let short = &BASE64[4..];
    for text in [
        "",
        " ",
        "password",
        short,
        &HEX[2..],
        &HEX.replace("de", "+e"),
        &"00".repeat(32),
        &"ab".repeat(32),
        &format!("{BASE64},"),
        &format!("{BASE64},password"),
        &format!("{BASE64}{BASE64}"),
    ] {
        let error = StoreKey::parse(text).unwrap_err();
        assert_eq!(error.field(), "store key", "{text}");
        assert!(!error.to_string().contains("password"), "{error}");
    }
}

#[test]
fn several_keys_are_kept_in_their_order() {
    let other = StoreKey::generate().unwrap();
    let text = format!("{}, {HEX}", other.to_text().expose_secret());
    let both = StoreKey::parse(&text).unwrap();
    let names = |key: &StoreKey| {
        let keys = key.record_keys("V", &base(), &["u", "p"]).unwrap();
        let current = keys.current().unwrap().name().to_owned();
        let former: Vec<_> = keys.former().map(|key| key.name().to_owned()).collect();
        (current, former)
    };
    let (current, former) = names(&both);
    assert_eq!(current, names(&other).0);
    assert_eq!(former, [names(&StoreKey::parse(HEX).unwrap()).0]);
    assert_eq!(
        names(&StoreKey::parse(both.to_text().expose_secret()).unwrap()),
        (current, former)
    );
}

#[test]
fn a_new_key_is_another_each_time() {
    let text = || StoreKey::generate().unwrap().to_text();
    assert_ne!(text().expose_secret(), text().expose_secret());
}

#[test]
fn a_key_comes_from_a_variable_or_from_the_file_that_another_names() {
    let file = std::env::temp_dir().join(format!("auth-common-key-{}", std::process::id()));
    fs::write(&file, format!("{BASE64}\n")).unwrap();
    let path = file.to_str().unwrap().to_owned();
    let from = |pairs: &[(&str, &str)]| {
        StoreKey::from_vars(&Vars::from_pairs(pairs.iter().copied()), "K")
            .map(|key| *key.0.first().unwrap())
    };
    let expected = *StoreKey::parse(BASE64).unwrap().0.first().unwrap();
    assert_eq!(from(&[("K", BASE64)]), Ok(expected));
    assert_eq!(from(&[("K_FILE", &path)]), Ok(expected));
    fs::remove_file(&file).unwrap();

    let error = |pairs: &[(&str, &str)]| from(pairs).unwrap_err().to_string();
    assert_eq!(error(&[]), "K is not set in the environment");
    assert_eq!(
        error(&[("K", BASE64), ("K_FILE", &path)]),
        "K and K_FILE are both set: leave one of them out"
    );
    assert!(error(&[("K", "x")]).starts_with("K must be 32 random bytes"));
    // Whoever puts the key itself where its file's name belongs does not find it in a log.
    let mistaken = error(&[("K_FILE", BASE64)]);
    assert_eq!(
        mistaken,
        "K_FILE must be the absolute path of a file, such as /run/secrets/password"
    );
}

#[test]
fn names_differ_by_everything_that_tells_whose_token_it_is() {
    let key = StoreKey::parse(HEX).unwrap();
    let name = |key: &StoreKey, vendor: &str, base: &str, secrets: &[&str]| {
        let base = base.parse().unwrap();
        let keys = key.record_keys(vendor, &base, secrets).unwrap();
        keys.current().unwrap().name().to_owned()
    };
    let names = [
        name(&key, "V", "https://v.example", &["ab", "cd"]),
        name(
            &StoreKey::generate().unwrap(),
            "V",
            "https://v.example",
            &["ab", "cd"],
        ),
        name(&key, "W", "https://v.example", &["ab", "cd"]),
        name(&key, "V", "https://v.example/x", &["ab", "cd"]),
        name(&key, "V", "https://w.example", &["ab", "cd"]),
        name(&key, "V", "https://v.example", &["ax", "cd"]),
        name(&key, "V", "https://v.example", &["ab", "cx"]),
        name(&key, "V", "https://v.example", &["a", "bcd"]),
        name(&key, "V", "https://v.example", &["ab", "c", "d"]),
        name(&key, "V", "https://v.example", &["ab", "cd", ""]),
        name(&key, "V", "https://v.example", &["cd", "ab"]),
    ];
    assert_eq!(BTreeSet::from(names.clone()).len(), names.len());
    for name in &names {
        assert_eq!(name.len(), 32);
        assert!(
            name.bytes()
                .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
        );
    }
    assert_eq!(
        names[0],
        name(&key, "V", "https://v.example/", &["ab", "cd"])
    );
}

/// Another version of this crate, or a program in another language, finds the same record. The names were computed by
/// Python's `hmac` and `hashlib`.
#[test]
fn names_stay_what_they_are() {
    let keys = StoreKey::parse(HEX).unwrap();
    let keys = keys
        .record_keys("Vendor", &base(), &["user", "password"])
        .unwrap();
    assert_eq!(keys.current().unwrap().name(), NAME_BY_STORE_KEY);
    let keys = record_keys_of_credentials_alone("Vendor", &base(), &["user", "password"]).unwrap();
    assert_eq!(keys.current().unwrap().name(), NAME_BY_CREDENTIALS);
    assert_eq!(keys.former().count(), 0);
}

#[test]
fn nothing_of_a_key_is_in_its_debug_form() {
    let key = StoreKey::parse(HEX).unwrap();
    assert_eq!(format!("{key:?}"), "StoreKey");
    let keys = key
        .record_keys("V", &base(), &["user", "password"])
        .unwrap();
    let name = keys.current().unwrap().name();
    assert_eq!(
        format!("{keys:?}"),
        format!("RecordKeys([RecordKey({name:?})])")
    );
}

fn base() -> BaseUrl {
    "https://v.example".parse().unwrap()
}

const NAME_BY_STORE_KEY: &str = "79a892dc95cdb9a0b4cf80bc792bab0a";
const NAME_BY_CREDENTIALS: &str = "ad1a1e6e125e1e4b132c18c160bfb420";
