//! How token requests travel: through a proxy or past it, under which name, and for how long at most.

use std::{env, net::TcpListener, time::Duration};

use auth_common::{
    BaseUrl, Builder, Error, Transport,
    testing::{StandIn, Wiretap},
};

use crate::{
    alone,
    vendor::{Problem, Sample, Vendor, builder, granted},
};

// Proxies.

#[tokio::test]
async fn proxy_carries_what_goes_abroad() {
    let proxy = proxy();
    let authenticator = abroad().proxy(&url(&proxy)).build().unwrap();
    assert_eq!(
        authenticator.authorization().await.unwrap(),
        "Bearer access-1"
    );
    assert_eq!(first_lines(&proxy), [FORWARDED]);
}

#[tokio::test]
async fn proxy_gets_the_user_name_and_password_that_its_url_names() {
    let proxy = proxy();
    let authenticator = abroad()
        .proxy(&format!("http://maria:s3cret@{}", proxy.host()))
        .build()
        .unwrap();
    authenticator.authorization().await.unwrap();
    let request = text(&proxy.requests()[0]);
    assert!(request.contains("\r\nproxy-authorization: basic bwfyawe6cznjcmv0"));
}

#[tokio::test]
async fn proxy_is_asked_for_a_tunnel_to_an_address_of_https() {
    let proxy = Wiretap::answering("403 Forbidden", "").unwrap();
    let base: BaseUrl = "https://192.0.2.1".parse().unwrap();
    let once = builder(base).proxy(&url(&proxy)).attempts(1);
    let error = once.build().unwrap().authorization().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert_eq!(first_lines(&proxy), ["connect 192.0.2.1:443 http/1.1"]);
}

#[tokio::test]
async fn loopback_is_never_proxied() {
    let proxy = proxy();
    let vendor = StandIn::<Vendor>::start();
    let builder = vendor.builder().unwrap().proxy(&url(&proxy));
    builder.build().unwrap().authorization().await.unwrap();
    assert_eq!((vendor.logins(), proxy.requests().len()), (1, 0));
}

#[test]
fn proxy_that_cannot_be_used_is_refused_and_never_shown() {
    for (url, rule) in [
        (
            "not a proxy",
            "must be a URL, such as http://proxy.example.com:3128",
        ),
        (
            "socks5://maria:s3cret@proxy.example.com",
            "must be an http:// or https:// proxy: SOCKS is not supported",
        ),
        // The HTTP library would connect directly.
        (
            "http://s3cret@proxy.example.com",
            "must have a password beside the user name, or neither",
        ),
    ] {
        let error = abroad().proxy(url).build().unwrap_err();
        assert_eq!(error.to_string(), format!("proxy {rule}"), "{url}");
    }
}

// The environment, which a test never sets: it starts itself again as another process.

#[test]
fn proxy_variables_are_honoured() {
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let proxy = proxy();
        child("abroad", &[(variable, &url(&proxy))]);
        assert_eq!(first_lines(&proxy), [FORWARDED], "{variable}");
    }
}

#[test]
fn proxy_variable_is_trimmed() {
    for end in [" ", "\n", "\r\n"] {
        let proxy = proxy();
        child(
            "abroad",
            &[("HTTP_PROXY", &format!("{}{end}", url(&proxy)))],
        );
        assert_eq!(first_lines(&proxy), [FORWARDED], "{end:?}");
    }
}

#[test]
fn no_proxy_variable_is_honoured() {
    for exempt in ["192.0.2.1", "192.0.2.1:80", "192.0.2.0/24", "*"] {
        let proxy = proxy();
        let vars = [("HTTP_PROXY", &*url(&proxy)), ("NO_PROXY", exempt)];
        child("abroad", &vars);
        assert_eq!(proxy.requests().len(), 0, "{exempt}");
    }
}

#[test]
fn proxy_variable_that_cannot_be_used_is_refused_where_it_would_be() {
    child(
        "refused",
        &[("HTTP_PROXY", "socks5://maria:s3cret@127.0.0.1")],
    );
    child(
        "loopback",
        &[("ALL_PROXY", "socks5://maria:s3cret@127.0.0.1")],
    );
    child(
        "abroad without a proxy",
        &[("HTTP_PROXY", "socks5://127.0.0.1")],
    );
}

