//! Results go to standard output, and whether they arrive is found out; messages go to standard error.

use std::{
    env,
    io::{self, IsTerminal, Write},
};

use crate::outcome::Result;

/// Writes a result, and makes sure that it has gone out.
pub(crate) fn result(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

/// Says something to people. Where standard error is closed, nobody wants to hear it.
pub(crate) fn message(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

pub(crate) fn warning(text: &str) {
    message(&format!("warning: {text}"));
}

/// Whether standard output is for a person to look at.
pub(crate) fn is_for_people() -> bool {
    io::stdout().is_terminal()
}

/// Paints marks, where a terminal shows them in colour and nobody has asked for none: <https://no-color.org>.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint(bool);

impl Paint {
    pub(crate) fn for_stdout() -> Self {
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        Self(is_for_people() && !set("NO_COLOR") && !dumb)
    }

    pub(crate) fn is_on(self) -> bool {
        self.0
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.into()
        }
    }
}

/// `text` in lines of at most 80 columns, where it begins at the column `indent`, and so do its further lines.
pub(crate) fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut column = indent;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > indent {
            if column + 1 + width > WIDTH {
                lines.push('\n');
                lines.push_str(&" ".repeat(indent));
                column = indent;
            } else {
                lines.push(' ');
                column += 1;
            }
        }
        lines.push_str(word);
        column += width;
    }
    lines
}

/// What fits on every terminal.
pub(crate) const WIDTH: usize = 80;
