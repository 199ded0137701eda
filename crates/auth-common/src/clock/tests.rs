#![allow(clippy::unwrap_used)]

#[cfg(unix)]
use std::io::{self, Read, Write};
use std::thread;

#[cfg(unix)]
use fork::Fork;
use proptest::prelude::*;

use super::*;

// The wall clock does as it pleases

#[test]
fn a_wall_clock_that_stands_still_keeps_no_token_alive() {
    let clocks = Clocks::default();
    for _ in 0..2_000 {
        assert!(!clocks.have_reached(TWO_SECONDS));
        clocks.pass(1);
        clocks.set_wall(NOON);
    }
    assert!(clocks.have_reached(TWO_SECONDS));
}

#[test]
fn a_wall_clock_set_back_at_any_moment_keeps_no_token_alive() {
    for moment in 0..2_000 {
        for back in [1, 10, 1_000, NOON] {
            let clocks = Clocks::default();
            clocks.pass(moment);
            assert!(!clocks.have_reached(TWO_SECONDS));
            clocks.set_wall(NOON + moment - back);
            clocks.pass(1_999 - moment);
            assert!(!clocks.have_reached(TWO_SECONDS), "{moment} {back}");
            clocks.pass(1);
            assert!(clocks.have_reached(TWO_SECONDS), "{moment} {back}");
        }
    }
}

#[test]
fn a_wall_clock_that_jumps_ahead_is_noticed_within_ten_milliseconds() {
    let clocks = Clocks::default();
    assert!(!clocks.have_reached(TWO_SECONDS));
    clocks.set_wall(NOON + 3_600_000);
    clocks.pass(9);
    assert!(!clocks.have_reached(TWO_SECONDS));
    clocks.pass(1);
    assert!(clocks.have_reached(TWO_SECONDS));
}

#[test]
fn the_wall_clock_is_read_once_in_ten_milliseconds_of_the_other() {
    let clocks = Clocks::default();
    for _ in 0..1_000 {
        clocks.have_reached(TWO_SECONDS);
        clocks.pass(1);
        // Were it asked, the wall clock would say that no time passes, or much.
        clocks.set_wall(NOON + clocks.monotonic.get() % 2 * 500);
    }
    assert_eq!(clocks.looks.get(), 100);
}

#[test]
fn where_nothing_else_tells_of_sleep_the_wall_clock_is_read_every_time() {
    let clocks = Clocks {
        a_while: Duration::ZERO,
        ..Clocks::default()
    };
    assert!(!clocks.have_reached(TWO_SECONDS));
    clocks.set_wall(NOON + 2_000);
    assert!(clocks.have_reached(TWO_SECONDS));
    assert_eq!(clocks.looks.get(), 2);
}

/// As in a process that is restored on a machine which was started later.
#[test]
fn the_wall_clock_is_read_again_where_the_other_is_behind_its_last_reading() {
    let clocks = Clocks::default();
    clocks.have_reached(TWO_SECONDS);
    clocks.monotonic.set(STARTED - 1);
    clocks.set_wall(NOON + 2_000);
    assert!(clocks.have_reached(TWO_SECONDS));
}

proptest! {
    #[test]
    fn no_setting_of_the_wall_clock_hides_that_a_mark_is_reached(
        end in 0..300_u64,
        wall_end in 0..300_u64,
        steps in prop::collection::vec(Step::any(), 1..100),
    ) {
        let clocks = Clocks::default();
        let mark = Moment {
            monotonic: milliseconds(STARTED + end),
            wall: milliseconds(NOON + wall_end),
        };
        // What the wall clock showed in the last while, the present included.
        let mut shown = Vec::new();
        for step in steps {
            clocks.pass(step.passes);
            if let Some(wall) = step.wall {
                clocks.set_wall(wall);
            }
            let now = clocks.monotonic.get();
            shown.push((now, clocks.wall.get()));
            shown.retain(|(then, _)| then + 10 > now);

            let reached = clocks.have_reached(mark);
            let past = |(_, wall): &(u64, u64)| *wall >= NOON + wall_end;
            if now >= STARTED + end {
                prop_assert!(reached, "past its end by the clock that nobody can set");
            } else if shown.iter().all(past) {
                prop_assert!(reached, "past its end by all that the wall clock showed");
            } else if !shown.iter().any(past) {
                prop_assert!(!reached, "by no clock");
            }
        }
    }
}

/// Time passes, on both clocks. Then the wall clock may be set.
#[derive(Debug, Clone)]
struct Step {
    passes: u64,
    wall: Option<u64>,
}

impl Step {
    fn any() -> impl Strategy<Value = Self> {
        let wall = prop_oneof![Just(0), NOON - 400..NOON + 400, Just(NOON * 2)];
        (0..15_u64, prop::option::of(wall)).prop_map(|(passes, wall)| Self { passes, wall })
    }
}

