use zeroize::Zeroizing;

use super::{
    fingerprints::SHORTEST_ANYWHERE,
    letters::{Letter, Text, keep_visible},
};

/// What is done with a text that a run decodes to, and with the place of the run. `None` ends it all.
type Each<'a> = &'a mut dyn FnMut(&str, Letter) -> Option<()>;

/// `text` with its escapes decoded once, from left to right: those of JSON and of programs (`\"`, `\u00e9`, `\xe9`), of
/// URLs (`%C3%A9`), and of HTML (`&quot;`, `&#233;`), as far as they begin with one of `signs`. `None` when there are
/// none.
///
/// All kinds at once: where that decodes more than was encoded, because a secret holds what looks like an escape, the
/// secret is also looked for as it is decoded in the same way.
pub(super) fn unescaped(text: &[Letter], signs: &[char]) -> Option<Text> {
    if !text.iter().any(|it| signs.contains(&it.is)) {
        return None;
    }
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut found = false;
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escape = match first.is {
            sign if !signs.contains(&sign) => None,
            '\\' => backslash(after),
            '%' => percent(after),
            '&' => entity(after),
            _ => None,
        };
        let Some((meant, after)) = escape else {
            push(&mut decoded, *first);
            rest = after;
            continue;
        };
        found = true;
        let (is, byte) = match meant {
            Meant::Character(is) => (is, false),
            Meant::Byte(byte) => (char::from(byte), true),
        };
        let letter = Letter {
            is,
            byte,
            ..place(rest, after)
        };
        push(&mut decoded, letter);
        rest = after;
    }
    if !found {
        return None;
    }
    keep_visible(&mut decoded);
    Some(decoded)
}

/// Decodes each run of base64, of hexadecimal digits or of numbers that are bytes, from wherever it may begin, and hands
/// over what is text in it, with the place of the run. `bytes` is room for as many bytes as `text` has letters.
pub(super) fn each_run(text: &[Letter], bytes: &mut Vec<u8>, each: Each<'_>) -> Option<()> {
    each_base64(text, bytes, each)?;
    each_hex(text, bytes, each)?;
    each_list(text, Numbers::Decimal, bytes, each)?;
    each_list(text, Numbers::Hexadecimal, bytes, each)
}

/// Base64 in either alphabet, with padding or without. Other letters of the alphabet may stand before it, so that its
/// first group may begin at each of four places.
fn each_base64(text: &[Letter], bytes: &mut Vec<u8>, each: Each<'_>) -> Option<()> {
    let mut rest = text;
    while let Some((start, run, after)) = next_run(rest, |c| sextet(c).is_some()) {
        let padding = after.iter().take(2).take_while(|it| it.is == '=').count();
        rest = after.get(padding..).unwrap_or_default();
        if run.len() < SHORTEST_BASE64 {
            continue;
        }
        for skipped in 0..4 {
            bytes.clear();
            let (mut bits, mut length) = (0_u32, 0);
            for sextet in run.iter().skip(skipped).filter_map(|it| sextet(it.is)) {
                bits = bits << 6 | sextet;
                length += 6;
                if length >= 8 {
                    length -= 8;
                    bytes.push((bits >> length) as u8);
                }
            }
            each_text(bytes, place(start, rest), each)?;
        }
    }
    Some(())
}

/// Two digits for each byte, and nothing between. The first digit may belong to something before it.
fn each_hex(text: &[Letter], bytes: &mut Vec<u8>, each: Each<'_>) -> Option<()> {
    let mut rest = text;
    while let Some((start, run, after)) = next_run(rest, |c| c.is_ascii_hexdigit()) {
        rest = after;
        if run.len() < 2 * SHORTEST_ANYWHERE {
            continue;
        }
        for skipped in 0..2 {
            bytes.clear();
            let mut digits = run.get(skipped..).unwrap_or_default();
            while let Some((byte, after)) = hexadecimal(digits, 2) {
                bytes.push(byte as u8);
                digits = after;
            }
            each_text(bytes, place(start, rest), each)?;
        }
    }
    Some(())
}

