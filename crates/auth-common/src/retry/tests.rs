#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use proptest::prelude::*;

use super::*;
use crate::failure::TABLE;

// The table: what follows on each outcome

#[test]
fn login_is_repeated_as_tabled() {
    for (setback, repeats) in [
        (of(FailureKind::NotSent), 2),
        (of(FailureKind::Certificate), 0),
        (of(FailureKind::Cut), 1),
        (of(FailureKind::Busy), 2),
        (of(FailureKind::ServerError), 1),
        (RATE_LIMITED, 0),
        (rate_limited(6), 0),
        (rate_limited(5), 2),
        (of(FailureKind::CredentialsRefused), 0),
        (of(FailureKind::Refused), 0),
        (of(FailureKind::Unclear), 0),
        (of(FailureKind::Intercepted), 0),
        (of(FailureKind::Malformed), 0),
    ] {
        let mut attempts = Run::new(3, Exchange::Login);
        for repeat in 0..repeats {
            let next = attempts.after(setback, PLENTY, 500);
            assert_eq!(
                exchange(next),
                Some(Exchange::Login),
                "{setback:?} {repeat}"
            );
        }
        assert_eq!(
            attempts.after(setback, PLENTY, 500),
            Then::GiveUp,
            "{setback:?}"
        );
    }
}

#[test]
fn refresh_is_repeated_or_replaced_by_a_login_as_tabled() {
    for (setback, next) in [
        (of(FailureKind::NotSent), Some(Exchange::Refresh)),
        (of(FailureKind::Certificate), None),
        (of(FailureKind::Cut), Some(Exchange::Login)),
        (of(FailureKind::Busy), Some(Exchange::Login)),
        (of(FailureKind::ServerError), Some(Exchange::Login)),
        (RATE_LIMITED, None),
        (rate_limited(6), None),
        (rate_limited(5), Some(Exchange::Refresh)),
        (of(FailureKind::CredentialsRefused), Some(Exchange::Login)),
        (of(FailureKind::Refused), Some(Exchange::Login)),
        (of(FailureKind::Unclear), Some(Exchange::Login)),
        (of(FailureKind::Intercepted), Some(Exchange::Login)),
        (of(FailureKind::Malformed), None),
    ] {
        let mut attempts = Run::new(3, Exchange::Refresh);
        let after = attempts.after(setback, PLENTY, 500);
        assert_eq!(exchange(after), next, "{setback:?}");
        if next == Some(Exchange::Login) {
            assert_eq!(
                after,
                Then::Try {
                    exchange: Exchange::Login,
                    after: Duration::ZERO
                },
                "a login does not wait for what the refresh met"
            );
        }
        assert_eq!(
            setback.0.row().refresh == AfterRefresh::Login,
            next == Some(Exchange::Login),
            "{setback:?}"
        );
    }
}

#[test]
fn unreachable_vendor_is_tried_with_the_refresh_token_three_times() {
    let mut attempts = Run::new(3, Exchange::Refresh);
    for _ in 0..2 {
        let next = attempts.after(of(FailureKind::NotSent), PLENTY, 0);
        assert_eq!(exchange(next), Some(Exchange::Refresh));
    }
    assert_eq!(
        attempts.after(of(FailureKind::NotSent), PLENTY, 0),
        Then::GiveUp
    );
    assert_eq!(attempts.attempts.made(), 3);
}

#[test]
fn refused_refresh_then_refused_login_ends_the_flight() {
    let mut attempts = Run::new(3, Exchange::Refresh);
    let next = attempts.after(of(FailureKind::CredentialsRefused), PLENTY, 500);
    assert_eq!(exchange(next), Some(Exchange::Login));
    let next = attempts.after(of(FailureKind::CredentialsRefused), PLENTY, 500);
    assert_eq!(next, Then::GiveUp);
}

#[test]
fn refused_refresh_falls_back_to_a_login_even_without_retries() {
    let mut attempts = Run::new(1, Exchange::Refresh);
    let next = attempts.after(of(FailureKind::Refused), PLENTY, 500);
    assert_eq!(exchange(next), Some(Exchange::Login));
    assert_eq!(
        attempts.after(of(FailureKind::Busy), PLENTY, 500),
        Then::GiveUp
    );
}

#[test]
fn login_after_a_refresh_has_the_retries_of_a_login() {
    let mut attempts = Run::new(5, Exchange::Refresh);
    for (setback, next) in [
        (of(FailureKind::NotSent), Some(Exchange::Refresh)),
        (of(FailureKind::Cut), Some(Exchange::Login)),
        // The repeat of the refresh does not count against it.
        (of(FailureKind::ServerError), Some(Exchange::Login)),
        (of(FailureKind::ServerError), None),
    ] {
        let after = attempts.after(setback, PLENTY, 500);
        assert_eq!(exchange(after), next, "{setback:?}");
    }
}

// Waits

