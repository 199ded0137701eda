//! Everything that can be read is read, and searched for canaries: whatever the crates print, log or put into an error,
//! no credential and no token is in it, in any encoding, in whole or in part.

use std::{
    any::Any,
    collections::{BTreeSet, HashMap},
    error::Error as StdError,
    fmt::{self, Write as _},
    io,
    panic::{self, AssertUnwindSafe},
    sync::{Mutex, MutexGuard, Once, PoisonError},
    time::Duration,
};

use auth_common::{
    BaseUrl, BasicCredentials, Builder, ConfigurationError, Credential, ErrorKind, Grant,
    JsonObject, TokenEndpoint, TokenRequest, Transport, Vars, testing::ManualClock,
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use chrono::DateTime;
use secrecy::SecretString;
use vendors::zapsign_auth::OrganizationId;

use crate::{
    server::{Server, Step, answer, json},
    vendor::{
        Body, Failed, Login, Vendor, builder_for, every_refreshing_vendor, every_vendor, quoted,
        refresh_field, success, tells_type_and_lifetime, token_field, vendor,
    },
};

async fn nothing_that_can_be_read_holds_a_secret<V: Vendor>() {
    let listening = Listening::start().await;
    let mut read = Readings::default();
    read_values::<V>(&mut read).await;
    read_refusals::<V>(&mut read).await;
    read_malformed_answers::<V>(&mut read).await;
    read_request_ids::<V>(&mut read).await;
    read_failures::<V>(&mut read).await;
    read_settings::<V>(&mut read);

    let heard = listening.heard();
    // The HTTP library was heard, and so were these crates.
    for voice in ["hyper_util", "auth_common", "reqwest"] {
        assert!(heard.contains(voice), "{voice} is not heard");
    }
    assert_clean("what was logged", &heard);
    assert!(read.0.len() > 100);
    for (what, text) in &read.0 {
        assert_clean(what, text);
    }
}
every_vendor!(nothing_that_can_be_read_holds_a_secret);

/// Short secrets, as people have them, in a sentence that says something.
async fn everyday_secret_is_withheld_in_every_encoding_and_the_sentence_is_shown<V: Vendor>() {
    let (identity, secret, organization) = ("test", "Segredo1\"23é", "4321");
    let login = Login::of_the_caller::<V>().await;
    let organizations = login.names_an_organization().then_some(organization);
    for canary in [identity, secret].into_iter().chain(organizations) {
        for (encoding, encode) in ENCODINGS {
            let spelled = encode(canary.as_bytes());
            let said = quoted(&format!(
                "the latest login of <{spelled}> failed 94321875 times"
            ));
            let body = ERROR_FIELDS
                .iter()
                .fold(Body::new(), |body, name| body.with(name, &*said));
            let server = Server::answering(json("401 Unauthorized", body.to_string())).await;
            let vendor = V::knowing(identity, secret, organization);
            let client = builder_for(&vendor, server.base_url()).unwrap();
            let client = client.build().unwrap();
            let error = client.request_token().await.err().unwrap();
            let text = format!("{error:?}");
            let shown: Vec<&str> = text
                .split("the latest login of <")
                .skip(1)
                .filter_map(|it| it.split_once("> failed 94321875 times"))
                .map(|(shown, _)| shown.trim_matches(['"', '\\']))
                .collect();
            assert!(!shown.is_empty(), "{canary} in {encoding}: {text}");
            assert!(
                shown.iter().all(|it| *it == "[withheld]"),
                "{canary} in {encoding}: {text}"
            );
        }
    }
}
every_vendor!(everyday_secret_is_withheld_in_every_encoding_and_the_sentence_is_shown);

/// What a search finds that is sure to find something.
#[tokio::test]
async fn search_finds_every_encoding_wherever_it_is_written() {
    for canary in CANARIES {
        for (encoding, encode) in ENCODINGS {
            for before in ["", "x", "xy"] {
                let text = format!(
                    "before {} after",
                    encode(format!("{before}{canary}").as_bytes())
                );
                assert!(found(&text).contains(canary), "{encoding}: {text}");
                let part: String = canary.chars().skip(3).take(14).collect();
                let text = format!(
                    "before {} after",
                    encode(format!("{before}{part}").as_bytes())
                );
                assert!(found(&text).contains(canary), "part of {encoding}: {text}");
            }
        }
    }
    assert!(found("nothing but canaries-in-general").is_empty());

    let listening = Listening::start().await;
    log::trace!("{ACCESS}");
    tracing::trace!(field = SECRET, "an event");
    let _ = panic::catch_unwind(|| panic!("{REFRESH}"));
    let found = found(&listening.heard());
    assert_eq!(found, BTreeSet::from([ACCESS, SECRET, REFRESH]));
}

/// What the crates print of themselves, and in a panic.
async fn read_values<V: Vendor>(read: &mut Readings) {
    let server = Server::answering(json("200 OK", granting::<V>().to_string())).await;
    let builder = builder::<V>(server.base_url());
    read.debug("builder", &builder);
    let client = builder.build().unwrap();
    read.debug("authenticator", &client);
    let token = client.token().await.unwrap();
    assert_eq!(token.expose_secret(), ACCESS);
    read.debug("token", &token);
    read.debug("header", &token.authorization());
    read.debug("authorization", &client.authorization().await.unwrap());
    read.debug("snapshot", &client.snapshot());
    read.debug("invalidation", &client.invalidate(&token));
    let response = client.request_token().await.unwrap();
    read.debug("token response", &response);
    read.debug("grant", &Into::<Grant>::into(response));

    let credentials = credentials::<V>(IDENTITY, SECRET).unwrap();
    read.debug("credentials", &credentials);
    read.debug("request", &V::Endpoint::token_request(&credentials));
    read.debug("refresh", &V::Endpoint::REFRESH);
    let body = granting::<V>().to_string();
    let object = JsonObject::parse(body.as_bytes(), &[]).unwrap();
    read.debug("body", &object);
    read.debug("error response", &V::Endpoint::error_response(&object));
    read.debug("form", &TokenRequest::form("path", &[("password", SECRET)]));
    let basic = basic();
    read.debug("pair", &basic);
    let request = TokenRequest::form("path", &[]).basic(&basic);
    read.debug("basic", &request);
    read.debug("header", request.headers());

    read.panic("token", Err(token));
    read.panic(
        "credentials",
        Err(self::credentials::<V>(IDENTITY, SECRET).unwrap()),
    );
    read.panic("authenticator", Err(client));
}

/// A vendor that repeats what it was sent in every field of every error, in every way that servers do.
async fn read_refusals<V: Vendor>(read: &mut Readings) {
    let login = Login::of_the_caller::<V>().await;
    let organization = login.names_an_organization().then_some(ORGANIZATION);
    let documented: Vec<Body> = vendor::<V>()
        .refusals()
        .iter()
        .map(|(refusal, _)| Body::of(refusal))
        .collect();
    for canary in [IDENTITY, SECRET].into_iter().chain(organization) {
        let fragment: String = canary.chars().skip(2).take(13).collect();
        let mut echoes = vec![
            canary.to_owned(),
            format!("the password '{canary}' is wrong"),
            form_encoded(canary.as_bytes()),
            percent_encoded(canary.as_bytes()),
            percent_encoded_in_lower_case(canary.as_bytes()),
            quoted(canary),
            json_escaped(canary.as_bytes()),
            fragment,
            format!("{}{canary}", "x".repeat(250)),
        ];
        for (_, encode) in ENCODINGS {
            echoes.push(format!(
                "the password '{}' is wrong",
                encode(canary.as_bytes())
            ));
        }
        if login.basic {
            // The vendor was sent it so.
            let pair = STANDARD_NO_PAD.encode(format!("{IDENTITY}:{SECRET}"));
            echoes.push(format!("Basic {pair}"));
        }
        for echo in echoes {
            let echo = quoted(&echo);
            let fields = documented
                .iter()
                .flat_map(Body::names)
                .chain(ERROR_FIELDS)
                .fold(Body::new(), |body, name| body.with(name, &*echo));
            let body = fields
                .with(
                    "details",
                    format!("[{{\"field\":{echo},\"message\":{echo}}}]"),
                )
                .with("username", format!("[{echo}]"))
                .to_string();
            let named = format!("{{{echo}:[{echo}]}}");
            for status in [
                "400 Bad Request",
                "401 Unauthorized",
                "429 Too Many Requests",
                "500 Oops",
                "200 OK",
            ] {
                for body in [&body, &named] {
                    let server = Server::answering(json(status, body)).await;
                    let error = request::<V>(&server).await;
                    read.error("refusal", &error);
                }
            }
        }
    }
}

/// A vendor that says too much in the answers that are to hold a token.
async fn read_malformed_answers<V: Vendor>(read: &mut Readings) {
    let granting = granting::<V>();
    let mut bodies = vec![
        granting.to_string() + "}",
        granting
            .clone()
            .adding(&token_field::<V>(), quoted(ACCESS))
            .to_string(),
        granting
            .clone()
            .with(&token_field::<V>(), quoted(&format!("{ACCESS}\n")))
            .to_string(),
        granting
            .clone()
            .with(
                &token_field::<V>(),
                format!("{{\"secret\":{}}}", quoted(ACCESS)),
            )
            .to_string(),
        format!("<html>{ACCESS} {SECRET} {REFRESH}</html>"),
        quoted(ACCESS),
    ];
    if tells_type_and_lifetime::<V>() {
        bodies.push(
            granting
                .clone()
                .with("expires_in", quoted(SECRET))
                .to_string(),
        );
        bodies.push(granting.clone().with("expires_in", "0").to_string());
        bodies.push(
            granting
                .clone()
                .with("token_type", quoted(SECRET))
                .to_string(),
        );
    }
    for body in bodies {
        let server = Server::answering(json("200 OK", body)).await;
        let error = request::<V>(&server).await;
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        read.error("malformed answer", &error);
    }
}

/// Answers whose id is a secret.
async fn read_request_ids<V: Vendor>(read: &mut Readings) {
    let malformed = granting::<V>().to_string() + "}";
    let login = Login::of_the_caller::<V>().await;
    let organization = login.names_an_organization().then_some(ORGANIZATION);
    for canary in [IDENTITY, SECRET].into_iter().chain(organization) {
        for (_, encode) in ENCODINGS {
            let id = encode(canary.as_bytes());
            let header = format!("X-Request-Id: {}\r\n", id.replace(char::is_whitespace, ""));
            let server = Server::answering(answer("401 Unauthorized", &header, "{}")).await;
            read.error("request id", &request::<V>(&server).await);
        }
    }
    let header = format!("X-Request-Id: {ACCESS}\r\n");
    for body in [&malformed, &malformed.replace('/', "\\/")] {
        let server = Server::answering(answer("200 OK", &header, body)).await;
        let error = request::<V>(&server).await;
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        read.error("request id", &error);
    }
}

/// Errors without an answer, or with one that is not for us.
async fn read_failures<V: Vendor>(read: &mut Readings) {
    let elsewhere = format!("Location: https://elsewhere.example/?password={SECRET}\r\n");
    for script in [
        vec![],
        vec![Step::Reset],
        vec![Step::Read, Step::Hold],
        vec![Step::Read, Step::Send(SECRET.into())],
        vec![
            Step::Read,
            Step::Send(answer("302 Found", &elsewhere, ACCESS)),
        ],
    ] {
        let server = Server::following(script).await;
        read.error("failure", &request::<V>(&server).await);
    }
    let plain = Server::answering(json("200 OK", "{}")).await;
    let client = builder::<V>(plain.https("localhost")).build().unwrap();
    read.error("no TLS", &client.request_token().await.err().unwrap());
    let client = builder::<V>(Server::nobody().await).build().unwrap();
    read.error("nobody", &client.request_token().await.err().unwrap());
    // A proxy with a password of its own, at an address where nobody listens.
    let nobody = Server::nobody().await;
    let proxy = format!(
        "http://proxy:{}@{}",
        percent_encoded(ACCESS.as_bytes()),
        nobody.as_url().authority()
    );
    let client = builder::<V>("https://vendor.invalid".parse().unwrap()).proxy(&proxy);
    read.debug("proxy", &client);
    read.debug("transport", &Transport::builder().proxy(&proxy));
    let error = client.build().unwrap().request_token().await.err().unwrap();
    read.error("no proxy", &error);
    read.panic("error", Err(error));
}

/// Values that are refused before anything is sent.
fn read_settings<V: Vendor>(read: &mut Readings) {
    for text in [SECRET, IDENTITY] {
        let refused = [
            credentials::<V>(&format!("{text}\n"), SECRET).err(),
            credentials::<V>(IDENTITY, &format!("{text}\0")).err(),
            credentials::<V>(&text.repeat(200), &text.repeat(200)).err(),
            text.parse::<OrganizationId>().err(),
            format!("https://user:{text}@vendor.example")
                .parse::<BaseUrl>()
                .err(),
            format!("https://vendor.example/?key={text}")
                .parse::<BaseUrl>()
                .err(),
            format!("http://{text}").parse::<BaseUrl>().err(),
            text.parse::<BaseUrl>().err(),
            Transport::builder()
                .proxy(&format!("://{text}"))
                .build()
                .err(),
            Transport::builder()
                .root_certificate(text.as_bytes())
                .build()
                .err(),
            Transport::builder()
                .client_certificate(text.as_bytes())
                .build()
                .err(),
            Transport::builder()
                .header("X-Api-Key", &format!("{text}\t"))
                .build()
                .err(),
            Transport::builder()
                .header(&format!("X Api Key: {text}"), text)
                .build()
                .err(),
            Vars::from_pairs([("NAME_FILE", text)])
                .credential("NAME")
                .err(),
            Credential::with_limit("password", text, 3).err(),
            Vars::from_pairs([("NAME", format!("{text}\t"))])
                .credential("NAME")
                .err(),
        ];
        for error in refused {
            let error = error.expect("a refusal");
            read.debug("configuration error", &error);
            read.text("configuration error", error.to_string());
        }
    }
    let vars = Vars::from_pairs([("NAME", SECRET)]);
    read.debug("variables", &vars);
    read.debug("credential", &vars.credential("NAME").unwrap());
}

/// A refused refresh that repeats the refresh token, or the token that was to be renewed.
async fn refusal_of_a_refresh_holds_no_token<V: Vendor>() {
    let listening = Listening::start().await;
    let mut read = Readings::default();
    let refusal = |status: &str, said: &str| {
        let said = quoted(&format!("refused: {said}"));
        let list = format!("[{said}]");
        let body = ERROR_FIELDS
            .iter()
            .fold(Body::new(), |body, name| body.with(name, &*said))
            .with("refresh", &*list);
        json(status, body.to_string())
    };
    for status in ["401 Unauthorized", "403 Forbidden", "500 Oops"] {
        // A login, a refresh, the login in its place, and a refresh past the cache.
        let answers = [
            json("200 OK", granting::<V>().to_string()),
            refusal(status, &format!("{REFRESH} for {ACCESS}")),
            refusal(status, ACCESS),
            refusal(status, &format!("{REFRESH} for {ACCESS}")),
        ];
        let server = Server::scripted(move |connection| {
            vec![Step::Read, Step::Send(answers[connection].clone())]
        })
        .await;
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        let client = builder::<V>(server.base_url())
            .attempts(1)
            .clock(clock.clone())
            .build()
            .unwrap();
        client.token().await.unwrap();
        clock.advance(Duration::from_secs(60));
        read.error("renewal", &client.renew().await.unwrap_err());
        let refresh_token = SecretString::from(REFRESH);
        let refresh = client.refresh_token(&refresh_token, |_| Ok(()));
        let error = refresh.await.unwrap_err();
        read.error("refresh", &error);
        assert_eq!(server.connections(), 4);
    }
    assert_clean("what was logged", &listening.heard());
    for (what, text) in &read.0 {
        assert_clean(what, text);
    }
}
every_refreshing_vendor!(refusal_of_a_refresh_holds_no_token);

fn credentials<V: Vendor>(
    identity: &str,
    secret: &str,
) -> Result<<V::Endpoint as TokenEndpoint>::Credentials, ConfigurationError> {
    crate::vendor::credentials::<V>(identity, secret, ORGANIZATION)
}

fn basic() -> BasicCredentials {
    let user = Credential::new("identity", IDENTITY).unwrap();
    let password = Credential::new("secret", SECRET).unwrap();
    BasicCredentials::new(("identity", user), password).unwrap()
}

fn builder<V: Vendor>(base: BaseUrl) -> Builder<V::Endpoint> {
    let vendor = V::knowing(IDENTITY, SECRET, ORGANIZATION);
    let builder = builder_for(&vendor, base).unwrap();
    builder.attempt_timeout(Duration::from_millis(200))
}

async fn request<V: Vendor>(server: &Server) -> Failed<V> {
    let client = builder::<V>(server.base_url()).build().unwrap();
    client.request_token().await.err().unwrap()
}

/// A success with both tokens, wherever the vendor has a place for them.
fn granting<V: Vendor>() -> Body {
    let body = success::<V>(ACCESS).with("refresh_token", quoted(REFRESH));
    match refresh_field::<V>() {
        Some(field) => body.with(&field, quoted(REFRESH)),
        None => body,
    }
}

/// What was read, and where.
#[derive(Default)]
struct Readings(Vec<(String, String)>);

impl Readings {
    fn text(&mut self, what: &str, text: String) {
        self.0.push((what.into(), text));
    }

    fn debug(&mut self, what: &str, value: &dyn fmt::Debug) {
        self.text(what, format!("{value:?} {value:#?}"));
    }

    /// An error, what it holds, and all that led to it.
    fn error<R: fmt::Debug + fmt::Display + 'static>(
        &mut self,
        what: &str,
        error: &auth_common::Error<R>,
    ) {
        let mut text = format!("{error} {error:#} {error:?} {error:#?} {:?}", error.clone());
        if let Some(failure) = error.failure() {
            write!(text, " {failure:?}").unwrap();
        }
        if let Some(response) = error.response() {
            write!(text, " {response} {response:?}").unwrap();
        }
        let mut source = StdError::source(error);
        while let Some(error) = source {
            write!(text, " {error} {error:?}").unwrap();
            source = error.source();
        }
        self.text(what, text);
    }

    /// The message of a panic over `failed`.
    fn panic(&mut self, what: &str, failed: Result<(), impl fmt::Debug>) {
        let panics = AssertUnwindSafe(|| failed.unwrap());
        let panic = panic::catch_unwind(panics).unwrap_err();
        let panic: &(dyn Any + Send) = &*panic;
        let message = panic.downcast_ref::<String>().unwrap();
        self.text(&format!("panic on {what}"), message.clone());
    }
}

