//! The platform's authorities where the system has no verifier of its own: certificates in files, where OpenSSL has them.
//!
//! The files are read at once, while the process may still do so, and decoded when the first server shows its certificate:
//! there are well over a hundred, and a process that finds its token in a store asks no server.

use std::{
    collections::HashSet,
    env, fmt,
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    Error, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::sync::ForkedLock;

pub(super) struct Platform {
    given: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
    authorities: ForkedLock<Authorities>,
}

enum Authorities {
    Read(Files),
    Decoded(Arc<WebPkiServerVerifier>),
}

impl Platform {
    /// Those that the platform trusts, and those `given` by the user.
    ///
    /// # Errors
    ///
    /// When there are none at all.
    pub(super) fn new(
        given: &[CertificateDer<'static>],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        let files = Files::read();
        if given.is_empty() && !files.hold_an_authority() {
            return Err(Error::General("no root certificates".into()));
        }
        Ok(Self {
            given: given.to_vec(),
            provider: Arc::clone(provider),
            authorities: ForkedLock::new(Authorities::Read(files)),
        })
    }

    /// One thread decodes them, and others that need them wait: it takes some milliseconds.
    pub(super) fn verifier(&self) -> Result<Arc<dyn ServerCertVerifier>, Error> {
        let mut authorities = self.authorities.lock(|| Authorities::Read(Files::read()));
        let verifier = match &*authorities {
            Authorities::Decoded(verifier) => Arc::clone(verifier),
            Authorities::Read(files) => {
                let verifier = self.decoded(files)?;
                *authorities = Authorities::Decoded(Arc::clone(&verifier));
                verifier
            }
        };
        Ok(verifier)
    }

    fn decoded(&self, files: &Files) -> Result<Arc<WebPkiServerVerifier>, Error> {
        // Most stand in a file of their own, and in the one of all.
        let mut certificates: HashSet<_> = files.certificates().collect();
        certificates.extend(self.given.iter().cloned());
        let mut authorities = RootCertStore::empty();
        authorities.add_parsable_certificates(certificates);
        WebPkiServerVerifier::builder_with_provider(authorities.into(), Arc::clone(&self.provider))
            .build()
            .map_err(|error| Error::General(error.to_string()))
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Platform")
    }
}

/// What stands in the files, in PEM and perhaps among other things.
#[derive(Default)]
struct Files(Vec<Vec<u8>>);

impl Files {
    /// Those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, or else those of this system.
    fn read() -> Self {
        let folders = env::var_os("SSL_CERT_DIR").unwrap_or_default();
        let folders = env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty());
        let folders: Vec<_> = folders.collect();
        match env::var_os("SSL_CERT_FILE") {
            None if folders.is_empty() => {
                let found = openssl_probe::probe();
                Self::at(found.cert_file.as_deref(), &found.cert_dir)
            }
            file => Self::at(file.as_deref().map(Path::new), &folders),
        }
    }

    /// As the crate `rustls-native-certs` reads them, which decodes them as well. What cannot be read is as if it were not
    /// there.
    fn at(file: Option<&Path>, folders: &[PathBuf]) -> Self {
        let mut files = Self::default();
        // A folder has several links to each file.
        let mut seen = HashSet::new();
        if let Some(file) = file {
            if let Ok(metadata) = fs::metadata(file) {
                seen.insert((metadata.dev(), metadata.ino()));
            }
            files.0.extend(read(file));
        }
        for entry in folders.iter().flat_map(fs::read_dir).flatten() {
            let Ok(path) = entry.map(|entry| entry.path()) else {
                continue;
            };
            let regular = fs::metadata(&path).is_ok_and(|metadata| {
                metadata.is_file() && seen.insert((metadata.dev(), metadata.ino()))
            });
            if regular {
                files.0.extend(read(&path));
            }
        }
        files
    }

    fn certificates(&self) -> impl Iterator<Item = CertificateDer<'static>> {
        let certificates = self
            .0
            .iter()
            .flat_map(|pem| CertificateDer::pem_slice_iter(pem));
        certificates.filter_map(Result::ok)
    }

    /// Decodes no more than the first.
    fn hold_an_authority(&self) -> bool {
        let mut certificates = self.certificates();
        certificates.any(|certificate| RootCertStore::empty().add(certificate).is_ok())
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut pem = Vec::new();
    File::open(path)?.take(LARGEST_FILE).read_to_end(&mut pem)?;
    Ok(pem)
}

/// In bytes. All authorities of the world are a quarter of a MiB.
const LARGEST_FILE: u64 = 16 << 20;

#[cfg(test)]
mod tests;
