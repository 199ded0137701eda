use crate::{
    scene::{PASSWORD, Ran, Scene},
    snapshot,
};

#[test]
fn help_reads_well_at_80_columns() {
    let scene = Scene::new();
    let commands = [
        "header",
        "token",
        "check",
        "exec",
        "forget",
        "list",
        "demo",
        "completions",
        "man",
    ];
    let mut text = scene.run(&["--help"]).stdout;
    for command in commands {
        text += &format!("\n$ tokens-br {command} --help\n");
        text += &scene.run(&[command, "--help"]).stdout;
    }
    assert_eq!(text.matches("Example:").count(), commands.len() + 1);
    snapshot::check("help", &text);
}

#[test]
fn list_names_vendors_variables_and_documentation() {
    let scene = Scene::new();
    snapshot::check("list", &scene.run(&["list"]).stdout);
    let list: serde_json::Value =
        serde_json::from_str(&scene.run(&["list", "--json"]).stdout).unwrap();
    let words: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["vendor"].clone())
        .collect();
    assert_eq!(words, vendors::words());
    assert_eq!(list[4]["optional"][0], "ZAPSIGN_ENVIRONMENT");
}

#[test]
fn credentials_are_not_taken_from_arguments() {
    let scene = Scene::new();
    let given = [
        &["--password", PASSWORD][..],
        &["--username", PASSWORD],
        &["--user", PASSWORD],
        &["--api-secret", PASSWORD],
        &["--token", PASSWORD],
    ];
    for given in given {
        let ran = scene.run(&[&["header", "zapsign"], given].concat());
        assert_eq!(ran.code, 2);
        assert!(
            ran.stderr
                .starts_with("error: credentials are not taken from arguments")
        );
    }
    let equals = scene.run(&["header", "zapsign", &format!("--password={PASSWORD}")]);
    assert!(
        equals
            .stderr
            .starts_with("error: credentials are not taken from arguments")
    );
    assert_eq!(scene.vendor.logins(), 0);
}

#[test]
fn what_stands_in_the_wrong_place_is_not_repeated() {
    let scene = Scene::new();
    for arguments in [
        &["header", "zapsign", PASSWORD][..],
        &["header", "zapsign", &format!("--key={PASSWORD}")],
        &["header", "zapsign", &format!("-p{PASSWORD}")],
        &["list", &format!("--password={PASSWORD}")],
        &["list", PASSWORD],
        &["man", PASSWORD],
    ] {
        // That it shows no secret is checked wherever it is run.
        assert_eq!(scene.run(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn no_argument_makes_it_panic() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let scene = Scene::new();
    let odd: [&[u8]; 8] = [
        b"",
        b"-",
        b"--",
        b"\xff\xfe",
        b"--env-file",
        b"=",
        b"\n",
        b"--\xff",
    ];
    for command in [
        "header",
        "token",
        "check",
        "exec",
        "forget",
        "list",
        "demo",
        "completions",
    ] {
        for odd in odd {
            let odd = OsStr::from_bytes(odd);
            let mut run = scene.bare_command(&[command]);
            assert_ne!(Ran::of(run.arg(odd)).code, 101, "{command} {odd:?}");
        }
    }
}

#[test]
fn completions_and_manual_are_there_for_all() {
    let scene = Scene::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = scene.run(&["completions", shell]).stdout;
        assert!(
            script.contains("tokens-br") && script.contains("completions"),
            "{shell}"
        );
    }
    let page = scene.run(&["man"]).stdout;
    assert!(
        page.contains(".TH tokens-br 1") && page.contains("Exit codes"),
        "{page}"
    );
    // It sends to no page that there is not.
    assert!(
        page.contains("\ntokens\\-br header \\-\\-help\n") && !page.contains("(1)"),
        "{page}"
    );
}