/// While it lasts, whatever this process logs, traces or says in a panic is kept. One test listens at a time.
struct Listening {
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

impl Listening {
    async fn start() -> Self {
        static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        static EARS: Once = Once::new();
        let turn = TURN.lock().await;
        EARS.call_once(|| {
            log::set_logger(&Ear).unwrap();
            log::set_max_level(log::LevelFilter::Trace);
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
                .with_ansi(false)
                .with_writer(|| Ear)
                .finish();
            tracing::subscriber::set_global_default(subscriber).unwrap();
            let usual = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                hear(&info.to_string());
                usual(info);
            }));
        });
        *heard() = Some(String::new());
        Self { _turn: turn }
    }

    /// What was heard.
    fn heard(&self) -> String {
        heard().take().unwrap()
    }
}

struct Ear;

impl log::Log for Ear {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        hear(&format!("{} {}\n", record.target(), record.args()));
    }

    fn flush(&self) {}
}

impl io::Write for Ear {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        hear(&String::from_utf8_lossy(text));
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hear(text: &str) {
    if let Some(heard) = &mut *heard() {
        heard.push_str(text);
    }
}

fn heard() -> MutexGuard<'static, Option<String>> {
    static HEARD: Mutex<Option<String>> = Mutex::new(None);
    HEARD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn assert_clean(what: &str, text: &str) {
    let found = found(text);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !self::found(line).is_empty())
        .collect();
    assert!(found.is_empty(), "{what} holds {found:?}: {lines:#?}");
}

