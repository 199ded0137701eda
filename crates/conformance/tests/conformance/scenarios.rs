//! The life of a token, told in stories: who asks when, what the vendor answers, and what must come of it. Every story
//! is data, and is played with every vendor crate, on clocks moved by hand.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_common::{
    Error, ErrorKind, Exchange, Invalidation, Token,
    testing::{Issued, ManualClock, Outage, Request, RequestKind, Response, Script, jwt},
};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::{task::JoinSet, time::sleep};

use self::{Saw::*, Step::*, Told::*};
use crate::vendor::{
    Client, Failed, Vendor, builder, every_refreshing_vendor, every_vendor, refreshes, success,
    tells_type_and_lifetime, vendor,
};

/// What happens, and what must come of it.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Somebody asks for a token.
    Ask(Told),
    /// So many ask at once, each from a task of its own.
    Crowd(usize, Told),
    /// Somebody asks for a new token.
    Renew(Told),
    /// So many milliseconds pass.
    Pass(u64),
    /// The wall clock is moved by so many seconds; no time passes.
    Wall(i64),
    /// From now on the vendor answers so.
    Vendor(Answer),
    /// From now on the vendor answers refresh tokens so, and logins as before.
    Refreshes(Answer),
    /// The API refused the token of this number.
    Invalidate(u32, Invalidation),
    /// This is all that the vendor has seen since it was last looked at.
    Vendors(&'static [Saw]),
    /// The vendor has seen no more than so many requests since it was last looked at.
    AtMost(usize),
}

