//! The middleware and the layer: to whom they give the header, and what they do about a 401.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use auth_common::{
    Authenticator, BaseUrl, Error,
    testing::{ManualClock, Response, Script, StandIn, Wiretap},
};
use chrono::DateTime;
use http::{StatusCode, header};
use reqwest::Body;
use tokio::task::JoinSet;

use crate::{
    plug::{Beyond, InLayer, InMiddleware, InPlainLayer, Plug},
    vendor::{LIFETIME, Problem, Sample, Vendor, builder},
};

/// Makes a test of `$test<P: Plug>` for each way to plug in.
macro_rules! every_plug {
    ($test:ident) => {
        mod $test {
            #[tokio::test]
            async fn middleware() {
                super::$test::<super::InMiddleware>().await;
            }

            #[tokio::test]
            async fn layer() {
                super::$test::<super::InLayer>().await;
            }

            #[tokio::test]
            async fn layer_over_plain_http() {
                super::$test::<super::InPlainLayer>().await;
            }
        }
    };
}

// The origin.

async fn calls_carry_the_header_of_one_login<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let (plug, beyond) = plugged::<P>(vendor.authenticator().unwrap());
    for _ in 0..3 {
        assert_eq!(plug.get(&vendor.resource_url()).await.unwrap(), OK);
    }
    assert_eq!((vendor.logins(), vendor.resource_calls()), (1, 3));
    assert_eq!(beyond.tokens(), ["access-1"; 3]);
}
every_plug!(calls_carry_the_header_of_one_login);

async fn call_to_a_foreign_origin_fails_before_anything_is_sent<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let base = vendor.base_url().unwrap();
    let port = base.as_url().port().unwrap();
    let (plug, beyond) = plugged::<P>(vendor.authenticator().unwrap());
    for foreign in [
        format!("http://localhost:{port}/things"),
        format!("http://127.0.0.1.example.com:{port}/things"),
        format!("http://127.0.0.2:{port}/things"),
        format!("http://[::1]:{port}/things"),
        "http://127.0.0.1/things".into(),
        format!("http://127.0.0.1:{}/things", port ^ 1),
        format!("https://127.0.0.1:{port}/things"),
        format!("http://127.0.0.1:{port}@localhost:{port}/things"),
        format!("http://127.0.0.1@localhost:{port}/things"),
        format!("http://localhost:{port}/http://127.0.0.1:{port}/things"),
        format!("http://localhost:{port}/?http://127.0.0.1:{port}/things"),
    ] {
        let error = plug.get(&foreign).await.unwrap_err();
        assert!(matches!(error, Error::Configuration(_)), "{foreign}");
        assert_eq!(
            error.to_string(),
            format!(
                "request URL must have the origin of {base}: the token of Sample is for nobody else"
            ),
        );
    }
    assert_eq!((beyond.hosts().len(), vendor.logins()), (0, 0));
}
every_plug!(call_to_a_foreign_origin_fails_before_anything_is_sent);

#[tokio::test]
async fn call_without_an_origin_fails_before_anything_is_sent() {
    let vendor = StandIn::<Vendor>::start();
    let (plug, beyond) = plugged::<InPlainLayer>(vendor.authenticator().unwrap());
    let error = plug.get("/things").await.unwrap_err();
    assert!(matches!(error, Error::Configuration(_)));
    assert_eq!((beyond.hosts().len(), vendor.logins()), (0, 0));
}

/// The type of the URI takes any digits for a port, and an HTTP client that cannot use them goes to the default one.
#[tokio::test]
async fn call_with_a_port_that_is_none_is_refused_by_name() {
    let vendor = StandIn::<Vendor>::start();
    let beyond = Beyond::answering(OK);
    let base: BaseUrl = "https://api.example.com".parse().unwrap();
    let plug = InPlainLayer::new(vendor.authenticator().unwrap(), &[base], &beyond);
    for port in ["65536", "65979", "99999999999999999999", "0"] {
        let url = format!("https://api.example.com:{port}/things");
        for error in [
            plug.get(&url).await.unwrap_err(),
            plug.send_once(&url, "".into()).await.unwrap_err(),
        ] {
            assert_eq!(
                error.to_string(),
                "request URL must have a port from 1 to 65535, or none",
                "{port}"
            );
        }
    }
    assert_eq!((beyond.hosts().len(), vendor.logins()), (0, 0));
    for url in [
        "https://api.example.com:/things",
        "https://a:b@api.example.com/things",
    ] {
        assert_eq!(plug.get(url).await.unwrap(), OK, "{url}");
    }
}

