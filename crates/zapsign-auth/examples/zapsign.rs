//! Lists the documents of an organization on ZapSign. Where, and as whom, the environment says, in
//! `ZAPSIGN_ORGANIZATION_ID`, `ZAPSIGN_USERNAME` and `ZAPSIGN_PASSWORD`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people"
)]

use std::{error::Error, process::ExitCode};

use reqwest::{StatusCode, header::AUTHORIZATION};
use zapsign_auth::Authenticator;

#[tokio::main]
async fn main() -> ExitCode {
    match call().await {
        Ok(status) => {
            println!("ZapSign answered {status}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn call() -> Result<StatusCode, Box<dyn Error>> {
    let zapsign = Authenticator::from_env()?;
    let mut url = zapsign.base_url().join("api/v1/docs/");
    url.set_query(Some("page=1"));
    let response = reqwest::Client::new()
        .get(url)
        .header(AUTHORIZATION, zapsign.authorization().await?)
        .send()
        .await?;
    Ok(response.status())
}
