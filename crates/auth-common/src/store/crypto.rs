//! The few functions of cryptography that sealing takes, by the library that TLS has brought into the tree: ring before
//! aws-lc-rs, whose interface is the same.

#[cfg(all(
    any(feature = "rustls", feature = "store-aws-lc-rs"),
    not(feature = "rustls-ring")
))]
use aws_lc_rs as library;
#[cfg(feature = "rustls-ring")]
use ring as library;

#[cfg(any(
    feature = "rustls",
    feature = "rustls-ring",
    feature = "store-aws-lc-rs"
))]
mod provided {
    use std::{
        num::NonZeroU32,
        sync::atomic::{AtomicBool, Ordering},
    };

    use super::{NONCE, TAG, Unavailable, library};
    use library::{
        aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
        hkdf::{HKDF_SHA256, KeyType, Salt},
        pbkdf2::{self, PBKDF2_HMAC_SHA512},
        rand::{SecureRandom, SystemRandom},
    };

    pub(in crate::store) const AVAILABLE: bool = true;

    pub(in crate::store) fn random<const N: usize>() -> Result<[u8; N], Unavailable> {
        let mut bytes = [0; N];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| Unavailable)?;
        READY.store(true, Ordering::Relaxed);
        Ok(bytes)
    }

    /// Whether [`random`] is quick. aws-lc gathers entropy of the processor's own before it gives the first of a process,
    /// which takes 40 ms and more; ring takes the system's.
    pub(in crate::store) fn is_ready() -> bool {
        cfg!(feature = "rustls-ring") || READY.load(Ordering::Relaxed)
    }

    static READY: AtomicBool = AtomicBool::new(false);

    /// HKDF-SHA256 ([RFC 5869](https://www.rfc-editor.org/rfc/rfc5869)): what `secret` and `salt` yield, one array for
    /// each label.
    pub(in crate::store) fn derive<const N: usize, const M: usize>(
        salt: &[u8],
        secret: &[u8],
        labels: [&[u8]; M],
    ) -> Result<[[u8; N]; M], Unavailable> {
        let extracted = Salt::new(HKDF_SHA256, salt).extract(secret);
        let mut derived = [[0; N]; M];
        for (label, into) in labels.iter().zip(&mut derived) {
            extracted
                .expand(&[*label], Length(N))
                .and_then(|okm| okm.fill(into))
                .map_err(|_| Unavailable)?;
        }
        Ok(derived)
    }

    /// PBKDF2-HMAC-SHA512.
    pub(in crate::store) fn stretch(rounds: NonZeroU32, salt: &[u8], secret: &[u8]) -> [u8; 32] {
        let mut stretched = [0; 32];
        pbkdf2::derive(PBKDF2_HMAC_SHA512, rounds, salt, secret, &mut stretched);
        stretched
    }

    /// AES-256-GCM, under a key that is used once. The tag is appended.
    pub(in crate::store) fn encrypt(
        key: &[u8; 32],
        bound_to: &[u8],
        text: &mut Vec<u8>,
    ) -> Result<(), Unavailable> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| Unavailable)?;
        LessSafeKey::new(key)
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(NONCE),
                Aad::from(bound_to),
                text,
            )
            .map_err(|_| Unavailable)
    }

    /// Turns `text` back in its place; `None` unless it is whole, under this key, and bound to the same.
    pub(in crate::store) fn decrypt(
        key: &[u8; 32],
        bound_to: &[u8],
        text: &mut Vec<u8>,
    ) -> Option<()> {
        let key = UnboundKey::new(&AES_256_GCM, key).ok()?;
        LessSafeKey::new(key)
            .open_in_place(
                Nonce::assume_unique_for_key(NONCE),
                Aad::from(bound_to),
                text,
            )
            .ok()?;
        text.truncate(text.len().saturating_sub(TAG));
        Some(())
    }

    struct Length(usize);

    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
}

#[cfg(not(any(
    feature = "rustls",
    feature = "rustls-ring",
    feature = "store-aws-lc-rs"
)))]
mod provided {
    use std::num::NonZeroU32;

    use super::Unavailable;

    /// No [`StoreKey`](crate::StoreKey) can be made, and so nothing below is reached.
    pub(in crate::store) const AVAILABLE: bool = false;

    pub(in crate::store) fn random<const N: usize>() -> Result<[u8; N], Unavailable> {
        Err(Unavailable)
    }

    pub(in crate::store) fn is_ready() -> bool {
        true
    }

    pub(in crate::store) fn derive<const N: usize, const M: usize>(
        _: &[u8],
        _: &[u8],
        _: [&[u8]; M],
    ) -> Result<[[u8; N]; M], Unavailable> {
        Err(Unavailable)
    }

    pub(in crate::store) fn stretch(_: NonZeroU32, _: &[u8], _: &[u8]) -> [u8; 32] {
        [0; 32]
    }

    pub(in crate::store) fn encrypt(
        _: &[u8; 32],
        _: &[u8],
        _: &mut Vec<u8>,
    ) -> Result<(), Unavailable> {
        Err(Unavailable)
    }

    pub(in crate::store) fn decrypt(_: &[u8; 32], _: &[u8], _: &mut Vec<u8>) -> Option<()> {
        None
    }
}

pub(super) use provided::{AVAILABLE, decrypt, derive, encrypt, is_ready, random, stretch};

/// There is no library in the tree, or the system has no randomness to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unavailable;

/// A key is used for one text only, so the nonce need not differ.
#[cfg_attr(
    not(any(
        feature = "rustls",
        feature = "rustls-ring",
        feature = "store-aws-lc-rs"
    )),
    expect(dead_code, reason = "there is nothing to encrypt with")
)]
const NONCE: [u8; 12] = [0; 12];
/// What encryption adds to a text.
pub(super) const TAG: usize = 16;
