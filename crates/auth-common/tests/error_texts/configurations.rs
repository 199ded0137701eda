//! Settings that are refused before anything is sent.

use std::time::Duration;

use auth_common::{
    Authenticator, AuthorizeMiddleware, BaseUrl, BasicCredentials, Builder, ConfigurationError,
    Credential, ErrorKind, StoreKey, Transport, Vars, blocking,
};

use crate::{
    Error,
    page::Refused,
    vendor::{Sample, builder},
};

pub(crate) fn examples() -> Vec<Refused> {
    let password = |text: &str| Credential::new("password", text).unwrap_err();
    let url = |text: &str| text.parse::<BaseUrl>().unwrap_err();
    let no_time = Duration::ZERO;
    let errors: Vec<(ConfigurationError, &'static str)> = vec![
        (from_vars(&[]), "set them, or use the builder"),
        (
            from_vars(&[
                ("SAMPLE_URL", "https://api.example.com"),
                ("SAMPLE_PASSWORD", ""),
            ]),
            "an empty variable counts as one that is not set",
        ),
        (
            from_vars(&[
                ("SAMPLE_URL", "https://api.example.com"),
                ("SAMPLE_PASSWORD", "x"),
                ("SAMPLE_PASSWORD_FILE", "/run/secrets/password"),
            ]),
            "a secret stands in the variable, or in the file that the other names",
        ),
        (
            from_vars(&[
                ("SAMPLE_URL", "https://api.example.com"),
                ("SAMPLE_PASSWORD_FILE", "password"),
            ]),
            "name the file, and in full",
        ),
        (
            from_vars(&[
                ("SAMPLE_URL", "https://api.example.com"),
                ("SAMPLE_PASSWORD_FILE", "/run/secrets/nothing"),
            ]),
            "look whether the secret is mounted, and who may read it",
        ),
        (password(""), "give it"),
        (
            password("line\nbreak"),
            "what was read from a file may end in a line break: take it off",
        ),
        (
            password(&"x".repeat(5000)),
            "this is no password: look at what was read",
        ),
        (
            BasicCredentials::new(("key", credential("a:b")), credential("c")).unwrap_err(),
            "the user part of `Basic` cannot hold a colon: have another key made",
        ),
        (url("api.example.com"), "give the scheme as well"),
        (
            url("http://api.example.com"),
            "use `https://`; for a server without a certificate see `BaseUrl::dangerously_allow_plain_http`",
        ),
        (url("ftp://api.example.com"), "use `https://`"),
        (
            url("https://user@api.example.com"),
            "credentials have a place of their own",
        ),
        (
            url("https://api.example.com/?a=b"),
            "give the address alone",
        ),
        (url("https://api.example.com/ "), "take the space off"),
        (
            build(abroad("https://api.example.com/login")),
            "give the address that comes before the vendor's own path",
        ),
        (
            build(here().connect_timeout(no_time)),
            "keep within the limits",
        ),
        (
            build(here().attempt_timeout(no_time)),
            "keep within the limits",
        ),
        (build(here().deadline(no_time)), "keep within the limits"),
        (build(here().attempts(9)), "keep within the limits"),
        (build(here().early_renewal(0.9)), "keep within the limits"),
        (
            build(here().cool_down(ErrorKind::Unavailable, no_time)),
            "keep within the limits",
        ),
        (
            build(here().cool_down(ErrorKind::Configuration, Duration::from_secs(9))),
            "name another kind of error",
        ),
        (
            build(here().user_agent_prefix("shop\n")),
            "use letters, digits and `/`",
        ),
        (
            build(here().user_agent_prefix("padaria-pão/1")),
            "use letters, digits and `/`",
        ),
        (
            build(here().user_agent_prefix(&"x".repeat(300))),
            "name the application and its version alone",
        ),
        (
            build(here().header("X-Api-Key:", "x")),
            "give the name without a colon, and the value apart",
        ),
        (
            build(here().header("Authorization", "x")),
            "a gateway's key needs a header of its own",
        ),
        (build(here().header("X-Api-Key", "")), "give it"),
        (
            build(here().header("X-Api-Key", "x\ny")),
            "look at what was read",
        ),
        (build(here().proxy("://")), "give it as in the text"),
        (
            build(here().proxy("http://shop@proxy.example.com")),
            "`http://user:password@host:port`",
        ),
        (
            build(here().proxy("socks5://proxy.example.com")),
            "use an HTTP proxy",
        ),
        (
            build(here().root_certificate(b"no certificate")),
            "give the file's content, which begins with `-----BEGIN CERTIFICATE-----`",
        ),
        (
            build(here().client_certificate(b"no certificate")),
            "give certificate and key in one text: `cat client.crt client.key`",
        ),
        (
            build(here().client_certificate(&section("CERTIFICATE", "AAAA"))),
            "give certificate and key in one text: `cat client.crt client.key`",
        ),
        (
            build(here().client_certificate(&section("ENCRYPTED PRIVATE KEY", "AAAA"))),
            "and keep the file as a secret",
        ),
        (
            build(here().client_certificate(b"no certificate")),
            "give both in one text: the certificate, and its key without a password",
        ),
        (
            build(here().transport(Transport::shared().unwrap()).no_proxy()),
            "make these settings on `Transport::builder()`",
        ),
        (
            build(here().refresh_token("line\nbreak")),
            "what was read from a file may end in a line break: take it off",
        ),
        (
            build(here().proxy("ftp://proxy.example.com")),
            "use an HTTP proxy",
        ),
        (
            runtime_without_time(),
            "build the runtime with `enable_all()`",
        ),
        (
            blocking_within_a_runtime(),
            "call `authorization().await` of the asynchronous one there",
        ),
        (
            call_to_another_origin(),
            "the middleware carries the token to the vendor alone: use another client for other servers",
        ),
        (
            no_runtime(),
            "call it within `#[tokio::main]`, or use the feature `blocking`",
        ),
        (
            StoreKey::parse("a word").unwrap_err(),
            "`openssl rand -base64 32` makes one",
        ),
    ];
    let shown = errors.into_iter();
    let mut shown: Vec<Refused> = shown
        .map(|(error, advice)| (error.to_string(), advice))
        .collect();
    shown.push((
        without_roots(),
        "in an image: `apt-get install ca-certificates`, or the like",
    ));
    shown
}

