//! How the page is put together.

use auth_common::ErrorKind;

use crate::{Error, sockets::UNKNOWN};

/// An error as it came about, and what to do about it.
pub(crate) struct Example {
    pub(crate) what: &'static str,
    pub(crate) error: Error,
    pub(crate) advice: &'static str,
}

/// A refused setting's text, and what to do about it.
pub(crate) type Refused = (String, &'static str);

pub(crate) fn page(examples: &[Example], refused: &[Refused]) -> String {
    let mut text = HEAD.to_owned();
    for (kind, name, meaning) in KINDS {
        text += &format!("\n# {name}\n\n{meaning}\n");
        for example in examples.iter().filter(|it| it.error.kind() == kind) {
            let said = settled(&example.error.to_string());
            text += &section(example.what, &row(&example.error), &said, example.advice);
        }
        if kind == ErrorKind::Unavailable {
            for (what, said, advice) in [NAME_SERVER, NO_THREAD] {
                text += &section(what, "NotSent", said, advice);
            }
        }
    }
    text += "\n# Configuration\n\nA value was refused before anything was sent. Correct it.\n\n| text | what to do |\n|---|---|\n";
    for (said, advice) in refused {
        // Markdown's way to write code that holds a backtick.
        let said = match said.contains('`') {
            true => format!("`` {said} ``"),
            false => format!("`{said}`"),
        };
        text += &format!("| {said} | {advice} |\n");
    }
    text
}

fn section(what: &str, row: &str, said: &str, advice: &str) -> String {
    let said = wrapped(said, 100, "  ");
    let advice = wrapped(advice, 118, "");
    format!("\n## {what}\n\n<!-- {row} -->\n\n```text\n{said}\n```\n\n{advice}\n")
}

/// What differs from one run to the next, and from one machine to another, has one value on the page. This is the only
/// place that knows of it.
fn settled(text: &str) -> String {
    let mut text = text.replace(UNKNOWN, "https://api.example.con");
    text = between(
        &text,
        "the proxy http://127.0.0.1:",
        ":",
        "the proxy http://proxy.example.com:3128:",
    );
    text = between(&text, "(os error ", ")", "(os error 111)");
    text = between(&text, "://localhost:", "/", "://api.example.com/");
    text = between(
        &text,
        "not asked again before ",
        "Z",
        "not asked again before 2027-01-15T08:01:00Z",
    );
    // Nine tenths of what was left of 25 s.
    text = between(&text, "was sent: for ", " s,", "was sent: for 22.5 s,");
    // The moment of the check and its distance from the end, in seconds.
    text = between(
        &text,
        "verification time ",
        ",",
        "verification time 1800000000 (UNIX),",
    );
    text = between(&text, " (UNIX) (", ")", " (UNIX) (…)");
    text = between(
        &text,
        "not valid after 1009843200 (",
        ")",
        "not valid after 1009843200 (…)",
    );
    text = between(
        &text,
        "not valid before 32535216000 (",
        ")",
        "not valid before 32535216000 (…)",
    );
    // What the resolver answers depends on the machine.
    let name = "failed to lookup address information: ";
    between(
        &text,
        name,
        ";",
        &format!("{name}Name or service not known;"),
    )
}

/// The text with what stands from `start` to `end` replaced, both included.
fn between(text: &str, start: &str, end: &str, by: &str) -> String {
    let Some((before, rest)) = text.split_once(start) else {
        return text.to_owned();
    };
    let after = rest.split_once(end).map_or("", |(_, after)| after);
    format!("{before}{by}{}", between(after, start, end, by))
}

/// The row of the table of failures that it comes from, as `Debug` has it.
fn row(error: &Error) -> String {
    let debug = format!("{error:?}");
    let (_, kind) = debug.split_once("kind: ").unwrap();
    kind.split(',').next().unwrap().to_owned()
}

fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().unwrap();
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            *line += &format!(" {word}");
        } else {
            lines.push(format!("{indent}{word}"));
        }
    }
    lines.join("\n")
}

/// Only a resolver of a test's own can be made to be silent: the test
/// `name_server_that_never_answers_is_named_by_the_error` holds this text against the error.
const NAME_SERVER: (&str, &str, &str) = (
    "The name server does not answer",
    "no token from Sample: cannot connect to https://vendor.example/login: the look-up of the name vendor.example takes too \
     long: does its name server answer?; not asked again before 2027-01-15T08:01:00Z",
    "Look at the name servers of this machine (`/etc/resolv.conf`), and at the network's way to them.",
);

/// `blocking_call_without_room_for_a_thread_is_an_error_and_the_next_one_tries_again` holds this text against the error.
const NO_THREAD: (&str, &str, &str) = (
    "No room for the thread of blocking calls",
    "no token from Sample: the thread for blocking calls could not be started: Resource temporarily unavailable (os error 11)",
    "The process, its user or its container may have no more threads or memory: `ulimit -u`, `pids.max`. The next call tries \
     again.",
);

const HEAD: &str = "\
Error texts: one real example of each, and what to do about it.

Each text says who was asked, at which address, what came, and under which id the answer is in the logs of whoever sent
it, if it has one. The end says until when the vendor is left alone: until then, callers get the same error without any
traffic. All of it can be asked for as well: [`kind`](crate::Error::kind), [`address`](crate::Error::address),
[`status`](crate::Error::status), [`request_id`](crate::Error::request_id), [`response`](crate::Error::response),
[`retry_at`](crate::Error::retry_at). Decide by these and not by a text, which may change with any version.

A test makes every one of them, on the way on which it comes about: a scripted vendor, real sockets, real TLS. Addresses,
moments and what the resolver says are the same on this page whichever machine it was written on.
";

const KINDS: [(ErrorKind, &str, &str); 7] = [
    (
        ErrorKind::CredentialsUnavailable,
        "CredentialsUnavailable",
        "There is nothing to log in with. The vendor was not asked, and is not at fault.",
    ),
    (
        ErrorKind::CredentialsRefused,
        "CredentialsRefused",
        "The vendor does not accept the credentials. It is not asked again and again: that locks accounts.",
    ),
    (
        ErrorKind::RateLimited,
        "RateLimited",
        "The vendor was asked too often, by this program or by others with the same account or address.",
    ),
    (
        ErrorKind::Refused,
        "Refused",
        "The vendor, or what is at its address, does not accept the request.",
    ),
    (
        ErrorKind::Unavailable,
        "Unavailable",
        "The vendor cannot be reached, or has trouble of its own. Unless it is a certificate, it usually passes.",
    ),
    (
        ErrorKind::InvalidResponse,
        "InvalidResponse",
        "Something answered, but not as the vendor documents it.",
    ),
    (
        ErrorKind::TimedOut,
        "TimedOut",
        "No whole answer came in the time allowed.",
    ),
];
