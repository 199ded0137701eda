//! Lists the files that wait for download on a DirectLink server. Where, and as whom, the environment says, in
//! `DIRECTLINK_URL`, `DIRECTLINK_USERNAME` and `DIRECTLINK_PASSWORD`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people"
)]

use std::{error::Error, process::ExitCode};

use directlink_auth::Authenticator;
use reqwest::{StatusCode, header::AUTHORIZATION};

#[tokio::main]
async fn main() -> ExitCode {
    match call().await {
        Ok(status) => {
            println!("DirectLink answered {status}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn call() -> Result<StatusCode, Box<dyn Error>> {
    let directlink = Authenticator::from_env()?;
    let mut url = directlink.base_url().join("directlink/v1/download/list");
    url.set_query(Some("page=1"));
    let response = reqwest::Client::new()
        .get(url)
        .header(AUTHORIZATION, directlink.authorization().await?)
        .send()
        .await?;
    Ok(response.status())
}
