//! A flight of one process of a fleet: it looks into the store before it asks the vendor, and writes down what came.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use http::{HeaderMap, StatusCode};
use secrecy::ExposeSecret;
use tokio::time::sleep;
use zeroize::Zeroizing;

use crate::{
    BaseUrl, Exchange, InvalidBody, JsonObject, Token, TokenEndpoint,
    answer::{self, Adoption, Arrived, Failed, Pause, RefreshToken},
    cache::Withheld,
    clock::Clock,
    failure::FailureKind,
    flight::{Ended, Flight},
    lifetime::{Moment, Validity},
    presented::{Presented, Sent},
    source::Origin,
    store::{
        Member, Register,
        fleet::{
            Adopted, Answer, Ask, Event, Failed as FailedForAll, FreshRefresh, Published, Round,
            Step,
        },
        record::{self, Said, Secret, SharedRefresh},
    },
    transport,
};

type Outcome<E> = Result<Arrived, Ended<E>>;

impl<E: TokenEndpoint> Flight<E> {
    /// Brings a token that the fleet has, or asks the vendor for all of it. A store that is out of order is passed over.
    pub(crate) async fn bring_for_all(&self, member: &Arc<Member>) -> Outcome<E> {
        let cache = self.cache()?;
        let (origin, clock) = (cache.origin(), cache.clock.clone());
        // Without credentials there is nothing to tell one record from another by.
        if matches!(origin, Origin::Nowhere) || !member.may_ask(clock.now()) {
            drop(cache);
            return self.ask_vendor(None, None).await;
        }
        cache.report(self.id, self.limit);
        drop(cache);
        let presented = Presented::<E>::gather(None, origin, self.limit).await;
        let presented = presented.map_err(|fault| Ended::Failed(fault.into()))?;
        let Some(credentials) = presented.credentials().map(Arc::clone) else {
            return self.ask_vendor(None, None).await;
        };
        let sent = presented.sent();
        drop(presented);
        let (fingerprint, purpose) = {
            let cache = self.cache()?;
            let fingerprint = cache.fingerprint(&credentials);
            (
                fingerprint,
                cache.purpose(self.id, fingerprint, self.renewal)?,
            )
        };
        let base = &self.destination.base;
        let Some(keys) = member.keys::<E>(base, fingerprint, credentials).await else {
            return self.ask_vendor(None, None).await;
        };

        let mut register = Register::new(member, &keys);
        let mut round = Round::new(purpose, clock.now());
        let mut step = Step::Load;
        let mut warm = Register::is_warm();
        let mut outcome: Option<Outcome<E>> = None;
        loop {
            let mut asked = clock.now();
            let limit = round.limit();
            let event = match step {
                Step::Load => {
                    self.report(limit);
                    register.load(limit).await
                }
                Step::Swap { record, keep } => {
                    let sealed = register.seal(&record);
                    self.report(limit);
                    asked = clock.now();
                    register.swap(sealed, keep, limit).await
                }
                Step::Nap(span) => {
                    self.report(span);
                    sleep(span).await;
                    Event::NapOver
                }
                Step::Ask(ask) => {
                    let leased = ask.refresh.clone();
                    let earlier = ask.strikes;
                    let mut brought = self
                        .ask_for_all(ask, &clock, &mut round, &mut register)
                        .await;
                    let answer = self.answer(&mut brought, leased, earlier)?;
                    outcome = Some(brought);
                    Event::Answered(answer)
                }
                // Only while the vendor is being asked.
                Step::GoOn { .. } => Event::StoreFailed,
                Step::Adopt(adopted) => {
                    member.remember(register.failed.as_ref(), clock.now());
                    return self.adopt(adopted, &clock);
                }
                Step::Defer(next_look) => {
                    member.remember(register.failed.as_ref(), clock.now());
                    return Err(Ended::Deferred(next_look));
                }
                Step::FailShared { pause, for_another } => {
                    member.remember(register.failed.as_ref(), clock.now());
                    let failed = shared_failure(&sent, base, pause, for_another, clock.now());
                    return Err(Ended::Failed(failed));
                }
                Step::Land(published) => {
                    member.remember(register.failed.as_ref(), clock.now());
                    let outcome = outcome.unwrap_or(Err(Ended::Withheld(Withheld::Needless)));
                    return outcome.map(|arrived| landed(arrived, published));
                }
            };
            let before = (!warm).then(|| round.clone());
            step = round.after(event, asked, clock.now(), clock.draw());
            if let Some(before) = before
                && matches!(step, Step::Swap { .. })
            {
                self.report(LONGEST_WARM_UP);
                Register::warm_up().await;
                warm = true;
                // Much may have been written meanwhile, and a lease is counted from the look.
                (round, step) = (before, Step::Load);
            }
        }
    }

