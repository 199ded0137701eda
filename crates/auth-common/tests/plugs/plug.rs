//! The three ways to plug an authenticator into a program, told apart by a type: what is proven of one is proven of all.

use std::{
    cell::Cell,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    task::{Context, Poll},
};

use auth_common::{
    Authenticator, Authorize, AuthorizeLayer, AuthorizeMiddleware, AuthorizeRequest,
    AuthorizeResponse, BaseUrl, Error, OneShot,
};
use http::{Extensions, HeaderMap, StatusCode, Uri, header};
use reqwest::Body;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next};
use tower_layer::Layer;
use tower_service::Service;

use crate::vendor::{Problem, Sample};

/// Sends calls that carry the header.
pub(crate) trait Plug: Clone + Send + 'static {
    /// For calls to the origin of the authenticator, and to `others`.
    fn new(authenticator: Authenticator<Sample>, others: &[BaseUrl], beyond: &Beyond) -> Self;

    /// The same, with a rule of its own for which answers refuse the token.
    fn judging(
        authenticator: Authenticator<Sample>,
        others: &[BaseUrl],
        beyond: &Beyond,
        refuses: Refuses,
    ) -> Self;

    /// A call by GET, with a body that can be repeated. The only failures that a test expects are about the token.
    fn get(&self, url: &str) -> impl Future<Output = Outcome> + Send;
}

pub(crate) type Refuses = fn(StatusCode, &HeaderMap) -> bool;

pub(crate) type Outcome = Result<StatusCode, Error<Problem>>;

/// What lies beyond the plug: it keeps what reaches it, and sends it on to the network, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Beyond {
    sent: Arc<Mutex<Vec<Sent>>>,
    /// Answers in place of a network, to a call that goes there and carries this token.
    answers: Option<Arc<Answering>>,
}

type Answering = dyn Fn(&str, &str) -> Answer + Send + Sync;

/// A status, and what its `WWW-Authenticate` says, if anything.
pub(crate) type Answer = (StatusCode, Option<&'static str>);

/// A call that has passed the plug: the host, and the token in the header.
type Sent = (String, String);

impl Beyond {
    /// Without a network: it answers everything so.
    pub(crate) fn answering(status: StatusCode) -> Self {
        Self::answering_each(move |_, _| (status, None))
    }

    /// Without a network: it answers a call by where it goes, and by the token that it carries.
    pub(crate) fn answering_each(
        answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self {
            answers: Some(Arc::new(answer)),
            ..Self::default()
        }
    }

    /// The tokens of the calls so far, in this order.
    pub(crate) fn tokens(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter().map(|(_, token)| token.clone()).collect()
    }

    /// The hosts of the calls so far, in this order.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter().map(|(host, _)| host.clone()).collect()
    }

    /// Keeps a call, and answers it where there is no network.
    fn keep(&self, call: &mut impl AuthorizeRequest) -> Option<http::Response<Body>> {
        let (host, target) = (call.host().to_owned(), call.target());
        let value = &call.headers_mut()[header::AUTHORIZATION];
        let token = value.to_str().unwrap().strip_prefix("Bearer ").unwrap();
        let answer = self.answers.as_ref().map(|answer| answer(&target, token));
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.push((host, token.to_owned()));
        let (status, challenge) = answer?;
        let mut response = http::Response::builder().status(status);
        if let Some(challenge) = challenge {
            response = response.header(header::WWW_AUTHENTICATE, challenge);
        }
        Some(response.body(Body::default()).unwrap())
    }
}

/// The middleware of `reqwest-middleware`.
#[derive(Clone)]
pub(crate) struct InMiddleware(ClientWithMiddleware);

impl InMiddleware {
    fn of(middleware: AuthorizeMiddleware<Sample>, beyond: &Beyond) -> Self {
        let client = ClientBuilder::new(client()).with(middleware);
        Self(client.with(beyond.clone()).build())
    }

    pub(crate) async fn send(&self, url: &str, body: Body) -> Outcome {
        match self.0.get(url).body(body).send().await {
            Ok(response) => Ok(response.status()),
            Err(reqwest_middleware::Error::Middleware(error)) => {
                Err(error.downcast_ref::<Error<Problem>>().unwrap().clone())
            }
            Err(error) => panic!("{error}"),
        }
    }
}

impl Plug for InMiddleware {
    fn new(authenticator: Authenticator<Sample>, others: &[BaseUrl], beyond: &Beyond) -> Self {
        Self::of(middleware(authenticator, others), beyond)
    }

    fn judging(
        authenticator: Authenticator<Sample>,
        others: &[BaseUrl],
        beyond: &Beyond,
        refuses: Refuses,
    ) -> Self {
        let middleware = middleware(authenticator, others);
        Self::of(middleware.token_refused_when(refuses), beyond)
    }

    async fn get(&self, url: &str) -> Outcome {
        self.send(url, BODY.into()).await
    }
}

#[async_trait::async_trait]
impl Middleware for Beyond {
    async fn handle(
        &self,
        mut request: reqwest::Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        match self.keep(&mut request) {
            Some(response) => Ok(response.into()),
            None => next.run(request, extensions).await,
        }
    }
}

/// The layer of `tower`, over `reqwest::Client`.
#[derive(Clone)]
pub(crate) struct InLayer(Authorize<Sample, Strict<reqwest::Client>>);

impl InLayer {
    pub(crate) async fn send(&self, url: &str, body: Body) -> Outcome {
        let request = client().get(url).body(body).build().unwrap();
        send(self.0.clone(), request).await
    }
}

