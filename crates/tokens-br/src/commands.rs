//! What the commands do.

mod check;
mod demo;
mod exec;
mod forget;
mod list;
mod token;

use clap_mangen::Man;

use crate::{
    arguments::{self, Command},
    outcome::{FAILED, Failure, Result},
    output,
};

/// Does what is asked for, and returns the exit code.
pub(crate) fn run(command: Command) -> Result<u8> {
    match command {
        Command::Header(shown) => shown.of.vendor.for_vendor(token::Header(&shown))?,
        Command::Token { shown, json } => {
            shown.of.vendor.for_vendor(token::Token {
                shown: &shown,
                json,
            })?;
        }
        Command::Check { of, offline, json } => {
            return of.vendor.for_vendor(check::Check {
                of: &of,
                offline,
                json,
            });
        }
        Command::Exec { of, program } => {
            return of.vendor.for_vendor(exec::Exec {
                of: &of,
                program: &program,
            });
        }
        Command::Forget { vendor } => forget::run(vendor)?,
        Command::List { json } => list::run(json)?,
        Command::Demo { vendor, refuse } => vendor.for_vendor(demo::Demo { refuse })?,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut arguments::command(), "tokens-br", &mut script);
            output::result(&String::from_utf8_lossy(&script))?;
        }
        Command::Man => {
            let mut page = Vec::new();
            Man::new(arguments::command().flatten_help(true))
                .render(&mut page)
                .map_err(|error| Failure::new(FAILED, error.to_string()))?;
            output::result(&without_pages_that_are_none(&page))?;
        }
    }
    Ok(0)
}

/// The manual is one page: what it says of pages for the commands is the line to type.
fn without_pages_that_are_none(page: &[u8]) -> String {
    let page = String::from_utf8_lossy(page).into_owned();
    let command = arguments::command();
    command.get_subcommands().fold(page, |page, command| {
        let name = command.get_name();
        page.replace(
            &format!("tokens\\-br\\-{name}(1)"),
            &format!("tokens\\-br {name} \\-\\-help"),
        )
    })
}
