use std::{fmt, net::IpAddr};

use auth_common::ConfigurationError;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

/// Where a server is, and who asks it.
pub(super) struct Address {
    pub(super) tls: bool,
    /// An IPv6 address is in no brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) database: u32,
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, ConfigurationError> {
        let url = Url::parse(url).map_err(|_| refused(FORM))?;
        let tls = match url.scheme() {
            "rediss" => true,
            "redis" => false,
            _ => return Err(refused(FORM)),
        };
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| refused(FORM))?;
        // The parser leaves hosts of schemes that it does not know as they are.
        let host = Host::parse(host).map_err(|_| refused(FORM))?;
        if !tls && !is_this_machine(&host) {
            return Err(refused(
                "must begin with rediss:// unless the server is on this machine: tokens are not for a network without TLS",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("must have no query and no fragment"));
        }
        let database = match url.path().trim_start_matches('/') {
            "" => 0,
            number => number
                .parse()
                .map_err(|_| refused("must end with the number of a database, or with nothing"))?,
        };
        let password = url.password().map(decoded).transpose()?;
        let user = Some(url.username()).filter(|user| !user.is_empty());
        let user = user.map(decoded).transpose()?;
        if user.is_some() && password.is_none() {
            return Err(refused("must have a password where it has a user"));
        }
        Ok(Self {
            tls,
            host: match host {
                Host::Domain(name) => name,
                Host::Ipv4(address) => address.to_string(),
                Host::Ipv6(address) => address.to_string(),
            },
            port: url.port().unwrap_or(USUAL_PORT),
            database,
            user,
            password: password.map(SecretString::from),
        })
    }
}

/// Without user and password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let Self {
            host,
            port,
            database,
            ..
        } = self;
        match host.parse::<IpAddr>() {
            Ok(IpAddr::V6(host)) => write!(f, "{scheme}://[{host}]:{port}/{database}"),
            _ => write!(f, "{scheme}://{host}:{port}/{database}"),
        }
    }
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn decoded(text: &str) -> Result<String, ConfigurationError> {
    let text = percent_decode_str(text).decode_utf8();
    let text = text.map_err(|_| refused("must have a user and a password in UTF-8"))?;
    Ok(text.into_owned())
}

fn refused(rule: &str) -> ConfigurationError {
    ConfigurationError::new("store URL", rule)
}

const FORM: &str = "must have the form rediss://user:password@host:port/database";
const USUAL_PORT: u16 = 6379;
