//! `cargo xtask <command>`: whatever is done to this workspace beyond `cargo build` and `cargo test`.
//!
//! Continuous integration and people run the same commands. To add one, write a module with a
//! `run(&[&str])` and give it a line in [`COMMANDS`].
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program"
)]

mod ci;
mod process;
mod setup;
mod step;
mod workspace;

use std::process::ExitCode;

use process::Result;

struct Command {
    name: &'static str,
    arguments: &'static str,
    summary: &'static str,
    run: fn(&[&str]) -> Result,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[&str]) -> Result {
    let (name, rest) = match arguments {
        [] | ["help" | "--help" | "-h", ..] => {
            println!("{}", help());
            return Ok(());
        }
        [name, rest @ ..] => (*name, rest),
    };
    let command = COMMANDS
        .iter()
        .find(|command| command.name == name)
        .ok_or_else(|| format!("there is no `cargo xtask {name}`\n\n{}", help()))?;
    workspace::enter()?;
    (command.run)(rest)
}

fn help() -> String {
    let lines = COMMANDS.iter().map(|command| {
        let usage = format!("{} {}", command.name, command.arguments);
        format!("  cargo xtask {usage:<52} {}\n", command.summary)
    });
    lines.collect()
}

const COMMANDS: &[Command] = &[
    Command {
        name: "ci",
        arguments: "[step…]",
        summary: "every check that a change must pass, or the steps named",
        run: ci::run,
    },
    Command {
        name: "setup",
        arguments: "[tool…]",
        summary: "install the tools that the other commands use, or those named",
        run: setup::run,
    },
];
