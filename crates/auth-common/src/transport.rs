use std::{
    borrow::Cow,
    error::Error as StdError,
    fmt, iter,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use places::{Place, Places};
use proxy::Proxies;
use reqwest::{ClientBuilder, Response};
use resolver::Resolver;
use tls::Tls;
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use crate::{
    BaseUrl, ConfigurationError, TokenRequest, Vars,
    base_url::LOCALHOST,
    deadline::{Stopwatch, within},
    error::ADDRESS,
    failure::FailureKind,
    redaction, request_id, retry,
    token::secret_header,
};

pub(crate) mod places;
mod proxy;
mod resolver;
pub(crate) mod tls;

/// What carries token requests: HTTPS with settings made for the purpose, shared by any number of authenticators.
///
/// It speaks HTTP/1.1 over TLS 1.2 or later, follows no redirect, retries nothing, keeps no idle connection, stores no
/// cookie, inflates nothing, reads at most 64 headers and 64 KiB of body, and allows 5 s to connect. All of that holds
/// even when another crate of the same program switches on more of the HTTP library's features. At most 50 requests are
/// under way at once. `localhost` is `127.0.0.1` and `::1`, and no resolver is asked for it.
///
/// The usual proxy variables are honoured, in capitals or not: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` for both, and
/// `NO_PROXY`, a list of names, domains (`corp.example`, `.corp.example`, `*.corp.example`), addresses, networks
/// (`10.0.0.0/8`) and `*` for everything, each with a port or without. Nothing goes through a proxy to a loopback address.
/// An authenticator whose requests would go through a proxy that cannot be understood is refused when it is built, and so
/// is SOCKS.
///
/// An authenticator that is given none uses [`Transport::shared`]. A program needs another only for a private
/// certificate authority, a proxy of its own, or a different time to connect:
///
/// ```
/// use std::time::Duration;
///
/// use auth_common::Transport;
///
/// let transport = Transport::builder()
///     .no_proxy()
///     .connect_timeout(Duration::from_secs(2))
///     .build()?;
/// let same = transport.clone();
/// # let _ = same;
/// # Ok::<(), auth_common::ConfigurationError>(())
/// ```
#[derive(Clone)]
pub struct Transport {
    carrier: Carrier,
    places: Arc<Places>,
}

#[derive(Clone)]
enum Carrier {
    Http(Arc<Http>),
    #[cfg(feature = "testing")]
    Scripted(Arc<dyn Scripted>),
}

/// What takes the place of the network in tests.
#[cfg(feature = "testing")]
pub(crate) trait Scripted: Send + Sync {
    fn round_trip<'a>(
        &'a self,
        base: &'a BaseUrl,
        request: &'a TokenRequest,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Answer, Fault>> + Send + 'a>>;
}

/// A request that is on its way.
enum InTransit<'a, R> {
    Http(&'a Http, Result<R, Fault>),
    #[cfg(feature = "testing")]
    Scripted(&'a dyn Scripted, TokenRequest),
}

struct Http {
    /// A gateway's, on every request.
    headers: HeaderMap,
    resolver: Resolver,
    proxies: Proxies,
    /// Why it can carry no HTTPS.
    lacks: Option<ConfigurationError>,
    /// Through a proxy, and past it.
    proxied: reqwest::Client,
    direct: reqwest::Client,
}

impl Transport {
    /// A transport to be set up.
    pub fn builder() -> TransportBuilder {
        TransportBuilder::default()
    }

    /// The transport with the settings above, built at the first call and shared by the whole process, so that the
    /// platform's root certificates are read once, and decoded once at most: where rustls does TLS, for the first server
    /// that shows a certificate.
    ///
    /// # Errors
    ///
    /// As for [`TransportBuilder::build`].
    pub fn shared() -> Result<Self, ConfigurationError> {
        static SHARED: OnceLock<Transport> = OnceLock::new();
        if let Some(transport) = SHARED.get() {
            return Ok(transport.clone());
        }
        let transport = Self::builder().build()?;
        // What is missing now may be there at the next call.
        if matches!(&transport.carrier, Carrier::Http(http) if http.lacks.is_some()) {
            return Ok(transport);
        }
        Ok(SHARED.get_or_init(|| transport).clone())
    }

    /// Refuses what it cannot carry to `base`, though to others it may.
    pub(crate) fn check_for(&self, base: &BaseUrl) -> Result<(), ConfigurationError> {
        match &self.carrier {
            Carrier::Http(http) => http.check_for(base),
            #[cfg(feature = "testing")]
            Carrier::Scripted(_) => Ok(()),
        }
    }

    /// What goes with every request and must not be shown.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let headers = match &self.carrier {
            Carrier::Http(http) => Some(&http.headers),
            #[cfg(feature = "testing")]
            Carrier::Scripted(_) => None,
        };
        let values = headers.into_iter().flat_map(HeaderMap::values);
        values.filter_map(|value| str::from_utf8(value.as_bytes()).ok())
    }

    #[cfg(feature = "testing")]
    pub(crate) fn scripted(script: impl Scripted + 'static) -> Self {
        Self {
            carrier: Carrier::Scripted(Arc::new(script)),
            places: Arc::new(Places::new(CONCURRENCY_LIMIT)),
        }
    }

    /// Whether it needs a runtime with I/O.
    pub(crate) fn is_network(&self) -> bool {
        match self.carrier {
            Carrier::Http(_) => true,
            #[cfg(feature = "testing")]
            Carrier::Scripted(_) => false,
        }
    }

    /// What was waited for in vain.
    fn too_slow(&self, base: &BaseUrl, allowed: Duration) -> Fault {
        let name = match &self.carrier {
            Carrier::Http(http) => http.name_in_question(base),
            #[cfg(feature = "testing")]
            Carrier::Scripted(_) => None,
        };
        name.map_or_else(
            || Fault::slow(allowed),
            |name| Fault::name_unanswered(&name),
        )
    }

    /// A place that can be had at once, if nobody waits for one.
    pub(crate) fn free_place(&self, left: Duration) -> Option<Place> {
        self.places.free(left)
    }

    /// Waits until a request may be sent, which is then to be sent within `left`, the wait included. What comes of it is
    /// for [`seated`](Self::seated): a future that held both would be half as large again.
    pub(crate) fn place(&self, left: Duration) -> impl Future<Output = Option<Place>> + use<> {
        self.places.take(Instant::now() + patience(left))
    }

    /// The place that came, kept for what was `left` when the wait began; none came in good time otherwise.
    pub(crate) fn seated(place: Option<Place>, left: Duration) -> Result<Place, Fault> {
        let place = place.ok_or_else(|| Fault::crowded(left))?;
        Ok(place.held(left))
    }

    /// Sends `request` once. `allowed` bounds the whole exchange, from looking up the name to the last byte of the body;
    /// see [`within`].
    ///
    /// What is waited for does not hold the request: it would lie there once for each future that lies in another.
    pub(crate) fn send(
        &self,
        base: &BaseUrl,
        request: TokenRequest,
        user_agent: &HeaderValue,
        allowed: Duration,
        once_more: impl FnOnce() + Send,
    ) -> impl Future<Output = Result<Answer, Fault>> + Send {
        let sent = match &self.carrier {
            Carrier::Http(http) => InTransit::Http(http, http.send(base, request, user_agent)),
            #[cfg(feature = "testing")]
            Carrier::Scripted(script) => InTransit::Scripted(&**script, request),
        };
        async move {
            let stopwatch = Stopwatch::start();
            let answer = within(allowed, pin!(sent.answer(base)), once_more)
                .await
                .unwrap_or_else(|| Err(self.too_slow(base, allowed)))
                .map_err(|fault| match self.proxy(base) {
                    Some(proxy) => fault.through(proxy),
                    None => fault,
                });
            answer.map_err(|fault| match self.is_network() && stopwatch.ran_ahead() {
                true => fault.of_a_clock_ahead(),
                false => fault,
            })
        }
    }

    /// The proxy that requests below `base` go through.
    fn proxy(&self, base: &BaseUrl) -> Option<&Url> {
        match &self.carrier {
            Carrier::Http(http) => http.proxies.before(base).ok().flatten(),
            #[cfg(feature = "testing")]
            Carrier::Scripted(_) => None,
        }
    }
}

