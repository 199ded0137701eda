use std::fs;

use super::wrap::wide_code;
use crate::{
    copy::Copy,
    process::{Result, git},
};

/// A file as it should be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// From the root of the workspace.
    pub(crate) file: String,
    pub(crate) text: String,
}

impl Page {
    /// Whether there was anything to write.
    pub(crate) fn write(&self) -> Result<bool> {
        let differs = fs::read_to_string(&self.file).ok().as_ref() != Some(&self.text);
        if differs {
            fs::write(&self.file, &self.text)?;
        }
        Ok(differs)
    }

    /// Nothing, or the lines that should not be there, and those that should.
    pub(crate) fn difference(&self, wanted: &Copy) -> Result<String> {
        if !fs::exists(&self.file)? {
            return Ok(format!("{}: not there\n", self.file));
        }
        wanted.write(&self.file, &self.text)?;
        let compared = git("diff")
            .args(["--no-index", "--no-color", "--no-ext-diff", &self.file])
            .arg(wanted.root().join(&self.file).to_string_lossy())
            .attempt()?;
        Ok(compared.err().unwrap_or_default())
    }

    /// Fails where a line of code would have to be scrolled sideways to be read.
    pub(crate) fn check_width(&self) -> Result {
        let Self { file, text } = self;
        match wide_code(text) {
            None => Ok(()),
            Some((line, width)) => {
                Err(format!("{file}:{line}: {width} characters of code in one line").into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn code_too_wide_is_found_by_file_and_line() {
        let page = |width| Page {
            file: "README.md".into(),
            text: format!("```\n{}\n```\n", "é".repeat(width)),
        };
        assert!(page(80).check_width().is_ok());
        let error = page(81).check_width().unwrap_err().to_string();
        assert!(error.starts_with("README.md:2: 81"), "{error}");
    }
}
