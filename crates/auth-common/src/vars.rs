use std::{collections::BTreeSet, ffi::OsString, fmt, mem, sync::Arc};

use zeroize::{Zeroize, Zeroizing};

use crate::{BaseUrl, ConfigurationError, Credential, observe, sync::ForkedLock};

mod file;

/// Where settings are read from by name: the environment of the process, or a stand-in for it.
///
/// A value may stand in a file as well, as Docker, Kubernetes and systemd hand out secrets: where `NAME` is not set,
/// `NAME_FILE` is the absolute path of a file of at most 64 KiB that holds it. One line break at the end of a value is no
/// part of it, and an empty value counts as none. Nothing is kept: each call reads anew.
///
/// ```
/// use auth_common::Vars;
///
/// let vars = Vars::from_pairs([("INVOISYS_USERNAME", "fiscal@example.com")]);
/// assert_eq!(
///     vars.optional("INVOISYS_USERNAME")?.as_deref(),
///     Some("fiscal@example.com")
/// );
/// assert_eq!(
///     vars.required("INVOISYS_PASSWORD").unwrap_err().to_string(),
///     "INVOISYS_PASSWORD is not set in the environment",
/// );
/// # Ok::<(), auth_common::ConfigurationError>(())
/// ```
#[derive(Clone)]
pub struct Vars {
    lookup: Arc<Lookup>,
    /// The variables whose files everyone may read, as far as that was told: once is enough, for they are read anew before
    /// each login, and Docker gives all secrets so.
    told: Arc<ForkedLock<BTreeSet<String>>>,
}

type Lookup = dyn Fn(&str) -> Option<OsString> + Send + Sync;

impl Vars {
    /// The environment variables of this process.
    pub fn process() -> Self {
        Self::looking_up(|name| std::env::var_os(name))
    }

    /// The given names and values, for tests and for settings that come from elsewhere.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<OsString>,
    {
        let pairs: Vec<(String, OsString)> = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self::looking_up(move |name| {
            pairs
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        })
    }

    fn looking_up(lookup: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self {
            lookup: Arc::new(lookup),
            told: Arc::new(ForkedLock::new(BTreeSet::new())),
        }
    }

