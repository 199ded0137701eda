#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

#[path = "explorer.rs"]
mod explorer;

use super::*;

// What is found in the record

#[test]
fn an_empty_record_is_taken() {
    let mut flight = Flight::new(purpose());
    let record = flight.takes(Record::default());
    assert_eq!(record.lease, Some(lease(ME, NOW + LEASE)));
    assert_eq!(record.last_login, Some(NOW));
    let ask = flight.asks(stored("a"));
    assert_eq!(
        (ask.leased, ask.wait, ask.refresh),
        (true, Duration::ZERO, None)
    );
    assert_eq!(ask.renew_in, Some(RENEWAL));
}

#[test]
fn a_token_is_adopted_with_what_is_left_of_it() {
    for (age, left) in [(0, 3600), (1000, 2600), (3300, 300)] {
        let record = with_token(token(7, NOW - secs(age)));
        let adopted = Flight::new(purpose()).adopts(record);
        assert_eq!((adopted.token.seq, adopted.left), (7, secs(left)));
        assert_eq!((adopted.from, adopted.guard), (moment(0), Duration::ZERO));
    }
}

#[test]
fn a_token_at_its_end_is_not_adopted_and_one_from_the_future_has_a_life_at_most() {
    let mut flight = Flight::new(purpose());
    flight.takes(with_token(token(7, NOW - secs(3600))));
    let adopted = Flight::new(purpose()).adopts(with_token(token(7, NOW + secs(600))));
    assert_eq!(adopted.left, secs(3600));
}

#[test]
fn by_borrowed_clocks_five_seconds_are_taken_off_and_the_future_is_refused() {
    let borrowed = || Reading::new(None, Some(Incarnation::new("a")));
    let look = |issued| {
        let record = with_token(token(7, issued));
        let reading = borrowed();
        Flight::new(purpose()).step(Event::Loaded { record, reading })
    };
    // The wall of this process is the store's clock.
    let Step::Adopt(adopted) = look(WALL - secs(100)) else {
        panic!("not adopted");
    };
    assert_eq!(adopted.left, secs(3495));
    assert!(matches!(look(WALL + secs(1)), Step::Swap { .. }));
    assert!(matches!(look(WALL - secs(3596)), Step::Swap { .. }));
}

#[test]
fn what_was_written_while_a_slow_answer_was_on_its_way_is_not_of_the_future() {
    let look = |record| {
        let reading = Reading::new(None, Some(Incarnation::new("a")));
        let event = Event::Loaded { record, reading };
        let mut round = Round::<u8, ()>::new(purpose(), moment(0));
        round.after(event, moment(0), moment(3), 500)
    };
    let step = look(with_token(token(7, WALL + secs(2))));
    assert!(matches!(step, Step::Adopt(_)), "{step:?}");
    let step = look(with_lease(lease(OTHER, WALL + secs(2) + secs(5))));
    assert!(matches!(step, Step::Nap(_)), "{step:?}");
}

#[test]
fn a_refused_token_is_removed_by_who_takes_the_lease() {
    for refused in [7, 8] {
        let mut flight = Flight::new(Purpose {
            refused,
            ..purpose()
        });
        assert_eq!(flight.takes(with_token(token(7, NOW))).token, None);
    }
    let adopted = Flight::new(Purpose {
        refused: 6,
        ..purpose()
    })
    .adopts(with_token(token(7, NOW)));
    assert_eq!(adopted.token.seq, 7);
}

