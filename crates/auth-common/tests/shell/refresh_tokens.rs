//! A refresh token is presented once, and a login stands in wherever it is of no use.

use auth_common::Error;

use crate::{
    scene::{Scene, secs},
    vendor::{
        Asked::{self, Login},
        Granted, Refreshing, answer, cut, hang, refusal, token_pair, unreachable,
    },
};

#[tokio::test(start_paused = true)]
async fn token_is_refreshed_instead_of_logging_in() {
    let scene = logged_in().await;
    assert_eq!(scene.renew().await.unwrap(), "access-2");
    assert_eq!(scene.vendor.asked(), [Login, refresh("refresh-1")]);
    let snapshot = scene.authenticator.snapshot();
    assert_eq!((snapshot.logins, snapshot.refreshes), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn refresh_token_is_kept_when_no_new_one_comes() {
    let scene = logged_in().await;
    for _ in 0..3 {
        scene.renew().await.unwrap();
    }
    let again = refresh("refresh-1");
    let asked = [Login, again.clone(), again.clone(), again];
    assert_eq!(scene.vendor.asked(), asked);
}

#[tokio::test(start_paused = true)]
async fn rotated_refresh_token_is_adopted() {
    let scene = logged_in().await;
    scene.vendor.once(|| token_pair("a", "rotated"));
    scene.renew().await.unwrap();
    scene.renew().await.unwrap();
    assert_eq!(
        scene.vendor.asked(),
        [Login, refresh("refresh-1"), refresh("rotated")]
    );
}

#[tokio::test(start_paused = true)]
async fn refused_refresh_is_followed_by_one_login_in_the_same_flight() {
    for status in [400, 401, 403, 404] {
        let scene = logged_in().await;
        scene
            .vendor
            .once(move || refusal(status, "token_not_valid"));
        assert_eq!(scene.renew().await.unwrap(), "access-2");
        assert_eq!(scene.vendor.asked(), [Login, refresh("refresh-1"), Login]);
        assert_eq!(scene.authenticator.snapshot().failures, 0);

        scene.renew().await.unwrap();
        assert_eq!(scene.vendor.asked()[3], refresh("refresh-2"), "the new one");
    }
}

#[tokio::test(start_paused = true)]
async fn refresh_that_the_vendor_may_have_acted_on_is_never_replayed() {
    for reply in [
        cut,
        hang,
        || answer(408, ""),
        || answer(500, ""),
        || answer(502, ""),
        || answer(503, ""),
        || answer(504, ""),
    ] {
        let scene = logged_in().await;
        scene.vendor.once(reply);
        assert_eq!(scene.renew().await.unwrap(), "access-2");
        assert_eq!(scene.vendor.asked(), [Login, refresh("refresh-1"), Login]);
    }
}

/// A server that wants to be left alone, wants no login either.
#[tokio::test(start_paused = true)]
async fn retry_after_on_any_failure_of_a_refresh_is_waited_out_before_the_login() {
    for status in [403, 500, 502, 504] {
        let scene = logged_in().await;
        scene
            .vendor
            .once(move || answer(status, "").map(|it| it.with_header("Retry-After", "60")));
        let error = scene.renew().await.unwrap_err();
        let pause = error.retry_at().unwrap() - scene.clock.wall();
        assert_eq!(pause.num_seconds(), 66, "{status}");
        assert_eq!(scene.vendor.asked(), [Login, refresh("refresh-1")]);
        scene.pass(secs(66)).await;
        scene.renew().await.unwrap();
        assert_eq!(scene.vendor.asked()[2..], [Login], "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn spent_refresh_token_is_not_presented_by_a_later_flight_either() {
    let scene = logged_in().await;
    scene.vendor.once(cut);
    scene.vendor.once(|| answer(403, "<html>"));
    scene.renew().await.unwrap_err();
    scene.renew().await.unwrap();
    assert_eq!(
        scene.vendor.asked(),
        [Login, refresh("refresh-1"), Login, Login]
    );
}

#[tokio::test(start_paused = true)]
async fn malformed_answer_to_a_refresh_spends_it_without_a_login() {
    let scene = logged_in().await;
    scene.vendor.once(|| answer(200, "<html>"));
    scene.renew().await.unwrap_err();
    assert_eq!(scene.vendor.asked(), [Login, refresh("refresh-1")]);
    scene.renew().await.unwrap();
    assert_eq!(scene.vendor.asked()[2], Login);
}

#[tokio::test(start_paused = true)]
async fn refresh_that_was_never_sent_is_repeated_with_the_same_token() {
    let scene = logged_in().await;
    scene.vendor.once(unreachable);
    scene.vendor.once(unreachable);
    scene.renew().await.unwrap();
    let again = refresh("refresh-1");
    let asked = [Login, again.clone(), again.clone(), again];
    assert_eq!(scene.vendor.asked(), asked);
}

#[tokio::test(start_paused = true)]
async fn unsent_refresh_token_is_kept_for_the_next_flight() {
    let scene = logged_in().await;
    for _ in 0..3 {
        scene.vendor.once(unreachable);
    }
    scene.renew().await.unwrap_err();
    scene.renew().await.unwrap();
    assert_eq!(scene.vendor.asked()[1..], vec![refresh("refresh-1"); 4]);
}

#[tokio::test(start_paused = true)]
async fn rate_limited_refresh_token_is_kept_and_causes_no_login() {
    let scene = logged_in().await;
    scene.vendor.once(|| answer(429, ""));
    scene.renew().await.unwrap_err();
    scene.pass(secs(300)).await;
    scene.renew().await.unwrap();
    let again = refresh("refresh-1");
    assert_eq!(scene.vendor.asked(), [Login, again.clone(), again]);
}

#[tokio::test(start_paused = true)]
async fn refresh_token_that_the_vendor_repeats_is_withheld() {
    let scene = logged_in().await;
    scene
        .vendor
        .once(|| refusal(429, "refresh-1 comes too often"));
    let error = scene.renew().await.unwrap_err();
    assert_eq!(scene.vendor.asked(), [Login, refresh("refresh-1")]);
    let told = format!("{error} {error:?}");
    assert!(told.contains("[withheld] comes too often"), "{told}");
    assert!(!told.contains("refresh-1"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn short_retry_after_of_a_refresh_is_waited_out() {
    let scene = logged_in().await;
    scene
        .vendor
        .once(|| answer(429, "").map(|it| it.with_header("Retry-After", "2")));
    scene.renew().await.unwrap();
    let again = refresh("refresh-1");
    assert_eq!(scene.vendor.asked(), [Login, again.clone(), again]);
}

#[tokio::test(start_paused = true)]
async fn refresh_token_past_its_own_expiry_is_not_presented() {
    // {"iat":1000,"exp":4600}: an hour, by a server whose clock is far from ours, less the second of `iat`.
    const HOUR_LONG: &str = "e30.eyJpYXQiOjEwMDAsImV4cCI6NDYwMH0.c2ln";
    for (age, asked) in [(3598, refresh(HOUR_LONG)), (3599, Login)] {
        let scene = Scene::<Refreshing>::of(|builder| builder);
        scene.vendor.once(|| token_pair("a", HOUR_LONG));
        scene.token().await.unwrap();
        scene.pass(secs(age)).await;
        scene.renew().await.unwrap();
        assert_eq!(scene.vendor.asked()[1], asked, "after {age} s");
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_flight_is_never_replayed() {
    let scene = logged_in().await;
    scene.vendor.once(|| panic!("planned"));
    assert_eq!(scene.renew().await.unwrap(), "access-2");
    assert_eq!(scene.vendor.asked(), [Login, refresh("refresh-1"), Login]);
}

#[tokio::test(start_paused = true)]
async fn flight_out_of_time_is_never_replayed() {
    let scene = Scene::<Refreshing>::of(|builder| builder.deadline(secs(5)));
    scene.token().await.unwrap();
    scene.vendor.always(hang);
    let error = scene.renew().await.unwrap_err();
    assert!(matches!(error, Error::TimedOut(_)), "{error}");
    scene.vendor.recover();
    scene.renew().await.unwrap();
    let asked = scene.vendor.asked();
    assert_eq!(asked[1], refresh("refresh-1"));
    assert!(!asked[2..].contains(&asked[1]), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn invalidated_token_is_replaced_by_a_refresh() {
    let scene = logged_in().await;
    let token = scene.authenticator.token().await.unwrap();
    scene.authenticator.invalidate(&token);
    assert_eq!(scene.token().await.unwrap(), "access-2");
    assert_eq!(scene.vendor.asked(), [Login, refresh("refresh-1")]);
}

#[tokio::test(start_paused = true)]
async fn refresh_token_method_leaves_the_cache_alone() {
    let scene = logged_in().await;
    let own = "of the caller".replace(' ', "-").into();
    let response = scene
        .authenticator
        .refresh_token(&own, Granted::read)
        .await
        .unwrap();
    assert!(response.refresh.is_none());
    scene.renew().await.unwrap();
    let asked = [Login, refresh("of-the-caller"), refresh("refresh-1")];
    assert_eq!(scene.vendor.asked(), asked);
}

/// Some servers send one unasked, to clients that have no use for it.
#[tokio::test(start_paused = true)]
async fn refresh_token_of_a_vendor_without_refreshes_is_ignored() {
    let scene = Scene::new();
    scene.vendor.once(|| token_pair("a", "unasked"));
    scene.token().await.unwrap();
    assert_eq!(scene.renew().await.unwrap(), "access-1");
    assert_eq!(scene.vendor.asked(), [Login, Login]);
    let snapshot = scene.authenticator.snapshot();
    assert_eq!((snapshot.logins, snapshot.refreshes), (2, 0));
}

/// An authenticator that holds `access-1` and `refresh-1`.
async fn logged_in() -> Scene<Refreshing> {
    let scene = Scene::of(|builder| builder);
    assert_eq!(scene.token().await.unwrap(), "access-1");
    scene
}

fn refresh(token: &str) -> Asked {
    Asked::Refresh(token.to_owned())
}