/// The canaries that `text` holds in any encoding, in whole or by [`FRAGMENT`] bytes in a row.
fn found(text: &str) -> BTreeSet<&'static str> {
    thread_local! {
        static NEEDLES: HashMap<[u8; 3], Vec<(Vec<u8>, &'static str)>> = needles();
    }
    NEEDLES.with(|needles| {
        let text = text.as_bytes();
        let mut found = BTreeSet::new();
        for (at, head) in text.windows(3).enumerate() {
            for (needle, canary) in needles.get(head).into_iter().flatten() {
                if text[at..].starts_with(needle) {
                    found.insert(*canary);
                }
            }
        }
        found
    })
}

fn needles() -> HashMap<[u8; 3], Vec<(Vec<u8>, &'static str)>> {
    let mut needles: HashMap<_, Vec<_>> = HashMap::new();
    for canary in CANARIES {
        for fragment in canary.as_bytes().windows(FRAGMENT) {
            for needle in encodings(fragment) {
                let head = [needle[0], needle[1], needle[2]];
                needles.entry(head).or_default().push((needle, canary));
            }
        }
    }
    needles
}

/// `fragment` as it looks within a longer text of the same encoding.
fn encodings(fragment: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![
        fragment.to_vec(),
        form_encoded(fragment).into(),
        percent_encoded(fragment).into(),
        percent_encoded_in_lower_case(fragment).into(),
        percent_encoded_twice(fragment).into(),
        hex(fragment).into(),
        hex(fragment).to_uppercase().into(),
        decimal_list(fragment).into(),
        decimal_list(fragment).replace(' ', "").into(),
    ];
    if let Ok(text) = str::from_utf8(fragment) {
        all.push(quoted(text).trim_matches('"').into());
        all.push(json_escaped(fragment).into());
        all.push(text.escape_debug().to_string().into());
        all.push(text.to_uppercase().into());
        all.push(html_escaped(fragment).into());
    }
    for before in 0..3 {
        let shifted = [&vec![0; before][..], fragment].concat();
        // Digits that hold bits of a neighbour differ from text to text.
        let (first, last) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
        all.push(STANDARD_NO_PAD.encode(&shifted).as_bytes()[first..last].to_vec());
        all.push(URL_SAFE_NO_PAD.encode(&shifted).as_bytes()[first..last].to_vec());
    }
    all
}

