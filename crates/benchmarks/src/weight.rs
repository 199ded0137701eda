//! What a program that gets one token weighs, against the same program on bare reqwest: the two in `weight/`.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    Result, budgets, rounds,
    table::{Amount, Row},
};

/// The crates that it takes more, and its stripped size with each library for TLS.
///
/// # Errors
///
/// When one of the two does not build.
pub fn sizes() -> Result<Vec<Row>> {
    let (ours, bare) = PROGRAMS;
    let extra = ours.crates()?.difference(&bare.crates()?).count();
    let mut rows = vec![
        Row::limit("crates added", extra as u64, budgets::EXTRA_CRATES),
        Row::ratio(
            "stripped size",
            ours.size()?,
            bare.size()?,
            budgets::STRIPPED_SIZE,
        ),
    ];
    for library in LIBRARIES {
        rows.push(Row::ratio(
            format!("stripped size with {library}"),
            ours.size_with(library)?,
            bare.size_with(library)?,
            budgets::STRIPPED_SIZE,
        ));
    }
    Ok(rows)
}

/// The time of a clean release build.
///
/// # Errors
///
/// When one of the two does not build.
pub fn builds() -> Result<Vec<Row>> {
    let (ours, bare) = PROGRAMS;
    let (mut work, mut work_of_bare) = (Duration::ZERO, Duration::ZERO);
    let (time, time_of_bare) = rounds::medians(
        BUILDS,
        || ours.build(&mut work),
        || bare.build(&mut work_of_bare),
    )?;
    let mut rows = Vec::new();
    // On a machine that others use, the clock on the wall tells what they do.
    if work.is_zero() {
        rows.push(Row::ratio(
            "clean release build",
            time,
            time_of_bare,
            budgets::BUILD_TIME,
        ));
    } else {
        rows.push(Row::ratio(
            "clean release build, processor time",
            work / BUILDS as u32,
            work_of_bare / BUILDS as u32,
            budgets::BUILD_TIME,
        ));
        rows.push(Row::told(
            "clean release build, on the wall clock",
            time,
            time_of_bare,
        ));
    }
    Ok(rows)
}

/// One of the two.
pub(crate) struct Program(pub(crate) &'static str);

impl Program {
    /// The crates that are compiled into it, without itself.
    fn crates(&self) -> Result<BTreeSet<String>> {
        let output = self
            .cargo("tree")
            .args(["--edges", "normal", "--prefix", "none"])
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let tree = String::from_utf8(output.stdout)?;
        let name = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        Ok(tree.lines().skip(1).map(name).collect())
    }

    /// Builds it from nothing, and adds the time that all processors spent on it to `work`.
    fn build(&self, work: &mut Duration) -> Result<Duration> {
        let target = self.target()?;
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        self.cargo("fetch").status()?;
        let (started, before) = (Instant::now(), work_of_children());
        self.compile(&[])?;
        *work += work_of_children().saturating_sub(before);
        Ok(started.elapsed())
    }

    /// Builds what is not built yet, with this library for TLS in place of the default, and returns where the program is.
    pub(crate) fn compile_with(&self, library: &str) -> Result<PathBuf> {
        self.compile(&["--no-default-features", "--features", library])
    }

    /// As [`compile_with`](Self::compile_with). The next build takes the program's place.
    pub(crate) fn compile(&self, features: &[&str]) -> Result<PathBuf> {
        let target = self.target()?;
        let status = self
            .cargo("build")
            .args(["--release", "--quiet", "--target-dir"])
            .arg(&target)
            .args(features)
            .status()?;
        if !status.success() {
            return Err(format!("`{}` does not build", self.0).into());
        }
        let executable = format!("release/{}{}", self.0, env::consts::EXE_SUFFIX);
        Ok(target.join(executable))
    }

    fn size(&self) -> Result<Amount> {
        let bytes = self.compile(&[])?.metadata()?.len();
        Ok(Amount::Memory(bytes as f64))
    }

    fn size_with(&self, library: &str) -> Result<Amount> {
        let bytes = self.compile_with(library)?.metadata()?.len();
        Ok(Amount::Memory(bytes as f64))
    }

    fn cargo(&self, subcommand: &str) -> Command {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("weight")
            .join(self.0)
            .join("Cargo.toml");
        let mut cargo = Command::new("cargo");
        cargo
            .args([subcommand, "--locked", "--manifest-path"])
            .arg(manifest);
        cargo
    }

    /// Beside this program itself.
    fn target(&self) -> Result<PathBuf> {
        let program = env::current_exe()?;
        let folder = program.parent().ok_or("a program without a folder")?;
        Ok(folder.join("weight").join(self.0))
    }
}

/// The processor time of all finished children, as Linux tells it; none elsewhere.
pub(crate) fn work_of_children() -> Duration {
    let ticks = || -> Option<u64> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The name of the program may contain anything, spaces and parentheses included.
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut fields = fields.split(' ').skip(13);
        let (user, system): (u64, u64) =
            (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(user + system)
    };
    Duration::from_millis(10) * ticks().unwrap_or(0) as u32
}

const PROGRAMS: (Program, Program) = (Program("ours"), Program("bare"));
/// Those that are not the default.
const LIBRARIES: [&str; 2] = ["native-tls", "rustls-ring"];
/// Each takes a minute or more; the middle one of three is not the first, which warms up the disk.
const BUILDS: usize = 3;
