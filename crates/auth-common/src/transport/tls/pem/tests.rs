#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

#[test]
fn sections_of_other_kinds_and_words_between_are_passed_over() {
    let pem = "Bag Attributes\n\
        -----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n\
        -----BEGIN EC PRIVATE KEY-----\r\n  a2\n  V5 \n-----END EC PRIVATE KEY-----\n\
        subject=CN = shop\n\
        -----BEGIN CERTIFICATE-----\nb25l\n-----END CERTIFICATE-----\n\
        -----BEGIN CERTIFICATE-----\ndHdv\n-----END CERTIFICATE-----";
    let pair = Pair::read(pem.as_bytes()).unwrap();
    assert_eq!(pair.chain, [b"one", b"two"]);
    assert_eq!((pair.form, pair.key.as_slice()), (Form::Sec1, &b"key"[..]));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(
        text in "(-----BEGIN |-----END |PRIVATE KEY-----|CERTIFICATE-----|\n|-|[A-Za-z0-9+/=]|\\PC){0,64}",
    ) {
        let _ = Pair::read(text.as_bytes());
    }
}
