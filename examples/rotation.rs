//! A password is rotated under load, the vendor first and the file some seconds later, while a thousand callers ask for
//! the header. A stand-in for Invoisys in this process plays the vendor, with tokens that live for 16 s.
//!
//! ```sh
//! cargo run --release --example rotation
//! ```

use std::{
    env,
    error::Error,
    fs, process,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use invoisys_auth::{
    Authenticator, Vars,
    testing::{StandIn, Vendor},
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = env::temp_dir().join(format!("rotation-{}", process::id()));
    fs::write(&file, "the old password")?;
    let vendor = StandIn::playing(Vendor::with_user("fiscal", "the old password"));
    vendor.set_lifetime(LIFETIME);
    let vars = Vars::from_pairs([
        ("INVOISYS_ENVIRONMENT", vendor.base_url()?.to_string()),
        ("INVOISYS_USERNAME", "fiscal".into()),
        ("INVOISYS_PASSWORD_FILE", file.display().to_string()),
    ]);
    // From the middle of its life on, a token is renewed.
    let invoisys = Authenticator::builder_from(&vars)?
        .early_renewal(0.5)
        .build()?;
    invoisys.authorization().await?;

    let start = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let invoisys = invoisys.clone();
        callers.spawn(async move {
            while start.elapsed() < LIFETIME {
                let called = Instant::now();
                let failed = invoisys.authorization().await.is_err();
                CALLS.fetch_add(1, Relaxed);
                FAILED.fetch_add(failed.into(), Relaxed);
                SLOWEST.fetch_max(called.elapsed().as_millis() as u64, Relaxed);
                sleep(Duration::from_millis(20)).await;
            }
        });
    }

    sleep_until(start + Duration::from_secs(1)).await;
    vendor.play(Vendor::with_user("fiscal", "the new password"));
    println!(" 1 s: the vendor has the new password");
    sleep_until(start + Duration::from_secs(11)).await;
    println!(
        "11 s: the old one was refused {} time; the file has the new one",
        vendor.refused()
    );
    fs::write(&file, "the new password")?;
    callers.join_all().await;
    fs::remove_file(&file)?;
    println!(
        "{} s: {} calls of {CALLERS} callers, {} failed, the slowest took {} ms; {} logins, {} refused",
        LIFETIME.as_secs(),
        CALLS.load(Relaxed),
        FAILED.load(Relaxed),
        SLOWEST.load(Relaxed),
        vendor.logins(),
        vendor.refused()
    );
    Ok(())
}

static CALLS: AtomicU64 = AtomicU64::new(0);
static FAILED: AtomicU64 = AtomicU64::new(0);
static SLOWEST: AtomicU64 = AtomicU64::new(0);
const CALLERS: u32 = 1000;
const LIFETIME: Duration = Duration::from_secs(16);
