//! What the command `tokens-br` weighs, and how long a header from its store takes.

use std::{
    env, fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Result, budgets,
    table::{Amount, Row},
};

/// Its stripped size in the profile `dist`, and the time from its start to a header from the store; the most memory that
/// this takes, where `/usr/bin/time` tells it.
///
/// # Errors
///
/// When it does not build, or gets no token.
pub fn rows() -> Result<Vec<Row>> {
    let program = build()?;
    let home = env::temp_dir().join(format!("benchmarks-{}-home", std::process::id()));
    fs::create_dir(&home)?;
    let vendor = Vendor::start(&program, &home);
    let measured = vendor.and_then(|_vendor| {
        // The first one logs in.
        header(&program, &home, &[])?;
        let mut times = Vec::new();
        for _ in 0..STARTS {
            let started = Instant::now();
            header(&program, &home, &[])?;
            times.push(started.elapsed());
        }
        times.sort();
        let median = times.get(STARTS / 2).copied().unwrap_or_default();
        Ok((median, memory(&program, &home)?))
    });
    fs::remove_dir_all(&home)?;
    let (time, memory) = measured?;
    let size = Amount::Memory(program.metadata()?.len() as f64);
    let of_size = Amount::Memory(budgets::COMMAND_SIZE as f64);
    let of_memory = Amount::Memory(budgets::COMMAND_MEMORY as f64);
    let mut rows = vec![
        Row::limit("tokens-br: stripped size", size, of_size),
        Row::limit(
            "tokens-br: a header from the store",
            time,
            budgets::COMMAND_HEADER,
        ),
    ];
    let memory = memory.map(|memory| {
        let memory = Amount::Memory(memory as f64);
        Row::limit("tokens-br: memory of that", memory, of_memory)
    });
    rows.extend(memory);
    Ok(rows)
}

fn build() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = env::current_exe()?.with_file_name("command");
    let status = Command::new("cargo")
        .args(["build", "--locked", "--quiet", "--profile", "dist"])
        .args(["--package", "tokens-br", "--target-dir"])
        .arg(&target)
        .current_dir(root)
        .status()?;
    if !status.success() {
        return Err("`tokens-br` does not build".into());
    }
    Ok(target.join(format!("dist/tokens-br{}", env::consts::EXE_SUFFIX)))
}

/// A vendor that the command plays itself.
struct Vendor(Child);

impl Vendor {
    fn start(program: &Path, home: &Path) -> Result<Self> {
        let variables = home.join(VARIABLES);
        let mut demo = Command::new(program);
        demo.args(["demo", "zapsign"]).stderr(Stdio::null());
        let vendor = Self(demo.stdout(fs::File::create(&variables)?).spawn()?);
        let started = Instant::now();
        while fs::metadata(&variables)?.len() == 0 {
            if started.elapsed() > PATIENCE {
                return Err("`tokens-br demo` does not start".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(vendor)
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs it behind what is `before` it; what it tells on standard error is returned.
fn header(program: &Path, home: &Path, before: &[&str]) -> Result<String> {
    let mut command = match before.split_first() {
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.args(["header", "zapsign", "--env-file", VARIABLES]);
    command.current_dir(home).env("HOME", home);
    for name in ["XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
        command.env_remove(name);
    }
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut told = String::new();
    if let Some(stderr) = &mut child.stderr {
        stderr.read_to_string(&mut told)?;
    }
    if !child.wait()?.success() {
        return Err(format!("`tokens-br header` got no token: {told}").into());
    }
    Ok(told)
}

/// In bytes.
fn memory(program: &Path, home: &Path) -> Result<Option<u64>> {
    let time = "/usr/bin/time";
    if !cfg!(target_os = "linux") || !Path::new(time).exists() {
        return Ok(None);
    }
    let told = header(program, home, &[time, "-f", "%M"])?;
    let kilobytes = told
        .lines()
        .last()
        .and_then(|line| line.parse::<u64>().ok());
    Ok(kilobytes.map(|kilobytes| kilobytes * 1024))
}

const VARIABLES: &str = "demo.env";
const PATIENCE: Duration = Duration::from_secs(10);
const STARTS: usize = 51;
