use std::sync::atomic::{AtomicBool, Ordering};

use crate::process::{Result, cargo};

/// Every target of every package. `cargo xtask ci` needs this twice, as a step and in its audit, and runs it once.
pub(crate) fn workspace() -> Result {
    static PASSED: AtomicBool = AtomicBool::new(false);
    if PASSED.load(Ordering::Relaxed) {
        println!("clippy has passed before, in this same run");
        return Ok(());
    }
    clippy(&["--workspace", "--all-targets", "--all-features"])?;
    PASSED.store(true, Ordering::Relaxed);
    Ok(())
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
