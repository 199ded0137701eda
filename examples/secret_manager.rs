//! Credentials from a secret manager: the key-value API of Vault, version 2, which a small server in this process plays.
//! It is asked before each login, and not for the calls between. A stand-in for DirectLink plays the vendor.
//!
//! ```sh
//! cargo run --example secret_manager
//! ```

use std::error::Error;

use directlink_auth::{
    Authenticator, BoxError, Credentials, CredentialsSource,
    testing::{StandIn, Vendor},
};
use httpmock::{Mock, MockServer};
use reqwest::Client;
use serde_json::{Value, json};

/// Where the secret is, and how to get it.
struct Vault {
    client: Client,
    url: String,
    token: String,
}

impl CredentialsSource<Credentials> for Vault {
    async fn credentials(&self) -> Result<Credentials, BoxError> {
        let answer = self
            .client
            .get(&self.url)
            .header("X-Vault-Token", &self.token)
            .send()
            .await?
            .error_for_status()?;
        let answer: Value = answer.json().await?;
        let field = |name: &str| {
            let text = answer.pointer(&format!("/data/data/{name}"));
            let text = text.and_then(Value::as_str);
            text.ok_or_else(|| format!("the secret has no {name}"))
        };
        Ok(Credentials::new(field("username")?, field("password")?)?)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let manager = MockServer::start_async().await;
    let vendor = StandIn::playing(Vendor::with_user("erp", "version 1"));
    let mut secret = keep(&manager, "version 1").await;
    let vault = Vault {
        client: Client::builder().no_proxy().build()?,
        url: manager.url(SECRET),
        token: "hvs.of-this-service".into(),
    };
    let directlink = Authenticator::builder_with_source(vendor.base_url()?, vault).build()?;

    for _ in 0..1000 {
        directlink.authorization().await?;
    }
    println!(
        "1,000 calls: {} login, and the manager was asked {} time",
        vendor.logins(),
        secret.calls_async().await
    );

    secret.delete_async().await;
    vendor.play(Vendor::with_user("erp", "version 2"));
    secret = keep(&manager, "version 2").await;
    directlink.renew().await?;
    println!("rotated: a token by version 2, and nothing was restarted");

    secret.delete_async().await;
    match directlink.renew().await {
        Err(error) => println!("the manager is gone: {error}"),
        Ok(_) => return Err("there were no credentials".into()),
    }
    directlink.authorization().await?;
    println!("the token that is cached is served all the same");
    Ok(())
}

/// The manager hands out this password.
async fn keep<'a>(manager: &'a MockServer, password: &str) -> Mock<'a> {
    let secret = json!({
        "data": {
            "data": { "username": "erp", "password": password },
            "metadata": { "version": 1 },
        }
    });
    manager
        .mock_async(|when, then| {
            when.method("GET")
                .path(SECRET)
                .header("X-Vault-Token", "hvs.of-this-service");
            then.status(200).json_body(secret);
        })
        .await
}

const SECRET: &str = "/v1/secret/data/directlink";
