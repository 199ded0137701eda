//! Errors that a scripted vendor brings about, in paused time.

use std::time::Duration;

use auth_common::{
    Authenticator, BaseUrl, BoxError, Builder, Credential,
    testing::{ManualClock, Outage, Request, Response, Script},
};
use chrono::DateTime;

use crate::{
    Error,
    page::Example,
    vendor::{Sample, builder, granted},
};

pub(crate) async fn examples() -> Vec<Example> {
    vec![
        Example {
            what: "The source of credentials fails",
            error: failure(from(|| async { Err("permission denied".into()) })).await,
            advice: "The words after the colon are those of your own source: mend what they say.",
        },
        Example {
            what: "The source of credentials does not answer",
            error: failure(from(std::future::pending)).await,
            advice: "Look at the secret manager, or the disk, that it reads from.",
        },
        Example {
            what: "The source of credentials panics",
            error: failure(from(|| async { panic!("{ON_PURPOSE}") })).await,
            advice: "Mend it: the panic is in the log.",
        },
        Example {
            what: "A refresh token is all there was, and it is used up",
            error: failure(
                Authenticator::<Sample>::builder_with_refresh_token(base(), "refresh-1")
                    .transport(answering(json(400, r#"{"error":"token_not_valid"}"#))),
            )
            .await,
            advice: "Log in anew, and hand over the credentials, or another refresh token.",
        },
        Example {
            what: "The same, later",
            error: used_up().await,
            advice: "As above: without something to log in with, nobody is asked.",
        },
        Example {
            what: "A wrong password, or a locked account",
            error: answered(json(401, r#"{"error":"invalid_grant"}"#)).await,
            advice: "Correct the credentials, and look in the vendor's own pages whether the account is active. While you do, \
                     start no other program with the same ones.",
        },
        Example {
            what: "A password with a space behind it",
            error: failure(
                Authenticator::builder(base(), Credential::new("password", "s3cret ").unwrap())
                    .transport(answering(json(401, r#"{"error":"invalid_grant"}"#))),
            )
            .await,
            advice: "A password may end so, and is sent as it is. If this one does not, take the character off where the \
                     value comes from.",
        },
        Example {
            what: "Too many logins",
            error: answered(json(429, r#"{"error":"too many requests"}"#)).await,
            advice: "Wait until the moment at the end. Then let fewer processes log in: keep one authenticator for each \
                     program, and clone it.",
        },
        Example {
            what: "A refusal that does not blame the credentials",
            error: answered(json(403, r#"{"error":"this environment is not for you"}"#)).await,
            advice: "Compare the address with that of the environment which the account is for, and the account's \
                     permissions with the vendor's document. The vendor's support finds the request by its id.",
        },
        Example {
            what: "The answer was under way longer than the token lives",
            error: late().await,
            advice: "Nothing, if it was once. If it lasts, the vendor answers too slowly, or hands out tokens that are used \
                     up.",
        },
        Example {
            what: "The vendor is overloaded, or restarts",
            error: answered(json(503, "")).await,
            advice: "Wait: the next call asks again. If it lasts, look at the vendor's status page.",
        },
        Example {
            what: "The vendor is overloaded, and says for how long",
            error: answered(json(503, "").with_header("retry-after", "60")).await,
            advice: "Wait until the moment at the end, which the vendor chose.",
        },
        Example {
            what: "The vendor has failed",
            error: answered(json(500, r#"{"error":"unexpected error"}"#)).await,
            advice: "Wait. If it lasts, give the request id to the vendor's support.",
        },
        Example {
            what: "A page in the vendor's place",
            error: answered(html(403, "<h1>Request blocked</h1>")).await,
            advice: "`curl -v` to the address shows the page: it is that of a firewall, a gateway or a proxy, or the base URL \
                     is not the vendor's. Nothing is said about the credentials.",
        },
        Example {
            what: "A page in the vendor's place, behind which a refusal may hide",
            error: answered(html(401, "<h1>Authorization required</h1>")).await,
            advice: "As above. Where a proxy puts pages of its own in the place of the vendor's refusals, the credentials may \
                     be wrong all the same, so the login is repeated seldom.",
        },
        Example {
            what: "The task that asked was dropped, twice",
            error: failure(builder(base()).transport(dropped())).await,
            advice: "Look for a panic in the log, and whether a runtime ends while others still ask.",
        },
        Example {
            what: "A success without a token",
            error: answered(json(200, r#"{"status":"ok"}"#)).await,
            advice: "Something else may answer at this address: open it in a browser from the same machine. If it is the \
                     vendor, its API has changed: look for a new version of the crate.",
        },
        Example {
            what: "A compressed success",
            error: answered(json(200, "\u{1f}").with_header("content-encoding", "gzip")).await,
            advice: "Compression was not asked for. Something in between does it, such as a proxy: switch it off there.",
        },
        Example {
            what: "A redirect",
            error: answered(json(302, "").with_header("location", "https://login.example.com"))
                .await,
            advice: "Give the address that it leads to as the base URL, if it is the vendor's. A password is never sent on.",
        },
        Example {
            what: "The refused token once more",
            error: once_more().await,
            advice: "The API refuses a token that the vendor still hands out. Give the request id to the vendor's support.",
        },
        Example {
            what: "No answer",
            error: failure(
                builder(base())
                    .transport(Script::new(|_| Err(Outage::Hang)).transport())
                    .attempts(1),
            )
            .await,
            advice: "Wait: the next call asks again. If it lasts, the vendor is down, or a firewall swallows what is sent.",
        },
    ]
}

async fn answered(answer: Response) -> Error {
    failure(builder(base()).transport(answering(answer))).await
}

async fn failure(builder: Builder<Sample>) -> Error {
    let authenticator = builder.build().unwrap();
    authenticator.token().await.unwrap_err()
}

fn answering(answer: Response) -> auth_common::Transport {
    let answer = answer.with_header("x-request-id", "req-4f1a");
    Script::new(move |_| Ok(answer.clone())).transport()
}

fn json(status: u16, body: &str) -> Response {
    Response::json(status, body)
}

fn html(status: u16, page: &str) -> Response {
    Response::new(status, "text/html; charset=utf-8", page)
}

fn from<F>(source: impl Fn() -> F + Send + Sync + 'static) -> Builder<Sample>
where
    F: Future<Output = Result<Credential, BoxError>> + Send + 'static,
{
    Authenticator::builder_with_source(base(), source)
        .transport(Script::new(|_| Err(Outage::Unreachable)).transport())
}

/// The answer comes after the end of its token.
async fn late() -> Error {
    let clock = ManualClock::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let builder = builder(base()).clock(clock.clone());
    let answer = move |_: &Request| {
        clock.advance(Duration::from_secs(7200));
        Ok(json(200, &granted("access-1", None)))
    };
    failure(builder.transport(Script::new(answer).transport())).await
}

async fn once_more() -> Error {
    let transport = answering(json(200, &granted("access-1", None)));
    let authenticator = builder(base()).transport(transport).build().unwrap();
    let token = authenticator.token().await.unwrap();
    authenticator.invalidate(&token);
    authenticator.token().await.unwrap_err()
}

/// Whoever carries the request is gone before the answer.
fn dropped() -> auth_common::Transport {
    Script::new(|_| panic!("{ON_PURPOSE}")).transport()
}

/// The second call, after the pause.
async fn used_up() -> Error {
    let clock = ManualClock::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let authenticator = Authenticator::<Sample>::builder_with_refresh_token(base(), "refresh-1")
        .transport(answering(json(400, r#"{"error":"token_not_valid"}"#)))
        .clock(clock.clone())
        .build()
        .unwrap();
    authenticator.token().await.unwrap_err();
    clock.advance(Duration::from_secs(3600));
    authenticator.token().await.unwrap_err()
}

fn base() -> BaseUrl {
    "https://api.example.com".parse().unwrap()
}

const ON_PURPOSE: &str = "on purpose, for the page of error texts";
