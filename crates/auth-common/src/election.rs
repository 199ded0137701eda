//! Who waits for whom: the election of the one flight that brings the next token.

use std::{mem, pin::pin, process, sync::Arc, time::Duration};

use tokio::{runtime::Handle, sync::watch, time::Instant};

use crate::{
    Error, Failure, TokenEndpoint,
    cache::{Cache, Current, State, Waiting, Want, runtime},
    deadline::within,
    failure::FailureKind,
    flight::Flight,
    lifecycle::{Decision, FlightId, Launch},
    observe,
    transport::Fault,
};

/// What the lifecycle's decision means for one caller.
enum Turn<E: TokenEndpoint> {
    Served(Arc<Current>),
    Waits {
        flight: FlightId,
        outcome: Waiting<E>,
        longest: Duration,
        /// Rather than wait longer, the caller takes the cached token.
        patience: bool,
    },
}

impl<E: TokenEndpoint> Cache<E> {
    /// A token for this caller, by whatever it takes.
    pub(crate) async fn obtain(
        self: &Arc<Self>,
        want: Want,
    ) -> Result<Arc<Current>, Error<E::ErrorResponse>> {
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(error) => return self.cached(want).ok_or(error.into()),
        };
        let flight_limit = self.lock().lifecycle.policy().flight;
        let deadline = Instant::now() + flight_limit.saturating_add(LANDING_TIME);
        let mut lost = 0;
        while lost < FLIGHTS_PER_CALL {
            let (flight, mut outcome, longest, patience) = match self.turn(want, &runtime)? {
                Turn::Served(current) => return Ok(current),
                Turn::Waits {
                    flight,
                    outcome,
                    longest,
                    patience,
                } => (flight, outcome, longest, patience),
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let waited = within(longest.min(left), pin!(outcome.wait_for(Option::is_some))).await;
            let told = waited.map(|told| told.ok().and_then(|told| told.clone()));
            match told {
                // By now it may have been invalidated, or replaced by a newer one.
                Some(Some(Ok(_))) => match self.cached(Want::Token) {
                    Some(newest) => return Ok(newest),
                    None => lost += 1,
                },
                Some(Some(Err(error))) => return self.cached(want).ok_or(error),
                // The flight was dropped: someone else has to be elected.
                Some(None) => lost += 1,
                None if longest >= left => {
                    let slow = Fault::slow(flight_limit.saturating_add(LANDING_TIME));
                    return self.cached(want).ok_or_else(|| {
                        let error = Error::from(Failure::new(E::VENDOR, slow.kind, slow.what));
                        error.with_address(self.last_address())
                    });
                }
                None if patience => match self.cached(want) {
                    Some(current) => return Ok(current),
                    None => lost += 1,
                },
                None => {
                    self.give_up(flight);
                    lost += 1;
                }
            }
        }
        self.cached(want)
            .ok_or_else(|| abandoned::<E>().with_address(self.last_address()))
    }

    /// The address that was asked last, fit to be shown.
    fn last_address(&self) -> String {
        let base = &self.destination.base;
        self.sent()
            .map_or_else(|| base.to_string(), |sent| sent.address(base))
    }

    fn turn(
        self: &Arc<Self>,
        want: Want,
        runtime: &Handle,
    ) -> Result<Turn<E>, Error<E::ErrorResponse>> {
        let now = self.clock.now();
        let mut state = self.lock();
        state.start_afresh_after_a_fork(process::id());
        let decision = match want {
            Want::Token => state.lifecycle.ask(now),
            Want::Renewal => state.lifecycle.renew(now),
        };
        let longest = state.lifecycle.policy().flight.saturating_add(LANDING_TIME);
        let (turn, launch) = match decision {
            Decision::Serve => (self.served()?, None),
            Decision::ServeAndLaunch(launch) => {
                let served = self.served()?;
                let (flight, _) = self.prepare(launch, &mut state);
                (served, Some(flight))
            }
            Decision::Launch(launch) => {
                let (flight, outcome) = self.prepare(launch, &mut state);
                let turn = Turn::Waits {
                    flight: launch.flight,
                    outcome,
                    longest: launch.patience.unwrap_or(longest),
                    patience: launch.patience.is_some(),
                };
                (turn, Some(flight))
            }
            Decision::Join {
                flight,
                overdue,
                patience,
            } => {
                let outcome = state.under_way.as_ref();
                let (_, outcome) = outcome.ok_or_else(abandoned::<E>)?;
                let turn = Turn::Waits {
                    flight,
                    outcome: outcome.clone(),
                    longest: patience.unwrap_or(overdue).min(overdue),
                    patience: patience.is_some(),
                };
                (turn, None)
            }
            Decision::FailFast { for_another } => {
                let error = state.last_error.clone().ok_or_else(abandoned::<E>)?;
                return Err(error.with_retry_at(Some(now.plus(for_another).utc())));
            }
        };
        let abandoned = mem::take(&mut state.abandoned);
        // A runtime that is shutting down drops the flight at once, and the flight then takes the lock.
        drop(state);
        for _ in 0..abandoned {
            observe::abandoned(E::VENDOR);
        }
        if let Some(flight) = launch {
            let flight = observe::flight(E::VENDOR, self.destination.base.host(), flight.run());
            let task = runtime.spawn(flight).abort_handle();
            let mut state = self.lock();
            state.tasks.retain(|task| !task.is_finished());
            state.tasks.push(task);
        }
        Ok(turn)
    }

    fn served(&self) -> Result<Turn<E>, Error<E::ErrorResponse>> {
        self.current
            .load_full()
            .map(Turn::Served)
            .ok_or_else(abandoned::<E>)
    }

    fn prepare(self: &Arc<Self>, launch: Launch, state: &mut State<E>) -> (Flight<E>, Waiting<E>) {
        let (sender, outcome) = watch::channel(None);
        state.under_way = Some((launch.flight, outcome.clone()));
        let flight = Flight {
            cache: Arc::downgrade(self),
            id: launch.flight,
            delay: launch.delay,
            limit: state.lifecycle.policy().flight,
            destination: self.destination.clone(),
            outcome: sender,
            landed: false,
        };
        (flight, outcome)
    }
}

fn abandoned<E: TokenEndpoint>() -> Error<E::ErrorResponse> {
    let what =
        "the task that asked for it was dropped twice, as when its runtime shuts down or it panics";
    Failure::new(E::VENDOR, FailureKind::Cut, what).into()
}

/// A caller waits this much longer than a flight may take, so that it hears of the outcome.
const LANDING_TIME: Duration = Duration::from_secs(5);
/// A call sees at most so many flights end without an outcome before it gives up.
const FLIGHTS_PER_CALL: u32 = 2;
