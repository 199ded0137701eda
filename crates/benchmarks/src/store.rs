//! What sharing a token costs, with a Redis server of its own.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    Result, budgets,
    table::{Amount, Row},
};

/// Everything about a store, measured by the program `store-benchmarks`; and what it takes to seal a record and to open it,
/// told by a test of `auth-common`, since nobody else can.
///
/// # Errors
///
/// When something does not build, or fails.
pub fn rows() -> Result<Vec<Row>> {
    let installed = Command::new("redis-server")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if !installed.is_ok_and(|status| status.success()) {
        eprintln!("\nLEFT OUT: all about a store, as redis-server is not installed\n");
        return Ok(Vec::new());
    }
    let benchmarks = Path::new(env!("CARGO_MANIFEST_DIR"));
    let told = cargo(
        benchmarks,
        &[
            "run",
            "--locked",
            "--quiet",
            "--package",
            "store-benchmarks",
        ],
    )?;
    let mut rows = told.lines().map(row).collect::<Result<Vec<_>>>()?;
    let told = cargo(
        &benchmarks.join("../.."),
        &[
            "test",
            "--locked",
            "--quiet",
            "--package",
            "auth-common",
            "--features",
            "store",
            "--lib",
            "sealed_and_opened",
            "--",
            "--ignored",
            "--nocapture",
        ],
    )?;
    let nanoseconds = |what: &str| -> Result<f64> {
        let told = told.split(what).nth(1).unwrap_or_default();
        Ok(told.split(' ').next().unwrap_or_default().parse()?)
    };
    for (measure, told) in [("sealing", "SEAL "), ("opening", "OPEN ")] {
        let took = Amount::Time(nanoseconds(told)? / 1e9);
        let measure = format!("{measure} a record of 4 KiB");
        rows.push(Row::limit(measure, took, budgets::SEALING));
    }
    Ok(rows)
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<String> {
    let (subcommand, rest) = arguments.split_first().ok_or("no subcommand")?;
    let output = Command::new("cargo")
        .args([*subcommand, "--release"])
        .args(rest)
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("`cargo {}` failed", arguments.join(" ")).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Of a line that `store-benchmarks` prints.
fn row(line: &str) -> Result<Row> {
    let columns: Vec<_> = line.split('\t').collect();
    Ok(match columns[..] {
        [measure, "ratio", ours, reference, most] => Row::ratio(
            measure,
            Amount::Time(ours.parse()?),
            Amount::Time(reference.parse()?),
            most.parse()?,
        ),
        [measure, "time", ours, most] => Row::limit(
            measure,
            Amount::Time(ours.parse()?),
            Amount::Time(most.parse()?),
        ),
        [measure, "count", ours, most] => Row::limit(
            measure,
            Amount::Count(ours.parse()?),
            Amount::Count(most.parse()?),
        ),
        _ => return Err(format!("`{line}` is no row").into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_are_printed() {
        for (line, holds) in [
            ("a cached call\tratio\t5.1e-8\t5e-8\t1.1", true),
            ("a cold start\ttime\t0.7\t0.6", false),
            ("logins\tcount\t1\t1", true),
        ] {
            assert_eq!(row(line).unwrap().holds(), holds, "{line}");
        }
        assert!(row("nothing").is_err());
    }
}
