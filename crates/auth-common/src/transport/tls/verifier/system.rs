//! The platform's authorities where the system verifies certificates itself.

use std::sync::Arc;

use rustls::{
    Error, client::danger::ServerCertVerifier, crypto::CryptoProvider, pki_types::CertificateDer,
};
use rustls_platform_verifier::Verifier;

#[derive(Debug)]
pub(super) struct Platform(Arc<Verifier>);

impl Platform {
    /// Those that the platform trusts, and those `given` by the user.
    ///
    /// # Errors
    ///
    /// When the system has no verifier for them.
    #[cfg(not(target_os = "android"))]
    pub(super) fn new(
        given: &[CertificateDer<'static>],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        let provider = Arc::clone(provider);
        let verifier = match given {
            [] => Verifier::new(provider),
            given => Verifier::new_with_extra_roots(given.iter().cloned(), provider),
        };
        Ok(Self(Arc::new(verifier?)))
    }

    /// Those that the platform trusts.
    ///
    /// # Errors
    ///
    /// When there are others, or the system has no verifier.
    #[cfg(target_os = "android")]
    pub(super) fn new(
        given: &[CertificateDer<'static>],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        if !given.is_empty() {
            let reason = "this platform takes no further roots";
            return Err(Error::General(reason.into()));
        }
        Ok(Self(Arc::new(Verifier::new(Arc::clone(provider))?)))
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "where the certificates are files it can fail"
    )]
    pub(super) fn verifier(&self) -> Result<Arc<dyn ServerCertVerifier>, Error> {
        let verifier = Arc::clone(&self.0);
        Ok(verifier)
    }
}
