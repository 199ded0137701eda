//! Looks names up, on threads of its own: a name server that never answers keeps no runtime from ending, and the error
//! tells that it was the name.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    process,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::watch;

/// The system's resolver. One look-up of a name is under way at a time, however many wait for it: one that hangs takes
/// one thread, and not one more with each retry.
///
/// Clones are the same resolver.
#[derive(Clone)]
pub(super) struct Resolver {
    look_up: Arc<LookingUp>,
    under_way: Arc<Mutex<Vec<LookUp>>>,
}

type LookingUp = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

struct LookUp {
    name: String,
    /// The process whose thread it is: the child of a fork has not got it.
    process: u32,
    outcome: watch::Receiver<Outcome>,
}

/// `None` until it is there.
type Outcome = Option<Result<Vec<SocketAddr>, String>>;

impl Resolver {
    pub(super) fn new(
        look_up: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            look_up: Arc::new(look_up),
            under_way: Arc::default(),
        }
    }

    pub(super) fn of_the_system() -> Self {
        Self::new(|name| Ok((name, ANY_PORT).to_socket_addrs()?.collect()))
    }

    /// Whether a look-up of `name` is under way.
    pub(super) fn is_looking_up(&self, name: &str) -> bool {
        let under_way = self.under_way.try_lock();
        under_way.is_ok_and(|under_way| under_way.iter().any(|it| it.is_of(name)))
    }

    fn ask(&self, name: &str) -> io::Result<watch::Receiver<Outcome>> {
        // Whoever held the lock as the process forked is not in its child, so nobody waits for it here.
        let Ok(mut under_way) = self.under_way.try_lock() else {
            return self.start(name);
        };
        if let Some(known) = under_way.iter().find(|it| it.is_of(name)) {
            return Ok(known.outcome.clone());
        }
        under_way.retain(|it| it.name != name);
        let outcome = self.start(name)?;
        under_way.push(LookUp {
            name: name.to_owned(),
            process: process::id(),
            outcome: outcome.clone(),
        });
        Ok(outcome)
    }

    fn start(&self, name: &str) -> io::Result<watch::Receiver<Outcome>> {
        let (told, outcome) = watch::channel(None);
        let (resolver, name) = (self.clone(), name.to_owned());
        thread::Builder::new()
            .name("auth-common-dns".into())
            .spawn(move || {
                let addresses = (resolver.look_up)(&name).map_err(|error| error.to_string());
                told.send_replace(Some(addresses));
                let under_way = resolver.under_way.lock();
                let mut under_way = under_way.unwrap_or_else(PoisonError::into_inner);
                under_way.retain(|it| it.name != name);
            })?;
        Ok(outcome)
    }
}

impl LookUp {
    fn is_of(&self, name: &str) -> bool {
        // One that panicked has let go of the other end.
        let is_running = self.outcome.borrow().is_none() && self.outcome.has_changed().is_ok();
        self.name == name && self.process == process::id() && is_running
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let asked = self.ask(name.as_str());
        Box::pin(async move {
            let mut outcome = asked.map_err(|error| {
                format!("no thread to look its name up could be started: {error}")
            })?;
            let outcome = outcome.wait_for(Option::is_some).await?;
            match &*outcome {
                Some(Ok(addresses)) => Ok(Box::new(addresses.clone().into_iter()) as Addrs),
                Some(Err(reason)) => Err(reason.clone().into()),
                None => Err("its name was not looked up".into()),
            }
        })
    }
}

/// The HTTP library puts that of the URL in its place.
const ANY_PORT: u16 = 0;

#[cfg(test)]
mod tests;
