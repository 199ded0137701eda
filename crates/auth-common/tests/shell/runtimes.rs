//! Runtimes that share an authenticator, end in the middle of a flight, stand still, or are not there. They are real
//! ones, and nothing here waits for time to pass; where a waiter's own timer is the matter, its runtime is paused.

use std::{
    panic,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use auth_common::{Authenticator, Error, TokenState};
use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
    time::Instant,
};

use crate::{
    scene::{Outcome, Scene, at_once, secs},
    vendor::{
        Asked, Credentials, LIFETIME, Plain, Refreshing, Vendor, answer, hang, token, unreachable,
    },
};

#[test]
fn building_needs_no_runtime_and_asks_nobody() {
    let credentials = Credentials::guarded_by(Arc::default());
    let authenticator = Authenticator::<Plain>::builder((), credentials)
        .build()
        .unwrap();
    let snapshot = authenticator.snapshot();
    assert_eq!(snapshot.state, TokenState::Absent);
    assert!(!snapshot.in_flight);
    assert_eq!(snapshot.logins, 0);
}

#[test]
fn flight_of_one_runtime_serves_a_waiter_on_another() {
    for (a, b) in [
        (current_thread(), multi_thread()),
        (multi_thread(), current_thread()),
    ] {
        let scene = Scene::new();
        let gate = Gate::before_the_next_answer_of(&scene.vendor);
        thread::scope(|threads| {
            let elected = threads.spawn(|| a.block_on(scene.token()));
            gate.reached();
            let waiter = b.block_on(async {
                let mut waiter = Box::pin(scene.token());
                assert!(at_once(&mut waiter).is_none());
                gate.open();
                waiter.await
            });
            assert_eq!(waiter.unwrap(), "access-1");
            assert_eq!(elected.join().unwrap().unwrap(), "access-1");
        });
        assert_eq!(scene.vendor.requests(), 1);
    }
}

#[test]
fn callers_on_many_runtimes_cause_one_request() {
    let scene = Scene::new();
    let gate = Gate::before_the_next_answer_of(&scene.vendor);
    thread::scope(|threads| {
        let callers: Vec<_> = (0..8)
            .map(|number| {
                let scene = &scene;
                threads.spawn(move || {
                    let runtime = if number % 2 == 0 {
                        current_thread()
                    } else {
                        multi_thread()
                    };
                    runtime.block_on(scene.token())
                })
            })
            .collect();
        gate.reached();
        gate.open();
        for caller in callers {
            assert_eq!(caller.join().unwrap().unwrap(), "access-1");
        }
    });
    assert_eq!(scene.vendor.requests(), 1);
}

#[test]
fn waiter_elects_anew_at_once_when_the_runtime_of_the_flight_shuts_down() {
    for a in [current_thread(), multi_thread()] {
        let scene = Scene::new();
        scene.vendor.once(hang);
        start_flight(&a, &scene);
        let (outcome, took) = paused().block_on(async {
            let asked = Instant::now();
            let mut waiter = Box::pin(scene.token());
            assert!(at_once(&mut waiter).is_none());
            thread::spawn(move || drop(a)).join().unwrap();
            (waiter.await, asked.elapsed())
        });
        assert_eq!(outcome.unwrap(), "access-1");
        assert!(took < secs(1), "{took:?}");
        assert_eq!(scene.vendor.requests(), 2);
    }
}

#[test]
fn waiter_supersedes_a_flight_that_nobody_drives() {
    let scene = Scene::new();
    scene.vendor.once(hang);
    let a = current_thread();
    start_flight(&a, &scene);
    let (outcome, took) = paused().block_on(timed(scene.token()));
    assert_eq!(outcome.unwrap(), "access-1");
    // The time allowed for one attempt, and a second of grace.
    assert_eq!(took.as_secs(), 11);
    assert_eq!(scene.vendor.requests(), 2);
}

