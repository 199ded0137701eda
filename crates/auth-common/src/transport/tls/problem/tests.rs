use super::*;

/// As OpenSSL 1.1 and 3, Security Framework and Windows put it.
#[test]
fn reason_of_the_operating_systems_library_is_understood() {
    for (text, problem) in [
        (
            "certificate verify failed (certificate has expired)",
            Problem::Expired,
        ),
        (
            "certificate verify failed (certificate is not yet valid)",
            Problem::NotYetValid,
        ),
        (
            "certificate verify failed (hostname mismatch)",
            Problem::WrongName,
        ),
        (
            "certificate verify failed (Hostname mismatch)",
            Problem::WrongName,
        ),
        (
            "certificate verify failed (IP address mismatch)",
            Problem::WrongName,
        ),
        (
            "certificate verify failed (self signed certificate)",
            Problem::SelfSigned,
        ),
        (
            "certificate verify failed (self-signed certificate)",
            Problem::SelfSigned,
        ),
        (
            "certificate verify failed (self-signed certificate in certificate chain)",
            Problem::UnknownAuthority,
        ),
        (
            "certificate verify failed (unable to get local issuer certificate)",
            Problem::UnknownIssuer,
        ),
        (
            "certificate verify failed (unable to verify the first certificate)",
            Problem::UnknownIssuer,
        ),
        (
            "certificate verify failed (certificate revoked)",
            Problem::Revoked,
        ),
        ("certificate verify failed (CA md too weak)", Problem::Other),
        ("The certificate was not trusted.", Problem::UnknownIssuer),
        (
            "A required certificate is not within its validity period when verifying against the current system clock",
            Problem::Expired,
        ),
        (
            "The certificate's CN name does not match the passed value.",
            Problem::WrongName,
        ),
    ] {
        assert_eq!(Problem::of_text(text), Some(problem), "{text}");
    }
    for text in ["Connection refused (os error 111)", "wrong version number"] {
        assert_eq!(Problem::of_text(text), None);
    }
}

#[test]
fn codes_of_windows_are_understood_in_any_language() {
    for (code, problem) in [
        (-2_146_762_495, Some(Problem::Expired)),
        (-2_146_762_481, Some(Problem::WrongName)),
        (-2_146_762_487, Some(Problem::UnknownIssuer)),
        (-2_146_893_019, Some(Problem::UnknownIssuer)),
        (-2_146_762_484, Some(Problem::Revoked)),
        (-2_146_762_480, Some(Problem::Other)),
        (10_061, None),
    ] {
        assert_eq!(Problem::of_windows_code(code), problem, "{code:x}");
    }
}

#[test]
fn clock_is_blamed_for_dates_only() {
    for problem in [
        Problem::WrongName,
        Problem::SelfSigned,
        Problem::UnknownAuthority,
        Problem::UnknownIssuer,
        Problem::Authority,
        Problem::Revoked,
        Problem::Other,
    ] {
        assert!(!problem.advice().contains("clock"), "{problem:?}");
    }
    for problem in [Problem::Expired, Problem::NotYetValid] {
        assert!(problem.advice().contains("clock of this machine"));
    }
}
