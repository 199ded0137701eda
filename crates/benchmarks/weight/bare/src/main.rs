use std::env::var;

use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(feature = "rustls-ring")]
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "there is another provider")?;
    let url = format!(
        "{}/api/v1/auth/token/{}/",
        var("ZAPSIGN_ENVIRONMENT").unwrap_or("https://api.zapsign.com.br".into()),
        var("ZAPSIGN_ORGANIZATION_ID")?
    );
    let credentials = json!({
        "username": var("ZAPSIGN_USERNAME")?,
        "password": var("ZAPSIGN_PASSWORD")?,
    });
    let answer: Value = reqwest::Client::new()
        .post(url)
        .json(&credentials)
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    println!("{}", answer["access"].as_str().ok_or("no token")?);
    Ok(())
}
