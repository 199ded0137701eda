//! The engine on files, against other processes and what else may happen to a folder.
#![cfg(not(windows))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::{
    collections::BTreeSet,
    env,
    fs::{self, File, OpenOptions, Permissions},
    io::{BufRead, BufReader, Read},
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio, id},
    time::{Duration, Instant},
};

use auth_common::{
    Loaded, Session, StoreError, Swapped, TokenStore, testing::store_contract::record_key,
};
use auth_store::{FileStore, kept_key};
use secrecy::ExposeSecret;

#[test]
fn increments_of_many_processes_are_all_there() {
    let folder = Folder::new("processes");
    let children: Vec<_> = (0..PROCESSES)
        .map(|_| another_process("increments", &folder.0))
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let loaded = block_on(load(&folder.store())).unwrap();
    let expected = (PROCESSES * INCREMENTS).to_string();
    assert_eq!(loaded.value(), Some(expected.as_bytes()));
}

#[test]
fn lock_of_a_process_that_was_killed_is_free() {
    let folder = Folder::new("killed");
    block_on(swap(&folder.store(), b"before")).unwrap();
    let mut holder = another_process("holds_the_lock", &folder.0);
    let mut line = String::new();
    let mut output = BufReader::new(holder.stdout.take().unwrap());
    while !line.contains("locked") {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "it ended");
    }
    block_on(swap(&folder.store(), b"meanwhile")).unwrap_err();
    // SIGKILL
    holder.kill().unwrap();
    holder.wait().unwrap();
    block_on(swap(&folder.store(), b"after")).unwrap();
    let loaded = block_on(load(&folder.store())).unwrap();
    assert_eq!(loaded.value(), Some(&b"after"[..]));
}

#[test]
fn lock_that_cannot_be_had_costs_half_a_second_and_stops_no_reader() {
    let folder = Folder::new("locked");
    block_on(swap(&folder.store(), b"before")).unwrap();
    let held = File::open(folder.file("lock")).unwrap();
    held.lock().unwrap();
    let started = Instant::now();
    let error = block_on(swap(&folder.store(), b"never")).unwrap_err();
    let took = started.elapsed();
    assert!(
        took >= Duration::from_millis(500) && took < Duration::from_millis(900),
        "{took:?}"
    );
    assert!(
        error.to_string().contains("held the lock for too long"),
        "{error}"
    );
    let loaded = block_on(load(&folder.store())).unwrap();
    assert_eq!(loaded.value(), Some(&b"before"[..]));
}

