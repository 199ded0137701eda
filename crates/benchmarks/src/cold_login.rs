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
#[derive(Debug, Clone)]
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
        Self::with(server, |client| client)
    }

    fn with(
        server: &Server,
        set: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Self> {
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
            .user_agent("directlink-auth/0.1.0");
        let client = set(client).build()?;
        let url = format!("{}/directlink/v1/oauth2/token", server.url());
        Ok(Self { client, url })
    }

    /// Where it asks, and by what.
    #[cfg(feature = "peers")]
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    #[cfg(feature = "peers")]
    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
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
            .header(header::ACCEPT_ENCODING, "identity")
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

/// An authenticator that has no token yet. To build it is no part of a login, as little as to build a client, nor is to
/// drop it.
///
/// # Errors
///
/// Never: the address and the credentials are good.
pub fn authenticator(server: &Server, transport: &Transport) -> Result<Authenticator> {
    Ok(server.builder()?.transport(transport.clone()).build()?)
}

/// The time of a login on either kind of runtime, from a server that closes each connection and from one that keeps it
/// open.
///
/// A login of ours is a task of its own, so that it goes on when its caller is dropped; so the reference is one as well.
/// Whoever waits for another task is woken when the connection has been taken down, which takes longest where the server
/// has not done that. Bare reqwest without a task is told beside it, without a budget.
///
/// # Errors
///
/// When a login fails.
pub fn times() -> Result<Vec<Row>> {
    let runtimes = [
        ("one thread", single()?),
        ("worker threads", Runtime::new()?),
    ];
    let servers = [
        ("closed", Server::start(Duration::ZERO, HOUR)?),
        ("kept open", Server::keeping(Duration::ZERO)?),
    ];
    let transport = Transport::shared()?;
    let mut rows = Vec::new();
    for (connection, server) in &servers {
        let bare = Bare::new(server)?;
        for (threads, runtime) in &runtimes {
            let (ours, reference) = medians(ROUNDS, runtime, server, &transport, || {
                in_another_task(by(bare.clone()))
            })?;
            let measure = format!("cold login, connection {connection}, {threads}");
            rows.push(Row::ratio(measure, ours, reference, budgets::COLD_LOGIN));
        }
    }
    let [_, (_, server)] = &servers;
    let bare = Bare::new(server)?;
    for (threads, runtime) in &runtimes {
        let (ours, reference) = medians(ROUNDS, runtime, server, &transport, || by(bare.clone()))?;
        let measure =
            format!("cold login, connection kept open, {threads}: reference without a task");
        rows.push(Row::told(measure, ours, reference));
    }
    Ok(rows)
}

/// The time of a login on one thread beside that of another way to log in, which is a task of its own as well.
#[cfg(feature = "peers")]
pub(crate) fn beside<L>(
    measure: &str,
    server: &Server,
    transport: &Transport,
    other: impl Fn() -> L,
) -> Result<Row>
where
    L: Future<Output = Result<HeaderValue>> + Send + 'static,
{
    let runtime = single()?;
    let (ours, reference) = medians(ROUNDS, &runtime, server, transport, || {
        in_another_task(other())
    })?;
    Ok(Row::told(measure, ours, reference))
}

/// The time of a login over TLS.
///
/// # Errors
///
/// When a login fails.
pub fn over_tls() -> Result<Vec<Row>> {
    let (server, certificate) = Server::with_tls()?;
    let transport = Transport::builder()
        .no_proxy()
        .root_certificate(certificate.as_bytes())
        .build()?;
    let certificate = reqwest::Certificate::from_pem(certificate.as_bytes())?;
    let bare = Bare::with(&server, |client| client.tls_certs_merge([certificate]))?;
    let runtime = single()?;
    let (ours, reference) = medians(ROUNDS_OVER_TLS, &runtime, &server, &transport, || {
        in_another_task(by(bare.clone()))
    })?;
    Ok(vec![Row::ratio(
        "cold login over TLS, one thread",
        ours,
        reference,
        budgets::COLD_LOGIN_OVER_TLS,
    )])
}

/// A login that goes on when its caller is dropped.
pub(crate) async fn in_another_task(
    login: impl Future<Output = Result<HeaderValue>> + Send + 'static,
) -> Result<HeaderValue> {
    let login = async move { login.await.map_err(|error| error.to_string()) };
    Ok(tokio::spawn(login).await??)
}

async fn by(bare: Bare) -> Result<HeaderValue> {
    bare.authorization().await
}

async fn ours(authenticator: Authenticator) -> Result<HeaderValue> {
    Ok(authenticator.authorization().await?)
}

fn single() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

/// The time of a login of ours beside that of another way to log in, of so many rounds each run.
fn medians<L>(
    rounds: usize,
    runtime: &Runtime,
    server: &Server,
    transport: &Transport,
    other: impl Fn() -> L,
) -> Result<(Duration, Duration)>
where
    L: Future<Output = Result<HeaderValue>> + Send + 'static,
{
    rounds::middle_of_runs(|| {
        rounds::medians(
            rounds,
            || time_of(runtime, server, transport, ours),
            || time_of(runtime, server, transport, |_| other()),
        )
    })
}

/// The time of a login in a task. It is given an authenticator without a token, whether or not it needs one: what was
/// done just before a login shows in its time, since the server has more or less of the last connection still to take
/// down then, and is more or less awake.
fn time_of<L>(
    runtime: &Runtime,
    server: &Server,
    transport: &Transport,
    login: impl FnOnce(Authenticator) -> L,
) -> Result<Duration>
where
    L: Future<Output = Result<HeaderValue>> + Send + 'static,
{
    let authenticator = authenticator(server, transport)?;
    let login = login(authenticator.clone());
    let task = runtime.spawn(async {
        let started = Instant::now();
        let header = login.await.map_err(|error| error.to_string());
        header.map(|_| started.elapsed())
    });
    Ok(runtime.block_on(task)??)
}

const HOUR: Duration = Duration::from_secs(3600);
const ROUNDS: usize = 301;
const ROUNDS_OVER_TLS: usize = 151;
