//! The cached header.

use std::{
    hint::{black_box, spin_loop},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use directlink_auth::Authenticator;
use http::HeaderValue;
use reference::Reference;
use tokio::sync::RwLock;

use crate::{
    Result, budgets, rounds,
    server::Server,
    table::{Amount, Row},
    tenants::TENANTS,
};

/// An authenticator that has a token, and a [`Reference`] with the same header.
///
/// # Errors
///
/// When the login fails.
pub fn subjects() -> Result<(Authenticator, Reference)> {
    let server = Server::start(Duration::ZERO, LIFETIME)?;
    let authenticator = server.authenticator()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let authorization = runtime.block_on(authenticator.authorization())?;
    Ok((authenticator, Reference::new(authorization)))
}

/// Awaits so many calls, one after another, as a program does in a future of its own.
pub async fn in_turn<F: Future>(calls: u32, call: impl Fn() -> F) {
    for _ in 0..calls {
        black_box(call().await);
    }
}

/// The outcome of a future that does not wait, without a runtime, whose cost would be measured along.
pub fn at_once<T>(call: impl Future<Output = T>) -> T {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("a call with a token in the cache waits"),
    }
}

/// The time of a call, on one thread and on two.
///
/// # Errors
///
/// When there is no token.
pub fn times() -> Result<Vec<Row>> {
    [(1, "1 thread"), (2, "2 threads, each")]
        .into_iter()
        .map(|(threads, label)| {
            let (ours, reference) = of_a_call(|| {
                // Each run has a token of its own, elsewhere in memory.
                let (authenticator, reference) = subjects()?;
                medians(
                    threads,
                    || authenticator.authorization(),
                    || reference.authorization(),
                )
            })?;
            Ok(Row::ratio(
                format!("cached header, {label}"),
                ours,
                reference,
                budgets::CACHED_HEADER,
            ))
        })
        .collect()
}

/// The time of a call to one of [`TENANTS`] after another, in no order: little of the one that is asked next is in the
/// processor's caches.
///
/// # Errors
///
/// When a login fails.
pub fn scattered() -> Result<Vec<Row>> {
    let (ours, reference) = among(TENANTS, SCATTERED_ROUNDS)?;
    Ok(vec![Row::ratio(
        "cached header of 10,000 authenticators in random order",
        ours,
        reference,
        budgets::SCATTERED_HEADER,
    )])
}

/// The time of a call to one of so many tenants after another, in no order, beside that of as many references.
pub(crate) fn among(tenants: usize, rounds: usize) -> Result<(Duration, Duration)> {
    let server = Server::start(Duration::ZERO, LIFETIME)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // A reference is made when its tenant is, and nobody has asked for a header of either yet. It has no memory for one
    // either: what it freed at the login would be where the next one's goes, right beside that reference itself.
    let nothing = Reference::new(HeaderValue::from_static(""));
    let tenants = (0..tenants).map(|_| {
        Ok((
            server.authenticator()?,
            Arc::new(Reference::sharing(&nothing)),
        ))
    });
    let tenants: Vec<_> = tenants.collect::<Result<_>>()?;
    // Each reference has a header of its own, made as its tenant gets its own: these lie as far apart as well.
    for (tenant, reference) in &tenants {
        let authorization = runtime.block_on(tenant.authorization())?;
        let mut copy = HeaderValue::from_bytes(authorization.as_bytes())?;
        copy.set_sensitive(true);
        reference.replace(copy);
        // Whoever asked the tenant has got a header already. The first clone of one allocates the count of them, which
        // would lie with those of all others if it were made later.
        runtime.block_on(reference.authorization())?;
    }
    let order = shuffled(tenants.len());
    let (ours, reference) = rounds::medians(
        rounds,
        || {
            Ok(time_scattered(&order, |index| {
                tenants[index].0.authorization()
            }))
        },
        || {
            Ok(time_scattered(&order, |index| {
                tenants[index].1.authorization()
            }))
        },
    )?;
    let calls = tenants.len() as u32;
    Ok((ours / calls, reference / calls))
}

