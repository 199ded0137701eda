use crate::{
    scene::{Ran, Scene},
    snapshot,
};

#[test]
fn check_of_what_works_goes_all_the_way() {
    let scene = Scene::new();
    let ran = scene.run(&["check", "zapsign"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    snapshot::check("check", &without_what_changes(&scene, &ran.stdout));
    assert_eq!(
        ran.stderr,
        "This logs in to ZapSign once. With --offline it does not.\n"
    );
    assert_eq!(
        (scene.vendor.logins(), scene.vendor.resource_calls()),
        (1, 1)
    );
}

#[test]
fn check_of_refused_credentials_shows_the_vendors_words() {
    let scene = Scene::new();
    scene.vendor.refuse_credentials();
    let ran = scene.run(&["check", "zapsign"]);
    assert_eq!(ran.code, 3);
    snapshot::check("check-refused", &without_what_changes(&scene, &ran.stdout));
    assert_eq!(scene.vendor.refused(), 1);
    // Its pause counts here as anywhere.
    assert_eq!(scene.run(&["check", "zapsign"]).code, 3);
    assert_eq!(scene.vendor.refused(), 1);
}

#[test]
fn check_offline_stops_short_of_the_login() {
    let scene = Scene::new();
    let ran = scene.run(&["check", "zapsign", "--offline"]);
    assert_eq!((ran.code, &*ran.stderr), (0, ""));
    assert!(
        ran.stdout
            .ends_with("✓ clock     as the server's, to a few seconds\n"),
        "{ran:?}"
    );
    assert_eq!(
        (scene.vendor.logins(), scene.vendor.resource_calls()),
        (0, 0)
    );
}

#[test]
fn check_names_each_variable_and_what_is_wrong_with_it() {
    let scene = Scene::new();
    let mut command = scene.bare_command(&["check", "zapsign", "--offline"]);
    command.env("ZAPSIGN_USERNAME", "\u{feff}ana");
    command.env("ZAPSIGN_PASSWORD_FILE", "/nowhere/password");
    let ran = Ran::of(&mut command);
    assert_eq!(ran.code, 2);
    snapshot::check("check-variables", &ran.stdout);
}

#[test]
fn check_of_a_server_that_is_not_there_says_so() {
    let scene = Scene::new();
    let mut command = scene.command(&["check", "zapsign"]);
    command.env("ZAPSIGN_ENVIRONMENT", "http://127.0.0.1:1/");
    let ran = Ran::of(&mut command);
    assert_eq!(ran.code, 5);
    snapshot::check("check-unreachable", &ran.stdout);

    command.env("ZAPSIGN_ENVIRONMENT", "https://no-such-host.invalid/");
    let ran = Ran::of(&mut command);
    assert_eq!(ran.code, 5);
    assert!(
        ran.stdout
            .contains("\n✗ name      no-such-host.invalid has no address:"),
        "{ran:?}"
    );
}

#[test]
fn check_says_that_a_token_is_not_accepted() {
    let scene = Scene::new();
    scene
        .vendor
        .set_lifetime(std::time::Duration::from_secs(3600));
    let ran = scene.run(&["check", "zapsign"]);
    assert_eq!(ran.code, 0);
    // Its lifetime is over before it is used.
    scene.vendor.set_lifetime(std::time::Duration::ZERO);
    scene.run(&["forget"]);
    let ran = scene.run(&["check", "zapsign"]);
    assert_ne!(ran.code, 0, "{ran:?}");
}

#[test]
fn check_for_machines_is_one_object() {
    let scene = Scene::new();
    scene.vendor.refuse_credentials();
    let ran = scene.run(&["check", "zapsign", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&report["vendor"], &report["exit_code"]),
        (&"zapsign".into(), &3.into())
    );
    let findings = report["findings"].as_array().unwrap();
    let last = findings.last().unwrap();
    assert_eq!(
        (&last["what"], &last["outcome"]),
        (&"login".into(), &"failed".into())
    );
    assert!(
        last["advice"]
            .as_str()
            .unwrap()
            .contains("tokens-br forget zapsign")
    );
    assert!(
        findings[..findings.len() - 1]
            .iter()
            .all(|it| it["outcome"] == "ok")
    );
}

/// The same text on every day and every port, with its lines broken as they are for a port of five digits.
pub(crate) fn without_what_changes(scene: &Scene, text: &str) -> String {
    let address = scene.vendor.base_url().unwrap().to_string();
    let port = address.trim_end_matches('/').rsplit(':').next().unwrap();
    let text = text.replace(
        &format!(":{port}/"),
        &format!(":{}/", "54321".split_at(port.len()).0),
    );
    let mut same = String::new();
    for word in text.split_inclusive([' ', '\n', ';', ',']) {
        let bare = word.trim_end_matches([' ', '\n', ';', ',']);
        let is_time = bare.len() == SOME_TIME.len() && bare.ends_with('Z') && bare.contains('T');
        same += &if is_time {
            word.replace(bare, SOME_TIME)
        } else {
            word.into()
        };
    }
    same.replace("59 min 59 s", "1 h")
        .replace("59 min 58 s", "1 h")
        .replace("59 min 57 s", "1 h")
}

const SOME_TIME: &str = "2026-11-25T12:00:00Z";
