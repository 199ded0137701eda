use crate::{
    process::{Result, cargo},
    setup,
    workspace::Workspace,
};

/// `cargo xtask features`: features only add, so pairs find what does not go together.
pub(crate) fn run(arguments: &[&str]) -> Result {
    if !arguments.is_empty() {
        return Err("usage: cargo xtask features".into());
    }
    setup::require("cargo-hack")?;
    let workspace = Workspace::load()?;
    let packages = workspace.published()?;
    cargo("hack")
        .args(["check", "--feature-powerset", "--depth", "2"])
        .args(
            packages
                .iter()
                .flat_map(|package| ["--package", &package.name]),
        )
        .run()
}
