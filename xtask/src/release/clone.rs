//! Where a release is made: the work tree takes over the result, or knows nothing of it.

use std::{fs, path::Path};

use super::plan::Planned;
use crate::{
    changelog,
    process::{Result, cargo, git},
    snippet,
    workspace::{Package, Workspace},
};

pub(super) fn of_main(folder: &Path) -> Result {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let to = folder.to_string_lossy();
    git("clone")
        .args(["--quiet", "--branch", MAIN, ".", &to])
        .run()
}

/// Turns the clone's newest commit into one that holds the plan, with its tags.
pub(super) fn prepare(clone: &Path, plan: &[Planned]) -> Result {
    for planned in plan.iter().filter(|planned| planned.from != planned.to) {
        let (name, version) = (&planned.name, planned.to.to_string());
        // Quiet, as it would warn of every version that the steps before have changed.
        cargo("release")
            .args(["version", &version, "--package", name])
            .args(["--execute", "--no-confirm", "-qq"])
            .within(clone)
            .run()?;
    }
    renew_other_lock_files(clone)?;
    let workspace = Workspace::load_from(clone)?;
    let date = changelog::today()?;
    for planned in plan {
        tell(workspace.package(&planned.name)?, planned, &date)?;
        renew_snippets(clone, planned)?;
    }
    let told: Vec<_> = plan
        .iter()
        .map(|it| format!("{} {}", it.name, it.to))
        .collect();
    let message = format!("Release {}", told.join(", "));
    git("commit")
        .args(["--quiet", "--all", "--message", &message])
        .within(clone)
        .run()?;
    for planned in plan {
        cargo("release")
            .args([
                "tag",
                "--package",
                &planned.name,
                "--execute",
                "--no-confirm",
            ])
            .within(clone)
            .run()?;
    }
    Ok(())
}

/// The workspaces outside this one name its packages in their lock files, which `--locked` wants up to date.
fn renew_other_lock_files(clone: &Path) -> Result {
    let lock_files = git("ls-files").arg("*/Cargo.lock").within(clone).output()?;
    for lock_file in lock_files.lines() {
        let manifest = Path::new(lock_file).with_extension("toml");
        cargo("update")
            .args(["--quiet", "--workspace", "--manifest-path"])
            .arg(manifest.to_string_lossy())
            .within(clone)
            .run()?;
    }
    Ok(())
}

/// Writes the release into the package's changelog and READMEs.
fn tell(package: &Package, planned: &Planned, date: &str) -> Result {
    let file = package.folder.join(changelog::FILE);
    let mut text = fs::read_to_string(&file)?;
    if let Some(change) = &planned.because {
        text = changelog::add(&text, change)?;
    }
    fs::write(
        &file,
        changelog::release(&text, &planned.to.to_string(), date)?,
    )?;
    renew_snippets(&package.folder, planned)
}

fn renew_snippets(folder: &Path, planned: &Planned) -> Result {
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with("README") {
            let text = fs::read_to_string(&file)?;
            let renewed = snippet::renew(&text, &planned.name, &planned.to.to_string());
            if renewed != text {
                fs::write(&file, renewed)?;
            }
        }
    }
    Ok(())
}

/// The branch that releases are made on.
pub(super) const MAIN: &str = "main";
