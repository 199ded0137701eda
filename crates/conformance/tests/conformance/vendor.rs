//! The vendors, as far as a test that runs against all of them has to know: what each crate's own [`Document`] says, and
//! what follows from it.
//!
//! [`Document`]: auth_common::testing::Document

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_common::{
    Authenticator, BaseUrl, Builder, ConfigurationError, Error, Exchange, TokenEndpoint, Vars,
    testing::{Issued, Outage, Request, RequestKind, Response, Role, Script},
};
use serde_json::value::RawValue;
pub(crate) use vendors::Vendor;

pub(crate) type Endpoint<V> = <V as Role>::Endpoint;
pub(crate) type Client<V> = Authenticator<Endpoint<V>>;
pub(crate) type Failed<V> = Error<<Endpoint<V> as TokenEndpoint>::ErrorResponse>;

/// A vendor that knows the caller of [`builder`].
pub(crate) fn vendor<V: Vendor>() -> V {
    V::knowing(IDENTITY, SECRET, ORGANIZATION)
}

/// A builder with credentials that are accepted everywhere.
pub(crate) fn builder<V: Vendor>(base: BaseUrl) -> Builder<V::Endpoint> {
    builder_for(&vendor::<V>(), base).unwrap()
}

/// A builder with the credentials that `vendor` knows.
pub(crate) fn builder_for<V: Vendor>(
    vendor: &V,
    base: BaseUrl,
) -> Result<Builder<V::Endpoint>, ConfigurationError> {
    let environment = vendor.environment(base);
    Ok(Authenticator::builder(environment, vendor.credentials()?))
}

pub(crate) fn client<V: Vendor>(base: BaseUrl) -> Client<V> {
    builder::<V>(base).build().unwrap()
}

/// Credentials as the crate takes them.
pub(crate) fn credentials<V: Vendor>(
    identity: &str,
    secret: &str,
    organization: &str,
) -> Result<<V::Endpoint as TokenEndpoint>::Credentials, ConfigurationError> {
    V::knowing(identity, secret, organization).credentials()
}

/// The builder that these environment variables describe.
pub(crate) fn builder_from<V: Vendor>(
    variables: &[(&str, String)],
) -> Result<Builder<V::Endpoint>, ConfigurationError> {
    let vars = Vars::from_pairs(variables.iter().cloned());
    Authenticator::<V::Endpoint>::builder_from(&vars)
}

/// A success as documented, with this token.
pub(crate) fn success<V: Vendor>(token: &str) -> Body {
    success_living::<V>(token, V::LIFETIME)
}

/// A success as documented, with this token, which lives so long.
pub(crate) fn success_living<V: Vendor>(token: &str, lives: Duration) -> Body {
    granting::<V>(lives).with(&token_field::<V>(), quoted(token))
}

/// The field of a success that holds the access token.
pub(crate) fn token_field<V: Vendor>() -> String {
    granting::<V>(V::LIFETIME).field(ACCESS).unwrap()
}

/// The field of a success that holds the refresh token, where there is one.
pub(crate) fn refresh_field<V: Vendor>() -> Option<String> {
    granting::<V>(V::LIFETIME).field(REFRESH)
}

/// Whether a success names the token's type and its lifetime.
pub(crate) fn tells_type_and_lifetime<V: Vendor>() -> bool {
    let success = granting::<V>(V::LIFETIME);
    let tells = ["token_type", "expires_in"].map(|name| success.has(name));
    assert_eq!(
        tells[0], tells[1],
        "no test knows what follows from one alone"
    );
    tells[0]
}

fn granting<V: Vendor>(lives: Duration) -> Body {
    let vendor = V::default();
    let mut issued = Issued::new(ACCESS, Exchange::Login);
    issued.expires_in = Some(lives);
    issued.refresh_token = vendor.refresh_token(1).map(|_| REFRESH.to_owned());
    Body::of(&vendor.granted(&issued))
}

const ACCESS: &str = "the-access-token";
const REFRESH: &str = "the-refresh-token";

/// A login as a crate writes it.
pub(crate) struct Login {
    /// What the vendor takes it for, which knows the credentials that the crate was given.
    pub(crate) kind: RequestKind,
    pub(crate) target: String,
    /// Every text in it, by decoders that are not the crate's.
    pub(crate) texts: Vec<String>,
    /// Whether the credentials travel as `Authorization: Basic`.
    pub(crate) basic: bool,
}

impl Login {
    /// The login with these credentials.
    pub(crate) async fn with<V: Vendor>(
        identity: &str,
        secret: &str,
        organization: &str,
    ) -> Result<Self, ConfigurationError> {
        let vendor = V::knowing(identity, secret, organization);
        let base = "https://vendor.example".parse()?;
        let builder = builder_for(&vendor, base)?;
        let seen = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&seen);
        let transport = Script::new(move |request| {
            *kept.lock().unwrap() = Some(Self {
                kind: vendor.kind(request),
                target: request.target(),
                texts: texts(request),
                basic: request.basic().is_some(),
            });
            Err(Outage::Unreachable)
        });
        let client = builder.transport(transport.transport()).build()?;
        assert!(client.request_token().await.is_err());
        Ok(seen.lock().unwrap().take().unwrap())
    }

    /// The login of the caller of [`builder`].
    pub(crate) async fn of_the_caller<V: Vendor>() -> Self {
        let login = Self::with::<V>(IDENTITY, SECRET, ORGANIZATION).await;
        login.unwrap()
    }

    /// Whether it names an organization.
    pub(crate) fn names_an_organization(&self) -> bool {
        self.texts.iter().any(|text| text == ORGANIZATION)
    }
}

