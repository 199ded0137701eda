use std::fs;

use crate::scene::{Ran, Scene};

#[test]
fn token_that_is_forgotten_is_asked_for_again() {
    let scene = Scene::new();
    scene.run(&["header", "zapsign"]);
    let forgotten = scene.run(&["forget", "zapsign"]);
    assert_eq!(
        (forgotten.code, &*forgotten.stdout),
        (0, "zapsign: 1 removed\n")
    );
    let kept = fs::read_dir(scene.home.join(".local/state/tokens-br/zapsign")).unwrap();
    let kept: Vec<_> = kept
        .map(|file| file.unwrap().metadata().unwrap().len())
        .collect();
    assert!(kept.iter().all(|length| *length == 0), "{kept:?}");
    scene.run(&["header", "zapsign"]);
    assert_eq!(scene.vendor.logins(), 2);
}

#[test]
fn other_vendors_are_not_forgotten() {
    let scene = Scene::new();
    scene.run(&["header", "zapsign"]);
    assert_eq!(
        scene.run(&["forget", "invoisys"]).stdout,
        "invoisys: 0 removed\n"
    );
    scene.run(&["header", "zapsign"]);
    assert_eq!(scene.vendor.logins(), 1);
    assert_eq!(scene.run(&["forget"]).stdout, "zapsign: 1 removed\n");
    assert_eq!(
        scene.run(&["forget"]).stdout,
        "there was nothing to remove\n"
    );
}

#[test]
fn refused_password_may_be_tried_again_once_it_is_forgotten() {
    let scene = Scene::new();
    scene.vendor.refuse_credentials();
    scene.run(&["header", "zapsign"]);
    scene.vendor.recover();
    assert_eq!(scene.run(&["header", "zapsign"]).code, 3);
    scene.run(&["forget", "zapsign"]);
    scene.run(&["header", "zapsign"]).token();
}

#[test]
fn without_a_home_there_is_nothing_to_forget() {
    let scene = Scene::new();
    let ran = Ran::of(scene.command(&["forget"]).env_remove("HOME"));
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("set HOME"), "{ran:?}");
}
