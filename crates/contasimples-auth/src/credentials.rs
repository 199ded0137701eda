use auth_common::{BasicCredentials, ConfigurationError, Credential, Vars};
use secrecy::SecretString;

/// An API key and its API secret, as Conta Simples' Internet Banking hands them out. `Debug` shows neither, and both
/// are wiped when dropped.
///
/// They travel as the document has it: `Authorization: Basic` with the base64 of `api_key:api_secret`, byte for byte.
/// RFC 6749 §2.3.1 would have both percent-encoded first. The two differ only where a key or a secret holds anything
/// but letters, digits, `*`, `-`, `.` and `_`: should one with `+`, `/`, `=` or `%` be refused although it is right,
/// this is why. Have another made, or give it percent-encoded.
///
/// ```
/// use contasimples_auth::Credentials;
///
/// let credentials = Credentials::new("api_key", "api_secret")?;
///
/// let error = Credentials::new("api:key", "api_secret").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "api_key must not contain ':', \
///      which ends it in the Authorization header"
/// );
/// # Ok::<(), contasimples_auth::ConfigurationError>(())
/// ```
#[derive(Debug)]
pub struct Credentials {
    pub(crate) basic: BasicCredentials,
}

impl Credentials {
    /// Checks a key and a secret.
    ///
    /// # Errors
    ///
    /// When either is empty, longer than 4096 bytes, or holds a control character, or when the key holds a colon.
    pub fn new(
        api_key: impl Into<SecretString>,
        api_secret: impl Into<SecretString>,
    ) -> Result<Self, ConfigurationError> {
        let api_key = Credential::new("api_key", api_key)?;
        let api_secret = Credential::new("api_secret", api_secret)?;
        Ok(Self {
            basic: BasicCredentials::new(("api_key", api_key), api_secret)?,
        })
    }

    pub(crate) fn from_vars(vars: &Vars) -> Result<Self, ConfigurationError> {
        let api_key = vars.credential(API_KEY)?;
        let api_secret = vars.credential("CONTA_SIMPLES_API_SECRET")?;
        Ok(Self {
            basic: BasicCredentials::new((API_KEY, api_key), api_secret)?,
        })
    }
}

const API_KEY: &str = "CONTA_SIMPLES_API_KEY";