impl<R: Future<Output = reqwest::Result<Response>>> InTransit<'_, R> {
    async fn answer(self, base: &BaseUrl) -> Result<Answer, Fault> {
        match self {
            Self::Http(http, response) => http.answer(base, response?).await,
            #[cfg(feature = "testing")]
            Self::Scripted(script, request) => script.round_trip(base, &request).await,
        }
    }
}

impl Http {
    fn check_for(&self, base: &BaseUrl) -> Result<(), ConfigurationError> {
        let proxy = self.proxies.before(base)?;
        let tls = [Some(base.as_url()), proxy]
            .into_iter()
            .flatten()
            .any(|url| url.scheme() == "https");
        match &self.lacks {
            Some(lack) if tls => Err(lack.clone()),
            _ => Ok(()),
        }
    }

    /// The name that is being looked up before `base` can be asked, as when its name server does not answer.
    fn name_in_question(&self, base: &BaseUrl) -> Option<String> {
        let proxy = self.proxies.before(base).ok().flatten();
        let name = proxy.map_or(base.as_url().host_str(), Url::host_str)?;
        self.resolver.is_looking_up(name).then(|| name.to_owned())
    }

    /// Hands `request` to the HTTP library.
    fn send(
        &self,
        base: &BaseUrl,
        request: TokenRequest,
        user_agent: &HeaderValue,
    ) -> Result<impl Future<Output = reqwest::Result<Response>> + Send + use<>, Fault> {
        let client = match self.proxies.before(base) {
            Ok(Some(_)) => &self.proxied,
            Ok(None) => &self.direct,
            Err(refused) => return Err(Fault::not_sent(&refused.to_string())),
        };
        let url = base.join(request.path());
        let (headers, body) = request.into_parts();
        // Filled in at once: the HTTP library's builder copies it at each step.
        let mut request = reqwest::Request::new(Method::POST, url);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(Bytes::from_owner(body).into());
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            // A gateway's header comes beside the vendor's, never in its place.
            headers.entry(name).or_insert_with(|| value.clone());
        }
        headers.insert(header::USER_AGENT, user_agent.clone());
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static(UNCOMPRESSED),
        );
        Ok(client.execute(request))
    }

    async fn answer(
        &self,
        base: &BaseUrl,
        response: impl Future<Output = reqwest::Result<Response>>,
    ) -> Result<Answer, Fault> {
        let mut response = response
            .await
            .map_err(|error| match self.name_in_question(base) {
                Some(name) if error.is_timeout() => Fault::name_unanswered(&name),
                _ => Fault::from_http(error),
            })?;
        let announced = response.content_length();
        let announced = announced.and_then(|bytes| usize::try_from(bytes).ok());
        let room = announced.map_or(TYPICAL_BODY, |bytes| bytes.min(LONGEST_BODY));
        let mut body = Zeroizing::new(Vec::with_capacity(room));
        while let Some(chunk) = response.chunk().await.map_err(Fault::from_http)? {
            if body.len() + chunk.len() > LONGEST_BODY {
                // Of a refusal the status says enough; a token is not to be looked for in so much.
                if !response.status().is_success() {
                    break;
                }
                let what = "the answer is larger than 64 KiB";
                return Err(Fault::new(FailureKind::Malformed, what));
            }
            append(&mut body, &chunk);
        }
        Ok(Answer::new(response.status(), response.headers(), body))
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

/// The settings of a [`Transport`].
#[derive(Clone)]
#[must_use]
pub struct TransportBuilder {
    connect_timeout: Duration,
    concurrency_limit: usize,
    /// In PEM, checked.
    roots: Vec<Vec<u8>>,
    identity: Option<tls::Identity>,
    headers: HeaderMap,
    proxy: Route,
    refused: Option<ConfigurationError>,
}

#[derive(Clone)]
enum Route {
    /// As the environment says.
    Environment,
    Direct,
    Proxy(Url),
}

impl Default for TransportBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: CONNECT_TIMEOUT,
            concurrency_limit: CONCURRENCY_LIMIT,
            roots: Vec::new(),
            identity: None,
            headers: HeaderMap::new(),
            proxy: Route::Environment,
            refused: None,
        }
    }
}

