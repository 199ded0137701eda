use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use auth_common::{
    ConfigurationError, Incarnation, Loaded, Reading, RecordKey, Seen, Session, StoreError,
    StoreFuture, StoreKey, Swapped, TokenStore,
};

use crate::files;

/// A token for all processes of one machine, and from one run of a program to the next: a folder with a file for each set
/// of credentials, under a lock of the operating system.
///
/// It is for commands, for programs that cron starts, and for services on a single host. Not on a network file system:
/// what a lock is worth there differs.
///
/// The folder and its files are made at first use, for their owner alone. A [`StoreKey`] is better than none: without one
/// the records are sealed by the credentials alone, and to make guessing them slow costs each process a quarter of a
/// second of a processor's time.
///
/// ```no_run
/// use auth_store::{FileStore, user_key};
///
/// let store = FileStore::user()?.with_key(user_key()?);
/// # let _ = store;
/// # Ok::<(), auth_common::ConfigurationError>(())
/// ```
#[derive(Clone)]
pub struct FileStore {
    folder: Arc<Path>,
    key: Option<StoreKey>,
}

impl FileStore {
    /// The store in `folder`, which no other user may be able to write to. Nothing is read or made yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into().into(),
            key: None,
        }
    }

    /// The store of the user whose process this is: `tokens-br` in `$XDG_STATE_HOME` or `~/.local/state`, on Windows in
    /// `%LOCALAPPDATA%`.
    ///
    /// # Errors
    ///
    /// When the environment names no such folder, as for a service without a home.
    pub fn user() -> Result<Self, ConfigurationError> {
        files::user_state(variable)
            .map(Self::new)
            .ok_or_else(no_home)
    }

    /// Seals the records by `key`.
    #[must_use]
    pub fn with_key(mut self, key: StoreKey) -> Self {
        self.key = Some(key);
        self
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes every token that is kept in the folder, and whatever else its records say, such as that a vendor refused a
    /// password. Returns how many records there were. The empty files that processes lock stay.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read or written to, or a process keeps a record locked.
    pub fn clear(&self) -> io::Result<usize> {
        let mut removed = 0;
        for name in files::names(&self.folder, RECORD)? {
            let record = self.record_of(&name);
            let _lock = files::lock(&record.lock, LONGEST_WAIT)?;
            files::remove(&record.new)?;
            removed += usize::from(files::remove(&record.file)?);
        }
        Ok(removed)
    }

    fn record(&self, key: &RecordKey) -> Record {
        self.record_of(key.name())
    }

    fn record_of(&self, name: &str) -> Record {
        let file = |kind| self.folder.join(format!("{name}.{kind}"));
        Record {
            folder: Arc::clone(&self.folder),
            file: file(RECORD),
            lock: file("lock"),
            new: file("new"),
        }
    }
}

impl TokenStore for FileStore {
    fn key(&self) -> Option<&StoreKey> {
        self.key.as_ref()
    }

    fn load<'a>(
        &'a self,
        _session: &'a mut Session,
        key: &'a RecordKey,
    ) -> StoreFuture<'a, Loaded> {
        let record = self.record(key);
        Box::pin(on_a_thread(move || {
            // Each value takes its predecessor's place in one step: to read takes no lock.
            let value = record.read()?;
            let seen = seen(value.as_deref());
            Ok(Loaded::new(value, seen, reading()))
        }))
    }

    fn swap<'a>(
        &'a self,
        _session: &'a mut Session,
        key: &'a RecordKey,
        expected: &'a Seen,
        value: &'a [u8],
        _keep: Duration,
    ) -> StoreFuture<'a, Swapped> {
        let record = self.record(key);
        // Whoever waits may go; the thread goes on to the end.
        let (expected, value) = (expected.clone(), value.to_vec());
        Box::pin(on_a_thread(move || {
            files::make_folder(&record.folder)?;
            let _lock = files::lock(&record.lock, LONGEST_WAIT)?;
            if seen(record.read()?.as_deref()) != expected {
                return Ok(Swapped::conflict(reading()));
            }
            files::replace(&record.file, &record.new, &value)?;
            Ok(Swapped::stored(seen(Some(&value)), reading()))
        }))
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// Where one record is.
struct Record {
    folder: Arc<Path>,
    file: PathBuf,
    /// A file of its own, never replaced: a lock on a file that another takes the place of would hold nobody back.
    lock: PathBuf,
    /// What is being written, under the lock.
    new: PathBuf,
}

impl Record {
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        files::read(&self.file, LONGEST)
    }
}

/// A record is never the same twice: its bytes tell it from any other.
fn seen(value: Option<&[u8]>) -> Seen {
    value.map_or_else(Seen::nothing, Seen::something)
}

/// A file has no clock of its own, and is never another one of the same name.
fn reading() -> Reading {
    Reading::new(None, Some(Incarnation::new("file")))
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|_| StoreError::new("its thread was stopped"))?;
    done.map_err(|error| StoreError::new(error.to_string()))
}

pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

pub(crate) fn no_home() -> ConfigurationError {
    let rule = "needs a folder of the user: set HOME (on Windows LOCALAPPDATA), or name a folder";
    ConfigurationError::new("token store", rule)
}

/// How the files of records end.
const RECORD: &str = "token";
/// Whoever waits for the lock keeps a caller waiting.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// More than any record has, so that one which is too long is told from it.
const LONGEST: u64 = 64 * 1024 + 1;
