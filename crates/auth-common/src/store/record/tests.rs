#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

#[test]
fn a_record_reads_as_it_was_written() {
    let bytes = full().to_bytes().unwrap();
    let text = std::str::from_utf8(&bytes).unwrap();
    assert_eq!(
        text,
        concat!(
            r#"{"seq":9,"#,
            r#""token":{"secret":"access","seq":9,"issued":1000,"lifetime":3600000,"by_invalidation":true,"by":7},"#,
            r#""refresh":{"secret":"refresh","ends":86400000,"epoch":"e1"},"#,
            r#""lease":{"holder":18446744073709551615,"until":6000},"#,
            r#""pause":{"answer":{"status":401,"body":"{\"detail\":\"no\"}"},"kind":"credentials_refused","strikes":2,"until":61000},"#,
            r#""last_login":1500}"#,
        )
    );
    let read: Record = Record::from_bytes(&bytes).unwrap();
    assert_eq!(read.to_bytes().unwrap(), bytes);
    assert_eq!(bytes.capacity(), bytes.len());
}

#[test]
fn what_a_later_version_adds_is_passed_over() {
    let text = r#"{"seq":9,"token":{"secret":"a","seq":9,"issued":1,"lifetime":2,"by":7,"scope":"all"},
        "pause":{"answer":{"status":418,"body":"","teapot":true},"kind":"teapot","strikes":1,"until":5},
        "quota":[1,{"a":null}]}"#;
    let record: Record = Record::from_bytes(text.as_bytes()).unwrap();
    let token = record.token.unwrap();
    assert_eq!((token.seq, token.by_invalidation), (9, false));
    // It knows a kind of failure that this version does not.
    assert_eq!(record.pause.unwrap().kind, FailureKind::Refused);
    assert!(record.refresh.is_none() && record.lease.is_none());
}

#[test]
fn anything_else_is_no_record() {
    for text in [
        "",
        "null",
        "[]",
        "9",
        "{}",
        r#"{"seq":-1}"#,
        r#"{"seq":1,"token":7}"#,
    ] {
        assert!(
            Record::<Secret, Said>::from_bytes(text.as_bytes()).is_none(),
            "{text}"
        );
    }
}

#[test]
fn every_kind_of_failure_comes_back() {
    for kind in kind::KINDS {
        let pause = Pause {
            answer: (),
            kind,
            strikes: 1,
            until: Duration::ZERO,
        };
        let record: Record<Secret, ()> = Record {
            pause: Some(pause),
            ..Record::default()
        };
        let read = Record::<Secret, ()>::from_bytes(&record.to_bytes().unwrap()).unwrap();
        assert_eq!(read.pause.unwrap().kind, kind);
    }
}

#[test]
fn an_answer_is_cut_at_four_kibibytes() {
    let said = Said::new(500, "á".repeat(3000).as_bytes());
    assert_eq!(said.body.0.expose_secret().len(), LONGEST_BODY);
    let said = Said::new(500, &[0xff; 3]);
    assert_eq!(said.body.0.expose_secret(), "\u{fffd}\u{fffd}\u{fffd}");
}

#[test]
fn no_secret_is_in_the_debug_form() {
    let shown = format!("{:?}", full());
    for secret in ["access", "\"refresh\"", "detail"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

fn full() -> Record {
    let secret = |text: &str| Secret(text.to_owned().into());
    Record {
        seq: 9,
        token: Some(SharedToken {
            secret: secret("access"),
            seq: 9,
            issued: Duration::from_secs(1),
            lifetime: Duration::from_secs(3600),
            by_invalidation: true,
            by: Holder(7),
        }),
        refresh: Some(SharedRefresh {
            secret: secret("refresh"),
            ends: Some(Duration::from_secs(86400)),
            epoch: Incarnation::new("e1"),
        }),
        lease: Some(Lease {
            holder: Holder(u64::MAX),
            until: Duration::from_secs(6),
        }),
        pause: Some(Pause {
            answer: Said::new(401, br#"{"detail":"no"}"#),
            kind: FailureKind::CredentialsRefused,
            strikes: 2,
            until: Duration::from_secs(61),
        }),
        last_login: Some(Duration::from_millis(1500)),
    }
}