impl TransportBuilder {
    /// Trusts the certificate authorities in `pem` as well, in PEM, one or more: for a vendor's server that stands
    /// behind a private one. The platform's own authorities stay trusted.
    ///
    /// A self-signed certificate of the server itself is one of them, whether or not it says that it is an authority's,
    /// as those of `openssl req -x509` do. Its name and its dates count as those of any other.
    pub fn root_certificate(mut self, pem: &[u8]) -> Self {
        match tls::check(pem) {
            Ok(()) => self.roots.push(pem.to_vec()),
            Err(error) => self.refused = Some(error),
        }
        self
    }

    /// Proves who is calling by a client certificate, to a server or a gateway that asks for one (mutual TLS). `pem` has
    /// the certificate first, then those that lead from it to its authority, if any, and its private key anywhere, without
    /// a passphrase: PKCS#8, PKCS#1 or SEC1. Nothing is kept of `pem` itself, nor a copy of the key other than the TLS
    /// library's.
    pub fn client_certificate(mut self, pem: &[u8]) -> Self {
        match tls::identity(pem) {
            Ok(identity) => self.identity = Some(identity),
            Err(error) => self.refused = Some(error),
        }
        self
    }

    /// Sends this header with every request for a token, such as a key that a gateway in front of the vendor wants. One
    /// that the request itself needs is refused: `Authorization`, `Content-Type`, `Host`, `User-Agent`, and the like. The
    /// last of a name counts.
    ///
    /// The value is kept as the credentials are: no `Debug`, log or error shows it, also where an answer repeats it, and
    /// it is wiped.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match gateway_header(name, value) {
            Ok((name, value)) => {
                self.headers.insert(name, value);
            }
            Err(refused) => self.refused = Some(refused),
        }
        self
    }

    /// Sends everything through the proxy at `url`, whatever the environment says; `http://user:password@host:port` is
    /// understood. Loopback addresses are reached directly all the same.
    pub fn proxy(mut self, url: &str) -> Self {
        match proxy::parse("proxy", url) {
            Ok(url) => self.proxy = Route::Proxy(url),
            Err(refused) => self.refused = Some(refused),
        }
        self
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = Route::Direct;
        self
    }

    /// The time allowed for name look-up, TCP and TLS together: 5 s unless set, from 1 ms to 60 s.
    pub fn connect_timeout(mut self, allowed: Duration) -> Self {
        if allowed < Duration::from_millis(1) || allowed > Duration::from_secs(60) {
            self.refused = Some(ConfigurationError::new(
                "connect timeout",
                "must be between 1 ms and 60 s",
            ));
        }
        self.connect_timeout = allowed;
        self
    }

    /// How many token requests are under way at once over this transport, of all the authenticators that share it: 50
    /// unless set, from 1 to 10,000. The others wait for their turn, in the order in which they came.
    ///
    /// When a program with thousands of tenants starts, they would open as many connections at once, which a vendor may
    /// take for an attack. Fifty are no more than an office behind one address opens, a tenth of what one worker of a usual
    /// web server has room for (512 in nginx), and enough for 250 logins a second with a vendor that takes 0.2 s. An
    /// authenticator alone has one request under way at a time, and notices nothing of this.
    ///
    /// The wait is part of the time that a request for a token may take in all ([`Builder::deadline`](crate::Builder::deadline)),
    /// of which the last tenth is left for the request itself; it is not part of an attempt's. While a source of credentials
    /// is asked, its place is taken as well.
    pub fn concurrency_limit(mut self, most: usize) -> Self {
        if !(1..=10_000).contains(&most) {
            self.refused = Some(ConfigurationError::new(
                "concurrency limit",
                "must be between 1 and 10,000",
            ));
        }
        self.concurrency_limit = most;
        self
    }

    /// Builds the transport. It needs no runtime, and starts nothing.
    ///
    /// # Errors
    ///
    /// When a setting was refused. What only some requests need is asked for where an authenticator is built that sends
    /// them: a proxy that can be understood, and root certificates on this machine.
    pub fn build(self) -> Result<Transport, ConfigurationError> {
        self.build_with(Resolver::of_the_system())
    }

    fn build_with(self, resolver: Resolver) -> Result<Transport, ConfigurationError> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let proxies = match &self.proxy {
            Route::Environment => Proxies::from_vars(&Vars::process()),
            Route::Direct => Proxies::none(),
            Route::Proxy(url) => Proxies::all(url.clone()),
        };
        let tls = Tls::new(&self.roots, self.identity.as_ref())?;
        let direct = self.client(&tls, &Proxies::none(), &resolver)?;
        let http = Http {
            proxied: match proxies.is_empty() {
                true => direct.clone(),
                false => self.client(&tls, &proxies, &resolver)?,
            },
            direct,
            resolver,
            proxies,
            lacks: tls.lack().cloned(),
            headers: self.headers,
        };
        Ok(Transport {
            carrier: Carrier::Http(Arc::new(http)),
            places: Arc::new(Places::new(self.concurrency_limit)),
        })
    }

    fn client(
        &self,
        tls: &Tls,
        proxies: &Proxies,
        resolver: &Resolver,
    ) -> Result<reqwest::Client, ConfigurationError> {
        // Every setting is made here, also those that are the default of the features this crate asks for: another
        // crate in the program may ask for more, and must not change how tokens travel.
        let mut client = reqwest::Client::builder()
            .http1_only()
            .http1_max_headers(MOST_HEADERS)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .pool_max_idle_per_host(0)
            .connection_verbose(false)
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .no_hickory_dns()
            .dns_resolver(Arc::new(resolver.clone()))
            // Plain HTTP may go there, so no resolver is to say where that is.
            .resolve_to_addrs(LOCALHOST, &LOOPBACK)
            .connect_timeout(self.connect_timeout);
        client = tls.configure(client);
        let client = proxies.configure(client).and_then(ClientBuilder::build);
        client.map_err(|error| {
            ConfigurationError::new(
                "transport",
                format!("cannot be set up: {}", innermost(&error.without_url())),
            )
        })
    }
}

