#![allow(clippy::unwrap_used)]

use std::pin::pin;

use tokio::{
    sync::oneshot,
    time::{advance, sleep},
};

use super::*;

const ALLOWED: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn what_comes_in_time_is_taken_and_what_takes_longer_is_not() {
    let takes = |seconds| async move {
        within(ALLOWED, pin!(sleep(Duration::from_secs(seconds))), || ()).await
    };
    assert!(takes(9).await.is_some());
    let asked = Instant::now();
    assert!(takes(11).await.is_none());
    assert_eq!(asked.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn answer_that_came_while_nobody_ran_is_taken() {
    let (answers, answer) = oneshot::channel();
    let waits = tokio::spawn(async {
        let late = async {
            // As behind a connection's own task, the answer is seen a moment after the deadline is.
            let answer = answer.await.unwrap();
            sleep(Duration::from_millis(5)).await;
            answer
        };
        within(ALLOWED, pin!(late), || ()).await
    });
    tokio::task::yield_now().await;
    answers.send("an answer").unwrap();
    advance(Duration::from_secs(35)).await;
    assert_eq!(waits.await.unwrap(), Some("an answer"));
}

#[tokio::test(start_paused = true)]
async fn time_is_given_once_more_and_then_no_more() {
    let waits = tokio::spawn(async { within(ALLOWED, pin!(pending::<()>()), || ()).await });
    tokio::task::yield_now().await;
    advance(Duration::from_secs(35)).await;
    let thawed = Instant::now();
    assert_eq!(waits.await.unwrap(), None);
    assert_eq!(thawed.elapsed().as_secs(), 10);
}
