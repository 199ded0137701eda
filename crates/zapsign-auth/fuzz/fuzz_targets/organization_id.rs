//! Any text as the id of an organization: refused, or one segment of the address of a login.
#![no_main]

use auth_common::TokenEndpoint;
use libfuzzer_sys::fuzz_target;
use zapsign_auth::{Credentials, Environment, OrganizationId, ZapSign};

fuzz_target!(|id: &str| {
    let Ok(organization) = id.parse::<OrganizationId>() else {
        return;
    };
    let credentials = Credentials::new(organization, "identity", "secret").unwrap();
    let request = ZapSign::token_request(&credentials);
    let base = ZapSign::base_url(Environment::Sandbox).unwrap();
    let url = base.join(request.path());
    assert_eq!(
        url.as_str(),
        format!("https://sandbox.api.zapsign.com.br/api/v1/auth/token/{id}/")
    );
});