#[test]
fn no_proxy_setting_ignores_the_variables() {
    let proxy = proxy();
    child("abroad without a proxy", &[("HTTP_PROXY", &url(&proxy))]);
    assert_eq!(proxy.requests().len(), 0);
}

#[test]
fn proxy_setting_wins_over_the_variables() {
    let (set, ignored) = (proxy(), proxy());
    let vars = [
        ("HTTP_PROXY", &*url(&ignored)),
        ("NO_PROXY", "192.0.2.1"),
        (PROXY, &url(&set)),
    ];
    child("abroad through a proxy", &vars);
    assert_eq!((set.requests().len(), ignored.requests().len()), (1, 0));
}

#[test]
fn loopback_is_never_proxied_by_the_variables() {
    let proxy = proxy();
    child(
        "loopback",
        &[("HTTP_PROXY", &url(&proxy)), ("ALL_PROXY", &url(&proxy))],
    );
    assert_eq!(proxy.requests().len(), 0);
}

/// Runs [`child_process`] with these variables, and no other that could name a proxy.
fn child(task: &str, vars: &[(&str, &str)]) {
    let vars = [&[(TASK, task)], vars].concat();
    alone::run("settings::child_process", &vars);
}

#[tokio::test]
#[ignore = "the tests of the environment run it, each in a process of its own"]
async fn child_process() {
    let task = env::var(TASK).unwrap();
    let vendor = StandIn::<Vendor>::start();
    let builder = match task.as_str() {
        "abroad" => abroad(),
        "abroad without a proxy" => abroad().no_proxy(),
        "abroad through a proxy" => abroad().proxy(&env::var(PROXY).unwrap()),
        "loopback" => vendor.builder().unwrap(),
        "refused" => {
            let error = abroad().build().unwrap_err().to_string();
            let rule = "must be an http:// or https:// proxy: SOCKS is not supported";
            return assert_eq!(error, format!("HTTP_PROXY {rule}"));
        }
        _ => panic!("{task}"),
    };
    // Past the proxy there is no such address, and whatever comes of it is as good as another.
    let _ = builder.build().unwrap().authorization().await;
    assert_eq!(vendor.logins(), usize::from(task == "loopback"));
}

#[tokio::test]
async fn error_tells_a_proxy_that_fails_from_the_vendor() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let refusing = Wiretap::answering("407 Proxy Authentication Required", "").unwrap();
    for (proxy, problem) in [
        (gone, "it cannot be reached itself: Connection refused"),
        (
            url(&refusing),
            "it does not let this through: tunnel error: proxy authorization required",
        ),
    ] {
        let builder = builder("https://vendor.invalid".parse().unwrap());
        let with_password = proxy.replace("://", "://maria:s3cret@");
        let error = failure(builder.proxy(&with_password).attempts(1))
            .await
            .to_string();
        let said = format!(
            "cannot connect to https://vendor.invalid/login through the proxy {proxy}: {problem}"
        );
        assert!(error.contains(&said), "{error}");
        assert!(
            !error.contains("maria") && !error.contains("s3cret"),
            "{error}"
        );
    }
}

// The name, and the time allowed.

#[tokio::test]
async fn application_names_itself_before_the_crate() {
    let vendor = Wiretap::answering("200 OK", &granted("access-1", None)).unwrap();
    for (prefix, user_agent) in [
        (None, "sample-auth/0.0.0"),
        (Some("shop/1.4.2"), "shop/1.4.2 sample-auth/0.0.0"),
    ] {
        let mut builder = builder(vendor.base_url().unwrap());
        if let Some(prefix) = prefix {
            builder = builder.user_agent_prefix(prefix);
        }
        builder.build().unwrap().authorization().await.unwrap();
        let request = text(vendor.requests().last().unwrap());
        assert!(request.contains(&format!("\r\nuser-agent: {user_agent}\r\n")));
    }
}