async fn same_origin_may_be_spelled_otherwise<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let base: BaseUrl = "https://api.example.com/gateway".parse().unwrap();
    let beyond = Beyond::answering(OK);
    let plain: BaseUrl = "http://127.0.0.1".parse().unwrap();
    let plug = P::new(vendor.authenticator().unwrap(), &[base, plain], &beyond);
    for same in [
        "http://127.0.0.1/things",
        "http://127.0.0.1:80/things",
        "https://api.example.com/elsewhere",
        "https://api.example.com:443/gateway/things",
        "https://API.Example.COM/gateway/things",
        "HTTPS://api.example.com/gateway/things",
        "https://somebody:else@api.example.com/gateway/things",
    ] {
        assert_eq!(plug.get(same).await.unwrap(), OK, "{same}");
    }
    assert_eq!(beyond.tokens(), ["access-1"; 7]);
    for foreign in [
        "http://127.0.0.1:443/things",
        "https://127.0.0.1:80/things",
        "https://api.example.com:80/gateway/things",
        "http://api.example.com:443/gateway/things",
        "https://api.example.com./gateway/things",
        "https://evil.api.example.com/gateway/things",
    ] {
        assert!(plug.get(foreign).await.is_err(), "{foreign}");
    }
    assert_eq!(beyond.hosts().len(), 7);
}
every_plug!(same_origin_may_be_spelled_otherwise);

async fn redirect_to_a_foreign_host_does_not_carry_the_header<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let foreign = Wiretap::answering("200 OK", "").unwrap();
    let port = foreign.base_url().unwrap().as_url().port().unwrap();
    let redirect = format!("302 Found\r\nLocation: http://localhost:{port}/things");
    let api = Wiretap::answering(&redirect, "").unwrap();
    let beyond = Beyond::default();
    let others = [api.base_url().unwrap()];
    let plug = P::new(vendor.authenticator().unwrap(), &others, &beyond);

    let url = api.base_url().unwrap().join("things");
    assert_eq!(plug.get(url.as_str()).await.unwrap(), OK);
    let (asked, redirected) = (api.requests(), foreign.requests());
    assert_eq!((asked.len(), redirected.len()), (1, 1));
    assert!(carries_the_header(&asked[0]));
    assert!(!carries_the_header(&redirected[0]));
}
every_plug!(redirect_to_a_foreign_host_does_not_carry_the_header);

// A token that ends.

async fn token_that_expires_in_mid_use_is_replaced_before_the_call<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let clock = ManualClock::new(DateTime::UNIX_EPOCH);
    let builder = vendor.builder().unwrap().clock(clock.clone());
    let (plug, beyond) = plugged::<P>(builder.build().unwrap());
    assert_eq!(plug.get(&vendor.resource_url()).await.unwrap(), OK);

    clock.advance(LIFETIME);
    vendor.expire_tokens();
    assert_eq!(plug.get(&vendor.resource_url()).await.unwrap(), OK);
    assert_eq!(beyond.tokens(), ["access-1", "access-2"]);
}
every_plug!(token_that_expires_in_mid_use_is_replaced_before_the_call);

async fn revoked_token_costs_one_login_and_one_repetition<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let (plug, beyond) = plugged::<P>(vendor.authenticator().unwrap());
    assert_eq!(plug.get(&vendor.resource_url()).await.unwrap(), OK);

    vendor.expire_tokens();
    assert_eq!(plug.get(&vendor.resource_url()).await.unwrap(), OK);
    assert_eq!(beyond.tokens(), ["access-1", "access-1", "access-2"]);
    assert_eq!((vendor.logins(), vendor.resource_calls()), (2, 2));
}
every_plug!(revoked_token_costs_one_login_and_one_repetition);

