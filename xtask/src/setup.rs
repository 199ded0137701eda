use crate::process::{Result, cargo};

/// A program from crates.io, at the version that this workspace is checked with.
struct Tool {
    name: &'static str,
    version: &'static str,
    purpose: &'static str,
}

/// Installs what is not here yet.
pub(crate) fn run(named: &[&str]) -> Result {
    let installed = installed()?;
    for tool in choose(named)? {
        println!("{} ({})", tool.requirement(), tool.purpose);
        if !tool.is_among(&installed) {
            cargo("install")
                .arg("--locked")
                .arg(tool.requirement())
                .run()?;
        }
    }
    Ok(())
}

/// Fails unless the tool is here at the version expected: another one may judge differently.
pub(crate) fn require(name: &str) -> Result {
    let installed = installed()?;
    match choose(&[name])?
        .iter()
        .find(|tool| !tool.is_among(&installed))
    {
        Some(tool) => {
            Err(format!("{} is needed: cargo xtask setup {name}", tool.requirement()).into())
        }
        None => Ok(()),
    }
}

fn installed() -> Result<String> {
    cargo("install").arg("--list").output()
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

    /// Whether `cargo install --list` names it at the version expected.
    fn is_among(&self, installed: &str) -> bool {
        let line = format!("{} v{}:", self.name, self.version);
        installed.lines().any(|listed| listed == line)
    }
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

    const TOOL: Tool = Tool {
        name: "cargo-release",
        version: "1.1.6",
        purpose: "release",
    };

    #[test]
    fn a_tool_is_here_at_its_version_only() {
        assert!(TOOL.is_among("cargo-deny v0.20.2:\n    cargo-deny\ncargo-release v1.1.6:\n"));
        assert!(!TOOL.is_among("cargo-release v1.1.60:\n    cargo-release\n"));
        assert!(!TOOL.is_among("cargo-release-x v1.1.6:\n"));
        assert!(!TOOL.is_among(""));
    }

    #[test]
    fn an_unknown_tool_is_refused() {
        assert!(choose(&["cargo-nothing"]).is_err());
    }
}