/// No error shows the value, nor a name that is none: it may be the value.
fn gateway_header(
    name: &str,
    value: &str,
) -> Result<(HeaderName, HeaderValue), ConfigurationError> {
    let refused = |rule: String| ConfigurationError::new("header", rule);
    let name: HeaderName = name
        .parse()
        .map_err(|_| refused("must have a name such as X-Api-Key".into()))?;
    if OWN_HEADERS.contains(&name) || name.as_str().starts_with("accept") {
        return Err(refused(format!(
            "must not be {name}: the request needs its own"
        )));
    }
    let ends = |is: char| is.is_whitespace();
    if value.is_empty() || value.starts_with(ends) || value.ends_with(ends) {
        return Err(refused(format!(
            "{name} must neither be empty nor begin or end in white space"
        )));
    }
    let value = secret_header(&[value])
        .map_err(|_| refused(format!("{name} must not contain control characters")))?;
    Ok((name, value))
}

impl fmt::Debug for TransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("concurrency_limit", &self.concurrency_limit)
            .finish_non_exhaustive()
    }
}

/// A whole answer of the vendor, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The server's clock, where it told.
    pub(crate) date: Option<DateTime<Utc>>,
    /// How long the server asks to be left alone, as it wrote it.
    pub(crate) retry_after: Option<String>,
    pub(crate) content_type: Option<String>,
    /// How the body is compressed, where it is.
    pub(crate) coding: Option<&'static str>,
    /// Where a redirect leads, as it came.
    pub(crate) location: Option<String>,
    /// By which whoever answered finds the request in its logs.
    pub(crate) request_id: Option<String>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap, body: Zeroizing<Vec<u8>>) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            status,
            date: text(header::DATE).and_then(retry::http_date),
            retry_after: text(header::RETRY_AFTER).map(str::to_owned),
            content_type: text(header::CONTENT_TYPE).map(str::to_owned),
            coding: text(header::CONTENT_ENCODING).and_then(coding),
            location: text(header::LOCATION).map(str::to_owned),
            request_id: request_id::find(headers),
            body,
        }
    }
}

