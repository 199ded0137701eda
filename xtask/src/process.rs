use std::{
    error::Error,
    fmt::{self, Display},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// A command that is run as it is shown: what a failure prints can be pasted into a shell.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    program: String,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    folder: Option<PathBuf>,
}

pub(crate) fn cargo(subcommand: &str) -> Process {
    Process::new("cargo").arg(subcommand)
}

pub(crate) fn git(subcommand: &str) -> Process {
    Process::new("git").arg(subcommand)
}

impl Process {
    pub(crate) fn new(program: &str) -> Self {
        Self {
            program: program.into(),
            arguments: vec![],
            variables: vec![],
            folder: None,
        }
    }

    pub(crate) fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn args<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    pub(crate) fn var(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Runs the command with its output passed through.
    pub(crate) fn run(&self) -> Result {
        let status = self
            .command()
            .status()
            .map_err(|error| self.not_started(&error))?;
        self.check(status)
    }

    /// Runs the command, and returns what it wrote to standard output.
    pub(crate) fn output(&self) -> Result<String> {
        let output = self
            .command()
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| self.not_started(&error))?;
        self.check(output.status)?;
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs the command without a sound: what it wrote to both outputs, as an error where it failed.
    pub(crate) fn attempt(&self) -> Result<std::result::Result<String, String>> {
        let output = self
            .command()
            .output()
            .map_err(|error| self.not_started(&error))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(if output.status.success() {
            Ok(text)
        } else {
            Err(text)
        })
    }

    /// Starts the command, to be stopped by the caller.
    pub(crate) fn start(&self) -> Result<Child> {
        self.command()
            .spawn()
            .map_err(|error| self.not_started(&error))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null());
        // What `cargo run` told this program about xtask would reach build scripts that watch such
        // variables, and everything below them would be built again.
        for (name, _) in std::env::vars_os() {
            let of_xtask = |prefix| name.to_string_lossy().starts_with(prefix);
            if OF_XTASK.iter().copied().any(of_xtask) {
                command.env_remove(&name);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    fn check(&self, status: ExitStatus) -> Result {
        if status.success() {
            return Ok(());
        }
        Err(format!("a command failed ({status}); to run it alone:\n\n    {self}\n").into())
    }

    fn not_started(&self, error: &io::Error) -> Box<dyn Error> {
        let hint = if error.kind() == io::ErrorKind::NotFound {
            " (cargo xtask setup)"
        } else {
            ""
        };
        format!("cannot start `{}`: {error}{hint}", self.program).into()
    }
}

impl Display for Process {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(folder) = &self.folder {
            write!(formatter, "cd {} && ", quoted(&folder.to_string_lossy()))?;
        }
        for (name, value) in &self.variables {
            write!(formatter, "{name}={} ", quoted(value))?;
        }
        formatter.write_str(&self.program)?;
        self.arguments
            .iter()
            .try_for_each(|argument| write!(formatter, " {}", quoted(argument)))
    }
}

fn quoted(word: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./=:+@,".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

const OF_XTASK: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "LD_LIBRARY_PATH"];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_failure_names_the_command_so_that_it_can_be_pasted() {
        let failing = Process::new("sh")
            .args(["-c", "exit 3 # it's"])
            .var("RUSTDOCFLAGS", "-D warnings")
            .within(Path::new("/tmp"));
        let error = failing.run().unwrap_err().to_string();
        assert!(error.contains("exit status: 3"), "{error}");
        let pasted = r"cd /tmp && RUSTDOCFLAGS='-D warnings' sh -c 'exit 3 # it'\''s'";
        assert!(error.contains(pasted), "{error}");
    }

    #[test]
    fn a_missing_program_points_to_the_setup() {
        let error = Process::new("no-such-program")
            .run()
            .unwrap_err()
            .to_string();
        assert!(error.contains("cargo xtask setup"), "{error}");
    }

    #[test]
    fn what_cargo_said_of_xtask_is_not_passed_on() {
        assert!(
            std::env::var_os("CARGO_PKG_NAME").is_some(),
            "cargo test sets it"
        );
        let seen = Process::new("env").output().unwrap();
        assert!(!seen.contains("CARGO_PKG_NAME"), "{seen}");
    }
}
