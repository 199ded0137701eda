//! A value in a file, as Docker, Kubernetes and systemd hand out secrets.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    path::Path,
};

use zeroize::Zeroizing;

use crate::{ConfigurationError, redaction};

pub(super) struct Content {
    pub(super) text: Zeroizing<String>,
    /// Whether every user of the machine may read it.
    pub(super) is_for_everyone: bool,
}

/// The text in the file at `path`, which the variable `name` names; every copy but the returned one is wiped. It is read
/// anew at each call.
pub(super) fn read(name: &str, path: &str) -> Result<Content, ConfigurationError> {
    // Whoever puts the secret itself into this variable is not to find it in an error.
    if !Path::new(path).is_absolute() {
        let rule = "must be the absolute path of a file, such as /run/secrets/password";
        return Err(ConfigurationError::new(name, rule));
    }
    let refused = |problem: &str| {
        let rule = format!("names {path}, which {problem}");
        ConfigurationError::new(name, redaction::one_line(&rule))
    };
    let unreadable = |error: io::Error| refused(&format!("cannot be read: {error}"));
    let file = File::open(path).map_err(unreadable)?;
    let is_for_everyone = file.metadata().is_ok_and(|about| is_for_everyone(&about));
    // One buffer, large enough from the start: growing would leave copies of a password behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    file.take(LONGEST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() > LONGEST {
        return Err(refused("is larger than 64 KiB"));
    }
    let text = str::from_utf8(&bytes).map_err(|_| refused("is not valid UTF-8"))?;
    match super::without_line_break(text) {
        "" => Err(refused("is empty")),
        text => Ok(Content {
            text: Zeroizing::new(text.to_owned()),
            is_for_everyone,
        }),
    }
}

#[cfg(unix)]
fn is_for_everyone(about: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    about.mode() & 0o004 != 0
}

#[cfg(not(unix))]
fn is_for_everyone(_: &Metadata) -> bool {
    false
}

/// In bytes. No credential comes near it.
const LONGEST: usize = 64 * 1024;
