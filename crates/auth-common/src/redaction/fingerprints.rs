use std::{iter, ops::Deref};

use zeroize::Zeroizing;

use super::{
    letters::{Letter, fold, fold_ascii, is_invisible},
    search::LAYERS,
    spellings::{ESCAPES, unescaped},
};

/// The secrets, prepared for a search: a hash of each fragment that tells enough. Two fragments of the same hash would
/// withhold a word too many, and nothing worse, so that the fragments themselves are not kept.
pub(super) struct Fingerprints {
    /// An open hash table, at most two thirds full. 0 is a free slot.
    slots: Zeroizing<Box<[u32]>>,
    /// For each kind, the lengths of its fragments, as one bit each.
    lengths: [u16; Kind::COUNT],
}

/// Where a fragment counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Anywhere,
    /// Where no letter or digit is next to it.
    Word,
    /// Anywhere in what a run of digits decodes to.
    InRun,
}

impl Kind {
    const COUNT: usize = 3;
}

impl Fingerprints {
    pub(super) fn of(secrets: &[&str]) -> Self {
        let forms: Vec<Form<'_>> = secrets.iter().copied().flat_map(Form::all).collect();
        // No form has more fragments than bytes.
        let most = forms.iter().map(|form| form.text.len()).sum::<usize>();
        let slots = vec![0; (most + most / 2 + 1).next_power_of_two()];
        let mut fingerprints = Self {
            slots: Zeroizing::new(slots.into_boxed_slice()),
            lengths: [0; Kind::COUNT],
        };
        for form in &forms {
            if !fingerprints.add_ascii(&form.text) {
                fingerprints.add(form);
            }
        }
        fingerprints
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lookups(false) == 0
    }

    /// How many hashes are looked up for each letter of a text, which may be that of a run of digits.
    pub(super) fn lookups(&self, in_run: bool) -> usize {
        let count = |kind| self.lengths(kind).count();
        let in_run = if in_run { count(Kind::InRun) } else { 0 };
        count(Kind::Anywhere) + count(Kind::Word) + in_run
    }

    /// The lengths, in letters, of what is looked for.
    #[inline]
    pub(super) fn lengths(&self, kind: Kind) -> impl Iterator<Item = usize> + use<> {
        let mut left = self.lengths.get(kind as usize).copied().unwrap_or_default();
        iter::from_fn(move || {
            let length = left.trailing_zeros() as usize;
            left &= left.checked_sub(1)?;
            Some(length)
        })
    }

    /// Whether the `length` letters between two readings of the [hash](extend) are such a fragment.
    #[inline]
    pub(super) fn hold(&self, kind: Kind, before: u64, after: u64, length: usize) -> bool {
        let fingerprint = fingerprint(kind, before, after, length);
        let mut slot = self.first_slot(fingerprint);
        loop {
            match self.slots.get(slot) {
                Some(&found) if found == fingerprint => return true,
                None | Some(0) => return false,
                Some(_) => slot = self.next_slot(slot),
            }
        }
    }

    /// From each letter of a form on as many as go into [`TELLING_FRAGMENT`] bytes; of a shorter form, the whole.
    fn add(&mut self, form: &Form<'_>) {
        let mut starts = Starts::default();
        let (mut hash, mut bytes) = (0, 0);
        for is in form.text.chars().filter(|is| !is_invisible(*is)) {
            let size = is.len_utf8();
            while starts.letters() >= FEWEST_LETTERS
                && bytes + size - starts.first().bytes > TELLING_FRAGMENT
            {
                let length = starts.letters();
                self.insert(Kind::Anywhere, starts.take_first().hash, hash, length);
            }
            fold(is, |is| {
                starts.push(Start { hash, bytes });
                hash = extend(hash, is);
            });
            // Marks without a letter below them are no part of what is compared.
            if starts.seen > 0 {
                bytes += size;
            }
        }
        if starts.seen < FEWEST_LETTERS || bytes < TELLING_FRAGMENT {
            let letters = starts.seen;
            if letters == 0 {
                return;
            }
            let is_word = form.as_word || letters < SHORTEST_ANYWHERE;
            if !is_word && (letters >= SHORTEST_PLAIN || !is_plain(&form.text)) {
                self.insert(Kind::Anywhere, 0, hash, letters);
                return;
            }
            self.insert(Kind::Word, 0, hash, letters);
            if !is_word {
                self.insert(Kind::InRun, 0, hash, letters);
            }
            return;
        }
        while starts.letters() >= FEWEST_LETTERS && bytes - starts.first().bytes >= TELLING_FRAGMENT
        {
            let length = starts.letters();
            self.insert(Kind::Anywhere, starts.take_first().hash, hash, length);
        }
    }

