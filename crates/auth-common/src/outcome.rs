//! What comes of something, told once to everyone who waits for it.

use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;

/// Both ends of an outcome to come.
pub(crate) fn outcome<T>() -> (Teller<T>, Waiting<T>) {
    let shared = Arc::new(Shared {
        told: OnceLock::new(),
        over: Semaphore::new(0),
    });
    (Teller(Arc::clone(&shared)), Waiting(shared))
}

/// Whoever knows first. When it is dropped, nobody waits any longer.
pub(crate) struct Teller<T>(Arc<Shared<T>>);

/// Whoever waits. Clones wait for the same.
pub(crate) struct Waiting<T>(Arc<Shared<T>>);

struct Shared<T> {
    told: OnceLock<T>,
    /// It has no permits: it is closed when there is nothing more to wait for, and wakes everyone then.
    over: Semaphore,
}

impl<T> Teller<T> {
    /// Tells everyone, those who wait later as well. What was told first stays.
    pub(crate) fn tell(&self, outcome: T) {
        // The one that was told already is as good.
        let _ = self.0.told.set(outcome);
        self.0.over.close();
    }
}

impl<T> Drop for Teller<T> {
    fn drop(&mut self) {
        self.0.over.close();
    }
}

impl<T> Waiting<T> {
    /// What was told; `None` when nobody is left to tell anything.
    pub(crate) async fn told(&self) -> Option<&T> {
        // It never hands a permit out, so this ends when it is closed.
        let _ = self.0.over.acquire().await;
        self.0.told.get()
    }
}

impl<T> Clone for Waiting<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::{Pin, pin},
        task::{Context, Poll, Waker},
    };

    use super::*;

    #[test]
    fn everyone_is_told_whenever_they_began_to_wait() {
        let (teller, waiting) = outcome();
        let mut early = pin!(waiting.told());
        assert_eq!(now(early.as_mut()), Poll::Pending);
        teller.tell(1);
        teller.tell(2);
        assert_eq!(now(early), Poll::Ready(Some(&1)));
        drop(teller);
        assert_eq!(now(pin!(waiting.clone().told())), Poll::Ready(Some(&1)));
    }

    #[test]
    fn nobody_waits_for_a_teller_that_is_gone() {
        let (teller, waiting) = outcome::<()>();
        let mut early = pin!(waiting.told());
        assert_eq!(now(early.as_mut()), Poll::Pending);
        drop(teller);
        assert_eq!(now(early), Poll::Ready(None));
        assert_eq!(now(pin!(waiting.told())), Poll::Ready(None));
    }

    fn now<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }
}
