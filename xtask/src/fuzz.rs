use std::path::PathBuf;

use crate::{
    process::{Process, Result, cargo},
    setup,
    workspace::Workspace,
};

/// `cargo xtask fuzz [seconds]`: every target of every package's `fuzz` folder, one after another.
pub(crate) fn run(arguments: &[&str]) -> Result {
    let seconds: u32 = match arguments {
        [] => 60,
        [seconds] => seconds
            .parse()
            .map_err(|error| format!("`{seconds}`: {error}"))?,
        _ => return Err("usage: cargo xtask fuzz [seconds for each target]".into()),
    };
    setup::require("cargo-fuzz")?;
    let workspace = Workspace::load()?;
    // One for all: their dependencies are the same.
    let built = workspace.target.join("fuzz");
    let folders = folders(workspace);
    if folders.is_empty() {
        return Err("no package has a folder `fuzz`".into());
    }
    for folder in folders {
        // cargo-fuzz takes no `--locked`, so cargo checks the lock file beforehand.
        cargo("fetch").arg("--locked").within(&folder).run()?;
        let targets = fuzz("list").within(&folder).output()?;
        for name in targets.lines() {
            println!("\n=== {}: {name}, {seconds} s", folder.display());
            fuzz("run")
                .args(["--target-dir", &built.to_string_lossy(), name])
                .args(["--", &format!("-max_total_time={seconds}")])
                .within(&folder)
                .run()?;
        }
    }
    Ok(())
}

fn folders(workspace: Workspace) -> Vec<PathBuf> {
    let packages = workspace.packages.into_iter();
    packages
        .map(|package| package.folder.join("fuzz"))
        .filter(|folder| folder.join("Cargo.toml").exists())
        .collect()
}

/// The fuzzer's instruments are in nightly compilers only.
fn fuzz(command: &str) -> Process {
    Process::new("cargo").args(["+nightly", "fuzz", command])
}
