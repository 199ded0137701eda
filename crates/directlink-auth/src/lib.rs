#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod credentials;
mod endpoint;
#[cfg(feature = "testing")]
pub mod testing;

pub use credentials::Credentials;
pub use endpoint::{DirectLink, ErrorResponse, TokenResponse};

auth_common::vendor! {
    /// Hands out the `Authorization` header for the API of one DirectLink server.
    ///
    /// The address is always given: every installation has its own.
    ///
    /// ```no_run
    /// use directlink_auth::{Authenticator, Credentials};
    ///
    /// # async fn example() -> Result<(), directlink_auth::Error> {
    /// let base_url = "https://files.example.com:8443".parse()?;
    /// let credentials = Credentials::new("johndoe", "secret")?;
    /// let directlink = Authenticator::builder(base_url, credentials).build()?;
    /// let authorization = directlink.authorization().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub struct Authenticator for DirectLink;
    environment: BaseUrl;
    request_token: TokenResponse;
}
