//! Verifies by the platform's authorities, looks closer at what is refused, and takes the word of a user who gave the
//! server's very certificate.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use webpki::EndEntityCert;

use super::problem::Problem;

#[cfg(all(unix, not(target_os = "android"), not(target_vendor = "apple")))]
mod roots;
#[cfg(not(all(unix, not(target_os = "android"), not(target_vendor = "apple"))))]
mod system;

#[cfg(all(unix, not(target_os = "android"), not(target_vendor = "apple")))]
use roots::Platform;
#[cfg(not(all(unix, not(target_os = "android"), not(target_vendor = "apple"))))]
use system::Platform;

#[derive(Debug)]
pub(super) struct ServerVerifier {
    platform: Platform,
    given: Vec<CertificateDer<'static>>,
    /// The same, as authorities.
    authorities: RootCertStore,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerVerifier {
    /// A verifier that trusts the platform's authorities, and those `given` by the user.
    pub(super) fn new(
        given: Vec<CertificateDer<'static>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        let mut authorities = RootCertStore::empty();
        for certificate in &given {
            authorities.add(certificate.clone())?;
        }
        Ok(Self {
            platform: Platform::new(&given, provider)?,
            given,
            authorities,
            algorithms: provider.signature_verification_algorithms,
        })
    }

    /// Whether `certificate` is for `name`, if it is an authority's that was given by the user, and nothing else is wrong
    /// with it. Such a one is what `openssl req -x509` makes for a server unless it is told otherwise.
    ///
    /// Who shows it has proven, or will, to have its key. Since it is trusted as an authority, that key can sign a
    /// certificate for any name: to accept this one in its own name adds nothing. The name and the dates count as always.
    fn given_authority(
        &self,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Option<Result<(), Error>> {
        if !self.given.iter().any(|given| given == certificate) {
            return None;
        }
        let parsed = ParsedCertificate::try_from(certificate).ok()?;
        let problem_at = |moment| {
            let authorities = &self.authorities;
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, authorities, &[], moment, algorithms)
                .err()
        };
        // Of several problems only one is told. That the dates are looked at first is not promised: the end of all time
        // shows it.
        let otherwise_good = problem_at(now).is_some_and(|it| is_authority(&it))
            && problem_at(END_OF_TIME).is_some_and(|it| is_expired(&it));
        otherwise_good.then(|| verify_server_name(&parsed, name))
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(verified) = self.given_authority(end_entity, server_name, now) {
            return verified.map(|()| ServerCertVerified::assertion());
        }
        self.platform
            .verifier()?
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|error| look_closer(error, end_entity, intermediates))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// What a closer look at the certificates tells beyond rustls' own error.
#[derive(Debug)]
pub(super) struct LookedAt {
    pub(super) problem: Problem,
    pub(super) reason: CertificateError,
}

impl fmt::Display for LookedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl StdError for LookedAt {}

/// rustls has one error for three problems: nobody's certificate, an unknown authority's, and one without its
/// intermediate.
fn look_closer(
    error: Error,
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) -> Error {
    let authority = is_authority(&error);
    let reason = match error {
        // The latter of an authority that has but the name of one that is trusted.
        Error::InvalidCertificate(
            reason @ (CertificateError::UnknownIssuer | CertificateError::BadSignature),
        ) => reason,
        Error::InvalidCertificate(reason) if authority => reason,
        error => return error,
    };
    let problem = if is_self_signed(end_entity) {
        Problem::SelfSigned
    } else if authority {
        Problem::Authority
    } else if intermediates.iter().any(is_self_signed) {
        Problem::UnknownAuthority
    } else {
        Problem::UnknownIssuer
    };
    let looked_at = LookedAt { problem, reason };
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(looked_at))))
}

fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    EndEntityCert::try_from(certificate)
        .is_ok_and(|certificate| certificate.subject() == certificate.issuer())
}

fn is_authority(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else {
        return false;
    };
    matches!(
        other.0.downcast_ref(),
        Some(webpki::Error::CaUsedAsEndEntity)
    )
}

fn is_expired(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. }
        )
    )
}

/// After the last date that a certificate can have.
const END_OF_TIME: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
