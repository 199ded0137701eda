//! Who waits for whom: the election of the one flight that brings the next token.

use std::{mem, pin::pin, process, sync::Arc, time::Duration};

use tokio::{runtime::Handle, time::Instant};

use crate::{
    ConfigurationError, Error, Failure, TokenEndpoint,
    cache::{Cache, Current, Outcome, State, Waiting, Want},
    deadline::{Interrupted, within_by},
    failure::FailureKind,
    flight::Flight,
    lifecycle::{Decision, FlightId, Launch, Silence},
    observe,
    outcome::outcome,
    runtime,
    transport::Fault,
};

/// What the lifecycle's decision means for one caller.
enum Turn<E: TokenEndpoint> {
    Served(Arc<Current>),
    Waits(Wait<E>),
}

/// One caller's wait for one flight.
struct Wait<E: TokenEndpoint> {
    flight: FlightId,
    outcome: Waiting<E>,
    silence: Silence,
    /// Rather than wait longer, the caller takes the cached token.
    patience: Option<Duration>,
}

/// What comes of it.
enum Waited<E: TokenEndpoint> {
    Told(Outcome<E>),
    /// The flight was dropped, or nobody drives it: someone else has to be elected.
    Lost,
    OutOfPatience,
    OutOfTime,
}

/// What a wait can come to the end of.
#[derive(Debug, Clone, Copy)]
enum Ends {
    Time,
    Patience,
    /// What may pass until something is heard of the flight.
    Silence,
}

impl<E: TokenEndpoint> Cache<E> {
    /// A token for this caller, by whatever it takes. It may be polled outside of the runtime in which it began.
    pub(crate) async fn obtain(
        self: &Arc<Self>,
        want: Want,
    ) -> Result<Arc<Current>, Error<E::ErrorResponse>> {
        let deadline = Instant::now() + self.call_limit();
        for lost in 0..FLIGHTS_PER_CALL {
            // In a block: as many wait as there are callers, and what is named beside a wait lies in memory beside it.
            let waiting = {
                let runtime = match self.runtime(lost > 0) {
                    Ok(runtime) => runtime,
                    Err(error) => return self.cached(want).ok_or(error.into()),
                };
                match self.turn(want, &runtime)? {
                    Turn::Served(current) => return Ok(current),
                    Turn::Waits(wait) => self.wait(wait, runtime, deadline),
                }
            };
            match waiting.await {
                // By now it may have been invalidated, or replaced by a newer one.
                Waited::Told(Ok(_)) => {
                    if let Some(newest) = self.cached(Want::Token) {
                        return Ok(newest);
                    }
                }
                Waited::Told(Err(error)) => return self.cached(want).ok_or(error),
                Waited::Lost => {}
                Waited::OutOfPatience => {
                    if let Some(current) = self.cached(want) {
                        return Ok(current);
                    }
                }
                Waited::OutOfTime => {
                    let slow = Fault::slow(self.call_limit());
                    return self.cached(want).ok_or_else(|| {
                        let error = Error::from(Failure::new(E::VENDOR, slow.kind, slow.what));
                        error.with_address(self.last_address())
                    });
                }
            }
        }
        self.cached(want)
            .ok_or_else(|| abandoned::<E>().with_address(self.last_address()))
    }

    /// How long a call waits at most.
    fn call_limit(&self) -> Duration {
        self.policy.flight.saturating_add(LANDING_TIME)
    }

    /// The address that was asked last, fit to be shown.
    fn last_address(&self) -> String {
        let base = &self.destination.base;
        self.sent()
            .map_or_else(|| base.to_string(), |sent| sent.address(base))
    }

    /// The runtime that polls this caller, if it may carry a flight. What it lacks for the network shows in a flight that is
    /// lost: to ask before would cost every login more than all else here.
    fn runtime(&self, was_lost: bool) -> Result<Handle, ConfigurationError> {
        let runtime = runtime::current()?;
        if was_lost {
            self.destination.check_runtime()?;
        }
        Ok(runtime)
    }

