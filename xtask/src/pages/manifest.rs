use super::{language::folder, page::Page, read};
use crate::{process::Result, workspace::Package};

/// The vendor crate's manifest, with the features that all vendor crates have: each hands its own to auth-common.
pub(crate) fn with_features(vendor: &Package) -> Result<Page> {
    let file = format!("{}/Cargo.toml", folder(vendor)?);
    let text =
        renew(&read(&file)?, &read(FEATURES)?).map_err(|error| format!("{file}: {error}"))?;
    Ok(Page { file, text })
}

fn renew(manifest: &str, features: &str) -> std::result::Result<String, &'static str> {
    let missing = "no table `[features]` with another table after it";
    let (before, rest) = manifest.split_once(TABLE).ok_or(missing)?;
    let (_, after) = rest.split_once("\n[").ok_or(missing)?;
    Ok(format!(
        "{before}{TABLE}{}\n\n[{after}",
        features.trim_end()
    ))
}

const FEATURES: &str = "xtask/templates/vendor/features.toml";
const TABLE: &str = "\n[features]\n";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn table_of_features_is_made_anew_and_nothing_else_is() {
        let manifest =
            "[package]\nname = \"a\"\n\n[features]\nold = []\n\n[dependencies]\nb = \"1\"\n";
        let renewed = renew(manifest, "new = []\n").unwrap();
        assert_eq!(
            renewed,
            "[package]\nname = \"a\"\n\n[features]\nnew = []\n\n[dependencies]\nb = \"1\"\n"
        );
        assert_eq!(renew(&renewed, "new = []\n").unwrap(), renewed);
    }

    #[test]
    fn manifest_without_the_table_is_an_error() {
        assert!(renew("[package]\n\n[dependencies]\n", "new = []").is_err());
        assert!(renew("[package]\n\n[features]\nold = []\n", "new = []").is_err());
    }
}