/// A number for each byte, and something between them: `[104, 56]`, `68:38`, `0x68, 0x38`.
fn each_list(text: &[Letter], numbers: Numbers, bytes: &mut Vec<u8>, each: Each<'_>) -> Option<()> {
    let mut rest = text;
    while !rest.is_empty() {
        bytes.clear();
        let start = rest;
        let mut next = Some(rest);
        while let Some((byte, after)) = next.and_then(|next| numbers.read(next)) {
            bytes.push(byte);
            rest = after;
            next = numbers.separator(after);
        }
        if bytes.is_empty() {
            // A number does not begin within a word.
            let word = rest.iter().take_while(|it| it.is.is_alphanumeric()).count();
            rest = rest.get(word.max(1)..).unwrap_or_default();
        } else {
            each_text(bytes, place(start, rest), each)?;
        }
    }
    Some(())
}

/// Hands over what is text in the bytes of a run: most that looks like a run is a word, and decodes to none.
fn each_text(bytes: &[u8], place: Letter, each: Each<'_>) -> Option<()> {
    for chunk in bytes.utf8_chunks() {
        let text = chunk.valid();
        if text.len() >= SHORTEST_ANYWHERE {
            each(text, place)?;
        }
    }
    Some(())
}

/// How the numbers of a list are written.
#[derive(Clone, Copy)]
enum Numbers {
    Decimal,
    Hexadecimal,
}

impl Numbers {
    fn read(self, text: &[Letter]) -> Option<(u8, &[Letter])> {
        let (byte, after) = match self {
            Self::Decimal => {
                // Some languages have bytes from -128 to 127.
                let negative = skip(text, '-');
                let (value, after) = decimal(negative.unwrap_or(text), 3)?;
                let byte = match negative {
                    Some(_) => 256_u32.checked_sub(value)?,
                    None => value,
                };
                (byte, after)
            }
            Self::Hexadecimal => {
                let prefix = skip(text, '0').and_then(|text| skip(text, 'x'));
                hexadecimal(prefix.unwrap_or(text), 2)?
            }
        };
        Some((u8::try_from(byte).ok()?, after))
    }

    /// What comes after one or two characters that separate numbers.
    fn separator(self, text: &[Letter]) -> Option<&[Letter]> {
        let separates = |it: &&Letter| match it.is {
            ',' | ' ' | '+' | ';' | ':' => true,
            '-' => matches!(self, Self::Hexadecimal),
            _ => false,
        };
        let length = text.iter().take(2).take_while(separates).count();
        (length > 0).then(|| text.get(length..).unwrap_or_default())
    }
}

/// What an escape stands for.
enum Meant {
    Character(char),
    Byte(u8),
}

/// What a backslash and the letters `after` it mean, and what comes after those.
fn backslash(after: &[Letter]) -> Option<(Meant, &[Letter])> {
    if let Some(octal) = octal(after) {
        return Some(octal);
    }
    let (first, after) = after.split_first()?;
    let is = match first.is {
        'u' => return unicode('\\', after),
        'U' => {
            let (value, after) = hexadecimal(after, 8)?;
            return Some((Meant::Character(char::from_u32(value)?), after));
        }
        'x' => return byte(after),
        '0' | 'a' | 'b' | 'e' | 'f' | 'n' | 'r' | 't' | 'v' => '\n',
        is @ ('"' | '\'' | '/' | '\\') => is,
        _ => return None,
    };
    Some((Meant::Character(is), after))
}

/// As [`backslash`], for a percent sign. `%u00e9` is how JavaScript's `escape` writes it.
fn percent(after: &[Letter]) -> Option<(Meant, &[Letter])> {
    match skip(after, 'u') {
        Some(after) => unicode('%', after),
        None => byte(after),
    }
}

/// Three digits, as C has it.
fn octal(digits: &[Letter]) -> Option<(Meant, &[Letter])> {
    let (digits, after) = digits.split_at_checked(3)?;
    let byte = u8::try_from(value(digits, 8)?).ok()?;
    Some((Meant::Byte(byte), after))
}

fn byte(digits: &[Letter]) -> Option<(Meant, &[Letter])> {
    let (byte, after) = hexadecimal(digits, 2)?;
    Some((Meant::Byte(byte as u8), after))
}