    /// Checks that all of `names` are set, so that whoever sets them up learns of all that are missing at once.
    ///
    /// ```
    /// use auth_common::Vars;
    ///
    /// let vars = Vars::from_pairs([("INVOISYS_USERNAME", "fiscal@example.com")]);
    /// let names = ["INVOISYS_ENVIRONMENT", "INVOISYS_USERNAME", "INVOISYS_PASSWORD"];
    /// assert_eq!(
    ///     vars.require(&names).unwrap_err().to_string(),
    ///     "INVOISYS_ENVIRONMENT and INVOISYS_PASSWORD are not set in the environment",
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// When any is not set, or is empty. The error names each of them.
    pub fn require(&self, names: &[&str]) -> Result<(), ConfigurationError> {
        let missing: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| !self.is_set(name) && !self.is_set(&in_a_file(name)))
            .collect();
        match missing.split_last() {
            None => Ok(()),
            Some((name, [])) => Err(self.missing(name)),
            Some((last, rest)) => Err(ConfigurationError::new(
                format!("{} and {last}", rest.join(", ")),
                "are not set in the environment",
            )),
        }
    }

    /// Whether a file holds the value of any of `names`, which may change.
    pub(crate) fn reads_files(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.is_set(&in_a_file(name)))
    }

    fn is_set(&self, name: &str) -> bool {
        (self.lookup)(name).is_some_and(|value| {
            let value = Zeroizing::new(value.into_encoded_bytes());
            !matches!(&**value, b"" | b"\n" | b"\r\n")
        })
    }

    fn missing(&self, name: &str) -> ConfigurationError {
        match (self.lookup)(name) {
            None => ConfigurationError::not_set(name),
            Some(_) => ConfigurationError::new(name, "is empty in the environment"),
        }
    }

    /// The value of `name`.
    ///
    /// # Errors
    ///
    /// When it is not set or is empty, and as for [`optional`](Self::optional). The error names the variable and never
    /// shows its value.
    pub fn required(&self, name: &str) -> Result<String, ConfigurationError> {
        self.optional(name)?.ok_or_else(|| self.missing(name))
    }

    /// The value of `name`, or `None` when it is not set or is empty.
    ///
    /// # Errors
    ///
    /// When it is not UTF-8, when `NAME_FILE` is set as well, or names a file that cannot be read, is empty, larger than
    /// 64 KiB, or not UTF-8. Then the error has that file's path.
    pub fn optional(&self, name: &str) -> Result<Option<String>, ConfigurationError> {
        let named = in_a_file(name);
        let value = match (self.plain(name)?, self.plain(&named)?) {
            (Some(_), Some(_)) => {
                return Err(ConfigurationError::new(
                    format!("{name} and {named}"),
                    "are both set: leave one of them out",
                ));
            }
            (None, Some(path)) => Some(self.read(&named, &path)?),
            (value, None) => value,
        };
        Ok(value.map(|mut value| mem::take(&mut *value)))
    }

    fn read(&self, name: &str, path: &str) -> Result<Zeroizing<String>, ConfigurationError> {
        let content = file::read(name, path)?;
        if content.is_for_everyone {
            let mut told = self.told.lock(BTreeSet::new);
            let first = told.insert(name.to_owned());
            drop(told);
            if first {
                observe::readable_by_everyone(name, path);
            }
        }
        Ok(content.text)
    }

    /// What the environment itself says, without the line break at its end, whatever stands in a file.
    pub(crate) fn plain(
        &self,
        name: &str,
    ) -> Result<Option<Zeroizing<String>>, ConfigurationError> {
        let Some(value) = (self.lookup)(name) else {
            return Ok(None);
        };
        let value = value.into_string().map(Zeroizing::new).map_err(|value| {
            value.into_encoded_bytes().zeroize();
            ConfigurationError::new(name, "is not valid UTF-8")
        })?;
        // An owned text of just this length: to shorten one would leave a copy behind.
        let text = Zeroizing::new(without_line_break(&value).to_owned());
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// The value of `name` as a [`Credential`]; an error calls it by that name.
    ///
    /// # Errors
    ///
    /// As for [`required`](Self::required) and [`Credential::new`].
    pub fn credential(&self, name: &str) -> Result<Credential, ConfigurationError> {
        Credential::new(name, self.required(name)?)
    }

    /// Which of the vendor's systems `name` names: one of `words`, in capitals or not, or a URL; `None` when it is not set
    /// or is empty. White space around it is no part of it.
    ///
    /// ```
    /// use auth_common::{BaseUrl, Vars};
    ///
    /// let vars = Vars::from_pairs([(
    ///     "INVOISYS_ENVIRONMENT",
    ///     "https://proxy.example.com",
    /// )]);
    /// let sandbox: BaseUrl = "https://sandbox-api.invoisys.com.br".parse()?;
    /// let words = [("sandbox", sandbox)];
    /// let base = vars.one_of("INVOISYS_ENVIRONMENT", words, |base| base)?;
    /// assert_eq!(base.unwrap().as_str(), "https://proxy.example.com/");
    /// # Ok::<(), auth_common::ConfigurationError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the value is neither; the error names the words.
    pub fn one_of<T>(
        &self,
        name: &str,
        words: impl IntoIterator<Item = (&'static str, T)>,
        custom: impl FnOnce(BaseUrl) -> T,
    ) -> Result<Option<T>, ConfigurationError> {
        let Some(value) = self.optional(name)? else {
            return Ok(None);
        };
        let value = value.trim();
        let mut known = Vec::new();
        for (word, system) in words {
            if value.eq_ignore_ascii_case(word) {
                return Ok(Some(system));
            }
            known.push(word);
        }
        match value.parse().map(custom) {
            Ok(system) => Ok(Some(system)),
            Err(error) if value.contains("://") => Err(error.renamed(name)),
            Err(_) => Err(ConfigurationError::new(
                name,
                format!(
                    "must be {}, or a URL that begins with https://",
                    known.join(", ")
                ),
            )),
        }
    }

    /// Turns the value of `name` into a `T`, with an error that calls it by that name. White space around it is no part
    /// of it.
    ///
    /// # Errors
    ///
    /// As for [`required`](Self::required), and whatever `parse` refuses.
    pub fn parse<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, ConfigurationError>,
    ) -> Result<T, ConfigurationError> {
        parse(self.required(name)?.trim()).map_err(|error| error.renamed(name))
    }
}

impl fmt::Debug for Vars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vars")
    }
}

/// The variable that names a file with the value of `name`.
fn in_a_file(name: &str) -> String {
    format!("{name}_FILE")
}

/// A text as an editor or a mounted file ends it, without that end.
fn without_line_break(text: &str) -> &str {
    match text.strip_suffix('\n') {
        Some(text) => text.strip_suffix('\r').unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests;
