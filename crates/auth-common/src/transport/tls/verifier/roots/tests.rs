//! Which files are read. What comes of it is seen from outside, in `tests/certificates/platform.rs`.
#![allow(clippy::unwrap_used)]

use std::{
    collections::HashSet,
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::Duration,
};

use rcgen::{CertificateParams, KeyPair};
use rustls::{
    crypto::aws_lc_rs,
    pki_types::{ServerName, UnixTime},
};
use rustls_native_certs::load_certs_from_paths;

use super::{Files, Platform};
use crate::child;

#[test]
fn certificates_are_those_that_the_library_finds() {
    let place = Place::new("library");
    let (bundle, folder) = (place.path("bundle.pem"), place.path("folder"));
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| certificate(name).pem());
    let broken = "-----BEGIN CERTIFICATE-----\nMII?\n-----END CERTIFICATE-----\n";
    fs::write(&bundle, format!("# of all\n{a}{broken}{b}")).unwrap();
    fs::create_dir(&folder).unwrap();
    fs::create_dir(folder.join("not looked into")).unwrap();
    fs::write(folder.join("not looked into/d.pem"), d).unwrap();
    fs::write(folder.join("a.pem"), a).unwrap();
    fs::write(folder.join("c.crt"), c).unwrap();
    fs::write(folder.join("no certificate"), [0xff; 100]).unwrap();
    symlink("c.crt", folder.join("0f1e2d3c.0")).unwrap();
    symlink("nowhere", folder.join("1f1e2d3c.0")).unwrap();
    symlink(&bundle, folder.join("bundle.crt")).unwrap();

    let nothing = place.path("nothing");
    for (file, in_folder, count) in [
        (Some(&bundle), None, 2),
        (None, Some(&folder), 3),
        (Some(&bundle), Some(&folder), 3),
        (Some(&nothing), Some(&folder), 3),
        (Some(&folder), None, 0),
        (Some(&bundle), Some(&nothing), 2),
        (None, None, 0),
    ] {
        let theirs = load_certs_from_paths(file.map(|it| &**it), in_folder.map(|it| &**it)).certs;
        let folders: Vec<PathBuf> = in_folder.into_iter().cloned().collect();
        let files = Files::at(file.map(|it| &**it), &folders);
        let ours: HashSet<_> = files.certificates().collect();
        assert_eq!(ours.len(), count, "{file:?}, {in_folder:?}");
        assert_eq!(ours, HashSet::from_iter(theirs), "{file:?}, {in_folder:?}");
        assert_eq!(files.hold_an_authority(), count > 0);
    }
}

/// Where this system has them, if it has any.
#[test]
fn system_files_are_those_of_the_library() {
    let found = openssl_probe::probe();
    let (file, folder) = (found.cert_file.as_deref(), found.cert_dir.first());
    let theirs = load_certs_from_paths(file, folder.map(PathBuf::as_path)).certs;
    let files = Files::at(file, found.cert_dir.get(..1).unwrap_or_default());
    let ours: HashSet<_> = files.certificates().collect();
    assert_eq!(ours, HashSet::from_iter(theirs));
}

#[test]
fn each_file_is_read_once() {
    let place = Place::new("once");
    fs::write(place.path("a.pem"), certificate("a").pem()).unwrap();
    symlink("a.pem", place.path("0f1e2d3c.0")).unwrap();
    let folders = [place.0.clone(), place.0.clone()];
    let files = Files::at(Some(&place.path("a.pem")), &folders);
    assert_eq!(files.certificates().count(), 1);
}

/// Of the threads of its parent, another decoded the certificates at that moment: here it is the one that forks.
#[test]
fn child_of_a_fork_does_not_wait_for_the_certificates_that_its_parent_decodes() {
    let authority = certificate("ours");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let platform = Platform::new(&[authority.der().clone()], &provider).unwrap();
    let held = platform.authorities.lock(|| unreachable!());
    child::in_a_child(Duration::from_secs(20), || {
        let name = ServerName::try_from("localhost").unwrap();
        let verifier = platform.verifier().unwrap();
        let verified =
            verifier.verify_server_cert(authority.der(), &[], &name, &[], UnixTime::now());
        verified.unwrap();
    });
    drop(held);
}

fn certificate(name: &str) -> rcgen::Certificate {
    let params = CertificateParams::new(["localhost".to_owned(), name.to_owned()]).unwrap();
    params.self_signed(&KeyPair::generate().unwrap()).unwrap()
}

/// A folder that goes with the test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let place = env::temp_dir().join(format!("roots, {name}, {}", process::id()));
        fs::create_dir(&place).unwrap();
        Self(place)
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}
