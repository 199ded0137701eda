//! Each case is a program that would leak a secret, and must not compile.

#[test]
#[rustversion::attr(before(1.95), ignore = "an older compiler says it in other words")]
fn secrets_cannot_be_printed_copied_dereferenced_or_serialized() {
    trybuild::TestCases::new().compile_fail("tests/cases/*.rs");
}
