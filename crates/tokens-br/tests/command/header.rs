use std::{fs, process::Stdio, time::Duration};

use crate::scene::{PASSWORD, Ran, Scene, USERNAME};

#[test]
fn header_is_printed_and_nothing_else() {
    let scene = Scene::new();
    let header = scene.run(&["header", "zapsign"]);
    assert_eq!(header.token().split('.').count(), 3);
    assert_eq!(scene.vendor.logins(), 1);
}

#[test]
fn second_call_asks_nobody() {
    let scene = Scene::new();
    let first = scene.run(&["header", "zapsign"]);
    let second = scene.run(&["header", "zapsign"]);
    assert_eq!(first.token(), second.token());
    assert_eq!((scene.vendor.logins(), scene.vendor.refreshes()), (1, 0));
}

#[test]
fn thirty_two_shells_at_once_log_in_once() {
    let scene = Scene::new();
    let all = at_once(&scene, 32);
    assert_eq!((scene.vendor.logins(), scene.vendor.refreshes()), (1, 0));
    assert!(all.iter().all(|one| one.token() == all[0].token()));
}

#[test]
fn wrong_password_is_sent_once_by_thirty_two_shells() {
    let scene = Scene::new();
    scene.vendor.refuse_credentials();
    for refused in at_once(&scene, 32) {
        assert_eq!((refused.code, &*refused.stdout), (3, ""));
        assert!(
            refused
                .stderr
                .starts_with("error: ZapSign refused the credentials")
        );
    }
    assert_eq!(scene.vendor.refused(), 1);
}

#[test]
fn exit_code_tells_what_went_wrong() {
    type Event = fn(&Scene);
    let outcomes: [(Event, i32); 6] = [
        (|_| (), 0),
        (|scene| scene.vendor.refuse_credentials(), 3),
        (
            |scene| scene.vendor.rate_limit(Some(Duration::from_secs(60))),
            4,
        ),
        (|scene| scene.vendor.fail(500), 5),
        (|scene| scene.vendor.answer_html(200), 6),
        (|scene| scene.vendor.fail(404), 5),
    ];
    for (happens, code) in outcomes {
        let scene = Scene::new();
        happens(&scene);
        let ran = scene.run(&["header", "zapsign"]);
        assert_eq!(ran.code, code, "{ran:?}");
    }
}

#[test]
fn missing_variables_are_named_all_at_once() {
    let scene = Scene::new();
    let ran = Ran::of(
        scene
            .bare_command(&["header", "zapsign"])
            .env("ZAPSIGN_USERNAME", "x"),
    );
    assert_eq!(ran.code, 2);
    let words = "error: ZAPSIGN_ORGANIZATION_ID and ZAPSIGN_PASSWORD are not set in the \
                 environment\n";
    assert_eq!(ran.stderr, words);
}

#[test]
fn credentials_come_from_files_as_well() {
    let scene = Scene::new();
    let secret = scene.write("secret", &format!("{PASSWORD}\n"));
    let mut command = scene.command(&["header", "zapsign"]);
    command
        .env_remove("ZAPSIGN_PASSWORD")
        .env("ZAPSIGN_PASSWORD_FILE", secret);
    Ran::of(&mut command).token();
}

#[test]
fn variables_in_a_file_win_over_the_environment() {
    let scene = Scene::new();
    let text = format!(
        "# of the team\nexport ZAPSIGN_USERNAME=\"{USERNAME}\"\nZAPSIGN_PASSWORD={PASSWORD}\n"
    );
    let file = scene.write("zapsign.env", &text);
    let mut command = scene.command(&["header", "zapsign", "--env-file", &file]);
    command
        .env("ZAPSIGN_USERNAME", "another")
        .env_remove("ZAPSIGN_PASSWORD");
    command.env("ZAPSIGN_PASSWORD_FILE", "/nowhere");
    Ran::of(&mut command).token();
}

#[test]
fn file_of_variables_that_cannot_be_read_is_told_without_what_it_holds() {
    let scene = Scene::new();
    let absent = scene.run(&["header", "zapsign", "--env-file", "absent.env"]);
    assert_eq!(absent.code, 2);
    assert_eq!(
        absent.stderr,
        "error: absent.env: No such file or directory (os error 2)\n"
    );
    scene.write("wrong.env", &format!("ZAPSIGN_USERNAME=x\n{PASSWORD}\n"));
    let wrong = scene.run(&["header", "zapsign", "--env-file", "wrong.env"]);
    assert_eq!(wrong.stderr, "error: wrong.env: line 2 is not NAME=value\n");
    fs::write(scene.home.join("long.env"), vec![b'#'; 70_000]).unwrap();
    let long = scene.run(&["header", "zapsign", "--env-file", "long.env"]);
    assert_eq!(long.stderr, "error: long.env: is larger than 64 KiB\n");
}

#[test]
fn token_tells_how_it_came_and_shows_itself_only_when_asked() {
    let scene = Scene::new();
    let secret = scene.run(&["header", "zapsign"]).token().to_owned();
    let hidden = scene.run(&["token", "zapsign", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&hidden.stdout).unwrap();
    assert_eq!(
        (&told["vendor"], &told["source"]),
        (&"zapsign".into(), &"store".into())
    );
    assert!(told["expires_in"].as_u64().unwrap() > 3500, "{told}");
    assert!(
        told["expires_at"].as_str().unwrap().ends_with('Z'),
        "{told}"
    );
    assert!(told.get("token").is_none(), "{told}");
    let text = scene.run(&["token", "zapsign"]).stdout;
    assert!(
        text.contains("\nsource   store\n") && !text.contains(&secret),
        "{text}"
    );

    let shown = scene.run(&["token", "zapsign", "--json", "--show"]);
    let told: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(told["token"], *secret);
    let text = scene.run(&["token", "zapsign", "--show"]).stdout;
    assert!(text.contains(&format!("\ntoken    {secret}\n")), "{text}");

    scene.run(&["forget", "zapsign"]);
    let again = scene.run(&["token", "zapsign"]).stdout;
    assert!(again.contains("\nsource   login\n"), "{again}");
}

fn at_once(scene: &Scene, shells: usize) -> Vec<Ran> {
    let shells: Vec<_> = (0..shells)
        .map(|_| {
            let mut command = scene.command(&["header", "zapsign"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let ran = shells
        .into_iter()
        .map(|it| it.wait_with_output().unwrap().into());
    ran.collect()
}
