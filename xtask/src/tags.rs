//! A release is a tag, named after its package and version: `zapsign-auth-v0.1.0`.

use semver::Version;

use crate::process::{Result, git};

pub(crate) fn all() -> Result<Vec<String>> {
    list(&[])
}

/// Those of the commit that is checked out.
pub(crate) fn of_this_commit() -> Result<Vec<String>> {
    list(&["--points-at", "HEAD"])
}

pub(crate) fn tag(name: &str, version: &Version) -> String {
    format!("{name}-v{version}")
}

/// The newest version of a package that has a tag.
pub(crate) fn last_release(name: &str, tags: &[String]) -> Option<Version> {
    let version = |tag: &String| tag.strip_prefix(name)?.strip_prefix("-v")?.parse().ok();
    tags.iter().filter_map(version).max()
}

fn list(which: &[&str]) -> Result<Vec<String>> {
    let tags = git("tag")
        .arg("--list")
        .args(which.iter().copied())
        .output()?;
    Ok(tags.lines().map(Into::into).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_release_is_the_newest_version_not_the_last_word() {
        let tags = ["a-v0.9.0", "a-v0.10.0", "a-b-v3.0.0", "a-vx", "v9.0.0"].map(String::from);
        assert_eq!(last_release("a", &tags), Some(Version::new(0, 10, 0)));
        assert_eq!(last_release("c", &tags), None);
    }
}
