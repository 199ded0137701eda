use zeroize::Zeroizing;

use super::{
    fingerprints::{Fingerprints, Kind, SHORTEST_ANYWHERE, extend},
    letters::{Letter, fold, is_invisible},
    spellings::{ESCAPES, each_run, unescaped},
};

/// A search for secrets in one line.
pub(super) struct Search<'f> {
    fingerprints: &'f Fingerprints,
    /// For each place of the line: how many finds begin there, less those that end there.
    edges: Vec<i32>,
    /// How many steps may still be made.
    left: usize,
}

impl<'f> Search<'f> {
    pub(super) fn new(fingerprints: &'f Fingerprints, length: usize, left: usize) -> Self {
        Self {
            fingerprints,
            edges: vec![0; length + 1],
            left,
        }
    }

    /// Looks through the line, what its escapes stand for, and what runs of digits in either decode to. `None` when
    /// that takes more steps than are left.
    pub(super) fn line(&mut self, line: &[Letter]) -> Option<()> {
        self.layers(line, Within::Line)
    }

    /// Whether each place of the line belongs to a find.
    pub(super) fn covered(&self) -> Vec<bool> {
        let mut covers = 0;
        self.edges
            .iter()
            .map(|edge| {
                covers += edge;
                covers > 0
            })
            .collect()
    }

    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Looks through `text` as it is, and as it is left each time that its escapes are decoded.
    fn layers(&mut self, text: &[Letter], within: Within) -> Option<()> {
        let mut decoded = None;
        for _ in 0..=LAYERS {
            let text = decoded.as_deref().map_or(text, Vec::as_slice);
            self.look(text, within)?;
            if let Some(next) = within.next() {
                self.runs(text, next)?;
            }
            // To HTML and URLs a backslash is a letter like another.
            if text.iter().any(|it| it.is == '\\')
                && let Some(text) = unescaped(text, &['%', '&'])
            {
                self.look(&text, within)?;
            }
            let Some(further) = unescaped(text, &ESCAPES) else {
                break;
            };
            decoded = Some(further);
        }
        Some(())
    }

    fn runs(&mut self, text: &[Letter], within: Within) -> Option<()> {
        self.spend(text.len().saturating_mul(STEPS_FOR_RUNS))?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
        let mut letters = Zeroizing::new(Vec::with_capacity(text.len()));
        each_run(text, &mut bytes, &mut |text, place| {
            letters.clear();
            let visible = text.chars().filter(|is| !is_invisible(*is));
            letters.extend(visible.map(|is| Letter {
                from: place.from,
                to: place.to,
                ..Letter::nowhere(is)
            }));
            self.layers(&letters, within)
        })
    }

    fn look(&mut self, text: &[Letter], within: Within) -> Option<()> {
        let steps = self.fingerprints.lookups(within != Within::Line) + 1;
        self.spend(text.len().saturating_mul(steps))?;
        let mut trail = Trail {
            within,
            ..Trail::default()
        };
        for letter in text {
            let passed = trail.length;
            fold(letter.is, |is| self.step(&mut trail, is, letter));
            if trail.length == passed {
                // A mark goes with the letter below it.
                trail.widen(letter.to);
                if trail.spreads {
                    self.cover(letter.from, letter.to);
                }
            }
        }
        self.find_words(&trail, false);
        Some(())
    }

    fn spend(&mut self, steps: usize) -> Option<()> {
        let left = self.left.checked_sub(steps);
        self.left = left.unwrap_or(0);
        left.map(drop)
    }

    /// Takes in the next letter, as folded, and finds what ends with it, or ends before it as a word.
    #[inline]
    fn step(&mut self, trail: &mut Trail, is: char, letter: &Letter) {
        let last = trail.back(0);
        let in_word = is.is_alphanumeric();
        let goes_on = in_word && last.in_word && !letter.apart;
        self.find_words(trail, goes_on);
        if trail.spreads && goes_on {
            self.cover(letter.from, letter.to);
        } else {
            trail.spreads = false;
        }
        trail.push(
            is,
            Passed {
                before: trail.hash,
                word: if goes_on { last.word } else { letter.from },
                to: letter.to,
                in_word,
                goes_on,
            },
        );
        self.find(Kind::Anywhere, trail, letter.to);
        if trail.within != Within::Line {
            self.find(Kind::InRun, trail, letter.to);
        }
    }

