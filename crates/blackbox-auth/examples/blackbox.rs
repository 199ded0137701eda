//! Lists the products of a shop on BlackBox. Where, and as whom, the environment says, in
//! `BLACKBOX_URL`, `BLACKBOX_USERNAME` and `BLACKBOX_PASSWORD`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people"
)]

use std::{error::Error, process::ExitCode};

use blackbox_auth::Authenticator;
use reqwest::{StatusCode, header::AUTHORIZATION};

#[tokio::main]
async fn main() -> ExitCode {
    match call().await {
        Ok(status) => {
            println!("BlackBox answered {status}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn call() -> Result<StatusCode, Box<dyn Error>> {
    let blackbox = Authenticator::from_env()?;
    let url = blackbox.base_url().join("api/product/");
    let response = reqwest::Client::new()
        .get(url)
        .header(AUTHORIZATION, blackbox.authorization().await?)
        .send()
        .await?;
    Ok(response.status())
}
