#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use super::*;

#[test]
fn proxy_variables_are_trimmed() {
    for written in [
        "http://proxy.example:3128",
        " http://proxy.example:3128 ",
        "http://proxy.example:3128\n",
        "http://proxy.example:3128\r\n",
        "\thttp://proxy.example:3128/",
        "proxy.example:3128",
        "proxy.example:3128 ",
    ] {
        let vars = [("HTTP_PROXY", written)];
        assert_eq!(
            before(&vars, "http://vendor.example"),
            Ok(Some("http://proxy.example:3128/".into())),
            "{written:?}"
        );
    }
}

#[test]
fn proxy_is_that_of_the_scheme_and_else_the_one_for_all() {
    let vars = [
        ("HTTP_PROXY", "one.example"),
        ("https_proxy", "https://two.example"),
        ("ALL_PROXY", "three.example"),
    ];
    for (left, http, https) in [
        (&vars[..], "http://one.example/", "https://two.example/"),
        (&vars[1..], "http://three.example/", "https://two.example/"),
        (&vars[2..], "http://three.example/", "http://three.example/"),
        // An empty one counts as none.
        (
            &[("HTTP_PROXY", ""), ("HTTPS_PROXY", " "), vars[2]],
            "http://three.example/",
            "http://three.example/",
        ),
    ] {
        let before = |base| before(left, base).unwrap();
        assert_eq!(before("http://vendor.example").as_deref(), Some(http));
        assert_eq!(before("https://vendor.example").as_deref(), Some(https));
    }
    assert_eq!(before(&[], "https://vendor.example"), Ok(None));
}

#[test]
fn cgi_script_does_not_take_the_header_of_a_request_for_a_proxy() {
    let cgi = ("REQUEST_METHOD", "GET");
    let vars = [cgi, ("HTTP_PROXY", "attacker.example")];
    assert_eq!(before(&vars, "http://vendor.example"), Ok(None));
    let vars = [cgi, ("http_proxy", "proxy.example")];
    let proxy = Some("http://proxy.example/".into());
    assert_eq!(before(&vars, "http://vendor.example"), Ok(proxy));
}

#[test]
fn proxy_variable_that_cannot_be_understood_is_refused_by_name_and_never_shown() {
    let url = "must be a URL, such as http://proxy.example.com:3128";
    let socks = "must be an http:// or https:// proxy: SOCKS is not supported";
    let scheme = "must begin with http:// or https://";
    for (written, rule) in [
        ("socks5://user:CANARY@proxy.example:1080", socks),
        ("socks5h://CANARY.example", socks),
        ("SOCKS4://CANARY.example", socks),
        ("ftp://CANARY.example", scheme),
        ("http://", url),
        ("http://user:CANARY@", url),
        ("http://CANARY.example:99999", url),
        ("http://CANARY example", url),
        ("://CANARY", url),
        (
            "http://CANARY@proxy.example",
            "must have a password beside the user name, or neither",
        ),
        (
            "http://CANARY:@proxy.example",
            "must have a password beside the user name, or neither",
        ),
    ] {
        for (name, base) in [
            ("HTTP_PROXY", "http://vendor.example"),
            ("https_proxy", "https://vendor.example"),
            ("ALL_PROXY", "https://vendor.example"),
        ] {
            let vars = [(name, written)];
            let refused = before(&vars, base).unwrap_err();
            assert_eq!((refused.field(), refused.rule()), (name, rule), "{written}");
            assert_eq!(before(&vars, "http://localhost:8080"), Ok(None));
            let exempt = [vars[0], ("NO_PROXY", "vendor.example")];
            assert_eq!(before(&exempt, base), Ok(None));
        }
        // Nothing goes through it.
        let vars = [("HTTP_PROXY", written)];
        assert_eq!(before(&vars, "https://vendor.example"), Ok(None));
    }
}

