//! Whose word counts besides those that are given: the root certificates of the platform, as OpenSSL and rustls look for
//! them on Linux.

use std::{
    env,
    fs::{self, File},
    io::Write,
    path::PathBuf,
    process::{self, Command},
    thread,
};

use auth_common::Authenticator;

use crate::{
    alone,
    chain::{Authority, TODAY},
    server::Server,
    vendor::{Sample, builder},
};

/// A process may give up its rights, or its view of the files, once it has built what it needs.
#[test]
fn root_certificates_are_those_that_were_there_when_it_was_built() {
    in_a_process("platform::roots_go_away", &["SSL_CERT_FILE"]);
}

#[tokio::test]
#[ignore = "the test above runs it, with its own root certificates"]
async fn roots_go_away() {
    let authority = Authority::called("ours");
    fs::write(named("SSL_CERT_FILE"), authority.pem()).unwrap();
    let server = Server::showing(authority.signing(TODAY)).await;
    let authenticator = authenticator(&server);
    fs::remove_file(named("SSL_CERT_FILE")).unwrap();
    authenticator.authorization().await.unwrap();
    // Whoever is let in later finds them decoded.
    authenticator.renew().await.unwrap();
}

#[test]
fn all_root_certificates_of_a_pipe_are_read() {
    in_a_process("platform::roots_through_a_pipe", &["SSL_CERT_FILE"]);
}

#[tokio::test]
#[ignore = "the test above runs it, with its own root certificates"]
async fn roots_through_a_pipe() {
    let (pipe, authority) = (named("SSL_CERT_FILE"), Authority::called("ours"));
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let pem = Authority::called("first").pem() + &authority.pem();
    let writes = thread::spawn(move || {
        let mut pipe = File::options().write(true).open(pipe).unwrap();
        pipe.write_all(pem.as_bytes()).unwrap();
    });
    let server = Server::showing(authority.signing(TODAY)).await;
    authenticator(&server).authorization().await.unwrap();
    writes.join().unwrap();
}

/// One that cannot be read spoils nothing, and neither does a file that is none.
#[test]
fn root_certificates_come_from_the_file_and_from_each_folder() {
    in_a_process(
        "platform::roots_in_two_folders",
        &["SSL_CERT_FILE", "SSL_CERT_DIR"],
    );
}

#[tokio::test]
#[ignore = "the test above runs it, with its own root certificates"]
async fn roots_in_two_folders() {
    let file = named("SSL_CERT_FILE");
    let folders: Vec<_> = env::split_paths(&named("SSL_CERT_DIR")).collect();
    let places = [
        file,
        folders[0].join("0f1e2d3c.0"),
        folders[1].join("any name.pem"),
    ];
    folders
        .iter()
        .for_each(|folder| fs::create_dir(folder).unwrap());
    fs::write(folders[0].join("0f1e2d3c.r0"), [0xff; 100]).unwrap();
    let authorities = ["a", "b", "c"].map(Authority::called);
    for (place, authority) in places.iter().zip(&authorities) {
        let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        fs::write(place, broken.to_owned() + &authority.pem()).unwrap();
    }
    for authority in authorities {
        let server = Server::showing(authority.signing(TODAY)).await;
        authenticator(&server).authorization().await.unwrap();
    }
}

/// Runs `test` with these variables, which name what is not there yet.
fn in_a_process(test: &str, names: &[&str]) {
    let name = format!("{}, {}", test.replace("::", " "), process::id());
    let place = env::temp_dir().join(name);
    fs::create_dir(&place).unwrap();
    let path = |name: &str| place.join(name).to_str().unwrap().to_owned();
    let values = names.iter().map(|name| match *name {
        "SSL_CERT_DIR" => format!("{}:{}", path("first"), path("second")),
        _ => path("roots.pem"),
    });
    let values: Vec<_> = values.collect();
    let vars: Vec<_> = names
        .iter()
        .copied()
        .zip(values.iter().map(String::as_str))
        .collect();
    alone::run(test, &vars);
    fs::remove_dir_all(place).unwrap();
}

fn named(variable: &str) -> PathBuf {
    env::var_os(variable).unwrap().into()
}

fn authenticator(server: &Server) -> Authenticator<Sample> {
    // Not the transport that all share.
    let builder = builder(server.base_url()).attempts(1).no_proxy();
    builder.build().unwrap()
}
