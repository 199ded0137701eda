//! How many token requests are under way at once.

use std::{
    collections::{BTreeSet, VecDeque},
    process,
    sync::{Arc, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use crate::sync::{Mutex, MutexGuard};

/// The places of a transport. Whoever waits gets one in the order of coming.
///
/// One that its holder does not give back in time is taken back: the runtime that drives the holder may stand still, and
/// must not stop those of other runtimes. And each process has places of its own, with a lock of its own: the child of a
/// fork has not got the threads that would give back the parent's.
pub(crate) struct Places {
    most: usize,
    room: ArcSwap<Room>,
}

struct Room {
    process: u32,
    most: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    /// Until when, by whom.
    taken: BTreeSet<Seat>,
    queue: VecDeque<oneshot::Sender<Place>>,
}

type Seat = (Instant, u64);

/// A right to send a request. It is given back when this is dropped.
pub(crate) struct Place {
    room: Arc<Room>,
    seat: Seat,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            room: ArcSwap::from(Room::new(most, process::id())),
        }
    }

    /// A place that can be had at once, if nobody waits for one. It is kept for `held` at most.
    pub(super) fn free(&self, held: Duration) -> Option<Place> {
        let room = self.room(process::id());
        let mut state = room.lock();
        room.free(&mut state, held)
    }

    /// Waits for a place until `end`; `None` where none came in time. It is kept for [`A_WHILE`] only, until its holder
    /// says for [how long](Place::held).
    ///
    /// It is no `async fn`, which would hold its arguments twice: as many wait as there are tenants.
    pub(super) fn take(&self, end: Instant) -> impl Future<Output = Option<Place>> + use<> {
        let room = self.room(process::id());
        let (mut coming, mut look_after) = room.enter();
        async move {
            loop {
                let until = end.min(Instant::now() + look_after);
                match timeout_at(until, &mut coming).await {
                    Ok(Ok(place)) => return Some(place),
                    // The room keeps the other end until it hands a place over.
                    Ok(Err(_)) => (coming, look_after) = room.enter(),
                    Err(_) if Instant::now() >= end => return None,
                    Err(_) => room.hand_over(),
                }
            }
        }
    }

    fn room(&self, process: u32) -> Arc<Room> {
        loop {
            let known = self.room.load_full();
            if known.process == process {
                return known;
            }
            let new = Room::new(self.most, process);
            self.room.compare_and_swap(&known, new);
        }
    }
}

impl Room {
    fn new(most: usize, process: u32) -> Arc<Self> {
        Arc::new(Self {
            process,
            most,
            state: Mutex::default(),
        })
    }

    fn free(self: &Arc<Self>, state: &mut State, held: Duration) -> Option<Place> {
        if !state.queue.is_empty() {
            return None;
        }
        let seat = state.sit(self.most, held)?;
        let room = Arc::clone(self);
        Some(Place { room, seat })
    }

    /// Where a place will come when it is this caller's turn, and how often he looks for those that were not given back
    /// meanwhile. Of thousands who wait, most have a long way to go: those who come later look more seldom.
    fn enter(self: &Arc<Self>) -> (oneshot::Receiver<Place>, Duration) {
        let (sender, receiver) = oneshot::channel();
        let rounds_ahead = {
            let mut state = self.lock();
            state.queue.push_back(sender);
            state.queue.len() / self.most
        };
        self.hand_over();
        let seldom = u32::try_from(rounds_ahead).unwrap_or(u32::MAX);
        (receiver, A_WHILE * seldom.clamp(1, MOST_SELDOM))
    }

    /// Hands places that are free to those whose turn it is.
    fn hand_over(self: &Arc<Self>) {
        while let Some((next, place)) = self.next() {
            if let Err(mut place) = next.send(place) {
                // Nobody waits there any more. The next round of this loop has its place to give.
                self.lock().taken.remove(&place.seat);
                place.seat.1 = NOBODY;
            }
        }
    }

    fn next(self: &Arc<Self>) -> Option<(oneshot::Sender<Place>, Place)> {
        let mut state = self.lock();
        while state.queue.front().is_some_and(oneshot::Sender::is_closed) {
            state.queue.pop_front();
        }
        state.queue.front()?;
        let seat = state.sit(self.most, A_WHILE)?;
        let next = state.queue.pop_front()?;
        let room = Arc::clone(self);
        Some((next, Place { room, seat }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn sit(&mut self, most: usize, held: Duration) -> Option<Seat> {
        let now = Instant::now();
        while self.taken.first().is_some_and(|(until, _)| *until <= now) {
            self.taken.pop_first();
        }
        if self.taken.len() >= most {
            return None;
        }
        self.last += 1;
        let seat = (now + held, self.last);
        self.taken.insert(seat);
        Some(seat)
    }
}

impl Place {
    /// The same place, now that its holder knows of it. If it was taken back meanwhile, there is one more than there
    /// should be.
    pub(super) fn held(mut self, held: Duration) -> Self {
        let mut state = self.room.lock();
        state.taken.remove(&self.seat);
        self.seat.0 = Instant::now() + held;
        state.taken.insert(self.seat);
        drop(state);
        self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.seat.1 == NOBODY {
            return;
        }
        self.room.lock().taken.remove(&self.seat);
        self.room.hand_over();
    }
}

/// How long a place is kept for whoever it was handed to until that one is heard of, and how often those who wait look
/// for places that were not given back.
const A_WHILE: Duration = Duration::from_secs(1);
/// In [`A_WHILE`]: how often those look who came last.
const MOST_SELDOM: u32 = 5;
/// Who has no place. The first holder is 1.
const NOBODY: u64 = 0;

#[cfg(test)]
mod tests;
