use std::{ffi::OsString, fmt};

use zeroize::Zeroize;

use crate::{BaseUrl, ConfigurationError, Credential};

/// Where settings are read from by name: the environment of the process, or a stand-in for it.
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
pub struct Vars(Box<Lookup>);

type Lookup = dyn Fn(&str) -> Option<OsString>;

impl Vars {
    /// The environment variables of this process.
    pub fn process() -> Self {
        Self(Box::new(|name| std::env::var_os(name)))
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
        Self(Box::new(move |name| {
            pairs
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        }))
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
    /// When any is not set. The error names each of them.
    pub fn require(&self, names: &[&str]) -> Result<(), ConfigurationError> {
        let missing: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| !self.is_set(name))
            .collect();
        match missing.split_last() {
            None => Ok(()),
            Some((name, [])) => Err(ConfigurationError::not_set(name)),
            Some((last, rest)) => Err(ConfigurationError::new(
                format!("{} and {last}", rest.join(", ")),
                "are not set in the environment",
            )),
        }
    }

    fn is_set(&self, name: &str) -> bool {
        (self.0)(name)
            .map(|value| value.into_encoded_bytes().zeroize())
            .is_some()
    }

    /// The value of `name`.
    ///
    /// # Errors
    ///
    /// When it is not set, or is not UTF-8. The error names the variable and never shows its value.
    pub fn required(&self, name: &str) -> Result<String, ConfigurationError> {
        self.optional(name)?
            .ok_or_else(|| ConfigurationError::not_set(name))
    }

    /// The value of `name`, or `None` when it is not set.
    ///
    /// # Errors
    ///
    /// When it is set, but is not UTF-8.
    pub fn optional(&self, name: &str) -> Result<Option<String>, ConfigurationError> {
        (self.0)(name)
            .map(|value| {
                value.into_string().map_err(|value| {
                    value.into_encoded_bytes().zeroize();
                    ConfigurationError::new(name, "is not valid UTF-8")
                })
            })
            .transpose()
    }

    /// The value of `name` as a [`Credential`]; an error calls it by that name.
    ///
    /// # Errors
    ///
    /// As for [`required`](Self::required) and [`Credential::new`].
    pub fn credential(&self, name: &str) -> Result<Credential, ConfigurationError> {
        Credential::new(name, self.required(name)?)
    }

    /// Which of the vendor's systems `name` names: one of `words`, or a URL; `None` when it is not set.
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
        let mut known = Vec::new();
        for (word, system) in words {
            if value == word {
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

    /// Turns the value of `name` into a `T`, with an error that calls it by that name.
    ///
    /// # Errors
    ///
    /// As for [`required`](Self::required), and whatever `parse` refuses.
    pub fn parse<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, ConfigurationError>,
    ) -> Result<T, ConfigurationError> {
        parse(&self.required(name)?).map_err(|error| error.renamed(name))
    }
}

impl fmt::Debug for Vars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vars")
    }
}
