//! A program that cron starts eight times, each time in a process of its own: one login. A stand-in for Invoisys in the
//! first process plays the vendor, and a file keeps the token between the runs.
//!
//! ```sh
//! cargo run --example cron
//! ```

use std::{
    env,
    error::Error,
    fs,
    process::{self, Command},
    time::Instant,
};

use auth_store::{FileStore, kept_key};
use invoisys_auth::{
    Vars,
    blocking::Authenticator,
    testing::{StandIn, Vendor},
};

fn main() -> Result<(), Box<dyn Error>> {
    match env::var(FOLDER) {
        Ok(folder) => run(&folder),
        Err(_) => cron(),
    }
}

/// What cron starts. In a real program, `FileStore::user()` and `user_key()` choose the places.
fn run(folder: &str) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let key = kept_key(format!("{folder}/key/store.key"))?;
    let store = FileStore::new(format!("{folder}/tokens")).with_key(key);
    let invoisys: Authenticator = invoisys_auth::Authenticator::builder_from(&Vars::process())?
        .store(store)
        .build_blocking()?;
    invoisys.authorization()?;
    let how = match invoisys.snapshot().adopted {
        0 => "by a login",
        _ => "from the store",
    };
    println!("the header {how}, after {} ms", start.elapsed().as_millis());
    Ok(())
}

fn cron() -> Result<(), Box<dyn Error>> {
    let vendor = StandIn::playing(Vendor::with_user("fiscal", "a password"));
    let folder = env::temp_dir().join(format!("cron-{}", process::id()));
    fs::create_dir(&folder)?;
    for _ in 0..RUNS {
        let run = Command::new(env::current_exe()?)
            .env(FOLDER, &folder)
            .env("INVOISYS_ENVIRONMENT", vendor.base_url()?.to_string())
            .env("INVOISYS_USERNAME", "fiscal")
            .env("INVOISYS_PASSWORD", "a password")
            .status()?;
        if !run.success() {
            return Err("a run failed".into());
        }
    }
    fs::remove_dir_all(&folder)?;
    println!("{RUNS} runs: {} login", vendor.logins());
    Ok(())
}

const RUNS: usize = 8;
/// Names the folder to what cron starts.
const FOLDER: &str = "CRON_EXAMPLE_FOLDER";
