use crate::process::{Result, cargo};

/// `cargo xtask bench [--weight | --peers | --chart | measure…]`: the table of `crates/benchmarks`, which says what its
/// arguments are. What others do is built only where it is asked for.
pub(crate) fn run(arguments: &[&str]) -> Result {
    let peers = ["--weight", "--peers", "--chart", "peers"];
    let features = match arguments.iter().any(|argument| peers.contains(argument)) {
        true => &["--features", "peers"][..],
        false => &[],
    };
    cargo("run")
        .args(["--release", "--locked", "--quiet"])
        .args(["--manifest-path", "crates/benchmarks/Cargo.toml"])
        .args(features.iter().copied())
        .arg("--")
        .args(arguments.iter().copied())
        .run()
}