    /// What [`add`](Self::add) does of a text of [`TELLING_FRAGMENT`] letters or more that are all visible ASCII, in a
    /// fraction of the time: a byte is a letter, and every fragment has as many, so that the hash of one follows from that
    /// of the one before. Nearly all secrets are such, the long ones above all. Whether `text` is one.
    fn add_ascii(&mut self, text: &str) -> bool {
        let letters = text.as_bytes();
        let Some((first, rest)) = letters.split_at_checked(TELLING_FRAGMENT) else {
            return false;
        };
        // All of them, whatever one is: so the compiler looks at many at once.
        let visible = |letter: &u8| matches!(letter, b' '..=b'~');
        if !letters
            .iter()
            .fold(true, |all, letter| all & visible(letter))
        {
            return false;
        }
        self.note(Kind::Anywhere, TELLING_FRAGMENT);
        let next = |hash, letter: &u8| extend(hash, fold_ascii(*letter).into());
        let mut hash = first.iter().fold(0, next);
        self.fill(mix(Kind::Anywhere, hash, TELLING_FRAGMENT));
        for (before, letter) in letters.iter().zip(rest) {
            hash = stretch(
                fold_ascii(*before).into(),
                next(hash, letter),
                TELLING_FRAGMENT,
            );
            self.fill(mix(Kind::Anywhere, hash, TELLING_FRAGMENT));
        }
        true
    }

    fn insert(&mut self, kind: Kind, before: u64, after: u64, length: usize) {
        self.note(kind, length);
        self.fill(fingerprint(kind, before, after, length));
    }

    /// There are fragments of this length.
    fn note(&mut self, kind: Kind, length: usize) {
        if let Some(lengths) = self.lengths.get_mut(kind as usize) {
            *lengths |= 1 << length;
        }
    }

    #[inline]
    fn fill(&mut self, fingerprint: u32) {
        let mut slot = self.first_slot(fingerprint);
        while let Some(found) = self.slots.get_mut(slot)
            && *found != fingerprint
        {
            if *found == 0 {
                *found = fingerprint;
                return;
            }
            slot = self.next_slot(slot);
        }
    }

    #[inline]
    fn first_slot(&self, fingerprint: u32) -> usize {
        fingerprint as usize & (self.slots.len() - 1)
    }

    #[inline]
    fn next_slot(&self, slot: usize) -> usize {
        (slot + 1) & (self.slots.len() - 1)
    }
}

/// The hash of all letters up to and with `letter`, from the hash of those before it, which is 0 for none. That of any
/// stretch of letters follows from the hashes at its two ends.
#[inline]
pub(super) fn extend(hash: u64, letter: char) -> u64 {
    hash.wrapping_mul(BASE).wrapping_add(u64::from(letter))
}

/// The hash of the last `length` letters of those up to `after`, from that of the letters before them.
#[inline]
fn stretch(before: u64, after: u64, length: usize) -> u64 {
    let power = POWERS.get(length).copied().unwrap_or_default();
    after.wrapping_sub(before.wrapping_mul(power))
}

#[inline]
fn fingerprint(kind: Kind, before: u64, after: u64, length: usize) -> u32 {
    mix(kind, stretch(before, after, length), length)
}

#[inline]
fn mix(kind: Kind, stretch: u64, length: usize) -> u32 {
    let salt = (length as u64) << 2 | kind as u64;
    let mixed = (stretch ^ salt.wrapping_mul(BASE)).wrapping_mul(MIXER);
    // The upper bits depend on all others.
    ((mixed >> 32) as u32).max(1)
}

/// Where the fragments begin that are not yet as long as they may be.
#[derive(Default)]
struct Starts {
    ring: [Start; MOST_STARTS],
    taken: usize,
    seen: usize,
}

#[derive(Clone, Copy, Default)]
struct Start {
    /// The hash of all letters before.
    hash: u64,
    /// How many bytes stand before.
    bytes: usize,
}

impl Starts {
    /// How many letters there are from the first start on.
    fn letters(&self) -> usize {
        self.seen - self.taken
    }

    fn push(&mut self, start: Start) {
        let place = self.seen % MOST_STARTS;
        if let Some(free) = self.ring.get_mut(place) {
            *free = start;
        }
        self.seen += 1;
    }

    fn first(&self) -> Start {
        let place = self.taken % MOST_STARTS;
        self.ring.get(place).copied().unwrap_or_default()
    }

    fn take_first(&mut self) -> Start {
        let first = self.first();
        self.taken += 1;
        first
    }
}

/// What is looked for of a secret.
struct Form<'a> {
    text: Spelling<'a>,
    /// Whether only as a word, even if it is long enough to be looked for anywhere.
    as_word: bool,
}

