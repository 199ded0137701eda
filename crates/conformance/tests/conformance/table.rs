//! `README.md` holds what it promises: every test of this crate that it names is there, and every test that is here is
//! named. The list is the test runner's own. `cargo xtask ci table` asks the same of the tests of other crates.

use std::{collections::BTreeSet, env, process::Command};

#[test]
fn every_test_in_the_table_exists() {
    let named = named();
    assert!(named.len() > 80);
    let listed = listed();
    for name in &named {
        assert!(listed.contains(name), "{name}");
    }
}

#[test]
fn every_test_is_in_the_table() {
    let named = named();
    for name in listed() {
        let own = name.starts_with("table::");
        assert!(own || named.contains(&name), "{name} is missing");
    }
}

/// The tests of this crate that the table names.
fn named() -> BTreeSet<String> {
    let table = include_str!("../../README.md");
    let rows = table.lines().filter(|line| line.starts_with('|'));
    rows.flat_map(|row| row.split('`').skip(1).step_by(2))
        .filter(|code| code.contains("::"))
        .filter(|code| !ELSEWHERE.iter().any(|prefix| code.starts_with(prefix)))
        // Memory is searched where the system shows it.
        .filter(|code| cfg!(target_os = "linux") || !code.starts_with("heap::"))
        .map(str::to_owned)
        .collect()
}

/// The tests of this program, without the vendors that each runs with, and without what other tests run.
fn listed() -> BTreeSet<String> {
    let ignored = list(&["--ignored"]);
    list(&[]).difference(&ignored).cloned().collect()
}

fn list(arguments: &[&str]) -> BTreeSet<String> {
    let program = env::current_exe().unwrap();
    let output = Command::new(program)
        .arg("--list")
        .args(arguments)
        .output()
        .unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    list.lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(|name| name.splitn(3, "::").take(2).collect::<Vec<_>>().join("::"))
        .collect()
}

/// Tests of `auth-common`, which `cargo xtask ci table` looks for.
const ELSEWHERE: [&str; 3] = ["shell::", "auth_common::", "unit::"];
