use std::{
    ops::Range,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::process::Result;

/// What the next release will hold: nothing but headings is nothing.
pub(crate) fn unreleased(text: &str) -> Result<Option<&str>> {
    let section = text.get(section(text)?).unwrap_or_default().trim();
    let told = section
        .lines()
        .any(|line| !line.trim().is_empty() && !line.starts_with('#'));
    Ok(told.then_some(section))
}

/// The same changelog with what was unreleased under a heading of its own.
pub(crate) fn release(text: &str, version: &str, date: &str) -> Result<String> {
    let heading = format!("## [{version}]");
    if text.lines().any(|line| line.starts_with(&heading)) {
        return Err(format!("the changelog has a section {heading} already").into());
    }
    let at = section(text)?.start;
    let (before, after) = text.split_at(at);
    Ok(format!("{before}\n{heading} - {date}\n{after}"))
}

/// The same changelog with one more change unreleased.
pub(crate) fn add(text: &str, change: &str) -> Result<String> {
    let at = section(text)?.start;
    let (before, after) = text.split_at(at);
    let group = "\n### Changed\n";
    Ok(match after.strip_prefix(&format!("{group}\n")) {
        Some(rest) => format!("{before}{group}\n- {change}\n{rest}"),
        None => format!("{before}{group}\n- {change}\n{after}"),
    })
}

/// Today, by the calendar of UTC, as `2026-11-22`.
pub(crate) fn today() -> Result<String> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(date(seconds / (24 * 60 * 60)))
}

/// From below the heading to the next one of its rank.
fn section(text: &str) -> Result<Range<usize>> {
    let line = format!("\n{UNRELEASED}\n");
    let start = text
        .find(&line)
        .ok_or_else(|| format!("the changelog lacks `{UNRELEASED}`"))?;
    let start = start + line.len();
    let rest = text.get(start..).unwrap_or_default();
    let end = if rest.starts_with("## ") {
        Some(0)
    } else {
        rest.find("\n## ")
    };
    Ok(start..end.map_or(text.len(), |end| start + end))
}

/// Counts in years that begin in March, so that the leap day is the last.
fn date(days_since_1970: u64) -> String {
    let days = days_since_1970 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

/// Each published package has one beside its manifest.
pub(crate) const FILE: &str = "CHANGELOG.md";
/// The heading that gathers what the next release will hold.
const UNRELEASED: &str = "## [Unreleased]";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const BEFORE: &str = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Life.\n\n## [0.1.0] - 2026-01-01\n\n- All.\n";

    #[test]
    fn a_release_takes_over_what_was_unreleased() {
        let after = release(BEFORE, "0.2.0", "2026-11-22").unwrap();
        assert_eq!(
            after,
            "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-22\n\n### Added\n\n- Life.\n\n\
             ## [0.1.0] - 2026-01-01\n\n- All.\n"
        );
        assert_eq!(unreleased(&after).unwrap(), None);
    }

    #[test]
    fn what_is_unreleased_ends_where_the_last_release_begins() {
        assert_eq!(unreleased(BEFORE).unwrap(), Some("### Added\n\n- Life."));
    }

    #[test]
    fn headings_alone_are_nothing() {
        let text = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n## [0.1.0]\n\n- All.\n";
        assert_eq!(unreleased(text).unwrap(), None);
        assert_eq!(unreleased("# C\n\n## [Unreleased]\n").unwrap(), None);
        assert_eq!(
            unreleased("# C\n\n## [Unreleased]\n## [0.1.0]\n- All.\n").unwrap(),
            None
        );
    }

    #[test]
    fn a_changelog_without_the_section_is_refused() {
        assert!(unreleased("# Changelog\n").is_err());
        assert!(release("# Changelog\n", "0.1.0", "2026-11-22").is_err());
    }

    #[test]
    fn a_version_has_one_section() {
        assert!(release(BEFORE, "0.1.0", "2026-11-22").is_err());
    }

    #[test]
    fn an_added_change_is_unreleased_beside_the_others() {
        let once = add(BEFORE, "Requires `auth-common` 0.2.0.").unwrap();
        let told = "### Changed\n\n- Requires `auth-common` 0.2.0.\n\n### Added\n\n- Life.";
        assert_eq!(unreleased(&once).unwrap(), Some(told));
        let twice = add(&once, "More.").unwrap();
        assert_eq!(twice.matches("### Changed").count(), 1, "{twice}");
        assert!(twice.contains("- More.\n- Requires"), "{twice}");
    }

    #[test]
    fn dates_follow_the_calendar() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(20_779), "2026-11-22");
        assert_eq!(date(47_540), "2100-02-28");
        assert_eq!(date(47_541), "2100-03-01");
    }
}
