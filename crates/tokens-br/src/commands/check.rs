//! `tokens-br check`: what stands between a vendor's credentials and a token, from the nearest to the farthest.

mod probe;
mod report;

use auth_common::{BaseUrl, Credential, Error, ErrorKind, Token};
use chrono::Utc;

use self::{
    probe::{Probe, Seen},
    report::Report,
};
use super::token::{duration, timestamp};
use crate::{
    arguments::OfVendor,
    outcome::{self, NOT_REACHED, Result, USAGE},
    output,
    session::{Session, interruptible},
    settings::{Place, Settings},
    vendors::{ForVendor, Vendor, is_public},
};

pub(crate) struct Check<'a> {
    pub(crate) of: &'a OfVendor,
    pub(crate) offline: bool,
    pub(crate) json: bool,
}

impl ForVendor for Check<'_> {
    type Output = Result<u8>;

    fn run<V: Vendor>(self) -> Result<u8> {
        if !self.offline {
            let vendor = V::name();
            output::message(&format!(
                "This logs in to {vendor} once. With --offline it does not."
            ));
        }
        let settings = Settings::of::<V>(self.of.env_file.as_deref(), !self.offline)?;
        let mut report = Report::new(V::word(), self.json);
        self.follow::<V>(&settings, &mut report)?;
        report.end()
    }
}

impl Check<'_> {
    /// Goes as far as it gets.
    fn follow<V: Vendor>(&self, settings: &Settings, report: &mut Report) -> Result<()> {
        variables::<V>(settings, report)?;
        if report.has_failed() {
            return Ok(());
        }
        let session = match Session::<V>::open(settings) {
            Ok(session) => session,
            Err(failure) => {
                let advice = format!("`tokens-br list` names the variables of {}", V::name());
                return report.bad(failure.code(), "settings", &failure.to_string(), &advice);
            }
        };
        let base = session.authenticator.base_url().clone();
        report.good("address", base.as_str())?;
        let probe = Probe::new(&base)?;
        name(&base, report)?;
        if report.has_failed() {
            return Ok(());
        }
        server(&base, &probe, report)?;
        if report.has_failed() || self.offline {
            return Ok(());
        }
        let Some(token) = login(&session, report)? else {
            return Ok(());
        };
        lifetime(&token, report)?;
        resource::<V>(&base, &probe, &token, report)
    }
}

fn variables<V: Vendor>(settings: &Settings, report: &mut Report) -> Result<()> {
    for name in V::variables_read() {
        let Some((found, place)) = settings.find(name) else {
            if V::required().contains(&name) {
                let advice = format!("set it, or {name}_FILE, or give --env-file");
                report.bad(USAGE, VARIABLE, &format!("{name} is not set"), &advice)?;
            }
            continue;
        };
        let place = match place {
            Place::Environment => "set",
            Place::EnvFile => "in the file of --env-file",
            Place::Terminal => "typed",
        };
        let value = settings.vars.required(name);
        // The address and the system are read by other rules, and tell them themselves.
        let checked = value.and_then(|value| match is_public(name) {
            true => Ok(None),
            false => Credential::new(name, value).map(Some),
        });
        match checked {
            Ok(credential) => match credential.as_ref().and_then(Credential::odd_ends) {
                Some(odd) => report.odd(VARIABLE, odd, "take it off, unless it is meant")?,
                None => report.good(VARIABLE, &format!("{found} is {place}"))?,
            },
            Err(error) => {
                let advice = "the variable is there, but not its value: correct it";
                report.bad(USAGE, VARIABLE, &error.to_string(), advice)?;
            }
        }
    }
    Ok(())
}

fn name(base: &BaseUrl, report: &mut Report) -> Result<()> {
    let host = base.as_url().host_str().unwrap_or_default();
    match interruptible(probe::look_up(base))? {
        Ok(addresses) => report.good("name", &format!("{host} is {addresses}")),
        Err(problem) if probe::proxy_is_set() => {
            let said = format!("{host} has no address here: {problem}");
            report.odd("name", &said, "the proxy of this environment may know it")
        }
        Err(problem) => {
            let said = format!("{host} has no address: {problem}");
            let advice = "see that the address is right, and the name server of this machine";
            report.bad(NOT_REACHED, "name", &said, advice)
        }
    }
}

/// What an answer to nobody tells.
fn server(base: &BaseUrl, probe: &Probe, report: &mut Report) -> Result<()> {
    let seen = match interruptible(probe.visit(base))? {
        Ok(seen) => seen,
        Err(problem) => {
            let advice = "a firewall or a proxy may be in the way: HTTPS_PROXY, NO_PROXY, \
                          SSL_CERT_FILE";
            return report.bad(NOT_REACHED, "server", &problem, advice);
        }
    };
    certificate(base, &seen, report)?;
    clock(&seen, report)
}

