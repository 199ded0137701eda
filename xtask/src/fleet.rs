use crate::process::{Result, cargo};

/// `cargo xtask fleet [rounds [seconds]]`: each test of `crates/fleet` twenty times, and ten minutes of many faults, unless
/// told otherwise. It takes more than an hour on two cores, so it is no step of `ci`, which runs each test once.
pub(crate) fn run(arguments: &[&str]) -> Result {
    let (rounds, seconds) = match arguments {
        [] => ("20", "600"),
        [rounds] => (*rounds, "600"),
        [rounds, seconds] => (*rounds, *seconds),
        _ => return Err("usage: cargo xtask fleet [rounds [seconds of the soak]]".into()),
    };
    cargo("test")
        .args(["--package", "fleet", "--locked", "--test", "fleet", "--"])
        // The figures are on their output; the soak is passed over elsewhere.
        .args(["--nocapture", "--include-ignored"])
        .var("FLEET_ROUNDS", rounds)
        .var("FLEET_SOAK", seconds)
        // Tests that are left out prove nothing.
        .var("AUTH_STORE_REDIS_REQUIRED", "1")
        .run()
}
