//! TLS with a server whose certificate the platform does not know.

use std::{env, fs, path::PathBuf, process::id};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::*;

#[tokio::test]
async fn server_is_trusted_by_a_root_of_ones_own_and_not_without() {
    if !is_installed() {
        return;
    }
    let folder = Folder::new();
    let authority = authority();
    let server = folder.server(&authority, &["localhost"]);
    let store = tls_store(&server);
    let error = load(&store).await.unwrap_err();
    assert!(error.to_string().contains("no TLS: "), "{error}");
    let store = store.with_root_certificate(authority.1.as_bytes()).unwrap();
    store_contract::check_register(|| store.clone()).await;
    // An answer of 64 KiB comes in several records.
    store_contract::check_values(|| store.clone()).await;
}

/// As `openssl req -x509` makes it.
#[tokio::test]
async fn server_that_signed_for_itself_is_trusted_where_its_certificate_is_given() {
    if !is_installed() {
        return;
    }
    let folder = Folder::new();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = params.self_signed(&key).unwrap().pem();
    let server = folder.start(&pem, &key, &pem);
    assert!(load(&tls_store(&server)).await.is_err());
    let store = tls_store(&server)
        .with_root_certificate(pem.as_bytes())
        .unwrap();
    store_contract::check_register(|| store.clone()).await;
}

#[tokio::test]
async fn server_of_another_name_is_refused() {
    if !is_installed() {
        return;
    }
    let folder = Folder::new();
    let authority = authority();
    let server = folder.server(&authority, &["redis.example"]);
    let store = tls_store(&server).with_root_certificate(authority.1.as_bytes());
    let error = load(&store.unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("no TLS: "), "{error}");
}

#[tokio::test]
async fn server_without_tls_is_refused() {
    if !is_installed() {
        return;
    }
    let server = Server::start();
    store_contract::check_outage(|| tls_store(&server), Duration::from_millis(1300)).await;
}

fn tls_store(server: &Server) -> RedisStore {
    RedisStore::new(&format!("rediss://localhost:{}", server.port), key()).unwrap()
}

fn authority() -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), pem)
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = env::temp_dir().join(format!("auth-store-tls-{}-{}", id(), free_port()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn server(&self, authority: &(Issuer<'static, KeyPair>, String), names: &[&str]) -> Server {
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        let pem = params.signed_by(&key, &authority.0).unwrap().pem();
        self.start(&pem, &key, &authority.1)
    }

    fn start(&self, pem: &str, key: &KeyPair, root: &str) -> Server {
        let write = |name: &str, text: &str| {
            let file = self.0.join(name);
            fs::write(&file, text).unwrap();
            file.to_str().unwrap().to_owned()
        };
        let (pem, key) = (write("pem", pem), write("key", &key.serialize_pem()));
        let root = write("root", root);
        Server::with(&[
            "--port",
            "0",
            "--tls-port",
            "PORT",
            "--tls-cert-file",
            &pem,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &root,
            "--tls-auth-clients",
            "no",
        ])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
