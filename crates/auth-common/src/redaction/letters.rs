use zeroize::{DefaultIsZeroes, Zeroizing};

/// A text or what it decodes to, in memory that is wiped.
pub(super) type Text = Zeroizing<Vec<Letter>>;

/// A character, and where in the line it is written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Letter {
    pub(super) is: char,
    /// The first character of the line that belongs to it.
    pub(super) from: u16,
    /// The one after the last.
    pub(super) to: u16,
    /// Whether it is one byte, read as Latin-1 unless others make it a character of UTF-8.
    pub(super) byte: bool,
    /// Whether something invisible stood before it. That does not hide a secret, but it does part words.
    pub(super) apart: bool,
}

impl DefaultIsZeroes for Letter {}

impl Letter {
    /// A letter of a text whose places do not matter.
    pub(super) fn nowhere(is: char) -> Self {
        Self {
            is,
            ..Self::default()
        }
    }
}

/// Takes out what is invisible.
pub(super) fn keep_visible(text: &mut Vec<Letter>) {
    let mut apart = false;
    text.retain_mut(|letter| {
        if is_invisible(letter.is) {
            apart = true;
            return false;
        }
        letter.apart |= apart;
        apart = false;
        true
    });
}

/// Control characters, private ones, and those that break a line, turn its direction, or hide within a word: the
/// `Default_Ignorable_Code_Point`s of Unicode.
#[inline]
pub(crate) fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(c,
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{e000}'..='\u{f8ff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
        | '\u{f0000}'..
    )
}

/// What is compared in the place of `c`: without its case and its accents. A form writes a space as `+`, so that these
/// two are one.
#[inline]
pub(super) fn fold(c: char, mut each: impl FnMut(char)) {
    if let Ok(byte) = u8::try_from(c)
        && byte.is_ascii()
    {
        return each(fold_ascii(byte).into());
    }
    if let Some(folded) = folded(c) {
        return each(folded);
    }
    if c.is_whitespace() {
        return each(' ');
    }
    // By way of the capital, so that `ß` is `SS`, and both small forms of a sigma are one.
    for c in c.to_uppercase().flat_map(char::to_lowercase) {
        if !is_accent(c) {
            each(folded(c).unwrap_or(c));
        }
    }
}

/// The same for a letter of ASCII.
#[inline]
pub(super) fn fold_ascii(byte: u8) -> u8 {
    match byte {
        b'+' => b' ',
        byte => byte.to_ascii_lowercase(),
    }
}

/// A combining diacritical mark.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

#[inline]
fn folded(c: char) -> Option<char> {
    let place = (c as usize).checked_sub(FIRST_FOLDED)?;
    FOLDED.get(place).copied().filter(|folded| *folded != '\0')
}

/// Where Latin-1 has its letters.
const FIRST_FOLDED: usize = 0xc0;
/// Latin-1 and Latin Extended-A, from U+00C0 to U+017F: the small letter, without the accent where it decomposes into
/// one and a letter. NUL is for what folds to two.
#[rustfmt::skip]
const FOLDED: [char; 192] = [
    'a', 'a', 'a', 'a', 'a', 'a', 'æ', 'c', 'e', 'e', 'e', 'e', 'i', 'i', 'i', 'i',
    'ð', 'n', 'o', 'o', 'o', 'o', 'o', '×', 'ø', 'u', 'u', 'u', 'u', 'y', 'þ', '\0',
    'a', 'a', 'a', 'a', 'a', 'a', 'æ', 'c', 'e', 'e', 'e', 'e', 'i', 'i', 'i', 'i',
    'ð', 'n', 'o', 'o', 'o', 'o', 'o', '÷', 'ø', 'u', 'u', 'u', 'u', 'y', 'þ', 'y',
    'a', 'a', 'a', 'a', 'a', 'a', 'c', 'c', 'c', 'c', 'c', 'c', 'c', 'c', 'd', 'd',
    'đ', 'đ', 'e', 'e', 'e', 'e', 'e', 'e', 'e', 'e', 'e', 'e', 'g', 'g', 'g', 'g',
    'g', 'g', 'g', 'g', 'h', 'h', 'ħ', 'ħ', 'i', 'i', 'i', 'i', 'i', 'i', 'i', 'i',
    'i', 'i', 'ĳ', 'ĳ', 'j', 'j', 'k', 'k', 'ĸ', 'l', 'l', 'l', 'l', 'l', 'l', 'ŀ',
    'ŀ', 'ł', 'ł', 'n', 'n', 'n', 'n', 'n', 'n', '\0', 'ŋ', 'ŋ', 'o', 'o', 'o', 'o',
    'o', 'o', 'œ', 'œ', 'r', 'r', 'r', 'r', 'r', 'r', 's', 's', 's', 's', 's', 's',
    's', 's', 't', 't', 't', 't', 'ŧ', 'ŧ', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
    'u', 'u', 'u', 'u', 'w', 'w', 'y', 'y', 'y', 'z', 'z', 'z', 'z', 'z', 'z', 's',
];
