#![allow(
    clippy::indexing_slicing,
    reason = "a missing key of a JSON value reads as null"
)]

use std::path::{Path, PathBuf};

use semver::Version;
use serde_json::Value;

use crate::process::{Result, cargo};

/// The packages of this workspace, as cargo knows them.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    pub(crate) target: PathBuf,
}

#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: Version,
    /// The folder of its `Cargo.toml`.
    pub(crate) folder: PathBuf,
    /// Whether it goes to crates.io.
    pub(crate) published: bool,
    /// The packages of this workspace that it needs, beyond its own tests.
    pub(crate) needs: Vec<String>,
    /// The whole of what `cargo metadata` says about it.
    pub(crate) metadata: Value,
}

/// Makes the workspace's root the current folder.
pub(crate) fn enter() -> Result {
    let xtask = std::env::var("CARGO_MANIFEST_DIR")
        .map_err(|_| "xtask is started by cargo: `cargo xtask …` inside the repository")?;
    let root = Path::new(&xtask)
        .parent()
        .ok_or("xtask has no parent folder")?;
    Ok(std::env::set_current_dir(root)?)
}

impl Workspace {
    pub(crate) fn load() -> Result<Self> {
        Self::load_from(Path::new("."))
    }

    pub(crate) fn load_from(root: &Path) -> Result<Self> {
        let metadata = cargo("metadata")
            .args(["--no-deps", "--locked", "--format-version", "1"])
            .within(root)
            .output()?;
        Self::parse(&metadata)
    }

    fn parse(metadata: &str) -> Result<Self> {
        let metadata: Value = serde_json::from_str(metadata)?;
        let target = metadata["target_directory"]
            .as_str()
            .ok_or("no target directory")?
            .into();
        let packages = metadata["packages"].as_array().ok_or("no packages")?;
        let names: Vec<&str> = packages
            .iter()
            .filter_map(|it| it["name"].as_str())
            .collect();
        let mut packages: Vec<_> = packages
            .iter()
            .map(|it| Package::parse(it, &names))
            .collect::<Result<_>>()?;
        packages.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self { packages, target })
    }

    pub(crate) fn package(&self, name: &str) -> Result<&Package> {
        let found = self.packages.iter().find(|package| package.name == name);
        found.ok_or_else(|| format!("this workspace has no package `{name}`").into())
    }

    /// The packages that go to crates.io, each after those that it needs.
    pub(crate) fn published(&self) -> Result<Vec<&Package>> {
        let mut waiting: Vec<_> = self.packages.iter().filter(|it| it.published).collect();
        let mut ordered: Vec<&Package> = vec![];
        while !waiting.is_empty() {
            let (ready, blocked): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|package| {
                package
                    .needs
                    .iter()
                    .all(|need| ordered.iter().any(|done| done.name == *need))
            });
            if ready.is_empty() {
                let names: Vec<_> = blocked
                    .iter()
                    .map(|package| package.name.as_str())
                    .collect();
                let names = names.join(", ");
                return Err(format!(
                    "no order of publication: {names} need each other, or an unpublished package"
                )
                .into());
            }
            ordered.extend(ready);
            waiting = blocked;
        }
        Ok(ordered)
    }

    /// The published packages that are libraries: what they show to other crates is kept.
    pub(crate) fn libraries(&self) -> Result<Vec<&Package>> {
        let mut published = self.published()?;
        published.retain(|package| package.is_library());
        Ok(published)
    }

    /// The published packages that carry one vendor's name.
    pub(crate) fn vendors(&self) -> Result<Vec<&Package>> {
        let mut published = self.published()?;
        published.retain(|package| package.name.ends_with(OF_A_VENDOR));
        Ok(published)
    }
}

