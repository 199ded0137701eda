use auth_common::{ConfigurationError, Credential, Vars};
use secrecy::SecretString;

/// The e-mail address and the password of an Invoisys user. `Debug` shows neither, and both are wiped when dropped.
///
/// ```
/// let credentials =
///     invoisys_auth::Credentials::new("fiscal@example.com", "pão & queijo")?;
/// # Ok::<(), invoisys_auth::ConfigurationError>(())
/// ```
#[derive(Debug)]
pub struct Credentials {
    pub(crate) username: Credential,
    pub(crate) password: Credential,
}

impl Credentials {
    /// Checks a user name (the user's e-mail address, as *Token de Acesso (3.0)* has it) and a password. Both are sent
    /// byte for byte.
    ///
    /// # Errors
    ///
    /// When either is empty, longer than 4096 bytes, or holds a control character.
    pub fn new(
        username: impl Into<SecretString>,
        password: impl Into<SecretString>,
    ) -> Result<Self, ConfigurationError> {
        Ok(Self {
            username: Credential::new("username", username)?,
            password: Credential::new("password", password)?,
        })
    }

    pub(crate) fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        Ok(Self {
            username: vars.credential("INVOISYS_USERNAME")?,
            password: vars.credential("INVOISYS_PASSWORD")?,
        })
    }
}
