use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};

use super::{Authorize, Call};
use crate::TokenEndpoint;

#[async_trait::async_trait]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest-middleware")))]
impl<E: TokenEndpoint> Middleware for Authorize<E> {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let repeat = request.repeat();
        let token = self.attach(&mut request).await.map_err(Error::middleware)?;
        let response = next.clone().run(request, extensions).await?;
        if self.after(&token, response.status()).is_break() {
            return Ok(response);
        }
        let Some(mut repeat) = repeat else {
            return Ok(response);
        };
        self.attach(&mut repeat).await.map_err(Error::middleware)?;
        next.run(repeat, extensions).await
    }
}
