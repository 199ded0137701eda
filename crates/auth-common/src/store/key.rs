use std::{fmt, num::NonZeroU32};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::crypto::{self, Unavailable};
use crate::{BaseUrl, ConfigurationError, Vars};

/// What the records in a store are sealed with: 32 random bytes, which all processes of a fleet share. Whoever has
/// it can read the tokens in the store; keep it where the vendor's password is kept.
///
/// In text it is Base64 or hexadecimal, as `openssl rand -base64 32` or `openssl rand -hex 32` print it. To change it,
/// give several, separated by commas: the first seals, and what the others have sealed is still opened. The order that
/// logs in least is `old,new` everywhere, then `new,old`, then `new`.
///
/// ```
/// # #[cfg(any(feature = "rustls", feature = "rustls-ring"))] {
/// use auth_common::{StoreKey, Vars};
///
/// let key = "3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=";
/// let vars = Vars::from_pairs([("AUTH_STORE_KEY", key)]);
/// let key = StoreKey::from_vars(&vars, "AUTH_STORE_KEY")?;
/// assert_eq!(format!("{key:?}"), "StoreKey");
/// # }
/// # Ok::<(), auth_common::ConfigurationError>(())
/// ```
#[derive(Clone)]
pub struct StoreKey(Zeroizing<Vec<[u8; LENGTH]>>);

impl StoreKey {
    /// Reads `text`: one key or several, see above. Space around them does not count.
    ///
    /// # Errors
    ///
    /// When there is none, or when one is not 32 bytes in Base64 or hexadecimal, or repeats a single byte; and when the
    /// features bring no cryptography along: it takes `rustls`, `rustls-ring` or `store-aws-lc-rs`.
    pub fn parse(text: &str) -> Result<Self, ConfigurationError> {
        if !crypto::AVAILABLE {
            return Err(no_cryptography());
        }
        let mut keys = Zeroizing::new(Vec::new());
        for one in text.split(',') {
            keys.push(decode(one.trim()).ok_or_else(|| {
                ConfigurationError::new(
                    FIELD,
                    "must be 32 random bytes in Base64 or hexadecimal, or several of them separated by commas",
                )
            })?);
        }
        Ok(Self(keys))
    }

    /// A new one, from the randomness of the operating system.
    ///
    /// # Errors
    ///
    /// When the system gives none, and when the features bring no cryptography along.
    pub fn generate() -> Result<Self, ConfigurationError> {
        let key = crypto::random().map_err(|_| no_cryptography())?;
        Ok(Self(Zeroizing::new(vec![key])))
    }

    /// The key in the environment variable `name`, or in the file that the variable `name` + `_FILE` names, as
    /// containers are given their secrets.
    ///
    /// # Errors
    ///
    /// When neither is set, or both are, or the file cannot be read; and as for [`parse`](Self::parse). The error names
    /// the variable, and never shows its value.
    pub fn from_env(name: &str) -> Result<Self, ConfigurationError> {
        Self::from_vars(&Vars::process(), name)
    }

    /// As [`from_env`](Self::from_env), out of `vars`.
    ///
    /// # Errors
    ///
    /// As for [`from_env`](Self::from_env).
    pub fn from_vars(vars: &Vars, name: &str) -> Result<Self, ConfigurationError> {
        let text = Zeroizing::new(vars.required(name)?);
        Self::parse(&text).map_err(|error| error.renamed(name))
    }

    /// The text that [`parse`](Self::parse) reads, to be kept in a safe place.
    pub fn to_text(&self) -> SecretString {
        let mut text = String::new();
        for key in self.0.iter() {
            if !text.is_empty() {
                text.push(',');
            }
            STANDARD.encode_string(key, &mut text);
        }
        text.into()
    }

    /// What only the given credentials open, and by which name: one for each key, the first of which seals. `secrets` are
    /// all items of the credentials.
    pub(crate) fn record_keys(
        &self,
        vendor: &str,
        base: &BaseUrl,
        secrets: &[&str],
    ) -> Result<RecordKeys, Unavailable> {
        let identity = identity(vendor, base, secrets);
        let keys = self.0.iter().map(|key| RecordKey::derive(key, &identity));
        keys.collect::<Result<_, _>>().map(RecordKeys)
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey")
    }
}

