//! The examples as a user runs them: as processes, told by their environment where to go.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    env,
    process::{Command, Output},
};

use auth_common::testing::{Role, StandIn};

#[test]
fn all_five_vendors_in_one_table() {
    let output = run("all_vendors", &[], &[]);
    let table = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    let row = |vendor: &str| {
        let row = table.lines().find(|line| line.starts_with(vendor));
        row.unwrap_or_else(|| panic!("{vendor} is missing from\n{table}"))
    };
    for (vendor, expected) in [
        ("Invoisys", ["25 h 47 min", "400 Credenciais inválidas."]),
        ("Conta Simples", ["1 h", "401 "]),
        ("DirectLink", ["1 h", "401 Unauthorized"]),
        ("BlackBox", ["24 h", "400 The user name or password"]),
        ("ZapSign", ["refresh token", "401 "]),
    ] {
        let row = row(vendor);
        for expected in expected.into_iter().chain(["200 OK", "1 login "]) {
            assert!(row.contains(expected), "{expected} is missing from {row}");
        }
    }
    assert!(
        table.lines().all(|line| line.chars().count() <= 100),
        "{table}"
    );
    for secret in ["Bearer", "eyJ", "pehddf4", "senha"] {
        assert!(!table.contains(secret), "{table}");
    }
}

#[test]
fn blackbox_says_what_is_missing_and_works_when_nothing_is() {
    let vendor = StandIn::<blackbox_auth::testing::Vendor>::start();
    let url = vendor.base_url().unwrap();
    try_out(
        "blackbox",
        &vendor,
        &[
            ("BLACKBOX_URL", url.as_str()),
            ("BLACKBOX_USERNAME", "usuario.da.loja"),
            ("BLACKBOX_PASSWORD", "senha da loja"),
        ],
        &[],
    );
}

#[test]
fn contasimples_says_what_is_missing_and_works_when_nothing_is() {
    let vendor = StandIn::playing(contasimples_auth::testing::Vendor::with_key(
        "key", "secret",
    ));
    let url = vendor.base_url().unwrap();
    try_out(
        "contasimples",
        &vendor,
        &[
            ("CONTA_SIMPLES_API_KEY", "key"),
            ("CONTA_SIMPLES_API_SECRET", "secret"),
            ("CONTA_SIMPLES_ENV", url.as_str()),
        ],
        &[],
    );
}

#[test]
fn directlink_says_what_is_missing_and_works_when_nothing_is() {
    let vendor = StandIn::<directlink_auth::testing::Vendor>::start();
    let url = vendor.base_url().unwrap();
    try_out(
        "directlink",
        &vendor,
        &[
            ("DIRECTLINK_URL", url.as_str()),
            ("DIRECTLINK_USERNAME", "johndoe"),
            ("DIRECTLINK_PASSWORD", "A3ddj3w"),
        ],
        &[],
    );
}

#[test]
fn invoisys_says_what_is_missing_and_works_when_nothing_is() {
    let vendor = StandIn::<invoisys_auth::testing::Vendor>::start();
    let url = vendor.base_url().unwrap();
    try_out(
        "invoisys",
        &vendor,
        &[
            ("INVOISYS_USERNAME", "email@email.com.br"),
            ("INVOISYS_PASSWORD", "senha do usuário"),
            ("INVOISYS_ENVIRONMENT", url.as_str()),
        ],
        &[],
    );
}

#[test]
fn zapsign_says_what_is_missing_and_works_when_nothing_is() {
    let vendor = StandIn::<zapsign_auth::testing::Vendor>::start();
    let url = vendor.base_url().unwrap();
    try_out(
        "zapsign",
        &vendor,
        &[
            ("ZAPSIGN_ORGANIZATION_ID", "4321"),
            ("ZAPSIGN_USERNAME", "dev@exemplo.com.br"),
            ("ZAPSIGN_PASSWORD", "Senhaforte123"),
        ],
        &[("ZAPSIGN_ENVIRONMENT", url.as_str())],
    );
}

