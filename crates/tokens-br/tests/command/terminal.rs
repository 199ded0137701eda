//! In a pseudo-terminal.

use std::{
    fs::File,
    io::{Read, Write},
    os::{fd::OwnedFd, unix::process::ExitStatusExt},
    process::Child,
    sync::mpsc,
    thread,
    time::Duration,
};

use pty_process::blocking::{Command, open};
use rustix::{
    io::ioctl_fionread,
    process::{Pid, Signal, kill_process},
    termios::{LocalModes, tcgetattr},
};

use crate::{
    scene::{PASSWORD, PROGRAM, Scene},
    trouble::wait_until,
};

#[test]
fn header_stays_off_the_terminal_unless_it_is_to_be_shown() {
    let scene = Scene::new();
    let mut refused = Terminal::running(&scene, &["header", "zapsign"], &[]);
    assert_eq!(refused.end(), 2);
    assert!(
        refused.text.starts_with("error: a token on a terminal"),
        "{}",
        refused.text
    );
    assert_eq!(scene.vendor.logins(), 0);
    let mut shown = Terminal::running(&scene, &["header", "zapsign", "--show"], &[]);
    assert_eq!(shown.end(), 0);
    assert!(
        shown.text.starts_with("Authorization: Bearer eyJ"),
        "{}",
        shown.text
    );
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let scene = Scene::new();
    let arguments = ["check", "zapsign", "--offline"];
    for (variable, coloured) in [
        (("LANG", "C"), true),
        (("NO_COLOR", "1"), false),
        (("NO_COLOR", ""), true),
        (("TERM", "dumb"), false),
    ] {
        let mut check = Terminal::running(&scene, &arguments, &[variable]);
        assert_eq!(check.end(), 0);
        assert_eq!(
            check.text.contains('\u{1b}'),
            coloured,
            "{variable:?} {}",
            check.text
        );
    }
    for (variable, coloured) in [(("LANG", "C"), true), (("NO_COLOR", "1"), false)] {
        let mut help = Terminal::running(&scene, &["--help"], &[variable]);
        assert_eq!(help.end(), 0);
        assert_eq!(
            help.text.contains('\u{1b}'),
            coloured,
            "{variable:?} {}",
            help.text
        );
    }
    let piped = scene.run(&arguments);
    assert!(!piped.stdout.contains('\u{1b}'));
}

#[test]
fn password_is_asked_for_and_not_shown() {
    let scene = Scene::new();
    let arguments = ["token", "zapsign"];
    let mut terminal = Terminal::running(&scene, &arguments, &[("ZAPSIGN_PASSWORD", "")]);
    terminal.wait_for("ZAPSIGN_PASSWORD: ");
    assert!(!terminal.echoes());
    terminal
        .keyboard
        .write_all(format!("{PASSWORD}\n").as_bytes())
        .unwrap();
    assert_eq!(terminal.end(), 0, "{}", terminal.text);
    assert!(
        terminal.text.contains("source   login"),
        "{}",
        terminal.text
    );
    assert!(!terminal.text.contains(PASSWORD), "{}", terminal.text);
    assert!(terminal.echoes());
}

#[test]
fn nobody_is_asked_for_more_than_a_password() {
    let scene = Scene::new();
    let missing = [("ZAPSIGN_PASSWORD", ""), ("ZAPSIGN_USERNAME", "")];
    let mut terminal = Terminal::running(&scene, &["token", "zapsign"], &missing);
    assert_eq!(terminal.end(), 2, "{}", terminal.text);
}

#[test]
fn signal_at_the_prompt_leaves_the_terminal_as_it_was() {
    for (signal, code) in [
        (None, 130),
        (Some(Signal::TERM), 143),
        (Some(Signal::HUP), 129),
    ] {
        let scene = Scene::new();
        let arguments = ["token", "zapsign"];
        let mut terminal = Terminal::running(&scene, &arguments, &[("ZAPSIGN_PASSWORD", "")]);
        terminal.wait_for("ZAPSIGN_PASSWORD: ");
        assert!(!terminal.echoes());
        match signal {
            None => terminal.keyboard.write_all(b"\x03").unwrap(),
            Some(signal) => kill_process(Pid::from_child(&terminal.child), signal).unwrap(),
        }
        assert_eq!(terminal.end(), code, "{}", terminal.text);
        assert!(terminal.echoes(), "{signal:?}");
        assert_eq!(scene.vendor.refused(), 0);
    }
}

