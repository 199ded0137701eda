use std::{
    ffi::OsStr,
    fmt::Write,
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Child,
    thread,
    time::{Duration, Instant},
};

use super::{
    clone,
    plan::{self, Planned},
};
use crate::{
    process::{Process, Result, cargo, git},
    publish, setup, tags,
    version::Step,
    workspace::{Package, Workspace},
};

/// Publishes the next release of all packages to a registry on loopback, and uses them from there.
pub(super) fn run() -> Result {
    setup::require("cargo-http-registry")?;
    let work_tree = Workspace::load()?;
    let stage = Stage::set(&work_tree.target)?;
    let clone = stage.folder.join("clone");
    clone::of_main(&clone)?;

    let plan = next_of_all(&Workspace::load_from(&clone)?)?;
    clone::prepare(&clone, &plan)?;
    let workspace = Workspace::load_from(&clone)?;
    point_to_rehearsal(&clone)?;
    for planned in &plan {
        stage
            .cargo_settings(publish::publication(&planned.name))
            .args(["--registry", NAME])
            .within(&clone)
            .run()?;
    }

    let project = stage.folder.join("fresh-project");
    write_project(&project, &workspace.vendors()?)?;
    let printed = stage
        .cargo_settings(cargo("run").arg("--quiet"))
        .within(&project)
        .output()?;
    println!(
        "\nA fresh project, on the crates of {}:\n\n{printed}",
        stage.index()
    );
    let lock = fs::read_to_string(project.join("Cargo.lock"))?;
    for planned in &plan {
        let origin = format!(
            "name = \"{}\"\nversion = \"{}\"\nsource = \"registry+{}\"",
            planned.name,
            planned.to,
            stage.index()
        );
        if !lock.contains(&origin) {
            return Err(format!("{} {} came from elsewhere", planned.name, planned.to).into());
        }
    }
    Ok(())
}

/// The next patch, or the version in the manifest where there is no release yet.
fn next_of_all(workspace: &Workspace) -> Result<Vec<Planned>> {
    let tags = tags::all()?;
    let mut all = vec![];
    for package in workspace.published()? {
        let released = tags::last_release(&package.name, &tags).is_some();
        let step = if released {
            Step::Patch
        } else {
            Step::To(package.version.clone())
        };
        all.extend(plan::plan(
            workspace,
            std::slice::from_ref(&package.name),
            &step,
            &tags,
        )?);
    }
    Ok(all)
}

/// A registry that runs until this is dropped, in a folder outside the workspace.
struct Stage {
    folder: PathBuf,
    target: PathBuf,
    address: SocketAddr,
    registry: Child,
    /// What cargo had cached of other registries on loopback before.
    cached: Vec<PathBuf>,
}

impl Stage {
    fn set(target: &Path) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("xtask-rehearsal-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let registry = Process::new("cargo-http-registry")
            .args(["--addr", &address.to_string()])
            .arg(folder.join("registry").to_string_lossy())
            .start()?;
        let stage = Self {
            folder,
            target: target.into(),
            address,
            registry,
            cached: cached_from_loopback(),
        };
        stage.wait_until_it_listens()?;
        Ok(stage)
    }

    fn wait_until_it_listens(&self) -> Result {
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if start.elapsed() > Duration::from_secs(10) {
                return Err("the registry does not answer".into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn index(&self) -> String {
        format!("http://{}/git", self.address)
    }

    fn cargo_settings(&self, process: Process) -> Process {
        process
            .var("CARGO_TARGET_DIR", self.target.to_string_lossy())
            // The registry serves its index as plain files, which only the git program reads.
            .var("CARGO_NET_GIT_FETCH_WITH_CLI", "true")
            .var("CARGO_REGISTRIES_REHEARSAL_INDEX", self.index())
            .var("CARGO_REGISTRIES_REHEARSAL_TOKEN", "none needed")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Nothing to be done about a failure: the process is gone, or the folder is left behind.
        let _ = self.registry.kill();
        let _ = self.registry.wait();
        let _ = fs::remove_dir_all(&self.folder);
        // A later registry may have the same address, and other packages.
        let cached = cached_from_loopback().into_iter();
        for folder in cached.filter(|folder| !self.cached.contains(folder)) {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Cargo's folders for registries at 127.0.0.1: each of its three caches has one for each.
fn cached_from_loopback() -> Vec<PathBuf> {
    let set = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let Some(home) = set.or_else(|| Some(std::env::home_dir()?.join(".cargo"))) else {
        return vec![];
    };
    let caches = ["cache", "index", "src"].map(|cache| home.join("registry").join(cache));
    let folders = caches
        .iter()
        .filter_map(|cache| fs::read_dir(cache).ok())
        .flatten()
        .flatten();
    let of_loopback = |name: &OsStr| name.to_string_lossy().starts_with("127.0.0.1-");
    folders
        .filter(|it| of_loopback(&it.file_name()))
        .map(|it| it.path())
        .collect()
}

/// Packages of this workspace find each other in the registry, no longer on crates.io.
fn point_to_rehearsal(clone: &Path) -> Result {
    let manifest = clone.join("Cargo.toml");
    fs::write(&manifest, pointed(&fs::read_to_string(&manifest)?))?;
    git("commit")
        .args(["--quiet", "--all", "--message", "Rehearse"])
        .within(clone)
        .run()
}

fn pointed(manifest: &str) -> String {
    manifest.replace(
        "{ path = \"crates/",
        &format!("{{ registry = \"{NAME}\", path = \"crates/"),
    )
}

/// A program that gets a token from each vendor's stand-in, or fails, and prints until when it lives.
///
/// Not even a stand-in's token is printed: the logs of CI are public.
fn write_project(folder: &Path, vendors: &[&Package]) -> Result {
    let mut manifest =
        "[package]\nname = \"fresh-project\"\nedition = \"2024\"\n\n[dependencies]\n\
                        tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n"
            .to_owned();
    let mut program = String::new();
    for vendor in vendors {
        let (name, version) = (&vendor.name, &vendor.version);
        let krate = name.replace('-', "_");
        writeln!(
            manifest,
            "{name} = {{ version = \"{version}\", registry = \"{NAME}\", features = [\"testing\"] }}"
        )?;
        writeln!(
            program,
            "    let vendor = {krate}::testing::StandIn::start();\n    \
             let token = vendor.authenticator()?.token().await?;\n    \
             println!(\"{name} {version}: a token until {{}}\", token.expires_at());"
        )?;
    }
    let program = format!(
        "#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{program}    \
         Ok(())\n}}\n"
    );
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), manifest)?;
    Ok(fs::write(folder.join("src").join("main.rs"), program)?)
}

const NAME: &str = "rehearsal";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_of_the_workspace_move_to_the_rehearsal() {
        let before = "auth-common = { path = \"crates/auth-common\", version = \"0.1.0\" }\n\
                      http = \"1.1\"\nurl = { version = \"2.5\" }\n";
        let after = "auth-common = { registry = \"rehearsal\", path = \"crates/auth-common\", \
                     version = \"0.1.0\" }\nhttp = \"1.1\"\nurl = { version = \"2.5\" }\n";
        assert_eq!(pointed(before), after);
    }
}