#[test]
fn a_token_older_than_what_this_process_has_had_is_not_adopted() {
    // By its number; by when it was asked for, where the newest has no number.
    let by_number = (7, None);
    let newest = |ago, seq| Newest {
        asked: moment(0).monotonic - secs(ago),
        seq,
    };
    let by_time = (0, Some(newest(50, 0)));
    for (known, newest) in [by_number, by_time] {
        for background in [false, true] {
            let purpose = Purpose {
                known,
                newest,
                background,
                ..purpose()
            };
            Flight::new(purpose).takes(with_token(token(6, NOW - secs(51))));
            Flight::new(purpose).adopts(with_token(token(8, NOW - secs(49))));
        }
    }
    // The very token that it has: the way to the store may have been longer the first time.
    let same = Purpose {
        known: 7,
        newest: Some(newest(0, 7)),
        ..purpose()
    };
    Flight::new(same).adopts(with_token(token(7, NOW - secs(1))));
    let newer_without_number = Purpose {
        newest: Some(newest(0, 0)),
        ..same
    };
    Flight::new(newer_without_number).takes(with_token(token(7, NOW - secs(1))));
}

#[test]
fn what_took_a_refused_tokens_place_is_guarded_for_thirty_seconds() {
    for (age, guard) in [(0, 30), (10, 20), (40, 0)] {
        let mut shared = token(7, NOW - secs(age));
        shared.by_invalidation = true;
        let adopted = Flight::new(purpose()).adopts(with_token(shared));
        assert_eq!(adopted.guard, secs(guard));
    }
}

#[test]
fn ahead_of_expiry_only_a_newer_token_is_adopted() {
    let background = Purpose {
        background: true,
        known: 7,
        ..purpose()
    };
    let record = Flight::new(background).takes(with_token(token(7, NOW - secs(100))));
    assert!(record.token.is_some(), "it is served until another comes");
    Flight::new(background).adopts(with_token(token(8, NOW - secs(100))));
    Flight::new(background).takes(with_token(token(8, NOW - secs(3300))));
}

#[test]
fn a_renewal_adopts_only_what_was_asked_for_since() {
    let renewal = Purpose {
        renewal: true,
        known: 7,
        ..purpose()
    };
    Flight::new(renewal).takes(with_token(token(8, NOW - secs(1))));
    let mut flight = Flight::new(renewal);
    let busy = with_lease(lease(OTHER, NOW + secs(3)));
    assert!(matches!(flight.step(loaded(busy)), Step::Nap(_)));
    assert_eq!(flight.step(Event::NapOver), Step::Load);
    assert!(matches!(
        flight.step(loaded(with_token(token(8, NOW)))),
        Step::Adopt(_)
    ));
}

// Pauses

#[test]
fn a_pause_is_everybodys() {
    let paused = || with_pause(FailureKind::CredentialsRefused, NOW + secs(40));
    for background in [false, true] {
        let step = Flight::new(Purpose {
            background,
            ..purpose()
        })
        .step(loaded(paused()));
        let Step::FailShared { for_another, pause } = step else {
            panic!("{step:?}");
        };
        assert_eq!((for_another, pause.strikes), (secs(40), 1));
    }
    let renewal = Purpose {
        renewal: true,
        ..purpose()
    };
    assert!(matches!(
        Flight::new(renewal).step(loaded(paused())),
        Step::FailShared { .. }
    ));
    let busy = with_pause(FailureKind::Busy, NOW + secs(40));
    Flight::new(renewal).takes(busy);
    let over = with_pause(FailureKind::CredentialsRefused, NOW);
    let mut flight = Flight::new(purpose());
    flight.takes(over);
    let ask = flight.asks(stored("a"));
    assert_eq!(ask.strikes, Some((FailureKind::CredentialsRefused, 1)));
}

#[test]
fn a_usable_token_is_served_before_a_pause_is_told() {
    let mut record = with_pause(FailureKind::RateLimited, NOW + secs(40));
    record.token = Some(token(7, NOW - secs(3590)));
    assert_eq!(Flight::new(purpose()).adopts(record).left, secs(10));
}

#[test]
fn a_pause_of_before_the_clock_fell_back_ends_all_the_same() {
    let far = with_pause(FailureKind::Busy, NOW + secs(90 * 24 * 3600));
    let step = Flight::new(purpose()).step(loaded(far));
    assert!(matches!(step, Step::FailShared { for_another, .. } if for_another == A_DAY));
}

// Leases

