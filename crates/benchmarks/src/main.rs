//! Measures everything against its budget; see the library.

use std::{fs, path::Path, process::ExitCode};

use benchmarks::{
    Result, cached, callers, chart, cold_login, command, crowd, instructions, refusals, renewal,
    start, store,
    table::{self, Row},
    tenants, weight,
};

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["instructions-of", subject] = arguments[..] {
        instructions::repeat(subject)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let ["crowd-of", subject, url] = arguments[..] {
        crowd::ask(subject, url)?;
        return Ok(ExitCode::SUCCESS);
    }
    let charted = arguments.contains(&CHART);
    let everything = arguments.contains(&"--weight");
    let arguments: Vec<&str> = match arguments[..] {
        [CHART] => vec!["--peers"],
        _ => arguments.into_iter().filter(|it| *it != CHART).collect(),
    };
    let mut rows = Vec::new();
    for (name, measure) in chosen(&arguments)? {
        eprintln!("measuring {name} …");
        let measured = measure()?;
        // Others may take minutes.
        eprint!("{}", table::markdown(&measured));
        rows.extend(measured);
    }
    print!("\n{}", table::markdown(&rows));
    if charted {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCS);
        fs::write(folder.join("performance.svg"), chart::svg(&rows)?)?;
        // What was not measured would be missing in the table.
        if everything {
            let page = folder.join("performance.md");
            fs::write(&page, table::put_into(&fs::read_to_string(&page)?, &rows)?)?;
        }
    }
    Ok(if rows.iter().all(Row::holds) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Alone, or with what is measured besides. With everything, it is the table of the page as well.
const CHART: &str = "--chart";
const DOCS: &str = "../auth-common/docs";

type Measure = (&'static str, fn() -> Result<Vec<Row>>);

/// Those named; without names all of them, and the slow ones only where they are asked for.
fn chosen(arguments: &[&str]) -> Result<Vec<Measure>> {
    match arguments {
        [] => Ok(MEASURES.to_vec()),
        ["--weight"] => Ok([MEASURES, PEERS, SLOW].concat()),
        ["--peers"] => Ok([MEASURES, PEERS].concat()),
        names => names.iter().copied().map(named).collect(),
    }
}

fn named(name: &str) -> Result<Measure> {
    let all = [MEASURES, PEERS, SLOW].concat();
    let found = all.iter().find(|(known, _)| *known == name).copied();
    let known: Vec<_> = all.iter().map(|(known, _)| *known).collect();
    found.ok_or_else(|| format!("`{name}` is not measured; these are: {}", known.join(", ")).into())
}

const MEASURES: &[Measure] = &[
    ("cached", cached::times),
    ("scattered", cached::scattered),
    ("instructions", instructions::rows),
    ("allocations", cached::allocations),
    ("cold-login", cold_login::times),
    ("cold-login-over-tls", cold_login::over_tls),
    ("crowd", crowd::rows),
    ("callers", callers::rows),
    ("renewal", renewal::rows),
    ("refusals", refusals::rows),
    ("tenants", tenants::rows),
];

/// Those without a budget: what others do.
#[cfg(feature = "peers")]
const PEERS: &[Measure] = &[("peers", benchmarks::peers::rows)];
#[cfg(not(feature = "peers"))]
const PEERS: &[Measure] = &[];

/// Those that take minutes: most of them build programs.
const SLOW: &[Measure] = &[
    ("many-tenants", tenants::many),
    ("sizes", weight::sizes),
    ("builds", weight::builds),
    ("start", start::rows),
    ("command", command::rows),
    ("store", store::rows),
];
