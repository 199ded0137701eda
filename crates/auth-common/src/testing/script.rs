use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use url::Url;
use zeroize::Zeroizing;

use crate::{
    BaseUrl, TokenRequest, Transport,
    error::Cause,
    retry::Setback,
    transport::{Answer, Fault},
};

/// A vendor in the form of a function: no socket, no time but the test's own. It takes the place of the network.
///
/// ```
/// use auth_common::testing::{Reply, Script};
///
/// let transport = Script::new(|call| match call.body() {
///     b"grant_type=password&username=u&password=p" => Reply::json(200, r#"{"access_token":"t"}"#),
///     _ => Reply::json(400, r#"{"error":"invalid_grant"}"#),
/// })
/// .transport();
/// # let _ = transport;
/// ```
#[derive(Clone)]
pub struct Script(Arc<dyn Fn(&Call) -> Reply + Send + Sync>);

impl Script {
    /// A vendor that answers each request by `answer`, which may keep state of its own.
    pub fn new(answer: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }

    /// The transport that leads to it.
    pub fn transport(self) -> Transport {
        Transport::scripted(self)
    }

    pub(crate) async fn exchange(
        &self,
        base: &BaseUrl,
        request: &TokenRequest,
    ) -> Result<Answer, Fault> {
        let call = Call {
            url: base.join(request.path()),
            headers: request.headers().clone(),
            body: request.body().to_vec(),
        };
        let reply = (self.0)(&call);
        tokio::time::sleep(reply.delay).await;
        match reply.outcome {
            Outcome::Answer => {
                let body = Zeroizing::new(reply.body);
                Ok(Answer::new(reply.status, &reply.headers, body))
            }
            Outcome::Unreachable => Err(Fault {
                setback: Setback::NotSent,
                cause: Cause::NotSent("the script says so".into()),
            }),
            Outcome::Cut => Err(Fault::sent(Cause::Cut("the script says so".into()))),
            Outcome::Hang => std::future::pending().await,
        }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

/// A request as the vendor would see it.
pub struct Call {
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Call {
    /// Where it went.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Its headers, without those that the HTTP library adds.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Its body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call")
    }
}

/// What the vendor does about a request.
#[must_use]
pub struct Reply {
    outcome: Outcome,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    delay: Duration,
}

enum Outcome {
    Answer,
    Unreachable,
    Cut,
    Hang,
}

impl Reply {
    /// An answer with this status (500 if it is none) and body.
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            outcome: Outcome::Answer,
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::new(),
            body: body.into(),
            delay: Duration::ZERO,
        }
    }

    /// No connection: the vendor never sees the request.
    pub fn unreachable() -> Self {
        Self::without_answer(Outcome::Unreachable)
    }

    /// The request arrives, and the connection ends before the answer does.
    pub fn cut() -> Self {
        Self::without_answer(Outcome::Cut)
    }

    /// The request arrives, and nothing comes back.
    pub fn hang() -> Self {
        Self::without_answer(Outcome::Hang)
    }

    /// Adds a header.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Takes so long to answer, on the clock of the Tokio runtime.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    fn without_answer(outcome: Outcome) -> Self {
        Self {
            outcome,
            ..Self::json(500, "")
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({})", self.status)
    }
}
