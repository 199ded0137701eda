//! Which proxy a request goes through. The variables are read here and not by the HTTP library, which passes over what it
//! does not understand, and then connects directly.

use std::net::IpAddr;

use http::Uri;
use reqwest::ClientBuilder;
use url::{Host, Url};

use crate::{BaseUrl, ConfigurationError, Vars};

/// The proxies of a transport. One that nobody goes through may be wrong.
pub(super) struct Proxies {
    http: Named,
    https: Named,
    exempt: Result<Vec<Exempt>, ConfigurationError>,
}

type Named = Result<Option<Url>, ConfigurationError>;

impl Proxies {
    pub(super) fn none() -> Self {
        Self::only(None)
    }

    /// One for everything.
    pub(super) fn all(url: Url) -> Self {
        Self::only(Some(url))
    }

    fn only(proxy: Option<Url>) -> Self {
        Self {
            http: Ok(proxy.clone()),
            https: Ok(proxy),
            exempt: Ok(Vec::new()),
        }
    }

    /// Those that `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name, in capitals or not.
    pub(super) fn from_vars(vars: &Vars) -> Self {
        // A web server that runs a program as a CGI script puts the header `Proxy` of any request there.
        let is_cgi = !matches!(vars.plain("REQUEST_METHOD"), Ok(None));
        let named = |names: &[&str]| {
            for name in names
                .iter()
                .filter(|name| !is_cgi || **name != "HTTP_PROXY")
            {
                if let Some(value) = set(vars, name)? {
                    return parse(name, &value).map(Some);
                }
            }
            Ok(None)
        };
        let exempt = || {
            let upper = set(vars, "NO_PROXY")?;
            let list = upper.or(set(vars, "no_proxy")?);
            Ok(Exempt::list(list.as_deref().unwrap_or_default()))
        };
        Self {
            http: named(&["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]),
            https: named(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
            exempt: exempt(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        let named = [&self.http, &self.https];
        !named.iter().any(|named| matches!(named, Ok(Some(_))))
    }

    /// The proxy that requests below `base` go through. To a loopback address there is none: a proxy has no business
    /// there, and must not see a password in plain HTTP.
    pub(super) fn before(&self, base: &BaseUrl) -> Result<Option<&Url>, ConfigurationError> {
        if base.is_loopback() {
            return Ok(None);
        }
        let exempt = self.exempt.as_ref().map_err(Clone::clone)?;
        if exempt.iter().any(|it| it.covers(base.as_url())) {
            return Ok(None);
        }
        let proxy = match base.as_url().scheme() {
            "http" => &self.http,
            _ => &self.https,
        };
        proxy.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// Sends everything through them, whatever the environment or the operating system says.
    pub(super) fn configure(&self, client: ClientBuilder) -> reqwest::Result<ClientBuilder> {
        let mut client = client.no_proxy();
        if let Ok(Some(proxy)) = &self.http {
            client = client.proxy(reqwest::Proxy::http(proxy.clone())?);
        }
        if let Ok(Some(proxy)) = &self.https {
            client = client.proxy(reqwest::Proxy::https(proxy.clone())?);
        }
        Ok(client)
    }
}

/// The value of a variable, without white space around it; `None` where nothing is left.
fn set(vars: &Vars, name: &str) -> Result<Option<String>, ConfigurationError> {
    let value = vars.plain(name)?;
    Ok(value
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty()))
}

/// Whatever passes here, the HTTP library understands. No error shows the value: it may hold a password.
pub(super) fn parse(field: &str, text: &str) -> Result<Url, ConfigurationError> {
    let refused = |rule: &str| Err(ConfigurationError::new(field, rule));
    let with_scheme = match text.contains("://") {
        true => text.to_owned(),
        false => format!("http://{text}"),
    };
    let url = match Url::parse(&with_scheme) {
        Ok(url) if url.has_host() && url.as_str().parse::<Uri>().is_ok() => url,
        _ => return refused("must be a URL, such as http://proxy.example.com:3128"),
    };
    match url.scheme() {
        "http" | "https" => {}
        socks if socks.starts_with("socks") => {
            return refused("must be an http:// or https:// proxy: SOCKS is not supported");
        }
        _ => return refused("must begin with http:// or https://"),
    }
    if !url.username().is_empty() && url.password().is_none() {
        return refused("must have a password beside the user name, or neither");
    }
    Ok(url)
}

/// An entry of `NO_PROXY`, understood as curl does, and beyond it `*.` before a domain and a port after a host, since
/// people write them.
struct Exempt {
    hosts: Hosts,
    /// Any, unless given.
    port: Option<u16>,
}

enum Hosts {
    All,
    /// This one, and whatever is below it.
    Domain(String),
    Network {
        address: IpAddr,
        prefix: u32,
    },
}

impl Exempt {
    /// What cannot be understood exempts nothing, as with curl.
    fn list(text: &str) -> Vec<Self> {
        text.split(|is: char| is == ',' || is.is_whitespace())
            .filter_map(Self::parse)
            .collect()
    }

    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self {
                hosts: Hosts::All,
                port: None,
            });
        }
        let (host, port) = match entry.rsplit_once(':') {
            // An IPv6 address without brackets has no port.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, Some(port.parse().ok()?))
            }
            _ => (entry, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let (address, prefix) = match host.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().ok()?)),
            None => (host, None),
        };
        let hosts = match (address.parse::<IpAddr>(), prefix) {
            (Ok(address), prefix) => Hosts::Network {
                address,
                prefix: prefix.unwrap_or(u32::MAX),
            },
            (Err(_), Some(_)) => return None,
            (Err(_), None) => {
                let domain = host.strip_prefix('*').unwrap_or(host);
                let domain = domain.strip_prefix('.').unwrap_or(domain);
                match Host::parse(domain.trim_end_matches('.')).ok()? {
                    Host::Domain(domain) => Hosts::Domain(domain),
                    _ => return None,
                }
            }
        };
        Some(Self { hosts, port })
    }

    fn covers(&self, url: &Url) -> bool {
        let port = url.port_or_known_default();
        if self.port.is_some() && self.port != port {
            return false;
        }
        match (&self.hosts, url.host()) {
            (Hosts::All, _) => true,
            (Hosts::Domain(domain), Some(Host::Domain(host))) => {
                let above = host.trim_end_matches('.').strip_suffix(domain.as_str());
                above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
            (Hosts::Network { address, prefix }, Some(Host::Ipv4(host))) => match address {
                IpAddr::V4(address) => {
                    same_bits(address.to_bits().into(), host.to_bits().into(), 32, *prefix)
                }
                IpAddr::V6(_) => false,
            },
            (Hosts::Network { address, prefix }, Some(Host::Ipv6(host))) => match address {
                IpAddr::V6(address) => same_bits(address.to_bits(), host.to_bits(), 128, *prefix),
                IpAddr::V4(_) => false,
            },
            _ => false,
        }
    }
}

/// Whether the first `prefix` of so many bits are the same.
fn same_bits(one: u128, other: u128, bits: u32, prefix: u32) -> bool {
    let ignored = bits.saturating_sub(prefix);
    (one ^ other).checked_shr(ignored).unwrap_or_default() == 0
}

#[cfg(test)]
mod tests;
