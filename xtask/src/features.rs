use crate::{
    process::{Result, cargo},
    setup,
    workspace::Workspace,
};

/// `cargo xtask features [--every] [crate …]`: features only add, so pairs find what does not go together. `--every`
/// checks the other combinations too, which takes half an hour. A warning fails either.
pub(crate) fn run(arguments: &[&str]) -> Result {
    let (every, named): (Vec<&str>, Vec<&str>) =
        arguments.iter().partition(|given| **given == "--every");
    let workspace = Workspace::load()?;
    let published = workspace.published()?;
    if let Some(unknown) = named
        .iter()
        .find(|name| !published.iter().any(|package| package.name == **name))
    {
        return Err(format!("`{unknown}` is not a published crate").into());
    }
    setup::require("cargo-hack")?;
    let combinations: &[&str] = if every.is_empty() {
        &["--depth", "2"]
    } else {
        // The default is one of the others by another name.
        &["--exclude-features", "default"]
    };
    let packages = published
        .iter()
        .filter(|package| named.is_empty() || named.contains(&package.name.as_str()));
    cargo("hack")
        .args(["check", "--feature-powerset"])
        .args(combinations.iter().copied())
        .args(packages.flat_map(|package| ["--package", &package.name]))
        .var("RUSTFLAGS", "--deny warnings")
        .run()
}
