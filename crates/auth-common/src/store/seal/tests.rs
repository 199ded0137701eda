#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use proptest::prelude::*;

use super::*;
use crate::StoreKey;

#[test]
fn no_bit_can_be_changed() {
    let key = key(&["u", "p"]);
    let mut sealed = seal(&key, b"a record").unwrap();
    for at in 0..sealed.len() {
        for bit in 0..8 {
            sealed[at] ^= 1 << bit;
            assert!(open(&key, &sealed).is_none(), "byte {at}, bit {bit}");
            sealed[at] ^= 1 << bit;
        }
    }
    assert!(open(&key, &sealed).is_some());
}

#[test]
fn nothing_can_be_left_out_or_added() {
    let key = key(&["u", "p"]);
    let mut sealed = seal(&key, b"a record").unwrap();
    for length in 0..sealed.len() {
        assert!(open(&key, &sealed[..length]).is_none(), "{length} bytes");
        assert!(open(&key, &sealed[sealed.len() - length..]).is_none());
    }
    sealed.push(0);
    assert!(open(&key, &sealed).is_none());
}

#[test]
fn only_the_same_credentials_open_it() {
    let sealed = seal(&key(&["u", "p"]), b"a record").unwrap();
    for others in [&["u", "q"][..], &["v", "p"], &["u"], &["up"]] {
        assert!(open(&key(others), &sealed).is_none(), "{others:?}");
    }
}

/// Whoever writes to the store moves a record to where another customer's is, and even has the right key there.
#[test]
fn a_record_opens_under_its_own_name_only() {
    let own = key(&["u", "p"]);
    let sealed = seal(&own, b"a record").unwrap();
    let mut moved = key(&["v", "q"]);
    moved.seal = own.seal.clone();
    assert!(open(&moved, &sealed).is_none());
}

/// A text that was made to open under two keys has the commitment of one of them at most.
#[test]
fn a_text_with_another_commitment_is_not_even_tried() {
    let key = key(&["u", "p"]);
    let mut sealed = seal(&key, b"a record").unwrap();
    let other = seal(&key, b"a record").unwrap();
    sealed[1 + SALT..HEADER].copy_from_slice(&other[1 + SALT..HEADER]);
    assert!(open(&key, &sealed).is_none());
}

#[test]
fn what_is_longer_than_any_record_is_not_opened() {
    let key = key(&["u", "p"]);
    let room = LONGEST - HEADER - crypto::TAG;
    assert!(open(&key, &seal(&key, &vec![7; room]).unwrap()).is_some());
    assert!(open(&key, &seal(&key, &vec![7; room + 1]).unwrap()).is_none());
}

proptest! {
    #[test]
    fn what_was_sealed_opens_and_never_looks_the_same(record in prop::collection::vec(any::<u8>(), 0..5000)) {
        let key = key(&["u", "p"]);
        let sealed = seal(&key, &record).unwrap();
        let opened = open(&key, &sealed).unwrap();
        prop_assert_eq!(&*opened, &record);
        prop_assert_eq!(sealed.len(), record.len() + HEADER + crypto::TAG);
        prop_assert_ne!(&sealed, &seal(&key, &record).unwrap());
        if record.len() >= 8 {
            prop_assert!(!sealed.windows(record.len()).any(|part| part == record.as_slice()));
        }
    }

    #[test]
    fn foreign_bytes_are_no_record(mut bytes in prop::collection::vec(any::<u8>(), 0..500), version in any::<bool>()) {
        if version && let Some(first) = bytes.first_mut() {
            *first = VERSION;
        }
        prop_assert!(open(&key(&["u", "p"]), &bytes).is_none());
    }
}

fn key(secrets: &[&str]) -> RecordKey {
    let key = "deadbeef000102030405060708090a0b0c0d0e0f101112131415161718191a1b";
    let base = "https://v.example".parse().unwrap();
    let keys = StoreKey::parse(key)
        .unwrap()
        .record_keys("V", &base, secrets)
        .unwrap();
    keys.current().unwrap().clone()
}

/// `cargo xtask bench store` shows the figures.
#[test]
#[ignore = "measures, in a release build"]
fn four_kilobytes_are_sealed_and_opened_in_fifty_microseconds() {
    let (key, record) = (key(&["u", "p"]), vec![b'x'; 4096]);
    let sealed = seal(&key, &record).unwrap();
    let median = |work: &dyn Fn()| {
        let time = || {
            let started = std::time::Instant::now();
            work();
            started.elapsed()
        };
        let mut times: Vec<_> = (0..1001).map(|_| time()).collect();
        times.sort();
        times[500]
    };
    let seals = median(&|| drop(seal(&key, &record).unwrap()));
    let opens = median(&|| drop(open(&key, &sealed).unwrap()));
    println!("SEAL {} NS, OPEN {} NS", seals.as_nanos(), opens.as_nanos());
    for took in [seals, opens] {
        assert!(took < std::time::Duration::from_micros(50), "{took:?}");
    }
}
