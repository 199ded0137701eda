//! A secret that is typed: nobody sees it, and a signal leaves the terminal as it was.

use std::{
    io::{self, IsTerminal},
    thread,
};

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::{
    outcome::{Failure, Result},
    session::interruptible,
};

/// Whether there is somebody to ask. Where standard output is read by a program there may still be.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for the value of `variable`.
pub(crate) fn secret(variable: &str) -> Result<Zeroizing<String>> {
    let terminal = Terminal::as_it_is();
    let (answered, answer) = oneshot::channel();
    let prompt = format!("{variable}: ");
    // Whoever waits for a line cannot be stopped: a signal leaves the thread behind.
    thread::spawn(move || answered.send(rpassword::prompt_password(prompt).map(Zeroizing::new)));
    let typed = interruptible(async { Ok(answer.await) });
    if typed.is_err() {
        terminal.restore();
    }
    match typed? {
        Ok(Ok(secret)) if !secret.is_empty() => Ok(secret),
        Ok(Ok(_)) => Err(Failure::usage(format!("{variable} must not be empty"))),
        // Ctrl-C is a letter to whoever reads in silence.
        Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => Err(Failure::silent(130)),
        _ => Err(Failure::usage(format!(
            "{variable} is not set, and cannot be asked for on this terminal"
        ))),
    }
}

/// The settings of the terminal.
struct Terminal {
    #[cfg(unix)]
    settings: Option<(std::fs::File, rustix::termios::Termios)>,
}

impl Terminal {
    #[cfg(unix)]
    fn as_it_is() -> Self {
        let settings = || {
            let terminal = std::fs::File::open("/dev/tty").ok()?;
            let settings = rustix::termios::tcgetattr(&terminal).ok()?;
            Some((terminal, settings))
        };
        Self {
            settings: settings(),
        }
    }

    #[cfg(not(unix))]
    fn as_it_is() -> Self {
        Self {}
    }

    fn restore(self) {
        #[cfg(unix)]
        if let Some((terminal, settings)) = self.settings {
            use rustix::termios::{OptionalActions, tcsetattr};
            let _ = tcsetattr(terminal, OptionalActions::Flush, &settings);
        }
        crate::output::message("");
    }
}