#[test]
fn while_another_asks_callers_nap_and_others_are_deferred() {
    let busy = || with_lease(lease(OTHER, NOW + secs(3)));
    let mut flight = Flight::new(purpose());
    let mut naps = vec![];
    for _ in 0..9 {
        let Step::Nap(nap) = flight.step(loaded(busy())) else {
            panic!("no nap");
        };
        naps.push(nap.as_millis());
        assert_eq!(flight.step(Event::NapOver), Step::Load);
    }
    assert_eq!(naps, [50, 75, 112, 168, 253, 379, 500, 500, 500]);

    let background = Purpose {
        background: true,
        ..purpose()
    };
    let step = Flight::new(background).step(loaded(busy()));
    assert_eq!(step, Step::Defer(Duration::from_millis(3500)));
}

#[test]
fn a_lease_that_ran_out_or_can_be_none_is_taken_over() {
    for until in [NOW, NOW - secs(1), NOW + secs(7)] {
        let record = Flight::new(purpose()).takes(with_lease(lease(OTHER, until)));
        assert_eq!(record.lease.map(|it| it.holder), Some(ME));
    }
}

#[test]
fn patience_with_another_ends_and_what_comes_then_is_told() {
    let mut flight = Flight::new(purpose());
    flight.at = 25;
    let step = flight.step(loaded(with_lease(lease(OTHER, NOW + secs(3)))));
    let Step::Ask(ask) = step else {
        panic!("{step:?}");
    };
    assert_eq!((ask.leased, ask.wait), (false, Duration::from_millis(500)));
    flight.at = 27;
    assert_eq!(flight.step(answered()), Step::Load);
    let step = flight.step(loaded(with_lease(lease(OTHER, NOW + secs(3)))));
    let Step::Swap { record, .. } = step else {
        panic!("{step:?}");
    };
    assert_eq!(record.lease, Some(lease(OTHER, NOW + secs(3))));
    assert_eq!(record.token.map(|it| it.issued), Some(NOW - secs(2)));
}

#[test]
fn logins_are_a_second_apart_whoever_makes_them() {
    let record = Record {
        last_login: Some(NOW - Duration::from_millis(300)),
        ..Record::default()
    };
    let mut flight = Flight::new(purpose());
    let taken = flight.takes(record);
    let wait = Duration::from_millis(700);
    assert_eq!(taken.last_login, Some(NOW + wait));
    assert_eq!(taken.lease, Some(lease(ME, NOW + wait + LEASE)));
    assert_eq!(flight.asks(stored("a")).wait, wait);
}

// Refresh tokens

#[test]
fn a_refresh_token_leaves_the_record_with_the_lease() {
    let mut flight = Flight::new(purpose());
    assert_eq!(flight.takes(with_refresh(None)).refresh, None);
    assert_eq!(
        flight.asks(stored("a")).refresh.map(|it| it.secret),
        Some(REFRESH)
    );
}

#[test]
fn a_refresh_token_is_not_presented_after_its_end_or_in_another_incarnation() {
    // Ended; from elsewhere when it was read; moved while it was taken out; nobody can tell.
    for (ends, read_in, taken_in) in [
        (Some(NOW), Some("a"), Some("a")),
        (None, Some("b"), Some("b")),
        (None, Some("a"), Some("b")),
        (None, None, None),
    ] {
        let mut flight = Flight::new(purpose());
        let reading =
            |incarnation: Option<&str>| Reading::new(Some(NOW), incarnation.map(Incarnation::new));
        let step = flight.step(Event::Loaded {
            record: with_refresh(ends),
            reading: reading(read_in),
        });
        let Step::Swap { record, .. } = step else {
            panic!("{step:?}");
        };
        assert_eq!(record.refresh, None);
        let ask = flight.asks(Event::Stored {
            reading: reading(taken_in),
        });
        assert_eq!(ask.refresh, None, "{ends:?} {read_in:?} {taken_in:?}");
    }
}

