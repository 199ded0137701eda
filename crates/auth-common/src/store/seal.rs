//! A sealed record: whoever reads or copies the store learns nothing from it but its length, and whoever writes to the
//! store can only destroy it.

use zeroize::Zeroizing;

use super::{
    crypto::{self, Unavailable},
    key::RecordKey,
};

/// Seals `record`: a version, a fresh salt, a commitment to the key, and the record under a key of its own.
pub(crate) fn seal(key: &RecordKey, record: &[u8]) -> Result<Vec<u8>, Unavailable> {
    let salt: [u8; SALT] = crypto::random()?;
    let (once, commitment) = keys(key, &salt)?;
    let mut text = Vec::with_capacity(record.len() + crypto::TAG);
    text.extend_from_slice(record);
    crypto::encrypt(&once, &bound_to(key), &mut text)?;
    let mut sealed = Vec::with_capacity(HEADER + text.len());
    sealed.push(VERSION);
    sealed.extend_from_slice(&salt);
    sealed.extend_from_slice(&commitment);
    sealed.append(&mut text);
    Ok(sealed)
}

/// What was sealed; `None` unless it is whole, by this key, and under its name.
pub(crate) fn open(key: &RecordKey, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if sealed.len() > LONGEST || sealed.first() != Some(&VERSION) {
        return None;
    }
    let salt = sealed.get(1..=SALT)?;
    let told = sealed.get(1 + SALT..HEADER)?;
    let (once, commitment) = keys(key, salt).ok()?;
    if !is_same(told, &commitment) {
        return None;
    }
    let mut text = Zeroizing::new(sealed.get(HEADER..)?.to_vec());
    crypto::decrypt(&once, &bound_to(key), &mut text)?;
    Some(text)
}

/// The key of one text, and a commitment to it. AES-GCM alone has no such: for two keys of their choice, an author can
/// make one text that opens under both.
fn keys(
    key: &RecordKey,
    salt: &[u8],
) -> Result<(Zeroizing<[u8; 32]>, [u8; COMMITMENT]), Unavailable> {
    let [once, commitment] = crypto::derive::<32, 2>(salt, key.seal.as_slice(), [ONCE, COMMITTED])?;
    Ok((Zeroizing::new(once), commitment))
}

/// What cannot be changed without breaking the seal, beyond the text.
fn bound_to(key: &RecordKey) -> Vec<u8> {
    [&[VERSION], key.name().as_bytes()].concat()
}

/// Takes as long wherever the two part.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .fold(0, |parts, (one, other)| parts | (one ^ other))
            == 0
}

const VERSION: u8 = 1;
const SALT: usize = 32;
const COMMITMENT: usize = 32;
const HEADER: usize = 1 + SALT + COMMITMENT;
const ONCE: &[u8] = b"tokens-br 1 once";
const COMMITTED: &[u8] = b"tokens-br 1 commitment";
/// Ten times what the largest record needs: whatever is longer was written by somebody else.
pub(crate) const LONGEST: usize = 64 * 1024;

#[cfg(test)]
mod tests;
