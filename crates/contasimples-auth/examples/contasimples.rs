//! Asks Conta Simples for the balance of the account. Where, and as whom, the environment says, in
//! `CONTA_SIMPLES_API_KEY`, `CONTA_SIMPLES_API_SECRET` and `CONTA_SIMPLES_ENV`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people"
)]

use std::{error::Error, process::ExitCode};

use contasimples_auth::Authenticator;
use reqwest::{StatusCode, header::AUTHORIZATION};

#[tokio::main]
async fn main() -> ExitCode {
    match call().await {
        Ok(status) => {
            println!("Conta Simples answered {status}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn call() -> Result<StatusCode, Box<dyn Error>> {
    let contasimples = Authenticator::from_env()?;
    let url = contasimples.base_url().join("accounts/v1/balance");
    let response = reqwest::Client::new()
        .get(url)
        .header(AUTHORIZATION, contasimples.authorization().await?)
        .send()
        .await?;
    Ok(response.status())
}
