//! What an error says of where it comes from.

use std::sync::Arc;

use auth_common::{ErrorKind, testing::Response};

use crate::{
    scene::{Scene, secs},
    vendor::{Refreshing, cut, hang, refusal, token, token_pair, unreachable},
};

#[tokio::test(start_paused = true)]
async fn every_error_names_the_address_that_was_asked() {
    let plans: [Arc<dyn Fn() -> crate::vendor::Reply + Send + Sync>; 7] = [
        Arc::new(|| refusal(401, "wrong password")),
        Arc::new(|| refusal(404, "no such page")),
        Arc::new(|| refusal(429, "")),
        Arc::new(|| Ok(Response::json(200, "{}"))),
        Arc::new(unreachable),
        Arc::new(cut),
        Arc::new(hang),
    ];
    for plan in plans {
        let scene = Scene::new();
        scene.vendor.always(move || plan());
        let error = scene.token().await.unwrap_err();
        let past_the_cache = scene.authenticator.request_token().await.err().unwrap();
        for error in [error, past_the_cache] {
            assert_eq!(error.address(), Some("http://localhost/login"), "{error}");
            let text = error.to_string();
            assert_eq!(text.matches("http://localhost/login").count(), 1, "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn error_of_a_refresh_names_the_address_of_the_refresh() {
    let scene = Scene::<Refreshing>::of(|builder| builder.attempts(1));
    scene.vendor.once(|| token_pair("access-1", "refresh-1"));
    scene.token().await.unwrap();
    scene.vendor.always(unreachable);
    let error = scene.renew().await.unwrap_err();
    assert_eq!(error.address(), Some("http://localhost/refresh"), "{error}");
}

/// An answer that never ends is known by the flight alone, and the caller's own limit by nobody else.
#[tokio::test(start_paused = true)]
async fn error_of_a_flight_without_an_answer_names_the_address() {
    let scene = Scene::with(|builder| builder.deadline(secs(2)).attempt_timeout(secs(60)));
    scene.vendor.always(hang);
    let error = scene.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(
        error
            .to_string()
            .contains("no full answer from http://localhost/login within 2 s"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn error_gives_the_request_id_of_the_answer() {
    for answer in [
        Response::json(401, r#"{"error":"wrong password"}"#),
        Response::json(503, ""),
        Response::json(200, "{}"),
        // It lives no longer than the answer is under way.
        Response::json(200, r#"{"access":"a","expires_in":1}"#),
    ] {
        let answer = answer.with_header("x-request-id", "0b9f-s3cret");
        let scene = Scene::with(|builder| builder.attempts(1));
        let clock = scene.clock.clone();
        scene.vendor.always(move || {
            clock.advance(secs(2));
            Ok(answer.clone())
        });
        let error = scene.token().await.unwrap_err();
        assert_eq!(error.request_id(), Some("0b9f-[withheld]"), "{error}");
        assert!(error.to_string().contains("request id 0b9f-[withheld]"));
    }
    let scene = Scene::new();
    scene.vendor.always(unreachable);
    assert_eq!(scene.token().await.unwrap_err().request_id(), None);
}

#[tokio::test(start_paused = true)]
async fn error_of_a_redirect_names_the_server_that_it_leads_to_and_no_more() {
    for (location, to) in [
        (
            "https://maria:pw@login.example.com:8443/s3cret?token=t#x",
            " to https://login.example.com:8443",
        ),
        (
            "https://s3cret.example.com/",
            " to https://[withheld].example.com",
        ),
        ("/login/", ""),
        ("//elsewhere.example/", ""),
        ("mailto:maria", ""),
    ] {
        let answer = Response::json(302, "").with_header("location", location);
        let scene = Scene::new();
        scene.vendor.always(move || Ok(answer.clone()));
        let text = scene.token().await.unwrap_err().to_string();
        let said = format!(": a redirect{to}, which is never followed with credentials;");
        assert!(text.contains(&said), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn refused_token_that_comes_once_more_is_known_by_its_request_id() {
    let scene = Scene::new();
    scene.vendor.always(|| {
        let answer = token("access-1", secs(3600))?;
        Ok(answer.with_header("x-request-id", "0b9f"))
    });
    let token = scene.authenticator.token().await.unwrap();
    scene.authenticator.invalidate(&token);
    let error = scene.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert_eq!(error.request_id(), Some("0b9f"));
    assert_eq!(error.address(), Some("http://localhost/login"));
}
