//! How a command ends: the exit codes that the README promises, and the words on standard error.

use std::{
    fmt,
    io::{self, Write},
};

use auth_common::{ConfigurationError, ErrorKind};

/// Results could not be written, or a program could not be run.
pub(crate) const FAILED: u8 = 1;
pub(crate) const USAGE: u8 = 2;
pub(crate) const REFUSED: u8 = 3;
pub(crate) const RATE_LIMITED: u8 = 4;
pub(crate) const NOT_REACHED: u8 = 5;
pub(crate) const NOT_UNDERSTOOD: u8 = 6;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a command ends before its time.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    /// Empty where there is nobody to tell it to.
    words: String,
    /// Begins with `error: `, as the words of the parser of arguments do by themselves.
    headed: bool,
}

impl Failure {
    pub(crate) fn new(code: u8, words: impl Into<String>) -> Self {
        Self {
            code,
            words: words.into(),
            headed: true,
        }
    }

    /// Words that are written as they are.
    pub(crate) fn in_own_words(code: u8, words: impl Into<String>) -> Self {
        Self {
            headed: false,
            ..Self::new(code, words)
        }
    }

    pub(crate) fn usage(words: impl Into<String>) -> Self {
        Self::new(USAGE, words)
    }

    /// Nothing more to say than the code.
    pub(crate) fn silent(code: u8) -> Self {
        Self::in_own_words(code, "")
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// Standard error may be closed or full: that changes nothing.
    pub(crate) fn tell(&self) {
        if self.words.is_empty() {
            return;
        }
        let head = if self.headed { "error: " } else { "" };
        let end = if self.words.ends_with('\n') { "" } else { "\n" };
        let _ = write!(io::stderr(), "{head}{}{end}", self.words);
    }
}

impl From<ConfigurationError> for Failure {
    fn from(error: ConfigurationError) -> Self {
        Self::usage(error.to_string())
    }
}

/// Standard output could not be written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::silent(FAILED);
        }
        Self::new(FAILED, format!("the output cannot be written: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// The exit code of each kind of error.
pub(crate) fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::CredentialsRefused => REFUSED,
        ErrorKind::RateLimited => RATE_LIMITED,
        ErrorKind::Unavailable | ErrorKind::TimedOut => NOT_REACHED,
        ErrorKind::InvalidResponse => NOT_UNDERSTOOD,
        // The environment, the account's permissions, a file with a secret.
        _ => USAGE,
    }
}
