use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

#[cfg(feature = "store")]
use crate::TokenStore;
use crate::{
    BaseUrl, ConfigurationError, CredentialsSource, Error, ErrorKind, InvalidBody, Invalidation,
    JsonObject, Snapshot, Token, TokenEndpoint, Transport, TransportBuilder, Vars,
    cache::{Cache, Destination, Limits, Want},
    clock::Clock,
    failure::TABLE,
    invalidation::Evidence,
    json::LONGEST_TOKEN,
    lifecycle::PolicyOfTenant,
    lifetime::Margins,
    source::{Files, Origin},
};

/// Hands out the `Authorization` header for a vendor's API: on every call, at once, valid, and with one login for all
/// callers.
///
/// This is the one type behind the `Authenticator` of every vendor crate, which shows the same methods in the vendor's own
/// terms and converts into this and back: for programs that are generic over vendors. Clones are cheap and
/// share one token: keep one for as long as the program runs, and give a clone to whoever calls the API. The rules it
/// follows are told in [Life of a token](crate::life_of_a_token).
///
/// The methods that ask the vendor need a Tokio runtime with time and I/O enabled, any flavour. They may be dropped at
/// any point, as in `select!` or on a timeout: a request for a token that is under way goes on, and its token is kept.
pub struct Authenticator<E: TokenEndpoint> {
    pub(crate) cache: Arc<Cache<E>>,
}

impl<E: TokenEndpoint> Authenticator<E> {
    /// An authenticator to be set up, for one of the vendor's environments and one set of credentials.
    pub fn builder(environment: E::Environment, credentials: E::Credentials) -> Builder<E> {
        Builder::new(E::base_url(environment), Origin::in_hand(credentials))
    }

    /// An authenticator to be set up, whose credentials are handed out by `source` before each login: for passwords that
    /// are rotated, and for secrets that live in files or managers.
    pub fn builder_with_source(
        environment: E::Environment,
        source: impl CredentialsSource<E::Credentials>,
    ) -> Builder<E> {
        Builder::new(E::base_url(environment), Origin::source(source))
    }

    /// An authenticator to be set up without a password: it has a refresh token that was obtained elsewhere, and each
    /// that the vendor hands out in its place. When the vendor refuses it, calls fail with
    /// [`Error::CredentialsUnavailable`], until [`set_credentials`](Self::set_credentials) gives it something to log in
    /// with.
    pub fn builder_with_refresh_token(
        environment: E::Environment,
        refresh_token: impl Into<SecretString>,
    ) -> Builder<E> {
        Builder::new(E::base_url(environment), Origin::Nowhere).refresh_token(refresh_token)
    }

    /// The authenticator that the environment variables of this process describe. The crate's documentation has their
    /// names. What a file holds, as a variable `…_FILE` names it, is read anew before each login: a secret that changes
    /// there is used without a restart.
    ///
    /// # Errors
    ///
    /// [`Error::Configuration`] when a variable is missing or its value is refused; it names the variable.
    pub fn from_env() -> Result<Self, Error<E::ErrorResponse>> {
        Ok(Self::builder_from(&Vars::process())?.build()?)
    }

    /// The builder that `vars` describe: [`from_env`](Self::from_env), to be set up further.
    ///
    /// # Errors
    ///
    /// When a variable is missing or its value is refused; the error names it.
    pub fn builder_from(vars: &Vars) -> Result<Builder<E>, ConfigurationError> {
        vars.require(E::REQUIRED_VARS)?;
        let environment = E::environment_from(vars)?;
        // Read now as well, so that whoever sets them up hears at once what is wrong with them.
        let credentials = E::credentials_from(vars)?;
        if !vars.reads_files(E::REQUIRED_VARS) {
            return Ok(Self::builder(environment, credentials));
        }
        let mut builder = Self::builder_with_source(environment, Files::<E>::new(vars));
        let path = E::token_request(&credentials).path().to_owned();
        builder.base = builder
            .base
            .and_then(|base| base.check_below(&path).map(|()| base));
        Ok(builder)
    }

