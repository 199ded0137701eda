//! What an operator sees of a token's life, with `tracing-subscriber`, from a stand-in for ZapSign in this process:
//!
//! ```sh
//! cargo run --example tracing
//! ```

use std::error::Error;

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt,
    prelude::*,
};
use zapsign_auth::testing::StandIn;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // In production, INFO is enough: one line for each token, and one for each failure. DEBUG tells the attempts too.
    let ours = Targets::new().with_target("auth_common", LevelFilter::DEBUG);
    let lines = fmt::layer().with_target(false).without_time();
    tracing_subscriber::registry().with(lines).with(ours).init();

    let vendor = StandIn::start();
    let zapsign = vendor.authenticator()?;

    println!(
        "The first call logs in. A thousand more say nothing, since nothing is asked of the vendor:"
    );
    for _ in 0..=1000 {
        zapsign.authorization().await?;
    }

    println!("\nThe API refuses the token with a 401. Another comes by the refresh token:");
    let token = zapsign.token().await?;
    zapsign.invalidate(&token);
    zapsign.authorization().await?;

    println!("\nThe vendor is out of order when a new token is wanted:");
    vendor.fail(503);
    match zapsign.renew().await {
        Ok(_) => return Err("a renewal that was to fail did not".into()),
        Err(error) => println!("The caller is told: {error}"),
    }

    println!("\nNobody else notices, since the token at hand is still valid:");
    zapsign.authorization().await?;
    println!("{:?}", zapsign.snapshot().state);
    Ok(())
}
