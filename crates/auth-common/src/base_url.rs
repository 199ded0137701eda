use std::{fmt, str::FromStr};

use url::{Host, Url};

use crate::ConfigurationError;

/// The address below which a vendor's API lives, such as `https://api.example.com` or `https://example.com/gateway`.
///
/// One that exists is valid: it is HTTPS (plain HTTP only to a loopback address), has a host, and carries no user
/// name, password, query or fragment. A path is kept, with or without its last slash: it is that of a gateway, and what the
/// vendor's own paths begin with, such as `/api/v1`, is not part of it.
///
/// ```
/// use auth_common::BaseUrl;
///
/// let base: BaseUrl = "https://files.example.com:8443/stcp".parse()?;
/// assert_eq!(base.as_str(), "https://files.example.com:8443/stcp/");
///
/// let error = "http://files.example.com".parse::<BaseUrl>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "base URL must begin with https:// \
///      (plain http:// is for loopback addresses only)"
/// );
/// # Ok::<(), auth_common::ConfigurationError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Accepts an address of plain `http://` as well, over which **anyone on the way reads the password and the
    /// token**. It is meant for a server inside a network that you trust, and that has no certificate.
    ///
    /// # Errors
    ///
    /// As for [`BaseUrl::from_str`], except for the rule on `http://`.
    pub fn dangerously_allow_plain_http(url: &str) -> Result<Self, ConfigurationError> {
        Self::checked(url, true)
    }

    /// The address as text, which always ends in a slash.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The address as a URL, whose path always ends in a slash.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The URL of `path` below this address. `path` is relative and already encoded: `oauth/token`. Whatever it holds
    /// stays part of the path, `?` and `#` too; a query is set on the URL.
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let joined = format!("{}{}", url.path(), path.trim_start_matches('/'));
        url.set_path(&joined);
        url
    }

    /// Refuses an address that ends as `path` begins: joined, that part would stand there twice.
    ///
    /// One segment proves nothing, unless it is the whole path: a gateway may well serve an API of `api/…` below `/api`.
    pub(crate) fn check_below(&self, path: &str) -> Result<(), ConfigurationError> {
        let below: Vec<&str> = segments(path).collect();
        let own: Vec<&str> = segments(self.0.path()).collect();
        let least = below.len().clamp(1, 2);
        let mut beginnings = (least..=below.len()).filter_map(|length| below.get(..length));
        if !beginnings.any(|beginning| own.ends_with(beginning)) {
            return Ok(());
        }
        // No more of it: a path may name who the customer is.
        let beginning: Vec<&str> = below.into_iter().take(least).collect();
        let beginning = beginning.join("/");
        Err(ConfigurationError::new(
            "base URL",
            format!("must end before /{beginning}, which is added to it: leave that off"),
        ))
    }

    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether the host is this very machine: exactly `localhost`, an address of `127.0.0.0/8`, or `::1`.
    ///
    /// `localhost.` and `shop.localhost` are not: they are a resolver's to say, and it may name another machine.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == LOCALHOST,
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    fn checked(url: &str, plain_http: bool) -> Result<Self, ConfigurationError> {
        let refused = |rule: &str| ConfigurationError::new("base URL", rule);
        if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(refused(
                "must not contain white space or control characters",
            ));
        }
        let mut url = Url::parse(url)
            .map_err(|_| refused("must be an absolute URL, such as https://api.example.com"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("must not contain a user name or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("must not contain a query or a fragment"));
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        let base = Self(url);
        match base.0.scheme() {
            "https" => Ok(base),
            "http" if plain_http || base.is_loopback() => Ok(base),
            "http" => Err(refused(
                "must begin with https:// (plain http:// is for loopback addresses only)",
            )),
            _ => Err(refused("must begin with https://")),
        }
    }
}

impl FromStr for BaseUrl {
    type Err = ConfigurationError;

    /// Checks an address.
    ///
    /// # Errors
    ///
    /// When it is not an absolute `https://` URL (or `http://` to a loopback address), or carries a user name, a
    /// password, a query, a fragment or white space.
    fn from_str(url: &str) -> Result<Self, ConfigurationError> {
        Self::checked(url, false)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({})", self.as_str())
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// The one name that means this machine, whatever a resolver would say: [`Transport`](crate::Transport) asks none for it.
pub(crate) const LOCALHOST: &str = "localhost";

#[cfg(test)]
mod tests;
