//! What the feature `tracing` tells a subscriber, word for word, and that it may ask back.

use std::{
    cell::RefCell,
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError, mpsc},
    task::{Context, Waker},
    thread,
    time::Duration,
};

use auth_common::{
    Authenticator, Builder, Invalidation, Vars,
    testing::{ManualClock, Outage, Response, Script},
};
use chrono::DateTime;
use tokio::{runtime, time::sleep};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber,
};

use crate::vendor::{LIFETIME, PASSWORD, Sample, builder, granted};

#[tokio::test(start_paused = true)]
async fn login_is_one_span_with_its_events() {
    let scene = Scene::new(|builder| builder);
    scene.plan([success]);
    for _ in 0..10 {
        scene.authenticator.authorization().await.unwrap();
    }
    assert_eq!(
        scene.told(),
        [
            TOKEN_SPAN,
            "DEBUG in token: requesting a token exchange=login http.request.resend_count=0",
            "INFO in token: token issued exchange=login lifetime_s=3600 duration_ms=40",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn renewal_by_a_refresh_token_is_told_as_such() {
    let scene = Scene::new(|builder| builder);
    scene.plan([with_refresh_token, success]);
    scene.authenticator.token().await.unwrap();
    scene.told();
    scene.authenticator.renew().await.unwrap();
    assert_eq!(
        scene.told(),
        [
            TOKEN_SPAN,
            "DEBUG in token: requesting a token exchange=refresh_token http.request.resend_count=0",
            "INFO in token: token issued exchange=refresh_token lifetime_s=3600 duration_ms=40",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn retries_tell_why_and_how_long_they_wait() {
    let scene = Scene::new(|builder| builder);
    scene.plan([busy, unreachable, success]);
    scene.authenticator.token().await.unwrap();
    assert_eq!(
        scene.told(),
        [
            TOKEN_SPAN,
            "DEBUG in token: requesting a token exchange=login http.request.resend_count=0",
            "DEBUG in token: the request failed, trying again error.type=unavailable \
             http.response.status_code=503 wait_ms=250",
            "DEBUG in token: requesting a token exchange=login http.request.resend_count=1",
            "DEBUG in token: the request failed, trying again error.type=unavailable wait_ms=500",
            "DEBUG in token: requesting a token exchange=login http.request.resend_count=2",
            "INFO in token: token issued exchange=login lifetime_s=3600 duration_ms=830",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn failure_tells_when_the_vendor_is_asked_again() {
    let scene = Scene::new(|builder| builder);
    scene.plan([refusal]);
    for _ in 0..10 {
        scene.authenticator.token().await.unwrap_err();
    }
    assert_eq!(
        scene.told(),
        [
            TOKEN_SPAN,
            "DEBUG in token: requesting a token exchange=login http.request.resend_count=0",
            "WARN in token: no token error.type=credentials_refused http.response.status_code=401 \
             duration_ms=40 next_attempt_ms=60000",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn failure_without_an_answer_has_no_status() {
    let scene = Scene::new(|builder| builder.attempts(1).attempt_timeout(Duration::from_secs(1)));
    scene.plan([hang]);
    scene.authenticator.token().await.unwrap_err();
    assert_eq!(
        scene.told().last().unwrap(),
        "WARN in token: no token error.type=timed_out duration_ms=1000 next_attempt_ms=1000",
    );
}

#[tokio::test(start_paused = true)]
async fn invalidation_tells_its_outcome() {
    let scene = Scene::new(|builder| builder);
    scene.plan([success, another_success]);
    let refused = scene.authenticator.token().await.unwrap();
    scene.told();
    scene.authenticator.invalidate(&refused);
    assert_eq!(
        scene.told(),
        ["INFO: an API refused the token vendor=Sample outcome=Accepted"]
    );

    let newer = scene.authenticator.token().await.unwrap();
    scene.told();
    scene.authenticator.invalidate(&refused);
    scene.authenticator.invalidate(&newer);
    assert_eq!(
        scene.told(),
        [
            "INFO: an API refused the token vendor=Sample outcome=AlreadyReplaced",
            "INFO: an API refused the token vendor=Sample outcome=TooSoon",
        ]
    );
}

#[test]
fn flight_that_its_runtime_drops_says_so() {
    let scene = Scene::new(|builder| builder);
    scene.plan([hang]);
    let runtime = paused_runtime();
    runtime.block_on(async {
        let waits = scene.authenticator.token();
        tokio::time::timeout(Duration::from_secs(1), waits)
            .await
            .unwrap_err();
    });
    scene.told();
    drop(runtime);
    // Not from a destructor: a listener that panics there may end the process.
    assert_eq!(scene.told(), [""; 0]);

    scene.plan([success]);
    paused_runtime()
        .block_on(scene.authenticator.token())
        .unwrap();
    let told = scene.told();
    assert_eq!(
        told[0],
        "WARN: a request for a token was dropped before it ended vendor=Sample"
    );
}

/// As a stock subscriber does that writes to a closed pipe.
#[test]
fn listener_that_panics_takes_no_token_along() {
    struct Panicking;

    impl Subscriber for Panicking {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            panic!("of the listener, at a span")
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, _: &Event<'_>) {
            panic!("of the listener, at an event")
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    let scene = Scene::new(|builder| builder);
    let _listening = subscriber::set_default(Panicking);
    scene.plan([busy, success, another_success, refusal, hang]);
    let runtime = paused_runtime();
    runtime.block_on(async {
        let first = scene.authenticator.token().await.unwrap();
        assert_eq!(
            scene.authenticator.invalidate(&first),
            Invalidation::Accepted
        );
        scene.authenticator.token().await.unwrap();
        let error = scene.authenticator.renew().await.unwrap_err();
        assert!(error.is_credentials_refused(), "{error}");
        scene.clock.advance(Duration::from_secs(120));
        let waits = scene.authenticator.renew();
        let _ = tokio::time::timeout(Duration::from_secs(1), waits).await;
    });
    // A flight is dropped, and says so later.
    drop(runtime);
    scene.plan([another_success]);
    paused_runtime()
        .block_on(scene.authenticator.renew())
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_event_holds_a_secret() {
    let scene = Scene::new(|builder| builder);
    scene.plan([with_refresh_token, echo, success, echo]);
    scene.authenticator.token().await.unwrap();
    let renewed = scene.authenticator.renew().await.unwrap();
    scene.authenticator.invalidate(&renewed);
    scene.authenticator.renew().await.unwrap_err();
    let told = scene.told().join("\n");
    assert!(
        told.contains("issued") && told.contains("refused the token") && told.contains("no token")
    );
    for secret in [
        PASSWORD,
        &*PASSWORD.replace(' ', "+"),
        "access-",
        "refresh-",
        "Bearer",
    ] {
        assert!(!told.contains(secret), "{told}");
    }
}

/// Everything that can be done from within an event or a span, at every point where a subscriber is called.
#[test]
fn subscriber_may_ask_the_authenticator_that_it_listens_to() {
    let (done, finished) = mpsc::channel();
    thread::spawn(move || {
        let scene = Scene::new(|builder| builder);
        scene.plan([
            busy,
            with_refresh_token,
            refusal,
            success,
            another_success,
            refusal,
            hang,
        ]);
        let curious = scene.authenticator.clone();
        let asked = scene.collector.ask(move || {
            let snapshot = curious.snapshot();
            let mut token = Box::pin(curious.token());
            let _ = token.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            let _ = format!("{snapshot:?}");
        });
        let runtime = paused_runtime();
        runtime.block_on(async {
            let first = scene.authenticator.token().await.unwrap();
            for outcome in [Invalidation::Accepted, Invalidation::AlreadyReplaced] {
                assert_eq!(scene.authenticator.invalidate(&first), outcome);
                let _ = scene.authenticator.token().await;
            }
            scene.clock.advance(LIFETIME * 95 / 100);
            scene.authenticator.token().await.unwrap();
            sleep(Duration::from_secs(1)).await;
            let _ = scene.authenticator.renew().await;
            scene.clock.advance(Duration::from_secs(120));
            let waits = scene.authenticator.renew();
            let _ = tokio::time::timeout(Duration::from_secs(1), waits).await;
        });
        drop(runtime);
        scene.plan([success]);
        let _ = paused_runtime().block_on(scene.authenticator.renew());
        let told = scene.told().join("\n");
        done.send((told, *asked.lock().unwrap())).unwrap();
    });
    let patience = Duration::from_secs(60);
    let (told, asked) = finished
        .recv_timeout(patience)
        .expect("a deadlock, or a panic");
    for event in [
        "requesting",
        "trying again",
        "issued",
        "no token",
        "refused the token",
        "dropped",
    ] {
        assert!(told.contains(event), "{event} is missing from\n{told}");
    }
    assert!(asked > told.lines().count());
}

#[cfg(unix)]
#[test]
fn file_of_a_secret_that_everyone_may_read_is_told_once() {
    use std::{env, fs, os::unix::fs::PermissionsExt, process};

    let path = env::temp_dir().join(format!("tracing-{}", process::id()));
    let path = path.to_str().unwrap();
    fs::write(path, PASSWORD).unwrap();
    let vars = Vars::from_pairs([("SAMPLE_PASSWORD_FILE", path)]);
    let told = |mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let collector = Collector::default();
        let listening = subscriber::set_default(collector.clone());
        let secret = vars.credential("SAMPLE_PASSWORD").unwrap();
        assert_eq!(secret.expose_secret(), PASSWORD);
        drop(listening);
        std::mem::take(&mut *collector.told())
    };
    let (private, shared) = (told(0o600), told(0o440));
    let (public, again) = (told(0o644), told(0o444));
    fs::remove_file(path).unwrap();
    assert!(private.is_empty() && shared.is_empty() && again.is_empty());
    let expected = format!(
        "WARN: every user of this machine may read the file of a secret \
         variable=SAMPLE_PASSWORD_FILE path={path}"
    );
    assert_eq!(public, [expected]);
}

/// An authenticator, its scripted vendor, and who listens on this thread.
struct Scene {
    authenticator: Authenticator<Sample>,
    clock: ManualClock,
    planned: Arc<Mutex<VecDeque<Plan>>>,
    collector: Collector,
    _listening: subscriber::DefaultGuard,
}

type Plan = fn() -> Reply;

type Reply = Result<Response, Outage>;

impl Scene {
    fn new(set: impl FnOnce(Builder<Sample>) -> Builder<Sample>) -> Self {
        let planned = Arc::<Mutex<VecDeque<Plan>>>::default();
        let plans = Arc::clone(&planned);
        let vendor = Script::new(move |_| {
            let plan = plans.lock().unwrap().pop_front();
            let plan = plan.expect("a request that the test did not plan");
            plan().map(|it| it.after(ANSWERS_AFTER))
        });
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        let builder = builder("https://api.example.com/gateway".parse().unwrap())
            .transport(vendor.transport())
            .clock(clock.clone());
        let collector = Collector::default();
        Self {
            authenticator: set(builder).build().unwrap(),
            clock,
            planned,
            _listening: subscriber::set_default(collector.clone()),
            collector,
        }
    }

    /// The vendor's next answers, in this order.
    fn plan<const N: usize>(&self, plans: [Plan; N]) {
        self.planned.lock().unwrap().extend(plans);
    }

    /// What was told since the last time, a line for each span and event.
    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.collector.told())
    }
}

/// Keeps what `auth-common` tells on this thread.
#[derive(Clone, Default)]
struct Collector {
    told: Arc<Mutex<Vec<String>>>,
    question: Arc<Mutex<Option<Question>>>,
    asked: Arc<Mutex<usize>>,
}

type Question = Arc<dyn Fn() + Send + Sync>;

impl Collector {
    /// Asks this at every call from now on. How often it was asked is returned.
    fn ask(&self, question: impl Fn() + Send + Sync + 'static) -> Arc<Mutex<usize>> {
        *self.question.lock().unwrap() = Some(Arc::new(question));
        Arc::clone(&self.asked)
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, line: String) {
        self.told().push(line);
        self.called();
    }

    fn called(&self) {
        // One question is not asked within another.
        let question = self.question.lock().unwrap().take();
        if let Some(question) = question {
            *self.asked.lock().unwrap() += 1;
            question();
            *self.question.lock().unwrap() = Some(question);
        }
    }
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("auth_common")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let metadata = span.metadata();
        let mut fields = Fields::default();
        span.record(&mut fields);
        let line = format!("{} span {}{}", metadata.level(), metadata.name(), fields.0);
        self.tell(line);
        // All spans have the same name, so that they need no more of an identity.
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let span = ENTERED.with_borrow(|entered| entered.last().map_or("", |_| " in token"));
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.tell(format!("{}{span}:{}", event.metadata().level(), fields.0));
    }

    fn record(&self, _: &Id, _: &Record<'_>) {
        panic!("no field is filled in later");
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(span.clone()));
        self.called();
    }

    fn exit(&self, _: &Id) {
        ENTERED.with_borrow_mut(Vec::pop);
        self.called();
    }

    fn try_close(&self, _: Id) -> bool {
        self.called();
        true
    }
}

thread_local! {
    static ENTERED: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

/// The fields of a span or an event in one line, the message first.
#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0 += &match field.name() {
            "message" => format!(" {value:?}"),
            name => format!(" {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

fn success() -> Reply {
    Ok(Response::json(200, granted("access-1", None)))
}

fn another_success() -> Reply {
    Ok(Response::json(200, granted("access-2", None)))
}

fn with_refresh_token() -> Reply {
    Ok(Response::json(200, granted("access-0", Some("refresh-0"))))
}

fn unreachable() -> Reply {
    Err(Outage::Unreachable)
}

fn hang() -> Reply {
    Err(Outage::Hang)
}

fn busy() -> Reply {
    Ok(Response::json(503, ""))
}

fn refusal() -> Reply {
    Ok(Response::json(401, r#"{"error":"wrong password"}"#))
}

/// A refusal that repeats every secret.
fn echo() -> Reply {
    let error = format!("{PASSWORD} access-0 refresh-0 Bearer access-1");
    Ok(Response::json(400, format!(r#"{{"error":"{error}"}}"#)))
}

fn paused_runtime() -> runtime::Runtime {
    let mut builder = runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap()
}

const TOKEN_SPAN: &str = "INFO span token vendor=Sample server.address=api.example.com";
const ANSWERS_AFTER: Duration = Duration::from_millis(40);
