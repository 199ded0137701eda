//! What each measurement may come to: so many times its reference, unless it says otherwise.

use std::time::Duration;

/// A cached header, on one thread or two, against an `ArcSwap` load, one `Instant::now()` and a clone.
pub const CACHED_HEADER: f64 = 1.2;
/// The same of [`TENANTS`](crate::tenants::TENANTS) in random order.
pub const SCATTERED_HEADER: f64 = 1.5;
/// Allocations of a cached call.
pub const CACHED_ALLOCATIONS: u64 = 0;
/// A login with nothing cached, against the same request by bare reqwest in a task of its own.
pub const COLD_LOGIN: f64 = 1.1;
/// The same over TLS.
pub const COLD_LOGIN_OVER_TLS: f64 = 1.08;
/// The processor time of a login while [`TENANTS`](crate::tenants::TENANTS) log in at once, against bare reqwest.
pub const CROWD_TIME: f64 = 1.15;
/// The resident memory at the peak meanwhile, against bare reqwest.
pub const CROWD_MEMORY: f64 = 1.3;
/// [`CALLERS`](crate::callers::CALLERS) at once with nothing cached, less the cost of as many tasks, against the
/// server's own delay.
pub const COLD_CALLERS: f64 = 1.3;
/// Requests that these callers cause.
pub const COLD_CALLERS_REQUESTS: u64 = 1;
/// The slowest call of a loop across renewals, against the server's own delay.
pub const SLOWEST_DURING_RENEWAL: f64 = 0.2;
/// The processor time to read the most laborious refusal that the transport lets through, beyond that of bare reqwest,
/// which only receives it. A runtime of one thread stands still meanwhile.
pub const WORST_REFUSAL: Duration = Duration::from_millis(5);
/// The same of a usual refusal.
pub const USUAL_REFUSAL: Duration = Duration::from_micros(50);
/// Bytes of an authenticator that was never asked, on a shared transport.
pub const TENANT_BYTES: u64 = 2 * 1024;
/// Bytes of an authenticator that holds a token.
pub const TENANT_BYTES_WITH_TOKEN: u64 = 2 * 1024 + 512;
/// The time to build [`TENANTS`](crate::tenants::TENANTS), after the first.
pub const BUILDING_TENANTS: Duration = Duration::from_millis(50);
/// Crates that a program compiles beyond those of the same program on bare reqwest: two of them for the clock that goes
/// on while the machine sleeps.
pub const EXTRA_CRATES: u64 = 11;
/// A clean release build of such a program, against the one on bare reqwest.
pub const BUILD_TIME: f64 = 1.15;
/// Its stripped size with any library for TLS, against the one on bare reqwest.
pub const STRIPPED_SIZE: f64 = 1.1;
/// The processor time of such a program with the operating system's library for TLS, against the one on bare reqwest.
pub const START_WITH_NATIVE_TLS: f64 = 1.05;
/// The stripped size of `tokens-br` in the profile `dist`, in bytes.
pub const COMMAND_SIZE: u64 = 6 * 1024 * 1024;
/// From its start to a header from the store.
pub const COMMAND_HEADER: Duration = Duration::from_millis(20);
/// The memory that this takes at most, in bytes.
pub const COMMAND_MEMORY: u64 = 12 * 1024 * 1024;
/// A cached header with a store configured, against the same without: a little for the noise.
pub const STORE_CACHED_HEADER: f64 = 1.05;
/// The last of 64 processes that start with nothing in the store has the header so long after the vendor's answer.
pub const STORE_COLD_START: Duration = Duration::from_millis(600);
/// From the start of a program to its first header, where the fleet has a token, beyond one that opens a connection to
/// Redis.
pub const STORE_WARM_START: Duration = Duration::from_millis(5);
/// What is waited for meanwhile: to connect, and to read.
pub const STORE_ROUND_TRIPS: u64 = 2;
/// Operations on the store per process and renewal, where nobody fails.
pub const STORE_OPERATIONS: f64 = 3.0;
/// What a store that stands still costs the first call.
pub const STORE_STOPPED_FIRST_CALL: Duration = Duration::from_millis(1510);
/// What it costs later: nothing, but for noise.
pub const STORE_STOPPED_LATER_CALLS: Duration = Duration::from_micros(200);
/// How long the one thread of a runtime does nothing else in a cold start.
pub const STORE_HOLDS_UP: Duration = Duration::from_millis(5);
/// To seal a record of 4 KiB, and to open it.
pub const SEALING: Duration = Duration::from_micros(50);
