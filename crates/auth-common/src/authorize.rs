use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use http::{HeaderMap, StatusCode, header};
use url::Url;

use crate::{
    Authenticator, BaseUrl, ConfigurationError, Error, Invalidation, Token, TokenEndpoint,
    invalidation::Evidence,
};

#[cfg(feature = "tower")]
mod layer;
#[cfg(feature = "reqwest-middleware")]
mod middleware;

#[cfg(feature = "tower")]
pub use layer::{Authorize, AuthorizeLayer, AuthorizeResponse, OneShot};
#[cfg(feature = "reqwest-middleware")]
pub use middleware::AuthorizeMiddleware;

/// Where the header is attached, and what follows when the API refuses it: the same for the layer and the middleware.
struct Policy<E: TokenEndpoint> {
    authenticator: Authenticator<E>,
    origins: Vec<BaseUrl>,
    refuses: Arc<Refuses>,
    accepted: Arc<Accepted>,
}

/// Whether an answer of this status, with these headers, refuses the token.
type Refuses = dyn Fn(StatusCode, &HeaderMap) -> bool + Send + Sync;

/// The answer to a call, as far as it tells of the token.
struct Answer<'a> {
    status: StatusCode,
    headers: &'a HeaderMap,
    /// Whose it is, where that is known.
    url: Option<&'a Url>,
}

impl<E: TokenEndpoint> Policy<E> {
    fn new(authenticator: Authenticator<E>) -> Self {
        let origins = vec![authenticator.base_url().clone()];
        Self {
            authenticator,
            origins,
            refuses: Arc::new(|status, _| status == StatusCode::UNAUTHORIZED),
            accepted: Arc::new(Accepted::default()),
        }
    }

    fn and_for(mut self, base: BaseUrl) -> Self {
        self.origins.push(base);
        self
    }

    fn token_refused_when(
        mut self,
        refuses: impl Fn(StatusCode, &HeaderMap) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.refuses = Arc::new(refuses);
        self
    }

    /// Checks where a call goes, and attaches the header.
    async fn attach(
        &self,
        call: &mut impl AuthorizeRequest,
    ) -> Result<Token, Error<E::ErrorResponse>> {
        if call.port() == Some(NO_PORT) {
            let rule = "must have a port from 1 to 65535, or none";
            return Err(ConfigurationError::new("request URL", rule).into());
        }
        if !self.origins.iter().any(|base| goes_to(call, base)) {
            return Err(ConfigurationError::new(
                "request URL",
                format!(
                    "must have the origin of {}: the token of {} is for nobody else",
                    self.authenticator.base_url(),
                    E::VENDOR
                ),
            )
            .into());
        }
        let token = self.authenticator.token().await?;
        let headers = call.headers_mut();
        headers.insert(header::AUTHORIZATION, token.authorization());
        Ok(token)
    }

    /// Tells the authenticator when the `answer` to a call that went to `target` refuses its token, and returns whether
    /// the call is to be repeated with another.
    ///
    /// An HTTP client that follows redirects hands out somebody else's answer, or one to another request. What a stranger
    /// thinks of the token does not count; and a call whose redirect was refused has been carried out already.
    fn after(&self, token: &Token, target: &str, answer: &Answer<'_>) -> bool {
        let redirected = answer.url.filter(|url| url.as_str() != target);
        if !(self.refuses)(answer.status, answer.headers) {
            if answer.status.is_success() && redirected.is_none() {
                self.accepted.note(token, target);
            }
            return false;
        }
        if redirected.is_some_and(|url| !self.is_the_vendors(url)) {
            return false;
        }
        let evidence = if self.accepted.knows(token, target) {
            Evidence::AcceptedBefore
        } else {
            Evidence::None
        };
        let another = matches!(
            self.authenticator.invalidate_on(token, evidence),
            Invalidation::Accepted | Invalidation::AlreadyReplaced
        );
        another && redirected.is_none()
    }

    fn is_the_vendors(&self, url: &Url) -> bool {
        self.origins
            .iter()
            .any(|base| base.as_url().origin() == url.origin())
    }
}

impl<E: TokenEndpoint> Clone for Policy<E> {
    fn clone(&self) -> Self {
        Self {
            authenticator: self.authenticator.clone(),
            origins: self.origins.clone(),
            refuses: Arc::clone(&self.refuses),
            accepted: Arc::clone(&self.accepted),
        }
    }
}

impl<E: TokenEndpoint> fmt::Debug for Policy<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("authenticator", &self.authenticator)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

