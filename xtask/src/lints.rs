use crate::process::{Result, cargo};

/// Every target of every package.
pub(crate) fn workspace() -> Result {
    clippy(&["--workspace", "--all-targets", "--all-features"])
}

/// The library of one package, with no more features on than itself asks for.
pub(crate) fn alone(package: &str, features: &[&str]) -> Result {
    clippy(&[&["--package", package], features].concat())
}

/// `unsafe` is forbidden from outside as well: no package can forget to inherit the lint.
fn clippy(what: &[&str]) -> Result {
    cargo("clippy")
        .args(what.iter().copied())
        .args(["--", "-D", "warnings", "-F", "unsafe_code"])
        .run()
}
