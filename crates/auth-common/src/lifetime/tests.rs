#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

// Margins

#[test]
fn windows_are_as_tabled() {
    // Lifetime, the advisory window at its shortest and longest, the mandatory window; in seconds.
    for (lifetime, shortest, longest, mandatory) in [
        (92_843.0, 48.0 * 60.0, 72.0 * 60.0, 60.0),
        (3600.0, 288.0, 432.0, 60.0),
        (300.0, 24.0, 36.0, 15.0),
        (60.0, 4.8, 7.2, 3.0),
        (1.0, 0.08, 0.12, 0.05),
    ] {
        for (draw, advisory) in [
            (0, shortest),
            (500, f64::midpoint(shortest, longest)),
            (1000, longest),
            (u32::MAX, longest),
        ] {
            let [lifetime, advisory, mandatory] =
                [lifetime, advisory, mandatory].map(Duration::from_secs_f64);
            let validity = Validity::new(START, START, lifetime, Margins::DEFAULT, draw);
            assert_eq!(validity.expiry, START.plus(lifetime));
            assert_eq!(validity.advisory, START.plus(lifetime - advisory));
            assert_eq!(validity.mandatory, START.plus(lifetime - mandatory));
        }
    }
}

#[test]
fn lifetime_is_at_least_half_a_second_and_at_most_seven_days() {
    for (given, kept) in [
        (Duration::ZERO, SHORTEST),
        (Duration::from_nanos(1), SHORTEST),
        (secs(1), secs(1)),
        (secs(604_800), LONGEST),
        (secs(604_801), LONGEST),
        (Duration::MAX, LONGEST),
    ] {
        let validity = Validity::new(START, START, given, Margins::DEFAULT, 500);
        assert_eq!(validity.expiry, START.plus(kept), "{given:?}");
    }
}

#[test]
fn phases_begin_on_the_very_moment() {
    let validity = Validity::new(START, START, secs(3600), Margins::DEFAULT, 500);
    for (since, before, from) in [
        (3240, Phase::Fresh, Phase::Advisory),
        (3540, Phase::Advisory, Phase::Mandatory),
        (3600, Phase::Mandatory, Phase::Expired),
    ] {
        let mark = secs(since);
        assert_eq!(validity.phase(START.plus(mark - NANOSECOND)), before);
        assert_eq!(validity.phase(START.plus(mark)), from);
    }
}

#[test]
fn whichever_clock_passes_first_counts() {
    let validity = Validity::new(START, START, secs(3600), Margins::DEFAULT, 500);
    let suspended = Moment {
        wall: START.wall + secs(3600),
        ..START
    };
    let set_back = Moment {
        monotonic: START.monotonic + secs(3600),
        wall: Duration::ZERO,
    };
    assert_eq!(validity.phase(suspended), Phase::Expired);
    assert_eq!(validity.phase(set_back), Phase::Expired);
    assert_eq!(suspended.until(validity.expiry), Duration::ZERO);
    assert_eq!(set_back.until(validity.expiry), Duration::ZERO);

    let slept_a_while = Moment {
        wall: START.wall + secs(600),
        ..START
    };
    assert_eq!(slept_a_while.until(validity.expiry), secs(3000));
    assert_eq!(validity.phase(slept_a_while), Phase::Fresh);
}

