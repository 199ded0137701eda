//! `tokens-br`: the `Authorization` header of a vendor's API, for curl, cron, and programs in any language.

mod arguments;
mod commands;
mod env_file;
mod outcome;
mod output;
mod prompt;
mod session;
mod settings;
mod vendors;

use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = arguments::parse().and_then(commands::run);
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure.tell();
            ExitCode::from(failure.code())
        }
    }
}

#[cfg(test)]
mod tests;
