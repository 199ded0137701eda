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
    let endpoint = ZapSign::new(Environment::Sandbox, credentials).unwrap();
    let url = endpoint.base_url().join(endpoint.token_request().path());
    assert_eq!(
        url.as_str(),
        format!("https://sandbox.api.zapsign.com.br/api/v1/auth/token/{id}/")
    );
});
