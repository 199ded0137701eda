#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::error::Error as _;

use http::HeaderValue;

use super::*;
use crate::failure::TABLE;

#[test]
fn text_says_who_what_and_what_to_do() {
    for (error, text) in [
        (
            Error::from(answered(
                FailureKind::CredentialsRefused,
                400,
                "Credenciais inválidas.",
            )),
            "Vendor refused the credentials (400 Bad Request): \"Credenciais inválidas.\"; check them and that the \
             account is active",
        ),
        (
            Error::from(answered(FailureKind::RateLimited, 429, "")),
            "Vendor limits the rate of token requests (429 Too Many Requests); let fewer processes log in",
        ),
        (
            Error::from(answered(FailureKind::Refused, 404, "Not found.")),
            "Vendor refused the token request (404 Not Found): \"Not found.\"; check the base URL, the environment and \
             the account's permissions",
        ),
        (
            Error::from(Failure::new(
                "Vendor",
                FailureKind::NotSent,
                "cannot connect to {address}: refused",
            )),
            "no token from Vendor: cannot connect to Vendor: refused",
        ),
        (
            Error::from(answered(FailureKind::Busy, 503, "")),
            "no token from Vendor (503 Service Unavailable)",
        ),
        (
            Error::from(Failure::answered(
                "Vendor",
                FailureKind::Malformed,
                "access_token is missing",
                StatusCode::OK,
                Some("denied"),
            )),
            "the answer of Vendor is not the documented one (200 OK): access_token is missing: \"denied\"; check the \
             base URL and the proxy",
        ),
        (
            Error::from(Failure::new(
                "Vendor",
                FailureKind::Slow,
                "no full answer within 2.5 s",
            )),
            "no token from Vendor in time: no full answer within 2.5 s",
        ),
        (
            Error::Configuration(ConfigurationError::new("password", "must not be empty")),
            "password must not be empty",
        ),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn text_names_the_address_and_the_request_once() {
    let refused = || Error::from(answered(FailureKind::Refused, 404, "Not found."));
    let not_sent = || {
        let what = "cannot connect to {address}: refused";
        Error::<&str>::from(Failure::new("Vendor", FailureKind::NotSent, what))
    };
    let late = || {
        let what = "the token had expired";
        Error::<&str>::from(Failure::new("Vendor", FailureKind::Cut, what))
    };
    for (error, text) in [
        (
            refused()
                .with_address(ADDRESSED)
                .with_request_id(Some("0b9f")),
            "Vendor refused the token request (404 Not Found from https://vendor.example/login, request id 0b9f): \
             \"Not found.\"; check the base URL, the environment and the account's permissions",
        ),
        (
            refused().with_request_id(Some("0b9f")),
            "Vendor refused the token request (404 Not Found, request id 0b9f): \"Not found.\"; check the base URL, \
             the environment and the account's permissions",
        ),
        (
            not_sent().with_address(ADDRESSED),
            "no token from Vendor: cannot connect to https://vendor.example/login: refused",
        ),
        (
            late().with_address(ADDRESSED).with_request_id(Some("0b9f")),
            "no token from Vendor (asked https://vendor.example/login, request id 0b9f): the token had expired",
        ),
    ] {
        assert_eq!(error.to_string(), text);
        assert_eq!(error.clone().to_string(), text);
    }
    let error = refused()
        .with_address(ADDRESSED)
        .with_request_id(Some("0b9f"));
    assert_eq!(error.address(), Some(ADDRESSED));
    assert_eq!(error.request_id(), Some("0b9f"));
    assert_eq!((refused().address(), refused().request_id()), (None, None));
    let configuration =
        Error::<&str>::from(ConfigurationError::new("password", "must not be empty"));
    let configuration = configuration.with_address(ADDRESSED);
    assert_eq!(configuration.address(), None);
}

#[test]
fn text_ends_with_when_it_will_be_asked_again() {
    let at = DateTime::from_timestamp(1_800_000_000, 987_654_321);
    for error in one_of_each() {
        let before = error.to_string();
        let error = error.with_retry_at(at);
        if matches!(error, Error::Configuration(_)) {
            assert_eq!(error.retry_at(), None);
            assert_eq!(error.to_string(), before);
        } else {
            assert_eq!(error.retry_at(), at);
            assert_eq!(error.failure().unwrap().retry_at(), at);
            let end = "; not asked again before 2027-01-15T08:00:00Z";
            assert_eq!(error.to_string(), format!("{before}{end}"));
            assert_eq!(error.with_retry_at(None).to_string(), before);
        }
    }
}

#[test]
fn kind_of_an_error_is_that_of_its_row() {
    for row in &TABLE {
        let error = Error::from(Failure::<&str>::new("Vendor", row.kind, "what"));
        assert_eq!(error.kind(), row.error, "{:?}", row.kind);
        assert_eq!(error.is_transient(), row.transient, "{:?}", row.kind);
    }
    let error = Error::<&str>::from(ConfigurationError::new("password", "must not be empty"));
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[test]
fn predicates_tell_what_the_caller_can_do() {
    let told: Vec<_> = one_of_each()
        .iter()
        .map(|error| {
            let status = error.status().map(|status| status.as_u16());
            (
                error.is_transient(),
                error.is_credentials_refused(),
                status,
                error.response().copied(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (false, true, Some(401), Some("said")),
            (true, false, Some(429), Some("said")),
            (false, false, Some(404), Some("said")),
            (true, false, Some(503), Some("said")),
            (true, false, None, None),
            (false, false, None, None),
            (false, false, Some(200), Some("said")),
            (true, false, None, None),
            (false, false, None, None),
        ]
    );
}

#[test]
fn every_failure_names_its_vendor_and_configuration_has_none() {
    for error in one_of_each() {
        match &error {
            Error::Configuration(_) => assert!(error.failure().is_none()),
            _ => assert_eq!(error.failure().unwrap().vendor(), "Vendor"),
        }
        assert!(
            error.source().is_none(),
            "a source might say what the text withholds"
        );
    }
}

/// Each call returns such a result, and one of 64 bytes took 4 ns longer: `cargo xtask bench cached`.
#[test]
fn error_makes_no_result_larger_than_the_header_in_it() {
    let with_error = size_of::<Result<HeaderValue, Error<String>>>();
    assert_eq!(with_error, size_of::<HeaderValue>());
}

#[test]
fn clone_is_the_same_error_and_shares_its_detail() {
    struct NotClone;
    let failure = Failure::<NotClone>::new("Vendor", FailureKind::Malformed, "too large");
    assert!(Arc::ptr_eq(
        &failure.known.detail,
        &failure.clone().known.detail
    ));

    for error in one_of_each() {
        let error = error.with_retry_at(Some(DateTime::UNIX_EPOCH));
        let clone = error.clone();
        assert_eq!(format!("{clone:?}"), format!("{error:?}"));
        assert_eq!(clone.to_string(), error.to_string());
        if let Some(failure) = error.failure() {
            assert!(Arc::ptr_eq(
                &failure.known.detail,
                &clone.failure().unwrap().known.detail
            ));
        }
        let later = Some(DateTime::<Utc>::MAX_UTC);
        if clone.with_retry_at(later).failure().is_some() {
            assert_eq!(
                error.retry_at(),
                Some(DateTime::UNIX_EPOCH),
                "each caller has its own `retry_at`"
            );
        }
    }
}

#[test]
fn debug_shows_what_is_known() {
    let failure = answered(FailureKind::CredentialsRefused, 401, "said").clone();
    assert_eq!(
        format!("{:?}", Error::from(failure)),
        "CredentialsRefused(Failure { vendor: \"Vendor\", kind: CredentialsRefused, what: \"\", address: None, \
         status: Some(401), request_id: None, response: Some(\"said\"), hint: None, retry_at: None })"
    );
}

#[test]
fn errors_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<Error<String>>();
}

const ADDRESSED: &str = "https://vendor.example/login";

fn one_of_each() -> Vec<Error<&'static str>> {
    vec![
        Error::from(answered(FailureKind::CredentialsRefused, 401, "said")),
        Error::from(answered(FailureKind::RateLimited, 429, "said")),
        Error::from(answered(FailureKind::Refused, 404, "said")),
        Error::from(answered(FailureKind::Busy, 503, "said")),
        Error::from(Failure::new(
            "Vendor",
            FailureKind::NotSent,
            "cannot connect: refused",
        )),
        Error::from(Failure::new("Vendor", FailureKind::Certificate, "expired")),
        Error::from(answered(FailureKind::Malformed, 200, "said")),
        Error::from(Failure::new("Vendor", FailureKind::Slow, "slow")),
        Error::Configuration(ConfigurationError::new("password", "must not be empty")),
    ]
}

fn answered(kind: FailureKind, status: u16, said: &'static str) -> Failure<&'static str> {
    let status = StatusCode::from_u16(status).unwrap();
    Failure::answered("Vendor", kind, "", status, Some(said))
}
