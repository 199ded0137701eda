//! What it takes to start: a program that gets one token over TLS, with either provider of cryptography for rustls.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    Result, budgets,
    server::Server,
    table::{Amount, Row},
    weight::{Program, work_of_children},
};

/// The size of such a program with aws-lc-rs, the default, beside ring; and its processor time, where the system tells.
/// And that of one with the operating system's library, beside bare reqwest.
///
/// # Errors
///
/// When it does not build, or gets no token.
pub fn rows() -> Result<Vec<Row>> {
    let (server, certificate) = Server::with_tls()?;
    let authorities = env::temp_dir().join(format!("benchmarks-{}.pem", std::process::id()));
    fs::write(&authorities, certificate)?;

    let measured = |program: PathBuf| {
        let size = Amount::Memory(program.metadata()?.len() as f64);
        let mut login = program_at(&program, &server);
        login.env("SSL_CERT_FILE", &authorities);
        let mut took = Duration::ZERO;
        for _ in 0..STARTS {
            took += time(&mut login)?;
        }
        Result::Ok((size, took / STARTS))
    };
    let (size, aws_lc) = measured(Program("ours").compile(&[])?)?;
    let (size_with_ring, ring) = measured(Program("ours").compile_with("rustls-ring")?)?;
    fs::remove_file(&authorities)?;
    let mut rows = vec![Row::told(
        "aws-lc-rs beside ring: stripped size",
        size,
        size_with_ring,
    )];
    if !aws_lc.is_zero() {
        let measure = "aws-lc-rs beside ring: processor time of one login";
        rows.push(Row::told(measure, aws_lc, ring));
        rows.extend(native_tls()?);
    }
    Ok(rows)
}

/// The server is one on loopback without TLS: what is measured is that TLS is made ready. With a proxy in the environment,
/// which nothing goes through here, there is more to be made ready.
fn native_tls() -> Result<Vec<Row>> {
    let server = Server::start(Duration::ZERO, Duration::from_secs(3600))?;
    let ours = Program("ours").compile_with("native-tls")?;
    let bare = Program("bare").compile_with("native-tls")?;
    let proxies = [("", None), (", a proxy in the environment", Some(NO_PROXY))];
    proxies
        .into_iter()
        .map(|(label, proxy)| {
            let login = |program: &Path| {
                let mut login = program_at(program, &server);
                match proxy {
                    Some(proxy) => login.env("HTTPS_PROXY", proxy),
                    None => login.env_remove("HTTPS_PROXY"),
                };
                login
            };
            let (mut ours, mut bare) = (login(&ours), login(&bare));
            let (mut took, mut took_by_bare) = (Duration::ZERO, Duration::ZERO);
            for _ in 0..STARTS {
                took += time(&mut ours)?;
                took_by_bare += time(&mut bare)?;
            }
            Ok(Row::ratio(
                format!("native-tls: processor time of one login{label}"),
                took / STARTS,
                took_by_bare / STARTS,
                budgets::START_WITH_NATIVE_TLS,
            ))
        })
        .collect()
}

fn program_at(path: &Path, server: &Server) -> Command {
    let mut program = Command::new(path);
    program
        // Whatever is in there would be read as well.
        .env_remove("SSL_CERT_DIR")
        .env("ZAPSIGN_ENVIRONMENT", server.url())
        .env("ZAPSIGN_ORGANIZATION_ID", "1234")
        .env("ZAPSIGN_USERNAME", "maria@example.com")
        .env("ZAPSIGN_PASSWORD", "s3cret")
        .stdout(Stdio::null());
    program
}

/// The processor time of one run. The system counts the sum of all in steps of 10 ms.
fn time(program: &mut Command) -> Result<Duration> {
    let before = work_of_children();
    let status = program.status()?;
    if !status.success() {
        return Err(format!("{:?} got no token", program.get_program()).into());
    }
    Ok(work_of_children() - before)
}

/// Where nobody listens.
const NO_PROXY: &str = "http://127.0.0.1:1";
/// So many make the mean exact to 0.1 ms.
const STARTS: u32 = 100;