/// Which endpoints accepted which token, as far as it is known: one that did, and refuses the same token now, does not
/// refuse every token.
///
/// An endpoint takes the place of another now and then, which is forgotten with that.
struct Accepted([AtomicU32; ENDPOINTS]);

impl Accepted {
    fn note(&self, token: &Token, target: &str) {
        let key = Self::key(token, target);
        if let Some(slot) = self.slot(key) {
            slot.store(key, Ordering::Relaxed);
        }
    }

    fn knows(&self, token: &Token, target: &str) -> bool {
        let key = Self::key(token, target);
        let slot = self.slot(key);
        slot.is_some_and(|slot| slot.load(Ordering::Relaxed) == key)
    }

    fn slot(&self, key: u32) -> Option<&AtomicU32> {
        self.0.get(key as usize % ENDPOINTS)
    }

    /// An endpoint is a path without the query and the ids in it.
    fn key(token: &Token, target: &str) -> u32 {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        token.generation().hash(&mut hasher);
        for segment in path.split('/') {
            let is_id = segment.contains(|c: char| c.is_ascii_digit());
            (if is_id { "" } else { segment }).hash(&mut hasher);
        }
        // 0 is a free slot.
        (hasher.finish() as u32).max(1)
    }
}

impl Default for Accepted {
    fn default() -> Self {
        Self([const { AtomicU32::new(0) }; ENDPOINTS])
    }
}

/// Far more than a program calls; a kilobyte.
const ENDPOINTS: usize = 256;

/// A request that can carry the header: a `reqwest::Request`, an `http::Request` whose body is `Clone`, or with the
/// feature `tower` any other in a `OneShot`.
pub trait AuthorizeRequest: Sized + Send + 'static {
    /// The scheme, such as `https`.
    fn scheme(&self) -> &str;

    /// The host, an IPv6 address in brackets.
    fn host(&self) -> &str;

    /// The port, where one is given; 0 where it is none, such as 65536: then the call is refused.
    fn port(&self) -> Option<u16>;

    /// Where it goes, as text: path and query too.
    fn target(&self) -> String;

    /// The headers.
    fn headers_mut(&mut self) -> &mut HeaderMap;

    /// The same request once more; `None` when its body can be read once only.
    fn repeat(&self) -> Option<Self>;
}

impl AuthorizeRequest for reqwest::Request {
    fn scheme(&self) -> &str {
        self.url().scheme()
    }

    fn host(&self) -> &str {
        self.url().host_str().unwrap_or_default()
    }

    fn port(&self) -> Option<u16> {
        self.url().port()
    }

    fn target(&self) -> String {
        self.url().to_string()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn repeat(&self) -> Option<Self> {
        self.try_clone()
    }
}

impl<B: Clone + Send + 'static> AuthorizeRequest for http::Request<B> {
    fn scheme(&self) -> &str {
        self.uri().scheme_str().unwrap_or_default()
    }

    fn host(&self) -> &str {
        self.uri().host().unwrap_or_default()
    }

    fn port(&self) -> Option<u16> {
        port(self.uri())
    }

    fn target(&self) -> String {
        self.uri().to_string()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn repeat(&self) -> Option<Self> {
        Some(self.clone())
    }
}

/// The type of the URI keeps any digits, and tells of no port where they are too many: an HTTP client would go to the
/// default one.
fn port(uri: &http::Uri) -> Option<u16> {
    let authority = uri.authority()?;
    let (_, port) = authority.as_str().rsplit_once(':')?;
    // In an IPv6 address, and after a user name.
    if port.contains([']', '@']) || port.is_empty() {
        return None;
    }
    Some(port.parse().unwrap_or(NO_PORT))
}

/// Nothing listens there.
const NO_PORT: u16 = 0;

/// Where an answer of `reqwest` came from; `None` where a middleware made it up, and with it a URL.
fn answered(response: &reqwest::Response) -> Option<&Url> {
    Some(response.url()).filter(|url| url.host_str() != Some(MADE_UP))
}

/// What `reqwest` puts into a response that is made of one of `http`.
const MADE_UP: &str = "no.url.provided.local";

fn goes_to(call: &impl AuthorizeRequest, base: &BaseUrl) -> bool {
    let base = base.as_url();
    let default_port = match call.scheme() {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    };
    base.scheme() == call.scheme()
        && base
            .host_str()
            .is_some_and(|host| host.eq_ignore_ascii_case(call.host()))
        && base.port_or_known_default() == call.port().or(default_port)
}
