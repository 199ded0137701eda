//! The instructions of a cached call, which no neighbour on the machine can change. Valgrind counts them; it answers
//! clock readings from the kernel, so that these count as next to nothing on either side. They have no budget: half of a
//! call's time goes into its clock and its atomic operations, which are few instructions.

use std::process::{Command, Stdio};

use crate::{
    Result,
    cached::{at_once, in_turn, subjects},
    table::{Amount, Row},
};

/// Whose call is counted. The name of each is the argument that makes this program its own subject: see [`repeat`].
const SUBJECTS: [&str; 2] = ["ours", "reference"];

/// The instructions of a cached call; none where valgrind is not installed.
///
/// # Errors
///
/// When valgrind fails.
pub fn rows() -> Result<Vec<Row>> {
    let installed = Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !installed {
        eprintln!("skipped: valgrind is not installed");
        return Ok(Vec::new());
    }
    let [ours, reference] = SUBJECTS.map(count);
    Ok(vec![Row::told(
        "cached header: instructions",
        ours?,
        reference?,
    )])
}

/// What [`rows`] starts this program for under valgrind.
///
/// # Errors
///
/// When there is no token, or nobody is called `subject`.
pub fn repeat(subject: &str) -> Result {
    let (authenticator, reference) = subjects()?;
    match subject {
        "ours" => counted_calls(|| authenticator.authorization()),
        "reference" => counted_calls(|| reference.authorization()),
        _ => return Err(format!("`{subject}` is not among {SUBJECTS:?}").into()),
    }
    Ok(())
}

fn count(subject: &str) -> Result<Amount> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*counted_calls*")
        .arg(std::env::current_exe()?)
        .args(["instructions-of", subject])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .ok_or_else(|| format!("valgrind did not count: {said}"))?
        .1;
    let instructions: f64 = collected.trim().parse()?;
    Ok(Amount::Count(instructions / f64::from(CALLS)))
}

/// Valgrind counts between the start and the end of this function, which it knows by its name.
#[inline(never)]
fn counted_calls<F: Future>(call: impl Fn() -> F) {
    at_once(in_turn(CALLS, call));
}

const CALLS: u32 = 10_000;