fn certificate(base: &BaseUrl, seen: &Seen, report: &mut Report) -> Result<()> {
    let Some(certificate) = &seen.certificate else {
        if base.as_url().scheme() == "https" {
            // The HTTP client does not show what comes through a tunnel.
            let said = "certificate accepted; by whom it is cannot be seen through a proxy";
            return report.good(TLS, said);
        }
        return report.good(TLS, "none: plain HTTP to this very machine");
    };
    let days = (certificate.ends - Utc::now()).num_days();
    let said = format!("certificate by {}, {days} days left", certificate.issuer);
    if days < FEW_DAYS {
        return report.odd(TLS, &said, "tell whoever runs the server, or the proxy");
    }
    report.good(TLS, &said)
}

fn clock(seen: &Seen, report: &mut Report) -> Result<()> {
    let Some(ahead) = seen.server_ahead else {
        return report.good("clock", "the server does not tell the time");
    };
    let seconds = ahead.num_seconds();
    if seconds.abs() <= SMALL_DIFFERENCE {
        return report.good("clock", "as the server's, to a few seconds");
    }
    let side = if seconds > 0 { "behind" } else { "ahead of" };
    let said = format!("{} {side} the server's", duration(seconds.abs()));
    report.odd("clock", &said, "set this machine's clock (NTP)")
}

fn login<V: Vendor>(session: &Session<V>, report: &mut Report) -> Result<Option<Token>> {
    let error = match session.ask(session.authenticator.renew())? {
        Ok(token) => {
            let said = match session.source() {
                "login" => "a new token".into(),
                other => format!(
                    "a new token by the {other}: the password itself was not tried (`tokens-br \
                     forget {}`, and check again)",
                    V::word()
                ),
            };
            report.good("login", &said)?;
            return Ok(Some(token));
        }
        Err(error) => error,
    };
    let code = outcome::code(error.kind());
    let advice = advice::<V>(&error, session.is_kept());
    report.bad(code, "login", &session.words(&error), &advice)?;
    Ok(None)
}

/// What to do. Where the store keeps that a password was refused, it has to be forgotten before.
fn advice<V: Vendor>(error: &Error<impl Sized>, is_kept: bool) -> String {
    let word = V::word();
    match error.kind() {
        ErrorKind::CredentialsRefused => {
            let mut names = V::required().iter().filter(|name| !is_public(name));
            let first = names.next().copied().unwrap_or_default();
            let others: String = names.map(|name| format!(", {name}")).collect();
            let correct = format!("correct {first}{others}");
            if is_kept {
                format!("{correct}; `tokens-br forget {word}` lets it be tried at once")
            } else {
                correct
            }
        }
        ErrorKind::RateLimited => {
            "wait; then see who else logs in with the same credentials".into()
        }
        ErrorKind::Refused => {
            "see that the address is that of the system the account belongs to".into()
        }
        ErrorKind::InvalidResponse => "see that no proxy or portal answers in its place".into(),
        ErrorKind::Unavailable | ErrorKind::TimedOut => {
            "try again in a minute; then ask the vendor, with the time and the request id".into()
        }
        _ => format!("`tokens-br list` names the variables of {}", V::name()),
    }
}

fn lifetime(token: &Token, report: &mut Report) -> Result<()> {
    let left = (token.expires_at() - Utc::now()).num_seconds().max(0);
    let until = timestamp(token.expires_at());
    report.good("lifetime", &format!("{}, until {until}", duration(left)))
}

fn resource<V: Vendor>(
    base: &BaseUrl,
    probe: &Probe,
    token: &Token,
    report: &mut Report,
) -> Result<()> {
    let path = V::RESOURCE;
    let answer = interruptible(probe.call(base, path, token))?;
    let status = match answer {
        Ok(status) => status,
        Err(problem) => {
            let advice = "the login worked, so try again in a minute";
            return report.bad(
                NOT_REACHED,
                RESOURCE,
                &format!("GET {path}: {problem}"),
                advice,
            );
        }
    };
    let said = format!("GET {path}: {status}");
    match status.as_u16() {
        200..=299 => report.good(RESOURCE, &said),
        401 | 403 => {
            let advice = "the token is not accepted there: see the account's permissions, and \
                          that the address is that of its system";
            report.bad(USAGE, RESOURCE, &said, advice)
        }
        500..=599 => {
            let advice = "the vendor's API is out of order: try again in a minute";
            report.bad(NOT_REACHED, RESOURCE, &said, advice)
        }
        _ => report.odd(
            RESOURCE,
            &said,
            "the token was not refused; try a call of your own",
        ),
    }
}

const VARIABLE: &str = "variable";
const TLS: &str = "TLS";
const RESOURCE: &str = "resource";
/// Those who renew certificates by machines do so weeks before.
const FEW_DAYS: i64 = 14;
/// In seconds. A header tells the time to the second.
const SMALL_DIFFERENCE: i64 = 5;