#[test]
fn application_whose_name_breaks_the_header_is_refused() {
    let longest = "s".repeat(256);
    for accepted in ["shop/1.4.2", "shop/1.4.2 (staging)", &longest] {
        abroad().user_agent_prefix(accepted).build().unwrap();
    }
    let ascii = "must be visible ASCII, as in shop/1.4.2";
    let ends = "must neither be empty nor begin or end in white space";
    for (prefix, rule) in [
        ("shop\r\nX-Injected: 1", ascii),
        ("shop\t1.4.2", ascii),
        ("loja-do-joão/1", ascii),
        ("shop\u{7f}", ascii),
        (&"s".repeat(257), "must be at most 256 bytes long"),
        ("", ends),
        (" shop", ends),
        ("shop\n", ends),
    ] {
        let error = abroad().user_agent_prefix(prefix).build().unwrap_err();
        assert_eq!(error.field(), "User-Agent prefix", "{prefix:?}");
        assert_eq!(error.rule(), rule, "{prefix:?}");
    }
}

// The header of a gateway.

#[tokio::test]
async fn header_of_a_gateway_goes_with_every_request_for_a_token() {
    let body = granted("access-1", Some("refresh-1"));
    let vendor = Wiretap::answering("200 OK", &body).unwrap();
    let authenticator = builder(vendor.base_url().unwrap())
        .header("X-Api-Key", "replaced")
        .header("x-api-key", "k3y of the gateway")
        .header("X-Client", "shöp")
        .build()
        .unwrap();
    authenticator.token().await.unwrap();
    // By the refresh token.
    authenticator.renew().await.unwrap();
    assert!(authenticator.request_token().await.is_ok());
    let paths = ["post /login ", "post /refresh ", "post /login "];
    for (request, path) in vendor.requests().iter().zip(paths) {
        let request = text(request);
        assert!(request.starts_with(path), "{request}");
        assert!(request.contains("\r\nx-api-key: k3y of the gateway\r\n"));
        assert!(request.contains("\r\nx-client: shöp\r\n"));
        assert!(!request.contains("replaced"));
    }
    assert_eq!(vendor.requests().len(), 3);
}

#[tokio::test]
async fn header_of_a_gateway_is_never_shown() {
    let key = "k3y-of-the-gateway";
    let said = format!(r#"{{"error":"who is {key}?"}}"#);
    let vendor = Wiretap::answering("400 Bad Request", &said).unwrap();
    let settings = Transport::builder().header("X-Api-Key", key);
    assert!(!format!("{settings:?}").contains(key));
    let transport = settings.build().unwrap();
    assert!(!format!("{transport:?}").contains(key));
    let builder = builder(vendor.base_url().unwrap()).transport(transport);
    let authenticator = builder.build().unwrap();
    assert!(!format!("{authenticator:?}").contains(key));
    let error = authenticator.authorization().await.unwrap_err();
    assert!(text(&vendor.requests()[0]).contains(key));
    assert!(error.to_string().contains("who is"), "{error}");
    assert!(!format!("{error} {error:?}").contains(key), "{error}");
}

#[test]
fn header_that_the_request_needs_itself_is_refused_by_name() {
    for name in [
        "Authorization",
        "CONTENT-TYPE",
        "Content-Length",
        "Host",
        "Accept",
        "Accept-Encoding",
        "User-Agent",
        "Transfer-Encoding",
        "Proxy-Authorization",
    ] {
        let error = abroad().header(name, "s3cret").build().unwrap_err();
        let name = name.to_ascii_lowercase();
        assert_eq!(
            error.to_string(),
            format!("header must not be {name}: the request needs its own")
        );
    }
}

#[test]
fn header_that_is_none_is_refused_without_its_value() {
    let name = "header must have a name such as X-Api-Key";
    let ends = "header x-api-key must neither be empty nor begin or end in white space";
    for (header, text) in [
        (("", "s3cret"), name),
        (("X Api Key", "s3cret"), name),
        // Both in one.
        (("X-Api-Key: s3cret", ""), name),
        (("X-Api-Key", ""), ends),
        (("X-Api-Key", "s3cret\n"), ends),
        (("X-Api-Key", " s3cret"), ends),
        (
            ("X-Api-Key", "s3cret\r\nX-Injected: 1"),
            "header x-api-key must not contain control characters",
        ),
    ] {
        let error = abroad().header(header.0, header.1).build().unwrap_err();
        assert_eq!(error.to_string(), text, "{header:?}");
    }
}

#[tokio::test]
async fn connect_timeout_covers_the_tls_handshake() {
    // The kernel accepts connections, and nobody answers them.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let builder = builder(base.parse().unwrap()).connect_timeout(MOMENT);
    let error = failure(builder.attempt_timeout(LONG).attempts(1)).await;
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("cannot connect"), "{error}");
}

