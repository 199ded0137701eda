#![allow(
    clippy::indexing_slicing,
    reason = "a missing key of a JSON value reads as null"
)]

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    copy::Copy,
    process::{Process, Result, cargo},
    workspace::Workspace,
};

/// Counts the crates that each vendor crate adds to a program which has reqwest already.
///
/// A program that reads a token out of an answer needs reqwest's `json`. The stricter count,
/// against reqwest without it, is printed beside.
pub(super) fn run() -> Result {
    let with_json = bare_program(&["rustls", "json"])?;
    let without_json = bare_program(&["rustls"])?;
    for package in Workspace::load()?.vendors()? {
        let tree = tree(&cargo("tree").args(["--package", &package.name]))?;
        let added: Vec<_> = tree.difference(&with_json).map(String::as_str).collect();
        let strictly = tree.difference(&without_json).count();
        println!(
            "{}: {} crates, {} beyond reqwest with `json` ({strictly} without): {}",
            package.name,
            tree.len(),
            added.len(),
            added.join(", "),
        );
        if added.len() > MOST {
            return Err(format!("{} adds more than {MOST} crates", package.name).into());
        }
    }
    Ok(())
}

/// The tree of a program on reqwest alone, at the versions of this workspace's lock file.
fn bare_program(features: &[&str]) -> Result<BTreeSet<String>> {
    let metadata = cargo("metadata")
        .args(["--locked", "--format-version", "1"])
        .output()?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().ok_or("no packages")?;
    let reqwest = packages.iter().find(|package| package["name"] == "reqwest");
    let version = reqwest
        .and_then(|it| it["version"].as_str())
        .ok_or("reqwest is not used")?;

    let copy = Copy::empty("bare-program")?;
    copy.take("Cargo.lock")?;
    copy.write("src/main.rs", "fn main() {}\n")?;
    copy.write(
        "Cargo.toml",
        &format!(
            "[package]\nname = \"bare-program\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies.reqwest]\nversion = \"={version}\"\ndefault-features = false\n\
             features = {features:?}\n"
        ),
    )?;
    let mut tree = tree(&copy.cargo("tree"))?;
    tree.retain(|krate| !krate.starts_with("bare-program "));
    Ok(tree)
}

fn tree(cargo_tree: &Process) -> Result<BTreeSet<String>> {
    let lines = cargo_tree
        .clone()
        .args(["--edges", "normal", "--prefix", "none"])
        .output()?;
    Ok(lines.lines().filter_map(crate_and_version).collect())
}

/// `reqwest v0.13.5 (*)` is `reqwest v0.13.5`.
fn crate_and_version(line: &str) -> Option<String> {
    let (name, rest) = line.split_once(' ')?;
    Some(format!("{name} {}", rest.split(' ').next()?))
}

/// Nine, and two for a clock that goes on while the machine sleeps: rustix reads it without unsafe code of ours.
const MOST: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_counts_once_however_cargo_marks_it() {
        let first = crate_and_version("serde_derive v1.0.229 (proc-macro)");
        assert_eq!(first.as_deref(), Some("serde_derive v1.0.229"));
        assert_eq!(crate_and_version("serde_derive v1.0.229 (*)"), first);
        assert_eq!(crate_and_version(""), None);
    }
}
