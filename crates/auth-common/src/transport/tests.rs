#![allow(clippy::unwrap_used)]

use std::sync::{Mutex, mpsc};

use super::*;

/// Its kind is the same as that of every other failure before the request is sent.
#[tokio::test]
async fn name_server_that_never_answers_is_named_by_the_error() {
    for (connect, attempt) in [(MOMENT, LONG), (LONG, MOMENT)] {
        let (open, closed) = mpsc::channel::<()>();
        let closed = Mutex::new(closed);
        let resolver = Resolver::new(move |_| {
            closed.lock().unwrap().recv().unwrap_err();
            Ok(Vec::new())
        });
        let transport = TransportBuilder::default()
            .no_proxy()
            .connect_timeout(connect)
            .build_with(resolver)
            .unwrap();
        let base = "https://vendor.example".parse().unwrap();
        let request = TokenRequest::form("login", &[]);
        let user_agent = HeaderValue::from_static("sample-auth/0.0.0");
        let answer = transport.send(&base, request, &user_agent, attempt, || ());
        let fault = answer.await.err().unwrap();
        assert_eq!(fault.kind, FailureKind::NotSent);
        let what = "the look-up of the name vendor.example takes too long";
        assert!(fault.what.contains(what), "{}", fault.what);
        // The page of error texts cannot bring it about by itself.
        let page = include_str!("../../docs/error-texts.md");
        let page: Vec<_> = page.split_whitespace().collect();
        let said = fault.what.replace(ADDRESS, "https://vendor.example/login");
        assert!(page.join(" ").contains(&said), "{said}");
        drop(open);
    }
}

const MOMENT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(30);