/// As [`backslash`], after `\u`: four digits, twice as many for what is beyond U+FFFF, or any number in braces.
fn unicode(sign: char, after: &[Letter]) -> Option<(Meant, &[Letter])> {
    if let Some(digits) = skip(after, '{') {
        let length = digits.iter().take(7).position(|it| it.is == '}')?;
        let (value, after) = hexadecimal(digits, length)?;
        return Some((Meant::Character(char::from_u32(value)?), skip(after, '}')?));
    }
    let (unit, after) = hexadecimal(after, 4)?;
    if let Some(is) = char::from_u32(unit) {
        return Some((Meant::Character(is), after));
    }
    let (low, after) = hexadecimal(skip(skip(after, sign)?, 'u')?, 4)?;
    let units = [unit as u16, low as u16];
    let is = char::decode_utf16(units).next()?.ok()?;
    Some((Meant::Character(is), after))
}

/// As [`backslash`], for an ampersand. Of the named letters, those with an accent mean the letter, since no accents are
/// compared.
fn entity(after: &[Letter]) -> Option<(Meant, &[Letter])> {
    let (is, after) = if let Some(number) = skip(after, '#') {
        let (value, after) = match skip(number, 'x').or_else(|| skip(number, 'X')) {
            Some(digits) => {
                let length = digits.iter().take_while(|it| it.is.is_ascii_hexdigit());
                hexadecimal(digits, length.take(LONGEST_NUMBER).count().max(1))?
            }
            None => decimal(number, LONGEST_NUMBER)?,
        };
        (char::from_u32(value)?, skip(after, ';').unwrap_or(after))
    } else {
        let length = after
            .iter()
            .take(LONGEST_NAME)
            .position(|it| it.is == ';')?;
        let (name, after) = after.split_at(length);
        (named(name)?, skip(after, ';')?)
    };
    Some((Meant::Character(is), after))
}

/// What HTML has a name for on a keyboard.
fn named(name: &[Letter]) -> Option<char> {
    let mut ascii = [0; LONGEST_NAME];
    for (byte, letter) in ascii.iter_mut().zip(name) {
        *byte = u8::try_from(letter.is).ok()?;
    }
    let name = str::from_utf8(ascii.get(..name.len())?).ok()?;
    Some(match name {
        "nbsp" => ' ',
        "Tab" | "NewLine" => '\n',
        "excl" => '!',
        "quot" => '"',
        "num" => '#',
        "dollar" => '$',
        "percnt" => '%',
        "amp" => '&',
        "apos" => '\'',
        "lpar" => '(',
        "rpar" => ')',
        "ast" => '*',
        "plus" => '+',
        "comma" => ',',
        "period" => '.',
        "sol" => '/',
        "colon" => ':',
        "semi" => ';',
        "lt" => '<',
        "equals" => '=',
        "gt" => '>',
        "quest" => '?',
        "commat" => '@',
        "lsqb" | "lbrack" => '[',
        "bsol" => '\\',
        "rsqb" | "rbrack" => ']',
        "Hat" => '^',
        "lowbar" => '_',
        "grave" => '`',
        "lcub" | "lbrace" => '{',
        "verbar" | "vert" => '|',
        "rcub" | "rbrace" => '}',
        "iexcl" => '¡',
        "cent" => '¢',
        "pound" => '£',
        "curren" => '¤',
        "yen" => '¥',
        "brvbar" => '¦',
        "sect" => '§',
        "uml" => '¨',
        "copy" => '©',
        "ordf" => 'ª',
        "laquo" => '«',
        "not" => '¬',
        "reg" => '®',
        "macr" => '¯',
        "deg" => '°',
        "plusmn" => '±',
        "sup2" => '²',
        "sup3" => '³',
        "acute" => '´',
        "micro" => 'µ',
        "para" => '¶',
        "middot" => '·',
        "cedil" => '¸',
        "sup1" => '¹',
        "ordm" => 'º',
        "raquo" => '»',
        "frac14" => '¼',
        "frac12" => '½',
        "frac34" => '¾',
        "iquest" => '¿',
        "times" => '×',
        "divide" => '÷',
        "AElig" | "aelig" => 'æ',
        "ETH" | "eth" => 'ð',
        "Oslash" | "oslash" => 'ø',
        "szlig" => 'ß',
        "THORN" | "thorn" => 'þ',
        "euro" => '€',
        _ => return accented(name),
    })
}