    /// Asks the vendor while the lease is kept.
    async fn ask_for_all(
        &self,
        ask: Ask<Secret>,
        clock: &Clock,
        round: &mut Round<Secret, Said>,
        register: &mut Register<'_>,
    ) -> Outcome<E> {
        let given = ask.refresh.map(|refresh| RefreshToken {
            secret: refresh.secret.0,
            ends: None,
        });
        let mut asking = pin!(async {
            if !ask.wait.is_zero() {
                self.report(ask.wait);
                sleep(ask.wait).await;
            }
            self.ask_vendor(given, None).await
        });
        let mut renew_in = ask.renew_in;
        while let Some(span) = renew_in {
            if let First::One(outcome) = first(asking.as_mut(), pin!(sleep(span))).await {
                return outcome;
            }
            let mut asked = clock.now();
            let mut step = round.after(Event::RenewalDue, asked, asked, clock.draw());
            renew_in = loop {
                match step {
                    Step::Swap { record, keep } => {
                        let sealed = register.seal(&record);
                        asked = clock.now();
                        let limit = round.limit();
                        let swap = pin!(register.swap(sealed, keep, limit));
                        match first(asking.as_mut(), swap).await {
                            First::One(outcome) => return outcome,
                            First::Other(event) => {
                                step = round.after(event, asked, clock.now(), clock.draw());
                            }
                        }
                    }
                    Step::Load => {
                        asked = clock.now();
                        let limit = round.limit();
                        let load = pin!(register.load(limit));
                        match first(asking.as_mut(), load).await {
                            First::One(outcome) => return outcome,
                            First::Other(event) => {
                                step = round.after(event, asked, clock.now(), clock.draw());
                            }
                        }
                    }
                    Step::GoOn { renew_in } => break renew_in,
                    _ => break None,
                }
            };
        }
        asking.await
    }

    /// What the fleet is told of an outcome. A refresh token that was `leased` goes back, if it was not used up.
    fn answer(
        &self,
        brought: &mut Outcome<E>,
        leased: Option<SharedRefresh<Secret>>,
        earlier: Option<(FailureKind, u32)>,
    ) -> Result<Answer<Secret, Said>, Withheld> {
        let cache = self.cache()?;
        let failed = match brought {
            Ok(arrived) => {
                let now = cache.clock.now();
                let refresh = arrived.refresh_token.as_ref();
                return Ok(Answer::Token {
                    secret: Secret(arrived.text()),
                    lifetime: arrived.lifetime,
                    refresh: refresh.map(|refresh| FreshRefresh {
                        secret: Secret(refresh.secret.clone()),
                        lifetime: refresh.ends.map(|ends| now.until(ends)),
                    }),
                });
            }
            Err(Ended::Failed(failed)) => Some(failed),
            Err(_) => None,
        };
        let unused = leased.filter(|_| cache.take_refresh_token(self.id).is_some());
        let shared = failed.and_then(|failed| {
            let said = failed.said.take()?;
            let draw = cache.clock.draw();
            let state = cache.lock();
            let pause = state
                .lifecycle
                .pause_after(failed.kind, failed.asked, draw, earlier);
            failed.pause = Some(Box::new(Pause { pause, own: true }));
            Some(FailedForAll {
                answer: *said,
                kind: failed.kind,
                pause,
            })
        });
        Ok(Answer::Failure { shared, unused })
    }

    fn adopt(&self, adopted: Adopted<Secret>, clock: &Clock) -> Outcome<E> {
        let Adopted {
            token,
            left,
            from,
            asked,
            ..
        } = adopted;
        let margins = self.cache()?.policy.margins;
        let authorization = Token::header(&token.secret.0).map_err(|_| {
            let what = "the token in the store does not fit a header";
            Ended::Failed(transport::Fault::new(FailureKind::Malformed, what).into())
        })?;
        let age = token.lifetime.saturating_sub(left);
        Ok(Arrived {
            authorization,
            validity: Validity::aged(from, token.lifetime, age, margins, clock.draw()),
            exchange: Exchange::Login,
            refresh_token: None,
            request_id: None,
            lifetime: token.lifetime,
            seq: token.seq,
            asked: Some(asked),
            adopted: Some(Adoption {
                age,
                by_invalidation: token.by_invalidation,
            }),
        })
    }
}

/// What this process keeps of a token that the fleet has, or has not.
fn landed(mut arrived: Arrived, published: Published) -> Arrived {
    match published {
        Published::Yes(written) => {
            arrived.seq = written.seq;
            arrived.asked = Some(written.asked);
            if written.refresh {
                arrived.refresh_token = None;
            }
        }
        Published::No => {}
        // It may be there, where somebody else presents it.
        Published::Unknown => arrived.refresh_token = None,
    }
    arrived
}

/// The error that another process was told of, made of the same answer.
fn shared_failure<E: TokenEndpoint>(
    sent: &Sent<E>,
    base: &BaseUrl,
    pause: record::Pause<Said>,
    for_another: Duration,
    now: Moment,
) -> Failed<E> {
    let Said { status, body } = pause.answer;
    let body = Zeroizing::new(body.0.expose_secret().as_bytes().to_vec());
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let answer = transport::Answer::new(status, &HeaderMap::new(), body);
    let nothing = |_: &JsonObject<'_>| Err::<(), _>(InvalidBody::new("the answer", "has no token"));
    let read = answer::read::<E, ()>(sent.exchange, Ok(answer), &sent.secrets(), now, nothing);
    let failed = match read {
        Err(failed) => failed,
        Ok(_) => transport::Fault::new(pause.kind, "another process was refused").into(),
    };
    Failed {
        kind: pause.kind,
        error: failed
            .error
            .of_kind(pause.kind)
            .with_address(sent.address(base)),
        pause: Some(Box::new(Pause {
            pause: for_another,
            own: false,
        })),
        ..failed
    }
}

/// Which of two came first.
enum First<A, B> {
    One(A),
    Other(B),
}

async fn first<A: Future, B: Future>(
    mut one: Pin<&mut A>,
    mut other: Pin<&mut B>,
) -> First<A::Output, B::Output> {
    poll_fn(|context| {
        if let Poll::Ready(output) = one.as_mut().poll(context) {
            return Poll::Ready(First::One(output));
        }
        other.as_mut().poll(context).map(First::Other)
    })
    .await
}

/// It takes 40 ms of a processor; where a whole fleet starts on one machine, they take turns.
const LONGEST_WARM_UP: Duration = Duration::from_secs(10);
