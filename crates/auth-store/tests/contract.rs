//! The engine on files, against the contract of all engines.

use std::{env, fs, path::Path, process};

use auth_common::testing::store_contract;
use auth_store::FileStore;

#[tokio::test(flavor = "multi_thread")]
async fn files_keep_the_contract() {
    let name = format!("auth-store-contract-{}", process::id());
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        memory.join(name)
    } else {
        env::temp_dir().join(name)
    };
    let open = || FileStore::new(&folder);
    if memory.is_dir() {
        store_contract::check(open).await;
    } else {
        // A disk is given time to write each of them down.
        store_contract::check_register(open).await;
        store_contract::check_values(open).await;
        store_contract::check_dropped_swap(open).await;
        store_contract::check_clock(open).await;
        store_contract::check_swaps(open, 8, 50).await;
    }
    let _ = fs::remove_dir_all(&folder);
}