/// The thread that carries it computes, or is blocked.
#[test]
fn waiter_supersedes_a_flight_that_is_silent_for_longer_than_its_attempt_may_take() {
    let scene = Scene::with(|builder| builder.attempt_timeout(secs(3)));
    let gate = Gate::before_the_next_answer_of(&scene.vendor);
    let a = multi_thread();
    a.block_on(async { assert!(at_once(scene.token()).is_none()) });
    gate.reached();
    scene.vendor.once(|| token("other", LIFETIME));
    let (outcome, took) = paused().block_on(timed(scene.token()));
    assert_eq!(outcome.unwrap(), "other");
    assert_eq!(took.as_secs(), 4);
    gate.open();
    finish_flights(&a);
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "other");
    assert_eq!(scene.vendor.requests(), 2);
}

/// An attempt may take no longer than what is left of its flight.
#[test]
fn waiter_supersedes_a_silent_flight_a_second_after_its_own_deadline() {
    let scene = Scene::with(|builder| builder.deadline(secs(3)));
    scene.vendor.once(hang);
    let a = current_thread();
    start_flight(&a, &scene);
    let (outcome, took) = paused().block_on(timed(scene.token()));
    assert_eq!(outcome.unwrap(), "access-1");
    assert_eq!(took.as_secs(), 4);
}

#[test]
fn flight_that_retries_is_waited_for() {
    let scene = Scene::new();
    scene.vendor.once(hang);
    scene
        .vendor
        .once(|| token("late", LIFETIME).map(|it| it.after(secs(5))));
    let (outcome, took) = paused().block_on(timed(scene.token()));
    assert_eq!(outcome.unwrap(), "late");
    assert!(took >= secs(15), "{took:?}");
    assert_eq!(scene.vendor.requests(), 2);
}

#[test]
fn waiter_gives_up_after_thirty_seconds() {
    let scene = Scene::new();
    scene.vendor.always(hang);
    let a = current_thread();
    start_flight(&a, &scene);
    let (outcome, took) = paused().block_on(timed(scene.token()));
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::TimedOut(_)), "{error}");
    assert_eq!(took.as_secs(), 30);
}

#[test]
fn superseded_flight_asks_the_vendor_for_nothing_when_it_is_driven_again() {
    let scene = Scene::new();
    let a = current_thread();
    // The caller is polled, and the flight that it starts is not.
    a.block_on(async { assert!(at_once(scene.token()).is_none()) });
    fall_silent(&scene);
    let outcome = paused().block_on(scene.token());
    assert_eq!(outcome.unwrap(), "access-1");
    a.block_on(async { tokio::time::sleep(Duration::from_millis(50)).await });
    assert_eq!(scene.vendor.requests(), 1);
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-1");
}

#[test]
fn superseded_flight_leaves_the_refresh_token_alone_when_it_is_driven_again() {
    let scene = Scene::<Refreshing>::of(|builder| builder);
    paused().block_on(scene.token()).unwrap();
    scene.clock.advance(LIFETIME);
    let a = current_thread();
    a.block_on(async { assert!(at_once(scene.token()).is_none()) });
    fall_silent(&scene);
    paused().block_on(scene.token()).unwrap();
    a.block_on(async { tokio::time::sleep(Duration::from_millis(50)).await });
    let asked = [Asked::Login, Asked::Refresh("refresh-1".into())];
    assert_eq!(scene.vendor.asked(), asked);
    // The refresh token is still there for the next.
    scene.clock.advance(LIFETIME);
    paused().block_on(scene.token()).unwrap();
    assert_eq!(scene.vendor.asked().len(), 3);
    assert!(matches!(scene.vendor.asked()[2], Asked::Refresh(_)));
}

/// The vendor has not seen it: it is good for another flight.
#[test]
fn superseded_flight_gives_back_the_refresh_token_that_it_could_not_present() {
    let scene = Scene::<Refreshing>::of(|builder| builder);
    paused().block_on(scene.token()).unwrap();
    scene.clock.advance(LIFETIME);
    scene.vendor.once(unreachable);
    let a = paused();
    a.block_on(async {
        assert!(at_once(scene.token()).is_none());
        tokio::time::sleep(Duration::from_millis(10)).await;
    });
    fall_silent(&scene);
    scene.vendor.once(|| token("other", LIFETIME));
    assert_eq!(paused().block_on(scene.token()).unwrap(), "other");
    a.block_on(async { tokio::time::sleep(secs(2)).await });
    scene.clock.advance(LIFETIME);
    paused().block_on(scene.token()).unwrap();
    let refresh = Asked::Refresh("refresh-1".into());
    let asked = [Asked::Login, refresh.clone(), Asked::Login, refresh];
    assert_eq!(scene.vendor.asked(), asked);
}