    /// The value of the `Authorization` header for a call to the vendor's API: `Bearer …`, marked sensitive.
    ///
    /// While the cached token is fresh this is one atomic load, and works outside a runtime too. Otherwise it asks the
    /// vendor, or waits for whoever does, for 30 s at most.
    ///
    /// # Errors
    ///
    /// When there is no valid token and none can be had; see [`Error`] for what to do in each case.
    pub async fn authorization(&self) -> Result<HeaderValue, Error<E::ErrorResponse>> {
        if let Some(token) = self.cache.fresh(&self.cache.current.load()) {
            return Ok(token.authorization());
        }
        self.obtain(Want::Token, Token::authorization).await
    }

    /// The token itself, for what the header alone does not tell: when it expires, and which one an API refused.
    ///
    /// # Errors
    ///
    /// As for [`authorization`](Self::authorization).
    pub async fn token(&self) -> Result<Token, Error<E::ErrorResponse>> {
        if let Some(token) = self.cache.fresh(&self.cache.current.load()) {
            return Ok(token.clone());
        }
        self.obtain(Want::Token, Token::clone).await
    }

    /// Asks for a new token now, whatever is cached, or joins a request that is under way.
    ///
    /// # Errors
    ///
    /// When no new token could be had; the cached one is kept. While a refusal of the vendor's, its rate limit, or a
    /// `Retry-After` is still being waited out, this fails at once, and [`Error::retry_at`] says until when.
    pub async fn renew(&self) -> Result<Token, Error<E::ErrorResponse>> {
        self.obtain(Want::Renewal, Token::clone).await
    }

    /// Says that the vendor's API refused `token`, as by a 401. It will not be served again: the next call asks for
    /// another.
    ///
    /// Only that very token is affected: a 401 that arrives late cannot discard a newer one, and ten tasks that see
    /// the same 401 cause one login. Where new tokens are refused as well, the cached one is kept for a while
    /// ([`Invalidation::TooSoon`]). What came of it is returned.
    pub fn invalidate(&self, token: &Token) -> Invalidation {
        self.cache.invalidate(token, Evidence::None)
    }

    /// The same, by what is known of who refused it.
    #[cfg(any(feature = "reqwest-middleware", feature = "tower"))]
    pub(crate) fn invalidate_on(&self, token: &Token, evidence: Evidence) -> Invalidation {
        self.cache.invalidate(token, evidence)
    }

    /// Logs in with `credentials` from now on, in place of those that it was built with or of their source, here and in
    /// all clones. A pause that the vendor's refusal of others brought about ends at once. The cached token is served on
    /// until it is renewed: [`renew`](Self::renew) changes over at once. A refresh token that others obtained is dropped.
    pub fn set_credentials(&self, credentials: E::Credentials) {
        self.cache.set_credentials(credentials);
    }

    /// Asks the vendor's token endpoint once, and returns its answer in the vendor's own fields. This neither uses nor
    /// fills the cache, and retries nothing: in most programs [`authorization`](Self::authorization) is the one to call.
    ///
    /// # Errors
    ///
    /// When the vendor refuses, cannot be reached, or answers otherwise than documented.
    pub async fn request_token(&self) -> Result<E::TokenResponse, Error<E::ErrorResponse>> {
        self.cache.request_token().await
    }

