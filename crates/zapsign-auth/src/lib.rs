#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod credentials;
mod endpoint;
mod environment;
#[cfg(feature = "testing")]
pub mod testing;

pub use credentials::{Credentials, OrganizationId};
pub use endpoint::{ErrorResponse, FieldError, RefreshResponse, TokenPair, ZapSign};
pub use environment::Environment;

auth_common::vendor! {
    /// Hands out the `Authorization` header for the ZapSign API.
    ///
    /// ```no_run
    /// use zapsign_auth::{Authenticator, Credentials, Environment};
    ///
    /// # async fn example() -> Result<(), zapsign_auth::Error> {
    /// let organization = "4321".parse()?;
    /// let credentials =
    ///     Credentials::new(organization, "dev@example.com", "secret")?;
    /// let zapsign =
    ///     Authenticator::builder(Environment::Production, credentials).build()?;
    /// let authorization = zapsign.authorization().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub struct Authenticator for ZapSign;
    environment: Environment;
    request_token: TokenPair;
    refresh_token: RefreshResponse = endpoint::refresh_response;
}