/// The flight's runtime is alive, and nobody drives it: what the flight owns would stay for as long.
#[test]
fn credentials_go_with_the_last_authenticator_though_nobody_drives_its_flight() {
    let guard = Arc::new(());
    let vendor = Vendor::default();
    let authenticator =
        Authenticator::<Plain>::builder((), Credentials::guarded_by(Arc::clone(&guard)))
            .transport(vendor.transport(Arc::default()))
            .build()
            .unwrap();
    let a = current_thread();
    a.block_on(async { assert!(at_once(authenticator.token()).is_none()) });
    assert_eq!(Arc::strong_count(&guard), 2);
    drop(authenticator);
    assert_eq!(Arc::strong_count(&guard), 1);
    drop(a);
}

/// A flight that waits before a retry holds nothing either.
#[test]
fn credentials_go_with_the_last_authenticator_between_two_attempts() {
    let scene = Scene::new();
    scene.vendor.once(unreachable);
    let a = current_thread();
    start_flight(&a, &scene);
    a.block_on(yield_now());
    let Scene {
        authenticator,
        guard,
        ..
    } = scene;
    let weak = Arc::downgrade(&guard);
    drop(guard);
    // The authenticator's, and that of the way to the vendor, which the flight needs as well.
    assert_eq!(weak.strong_count(), 2);
    drop(authenticator);
    assert_eq!(weak.strong_count(), 1);
}

#[test]
fn late_token_of_a_superseded_flight_does_not_displace_a_newer_one() {
    let scene = Scene::with(|builder| builder.deadline(SHORT));
    scene
        .vendor
        .once(|| token("late", LIFETIME).map(|it| it.after(BRIEF)));
    let (a, b) = (current_thread(), multi_thread());
    start_flight(&a, &scene);
    fall_silent(&scene);
    assert_eq!(b.block_on(scene.token()).unwrap(), "access-1");

    finish_flights(&a);
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-1");
    assert_eq!(scene.vendor.requests(), 2);
}

#[test]
fn late_token_of_a_superseded_flight_is_kept_when_there_is_nothing_newer() {
    let scene = Scene::with(|builder| builder.deadline(SHORT));
    scene
        .vendor
        .once(|| token("late", LIFETIME).map(|it| it.after(BRIEF)));
    let (a, b) = (current_thread(), current_thread());
    start_flight(&a, &scene);
    fall_silent(&scene);
    scene.vendor.once(|| answer(401, ""));
    b.block_on(scene.token()).unwrap_err();

    finish_flights(&a);
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "late");
}

#[test]
fn late_failure_of_a_superseded_flight_changes_nothing() {
    let scene = Scene::with(|builder| builder.deadline(SHORT));
    scene
        .vendor
        .once(|| answer(401, "").map(|it| it.after(BRIEF)));
    let (a, b) = (current_thread(), current_thread());
    start_flight(&a, &scene);
    fall_silent(&scene);
    b.block_on(scene.token()).unwrap();
    let before = scene.authenticator.snapshot();

    finish_flights(&a);
    assert_eq!(scene.authenticator.snapshot(), before);
    scene.clock.advance(secs(1));
    assert_eq!(b.block_on(scene.renew()).unwrap(), "access-2");
}

#[test]
fn late_failure_of_a_superseded_flight_does_not_displace_a_newer_refresh_token() {
    let scene = Scene::<Refreshing>::of(|builder| builder.deadline(SHORT));
    let (a, b) = (current_thread(), current_thread());
    b.block_on(scene.token()).unwrap();
    scene.clock.advance(LIFETIME);
    scene
        .vendor
        .once(|| answer(429, "").map(|it| it.after(BRIEF)));
    start_flight(&a, &scene);
    fall_silent(&scene);
    b.block_on(scene.token()).unwrap();

    finish_flights(&a);
    scene.clock.advance(secs(1));
    b.block_on(scene.renew()).unwrap();
    assert_eq!(scene.vendor.asked()[3], Asked::Refresh("refresh-2".into()));
}

