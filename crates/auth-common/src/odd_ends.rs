//! What stands at the ends of a value that was copied or read from a file, and that nobody meant to write. Pure.

use crate::redaction::is_invisible;

/// What is odd at the ends of `text`, as the end of a sentence about it: `ends with a space`. `None` for most texts.
///
/// Of the text it tells no more than that.
pub(crate) fn odd_ends(text: &str) -> Option<String> {
    let first = text.chars().next().and_then(odd);
    let last = text.chars().next_back().and_then(odd);
    Some(match (first, last) {
        (Some(first), Some(last)) if first == last => format!("begins and ends with {first}"),
        (Some(first), Some(last)) => format!("begins with {first} and ends with {last}"),
        (Some(first), None) => format!("begins with {first}"),
        (None, Some(last)) => format!("ends with {last}"),
        (None, None) => return None,
    })
}

fn odd(c: char) -> Option<String> {
    let code = c as u32;
    Some(match c {
        ' ' => "a space".into(),
        '\u{feff}' => format!("a byte order mark, U+{code:04X}"),
        '"' | '\'' | '`' | '\u{ab}' | '\u{bb}' | '\u{2018}'..='\u{201f}' => {
            "a quotation mark".into()
        }
        c if is_invisible(c) => format!("a character that cannot be seen, U+{code:04X}"),
        c if c.is_whitespace() => format!("another space than the usual one, U+{code:04X}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
