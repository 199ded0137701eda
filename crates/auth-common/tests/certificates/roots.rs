//! A machine without root certificates, such as a small container image.

use std::{env, fs, process};

use auth_common::testing::StandIn;

use crate::{
    alone,
    chain::{Authority, TODAY},
    server::Server,
    vendor::{Vendor, builder},
};

#[test]
fn loopback_needs_no_root_certificates() {
    without_roots("loopback");
}

#[test]
fn own_root_needs_no_others() {
    without_roots("own root");
}

#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
#[test]
fn https_without_root_certificates_is_refused_with_what_to_do() {
    without_roots("https");
}

/// Runs [`child_process`] where there are none, as OpenSSL and rustls look for them on Linux.
fn without_roots(task: &str) {
    let name = format!("no roots, {task}, {}", process::id());
    let empty = env::temp_dir().join(name);
    fs::create_dir(&empty).unwrap();
    let folder = empty.to_str().unwrap();
    let none = empty.join("none.pem");
    for vars in [
        &[("SSL_CERT_DIR", folder)][..],
        &[("SSL_CERT_FILE", none.to_str().unwrap())],
        &[("SSL_CERT_DIR", folder), ("SSL_CERT_FILE", "/dev/null")],
    ] {
        let vars = [&[(TASK, task)], vars].concat();
        alone::run("roots::child_process", &vars);
    }
    fs::remove_dir(empty).unwrap();
}

#[tokio::test]
#[ignore = "the tests above run it, each in a process of its own"]
async fn child_process() {
    let https = || builder("https://vendor.example".parse().unwrap());
    match env::var(TASK).unwrap().as_str() {
        "loopback" => {
            let vendor = StandIn::<Vendor>::start();
            let shared = vendor.builder().unwrap().build().unwrap();
            shared.authorization().await.unwrap();
            let own = vendor.builder().unwrap().no_proxy().build().unwrap();
            own.authorization().await.unwrap();
            assert_eq!(vendor.logins(), 2);
        }
        "own root" => {
            let authority = Authority::called("ours");
            let server = Server::showing(authority.signing(TODAY)).await;
            let builder = builder(server.base_url()).root_certificate(authority.pem().as_bytes());
            builder.build().unwrap().authorization().await.unwrap();
        }
        "https" => {
            for builder in [https(), https().no_proxy()] {
                assert_eq!(
                    builder.build().unwrap_err().to_string(),
                    "root certificates are missing on this machine: install its package \
                     `ca-certificates`, let SSL_CERT_FILE name a file that holds some, or give \
                     your own"
                );
            }
        }
        task => panic!("{task}"),
    }
}

const TASK: &str = "CERTIFICATES_TASK";
