use std::{fmt, pin::Pin, str::FromStr, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use zeroize::Zeroizing;

use super::{Request, Response};
use crate::{
    BaseUrl, TokenRequest, Transport,
    transport::{Answer, Fault, Scripted},
};

/// A vendor in the form of a function: no socket, no time but the test's own. It takes the place of the network.
///
/// ```
/// use auth_common::testing::{Response, Script};
///
/// let transport = Script::new(|request| match request.body() {
///     b"grant_type=password&username=u&password=p" => {
///         Ok(Response::json(200, r#"{"access_token":"t"}"#))
///     }
///     _ => Ok(Response::json(400, r#"{"error":"invalid_grant"}"#)),
/// })
/// .transport();
/// # let _ = transport;
/// ```
#[derive(Clone)]
pub struct Script(Arc<Answering>);

type Answering = dyn Fn(&Request) -> Result<Response, Outage> + Send + Sync;

impl Script {
    /// A vendor that answers each request by `answer`, which may keep state of its own, and may be out of order.
    pub fn new(
        answer: impl Fn(&Request) -> Result<Response, Outage> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(answer))
    }

    /// The transport that leads to it.
    pub fn transport(self) -> Transport {
        Transport::scripted(self)
    }

    async fn answer(&self, base: &BaseUrl, request: &TokenRequest) -> Result<Answer, Fault> {
        let uri = Uri::from_str(base.join(request.path()).as_str()).unwrap_or_default();
        let seen = Request::new(uri, request.headers(), request.body());
        match (self.0)(&seen) {
            Ok(response) => {
                // Tokio's shortest sleep is a millisecond, that of no time at all included.
                if !response.delay.is_zero() {
                    tokio::time::sleep(response.delay).await;
                }
                Ok(answer(response))
            }
            Err(Outage::Unreachable) => Err(Fault::not_sent("the script says so")),
            Err(Outage::Cut) => Err(Fault::cut("the script says so")),
            Err(Outage::Hang) => std::future::pending().await,
        }
    }
}

impl Scripted for Script {
    fn round_trip<'a>(
        &'a self,
        base: &'a BaseUrl,
        request: &'a TokenRequest,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, Fault>> + Send + 'a>> {
        Box::pin(self.answer(base, request))
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

/// Why a request gets no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outage {
    /// No connection: the vendor never sees the request.
    Unreachable,
    /// The request arrives, and the connection ends before the answer does.
    Cut,
    /// The request arrives, and nothing comes back.
    Hang,
}

fn answer(response: Response) -> Answer {
    let status = StatusCode::from_u16(response.status);
    let header = |(name, value): &(String, String)| {
        let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
        Some((HeaderName::from_str(name).ok()?, value))
    };
    let headers: HeaderMap = response.headers.iter().filter_map(header).collect();
    Answer::new(
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        &headers,
        Zeroizing::new(response.body.into_bytes()),
    )
}
