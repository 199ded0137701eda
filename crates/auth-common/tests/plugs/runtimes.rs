//! What the network needs of a runtime.

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
        assert_eq!(vendor.requests().len(), 0);

        // Another one carries it at once.
        let complete = Builder::new_current_thread().enable_all().build().unwrap();
        let header = complete.block_on(authenticator.authorization());
        assert_eq!(header.unwrap(), "Bearer access-1");
    }
}
