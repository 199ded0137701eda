#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod credentials;
mod endpoint;
mod environment;
#[cfg(feature = "testing")]
pub mod testing;

pub use credentials::Credentials;
pub use endpoint::{ErrorResponse, Invoisys, TokenResponse};
pub use environment::Environment;

auth_common::vendor! {
    /// Hands out the `Authorization` header for the Invoisys API.
    ///
    /// ```no_run
    /// use invoisys_auth::{Authenticator, Credentials, Environment};
    ///
    /// # async fn example() -> Result<(), invoisys_auth::Error> {
    /// let credentials = Credentials::new("fiscal@example.com", "secret")?;
    /// let invoisys =
    ///     Authenticator::builder(Environment::Sandbox, credentials).build()?;
    /// let authorization = invoisys.authorization().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub struct Authenticator for Invoisys;
    environment: Environment;
    request_token: TokenResponse;
}
