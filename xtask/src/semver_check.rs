use std::path::Path;

use crate::{
    process::{Result, cargo},
    setup, tags,
    workspace::Workspace,
};

/// `cargo xtask semver`: what would change for users, against the last release of each crate.
pub(crate) fn run(arguments: &[&str]) -> Result {
    if !arguments.is_empty() {
        return Err("usage: cargo xtask semver".into());
    }
    setup::require("cargo-semver-checks")?;
    let tags = tags::all()?;
    let workspace = Workspace::load()?;
    workspace
        .libraries()?
        .iter()
        .try_for_each(|it| check(Path::new("."), &it.name, &tags))
}

/// Fails where the version has moved less than the public items have.
pub(crate) fn check(root: &Path, name: &str, tags: &[String]) -> Result {
    let Some(last) = tags::last_release(name, tags) else {
        println!("{name}: no release yet, so nothing to compare with");
        return Ok(());
    };
    cargo("semver-checks")
        .args(["--package", name, "--all-features"])
        .args(["--baseline-rev", &tags::tag(name, &last)])
        .within(root)
        .run()
}
