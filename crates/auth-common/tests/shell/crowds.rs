//! Many authenticators on one transport, which all have something to ask at the same moment.

use std::{sync::Arc, time::Duration};

use auth_common::{Authenticator, Builder, Error, Transport, testing::Outage};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    scene::{secs, settle},
    vendor::{Credentials, LIFETIME, Plain, Vendor, token},
};

#[tokio::test(start_paused = true)]
async fn transport_carries_fifty_token_requests_at_once_and_the_others_wait_for_their_turn() {
    let (vendor, transport) = slow(secs(1));
    let started = Instant::now();
    let mut callers = ask_all(&tenants(120, &transport, |builder| builder));
    for carried in [50, 100, 120] {
        settle().await;
        assert_eq!(vendor.requests(), carried);
        sleep(secs(1)).await;
    }
    while let Some(served) = callers.join_next().await {
        served.unwrap().unwrap();
    }
    assert_eq!(started.elapsed().as_secs(), 3);
}

/// It is told why, and the vendor is not blamed.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_turn_in_vain_has_sent_nothing_and_is_told_so() {
    let (vendor, transport) = vendor();
    vendor.always(|| Err(Outage::Hang));
    let _crowd = ask_all(&tenants(50, &transport, |builder| {
        builder.attempt_timeout(secs(100)).deadline(secs(100))
    }));
    settle().await;
    let late = tenants(1, &transport, |builder| builder.deadline(secs(20)));
    let error = late[0].authorization().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    let what = "no token from Sample: nothing was sent: for 18 s, the transport had as many token requests under way as it \
                may have at once";
    assert!(error.to_string().starts_with(what), "{error}");
    assert_eq!(vendor.requests(), 50);
    assert_eq!(late[0].snapshot().logins, 0);
}

/// An attempt has ten seconds, of which nothing is lost in a wait of sixteen.
#[tokio::test(start_paused = true)]
async fn wait_for_a_turn_counts_against_the_deadline_and_not_against_the_attempt() {
    let (_, transport) = slow(secs(8));
    let _crowd = ask_all(&tenants(100, &transport, |builder| builder));
    settle().await;
    let late = tenants(1, &transport, |builder| builder);
    let started = Instant::now();
    late[0].authorization().await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 23);
}

/// A flight that is silent for too long is taken for one that nobody drives, and another is launched in its place.
#[tokio::test(start_paused = true)]
async fn flight_that_waits_for_its_turn_is_waited_for_by_all_who_ask_meanwhile() {
    let (vendor, transport) = slow(secs(8));
    let _crowd = ask_all(&tenants(100, &transport, |builder| builder));
    settle().await;
    let late = tenants(1, &transport, |builder| builder).remove(0);
    let mut callers = JoinSet::new();
    for second in 0..20 {
        let late = late.clone();
        callers.spawn(async move {
            sleep(secs(second)).await;
            late.authorization().await.map(drop)
        });
    }
    while let Some(served) = callers.join_next().await {
        served.unwrap().unwrap();
    }
    assert_eq!(vendor.requests(), 101);
    assert_eq!(late.snapshot().logins, 1);
}

/// Flights are aborted with their authenticator.
#[tokio::test(start_paused = true)]
async fn turn_of_a_flight_that_ends_early_goes_to_the_next() {
    let (vendor, transport) = vendor();
    vendor.always(|| Err(Outage::Hang));
    let crowd = tenants(50, &transport, |builder| builder);
    let mut callers = ask_all(&crowd);
    settle().await;
    vendor.recover();
    let late = tenants(1, &transport, |builder| builder).remove(0);
    let caller = tokio::spawn(async move { late.authorization().await.map(drop) });
    settle().await;
    assert!(!caller.is_finished());
    callers.shutdown().await;
    drop(crowd);
    settle().await;
    assert!(caller.is_finished());
    caller.await.unwrap().unwrap();
}

/// Past the cache, requests are carried by the same transport.
#[tokio::test(start_paused = true)]
async fn request_past_the_cache_waits_for_its_turn_as_well() {
    let (vendor, transport) = slow(secs(1));
    let crowd = tenants(60, &transport, |builder| builder);
    let mut callers = JoinSet::new();
    for tenant in crowd {
        callers.spawn(async move { tenant.request_token().await.map(drop) });
    }
    settle().await;
    assert_eq!(vendor.requests(), 50);
    while let Some(served) = callers.join_next().await {
        served.unwrap().unwrap();
    }
    assert_eq!(vendor.requests(), 60);
}

#[test]
fn concurrency_limit_is_between_one_and_ten_thousand() {
    for refused in [0, 10_001] {
        let error = Transport::builder().concurrency_limit(refused).build();
        assert_eq!(
            error.err().unwrap().to_string(),
            "concurrency limit must be between 1 and 10,000"
        );
    }
    for accepted in [1, 10_000] {
        Transport::builder()
            .concurrency_limit(accepted)
            .build()
            .unwrap();
    }
}

fn vendor() -> (Vendor, Transport) {
    let vendor = Vendor::default();
    let transport = vendor.transport(Arc::default());
    (vendor, transport)
}

fn slow(delay: Duration) -> (Vendor, Transport) {
    let (vendor, transport) = vendor();
    vendor.always(move || token("access-1", LIFETIME).map(|granted| granted.after(delay)));
    (vendor, transport)
}

fn tenants(
    number: usize,
    transport: &Transport,
    set: impl Fn(Builder<Plain>) -> Builder<Plain>,
) -> Vec<Authenticator<Plain>> {
    let tenant = |_| {
        let credentials = Credentials::guarded_by(Arc::default());
        set(Authenticator::builder((), credentials))
            .transport(transport.clone())
            .build()
            .unwrap()
    };
    (0..number).map(tenant).collect()
}

fn ask_all(tenants: &[Authenticator<Plain>]) -> JoinSet<Result<(), Problem>> {
    let mut callers = JoinSet::new();
    for tenant in tenants {
        let tenant = tenant.clone();
        callers.spawn(async move { tenant.authorization().await.map(drop) });
    }
    callers
}

type Problem = Error<crate::vendor::Problem>;
