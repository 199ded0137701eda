#![allow(clippy::unwrap_used)]

use std::pin::pin;

use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::*;

/// The child has none of the threads that would give them back.
#[tokio::test]
async fn places_of_another_process_are_not_those_of_this_one() {
    let places = Places::new(1);
    let _of_the_parent = take(&places, LONG).await;
    let child = places.room(process::id() + 1);
    assert!(child.enter().0.try_recv().is_ok());
}

/// Its runtime stands still, or it is one that nobody drives any more.
#[tokio::test(start_paused = true)]
async fn place_that_is_not_given_back_in_time_is_taken_back() {
    let places = Places::new(1);
    let _lost = take(&places, Duration::from_secs(3)).await;
    let asked = Instant::now();
    let _place = timeout(LONG, take(&places, LONG)).await.unwrap();
    assert_eq!(asked.elapsed().as_secs(), 3);
}

/// Nobody drives it.
#[tokio::test(start_paused = true)]
async fn place_handed_to_one_who_is_not_heard_of_goes_to_the_next() {
    let places = Places::new(1);
    let first = take(&places, LONG).await;
    let mut undriven = pin!(take(&places, LONG));
    assert!(at_once(undriven.as_mut()).await.is_none());
    drop(first);
    let asked = Instant::now();
    let _place = timeout(LONG, take(&places, LONG)).await.unwrap();
    assert!(asked.elapsed() <= 2 * A_WHILE, "{:?}", asked.elapsed());
}

/// It is not one that was handed to nobody.
#[tokio::test(start_paused = true)]
async fn place_that_was_handed_over_is_kept_as_long_as_any_other() {
    let places = Places::new(1);
    let first = take(&places, LONG).await;
    let mut second = pin!(take(&places, LONG));
    assert!(at_once(second.as_mut()).await.is_none());
    drop(first);
    let _second = timeout(LONG, second).await.unwrap();
    sleep(3 * A_WHILE).await;
    assert!(at_once(take(&places, LONG)).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn place_that_was_handed_over_is_one_place() {
    let places = Places::new(2);
    let (first, other) = (take(&places, LONG).await, take(&places, LONG).await);
    let mut second = pin!(take(&places, LONG));
    assert!(at_once(second.as_mut()).await.is_none());
    drop(first);
    let _second = at_once(second).await.unwrap();
    drop(other);
    assert!(at_once(take(&places, LONG)).await.is_some());
}

/// One that was not given back is free before those who wait have looked again.
#[tokio::test(start_paused = true)]
async fn whoever_comes_when_a_place_is_free_does_not_overtake_those_who_wait() {
    let places = Places::new(1);
    let _lost = take(&places, A_WHILE / 2).await;
    let mut first = pin!(take(&places, LONG));
    assert!(at_once(first.as_mut()).await.is_none());
    sleep(A_WHILE * 3 / 4).await;
    assert!(at_once(take(&places, LONG)).await.is_none());
    assert!(timeout(A_WHILE, first).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn place_is_given_back_by_whoever_is_dropped_while_it_comes() {
    let places = Places::new(1);
    let first = take(&places, LONG).await;
    {
        let mut waiting = pin!(take(&places, LONG));
        assert!(at_once(waiting.as_mut()).await.is_none());
        // It is on its way to the one that waits.
        drop(first);
    }
    assert!(at_once(take(&places, LONG)).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn never_are_more_taken_than_there_are_and_the_first_to_come_is_first() {
    let places = Arc::new(Places::new(3));
    let served = Arc::new(std::sync::Mutex::new((0, Vec::new())));
    let mut callers = JoinSet::new();
    for caller in 0..20 {
        let (places, served) = (Arc::clone(&places), Arc::clone(&served));
        callers.spawn(async move {
            let _place = take(&places, LONG).await;
            {
                let mut served = served.lock().unwrap();
                served.0 += 1;
                assert!(served.0 <= 3);
                served.1.push(caller);
            }
            sleep(Duration::from_millis(10)).await;
            served.lock().unwrap().0 -= 1;
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    let order = served.lock().unwrap().1.clone();
    assert_eq!(order, (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn whoever_gets_no_place_in_time_hears_of_it_then() {
    let places = Places::new(1);
    let _taken = take(&places, LONG).await;
    let asked = Instant::now();
    let patience = A_WHILE * 5 / 2;
    assert!(places.take(asked + patience).await.is_none());
    assert_eq!(asked.elapsed().as_millis(), patience.as_millis());
}

#[tokio::test(start_paused = true)]
async fn free_place_is_for_those_who_wait_first() {
    let places = Places::new(1);
    assert!(places.free(LONG).is_some());
    let _lost = take(&places, A_WHILE / 2).await;
    assert!(places.free(LONG).is_none());
    let mut first = pin!(take(&places, LONG));
    assert!(at_once(first.as_mut()).await.is_none());
    sleep(A_WHILE * 3 / 4).await;
    assert!(places.free(LONG).is_none());
}

/// By one who waits for it however long it takes.
async fn take(places: &Places, held: Duration) -> Place {
    let place = places.take(Instant::now() + 100 * LONG).await;
    place.unwrap().held(held)
}

/// What need not be waited for.
async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    timeout(Duration::ZERO, future).await.ok()
}

const LONG: Duration = Duration::from_secs(60);
