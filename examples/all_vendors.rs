//! All vendors hand out tokens, played by stand-ins in this process, with neither an account nor a network:
//!
//! ```sh
//! cargo run --example all_vendors
//! ```
//!
//! One of them for real, as the environment variables of its crate say, without the refused login:
//!
//! ```sh
//! cargo run --example all_vendors -- --live zapsign
//! ```

use std::{env, error::Error, iter, process::ExitCode};

use auth_common::{Authenticator, TokenEndpoint, testing::StandIn};
use reqwest::{Client, StatusCode, header::AUTHORIZATION};
use tokio::task::JoinSet;
use vendors::Vendor;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let report = match arguments[..] {
        [] => rehearse_all().await,
        ["--live", vendor] => live(vendor).await,
        _ => Err(usage().into()),
    };
    match report {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn rehearse_all() -> Result<String, Box<dyn Error>> {
    macro_rules! rehearse {
        ([$($vendor:ident)*]) => {
            [$(rehearse::<vendors::$vendor::testing::Vendor>().await?),*]
        };
    }
    let rows = vendors::for_each!(rehearse);
    Ok(format!(
        "{}\nEach vendor was a stand-in in this process, and counted the logins itself.\n\
         `--live <vendor>` asks the real one; its environment variables say where and as whom.",
        table(&rows)
    ))
}

async fn live(vendor: &str) -> Result<String, Box<dyn Error>> {
    macro_rules! perform {
        ([$($known:ident)*]) => {
            $(
                if vendor == vendors::$known::testing::Vendor::word() {
                    return perform::<vendors::$known::testing::Vendor>().await;
                }
            )*
        };
    }
    vendors::for_each!(perform);
    Err(usage().into())
}

/// The whole tour with a stand-in.
async fn rehearse<V: Vendor>() -> Result<Row, Box<dyn Error>> {
    let vendor = StandIn::<V>::start();
    let authenticator: Authenticator<V::Endpoint> = vendor.authenticator()?.into();
    let http = Client::builder().no_proxy().build()?;
    let row = tour(&authenticator, &http, V::RESOURCE, || vendor.logins()).await?;

    vendor.refuse_credentials();
    let Err(error) = authenticator.request_token().await else {
        return Err("a login that was to be refused was not".into());
    };
    let (Some(status), Some(response)) = (error.status(), error.response()) else {
        return Err(error.into());
    };
    Ok(Row {
        refusal: format!("{} {response}", status.as_u16()),
        ..row
    })
}

/// The tour with the vendor itself: a login that is refused on purpose may lock the account, so there is none.
async fn perform<V: Vendor>() -> Result<String, Box<dyn Error>> {
    let authenticator = Authenticator::<V::Endpoint>::from_env()?;
    let logins = || authenticator.snapshot().logins as usize;
    let row = tour(&authenticator, &Client::new(), V::RESOURCE, logins).await?;
    Ok(format!(
        "{}\n{} answered at {}. No login was refused on purpose: that may lock the account.",
        table(&[row]),
        V::Endpoint::VENDOR,
        authenticator.base_url()
    ))
}

/// Many callers who want the header at once, a call of the vendor's first resource, and a renewal.
async fn tour<E: TokenEndpoint>(
    authenticator: &Authenticator<E>,
    http: &Client,
    resource: &str,
    logins: impl Fn() -> usize,
) -> Result<Row, Box<dyn Error>> {
    let mut callers: JoinSet<_> = iter::repeat_n(authenticator.clone(), CALLERS)
        .map(|authenticator| async move { authenticator.authorization().await })
        .collect();
    while let Some(authorization) = callers.join_next().await {
        authorization??;
    }
    let logins = logins();

    let token = authenticator.token().await?;
    let came_at = authenticator.snapshot().last_success;
    let lifetime = token.expires_at() - came_at.ok_or("there is a token that never came")?;

    let base = authenticator.base_url().as_url();
    let response = http
        .get(base.join(resource.trim_start_matches('/'))?)
        .header(AUTHORIZATION, token.authorization())
        .send()
        .await?;

    authenticator.renew().await?;
    let refreshed = authenticator.snapshot().refreshes > 0;

    Ok(Row {
        vendor: E::VENDOR,
        lifetime_minutes: (lifetime.num_seconds() + 30) / 60,
        resource: response.status(),
        logins,
        renewed_by: if refreshed { "refresh token" } else { "login" },
        refusal: String::new(),
    })
}

struct Row {
    vendor: &'static str,
    lifetime_minutes: i64,
    resource: StatusCode,
    logins: usize,
    renewed_by: &'static str,
    refusal: String,
}

impl Row {
    fn cells(&self) -> [String; 6] {
        [
            self.vendor.into(),
            match (self.lifetime_minutes / 60, self.lifetime_minutes % 60) {
                (0, minutes) => format!("{minutes} min"),
                (hours, 0) => format!("{hours} h"),
                (hours, minutes) => format!("{hours} h {minutes} min"),
            },
            self.resource.to_string(),
            match self.logins {
                1 => "1 login".into(),
                logins => format!("{logins} logins"),
            },
            self.renewed_by.into(),
            self.refusal.clone(),
        ]
    }
}

fn table(rows: &[Row]) -> String {
    let rows: Vec<_> = iter::once(HEADINGS.map(String::from))
        .chain(rows.iter().map(Row::cells))
        .collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    rows.iter().map(|row| line(row, widths)).collect()
}

/// One row of the table. Its last cell goes on below itself where the line ends.
fn line([before @ .., last]: &[String; 6], widths: [usize; 6]) -> String {
    let mut line = String::new();
    for (cell, width) in before.iter().zip(widths) {
        line += &format!("{cell:width$}  ");
    }
    let indent = line.chars().count();
    let mut column = indent;
    for word in last.split(' ') {
        let length = word.chars().count();
        if column + length > LINE {
            line += &format!("\n{:indent$}", "");
            column = indent;
        }
        line += &format!("{word} ");
        column += length + 1;
    }
    line.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

fn usage() -> String {
    format!("usage: all_vendors [--live {}]", vendors::words().join("|"))
}

const HEADINGS: [&str; 6] = [
    "vendor",
    "token lives",
    "resource",
    "1,000 calls",
    "renewed by",
    "refused, in the vendor's words",
];
/// As the headings say.
const CALLERS: usize = 1000;
/// The width of the table, in characters.
const LINE: usize = 100;
