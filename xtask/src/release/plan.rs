use std::fmt::{self, Display};

use semver::Version;

use crate::{
    process::Result,
    tags,
    version::{self, Step},
    workspace::Workspace,
};

/// One package of a release.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) from: Version,
    pub(super) to: Version,
    /// What its changelog must tell, where it is released for another package's sake.
    pub(super) because: Option<String>,
}

impl Planned {
    pub(super) fn tag(&self) -> String {
        tags::tag(&self.name, &self.to)
    }
}

impl Display for Planned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            from,
            to,
            because,
        } = self;
        if from == to {
            return write!(formatter, "{name} {to}: the first release");
        }
        write!(formatter, "{name} {from} -> {to}")?;
        because
            .as_ref()
            .map_or(Ok(()), |change| write!(formatter, ": {change}"))
    }
}

/// The packages chosen, and those released before that a break among them leaves behind, in the
/// order of their publication.
pub(super) fn plan(
    workspace: &Workspace,
    chosen: &[String],
    step: &Step,
    tags: &[String],
) -> Result<Vec<Planned>> {
    let mut plan: Vec<Planned> = vec![];
    for package in workspace.published()? {
        let released = tags::last_release(&package.name, tags).is_some();
        let broken = plan
            .iter()
            .find(|it| package.needs.contains(&it.name) && version::breaks(&it.from, &it.to));
        let because = broken.map(|it| format!("Requires `{}` {}.", it.name, it.to));
        let from = package.version.clone();
        let to = if chosen.contains(&package.name) {
            step.apply(&from, released)
                .map_err(|error| format!("{}: {error}", package.name))?
        } else if because.is_some() && released {
            Step::breaking(&from).apply(&from, released)?
        } else {
            continue;
        };
        if because.is_some() && released && !version::breaks(&from, &to) {
            let name = &package.name;
            let problem = "shows its users types of a package that breaks with this release";
            return Err(format!("{name} {to}: {problem}; it must break as well").into());
        }
        let because = because.filter(|_| released);
        plan.push(Planned {
            name: package.name.clone(),
            from,
            to,
            because,
        });
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::workspace::tests::workspace;

    #[test]
    fn a_vendor_is_released_by_itself() {
        assert_eq!(
            told("zapsign-auth", "patch"),
            ["zapsign-auth 0.1.0 -> 0.1.1"]
        );
    }

    #[test]
    fn a_harmless_release_of_the_foundation_releases_nobody_else() {
        assert_eq!(told("auth-common", "patch"), ["auth-common 0.1.0 -> 0.1.1"]);
    }

    #[test]
    fn a_break_of_the_foundation_takes_along_those_released_before() {
        assert_eq!(
            told("auth-common", "minor"),
            [
                "auth-common 0.1.0 -> 0.2.0",
                "invoisys-auth 0.1.0 -> 0.2.0: Requires `auth-common` 0.2.0.",
                "zapsign-auth 0.1.0 -> 0.2.0: Requires `auth-common` 0.2.0.",
            ]
        );
    }

    #[test]
    fn a_first_release_keeps_the_version_of_the_manifest() {
        let all = ["auth-common", "invoisys-auth", "new-auth", "zapsign-auth"].map(String::from);
        let step = "0.1.0".parse().unwrap();
        let plan = plan(&packages(), &all, &step, &[]).unwrap();
        let first = plan.first().unwrap().to_string();
        assert_eq!(first, "auth-common 0.1.0: the first release");
        assert_eq!(plan.len(), 4);
    }

    #[test]
    fn nothing_harmless_stands_on_a_break() {
        let chosen = ["auth-common", "zapsign-auth"].map(String::from);
        let step = "0.2.0".parse().unwrap();
        assert!(plan(&packages(), &chosen, &step, &tags()).is_ok());
        let mut packages = packages();
        let zapsign = packages
            .packages
            .iter_mut()
            .find(|it| it.name == "zapsign-auth")
            .unwrap();
        zapsign.version = Version::new(0, 2, 0);
        let step = "0.2.1".parse().unwrap();
        let error = plan(&packages, &chosen, &step, &tags())
            .unwrap_err()
            .to_string();
        assert!(error.contains("zapsign-auth 0.2.1"), "{error}");
    }

    fn told(chosen: &str, step: &str) -> Vec<String> {
        let plan = plan(
            &packages(),
            &[chosen.into()],
            &step.parse().unwrap(),
            &tags(),
        )
        .unwrap();
        plan.iter().map(ToString::to_string).collect()
    }

    fn packages() -> Workspace {
        let foundation: &[&str] = &["auth-common"];
        workspace(&[
            ("auth-common", &[]),
            ("invoisys-auth", foundation),
            ("new-auth", foundation),
            ("zapsign-auth", foundation),
        ])
    }

    fn tags() -> [String; 3] {
        [
            "auth-common-v0.1.0",
            "invoisys-auth-v0.1.0",
            "zapsign-auth-v0.1.0",
        ]
        .map(String::from)
    }
}
