//! The examples as a user runs them: as processes, told by their environment where to go.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    env,
    process::{Command, Output},
};

use auth_common::{TokenEndpoint, testing::StandIn};
use vendors::Vendor;

#[test]
fn all_vendors_in_one_table() {
    let output = run("all_vendors", &[], &[]);
    let table = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    macro_rules! check {
        ([$($vendor:ident)*]) => {
            $(check_row::<vendors::$vendor::testing::Vendor>(&table);)*
        };
    }
    vendors::for_each!(check);
    assert!(
        table.lines().all(|line| line.chars().count() <= 100),
        "{table}"
    );
    for secret in SECRETS {
        assert!(!table.contains(secret), "{table}");
    }
}

/// The row has the vendor's name, the lifetime and the refusal of its document, and a renewal by what it hands out.
fn check_row<V: Vendor>(table: &str) {
    let name = V::Endpoint::VENDOR;
    let row = table
        .lines()
        .find(|line| line.starts_with(&format!("{name}  ")));
    let row = row.unwrap_or_else(|| panic!("{name} is missing from\n{table}"));
    let minutes = (V::LIFETIME.as_secs() + 30) / 60;
    let lifetime = match (minutes / 60, minutes % 60) {
        (hours, 0) => format!(" {hours} h "),
        (0, minutes) => format!(" {minutes} min "),
        (hours, minutes) => format!(" {hours} h {minutes} min "),
    };
    let role = V::default();
    let renewed_by = match role.refresh_token(1) {
        Some(_) => " refresh token ",
        None => " login ",
    };
    let refusal = format!(" {} ", role.credentials_refused().status());
    for expected in [&lifetime, " 200 OK ", " 1 login ", renewed_by, &refusal] {
        assert!(row.contains(expected), "{expected} is missing from {row}");
    }
    for (variable, value) in role.variables("https://vendor.example") {
        assert!(!table.contains(&value), "{variable} is in\n{table}");
    }
}

macro_rules! says_what_is_missing_and_works_when_nothing_is {
    ([$($vendor:ident)*]) => {
        mod says_what_is_missing_and_works_when_nothing_is {
            $(
                #[test]
                fn $vendor() {
                    super::try_out::<vendors::$vendor::testing::Vendor>();
                }
            )*
        }
    };
}
vendors::for_each!(says_what_is_missing_and_works_when_nothing_is);

#[test]
fn an_unknown_vendor_is_told_the_known_ones() {
    let output = run("all_vendors", &["--live", "acme"], &[]);
    assert!(!output.status.success());
    let usage = format!(
        "usage: all_vendors [--live {}]\n",
        vendors::words().join("|")
    );
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
fn middleware_hides_a_revoked_token_refuses_a_stranger_and_says_why_there_is_no_token() {
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
    assert!(
        said.contains("no token: somebody has to correct the credentials\n"),
        "{said}"
    );
}

#[test]
fn secret_that_changes_in_its_file_is_used_without_a_restart() {
    let said = said_by("mounted_secret");
    assert!(
        said.contains("after 2 logins and 1 refusal in all\n"),
        "{said}"
    );
}

#[test]
fn secret_manager_is_asked_before_each_login_and_for_nothing_else() {
    let said = said_by("secret_manager");
    for expected in [
        "1,000 calls: 1 login, and the manager was asked 1 time\n",
        "rotated: a token by version 2",
        "the manager is gone: no credentials for DirectLink: ",
        "the token that is cached is served all the same\n",
    ] {
        assert!(
            said.contains(expected),
            "{expected} is missing from\n{said}"
        );
    }
}

#[test]
fn rotation_under_load_fails_no_call() {
    let said = said_by("rotation");
    assert!(said.contains("the old one was refused 1 time"), "{said}");
    assert!(said.contains(" callers, 0 failed, "), "{said}");
    assert!(said.ends_with("; 2 logins, 1 refused\n"), "{said}");
}

#[test]
fn program_under_cron_logs_in_once_in_eight_runs() {
    let said = said_by("cron");
    assert!(said.starts_with("the header by a login, "), "{said}");
    assert_eq!(
        said.matches("the header from the store, ").count(),
        7,
        "{said}"
    );
    assert!(said.ends_with("8 runs: 1 login\n"), "{said}");
}

#[test]
fn eight_processes_log_in_once() {
    let said = said_by("fleet");
    let row = |stage: &str| -> Vec<String> {
        let row = said.lines().find(|line| line.starts_with(stage));
        let row = row.unwrap_or_else(|| panic!("{stage} is missing from\n{said}"));
        row.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    for (stage, tokens, refused, adopted, requests) in [
        ("cold ", "8", "0", "7", "1"),
        ("warm ", "8", "0", "8", "0"),
        ("a wrong password ", "0", "8", "0", "1"),
    ] {
        let row = row(stage);
        let told = [&row[1], &row[2], &row[3], &row[5]];
        assert_eq!(told, [tokens, refused, adopted, requests], "{said}");
    }
    assert_eq!(row("the leader killed ")[1], "8", "{said}");
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
    for secret in SECRETS {
        assert!(!said.contains(secret), "{said}");
    }
    said
}

/// Runs a vendor's own example and its live tour: without each of the required variables in turn, then with all.
fn try_out<V: Vendor>() {
    let vendor = StandIn::<V>::start();
    let name = V::word();
    let vars = V::default().variables(vendor.base_url().unwrap().as_str());
    let vars: Vec<_> = vars
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let required: Vec<_> = vars
        .iter()
        .filter(|(name, _)| !V::OPTIONAL_VARIABLES.contains(name))
        .collect();
    for program in [&[name][..], &["all_vendors", "--live", name]] {
        let (program, arguments) = program.split_first().unwrap();
        for (missing, _) in &required {
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
        for (missing, _) in &required {
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
        .expect("`cargo test --workspace` builds every example; for one of them, `cargo build --examples`")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What stands in the tokens and in the passwords of the documents.
const SECRETS: [&str; 5] = ["Bearer", "eyJ", "pehddf4", "Senhaforte", "senha"];
