#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::testing::store_contract;

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    let store = store();
    store_contract::check(|| store.clone()).await;
    store_contract::check_restart(|| store.clone(), async || store.restart()).await;
}

#[tokio::test]
async fn an_outage_fails_each_call() {
    let store = store();
    store.trouble(StoreTrouble::Down);
    store_contract::check_outage(|| store.clone(), Duration::from_secs(1)).await;
    store.trouble(None);
    store_contract::check_register(|| store.clone()).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_is_of_a_write_that_was_made() {
    let (store, key) = (store(), key());
    let mut session = Session::new();
    store.trouble(StoreTrouble::LosesAnswers);
    let nothing = Seen::nothing();
    let swap = store.swap(&mut session, &key, &nothing, b"x", Duration::ZERO);
    assert!(swap.await.is_err());
    let loaded = store.load(&mut session, &key).await.unwrap();
    assert_eq!(loaded.value(), Some(&b"x"[..]));

    store.trouble(StoreTrouble::ReadOnly);
    let swap = store.swap(&mut session, &key, loaded.seen(), b"y", Duration::ZERO);
    assert!(swap.await.is_err());
    let loaded = store.load(&mut session, &key).await.unwrap();
    assert_eq!(loaded.value(), Some(&b"x"[..]));
}

/// An engine for each rule that it breaks.
mod broken {
    use super::*;

    /// What the engine does wrong.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Fault {
        SwapsBlindly,
        NeverSwaps,
        IgnoresKeys,
        ReturnsWhatWasSeen,
        CutsValues,
        LosesNowAndThen,
        Runs,
        GoesBack,
        ChangesIncarnation,
    }

    #[derive(Clone)]
    struct Broken(MemoryStore, Fault);

    impl TokenStore for Broken {
        fn key(&self) -> Option<&StoreKey> {
            self.0.key()
        }

        fn load<'a>(
            &'a self,
            session: &'a mut Session,
            key: &'a RecordKey,
        ) -> StoreFuture<'a, Loaded> {
            Box::pin(async move {
                let mut loaded = self.0.load(session, self.name(key)).await?;
                self.spoil(&mut loaded.reading);
                if self.1 == Fault::CutsValues
                    && let Some(value) = &mut loaded.value
                {
                    value.truncate(1000);
                }
                Ok(loaded)
            })
        }

        fn swap<'a>(
            &'a self,
            session: &'a mut Session,
            key: &'a RecordKey,
            seen: &'a Seen,
            value: &'a [u8],
            keep: Duration,
        ) -> StoreFuture<'a, Swapped> {
            Box::pin(async move {
                let name = self.name(key);
                let blindly = self.1 == Fault::SwapsBlindly
                    || self.1 == Fault::LosesNowAndThen && self.0.swaps().is_multiple_of(3);
                let there = self.0.load(&mut Session::new(), name).await?.seen;
                let expected = if blindly { &there } else { seen };
                let mut swapped = match self.1 {
                    Fault::NeverSwaps => Swapped::conflict(self.0.reading(&self.0.contents())),
                    _ => self.0.swap(session, name, expected, value, keep).await?,
                };
                self.spoil(&mut swapped.reading);
                if self.1 == Fault::ReturnsWhatWasSeen && swapped.seen.is_some() {
                    swapped.seen = Some(seen.clone());
                }
                Ok(swapped)
            })
        }
    }

    impl Broken {
        fn name<'a>(&self, key: &'a RecordKey) -> &'a RecordKey {
            static ONE: std::sync::OnceLock<RecordKey> = std::sync::OnceLock::new();
            match self.1 {
                Fault::IgnoresKeys => ONE.get_or_init(super::key),
                _ => key,
            }
        }

        fn spoil(&self, reading: &mut Reading) {
            let calls = self.0.loads() as u32;
            match self.1 {
                Fault::Runs => reading.now = Some(Duration::from_secs(60) * calls),
                Fault::GoesBack => {
                    reading.now = reading
                        .now
                        .map(|now| now.saturating_sub(Duration::from_secs(9) * calls));
                }
                Fault::ChangesIncarnation => {
                    reading.incarnation = Some(Incarnation::new(calls.to_string()));
                }
                _ => {}
            }
        }
    }

    #[test]
    fn the_contract_finds_it() {
        for fault in [
            Fault::SwapsBlindly,
            Fault::NeverSwaps,
            Fault::IgnoresKeys,
            Fault::ReturnsWhatWasSeen,
            Fault::CutsValues,
            Fault::LosesNowAndThen,
            Fault::Runs,
            Fault::GoesBack,
            Fault::ChangesIncarnation,
        ] {
            let store = Broken(super::store(), fault);
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .unwrap();
            let check = std::panic::AssertUnwindSafe(|| {
                runtime.block_on(async {
                    let open = || store.clone();
                    store_contract::check_register(open).await;
                    store_contract::check_values(open).await;
                    store_contract::check_clock(open).await;
                    store_contract::check_swaps(open, 8, 100).await;
                });
            });
            assert!(std::panic::catch_unwind(check).is_err(), "{fault:?}");
        }
    }
}

fn store() -> MemoryStore {
    MemoryStore::new(StoreKey::generate().unwrap())
}

fn key() -> RecordKey {
    let base = "https://v.example".parse().unwrap();
    let keys = StoreKey::generate()
        .unwrap()
        .record_keys("V", &base, &["u"])
        .unwrap();
    keys.current().unwrap().clone()
}
