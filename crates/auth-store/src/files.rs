//! Files that nobody but their owner can read, wherever they are and whatever the umask is.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// A folder of the user's own for what programs keep from one run to the next; `None` where there is no such.
pub(crate) fn user_state(var: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    user_folder(var, "XDG_STATE_HOME", &[".local", "state"], "LOCALAPPDATA")
}

/// A folder of the user's own for settings.
pub(crate) fn user_config(var: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    user_folder(var, "XDG_CONFIG_HOME", &[".config"], "APPDATA")
}

/// What the XDG base directory specification says: a variable, if it is set and absolute, or else a folder in the home.
fn user_folder(
    var: impl Fn(&str) -> Option<PathBuf>,
    name: &str,
    else_in_home: &[&str],
    on_windows: &str,
) -> Option<PathBuf> {
    let absolute = |name| var(name).filter(|path| path.is_absolute());
    if cfg!(windows) {
        return absolute(on_windows).map(|folder| folder.join(PROGRAM));
    }
    let folder = absolute(name).or_else(|| {
        let home = absolute("HOME")?;
        Some(
            else_in_home
                .iter()
                .fold(home, |folder, name| folder.join(name)),
        )
    });
    folder.map(|folder| folder.join(PROGRAM))
}

/// Makes `folder` and those above it, as far as they are missing, for their owner alone.
///
/// One that others can write to is [refused](check_folder).
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let folder = named(folder);
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    check_folder(folder)
}

/// Refuses a folder that others can write to: they could put another file in the place of ours. One that is not there is
/// nobody's.
pub(crate) fn check_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let permissions = match fs::metadata(named(folder)) {
            Ok(metadata) => metadata.permissions(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if permissions.mode() & WRITABLE_BY_OTHERS != 0 {
            let problem = "other users can write to the folder";
            return Err(io::Error::new(ErrorKind::PermissionDenied, problem));
        }
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// That of a file without one is the current.
fn named(folder: &Path) -> &Path {
    if folder == Path::new("") {
        Path::new(".")
    } else {
        folder
    }
}

/// The first `longest` bytes of a file, or `None` where there is none. What is no file, such as a pipe, is refused: to
/// read it might take for ever.
pub(crate) fn read(file: &Path, longest: u64) -> io::Result<Option<Vec<u8>>> {
    let kind = match fs::symlink_metadata(file) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !kind.is_file() {
        let problem = "there is something else in the place of the file";
        return Err(io::Error::new(ErrorKind::InvalidInput, problem));
    }
    let mut bytes = Vec::new();
    match File::open(file) {
        Ok(opened) => opened.take(longest).read_to_end(&mut bytes)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(bytes))
}

/// The names of the files in `folder` that end in a dot and `extension`, without that end; none where there is no folder.
pub(crate) fn names(folder: &Path, extension: &str) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let file = PathBuf::from(entry?.file_name());
        if file.extension().is_some_and(|it| it == extension) {
            let name = file.file_stem().and_then(|name| name.to_str());
            names.extend(name.map(str::to_owned));
        }
    }
    Ok(names)
}

/// Removes `file`, and tells whether it was there.
pub(crate) fn remove(file: &Path) -> io::Result<bool> {
    match fs::remove_file(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Puts a file with these bytes in the place of `file`, in one step: nobody sees a part of it, and a machine that loses
/// power has the one or the other. `beside` is a name in the same folder, for nobody else to use meanwhile.
pub(crate) fn replace(file: &Path, beside: &Path, bytes: &[u8]) -> io::Result<()> {
    // Whoever was here before may have been killed half-way.
    remove(beside)?;
    let written = owners_alone()
        .write(true)
        .create_new(true)
        .open(beside)
        .and_then(|mut new| {
            new.write_all(bytes)?;
            new.sync_all()
        })
        .and_then(|()| fs::rename(beside, file));
    if written.is_err() {
        // A disk that is full has no room for it; whether it can be removed changes nothing.
        let _ = fs::remove_file(beside);
    }
    written
}

/// Opens the file of a lock and locks it, within `limit`. The operating system frees the lock with the file, and so even
/// when the process is killed.
pub(crate) fn lock(file: &Path, limit: Duration) -> io::Result<File> {
    let started = Instant::now();
    let opened = owners_alone()
        .write(true)
        .create(true)
        .truncate(false)
        .open(file)?;
    let mut pause = FIRST_PAUSE;
    loop {
        match opened.try_lock() {
            Ok(()) => return Ok(opened),
            Err(fs::TryLockError::Error(error)) => return Err(error),
            Err(fs::TryLockError::WouldBlock) => {}
        }
        if started.elapsed() >= limit {
            let problem = "another process has held the lock for too long";
            return Err(io::Error::new(ErrorKind::TimedOut, problem));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn owners_alone() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    #[cfg(not(unix))]
    let _: &mut OpenOptions = &mut options;
    options
}

const PROGRAM: &str = "tokens-br";
#[cfg(unix)]
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// The lock is held for as long as a small file takes to be written.
const FIRST_PAUSE: Duration = Duration::from_micros(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests;