/// What a process says that finds no root certificates.
fn without_roots() -> String {
    let empty = std::env::temp_dir().join(format!("no-roots-{}", std::process::id()));
    std::fs::create_dir(&empty).unwrap();
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "configurations::child",
            "--ignored",
            "--nocapture",
        ])
        .env_remove("SSL_CERT_FILE")
        .env("SSL_CERT_DIR", &empty)
        .output()
        .unwrap();
    std::fs::remove_dir(empty).unwrap();
    let said = String::from_utf8(child.stdout).unwrap();
    let text = said.lines().find_map(|line| line.strip_prefix(SAYS));
    text.unwrap_or_else(|| panic!("{said}")).to_owned()
}

#[test]
#[ignore = "the page's test runs it, in a process of its own"]
#[allow(clippy::print_stdout, reason = "the parent reads it")]
fn child() {
    // libtest has begun a line of its own.
    println!("\n{SAYS}{}", build(abroad("https://api.example.com")));
}

const SAYS: &str = "the child says: ";

fn credential(text: &str) -> Credential {
    Credential::new("key", text).unwrap()
}

fn from_vars(vars: &[(&str, &str)]) -> ConfigurationError {
    let vars = vars
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Authenticator::<Sample>::builder_from(&Vars::from_pairs(vars)).unwrap_err()
}

fn section(label: &str, base64: &str) -> Vec<u8> {
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n").into_bytes()
}

fn here() -> Builder<Sample> {
    abroad("https://api.example.com")
}

fn abroad(url: &str) -> Builder<Sample> {
    builder(url.parse().unwrap())
}

fn build(builder: Builder<Sample>) -> ConfigurationError {
    builder.build().unwrap_err()
}

fn runtime_without_time() -> ConfigurationError {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let authenticator = here().build().unwrap();
    configuration(
        runtime
            .unwrap()
            .block_on(authenticator.token())
            .unwrap_err(),
    )
}

fn blocking_within_a_runtime() -> ConfigurationError {
    let blocking = blocking::Authenticator::from(here().build().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    configuration(runtime.block_on(async { blocking.token() }).unwrap_err())
}

fn call_to_another_origin() -> ConfigurationError {
    let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(AuthorizeMiddleware::new(here().build().unwrap()))
        .build();
    let call = client.get("https://elsewhere.example.com/things").send();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match runtime.block_on(call).unwrap_err() {
        reqwest_middleware::Error::Middleware(error) => configuration(error.downcast().unwrap()),
        error => panic!("{error}"),
    }
}

fn configuration(error: Error) -> ConfigurationError {
    match error {
        Error::Configuration(error) => error,
        error => panic!("{error}"),
    }
}

fn no_runtime() -> ConfigurationError {
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    let authenticator = here().build().unwrap();
    let asked = pin!(authenticator.token()).poll(&mut Context::from_waker(Waker::noop()));
    match asked {
        Poll::Ready(Err(error)) => configuration(error),
        _ => panic!("a token without a runtime"),
    }
}
