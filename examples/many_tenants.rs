//! A service that calls a vendor for a thousand customers, each with an account of its own: one authenticator per
//! customer, all on one transport. A stand-in for Conta Simples in this process plays the vendor.
//!
//! ```sh
//! cargo run --release --example many_tenants
//! ```

use std::{collections::HashMap, error::Error, sync::Arc, time::Instant};

use contasimples_auth::{
    Authenticator, Credentials, Environment, Transport,
    testing::{StandIn, Vendor},
};
use reqwest::header::HeaderValue;
use tokio::task::JoinSet;

/// Who calls in whose name.
struct Service {
    /// Each customer's authenticator keeps that customer's token. A cache of all tokens in one place, under some key,
    /// is one mistake away from giving one customer's token to another.
    customers: HashMap<u32, Authenticator>,
}

impl Service {
    /// Building an authenticator asks nobody, and the transport, which is slow to build, is there already: it has
    /// loaded the platform's root certificates. A thousand cold starts at once would open a thousand connections, which
    /// the vendor may take for an attack: the transport has so many requests for a token under way at most.
    fn new(vendor: &StandIn) -> Result<Self, BoxError> {
        let transport = Transport::builder()
            .concurrency_limit(LOGINS_AT_ONCE)
            .build()?;
        let mut customers = HashMap::new();
        for customer in 0..CUSTOMERS {
            // From each customer's own record; the stand-in knows one account only.
            let credentials = Credentials::new("key", "secret")?;
            let environment = Environment::Custom(vendor.base_url()?);
            let authenticator = Authenticator::builder(environment, credentials)
                .transport(transport.clone())
                .build()?;
            customers.insert(customer, authenticator);
        }
        Ok(Self { customers })
    }

    async fn authorization(&self, customer: u32) -> Result<HeaderValue, BoxError> {
        let authenticator = self.customers.get(&customer).ok_or("unknown customer")?;
        Ok(authenticator.authorization().await?)
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let vendor = StandIn::playing(Vendor::with_key("key", "secret"));
    let start = Instant::now();
    let service = Arc::new(Service::new(&vendor)?);
    println!(
        "{CUSTOMERS} authenticators on one transport: {:?}",
        start.elapsed()
    );

    for round in ["cold", "warm"] {
        let start = Instant::now();
        let mut callers = JoinSet::new();
        for call in 0..CUSTOMERS * CALLS_EACH {
            let service = Arc::clone(&service);
            callers.spawn(async move { service.authorization(call % CUSTOMERS).await });
        }
        while let Some(authorization) = callers.join_next().await {
            authorization??;
        }
        println!(
            "{} calls, {round}: {:?}, {} logins so far",
            CUSTOMERS * CALLS_EACH,
            start.elapsed(),
            vendor.logins()
        );
    }
    Ok(())
}

type BoxError = Box<dyn Error + Send + Sync>;

const CUSTOMERS: u32 = 1000;
const CALLS_EACH: u32 = 10;
const LOGINS_AT_ONCE: usize = 20;
