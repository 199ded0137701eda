//! Files of variables, as `--env-file` names them: `NAME=value`, a line each. Pure, but for the reading.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use zeroize::Zeroizing;

use crate::outcome::{Failure, Result};

/// Names and values.
pub(crate) type Pairs = Vec<(String, Zeroizing<String>)>;

/// The variables in `file`.
pub(crate) fn read(file: &Path) -> Result<Pairs> {
    let name = file.display();
    let text = text(file).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    parse(&text).map_err(|problem| Failure::usage(format!("{name}: {problem}")))
}

fn text(file: &Path) -> io::Result<Zeroizing<String>> {
    // With all the room it may need: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(LONGEST + 1));
    File::open(file)?
        .take(LONGEST as u64 + 1)
        .read_to_string(&mut text)?;
    if text.len() > LONGEST {
        return Err(io::Error::other("is larger than 64 KiB"));
    }
    Ok(text)
}

/// Blank lines and those that begin with `#` are passed over, and so is `export` in front of a name. A value is what
/// stands behind the first `=`, to the letter; quotation marks around the whole of it are taken off. Nothing in it is
/// replaced: a password may well hold `$` and `#`.
fn parse(text: &str) -> std::result::Result<Pairs, String> {
    let mut pairs = Pairs::new();
    for (line, number) in text.trim_start_matches('\u{feff}').lines().zip(1..) {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let named = line
            .split_once('=')
            .filter(|(name, _)| is_name(name.trim()));
        let Some((name, value)) = named else {
            // What is there instead may be a secret.
            return Err(format!("line {number:?} is not NAME=value"));
        };
        let name = name.trim().to_owned();
        if pairs.iter().any(|(known, _)| *known == name) {
            return Err(format!("{name} is there twice"));
        }
        pairs.push((name, Zeroizing::new(unquoted(value).to_owned())));
    }
    Ok(pairs)
}

fn is_name(name: &str) -> bool {
    let first = name.chars().next();
    first.is_some_and(|it| !it.is_ascii_digit())
        && name
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '_')
}

fn unquoted(value: &str) -> &str {
    let within = |mark| value.strip_prefix(mark)?.strip_suffix(mark);
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

const LONGEST: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_value_is_taken_to_the_letter() {
        let text = "\u{feff}# of the team\n\nexport A_USER=ana\r\nA_PASSWORD= a$b#c=d \n";
        assert_eq!(
            pairs(text),
            [("A_USER", "ana"), ("A_PASSWORD", " a$b#c=d ")]
        );
    }

    #[test]
    fn quotation_marks_around_the_whole_are_taken_off() {
        let text = "A=\"x y\"\nB='x'\nC=x'\nD=\"\nE=\"a\" \"b\"\n";
        let values = [
            ("A", "x y"),
            ("B", "x"),
            ("C", "x'"),
            ("D", "\""),
            ("E", "a\" \"b"),
        ];
        assert_eq!(pairs(text), values);
    }

    #[test]
    fn a_line_of_another_kind_is_told_by_its_number_alone() {
        for text in ["A=1\nsegredo\n", "A=1\n=segredo\n", "A=1\nse gredo=1\n"] {
            assert_eq!(parse(text).unwrap_err(), "line 2 is not NAME=value");
        }
    }

    #[test]
    fn a_variable_that_is_there_twice_is_refused() {
        assert_eq!(parse("A=1\nA=2\n").unwrap_err(), "A is there twice");
    }

    fn pairs(text: &str) -> Vec<(&str, &str)> {
        let pairs: &'static Pairs = Box::leak(Box::new(parse(text).unwrap()));
        pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}
