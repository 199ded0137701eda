//! Credentials that change while the program runs, and tokens that come from elsewhere.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicU32, Ordering},
};

use auth_common::{
    Authenticator, Builder, CredentialsSource, Error, ErrorKind, TokenEndpoint, Vars,
};

use crate::{
    scene::{Scene, secs},
    vendor::{
        Asked::{self, Login},
        Credentials, Plain, Problem, Refreshing, answer, cut, hang, refusal, token_pair,
        unreachable,
    },
};

#[tokio::test(start_paused = true)]
async fn source_is_asked_before_each_login_and_never_for_a_cached_token() {
    let (scene, keeper) = kept("old");
    for _ in 0..100 {
        assert_eq!(scene.token().await.unwrap(), "access-1");
    }
    assert_eq!(keeper.asked(), 1);
    scene.renew().await.unwrap();
    assert_eq!(keeper.asked(), 2);
    scene.authenticator.request_token().await.unwrap();
    assert_eq!(keeper.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn login_that_is_repeated_asks_the_source_again() {
    let (scene, keeper) = kept("old");
    scene.vendor.once(|| answer(503, ""));
    scene.token().await.unwrap();
    assert_eq!((keeper.asked(), scene.vendor.requests()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn nothing_keeps_credentials_longer_than_their_request() {
    let (scene, keeper) = kept("old");
    scene.token().await.unwrap();
    assert_eq!(keeper.copies(), 0);
    scene.vendor.once(|| refusal(401, "no"));
    scene.renew().await.unwrap_err();
    assert_eq!(keeper.copies(), 0);
    scene.authenticator.request_token().await.unwrap();
    assert_eq!(keeper.copies(), 0);
}

#[tokio::test(start_paused = true)]
async fn rotated_password_is_used_with_the_next_login() {
    let (scene, keeper) = kept("old");
    scene.vendor.accepts("old");
    scene.token().await.unwrap();
    scene.vendor.accepts("new");
    keeper.holds("new");
    scene.pass(secs(3600)).await;
    assert_eq!(scene.token().await.unwrap(), "access-2");
    assert_eq!(scene.vendor.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn corrected_password_is_used_within_five_seconds() {
    let (scene, keeper) = kept("wrong");
    scene.vendor.accepts("right");
    scene.token().await.unwrap_err();
    keeper.holds("right");
    scene.pass(secs(4)).await;
    let error = scene.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
    assert_eq!(keeper.asked(), 1);
    scene.pass(secs(1)).await;
    assert_eq!(scene.token().await.unwrap(), "access-1");
    assert_eq!((keeper.asked(), scene.vendor.requests()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn wrong_password_is_sent_once_a_minute_however_often_its_source_is_asked() {
    let (scene, keeper) = kept("wrong");
    scene.vendor.accepts("right");
    for _ in 0..59 {
        let error = scene.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
        assert!(error.retry_at().is_some());
        scene.pass(secs(1)).await;
    }
    assert_eq!((scene.vendor.requests(), keeper.asked()), (1, 12));
    scene.pass(secs(1)).await;
    scene.token().await.unwrap_err();
    assert_eq!(scene.vendor.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn source_is_asked_for_others_only_when_somebody_wants_a_token() {
    let (scene, keeper) = kept("wrong");
    scene.vendor.accepts("right");
    scene.token().await.unwrap_err();
    scene.pass(secs(3600)).await;
    assert_eq!(keeper.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn callers_who_wait_together_cause_one_question_and_one_login() {
    let (scene, keeper) = kept("wrong");
    scene.vendor.accepts("right");
    scene.token().await.unwrap_err();
    keeper.holds("right");
    scene.pass(secs(5)).await;
    for outcome in scene.callers(100).await.join_all().await {
        assert_eq!(outcome.unwrap(), "access-1");
    }
    assert_eq!((keeper.asked(), scene.vendor.requests()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn rotation_is_not_noticed_by_whoever_has_a_token() {
    let (scene, keeper) = kept("old");
    scene.vendor.accepts("old");
    scene.token().await.unwrap();
    scene.vendor.accepts("new");
    scene.pass(secs(3240)).await;
    for second in 0..300 {
        if second == 60 {
            keeper.holds("new");
        }
        assert!(scene.ask_and_settle().await.is_ok());
        scene.pass(secs(1)).await;
    }
    assert_eq!(scene.token().await.unwrap(), "access-2");
    // The old one was refused once, and again when its minute was over or not at all.
    assert!(scene.vendor.requests() <= 4, "{}", scene.vendor.requests());
}

#[tokio::test(start_paused = true)]
async fn failed_source_is_told_in_its_own_words_and_nobody_is_asked() {
    let (scene, keeper) = kept("old");
    keeper.fails(Failing::Words);
    let error = scene.token().await.unwrap_err();
    assert!(matches!(error, Error::CredentialsUnavailable(_)), "{error}");
    assert!(error.is_transient());
    let said = "no credentials for Sample: their source failed: the safe is closed: no key; not asked again before ";
    assert!(error.to_string().starts_with(said), "{error}");
    assert_eq!(scene.vendor.requests(), 0);
    assert_eq!(scene.authenticator.snapshot().logins, 0);

    keeper.fails(Failing::No);
    scene.pass(secs(2)).await;
    assert_eq!(scene.token().await.unwrap(), "access-1");
}

#[tokio::test(start_paused = true)]
async fn source_that_stays_broken_is_asked_every_five_seconds_at_least() {
    let (scene, keeper) = kept("old");
    keeper.fails(Failing::Words);
    for _ in 0..120 {
        scene.token().await.unwrap_err();
        scene.pass(secs(1)).await;
    }
    assert!((20..60).contains(&keeper.asked()), "{}", keeper.asked());
    keeper.fails(Failing::No);
    scene.pass(secs(5)).await;
    assert!(scene.token().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn cached_token_is_served_while_the_source_fails_hangs_or_panics() {
    for failing in [Failing::Words, Failing::Hangs, Failing::Panics] {
        let (scene, keeper) = kept("old");
        scene.token().await.unwrap();
        keeper.fails(failing);
        scene.pass(secs(3300)).await;
        for _ in 0..10 {
            assert_eq!(scene.ask_and_settle().await.unwrap(), "access-1");
            scene.pass(secs(1)).await;
        }
        assert_eq!(scene.vendor.requests(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn source_that_panics_is_an_error_for_everybody_who_waits() {
    let (scene, keeper) = kept("old");
    keeper.fails(Failing::Panics);
    for outcome in scene.callers(10).await.join_all().await {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
        assert!(
            error.to_string().contains("their source panicked"),
            "{error}"
        );
    }
    keeper.fails(Failing::No);
    scene.pass(secs(2)).await;
    assert!(scene.token().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn source_that_hangs_is_given_up_with_its_flight() {
    let (scene, keeper) = kept("old");
    keeper.fails(Failing::Hangs);
    let started = tokio::time::Instant::now();
    let error = scene.token().await.unwrap_err();
    assert_eq!(started.elapsed().as_secs(), 25);
    assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
    assert!(error.to_string().contains("within 25 s"), "{error}");
    assert_eq!(scene.vendor.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn failed_source_does_not_hide_a_refusal_that_still_stands() {
    let (scene, keeper) = kept("wrong");
    scene.vendor.accepts("right");
    scene.token().await.unwrap_err();
    keeper.fails(Failing::Words);
    scene.pass(secs(5)).await;
    let error = scene.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
    let error = scene.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
}

#[tokio::test(start_paused = true)]
async fn what_a_vendor_repeats_of_credentials_from_a_source_is_withheld() {
    let (scene, _) = kept("hunter2-hunter2");
    scene
        .vendor
        .once(|| refusal(401, "unknown: hunter2-hunter2"));
    let error = scene.token().await.unwrap_err();
    assert!(error.to_string().contains("unknown: [withheld]"), "{error}");
    scene
        .vendor
        .once(|| refusal(401, "unknown: hunter2-hunter2"));
    let error = scene.authenticator.request_token().await.err().unwrap();
    assert!(error.to_string().contains("unknown: [withheld]"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn refresh_that_needs_no_credentials_asks_no_source() {
    let keeper = Keeper::of("old");
    let scene = of::<Refreshing>(Authenticator::builder_with_source((), keeper.source()));
    scene.token().await.unwrap();
    scene.renew().await.unwrap();
    assert_eq!(scene.vendor.asked(), [Login, refresh("refresh-1")]);
    assert_eq!(keeper.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn credentials_set_by_hand_end_the_pause_of_those_before_in_every_clone() {
    let scene = Scene::new();
    scene.vendor.accepts("right");
    scene.token().await.unwrap_err();
    scene.token().await.unwrap_err();
    let clone = scene.authenticator.clone();
    clone.set_credentials(credentials("s3cret"));
    scene.token().await.unwrap_err();
    assert_eq!(scene.vendor.requests(), 1, "the same were sent again");
    clone.set_credentials(credentials("right"));
    assert_eq!(scene.token().await.unwrap(), "access-1");
    assert_eq!(scene.vendor.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn credentials_set_by_hand_do_not_end_a_pause_that_the_vendor_asked_for() {
    let scene = Scene::new();
    scene.vendor.always(|| answer(429, ""));
    scene.token().await.unwrap_err();
    scene.authenticator.set_credentials(credentials("other"));
    let error = scene.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(scene.vendor.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn refusal_of_the_old_password_in_mid_flight_is_followed_by_a_login_with_the_new() {
    let scene = Scene::new();
    scene.vendor.accepts("right");
    let clone = scene.authenticator.clone();
    scene.vendor.once(move || {
        clone.set_credentials(credentials("right"));
        refusal(401, "wrong password")
    });
    assert_eq!(scene.token().await.unwrap(), "access-1");
    assert_eq!(scene.vendor.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn credentials_set_by_hand_take_the_place_of_a_source_and_of_a_refresh_token() {
    let keeper = Keeper::of("old");
    let scene = of::<Refreshing>(Authenticator::builder_with_source((), keeper.source()));
    scene.token().await.unwrap();
    scene.authenticator.set_credentials(credentials("other"));
    scene.renew().await.unwrap();
    assert_eq!(scene.vendor.asked(), [Login, Login]);
    assert_eq!(keeper.asked(), 1);
    assert_eq!(keeper.sources(), 0, "the source is dropped");
}

#[tokio::test(start_paused = true)]
async fn service_runs_on_a_refresh_token_without_a_password() {
    let scene = of::<Refreshing>(Authenticator::builder_with_refresh_token((), "mine"));
    scene.vendor.once(|| token_pair("a", "next"));
    assert_eq!(scene.token().await.unwrap(), "a");
    scene.renew().await.unwrap();
    assert_eq!(scene.vendor.asked(), [refresh("mine"), refresh("next")]);
}

#[tokio::test(start_paused = true)]
async fn refresh_token_to_start_with_spares_the_first_login() {
    let scene = Scene::<Refreshing>::of(|builder| builder.refresh_token("mine"));
    scene.token().await.unwrap();
    assert_eq!(scene.vendor.asked(), [refresh("mine")]);

    let scene = Scene::<Refreshing>::of(|builder| builder.refresh_token("mine"));
    scene.vendor.once(|| refusal(401, "token_not_valid"));
    scene.token().await.unwrap();
    assert_eq!(scene.vendor.asked(), [refresh("mine"), Login]);
}

#[tokio::test(start_paused = true)]
async fn refused_refresh_token_without_a_password_says_so_in_the_vendors_words() {
    let scene = of::<Refreshing>(Authenticator::builder_with_refresh_token((), "mine"));
    scene.vendor.once(|| refusal(401, "token_not_valid"));
    let error = scene.token().await.unwrap_err();
    assert!(matches!(error, Error::CredentialsUnavailable(_)), "{error}");
    assert!(!error.is_transient());
    assert_eq!(error.status().unwrap(), 401);
    let text = error.to_string();
    assert!(
        text.contains("the refresh token was refused, and there is no password to log in with"),
        "{text}"
    );
    assert!(text.contains("token_not_valid"), "{text}");

    scene.pass(secs(60)).await;
    let error = scene.token().await.unwrap_err();
    assert!(
        error.to_string().contains("there is no password"),
        "{error}"
    );
    assert_eq!(scene.vendor.requests(), 1, "there was nothing to ask with");

    scene.authenticator.set_credentials(credentials("s3cret"));
    assert_eq!(scene.token().await.unwrap(), "access-1");
}

#[tokio::test(start_paused = true)]
async fn only_refresh_token_is_presented_again_after_whatever_is_no_refusal() {
    for reply in [
        cut,
        hang,
        unreachable,
        || answer(500, ""),
        || answer(503, ""),
    ] {
        let scene = of::<Refreshing>(Authenticator::builder_with_refresh_token((), "mine"));
        scene.vendor.always(reply);
        let error = scene.token().await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        scene.vendor.recover();
        scene.pass(secs(3)).await;
        assert!(scene.token().await.is_ok());
        let asked = scene.vendor.asked();
        assert!(asked.iter().all(|it| *it == refresh("mine")), "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn refresh_token_that_cannot_be_one_or_is_of_no_use_is_refused_by_name() {
    let long = "a".repeat(16_385);
    for bad in ["", "two\nlines", &long] {
        let builder = Authenticator::<Refreshing>::builder_with_refresh_token((), bad);
        let error = builder.build().unwrap_err();
        assert!(
            error.to_string().starts_with("refresh token must be"),
            "{error}"
        );
    }
    let builder = Authenticator::<Plain>::builder_with_refresh_token((), "mine");
    let error = builder.build().unwrap_err().to_string();
    assert_eq!(error, "refresh token is unknown to this vendor");
}

#[tokio::test]
async fn secret_in_a_file_is_read_anew_before_each_login() {
    let file = File::holding("old\n");
    let scene = of::<Plain>(Authenticator::builder_from(&file.vars()).unwrap());
    scene.vendor.accepts("old");
    scene.token().await.unwrap();
    file.write("new\r\n");
    scene.vendor.accepts("new");
    assert_eq!(scene.renew().await.unwrap(), "access-2");
}

#[tokio::test]
async fn file_that_is_gone_says_so_by_its_variable_and_path() {
    let file = File::holding("old");
    let scene = of::<Plain>(Authenticator::builder_from(&file.vars()).unwrap());
    scene.token().await.unwrap();
    std::fs::remove_file(&file.0).unwrap();
    let error = scene.renew().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
    let text = error.to_string();
    assert!(text.contains("SAMPLE_PASSWORD_FILE"), "{text}");
    assert!(text.contains(file.0.to_str().unwrap()), "{text}");
    assert_eq!(scene.token().await.unwrap(), "access-1");
}

#[test]
fn file_that_holds_nothing_is_refused_before_anything_is_built() {
    let file = File::holding("\n");
    let refused = Authenticator::<Plain>::builder_from(&file.vars());
    let error = refused.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("SAMPLE_PASSWORD_FILE"), "{error}");
}

/// A file of a secret, which is removed in the end.
struct File(std::path::PathBuf);

impl File {
    fn holding(secret: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "auth-common-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let file = Self(std::env::temp_dir().join(name));
        file.write(secret);
        file
    }

    fn write(&self, secret: &str) {
        std::fs::write(&self.0, secret).unwrap();
    }

    fn vars(&self) -> Vars {
        Vars::from_pairs([("SAMPLE_PASSWORD_FILE", self.0.as_os_str())])
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A safe for credentials, which counts.
#[derive(Clone)]
struct Keeper(Arc<Mutex<Safe>>);

struct Safe {
    password: String,
    asked: usize,
    failing: Failing,
    /// Held by every copy of the credentials.
    guard: Arc<()>,
    /// Held by every source.
    source: Arc<()>,
}

#[derive(Clone, Copy)]
enum Failing {
    No,
    Words,
    Hangs,
    Panics,
}

impl Keeper {
    fn of(password: &str) -> Self {
        Self(Arc::new(Mutex::new(Safe {
            password: password.into(),
            asked: 0,
            failing: Failing::No,
            guard: Arc::default(),
            source: Arc::default(),
        })))
    }

    fn holds(&self, password: &str) {
        self.safe().password = password.into();
    }

    fn fails(&self, failing: Failing) {
        self.safe().failing = failing;
    }

    fn asked(&self) -> usize {
        self.safe().asked
    }

    fn copies(&self) -> usize {
        Arc::strong_count(&self.safe().guard) - 1
    }

    fn sources(&self) -> usize {
        Arc::strong_count(&self.safe().source) - 1
    }

    fn source(&self) -> impl CredentialsSource<Credentials> + use<> {
        let keeper = self.clone();
        let held = Arc::clone(&self.safe().source);
        move || {
            let _ = &held;
            let (failing, credentials) = keeper.handed_out();
            async move {
                match failing {
                    Failing::No => Ok(credentials),
                    Failing::Words => Err(Closed(std::io::Error::other("no key")).into()),
                    Failing::Hangs => std::future::pending().await,
                    Failing::Panics => panic!("as the test wants it"),
                }
            }
        }
    }

    fn handed_out(&self) -> (Failing, Credentials) {
        let mut safe = self.safe();
        safe.asked += 1;
        let credentials = Credentials::with_password(&safe.password, Arc::clone(&safe.guard));
        (safe.failing, credentials)
    }

    fn safe(&self) -> MutexGuard<'_, Safe> {
        self.0.lock().unwrap()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the safe is closed")]
struct Closed(#[source] std::io::Error);

fn kept(password: &str) -> (Scene, Keeper) {
    let keeper = Keeper::of(password);
    let scene = of(Authenticator::builder_with_source((), keeper.source()));
    (scene, keeper)
}

fn of<E>(builder: Builder<E>) -> Scene<E>
where
    E: TokenEndpoint<Environment = (), Credentials = Credentials, ErrorResponse = Problem>,
{
    Scene::around(builder, Arc::default())
}

fn credentials(password: &str) -> Credentials {
    Credentials::with_password(password, Arc::default())
}

fn refresh(token: &str) -> Asked {
    Asked::Refresh(token.into())
}
