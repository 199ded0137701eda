//! Tests that want a process of their own, for its environment or for what it shares among threads.

use std::{env, process::Command};

/// Runs this ignored test in a process of its own, with these environment variables, and no others that name a proxy
/// or root certificates.
pub(crate) fn run(test: &str, vars: &[(&str, &str)]) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored"]);
    for (name, _) in env::vars_os() {
        let known = name.to_string_lossy().to_ascii_lowercase();
        // Where the second is set, the program takes itself for a CGI script, and HTTP_PROXY for a header.
        if known.ends_with("_proxy") || known.starts_with("ssl_cert_") || known == "request_method"
        {
            command.env_remove(name);
        }
    }
    let output = command.envs(vars.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}