#[test]
fn an_unknown_vendor_is_told_the_five() {
    let output = run("all_vendors", &["--live", "acme"], &[]);
    assert!(!output.status.success());
    let usage = "usage: all_vendors [--live invoisys|contasimples|directlink|blackbox|zapsign]\n";
    assert_eq!(stderr(&output), usage);
}

#[test]
fn tracing_tells_a_login_a_refresh_an_invalidation_and_a_failure() {
    let said = said_by("tracing");
    for expected in [
        "requesting a token exchange=\"login\"",
        "requesting a token exchange=\"refresh_token\"",
        "token issued",
        "an API refused the token vendor=\"ZapSign\" outcome=Accepted",
        "trying again error.type=\"unavailable\" http.response.status_code=503",
        "no token error.type=\"unavailable\"",
        "\nFresh\n",
    ] {
        assert!(
            said.contains(expected),
            "{expected} is missing from\n{said}"
        );
    }
}

#[test]
fn thousand_tenants_log_in_once_each() {
    let said = said_by("many_tenants");
    assert_eq!(said.matches(", 1000 logins so far\n").count(), 2, "{said}");
}

#[test]
fn middleware_hides_a_revoked_token_and_refuses_a_stranger() {
    let said = said_by("middleware");
    assert!(
        said.contains("the balance: 200 OK {\"amount\":1500.75}\n"),
        "{said}"
    );
    assert!(
        said.contains("once more: 200 OK, after 2 logins in all\n"),
        "{said}"
    );
    assert!(
        said.contains("the token of Conta Simples is for nobody else\n"),
        "{said}"
    );
}

#[test]
fn hundred_threads_of_a_script_share_one_login() {
    let said = said_by("blocking");
    assert!(
        said.contains("100 threads have the header, after 1 login\n"),
        "{said}"
    );
}

/// What an example says that needs no settings, and tells no secret.
fn said_by(example: &str) -> String {
    let output = run(example, &[], &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stdout(&output);
    for secret in ["Bearer", "eyJ", "pehddf4", "Senhaforte", "senha"] {
        assert!(!said.contains(secret), "{said}");
    }
    said
}

/// Runs a vendor's own example and its live tour: without each of the required variables in turn, then with all.
fn try_out<R: Role>(
    name: &str,
    vendor: &StandIn<R>,
    required: &[(&str, &str)],
    optional: &[(&str, &str)],
) {
    let vars = [required, optional].concat();
    for program in [&[name][..], &["all_vendors", "--live", name]] {
        let (program, arguments) = program.split_first().unwrap();
        for (missing, _) in required {
            let rest: Vec<_> = vars
                .iter()
                .copied()
                .filter(|(it, _)| it != missing)
                .collect();
            let output = run(program, arguments, &rest);
            assert!(!output.status.success());
            let problem = format!("{missing} is not set in the environment\n");
            assert_eq!(stderr(&output), problem);
        }
        let output = run(program, arguments, &[]);
        assert!(!output.status.success());
        for (missing, _) in required {
            assert!(stderr(&output).contains(missing), "{}", stderr(&output));
        }
        assert_eq!(vendor.logins(), 0);
    }

    let output = run(name, &[], &vars);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).ends_with(" answered 200 OK\n"));
    assert_eq!((vendor.logins(), vendor.resource_calls()), (1, 1));

    let output = run("all_vendors", &["--live", name], &vars);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("  200 OK    1 login "));
    assert_eq!(vendor.resource_calls(), 2);
    assert_eq!(vendor.refused(), 0);
}

fn run(example: &str, arguments: &[&str], vars: &[(&str, &str)]) -> Output {
    let tests = env::current_exe().unwrap();
    let target = tests.parent().and_then(|deps| deps.parent()).unwrap();
    let program = target
        .join("examples")
        .join(format!("{example}{}", env::consts::EXE_SUFFIX));
    Command::new(&program)
        .args(arguments)
        .env_clear()
        .envs(env::vars_os().filter(|(name, _)| name == "PATH" || name == "SystemRoot"))
        .envs(vars.iter().copied())
        .output()
        .expect("`cargo test` builds the examples, unless it is told which targets to build")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