#[test]
fn repeats_wait_with_full_jitter_below_half_a_second_doubling() {
    for (draw, waits) in [
        (0, [0, 0]),
        (1, [0, 1]),
        (500, [250, 500]),
        (1000, [500, 1000]),
        (u32::MAX, [500, 1000]),
    ] {
        let mut attempts = Run::new(3, Exchange::Login);
        for wait in waits {
            let Then::Try { after, .. } = attempts.after(of(FailureKind::Busy), PLENTY, draw)
            else {
                panic!("two retries");
            };
            assert_eq!(after.as_millis(), wait, "draw {draw}");
        }
    }
}

#[test]
fn jitter_never_reaches_beyond_five_seconds() {
    let ceilings: Vec<u128> = [0, 1, 2, 3, 4, 5, 31, 32, u32::MAX]
        .map(|repeats| backoff_ceiling(repeats).as_millis())
        .into();
    assert_eq!(
        ceilings,
        [500, 1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000]
    );
}

#[test]
fn short_retry_after_is_waited_out_to_the_second() {
    for kind in [
        FailureKind::RateLimited,
        FailureKind::Busy,
        FailureKind::ServerError,
    ] {
        for draw in [0, 500, 1000] {
            for seconds in 1..=5 {
                let mut attempts = Run::new(3, Exchange::Login);
                assert_eq!(
                    attempts.after((kind, Some(secs(seconds))), PLENTY, draw),
                    Then::Try {
                        exchange: Exchange::Login,
                        after: secs(seconds)
                    }
                );
            }
        }
    }
}

#[test]
fn retry_after_of_nothing_leaves_the_random_wait() {
    for kind in [
        FailureKind::RateLimited,
        FailureKind::Overloaded,
        FailureKind::Busy,
    ] {
        let mut attempts = Run::new(3, Exchange::Login);
        for after in [Duration::from_millis(250), Duration::from_millis(500)] {
            let next = attempts.after((kind, Some(Duration::ZERO)), PLENTY, 500);
            let exchange = Exchange::Login;
            assert_eq!(next, Then::Try { exchange, after }, "{kind:?}");
        }
    }
}

#[test]
fn nothing_is_sent_sooner_than_the_vendor_asked_for() {
    for row in &TABLE {
        for exchange in [Exchange::Login, Exchange::Refresh] {
            let setback = (row.kind, Some(secs(6)));
            let next = Run::new(3, exchange).after(setback, PLENTY, 500);
            assert_eq!(next, Then::GiveUp, "{exchange:?} after {setback:?}");
        }
    }
}

#[test]
fn wait_beyond_the_deadline_ends_the_flight() {
    for (setback, wait) in [
        (rate_limited(5), secs(5)),
        (of(FailureKind::Busy), Duration::from_millis(500)),
    ] {
        let after = |left| Run::new(3, Exchange::Login).after(setback, left, 1000);
        assert_eq!(after(wait), Then::GiveUp);
        assert_eq!(after(Duration::ZERO), Then::GiveUp);
        assert_eq!(
            after(wait + Duration::from_nanos(1)),
            Then::Try {
                exchange: Exchange::Login,
                after: wait
            }
        );
    }
}

proptest! {
    #[test]
    fn no_flight_makes_more_attempts_than_allowed(
        most in 1..=5_u32,
        first in prop::sample::select(vec![Exchange::Login, Exchange::Refresh]),
        setbacks in prop::collection::vec((setback(), 0..=1000_u32), 8),
        left in prop::sample::select(vec![Duration::ZERO, secs(1), PLENTY]),
    ) {
        let mut attempts = Run::new(most, first);
        let mut made = 1;
        let mut exchange = first;
        for (setback, draw) in setbacks {
            let Then::Try { exchange: next, after } = attempts.after(setback, left, draw) else {
                break;
            };
            made += 1;
            prop_assert!(after <= secs(5));
            prop_assert!(after.is_zero() || after < left);
            if exchange == Exchange::Login {
                prop_assert_eq!(next, Exchange::Login, "a refresh token came back");
            }
            if next == Exchange::Refresh {
                let is_safe = matches!(setback.0, FailureKind::NotSent | FailureKind::RateLimited);
                prop_assert!(is_safe, "replayed after {:?}", setback);
            }
            exchange = next;
        }
        let allowed = if first == Exchange::Refresh { most + 1 } else { most };
        prop_assert!(made <= allowed, "{made} of {most}");
    }
}

// `Retry-After` and `Date`

#[test]
fn retry_after_in_seconds_is_capped_at_an_hour() {
    for (value, expected) in [
        ("0", Some(0)),
        ("1", Some(1)),
        (" 120 ", Some(120)),
        ("007", Some(7)),
        ("3600", Some(3600)),
        ("3601", Some(3600)),
        ("31536000", Some(3600)),
        ("18446744073709551615", Some(3600)),
        ("99999999999999999999999999", Some(3600)),
        ("", None),
        ("  ", None),
        ("-1", None),
        ("+1", None),
        ("1e3", None),
        (".", None),
        ("1.2.3", None),
        ("0x10", None),
        ("soon", None),
        ("120 s", None),
        ("١٢٠", None),
        ("1, 2", None),
    ] {
        assert_eq!(retry_after(value, noon()), expected.map(secs), "{value:?}");
    }
}

