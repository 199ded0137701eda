use crate::process::{Process, Result, cargo};

/// A program from crates.io, at the version that this workspace is checked with.
struct Tool {
    name: &'static str,
    version: &'static str,
    purpose: &'static str,
}

pub(crate) fn run(named: &[&str]) -> Result {
    for tool in choose(named)? {
        if tool.is_installed() {
            println!(
                "{} {}: installed ({})",
                tool.name, tool.version, tool.purpose
            );
            continue;
        }
        println!(
            "{} {}: installing ({})",
            tool.name, tool.version, tool.purpose
        );
        cargo("install")
            .args(["--locked", "--force"])
            .arg(tool.requirement())
            .run()?;
    }
    Ok(())
}

/// Fails unless the tool is here at the version expected: another one may judge differently.
pub(crate) fn require(name: &str) -> Result {
    match choose(&[name])?.as_slice() {
        [tool] if !tool.is_installed() => {
            Err(format!("{} is needed: cargo xtask setup {name}", tool.requirement()).into())
        }
        _ => Ok(()),
    }
}

fn choose(named: &[&str]) -> Result<Vec<&'static Tool>> {
    if named.is_empty() {
        return Ok(TOOLS.iter().collect());
    }
    let find = |name: &&str| {
        let found = TOOLS.iter().find(|tool| tool.name == *name);
        found
            .ok_or_else(|| format!("`{name}` is not among the tools of `cargo xtask setup`").into())
    };
    named.iter().map(find).collect()
}

impl Tool {
    fn requirement(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    fn is_installed(&self) -> bool {
        // As subcommands of cargo some expect their own name first, as cargo itself would say it.
        let alone = Process::new(self.name).arg("--version");
        let subcommand = self.name.strip_prefix("cargo-").unwrap_or(self.name);
        let as_subcommand = Process::new(self.name).args([subcommand, "--version"]);
        [alone, as_subcommand].iter().any(
            |ask| matches!(ask.attempt(), Ok(Ok(answer)) if names_version(&answer, self.version)),
        )
    }
}

fn names_version(answer: &str, version: &str) -> bool {
    answer
        .split_whitespace()
        .any(|word| word.trim_start_matches('v') == version)
}

/// The one place for their versions.
const TOOLS: &[Tool] = &[
    Tool {
        name: "cargo-deny",
        version: "0.20.2",
        purpose: "audit: licences, bans, advisories",
    },
    Tool {
        name: "cargo-hack",
        version: "0.6.46",
        purpose: "features: every combination",
    },
    Tool {
        name: "cargo-machete",
        version: "0.9.2",
        purpose: "audit: unused dependencies",
    },
    Tool {
        name: "cargo-public-api",
        version: "0.52.0",
        purpose: "public-api",
    },
    Tool {
        name: "cargo-semver-checks",
        version: "0.51.0",
        purpose: "semver, release",
    },
    // 1.1.7 needs a newer Rust.
    Tool {
        name: "cargo-release",
        version: "1.1.6",
        purpose: "release",
    },
    Tool {
        name: "cargo-http-registry",
        version: "0.1.8",
        purpose: "release --rehearse",
    },
    Tool {
        name: "cargo-fuzz",
        version: "0.13.2",
        purpose: "fuzz",
    },
    Tool {
        name: "cargo-mutants",
        version: "27.1.0",
        purpose: "mutation tests, by hand",
    },
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_version_is_recognized_with_or_without_a_name_before_it() {
        assert!(names_version("cargo-deny 0.20.2\n", "0.20.2"));
        assert!(names_version("0.9.2", "0.9.2"));
        assert!(names_version("cargo-fuzz v0.13.2 (abc)", "0.13.2"));
    }

    #[test]
    fn another_version_is_not_the_one_expected() {
        assert!(!names_version("cargo-release 1.1.60", "1.1.6"));
        assert!(!names_version("", "1.1.6"));
    }

    #[test]
    fn an_unknown_tool_is_refused() {
        assert!(choose(&["cargo-nothing"]).is_err());
    }
}
