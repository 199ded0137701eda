mod clone;
mod plan;
mod rehearsal;

use std::fs;

use clone::MAIN;
use plan::Planned;

use crate::{
    changelog, ci, package,
    process::{Result, git},
    publish, semver_check, setup, tags,
    version::Step,
    workspace::Workspace,
};

/// `cargo xtask release <crate|all> <patch|minor|major|version> [--execute]`, or `--rehearse`.
pub(crate) fn run(arguments: &[&str]) -> Result {
    setup::require("cargo-release")?;
    match Request::parse(arguments)? {
        Request::Rehearsal => rehearsal::run(),
        Request::Release {
            what,
            step,
            execute,
        } => release(what, &step, execute),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Request<'a> {
    Rehearsal,
    Release {
        what: &'a str,
        step: Step,
        execute: bool,
    },
}

impl<'a> Request<'a> {
    fn parse(arguments: &[&'a str]) -> Result<Self> {
        let (what, step, execute) = match arguments {
            ["--rehearse"] => return Ok(Self::Rehearsal),
            [what, step] => (what, step, false),
            [what, step, "--execute"] => (what, step, true),
            _ => {
                let usage = "<crate|all> <patch|minor|major|version> [--execute], or --rehearse";
                return Err(format!("usage: cargo xtask release {usage}").into());
            }
        };
        Ok(Self::Release {
            what,
            step: step.parse()?,
            execute,
        })
    }
}

/// Makes the release in a clone, where an error costs nothing. With `execute` the work tree takes
/// over the finished commit and its tags, and pushes them.
fn release(what: &str, step: &Step, execute: bool) -> Result {
    check_work_tree()?;
    setup::require("cargo-semver-checks")?;
    let workspace = Workspace::load()?;
    let tags = tags::all()?;
    let chosen = choose(&workspace, what)?;
    let plan = plan::plan(&workspace, &chosen, step, &tags)?;
    for planned in &plan {
        println!("{planned}");
        if publish::is_on_crates_io(&planned.name, &planned.to)? {
            return Err(format!("{} {} is on crates.io already", planned.name, planned.to).into());
        }
    }
    if execute {
        ci::run(&[])?;
    }

    let clone = workspace.target.join("xtask").join("release");
    clone::of_main(&clone)?;
    clone::prepare(&clone, &plan)?;
    let names: Vec<_> = plan.iter().map(|planned| planned.name.as_str()).collect();
    for name in &names {
        // The command line of a command is its changelog's to tell.
        if !workspace.package(name)?.is_library() {
            continue;
        }
        semver_check::check(&clone, name, &tags)?;
    }
    package::check(&clone, &names)?;
    println!("\nThe commit, and its tags:\n");
    git("show")
        .args(["--patch-with-stat", "--no-color", "HEAD"])
        .within(&clone)
        .run()?;
    let new_tags: Vec<_> = plan.iter().map(Planned::tag).collect();
    println!("\n{}", new_tags.join("\n"));
    if !execute {
        println!("\nA dry run: nothing was changed, pushed or published. Add --execute.");
        return Ok(());
    }

    let clone = clone.to_string_lossy();
    git("pull")
        .args(["--ff-only", "--tags", &clone, MAIN])
        .run()?;
    git("push").args(["origin", MAIN]).run()?;
    // One by one: GitHub starts no workflow for more than three tags at once.
    for tag in &new_tags {
        git("push").args(["origin", tag]).run()?;
    }
    println!("\nPushed. The tags start the workflow that publishes: RELEASING.md.");
    Ok(())
}

fn check_work_tree() -> Result {
    let branch = git("branch").arg("--show-current").output()?;
    if branch.trim() != MAIN {
        return Err(format!("releases are made on {MAIN}, not on `{}`", branch.trim()).into());
    }
    let changes = git("status").arg("--porcelain").output()?;
    if !changes.is_empty() {
        return Err(format!("the work tree has changes that are not committed:\n{changes}").into());
    }
    Ok(())
}

/// One crate, whose changelog must tell something; or all of those whose changelog does.
fn choose(workspace: &Workspace, what: &str) -> Result<Vec<String>> {
    let mut chosen = vec![];
    for package in workspace.published()? {
        if what != "all" && what != package.name {
            continue;
        }
        let text = fs::read_to_string(package.folder.join(changelog::FILE))?;
        match changelog::unreleased(&text) {
            Ok(Some(_)) => chosen.push(package.name.clone()),
            Ok(None) if what == "all" => println!("{}: nothing unreleased", package.name),
            Ok(None) => return Err(format!("{what}: the changelog has nothing unreleased").into()),
            Err(error) => return Err(format!("{}: {error}", package.name).into()),
        }
    }
    if chosen.is_empty() {
        return Err(format!("nothing to release by the name of `{what}`").into());
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_release_is_a_dry_run_unless_told_otherwise() {
        let parse = |arguments: &[&str]| match Request::parse(arguments).unwrap() {
            Request::Release { execute, .. } => execute,
            Request::Rehearsal => panic!("not a rehearsal"),
        };
        assert!(!parse(&["zapsign-auth", "minor"]));
        assert!(parse(&["all", "0.1.0", "--execute"]));
    }

    #[test]
    fn a_rehearsal_takes_nothing_else() {
        assert_eq!(Request::parse(&["--rehearse"]).unwrap(), Request::Rehearsal);
        assert!(Request::parse(&["--rehearse", "all", "minor"]).is_err());
    }

    #[test]
    fn anything_else_is_refused() {
        for arguments in [
            &[][..],
            &["all"],
            &["all", "huge"],
            &["all", "patch", "--exceute"],
        ] {
            assert!(Request::parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