fn accented(name: &str) -> Option<char> {
    let (letter, accent) = name.split_at_checked(1)?;
    let known = matches!(
        accent,
        "acute" | "grave" | "circ" | "tilde" | "uml" | "cedil" | "ring" | "caron"
    );
    letter
        .chars()
        .next()
        .filter(|letter| known && letter.is_ascii_alphabetic())
}

/// The value of exactly so many digits.
fn hexadecimal(text: &[Letter], digits: usize) -> Option<(u32, &[Letter])> {
    let (digits, after) = text.split_at_checked(digits)?;
    Some((value(digits, 16)?, after))
}

/// The value of as many digits as there are, up to `most`.
fn decimal(text: &[Letter], most: usize) -> Option<(u32, &[Letter])> {
    let digits = text.iter().take(most);
    let digits = digits.take_while(|it| it.is.is_ascii_digit()).count();
    let (digits, after) = text.split_at(digits);
    (!digits.is_empty()).then_some((value(digits, 10)?, after))
}

fn value(digits: &[Letter], radix: u32) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        Some(value * radix + digit.is.to_digit(radix)?)
    })
}

fn sextet(c: char) -> Option<u32> {
    let value = match c {
        'A'..='Z' => c as u32 - 'A' as u32,
        'a'..='z' => c as u32 - 'a' as u32 + 26,
        '0'..='9' => c as u32 - '0' as u32 + 52,
        '+' | '-' => 62,
        '/' | '_' => 63,
        _ => return None,
    };
    Some(value)
}

/// What comes after `c`, where that is next.
fn skip(text: &[Letter], c: char) -> Option<&[Letter]> {
    let (first, after) = text.split_first()?;
    (first.is == c).then_some(after)
}

/// The text from the next letter on that belongs to a run, and the two parts of it: the run, and what comes after.
fn next_run(
    text: &[Letter],
    belongs: impl Fn(char) -> bool,
) -> Option<(&[Letter], &[Letter], &[Letter])> {
    let start = text.iter().position(|it| belongs(it.is))?;
    let text = text.get(start..)?;
    let end = text.iter().position(|it| !belongs(it.is));
    let (run, after) = text.split_at(end.unwrap_or(text.len()));
    Some((text, run, after))
}

/// A letter that stands where all of `text` does up to `after`, the rest of it.
fn place(text: &[Letter], after: &[Letter]) -> Letter {
    let length = text.len().saturating_sub(after.len());
    let last = length.checked_sub(1).and_then(|last| text.get(last));
    let first = text.first().copied().unwrap_or_default();
    Letter {
        to: last.map_or(first.to, |last| last.to),
        ..first
    }
}

/// Adds a letter. When that is the last byte of a character in UTF-8, the character takes the place of its bytes.
fn push(text: &mut Vec<Letter>, letter: Letter) {
    text.push(letter);
    if !letter.byte || !matches!(letter.is, '\u{80}'..='\u{bf}') {
        return;
    }
    let start = text.len().saturating_sub(4);
    let tail = text.get(start..).unwrap_or_default();
    let Some(lead) = tail.iter().rposition(|it| it.is > '\u{bf}') else {
        return;
    };
    let tail = tail.get(lead..).unwrap_or_default();
    let mut bytes = [0; 4];
    for (byte, letter) in bytes.iter_mut().zip(tail) {
        match u8::try_from(letter.is) {
            Ok(value) if letter.byte => *byte = value,
            _ => return,
        }
    }
    let bytes = bytes.get(..tail.len()).unwrap_or_default();
    let character = str::from_utf8(bytes).ok().and_then(|it| it.chars().next());
    if let (Some(is), Some(first)) = (character, tail.first()) {
        let joined = Letter {
            is,
            to: letter.to,
            byte: false,
            ..*first
        };
        text.truncate(start + lead);
        text.push(joined);
    }
}

/// What an escape begins with.
pub(super) const ESCAPES: [char; 3] = ['\\', '%', '&'];
/// Four bytes, as many as are looked for anywhere, take so many digits.
const SHORTEST_BASE64: usize = 6;
/// `&#1114111;` is the last character.
const LONGEST_NUMBER: usize = 7;
/// `&ccedil;` and the like, with the semicolon.
const LONGEST_NAME: usize = 8;