    /// Waits for the outcome of a flight, for as long as the flight is heard of, until `deadline` at most.
    ///
    /// It is a block, since an `async fn` would hold its arguments twice: as many wait as there are callers.
    fn wait(
        &self,
        wait: Wait<E>,
        mut runtime: Handle,
        deadline: Instant,
    ) -> impl Future<Output = Waited<E>> + Send {
        let Wait {
            flight,
            outcome,
            mut silence,
            patience,
        } = wait;
        let impatient = patience.map(|patience| Instant::now() + patience);
        async move {
            loop {
                let mut told = pin!(outcome.told());
                let (waiting, ends) = {
                    let (longest, ends) = longest_wait(silence, deadline, impatient);
                    (within_by(&runtime, longest, told.as_mut()), ends)
                };
                match waiting.await {
                    Ok(Some(Some(told))) => return Waited::Told(told.clone()),
                    Ok(Some(None)) | Err(Interrupted::RuntimeEnded) => return Waited::Lost,
                    Err(Interrupted::Moved) => match runtime::current() {
                        Ok(other) => runtime = other,
                        Err(_) => return Waited::Lost,
                    },
                    Ok(None) => match ends {
                        Ends::Time => return Waited::OutOfTime,
                        Ends::Patience => return Waited::OutOfPatience,
                        Ends::Silence => match self.waited_out(flight, silence) {
                            Some(newer) => silence = newer,
                            None => return Waited::Lost,
                        },
                    },
                }
            }
        }
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
        let (turn, launch) = match decision {
            Decision::Serve => (self.served()?, None),
            Decision::ServeAndLaunch(launch) => {
                let served = self.served()?;
                let (flight, _) = self.prepare(launch, want, &mut state);
                (served, Some(flight))
            }
            Decision::Launch(launch) => {
                let (flight, outcome) = self.prepare(launch, want, &mut state);
                let wait = Wait {
                    flight: launch.flight,
                    outcome,
                    silence: launch.silence,
                    patience: launch.patience,
                };
                (Turn::Waits(wait), Some(flight))
            }
            Decision::Join {
                flight,
                silence,
                patience,
            } => {
                let outcome = state.under_way.as_ref();
                let (_, outcome) = outcome.ok_or_else(abandoned::<E>)?;
                let wait = Wait {
                    flight,
                    outcome: outcome.clone(),
                    silence,
                    patience,
                };
                (Turn::Waits(wait), None)
            }
            Decision::FailFast { for_another } => {
                let error = state.last_error.clone().ok_or_else(abandoned::<E>)?;
                return Err((*error).with_retry_at(Some(now.plus(for_another).utc())));
            }
        };
        let abandoned = mem::take(&mut state.abandoned);
        // A runtime that is shutting down drops the flight at once, and the flight then takes the lock.
        drop(state);
        for _ in 0..abandoned {
            observe::abandoned(E::VENDOR);
        }
        if let Some(flight) = launch {
            self.start(flight, runtime);
        }
        Ok(turn)
    }

    pub(crate) fn start(&self, flight: Flight<E>, runtime: &Handle) {
        let id = flight.id;
        let flight = observe::flight(E::VENDOR, self.destination.base.host(), flight.run());
        let task = runtime.spawn(flight).abort_handle();
        let mut state = self.lock();
        // One may have ended before this one's handle was here to be taken away.
        state.forget_tasks(|_, task| task.is_finished());
        // Hardly ever is there another.
        state.tasks.reserve_exact(1);
        state.tasks.push((id, task));
    }

    fn served(&self) -> Result<Turn<E>, Error<E::ErrorResponse>> {
        self.current
            .load_full()
            .map(Turn::Served)
            .ok_or_else(abandoned::<E>)
    }

    pub(crate) fn prepare(
        self: &Arc<Self>,
        launch: Launch,
        want: Want,
        state: &mut State<E>,
    ) -> (Flight<E>, Waiting<E>) {
        #[cfg(not(feature = "store"))]
        let _ = want;
        let (teller, outcome) = outcome();
        state.under_way = Some((launch.flight, outcome.clone()));
        let flight = Flight {
            cache: Arc::downgrade(self),
            id: launch.flight,
            started: Instant::now() + launch.delay,
            limit: self.policy.flight,
            destination: Arc::clone(&self.destination),
            outcome: teller,
            landed: false,
            #[cfg(feature = "store")]
            renewal: want == Want::Renewal,
        };
        (flight, outcome)
    }
}

/// How long a caller may wait now, and what is at its end then.
fn longest_wait(
    silence: Silence,
    deadline: Instant,
    impatient: Option<Instant>,
) -> (Duration, Ends) {
    let now = Instant::now();
    let left = deadline.saturating_duration_since(now);
    let patience = impatient.map_or(left, |at| at.saturating_duration_since(now));
    let longest = silence.longest.min(left).min(patience);
    let ends = if longest == left {
        Ends::Time
    } else if longest == patience {
        Ends::Patience
    } else {
        Ends::Silence
    };
    (longest, ends)
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