#[test]
fn rest_of_a_password_does_not_reach_the_shell() {
    let scene = Scene::new();
    let arguments = ["token", "zapsign"];
    let mut terminal = Terminal::running(&scene, &arguments, &[("ZAPSIGN_PASSWORD", "")]);
    terminal.wait_for("ZAPSIGN_PASSWORD: ");
    let keys = format!("s3g\x03{PASSWORD}\n");
    terminal.keyboard.write_all(keys.as_bytes()).unwrap();
    assert_eq!(terminal.end(), 130, "{}", terminal.text);
    assert_eq!(ioctl_fionread(&terminal.other_end).unwrap(), 0);
    assert!(!terminal.text.contains(PASSWORD), "{}", terminal.text);
}

#[test]
fn keys_typed_ahead_of_the_prompt_count() {
    let scene = Scene::new();
    let arguments = ["token", "zapsign"];
    let absent = [("ZAPSIGN_PASSWORD", "")];
    let keys = format!("{PASSWORD}\n");
    let mut terminal = Terminal::typed_ahead(&scene, &arguments, &absent, &keys);
    terminal.wait_for("ZAPSIGN_PASSWORD: ");
    // Whoever has lost the keys finds an empty line.
    terminal.keyboard.write_all(b"\n").unwrap();
    assert_eq!(terminal.end(), 0, "{}", terminal.text);

    scene.run(&["forget"]);
    let mut terminal = Terminal::running(&scene, &arguments, &absent);
    terminal.keyboard.write_all(b"\x03").unwrap();
    let status = terminal.child.wait().unwrap();
    // Whoever is not yet ready for a signal ends by it.
    assert!(
        status.code() == Some(130) || status.signal() == Some(Signal::INT.as_raw()),
        "{status}"
    );
    assert!(terminal.echoes());
    assert_eq!(scene.vendor.logins(), 1);
}

struct Terminal {
    child: Child,
    keyboard: File,
    screen: mpsc::Receiver<Vec<u8>>,
    text: String,
    /// Whoever keeps it open keeps the settings.
    other_end: File,
}

impl Terminal {
    fn running(scene: &Scene, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::typed_ahead(scene, arguments, variables, "")
    }

    /// The keys are with the terminal before the command is.
    fn typed_ahead(
        scene: &Scene,
        arguments: &[&str],
        variables: &[(&str, &str)],
        keys: &str,
    ) -> Self {
        let (mut terminal, shown) = open().unwrap();
        terminal.write_all(keys.as_bytes()).unwrap();
        let command = Command::new(PROGRAM)
            .args(arguments)
            .env_clear()
            .env("HOME", &scene.home)
            .env("TERM", "xterm")
            .envs(scene.variables())
            .envs(variables.iter().copied());
        let other_end = {
            use std::os::fd::AsFd;
            File::from(shown.as_fd().try_clone_to_owned().unwrap())
        };
        wait_until(|| ioctl_fionread(&other_end).unwrap() == keys.len() as u64);
        let child = command.spawn(shown).unwrap();
        let keyboard = File::from(OwnedFd::from(terminal));
        let mut screen = keyboard.try_clone().unwrap();
        let (seen, screen_seen) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut bytes) {
                if seen.send(bytes[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            keyboard,
            screen: screen_seen,
            text: String::new(),
            other_end,
        }
    }

    fn wait_for(&mut self, words: &str) {
        while !self.text.contains(words) {
            let read = self.screen.recv_timeout(Duration::from_secs(60));
            self.text += &String::from_utf8_lossy(&read.unwrap());
        }
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.other_end)
            .unwrap()
            .local_modes
            .contains(LocalModes::ECHO)
    }

    /// The exit code, once all is shown.
    fn end(&mut self) -> i32 {
        let code = self.child.wait().unwrap().code().unwrap();
        while let Ok(read) = self.screen.recv_timeout(Duration::from_millis(200)) {
            self.text += &String::from_utf8_lossy(&read);
        }
        assert!(!self.text.contains("panicked"), "{}", self.text);
        code
    }
}