#[test]
fn a_refresh_token_that_was_not_used_up_goes_back() {
    let mut flight = Flight::new(purpose());
    flight.takes(with_refresh(None));
    let unused = flight.asks(stored("a")).refresh;
    let step = flight.step(Event::Answered(Answer::Failure {
        shared: None,
        unused,
    }));
    let Step::Swap { record, .. } = step else {
        panic!("{step:?}");
    };
    assert_eq!(record.refresh, with_refresh(None).refresh);
    assert_eq!((record.lease, record.pause), (None, None));
}

#[test]
fn without_an_incarnation_no_refresh_token_is_shared() {
    let mut flight = Flight::new(purpose());
    let reading = || Reading::new(Some(NOW), None);
    let record = Record::default();
    flight.step(Event::Loaded {
        record,
        reading: reading(),
    });
    flight.asks(Event::Stored { reading: reading() });
    let step = flight.step(answered());
    let Step::Swap { record, .. } = step else {
        panic!("{step:?}");
    };
    assert_eq!(record.refresh, None);
    let landed = flight.step(Event::Stored { reading: reading() });
    assert!(matches!(
        landed,
        Step::Land(Published::Yes(Written { refresh: false, .. }))
    ));
}

// What came is told

#[test]
fn a_token_is_told_with_the_time_of_its_lease() {
    let mut flight = Flight::new(Purpose {
        after_invalidation: true,
        known: 12,
        ..purpose()
    });
    flight.takes(Record::default());
    flight.asks(stored("a"));
    flight.at = 3;
    let step = flight.step(answered());
    let Step::Swap { record, keep } = step else {
        panic!("{step:?}");
    };
    let told = record.token.unwrap();
    assert_eq!((told.issued, told.lifetime), (NOW, secs(3600)));
    assert_eq!((told.by, told.by_invalidation), (ME, true));
    // The store's milliseconds, so that after a flush it is greater than before.
    assert_eq!(
        (told.seq, record.seq),
        (millis(NOW) + 3000, millis(NOW) + 3000)
    );
    assert_eq!(record.lease, None);
    assert_eq!(
        record.refresh.map(|it| (it.secret, it.epoch)),
        Some((9, Incarnation::new("a")))
    );
    assert_eq!(keep, REFRESH_TOKEN + A_DAY);
    let seq = told.seq;
    let written = Written {
        seq,
        asked: moment(0).monotonic,
        refresh: true,
    };
    assert_eq!(
        flight.step(stored("a")),
        Step::Land(Published::Yes(written))
    );
}

#[test]
fn a_failure_is_told_and_counted() {
    let mut flight = Flight::new(purpose());
    flight.takes(with_pause(FailureKind::CredentialsRefused, NOW - secs(1)));
    flight.asks(stored("a"));
    let step = flight.step(failed());
    let Step::Swap { record, .. } = step else {
        panic!("{step:?}");
    };
    let pause = record.pause.unwrap();
    assert_eq!((pause.strikes, pause.until), (2, NOW + secs(60)));
    assert_eq!(record.lease, None);
}

#[test]
fn whoever_was_overtaken_adopts_what_is_newer_and_replaces_what_is_older() {
    for (issued, adopts) in [(NOW + secs(6), true), (NOW - secs(6), false)] {
        for answer in [answered(), failed()] {
            let mut flight = Flight::new(purpose());
            flight.takes(Record::default());
            flight.asks(stored("a"));
            flight.at = 8;
            assert!(matches!(flight.step(answer), Step::Swap { .. }));
            assert_eq!(flight.step(Event::Conflict), Step::Load);
            let step = flight.step(loaded(with_token(token(7, issued))));
            assert_eq!(matches!(step, Step::Adopt(_)), adopts, "{step:?}");
            assert_eq!(matches!(step, Step::Swap { .. }), !adopts, "{step:?}");
        }
    }
}

