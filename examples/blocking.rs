//! A script without async. A stand-in for Invoisys in this process plays the vendor; for the real one, the first two
//! lines of `main` become `Authenticator::from_env()?`.
//!
//! ```sh
//! cargo run --example blocking
//! ```

use std::{error::Error, thread};

use invoisys_auth::{blocking::Authenticator, testing::StandIn};

fn main() -> Result<(), Box<dyn Error>> {
    let vendor = StandIn::start();
    let invoisys: Authenticator = vendor.builder()?.build_blocking()?;

    let token = invoisys.token()?;
    println!("a token until {}", token.expires_at());

    // Threads share it: none of them logs in, and a renewal, when it is time, is nobody's to wait for.
    let headers = thread::scope(|scope| {
        let threads: Vec<_> = (0..100)
            .map(|_| scope.spawn(|| invoisys.authorization()))
            .collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok()?.ok())
            .count()
    });
    println!(
        "{headers} threads have the header, after {} login",
        vendor.logins()
    );
    Ok(())
}
