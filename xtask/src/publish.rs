use semver::Version;

use crate::{
    process::{Process, Result, cargo},
    setup, tags,
    workspace::Workspace,
};

/// `cargo xtask publish [--execute]`: brings to crates.io what the tags of this commit name.
///
/// What is there already is passed over: after a failure, the same command goes on.
pub(crate) fn run(arguments: &[&str]) -> Result {
    let execute = match arguments {
        [] => false,
        ["--execute"] => true,
        _ => return Err("usage: cargo xtask publish [--execute]".into()),
    };
    setup::require("cargo-release")?;
    let tags = tags::of_this_commit()?;
    let workspace = Workspace::load()?;
    let mut tagged = workspace.published()?;
    tagged.retain(|it| tags.contains(&tags::tag(&it.name, &it.version)));
    if tagged.is_empty() {
        return Err("no tag of this commit names a package at its version".into());
    }
    for package in tagged {
        let (name, version) = (&package.name, &package.version);
        if is_on_crates_io(name, version)? {
            println!("{name} {version}: published already");
        } else if execute {
            publication(name).run()?;
        } else {
            println!("{name} {version}: to be published (--execute)");
        }
    }
    Ok(())
}

/// One package at a time: where crates.io asks for patience, what came before is done.
pub(crate) fn publication(name: &str) -> Process {
    // A tag is checked out without its branch.
    cargo("release")
        .args(["publish", "--package", name, "--allow-branch", "*,HEAD"])
        .args(["--execute", "--no-confirm"])
}

pub(crate) fn is_on_crates_io(name: &str, version: &Version) -> Result<bool> {
    let specification = format!("{name}@{version}");
    let ask = cargo("info").args([&specification, "--registry", "crates-io"]);
    match ask.attempt()? {
        Ok(_) => Ok(true),
        Err(answer) if answer.contains("could not find") => Ok(false),
        Err(answer) => Err(format!("crates.io does not answer `{ask}`:\n{answer}").into()),
    }
}