proptest! {
    #[test]
    fn windows_keep_their_order_and_size(
        lifetime in 1..=604_800_000_u64,
        advisory_per_mille in 20..=500_u32,
        draw in any::<u32>(),
    ) {
        let lifetime = Duration::from_millis(lifetime).max(secs(1));
        let margins = Margins { advisory_per_mille };
        let validity = Validity::new(START, START, lifetime, margins, draw);
        let advisory = validity.advisory.until(validity.expiry);
        let mandatory = validity.mandatory.until(validity.expiry);

        let nominal = lifetime.mul_f64(f64::from(advisory_per_mille) / 1000.0).min(secs(3600));
        prop_assert!(advisory + ROUNDING >= nominal.mul_f64(0.8));
        prop_assert!(advisory <= nominal.mul_f64(1.2) + ROUNDING);
        let half = lifetime.mul_f64(f64::from(advisory_per_mille / 2) / 1000.0).min(secs(60));
        prop_assert!(mandatory <= half + ROUNDING);
        prop_assert!(mandatory + ROUNDING >= half);
        prop_assert!(mandatory <= advisory && advisory < lifetime);
    }

    #[test]
    fn no_moment_and_no_lifetime_overflows(
        start in any_moment(),
        arrival in any_moment(),
        now in any_moment(),
        lifetime in any::<Duration>(),
        advisory_per_mille in any::<u32>(),
        draw in any::<u32>(),
    ) {
        let validity = Validity::new(start, arrival, lifetime, Margins { advisory_per_mille }, draw);
        let marks = [validity.advisory, validity.mandatory, validity.expiry];
        prop_assert!(marks.is_sorted_by_key(|mark| mark.monotonic));
        prop_assert!(marks.is_sorted_by_key(|mark| mark.wall));
        prop_assert_eq!(validity.phase(now) == Phase::Expired, now.has_reached(validity.expiry));
        prop_assert_eq!(now.until(validity.expiry).is_zero(), now.has_reached(validity.expiry));
        prop_assert!(arrival.utc() <= validity.expiry.utc());
    }
}

/// A machine that has just booted, and learns during the login what time it is.
#[test]
fn token_is_good_though_the_wall_clock_is_set_while_it_is_asked_for() {
    let arrival = Moment {
        monotonic: START.monotonic + secs(2),
        wall: START.wall + secs(30 * 365 * 86_400),
    };
    let validity = Validity::new(START, arrival, secs(3600), Margins::DEFAULT, 500);
    assert_eq!(validity.phase(arrival), Phase::Fresh);
    assert_eq!(arrival.until(validity.expiry), secs(3598));
    assert_eq!(validity.expiry.wall, arrival.wall + secs(3598));
}

proptest! {
    #[test]
    fn wall_clock_that_is_set_during_a_login_changes_nothing(
        start in any_moment(),
        set_to in any_moment(),
        took in 0..100_000_u64,
        later in 0..700_000_000_u64,
        lifetime in 1_000..=604_800_000_u64,
        advisory_per_mille in 20..=500_u32,
        draw in any::<u32>(),
    ) {
        let [took, later, lifetime] = [took, later, lifetime].map(Duration::from_millis);
        // Neither is at the end of time.
        let start = Moment { monotonic: start.monotonic / 2, wall: start.wall / 2 };
        let arrival = start.plus(took);
        let set = Moment { wall: set_to.wall / 2, ..arrival };
        let margins = Margins { advisory_per_mille };
        let undisturbed = Validity::new(start, arrival, lifetime, margins, draw);
        let disturbed = Validity::new(start, set, lifetime, margins, draw);

        for time in [Duration::ZERO, later] {
            prop_assert_eq!(
                disturbed.phase(set.plus(time)),
                undisturbed.phase(arrival.plus(time))
            );
        }
        // It counts from before the request, on the clock that nobody can set.
        prop_assert_eq!(undisturbed.expiry.monotonic, start.monotonic + lifetime);
        let left = set.until(disturbed.expiry);
        prop_assert_eq!(left, lifetime.saturating_sub(took));
        // A wall clock that is then left alone agrees with it.
        prop_assert_eq!(disturbed.expiry.wall, set.wall + left);
    }

    #[test]
    fn both_clocks_count_from_before_the_request_where_nobody_sets_them(
        took in 0..3_000_000_u64,
        lifetime in 3_600..=604_800_u64,
        draw in any::<u32>(),
    ) {
        let life = |arrival| Validity::new(START, arrival, secs(lifetime), Margins::DEFAULT, draw);
        let arrival = START.plus(Duration::from_millis(took));
        prop_assert_eq!(life(arrival), life(START));
        prop_assert_eq!(life(START).expiry, START.plus(secs(lifetime)));
    }
}

#[test]
fn moment_beyond_the_calendar_is_its_last_day() {
    assert_eq!(
        Moment {
            wall: Duration::ZERO,
            ..START
        }
        .utc(),
        DateTime::UNIX_EPOCH
    );
    assert_eq!(START.utc().to_rfc3339(), "2027-01-15T08:00:00+00:00");
    for wall in [Duration::MAX, Duration::from_millis(i64::MAX as u64)] {
        assert_eq!(Moment { wall, ..START }.utc(), DateTime::<Utc>::MAX_UTC);
    }
}

// What the vendor and the token say