#[test]
fn retry_after_with_a_fraction_of_a_second_is_understood() {
    for (value, expected) in [("20.5", 20_500), ("0.25", 250), ("7.", 7_000), (".5", 500)] {
        let expected = Duration::from_millis(expected);
        assert_eq!(retry_after(value, noon()), Some(expected), "{value:?}");
    }
    assert_eq!(retry_after("99999999.9", noon()), Some(LONGEST_RETRY_AFTER));
}

#[test]
fn retry_after_as_a_date_is_read_against_a_clock() {
    for (value, expected) in [
        ("Sun, 06 Nov 1994 12:00:30 GMT", Some(30)),
        ("Sun, 06 Nov 1994 13:00:00 GMT", Some(3600)),
        ("Mon, 06 Nov 1995 12:00:00 GMT", Some(3600)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(3600)),
        // Past, or now: no wait beyond the usual one.
        (NOON, Some(0)),
        ("Sun, 06 Nov 1994 11:59:59 GMT", Some(0)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        // A wrong weekday.
        ("Mon, 06 Nov 1994 12:00:30 GMT", Some(30)),
        // Not dates.
        ("Sun, 31 Feb 1994 12:00:30 GMT", None),
        ("Sun, 06 Nov 1994 25:00:30 GMT", None),
        ("1994-11-06T12:00:30Z", None),
    ] {
        assert_eq!(retry_after(value, noon()), expected.map(secs), "{value:?}");
    }
}

#[test]
fn http_dates_are_read_as_sent() {
    for form in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        // The same with another weekday, or none.
        "Tue, 06 Nov 1994 08:49:37 GMT",
        "Friday, 06-Nov-94 08:49:37 GMT",
        "Sat Nov  6 08:49:37 1994",
        "06 Nov 1994 08:49:37 GMT",
    ] {
        let date = http_date(form).unwrap();
        assert_eq!(date.to_rfc3339(), "1994-11-06T08:49:37+00:00", "{form}");
    }
    for garbage in [
        "",
        "GMT",
        "Sun, 06 Nov 1994",
        "784111777",
        "\u{0}",
        "日曜日",
    ] {
        assert_eq!(http_date(garbage), None, "{garbage:?}");
    }
}

proptest! {
    #[test]
    fn no_header_panics_or_asks_for_more_than_an_hour(
        value in prop_oneof![
            ".{0,60}",
            "[0-9]{1,40}",
            "[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{1,6} [0-9]{2}:[0-9]{2}:[0-9]{2} (GMT|[+-][0-9]{4})",
            "(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] (Jan|Feb|Dec) [0-9]{4} [0-2][0-9]:[0-6][0-9]:[0-6][0-9] GMT",
        ],
        now in any::<i64>(),
    ) {
        let now = DateTime::from_timestamp(now, 0).unwrap_or_default();
        if let Some(wait) = retry_after(&value, now) {
            prop_assert!(wait <= secs(3600));
        }
    }
}

/// The attempts of one flight, with what is exchanged.
struct Run {
    attempts: Attempts,
    exchange: Exchange,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Try { exchange: Exchange, after: Duration },
    GiveUp,
}

/// What failed, and how long the vendor asked to be left alone.
type Setback = (FailureKind, Option<Duration>);

impl Run {
    fn new(most: u32, exchange: Exchange) -> Self {
        let attempts = Attempts::new(most);
        Self { attempts, exchange }
    }

    fn after(&mut self, (kind, asked): Setback, left: Duration, draw: u32) -> Then {
        let next = self.attempts.after(self.exchange, kind, asked, left, draw);
        let after = match next {
            Next::Repeat { after } => after,
            Next::LoginInstead => {
                assert_eq!(self.exchange, Exchange::Refresh);
                self.exchange = Exchange::Login;
                Duration::ZERO
            }
            Next::GiveUp => return Then::GiveUp,
        };
        let exchange = self.exchange;
        Then::Try { exchange, after }
    }
}

fn exchange(then: Then) -> Option<Exchange> {
    match then {
        Then::Try { exchange, .. } => Some(exchange),
        Then::GiveUp => None,
    }
}

fn noon() -> DateTime<Utc> {
    http_date(NOON).unwrap()
}

fn of(kind: FailureKind) -> Setback {
    (kind, None)
}

fn rate_limited(seconds: u64) -> Setback {
    (FailureKind::RateLimited, Some(secs(seconds)))
}

fn setback() -> impl Strategy<Value = Setback> {
    let kinds = TABLE.each_ref().map(|row| row.kind);
    prop_oneof![
        prop::sample::select(kinds.to_vec()).prop_map(of),
        (0..=3600_u64).prop_map(rate_limited),
        (0..=5_u64).prop_map(rate_limited),
    ]
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const RATE_LIMITED: Setback = (FailureKind::RateLimited, None);
/// More time than a flight has.
const PLENTY: Duration = secs(60);
const NOON: &str = "Sun, 06 Nov 1994 12:00:00 GMT";
