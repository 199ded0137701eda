use std::{
    error::Error as StdError,
    future::poll_fn,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderMap, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use super::{Authorize, Call};
use crate::TokenEndpoint;

impl<E: TokenEndpoint, S> Layer<S> for Authorize<E> {
    type Service = Authorized<E, S>;

    fn layer(&self, inner: S) -> Authorized<E, S> {
        Authorized {
            authorize: self.clone(),
            inner,
        }
    }
}

/// A service whose calls carry the header; [`Authorize`] makes it, as a layer.
///
/// Its error is the inner service's own, or an [`Error`](crate::Error) about the token; both are boxed, and
/// `downcast_ref` tells them apart.
#[derive(Debug)]
pub struct Authorized<E: TokenEndpoint, S> {
    authorize: Authorize<E>,
    inner: S,
}

impl<E, S, C> Service<C> for Authorized<E, S>
where
    E: TokenEndpoint,
    C: Call,
    S: Service<C> + Clone + Send + 'static,
    S::Response: Answer,
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
        // The one that is ready goes along; the clone that takes its place is yet to be.
        let fresh = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, fresh);
        let authorize = self.authorize.clone();
        Box::pin(async move {
            let repeat = call.repeat();
            let token = authorize.attach(&mut call).await?;
            let response = inner.call(call).await.map_err(Into::into)?;
            if authorize.after(&token, response.status()).is_break() {
                return Ok(response);
            }
            let Some(mut repeat) = repeat else {
                return Ok(response);
            };
            drop(response);
            authorize.attach(&mut repeat).await?;
            poll_fn(|context| inner.poll_ready(context))
                .await
                .map_err(Into::into)?;
            inner.call(repeat).await.map_err(Into::into)
        })
    }
}

impl<E: TokenEndpoint, S: Clone> Clone for Authorized<E, S> {
    fn clone(&self) -> Self {
        Self {
            authorize: self.authorize.clone(),
            inner: self.inner.clone(),
        }
    }
}

/// A request of `http` whose body can be read once only, such as one that streams: it carries the header, and is never
/// repeated.
///
/// With the `map_request` of `tower`, it is put on above the layer and taken off below:
/// `.map_request(OneShot::from).layer(authorize).map_request(OneShot::into_inner)`.
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

impl<B: Send + 'static> Call for OneShot<B> {
    fn scheme(&self) -> &str {
        self.0.uri().scheme_str().unwrap_or_default()
    }

    fn host(&self) -> &str {
        self.0.uri().host().unwrap_or_default()
    }

    fn port(&self) -> Option<u16> {
        self.0.uri().port_u16()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.0.headers_mut()
    }

    fn repeat(&self) -> Option<Self> {
        None
    }
}

/// An answer that [`Authorized`] understands: a `reqwest::Response`, or an `http::Response`.
pub trait Answer: Send {
    /// The status.
    fn status(&self) -> StatusCode;
}

impl<B: Send> Answer for http::Response<B> {
    fn status(&self) -> StatusCode {
        self.status()
    }
}

impl Answer for reqwest::Response {
    fn status(&self) -> StatusCode {
        self.status()
    }
}

type BoxError = Box<dyn StdError + Send + Sync>;