fn time_scattered<F: Future>(order: &[usize], call: impl Fn(usize) -> F) -> Duration {
    let started = Instant::now();
    at_once(async {
        for index in order {
            black_box(call(*index).await);
        }
    });
    started.elapsed()
}

/// The numbers below `length` in an order of which no processor sees through the rule.
fn shuffled(length: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    let mut state = 1_u64;
    for last in (1..length).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        order.swap(last, (state >> 33) as usize % (last + 1));
    }
    order
}

/// The time of a call to what many programs have in place of a library: a header and its end behind Tokio's `RwLock`.
///
/// # Errors
///
/// When there is no token.
pub fn peers() -> Result<Vec<Row>> {
    let (authenticator, _) = subjects()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let header = runtime.block_on(authenticator.authorization())?;
    let peer = RwLock::new((header, Instant::now() + LIFETIME));
    let ask = async || {
        let cached = peer.read().await;
        (Instant::now() < cached.1).then(|| cached.0.clone())
    };
    [(1, "1 thread"), (2, "2 threads, each")]
        .into_iter()
        .map(|(threads, label)| {
            let (ours, peer) =
                of_a_call(|| medians(threads, || authenticator.authorization(), ask))?;
            let measure = format!("cached header beside Tokio's RwLock by hand, {label}");
            Ok(Row::told(measure, ours, peer))
        })
        .collect()
}

/// What a call allocates.
///
/// # Errors
///
/// When there is no token.
pub fn allocations() -> Result<Vec<Row>> {
    let (authenticator, _) = subjects()?;
    let counted = allocation_counter::measure(|| {
        let _ = black_box(at_once(authenticator.authorization()));
    });
    Ok(vec![Row::limit(
        "cached header: allocations",
        counted.count_total,
        budgets::CACHED_ALLOCATIONS,
    )])
}

/// The time of a call, of runs that [`medians`] makes.
pub(crate) fn of_a_call(
    run: impl FnMut() -> Result<(Duration, Duration)>,
) -> Result<(Amount, Amount)> {
    let (ours, reference) = rounds::middle_of_runs(run)?;
    let each = |calls: Duration| Amount::Time(calls.as_secs_f64() / f64::from(CALLS));
    Ok((each(ours), each(reference)))
}

/// The time of [`CALLS`] calls while so many threads make them.
pub(crate) fn medians<O: Future, R: Future>(
    threads: u32,
    ours: impl Fn() -> O + Sync,
    reference: impl Fn() -> R + Sync,
) -> Result<(Duration, Duration)> {
    let start = Rendezvous::of(threads as usize);
    let thread = || {
        rounds::medians(
            ROUNDS,
            || Ok(start.then_time(&ours)),
            || Ok(start.then_time(&reference)),
        )
        // An error that leaves its thread has to be told as a text.
        .map_err(|error| error.to_string())
    };
    let medians: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(thread)).collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("a call does not panic"))
            .collect::<std::result::Result<_, _>>()
    })?;
    let mean = |time: fn(&(Duration, Duration)) -> Duration| {
        medians.iter().map(time).sum::<Duration>() / threads
    };
    Ok((mean(|times| times.0), mean(|times| times.1)))
}

/// Where threads wait for each other without giving up their cores, so that they do go on together, also on a machine
/// that others use.
struct Rendezvous {
    threads: usize,
    arrived: AtomicUsize,
}

impl Rendezvous {
    fn of(threads: usize) -> Self {
        Self {
            threads,
            arrived: AtomicUsize::new(0),
        }
    }

    fn then_time<F: Future>(&self, call: impl Fn() -> F) -> Duration {
        let before = self.arrived.fetch_add(1, Ordering::SeqCst);
        let complete = (before / self.threads + 1) * self.threads;
        while self.arrived.load(Ordering::SeqCst) < complete {
            spin_loop();
        }
        let started = Instant::now();
        at_once(in_turn(CALLS, call));
        started.elapsed()
    }
}

const SCATTERED_ROUNDS: usize = 301;
const LIFETIME: Duration = Duration::from_secs(3600);
const ROUNDS: usize = 301;
/// A tenth of a millisecond's worth: much less than a scheduler's slice, and a thousand times what the clock costs.
const CALLS: u32 = 1_000;
