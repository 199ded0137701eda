#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use proptest::prelude::*;

use super::*;

#[test]
fn accepted_addresses_end_in_one_slash() {
    for (given, kept) in [
        ("https://api.example.com", "https://api.example.com/"),
        ("https://api.example.com/", "https://api.example.com/"),
        ("HTTPS://API.Example.COM", "https://api.example.com/"),
        (
            "https://example.com/gateway",
            "https://example.com/gateway/",
        ),
        (
            "https://example.com/gateway/",
            "https://example.com/gateway/",
        ),
        ("https://example.com/a//b", "https://example.com/a//b/"),
        (
            "https://example.com:8443/stcp",
            "https://example.com:8443/stcp/",
        ),
        ("https://example.com:443", "https://example.com/"),
        ("https://192.0.2.7", "https://192.0.2.7/"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443/"),
        ("https://ação.example", "https://xn--ao-siap.example/"),
        ("https://example.com/a%20b", "https://example.com/a%20b/"),
        // As every browser reads them.
        ("https://example.com/a/../b", "https://example.com/b/"),
        ("https://example.com/a/%2e%2e/b", "https://example.com/b/"),
        (
            r"https://example.com\gateway",
            "https://example.com/gateway/",
        ),
        (
            r"https://example.com\@evil.example",
            "https://example.com/@evil.example/",
        ),
        // An empty user name is none.
        ("https://@example.com", "https://example.com/"),
    ] {
        let base: BaseUrl = given.parse().unwrap();
        assert_eq!(base.as_str(), kept, "{given}");
        assert_eq!(base.as_url().as_str(), kept);
        assert_eq!(base.to_string(), kept);
        assert_eq!(format!("{base:?}"), format!("BaseUrl({kept})"));
        assert_eq!(kept.parse::<BaseUrl>().unwrap(), base);
    }
}

#[test]
fn host_is_named_without_port_and_path() {
    for (given, host) in [
        ("https://API.example.com:8443/stcp", "api.example.com"),
        ("http://127.0.0.1:8080", "127.0.0.1"),
        ("https://[2001:db8::1]:8443", "[2001:db8::1]"),
    ] {
        assert_eq!(given.parse::<BaseUrl>().unwrap().host(), host);
    }
}

#[test]
fn refused_addresses_break_a_rule_that_is_named() {
    for (given, rule) in [
        ("https://user@example.com", USERINFO),
        ("https://user:CANARY@example.com", USERINFO),
        ("https://:CANARY@example.com", USERINFO),
        ("https://example.com?CANARY", QUERY),
        ("https://example.com/a?", QUERY),
        ("https://example.com#CANARY", QUERY),
        ("https://example.com/#", QUERY),
        ("", ABSOLUTE),
        ("api.example.com", ABSOLUTE),
        ("//api.example.com", ABSOLUTE),
        ("/api/token", ABSOLUTE),
        ("https://", ABSOLUTE),
        ("https://exa<mple.com", ABSOLUTE),
        ("https://example.com:65536", ABSOLUTE),
        ("https://example.com:port", ABSOLUTE),
        ("https://[::1", ABSOLUTE),
        ("https://%00.example.com", ABSOLUTE),
        ("ftp://example.com", SCHEME),
        ("file:///etc/passwd", SCHEME),
        ("ws://localhost", SCHEME),
        ("localhost:8080", SCHEME),
        ("data:text/plain,CANARY", SCHEME),
        ("mailto:CANARY@example.com", SCHEME),
        (" https://example.com", WHITE_SPACE),
        ("https://example.com ", WHITE_SPACE),
        ("https://exam\tple.com", WHITE_SPACE),
        ("https://exam\nple.com", WHITE_SPACE),
        ("https://example.com/a\rb", WHITE_SPACE),
        ("https://example.com/\0", WHITE_SPACE),
        ("https://example.com/\u{a0}", WHITE_SPACE),
        ("http://example.com", PLAIN_HTTP),
        ("HTTP://example.com", PLAIN_HTTP),
        ("http://192.0.2.7", PLAIN_HTTP),
        ("http://localhost.example.com", PLAIN_HTTP),
        ("http://notlocalhost", PLAIN_HTTP),
        // Names that a resolver is asked for, which may answer with any machine.
        ("http://localhost.", PLAIN_HTTP),
        ("http://LOCALHOST.:8080", PLAIN_HTTP),
        ("http://localhost..", PLAIN_HTTP),
        ("http://shop.localhost", PLAIN_HTTP),
        ("http://localhost.localdomain", PLAIN_HTTP),
        ("http://127.0.0.1.example.com", PLAIN_HTTP),
        ("http://128.0.0.1", PLAIN_HTTP),
        ("http://0.0.0.0", PLAIN_HTTP),
        ("http://[::]", PLAIN_HTTP),
        ("http://[::2]", PLAIN_HTTP),
        // An IPv4 address in the clothes of IPv6: one way to write it is enough.
        ("http://[::ffff:127.0.0.1]", PLAIN_HTTP),
        ("http://[::127.0.0.1]", PLAIN_HTTP),
    ] {
        let refused = given.parse::<BaseUrl>().unwrap_err();
        assert_eq!(refused.field(), "base URL");
        assert_eq!(refused.rule(), rule, "{given:?}");
        assert!(!format!("{refused} {refused:?}").contains("CANARY"));
    }
}

#[test]
fn plain_http_reaches_this_machine_only() {
    for given in [
        "http://localhost",
        "http://LOCALHOST:8080",
        // The same name, by the rules of URLs.
        "http://l%6Fcalhost",
        "http://ｌｏｃａｌｈｏｓｔ",
        "http://127.0.0.1:8080/stcp",
        "http://127.255.255.254",
        // The same address as 127.0.0.1, by the rules of URLs.
        "http://127.1",
        "http://127.0.0.1.",
        "http://0x7f.1",
        "http://0177.0.0.1",
        "http://2130706433",
        "http://0x7f000001",
        "http://[::1]:8080",
        "http://[0:0:0:0:0:0:0:1]",
    ] {
        let base: BaseUrl = given.parse().unwrap();
        assert!(base.is_loopback(), "{given}");
    }
    for given in [
        "https://example.com",
        "https://10.0.0.1",
        "https://[2001:db8::1]",
        "https://localhost.",
        "https://shop.localhost",
        "https://localhost.localdomain",
        "https://0.0.0.0",
        "https://[::]",
        "https://[::ffff:127.0.0.1]",
    ] {
        assert!(!given.parse::<BaseUrl>().unwrap().is_loopback(), "{given}");
    }
}

#[test]
fn plain_http_elsewhere_needs_the_alarming_name_and_every_other_rule_stands() {
    let base = BaseUrl::dangerously_allow_plain_http("http://stcp.example:8080/x").unwrap();
    assert_eq!(base.as_str(), "http://stcp.example:8080/x/");
    for (given, rule) in [
        ("http://user:CANARY@stcp.example", USERINFO),
        ("http://stcp.example?a", QUERY),
        ("ftp://stcp.example", SCHEME),
        ("http://stcp.example/\t", WHITE_SPACE),
    ] {
        let refused = BaseUrl::dangerously_allow_plain_http(given).unwrap_err();
        assert_eq!(refused.rule(), rule, "{given:?}");
    }
}

#[test]
fn paths_are_joined_below_the_address() {
    for (base, path, url) in [
        (
            "https://example.com",
            "oauth/token",
            "https://example.com/oauth/token",
        ),
        (
            "https://example.com/",
            "/oauth/token",
            "https://example.com/oauth/token",
        ),
        (
            "https://example.com/gw",
            "oauth/token",
            "https://example.com/gw/oauth/token",
        ),
        (
            "https://example.com/gw/",
            "/oauth/token",
            "https://example.com/gw/oauth/token",
        ),
        (
            "https://example.com/gw",
            "auth/token/",
            "https://example.com/gw/auth/token/",
        ),
        (
            "https://example.com:8443",
            "a",
            "https://example.com:8443/a",
        ),
        ("https://example.com/gw", "", "https://example.com/gw/"),
        // Nothing in a path leads to another host, a query or a fragment.
        (
            "https://example.com/gw",
            "//evil.example/a",
            "https://example.com/gw/evil.example/a",
        ),
        (
            "https://example.com/gw",
            "https://evil.example",
            "https://example.com/gw/https://evil.example",
        ),
        (
            "https://example.com/gw",
            "a?b#c",
            "https://example.com/gw/a%3Fb%23c",
        ),
        (
            "https://example.com/gw",
            "a%2Fb",
            "https://example.com/gw/a%2Fb",
        ),
    ] {
        let base: BaseUrl = base.parse().unwrap();
        assert_eq!(base.join(path).as_str(), url);
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_or_valid(
        text in prop_oneof![
            ".{0,60}",
            r#"https?://[a-z0-9.@:/\\?#\[\]% \t-]{0,40}"#,
        ],
    ) {
        let Ok(base) = text.parse::<BaseUrl>() else {
            return Ok(());
        };
        let url = base.as_url();
        prop_assert!(url.scheme() == "https" || base.is_loopback());
        prop_assert!(url.has_host() && url.username().is_empty() && url.password().is_none());
        prop_assert!(url.query().is_none() && url.fragment().is_none());
        prop_assert!(url.path().ends_with('/'));
    }

    #[test]
    fn no_path_leads_to_another_host(path in ".{0,60}") {
        let base: BaseUrl = "https://example.com:8443/gw".parse().unwrap();
        let url = base.join(&path);
        prop_assert_eq!(url.origin(), base.as_url().origin());
        prop_assert!(url.query().is_none() && url.fragment().is_none());
    }
}

const USERINFO: &str = "must not contain a user name or a password";
const QUERY: &str = "must not contain a query or a fragment";
const ABSOLUTE: &str = "must be an absolute URL, such as https://api.example.com";
const SCHEME: &str = "must begin with https://";
const WHITE_SPACE: &str = "must not contain white space or control characters";
const PLAIN_HTTP: &str = "must begin with https:// (plain http:// is for loopback addresses only)";
