//! What the network needs of a runtime.

use std::net::TcpListener;

use auth_common::{Error, testing::Wiretap};
use tokio::runtime::Builder;

use crate::vendor::{Problem, builder, granted};

#[test]
fn runtime_without_io_is_an_error_that_says_so() {
    for mut runtime in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let vendor = Wiretap::answering("200 OK", &granted("access-1", None)).unwrap();
        let authenticator = builder(vendor.base_url().unwrap()).build().unwrap();
        let runtime = runtime.enable_time().build().unwrap();
        let errors: [Error<Problem>; 2] = [
            runtime.block_on(authenticator.token()).unwrap_err(),
            runtime
                .block_on(authenticator.request_token())
                .err()
                .unwrap(),
        ];
        for error in errors {
            assert!(matches!(error, Error::Configuration(_)), "{error:?}");
            assert!(error.to_string().contains("enable_all()"), "{error}");
        }
        assert!(vendor.requests().iter().all(Vec::is_empty));

        // Another one carries it at once.
        let complete = Builder::new_current_thread().enable_all().build().unwrap();
        let header = complete.block_on(authenticator.authorization());
        assert_eq!(header.unwrap(), "Bearer access-1");
    }
}

/// Tokio moves a paused clock on as soon as nothing but the network is waited for.
#[tokio::test(start_paused = true)]
async fn paused_clock_is_named_where_it_did_not_wait_for_the_network() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", silent.local_addr().unwrap());
    let authenticator = builder(base.parse().unwrap()).build().unwrap();
    let error = authenticator.token().await.unwrap_err().to_string();
    assert!(error.contains("the runtime's clock is paused"), "{error}");
    assert!(error.contains("scripted transport"), "{error}");
}