#[test]
fn token_is_renewed_ahead_where_every_call_has_a_new_runtime() {
    for new_runtime in [current_thread, multi_thread] {
        let scene = Scene::new();
        let call = || new_runtime().block_on(scene.token()).unwrap();
        assert_eq!(call(), "access-1");
        scene.clock.advance(secs(3240));

        // The caller does not wait, and its runtime takes the background flight along.
        scene.vendor.always(hang);
        assert_eq!(call(), "access-1");
        assert!(!scene.authenticator.snapshot().in_flight);

        // From then on, the caller that is elected awaits its own flight.
        scene.vendor.recover();
        assert_eq!(call(), "access-1", "the vendor is left alone for 30 s");
        scene.clock.advance(secs(30));
        assert_eq!(call(), "access-2");
        assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-2");
    }
}

#[test]
fn background_flight_that_nobody_drives_counts_as_failed() {
    let scene = Scene::new();
    current_thread().block_on(scene.token()).unwrap();
    scene.clock.advance(secs(3240));
    let mut undriven = Vec::new();
    for _ in 0..2 {
        let a = current_thread();
        a.block_on(scene.token()).unwrap();
        assert!(scene.authenticator.snapshot().in_flight);
        undriven.push(a);
        fall_silent(&scene);
        let b = current_thread();
        assert_eq!(b.block_on(scene.token()).unwrap(), "access-1");
        assert!(!scene.authenticator.snapshot().in_flight);
        scene.clock.advance(secs(60));
    }
    // The elected caller awaits its own.
    let b = current_thread();
    assert_eq!(b.block_on(scene.token()).unwrap(), "access-2");
}

/// A laptop that slept, a process that was stopped: the answer lies in the socket.
#[test]
fn caller_after_everything_stood_still_waits_for_the_flight_that_goes_on() {
    let scene = Scene::new();
    let gate = Gate::before_the_next_answer_of(&scene.vendor);
    let a = multi_thread();
    a.block_on(async { assert!(at_once(scene.token()).is_none()) });
    gate.reached();
    scene.clock.advance(secs(60));
    let outcome = current_thread().block_on(async {
        let mut waiter = Box::pin(scene.token());
        assert!(at_once(&mut waiter).is_none());
        gate.open();
        waiter.await
    });
    assert_eq!(outcome.unwrap(), "access-1");
    assert_eq!(scene.vendor.requests(), 1);
}

#[test]
fn caller_that_awaits_a_flight_ahead_of_expiry_does_so_for_ten_seconds_at_most() {
    let scene = Scene::new();
    current_thread().block_on(scene.token()).unwrap();
    scene.clock.advance(secs(3240));
    scene.vendor.always(hang);
    current_thread().block_on(scene.token()).unwrap();
    scene.clock.advance(secs(30));

    let runtime = paused();
    let (outcome, took) = runtime.block_on(timed(scene.token()));
    assert_eq!(outcome.unwrap(), "access-1");
    assert_eq!(took.as_secs(), 10);
    // The flight goes on for those who can wait.
    assert!(scene.authenticator.snapshot().in_flight);
}

#[test]
fn without_a_runtime_there_is_an_error_that_says_so() {
    let scene = Scene::new();
    let authenticator = &scene.authenticator;
    let errors = [
        at_once(scene.token()).unwrap().unwrap_err(),
        at_once(scene.renew()).unwrap().unwrap_err(),
        at_once(authenticator.authorization()).unwrap().unwrap_err(),
        at_once(authenticator.request_token())
            .unwrap()
            .err()
            .unwrap(),
    ];
    for error in errors {
        assert!(matches!(error, Error::Configuration(_)));
        assert!(error.to_string().contains("Tokio"), "{error}");
    }
    assert_eq!(scene.vendor.requests(), 0);
}