#[test]
fn telling_is_given_up_after_three_conflicts() {
    let mut flight = Flight::new(purpose());
    flight.takes(Record::default());
    flight.asks(stored("a"));
    flight.step(answered());
    for _ in 0..3 {
        assert_eq!(flight.step(Event::Conflict), Step::Load);
        assert!(matches!(
            flight.step(loaded(Record::default())),
            Step::Swap { .. }
        ));
    }
    assert_eq!(flight.step(Event::Conflict), Step::Land(Published::No));
}

// A store that fails

#[test]
fn a_store_that_fails_at_once_is_passed_over() {
    let mut flight = Flight::new(purpose());
    let Step::Ask(ask) = flight.step(Event::StoreFailed) else {
        panic!("it does not ask");
    };
    assert_eq!((ask.leased, ask.wait), (false, Duration::ZERO));
    assert_eq!(flight.step(answered()), Step::Land(Published::No));
}

#[test]
fn an_unanswered_swap_that_was_done_gives_the_lease() {
    let mut flight = Flight::new(purpose());
    let taken = flight.takes(with_refresh(None));
    assert_eq!(flight.step(Event::StoreFailed), Step::Load);
    let ask = flight.asks(loaded(taken));
    assert_eq!(
        (ask.leased, ask.refresh.map(|it| it.secret)),
        (true, Some(REFRESH))
    );
}

#[test]
fn an_unanswered_swap_that_was_not_done_is_not_made_again() {
    let mut flight = Flight::new(purpose());
    flight.takes(Record::default());
    assert_eq!(flight.step(Event::StoreFailed), Step::Load);
    let ask = flight.asks(loaded(Record::default()));
    assert!(!ask.leased);
    assert_eq!(flight.step(answered()), Step::Land(Published::No));
}

#[test]
fn a_token_that_is_told_without_an_answer_is_looked_for() {
    let tell = || {
        let mut flight = Flight::new(purpose());
        flight.takes(Record::default());
        flight.asks(stored("a"));
        let Step::Swap { record, .. } = flight.step(answered()) else {
            panic!("it is not told");
        };
        assert_eq!(flight.step(Event::StoreFailed), Step::Load);
        (flight, record)
    };
    let (mut flight, record) = tell();
    let written = Written {
        seq: record.seq,
        asked: moment(0).monotonic,
        refresh: true,
    };
    assert_eq!(
        flight.step(loaded(record)),
        Step::Land(Published::Yes(written))
    );
    let (mut flight, _) = tell();
    assert!(matches!(
        flight.step(loaded(Record::default())),
        Step::Swap { .. }
    ));
    let (mut flight, _) = tell();
    assert_eq!(
        flight.step(Event::StoreFailed),
        Step::Land(Published::Unknown)
    );
}

#[test]
fn an_unanswered_renewal_is_followed_by_a_load() {
    for event in [None, Some(Event::StoreFailed), Some(Event::Conflict)] {
        let mut flight = Flight::new(purpose());
        flight.takes(Record::default());
        flight.asks(stored("a"));
        assert!(matches!(flight.step(Event::RenewalDue), Step::Swap { .. }));
        if let Some(event) = event {
            assert_eq!(flight.step(event), Step::Load);
        }
        // The vendor answers before the store does.
        assert_eq!(flight.step(answered()), Step::Load);
    }
}

