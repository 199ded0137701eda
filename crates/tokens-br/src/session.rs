//! An authenticator on the user's store, and a runtime for one command.

use std::{future::Future, io, path::PathBuf};

use auth_common::{Authenticator, Error, Snapshot, StoreState, Token, TokenEndpoint};
use auth_store::{FileStore, user_key};

use crate::{
    outcome::{self, FAILED, Failure, Result},
    output,
    settings::Settings,
    vendors::Vendor,
};

/// What a command has of a vendor.
pub(crate) struct Session<V: Vendor> {
    pub(crate) authenticator: Authenticator<V::Endpoint>,
    folder: Option<PathBuf>,
}

/// What an authenticator of the vendor says.
type Answer<T, V> = std::result::Result<
    T,
    Error<<<V as auth_common::testing::Role>::Endpoint as TokenEndpoint>::ErrorResponse>,
>;

impl<V: Vendor> Session<V> {
    /// Nothing is asked yet. Without a store the command works, and says what that costs.
    pub(crate) fn open(settings: &Settings) -> Result<Self> {
        let mut builder = Authenticator::<V::Endpoint>::builder_from(&settings.vars)?
            .user_agent_prefix(concat!("tokens-br/", env!("CARGO_PKG_VERSION")));
        let mut folder = None;
        match store(V::word()).and_then(|store| Ok(store.with_key(user_key()?))) {
            Ok(store) => {
                folder = Some(store.folder().to_owned());
                builder = builder.store(store);
            }
            Err(error) => output::warning(&format!("{error}; {NOT_KEPT}")),
        }
        Ok(Self {
            authenticator: builder.build()?,
            folder,
        })
    }

    /// Asks the authenticator for something, and says so where the store is out of order.
    pub(crate) fn ask<T>(&self, asked: impl Future<Output = Answer<T, V>>) -> Result<Answer<T, V>> {
        let answer = interruptible(async { Ok(asked.await) })?;
        if let (StoreState::LeftAlone(_), Some(folder)) = (self.snapshot().store, &self.folder) {
            let folder = folder.display();
            output::warning(&format!("the store in {folder} cannot be used; {NOT_KEPT}"));
        }
        Ok(answer)
    }

    /// A token by the store, or by a login.
    pub(crate) fn token(&self) -> Result<Token> {
        let token = self.ask(self.authenticator.token())?;
        token.map_err(|error| Failure::new(outcome::code(error.kind()), self.words(&error)))
    }

    /// An error's words. Without a store the next call asks again, whatever the authenticator of this one would do.
    pub(crate) fn words<R>(&self, error: &Error<R>) -> String {
        let words = error.to_string();
        if self.is_kept() {
            return words;
        }
        words.replace("; not asked again before ", "; do not ask again before ")
    }

    /// Whether the next call knows what this one found out.
    pub(crate) fn is_kept(&self) -> bool {
        self.folder.is_some() && !matches!(self.snapshot().store, StoreState::LeftAlone(_))
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.authenticator.snapshot()
    }

    /// How the token came.
    pub(crate) fn source(&self) -> &'static str {
        let snapshot = self.snapshot();
        match (snapshot.logins, snapshot.refreshes) {
            (0, 0) => "store",
            (0, _) => "refresh token",
            _ => "login",
        }
    }
}

/// The store for one vendor: a folder of its own, so that it can be forgotten alone.
pub(crate) fn store(
    vendor: &str,
) -> std::result::Result<FileStore, auth_common::ConfigurationError> {
    let user = FileStore::user()?;
    Ok(FileStore::new(user.folder().join(vendor)))
}

/// Runs `work` to its end, or until a signal asks to stop.
pub(crate) fn interruptible<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(no_runtime)?;
    let outcome = runtime.block_on(async {
        let stopped = stop_signal().map_err(no_runtime)?;
        tokio::select! {
            biased;
            outcome = work => outcome,
            signal = stopped => Err(Failure::silent(128 + signal)),
        }
    });
    // A look-up that hangs in a thread keeps nobody.
    runtime.shutdown_background();
    outcome
}

/// The number of the signal that asks this process to stop.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = u8>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => 2,
            _ = terminate.recv() => 15,
            _ = hangup.recv() => 1,
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = u8>> {
    Ok(async {
        match tokio::signal::ctrl_c().await {
            Ok(()) => 2,
            Err(_) => std::future::pending().await,
        }
    })
}

fn no_runtime(error: io::Error) -> Failure {
    Failure::new(FAILED, format!("the system has no room left: {error}"))
}

const NOT_KEPT: &str = "the token is not kept: each call logs in, and sends a password again that was \
                        refused";