impl Package {
    fn parse(metadata: &Value, workspace: &[&str]) -> Result<Self> {
        let text = |key: &str| metadata[key].as_str().ok_or_else(|| format!("no {key}"));
        let manifest = Path::new(text("manifest_path")?);
        let dependencies = metadata["dependencies"]
            .as_array()
            .ok_or("no dependencies")?;
        let mut needs: Vec<String> = dependencies
            .iter()
            .filter(|dependency| dependency["kind"] != "dev")
            .filter_map(|dependency| dependency["name"].as_str())
            .filter(|name| workspace.contains(name))
            .map(Into::into)
            .collect();
        needs.sort();
        needs.dedup();
        Ok(Self {
            name: text("name")?.into(),
            version: text("version")?.parse()?,
            folder: manifest
                .parent()
                .ok_or("a manifest without a folder")?
                .into(),
            published: metadata["publish"].is_null(),
            needs,
            metadata: metadata.clone(),
        })
    }

    /// Whether other crates can use it: a command has no library.
    pub(crate) fn is_library(&self) -> bool {
        let targets = self.metadata["targets"].as_array();
        let is_library = |target: &Value| target["kind"][0] == "lib";
        targets.is_some_and(|targets| targets.iter().any(is_library))
    }
}

/// How a vendor's package is named, and no other.
const OF_A_VENDOR: &str = "-auth";

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_package_is_published_after_those_it_needs() {
        let workspace = workspace(&[("a-auth", &["common"]), ("b", &["a-auth"]), ("common", &[])]);
        let order = workspace.published().unwrap();
        let order: Vec<_> = order.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(order, ["common", "a-auth", "b"]);
    }

    #[test]
    fn a_circle_has_no_order() {
        let workspace = workspace(&[("a", &["b"]), ("b", &["a"]), ("c", &[])]);
        let error = workspace.published().unwrap_err().to_string();
        assert!(error.contains("a, b need each other"), "{error}");
    }

    #[test]
    fn a_published_package_cannot_need_one_that_is_not() {
        let mut workspace = workspace(&[("a", &["b"]), ("b", &[])]);
        workspace.packages.last_mut().unwrap().published = false;
        assert!(workspace.published().is_err());
    }

    #[test]
    fn a_vendor_is_known_by_its_name() {
        let on_auth_common: &[&str] = &["auth-common"];
        let workspace = workspace(&[
            ("auth-common", &[]),
            ("auth-store", on_auth_common),
            ("tokens-br", &["zapsign-auth"]),
            ("zapsign-auth", on_auth_common),
        ]);
        let vendors = workspace.vendors().unwrap();
        assert_eq!(
            vendors.iter().map(|it| &it.name).collect::<Vec<_>>(),
            ["zapsign-auth"]
        );
    }

    #[test]
    fn a_command_is_published_and_no_library() {
        let mut workspace = workspace(&[("common", &[]), ("tokens-br", &["common"])]);
        for (package, kind) in workspace.packages.iter_mut().zip(["lib", "bin"]) {
            package.metadata["targets"] = json!([{ "kind": [kind] }, { "kind": ["test"] }]);
        }
        let names = |packages: Vec<&Package>| -> Vec<String> {
            packages
                .iter()
                .map(|package| package.name.clone())
                .collect()
        };
        assert_eq!(names(workspace.libraries().unwrap()), ["common"]);
        assert_eq!(
            names(workspace.published().unwrap()),
            ["common", "tokens-br"]
        );
    }

    #[test]
    fn tests_own_dependencies_do_not_count() {
        let mut package = described("a", &["b"]);
        package["dependencies"][0]["kind"] = json!("dev");
        assert!(
            Package::parse(&package, &["a", "b"])
                .unwrap()
                .needs
                .is_empty()
        );
    }

    pub(crate) fn workspace(packages: &[(&str, &[&str])]) -> Workspace {
        let packages: Vec<_> = packages
            .iter()
            .map(|(name, needs)| described(name, needs))
            .collect();
        let metadata = json!({ "target_directory": "/target", "packages": packages });
        Workspace::parse(&metadata.to_string()).unwrap()
    }

    fn described(name: &str, needs: &[&str]) -> Value {
        let needs: Vec<_> = needs
            .iter()
            .map(|name| json!({ "name": name, "kind": null }))
            .collect();
        json!({
            "name": name,
            "version": "0.1.0",
            "manifest_path": format!("/{name}/Cargo.toml"),
            "publish": null,
            "dependencies": needs,
        })
    }
}
