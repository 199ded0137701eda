//! The shell under thousands of schedules: each test states what holds in every one of them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[allow(dead_code)]
#[path = "../../tests/shell/scene.rs"]
mod scene;
#[allow(dead_code)]
#[path = "../../tests/shell/vendor.rs"]
mod vendor;

use std::{marker::PhantomData, sync::Arc};

use auth_common::{
    Authenticator, Invalidation, StoreKey, TokenEndpoint,
    testing::{ManualClock, MemoryStore},
};
use chrono::DateTime;
use shuttle::{
    Config, Runner,
    future::{JoinHandle, block_on, spawn},
    scheduler::{PctScheduler, RandomScheduler},
    sync::mpsc::channel,
};
use tokio::task::yield_now;

use crate::{
    scene::{Outcome, Scene, at_once, secs},
    vendor::{
        Asked::{Login, Refresh},
        Credentials, LIFETIME, Plain, Refreshing, Reply, Vendor, answer, hang, refusal, token,
    },
};

#[test]
fn cold_callers_share_one_flight() {
    check(|| async {
        let scene = Scene::new();
        for caller in callers(&scene, 3) {
            assert_eq!(caller.await.unwrap().unwrap(), "access-1");
        }
        assert_eq!(scene.vendor.requests(), 1);
    });
}

#[test]
fn waiters_share_one_failure() {
    check(|| async {
        let scene = Scene::new();
        scene.vendor.always(|| refusal(401, "no"));
        for caller in callers(&scene, 3) {
            let error = caller.await.unwrap().unwrap_err();
            assert!(error.is_credentials_refused());
        }
        assert_eq!(scene.vendor.requests(), 1);
    });
}

#[test]
fn dropped_callers_take_nothing_along() {
    check(|| async {
        let scene = Scene::new();
        let mut callers = callers(&scene, 3);
        let patient = callers.pop().unwrap();
        for impatient in callers {
            impatient.abort();
        }
        assert_eq!(patient.await.unwrap().unwrap(), "access-1");
        assert_eq!(scene.vendor.requests(), 1);
    });
}

#[test]
fn callers_ahead_of_expiry_start_one_refresh_and_never_wait() {
    check(|| async {
        let scene = Scene::new();
        scene.token().await.unwrap();
        scene.clock.advance(secs(3240));
        let callers: Vec<_> = (0..3)
            .map(|_| {
                let authenticator = scene.authenticator.clone();
                spawn(async move { at_once(authenticator.token()).is_some() })
            })
            .collect();
        for caller in callers {
            assert!(caller.await.unwrap());
        }
        while scene.authenticator.snapshot().in_flight {
            yield_now().await;
        }
        assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-2");
        assert_eq!(scene.vendor.requests(), 2);
    });
}

#[test]
fn tasks_that_see_one_401_cause_one_login() {
    check(|| async {
        let scene = Scene::new();
        let refused = scene.authenticator.token().await.unwrap();
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let (authenticator, refused) = (scene.authenticator.clone(), refused.clone());
                spawn(async move {
                    let invalidation = authenticator.invalidate(&refused);
                    (invalidation, text(&authenticator).await.unwrap())
                })
            })
            .collect();
        let mut accepted = 0;
        for task in tasks {
            let (invalidation, token) = task.await.unwrap();
            assert_eq!(token, "access-2");
            accepted += usize::from(invalidation == Invalidation::Accepted);
        }
        assert_eq!((accepted, scene.vendor.requests()), (1, 2));
    });
}

#[test]
fn late_401_never_discards_what_a_renewal_brings() {
    check(|| async {
        let scene = Scene::new();
        let refused = scene.authenticator.token().await.unwrap();
        let renewal = renewal(&scene);
        let authenticator = scene.authenticator.clone();
        let late = spawn(async move { authenticator.invalidate(&refused) });
        assert_eq!(renewal.await.unwrap().unwrap(), "access-2");
        late.await.unwrap();
        assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-2");
        assert_eq!(scene.vendor.requests(), 2);
    });
}