#[test]
fn lifetime_is_what_the_vendor_said_or_else_the_fallback() {
    assert_eq!(
        lifetime(Some(secs(1800)), secs(900), OPAQUE, None),
        secs(1800)
    );
    assert_eq!(lifetime(None, secs(900), OPAQUE, None), secs(900));
    assert_eq!(lifetime(Some(LONGEST), secs(900), OPAQUE, None), LONGEST);
    assert_eq!(lifetime(None, Duration::ZERO, OPAQUE, None), SHORTEST);
}

#[test]
fn moment_or_milliseconds_are_no_lifetime() {
    for said in [
        secs(1_795_578_169),
        secs(3_600_000),
        LONGEST + NANOSECOND,
        Duration::MAX,
    ] {
        assert_eq!(lifetime(Some(said), secs(900), OPAQUE, None), secs(900));
        let short = jwt(r#"{"iat":1700000000,"exp":1700000301}"#);
        assert_eq!(lifetime(Some(said), secs(900), &short, None), secs(300));
    }
}

#[test]
fn claims_can_only_shorten_the_lifetime() {
    let hour = jwt(r#"{"iat":1700000000,"exp":1700003601}"#);
    for (expires_in, expected) in [
        (Some(7200), 3600),
        (Some(3600), 3600),
        (Some(1800), 1800),
        (None, 3600),
    ] {
        let got = lifetime(expires_in.map(secs), secs(86_400), &hour, None);
        assert_eq!(got, secs(expected), "{expires_in:?}");
    }
    assert_eq!(
        lifetime(None, secs(900), &hour, None),
        secs(900),
        "a fallback too"
    );
}

#[test]
fn claims_of_any_size_neither_panic_nor_lengthen() {
    for claims in [
        r#"{"iat":0,"exp":18446744073709551615}"#,
        r#"{"iat":0,"exp":9223372036854775807}"#,
        r#"{"iat":0,"exp":1e400}"#,
        r#"{"iat":-1,"exp":9223372036854775807}"#,
        r#"{"iat":-1e400,"exp":1e400}"#,
        r#"{"iat":1e400,"exp":-1e400}"#,
        r#"{"exp":-9223372036854775808}"#,
    ] {
        let date = Some(DateTime::<Utc>::MIN_UTC);
        let got = lifetime(Some(secs(3600)), secs(900), &jwt(claims), date);
        assert_eq!(got, secs(3600), "{claims}");
    }
}

proptest! {
    #[test]
    fn no_token_lengthens_a_lifetime_or_panics(
        said in any::<Duration>(),
        claims in r#"\{"(exp|iat)":-?[0-9]{1,25}(\.[0-9]{1,3})?(e-?[0-9]{1,3})?,"(exp|iat|nbf)":-?[0-9]{1,25}\}"#,
        date in any::<i64>(),
    ) {
        let date = DateTime::from_timestamp(date, 0);
        let got = lifetime(Some(said), secs(900), &jwt(&claims), date);
        prop_assert!(got >= SHORTEST);
        prop_assert!(got <= said.clamp(secs(900), LONGEST));
        if said <= LONGEST {
            prop_assert!(got <= said.max(SHORTEST));
        }
    }

    #[test]
    fn any_text_may_be_a_token(token in ".{0,200}", parts in "[A-Za-z0-9_=.-]{0,200}") {
        for token in [token, parts] {
            let got = lifetime(Some(secs(60)), secs(900), &token, None);
            prop_assert!(got <= secs(60));
        }
    }
}

fn jwt(claims: &str) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
}

fn any_moment() -> impl Strategy<Value = Moment> {
    let reading = prop_oneof![
        any::<Duration>(),
        Just(Duration::ZERO),
        Just(Duration::MAX),
        (0..4_000_000_000_u64).prop_map(secs),
    ];
    (reading.clone(), reading).prop_map(|(monotonic, wall)| Moment { monotonic, wall })
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const NANOSECOND: Duration = Duration::from_nanos(1);
/// Two roundings down, to a nanosecond each, and those of the floats that they are compared with.
const ROUNDING: Duration = Duration::from_micros(1);
const START: Moment = Moment {
    monotonic: secs(1000),
    wall: secs(1_800_000_000),
};
const OPAQUE: &str = "2YotnFZFEjr1zCsicMWpAA";