#[test]
fn folder_and_files_are_their_owners_alone_whatever_the_umask() {
    let folder = Folder::new("umask");
    let mut child = Command::new("sh")
        .args(["-c", "umask 000; exec \"$@\"", "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "another_process_increments", "--ignored"])
        .env(FOLDER, folder.0.join("a").join("b"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    assert!(child.wait().unwrap().success());
    let mut seen = 0;
    for inner in [folder.0.join("a"), folder.0.join("a").join("b")] {
        assert_eq!(mode(&inner), 0o700, "{inner:?}");
        for entry in fs::read_dir(inner).unwrap() {
            let entry = entry.unwrap().path();
            if entry.is_file() {
                assert_eq!(mode(&entry), 0o600, "{entry:?}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 2, "a record and its lock");
}

#[test]
fn folder_that_others_can_write_to_is_refused() {
    let folder = Folder::new("shared");
    fs::set_permissions(&folder.0, Permissions::from_mode(0o777)).unwrap();
    let error = block_on(swap(&folder.store(), b"x")).unwrap_err();
    assert!(
        error.to_string().contains("other users can write"),
        "{error}"
    );
    let error = kept_key(folder.0.join("key")).unwrap_err();
    assert!(
        error.to_string().contains("other users can write"),
        "{error}"
    );
    // Others may read it: there is nothing to be read.
    fs::set_permissions(&folder.0, Permissions::from_mode(0o755)).unwrap();
    block_on(swap(&folder.store(), b"x")).unwrap();
}

#[test]
fn folder_that_is_missing_is_empty_and_stays_so_until_a_token_comes() {
    let folder = Folder::new("missing");
    let store = FileStore::new(folder.0.join("x"));
    assert_eq!(block_on(load(&store)).unwrap().value(), None);
    assert!(!folder.0.join("x").exists());
    block_on(swap(&store, b"x")).unwrap();
    assert_eq!(block_on(load(&store)).unwrap().value(), Some(&b"x"[..]));
}

#[test]
fn what_cannot_be_written_is_an_error_and_leaves_the_value() {
    let folder = Folder::new("unwritable");
    block_on(swap(&folder.store(), b"before")).unwrap();
    // Root may write to a read-only folder, but not to a file in a folder's place.
    fs::create_dir(folder.file("new")).unwrap();
    block_on(swap(&folder.store(), b"never")).unwrap_err();
    let loaded = block_on(load(&folder.store())).unwrap();
    assert_eq!(loaded.value(), Some(&b"before"[..]));
    fs::write(folder.0.join("file"), "").unwrap();
    let store = FileStore::new(folder.0.join("file"));
    block_on(swap(&store, b"x")).unwrap_err();
}

#[test]
fn full_disk_is_an_error_and_leaves_the_value() {
    // A file system of a few pages, where this process may make one.
    let folder = Folder::new("full");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs"])
        .arg(&folder.0)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!("LEFT OUT: a full disk: this process may not mount one");
        return;
    }
    let _unmount = Unmount(folder.0.clone());
    block_on(swap(&folder.store(), b"before")).unwrap();
    let mut left = 0;
    while fs::write(folder.0.join(format!("{left}")), [7; 4096]).is_ok() {
        left += 1;
    }
    assert!(block_on(swap(&folder.store(), &[1; 8192])).is_err());
    let loaded = block_on(load(&folder.store())).unwrap();
    assert_eq!(loaded.value(), Some(&b"before"[..]));
    assert!(!folder.file("new").exists());
    fs::remove_file(folder.0.join("0")).unwrap();
    fs::remove_file(folder.0.join("1")).unwrap();
    block_on(swap(&folder.store(), b"after")).unwrap();
}

#[test]
fn what_a_killed_process_left_half_written_is_in_nobodys_way() {
    let folder = Folder::new("half");
    block_on(swap(&folder.store(), b"before")).unwrap();
    fs::write(folder.file("new"), "half a rec").unwrap();
    block_on(swap(&folder.store(), b"after")).unwrap();
    let loaded = block_on(load(&folder.store())).unwrap();
    assert_eq!(loaded.value(), Some(&b"after"[..]));
    assert!(!folder.file("new").exists());
}

#[test]
fn foreign_file_of_any_size_can_be_replaced() {
    let folder = Folder::new("foreign");
    block_on(swap(&folder.store(), b"x")).unwrap();
    for foreign in [vec![], vec![b'x'; 10_000_000]] {
        fs::write(folder.file("token"), &foreign).unwrap();
        let loaded = block_on(load(&folder.store())).unwrap();
        assert!(loaded.value().unwrap().len() <= 64 * 1024 + 1);
        block_on(swap(&folder.store(), b"x")).unwrap();
    }
}

#[test]
fn pipes_folders_and_links_in_a_records_place_are_not_opened() {
    let folder = Folder::new("pipe");
    let record = folder.file("token");
    assert!(
        Command::new("mkfifo")
            .arg(&record)
            .status()
            .unwrap()
            .success()
    );
    block_on(load(&folder.store())).unwrap_err();
    fs::remove_file(&record).unwrap();
    fs::create_dir(&record).unwrap();
    block_on(load(&folder.store())).unwrap_err();
    fs::remove_dir(&record).unwrap();
    let elsewhere = folder.0.join("elsewhere");
    fs::write(&elsewhere, "x").unwrap();
    symlink(&elsewhere, &record).unwrap();
    block_on(load(&folder.store())).unwrap_err();
}

#[test]
fn key_is_made_once_and_found_again() {
    let folder = Folder::new("key");
    let file = folder.0.join("inner").join("store.key");
    let made = kept_key(&file).unwrap();
    assert_eq!((mode(&folder.0.join("inner")), mode(&file)), (0o700, 0o600));
    let found = kept_key(&file).unwrap();
    assert_eq!(
        made.to_text().expose_secret(),
        found.to_text().expose_secret()
    );
    fs::write(&file, "no key").unwrap();
    let error = kept_key(&file).unwrap_err().to_string();
    assert!(
        error.contains("must be 32 random bytes") && !error.contains("no key"),
        "{error}"
    );
}

#[test]
fn key_in_a_folder_that_others_can_write_to_is_refused_though_it_is_there() {
    let folder = Folder::new("open-key");
    let inner = folder.0.join("inner");
    let file = inner.join("store.key");
    kept_key(&file).unwrap();
    fs::set_permissions(&inner, Permissions::from_mode(0o777)).unwrap();
    let error = kept_key(&file).unwrap_err().to_string();
    assert!(
        error.contains("other users can write to the folder"),
        "{error}"
    );
    fs::set_permissions(&inner, Permissions::from_mode(0o700)).unwrap();
    kept_key(&file).unwrap();
}

#[test]
fn programs_that_start_together_make_one_key() {
    let folder = Folder::new("keys");
    let children: Vec<_> = (0..16)
        .map(|_| another_process("makes_a_key", &folder.0))
        .collect();
    let keys = children.into_iter().map(|mut child| {
        let mut text = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert!(child.wait().unwrap().success());
        let key = text.lines().find_map(|line| line.split_once("key: "));
        key.unwrap().1.to_owned()
    });
    let keys: std::collections::BTreeSet<_> = keys.collect();
    assert_eq!(keys.len(), 1);
}

#[test]
fn debug_form_shows_no_key() {
    let folder = Folder::new("debug");
    let key = kept_key(folder.0.join("key")).unwrap();
    let text = key.to_text();
    let shown = format!("{:?}", FileStore::new("/x").with_key(key));
    assert_eq!(shown, "FileStore { folder: \"/x\", .. }");
    assert!(!shown.contains(text.expose_secret()));
}

// What other processes do

#[test]
#[ignore = "started by other tests"]
fn another_process_increments() {
    let store = FileStore::new(env::var_os(FOLDER).unwrap());
    block_on(async {
        for _ in 0..INCREMENTS {
            loop {
                // Where many wait for the lock, one may wait for too long.
                let Ok(loaded) = load(&store).await else {
                    continue;
                };
                let number = loaded.value().map_or(0, |value| {
                    std::str::from_utf8(value).unwrap().parse::<u32>().unwrap()
                });
                let next = (number + 1).to_string();
                if let Ok(swapped) = swap_after(&store, &loaded, next.as_bytes()).await
                    && swapped.seen().is_some()
                {
                    break;
                }
            }
        }
    });
}

#[test]
#[ignore = "started by other tests"]
fn another_process_holds_the_lock() {
    let folder = Folder(env::var_os(FOLDER).unwrap().into());
    let lock = OpenOptions::new()
        .write(true)
        .open(folder.file("lock"))
        .unwrap();
    lock.lock().unwrap();
    println!("locked");
    std::mem::forget(folder);
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
#[ignore = "started by other tests"]
fn another_process_makes_a_key() {
    let folder = PathBuf::from(env::var_os(FOLDER).unwrap());
    let key = kept_key(folder.join("store.key")).unwrap();
    println!("key: {}", key.to_text().expose_secret());
}

fn another_process(does: &str, folder: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("another_process_{does}"),
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A folder for one test. In memory, where there is such a place: what is tested is not the disk.
#[test]
fn store_that_is_cleared_keeps_nothing_but_locks() {
    let folder = Folder::new("cleared");
    let store = folder.store();
    assert_eq!(store.clear().unwrap(), 0);
    block_on(swap(&store, b"a record")).unwrap();
    fs::write(folder.0.join("of-somebody.else"), "kept").unwrap();
    fs::write(folder.file("new"), "half of a rec").unwrap();
    assert_eq!(store.clear().unwrap(), 1);
    assert!(block_on(load(&store)).unwrap().value().is_none());
    let left: BTreeSet<_> = fs::read_dir(store.folder())
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    assert_eq!(
        left,
        BTreeSet::from([folder.file("lock"), folder.0.join("of-somebody.else")])
    );
    block_on(swap(&store, b"another")).unwrap();
    assert_eq!(FileStore::new(folder.0.join("absent")).clear().unwrap(), 0);
}

#[test]
fn record_is_not_cleared_while_another_process_writes_it() {
    let folder = Folder::new("clearing");
    let store = folder.store();
    block_on(swap(&store, b"a record")).unwrap();
    let lock = File::open(folder.file("lock")).unwrap();
    lock.lock().unwrap();
    assert!(store.clear().is_err());
    drop(lock);
    assert_eq!(store.clear().unwrap(), 1);
}

struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() {
            memory.to_owned()
        } else {
            env::temp_dir()
        };
        let folder = parent.join(format!("auth-store-{test}-{}", id()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn store(&self) -> FileStore {
        FileStore::new(&self.0)
    }

    fn file(&self, kind: &str) -> PathBuf {
        self.0.join(format!("{}.{kind}", record_key("file").name()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Unmount(PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

async fn load(store: &FileStore) -> Result<Loaded, StoreError> {
    store.load(&mut Session::new(), &record_key("file")).await
}

async fn swap(store: &FileStore, value: &[u8]) -> Result<Swapped, StoreError> {
    let loaded = load(store).await?;
    let swapped = swap_after(store, &loaded, value).await?;
    assert!(swapped.seen().is_some(), "a conflict with nobody");
    Ok(swapped)
}

async fn swap_after(
    store: &FileStore,
    loaded: &Loaded,
    value: &[u8],
) -> Result<Swapped, StoreError> {
    let (mut session, key) = (Session::new(), record_key("file"));
    let swap = store.swap(&mut session, &key, loaded.seen(), value, Duration::ZERO);
    swap.await
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

const FOLDER: &str = "AUTH_STORE_TEST_FOLDER";
const PROCESSES: u32 = 64;
const INCREMENTS: u32 = 20;
