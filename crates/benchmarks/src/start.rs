//! What it takes to start: a program that gets one token over TLS, with either provider of cryptography for rustls.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    Result,
    server::Server,
    table::{Amount, Row},
    weight::{Program, work_of_children},
};

/// The size of such a program with aws-lc-rs, the default, beside ring; and its processor time, where the system tells.
///
/// # Errors
///
/// When it does not build, or gets no token.
pub fn rows() -> Result<Vec<Row>> {
    let (server, certificate) = Server::with_tls()?;
    let authorities = env::temp_dir().join(format!("benchmarks-{}.pem", std::process::id()));
    fs::write(&authorities, certificate)?;

    let measured = |features: &[&str]| {
        let program = Program("ours").compile(features)?;
        let size = Amount::Memory(program.metadata()?.len() as f64);
        Result::Ok((size, start(&program, &server, &authorities)?))
    };
    let (size, aws_lc) = measured(&[])?;
    let (size_with_ring, ring) = measured(&["--no-default-features", "--features", "rustls-ring"])?;
    fs::remove_file(&authorities)?;
    let mut rows = vec![Row::told(
        "aws-lc-rs beside ring: stripped size",
        size,
        size_with_ring,
    )];
    if !aws_lc.is_zero() {
        let measure = "aws-lc-rs beside ring: processor time of one login";
        rows.push(Row::told(measure, aws_lc, ring));
    }
    Ok(rows)
}

fn start(program: &Path, server: &Server, authorities: &Path) -> Result<Duration> {
    let before = work_of_children();
    for _ in 0..STARTS {
        let status = Command::new(program)
            .env("SSL_CERT_FILE", authorities)
            // Whatever is in there would be read as well.
            .env_remove("SSL_CERT_DIR")
            .env("ZAPSIGN_ENVIRONMENT", server.url())
            .env("ZAPSIGN_ORGANIZATION_ID", "1234")
            .env("ZAPSIGN_USERNAME", "maria@example.com")
            .env("ZAPSIGN_PASSWORD", "s3cret")
            .stdout(Stdio::null())
            .status()?;
        if !status.success() {
            return Err(format!("`{}` got no token", program.display()).into());
        }
    }
    Ok((work_of_children() - before) / STARTS)
}

/// The system counts in steps of 10 ms: so many make it exact to 0.1 ms.
const STARTS: u32 = 100;
