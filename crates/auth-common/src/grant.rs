use std::{fmt, time::Duration};

use secrecy::SecretString;

/// What a success grants, in the terms of [RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1).
pub struct Grant {
    pub(crate) access_token: SecretString,
    pub(crate) expires_in: Option<Duration>,
    pub(crate) refresh_token: Option<SecretString>,
}

impl Grant {
    /// An access token that lives for `expires_in`; `None` when the answer did not say. Of more than seven days nothing is
    /// believed, and [`FALLBACK_LIFETIME`](crate::TokenEndpoint::FALLBACK_LIFETIME) takes its place.
    pub fn new(access_token: SecretString, expires_in: Option<Duration>) -> Self {
        Self {
            access_token,
            expires_in,
            refresh_token: None,
        }
    }

    /// Adds a refresh token, where there is one.
    #[must_use]
    pub fn with_refresh_token(mut self, refresh_token: Option<SecretString>) -> Self {
        self.refresh_token = refresh_token;
        self
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}
