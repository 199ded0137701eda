use crate::process::{Result, cargo};

/// `cargo xtask bench [--weight | measure…]`: the table of `crates/benchmarks`, which says what its arguments are.
pub(crate) fn run(arguments: &[&str]) -> Result {
    cargo("run")
        .args(["--release", "--locked", "--quiet"])
        .args(["--manifest-path", "crates/benchmarks/Cargo.toml", "--"])
        .args(arguments.iter().copied())
        .run()
}
