#![allow(
    clippy::indexing_slicing,
    reason = "a missing key of a JSON value reads as null"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    process::{Result, cargo},
    setup,
    workspace::{Package, Workspace},
};

/// `cargo xtask public-api [--bless]`: the lists in `xtask/public-api`, or new ones.
pub(crate) fn run(arguments: &[&str]) -> Result {
    let bless = match arguments {
        [] => false,
        ["--bless"] => true,
        _ => return Err("usage: cargo xtask public-api [--bless]".into()),
    };
    setup::require("cargo-public-api")?;
    let workspace = Workspace::load()?;
    let published = workspace.libraries()?;
    let own: Vec<String> = published
        .iter()
        .map(|it| it.name.replace('-', "_"))
        .collect();
    let mut problems = String::new();
    for package in published {
        let whole = public_items(package, &features(package, &[]))?;
        let plain = public_items(package, &features(package, &PLUGS))?;
        for (items, more) in [(&plain, &[][..]), (&whole, &PLUGGED)] {
            let allowed = |krate: &&String| {
                own.contains(krate) || STANDARD.iter().chain(more).any(|it| it == krate)
            };
            let foreign = crates(items);
            let foreign: Vec<_> = foreign.iter().filter(|krate| !allowed(krate)).collect();
            if !foreign.is_empty() {
                problems += &format!("{}: names types of {foreign:?}\n", package.name);
            }
        }
        let file = list_of(&package.name);
        if bless {
            fs::create_dir_all(LISTS)?;
            fs::write(file, whole)?;
        } else if let Some(problem) =
            difference(&fs::read_to_string(&file).unwrap_or_default(), &whole)
        {
            problems += &format!("{}: {problem}", package.name);
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("{problems}{HINT}").into())
    }
}

fn list_of(name: &str) -> PathBuf {
    Path::new("xtask")
        .join("public-api")
        .join(format!("{name}.txt"))
}

fn features(package: &Package, without: &[&str]) -> String {
    let features = package.metadata["features"]
        .as_object()
        .into_iter()
        .flatten();
    let features = features.map(|(name, _)| name.as_str());
    features
        .filter(|name| !without.contains(name))
        .collect::<Vec<_>>()
        .join(",")
}

fn public_items(package: &Package, features: &str) -> Result<String> {
    cargo("public-api")
        // Blanket and automatic implementations are the compiler's, and change with it.
        .args(["-ss", "--package", &package.name])
        .args(["--no-default-features", "--features", features])
        .output()
}

/// The crates whose items are named: the first word of every path.
fn crates(items: &str) -> BTreeSet<String> {
    let word = |it: char| it.is_alphanumeric() || it == '_' || it == ':';
    let paths = items
        .split(|it| !word(it))
        .filter_map(|path| path.split_once("::"));
    let begins_a_path = |(first, _): &(&str, &str)| {
        first.starts_with(|it: char| it.is_lowercase()) && !first.contains(':')
    };
    paths
        .filter(begins_a_path)
        .map(|(first, _)| first.to_owned())
        .collect()
}

fn difference(kept: &str, found: &str) -> Option<String> {
    let lines = |text: &str| text.lines().map(String::from).collect::<BTreeSet<_>>();
    let (kept, found) = (lines(kept), lines(found));
    let gone = kept.difference(&found).map(|line| format!("- {line}\n"));
    let new = found.difference(&kept).map(|line| format!("+ {line}\n"));
    let difference: String = gone.chain(new).collect();
    (!difference.is_empty()).then(|| format!("not the items of its list:\n{difference}"))
}

const LISTS: &str = "xtask/public-api";
/// What design allows in public items: whatever else changes must not break our users.
const STANDARD: [&str; 7] = ["alloc", "chrono", "core", "http", "secrecy", "std", "url"];
/// The features that are about another library, and what they may name besides.
const PLUGS: [&str; 2] = ["reqwest-middleware", "tower"];
const PLUGGED: [&str; 5] = [
    "reqwest",
    "reqwest_middleware",
    "tower",
    "tower_layer",
    "tower_service",
];
const HINT: &str = "If the change is meant, keep the new lists: cargo xtask public-api --bless";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_named_are_those_that_paths_begin_with() {
        let items = "pub fn a::B::c(&self, impl core::convert::Into<alloc::string::String>) -> \
                     &'static [reqwest::Client]\npub type a::B::E = <T as x_y::Trait>::Output\n\
                     pub fn a::B::d(Self::Own, T::Out)\nimpl<T> core::fmt::Debug for T\n";
        assert_eq!(
            Vec::from_iter(crates(items)),
            ["a", "alloc", "core", "reqwest", "x_y"]
        );
    }

    #[test]
    fn an_item_more_or_less_is_a_difference() {
        assert_eq!(difference("a\nb\n", "b\na\n"), None);
        let difference = difference("a\nb\n", "b\nc\n").unwrap_or_default();
        assert!(difference.ends_with("- a\n+ c\n"), "{difference}");
    }
}