async fn ten_concurrent_401s_cost_one_login<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let (plug, beyond) = plugged::<P>(vendor.authenticator().unwrap());
    assert_eq!(plug.get(&vendor.resource_url()).await.unwrap(), OK);

    vendor.expire_tokens();
    let mut callers = JoinSet::new();
    for _ in 0..10 {
        let (plug, url) = (plug.clone(), vendor.resource_url());
        callers.spawn(async move { plug.get(&url).await });
    }
    for outcome in callers.join_all().await {
        assert_eq!(outcome.unwrap(), OK);
    }
    assert_eq!((vendor.logins(), vendor.resource_calls()), (2, 11));
    let tokens = beyond.tokens();
    let (refused, repeated) = tokens[1..].split_at(10);
    assert_eq!(
        (refused, repeated),
        (
            &["access-1"; 10].map(String::from)[..],
            &["access-2"; 10].map(String::from)[..]
        )
    );
}
every_plug!(ten_concurrent_401s_cost_one_login);

async fn api_that_always_answers_401_is_believed_and_causes_no_storm_of_logins<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let api = Wiretap::answering("401 Unauthorized", "").unwrap();
    let beyond = Beyond::default();
    let others = [api.base_url().unwrap()];
    let plug = P::new(vendor.authenticator().unwrap(), &others, &beyond);

    let url = api.base_url().unwrap().join("things");
    for _ in 0..5 {
        assert_eq!(plug.get(url.as_str()).await.unwrap(), UNAUTHORIZED);
    }
    assert_eq!(vendor.logins(), 2);
    let others = ["access-2"; 5];
    assert_eq!(beyond.tokens(), [&["access-1"][..], &others].concat());
}
every_plug!(api_that_always_answers_401_is_believed_and_causes_no_storm_of_logins);

async fn error_about_the_token_is_the_calls_own<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    vendor.refuse_credentials();
    let (plug, beyond) = plugged::<P>(vendor.authenticator().unwrap());
    let error = plug.get(&vendor.resource_url()).await.unwrap_err();
    assert!(error.is_credentials_refused());
    assert_eq!(beyond.hosts().len(), 0);
}
every_plug!(error_about_the_token_is_the_calls_own);

async fn revoked_token_without_a_successor_is_an_error<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let (plug, beyond) = plugged::<P>(vendor.authenticator().unwrap());
    assert_eq!(plug.get(&vendor.resource_url()).await.unwrap(), OK);

    vendor.expire_tokens();
    vendor.refuse_credentials();
    for _ in 0..2 {
        let error = plug.get(&vendor.resource_url()).await.unwrap_err();
        assert!(error.is_credentials_refused());
    }
    assert_eq!(beyond.tokens(), ["access-1", "access-1"]);
}
every_plug!(revoked_token_without_a_successor_is_an_error);

// What counts as a refused token.

async fn want_of_permission_costs_no_login_and_no_second_call<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let beyond = Beyond::answering_each(|_, _| (FORBIDDEN, Some(INVALID_TOKEN)));
    let plug = P::new(vendor.authenticator().unwrap(), &[], &beyond);
    for _ in 0..3 {
        assert_eq!(plug.get(&vendor.resource_url()).await.unwrap(), FORBIDDEN);
    }
    assert_eq!(beyond.tokens(), ["access-1"; 3]);
    assert_eq!(vendor.logins(), 1);
}
every_plug!(want_of_permission_costs_no_login_and_no_second_call);

async fn program_says_by_status_and_headers_what_refuses_its_token<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let beyond = Beyond::answering_each(|_, token| match token {
        "access-1" => (FORBIDDEN, Some(INVALID_TOKEN)),
        _ => (FORBIDDEN, Some("Bearer error=\"insufficient_scope\"")),
    });
    let authenticator = vendor.authenticator().unwrap();
    let plug = P::judging(authenticator, &[], &beyond, |status, headers| {
        let challenge = headers.get(header::WWW_AUTHENTICATE);
        status == FORBIDDEN && challenge.is_some_and(|challenge| challenge == INVALID_TOKEN)
    });
    for _ in 0..2 {
        // A clone judges in the same way.
        let plug = plug.clone();
        assert_eq!(plug.get(&vendor.resource_url()).await.unwrap(), FORBIDDEN);
    }
    assert_eq!(beyond.tokens(), ["access-1", "access-2", "access-2"]);
    assert_eq!(vendor.logins(), 2);
}
every_plug!(program_says_by_status_and_headers_what_refuses_its_token);