#[test]
fn without_a_runtime_an_unexpired_token_is_served_all_the_same() {
    let scene = Scene::new();
    current_thread().block_on(scene.token()).unwrap();
    scene.clock.advance(LIFETIME - secs(1));
    assert_eq!(scene.token_at_once().unwrap().unwrap(), "access-1");
    scene.clock.advance(secs(1));
    assert!(scene.token_at_once().unwrap().is_err());
}

/// As a future that is moved into a block_on of another crate, or into no runtime at all.
#[test]
fn call_that_began_in_a_runtime_may_be_polled_outside() {
    let panics = count_panics();
    let scene = Scene::new();
    for ends in [false, true] {
        scene.vendor.once(hang);
        let a = current_thread();
        let mut call = Box::pin(scene.renew());
        a.block_on(async {
            assert!(at_once(&mut call).is_none());
            yield_now().await;
        });
        if !ends {
            assert!(at_once(&mut call).is_none());
        }
        drop(a);
        let error = at_once(&mut call).unwrap().unwrap_err();
        assert!(matches!(error, Error::Configuration(_)), "{error}");
        assert!(error.to_string().contains("Tokio"), "{error}");
    }
    assert_eq!(panics(), 0);
}

#[test]
fn call_whose_runtime_ended_goes_on_in_another() {
    let panics = count_panics();
    for a in [current_thread(), multi_thread()] {
        let scene = Scene::new();
        scene.vendor.once(hang);
        let mut call = Box::pin(scene.token());
        a.block_on(async {
            assert!(at_once(&mut call).is_none());
            while scene.vendor.requests() == 0 {
                yield_now().await;
            }
        });
        drop(a);
        assert_eq!(current_thread().block_on(call).unwrap(), "access-1");
        assert_eq!(scene.vendor.requests(), 2);
    }
    assert_eq!(panics(), 0);
}

/// Whoever is a task waits by the timers of its runtime, until it is one no longer.
#[test]
fn call_that_was_taken_out_of_its_task_goes_on_elsewhere() {
    let panics = count_panics();
    for elsewhere in [false, true] {
        let scene = Scene::new();
        scene.vendor.once(hang);
        let (a, of_the_flight) = (current_thread(), current_thread());
        start_flight(&of_the_flight, &scene);
        let authenticator = scene.authenticator.clone();
        let (hand_over, began) = channel();
        a.spawn(async move {
            let mut call: Pin<Box<dyn Future<Output = _> + Send>> =
                Box::pin(async move { authenticator.token().await });
            assert!(at_once(&mut call).is_none());
            hand_over.send(call).unwrap();
        });
        a.block_on(yield_now());
        drop(a);
        let mut call = began.recv().unwrap();
        if elsewhere {
            let other = current_thread();
            other.block_on(async { assert!(at_once(&mut call).is_none()) });
            drop(of_the_flight);
            let token = other.block_on(call).unwrap();
            assert_eq!(token.expose_secret(), "access-1");
        } else {
            let error = at_once(&mut call).unwrap().unwrap_err();
            assert!(matches!(error, Error::Configuration(_)), "{error}");
        }
    }
    assert_eq!(panics(), 0);
}

#[test]
fn request_past_the_cache_whose_runtime_ended_is_an_error_that_says_so() {
    let panics = count_panics();
    let scene = Scene::new();
    scene.vendor.always(hang);
    let a = current_thread();
    let mut call = Box::pin(scene.authenticator.request_token());
    a.block_on(async {
        assert!(at_once(&mut call).is_none());
        yield_now().await;
    });
    assert!(at_once(&mut call).is_none());
    drop(a);
    let error = at_once(&mut call).unwrap().err().unwrap();
    assert!(error.to_string().contains("runtime"), "{error}");
    assert_eq!(panics(), 0);
}

#[test]
fn runtime_without_io_carries_a_scripted_transport() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let scene = Scene::new();
    assert_eq!(runtime.block_on(scene.token()).unwrap(), "access-1");
}

#[test]
fn runtime_without_timers_is_an_error_that_says_so() {
    for mut runtime in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = runtime.build().unwrap();
        let scene = Scene::new();
        let error = runtime.block_on(scene.token()).unwrap_err();
        assert!(matches!(error, Error::Configuration(_)));
        assert!(error.to_string().contains("enable_all()"), "{error}");
        assert_eq!(scene.vendor.requests(), 0);
    }
}

