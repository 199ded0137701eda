#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::lifetime::{jitter, per_mille};

#[test]
fn row_of_a_kind_is_its_own() {
    for (at, row) in TABLE.iter().enumerate() {
        assert_eq!(row.kind as usize, at, "{:?}", row.kind);
        assert_eq!(row.kind.row().kind, row.kind);
        assert!(!row.what.is_empty(), "{:?}", row.kind);
    }
}

#[test]
fn no_failure_is_a_configuration_and_none_pauses_longer_at_first_than_later() {
    for row in &TABLE {
        assert_ne!(row.error, ErrorKind::Configuration, "{:?}", row.kind);
        assert!(row.first_pause <= row.longest_pause, "{:?}", row.kind);
    }
}

/// An account is locked by repeated logins with a wrong password, and by nothing else here.
#[test]
fn login_that_may_have_been_refused_is_never_repeated() {
    for kind in [
        FailureKind::CredentialsRefused,
        FailureKind::Refused,
        FailureKind::Unclear,
    ] {
        let row = kind.row();
        assert_eq!((row.login_repeats, row.renew_may_try), (0, false));
        assert!(row.first_pause >= Duration::from_secs(30), "{kind:?}");
    }
}

/// The READMEs say so.
#[test]
fn refused_credentials_are_left_alone_for_48_to_72_s_at_first_and_for_about_15_min_at_last() {
    let row = FailureKind::CredentialsRefused.row();
    let by_chance = |pause, draw| per_mille(pause, jitter(draw)).as_secs();
    let first = [0, 1000].map(|draw| by_chance(row.first_pause, draw));
    assert_eq!(first, [48, 72]);
    assert_eq!(row.longest_pause, Duration::from_secs(15 * 60));
}

/// The table in the documentation is this one. To write it anew: `BLESS=1 cargo test -p auth-common failure`.
#[test]
fn table_in_the_documentation_is_this_one() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/life-of-a-token.md");
    let text = std::fs::read_to_string(page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let written = format!("{before}{BEGIN}{}{END}{after}", table());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(page, &written).unwrap();
        return;
    }
    assert!(text == written, "the table is not up to date:{}", table());
}

/// The page is written by the test `error_texts`, which brings each error about.
#[test]
fn each_failure_has_an_example_of_its_text() {
    let page = include_str!("../../docs/error-texts.md");
    for row in &TABLE {
        let example = format!("<!-- {:?} -->", row.kind);
        assert!(page.contains(&example), "{:?}", row.kind);
    }
}

fn table() -> String {
    let mut text = String::from(
        "\n| what happened | `Error` | login | refresh token | first pause ⚙ | longest | `renew` in the pause |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for row in &TABLE {
        let asked = if row.repeats_only_as_asked {
            ", where the vendor asks for 5 s or less"
        } else {
            ""
        };
        let repeats = |repeats: u32| match repeats {
            0 => "not repeated".to_owned(),
            1 => format!("1 repeat{asked}"),
            repeats => format!("{repeats} repeats{asked}"),
        };
        let refresh = match row.refresh {
            AfterRefresh::Kept { repeats: 0 } => "not repeated, and kept".to_owned(),
            AfterRefresh::Kept { repeats: times } => format!("{}, and kept", repeats(times)),
            AfterRefresh::Login => "one login instead".to_owned(),
            AfterRefresh::Lost => "not repeated, and dropped".to_owned(),
        };
        text += &format!(
            "| {} | `{:?}` | {} | {} | {} | {} | {} |\n",
            row.what,
            row.error,
            repeats(row.login_repeats),
            refresh,
            time(row.first_pause),
            time(row.longest_pause),
            if row.renew_may_try {
                "asks"
            } else {
                "fails at once"
            },
        );
    }
    text
}

fn time(span: Duration) -> String {
    match span.as_secs() {
        seconds if seconds >= 3600 => format!("{} h", seconds / 3600),
        seconds if seconds > 60 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

const BEGIN: &str = "<!-- the table of failures, written by a test of `failure.rs` -->\n";
const END: &str = "\n<!-- the end of the table of failures -->";
