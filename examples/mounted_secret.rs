//! A password in a mounted file, as Docker, Kubernetes and systemd hand it over, is changed while the program runs. A
//! stand-in for Invoisys in this process plays the vendor; in a real program, `Authenticator::from_env()` takes the place
//! of the settings below, and `INVOISYS_PASSWORD_FILE` names the file.
//!
//! ```sh
//! cargo run --example mounted_secret
//! ```

use std::{env, error::Error, fs, path::PathBuf, process, time::Duration};

use invoisys_auth::{
    Authenticator, ErrorKind, Vars,
    testing::{StandIn, Vendor},
};
use tokio::time::{Instant, sleep};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = Mounted::new("the first password\n")?;
    let vendor = StandIn::playing(Vendor::with_user("fiscal", "the first password"));
    let vars = Vars::from_pairs([
        ("INVOISYS_ENVIRONMENT", vendor.base_url()?.to_string()),
        ("INVOISYS_USERNAME", "fiscal".into()),
        ("INVOISYS_PASSWORD_FILE", secret.0.display().to_string()),
    ]);
    let invoisys = Authenticator::builder_from(&vars)?.build()?;
    invoisys.authorization().await?;
    println!("a token, by the password in the file");

    vendor.play(Vendor::with_user("fiscal", "the second password"));
    vendor.expire_tokens();
    invoisys.invalidate(&invoisys.token().await?);
    match invoisys.authorization().await {
        Err(error) if error.kind() == ErrorKind::CredentialsRefused => {
            println!("the vendor has another password: refused");
        }
        _ => return Err("the old password was accepted".into()),
    }

    secret.write("the second password\n")?;
    let changed = Instant::now();
    // Nothing was restarted. The file is read again at most every 5 s, and the old password is not sent a second time.
    while invoisys.authorization().await.is_err() {
        sleep(Duration::from_millis(100)).await;
    }
    println!(
        "the file has it too: a token {} s later, after {} logins and {} refusal in all",
        changed.elapsed().as_secs(),
        vendor.logins(),
        vendor.refused()
    );
    Ok(())
}

/// A secret file, in a folder of its own.
struct Mounted(PathBuf);

impl Mounted {
    fn new(secret: &str) -> Result<Self, Box<dyn Error>> {
        let folder = env::temp_dir().join(format!("mounted-secret-{}", process::id()));
        fs::create_dir_all(&folder)?;
        let mounted = Self(folder.join("password"));
        mounted.write(secret)?;
        Ok(mounted)
    }

    /// Replaces the file as a whole, as Kubernetes does: nobody reads half a password.
    fn write(&self, secret: &str) -> Result<(), Box<dyn Error>> {
        let new = self.0.with_extension("new");
        fs::write(&new, secret)?;
        Ok(fs::rename(new, &self.0)?)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Some(folder) = self.0.parent() {
            // It is in the folder for temporary files.
            let _ = fs::remove_dir_all(folder);
        }
    }
}