#[tokio::test]
async fn attempt_timeout_bounds_the_whole_exchange() {
    let vendor = StandIn::<Vendor>::start();
    vendor.hang();
    let builder = vendor.builder().unwrap().attempt_timeout(MOMENT);
    let error = failure(builder.attempts(1)).await;
    assert!(matches!(error, Error::TimedOut(_)), "{error}");
    assert!(error.to_string().contains("within 0.02 s"), "{error}");
}

#[tokio::test]
async fn deadline_bounds_the_attempts_together() {
    let vendor = StandIn::<Vendor>::start();
    vendor.hang();
    let builder = vendor.builder().unwrap().deadline(MOMENT);
    let error = failure(builder.attempt_timeout(LONG)).await;
    assert!(matches!(error, Error::TimedOut(_)), "{error}");
    // The flight's own time, not that of a caller who gives up waiting for it.
    assert!(error.to_string().contains("within 0.0"), "{error}");
}

#[test]
fn times_out_of_range_are_refused() {
    let day = Duration::from_secs(24 * 3600);
    for (builder, rule) in [
        (
            abroad().connect_timeout(Duration::ZERO),
            "connect timeout must be between 1 ms and 60 s",
        ),
        (
            abroad().connect_timeout(day),
            "connect timeout must be between 1 ms and 60 s",
        ),
        (
            abroad().attempt_timeout(Duration::ZERO),
            "attempt timeout must be between 10 ms and 120 s",
        ),
        (
            abroad().attempt_timeout(day),
            "attempt timeout must be between 10 ms and 120 s",
        ),
        (
            abroad().deadline(Duration::ZERO),
            "deadline must be between 10 ms and 300 s",
        ),
        (
            abroad().deadline(day),
            "deadline must be between 10 ms and 300 s",
        ),
    ] {
        assert_eq!(builder.build().unwrap_err().to_string(), rule);
    }
}

/// The failure of an authenticator with these settings, which comes long before the time that they leave alone.
async fn failure(builder: Builder<Sample>) -> Error<Problem> {
    let authenticator = builder.build().unwrap();
    let outcome = tokio::time::timeout(LONG / 2, authenticator.authorization()).await;
    outcome.expect("the setting is not honoured").unwrap_err()
}

/// For an address that is kept for documentation, over plain HTTP, so that a proxy can answer in its place. Where it is
/// asked directly, that ends soon.
fn abroad() -> Builder<Sample> {
    let base = BaseUrl::dangerously_allow_plain_http("http://192.0.2.1").unwrap();
    builder(base).connect_timeout(MOMENT).attempts(1)
}

/// A proxy that answers in the vendor's place.
fn proxy() -> Wiretap {
    Wiretap::answering("200 OK", &granted("access-1", None)).unwrap()
}

fn url(proxy: &Wiretap) -> String {
    format!("http://{}", proxy.host())
}

fn first_lines(proxy: &Wiretap) -> Vec<String> {
    let requests = proxy.requests();
    requests
        .iter()
        .map(|request| text(request).lines().next().unwrap().to_owned())
        .collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_ascii_lowercase()
}

const FORWARDED: &str = "post http://192.0.2.1/login http/1.1";
const TASK: &str = "PLUGS_TASK";
const PROXY: &str = "PLUGS_PROXY";
const MOMENT: Duration = Duration::from_millis(20);
/// So much longer than a moment that no machine is slow enough to take one for the other.
const LONG: Duration = Duration::from_secs(120);
