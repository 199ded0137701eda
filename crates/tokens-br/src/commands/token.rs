use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use crate::{
    arguments::Shown,
    outcome::{Failure, Result},
    output,
    session::Session,
    settings::Settings,
    vendors::{ForVendor, Vendor},
};

/// `tokens-br header`
pub(crate) struct Header<'a>(pub(crate) &'a Shown);

impl ForVendor for Header<'_> {
    type Output = Result<()>;

    fn run<V: Vendor>(self) -> Result<()> {
        let Self(shown) = self;
        if output::is_for_people() && !shown.show {
            return Err(Failure::usage(
                "a token on a terminal stays in its history: pipe it, as in `tokens-br header … | \
                 curl -H @- …`, or give --show",
            ));
        }
        let (_, token) = obtain::<V>(shown)?;
        output::result(&format!(
            "Authorization: Bearer {}\n",
            token.expose_secret()
        ))
    }
}

/// `tokens-br token`
pub(crate) struct Token<'a> {
    pub(crate) shown: &'a Shown,
    pub(crate) json: bool,
}

impl ForVendor for Token<'_> {
    type Output = Result<()>;

    fn run<V: Vendor>(self) -> Result<()> {
        let (session, token) = obtain::<V>(self.shown)?;
        let left = (token.expires_at() - Utc::now()).num_seconds().max(0);
        let (source, expires_at) = (session.source(), timestamp(token.expires_at()));
        let secret = self.shown.show.then(|| token.expose_secret());
        if !self.json {
            let mut text = format!(
                "vendor   {}\nexpires  {expires_at}, in {}\nsource   {source}\n",
                V::name(),
                duration(left),
            );
            if let Some(secret) = secret {
                text += &format!("token    {secret}\n");
            }
            return output::result(&text);
        }
        let mut object = json!({
            "vendor": V::word(),
            "expires_at": expires_at,
            "expires_in": left,
            "source": source,
        });
        if let (Some(secret), Some(fields)) = (secret, object.as_object_mut()) {
            fields.insert("token".into(), secret.into());
        }
        output::result(&format!("{object}\n"))
    }
}

/// A token by the store, or by a login.
pub(super) fn obtain<V: Vendor>(shown: &Shown) -> Result<(Session<V>, auth_common::Token)> {
    let settings = Settings::of::<V>(shown.of.env_file.as_deref(), true)?;
    let session = Session::<V>::open(&settings)?;
    let token = session.token()?;
    Ok((session, token))
}

pub(super) fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A length of time in the two greatest units that it takes: `1 h 5 min`.
pub(super) fn duration(seconds: i64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
