use auth_common::{ConfigurationError, Credential, Vars};
use secrecy::SecretString;

/// The name and the password of a user of the DirectLink server. `Debug` shows neither, and both are wiped when dropped.
///
/// ```
/// let credentials =
///     directlink_auth::Credentials::new("johndoe", "pão & queijo")?;
/// # Ok::<(), directlink_auth::ConfigurationError>(())
/// ```
#[derive(Debug)]
pub struct Credentials {
    pub(crate) username: Credential,
    pub(crate) password: Credential,
}

impl Credentials {
    /// Checks a user name and a password, those of the platform, as *Obter token OAuth2* has it. Both are sent byte for
    /// byte.
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
            username: vars.credential("DIRECTLINK_USERNAME")?,
            password: vars.credential("DIRECTLINK_PASSWORD")?,
        })
    }
}
