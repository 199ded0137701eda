//! What others do, without a budget: a lock by hand, and crates for OAuth 2.0.

use directlink_auth::Transport;
use http::HeaderValue;
use oauth2::{
    AuthType, ClientId, HttpRequest, HttpResponse, ResourceOwnerPassword, ResourceOwnerUsername,
    TokenResponse, TokenUrl, basic::BasicClient,
};
use yup_oauth2::AccessTokenAuthenticator;

use crate::{
    Result, cached, cold_login,
    server::{PASSWORD, Server, USERNAME},
    table::Row,
};

/// A header behind a lock, the cached token of `yup-oauth2`, and a login by `oauth2`, which caches none.
///
/// # Errors
///
/// When there is no token.
pub fn rows() -> Result<Vec<Row>> {
    let mut rows = cached::peers()?;
    rows.extend([yup_oauth2()?, oauth2()?]);
    Ok(rows)
}

/// Its authenticator has a token that is good for ever. To make a header of it is left to its caller, and not measured.
fn yup_oauth2() -> Result<Row> {
    let (authenticator, _) = cached::subjects()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let token = runtime.block_on(authenticator.token())?;
    let token = token.expose_secret().to_owned();
    let peer = runtime.block_on(AccessTokenAuthenticator::builder(token).build())?;
    // The first call fills its cache.
    runtime.block_on(peer.token(&SCOPES))?;
    let (ours, peer) = cached::of_a_call(|| {
        cached::medians(
            1,
            || authenticator.authorization(),
            async || peer.token(&SCOPES).await.is_ok(),
        )
    })?;
    Ok(Row::told(
        "cached header beside yup-oauth2's token, 1 thread",
        ours,
        peer,
    ))
}

/// By the same client as bare reqwest, in a task of its own.
fn oauth2() -> Result<Row> {
    let server = Server::keeping(std::time::Duration::ZERO)?;
    let transport = Transport::shared()?;
    let bare = cold_login::Bare::new(&server)?;
    cold_login::beside(
        "cold login beside oauth2, connection kept open, one thread",
        &server,
        &transport,
        || login(bare.clone()),
    )
}

async fn login(bare: cold_login::Bare) -> Result<HeaderValue> {
    let client = BasicClient::new(ClientId::new("cli".into()))
        .set_auth_type(AuthType::RequestBody)
        .set_token_uri(TokenUrl::new(bare.url().to_owned())?);
    let http = |request: HttpRequest| {
        let client = bare.client().clone();
        async move {
            let request = reqwest::Request::try_from(request)?;
            let mut response = client.execute(request).await?;
            let mut answer = HttpResponse::new(Vec::new());
            *answer.status_mut() = response.status();
            *answer.headers_mut() = std::mem::take(response.headers_mut());
            *answer.body_mut() = response.bytes().await?.to_vec();
            Ok::<_, reqwest::Error>(answer)
        }
    };
    let answer = client
        .exchange_password(
            &ResourceOwnerUsername::new(USERNAME.into()),
            &ResourceOwnerPassword::new(PASSWORD.into()),
        )
        .request_async(&http)
        .await?;
    let token = answer.access_token().secret();
    let mut authorization = HeaderValue::try_from(format!("Bearer {token}"))?;
    authorization.set_sensitive(true);
    Ok(authorization)
}

const SCOPES: [&str; 1] = ["https://vendor.example/api"];
