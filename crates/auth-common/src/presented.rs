//! What a request for a token presents to the vendor: credentials, or a refresh token.

use std::{sync::Arc, time::Duration};

use secrecy::SecretString;

use crate::{
    BaseUrl, Exchange, Refresh, TokenEndpoint, TokenRequest, redaction::Redaction, source::Origin,
    transport::Fault,
};

pub(crate) enum Presented<'a, E: TokenEndpoint> {
    Login(Arc<E::Credentials>),
    Refresh {
        by: Refresh,
        token: &'a SecretString,
        /// Of a vendor who wants them as well.
        credentials: Option<Arc<E::Credentials>>,
    },
}

impl<'a, E: TokenEndpoint> Presented<'a, E> {
    /// The refresh token where there is one, else credentials. `origin` is asked only where they are needed.
    pub(crate) async fn gather(
        refresh_token: Option<&'a SecretString>,
        origin: Origin<E::Credentials>,
        allowed: Duration,
    ) -> Result<Self, Fault> {
        let Some((token, by)) = refresh_token.zip(E::REFRESH) else {
            return origin.credentials(allowed).await.map(Self::Login);
        };
        let credentials = if by.is_authorized() {
            Some(origin.credentials(allowed).await?)
        } else {
            None
        };
        Ok(Self::Refresh {
            by,
            token,
            credentials,
        })
    }

    pub(crate) fn credentials(&self) -> Option<&Arc<E::Credentials>> {
        match self {
            Self::Login(credentials) => Some(credentials),
            Self::Refresh { credentials, .. } => credentials.as_ref(),
        }
    }

    pub(crate) fn exchange(&self) -> Exchange {
        match self {
            Self::Login(_) => Exchange::Login,
            Self::Refresh { .. } => Exchange::Refresh,
        }
    }

    pub(crate) fn encode(&self) -> TokenRequest {
        match self {
            Self::Login(credentials) => E::token_request(credentials),
            Self::Refresh {
                by,
                token,
                credentials,
            } => by.request(token, credentials.as_deref().map(E::token_request)),
        }
    }

    /// What is to be remembered of it until the answer has been read.
    pub(crate) fn sent(&self) -> Sent<E> {
        Sent {
            exchange: self.exchange(),
            credentials: self.credentials().map(Arc::clone),
        }
    }
}

/// A request that went out.
pub(crate) struct Sent<E: TokenEndpoint> {
    pub(crate) exchange: Exchange,
    /// The answer may repeat them.
    pub(crate) credentials: Option<Arc<E::Credentials>>,
}

impl<E: TokenEndpoint> Sent<E> {
    pub(crate) fn secrets(&self) -> Vec<&str> {
        self.credentials
            .as_deref()
            .map(E::secrets)
            .unwrap_or_default()
    }

    /// What is odd in the credentials that were presented; `None` where there is nothing, or a refresh token took their
    /// place.
    pub(crate) fn odd_ends(&self) -> Option<String> {
        let credentials = self.credentials.as_deref();
        let credentials = credentials.filter(|_| self.exchange == Exchange::Login)?;
        let given = E::given(credentials);
        let odd: Vec<&str> = given.iter().filter_map(|it| it.odd_ends()).collect();
        (!odd.is_empty()).then(|| odd.join("; "))
    }

    /// Where it went, fit to be shown: the base URL is known to whoever reads it, and a path may hold the id of an account.
    pub(crate) fn address(&self, base: &BaseUrl) -> String {
        let path = match (self.exchange, E::REFRESH, &self.credentials) {
            (Exchange::Refresh, Some(refresh), _) => refresh.path().to_owned(),
            (_, _, Some(credentials)) => E::token_request(credentials).path().to_owned(),
            _ => String::new(),
        };
        let path = Redaction::new(&self.secrets()).show(path.trim_start_matches('/'));
        format!("{base}{path}")
    }
}

impl<E: TokenEndpoint> Clone for Sent<E> {
    fn clone(&self) -> Self {
        Self {
            exchange: self.exchange,
            credentials: self.credentials.clone(),
        }
    }
}
