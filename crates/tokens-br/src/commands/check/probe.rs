//! The network, seen without the credentials.

use std::{env, error::Error, io, iter, net::IpAddr, time::Duration};

use auth_common::{BaseUrl, Token};
use chrono::{DateTime, TimeDelta, Utc};
use http::{StatusCode, header};
use reqwest::{Client, redirect::Policy, tls::TlsInfo};
use tokio::{net::lookup_host, time::timeout};
use x509_parser::{certificate::X509Certificate, parse_x509_certificate};

use crate::outcome::{FAILED, Failure, Result};

/// What went well, or what is wrong in words.
type Outcome<T> = std::result::Result<T, String>;

/// A client that sends no credentials.
pub(super) struct Probe(Client);

/// What a server shows to anybody.
pub(super) struct Seen {
    /// `None` where the connection has no TLS.
    pub(super) certificate: Option<Certificate>,
    /// By how much its clock is ahead of this machine's; `None` where it does not tell.
    pub(super) server_ahead: Option<TimeDelta>,
}

pub(super) struct Certificate {
    pub(super) issuer: String,
    pub(super) ends: DateTime<Utc>,
}

impl Probe {
    pub(super) fn new(base: &BaseUrl) -> Result<Self> {
        // Another call may have done so: it is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .redirect(Policy::none())
            .tls_info(true)
            .timeout(PATIENCE);
        if base.is_loopback() {
            client = client.no_proxy();
        }
        let client = client
            .build()
            .map_err(|error| Failure::new(FAILED, words(&error)))?;
        Ok(Self(client))
    }

    /// Asks `base` for anything, as nobody.
    pub(super) async fn visit(&self, base: &BaseUrl) -> Result<Outcome<Seen>> {
        let asked = Utc::now();
        let response = match self.0.get(base.as_str()).send().await {
            Ok(response) => response,
            Err(error) => return Ok(Err(words(&error.without_url()))),
        };
        // Half of the way is the best guess at when the server looked at its clock.
        let between = asked + (Utc::now() - asked) / 2;
        let date = response.headers().get(header::DATE);
        let date = date.and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok());
        let info = response.extensions().get::<TlsInfo>();
        let certificate = info.and_then(TlsInfo::peer_certificate);
        Ok(Ok(Seen {
            certificate: certificate.and_then(|der| {
                let (_, certificate) = parse_x509_certificate(der).ok()?;
                Certificate::of(&certificate)
            }),
            server_ahead: date.map(|date| date.with_timezone(&Utc) - between),
        }))
    }

    /// Calls the vendor's API with `token`.
    pub(super) async fn call(
        &self,
        base: &BaseUrl,
        path: &str,
        token: &Token,
    ) -> Result<Outcome<StatusCode>> {
        let url = format!("{base}{}", path.trim_start_matches('/'));
        let call = self
            .0
            .get(url)
            .header(header::AUTHORIZATION, token.authorization());
        let answer = call.send().await;
        Ok(answer
            .map(|it| it.status())
            .map_err(|error| words(&error.without_url())))
    }
}

impl Certificate {
    fn of(certificate: &X509Certificate<'_>) -> Option<Self> {
        let issuer = certificate.issuer();
        let names = issuer.iter_common_name().chain(issuer.iter_organization());
        let names: Vec<_> = names.filter_map(|name| name.as_str().ok()).collect();
        Some(Self {
            issuer: names.join(", "),
            ends: DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0)?,
        })
    }
}

/// The addresses of the host, in words.
pub(super) async fn look_up(base: &BaseUrl) -> Result<Outcome<String>> {
    let url = base.as_url();
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or_default();
    let found = timeout(PATIENCE, lookup_host((host, port))).await;
    let found = found.unwrap_or_else(|_| Err(io::Error::other("the name server does not answer")));
    Ok(found
        .map_err(|error| error.to_string())
        .and_then(|addresses| {
            let mut addresses: Vec<IpAddr> = addresses.map(|it| it.ip()).collect();
            addresses.dedup();
            match addresses.split_first() {
                None => Err("there is none".into()),
                Some((first, [])) => Ok(first.to_string()),
                Some((first, others)) => Ok(format!("{first}, and {} more", others.len())),
            }
        }))
}

/// Whether something else may look names up.
pub(super) fn proxy_is_set() -> bool {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The words of an error, and of what caused it.
fn words(error: &reqwest::Error) -> String {
    let first: &(dyn Error + 'static) = error;
    let chain = iter::successors(Some(first), |error| (*error).source());
    let words: Vec<_> = chain.take(MOST_CAUSES).map(ToString::to_string).collect();
    // That a request failed is known; why, the causes tell.
    let causes = words.get(1..).filter(|causes| !causes.is_empty());
    causes.unwrap_or(&words).join(": ")
}

/// As long as a login may take at its first attempt.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_CAUSES: usize = 8;
