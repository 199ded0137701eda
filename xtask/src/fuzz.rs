use std::path::PathBuf;

use crate::{
    process::{Process, Result},
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
    let folders = folders()?;
    if folders.is_empty() {
        return Err("no package has a folder `fuzz`".into());
    }
    for folder in folders {
        let targets = fuzz("list").within(&folder).output()?;
        for target in targets.lines() {
            println!("\n=== {}: {target}, {seconds} s", folder.display());
            fuzz("run")
                .args([target, "--", &format!("-max_total_time={seconds}")])
                .within(&folder)
                .run()?;
        }
    }
    Ok(())
}

fn folders() -> Result<Vec<PathBuf>> {
    let packages = Workspace::load()?.packages;
    let folders = packages
        .into_iter()
        .map(|package| package.folder.join("fuzz"));
    Ok(folders
        .filter(|folder| folder.join("Cargo.toml").exists())
        .collect())
}

/// The fuzzer's instruments are in nightly compilers only.
fn fuzz(command: &str) -> Process {
    Process::new("cargo").args(["+nightly", "fuzz", command])
}
