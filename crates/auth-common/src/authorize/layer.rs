use std::{
    error::Error as StdError,
    fmt,
    future::poll_fn,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderMap, StatusCode};
use tower_layer::Layer;
use tower_service::Service;
use url::Url;

use super::{Answer, AuthorizeRequest, Policy, answered};
use crate::{Authenticator, BaseUrl, TokenEndpoint};

/// A layer of `tower` that makes [`Authorize`]: the calls of its service carry the `Authorization` header.
///
/// - Only calls to the vendor's own origin pass: the scheme, host and port of the base URL. Any other fails with
///   [`Error::Configuration`](crate::Error::Configuration) before anything is sent, so that a token cannot leak by a
///   wrong URL.
/// - When the API answers 401, the very token that was sent is invalidated, another is asked for, and the call is
///   repeated **once**. Where its body can be read once only, the 401 is returned, and the next call brings another
///   token. A second 401 is returned as it is, and so is a first one when another login would not help (see
///   [`Invalidation::TooSoon`](crate::Invalidation::TooSoon)).
/// - Any other answer is passed on, a 403 as well: most APIs say by it that the caller lacks a permission, which another
///   token does not bring. For an API that refuses a dead token otherwise, there is
///   [`token_refused_when`](Self::token_refused_when).
/// - Where the HTTP client followed a redirect, nothing is repeated: the call has been carried out. A refusal by another
///   origin does not count against the token.
/// - Where no token can be had, the call fails with [`Error`](crate::Error), boxed: `downcast_ref` has it.
pub struct AuthorizeLayer<E: TokenEndpoint>(Policy<E>);

impl<E: TokenEndpoint> AuthorizeLayer<E> {
    /// For calls to the origin of the authenticator's base URL.
    pub fn new(authenticator: impl Into<Authenticator<E>>) -> Self {
        Self(Policy::new(authenticator.into()))
    }

    /// Lets calls to the origin of `base` pass as well, for a vendor whose API lives elsewhere than its tokens.
    #[must_use]
    pub fn and_for(self, base: BaseUrl) -> Self {
        Self(self.0.and_for(base))
    }

    #[doc = include_str!("../../docs/refused-token.md")]
    #[must_use]
    pub fn token_refused_when(
        self,
        refuses: impl Fn(StatusCode, &HeaderMap) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self(self.0.token_refused_when(refuses))
    }
}

impl<E: TokenEndpoint, S> Layer<S> for AuthorizeLayer<E> {
    type Service = Authorize<E, S>;

    fn layer(&self, inner: S) -> Authorize<E, S> {
        Authorize {
            policy: self.0.clone(),
            inner,
        }
    }
}

impl<E: TokenEndpoint> Clone for AuthorizeLayer<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E: TokenEndpoint> fmt::Debug for AuthorizeLayer<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthorizeLayer").field(&self.0).finish()
    }
}

/// A `tower` service whose calls carry the header; [`AuthorizeLayer`] makes it.
///
/// Its error is the inner service's own, or an [`Error`](crate::Error) about the token; both are boxed, and
/// `downcast_ref` tells them apart.
#[derive(Debug)]
pub struct Authorize<E: TokenEndpoint, S> {
    policy: Policy<E>,
    inner: S,
}

impl<E, S, C> Service<C> for Authorize<E, S>
where
    E: TokenEndpoint,
    C: AuthorizeRequest,
    S: Service<C> + Clone + Send + 'static,
    S::Response: AuthorizeResponse,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, mut call: C) -> Self::Future {
        // Only the service that said it is ready may be called: <https://docs.rs/tower/latest/tower/trait.Service.html#be-careful-when-cloning-inner-services>
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let policy = self.policy.clone();
        Box::pin(async move {
            let repeat = call.repeat();
            let target = call.target();
            let token = policy.attach(&mut call).await?;
            let response = inner.call(call).await.map_err(Into::into)?;
            if !policy.after(&token, &target, &answer(&response)) {
                return Ok(response);
            }
            let Some(mut repeat) = repeat else {
                return Ok(response);
            };
            drop(response);
            let token = policy.attach(&mut repeat).await?;
            poll_fn(|context| inner.poll_ready(context))
                .await
                .map_err(Into::into)?;
            let response = inner.call(repeat).await.map_err(Into::into)?;
            // An API that refuses a token that is new refuses all: that is worth knowing.
            policy.after(&token, &target, &answer(&response));
            Ok(response)
        })
    }
}

impl<E: TokenEndpoint, S: Clone> Clone for Authorize<E, S> {
    fn clone(&self) -> Self {
        Self {
            policy: self.policy.clone(),
            inner: self.inner.clone(),
        }
    }
}

/// A request of `http` whose body can be read once only, such as one that streams: it carries the header, and is never
/// repeated.
///
/// With the `map_request` of `tower`, it is put on above the layer and taken off below:
/// `.map_request(OneShot::from).layer(layer).map_request(OneShot::into_inner)`.
#[derive(Debug)]
pub struct OneShot<B>(http::Request<B>);

impl<B> OneShot<B> {
    /// The request.
    pub fn into_inner(self) -> http::Request<B> {
        self.0
    }
}

impl<B> From<http::Request<B>> for OneShot<B> {
    fn from(request: http::Request<B>) -> Self {
        Self(request)
    }
}

impl<B: Send + 'static> AuthorizeRequest for OneShot<B> {
    fn scheme(&self) -> &str {
        self.0.uri().scheme_str().unwrap_or_default()
    }

    fn host(&self) -> &str {
        self.0.uri().host().unwrap_or_default()
    }

    fn port(&self) -> Option<u16> {
        super::port(self.0.uri())
    }

    fn target(&self) -> String {
        self.0.uri().to_string()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.0.headers_mut()
    }

    fn repeat(&self) -> Option<Self> {
        None
    }
}

/// An answer that [`Authorize`] understands: a `reqwest::Response`, or an `http::Response`.
pub trait AuthorizeResponse: Send {
    /// The status.
    fn status(&self) -> StatusCode;

    /// The headers.
    fn headers(&self) -> &HeaderMap;

    /// Whose answer it is, where the HTTP client may have followed a redirect and tells; `None` where it does not.
    fn url(&self) -> Option<&Url> {
        None
    }
}

impl<B: Send> AuthorizeResponse for http::Response<B> {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }
}

impl AuthorizeResponse for reqwest::Response {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn url(&self) -> Option<&Url> {
        answered(self)
    }
}

fn answer(response: &impl AuthorizeResponse) -> Answer<'_> {
    Answer {
        status: response.status(),
        headers: response.headers(),
        url: response.url(),
    }
}

type BoxError = Box<dyn StdError + Send + Sync>;
