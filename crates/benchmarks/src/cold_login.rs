//! A login with nothing cached, over a new connection.

use std::time::{Duration, Instant};

use directlink_auth::{Authenticator, Transport};
use http::{HeaderValue, header};
use tokio::runtime::Runtime;

use crate::{
    Result, budgets, rounds,
    server::{PASSWORD, Server, USERNAME},
    table::Row,
};

/// The same request by bare reqwest, with the same settings.
#[derive(Debug)]
pub struct Bare {
    client: reqwest::Client,
    url: String,
}

impl Bare {
    /// A client that asks `server`.
    ///
    /// # Errors
    ///
    /// When the platform's root certificates cannot be loaded.
    pub fn new(server: &Server) -> Result<Self> {
        let client = reqwest::Client::builder()
            .http1_only()
            .http1_max_headers(64)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .pool_max_idle_per_host(0)
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
            .user_agent("directlink-auth/0.1.0")
            .build()?;
        let url = format!("{}/directlink/v1/oauth2/token", server.url());
        Ok(Self { client, url })
    }

    /// The header, fresh from the server.
    ///
    /// # Errors
    ///
    /// When there is no token in the answer, or no answer.
    pub async fn authorization(&self) -> Result<HeaderValue> {
        let answer: serde_json::Value = self
            .client
            .post(&self.url)
            .header(header::ACCEPT, "application/json")
            .form(&[
                ("grant_type", "password"),
                ("username", USERNAME),
                ("password", PASSWORD),
            ])
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        let token = answer["access_token"].as_str().ok_or("no token")?;
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}"))?;
        authorization.set_sensitive(true);
        Ok(authorization)
    }
}

/// An authenticator that has no token yet. To build it is no part of a login, as little as to build a client.
///
/// # Errors
///
/// Never: the address and the credentials are good.
pub fn authenticator(server: &Server, transport: &Transport) -> Result<Authenticator> {
    Ok(server.builder()?.transport(transport.clone()).build()?)
}

/// The time of a login, on either kind of runtime.
///
/// # Errors
///
/// When a login fails.
pub fn times() -> Result<Vec<Row>> {
    let single = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let runtimes = [("one thread", single), ("worker threads", Runtime::new()?)];
    let server = Server::start(Duration::ZERO, Duration::from_secs(3600))?;
    let transport = Transport::shared()?;
    let bare = Bare::new(&server)?;
    runtimes
        .into_iter()
        .map(|(label, runtime)| {
            let (ours, reference) = rounds::medians(
                ROUNDS,
                || {
                    let authenticator = authenticator(&server, &transport)?;
                    Ok(time(&runtime, authenticator.authorization())?)
                },
                || time(&runtime, bare.authorization()),
            )?;
            let measure = format!("cold login, runtime of {label}");
            Ok(Row::ratio(measure, ours, reference, budgets::COLD_LOGIN))
        })
        .collect()
}

fn time<T, E>(
    runtime: &Runtime,
    login: impl Future<Output = std::result::Result<T, E>>,
) -> std::result::Result<Duration, E> {
    let started = Instant::now();
    let header = runtime.block_on(login)?;
    let took = started.elapsed();
    drop(header);
    Ok(took)
}

const ROUNDS: usize = 2_001;
