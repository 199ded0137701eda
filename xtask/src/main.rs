//! `cargo xtask <command>`: whatever is done to this workspace beyond `cargo build` and `cargo test`.
//!
//! Continuous integration and people run the same commands. To add one, write a module with a
//! `run(&[&str])` and give it a line in [`COMMANDS`].
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program"
)]

mod audit;
mod bench;
mod changelog;
mod ci;
mod copy;
mod docs;
mod features;
mod fleet;
mod fuzz;
mod links;
mod lints;
mod package;
mod pages;
mod parity;
mod process;
mod public_api;
mod publish;
mod release;
mod semver_check;
mod setup;
mod snippet;
mod step;
mod table;
mod tags;
mod version;
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
        format!("  cargo xtask {usage:<59} {}\n", command.summary)
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
        name: "audit",
        arguments: "[step…]",
        summary: "the supply chain, or the steps named",
        run: audit::run,
    },
    Command {
        name: "features",
        arguments: "[--every] [crate…]",
        summary: "every combination of two features builds, or every one at all, by cargo-hack",
        run: features::run,
    },
    Command {
        name: "docs",
        arguments: "[step…]",
        summary: "the documentation as docs.rs builds it, links and doctests",
        run: docs::run,
    },
    Command {
        name: "pages",
        arguments: "[--check]",
        summary: "the vendors' READMEs and testing pages, from one template and what differs",
        run: pages::run,
    },
    Command {
        name: "public-api",
        arguments: "[--bless]",
        summary: "the public items against the lists kept in xtask/public-api",
        run: public_api::run,
    },
    Command {
        name: "semver",
        arguments: "",
        summary: "the public items against the last release",
        run: semver_check::run,
    },
    Command {
        name: "package",
        arguments: "",
        summary: "what would be uploaded to crates.io",
        run: package::run,
    },
    Command {
        name: "release",
        arguments: "<crate|all> <patch|minor|major|version> [--execute]",
        summary: "prepare a release, and push it",
        run: release::run,
    },
    Command {
        name: "release",
        arguments: "--rehearse",
        summary: "the whole release against a registry on loopback",
        run: release::run,
    },
    Command {
        name: "publish",
        arguments: "[--execute]",
        summary: "upload what this commit's tags name",
        run: publish::run,
    },
    Command {
        name: "fleet",
        arguments: "[rounds [seconds]]",
        summary: "each test of a fleet so many times, and a soak for so long, with their figures",
        run: fleet::run,
    },
    Command {
        name: "bench",
        arguments: "[--weight | measure…]",
        summary: "what asking costs, against its budgets; with the weight of a program",
        run: bench::run,
    },
    Command {
        name: "fuzz",
        arguments: "[seconds]",
        summary: "every fuzz target for so long",
        run: fuzz::run,
    },
    Command {
        name: "setup",
        arguments: "[tool…]",
        summary: "install the tools that the other commands use, or those named",
        run: setup::run,
    },
];
