use crate::{
    audit, links, lints, package, pages, parity,
    process::{Result, cargo},
    step::{self, Step},
    table,
    workspace::Workspace,
};

pub(crate) fn run(named: &[&str]) -> Result {
    step::run("ci", STEPS, named)
}

fn format() -> Result {
    cargo("fmt").args(["--all", "--check"]).run()
}

fn test() -> Result {
    cargo("test").args(["--workspace", "--all-features"]).run()
}

/// With each library for TLS by itself: all of them together are the one that wins.
fn certificates() -> Result {
    for library in ["rustls", "rustls-ring", "native-tls"] {
        cargo("test")
            .args(["--package", "auth-common", "--test", "certificates"])
            .args(["--no-default-features", "--features"])
            .arg(format!("{library},testing"))
            .run()?;
    }
    Ok(())
}

/// The shell is a workspace of its own, since it puts another Tokio in Tokio's place. The fleet's protocol is a test that
/// is passed over elsewhere, since it takes a minute.
fn model() -> Result {
    cargo("test")
        .args(["--package", "auth-common", "--all-features", "--lib"])
        .args(["explorer", "--", "--ignored", "--nocapture"])
        .run()?;
    cargo("test")
        .args(["--manifest-path", "crates/auth-common/model/Cargo.toml"])
        .args(["--locked", "--target-dir", "target/model"])
        .run()
}

fn documentation() -> Result {
    cargo("doc")
        .args(["--workspace", "--all-features", "--no-deps"])
        .var("RUSTDOCFLAGS", "-D warnings")
        .run()
}

/// Built together, packages lend each other their features; a user's build has no such help.
fn alone() -> Result {
    for package in Workspace::load()?.published()? {
        for features in [&[][..], &["--no-default-features"]] {
            lints::alone(&package.name, features)?;
        }
    }
    Ok(())
}

const STEPS: &[Step] = &[
    Step {
        name: "format",
        headline: "rustfmt would change nothing",
        run: format,
    },
    Step {
        name: "clippy",
        headline: "no warning, no unsafe code, in any target",
        run: lints::workspace,
    },
    Step {
        name: "alone",
        headline: "each crate by itself, with default features and none",
        run: alone,
    },
    Step {
        name: "doc",
        headline: "the documentation builds without a warning",
        run: documentation,
    },
    Step {
        name: "test",
        headline: "the README's test command",
        run: test,
    },
    Step {
        name: "certificates",
        headline: "the same certificates are accepted, whichever library does TLS",
        run: certificates,
    },
    Step {
        name: "table",
        headline: "the tests that the conformance table names are there",
        run: table::run,
    },
    Step {
        name: "model",
        headline: "the shell under thousands of schedules, a fleet in a million states",
        run: model,
    },
    Step {
        name: "links",
        headline: "no link leads nowhere",
        run: links::run,
    },
    Step {
        name: "pages",
        headline: "the vendors' pages are what their templates make of them",
        run: pages::check,
    },
    Step {
        name: "parity",
        headline: "the READMEs in Portuguese are in step",
        run: parity::run,
    },
    Step {
        name: "package",
        headline: "what would be uploaded is whole, and nothing else",
        run: package::contents,
    },
    Step {
        name: "audit",
        headline: "the supply chain",
        run: || audit::run(&[]),
    },
];