async fn rule_of_the_program_takes_the_place_of_the_401<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let beyond = Beyond::answering(UNAUTHORIZED);
    let authenticator = vendor.authenticator().unwrap();
    let plug = P::judging(authenticator, &[], &beyond, |status, _| status == FORBIDDEN);
    assert_eq!(
        plug.get(&vendor.resource_url()).await.unwrap(),
        UNAUTHORIZED
    );
    assert_eq!(beyond.tokens(), ["access-1"]);
}
every_plug!(rule_of_the_program_takes_the_place_of_the_401);

async fn endpoint_that_refuses_every_token_costs_thirty_odd_more_logins_a_day_however_seldom_it_is_asked<
    P: Plug,
>() {
    tokio::time::pause();
    for every in [60, 600] {
        let beyond = Beyond::answering(UNAUTHORIZED);
        let api = Api::<P>::new(&beyond);
        for _ in 0..DAY / every {
            api.clock.advance(Duration::from_secs(every));
            assert_eq!(api.get("things").await, UNAUTHORIZED);
        }
        // The rest are renewals of a token that lives for an hour.
        let repetitions = beyond.tokens().len() as u64 - DAY / every;
        assert!((20..=32).contains(&repetitions), "{repetitions} in a day");
        assert!(api.logins() < 60);
    }
}
every_plug!(
    endpoint_that_refuses_every_token_costs_thirty_odd_more_logins_a_day_however_seldom_it_is_asked
);

async fn endpoint_that_refuses_every_token_keeps_no_other_from_replacing_one_that_is_revoked<
    P: Plug,
>() {
    tokio::time::pause();
    let revoked = Arc::new(AtomicU64::new(0));
    let alive = Arc::clone(&revoked);
    let beyond = Beyond::answering_each(move |target, token| {
        let number: u64 = token.strip_prefix("access-").unwrap().parse().unwrap();
        // The permission is withdrawn after the first token.
        let allowed = number == 1 || !target.contains("reports");
        let good = allowed && number > alive.load(Ordering::Relaxed);
        (if good { OK } else { UNAUTHORIZED }, None)
    });
    let api = Api::<P>::new(&beyond);
    for minute in 1..=DAY / 60 {
        api.clock.advance(Duration::from_secs(60));
        api.get("reports").await;
        let things = format!("things/{minute}?page={minute}");
        assert_eq!(api.get(&things).await, OK, "minute {minute}");
        if minute % 50 == 0 {
            revoked.store(api.logins(), Ordering::Relaxed);
        }
    }
}
every_plug!(endpoint_that_refuses_every_token_keeps_no_other_from_replacing_one_that_is_revoked);

async fn endpoint_that_refuses_now_and_then_costs_few_logins<P: Plug>() {
    tokio::time::pause();
    // One of three servers behind a load balancer refuses every token.
    let turn = AtomicU64::new(0);
    let beyond = Beyond::answering_each(move |_, _| {
        let refuses = turn.fetch_add(1, Ordering::Relaxed) % 3 == 2;
        (if refuses { UNAUTHORIZED } else { OK }, None)
    });
    let api = Api::<P>::new(&beyond);
    for _ in 0..DAY / 10 {
        api.clock.advance(Duration::from_secs(10));
        api.get("things").await;
    }
    assert!(api.logins() < 100, "{} logins in a day", api.logins());
}
every_plug!(endpoint_that_refuses_now_and_then_costs_few_logins);

/// A vendor whose tokens live for an hour and are numbered from 1, its API, and the clock.
struct Api<P> {
    clock: ManualClock,
    plug: P,
    logins: Arc<AtomicU64>,
}

