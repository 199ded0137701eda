use std::str::FromStr;

use auth_common::{ConfigurationError, Credential, Vars};
use secrecy::SecretString;

/// The user name and the password of a ZapSign user, and the organization that the user acts for. `Debug` shows none of
/// them, and all are wiped when dropped.
///
/// ```
/// use zapsign_auth::Credentials;
///
/// let credentials =
///     Credentials::new("4321".parse()?, "dev@example.com", "pão & queijo")?;
/// # Ok::<(), zapsign_auth::ConfigurationError>(())
/// ```
#[derive(Debug)]
pub struct Credentials {
    pub(crate) organization_id: OrganizationId,
    pub(crate) username: Credential,
    pub(crate) password: Credential,
}

impl Credentials {
    /// Checks a user name (the user's e-mail address, as *Obter token de acesso* has it) and a password. Both are sent
    /// byte for byte.
    ///
    /// # Errors
    ///
    /// When either is empty, longer than 4096 bytes, or holds a control character.
    pub fn new(
        organization_id: OrganizationId,
        username: impl Into<SecretString>,
        password: impl Into<SecretString>,
    ) -> Result<Self, ConfigurationError> {
        Ok(Self {
            organization_id,
            username: Credential::new("username", username)?,
            password: Credential::new("password", password)?,
        })
    }

    pub(crate) fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        Ok(Self {
            organization_id: vars.parse("ZAPSIGN_ORGANIZATION_ID", str::parse)?,
            username: vars.credential("ZAPSIGN_USERNAME")?,
            password: vars.credential("ZAPSIGN_PASSWORD")?,
        })
    }
}

/// The id of an organization, as ZapSign shows it under *configurações > integrações > api token > ID da organização*.
///
/// It stands in the address of the login, so one that exists is 1 to 64 letters (without accents), digits, `-` and `_`,
/// and cannot lead anywhere else. `Debug` redacts it: it tells who the customer is.
///
/// ```
/// use zapsign_auth::OrganizationId;
///
/// let id: OrganizationId = "4321".parse()?;
/// assert_eq!(format!("{id:?}"), "OrganizationId([REDACTED])");
///
/// let error = "../4321".parse::<OrganizationId>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "organization id must be letters, digits, '-' and '_' only"
/// );
/// # Ok::<(), zapsign_auth::ConfigurationError>(())
/// ```
#[derive(Debug)]
pub struct OrganizationId(Credential);

impl OrganizationId {
    pub(crate) fn as_str(&self) -> &str {
        self.0.expose_secret()
    }
}

impl FromStr for OrganizationId {
    type Err = ConfigurationError;

    /// Checks an id.
    ///
    /// # Errors
    ///
    /// When it is empty, longer than 64 characters, or holds any other character than `A` to `Z`, `a` to `z`, `0` to
    /// `9`, `-` and `_`.
    fn from_str(id: &str) -> Result<Self, ConfigurationError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !id.bytes().all(allowed) {
            return Err(ConfigurationError::new(
                FIELD,
                "must be letters, digits, '-' and '_' only",
            ));
        }
        Credential::with_limit(FIELD, id, 64).map(Self)
    }
}

const FIELD: &str = "organization id";