#[test]
fn a_renewal_whose_answer_was_lost_is_resumed() {
    let go_on = |renew_in| Step::GoOn { renew_in };
    let renewing = || {
        let mut flight = Flight::new(purpose());
        flight.takes(Record::default());
        flight.asks(stored("a"));
        let Step::Swap { record, .. } = flight.step(Event::RenewalDue) else {
            panic!("not renewed");
        };
        assert_eq!(flight.step(Event::StoreFailed), Step::Load);
        (flight, record)
    };
    let soon = Some(RENEWAL / 3);
    // It was done: the next is due as ever.
    let (mut flight, record) = renewing();
    let step = flight.step(loaded(record.clone()));
    assert_eq!(step, go_on(Some(RENEWAL)));
    assert!(matches!(flight.step(Event::RenewalDue), Step::Swap { .. }));
    // It was not: it is made up for soon.
    let (mut flight, _) = renewing();
    let old = with_lease(lease(ME, NOW + secs(3)));
    assert_eq!(flight.step(loaded(old)), go_on(soon));
    let Step::Swap { record: again, .. } = flight.step(Event::RenewalDue) else {
        panic!("not renewed");
    };
    assert_eq!(again.lease, record.lease);
    // Nobody knows: it is looked at soon.
    let (mut flight, _) = renewing();
    assert_eq!(flight.step(Event::StoreFailed), go_on(soon));
    assert_eq!(flight.step(Event::RenewalDue), Step::Load);
    // It is somebody else's, or it was flushed away.
    for record in [with_lease(lease(OTHER, NOW + secs(3))), Record::default()] {
        let (mut flight, _) = renewing();
        assert_eq!(flight.step(loaded(record)), go_on(None));
        assert_eq!(flight.step(Event::RenewalDue), go_on(None));
    }
    // Somebody lost patience, and has told of a newer token meanwhile: it is not replaced.
    let (mut flight, record) = renewing();
    let overtaken = Record {
        token: Some(token(7, NOW + secs(1))),
        ..record
    };
    assert_eq!(flight.step(loaded(overtaken.clone())), go_on(Some(RENEWAL)));
    assert_eq!(flight.step(answered()), Step::Load);
    assert!(matches!(flight.step(loaded(overtaken)), Step::Adopt(_)));
    // The store has cost what it may.
    let (mut flight, _) = renewing();
    flight.at = 2;
    assert_eq!(flight.step(Event::StoreFailed), go_on(None));
}

#[test]
fn a_lease_is_renewed_as_long_as_the_vendor_takes() {
    let mut flight = Flight::new(purpose());
    flight.takes(Record::default());
    flight.asks(stored("a"));
    flight.at = 2;
    let Step::Swap { record, .. } = flight.step(Event::RenewalDue) else {
        panic!("not renewed");
    };
    assert_eq!(record.lease, Some(lease(ME, NOW + secs(2) + LEASE)));
    assert_eq!(
        flight.step(stored("a")),
        Step::GoOn {
            renew_in: Some(RENEWAL)
        }
    );
    assert!(matches!(flight.step(answered()), Step::Swap { .. }));
}

#[test]
fn conflicts_are_followed_by_a_load_eight_times() {
    let mut flight = Flight::new(purpose());
    for _ in 0..8 {
        flight.takes(Record::default());
        assert_eq!(flight.step(Event::Conflict), Step::Load);
    }
    flight.takes(Record::default());
    assert!(!flight.asks(Event::Conflict).leased);
}

#[test]
fn what_a_failing_store_costs_is_a_second_and_a_half_in_all() {
    let mut flight = Flight::new(purpose());
    assert_eq!(flight.round.limit(), Duration::from_millis(1500));
    flight.takes(Record::default());
    flight.at = 1;
    assert_eq!(flight.step(Event::StoreFailed), Step::Load);
    assert_eq!(flight.round.limit(), Duration::from_millis(500));
    let mut flight = Flight::new(purpose());
    flight.takes(Record::default());
    flight.at = 2;
    assert!(
        !flight.asks(Event::StoreFailed).leased,
        "nothing is left to look with"
    );
}

#[test]
fn a_store_that_failed_is_left_alone_for_longer_each_time() {
    let mut health = Health::default();
    assert_eq!(health.left_alone_for(secs(100)), None);
    for pause in [5, 10, 20, 40, 60, 60] {
        assert_eq!(health.failed(secs(100)), secs(pause));
        assert_eq!(health.left_alone_for(secs(100)), Some(secs(pause)));
        assert_eq!(health.left_alone_for(secs(100 + pause)), None);
    }
    health.worked();
    assert_eq!(health.failed(secs(500)), secs(5));
}

/// One flight, whose calls of the store take no time unless `at` says so.
struct Flight {
    round: Round<u8, ()>,
    /// Seconds since it began.
    at: u64,
}

