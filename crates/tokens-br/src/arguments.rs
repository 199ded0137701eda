//! The command line.

use std::{env, ffi::OsString, path::PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand, error::ErrorKind};
use clap_complete::Shell;

use crate::{
    outcome::{Failure, Result, USAGE},
    output::{self, WIDTH},
    vendors::Name,
};

/// The Authorization header of a vendor's API, for curl, cron and shell
/// scripts.
///
/// Logs in with the credentials in the environment, and keeps the token in a
/// sealed file of the user: the next call asks nobody while it is valid. Where
/// no file can be written, it says so: each call logs in then, and a password
/// that was refused is not held back.
#[derive(Debug, Parser)]
#[command(
    name = "tokens-br",
    bin_name = "tokens-br",
    version,
    term_width = WIDTH,
    disable_help_subcommand = true,
    after_help = EXIT_CODES,
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the header, and nothing else
    #[command(
        after_help = "Example:\n  tokens-br header zapsign | curl -H @- https://api.zapsign.com.br/api/v1/docs/"
    )]
    Header(Shown),
    /// Print when the token expires and how it came
    #[command(after_help = "Example:\n  tokens-br token zapsign --json")]
    Token {
        #[command(flatten)]
        shown: Shown,
        /// Print JSON, for machines
        #[arg(long)]
        json: bool,
    },
    /// Find out why there is no token: it logs in once
    #[command(after_help = "Example:\n  tokens-br check zapsign --offline")]
    Check {
        #[command(flatten)]
        of: OfVendor,
        /// Stop short of the login: no credential is sent
        #[arg(long)]
        offline: bool,
        /// Print JSON, for machines
        #[arg(long)]
        json: bool,
    },
    /// Run a program with the header in its environment
    ///
    /// The header is in ZAPSIGN_AUTHORIZATION, and likewise for the other
    /// vendors. It is that of the start and never renewed: a program that
    /// outlives the token runs `tokens-br header` itself. The vendor's
    /// credentials are taken out of the program's environment.
    #[command(after_help = "Example:\n  tokens-br exec zapsign -- python3 report.py")]
    Exec {
        #[command(flatten)]
        of: OfVendor,
        /// The program and its arguments
        #[arg(last = true, required = true, value_name = "PROGRAM")]
        program: Vec<OsString>,
    },
    /// Remove the tokens that are kept, of one vendor or of all
    ///
    /// It forgets as well that a vendor has refused a password, and so it may
    /// be tried again at once.
    #[command(after_help = "Example:\n  tokens-br forget zapsign")]
    Forget {
        /// The vendor; all of them unless given
        vendor: Option<Name>,
    },
    /// List the vendors, their variables and their documentation
    #[command(after_help = "Example:\n  tokens-br list --json")]
    List {
        /// Print JSON, for machines
        #[arg(long)]
        json: bool,
    },
    /// Start a stand-in for a vendor, to try the other commands on
    ///
    /// It prints the variables that point at it, in the form of --env-file, and
    /// runs until it is stopped (Ctrl-C).
    #[command(
        after_help = "Example:\n  tokens-br demo zapsign > demo.env &\n  tokens-br header zapsign --env-file demo.env | cat"
    )]
    Demo {
        /// The vendor
        vendor: Name,
        /// Refuse all credentials
        #[arg(long)]
        refuse: bool,
    },
    /// Print a script that completes this command's arguments
    #[command(
        after_help = "Example:\n  tokens-br completions bash > ~/.local/share/bash-completion/completions/tokens-br"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example:\n  tokens-br man | man -l -")]
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct OfVendor {
    /// The vendor
    pub(crate) vendor: Name,
    /// Read variables from this file too, lines of NAME=value; they win
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    #[command(flatten)]
    given_away: GivenAway,
}

#[derive(Debug, Args)]
pub(crate) struct Shown {
    #[command(flatten)]
    pub(crate) of: OfVendor,
    /// Show the token itself, on a terminal too
    #[arg(long)]
    pub(crate) show: bool,
}

/// What people try. It is refused, whatever comes behind it, with a word on what to do.
#[derive(Debug, Args)]
struct GivenAway {
    #[arg(
        long,
        hide = true,
        num_args = 0..=1,
        aliases = ["user", "username", "secret", "api-key", "api-secret", "token", "pass", "organization-id"],
    )]
    password: Option<Option<OsString>>,
}

impl Command {
    fn of(&self) -> Option<&OfVendor> {
        match self {
            Self::Header(shown) | Self::Token { shown, .. } => Some(&shown.of),
            Self::Check { of, .. } | Self::Exec { of, .. } => Some(of),
            _ => None,
        }
    }
}

/// The command that is asked for.
pub(crate) fn parse() -> Result<Command> {
    let arguments = Arguments::try_parse().map_err(|error| explained(&error))?;
    let credential = |of: &OfVendor| of.given_away.password.is_some();
    if arguments.command.of().is_some_and(credential) {
        return Err(Failure::usage(
            "credentials are not taken from arguments, which every user of the machine can \
             see (ps): set the variables that `tokens-br list` names, or give --env-file",
        ));
    }
    Ok(arguments.command)
}

pub(crate) fn command() -> clap::Command {
    Arguments::command()
}

/// What is wrong with the arguments; help and the version are results, which may fail to be written.
fn explained(error: &clap::Error) -> Failure {
    let rendered = error.render();
    let text = |coloured: bool| {
        if coloured {
            rendered.ansi().to_string()
        } else {
            rendered.to_string()
        }
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            match output::result(&text(output::Paint::for_stdout().is_on())) {
                Ok(()) => Failure::silent(0),
                Err(failure) => failure,
            }
        }
        // What stands in the wrong place may be a secret.
        ErrorKind::UnknownArgument if !names_an_option(error) => Failure::usage(format!(
            "there is one argument too many (it is not repeated here: it may be a secret)\n\n\
             {}For more information, try '--help'.",
            if is_exec() { PROGRAM_BEHIND } else { "" },
        )),
        _ => Failure::in_own_words(USAGE, text(false)),
    }
}

fn is_exec() -> bool {
    env::args_os().nth(1).is_some_and(|word| word == "exec")
}

fn names_an_option(error: &clap::Error) -> bool {
    use clap::error::{ContextKind, ContextValue};
    matches!(
        error.get(ContextKind::InvalidArg),
        Some(ContextValue::String(argument)) if argument.starts_with('-')
    )
}

const PROGRAM_BEHIND: &str = "\
The program stands behind `--`: tokens-br exec zapsign -- python3 report.py

";
const EXIT_CODES: &str = "\
Exit codes:
  0  it worked
  1  the output could not be written, or the store not be emptied
  2  usage or configuration: arguments, variables, environment, permissions
  3  the vendor refused the credentials
  4  the vendor limits the rate of logins
  5  the vendor was not reached, or failed
  6  the vendor's answer was not understood

Example:
  tokens-br header zapsign | curl -H @- https://api.zapsign.com.br/api/v1/docs/";
