use std::{
    fs::{self, File, OpenOptions},
    io::Read,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::scene::{PROGRAM, Ran, Scene};

#[test]
fn closed_pipe_ends_it_in_silence() {
    let scene = Scene::new();
    for arguments in [
        &["header", "zapsign"][..],
        &["list"],
        &["--help"],
        &["completions", "bash"],
    ] {
        let mut command = scene.command(arguments);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(writer).output().unwrap();
        let ran = Ran::from(output);
        assert_eq!((ran.code, &*ran.stderr), (1, ""), "{arguments:?}");
    }
}

#[test]
fn full_disk_is_told() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        return;
    };
    let scene = Scene::new();
    for arguments in [
        &["header", "zapsign"][..],
        &["list"],
        &["--version"],
        &["man"],
    ] {
        let mut command = scene.command(arguments);
        let ran = Ran::from(command.stdout(full.try_clone().unwrap()).output().unwrap());
        assert_eq!(ran.code, 1, "{arguments:?}");
        assert!(
            ran.stderr
                .starts_with("error: the output cannot be written: No space left")
        );
    }
    // Nobody is left to tell it to.
    let mut command = scene.bare_command(&["header", "zapsign"]);
    command.stdout(full.try_clone().unwrap()).stderr(full);
    assert_eq!(command.status().unwrap().code(), Some(2));
}

#[test]
fn closed_standard_streams_do_no_harm() {
    let scene = Scene::new();
    let script = "\"$0\" header zapsign >&- 2>&- <&-; test $? -lt 100";
    let mut command = Command::new("sh");
    command
        .args(["-c", script, PROGRAM])
        .envs(scene.variables())
        .env("HOME", &scene.home);
    assert!(command.status().unwrap().success());
}

#[test]
fn without_a_home_each_call_logs_in_and_says_so() {
    let scene = Scene::new();
    for _ in 0..2 {
        let ran = Ran::of(scene.command(&["header", "zapsign"]).env_remove("HOME"));
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.starts_with("Authorization: Bearer "));
        assert!(
            ran.stderr.starts_with("warning: ") && ran.stderr.contains("set HOME"),
            "{ran:?}"
        );
    }
    assert_eq!(scene.vendor.logins(), 2);
}

#[test]
fn without_a_store_each_call_says_once_that_a_wrong_password_is_not_held_back() {
    let scene = Scene::new();
    scene.vendor.refuse_credentials();
    let state = scene.write("state", "");
    for (calls, variable) in [(1, ("HOME", "")), (2, ("XDG_STATE_HOME", &*state))] {
        let mut command = scene.command(&["header", "zapsign"]);
        let ran = Ran::of(command.env(variable.0, variable.1));
        assert_eq!(ran.code, 3);
        let warnings = ran.stderr.matches("warning: ").count();
        assert_eq!((warnings, ran.stderr.lines().count()), (1, 2), "{ran:?}");
        assert!(
            ran.stderr
                .contains("each call logs in, and sends a password again that was refused\n"),
            "{ran:?}"
        );
        assert!(
            ran.stderr.contains("; do not ask again before 2")
                && !ran.stderr.contains("not asked again"),
            "{ran:?}"
        );
        assert_eq!(scene.vendor.refused(), calls);
    }
}

#[test]
fn check_without_a_store_promises_nothing_of_the_next_call() {
    let scene = Scene::new();
    scene.vendor.refuse_credentials();
    let ran = Ran::of(scene.command(&["check", "zapsign"]).env_remove("HOME"));
    assert_eq!(ran.code, 3);
    let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("; do not ask again before 2"), "{ran:?}");
    assert!(
        words.ends_with("→ correct ZAPSIGN_ORGANIZATION_ID, ZAPSIGN_USERNAME, ZAPSIGN_PASSWORD"),
        "{ran:?}"
    );
}

#[test]
fn store_that_cannot_be_written_costs_a_login_and_a_warning() {
    let scene = Scene::new();
    // Of no folder that is a file can a user make one, not even root.
    let state = scene.write("state", "");
    let ran = Ran::of(
        scene
            .command(&["header", "zapsign"])
            .env("XDG_STATE_HOME", &state),
    );
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.starts_with("Authorization: Bearer "));
    let warning = format!("warning: the store in {state}/tokens-br/zapsign cannot be used");
    assert!(ran.stderr.starts_with(&warning), "{ran:?}");
}

#[test]
fn key_that_is_none_is_not_written_over() {
    let scene = Scene::new();
    scene.run(&["header", "zapsign"]);
    let key = scene.home.join(".config/tokens-br/store.key");
    fs::write(&key, "no key").unwrap();
    let ran = scene.run(&["header", "zapsign"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.starts_with("warning: store key "), "{ran:?}");
    assert_eq!(fs::read_to_string(&key).unwrap(), "no key");
}

#[test]
fn signal_in_mid_login_ends_it_at_once() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let scene = Scene::new();
        scene.vendor.delay(Duration::from_secs(20));
        let mut command = scene.command(&["header", "zapsign"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lease = scene.home.join(".local/state/tokens-br/zapsign");
        wait_until(|| fs::read_dir(&lease).is_ok_and(|files| files.count() > 1));
        let started = Instant::now();
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(exit_code(&mut child), code);
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn demo_runs_until_it_is_stopped() {
    let scene = Scene::new();
    for vendor in vendors::words() {
        let mut demo = scene.bare_command(&["demo", vendor]);
        let file = scene.home.join("demo.env");
        demo.stdout(File::create(&file).unwrap())
            .stderr(Stdio::piped());
        let mut demo = demo.spawn().unwrap();
        wait_until(|| fs::read_to_string(&file).is_ok_and(|text| text.lines().count() > 2));
        let header = ["header", vendor, "--env-file", "demo.env"];
        let header = Ran::of(&mut scene.bare_command(&header));
        assert_eq!((header.code, &*header.stderr), (0, ""), "{vendor}");
        let check = ["check", vendor, "--env-file", "demo.env"];
        let check = Ran::of(&mut scene.bare_command(&check));
        assert_eq!(check.code, 0, "{check:?}");
        kill_process(Pid::from_child(&demo), Signal::INT).unwrap();
        let (code, told) = end(&mut demo);
        assert_eq!(code, 0);
        let is_narrow = |line: &str| line.chars().count() <= 80;
        assert!(told.lines().all(is_narrow), "{told}");
    }
}

pub(crate) fn wait_until(there: impl Fn() -> bool) {
    let started = Instant::now();
    while !there() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "it never comes"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

fn exit_code(child: &mut Child) -> i32 {
    end(child).0
}

/// The exit code, and what is told on standard error.
fn end(child: &mut Child) -> (i32, String) {
    let code = child.wait().unwrap().code().unwrap();
    let mut told = String::new();
    if let Some(stderr) = &mut child.stderr {
        stderr.read_to_string(&mut told).unwrap();
    }
    assert!(!told.contains("panicked"), "{told}");
    (code, told)
}