type Encode = fn(&[u8]) -> String;

/// What the positive control writes, and what a vendor repeats.
const ENCODINGS: [(&str, Encode); 12] = [
    ("raw", |bytes| String::from_utf8_lossy(bytes).into()),
    ("form", form_encoded),
    ("percent", percent_encoded),
    ("percent, twice", percent_encoded_twice),
    ("capitals", |bytes| {
        str::from_utf8(bytes).unwrap().to_uppercase()
    }),
    ("HTML", html_escaped),
    ("JSON", |bytes| quoted(str::from_utf8(bytes).unwrap())),
    ("JSON in ASCII", json_escaped),
    ("hex", hex),
    ("base64", |bytes| STANDARD_NO_PAD.encode(bytes)),
    ("base64 for URLs", |bytes| URL_SAFE_NO_PAD.encode(bytes)),
    ("decimal", decimal_list),
];

fn percent_encoded(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                char::from(*byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn percent_encoded_in_lower_case(bytes: &[u8]) -> String {
    let mut pieces = percent_encoded(bytes);
    for byte in 0..=u8::MAX {
        let upper = format!("%{byte:02X}");
        pieces = pieces.replace(&upper, &upper.to_lowercase());
    }
    pieces
}

fn form_encoded(bytes: &[u8]) -> String {
    percent_encoded(bytes).replace("%20", "+")
}

fn percent_encoded_twice(bytes: &[u8]) -> String {
    percent_encoded(percent_encoded(bytes).as_bytes())
}

fn html_escaped(bytes: &[u8]) -> String {
    let text = str::from_utf8(bytes).unwrap();
    let text = text.replace('&', "&amp;").replace('"', "&quot;");
    text.replace('\'', "&#x27;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// As servers write JSON that take no chances.
fn json_escaped(bytes: &[u8]) -> String {
    let mut escaped = String::new();
    for unit in str::from_utf8(bytes).unwrap().encode_utf16() {
        match u8::try_from(unit) {
            Ok(b'"') => escaped += "\\\"",
            Ok(b'\\') => escaped += "\\\\",
            Ok(byte @ 0x20..=0x7e) => escaped.push(char::from(byte)),
            _ => write!(escaped, "\\u{unit:04x}").unwrap(),
        }
    }
    escaped
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decimal_list(bytes: &[u8]) -> String {
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    numbers.join(", ")
}

const FRAGMENT: usize = 12;

const CANARIES: [&str; 5] = [IDENTITY, SECRET, ORGANIZATION, ACCESS, REFRESH];
const IDENTITY: &str = "maría.zq7Wf2LxkT9 + \"pB4\\\"@example.com";
const SECRET: &str = "h8Kd2 & pão=%9vRt+Ü \"qX5\"\\jN3m/wYcE1sG6b";
const ORGANIZATION: &str = "ORG-5tGb6yHn7uJm_8iK9oL0pQaZ";
const ACCESS: &str = "aT3xY+kfj29dkQ/0wl.Z8cVbn_M4e-RtLpq==";
const REFRESH: &str = "rF7pKz1~uWm5HsXo|2vNq6(LgBj)8EdYcTa";

/// Every field that any vendor's error may have.
const ERROR_FIELDS: [&str; 15] = [
    "error",
    "error_description",
    "error_uri",
    "message",
    "Message",
    "mensagem",
    "description",
    "detail",
    "code",
    "requestId",
    "status",
    "statusCode",
    "scope",
    "title",
    "non_field_errors",
];