impl<P: Plug> Api<P> {
    fn new(beyond: &Beyond) -> Self {
        let logins = Arc::new(AtomicU64::new(0));
        let counting = Arc::clone(&logins);
        let vendor = Script::new(move |_| {
            let number = counting.fetch_add(1, Ordering::Relaxed) + 1;
            let body = format!(r#"{{"access":"access-{number}"}}"#);
            Ok(Response::json(200, body))
        });
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        let builder = builder("https://api.example.com".parse().unwrap());
        let builder = builder.transport(vendor.transport()).clock(clock.clone());
        Self {
            clock,
            plug: P::new(builder.build().unwrap(), &[], beyond),
            logins,
        }
    }

    async fn get(&self, path: &str) -> StatusCode {
        let url = format!("https://api.example.com/{path}");
        self.plug.get(&url).await.unwrap()
    }

    fn logins(&self) -> u64 {
        self.logins.load(Ordering::Relaxed)
    }
}

// A body that streams: `reqwest` can tell one from the other, and a user by `OneShot`.

#[tokio::test]
async fn streaming_body_is_not_repeated_and_its_token_not_used_again_in_the_middleware() {
    streaming_body_is_not_repeated(InMiddleware::send).await;
}

#[tokio::test]
async fn streaming_body_is_not_repeated_and_its_token_not_used_again_in_the_layer() {
    streaming_body_is_not_repeated(InLayer::send).await;
}

#[tokio::test]
async fn streaming_body_is_not_repeated_in_the_layer_over_plain_http() {
    streaming_body_is_not_repeated(InPlainLayer::send_once).await;
}

async fn streaming_body_is_not_repeated<P: Plug>(
    send: impl AsyncFn(&P, &str, Body) -> Result<StatusCode, Error<Problem>>,
) {
    let vendor = StandIn::<Vendor>::start();
    let (plug, beyond) = plugged::<P>(vendor.authenticator().unwrap());
    let url = vendor.resource_url();
    let streaming = || Body::wrap(Body::from("read once only"));
    assert_eq!(send(&plug, &url, streaming()).await.unwrap(), OK);

    vendor.expire_tokens();
    assert_eq!(send(&plug, &url, streaming()).await.unwrap(), UNAUTHORIZED);
    assert_eq!(beyond.tokens(), ["access-1", "access-1"]);

    assert_eq!(send(&plug, &url, streaming()).await.unwrap(), OK);
    assert_eq!(beyond.tokens(), ["access-1", "access-1", "access-2"]);
    assert_eq!(vendor.logins(), 2);
}

// Redirects that the HTTP client follows.

async fn redirect_to_a_stranger_who_answers_401_costs_neither_token_nor_a_second_call<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let foreign = Wiretap::answering("401 Unauthorized", "").unwrap();
    let port = foreign.base_url().unwrap().as_url().port().unwrap();
    let redirect = format!("303 See Other\r\nLocation: http://localhost:{port}/things");
    let api = Wiretap::answering(&redirect, "").unwrap();
    let others = [api.base_url().unwrap()];
    let beyond = Beyond::default();
    let plug = P::new(vendor.authenticator().unwrap(), &others, &beyond);

    let url = api.base_url().unwrap().join("things");
    for _ in 0..2 {
        assert_eq!(plug.get(url.as_str()).await.unwrap(), UNAUTHORIZED);
    }
    assert_eq!((api.requests().len(), foreign.requests().len()), (2, 2));
    assert_eq!(beyond.tokens(), ["access-1"; 2]);
    assert_eq!(vendor.logins(), 1);
}

async fn redirect_to_a_stranger_whose_answer_the_rule_calls_a_refusal_costs_nothing<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let foreign = Wiretap::answering("403 Forbidden", "").unwrap();
    let port = foreign.base_url().unwrap().as_url().port().unwrap();
    let redirect = format!("303 See Other\r\nLocation: http://localhost:{port}/things");
    let api = Wiretap::answering(&redirect, "").unwrap();
    let others = [api.base_url().unwrap()];
    let beyond = Beyond::default();
    let authenticator = vendor.authenticator().unwrap();
    let plug = P::judging(authenticator, &others, &beyond, |status, _| {
        status == FORBIDDEN
    });

    let url = api.base_url().unwrap().join("things");
    for _ in 0..2 {
        assert_eq!(plug.get(url.as_str()).await.unwrap(), FORBIDDEN);
    }
    assert_eq!(beyond.tokens(), ["access-1"; 2]);
    assert_eq!(vendor.logins(), 1);
}