/// A `Content-Encoding` in words of ours, so that it can be shown: the server's may be anything.
fn coding(named: &str) -> Option<&'static str> {
    let named = named.trim();
    if named.is_empty() || named.eq_ignore_ascii_case(UNCOMPRESSED) {
        return None;
    }
    let mut known = CODINGS.into_iter();
    let coding = known.find(|coding| coding.eq_ignore_ascii_case(named));
    Some(coding.unwrap_or("unknown coding"))
}

/// Why there is no whole answer.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) kind: FailureKind,
    /// What happened, in words that hold no secret.
    pub(crate) what: Cow<'static, str>,
}

impl Fault {
    pub(crate) fn new(kind: FailureKind, what: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            what: what.into(),
        }
    }

    pub(crate) fn not_sent(reason: &str) -> Self {
        Self::new(
            FailureKind::NotSent,
            format!("cannot connect to {ADDRESS}: {reason}"),
        )
    }

    /// No place came of what was `left` for the request.
    fn crowded(left: Duration) -> Self {
        let seconds = patience(left).as_millis() as f64 / 1000.0;
        let what = format!(
            "nothing was sent: for {seconds} s, the transport had as many token requests under way as it may have at once"
        );
        Self::new(FailureKind::NotSent, what)
    }

    pub(crate) fn cut(reason: &str) -> Self {
        let what = format!(
            "the connection to {ADDRESS} failed before the whole answer had come: {reason}"
        );
        Self::new(FailureKind::Cut, what)
    }

    pub(crate) fn slow(allowed: Duration) -> Self {
        let seconds = allowed.as_millis() as f64 / 1000.0;
        let what = format!("no full answer from {ADDRESS} within {seconds} s");
        Self::new(FailureKind::Slow, what)
    }

    /// Names the proxy, without its user name and password.
    fn through(self, proxy: &Url) -> Self {
        let proxy = proxy.origin().ascii_serialization();
        let what = self
            .what
            .replace(ADDRESS, &format!("{ADDRESS} through the proxy {proxy}"));
        Self::new(self.kind, what)
    }

    fn name_unanswered(name: &str) -> Self {
        Self::not_sent(&format!(
            "the look-up of the name {name} takes too long: does its name server answer?"
        ))
    }

    /// A runtime whose time is paused jumps to the next deadline while the network is still at work.
    fn of_a_clock_ahead(mut self) -> Self {
        self.what.to_mut().push_str(
            "; the runtime's clock is paused or was advanced, and did not wait for the network: a test with paused time \
             needs a scripted transport",
        );
        self
    }

    fn from_http(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if let Some(problem) = tls::certificate_problem(&error) {
            let what = format!("the TLS certificate of {ADDRESS} is not accepted: {problem}");
            return Self::new(FailureKind::Certificate, what);
        }
        let reason = innermost(&error);
        if error.is_connect() {
            match proxy_problem(&error).or_else(|| tls::no_tls(&error)) {
                Some(problem) => Self::not_sent(&format!("{problem}: {reason}")),
                None => Self::not_sent(&reason),
            }
        } else {
            Self::cut(&reason)
        }
    }
}