#[test]
fn runtime_that_has_shut_down_is_an_error() {
    for runtime in [current_thread(), multi_thread()] {
        let handle = runtime.handle().clone();
        drop(runtime);
        let _context = handle.enter();
        let scene = Scene::new();
        let error = scene.token_at_once().unwrap().unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error}");
        assert_eq!(scene.vendor.requests(), 0);
    }
}

#[test]
fn last_authenticator_ends_its_flight_from_outside_the_runtime() {
    for runtime in [current_thread(), multi_thread()] {
        let scene = Scene::new();
        scene.vendor.always(hang);
        start_flight(&runtime, &scene);
        let Scene {
            authenticator,
            guard,
            ..
        } = scene;
        assert!(Arc::strong_count(&guard) > 1);
        drop(authenticator);
        finish_flights(&runtime);
        assert_eq!(Arc::strong_count(&guard), 1, "all is dropped");
    }
}

#[test]
fn last_authenticator_ends_a_superseded_flight_too() {
    let scene = Scene::new();
    scene.vendor.always(hang);
    let (a, b) = (current_thread(), current_thread());
    start_flight(&a, &scene);
    fall_silent(&scene);
    start_flight(&b, &scene);

    drop(scene.authenticator);
    for runtime in [a, b] {
        runtime.block_on(yield_now());
        assert_eq!(runtime.metrics().num_alive_tasks(), 0);
    }
}

/// How often this thread has panicked from now on, caught or not.
fn count_panics() -> impl Fn() -> usize {
    let (panics, thread) = (Arc::new(AtomicUsize::new(0)), thread::current().id());
    let (counted, hook) = (Arc::clone(&panics), panic::take_hook());
    panic::set_hook(Box::new(move |panic| {
        if thread::current().id() == thread {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        hook(panic);
    }));
    move || panics.load(Ordering::SeqCst)
}

/// Holds an answer back until the test says so.
struct Gate {
    reached: Receiver<()>,
    open: Sender<()>,
}

impl Gate {
    fn before_the_next_answer_of(vendor: &Vendor) -> Self {
        let (has_reached, reached) = channel();
        let (open, opened) = channel();
        let opened = Mutex::new(opened);
        vendor.once(move || {
            has_reached.send(()).unwrap();
            opened.lock().unwrap().recv().unwrap();
            token("access-1", LIFETIME)
        });
        Self { reached, open }
    }

    fn reached(&self) {
        self.reached.recv().unwrap();
    }

    fn open(&self) {
        self.open.send(()).unwrap();
    }
}

/// The flight under way has been silent for too long, by the clock, and somebody has asked since, and a second more has
/// passed: the next caller launches another.
fn fall_silent<E>(scene: &Scene<E>)
where
    E: auth_common::TokenEndpoint,
{
    scene.clock.advance(secs(30));
    current_thread().block_on(async { drop(at_once(scene.authenticator.token())) });
    scene.clock.advance(secs(1));
}

/// Drives `runtime` for just so long that a flight has sent its next request.
fn start_flight<E>(runtime: &Runtime, scene: &Scene<E>)
where
    E: auth_common::TokenEndpoint,
{
    let requests = scene.vendor.requests();
    runtime.block_on(async {
        assert!(at_once(scene.authenticator.token()).is_none());
        while scene.vendor.requests() == requests {
            yield_now().await;
        }
    });
}

/// Drives `runtime` until no task is left on it.
fn finish_flights(runtime: &Runtime) {
    runtime.block_on(async {
        while runtime.metrics().num_alive_tasks() > 0 {
            yield_now().await;
        }
    });
}

async fn timed(call: impl Future<Output = Outcome>) -> (Outcome, Duration) {
    let asked = Instant::now();
    (call.await, asked.elapsed())
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

/// Time passes at once when there is nothing else to do.
fn paused() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap()
}

/// A vendor's answer that is under way when its request has been sent.
const BRIEF: Duration = Duration::from_millis(1);
/// A deadline that has passed by the time a runtime is driven again.
const SHORT: Duration = Duration::from_millis(10);
