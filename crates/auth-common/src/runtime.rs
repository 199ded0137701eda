//! The caller's runtime, and what a flight needs of it.

use std::{panic, time::Duration};

use tokio::{runtime::Handle, time::sleep};

use crate::ConfigurationError;

/// The runtime of the caller, if it has timers.
pub(crate) fn current() -> Result<Handle, ConfigurationError> {
    let runtime = Handle::try_current().map_err(|_| {
        ConfigurationError::new(
            "runtime",
            "must be Tokio's: ask for a token from within one",
        )
    })?;
    // Tokio has no other way to ask. Where the answer is no, the panic hook hears of it.
    panic::catch_unwind(|| drop(sleep(Duration::ZERO))).map_err(|_| incomplete())?;
    Ok(runtime)
}

/// Whether the runtime of the caller has I/O, which the network needs. As with the timers, Tokio has no other way to ask.
#[cfg(not(shuttle))]
pub(crate) fn check_io() -> Result<(), ConfigurationError> {
    use std::net::{Ipv4Addr, UdpSocket};

    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
    let Some(socket) = socket
        .and_then(|it| it.set_nonblocking(true).map(|()| it))
        .ok()
    else {
        // Nobody has sockets here: that is another error, and the transport's to tell.
        return Ok(());
    };
    panic::catch_unwind(|| drop(tokio::net::UdpSocket::from_std(socket))).map_err(|_| incomplete())
}

#[cfg(shuttle)]
pub(crate) fn check_io() -> Result<(), ConfigurationError> {
    Ok(())
}

fn incomplete() -> ConfigurationError {
    ConfigurationError::new(
        "runtime",
        "must have time and I/O enabled: build it with `enable_all()`",
    )
}
