//! Measuring two things in turns, so that whatever else the machine does falls on both.

use std::{iter, time::Duration};

/// The medians of what `ours` and `reference` took, each run once a round. The one that goes first changes from round
/// to round.
pub fn medians(
    rounds: usize,
    mut ours: impl FnMut() -> crate::Result<Duration>,
    mut reference: impl FnMut() -> crate::Result<Duration>,
) -> crate::Result<(Duration, Duration)> {
    let mut times = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    for round in 0..rounds {
        if round % 2 == 0 {
            times.0.push(ours()?);
            times.1.push(reference()?);
        } else {
            times.1.push(reference()?);
            times.0.push(ours()?);
        }
    }
    Ok((median(times.0), median(times.1)))
}

/// The middle of several runs, by how the two times of each compare. A machine that others use changes its pace within a
/// second, and where memory and threads happen to lie shows in a whole run.
pub fn middle_of_runs(
    run: impl FnMut() -> crate::Result<(Duration, Duration)>,
) -> crate::Result<(Duration, Duration)> {
    let runs = iter::repeat_with(run).take(RUNS);
    let mut runs = runs.collect::<crate::Result<Vec<_>>>()?;
    runs.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    Ok(runs[RUNS / 2])
}

fn ratio((ours, reference): &(Duration, Duration)) -> f64 {
    ours.as_secs_f64() / reference.as_secs_f64()
}

/// The median of what `work` took in so many rounds.
pub fn median_of(
    rounds: usize,
    work: impl FnMut() -> crate::Result<Duration>,
) -> crate::Result<Duration> {
    let times = iter::repeat_with(work).take(rounds);
    Ok(median(times.collect::<crate::Result<_>>()?))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

const RUNS: usize = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rare_outlier_does_not_show() {
        let mut ours = [3, 1, 900, 2, 2].map(Duration::from_secs).into_iter();
        let mut reference = [1, 1, 1, 700, 1].map(Duration::from_secs).into_iter();
        let (ours, reference) = medians(
            5,
            || Ok(ours.next().unwrap()),
            || Ok(reference.next().unwrap()),
        )
        .unwrap();
        assert_eq!((ours.as_secs(), reference.as_secs()), (2, 1));
    }

    #[test]
    fn middle_run_is_the_one_whose_times_compare_as_in_most() {
        let runs = [(6, 5), (9, 5), (12, 10), (5, 9)].into_iter().cycle();
        let mut runs = runs
            .map(|(ours, reference)| (Duration::from_secs(ours), Duration::from_secs(reference)));
        let (ours, reference) = middle_of_runs(|| Ok(runs.next().unwrap())).unwrap();
        assert_eq!(ours.as_secs() * 5, reference.as_secs() * 6);
    }

    #[test]
    fn they_take_turns_in_going_first() {
        let order = std::cell::RefCell::new(String::new());
        let note = |who| {
            order.borrow_mut().push(who);
            Ok(Duration::ZERO)
        };
        medians(3, || note('o'), || note('r')).unwrap();
        assert_eq!(order.into_inner(), "orroor");
    }
}
