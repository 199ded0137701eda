use crate::scene::{Ran, Scene};

#[test]
fn program_has_the_header_and_no_credentials() {
    let scene = Scene::new();
    let token = scene.run(&["header", "zapsign"]).token().to_owned();
    let ran = scene.run(&["exec", "zapsign", "--", "env"]);
    assert_eq!(ran.code, 0);
    let has = |line: String| ran.stdout.lines().any(|it| it == line);
    assert!(
        has(format!("ZAPSIGN_AUTHORIZATION=Bearer {token}")),
        "{ran:?}"
    );
    assert!(has(format!("HOME={}", scene.home.display())), "{ran:?}");
    for gone in [
        "ZAPSIGN_USERNAME",
        "ZAPSIGN_PASSWORD",
        "ZAPSIGN_ORGANIZATION_ID",
    ] {
        assert!(!ran.stdout.contains(gone), "{ran:?}");
    }
}

#[test]
fn file_of_a_credential_is_not_named_to_the_program() {
    let scene = Scene::new();
    let secret = scene.write("secret", crate::scene::PASSWORD);
    let mut command = scene.command(&["exec", "zapsign", "--", "env"]);
    command
        .env_remove("ZAPSIGN_PASSWORD")
        .env("ZAPSIGN_PASSWORD_FILE", &secret);
    let ran = Ran::of(&mut command);
    assert_eq!(ran.code, 0);
    assert!(!ran.stdout.contains("ZAPSIGN_PASSWORD_FILE"), "{ran:?}");
}

#[test]
fn exit_code_is_the_programs_own() {
    let scene = Scene::new();
    assert_eq!(
        scene
            .run(&["exec", "zapsign", "--", "sh", "-c", "exit 42"])
            .code,
        42
    );
    assert_eq!(
        scene
            .run(&["exec", "zapsign", "--", "./no-such-program"])
            .code,
        127
    );
    let file = scene.write("no-program", "");
    assert_eq!(scene.run(&["exec", "zapsign", "--", &file]).code, 126);
}

#[test]
fn program_is_not_run_without_a_token() {
    let scene = Scene::new();
    scene.vendor.refuse_credentials();
    let ran = scene.run(&["exec", "zapsign", "--", "echo", "ran"]);
    assert_eq!((ran.code, &*ran.stdout), (3, ""));
}

#[test]
fn where_the_program_stands_is_told_to_whoever_forgets_it() {
    let scene = Scene::new();
    let ran = scene.run(&["exec", "zapsign", "env"]);
    assert_eq!((ran.code, &*ran.stdout), (2, ""));
    let words = "\nThe program stands behind `--`: tokens-br exec zapsign -- ";
    assert!(ran.stderr.contains(words), "{ran:?}");
    let other = scene.run(&["header", "zapsign", "env"]);
    assert!(!other.stderr.contains("behind"), "{other:?}");
}
