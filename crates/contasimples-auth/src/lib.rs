#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod credentials;
mod endpoint;
mod environment;
#[cfg(feature = "testing")]
pub mod testing;

pub use credentials::Credentials;
pub use endpoint::{ContaSimples, ErrorDetail, ErrorResponse, TokenResponse};
pub use environment::Environment;

auth_common::vendor! {
    /// Hands out the `Authorization` header for the Conta Simples API.
    ///
    /// ```no_run
    /// use contasimples_auth::{Authenticator, Credentials, Environment};
    ///
    /// # async fn example() -> Result<(), contasimples_auth::Error> {
    /// let credentials = Credentials::new("api_key", "api_secret")?;
    /// let contasimples =
    ///     Authenticator::builder(Environment::Sandbox, credentials).build()?;
    /// let authorization = contasimples.authorization().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub struct Authenticator for ContaSimples;
    environment: Environment;
    request_token: TokenResponse;
}
