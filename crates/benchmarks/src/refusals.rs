//! A refusal to a refresh token: it is searched for every secret that the vendor knows, in each spelling that one may
//! come back in, before a word of it is shown.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use secrecy::SecretString;
use tokio::runtime::Runtime;
use zapsign_auth::{Authenticator, Credentials, Environment};

use crate::{
    Result, budgets, rounds,
    server::{Server, http},
    table::Row,
};

/// What it costs to read the worst refusal, and a usual one, beyond what bare reqwest takes to receive it.
///
/// # Errors
///
/// When there is no answer.
pub fn rows() -> Result<Vec<Row>> {
    let usual = Secrets {
        organization: "4321".into(),
        username: "maria@example.com".into(),
        password: "Senha 123".into(),
        token: random(0, 900, LETTERS),
        refresh_token: random(1, 900, LETTERS),
    };
    let refusal = r#"{"detail":"Token is invalid or expired","code":"token_not_valid"}"#;
    // The difference of two medians, each several times as large: of one run alone it is off by half.
    let usual = rounds::median_of(RUNS, || usual.cost_of("401 Unauthorized", refusal.into()))?;

    let longest = Secrets {
        organization: random(2, 64, LETTERS),
        username: random(3, 4096, ACCENTED),
        password: random(4, 4096, ACCENTED),
        token: random(5, 16_384, LETTERS),
        refresh_token: random(6, 16_384, LETTERS),
    };
    let mut worst = Duration::ZERO;
    for refusal in laborious() {
        worst = worst.max(longest.cost_of("500 Internal Server Error", refusal)?);
    }
    Ok(vec![
        Row::limit("reading the worst refusal", worst, budgets::WORST_REFUSAL),
        Row::limit("reading a usual refusal", usual, budgets::USUAL_REFUSAL),
    ])
}

/// What an answer may repeat.
struct Secrets {
    organization: String,
    username: String,
    password: String,
    token: String,
    refresh_token: String,
}

impl Secrets {
    /// The processor time of a thread that presents the refresh token and is refused like this, less that of bare
    /// reqwest.
    fn cost_of(&self, status: &'static str, refusal: String) -> Result<Duration> {
        let granted = format!(
            r#"{{"access":"{}","refresh":"{}"}}"#,
            self.token, self.token
        );
        let server = Server::answering(move |request| match request.contains("refresh") {
            true => http(status, &refusal),
            false => http("200 OK", &granted),
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let credentials = Credentials::new(
            self.organization.parse()?,
            self.username.as_str(),
            self.password.as_str(),
        )?;
        let authenticator =
            Authenticator::builder(Environment::Custom(server.url().parse()?), credentials)
                .build()?;
        runtime.block_on(authenticator.authorization())?;
        let refresh_token = SecretString::from(self.refresh_token.as_str());
        let client = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("{}/api/v1/auth/token-refresh/", server.url());

        let (ours, reference) = rounds::medians(
            ROUNDS,
            || {
                processor_time(&runtime, async {
                    match authenticator.refresh_token(&refresh_token).await {
                        Ok(_) => Err("the refresh token was taken".into()),
                        Err(error) => {
                            let _: () = drop(error.to_string());
                            Ok(())
                        }
                    }
                })
            },
            || {
                processor_time(&runtime, async {
                    let body = format!(r#"{{"refresh":"{}"}}"#, self.refresh_token);
                    let _: () = drop(client.post(&url).body(body).send().await?.bytes().await?);
                    Ok(())
                })
            },
        )?;
        Ok(ours.saturating_sub(reference))
    }
}

/// Bodies of nearly 64 KiB that there is much to search in: without a pattern, in letters that make the search look for
/// one spelling or another.
fn laborious() -> Vec<String> {
    let alphabets = [
        LETTERS,
        ACCENTED,
        "0123456789abcdef%",
        "25%",
        "&#;x3A",
        "áÉçãõüñß日本ΣİÀ",
    ];
    let fields = alphabets.map(|alphabet| {
        // What ends it is decoded three times.
        let text = |seed| serde_json::Value::from(random(seed, 220, alphabet) + "%252525");
        let fields = filling(|seed| format!(r#""f{seed}":[{}]"#, text(seed)));
        format!("{{{fields}}}")
    });
    let one_text = format!(r#"{{"detail":"{}"}}"#, random(7, 65_000, LETTERS));
    fields.into_iter().chain([one_text]).collect()
}

/// Elements of a list, as many as go into an answer.
fn filling(element: impl Fn(u64) -> String) -> String {
    let mut list = element(0);
    for next in (1..).map(element) {
        if list.len() + next.len() > 65_000 {
            break;
        }
        list = list + "," + &next;
    }
    list
}

/// Letters of `alphabet` in an order that repeats itself nowhere, up to `length` bytes.
fn random(seed: u64, length: usize, alphabet: &str) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    let mut state = seed;
    let mut text = String::new();
    loop {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let letter = alphabet[(state >> 33) as usize % alphabet.len()];
        if text.len() + letter.len_utf8() > length {
            return text;
        }
        text.push(letter);
    }
}

/// What this thread takes for `work`, on a runtime that it drives alone.
fn processor_time(runtime: &Runtime, work: impl Future<Output = Result>) -> Result<Duration> {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default();
    let started = now();
    runtime.block_on(work)?;
    Ok(now().saturating_sub(started))
}

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ACCENTED: &str = "abcdéãçôABC123&%+日本ßüñ";
const ROUNDS: usize = 101;
const RUNS: usize = 15;