    /// Presents `refresh_token` to the vendor once, and returns its answer as `read` decodes it. This neither uses nor
    /// fills the cache, which refreshes by itself.
    ///
    /// # Errors
    ///
    /// When the vendor has no refresh tokens, refuses, cannot be reached, or answers otherwise than documented.
    pub async fn refresh_token<T>(
        &self,
        refresh_token: &SecretString,
        read: impl FnOnce(&JsonObject<'_>) -> Result<T, InvalidBody>,
    ) -> Result<T, Error<E::ErrorResponse>> {
        self.cache.request_refresh(refresh_token, read).await
    }

    /// The address below which the vendor's API lives, and its token endpoint.
    pub fn base_url(&self) -> &BaseUrl {
        &self.cache.destination.base
    }

    /// What this authenticator is doing, without secrets.
    pub fn snapshot(&self) -> Snapshot {
        self.cache.snapshot()
    }

    /// What `take` takes of a token that is not at hand. Boxed and out of line, so that a call which needs none of this
    /// stays small.
    #[cold]
    pub(crate) fn obtain<T>(
        &self,
        want: Want,
        take: fn(&Token) -> T,
    ) -> Pin<Box<impl Future<Output = Result<T, Error<E::ErrorResponse>>>>> {
        Box::pin(async move { Ok(take(&self.cache.obtain(want).await?.token)) })
    }
}

impl<E: TokenEndpoint> Clone for Authenticator<E> {
    fn clone(&self) -> Self {
        Self {
            cache: Arc::clone(&self.cache),
        }
    }
}

impl<E: TokenEndpoint> fmt::Debug for Authenticator<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("vendor", &E::VENDOR)
            .finish_non_exhaustive()
    }
}

/// The settings of an [`Authenticator`]. Every one of them has a default that suits most programs.
#[must_use]
pub struct Builder<E: TokenEndpoint> {
    base: Result<BaseUrl, ConfigurationError>,
    origin: Origin<E::Credentials>,
    refresh_token: Option<SecretString>,
    transport: Option<Transport>,
    own_transport: Option<TransportBuilder>,
    application: Option<String>,
    limits: Limits,
    clock: Clock,
    #[cfg(feature = "store")]
    store: Option<Arc<dyn TokenStore>>,
    refused: Option<ConfigurationError>,
}

impl<E: TokenEndpoint> Builder<E> {
    fn new(base: Result<BaseUrl, ConfigurationError>, origin: Origin<E::Credentials>) -> Self {
        Self {
            base,
            origin,
            refresh_token: None,
            transport: None,
            own_transport: None,
            application: None,
            limits: Limits {
                attempts: ATTEMPTS,
                attempt_timeout: ATTEMPT_TIMEOUT,
                keep_ready: false,
                policy: PolicyOfTenant::default(),
            },
            clock: Clock::default(),
            #[cfg(feature = "store")]
            store: None,
            refused: None,
        }
    }

    /// Presents `refresh_token`, which was obtained elsewhere, before it logs in for the first time.
    pub fn refresh_token(mut self, refresh_token: impl Into<SecretString>) -> Self {
        let refresh_token = refresh_token.into();
        if E::REFRESH.is_none() {
            return self.refuse("refresh token", "is unknown to this vendor");
        }
        let text = refresh_token.expose_secret();
        if text.is_empty() || text.len() > LONGEST_TOKEN || text.contains(char::is_control) {
            return self.refuse(
                "refresh token",
                "must be 1 to 16,384 bytes long, without control characters",
            );
        }
        self.refresh_token = Some(refresh_token);
        self
    }

    /// Sends requests over `transport`, which any number of authenticators may share. Without this setting, all of
    /// them share [`Transport::shared`].
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Trusts the certificate authorities in `pem` as well; see [`TransportBuilder::root_certificate`].
    pub fn root_certificate(self, pem: &[u8]) -> Self {
        self.own_transport(|transport| transport.root_certificate(pem))
    }

    /// Proves who is calling by a client certificate; see [`TransportBuilder::client_certificate`].
    pub fn client_certificate(self, pem: &[u8]) -> Self {
        self.own_transport(|transport| transport.client_certificate(pem))
    }

    /// Sends this header with every request for a token, for a gateway; see [`TransportBuilder::header`].
    pub fn header(self, name: &str, value: &str) -> Self {
        self.own_transport(|transport| transport.header(name, value))
    }

