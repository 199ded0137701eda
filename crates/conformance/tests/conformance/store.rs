//! Every vendor's token may be shared. What a store does in each case is proven in `auth-common`.

use auth_common::{
    Builder, Error, Invalidation, StoreKey,
    testing::{MemoryStore, StandIn},
};

use crate::vendor::{Vendor, every_vendor};

async fn fleet_logs_in_once_and_a_restarted_one_not_at_all<V: Vendor>() {
    let vendor = StandIn::<V>::start();
    let store = MemoryStore::new(StoreKey::generate().unwrap());
    let process = || member(&vendor, &store).build().unwrap();
    let (one, other) = (process(), process());
    let (first, same) = tokio::join!(one.authorization(), other.authorization());
    assert_eq!(first.unwrap(), same.unwrap());
    let adopted = one.snapshot().adopted + other.snapshot().adopted;
    assert_eq!((vendor.logins(), adopted), (1, 1));
    let warm = process();
    let token = warm.token().await.unwrap();
    assert_eq!((vendor.logins(), vendor.refreshes()), (1, 0));

    // One that an API refuses is replaced for all of them.
    vendor.expire_tokens();
    assert_eq!(warm.invalidate(&token), Invalidation::Accepted);
    let newer = warm.token().await.unwrap();
    let same = process().token().await.unwrap();
    assert_ne!(newer.authorization(), token.authorization());
    assert_eq!(newer.authorization(), same.authorization());
    assert_eq!(vendor.logins() + vendor.refreshes(), 2);
}
every_vendor!(fleet_logs_in_once_and_a_restarted_one_not_at_all);

async fn fleet_hears_of_a_refusal_once<V: Vendor>() {
    let vendor = StandIn::<V>::start();
    vendor.refuse_credentials();
    let store = MemoryStore::new(StoreKey::generate().unwrap());
    let (mut told, mut logins) = (Vec::new(), 0);
    for _ in 0..3 {
        let process = member(&vendor, &store).build().unwrap();
        let error = process.token().await.unwrap_err();
        assert!(matches!(error, Error::CredentialsRefused(_)), "{error}");
        let text = error.to_string();
        let text = text.split(" (retry").next().unwrap_or_default();
        told.push((error.status(), text.to_owned()));
        logins += process.snapshot().logins;
    }
    assert_eq!(logins, 1);
    assert!(told.iter().all(|it| *it == told[0]), "{told:?}");
}
every_vendor!(fleet_hears_of_a_refusal_once);

fn blocking_sides_share_one_login_by_a_store<V: Vendor>() {
    let vendor = StandIn::<V>::start();
    let store = MemoryStore::new(StoreKey::generate().unwrap());
    let process = || member(&vendor, &store).build_blocking().unwrap();
    let (one, other) = (process(), process());
    let header = one.authorization().unwrap();
    assert_eq!(other.authorization().unwrap(), header);
    assert_eq!((vendor.logins(), other.snapshot().adopted), (1, 1));
}
every_vendor!(blocking blocking_sides_share_one_login_by_a_store);

/// One more process of the fleet.
fn member<V: Vendor>(vendor: &StandIn<V>, store: &MemoryStore) -> Builder<V::Endpoint> {
    let builder: Builder<V::Endpoint> = vendor.builder().unwrap().into();
    builder.store(store.clone())
}
