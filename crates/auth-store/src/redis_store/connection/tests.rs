#![allow(clippy::unwrap_used)]

use redis::parse_redis_value;

use super::*;

/// The words of Redis 6.2.14, and of those after it.
#[test]
fn each_server_says_why_it_refused_a_command_of_a_script() {
    let said = |text: &str| {
        let answer = parse_redis_value(format!("-{text}\r\n").as_bytes()).unwrap();
        failed(&answer.extract_error().unwrap_err()).to_string()
    };
    let of_script = |reason: &str| {
        let script = "f_1d49d8393bcbf37c8075fbfe19dee09d3514414e";
        said(&format!(
            "ERR Error running script (call to {script}): @user_script:1: {reason}"
        ))
    };
    for (told, code) in [
        (
            of_script("WRONGTYPE Operation against a key holding the wrong kind of value"),
            "WRONGTYPE",
        ),
        (
            of_script("@user_script: 1: -READONLY You can't write against a read only replica."),
            "READONLY",
        ),
        (
            of_script("@user_script: 1: -OOM command not allowed when used memory > 'maxmemory'."),
            "OOM",
        ),
        (
            of_script(
                "@user_script: 1: The user executing the script can't run this command or subcommand",
            ),
            "ERR",
        ),
        (
            said(
                "WRONGTYPE Operation against a key holding the wrong kind of value script: f_1, on @user_script:1.",
            ),
            "WRONGTYPE",
        ),
        (said("ERR unknown command 'EVAL'"), "ERR"),
        (of_script(""), "ERR"),
        (of_script("maria is no user"), "ERR"),
    ] {
        assert_eq!(told, format!("the token store failed: it says {code}"));
    }
}
