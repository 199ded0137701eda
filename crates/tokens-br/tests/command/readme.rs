//! What the READMEs show is what happens.

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use crate::scene::{PROGRAM, Scene};

#[test]
fn lines_of_the_readmes_run_as_they_stand() {
    for readme in ["README.md", "README.pt-BR.md"] {
        let scene = Scene::new();
        let programs = scene.home.join("programs");
        fs::create_dir(&programs).unwrap();
        symlink(PROGRAM, programs.join("tokens-br")).unwrap();
        // It is built already.
        let cargo = programs.join("cargo");
        fs::write(&cargo, "#!/bin/sh\n").unwrap();
        fs::set_permissions(cargo, fs::Permissions::from_mode(0o755)).unwrap();
        let path = env::var("PATH").unwrap();
        let mut shell = Command::new("bash");
        shell.args(["-e", "-o", "pipefail", "-c", &blocks(readme, "sh")]);
        shell
            .current_dir(&scene.home)
            .env_clear()
            .env("HOME", &scene.home);
        shell.env("PATH", format!("{}:{path}", programs.display()));
        let output = shell.output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{readme}: {stdout}\n{stderr}");
        for told in [
            r#"{"results": []}"#,
            r#""source":"store""#,
            "✓ resource  GET /api/v1/docs/?page=1: 200 OK",
            " letters\nzapsign: 1 removed\nblackbox (BlackBox)\n",
        ] {
            assert!(
                stdout.contains(told),
                "{readme}: {told}: {stdout}\n{stderr}"
            );
        }
    }
}

/// The recording is made by the test of the same name in `check`.
#[test]
fn recording_in_the_readmes_is_that_of_the_test() {
    let recording = fs::read_to_string(of_the_crate("tests/snapshots/check-refused.txt")).unwrap();
    let expected = format!("$ tokens-br check zapsign\n{recording}");
    for readme in ["README.md", "README.pt-BR.md"] {
        assert_eq!(blocks(readme, "text"), expected, "{readme}");
    }
}

#[test]
fn exit_codes_of_the_readme_are_those_of_the_help() {
    let help = Scene::new().run(&["--help"]).stdout;
    let readme = fs::read_to_string(of_the_crate("README.md")).unwrap();
    let rows = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let codes: Vec<_> = rows
        .filter(|(code, _)| code.parse::<u8>().is_ok())
        .collect();
    assert_eq!(codes.len(), 7);
    for (code, meaning) in codes {
        let line = format!("  {code}  {}\n", meaning.trim_end_matches(" |"));
        assert!(help.contains(&line), "{line}");
    }
}

/// All blocks of code in this language, one after the other.
fn blocks(readme: &str, language: &str) -> String {
    let text = fs::read_to_string(of_the_crate(readme)).unwrap();
    let begin = format!("```{language}\n");
    let blocks = text.split(&begin).skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

fn of_the_crate(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}
