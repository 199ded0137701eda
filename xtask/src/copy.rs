use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    process::{Process, Result, cargo, git},
    workspace::Workspace,
};

/// A private copy of the workspace, for what must not touch the work tree or its lock file.
///
/// It shares the target folder, so that whatever is equal is not compiled twice.
#[derive(Debug)]
pub(crate) struct Copy {
    root: PathBuf,
    target: PathBuf,
}

impl Copy {
    /// Copies every file that git tracks, or would track, as it stands in the work tree.
    pub(crate) fn of_work_tree(name: &str) -> Result<Self> {
        let copy = Self::empty(name)?;
        let arguments = ["-z", "--cached", "--others", "--exclude-standard"];
        let files = git("ls-files").args(arguments).output()?;
        // A file deleted but not yet committed is listed as well.
        for file in files
            .split_terminator('\0')
            .filter(|file| Path::new(file).exists())
        {
            copy.take(file)?;
        }
        Ok(copy)
    }

    /// Starts with nothing.
    pub(crate) fn empty(name: &str) -> Result<Self> {
        let target = Workspace::load()?.target;
        let root = target.join("xtask").join(name);
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        fs::create_dir_all(&root)?;
        Ok(Self { root, target })
    }

    /// Copies one file from the same place of the work tree.
    pub(crate) fn take(&self, file: &str) -> Result {
        fs::copy(file, self.place(file)?)?;
        Ok(())
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> Result {
        Ok(fs::write(self.place(file)?, text)?)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo, inside the copy.
    pub(crate) fn cargo(&self, subcommand: &str) -> Process {
        cargo(subcommand)
            .within(&self.root)
            .var("CARGO_TARGET_DIR", self.target.to_string_lossy())
    }

    fn place(&self, file: &str) -> Result<PathBuf> {
        let place = self.root.join(file);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(place)
    }
}
