#![allow(
    clippy::indexing_slicing,
    reason = "a missing key of a JSON value reads as null"
)]

mod neighbours;
mod weight;

use std::fs;

use crate::{
    copy::Copy,
    lints,
    process::{Process, Result, cargo},
    setup,
    step::{self, Step},
    workspace::Workspace,
};

/// What is asked for by name must run: `cargo xtask audit advisories` fails without the database.
pub(crate) fn run(named: &[&str]) -> Result {
    if named.contains(&"advisories") {
        fetch_advisories().run()?;
    }
    step::run("audit", STEPS, named)
}

fn policy() -> Result {
    setup::require("cargo-deny")?;
    // Offline, cargo-deny wants to have seen the packages of every platform.
    cargo("fetch").arg("--locked").run()?;
    let checks = ["bans", "licenses", "sources"];
    cargo("deny")
        .args(["--workspace", "--offline", "check"])
        .args(checks)
        .run()
}

fn advisories() -> Result {
    setup::require("cargo-deny")?;
    if fetch_advisories().attempt()?.is_err() {
        println!("skipped: the advisory database cannot be reached from here");
        return Ok(());
    }
    cargo("deny")
        .args(["--workspace", "check", "--disable-fetch", "advisories"])
        .run()
}

fn fetch_advisories() -> Process {
    cargo("deny").args(["fetch", "db"])
}

fn own_code() -> Result {
    for package in Workspace::load()?.packages {
        let targets = package.metadata["targets"].as_array().ok_or("no targets")?;
        let builds = |target: &serde_json::Value| target["kind"][0] == "custom-build";
        if targets.iter().any(builds) {
            return Err(format!("{} has a build script", package.name).into());
        }
    }
    lints::workspace()
}

/// The lowest versions that the manifests allow, not those in the lock file, must do for users. A command is nobody's
/// dependency: whoever installs it gets the newest.
fn lowest() -> Result {
    let copy = Copy::of_work_tree("lowest")?;
    fs::remove_file(copy.root().join("Cargo.lock"))?;
    // The option is unstable, but only cargo's resolver sees it: stable Rust compiles the result.
    copy.cargo("generate-lockfile")
        .args(["-Z", "direct-minimal-versions"])
        .var("RUSTC_BOOTSTRAP", "1")
        .run()?;
    copy.cargo("test")
        .args(["--locked", "--all-features"])
        .args(
            Workspace::load()?
                .libraries()?
                .iter()
                .flat_map(|it| ["--package", &it.name]),
        )
        .run()
}

const STEPS: &[Step] = &[
    Step {
        name: "policy",
        headline: "licences, bans, duplicates and sources",
        run: policy,
    },
    Step {
        name: "advisories",
        headline: "no known vulnerability",
        run: advisories,
    },
    Step {
        name: "own-code",
        headline: "no build script, no unsafe code",
        run: own_code,
    },
    Step {
        name: "weight",
        headline: "few crates beyond reqwest's own",
        run: weight::run,
    },
    Step {
        name: "lowest",
        headline: "the lowest dependency versions build and pass",
        run: lowest,
    },
    Step {
        name: "neighbours",
        headline: "features that other crates switch on change nothing",
        run: neighbours::run,
    },
];