/// Two clocks moved by hand, and what a thread remembers of them. In milliseconds.
struct Clocks {
    monotonic: Cell<u64>,
    wall: Cell<u64>,
    looks: Cell<u32>,
    last: Cell<Look>,
    a_while: Duration,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            monotonic: Cell::new(STARTED),
            wall: Cell::new(NOON),
            looks: Cell::new(0),
            last: Cell::new(Look::NONE),
            a_while: milliseconds(10),
        }
    }
}

impl Clocks {
    fn pass(&self, time: u64) {
        self.monotonic.set(self.monotonic.get() + time);
        self.wall.set(self.wall.get() + time);
    }

    fn set_wall(&self, wall: u64) {
        self.wall.set(wall);
    }

    fn have_reached(&self, mark: Moment) -> bool {
        let monotonic = || milliseconds(self.monotonic.get());
        let wall = || {
            self.looks.set(self.looks.get() + 1);
            milliseconds(self.wall.get())
        };
        is_reached(Mark::new(mark), &self.last, self.a_while, monotonic, wall)
    }
}

const fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// An hour after the machine was started.
const STARTED: u64 = 3_600_000;
const NOON: u64 = 43_200_000;
/// The end of a token that lives for two seconds.
const TWO_SECONDS: Moment = Moment {
    monotonic: milliseconds(STARTED + 2_000),
    wall: milliseconds(NOON + 2_000),
};

// The machine's own clock

#[test]
fn a_mark_is_reached_by_either_clock_alone() {
    let now = Clock::System.now();
    let hour = Duration::from_secs(3600);
    let reached =
        |monotonic, wall| Mark::new(Moment { monotonic, wall }).is_reached(&Clock::System);
    assert!(!reached(now.monotonic + hour, now.wall + hour));
    assert!(reached(now.monotonic + hour, Duration::ZERO));
    assert!(reached(Duration::ZERO, now.wall + hour));
}

#[test]
fn each_thread_looks_at_the_wall_for_itself() {
    let never = Mark::new(Moment {
        monotonic: Duration::MAX,
        wall: Duration::MAX,
    });
    let look = move || {
        assert_eq!(LAST_LOOK.get().wall, 0);
        never.is_reached(&Clock::System);
        LAST_LOOK.get().wall
    };
    let earliest = wall();
    for _ in 0..2 {
        assert!(thread::spawn(look).join().unwrap() >= nanoseconds(earliest));
    }
}

#[test]
fn both_hands_of_the_machines_clock_move_on() {
    let before = Clock::System.now();
    let moved = |now: Moment| now.monotonic > before.monotonic && now.wall > before.wall;
    assert!((0..1_000_000).any(|_| moved(Clock::System.now())));
}

// Chance

/// Two processes with the same keys draw the same number once in a thousand times, as by chance.
#[test]
fn processes_with_the_same_keys_draw_different_numbers() {
    let keys = RandomState::new();
    let now = monotonic();
    let same = (1..10_000).filter(|id| draw(&keys, *id, now) == draw(&keys, id + 1, now));
    assert!(same.count() < 100);
}

#[test]
fn copies_of_a_process_draw_different_numbers_at_different_times() {
    let keys = RandomState::new();
    let at = |nanoseconds| draw(&keys, 1, Duration::from_nanos(nanoseconds));
    let same = (0..10_000).filter(|now| at(*now) == at(now + 1));
    assert!(same.count() < 100);
}

/// A forked process goes on with a copy of this thread's keys.
#[cfg(unix)]
#[test]
fn a_forked_process_draws_numbers_of_its_own() {
    // This makes the keys of this thread, if no test has before.
    Clock::System.draw();
    let draws = || [(); 100].map(|()| Clock::System.draw());
    let bytes = |draws: [u32; 100]| draws.map(u32::to_ne_bytes);
    let (mut from_child, mut to_parent) = io::pipe().unwrap();
    match fork::fork().unwrap() {
        Fork::Child => {
            let told = to_parent.write_all(bytes(draws()).as_flattened());
            // What else is to be tested, the parent tests.
            process::exit(told.is_err().into());
        }
        Fork::Parent(child) => {
            let ours = draws();
            drop(to_parent);
            let mut theirs = [[0; 4]; 100];
            from_child.read_exact(theirs.as_flattened_mut()).unwrap();
            fork::waitpid(child).unwrap();
            let same = bytes(ours)
                .iter()
                .zip(theirs)
                .filter(|(a, b)| *a == b)
                .count();
            assert!(same < 10, "{same} of 100");
        }
    }
}

#[test]
fn draws_are_spread_from_0_to_1000() {
    let draws: Vec<u32> = (0..1_000).map(|_| Clock::System.draw()).collect();
    assert!(draws.iter().all(|draw| *draw <= 1000));
    for tenth in 0..10 {
        let range = tenth * 100..(tenth + 1) * 100;
        assert!(draws.iter().any(|draw| range.contains(draw)), "{range:?}");
    }
}
