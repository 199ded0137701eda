//! Every vendor's authenticator fits what users plug it into. What a plug does in each case is proven in `auth-common`.

use std::future::poll_fn;

use auth_common::{
    AuthorizeLayer, AuthorizeMiddleware, Builder, Error, TokenEndpoint, testing::StandIn,
};
use reqwest::{Client, Method, Request};
use reqwest_middleware::ClientBuilder;
use secrecy::ExposeSecret;
use tower_layer::Layer;
use tower_service::Service;

use crate::vendor::{Vendor, every_vendor};

async fn middleware_outlives_a_revoked_token<V: Vendor>() {
    let vendor = StandIn::<V>::start();
    let authorize = AuthorizeMiddleware::<V::Endpoint>::new(vendor.authenticator().unwrap());
    let http = ClientBuilder::new(client()).with(authorize).build();
    for _ in 0..2 {
        let response = http.get(vendor.resource_url()).send().await.unwrap();
        assert_eq!(response.status(), 200);
        vendor.expire_tokens();
    }
    assert_eq!(vendor.resource_calls(), 2);
    assert_eq!(vendor.logins() + vendor.refreshes(), 2);

    let error = http.get(STRANGER).send().await.unwrap_err();
    assert!(error.to_string().contains(V::Endpoint::VENDOR), "{error}");
}
every_vendor!(middleware_outlives_a_revoked_token);

async fn layer_outlives_a_revoked_token<V: Vendor>() {
    let vendor = StandIn::<V>::start();
    let authorize = AuthorizeLayer::<V::Endpoint>::new(vendor.authenticator().unwrap());
    let http = authorize.layer(client());
    for _ in 0..2 {
        let response = get(&http, &vendor.resource_url()).await.unwrap();
        assert_eq!(response.status(), 200);
        vendor.expire_tokens();
    }
    assert_eq!(vendor.resource_calls(), 2);
    assert_eq!(vendor.logins() + vendor.refreshes(), 2);

    let error = get(&http, STRANGER).await.unwrap_err();
    assert!(error.to_string().contains(V::Endpoint::VENDOR), "{error}");
}
every_vendor!(layer_outlives_a_revoked_token);

fn blocking_side_shares_one_login<V: Vendor>() {
    let vendor = StandIn::<V>::start();
    let builder: Builder<V::Endpoint> = vendor.builder().unwrap().into();
    let authenticator = builder.build_blocking().unwrap();
    let header = authenticator.authorization().unwrap();
    let token = authenticator.clone().token().unwrap();
    assert_eq!(token.authorization(), header);
    assert_eq!(vendor.logins(), 1);

    vendor.refuse_credentials();
    let error = authenticator.request_token().map(drop).unwrap_err();
    assert!(matches!(error, Error::CredentialsRefused(_)), "{error}");
}
every_vendor!(blocking blocking_side_shares_one_login);

#[test]
fn blocking_side_of_zapsign_presents_a_refresh_token() {
    let vendor = StandIn::<vendors::zapsign_auth::testing::Vendor>::start();
    let zapsign = vendor.builder().unwrap().build_blocking().unwrap();
    let pair = zapsign.request_token().unwrap();
    let renewed = zapsign.refresh_token(&pair.refresh).unwrap();
    assert_ne!(renewed.access.expose_secret(), pair.access.expose_secret());
    assert_eq!((vendor.logins(), vendor.refreshes()), (1, 1));
}

/// A call by the contract of `tower`.
async fn get<S: Service<Request> + Clone>(service: &S, url: &str) -> Result<S::Response, S::Error> {
    let mut service = service.clone();
    poll_fn(|context| service.poll_ready(context)).await?;
    let url = url.parse().unwrap();
    service.call(Request::new(Method::GET, url)).await
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

const STRANGER: &str = "http://127.0.0.1:9/";