enum Spelling<'a> {
    Written(&'a str),
    Decoded(Zeroizing<String>),
}

impl<'a> Form<'a> {
    /// A secret as it is; without the spaces around it, which a vendor may have taken off; if it holds escapes itself,
    /// what becomes of it where they are decoded; and of a mail address the part before the @, a user name too.
    fn all(secret: &'a str) -> Vec<Self> {
        let mut forms = vec![Self::of(secret)];
        let trimmed = secret.trim();
        if trimmed.len() < secret.len() {
            forms.push(Self::of(trimmed));
        }
        if let Some(decoded) = decoded(secret) {
            forms.push(Self {
                text: Spelling::Decoded(decoded),
                as_word: false,
            });
        }
        if let Some(name) = local_part(secret) {
            forms.push(Self {
                as_word: true,
                ..Self::of(name)
            });
        }
        forms
    }

    fn of(text: &'a str) -> Self {
        Self {
            text: Spelling::Written(text),
            as_word: false,
        }
    }
}

impl Deref for Spelling<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Written(text) => text,
            Self::Decoded(text) => text,
        }
    }
}

/// What is left of a secret when all of its escapes are decoded; `None` when it has none.
fn decoded(secret: &str) -> Option<Zeroizing<String>> {
    // Most are long tokens of letters and digits.
    if !ESCAPES.iter().any(|sign| secret.contains(*sign)) {
        return None;
    }
    let mut text = Zeroizing::new(Vec::with_capacity(secret.len()));
    text.extend(secret.chars().map(Letter::nowhere));
    let mut text = unescaped(&text, &ESCAPES)?;
    for _ in 1..LAYERS {
        match unescaped(&text, &ESCAPES) {
            Some(further) => text = further,
            None => break,
        }
    }
    // No escape is shorter than what it stands for.
    let mut decoded = Zeroizing::new(String::with_capacity(secret.len()));
    decoded.extend(text.iter().map(|letter| letter.is));
    Some(decoded)
}

/// Whether it may be a part of a word or of a number that means something else.
fn is_plain(secret: &str) -> bool {
    secret.chars().all(char::is_alphabetic) || secret.chars().all(char::is_numeric)
}

/// What stands before the @ of a mail address. A password may have an @ as well: what stands before that is no name.
fn local_part(secret: &str) -> Option<&str> {
    let (name, domain) = secret.rsplit_once('@')?;
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let is_domain = domain.contains('.') && domain.chars().all(belongs);
    let is_name =
        name.chars().count() >= SHORTEST_ANYWHERE && !name.chars().any(char::is_whitespace);
    // Of a longer one, the secret has all fragments.
    (is_domain && is_name && name.len() < TELLING_FRAGMENT).then_some(name)
}

/// So many bytes in a row of a secret are worth withholding a word for.
const TELLING_FRAGMENT: usize = 12;
/// Marks have bytes too: a fragment is to have so many letters at least.
const FEWEST_LETTERS: usize = 3;
/// More than a fragment has letters; a power of two, so that a place is found fast.
const MOST_STARTS: usize = 16;
/// A secret of fewer letters is a part of too many words.
pub(super) const SHORTEST_ANYWHERE: usize = 4;
/// So is one such as `test`, `admin` or `4321`.
const SHORTEST_PLAIN: usize = 8;
/// An odd number without a pattern, by which the hash is multiplied for each letter.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
/// Another.
const MIXER: u64 = 0xbf58_476d_1ce4_e5b9;
/// The powers of [`BASE`], up to the length of the longest fragment: a letter for each byte.
const POWERS: [u64; TELLING_FRAGMENT + 1] = powers();

#[allow(clippy::indexing_slicing, reason = "the compiler does it")]
const fn powers() -> [u64; TELLING_FRAGMENT + 1] {
    let mut powers = [1_u64; TELLING_FRAGMENT + 1];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1].wrapping_mul(BASE);
        at += 1;
    }
    powers
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ascii_has_the_fragments_of_any_other_text(text in "[ -~\\t\\x7f]{0,60}") {
            let form = Form::of(&text);
            let (mut quick, mut slow) = (empty(), empty());
            let is_quick = quick.add_ascii(&text);
            slow.add(&form);
            prop_assert!(!is_quick || quick.slots == slow.slots && quick.lengths == slow.lengths);
            let is_visible = !text.chars().any(is_invisible);
            prop_assert_eq!(is_quick, is_visible && text.len() >= TELLING_FRAGMENT);
        }
    }

    fn empty() -> Fingerprints {
        Fingerprints {
            slots: Zeroizing::new(vec![0; 128].into_boxed_slice()),
            lengths: [0; Kind::COUNT],
        }
    }
}
