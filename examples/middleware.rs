//! A client of `reqwest` that authorizes itself: the calls know nothing of tokens. A stand-in for Conta Simples in this
//! process plays the vendor.
//!
//! ```sh
//! cargo run --example middleware
//! ```

use std::error::Error;

use contasimples_auth::{AuthorizeMiddleware, testing::StandIn};
use reqwest::Client;
use reqwest_middleware::ClientBuilder;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let vendor = StandIn::start();
    let authorize = AuthorizeMiddleware::new(vendor.authenticator()?);
    // The stand-in is on this machine, where a proxy has no business.
    let http = ClientBuilder::new(Client::builder().no_proxy().build()?)
        .with(authorize)
        .build();

    let response = http.get(vendor.resource_url()).send().await?;
    println!(
        "the balance: {} {}",
        response.status(),
        response.text().await?
    );

    // The vendor forgets every token, and answers the next call by a 401, of which nothing is seen here.
    vendor.expire_tokens();
    let response = http.get(vendor.resource_url()).send().await?;
    println!(
        "once more: {}, after {} logins in all",
        response.status(),
        vendor.logins()
    );

    // A token is for nobody else, whatever URL comes along.
    match http.get("https://example.com/").send().await {
        Ok(_) => Err("a call to a stranger went out".into()),
        Err(error) => {
            println!("to a stranger: {error}");
            Ok(())
        }
    }
}