#[test]
fn no_proxy_is_matched_as_people_write_it() {
    for (list, base) in [
        ("corp.example", "https://corp.example"),
        ("corp.example", "https://files.corp.example:8443/stcp"),
        (".corp.example", "https://files.corp.example"),
        (".corp.example", "https://corp.example"),
        ("*.corp.example", "https://files.corp.example"),
        ("CORP.example", "https://files.corp.EXAMPLE"),
        ("corp.example.", "https://files.corp.example"),
        ("corp.example", "https://files.corp.example."),
        ("coração.example", "https://coração.example"),
        ("files.corp.example:8443", "https://files.corp.example:8443"),
        ("files.corp.example:443", "https://files.corp.example"),
        ("files.corp.example:80", "http://files.corp.example"),
        ("*.corp.example:443", "https://files.corp.example"),
        ("other.example,corp.example", "https://corp.example"),
        ("other.example corp.example", "https://corp.example"),
        (" other.example , corp.example\n", "https://corp.example"),
        ("*", "https://corp.example"),
        ("*", "https://192.0.2.7"),
        ("*", "https://[2001:db8::7]"),
        ("192.0.2.7", "https://192.0.2.7"),
        ("192.0.2.7:8080", "http://192.0.2.7:8080"),
        ("192.0.2.0/24", "https://192.0.2.7"),
        ("0.0.0.0/0", "https://192.0.2.7"),
        ("2001:db8::7", "https://[2001:db8::7]"),
        ("[2001:db8::7]", "https://[2001:db8::7]"),
        ("[2001:db8::7]:443", "https://[2001:db8::7]"),
        ("2001:db8::/32", "https://[2001:db8::7]"),
        ("::/0", "https://[2001:db8::7]"),
    ] {
        let vars = [("ALL_PROXY", "proxy.example"), ("NO_PROXY", list)];
        assert_eq!(before(&vars, base), Ok(None), "{list:?} {base}");
        let vars = [("ALL_PROXY", "proxy.example"), ("no_proxy", list)];
        assert_eq!(before(&vars, base), Ok(None), "{list:?} {base}");
    }
    for (list, base) in [
        ("corp.example", "https://notcorp.example"),
        ("corp.example", "https://corp.example.evil"),
        ("files.corp.example", "https://corp.example"),
        ("files.corp.example:8443", "https://files.corp.example"),
        ("files.corp.example:x", "https://files.corp.example"),
        ("192.0.2.0/24", "https://192.0.3.7"),
        ("192.0.2.7/32", "https://192.0.2.6"),
        ("192.0.2.7", "https://192.0.2.77"),
        ("2001:db8::/32", "https://[2001:db9::7]"),
        ("::/0", "https://192.0.2.7"),
        ("0.0.0.0/0", "https://[2001:db8::7]"),
        ("corp*", "https://corp.example"),
        ("http://corp.example", "https://corp.example"),
        (",", "https://corp.example"),
        ("", "https://corp.example"),
    ] {
        let vars = [("ALL_PROXY", "proxy.example"), ("NO_PROXY", list)];
        let proxy = Some("http://proxy.example/".into());
        assert_eq!(before(&vars, base), Ok(proxy), "{list:?} {base}");
    }
}

#[cfg(unix)]
#[test]
fn proxy_variable_that_is_not_utf8_is_refused() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};

    for name in ["HTTPS_PROXY", "NO_PROXY"] {
        let value = OsString::from_vec(b"proxy\xFF.example".to_vec());
        let proxies = Proxies::from_vars(&Vars::from_pairs([(name, value)]));
        let base: BaseUrl = "https://vendor.example".parse().unwrap();
        let refused = proxies.before(&base).unwrap_err();
        assert_eq!(refused.to_string(), format!("{name} is not valid UTF-8"));
    }
}

/// The proxy that these variables put before this address.
fn before(vars: &[(&str, &str)], base: &str) -> Result<Option<String>, ConfigurationError> {
    let base = BaseUrl::dangerously_allow_plain_http(base).unwrap();
    let proxies = Proxies::from_vars(&Vars::from_pairs(vars.iter().copied()));
    let proxy = proxies.before(&base)?;
    Ok(proxy.map(Url::to_string))
}
