//! Authenticators that share a store, as the processes of a fleet do: each has a cache of its own, and all ask one vendor.

use auth_common::{
    Authenticator, Builder, ErrorKind, Invalidation, StoreKey, StoreState, TokenEndpoint,
    testing::{ManualClock, MemoryStore, StoreTrouble},
};
use chrono::DateTime;
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    scene::secs,
    vendor::{
        Asked::{self, Login},
        Credentials, Plain, Problem, Refreshing, Vendor, answer, hang, refusal, token,
    },
};

#[tokio::test(start_paused = true)]
async fn cold_fleet_logs_in_once_and_a_warm_one_not_at_all() {
    let fleet = Fleet::<Plain>::new();
    fleet.vendor.once(slow);
    let mut callers = JoinSet::new();
    for process in fleet.processes(64) {
        callers.spawn(async move { text(&process).await });
    }
    for outcome in callers.join_all().await {
        assert_eq!(outcome.unwrap(), "access-1");
    }
    assert_eq!(fleet.vendor.requests(), 1);

    let again = fleet.process();
    assert_eq!(text(&again).await.unwrap(), "access-1");
    assert_eq!(fleet.vendor.requests(), 1);
    let snapshot = again.snapshot();
    assert_eq!((snapshot.adopted, snapshot.logins), (1, 0));
    assert_eq!(snapshot.store, StoreState::Well);
}

#[tokio::test(start_paused = true)]
async fn warm_start_takes_one_load_and_no_swap() {
    let fleet = Fleet::<Plain>::new();
    text(&fleet.process()).await.unwrap();
    let (loads, swaps) = (fleet.store.loads(), fleet.store.swaps());
    text(&fleet.process()).await.unwrap();
    assert_eq!(
        (fleet.store.loads(), fleet.store.swaps()),
        (loads + 1, swaps)
    );
}

