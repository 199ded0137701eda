use std::{collections::BTreeSet, fs};

use crate::process::{Result, cargo};

/// Fails unless the tests of other crates that the table of the conformance suite names are there. The suite itself
/// holds the table against its own.
pub(crate) fn run() -> Result {
    let table = fs::read_to_string("crates/conformance/README.md")?;
    for (prefix, target) in [
        ("shell", &["--test", "shell"][..]),
        ("auth_common", &["--test", "plugs"]),
        ("unit", &["--lib"]),
    ] {
        // As in the step `test`, so that nothing is built again.
        let list = cargo("test")
            .args(["--workspace", "--all-features"])
            .args(target.iter().copied())
            .args(["--", "--list"])
            .output()?;
        let missing = missing(&table, prefix, &list);
        if !missing.is_empty() {
            return Err(format!(
                "crates/conformance/README.md names tests that are not there: {}",
                missing.join(", ")
            )
            .into());
        }
    }
    Ok(())
}

/// The tests under `prefix` in the table that are not in the list.
fn missing(table: &str, prefix: &str, list: &str) -> Vec<String> {
    let listed: BTreeSet<_> = list
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(|name| format!("{prefix}::{}", name.replace("::tests::", "::")))
        .collect();
    table
        .lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|row| row.split('`').skip(1).step_by(2))
        .filter(|code| code.starts_with(&format!("{prefix}::")))
        .filter(|name| !listed.contains(*name))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_named_and_not_there_is_told() {
        let table = "| a | `unit::json::reads`, `unit::json::gone`, `shell::x::y` |\n`unit::z`\n";
        let list = "json::tests::reads: test\njson::tests::more: test\ngone: benchmark\n";
        assert_eq!(missing(table, "unit", list), ["unit::json::gone"]);
    }
}
