//! Where the vendor's variables come from: a file, the environment, whoever sits at the terminal.

use std::{env, ffi::OsString, path::Path};

use auth_common::Vars;

use crate::{
    env_file::{self, Pairs},
    outcome::Result,
    prompt,
    vendors::{Vendor, is_secret},
};

/// The variables of one vendor.
pub(crate) struct Settings {
    pub(crate) vars: Vars,
    found: Vec<(String, Place)>,
}

/// Where a variable was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Environment,
    EnvFile,
    Terminal,
}

impl Settings {
    /// Those in `file` win over those in the environment. Where nothing but a secret is missing, it is asked for.
    pub(crate) fn of<V: Vendor>(file: Option<&Path>, may_ask: bool) -> Result<Self> {
        let from_file = file.map(env_file::read).transpose()?.unwrap_or_default();
        let mut found = Vec::new();
        let mut pairs: Vec<(String, OsString)> = Vec::new();
        for name in V::variables_read() {
            for (name, value, place) in look_up(name, &from_file) {
                found.push((name.clone(), place));
                pairs.push((name, value));
            }
        }
        let is_set = |name: &&&str| pairs.iter().any(|(known, _)| is_of(known, name));
        let missing: Vec<_> = V::required()
            .iter()
            .filter(|name| !is_set(name))
            .copied()
            .collect();
        let typed = may_ask && !missing.is_empty() && missing.iter().all(|name| is_secret(name));
        if typed && prompt::is_possible() {
            for name in missing {
                let secret = prompt::secret(name)?;
                found.push((name.into(), Place::Terminal));
                pairs.push((name.into(), secret.as_str().into()));
            }
        }
        Ok(Self {
            vars: Vars::from_pairs(pairs),
            found,
        })
    }

    /// Under which name `variable` was found, its own or `…_FILE`, and where; `None` where it was not.
    pub(crate) fn find(&self, variable: &str) -> Option<(&str, Place)> {
        let found = self.found.iter().find(|(name, _)| is_of(name, variable));
        found.map(|(name, place)| (name.as_str(), *place))
    }
}

/// `NAME` and `NAME_FILE`, from the first place that has any of the two.
fn look_up(name: &str, from_file: &Pairs) -> Vec<(String, OsString, Place)> {
    let in_file: Vec<_> = from_file
        .iter()
        .filter(|(known, _)| is_of(known, name))
        .map(|(known, value)| (known.clone(), value.as_str().into(), Place::EnvFile))
        .collect();
    if !in_file.is_empty() {
        return in_file;
    }
    [name.to_owned(), format!("{name}_FILE")]
        .into_iter()
        .filter_map(|name| {
            let value = env::var_os(&name).filter(|value| !value.is_empty())?;
            Some((name, value, Place::Environment))
        })
        .collect()
}

/// Whether `found` is `variable`, or names a file with its value.
fn is_of(found: &str, variable: &str) -> bool {
    found
        .strip_prefix(variable)
        .is_some_and(|rest| rest.is_empty() || rest == "_FILE")
}