    /// Finds what ends with the last letter, and covers the word that it begins in.
    #[inline]
    fn find(&mut self, kind: Kind, trail: &mut Trail, to: u16) {
        for length in self.fingerprints.lengths(kind) {
            if let Some(first) = trail.first_of(length)
                && self
                    .fingerprints
                    .hold(kind, first.before, trail.hash, length)
            {
                self.cover(first.word, to);
                trail.spreads = true;
            }
        }
    }

    /// Finds what ends with the last letter, unless the word `goes_on` after it.
    #[inline]
    fn find_words(&mut self, trail: &Trail, goes_on: bool) {
        if goes_on {
            return;
        }
        for length in self.fingerprints.lengths(Kind::Word) {
            // What decodes to a letter or two means nothing.
            if trail.within != Within::Line && length < SHORTEST_ANYWHERE {
                continue;
            }
            if let Some(first) = trail.first_of(length)
                && !first.goes_on
                && self
                    .fingerprints
                    .hold(Kind::Word, first.before, trail.hash, length)
            {
                self.cover(first.word, trail.back(0).to);
            }
        }
    }

    fn cover(&mut self, from: u16, to: u16) {
        if let Some(edge) = self.edges.get_mut(usize::from(from)) {
            *edge += 1;
        }
        if let Some(edge) = self.edges.get_mut(usize::from(to)) {
            *edge -= 1;
        }
    }
}

/// The last letters that a search has passed, as many as the longest fragment has, and their hash.
#[derive(Default)]
struct Trail {
    passed: [Passed; TRAIL],
    length: usize,
    hash: u64,
    /// Whether a find goes on to the end of the word.
    spreads: bool,
    within: Within,
}

impl Trail {
    #[inline]
    fn push(&mut self, is: char, passed: Passed) {
        if let Some(place) = self.passed.get_mut(self.length % TRAIL) {
            *place = passed;
        }
        self.length += 1;
        self.hash = extend(self.hash, is);
    }

    /// Adds to the last letter what stands up to `to`.
    fn widen(&mut self, to: u16) {
        let place = self.length.wrapping_sub(1) % TRAIL;
        if let Some(last) = self.passed.get_mut(place) {
            last.to = to;
        }
    }

    /// The letter so many before the last.
    #[inline]
    fn back(&self, letters: usize) -> Passed {
        let place = self.length.wrapping_sub(letters + 1) % TRAIL;
        self.passed.get(place).copied().unwrap_or_default()
    }

    /// The first of the last `length` letters, where there were as many.
    #[inline]
    fn first_of(&self, length: usize) -> Option<Passed> {
        (length <= self.length).then(|| self.back(length - 1))
    }
}

#[derive(Clone, Copy, Default)]
struct Passed {
    /// The hash of all letters before it.
    before: u64,
    /// Where the word begins that it is in; if in none, where it stands itself.
    word: u16,
    to: u16,
    in_word: bool,
    /// Whether the letter before it is in the same word.
    goes_on: bool,
}

/// What is searched.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Line,
    /// What a run of digits decodes to, which it may do by chance.
    Run,
    /// The same of a run in a run.
    RunInRun,
}

impl Within {
    /// What the runs of digits in it decode to.
    fn next(self) -> Option<Self> {
        match self {
            Self::Line => Some(Self::Run),
            Self::Run => Some(Self::RunInRun),
            Self::RunInRun => None,
        }
    }
}

/// How often escapes are decoded: a vendor's server, a gateway before it and a log between them may each have written
/// their own.
pub(super) const LAYERS: usize = 3;
/// Base64 is decoded from four places on, hexadecimal digits from two.
const STEPS_FOR_RUNS: usize = 6;
/// At least the longest fragment, in letters; a power of two, so that a place is found fast.
const TRAIL: usize = 16;
