#![allow(
    clippy::indexing_slicing,
    reason = "a missing key of a JSON value reads as null"
)]

use std::path::Path;

use crate::{
    process::{Result, cargo},
    workspace::{Package, Workspace},
};

/// `cargo xtask package`: what would be uploaded to crates.io, built from that alone.
pub(crate) fn run(arguments: &[&str]) -> Result {
    if !arguments.is_empty() {
        return Err("usage: cargo xtask package".into());
    }
    let workspace = Workspace::load()?;
    let names: Vec<_> = workspace
        .published()?
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    check(Path::new("."), &names)
}

/// Fails unless each published package is described, whole, and free of anything else.
pub(crate) fn contents() -> Result {
    let workspace = Workspace::load()?;
    workspace
        .published()?
        .iter()
        .try_for_each(|package| is_whole(Path::new("."), package))
}

/// Fails unless these packages are whole, and build from what would be uploaded.
pub(crate) fn check(root: &Path, names: &[&str]) -> Result {
    let workspace = Workspace::load_from(root)?;
    for name in names {
        is_whole(root, workspace.package(name)?)?;
    }
    cargo("publish")
        .args(["--dry-run", "--allow-dirty"])
        .args(names.iter().flat_map(|name| ["--package", name]))
        .var(
            "CARGO_TARGET_DIR",
            Workspace::load()?.target.to_string_lossy(),
        )
        .within(root)
        .run()
}

fn is_whole(root: &Path, package: &Package) -> Result {
    described(package)?;
    let name = &package.name;
    let list = cargo("package")
        .args(["--list", "--allow-dirty", "--package", name])
        .within(root)
        .output()?;
    files(&list).map_err(|problem| format!("the package {name} {problem}").into())
}

fn described(package: &Package) -> Result {
    let metadata = &package.metadata;
    let texts = [
        "description",
        "license",
        "repository",
        "readme",
        "rust_version",
    ];
    let lists = ["keywords", "categories"];
    let empty = |key: &&str| match &metadata[*key] {
        serde_json::Value::String(text) => text.is_empty(),
        serde_json::Value::Array(list) => list.is_empty(),
        _ => true,
    };
    let mut missing: Vec<_> = texts.into_iter().chain(lists).filter(empty).collect();
    if metadata["metadata"]["docs"]["rs"].is_null() {
        missing.push("metadata.docs.rs");
    }
    if !missing.is_empty() {
        return Err(format!("{}'s manifest lacks {}", package.name, missing.join(", ")).into());
    }
    Ok(())
}

fn files(list: &str) -> std::result::Result<(), String> {
    let files: Vec<_> = list.lines().map(|file| file.replace('\\', "/")).collect();
    let is_there = |it: &&str| files.iter().any(|file| file == it);
    if let Some(missing) = REQUIRED.iter().find(|it| !is_there(it)) {
        return Err(format!("lacks {missing}"));
    }
    if !ROOTS.iter().any(is_there) {
        return Err(format!("lacks {}", ROOTS.join(" or ")));
    }
    let belongs = |file: &String| {
        let named = REQUIRED.contains(&file.as_str()) || BY_CARGO.contains(&file.as_str());
        named || FOLDERS.iter().any(|folder| file.starts_with(folder)) || file == "README.pt-BR.md"
    };
    match files.iter().find(|file| !belongs(file)) {
        Some(stranger) => Err(format!("holds {stranger}, which does not belong there")),
        None => Ok(()),
    }
}

const REQUIRED: [&str; 5] = [
    "Cargo.toml",
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
];
/// Of a library, and of a command.
const ROOTS: [&str; 2] = ["src/lib.rs", "src/main.rs"];
const BY_CARGO: [&str; 3] = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"];
const FOLDERS: [&str; 5] = ["benches/", "docs/", "examples/", "src/", "tests/"];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_package_holds_its_licences_readme_and_changelog() {
        assert_eq!(files(&whole("")), Ok(()));
        let without = whole("").replace("LICENSE-MIT\n", "");
        assert_eq!(files(&without), Err("lacks LICENSE-MIT".into()));
    }

    #[test]
    fn a_package_is_a_library_or_a_command() {
        let command = whole("").replace("lib.rs", "main.rs");
        assert_eq!(files(&command), Ok(()));
        let neither = whole("").replace("src/lib.rs", "");
        let problem = "lacks src/lib.rs or src/main.rs";
        assert_eq!(files(&neither), Err(problem.into()));
    }

    #[test]
    fn a_package_holds_nothing_that_does_not_belong() {
        for stranger in [
            ".env",
            "fuzz/Cargo.toml",
            "proptest-regressions/json.txt",
            "notes.md",
        ] {
            let problem = files(&whole(stranger)).unwrap_err();
            assert!(problem.contains(stranger), "{problem}");
        }
    }

    fn whole(more: &str) -> String {
        let files = [
            &REQUIRED[..],
            &BY_CARGO,
            &["src/lib.rs", "src/wire.rs", "tests/vendor.rs"],
        ]
        .concat();
        format!("{}\n{more}", files.join("\n"))
    }
}