/// As [`StoreKey::record_keys`], where there is no such key. The credentials alone must do, so that guessing them is made
/// slow: this takes a quarter of a second of a processor's time, and belongs on a thread of its own.
pub(crate) fn record_keys_of_credentials_alone(
    vendor: &str,
    base: &BaseUrl,
    secrets: &[&str],
) -> Result<RecordKeys, Unavailable> {
    if !crypto::AVAILABLE {
        return Err(Unavailable);
    }
    let identity = identity(vendor, base, secrets);
    let stretched = Zeroizing::new(crypto::stretch(ROUNDS, STRETCHED, &identity));
    RecordKey::derive(&stretched, &identity).map(|key| RecordKeys(vec![key]))
}

/// A record's name in a store, and what it is sealed with. Another vendor, address, user name or password makes another
/// one.
///
/// An engine keeps one value for each name.
#[derive(Clone)]
pub struct RecordKey {
    name: String,
    pub(super) seal: Zeroizing<[u8; LENGTH]>,
}

impl RecordKey {
    /// 32 hexadecimal digits in lower case, which tell nothing of the credentials.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn derive(key: &[u8; LENGTH], identity: &[u8]) -> Result<Self, Unavailable> {
        let [name, seal] = crypto::derive::<LENGTH, 2>(key, identity, [NAME, SEAL])?;
        Ok(Self {
            name: name.iter().take(16).map(|it| format!("{it:02x}")).collect(),
            seal: Zeroizing::new(seal),
        })
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecordKey").field(&self.name).finish()
    }
}

/// The keys of one record, while the [`StoreKey`] is being changed.
#[derive(Debug, Clone)]
pub(crate) struct RecordKeys(Vec<RecordKey>);

impl RecordKeys {
    /// What is written, and where. `None` never: a [`StoreKey`] holds one key at least.
    pub(crate) fn current(&self) -> Option<&RecordKey> {
        self.0.first()
    }

    /// Where a record may still be, if there is none under the current key. A refresh token in it is not to be used: to
    /// take it out there and to put another down here are two steps.
    pub(crate) fn former(&self) -> impl Iterator<Item = &RecordKey> {
        self.0.iter().skip(1)
    }
}

/// Whose tokens a record holds. The lengths keep `("ab", "c")` apart from `("a", "bc")`.
fn identity(vendor: &str, base: &BaseUrl, secrets: &[&str]) -> Zeroizing<Vec<u8>> {
    let parts = || {
        [vendor, base.as_str()]
            .into_iter()
            .chain(secrets.iter().copied())
    };
    let length = parts().map(|part| part.len() + 8).sum();
    // With the room that it needs: a buffer that grows leaves copies behind.
    let mut identity = Zeroizing::new(Vec::with_capacity(length));
    for part in parts() {
        identity.extend_from_slice(&(part.len() as u64).to_be_bytes());
        identity.extend_from_slice(part.as_bytes());
    }
    identity
}

fn decode(text: &str) -> Option<[u8; LENGTH]> {
    let mut key = [0; LENGTH];
    if text.len() == 2 * LENGTH {
        for (into, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).ok()?;
            // A sign would pass for a digit.
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            *into = u8::from_str_radix(digits, 16).ok()?;
        }
    } else {
        let decoded = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text));
        let decoded = Zeroizing::new(decoded.ok()?);
        key = decoded.as_slice().try_into().ok()?;
    }
    // The example that somebody forgot to replace: 32 zeros are no key.
    let first = key.first()?;
    key.iter().any(|byte| byte != first).then_some(key)
}

fn no_cryptography() -> ConfigurationError {
    ConfigurationError::new(
        FIELD,
        "needs cryptography: one of the features `rustls`, `rustls-ring` and `store-aws-lc-rs`, and the system's randomness",
    )
}

const LENGTH: usize = 32;
const FIELD: &str = "store key";
/// A version of this crate that derives otherwise says so here: what it writes has other names.
const NAME: &[u8] = b"tokens-br 1 name";
const SEAL: &[u8] = b"tokens-br 1 seal";
const STRETCHED: &[u8] = b"tokens-br 1 credentials alone";
/// What OWASP's Password Storage Cheat Sheet asks of PBKDF2 with SHA-512.
const ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(210_000 - 1);

#[cfg(test)]
mod tests;
