//! Fetches an NF-e from Invoisys. Where, and as whom, the environment says, in
//! `INVOISYS_USERNAME`, `INVOISYS_PASSWORD` and `INVOISYS_ENVIRONMENT`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people"
)]

use std::{error::Error, process::ExitCode};

use invoisys_auth::Authenticator;
use reqwest::{StatusCode, header::AUTHORIZATION};

#[tokio::main]
async fn main() -> ExitCode {
    match call().await {
        Ok(status) => {
            println!("Invoisys answered {status}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn call() -> Result<StatusCode, Box<dyn Error>> {
    let invoisys = Authenticator::from_env()?;
    let url = invoisys
        .base_url()
        .join(&format!("api/nfe/getbychaveSTD/{ACCESS_KEY}"));
    let response = reqwest::Client::new()
        .get(url)
        .header(AUTHORIZATION, invoisys.authorization().await?)
        .send()
        .await?;
    Ok(response.status())
}

/// The NF-e's 44 digits (*chave de acesso*): put one of your own here.
const ACCESS_KEY: &str = "35170358716523000119550010000000291000000291";
