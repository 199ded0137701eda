use std::{ffi::OsString, io, process::Command};

use crate::{
    arguments::OfVendor,
    outcome::{Failure, Result},
    session::Session,
    settings::Settings,
    vendors::{ForVendor, Vendor, is_public},
};

/// `tokens-br exec`
pub(crate) struct Exec<'a> {
    pub(crate) of: &'a OfVendor,
    pub(crate) program: &'a [OsString],
}

impl ForVendor for Exec<'_> {
    type Output = Result<u8>;

    fn run<V: Vendor>(self) -> Result<u8> {
        let Some((program, arguments)) = self.program.split_first() else {
            return Err(Failure::usage("there is no program to run"));
        };
        let settings = Settings::of::<V>(self.of.env_file.as_deref(), true)?;
        let session = Session::<V>::open(&settings)?;
        let token = session.token()?;
        let mut command = Command::new(program);
        command.args(arguments);
        for name in V::required().iter().filter(|name| !is_public(name)) {
            command.env_remove(name).env_remove(format!("{name}_FILE"));
        }
        let header = format!("Bearer {}", token.expose_secret());
        command.env(V::variable_for_header(), header);
        become_it(command).map_err(|error| {
            let code = match error.kind() {
                io::ErrorKind::NotFound => NOT_FOUND,
                _ => NOT_RUN,
            };
            let program = program.to_string_lossy();
            Failure::new(code, format!("{program} cannot be run: {error}"))
        })
    }
}

/// The program takes the place of this process: signals reach it, and its exit code is whatever it says.
#[cfg(unix)]
fn become_it(mut command: Command) -> io::Result<u8> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> io::Result<u8> {
    let code = command.status()?.code();
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// As `env` and the shells have it.
const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;
