#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

#[test]
fn an_address_is_read_in_all_its_parts() {
    use secrecy::ExposeSecret;

    let parts = |url: &str| {
        let address = Address::parse(url).unwrap();
        let password = address
            .password
            .as_ref()
            .map(|it| it.expose_secret().to_owned());
        (address.to_string(), address.user, password)
    };
    let plain = |shown: &str| (shown.to_owned(), None, None);
    for (url, shown) in [
        ("redis://localhost", "redis://localhost:6379/0"),
        ("redis://LOCALHOST:1/", "redis://localhost:1/0"),
        ("redis://127.0.0.2/3", "redis://127.0.0.2:6379/3"),
        ("redis://[::1]:7", "redis://[::1]:7/0"),
        ("rediss://r.internal/15", "rediss://r.internal:6379/15"),
        ("rediss://[2001:db8::1]", "rediss://[2001:db8::1]:6379/0"),
    ] {
        assert_eq!(parts(url), plain(shown));
    }
    let (shown, user, password) = parts("rediss://u%40x:p%3A%2F%C3%A9@h:6380/2");
    assert_eq!(shown, "rediss://h:6380/2");
    assert_eq!(
        (user.as_deref(), password.as_deref()),
        (Some("u@x"), Some("p:/é"))
    );
    let (_, user, password) = parts("redis://:secret@localhost");
    assert_eq!((user, password.as_deref()), (None, Some("secret")));
}

#[test]
fn an_address_that_is_refused_is_not_shown() {
    for url in [
        "",
        "secret",
        "secret.example:6379",
        "https://u:secret@h",
        "redis://u:secret@redis.internal",
        "redis://u:secret@10.0.0.1",
        "redis://u:secret@localhost.example",
        "redis://u:secret@127.0.0.1.example",
        "rediss://u:secret@",
        "rediss://u:secret@h/secret",
        "rediss://u:secret@h/-1",
        "rediss://u:secret@h?protocol=resp3",
        "rediss://u:secret@h#insecure",
        "rediss://secret@h",
        "rediss://u:%ffsecret@h",
        "unix:///secret",
    ] {
        let error = RedisStore::new(url, StoreKey::generate().unwrap()).unwrap_err();
        assert_eq!(error.field(), "store URL", "{url}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn neither_password_nor_user_nor_key_is_in_the_debug_form() {
    let key = StoreKey::generate().unwrap();
    let store = RedisStore::new("rediss://user:password@h", key).unwrap();
    assert_eq!(
        format!("{store:?}"),
        "RedisStore { address: \"rediss://h:6379/0\", .. }"
    );
}

#[test]
fn roots_are_for_tls_and_certificates() {
    let store = |url| RedisStore::new(url, StoreKey::generate().unwrap()).unwrap();
    let error = store("redis://localhost")
        .with_root_certificate(b"")
        .unwrap_err();
    assert!(error.to_string().contains("rediss://"), "{error}");
    for pem in [
        &b""[..],
        b"x",
        b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        let error = store("rediss://h").with_root_certificate(pem).unwrap_err();
        assert_eq!(error.field(), "root certificate");
    }
}

#[test]
fn a_reply_of_another_shape_is_an_error() {
    assert!(Reply::read(Value::Nil).is_err());
    assert!(Reply::read(Value::Array(vec![Value::Int(1)])).is_err());
}