#[tokio::test(start_paused = true)]
async fn renewal_asks_the_vendor_once_for_the_fleet() {
    let fleet = Fleet::<Plain>::new();
    let processes = fleet.processes(8);
    for process in &processes {
        text(process).await.unwrap();
    }
    fleet.pass(secs(3300)).await;
    for _ in 0..30 {
        for process in &processes {
            text(process).await.unwrap();
        }
        fleet.pass(secs(1)).await;
    }
    assert_eq!(fleet.vendor.requests(), 2);
    for process in &processes {
        assert_eq!(text(process).await.unwrap(), "access-2");
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_password_is_sent_once_a_minute_by_all_processes_together() {
    let fleet = Fleet::<Plain>::new();
    fleet.vendor.accepts("another");
    let mut errors = Vec::new();
    for process in fleet.processes(8) {
        let error = text(&process).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
        assert!(error.retry_at().is_some());
        errors.push(error.to_string());
    }
    assert_eq!(fleet.vendor.requests(), 1);
    // All are told the same, by the vendor's own words.
    assert!(errors[0].contains("wrong password"), "{}", errors[0]);
    assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");

    fleet.pass(secs(61)).await;
    text(&fleet.process()).await.unwrap_err();
    assert_eq!(fleet.vendor.requests(), 2);
    // The pause has doubled, though each process is new.
    fleet.pass(secs(61)).await;
    text(&fleet.process()).await.unwrap_err();
    assert_eq!(fleet.vendor.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn two_passwords_have_two_records() {
    let fleet = Fleet::<Plain>::new();
    text(&fleet.process()).await.unwrap();
    let other = fleet.process_with("another");
    assert_eq!(text(&other).await.unwrap(), "access-2");
    assert_eq!(fleet.store.values().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn refresh_token_is_presented_by_one_process_once() {
    let fleet = Fleet::<Refreshing>::new();
    let processes = fleet.processes(4);
    for process in &processes {
        text(process).await.unwrap();
    }
    fleet.pass(secs(3590)).await;
    for process in &processes {
        assert_eq!(text(process).await.unwrap(), "access-2");
    }
    assert_eq!(
        fleet.vendor.asked(),
        [Login, Asked::Refresh("refresh-1".into())]
    );
}

#[tokio::test(start_paused = true)]
async fn refresh_token_of_another_incarnation_is_not_presented() {
    let fleet = Fleet::<Refreshing>::new();
    text(&fleet.process()).await.unwrap();
    fleet.store.restart();
    fleet.pass(secs(3590)).await;
    text(&fleet.process()).await.unwrap();
    assert_eq!(fleet.vendor.asked(), [Login, Login]);
}

#[tokio::test(start_paused = true)]
async fn invalidated_token_is_replaced_for_the_whole_fleet() {
    let fleet = Fleet::<Plain>::new();
    let [one, other] = [fleet.process(), fleet.process()];
    let dead = one.token().await.unwrap();
    text(&other).await.unwrap();
    assert_eq!(one.invalidate(&dead), Invalidation::Accepted);
    assert_eq!(text(&one).await.unwrap(), "access-2");
    // The other has not heard yet, and has the same 401.
    let dead = other.token().await.unwrap();
    assert_eq!(other.invalidate(&dead), Invalidation::Accepted);
    assert_eq!(text(&other).await.unwrap(), "access-2");
    assert_eq!(fleet.vendor.requests(), 2);
    // What an invalidation brought is not believed to be dead at once, wherever it was adopted.
    let new = other.token().await.unwrap();
    assert_eq!(other.invalidate(&new), Invalidation::TooSoon);
}

#[tokio::test(start_paused = true)]
async fn token_older_than_one_that_the_store_was_not_told_of_is_not_taken_over() {
    let fleet = Fleet::<Plain>::new();
    text(&fleet.process()).await.unwrap();
    fleet.pass(secs(2)).await;
    let process = fleet.process();
    fleet.store.trouble(StoreTrouble::Down);
    let own = process.token().await.unwrap();
    assert_eq!(own.expose_secret(), "access-2");
    fleet.store.trouble(None);
    fleet.pass(secs(6)).await;
    // The vendor may have ended the first when it issued the second.
    assert_eq!(process.invalidate(&own), Invalidation::Accepted);
    assert_eq!(text(&process).await.unwrap(), "access-3");
    // It is everybody's now.
    assert_eq!(text(&fleet.process()).await.unwrap(), "access-3");
}

#[tokio::test(start_paused = true)]
async fn renewal_by_hand_takes_over_nothing_that_was_there_before() {
    let fleet = Fleet::<Plain>::new();
    text(&fleet.process()).await.unwrap();
    let process = fleet.process();
    fleet.pass(secs(2)).await;
    process.renew().await.unwrap();
    assert_eq!(fleet.vendor.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn process_that_dies_holds_the_others_up_for_five_seconds() {
    let fleet = Fleet::<Plain>::new();
    fleet.vendor.once(hang);
    let leader = fleet.process();
    let died = tokio::spawn({
        let leader = leader.clone();
        async move { text(&leader).await }
    });
    sleep(Duration::from_millis(100)).await;
    died.abort();
    drop(leader);
    let started = tokio::time::Instant::now();
    let follower = fleet.process();
    let caller = tokio::spawn(async move { text(&follower).await });
    for _ in 0..100 {
        fleet.pass(Duration::from_millis(100)).await;
    }
    assert_eq!(caller.await.unwrap().unwrap(), "access-1");
    assert!(started.elapsed() < secs(11), "{:?}", started.elapsed());
    assert_eq!(fleet.vendor.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn lease_is_renewed_after_a_renewal_whose_answer_was_lost() {
    let fleet = Fleet::<Plain>::new();
    fleet
        .vendor
        .once(|| token("access-1", secs(3600)).map(|response| response.after(secs(9))));
    let callers: Vec<_> = fleet
        .processes(2)
        .into_iter()
        .map(|process| tokio::spawn(async move { text(&process).await }))
        .collect();
    for tenths in 0..120 {
        // While the first renewal is under way.
        let trouble = (14..=16)
            .contains(&tenths)
            .then_some(StoreTrouble::LosesAnswers);
        fleet.store.trouble(trouble);
        fleet.pass(Duration::from_millis(100)).await;
    }
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap(), "access-1");
    }
    assert_eq!(fleet.vendor.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn store_in_trouble_costs_no_call_and_once_a_second_and_a_half() {
    for (trouble, longest) in [
        (StoreTrouble::Down, 10),
        (StoreTrouble::Hangs, 1510),
        (StoreTrouble::ReadOnly, 10),
        (StoreTrouble::LosesAnswers, 10),
    ] {
        let fleet = Fleet::<Plain>::new();
        fleet.store.trouble(trouble);
        let process = fleet.process();
        let started = tokio::time::Instant::now();
        assert_eq!(text(&process).await.unwrap(), "access-1", "{trouble:?}");
        let took = started.elapsed().as_millis();
        assert!(took <= longest, "{trouble:?}: {took} ms");
        let snapshot = process.snapshot();
        assert!(
            matches!(snapshot.store, StoreState::LeftAlone(_)),
            "{snapshot:?}"
        );
        let loads = fleet.store.loads();
        fleet.pass(secs(2)).await;
        process.renew().await.unwrap();
        assert_eq!(fleet.store.loads(), loads, "it was not left alone");
    }
}

#[tokio::test(start_paused = true)]
async fn flushed_store_is_filled_again_and_foreign_data_is_passed_over() {
    let fleet = Fleet::<Plain>::new();
    text(&fleet.process()).await.unwrap();
    fleet.store.flush();
    assert_eq!(text(&fleet.process()).await.unwrap(), "access-2");
    let mut values = fleet.store.values();
    for (_, value) in &mut values {
        value.truncate(20);
    }
    fleet.store.restore(values);
    fleet.pass(secs(2)).await;
    assert_eq!(text(&fleet.process()).await.unwrap(), "access-3");
    assert_eq!(text(&fleet.process()).await.unwrap(), "access-3");
}

#[tokio::test(start_paused = true)]
async fn failure_that_is_a_process_own_is_told_to_nobody() {
    let fleet = Fleet::<Plain>::new();
    fleet.vendor.always(crate::vendor::unreachable);
    text(&fleet.process()).await.unwrap_err();
    fleet.vendor.recover();
    fleet.pass(secs(2)).await;
    assert_eq!(text(&fleet.process()).await.unwrap(), "access-1");
}

#[tokio::test(start_paused = true)]
async fn rate_limit_is_obeyed_by_the_whole_fleet() {
    let fleet = Fleet::<Plain>::new();
    fleet.vendor.always(|| answer(429, ""));
    text(&fleet.process()).await.unwrap_err();
    fleet.vendor.recover();
    for process in fleet.processes(4) {
        let error = text(&process).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
        process.renew().await.unwrap_err();
    }
    assert_eq!(fleet.vendor.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn store_sees_no_secret() {
    let fleet = Fleet::<Refreshing>::new();
    text(&fleet.process()).await.unwrap();
    fleet.vendor.once(|| refusal(401, "s3cret"));
    fleet.process().renew().await.ok();
    for (name, value) in fleet.store.values() {
        let seen = format!("{name} {}", String::from_utf8_lossy(&value));
        for secret in ["access", "refresh", "s3cret", "maria", "localhost"] {
            assert!(!seen.contains(secret), "{seen}");
        }
    }
}

/// A vendor that takes a second.
fn slow() -> crate::vendor::Reply {
    token("access-1", secs(3600)).map(|response| response.after(secs(1)))
}

struct Fleet<E> {
    vendor: Vendor,
    store: MemoryStore,
    clock: ManualClock,
    endpoint: std::marker::PhantomData<E>,
}

impl<E> Fleet<E>
where
    E: TokenEndpoint<Environment = (), Credentials = Credentials, ErrorResponse = Problem>,
{
    fn new() -> Self {
        let clock = ManualClock::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let store = MemoryStore::new(StoreKey::generate().unwrap()).with_clock(&clock);
        Self {
            vendor: Vendor::default(),
            store,
            clock,
            endpoint: std::marker::PhantomData,
        }
    }

    fn process(&self) -> Authenticator<E> {
        self.process_with("s3cret")
    }

    fn process_with(&self, password: &str) -> Authenticator<E> {
        let credentials = Credentials::with_password(password, Arc::default());
        let builder: Builder<E> = Authenticator::builder((), credentials);
        builder
            .transport(self.vendor.transport(Arc::default()))
            .clock(self.clock.clone())
            .store(self.store.clone())
            .build()
            .unwrap()
    }

    fn processes(&self, number: usize) -> Vec<Authenticator<E>> {
        (0..number).map(|_| self.process()).collect()
    }

    async fn pass(&self, span: Duration) {
        self.clock.advance(span);
        sleep(span).await;
    }
}

async fn text<E: TokenEndpoint>(
    process: &Authenticator<E>,
) -> Result<String, auth_common::Error<E::ErrorResponse>> {
    let token = process.token().await?;
    // A background flight comes to its end.
    sleep(Duration::from_millis(1)).await;
    Ok(token.expose_secret().to_owned())
}
