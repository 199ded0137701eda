//! What a fleet knows of one set of credentials, as JSON inside the seal. Fields that a later version adds are passed
//! over, so that versions can share a record.

use std::{fmt, sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::failure::FailureKind;

/// `S` is a secret, and `A` an answer of the vendor: the protocol looks into neither. All times are the store's, since
/// 1970.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Record<S = Secret, A = Said> {
    /// The number of the newest token there was, even if it is gone.
    pub(crate) seq: u64,
    pub(crate) token: Option<SharedToken<S>>,
    pub(crate) refresh: Option<SharedRefresh<S>>,
    pub(crate) lease: Option<Lease>,
    pub(crate) pause: Option<Pause<A>>,
    /// When the vendor was last asked, as far as is known.
    #[serde(with = "millis::optional", default)]
    pub(crate) last_login: Option<Duration>,
}

impl<S, A> Default for Record<S, A> {
    fn default() -> Self {
        Self {
            seq: 0,
            token: None,
            refresh: None,
            lease: None,
            pause: None,
            last_login: None,
        }
    }
}

/// A token for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct SharedToken<S> {
    pub(crate) secret: S,
    /// A later token has a greater number, whoever brought it.
    pub(crate) seq: u64,
    /// Before it was asked for.
    #[serde(with = "millis")]
    pub(crate) issued: Duration,
    #[serde(with = "millis")]
    pub(crate) lifetime: Duration,
    /// It took the place of one that an API refused.
    #[serde(default)]
    pub(crate) by_invalidation: bool,
    /// Who brought it.
    pub(crate) by: Holder,
}

/// A refresh token that has not been presented.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct SharedRefresh<S> {
    pub(crate) secret: S,
    #[serde(with = "millis::optional", default)]
    pub(crate) ends: Option<Duration>,
    /// The store in which it was written. Another one, as after a failover, may offer what was taken out of this one.
    #[serde(with = "epoch")]
    pub(crate) epoch: Incarnation,
}

/// One flight asks the vendor for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Lease {
    pub(crate) holder: Holder,
    #[serde(with = "millis")]
    pub(crate) until: Duration,
}

/// The vendor is to be left alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Pause<A> {
    pub(crate) answer: A,
    #[serde(with = "kind")]
    pub(crate) kind: FailureKind,
    /// How many failures there were in a row of the same kind of error.
    pub(crate) strikes: u32,
    #[serde(with = "millis")]
    pub(crate) until: Duration,
}

/// Who holds a lease: one flight, never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Holder(pub(crate) u64);

/// Which data a store has: another value after each start, and after each failover.
///
/// A refresh token is presented only in the incarnation in which it was stored. A replica that takes a server's place may
/// offer one that had been taken out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Incarnation(Arc<str>);

impl Incarnation {
    /// The one of this name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A secret, where it is sealed and opened.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) SecretString);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Serialize for Secret {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|secret| Self(secret.into()))
    }
}

/// What came of a request that failed, so that every process makes the same error of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) status: u16,
    /// As it came, so it may repeat a secret; at most [`LONGEST_BODY`] bytes.
    pub(crate) body: Secret,
}

impl Said {
    pub(crate) fn new(status: u16, body: &[u8]) -> Self {
        let body = body.get(..LONGEST_BODY).unwrap_or(body);
        Self {
            status,
            body: Secret(String::from_utf8_lossy(body).into_owned().into()),
        }
    }
}

impl<S: Serialize, A: Serialize> Record<S, A> {
    /// The record as it is sealed.
    pub(crate) fn to_bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        // With the room that it needs: a buffer that grows leaves copies behind.
        let mut length = Length(0);
        serde_json::to_writer(&mut length, self).ok()?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
        serde_json::to_writer(&mut *bytes, self).ok()?;
        Some(bytes)
    }
}

impl<S: DeserializeOwned, A: DeserializeOwned> Record<S, A> {
    /// `None` when this is no record.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// Counts what is written.
struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The name of an incarnation. Its type is public, and says nothing of how it is written.
mod epoch {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Incarnation;

    pub(super) fn serialize<S: Serializer>(it: &Incarnation, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(it.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Incarnation, D::Error> {
        String::deserialize(from).map(Incarnation::new)
    }
}

/// Whole milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(it: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(whole(*it))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }

    fn whole(it: Duration) -> u64 {
        u64::try_from(it.as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) mod optional {
        use std::time::Duration;

        use serde::{Deserialize, Deserializer, Serializer};

        pub(in super::super) fn serialize<S: Serializer>(
            it: &Option<Duration>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            match it {
                Some(it) => to.serialize_some(&super::whole(*it)),
                None => to.serialize_none(),
            }
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<Duration>, D::Error> {
            Option::<u64>::deserialize(from).map(|it| it.map(Duration::from_millis))
        }
    }
}

/// A word for each kind of failure: their order in the source may change, and these may not.
mod kind {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::failure::FailureKind;

    pub(super) fn serialize<S: Serializer>(it: &FailureKind, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(word(*it))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<FailureKind, D::Error> {
        let said = String::deserialize(from)?;
        let known = KINDS.into_iter().find(|kind| word(*kind) == said);
        // A later version's: the vendor said no, in a way that is not known here.
        Ok(known.unwrap_or(FailureKind::Refused))
    }

    fn word(kind: FailureKind) -> &'static str {
        match kind {
            FailureKind::SourceFailed => "source_failed",
            FailureKind::NoCredentials => "no_credentials",
            FailureKind::NotSent => "not_sent",
            FailureKind::Certificate => "certificate",
            FailureKind::Cut => "cut",
            FailureKind::Slow => "slow",
            FailureKind::Busy => "busy",
            FailureKind::ServerError => "server_error",
            FailureKind::Overloaded => "overloaded",
            FailureKind::RateLimited => "rate_limited",
            FailureKind::CredentialsRefused => "credentials_refused",
            FailureKind::Refused => "refused",
            FailureKind::Unclear => "unclear",
            FailureKind::Intercepted => "intercepted",
            FailureKind::Malformed => "malformed",
        }
    }

    pub(super) const KINDS: [FailureKind; FailureKind::COUNT] = [
        FailureKind::SourceFailed,
        FailureKind::NoCredentials,
        FailureKind::NotSent,
        FailureKind::Certificate,
        FailureKind::Cut,
        FailureKind::Slow,
        FailureKind::Busy,
        FailureKind::ServerError,
        FailureKind::Overloaded,
        FailureKind::RateLimited,
        FailureKind::CredentialsRefused,
        FailureKind::Refused,
        FailureKind::Unclear,
        FailureKind::Intercepted,
        FailureKind::Malformed,
    ];
}

/// A refusal is a sentence or two; a page of HTML is cut, and none of it is lost that would be shown.
pub(crate) const LONGEST_BODY: usize = 4096;

#[cfg(test)]
mod tests;