#[test]
fn invalidated_token_is_never_served_whatever_is_under_way() {
    check(|| async {
        let scene = Scene::new();
        let refused = scene.authenticator.token().await.unwrap();
        scene.clock.advance(secs(3540));
        let waiters = callers(&scene, 2);
        let renewal = renewal(&scene);
        scene.authenticator.invalidate(&refused);
        assert_ne!(scene.token().await.unwrap(), "access-1");
        assert_ne!(renewal.await.unwrap().unwrap(), "access-1");
        for waiter in waiters {
            waiter.await.unwrap().unwrap();
        }
        assert_ne!(scene.token_at_once().unwrap().unwrap(), "access-1");
    });
}

/// The vendor holds the answer to the first flight back, until the flight is given up, and a second one is under way.
#[test]
fn superseded_flight_hands_over_to_the_newer_one() {
    check(|| async {
        let scene = Scene::new();
        let (reached, open) = gate(&scene, || token("late", LIFETIME));
        let waiters = callers(&scene, 2);
        reached.recv().unwrap();
        fall_silent(&scene);
        let newer = callers(&scene, 2).into_iter().chain([renewal(&scene)]);
        open.send(()).unwrap();
        for waiter in newer.chain(waiters) {
            waiter.await.unwrap().unwrap();
        }
        while scene.authenticator.snapshot().in_flight {
            yield_now().await;
        }
        let settled = scene.token_at_once().unwrap().unwrap();
        assert_ne!(settled, "late", "the newer token stays");
    });
}

#[test]
fn refresh_token_is_presented_by_one_flight_alone() {
    check(|| async {
        let scene = Scene::<Refreshing>::of(|builder| builder);
        scene.token().await.unwrap();
        let (reached, open) = gate(&scene, || answer(500, ""));
        scene.clock.advance(LIFETIME);
        let waiter = callers(&scene, 1);
        reached.recv().unwrap();
        fall_silent(&scene);
        let newer = callers(&scene, 1);
        open.send(()).unwrap();
        for waiter in newer.into_iter().chain(waiter) {
            waiter.await.unwrap().unwrap();
        }
        let asked = scene.vendor.asked();
        assert_eq!(asked[..2], [Login, Refresh("refresh-1".into())]);
        assert!(!asked[2..].contains(&asked[1]), "{asked:?}");
    });
}

#[test]
fn last_authenticator_takes_everything_along() {
    check(|| async {
        let scene = Scene::new();
        scene.vendor.always(hang);
        let callers = callers(&scene, 2);
        let Scene {
            authenticator,
            guard,
            ..
        } = scene;
        drop(authenticator);
        for caller in callers {
            caller.abort();
        }
        // An endless loop is a failure: the schedule has a bound.
        while Arc::strong_count(&guard) > 1 {
            yield_now().await;
        }
    });
}

#[test]
fn processes_with_a_store_share_one_login() {
    check_often(|| async {
        let fleet = Fleet::<Plain>::new();
        let callers: Vec<_> = fleet.processes(3).iter().map(ask).collect();
        for caller in callers {
            assert_eq!(caller.await.unwrap().unwrap(), "access-1");
        }
        assert_eq!(fleet.vendor.requests(), 1);
    });
}

#[test]
fn processes_with_a_store_present_a_refresh_token_once() {
    check_often(|| async {
        let fleet = Fleet::<Refreshing>::new();
        let processes = fleet.processes(2);
        for process in &processes {
            text(process).await.unwrap();
        }
        fleet.clock.advance(LIFETIME);
        let callers: Vec<_> = processes.iter().map(ask).collect();
        for caller in callers {
            assert_eq!(caller.await.unwrap().unwrap(), "access-2");
        }
        assert_eq!(fleet.vendor.asked(), [Login, Refresh("refresh-1".into())]);
    });
}

#[test]
fn processes_with_a_store_never_take_over_a_token_that_was_refused() {
    check_often(|| async {
        let fleet = Fleet::<Plain>::new();
        let [one, other] = [fleet.process(), fleet.process()];
        let refused = one.token().await.unwrap();
        text(&other).await.unwrap();
        let late = spawn({
            let other = other.clone();
            async move {
                other
                    .renew()
                    .await
                    .map(|token| token.expose_secret().to_owned())
            }
        });
        one.invalidate(&refused);
        assert_ne!(text(&one).await.unwrap(), "access-1");
        assert_ne!(late.await.unwrap().unwrap(), "access-1");
        assert!(fleet.vendor.requests() <= 3);
    });
}

