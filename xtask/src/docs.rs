#![allow(
    clippy::indexing_slicing,
    reason = "a missing key of a JSON value reads as null"
)]

use std::{fs, path::Path};

use crate::{
    links,
    process::{Process, Result, cargo},
    step::{self, Step},
    workspace::{Package, Workspace},
};

/// `cargo xtask docs`: what docs.rs and crates.io will show.
pub(crate) fn run(named: &[&str]) -> Result {
    step::run("docs", STEPS, named)
}

/// Builds each package with the arguments that its manifest gives to docs.rs.
fn as_docs_rs() -> Result {
    let workspace = Workspace::load()?;
    for package in workspace.published()? {
        let settings = &package.metadata["metadata"]["docs"]["rs"];
        let arguments = settings["rustdoc-args"].as_array().into_iter().flatten();
        let arguments: Vec<_> = arguments.filter_map(|argument| argument.as_str()).collect();
        if settings["all-features"] != true || !arguments.contains(&"docsrs") {
            return Err(format!("docs.rs would not see every feature of {}", package.name).into());
        }
        Process::new("cargo")
            .args([
                "+nightly",
                "doc",
                "--no-deps",
                "--all-features",
                "--package",
                &package.name,
            ])
            .var(
                "RUSTDOCFLAGS",
                format!("{} -D warnings", arguments.join(" ")),
            )
            .run()?;
        badge(&workspace.target, package)?;
    }
    Ok(())
}

/// What a feature brings must say so: the stand-in is in every crate that has the feature.
fn badge(target: &Path, package: &Package) -> Result {
    if package.metadata["features"]["testing"].is_null() {
        return Ok(());
    }
    let folder = target.join("doc").join(package.name.replace('-', "_"));
    let page = folder.join("testing").join("index.html");
    if !fs::read_to_string(&page)?.contains("crate feature") {
        return Err(format!("{} bears no feature badge", page.display()).into());
    }
    Ok(())
}

fn doctests() -> Result {
    cargo("test")
        .args(["--workspace", "--all-features", "--doc"])
        .run()
}

const STEPS: &[Step] = &[
    Step {
        name: "links",
        headline: "no link leads nowhere",
        run: links::run,
    },
    Step {
        name: "docs-rs",
        headline: "as docs.rs builds it, without a warning",
        run: as_docs_rs,
    },
    Step {
        name: "doctests",
        headline: "every example runs",
        run: doctests,
    },
];
