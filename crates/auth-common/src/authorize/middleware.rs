use std::fmt;

use http::{Extensions, HeaderMap, StatusCode};
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};

use super::{Answer, AuthorizeRequest, Policy, answered};
use crate::{Authenticator, BaseUrl, TokenEndpoint};

/// A middleware of `reqwest-middleware` that attaches the `Authorization` header to calls of the vendor's API.
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
/// - Where no token can be had, the call fails with [`reqwest_middleware::Error::Middleware`], and `downcast_ref` has the
///   [`Error`](crate::Error) in it.
pub struct AuthorizeMiddleware<E: TokenEndpoint>(Policy<E>);

impl<E: TokenEndpoint> AuthorizeMiddleware<E> {
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

#[async_trait::async_trait]
impl<E: TokenEndpoint> Middleware for AuthorizeMiddleware<E> {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let repeat = request.repeat();
        let target = request.target();
        let policy = &self.0;
        let token = policy
            .attach(&mut request)
            .await
            .map_err(Error::middleware)?;
        let response = next.clone().run(request, extensions).await?;
        if !policy.after(&token, &target, &answer(&response)) {
            return Ok(response);
        }
        let Some(mut repeat) = repeat else {
            return Ok(response);
        };
        // An API with one worker cannot answer the repetition while it still sends this.
        drop(response);
        let token = policy
            .attach(&mut repeat)
            .await
            .map_err(Error::middleware)?;
        let response = next.run(repeat, extensions).await?;
        // An API that refuses a token that is new refuses all: that is worth knowing.
        policy.after(&token, &target, &answer(&response));
        Ok(response)
    }
}

fn answer(response: &Response) -> Answer<'_> {
    Answer {
        status: response.status(),
        headers: response.headers(),
        url: answered(response),
    }
}

impl<E: TokenEndpoint> Clone for AuthorizeMiddleware<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E: TokenEndpoint> fmt::Debug for AuthorizeMiddleware<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthorizeMiddleware").field(&self.0).finish()
    }
}
