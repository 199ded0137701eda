use super::*;

/// The wall clock, so many milliseconds after noon.
fn noon_and(milliseconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(43_200) + Duration::from_millis(milliseconds)
}

/// What is taken for the monotonic clock's reading at `wall`, when it would now show `shown` milliseconds.
fn known(last: &Cell<Reading>, wall: SystemTime, shown: u64) -> u64 {
    monotonic_at(wall, last, || Duration::from_millis(shown)).as_millis() as u64
}

#[test]
fn the_monotonic_clock_is_read_again_once_it_is_ten_milliseconds_old() {
    let last = Cell::new(Reading::NONE);
    assert_eq!(known(&last, noon_and(0), 100), 100);
    assert_eq!(known(&last, noon_and(0), 101), 100);
    assert_eq!(known(&last, noon_and(9), 109), 100);
    assert_eq!(known(&last, noon_and(10), 110), 110);
    assert_eq!(known(&last, noon_and(19), 119), 110);
    assert_eq!(known(&last, noon_and(3_600_000), 3_600_100), 3_600_100);
}

#[test]
fn the_monotonic_clock_is_read_again_when_the_wall_clock_was_set_back() {
    let last = Cell::new(Reading::NONE);
    assert_eq!(known(&last, noon_and(1_000), 100), 100);
    assert_eq!(known(&last, noon_and(999), 105), 105);
    assert_eq!(known(&last, noon_and(1_000), 106), 105);
}

#[test]
fn a_mark_is_reached_by_either_clock_alone() {
    let now = Clock::System.now();
    let hour = Duration::from_secs(3600);
    let reached =
        |monotonic, wall| Mark::new(Moment { monotonic, wall }).is_reached(&Clock::System);
    assert!(!reached(now.monotonic + hour, now.wall + hour));
    assert!(reached(now.monotonic + hour, now.wall));
    assert!(reached(Duration::ZERO, now.wall + hour));
}

#[test]
fn a_mark_past_the_end_of_the_platforms_time_counts_as_reached() {
    let monotonic = Clock::System.now().monotonic + Duration::from_secs(3600);
    let mark = Mark::new(Moment {
        monotonic,
        wall: Duration::MAX,
    });
    assert!(mark.is_reached(&Clock::System));
}

#[test]
fn both_hands_of_the_machines_clock_move_on() {
    let before = Clock::System.now();
    let moved = |now: Moment| now.monotonic > before.monotonic && now.wall > before.wall;
    assert!((0..1_000_000).any(|_| moved(Clock::System.now())));
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
