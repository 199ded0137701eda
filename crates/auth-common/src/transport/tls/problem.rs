//! Why a certificate is not accepted, in the same words whichever library says so.

/// What is wrong with the certificate that a server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    Expired,
    NotYetValid,
    WrongName,
    SelfSigned,
    /// The server shows the certificate of its authority as well, and that one is not trusted.
    UnknownAuthority,
    /// What the server shows does not lead to an authority.
    UnknownIssuer,
    /// A certificate of an authority in the place of a server's.
    #[cfg_attr(
        not(any(test, feature = "rustls", feature = "rustls-ring")),
        expect(dead_code, reason = "other libraries accept it")
    )]
    Authority,
    Revoked,
    /// Whatever else it is, it is the certificate.
    Other,
}

impl Problem {
    /// What it means, and what to do. Empty where the library's reason is all there is.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Expired => {
                "it has expired: whoever runs the server must renew it; check the clock of this machine as well"
            }
            Self::NotYetValid => {
                "it is not valid yet: check the clock of this machine, then the date on which the certificate begins"
            }
            Self::WrongName => {
                "it is for another host: check the host in the base URL, or have its name put into the certificate, as a \
                 subjectAltName"
            }
            Self::SelfSigned => {
                "it is self-signed: if it is that of your own server, give this very certificate to `root_certificate`; \
                 if not, something in between answers, such as a proxy that inspects TLS"
            }
            Self::UnknownAuthority => {
                "its authority is not trusted here: if that is your own company's, or that of a proxy which inspects TLS, \
                 give the authority's certificate to `root_certificate`"
            }
            Self::UnknownIssuer => {
                "its issuer is not known here: either the server leaves out its intermediate certificate, which whoever \
                 runs it must add, or the authority is a private one, and its certificate is to be given to \
                 `root_certificate`"
            }
            Self::Authority => {
                "it is that of an authority and not of a server: give this very certificate to `root_certificate`, or \
                 make the server another (`openssl req -x509 -addext basicConstraints=critical,CA:FALSE …`)"
            }
            Self::Revoked => "it has been revoked: whoever runs the server must replace it",
            Self::Other => "",
        }
    }
}

#[cfg(any(feature = "rustls", feature = "rustls-ring"))]
impl Problem {
    /// What rustls says is wrong with a certificate, and its own words; `None` where it says something else.
    pub(super) fn of_rustls(error: &rustls::Error) -> Option<(Self, String)> {
        use rustls::{CertificateError, Error};

        use super::verifier::LookedAt;

        let Error::InvalidCertificate(reason) = error else {
            return None;
        };
        if let CertificateError::Other(other) = reason
            && let Some(LookedAt { problem, reason }) = other.0.downcast_ref()
        {
            let error = Error::InvalidCertificate(reason.clone());
            return Some((*problem, error.to_string()));
        }
        let problem = match reason {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotYetValid
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::WrongName
            }
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::Revoked => Self::Revoked,
            _ => Self::Other,
        };
        Some((problem, error.to_string()))
    }
}

#[cfg(any(test, not(any(feature = "rustls", feature = "rustls-ring"))))]
impl Problem {
    /// What the operating system's library says: OpenSSL, Security Framework, or Windows in English.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let known = TEXTS.iter().find(|(part, _)| text.contains(part));
        known
            .map(|(_, problem)| *problem)
            .or_else(|| text.contains("certificate").then_some(Self::Other))
    }

    /// What Windows says in any language, by its codes for certificates.
    pub(super) fn of_windows_code(code: i32) -> Option<Self> {
        Some(match code as u32 {
            // It has the same for a certificate that is not valid yet.
            0x800B_0101 | 0x8009_0328 => Self::Expired,
            0x800B_010F | 0x8009_0322 => Self::WrongName,
            0x800B_0109 | 0x8009_0325 | 0x800B_010A => Self::UnknownIssuer,
            0x800B_010C => Self::Revoked,
            0x800B_0100..=0x800B_01FF => Self::Other,
            _ => return None,
        })
    }
}

/// Parts of a text, and what they mean: the first that is found counts.
#[cfg(any(test, not(any(feature = "rustls", feature = "rustls-ring"))))]
const TEXTS: [(&str, Problem); 16] = [
    ("not yet valid", Problem::NotYetValid),
    ("certificate has expired", Problem::Expired),
    ("certificate expired", Problem::Expired),
    ("within its validity period", Problem::Expired),
    ("hostname mismatch", Problem::WrongName),
    ("host name mismatch", Problem::WrongName),
    ("ip address mismatch", Problem::WrongName),
    ("cn name does not match", Problem::WrongName),
    (
        "signed certificate in certificate chain",
        Problem::UnknownAuthority,
    ),
    ("self-signed certificate", Problem::SelfSigned),
    ("self signed certificate", Problem::SelfSigned),
    ("issuer certificate", Problem::UnknownIssuer),
    ("verify the first certificate", Problem::UnknownIssuer),
    ("certificate signature failure", Problem::UnknownIssuer),
    ("not trusted", Problem::UnknownIssuer),
    ("certificate revoked", Problem::Revoked),
];

#[cfg(test)]
mod tests;
