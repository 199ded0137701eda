use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret, SecretString};

use crate::odd_ends::odd_ends;

/// A value that was refused before any traffic: a credential, a URL, a setting, an environment variable.
///
/// Its text names the field and the rule. It never shows the value.
///
/// ```
/// use auth_common::Credential;
///
/// let error = Credential::new("password", "").unwrap_err();
/// assert_eq!(error.to_string(), "password must not be empty");
/// assert_eq!(error.field(), "password");
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {}", .refused.field, .refused.rule)]
pub struct ConfigurationError {
    /// One pointer, as in [`Failure`](crate::Failure).
    refused: Arc<Refused>,
}

#[derive(PartialEq, Eq)]
struct Refused {
    field: String,
    rule: String,
}

impl ConfigurationError {
    /// A refusal of `field`, for breaking `rule`. Neither may contain the value.
    pub fn new(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            refused: Arc::new(Refused {
                field: field.into(),
                rule: rule.into(),
            }),
        }
    }

    /// The name of the parameter, setting or environment variable that was refused.
    pub fn field(&self) -> &str {
        &self.refused.field
    }

    /// The rule that it broke, as the end of a sentence that begins with the field.
    pub fn rule(&self) -> &str {
        &self.refused.rule
    }

    /// Nothing is set under the name `variable`.
    pub fn not_set(variable: &str) -> Self {
        Self::new(variable, "is not set in the environment")
    }

    pub(crate) fn renamed(self, field: &str) -> Self {
        Self::new(field, self.rule())
    }
}

impl fmt::Debug for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigurationError")
            .field("field", &self.refused.field)
            .field("rule", &self.refused.rule)
            .finish()
    }
}

/// One text that identifies or proves who is calling: a user name, a password, an API key, an API secret.
///
/// It is never empty, never holds a control character, and is otherwise kept byte for byte: nothing is trimmed or
/// normalised. `Debug` redacts it, and the memory is wiped when it is dropped.
///
/// ```
/// use auth_common::Credential;
///
/// let password = Credential::new("password", "pão & queijo + 1%")?;
/// assert_eq!(password.expose_secret(), "pão & queijo + 1%");
/// assert_eq!(format!("{password:?}"), "[REDACTED]");
/// # Ok::<(), auth_common::ConfigurationError>(())
/// ```
pub struct Credential {
    text: SecretString,
    odd: Option<Box<str>>,
}

impl Credential {
    /// Checks `value`, known to the user as `field`.
    ///
    /// # Errors
    ///
    /// When the value is empty, longer than 4096 bytes, or holds a control character.
    pub fn new(field: &str, value: impl Into<SecretString>) -> Result<Self, ConfigurationError> {
        let value = value.into();
        let text = value.expose_secret();
        if text.is_empty() {
            return Err(ConfigurationError::new(field, "must not be empty"));
        }
        if text.len() > LONGEST_CREDENTIAL {
            return Err(ConfigurationError::new(
                field,
                format!("must be at most {LONGEST_CREDENTIAL} bytes long"),
            ));
        }
        if text.chars().any(char::is_control) {
            return Err(ConfigurationError::new(
                field,
                "must not contain control characters, such as a line break or a tab",
            ));
        }
        let odd = odd_ends(text).map(|odd| format!("{field} {odd}").into());
        Ok(Self { text: value, odd })
    }

    /// Checks `value` as [`new`](Self::new) does, and that it has at most `longest` characters.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new), and when the value has more than `longest` characters.
    pub fn with_limit(
        field: &str,
        value: impl Into<SecretString>,
        longest: usize,
    ) -> Result<Self, ConfigurationError> {
        let credential = Self::new(field, value)?;
        if credential.expose_secret().chars().count() > longest {
            return Err(ConfigurationError::new(
                field,
                format!("must be at most {longest} characters long"),
            ));
        }
        Ok(credential)
    }

    /// The text itself. The name is a reminder to whoever reads the call.
    pub fn expose_secret(&self) -> &str {
        self.text.expose_secret()
    }

    /// What stands at the ends of the text that its author may not have meant, in words without the text: a space, a
    /// quotation mark, a character that cannot be seen. A password may have that, so it is sent; if the vendor refuses
    /// the credentials, the error says so.
    ///
    /// ```
    /// use auth_common::Credential;
    ///
    /// let password = Credential::new("password", "\u{feff}segredo")?;
    /// assert_eq!(
    ///     password.odd_ends(),
    ///     Some("password begins with a byte order mark, U+FEFF")
    /// );
    /// assert_eq!(Credential::new("password", "segredo")?.odd_ends(), None);
    /// # Ok::<(), auth_common::ConfigurationError>(())
    /// ```
    pub fn odd_ends(&self) -> Option<&str> {
        self.odd.as_deref()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// Longer than any credential that a vendor documents, short enough to bound a request.
const LONGEST_CREDENTIAL: usize = 4096;

#[cfg(test)]
mod tests;