    /// Sends everything through the proxy at `url`; see [`TransportBuilder::proxy`].
    pub fn proxy(self, url: &str) -> Self {
        self.own_transport(|transport| transport.proxy(url))
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(self) -> Self {
        self.own_transport(TransportBuilder::no_proxy)
    }

    /// The time allowed to connect: 5 s unless set; see [`TransportBuilder::connect_timeout`].
    pub fn connect_timeout(self, allowed: Duration) -> Self {
        self.own_transport(|transport| transport.connect_timeout(allowed))
    }

    /// Puts the name of the application before this crate's in the `User-Agent` header, as in `shop/1.4.2`: visible ASCII,
    /// with spaces between its words, of at most 256 bytes.
    pub fn user_agent_prefix(mut self, application: &str) -> Self {
        let visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        if application.is_empty() || application.trim() != application {
            return self.refuse(
                USER_AGENT_PREFIX,
                "must neither be empty nor begin or end in white space",
            );
        }
        if !application.bytes().all(visible) {
            return self.refuse(USER_AGENT_PREFIX, "must be visible ASCII, as in shop/1.4.2");
        }
        if application.len() > LONGEST_APPLICATION {
            return self.refuse(USER_AGENT_PREFIX, "must be at most 256 bytes long");
        }
        self.application = Some(application.into());
        self
    }

    /// How early a token is renewed, as a fraction of its lifetime: 0.1 unless set, from 0.02 to 0.5. Whatever the
    /// fraction, that is at most an hour before its expiry, and a fifth earlier or later by chance.
    pub fn early_renewal(mut self, fraction: f64) -> Self {
        if !(0.02..=0.5).contains(&fraction) {
            return self.refuse(
                "early renewal",
                "must be between 0.02 and 0.5 of the lifetime",
            );
        }
        self.limits.policy.change().margins = Margins {
            advisory_per_mille: (fraction * 1000.0) as u32,
        };
        self
    }

    /// Renews the token ahead of its expiry while nobody asks as well, from the first token on: off unless set. It is for
    /// a program that asks more seldom than a token is due, and must not wait for a login.
    ///
    /// The price is a login for each lifetime of a token, whether anybody asks or not, and that a vendor who fails or
    /// refuses is asked again after each pause. It is done by a task in the runtime of the latest request, which keeps no
    /// authenticator alive. After that runtime has ended, and in the child of a fork, the next call that finds no fresh
    /// token starts another.
    pub fn keep_ready(mut self) -> Self {
        self.limits.keep_ready = true;
        self
    }

    /// The time allowed for one attempt, from looking up the name to the last byte of the answer: 10 s unless set,
    /// from 10 ms to 120 s.
    pub fn attempt_timeout(mut self, allowed: Duration) -> Self {
        if !(Duration::from_millis(10)..=Duration::from_secs(120)).contains(&allowed) {
            return self.refuse("attempt timeout", "must be between 10 ms and 120 s");
        }
        self.limits.attempt_timeout = allowed;
        self
    }

    /// The time allowed for a request for a token in all, retries included: 25 s unless set, from 10 ms to 300 s.
    /// Callers wait up to 5 s longer.
    pub fn deadline(mut self, allowed: Duration) -> Self {
        if !(Duration::from_millis(10)..=Duration::from_secs(300)).contains(&allowed) {
            return self.refuse("deadline", "must be between 10 ms and 300 s");
        }
        self.limits.policy.change().flight = allowed;
        self
    }

    /// How many times a request for a token is sent at most: 3 unless set, from 1 to 3. Only failures that are worth
    /// it are retried; refused credentials never are. A refused refresh token is followed by one login in any case.
    pub fn attempts(mut self, most: u32) -> Self {
        if !(1..=3).contains(&most) {
            return self.refuse("attempts", "must be between 1 and 3");
        }
        self.limits.attempts = most;
        self
    }

    /// How long the vendor is left alone after a first failure of this kind, from 1 s to 1 h. It doubles with each
    /// further one; callers get the same error in the meantime. [`ErrorKind::Configuration`] is refused: no pause follows
    /// on it. That of [`ErrorKind::Unavailable`] does not shorten the 30 s after a 400 or 401 without the vendor's JSON,
    /// behind which a refusal of the credentials may hide.
    pub fn cool_down(mut self, after: ErrorKind, first: Duration) -> Self {
        if !(Duration::from_secs(1)..=Duration::from_secs(3600)).contains(&first) {
            return self.refuse("cool-down", "must be between 1 s and 1 h");
        }
        if after == ErrorKind::Configuration {
            return self.refuse(
                "cool-down",
                "must be for an error that the vendor can cause",
            );
        }
        let policy = self.limits.policy.change();
        for row in TABLE.iter().filter(|row| row.error == after) {
            let pause = if row.pause_may_shrink {
                first
            } else {
                first.max(row.first_pause)
            };
            policy.set_first_pause(row.kind, pause);
        }
        self
    }

    /// Shares the token with all processes that use the same `store`, the same credentials and the same address: one login
    /// for all of them, and none after a restart.
    ///
    /// The store is asked only where the vendor would be: a cached call is as without it. What is in it is sealed. One that
    /// is out of order costs a call 1.5 s at most, once, and is left alone for 5 s then, doubling to a minute; meanwhile
    /// everything is as without a store. See [`TokenStore`].
    #[cfg(feature = "store")]
    pub fn store(mut self, store: impl TokenStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Builds the authenticator. It needs no runtime, starts nothing, and asks nobody.
    ///
    /// # Errors
    ///
    /// When a setting was refused, two of them contradict each other, or what its requests need is not there: root
    /// certificates on this machine for `https://`, or a proxy variable that can be understood. The error names it.
    pub fn build(self) -> Result<Authenticator<E>, ConfigurationError> {
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        let base = self.base?;
        if let Origin::InHand(credentials) = &self.origin {
            base.check_below(E::token_request(credentials).path())?;
        } else if let Some(refresh) = E::REFRESH {
            base.check_below(refresh.path())?;
        }
        let has_tls = cfg!(any(
            feature = "rustls",
            feature = "rustls-ring",
            feature = "native-tls"
        ));
        if !has_tls && base.as_url().scheme() == "https" {
            return Err(ConfigurationError::new(
                "base URL",
                "needs a feature for TLS, such as `rustls`, for https://",
            ));
        }
        let transport = match (self.transport, self.own_transport) {
            (Some(transport), None) => transport,
            (None, Some(settings)) => settings.build()?,
            (None, None) => Transport::shared()?,
            (Some(_), Some(_)) => {
                return Err(ConfigurationError::new(
                    "transport",
                    "cannot be given together with settings of another, such as a proxy or a certificate: set them on it",
                ));
            }
        };
        transport.check_for(&base)?;
        let user_agent = match self.application {
            None => Bytes::from_static(E::USER_AGENT.as_bytes()),
            Some(application) => format!("{application} {}", E::USER_AGENT).into(),
        };
        let user_agent = HeaderValue::from_maybe_shared(user_agent)
            .map_err(|_| ConfigurationError::new(USER_AGENT_PREFIX, "must be visible ASCII"))?;
        let destination = Destination {
            transport,
            base,
            user_agent,
        };
        #[cfg_attr(
            not(feature = "store"),
            expect(unused_mut, reason = "it joins a fleet by its store alone")
        )]
        let mut cache = Cache::new(self.origin, destination, self.clock, self.limits);
        #[cfg(feature = "store")]
        if let Some(store) = self.store {
            cache.join(store);
        }
        if let Some(refresh_token) = self.refresh_token {
            cache.start_with(refresh_token);
        }
        Ok(Authenticator {
            cache: Arc::new(cache),
        })
    }

    #[cfg(feature = "testing")]
    pub(crate) fn reading(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    fn own_transport(mut self, set: impl FnOnce(TransportBuilder) -> TransportBuilder) -> Self {
        self.own_transport = Some(set(self.own_transport.unwrap_or_default()));
        self
    }

    fn refuse(mut self, setting: &str, rule: &str) -> Self {
        self.refused = Some(ConfigurationError::new(setting, rule));
        self
    }
}

impl<E: TokenEndpoint> fmt::Debug for Builder<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("vendor", &E::VENDOR)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

const USER_AGENT_PREFIX: &str = "User-Agent prefix";
/// In bytes: room for any name, and none for a page.
const LONGEST_APPLICATION: usize = 256;
/// Slow vendors answer within a few seconds; two attempts and a wait fit into a flight.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// One more than once is enough for a passing fault; one more yet, for an unlucky day.
const ATTEMPTS: u32 = 3;
