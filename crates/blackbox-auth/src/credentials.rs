use auth_common::{ConfigurationError, Credential, Vars};
use secrecy::SecretString;

/// The user name and the password of a BlackBox service user. `Debug` shows neither, and both are wiped when dropped.
///
/// ```
/// let credentials = blackbox_auth::Credentials::new("loja", "pão & queijo")?;
///
/// let error =
///     blackbox_auth::Credentials::new("l".repeat(65), "secret").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "username must be at most 64 characters long"
/// );
/// # Ok::<(), blackbox_auth::ConfigurationError>(())
/// ```
#[derive(Debug)]
pub struct Credentials {
    pub(crate) username: Credential,
    pub(crate) password: Credential,
}

impl Credentials {
    /// Checks a user name and a password. Both are sent byte for byte.
    ///
    /// # Errors
    ///
    /// When either is empty or holds a control character, when the user name has more than 64 characters, or the
    /// password more than 1024: the limits of *Tokens de Acesso*.
    pub fn new(
        username: impl Into<SecretString>,
        password: impl Into<SecretString>,
    ) -> Result<Self, ConfigurationError> {
        Self::named("username", username, "password", password)
    }

    pub(crate) fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        let (username, password) = ("BLACKBOX_USERNAME", "BLACKBOX_PASSWORD");
        Self::named(
            username,
            vars.required(username)?,
            password,
            vars.required(password)?,
        )
    }

    fn named(
        username: &str,
        name: impl Into<SecretString>,
        password: &str,
        secret: impl Into<SecretString>,
    ) -> Result<Self, ConfigurationError> {
        Ok(Self {
            username: Credential::with_limit(username, name, LONGEST_USERNAME)?,
            password: Credential::with_limit(password, secret, LONGEST_PASSWORD)?,
        })
    }
}

/// In characters.
const LONGEST_USERNAME: usize = 64;
/// In characters.
const LONGEST_PASSWORD: usize = 1024;
