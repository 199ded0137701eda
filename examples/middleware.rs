//! A client of `reqwest` that authorizes itself: the calls know nothing of tokens. A stand-in for Conta Simples in this
//! process plays the vendor.
//!
//! ```sh
//! cargo run --example middleware
//! ```

use std::error::Error;

use contasimples_auth::{AuthorizeMiddleware, testing::StandIn};
use reqwest::Client;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let vendor = StandIn::start();
    let http = client(&vendor)?;

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
        Ok(_) => return Err("a call to a stranger went out".into()),
        Err(error) => println!("to a stranger: {error}"),
    }

    // Where no token can be had, the call fails, and its error holds the reason.
    vendor.refuse_credentials();
    let http = client(&vendor)?;
    match http.get(vendor.resource_url()).send().await {
        Err(reqwest_middleware::Error::Middleware(error)) => {
            let reason = error.downcast_ref::<contasimples_auth::Error>();
            if reason.is_some_and(contasimples_auth::Error::is_credentials_refused) {
                println!("no token: somebody has to correct the credentials");
            }
            Ok(())
        }
        other => Err(format!("a call without a token went out: {other:?}").into()),
    }
}

fn client(vendor: &StandIn) -> Result<ClientWithMiddleware, Box<dyn Error>> {
    let authorize = AuthorizeMiddleware::new(vendor.authenticator()?);
    // The stand-in is on this machine, where a proxy has no business.
    let http = Client::builder().no_proxy().build()?;
    Ok(ClientBuilder::new(http).with(authorize).build())
}
