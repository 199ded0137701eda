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
    let prompt = format!("{variable}: ");
    // Signals are caught before the terminal is touched: none finds it silent with nobody to restore it.
    let typed = interruptible(async { Ok(silent::ask(prompt).await) })?;
    match typed {
        Ok(secret) if !secret.is_empty() => Ok(secret),
        Ok(_) => Err(Failure::usage(format!("{variable} must not be empty"))),
        // Ctrl-C is a letter to whoever reads in silence.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(Failure::silent(130)),
        Err(_) => Err(Failure::usage(format!(
            "{variable} is not set, and cannot be asked for on this terminal"
        ))),
    }
}

/// Whoever waits for a line cannot be stopped: a signal leaves the thread behind.
async fn line(read: impl FnOnce() -> io::Result<String> + Send + 'static) -> Line {
    let (typed, line) = oneshot::channel();
    thread::Builder::new().spawn(move || typed.send(read().map(Zeroizing::new)))?;
    line.await
        .unwrap_or_else(|lost| Err(io::Error::other(lost)))
}

type Line = io::Result<Zeroizing<String>>;

#[cfg(unix)]
mod silent {
    use std::{
        fs::{File, OpenOptions},
        io::{self, Write},
    };

    use rpassword::{ConfigBuilder, read_password_with_config};
    use rustix::termios::{
        LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr,
        tcsetattr,
    };

    use super::{Line, line};

    /// The settings are changed and put back on one thread, whatever the thread that reads is about.
    pub(super) async fn ask(prompt: String) -> Line {
        let mut terminal = Silent::terminal()?;
        // By now nothing that is typed is shown.
        terminal.device.write_all(prompt.as_bytes())?;
        let keyboard = terminal.device.try_clone()?;
        let keys = || ConfigBuilder::new().input_reader(keyboard).output_discard();
        let line = line(|| read_password_with_config(keys().build())).await;
        terminal.is_answered = line.is_ok();
        line
    }

    /// The terminal while it shows nothing of what is typed, and hands each key on at once.
    struct Silent {
        device: File,
        before: Termios,
        is_answered: bool,
    }

    impl Silent {
        fn terminal() -> io::Result<Self> {
            let mut open = OpenOptions::new();
            let device = open.read(true).write(true).open("/dev/tty")?;
            let before = tcgetattr(&device)?;
            let mut silent = before.clone();
            silent.local_modes.remove(
                LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG,
            );
            silent.special_codes[SpecialCodeIndex::VMIN] = 1;
            silent.special_codes[SpecialCodeIndex::VTIME] = 0;
            // What was typed ahead is kept: Ctrl-C may be among it.
            tcsetattr(&device, OptionalActions::Now, &silent)?;
            Ok(Self {
                device,
                before,
                is_answered: false,
            })
        }
    }

    impl Drop for Silent {
        fn drop(&mut self) {
            // Half a password is not for the shell to read.
            if !self.is_answered {
                let _ = tcflush(&self.device, QueueSelector::IFlush);
            }
            let _ = tcsetattr(&self.device, OptionalActions::Now, &self.before);
            let _ = self.device.write_all(b"\n");
        }
    }
}

#[cfg(not(unix))]
mod silent {
    use super::{Line, line};

    pub(super) async fn ask(prompt: String) -> Line {
        line(|| rpassword::prompt_password(prompt)).await
    }
}