/// What a caller gets: the vendor's tokens are numbered as they are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Number(u32),
    Fails(ErrorKind),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saw {
    Login,
    /// The cheaper of a login and a refresh that the vendor has.
    Renewal,
    /// A refresh token of this number.
    Refresh(u32),
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    /// A new token, which lives for so many seconds.
    Token(u64),
    /// A new token with a new refresh token in place of the old one.
    Rotation(u64),
    /// The token that it handed out last.
    Same(u64),
    /// A new token, after so many seconds.
    Slow {
        takes: u64,
        lives: u64,
    },
    Refusal,
    Status(u16),
    /// A page for people, as of a gateway.
    Page(u16),
    /// This status, and this error of OAuth's.
    Code(u16, &'static str),
    /// Too many requests, and this `Retry-After`.
    Limit(&'static str),
    Unreachable,
    Cut,
    Malformed,
}

/// Makes a test of a story for each of the vendors.
macro_rules! story {
    ($(#[$meta:meta])* $name:ident: $steps:expr) => {
        $(#[$meta])*
        async fn $name<V: Vendor>() {
            play::<V>(&$steps).await;
        }
        every_vendor!(paused $name);
    };
}

story!(first_call_logs_in_and_the_others_are_served: [
    Ask(Number(1)), Ask(Number(1)), Pass(3_239_000), Ask(Number(1)), Vendors(&[Login]),
]);

story!(token_is_renewed_ahead_while_callers_are_served: [
    Ask(Number(1)), Pass(3_240_000), Ask(Number(1)), Vendors(&[Login, Renewal]), Ask(Number(2)),
    Vendors(&[]),
]);

story!(caller_of_the_last_minute_waits_for_the_next_token: [
    Ask(Number(1)), Pass(3_540_000), Ask(Number(2)), Vendors(&[Login, Renewal]),
]);

story!(expired_token_is_never_served: [
    Ask(Number(1)), Vendor(Answer::Unreachable), Pass(3_598_000), Ask(Number(1)), Pass(60_000),
    Ask(Fails(ErrorKind::Unavailable)),
]);

story!(failing_refresh_is_invisible_while_the_token_is_valid: [
    Ask(Number(1)), Vendor(Answer::Status(500)), Pass(3_240_000), Ask(Number(1)), AtMost(4),
    Pass(29_000), Ask(Number(1)), AtMost(0), Pass(1_000), Ask(Number(1)), AtMost(2), Pass(59_000),
    Ask(Number(1)), AtMost(0), Pass(1_000), Ask(Number(1)), AtMost(2),
    Vendor(Answer::Token(3600)), Pass(200_000), Ask(Number(1)), Ask(Number(2)), AtMost(1),
]);

story!(ten_thousand_cold_callers_cause_one_login: [
    Crowd(10_000, Number(1)), Vendors(&[Login]),
]);

story!(ten_thousand_waiters_share_one_error: [
    Vendor(Answer::Refusal), Crowd(10_000, Fails(ErrorKind::CredentialsRefused)), Vendors(&[Login]),
]);

story!(wrong_password_is_sent_once_a_minute_and_then_less_often: [
    Vendor(Answer::Refusal), Ask(Fails(ErrorKind::CredentialsRefused)),
    Crowd(10_000, Fails(ErrorKind::CredentialsRefused)), Pass(59_000),
    Ask(Fails(ErrorKind::CredentialsRefused)), Renew(Fails(ErrorKind::CredentialsRefused)),
    Vendors(&[Login]), Pass(1_000), Ask(Fails(ErrorKind::CredentialsRefused)), Vendors(&[Login]),
    Pass(119_000), Ask(Fails(ErrorKind::CredentialsRefused)), Vendors(&[]), Pass(1_000),
    Ask(Fails(ErrorKind::CredentialsRefused)), Vendors(&[Login]),
]);

story!(corrected_password_is_tried_after_the_pause: [
    Vendor(Answer::Refusal), Ask(Fails(ErrorKind::CredentialsRefused)), Vendor(Answer::Token(3600)),
    Ask(Fails(ErrorKind::CredentialsRefused)), Pass(60_000), Ask(Number(1)), Vendors(&[Login, Login]),
]);

story!(rate_limit_is_waited_out: [
    Vendor(Answer::Status(429)), Ask(Fails(ErrorKind::RateLimited)), Pass(299_000),
    Ask(Fails(ErrorKind::RateLimited)), Renew(Fails(ErrorKind::RateLimited)), Vendors(&[Login]),
    Vendor(Answer::Token(3600)), Pass(1_000), Ask(Number(1)), Vendors(&[Login]),
]);

story!(no_failure_is_permanent: [
    Vendor(Answer::Unreachable), Ask(Fails(ErrorKind::Unavailable)), Vendors(&[Login, Login, Login]),
    Pass(1_000), Vendor(Answer::Malformed), Ask(Fails(ErrorKind::InvalidResponse)), Vendors(&[Login]),
    Pass(5_000), Vendor(Answer::Code(403, "access_denied")), Ask(Fails(ErrorKind::Refused)), Vendors(&[Login]),
    Pass(60_000), Vendor(Answer::Cut), Ask(Fails(ErrorKind::Unavailable)), Vendors(&[Login, Login]),
    Pass(2_000), Vendor(Answer::Token(3600)), Ask(Number(1)), Vendors(&[Login]),
]);

story!(wall_clock_a_year_ahead_costs_one_request: [
    Ask(Number(1)), Wall(YEAR), Ask(Number(2)), Vendors(&[Login, Renewal]), Ask(Number(2)),
    Pass(3_239_000), Ask(Number(2)), Vendors(&[]),
]);

story!(wall_clock_a_year_back_keeps_no_token_alive: [
    Ask(Number(1)), Wall(-YEAR), Ask(Number(1)), Pass(3_239_000), Ask(Number(1)),
    Vendors(&[Login]), Pass(361_000), Ask(Number(2)), Vendors(&[Renewal]),
]);

story!(token_expires_while_the_machine_is_suspended: [
    Ask(Number(1)), Wall(3_239), Ask(Number(1)), Wall(361), Ask(Number(2)),
    Vendors(&[Login, Renewal]),
]);

story!(lifetime_counts_from_before_the_request_is_sent: [
    Vendor(Answer::Slow { takes: 9, lives: 60 }), Ask(Number(1)), Vendor(Answer::Unreachable),
    Pass(49_000), Ask(Number(1)), Pass(2_000), Ask(Fails(ErrorKind::Unavailable)),
]);

story!(token_shorter_than_any_margin_causes_no_storm: [
    Vendor(Answer::Token(1)), Ask(Number(1)), Pass(200), Ask(Number(1)), Pass(200),
    Ask(Number(1)), AtMost(1), Pass(600), Crowd(100, Number(2)),
    Crowd(100, Number(2)), AtMost(1), Pass(1_000), Crowd(100, Number(3)), AtMost(1),
]);

story!(same_token_again_is_served_without_a_loop: [
    Ask(Number(1)), Vendor(Answer::Same(3600)), Pass(3_240_000), Ask(Number(1)),
    Vendors(&[Login, Renewal]), Ask(Number(1)), Pass(60_000), Ask(Number(1)), Vendors(&[]),
    Pass(3_180_000), Ask(Number(1)), Vendors(&[Renewal]),
]);

story!(late_401_keeps_the_newer_token: [
    Ask(Number(1)), Pass(3_600_000), Ask(Number(2)), Invalidate(1, Invalidation::AlreadyReplaced),
    Ask(Number(2)), Vendors(&[Login, Renewal]),
]);

story!(ten_thousand_401s_cause_one_request: [
    Ask(Number(1)), Pass(60_000), Invalidate(1, Invalidation::Accepted),
    Invalidate(1, Invalidation::AlreadyReplaced), Crowd(10_000, Number(2)),
    Invalidate(1, Invalidation::AlreadyReplaced), Vendors(&[Login, Renewal]),
]);

story!(invalidated_token_is_not_served_even_when_the_next_flight_fails: [
    Ask(Number(1)), Vendor(Answer::Unreachable), Invalidate(1, Invalidation::Accepted),
    Ask(Fails(ErrorKind::Unavailable)), Vendor(Answer::Token(3600)), Pass(1_000), Ask(Number(2)),
]);

story!(api_that_always_answers_401_cannot_drive_logins: [
    Ask(Number(1)), Pass(60_000), Invalidate(1, Invalidation::Accepted), Ask(Number(2)),
    Invalidate(2, Invalidation::TooSoon), Ask(Number(2)), Pass(29_000),
    Invalidate(2, Invalidation::TooSoon), Ask(Number(2)), Vendors(&[Login, Renewal]), Pass(1_000),
    Invalidate(2, Invalidation::Accepted), Ask(Number(3)), Vendors(&[Renewal]),
    Invalidate(3, Invalidation::TooSoon), Pass(59_000), Invalidate(3, Invalidation::TooSoon), Vendors(&[]),
    Pass(1_000), Invalidate(3, Invalidation::Accepted), Ask(Number(4)), Vendors(&[Renewal]),
]);

story!(token_that_lived_is_replaced_at_once_when_it_is_revoked: [
    Ask(Number(1)), Invalidate(1, Invalidation::Accepted), Ask(Number(2)), Pass(120_000),
    Invalidate(2, Invalidation::Accepted), Ask(Number(3)), Pass(120_000),
    Invalidate(3, Invalidation::Accepted), Ask(Number(4)), Pass(29_000), Invalidate(4, Invalidation::TooSoon),
]);

story!(renewal_brings_a_new_token_at_once: [
    Ask(Number(1)), Renew(Number(2)), Ask(Number(2)), Vendors(&[Login, Renewal]),
]);

story!(failed_renewal_keeps_the_cached_token: [
    Ask(Number(1)), Vendor(Answer::Malformed), Renew(Fails(ErrorKind::InvalidResponse)),
    Ask(Number(1)),
]);

/// The longest of the lives that a steady caller leads.
async fn steady_caller_of_a_healthy_vendor_never_waits<V: Vendor>() {
    let mut steps = vec![Ask(Number(1))];
    for number in 1..=24 {
        steps.extend([
            Pass(3_239_000),
            Ask(Number(number)),
            Pass(1_000),
            Ask(Number(number)),
            AtMost(2),
        ]);
    }
    play::<V>(&steps).await;
}
every_vendor!(paused steady_caller_of_a_healthy_vendor_never_waits);

/// A JSON Web Token's own claims can only shorten a life, and garbage in them changes nothing.
async fn claims_of_a_token_can_only_shorten_its_life<V: Vendor>() {
    // In milliseconds, less the second that `iat` may have been rounded by.
    let hour = 3_600_000;
    for (token, lives) in [
        (jwt(r#"{"iat":1000,"exp":1600}"#), 599_000),
        (jwt(r#"{"iat":1000.9,"exp":1600.1}"#), 599_100),
        (jwt(r#"{"iat":1000,"exp":8200}"#), hour),
        // Against the server's clock, where the token does not say when it was issued.
        (jwt(r#"{"exp":1700000600}"#), 599_000),
        (jwt(r#"{"exp":1600000000}"#), hour),
        (jwt(r#"{"iat":1000}"#), hour),
        (jwt(r#"{"iat":1600,"exp":1000}"#), hour),
        (jwt(r#"{"iat":1000,"exp":1000}"#), hour),
        (
            jwt(r#"{"iat":-9223372036854775808,"exp":9223372036854775807}"#),
            hour,
        ),
        (jwt(r#"{"iat":1e400,"exp":-1e400}"#), hour),
        (jwt(r#"{"iat":null,"exp":"1600"}"#), hour),
        (jwt(r#"{"exp":"soon"}"#), hour),
        (jwt("[]"), hour),
        (jwt("not JSON"), hour),
        (jwt(""), hour),
        ("a.b.c".into(), hour),
        ("..".into(), hour),
        ("opaque".into(), hour),
        ("%%%.%%%.%%%".into(), hour),
    ] {
        let body = success::<V>(&token);
        let body = if tells_type_and_lifetime::<V>() {
            body.with("expires_in", "3600")
        } else {
            body
        };
        let transport = Script::new(move |_| {
            let response = Response::json(200, body.to_string());
            Ok(response.with_header("Date", "Tue, 14 Nov 2023 22:13:20 GMT"))
        });
        let client = builder::<V>("https://vendor.example".parse().unwrap())
            .transport(transport.transport())
            .clock(ManualClock::new(START))
            .build()
            .unwrap();
        let expires_at = client.token().await.unwrap().expires_at();
        assert_eq!(
            expires_at - START,
            TimeDelta::milliseconds(lives),
            "{token}"
        );
    }
}
every_vendor!(paused claims_of_a_token_can_only_shorten_its_life);

// Refresh tokens.

async fn refused_refresh_token_is_followed_by_one_login_in_the_same_flight<V: Vendor>() {
    play::<V>(&[
        Ask(Number(1)),
        Refreshes(Answer::Status(401)),
        Pass(3_600_000),
        Ask(Number(2)),
        Vendors(&[Login, Refresh(1), Login]),
        Refreshes(Answer::Token(3600)),
        Pass(3_600_000),
        Ask(Number(3)),
        Vendors(&[Refresh(2)]),
    ])
    .await;
}
every_refreshing_vendor!(paused refused_refresh_token_is_followed_by_one_login_in_the_same_flight);

async fn rotated_refresh_token_is_adopted_and_the_old_one_kept_otherwise<V: Vendor>() {
    play::<V>(&[
        Ask(Number(1)),
        Pass(3_600_000),
        Ask(Number(2)),
        Pass(3_600_000),
        Vendor(Answer::Rotation(3600)),
        Ask(Number(3)),
        Pass(3_600_000),
        Ask(Number(4)),
        Vendors(&[Login, Refresh(1), Refresh(1), Refresh(3)]),
    ])
    .await;
}
every_refreshing_vendor!(paused rotated_refresh_token_is_adopted_and_the_old_one_kept_otherwise);

async fn refresh_token_whose_answer_was_lost_is_never_replayed<V: Vendor>() {
    for lost in [Answer::Cut, Answer::Status(500), Answer::Status(503)] {
        play::<V>(&[
            Ask(Number(1)),
            Refreshes(lost),
            Pass(3_600_000),
            Ask(Number(2)),
            Vendors(&[Login, Refresh(1), Login]),
        ])
        .await;
    }
}
every_refreshing_vendor!(paused refresh_token_whose_answer_was_lost_is_never_replayed);

async fn refresh_token_that_was_never_sent_is_sent_again<V: Vendor>() {
    play::<V>(&[
        Ask(Number(1)),
        Refreshes(Answer::Unreachable),
        Pass(3_600_000),
        Ask(Fails(ErrorKind::Unavailable)),
        Vendors(&[Login, Refresh(1), Refresh(1), Refresh(1)]),
        Refreshes(Answer::Token(3600)),
        Pass(60_000),
        Ask(Number(2)),
        Vendors(&[Refresh(1)]),
    ])
    .await;
}
every_refreshing_vendor!(paused refresh_token_that_was_never_sent_is_sent_again);

async fn rate_limited_refresh_causes_no_login<V: Vendor>() {
    play::<V>(&[
        Ask(Number(1)),
        Refreshes(Answer::Status(429)),
        Pass(3_600_000),
        Ask(Fails(ErrorKind::RateLimited)),
        Vendors(&[Login, Refresh(1)]),
    ])
    .await;
}
every_refreshing_vendor!(paused rate_limited_refresh_causes_no_login);

// Somebody in between.

/// A firewall's rule, a load balancer, an ingress without its service; and one call a second.
async fn pages_for_twenty_minutes_cost_few_requests_and_end_soon_after<V: Vendor>() {
    for (status, requests, soon) in [
        (403, 44, 30),
        (404, 44, 30),
        (421, 44, 30),
        (425, 44, 30),
        // The vendor may be behind it after all, and lock an account.
        (400, 7, 300),
        (401, 7, 300),
    ] {
        let (client, server, clock) = stage::<V>();
        server.lock().unwrap().login = Answer::Page(status);
        for _ in 0..1200 {
            let error = client.token().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
            assert!(error.is_transient(), "{error}");
            assert!(error.to_string().contains("a page (text/html)"), "{error}");
            pass(&clock, Duration::from_secs(1)).await;
        }
        let seen = server.lock().unwrap().seen.len();
        assert_eq!(seen, requests, "{status}");
        server.lock().unwrap().login = Answer::Token(3600);
        let mut waited = 0;
        while client.token().await.is_err() {
            pass(&clock, Duration::from_secs(1)).await;
            waited += 1;
        }
        assert!(waited <= soon, "{status}: {waited} s");
    }
}
every_vendor!(paused pages_for_twenty_minutes_cost_few_requests_and_end_soon_after);

/// A proxy that puts pages of its own in the place of the vendor's refusals; and a program that asks in every way, each
/// second, for twenty minutes.
async fn wrong_password_behind_a_portal_is_not_repeated<V: Vendor>() {
    for answer in [Answer::Page(400), Answer::Page(401), Answer::Status(401)] {
        let (client, server, clock) = stage::<V>();
        server.lock().unwrap().login = answer;
        for _ in 0..1200 {
            client.token().await.unwrap_err();
            client.renew().await.unwrap_err();
            pass(&clock, Duration::from_secs(1)).await;
        }
        assert_eq!(server.lock().unwrap().seen.len(), 7, "{answer:?}");
    }
}
every_vendor!(paused wrong_password_behind_a_portal_is_not_repeated);

/// The vendor's refusals are counted on, whatever a portal says in between.
async fn wrong_password_is_not_repeated_sooner_for_a_portal_that_comes_and_goes<V: Vendor>() {
    let (client, server, clock) = stage::<V>();
    let mut refusals = 0;
    for second in 0..3600 {
        let portal = second % 20 < 10;
        let answer = if portal {
            Answer::Page(403)
        } else {
            Answer::Refusal
        };
        server.lock().unwrap().login = answer;
        client.token().await.unwrap_err();
        client.renew().await.unwrap_err();
        if !portal {
            refusals += server.lock().unwrap().seen.len();
        }
        server.lock().unwrap().seen.clear();
        pass(&clock, Duration::from_secs(1)).await;
    }
    assert!(refusals <= 7, "{refusals} logins with a wrong password");
}
every_vendor!(paused wrong_password_is_not_repeated_sooner_for_a_portal_that_comes_and_goes);

/// `invalid_request` is what some servers say to a wrong password.
async fn login_that_the_vendor_refuses_is_repeated_by_no_loop<V: Vendor>() {
    for code in [
        "invalid_request",
        "invalid_grant",
        "invalid_client",
        "access_denied",
    ] {
        let (client, server, clock) = stage::<V>();
        server.lock().unwrap().login = Answer::Code(400, code);
        for _ in 0..59 {
            client.renew().await.unwrap_err();
            client.token().await.unwrap_err();
            pass(&clock, Duration::from_secs(1)).await;
        }
        assert_eq!(server.lock().unwrap().seen.len(), 1, "{code}");
    }
}
every_vendor!(paused login_that_the_vendor_refuses_is_repeated_by_no_loop);

/// And a date gone by.
async fn retry_after_of_nothing_does_not_spare_the_random_wait<V: Vendor>() {
    for wait in ["0", "0.0", "Thu, 01 Jan 1970 00:00:00 GMT"] {
        let (client, server, _) = stage::<V>();
        server.lock().unwrap().login = Answer::Limit(wait);
        let before = tokio::time::Instant::now();
        client.token().await.unwrap_err();
        assert_eq!(server.lock().unwrap().seen.len(), 3);
        // A quarter of a second, and then half of one: on a clock moved by hand, no chance plays.
        assert!(before.elapsed() >= Duration::from_millis(750), "{wait}");
    }
}
every_vendor!(paused retry_after_of_nothing_does_not_spare_the_random_wait);

/// A server that counts in whole seconds issues a token in the middle of one.
async fn token_is_not_served_in_the_second_that_its_claims_round_up<V: Vendor>() {
    for lives in [2, 5, 3600] {
        let (issued, start) = (START, START + TimeDelta::milliseconds(999));
        let (from, to) = (issued.timestamp(), issued.timestamp() + lives);
        let token = jwt(&format!(r#"{{"iat":{from},"exp":{to}}}"#));
        let body = success::<V>(&token);
        let body = if tells_type_and_lifetime::<V>() {
            body.with("expires_in", lives.to_string())
        } else {
            body
        };
        let transport = Script::new(move |_| Ok(Response::json(200, body.to_string())));
        let client = builder::<V>("https://vendor.example".parse().unwrap())
            .transport(transport.transport())
            .clock(ManualClock::new(start))
            .build()
            .unwrap();
        let expires_at = client.token().await.unwrap().expires_at();
        assert!(
            expires_at.timestamp_millis() <= to * 1000,
            "{lives} s: {expires_at}"
        );
    }
}
every_vendor!(paused token_is_not_served_in_the_second_that_its_claims_round_up);

async fn pass(clock: &ManualClock, span: Duration) {
    clock.advance(span);
    sleep(span).await;
}

/// A client, the vendor's side, and the client's clock.
fn stage<V: Vendor>() -> (Client<V>, Arc<Mutex<Books>>, ManualClock) {
    let clock = ManualClock::new(START);
    let server = Arc::new(Mutex::new(Books::default()));
    let (kept, hands) = (Arc::clone(&server), clock.clone());
    let vendor = vendor::<V>();
    let transport =
        Script::new(move |request| kept.lock().unwrap().answer(&vendor, request, &hands));
    let client = builder::<V>("https://vendor.example".parse().unwrap())
        .transport(transport.transport())
        .clock(clock.clone())
        .build()
        .unwrap();
    (client, server, clock)
}

/// Plays a story with the crate of `V`.
async fn play<V: Vendor>(story: &[Step]) {
    let (client, server, clock) = stage::<V>();
    let mut tokens = Vec::new();
    for (at, step) in story.iter().enumerate() {
        let here = format!("step {at}: {step:?}");
        match *step {
            Ask(told) => assert_eq!(
                outcome(client.token().await, &server, &mut tokens),
                told,
                "{here}"
            ),
            Renew(told) => assert_eq!(
                outcome(client.renew().await, &server, &mut tokens),
                told,
                "{here}"
            ),
            Crowd(number, told) => {
                for result in crowd::<V>(&client, number).await {
                    assert_eq!(outcome(result, &server, &mut tokens), told, "{here}");
                }
            }
            Pass(milliseconds) => {
                pass(&clock, Duration::from_millis(milliseconds)).await;
            }
            Wall(seconds) => clock.set_wall(clock.wall() + TimeDelta::seconds(seconds)),
            Vendor(answer) => {
                let mut books = server.lock().unwrap();
                books.login = answer;
                books.refresh = answer;
            }
            Refreshes(answer) => server.lock().unwrap().refresh = answer,
            Invalidate(number, what) => {
                let (_, token) = tokens
                    .iter()
                    .find(|(known, _)| *known == number)
                    .expect("a token");
                assert_eq!(client.invalidate(token), what, "{here}");
            }
            Vendors(saw) => assert_eq!(server.lock().unwrap().take::<V>(saw), saw, "{here}"),
            AtMost(most) => {
                let seen = server.lock().unwrap().seen.split_off(0);
                assert!(seen.len() <= most, "{here} {seen:?}");
            }
        }
        // What runs in the background, retries included, comes to its end before the story goes on.
        sleep(Duration::from_secs(5)).await;
    }
}

async fn crowd<V: Vendor>(client: &Client<V>, number: usize) -> Vec<Result<Token, Failed<V>>> {
    let mut callers = JoinSet::new();
    for _ in 0..number {
        let client = client.clone();
        callers.spawn(async move { client.token().await });
    }
    callers.join_all().await
}

/// What a caller was told. The tokens that were handed out are kept, so that they can be invalidated later.
fn outcome<R: std::fmt::Debug>(
    result: Result<Token, Error<R>>,
    server: &Mutex<Books>,
    tokens: &mut Vec<(u32, Token)>,
) -> Told {
    match result {
        Ok(token) => {
            let number = server.lock().unwrap().number(token.expose_secret());
            if !tokens.iter().any(|(known, _)| *known == number) {
                tokens.push((number, token));
            }
            Number(number)
        }
        Err(error) => Fails(error.kind()),
    }
}

/// The vendor's side.
struct Books {
    login: Answer,
    refresh: Answer,
    seen: Vec<Saw>,
    /// The tokens that were handed out.
    issued: Vec<String>,
}

impl Default for Books {
    fn default() -> Self {
        Self {
            login: Answer::Token(3600),
            refresh: Answer::Token(3600),
            seen: Vec::new(),
            issued: Vec::new(),
        }
    }
}

impl Books {
    fn answer<V: Vendor>(
        &mut self,
        vendor: &V,
        request: &Request,
        clock: &ManualClock,
    ) -> Result<Response, Outage> {
        let (saw, exchange, answer) = match vendor.kind(request) {
            RequestKind::Login => (Login, Exchange::Login, self.login),
            RequestKind::Refresh(token) => {
                let number = token.strip_prefix(REFRESH).unwrap().parse().unwrap();
                (Refresh(number), Exchange::Refresh, self.refresh)
            }
            other => panic!("{other:?}"),
        };
        self.seen.push(saw);
        let (lives, fresh, rotates) = match answer {
            Answer::Token(lives) => (lives, true, false),
            Answer::Rotation(lives) => (lives, true, true),
            Answer::Same(lives) => (lives, false, false),
            Answer::Slow { takes, lives } => {
                clock.advance(Duration::from_secs(takes));
                (lives, true, false)
            }
            Answer::Refusal => return Ok(vendor.credentials_refused()),
            Answer::Status(status) => return Ok(Response::json(status, "")),
            Answer::Page(status) => {
                return Ok(Response::new(status, "text/html", "<h1>Blocked</h1>"));
            }
            Answer::Code(status, code) => {
                let body = format!(r#"{{"error":"{code}"}}"#);
                return Ok(Response::json(status, body));
            }
            Answer::Limit(wait) => {
                return Ok(Response::json(429, "").with_header("Retry-After", wait));
            }
            Answer::Unreachable => return Err(Outage::Unreachable),
            Answer::Cut => return Err(Outage::Cut),
            Answer::Malformed => return Ok(Response::json(200, "<html>")),
        };
        let lives = Duration::from_secs(lives);
        if fresh {
            let serial = self.issued.len() as u64 + 1;
            self.issued.push(vendor.access_token(serial, lives));
        }
        let number = self.issued.len();
        let mut issued = Issued::new(&*self.issued[number - 1], exchange);
        issued.expires_in = Some(lives);
        if refreshes::<V>() && (exchange == Exchange::Login || rotates) {
            issued.refresh_token = Some(format!("{REFRESH}{number}"));
        }
        Ok(vendor.granted(&issued))
    }

    fn number(&self, token: &str) -> u32 {
        let at = self.issued.iter().position(|known| known == token);
        u32::try_from(at.expect("a token of the vendor's")).unwrap() + 1
    }

    /// What was seen, in the words of `expected`.
    fn take<V: Vendor>(&mut self, expected: &[Saw]) -> Vec<Saw> {
        let mut seen = self.seen.split_off(0);
        for (saw, expected) in seen.iter_mut().zip(expected) {
            let renewal = matches!(saw, Refresh(_)) == refreshes::<V>();
            if *expected == Renewal && renewal {
                *saw = Renewal;
            }
        }
        seen
    }
}

/// A refresh token that tells nothing, but the number of the token that it came with.
const REFRESH: &str = "refresh-";
const YEAR: i64 = 365 * 24 * 3600;
const START: DateTime<Utc> = DateTime::from_timestamp_secs(1_800_000_000).unwrap();
