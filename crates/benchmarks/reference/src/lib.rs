//! What a cached header is measured against: the least that can be done.

use std::{
    error, fmt,
    future::ready,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use http::HeaderValue;

/// A load, a look at one clock, a clone; and what is seldom needed is out of line, as in any cache that somebody has
/// measured.
#[derive(Debug)]
pub struct Reference(ArcSwap<Current>);

#[derive(Debug)]
struct Current {
    authorization: HeaderValue,
    good_until: Instant,
}

impl Reference {
    /// A cache that serves `authorization` for an hour.
    pub fn new(authorization: HeaderValue) -> Self {
        Self(ArcSwap::from_pointee(Current {
            authorization,
            good_until: Instant::now() + HOUR,
        }))
    }

    /// A cache that serves what `other` serves, out of the same memory, until that is replaced.
    pub fn sharing(other: &Self) -> Self {
        Self(ArcSwap::new(other.0.load_full()))
    }

    /// Serves `authorization` from now on, for an hour.
    pub fn replace(&self, authorization: HeaderValue) {
        self.0.store(Arc::new(Current {
            authorization,
            good_until: Instant::now() + HOUR,
        }));
    }

    /// The header.
    ///
    /// # Errors
    ///
    /// When the hour is over.
    #[inline]
    pub async fn authorization(&self) -> Result<HeaderValue, Expired> {
        {
            let current = self.0.load();
            if Instant::now() < current.good_until {
                return Ok(current.authorization.clone());
            }
        }
        self.obtain().await
    }

    /// Where a cache would ask for another.
    #[cold]
    fn obtain(&self) -> Pin<Box<dyn Future<Output = Result<HeaderValue, Expired>> + Send>> {
        Box::pin(ready(Err(Expired)))
    }
}

/// The hour is over.
#[derive(Debug)]
pub struct Expired;

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the benchmark took more than an hour")
    }
}

impl error::Error for Expired {}

const HOUR: Duration = Duration::from_secs(3600);
