//! Ten thousand tenants with nothing cached who all ask at once, each side in a process of its own.

use std::{
    fs,
    process::{Command, exit},
    sync::Arc,
    time::Duration,
};

use directlink_auth::Transport;
use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinSet;

use crate::{
    Result, budgets,
    cold_login::Bare,
    rounds,
    server::Server,
    table::{Amount, Row},
    tenants::TENANTS,
};

/// Who asks. The name of each is the argument that makes this program its own subject: see [`ask`].
const SUBJECTS: [&str; 2] = ["ours", "reference"];

/// The processor time of a login, and the resident memory at the peak.
///
/// # Errors
///
/// When a login fails.
pub fn rows() -> Result<Vec<Row>> {
    let server = Server::keeping(DELAY)?;
    let mut peaks = (Vec::new(), Vec::new());
    let (ours, reference) = rounds::medians(
        ROUNDS,
        || start(SUBJECTS[0], &server, &mut peaks.0),
        || start(SUBJECTS[1], &server, &mut peaks.1),
    )?;
    Ok(vec![
        Row::ratio(
            "10,000 tenants at once, cold: processor time of a login",
            ours / TENANTS as u32,
            reference / TENANTS as u32,
            budgets::CROWD_TIME,
        ),
        Row::ratio(
            "10,000 tenants at once, cold: resident memory at the peak",
            median(peaks.0),
            median(peaks.1),
            budgets::CROWD_MEMORY,
        ),
    ])
}

/// What [`rows`] starts this program for. It prints its processor time in nanoseconds, and its peak in bytes.
///
/// # Errors
///
/// When a login fails, or nobody is called `subject`.
pub fn ask(subject: &str, url: &str) -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let server = Server::elsewhere(url)?;
    let transport = Transport::shared()?;
    let bare = Bare::new(&server)?;
    let mut logins = JoinSet::new();
    // Kept, as a program does.
    let mut tenants = Vec::new();
    let mut headers = Vec::new();
    for _ in 0..TENANTS {
        if subject == "ours" {
            tenants.push(server.builder()?.transport(transport.clone()).build()?);
        }
    }
    let before = processor_time();
    for index in 0..TENANTS {
        match subject {
            "ours" => {
                let tenant = tenants[index].clone();
                logins.spawn_on(
                    async move { tenant.authorization().await.map_err(|it| it.to_string()) },
                    runtime.handle(),
                );
            }
            "reference" => {
                let bare = Arc::new(bare.clone());
                logins.spawn_on(
                    async move { bare.authorization().await.map_err(|it| it.to_string()) },
                    runtime.handle(),
                );
            }
            _ => return Err(format!("`{subject}` is not among {SUBJECTS:?}").into()),
        }
    }
    runtime.block_on(async {
        while let Some(login) = logins.join_next().await {
            headers.push(login??);
        }
        Result::Ok(())
    })?;
    let took = processor_time().saturating_sub(before);
    println!("{} {}", took.as_nanos(), peak()?);
    // Nobody measures how it is all taken down.
    exit(0)
}

fn start(subject: &str, server: &Server, peaks: &mut Vec<u64>) -> Result<Duration> {
    let output = Command::new(std::env::current_exe()?)
        .args(["crowd-of", subject, &server.url()])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let told = String::from_utf8(output.stdout)?;
    let (took, peak) = told.trim().split_once(' ').ok_or("two numbers")?;
    peaks.push(peak.parse()?);
    Ok(Duration::from_nanos(took.parse()?))
}

fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// As Linux tells it.
fn peak() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.ok_or("no peak")?.trim().trim_end_matches(" kB");
    Ok(kilobytes.parse::<u64>()? * 1024)
}

fn median(mut peaks: Vec<u64>) -> Amount {
    peaks.sort_unstable();
    Amount::Memory(peaks[peaks.len() / 2] as f64)
}

/// Of the server: long enough that a login is not over before the next begins.
const DELAY: Duration = Duration::from_millis(20);
const ROUNDS: usize = 5;