impl Plug for InLayer {
    fn new(authenticator: Authenticator<Sample>, others: &[BaseUrl], beyond: &Beyond) -> Self {
        Self(layer(authenticator, others).layer(Strict::new(client(), beyond)))
    }

    fn judging(
        authenticator: Authenticator<Sample>,
        others: &[BaseUrl],
        beyond: &Beyond,
        refuses: Refuses,
    ) -> Self {
        let layer = layer(authenticator, others).token_refused_when(refuses);
        Self(layer.layer(Strict::new(client(), beyond)))
    }

    async fn get(&self, url: &str) -> Outcome {
        self.send(url, BODY.into()).await
    }
}

/// The layer of `tower`, over a service of plain `http` types.
#[derive(Clone)]
pub(crate) struct InPlainLayer(Authorize<Sample, Strict<PlainHttp>>);

impl InPlainLayer {
    /// A call whose body can be read once only.
    pub(crate) async fn send_once(&self, url: &str, body: Body) -> Outcome {
        let uri: Uri = url.parse().unwrap();
        let request = http::Request::get(uri).body((body, Cell::new(()))).unwrap();
        send(self.0.clone(), OneShot::from(request)).await
    }
}

impl Plug for InPlainLayer {
    fn new(authenticator: Authenticator<Sample>, others: &[BaseUrl], beyond: &Beyond) -> Self {
        Self(layer(authenticator, others).layer(Strict::new(PlainHttp(client()), beyond)))
    }

    fn judging(
        authenticator: Authenticator<Sample>,
        others: &[BaseUrl],
        beyond: &Beyond,
        refuses: Refuses,
    ) -> Self {
        let layer = layer(authenticator, others).token_refused_when(refuses);
        Self(layer.layer(Strict::new(PlainHttp(client()), beyond)))
    }

    async fn get(&self, url: &str) -> Outcome {
        let uri: Uri = url.parse().unwrap();
        let request = http::Request::get(uri).body(BODY.to_owned()).unwrap();
        send(self.0.clone(), request).await
    }
}

fn middleware(
    authenticator: Authenticator<Sample>,
    others: &[BaseUrl],
) -> AuthorizeMiddleware<Sample> {
    let middleware = AuthorizeMiddleware::new(authenticator);
    others.iter().fold(middleware, |middleware, other| {
        middleware.and_for(other.clone())
    })
}

fn layer(authenticator: Authenticator<Sample>, others: &[BaseUrl]) -> AuthorizeLayer<Sample> {
    let layer = AuthorizeLayer::new(authenticator);
    others
        .iter()
        .fold(layer, |layer, other| layer.and_for(other.clone()))
}

/// A client whose types are those of `http`, as hyper's are.
#[derive(Clone)]
pub(crate) struct PlainHttp(reqwest::Client);

impl<B: Into<Body>> Service<http::Request<B>> for PlainHttp {
    type Response = http::Response<Body>;
    type Error = reqwest::Error;
    type Future = Sending<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let client = self.0.clone();
        let request = reqwest::Request::try_from(request);
        Box::pin(async move { Ok(client.execute(request?).await?.into()) })
    }
}

/// A body that is neither `Clone` nor `Sync`.
type Streaming = (Body, Cell<()>);

impl Service<OneShot<Streaming>> for PlainHttp {
    type Response = http::Response<Body>;
    type Error = reqwest::Error;
    type Future = Sending<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: OneShot<Streaming>) -> Self::Future {
        Service::call(self, call.into_inner().map(|(body, _)| body))
    }
}

/// A service that insists on the contract of `tower`: each call is made on the very clone that said it was ready, and
/// on that one once.
pub(crate) struct Strict<S> {
    inner: S,
    beyond: Beyond,
    ready: bool,
}

impl<S> Strict<S> {
    fn new(inner: S, beyond: &Beyond) -> Self {
        Self {
            inner,
            beyond: beyond.clone(),
            ready: false,
        }
    }
}

impl<S: Clone> Clone for Strict<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), &self.beyond)
    }
}

impl<S, C> Service<C> for Strict<S>
where
    S: Service<C, Response: From<http::Response<Body>> + Send + 'static, Error: Send + 'static>,
    S::Future: Send + 'static,
    C: AuthorizeRequest,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Sending<S::Response, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let ready = self.inner.poll_ready(context);
        self.ready = matches!(ready, Poll::Ready(Ok(())));
        ready
    }

    fn call(&mut self, mut call: C) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called without being ready"
        );
        match self.beyond.keep(&mut call) {
            Some(response) => Box::pin(async move { Ok(response.into()) }),
            None => Box::pin(self.inner.call(call)),
        }
    }
}

/// The future of a service, as `tower` has them.
pub(crate) type Sending<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// Drives a service by its contract.
async fn send<S, C>(mut service: S, call: C) -> Outcome
where
    S: Service<C, Response: AuthorizeResponse, Error = Box<dyn std::error::Error + Send + Sync>>,
{
    poll_fn(|context| service.poll_ready(context))
        .await
        .unwrap();
    match service.call(call).await {
        Ok(response) => Ok(response.status()),
        Err(error) => Err(error.downcast_ref::<Error<Problem>>().unwrap().clone()),
    }
}

/// One for all tests, as each loads the platform's root certificates. Without a pool: each test has its own runtime.
fn client() -> reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        let client = reqwest::Client::builder().no_proxy();
        client.pool_max_idle_per_host(0).build().unwrap()
    });
    CLIENT.clone()
}

const BODY: &str = "a body that can be repeated";