impl Flight {
    fn new(purpose: Purpose) -> Self {
        Self {
            round: Round::new(purpose, moment(0)),
            at: 0,
        }
    }

    fn step(&mut self, event: Event<u8, ()>) -> Step<u8, ()> {
        let asked = match event {
            Event::StoreFailed => moment(0),
            _ => moment(self.at),
        };
        self.round.after(event, asked, moment(self.at), 500)
    }

    fn takes(&mut self, record: Record<u8, ()>) -> Record<u8, ()> {
        match self.step(loaded(record)) {
            Step::Swap { record, .. } => record,
            step => panic!("{step:?}"),
        }
    }

    fn adopts(&mut self, record: Record<u8, ()>) -> Adopted<u8> {
        match self.step(loaded(record)) {
            Step::Adopt(adopted) => adopted,
            step => panic!("{step:?}"),
        }
    }

    fn asks(&mut self, event: Event<u8, ()>) -> Ask<u8> {
        match self.step(event) {
            Step::Ask(ask) => ask,
            step => panic!("{step:?}"),
        }
    }
}

fn purpose() -> Purpose {
    Purpose {
        holder: ME,
        background: false,
        renewal: false,
        refused: 0,
        known: 0,
        newest: None,
        after_invalidation: false,
        margins: Margins::DEFAULT,
        patience: secs(25),
    }
}

fn loaded(record: Record<u8, ()>) -> Event<u8, ()> {
    let reading = Reading::new(Some(NOW), Some(Incarnation::new("a")));
    Event::Loaded { record, reading }
}

fn stored(incarnation: &str) -> Event<u8, ()> {
    Event::Stored {
        reading: Reading::new(Some(NOW), Some(Incarnation::new(incarnation))),
    }
}

fn answered() -> Event<u8, ()> {
    Event::Answered(Answer::Token {
        secret: 1,
        lifetime: secs(3600),
        refresh: Some(FreshRefresh {
            secret: 9,
            lifetime: None,
        }),
    })
}

fn failed() -> Event<u8, ()> {
    let shared = Some(Failed {
        answer: (),
        kind: FailureKind::CredentialsRefused,
        pause: secs(60),
    });
    Event::Answered(Answer::Failure {
        shared,
        unused: None,
    })
}

fn token(seq: u64, issued: Duration) -> SharedToken<u8> {
    SharedToken {
        secret: 1,
        seq,
        issued,
        lifetime: secs(3600),
        by_invalidation: false,
        by: OTHER,
    }
}

fn with_token(token: SharedToken<u8>) -> Record<u8, ()> {
    Record {
        seq: token.seq,
        token: Some(token),
        ..Record::default()
    }
}

fn with_refresh(ends: Option<Duration>) -> Record<u8, ()> {
    let refresh = SharedRefresh {
        secret: REFRESH,
        ends,
        epoch: Incarnation::new("a"),
    };
    Record {
        refresh: Some(refresh),
        ..Record::default()
    }
}

fn with_lease(lease: Lease) -> Record<u8, ()> {
    Record {
        lease: Some(lease),
        ..Record::default()
    }
}

fn with_pause(kind: FailureKind, until: Duration) -> Record<u8, ()> {
    let pause = Pause {
        answer: (),
        kind,
        strikes: 1,
        until,
    };
    Record {
        pause: Some(pause),
        ..Record::default()
    }
}

fn lease(holder: Holder, until: Duration) -> Lease {
    Lease { holder, until }
}

/// So many seconds after the flight began.
fn moment(at: u64) -> Moment {
    Moment {
        monotonic: secs(500 + at),
        wall: WALL + secs(at),
    }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const ME: Holder = Holder(1);
const OTHER: Holder = Holder(2);
const REFRESH: u8 = 5;
/// By the store's clock, which differs from this process's.
const NOW: Duration = Duration::from_secs(1_000_000);
const WALL: Duration = Duration::from_secs(1_200_000);
