//! What every vendor crate shows its users, written once.

use crate::TokenEndpoint;

/// The types of a vendor's crate that [`vendor!`](crate::vendor) makes around those of this one.
pub trait VendorTypes: TokenEndpoint {
    /// The crate's `Authenticator`.
    type Authenticator: From<crate::Authenticator<Self>> + Into<crate::Authenticator<Self>>;
    /// The crate's `Builder`.
    type Builder: From<crate::Builder<Self>> + Into<crate::Builder<Self>>;
}

/// Makes a vendor crate's `Authenticator`, `Builder`, `Error`, `blocking` module, middleware and layer, and names what
/// all vendor crates share, so that a reader of the crate's pages meets the vendor's own types only.
///
/// It is called once, at the root of the crate, where `Environment`, `Credentials`, `ErrorResponse` and the types below
/// are in scope, and the crate has the features of `auth-common`. The documentation in front becomes that of
/// `Authenticator`; a vendor with refresh tokens names what its refresh answers, and how that is decoded.
///
/// ```ignore
/// auth_common::vendor! {
///     /// Hands out the `Authorization` header for the ZapSign API.
///     pub struct Authenticator for ZapSign;
///     environment: Environment;
///     request_token: TokenPair;
///     refresh_token: RefreshResponse = endpoint::refresh_response;
/// }
/// ```
#[macro_export]
macro_rules! vendor {
    (
        $(#[$about:meta])*
        pub struct Authenticator for $endpoint:ident;
        environment: $environment:ty;
        request_token: $token_response:ty;
        $(refresh_token: $refresh_response:ty = $read_refresh:path;)?
    ) => {
        #[cfg(feature = "tower")]
        pub use $crate::{AuthorizeRequest, AuthorizeResponse, OneShot};
        #[cfg(feature = "store")]
        pub use $crate::{StoreKey, StoreState};
        pub use $crate::{
            BaseUrl, BoxError, ConfigurationError, CredentialsSource, ErrorKind, Failure, Invalidation, Snapshot, Token,
            TokenState, Transport, TransportBuilder, Vars,
        };

        /// Why there is no token, with what the vendor said about it as [`ErrorResponse`].
        pub type Error = $crate::Error<ErrorResponse>;

        /// Attaches the header to calls of the vendor's API, and repeats one once after a 401: a middleware of
        /// `reqwest-middleware`.
        #[cfg(feature = "reqwest-middleware")]
        pub type AuthorizeMiddleware = $crate::AuthorizeMiddleware<$endpoint>;

        /// Attaches the header to calls of the vendor's API, and repeats one once after a 401: a layer of `tower`.
        #[cfg(feature = "tower")]
        pub type AuthorizeLayer = $crate::AuthorizeLayer<$endpoint>;

        /// A `tower` service whose calls carry the header; [`AuthorizeLayer`] makes it.
        #[cfg(feature = "tower")]
        pub type Authorize<S> = $crate::Authorize<$endpoint, S>;

        $(#[$about])*
        ///
        /// Clones are cheap and share one token: keep one for as long as the program runs, and give a clone to whoever
        /// calls the API. The rules it follows are told in
        /// [Life of a token](https://docs.rs/auth-common/latest/auth_common/life_of_a_token/).
        ///
        /// The methods that ask the vendor need a Tokio runtime with time and I/O enabled, any flavour. They may be
        /// dropped at any point, as in `select!` or on a timeout: a request for a token that is under way goes on, and
        /// its token is kept.
        #[derive(Clone, Debug)]
        pub struct Authenticator($crate::Authenticator<$endpoint>);

        impl Authenticator {
            /// An authenticator to be set up, for one of the vendor's systems and one set of credentials.
            pub fn builder(
                environment: $environment,
                credentials: Credentials,
            ) -> Builder {
                Builder($crate::Authenticator::builder(environment, credentials))
            }

            /// An authenticator to be set up, whose credentials are handed out by `source` before each login: for
            /// passwords that are rotated, and for secrets that live in files or managers. An async closure will do.
            pub fn builder_with_source(
                environment: $environment,
                source: impl CredentialsSource<Credentials>,
            ) -> Builder {
                Builder($crate::Authenticator::builder_with_source(environment, source))
            }

            $(
                /// An authenticator to be set up without a password: it has a refresh token that was obtained elsewhere,
                #[doc = concat!("and each that the vendor hands out in its place, as [`", stringify!($refresh_response), "`].")]
                /// When the vendor refuses it, calls fail with [`Error::CredentialsUnavailable`](auth_common::Error::CredentialsUnavailable),
                /// until [`set_credentials`](Self::set_credentials) gives it something to log in with.
                pub fn builder_with_refresh_token(
                    environment: $environment,
                    refresh_token: impl Into<$crate::__private::SecretString>,
                ) -> Builder {
                    Builder($crate::Authenticator::builder_with_refresh_token(
                        environment,
                        refresh_token,
                    ))
                }
            )?

            /// The authenticator that the environment variables of this process describe. The crate's first page has
            /// their names. What a file holds, as a variable `…_FILE` names it, is read anew before each login: a secret
            /// that changes there is used without a restart.
            ///
            /// # Errors
            ///
            /// [`Error::Configuration`] when variables are missing or a value is refused; it names them.
            pub fn from_env() -> Result<Self, Error> {
                $crate::Authenticator::from_env().map(Self)
            }

            /// The value of the `Authorization` header for a call to the vendor's API: `Bearer …`, marked sensitive.
            ///
            /// While the cached token is fresh this is one atomic load, and works outside a runtime too. Otherwise it
            /// asks the vendor, or waits for whoever does, for 30 s at most.
            ///
            /// # Errors
            ///
            /// When there is no valid token and none can be had; see [`Error`] for what to do in each case.
            #[inline]
            pub async fn authorization(&self) -> Result<$crate::__private::HeaderValue, Error> {
                self.0.authorization().await
            }

            /// The token itself, for what the header alone does not tell: when it expires, and which one an API
            /// refused.
            ///
            /// # Errors
            ///
            /// As for [`authorization`](Self::authorization).
            #[inline]
            pub async fn token(&self) -> Result<Token, Error> {
                self.0.token().await
            }

            /// Says that the vendor's API refused `token`, as by a 401. It will not be served again: the next call asks
            /// for another.
            ///
            /// Only that very token is affected: a 401 that arrives late cannot discard a newer one, and ten tasks that
            /// see the same 401 cause one login. Where new tokens are refused as well, the cached one is kept for a
            /// while ([`Invalidation::TooSoon`]). What came of it is returned.
            pub fn invalidate(&self, token: &Token) -> Invalidation {
                self.0.invalidate(token)
            }

            /// Asks for a new token now, whatever is cached, or joins a request that is under way.
            ///
            /// # Errors
            ///
            /// When no new token could be had; the cached one is kept. While a refusal of the vendor's, its rate limit, or a
            /// `Retry-After` is still being waited out, this fails at once, and
            /// [`Error::retry_at`](auth_common::Error::retry_at) says until when.
            pub async fn renew(&self) -> Result<Token, Error> {
                self.0.renew().await
            }

            /// Logs in with `credentials` from now on, in place of those that it was built with or of their source, here
            /// and in all clones. A pause that the vendor's refusal of others brought about ends at once. The cached token
            /// is served on until it is renewed: [`renew`](Self::renew) changes over at once.
            pub fn set_credentials(&self, credentials: Credentials) {
                self.0.set_credentials(credentials);
            }

            /// Logs in once, and returns the vendor's answer in its own fields. This neither uses nor fills the cache,
            /// and retries nothing: in most programs [`authorization`](Self::authorization) is the one to call.
            ///
            /// # Errors
            ///
            /// When the vendor refuses, cannot be reached, or answers otherwise than documented.
            pub async fn request_token(&self) -> Result<$token_response, Error> {
                self.0.request_token().await
            }

            $(
                /// Presents `refresh_token` to the vendor once, and returns its answer in its own fields. This neither
                /// uses nor fills the cache, which refreshes by itself.
                ///
                /// # Errors
                ///
                /// When the vendor refuses, cannot be reached, or answers otherwise than documented.
                pub async fn refresh_token(
                    &self,
                    refresh_token: &$crate::__private::SecretString,
                ) -> Result<$refresh_response, Error> {
                    self.0.refresh_token(refresh_token, $read_refresh).await
                }
            )?

            /// What this authenticator is doing, without secrets: for a health page or a gauge.
            pub fn snapshot(&self) -> Snapshot {
                self.0.snapshot()
            }

            /// The address below which the vendor's API lives, and its token endpoint.
            pub fn base_url(&self) -> &BaseUrl {
                self.0.base_url()
            }

            /// The builder that `vars` describe: [`from_env`](Self::from_env), to be set up further.
            ///
            /// # Errors
            ///
            /// When variables are missing or a value is refused; the error names them.
            pub fn builder_from(vars: &Vars) -> Result<Builder, ConfigurationError> {
                $crate::Authenticator::builder_from(vars).map(Builder)
            }
        }

        impl From<$crate::Authenticator<$endpoint>> for Authenticator {
            fn from(authenticator: $crate::Authenticator<$endpoint>) -> Self {
                Self(authenticator)
            }
        }

        impl From<Authenticator> for $crate::Authenticator<$endpoint> {
            fn from(authenticator: Authenticator) -> Self {
                authenticator.0
            }
        }

        /// The settings of an [`Authenticator`]. Every one of them has a default that suits most programs.
        #[derive(Debug)]
        #[must_use]
        pub struct Builder($crate::Builder<$endpoint>);

        $crate::__vendor_settings! {
            Builder, Authenticator;

            /// Sends requests over `transport`, which any number of authenticators may share. Without this setting, all
            /// of them share [`Transport::shared`].
            transport(transport: Transport);

            /// Trusts the certificate authorities in `pem` as well; see [`TransportBuilder::root_certificate`].
            root_certificate(pem: &[u8]);

            /// Proves who is calling by a client certificate; see [`TransportBuilder::client_certificate`].
            client_certificate(pem: &[u8]);

            /// Sends this header with every request for a token, for a gateway; see [`TransportBuilder::header`].
            header(name: &str, value: &str);

            /// Sends everything through the proxy at `url`; see [`TransportBuilder::proxy`].
            proxy(url: &str);

            /// Uses no proxy, whatever the environment says.
            no_proxy();

            /// The time allowed to connect: 5 s unless set; see [`TransportBuilder::connect_timeout`].
            connect_timeout(allowed: ::std::time::Duration);

            /// Puts the name of the application before this crate's in the `User-Agent` header, as in `shop/1.4.2`:
            /// visible ASCII, with spaces between its words, of at most 256 bytes.
            user_agent_prefix(application: &str);

            /// How early a token is renewed, as a fraction of its lifetime: 0.1 unless set, from 0.02 to 0.5. Whatever
            /// the fraction, that is at most an hour before its expiry, and a fifth earlier or later by chance.
            early_renewal(fraction: f64);

            /// Renews the token ahead of its expiry while nobody asks as well, from the first token on: off unless set. It
            /// is for a program that asks more seldom than a token is due, and must not wait for a login.
            ///
            /// The price is a login for each lifetime of a token, whether anybody asks or not, and that a vendor who fails
            /// or refuses is asked again after each pause. It is done by a task in the runtime of the latest request, which
            /// keeps no authenticator alive. After that runtime has ended, and in the child of a fork, the next call that
            /// finds no fresh token starts another.
            keep_ready();

            /// The time allowed for one attempt, from looking up the name to the last byte of the answer: 10 s unless
            /// set, from 10 ms to 120 s.
            attempt_timeout(allowed: ::std::time::Duration);

            /// The time allowed for a request for a token in all, retries included: 25 s unless set, from 10 ms to
            /// 300 s. Callers wait up to 5 s longer.
            deadline(allowed: ::std::time::Duration);

            /// How many times a request for a token is sent at most: 3 unless set, from 1 to 3. Only failures that are
            /// worth it are retried; refused credentials never are.
            attempts(most: u32);

            /// How long the vendor is left alone after a first failure of this kind, from 1 s to 1 h. It doubles with
            /// each further one; callers get the same error in the meantime.
            cool_down(after: ErrorKind, first: ::std::time::Duration);

            /// Shares the token with all processes that use the same `store`, the same credentials and the same address:
            /// one login for all of them, and none after a restart. The store is asked only where the vendor would be,
            /// and what is in it is sealed. One that is out of order costs a call 1.5 s at most, once.
            #[cfg(feature = "store")]
            store(store: impl $crate::TokenStore);

            /// Reads the time from a clock moved by hand, and takes chance out of every margin: for tests.
            #[cfg(feature = "testing")]
            clock(clock: $crate::testing::ManualClock);
        }

        $(
            impl Builder {
                /// Presents `refresh_token`, which was obtained elsewhere, before it logs in for the first time. What comes of
                #[doc = concat!("it is [`", stringify!($refresh_response), "`].")]
                pub fn refresh_token(
                    self,
                    refresh_token: impl Into<$crate::__private::SecretString>,
                ) -> Self {
                    Self(self.0.refresh_token(refresh_token))
                }
            }
        )?

        impl From<$crate::Builder<$endpoint>> for Builder {
            fn from(builder: $crate::Builder<$endpoint>) -> Self {
                Self(builder)
            }
        }

        impl From<Builder> for $crate::Builder<$endpoint> {
            fn from(builder: Builder) -> Self {
                builder.0
            }
        }

        impl $crate::VendorTypes for $endpoint {
            type Authenticator = Authenticator;
            type Builder = Builder;
        }

        /// The same API without async, for scripts and threaded services.
        ///
        /// Nothing here may be called from within a Tokio runtime, where waiting would stop the runtime: that is an
        /// error, which says so. `spawn_blocking` counts as within: Tokio does not tell the two apart. There,
        /// `Handle::current().block_on(authenticator.authorization())` waits for the asynchronous side.
        #[cfg(feature = "blocking")]
        pub mod blocking {
            use super::*;

            /// Hands out the `Authorization` header for the vendor's API, without async.
            ///
            /// It shares its token with the [`Authenticator`](super::Authenticator) that it was made of, and with all
            /// clones of both. Requests for a token run on one thread, which the whole process shares and which starts
            /// with the first call.
            ///
            /// Each method is as that of [`Authenticator`](super::Authenticator), and fails with
            /// [`Error::Configuration`] within a runtime.
            #[derive(Clone, Debug)]
            pub struct Authenticator($crate::blocking::Authenticator<$endpoint>);

            impl Authenticator {
                /// A builder; [`Builder::build_blocking`] ends it.
                pub fn builder(
                    environment: $environment,
                    credentials: Credentials,
                ) -> Builder {
                    super::Authenticator::builder(environment, credentials)
                }

                /// A builder, whose credentials are handed out by `source` before each login;
                /// [`Builder::build_blocking`] ends it.
                pub fn builder_with_source(
                    environment: $environment,
                    source: impl CredentialsSource<Credentials>,
                ) -> Builder {
                    super::Authenticator::builder_with_source(environment, source)
                }

                /// The authenticator that the environment variables of this process describe.
                ///
                /// # Errors
                ///
                /// [`Error::Configuration`] when variables are missing or a value is refused; it names them.
                pub fn from_env() -> Result<Self, Error> {
                    $crate::blocking::Authenticator::from_env().map(Self)
                }

                /// The value of the `Authorization` header for a call to the vendor's API.
                ///
                /// # Errors
                ///
                /// When there is no valid token and none can be had, and within a runtime.
                pub fn authorization(&self) -> Result<$crate::__private::HeaderValue, Error> {
                    self.0.authorization()
                }

                /// The token itself.
                ///
                /// # Errors
                ///
                /// When there is no valid token and none can be had, and within a runtime.
                pub fn token(&self) -> Result<Token, Error> {
                    self.0.token()
                }

                /// Says that the vendor's API refused `token` with a 401. This may be called within a runtime.
                pub fn invalidate(&self, token: &Token) -> Invalidation {
                    self.0.invalidate(token)
                }

                /// Asks for a new token now, whatever is cached, or joins a request that is under way.
                ///
                /// # Errors
                ///
                /// When no new token could be had, and within a runtime.
                pub fn renew(&self) -> Result<Token, Error> {
                    self.0.renew()
                }

                /// Logs in with `credentials` from now on. This may be called within a runtime.
                pub fn set_credentials(&self, credentials: Credentials) {
                    self.0.set_credentials(credentials);
                }

                /// Logs in once, past the cache.
                ///
                /// # Errors
                ///
                /// When the vendor refuses, cannot be reached, or answers otherwise than documented, and within a
                /// runtime.
                pub fn request_token(&self) -> Result<$token_response, Error> {
                    self.0.request_token()
                }

                $(
                    /// Presents `refresh_token` to the vendor once, past the cache.
                    ///
                    /// # Errors
                    ///
                    /// When the vendor refuses, cannot be reached, or answers otherwise than documented, and within a
                    /// runtime.
                    pub fn refresh_token(
                        &self,
                        refresh_token: &$crate::__private::SecretString,
                    ) -> Result<$refresh_response, Error> {
                        self.0.refresh_token(refresh_token, $read_refresh)
                    }
                )?

                /// What this authenticator is doing, without secrets. This may be called within a runtime.
                pub fn snapshot(&self) -> Snapshot {
                    self.0.snapshot()
                }
            }

            impl From<super::Authenticator> for Authenticator {
                fn from(authenticator: super::Authenticator) -> Self {
                    Self(authenticator.0.into())
                }
            }

            impl From<Authenticator> for super::Authenticator {
                fn from(blocking: Authenticator) -> Self {
                    Self(blocking.0.into())
                }
            }

            impl From<$crate::blocking::Authenticator<$endpoint>> for Authenticator {
                fn from(authenticator: $crate::blocking::Authenticator<$endpoint>) -> Self {
                    Self(authenticator)
                }
            }

            impl Builder {
                /// Builds an authenticator without async.
                ///
                /// # Errors
                ///
                /// As for [`build`](Self::build).
                pub fn build_blocking(self) -> Result<Authenticator, ConfigurationError> {
                    self.0.build_blocking().map(Authenticator)
                }
            }
        }
    };
}

/// The setters of a vendor crate's builder: each hands its value to the builder of this crate.
#[doc(hidden)]
#[macro_export]
macro_rules! __vendor_settings {
    (
        $builder:ident, $authenticator:ident;
        $($(#[$about:meta])* $setting:ident($($value:ident: $type:ty),*);)*
    ) => {
        impl $builder {
            $(
                $(#[$about])*
                pub fn $setting(self, $($value: $type),*) -> Self {
                    Self(self.0.$setting($($value),*))
                }
            )*

            /// Builds the authenticator. It needs no runtime, starts nothing, and asks nobody.
            ///
            /// # Errors
            ///
            /// When a setting was refused, two of them contradict each other, or what its requests need is not there:
            /// root certificates on this machine for `https://`, or a proxy variable that can be understood. The error
            /// names it.
            pub fn build(self) -> Result<$authenticator, ConfigurationError> {
                self.0.build().map($authenticator)
            }
        }
    };
}
