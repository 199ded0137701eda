//! Any text as a base URL: refused, or an address that requests stay below.
#![no_main]

use auth_common::BaseUrl;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|url: &str| {
    let Ok(base) = url.parse::<BaseUrl>() else {
        return;
    };
    let url = base.as_url();
    assert!(url.scheme() == "https" || (url.scheme() == "http" && base.is_loopback()));
    assert!(url.host_str().is_some_and(|host| !host.is_empty()));
    assert!(url.username().is_empty() && url.password().is_none());
    assert!(url.query().is_none() && url.fragment().is_none());
    let joined = base.join("oauth/token");
    assert_eq!(joined.origin(), url.origin());
    assert_eq!(joined.as_str(), format!("{}oauth/token", base.as_str()));
    assert_eq!(base.as_str().parse::<BaseUrl>().unwrap(), base);
});