/// The text of the error that started it all. Those on the way only say that something failed.
fn innermost(error: &dyn StdError) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    redaction::one_line(&error.to_string())
}

/// What went wrong with the proxy, where it was the proxy: the HTTP library has no type for it that can be named here.
fn proxy_problem(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    let mut chain = iter::successors(Some(error), |error| (*error).source());
    let tunnel = chain.find(|error| error.to_string().starts_with("tunnel error: "))?;
    Some(match tunnel.source() {
        Some(_) => "it cannot be reached itself",
        None => "it does not let this through",
    })
}

/// How long a place is waited for, of the time that is `left` for a request.
fn patience(left: Duration) -> Duration {
    left - left / 10
}

/// Grows by whole copies, so that what was outgrown is wiped.
fn append(body: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    let needed = body.len() + chunk.len();
    if needed > body.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(2 * body.capacity())));
        larger.extend_from_slice(body);
        *body = larger;
    }
    body.extend_from_slice(chunk);
}

/// Long enough for a slow TLS handshake over a bad line, short enough to leave room for two more attempts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// See [`TransportBuilder::concurrency_limit`].
const CONCURRENCY_LIMIT: usize = 50;
/// What `localhost` is, in the order in which it is tried. The port is that of the URL.
const LOOPBACK: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];
/// The content coding that is none. Without it in the request a server may choose any.
const UNCOMPRESSED: &str = "identity";
const CODINGS: [&str; 7] = [
    "gzip",
    "x-gzip",
    "br",
    "zstd",
    "deflate",
    "compress",
    "x-compress",
];
/// Hundreds of headers mean something other than a token endpoint.
const MOST_HEADERS: usize = 64;
/// Four times the longest token.
const LONGEST_BODY: usize = 64 * 1024;
/// Holds any of the documented answers, where the server does not say how long it is. More would be wiped for nothing.
const TYPICAL_BODY: usize = 4 * 1024;
/// What describes the request and its body, names both sides, or is the connection's own affair.
const OWN_HEADERS: [HeaderName; 13] = [
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::USER_AGENT,
];

#[cfg(all(
    test,
    any(feature = "rustls", feature = "rustls-ring", feature = "native-tls")
))]
mod tests;
