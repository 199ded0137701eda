//! What a vendor says, made fit to be shown.

mod fingerprints;
mod letters;
mod search;
mod spellings;

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use zeroize::Zeroizing;

use fingerprints::Fingerprints;
pub(crate) use letters::is_invisible;
use letters::{Letter, Text};
use search::Search;

/// The secrets that no text of one answer may show.
pub(crate) struct Redaction<'a> {
    secrets: &'a [&'a str],
    /// Made for the first text that is shown. Most answers are successes, and show none.
    fingerprints: OnceLock<Fingerprints>,
    /// How much may still be searched.
    left: AtomicUsize,
}

impl<'a> Redaction<'a> {
    pub(crate) fn new(secrets: &'a [&'a str]) -> Self {
        Self {
            secrets,
            fingerprints: OnceLock::new(),
            left: AtomicUsize::new(LONGEST_SEARCH),
        }
    }

    /// What was `said`, on one line, at most 256 characters of it, and [`WITHHELD`] wherever it repeats a secret: as it
    /// is or in another spelling, whole or 12 bytes in a row of it. A secret of three letters or fewer is told from a
    /// part of a word. So are one of up to seven that are all letters or all digits, and the part before the @ of a mail
    /// address.
    ///
    /// The work does not grow with the text, and is bounded for all texts of an answer together. Beyond that they are
    /// withheld unread.
    pub(crate) fn show(&self, said: &str) -> String {
        if self.left.load(Ordering::Relaxed) == 0 && !said.is_empty() {
            return WITHHELD.into();
        }
        let (line, shown) = line(said);
        if line.is_empty() {
            return String::new();
        }
        let Some(covered) = self.covered(&line) else {
            return WITHHELD.into();
        };
        let mut text = String::new();
        let mut room = LONGEST_TEXT;
        let mut within = false;
        for (letter, covered) in line.iter().zip(covered).take(shown) {
            let needed = match (covered, within) {
                (true, true) => 0,
                (true, false) => WITHHELD.len(),
                (false, _) => 1,
            };
            if room < needed {
                break;
            }
            room -= needed;
            if !covered {
                text.push(letter.is);
            } else if !within {
                text.push_str(WITHHELD);
            }
            within = covered;
        }
        text
    }

    /// How many steps were made for the texts shown so far.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> usize {
        LONGEST_SEARCH - self.left.load(Ordering::Relaxed)
    }

    /// Which letters of `line` repeat a secret; `None` when too much was searched already.
    fn covered(&self, line: &[Letter]) -> Option<Vec<bool>> {
        let fingerprints = self
            .fingerprints
            .get_or_init(|| Fingerprints::of(self.secrets));
        if fingerprints.is_empty() {
            return Some(vec![false; line.len()]);
        }
        let mut search = Search::new(fingerprints, line.len(), self.left.load(Ordering::Relaxed));
        let searched = search.line(line);
        self.left.store(search.left(), Ordering::Relaxed);
        searched.map(|()| search.covered())
    }
}

/// What was `said` where there is no secret to repeat, on one line, at most 256 characters of it.
pub(crate) fn one_line(said: &str) -> String {
    Redaction::new(&[]).show(said)
}

/// The visible characters of a text, as many as are searched, and how many of them may be shown.
fn line(said: &str) -> (Text, usize) {
    let mut line = Zeroizing::new(Vec::with_capacity(said.len().min(LONGEST_LINE)));
    let mut apart = false;
    for is in said.chars() {
        if is_invisible(is) {
            apart = true;
            continue;
        }
        if line.len() == LONGEST_LINE {
            return (line, LONGEST_LINE - CONTEXT);
        }
        let from = line.len() as u16;
        line.push(Letter {
            is,
            from,
            to: from + 1,
            byte: false,
            apart,
        });
        apart = false;
    }
    let shown = line.len();
    (line, shown)
}

/// In the place of a secret.
pub(crate) const WITHHELD: &str = "[withheld]";
/// A sentence or two; a page of HTML in a log line helps nobody.
const LONGEST_TEXT: usize = 256;
/// What is searched of a text: enough for three times what is shown, since what is withheld makes room for more.
const LONGEST_LINE: usize = 3 * LONGEST_TEXT + CONTEXT;
/// A secret that begins within what is shown must be known by what comes after: 12 bytes of it are at most so long in
/// any spelling, such as `&amp;#104;`.
const CONTEXT: usize = 256;
/// So many steps are made for all texts of one answer: a letter is decoded, folded, or looked up with those before it.
/// They take a few milliseconds, and are enough for ten thousand letters.
const LONGEST_SEARCH: usize = 200_000;

#[cfg(test)]
mod tests;
