use std::{
    io::{self, ErrorKind},
    path::Path,
    time::Duration,
};

use auth_common::{ConfigurationError, StoreKey};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::{
    file::{no_home, variable},
    files,
};

/// The [`StoreKey`] in `file`. Where there is none yet, one is made, in a file that only its owner can read.
///
/// Keep it elsewhere than the records. Whoever can read both, as can whoever has the whole home of the user, reads the
/// tokens.
///
/// # Errors
///
/// When the file cannot be read or made, others can write to its folder, or what is in it is no key.
pub fn kept_key(file: impl AsRef<Path>) -> Result<StoreKey, ConfigurationError> {
    let file = file.as_ref();
    let cannot = |error: io::Error| {
        let rule = format!("cannot be kept in its file: {error}");
        ConfigurationError::new("store key", rule)
    };
    if let Some(key) = read(file).map_err(cannot)? {
        return StoreKey::parse(&key);
    }
    let key = StoreKey::generate()?;
    let made = make(file, &key).map_err(cannot)?;
    // Another process may have been first.
    made.map_or(Ok(key), |text| StoreKey::parse(&text))
}

/// [`kept_key`] in a place of its own for each user: `tokens-br/store.key` in `$XDG_CONFIG_HOME` or `~/.config`, on
/// Windows in `%APPDATA%`.
///
/// # Errors
///
/// As for [`kept_key`], and when the environment names no such folder.
pub fn user_key() -> Result<StoreKey, ConfigurationError> {
    let folder = files::user_config(variable).ok_or_else(no_home)?;
    kept_key(folder.join("store.key"))
}

fn read(file: &Path) -> io::Result<Option<Zeroizing<String>>> {
    // Whoever can replace the file chooses the key.
    files::check_folder(file.parent().unwrap_or(Path::new("")))?;
    let Some(bytes) = files::read(file, LONGEST)? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).map(Zeroizing::new);
    text.map(Some)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is no text"))
}

/// Writes `key`, unless another process did so first: its key is returned.
fn make(file: &Path, key: &StoreKey) -> io::Result<Option<Zeroizing<String>>> {
    let folder = file.parent().unwrap_or(Path::new(""));
    files::make_folder(folder)?;
    let _lock = files::lock(&file.with_extension("lock"), LONGEST_WAIT)?;
    if let Some(text) = read(file)? {
        return Ok(Some(text));
    }
    let text = key.to_text();
    files::replace(
        file,
        &file.with_extension("new"),
        text.expose_secret().as_bytes(),
    )?;
    Ok(None)
}

/// Programs that start together make one key.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// A dozen keys.
const LONGEST: u64 = 1024;
