//! `README.md` holds what it promises: every test that it names is there, and every test that is here is named.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

#[test]
fn every_test_in_the_table_exists() {
    let named = named();
    assert!(named.len() > 80);
    for name in named {
        let (module, test) = name.rsplit_once("::").unwrap();
        let source = fs::read_to_string(source(module)).unwrap();
        let there = tests_in(&source).contains(test) || source.contains(&format!("fn {test}("));
        assert!(there, "{name}");
    }
}

#[test]
fn every_test_is_in_the_table() {
    let named = named();
    for module in [
        "faults",
        "heap",
        "input",
        "leaks",
        "scenarios",
        "secrets",
        "tls",
    ] {
        let source = fs::read_to_string(source(module)).unwrap();
        for test in tests_in(&source) {
            let name = format!("{module}::{test}");
            assert!(named.contains(&name), "{name} is missing");
        }
    }
}

/// The tests that the table names.
fn named() -> BTreeSet<String> {
    let table = fs::read_to_string(here().join("README.md")).unwrap();
    let rows = table.lines().filter(|line| line.starts_with('|'));
    rows.flat_map(|row| row.split('`').skip(1).step_by(2))
        .filter(|code| code.contains("::"))
        .map(str::to_owned)
        .collect()
}

/// The tests of this crate that a source file holds, whatever macro makes them.
fn tests_in(source: &str) -> BTreeSet<&str> {
    let mut tests = BTreeSet::new();
    let mut marked = false;
    for line in source.lines() {
        if let Some(made) = line.strip_prefix("every_vendor!(") {
            let made = made.trim_end_matches(");");
            if !made.starts_with("child ") {
                tests.insert(made.trim_start_matches("paused "));
            }
        } else if let Some(made) = line.strip_prefix("story!(") {
            tests.extend(made.split(':').next());
        } else if marked && line.contains("fn ") {
            let name = line.split("fn ").nth(1).and_then(|it| it.split('(').next());
            tests.extend(name);
        }
        marked = line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    }
    tests
}

fn source(module: &str) -> PathBuf {
    let common = here().join("../auth-common");
    match module.split_once("::") {
        Some(("shell", module)) => common.join(format!("tests/shell/{module}.rs")),
        Some(("unit", module)) => common.join(format!("src/{module}/tests.rs")),
        _ => here().join(format!("tests/conformance/{module}.rs")),
    }
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
