use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::{ConfigurationError, Credential};

/// A pair of credentials that travels as `Authorization: Basic`, byte for byte, as
/// [RFC 7617](https://www.rfc-editor.org/rfc/rfc7617) has it. `Debug` shows neither, and both are wiped when dropped.
///
/// ```
/// use auth_common::{BasicCredentials, Credential};
///
/// let client_id = Credential::new("client_id", "shop:1")?;
/// let secret = Credential::new("client_secret", "s3cret")?;
/// let error =
///     BasicCredentials::new(("client_id", client_id), secret).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "client_id must not contain ':', \
///      which ends it in the Authorization header",
/// );
/// # Ok::<(), auth_common::ConfigurationError>(())
/// ```
#[derive(Debug)]
pub struct BasicCredentials {
    user: Credential,
    password: Credential,
    /// The pair as it travels: gateways are known to repeat the header in what they say of it.
    encoded: SecretString,
}

impl BasicCredentials {
    /// Checks a user, with the name under which the caller knows it, and takes a password.
    ///
    /// # Errors
    ///
    /// When the user holds a colon: a server takes everything after the first one for the password (RFC 7617 §2).
    pub fn new(
        (field, user): (&str, Credential),
        password: Credential,
    ) -> Result<Self, ConfigurationError> {
        if user.expose_secret().contains(':') {
            return Err(ConfigurationError::new(
                field,
                "must not contain ':', which ends it in the Authorization header",
            ));
        }
        let encoded = encoded_pair(user.expose_secret(), password.expose_secret());
        Ok(Self {
            user,
            password,
            encoded,
        })
    }

    /// What the header carries after its scheme.
    pub(crate) fn encoded(&self) -> &str {
        self.encoded.expose_secret()
    }

    /// The user and the password, as people gave them.
    pub fn given(&self) -> Vec<&Credential> {
        vec![&self.user, &self.password]
    }

    /// Every secret in it: the user, the password, and the pair as it travels.
    pub fn secrets(&self) -> Vec<&str> {
        vec![
            self.user.expose_secret(),
            self.password.expose_secret(),
            self.encoded(),
        ]
    }
}

/// The base64 of `user:password`.
fn encoded_pair(user: &str, password: &str) -> SecretString {
    let mut pair = Zeroizing::new(Vec::with_capacity(user.len() + 1 + password.len()));
    pair.extend_from_slice(user.as_bytes());
    pair.push(b':');
    pair.extend_from_slice(password.as_bytes());
    let mut encoded = String::with_capacity(4 * pair.len().div_ceil(3));
    STANDARD.encode_string(&*pair, &mut encoded);
    // As long as it may grow, so that making a box of it moves nothing.
    encoded.into_boxed_str().into()
}

#[cfg(test)]
mod tests;
