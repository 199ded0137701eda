#![allow(
    clippy::indexing_slicing,
    reason = "a missing key of a JSON value reads as null"
)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    copy::Copy,
    process::{Result, cargo},
    workspace::Workspace,
};

/// Tests the published packages in a build where every feature of what they share is switched on.
///
/// Cargo compiles a dependency once, with the features that anyone in the program asks for.
pub(super) fn run() -> Result {
    let metadata = cargo("metadata")
        .args(["--locked", "--format-version", "1"])
        .output()?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let workspace = Workspace::load()?;
    let published = workspace.libraries()?;
    let shared: BTreeSet<&str> = published
        .iter()
        .filter_map(|package| package.metadata["dependencies"].as_array())
        .flatten()
        .filter(|dependency| dependency["kind"].is_null() && dependency["optional"] == false)
        .filter(|dependency| dependency["source"].is_string())
        .filter_map(|dependency| dependency["name"].as_str())
        .collect();
    let features = features(&metadata, &shared);
    println!("{}", features.join(" "));

    let copy = Copy::of_work_tree("neighbours")?;
    let packages = published
        .iter()
        .flat_map(|package| ["--package", &package.name]);
    copy.cargo("test")
        .args(packages)
        .args(["--all-features", "--features", &features.join(",")])
        .run()
}

/// `crate/feature` for all features of these crates but those that cannot be built here.
fn features(metadata: &Value, crates: &BTreeSet<&str>) -> Vec<String> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    // Where there are two versions of a crate, the newer is the one shared: metadata is in order.
    let by_name: BTreeMap<&str, &Value> = packages
        .filter_map(|package| Some((package["name"].as_str()?, package)))
        .collect();
    let of_crate = |name: &&str| {
        let features = by_name
            .get(name)
            .and_then(|package| package["features"].as_object());
        let features: Vec<_> = features
            .into_iter()
            .flatten()
            .map(|(it, _)| it.clone())
            .collect();
        let wanted = |feature: &String| !excluded(name, feature);
        let name = name.to_string();
        features
            .into_iter()
            .filter(wanted)
            .map(move |feature| format!("{name}/{feature}"))
            .collect::<Vec<_>>()
    };
    crates.iter().flat_map(of_crate).collect()
}

fn excluded(name: &str, feature: &str) -> bool {
    let private = feature.starts_with('_');
    private
        || EXCLUDED
            .iter()
            .any(|(krate, prefix)| *krate == name && feature.starts_with(prefix))
}

/// By the beginning of the feature's name.
const EXCLUDED: &[(&str, &str)] = &[
    // For nightly compilers, or behind a `--cfg` of the crate's own.
    ("arc-swap", "experimental"),
    ("chrono", "unstable"),
    ("reqwest", "http3"),
    ("rustls", "read_buf"),
    ("rustix", "core"),
    ("rustix", "rustc-"),
    ("serde", "unstable"),
    ("tokio", "io-uring"),
    ("tokio", "schedule-latency"),
    ("tokio", "taskdump"),
    // For the crate's own tests.
    ("arc-swap", "internal"),
    // Exclude each other.
    ("chrono", "rkyv"),
    ("rustix", "use-explicitly-provided-auxv"),
    // Lacks a file in the crate's own package.
    ("url", "debugger_visualizer"),
    // Builds OpenSSL from source.
    ("reqwest", "native-tls-vendored"),
    // Builds AWS-LC's certified module, with Go.
    ("rustls", "fips"),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_feature_is_switched_on_but_private_and_excluded_ones() {
        let metadata = json!({ "packages": [
            { "name": "reqwest", "features": { "gzip": [], "http3": [], "__tls": [] } },
            { "name": "rkyv", "features": { "std": [] } },
        ]});
        let shared = BTreeSet::from(["reqwest", "unknown"]);
        assert_eq!(features(&metadata, &shared), ["reqwest/gzip"]);
    }
}
