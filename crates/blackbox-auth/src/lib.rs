#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod credentials;
mod endpoint;
#[cfg(feature = "testing")]
pub mod testing;

pub use credentials::Credentials;
pub use endpoint::{BlackBox, ErrorResponse, TokenResponse};

auth_common::vendor! {
    /// Hands out the `Authorization` header for the BlackBox APIs.
    ///
    /// The address is always given: the document names none but `{blackbox endpoint}`.
    ///
    /// ```no_run
    /// use blackbox_auth::{Authenticator, Credentials};
    ///
    /// # async fn example() -> Result<(), blackbox_auth::Error> {
    /// let base_url = "https://blackbox.example.com".parse()?;
    /// let credentials = Credentials::new("loja", "secret")?;
    /// let blackbox = Authenticator::builder(base_url, credentials).build()?;
    /// let authorization = blackbox.authorization().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub struct Authenticator for BlackBox;
    environment: BaseUrl;
    request_token: TokenResponse;
}