const IDENTITY: &str = "identity-of-the-caller";
const SECRET: &str = "secret-of-the-caller";
const ORGANIZATION: &str = "organization-of-the-caller";

/// The segments of the path, the values of the body, and both halves of `Authorization: Basic`.
fn texts(request: &Request) -> Vec<String> {
    let mut texts: Vec<String> = request.target().split('/').map(percent_decoded).collect();
    if let Some(value) = request.header("authorization") {
        let pair = base64_decoded(value.strip_prefix("Basic ").unwrap());
        let pair = String::from_utf8(pair).unwrap();
        let (user, password) = pair.split_once(':').unwrap();
        texts.extend([user.into(), password.into()]);
    }
    let body = str::from_utf8(request.body()).unwrap();
    match request.header("content-type") {
        Some("application/json") => {
            let fields: BTreeMap<String, String> = serde_json::from_str(body).unwrap();
            texts.extend(fields.into_values());
        }
        _ => {
            let fields = body.split('&').filter_map(|field| field.split_once('='));
            texts.extend(fields.map(|(_, value)| percent_decoded(&value.replace('+', " "))));
        }
    }
    texts
}

/// Makes a test of `$test<V: Vendor>` for each of the vendors. `paused` stops the time of the runtime; `child` is for a
/// function that other tests run in a process of its own.
macro_rules! every_vendor {
    (child $test:ident) => {
        crate::vendor::every_vendor! { @ $test [test, ignore = "run by other tests, in a process of its own"] [] [] }
    };
    (paused $test:ident) => {
        crate::vendor::every_vendor! { @ $test [tokio::test(start_paused = true)] [async] [.await] }
    };
    (blocking $test:ident) => {
        crate::vendor::every_vendor! { @ $test [test] [] [] }
    };
    ($test:ident) => {
        crate::vendor::every_vendor! { @ $test [tokio::test] [async] [.await] }
    };
    (@ $($test:tt)*) => {
        vendors::for_each! { every_vendor % $($test)* }
    };
    ([$($vendor:ident)*] % $test:ident $attributes:tt $asynchronous:tt $wait:tt) => {
        mod $test {
            $(crate::vendor::every_vendor! { $vendor $test $attributes $asynchronous $wait })*
        }
    };
    ($vendor:ident $test:ident [$($attribute:meta),+] [$($asynchronous:ident)?] [$($wait:tt)*]) => {
        $(#[$attribute])+
        $($asynchronous)? fn $vendor() {
            super::$test::<vendors::$vendor::testing::Vendor>()$($wait)*;
        }
    };
}
pub(crate) use every_vendor;

/// Makes a test of `$test<V: Vendor>`, which runs it with every vendor that hands out refresh tokens, and with
/// [`Formal`](crate::formal::Formal).
macro_rules! every_refreshing_vendor {
    (paused $test:ident) => {
        crate::vendor::every_refreshing_vendor! { @ $test [tokio::test(start_paused = true)] }
    };
    ($test:ident) => {
        crate::vendor::every_refreshing_vendor! { @ $test [tokio::test] }
    };
    (@ $($test:tt)*) => {
        vendors::for_each! { every_refreshing_vendor % $($test)* }
    };
    ([$($vendor:ident)*] % $test:ident [$attribute:meta]) => {
        mod $test {
            #[$attribute]
            async fn every_refreshing_vendor() {
                super::$test::<crate::formal::Formal>().await;
                $(
                    if crate::vendor::refreshes::<vendors::$vendor::testing::Vendor>() {
                        super::$test::<vendors::$vendor::testing::Vendor>().await;
                    }
                )*
            }
        }
    };
}
pub(crate) use every_refreshing_vendor;

/// Whether the vendor hands out refresh tokens, as its document has it.
pub(crate) fn refreshes<V: Vendor>() -> bool {
    V::default().refresh_token(1).is_some()
}

/// A JSON object, text by text, so that it can be wrong in any way.
#[derive(Clone, Default)]
pub(crate) struct Body(Vec<(String, String)>);

impl Body {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The body of an answer.
    pub(crate) fn of(response: &Response) -> Self {
        let fields: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(response.body()).unwrap();
        let field = |(name, value): (String, Box<RawValue>)| (name, value.get().to_owned());
        Self(fields.into_iter().map(field).collect())
    }

    /// Sets a field, the first of this name if it is there, to `value` as it stands.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value.into(),
            None => self.0.push((name.into(), value.into())),
        }
        self
    }

    /// Adds a field, even if it is there.
    pub(crate) fn adding(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The name of the field that holds this text.
    fn field(&self, text: &str) -> Option<String> {
        let mut fields = self.0.iter();
        let (name, _) = fields.find(|(_, value)| *value == quoted(text))?;
        Some(name.clone())
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = |(name, value): &(String, String)| format!("{}:{value}", quoted(name));
        let fields: Vec<String> = self.0.iter().map(field).collect();
        write!(f, "{{{}}}", fields.join(","))
    }
}

/// `text` as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).unwrap()
}

fn base64_decoded(text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = text.trim_end_matches('=');
    let (mut bits, mut held) = (0_u32, 0);
    let mut decoded = Vec::new();
    for digit in text.bytes() {
        let value = digits.iter().position(|known| *known == digit).unwrap();
        bits = bits << 6 | value as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            decoded.push((bits >> held) as u8);
        }
    }
    decoded
}
