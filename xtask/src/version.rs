use std::str::FromStr;

use semver::Version;

use crate::process::Result;

/// How a version moves on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Patch,
    Minor,
    Major,
    To(Version),
}

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "patch" => Ok(Self::Patch),
            "minor" => Ok(Self::Minor),
            "major" => Ok(Self::Major),
            _ => text.parse().map(Self::To).map_err(|error| {
                format!("`{text}` is neither patch, minor, major nor a version: {error}")
            }),
        }
    }
}

impl Step {
    /// The version after `current`, which is only named, not released, when `released` is false.
    pub(crate) fn apply(&self, current: &Version, released: bool) -> Result<Version> {
        let Version {
            major,
            minor,
            patch,
            ..
        } = *current;
        let next = match self {
            Self::To(version) if !released && version == current => return Ok(version.clone()),
            Self::To(version) => version.clone(),
            _ if !released => {
                return Err(format!("no release yet: name its version, as in {current}").into());
            }
            Self::Patch => Version::new(major, minor, patch + 1),
            Self::Minor => Version::new(major, minor + 1, 0),
            Self::Major => Version::new(major + 1, 0, 0),
        };
        if next <= *current {
            return Err(format!("{next} does not come after {current}").into());
        }
        Ok(next)
    }

    /// The smallest step that may break users of `current`.
    pub(crate) fn breaking(current: &Version) -> Self {
        if current.major == 0 {
            Self::Minor
        } else {
            Self::Major
        }
    }
}

/// Whether a requirement on `from` no longer accepts `to`.
pub(crate) fn breaks(from: &Version, to: &Version) -> bool {
    let significant = |version: &Version| match (version.major, version.minor) {
        (0, 0) => (0, 0, version.patch),
        (0, minor) => (0, minor, 0),
        (major, _) => (major, 0, 0),
    };
    significant(from) != significant(to)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn each_step_sets_the_lower_numbers_to_zero() {
        let next = |step: &str| apply(step, "1.2.3", true).unwrap();
        assert_eq!(next("patch"), "1.2.4");
        assert_eq!(next("minor"), "1.3.0");
        assert_eq!(next("major"), "2.0.0");
        assert_eq!(next("1.10.0-rc.1"), "1.10.0-rc.1");
    }

    #[test]
    fn no_version_is_released_twice_or_backwards() {
        assert!(apply("1.2.3", "1.2.3", true).is_err());
        assert!(apply("1.2.2", "1.2.3", true).is_err());
        assert!(apply("0.1.0", "0.2.0", false).is_err());
    }

    #[test]
    fn a_first_release_is_named() {
        assert_eq!(apply("0.1.0", "0.1.0", false).unwrap(), "0.1.0");
        assert_eq!(apply("1.0.0", "0.1.0", false).unwrap(), "1.0.0");
        assert!(
            apply("minor", "0.1.0", false)
                .unwrap_err()
                .contains("0.1.0")
        );
    }

    #[test]
    fn a_typing_error_is_no_version() {
        for text in ["", "pach", "v1.2.3", "1.2"] {
            assert!(text.parse::<Step>().is_err(), "{text}");
        }
    }

    #[test]
    fn before_one_the_minor_number_breaks() {
        let breaks = |from: &str, to: &str| breaks(&from.parse().unwrap(), &to.parse().unwrap());
        assert!(breaks("0.1.0", "0.2.0") && breaks("0.0.1", "0.0.2") && breaks("0.9.0", "1.0.0"));
        assert!(breaks("1.9.0", "2.0.0"));
        assert!(!breaks("0.1.0", "0.1.1") && !breaks("1.1.0", "1.2.0"));
        assert_eq!(Step::breaking(&Version::new(0, 4, 2)), Step::Minor);
        assert_eq!(Step::breaking(&Version::new(1, 4, 2)), Step::Major);
    }

    fn apply(step: &str, current: &str, released: bool) -> std::result::Result<String, String> {
        let next = step
            .parse::<Step>()?
            .apply(&current.parse().unwrap(), released);
        next.map(|version| version.to_string())
            .map_err(|error| error.to_string())
    }
}
