//! Ten thousand tenants with nothing cached who all ask at once, each side in a process of its own.

use std::{
    fs,
    process::{Command, exit},
    sync::Arc,
    time::Duration,
};

use directlink_auth::Transport;
use rustix::time::{ClockId, clock_gettime};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    Result, budgets,
    cold_login::{Bare, in_another_task},
    rounds,
    server::Server,
    table::{Amount, Row},
    tenants::TENANTS,
};

/// Who asks. The name of each is the argument that makes this program its own subject: see [`ask`].
const SUBJECTS: [&str; 2] = ["ours", "reference"];
/// The same with no more requests at once than a transport allows unless it is told otherwise.
const LIMITED: [&str; 2] = ["ours-limited", "reference-limited"];

/// The processor time of a login, and the resident memory at the peak.
///
/// Both sides do the same work: neither holds any request back, and a login is a task of its own, which goes on when its
/// caller is dropped. With the limit that a transport has by default, a process has nothing to do for most of the time,
/// and pays for each time that it falls asleep: that is told beside it, without a budget, and with the least that can be
/// done by hand, a permit of a semaphore and no task.
///
/// # Errors
///
/// When a login fails.
pub fn rows() -> Result<Vec<Row>> {
    let server = Server::keeping(DELAY)?;
    let at_once = measure(SUBJECTS, &server)?;
    let limited = measure(LIMITED, &server)?;
    let time = |measure, (ours, reference): (Amount, Amount), budget| match budget {
        Some(budget) => Row::ratio(measure, ours, reference, budget),
        None => Row::told(measure, ours, reference),
    };
    Ok(vec![
        time(
            "10,000 tenants at once, cold: processor time of a login",
            at_once.0,
            Some(budgets::CROWD_TIME),
        ),
        time(
            "10,000 tenants at once, cold: resident memory at the peak",
            at_once.1,
            Some(budgets::CROWD_MEMORY),
        ),
        time(
            "10,000 tenants, 50 requests at once: processor time of a login",
            limited.0,
            None,
        ),
        time(
            "10,000 tenants, 50 requests at once: resident memory at the peak",
            limited.1,
            None,
        ),
    ])
}

type Pair = (Amount, Amount);

/// The processor time of a login of ours and of the reference, and the memory of both.
fn measure([ours, reference]: [&str; 2], server: &Server) -> Result<(Pair, Pair)> {
    let mut peaks = (Vec::new(), Vec::new());
    let (ours, reference) = rounds::medians(
        ROUNDS,
        || start(ours, server, &mut peaks.0),
        || start(reference, server, &mut peaks.1),
    )?;
    let of_a_login = |time: Duration| Amount::from(time / TENANTS as u32);
    Ok((
        (of_a_login(ours), of_a_login(reference)),
        (median(peaks.0), median(peaks.1)),
    ))
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
    let limited = LIMITED.contains(&subject);
    let at_once = if limited { CONCURRENCY } else { TENANTS };
    let transport = Transport::builder().concurrency_limit(at_once).build()?;
    let bare = Bare::new(&server)?;
    let permits = limited.then(|| Arc::new(Semaphore::new(at_once)));
    let is_ours = subject.starts_with(SUBJECTS[0]);
    if !SUBJECTS.iter().chain(&LIMITED).any(|it| *it == subject) {
        return Err(format!("`{subject}` is not among {SUBJECTS:?} and {LIMITED:?}").into());
    }
    let mut logins = JoinSet::new();
    // Kept, as a program does.
    let mut tenants = Vec::new();
    let mut headers = Vec::new();
    if is_ours {
        for _ in 0..TENANTS {
            tenants.push(server.builder()?.transport(transport.clone()).build()?);
        }
    }
    let before = processor_time();
    if is_ours {
        for tenant in &tenants {
            let tenant = tenant.clone();
            let login = async move { tenant.authorization().await.map_err(|it| it.to_string()) };
            logins.spawn_on(login, runtime.handle());
        }
    } else {
        for _ in 0..TENANTS {
            let (bare, permits) = (Arc::new(bare.clone()), permits.clone());
            let login = async move {
                let told = match permits {
                    Some(permits) => {
                        let permit = permits.acquire().await;
                        let _permit = permit.map_err(|it| it.to_string())?;
                        bare.authorization().await
                    }
                    None => in_another_task(async move { bare.authorization().await }).await,
                };
                told.map_err(|it| it.to_string())
            };
            logins.spawn_on(login, runtime.handle());
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
const ROUNDS: usize = 7;
/// See [`TransportBuilder::concurrency_limit`](directlink_auth::TransportBuilder::concurrency_limit).
const CONCURRENCY: usize = 50;
