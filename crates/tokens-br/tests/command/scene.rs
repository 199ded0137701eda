use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use zapsign_auth::testing::{StandIn, Vendor};

/// A user of a machine, with a vendor that knows the user.
pub(crate) struct Scene {
    pub(crate) home: PathBuf,
    pub(crate) vendor: StandIn,
}

impl Scene {
    pub(crate) fn new() -> Self {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() {
            memory.to_owned()
        } else {
            env::temp_dir()
        };
        let home = parent.join(format!("tokens-br-{}-{serial}", std::process::id()));
        fs::create_dir(&home).unwrap();
        Self {
            home,
            vendor: StandIn::playing(Vendor::with_user("org-4321", USERNAME, PASSWORD)),
        }
    }

    /// The variables of the vendor.
    pub(crate) fn variables(&self) -> [(&'static str, String); 4] {
        [
            (
                "ZAPSIGN_ENVIRONMENT",
                self.vendor.base_url().unwrap().to_string(),
            ),
            ("ZAPSIGN_ORGANIZATION_ID", "org-4321".into()),
            ("ZAPSIGN_USERNAME", USERNAME.into()),
            ("ZAPSIGN_PASSWORD", PASSWORD.into()),
        ]
    }

    /// The command with the vendor's variables in its environment, and nothing else of this process's.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare_command(arguments);
        command.envs(self.variables());
        command
    }

    /// The command without the vendor's variables.
    pub(crate) fn bare_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).env_clear().env("HOME", &self.home);
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
        command.current_dir(&self.home).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// A file of the user.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let file = self.home.join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().into()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// What a process left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::from(command.output().unwrap())
    }

    /// The token in a header.
    pub(crate) fn token(&self) -> &str {
        assert_eq!((self.code, &*self.stderr), (0, ""));
        let token = self.stdout.strip_prefix("Authorization: Bearer ").unwrap();
        token.strip_suffix('\n').unwrap()
    }
}

/// No output of any test may show a credential; nor may standard error show a token.
impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let ran = Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for secret in [USERNAME, PASSWORD, "org-4321"] {
            let shown = [&ran.stdout, &ran.stderr].map(|it| it.contains(secret));
            assert_eq!(shown, [false; 2], "{ran:?}");
        }
        assert!(!ran.stderr.contains("eyJ"), "{ran:?}");
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        ran
    }
}

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_tokens-br");
pub(crate) const USERNAME: &str = "ana.canário@exemplo.com.br";
pub(crate) const PASSWORD: &str = "s3gredo-canário$#x";