async fn redirect_of_the_vendors_that_ends_in_a_401_costs_the_token_and_no_second_call<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let refuses = Wiretap::answering("401 Unauthorized", "").unwrap();
    let target = refuses.base_url().unwrap().join("things");
    let redirect = format!("303 See Other\r\nLocation: {target}");
    let api = Wiretap::answering(&redirect, "").unwrap();
    let others = [api.base_url().unwrap(), refuses.base_url().unwrap()];
    let beyond = Beyond::default();
    let plug = P::new(vendor.authenticator().unwrap(), &others, &beyond);

    let url = api.base_url().unwrap().join("things");
    for _ in 0..2 {
        assert_eq!(plug.get(url.as_str()).await.unwrap(), UNAUTHORIZED);
    }
    assert_eq!((api.requests().len(), refuses.requests().len()), (2, 2));
    assert_eq!(beyond.tokens(), ["access-1", "access-2"]);
}

mod redirects {
    use super::*;

    #[tokio::test]
    async fn middleware_ignores_a_stranger() {
        redirect_to_a_stranger_who_answers_401_costs_neither_token_nor_a_second_call::<InMiddleware>().await;
    }

    #[tokio::test]
    async fn layer_ignores_a_stranger() {
        redirect_to_a_stranger_who_answers_401_costs_neither_token_nor_a_second_call::<InLayer>()
            .await;
    }

    #[tokio::test]
    async fn middleware_ignores_a_stranger_by_a_rule_of_the_program_too() {
        redirect_to_a_stranger_whose_answer_the_rule_calls_a_refusal_costs_nothing::<InMiddleware>(
        )
        .await;
    }

    #[tokio::test]
    async fn layer_ignores_a_stranger_by_a_rule_of_the_program_too() {
        redirect_to_a_stranger_whose_answer_the_rule_calls_a_refusal_costs_nothing::<InLayer>()
            .await;
    }

    #[tokio::test]
    async fn middleware_believes_the_vendor() {
        redirect_of_the_vendors_that_ends_in_a_401_costs_the_token_and_no_second_call::<InMiddleware>().await;
    }

    #[tokio::test]
    async fn layer_believes_the_vendor() {
        redirect_of_the_vendors_that_ends_in_a_401_costs_the_token_and_no_second_call::<InLayer>()
            .await;
    }
}

// The first answer is let go of before the repetition.

async fn api_with_one_worker_answers_the_repetition<P: Plug>() {
    let vendor = StandIn::<Vendor>::start();
    let api = one_worker();
    let others = [api.clone()];
    let plug = P::new(vendor.authenticator().unwrap(), &others, &Beyond::default());
    let url = api.join("things");
    let answer = tokio::time::timeout(Duration::from_secs(10), plug.get(url.as_str()));
    assert_eq!(answer.await.expect("the first answer is held").unwrap(), OK);
}
every_plug!(api_with_one_worker_answers_the_repetition);

/// An API that serves one connection at a time: first a 401 whose body does not end before the client hangs up, then a
/// success.
fn one_worker() -> BaseUrl {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut first, _) = listener.accept().unwrap();
        let mut chunk = [0; 4096];
        let _ = first.read(&mut chunk);
        let head = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000000\r\n\r\nand so on";
        first.write_all(head.as_bytes()).unwrap();
        while first.read(&mut chunk).is_ok_and(|read| read > 0) {}
        drop(first);
        let (mut second, _) = listener.accept().unwrap();
        let _ = second.read(&mut chunk);
        let _ = second.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    base.parse().unwrap()
}

fn plugged<P: Plug>(authenticator: Authenticator<Sample>) -> (P, Beyond) {
    let beyond = Beyond::default();
    let plug = P::new(authenticator, &[], &beyond);
    (plug, beyond)
}

fn carries_the_header(request: &[u8]) -> bool {
    let request = String::from_utf8_lossy(request).to_ascii_lowercase();
    request.contains("\r\nauthorization:")
}

const OK: StatusCode = StatusCode::OK;
const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
const INVALID_TOKEN: &str = "Bearer error=\"invalid_token\"";
const DAY: u64 = 86_400;