/// Authenticators that share a store in memory, and one vendor.
struct Fleet<E> {
    vendor: Vendor,
    store: MemoryStore,
    clock: ManualClock,
    endpoint: PhantomData<E>,
}

impl<E> Fleet<E>
where
    E: TokenEndpoint<Environment = (), Credentials = Credentials, ErrorResponse = vendor::Problem>,
{
    fn new() -> Self {
        let clock = ManualClock::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let key = StoreKey::parse("3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=").unwrap();
        Self {
            vendor: Vendor::default(),
            store: MemoryStore::new(key).with_clock(&clock),
            clock,
            endpoint: PhantomData,
        }
    }

    fn process(&self) -> Authenticator<E> {
        let credentials = Credentials::guarded_by(Arc::default());
        Authenticator::builder((), credentials)
            .transport(self.vendor.transport(Arc::default()))
            .clock(self.clock.clone())
            .store(self.store.clone())
            .build()
            .unwrap()
    }

    fn processes(&self, number: usize) -> Vec<Authenticator<E>> {
        (0..number).map(|_| self.process()).collect()
    }
}

fn ask<E>(process: &Authenticator<E>) -> JoinHandle<Outcome>
where
    E: TokenEndpoint<ErrorResponse = vendor::Problem>,
{
    let process = process.clone();
    spawn(async move { text(&process).await })
}

/// As [`check`], under twice as many schedules.
fn check_often<F>(scenario: impl Fn() -> F + Copy + Send + Sync + 'static)
where
    F: Future<Output = ()> + 'static,
{
    check(scenario);
    check(scenario);
}

/// Runs `scenario` under random schedules, and under those that find rare orders sooner (PCT).
fn check<F>(scenario: impl Fn() -> F + Copy + Send + Sync + 'static)
where
    F: Future<Output = ()> + 'static,
{
    let run = move || block_on(scenario());
    // What seals a record needs more than the usual 32 KiB.
    let mut config = Config::new();
    config.stack_size = 512 * 1024;
    Runner::new(RandomScheduler::new(SCHEDULES), config.clone()).run(run);
    Runner::new(PctScheduler::new(3, SCHEDULES), config).run(run);
}

fn callers<E>(scene: &Scene<E>, number: usize) -> Vec<JoinHandle<Outcome>>
where
    E: auth_common::TokenEndpoint<ErrorResponse = vendor::Problem>,
{
    (0..number)
        .map(|_| {
            let authenticator = scene.authenticator.clone();
            spawn(async move { text(&authenticator).await })
        })
        .collect()
}

fn renewal(scene: &Scene) -> JoinHandle<Outcome> {
    let authenticator = scene.authenticator.clone();
    spawn(async move {
        let token = authenticator.renew().await?;
        Ok(token.expose_secret().to_owned())
    })
}

async fn text<E>(authenticator: &Authenticator<E>) -> Outcome
where
    E: auth_common::TokenEndpoint<ErrorResponse = vendor::Problem>,
{
    let token = authenticator.token().await?;
    Ok(token.expose_secret().to_owned())
}

/// The flight under way has been silent for too long, by the clock, and somebody has asked since, and a second more has
/// passed: the next caller launches another.
fn fall_silent<E>(scene: &Scene<E>)
where
    E: auth_common::TokenEndpoint,
{
    scene.clock.advance(secs(30));
    drop(at_once(scene.authenticator.token()));
    scene.clock.advance(secs(1));
}

/// Holds the next answer back, until it is told to go on.
fn gate<E: auth_common::TokenEndpoint>(
    scene: &Scene<E>,
    answer: fn() -> Reply,
) -> (
    shuttle::sync::mpsc::Receiver<()>,
    shuttle::sync::mpsc::Sender<()>,
) {
    let (has_reached, reached) = channel();
    let (open, opened) = channel();
    let opened = shuttle::sync::Mutex::new(opened);
    scene.vendor.once(move || {
        has_reached.send(()).unwrap();
        opened.lock().unwrap().recv().unwrap();
        answer()
    });
    (reached, open)
}

const SCHEDULES: usize = 500;
