use std::{fmt, iter, ops::Deref, sync::Arc, time::Duration};

use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::redaction::Redaction;

/// The body of an answer, read as a JSON object, field by field.
///
/// What a vendor says is not trusted. The fields of a success (`access_token`, `token_type`, `expires_in`) are read
/// strictly, and the error names the field that is wrong. Texts for people, as in an error body, are read leniently: at
/// most 256 characters, without control characters and what else cannot be seen, and with `[withheld]` in the place of
/// the caller's secrets.
#[derive(Clone)]
pub struct JsonObject<'a> {
    fields: Vec<(Text<'a>, &'a RawValue)>,
    redaction: Arc<Redaction<'a>>,
}

impl<'a> JsonObject<'a> {
    /// Reads `body`. One UTF-8 byte order mark is skipped; unknown fields are kept and ignored, however deep.
    ///
    /// One of `secrets`, or 12 bytes in a row of one, will be withheld from every text, also where it is encoded or
    /// written in another case.
    ///
    /// # Errors
    ///
    /// When the body is not one JSON object in UTF-8, has anything after it, or names a field twice.
    pub fn parse(body: &'a [u8], secrets: &'a [&'a str]) -> Result<Self, InvalidBody> {
        Self::read(body, Arc::new(Redaction::new(secrets)))
    }

    fn read(body: &'a [u8], redaction: Arc<Redaction<'a>>) -> Result<Self, InvalidBody> {
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(InvalidBody::new("the body", "is empty"));
        }
        // UTF-8 is looked for in all of it at once. Where it is none, the parser finds what is wrong first.
        let parsed = str::from_utf8(body)
            .map_or_else(|_| serde_json::from_slice(body), serde_json::from_str);
        let Fields(fields) = parsed.map_err(|error| {
            // The text of a serde error may quote the body. Its kind does not.
            InvalidBody::new(
                "the body",
                match error.classify() {
                    serde_json::error::Category::Data => {
                        "is not a JSON object with each field named once"
                    }
                    serde_json::error::Category::Eof => "is JSON that ends early",
                    _ => "is not JSON",
                },
            )
        })?;
        Ok(Self { fields, redaction })
    }

    /// An object without fields: what an error body of a foreign shape is read as.
    pub fn empty() -> Self {
        Self {
            fields: Vec::new(),
            redaction: Arc::new(Redaction::new(&[])),
        }
    }

    /// Whether the field is there and not `null`.
    pub fn has(&self, field: &str) -> bool {
        self.raw(field).is_some()
    }

    /// The names of the fields, cleaned as [`text`](Self::text) is.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.fields
            .iter()
            .map(|(name, _)| self.redaction.show(name))
    }

    /// A token: a text of 1 to 16,384 visible ASCII characters, which is all that an `Authorization` header carries.
    ///
    /// # Errors
    ///
    /// When the field is missing, `null`, not a text, empty, longer, or holds any other byte.
    pub fn token(&self, field: &'static str) -> Result<SecretString, InvalidBody> {
        let refused = |problem| Err(InvalidBody::new(field, problem));
        let Some(raw) = self.raw(field) else {
            return refused("is missing");
        };
        let Some(token) = Text::read(raw) else {
            return refused("is not a text");
        };
        if token.is_empty() {
            return refused("is empty");
        }
        if token.len() > LONGEST_TOKEN {
            return refused("is longer than 16,384 characters");
        }
        // All of them, whatever one is: so the compiler looks at many at once.
        let fits = token
            .bytes()
            .fold(true, |fits, byte| fits & byte.is_ascii_graphic());
        if !fits {
            return refused("holds a character that no Authorization header can carry");
        }
        Ok(SecretString::from(&*token))
    }

    /// As [`token`](Self::token), for a field that may be missing or `null`.
    ///
    /// # Errors
    ///
    /// When the field is there and is not such a text.
    pub fn optional_token(&self, field: &'static str) -> Result<Option<SecretString>, InvalidBody> {
        self.has(field).then(|| self.token(field)).transpose()
    }

    /// The `token_type` of [RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1), as the vendor wrote it;
    /// `Bearer` when it is missing or `null`.
    ///
    /// # Errors
    ///
    /// When it is anything but `Bearer`, in any case: these crates can only send Bearer tokens.
    pub fn token_type(&self) -> Result<String, InvalidBody> {
        let Some(raw) = self.raw("token_type") else {
            return Ok("Bearer".into());
        };
        // Not as a text for people, of which a part would be withheld from a user whose name is that part.
        Text::read(raw)
            .filter(|kind| kind.eq_ignore_ascii_case("Bearer"))
            .map(|kind| kind.to_string())
            .ok_or(InvalidBody::new("token_type", "is not Bearer"))
    }

    /// The `expires_in` of [RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1), in whole seconds, or
    /// `None` when it is missing or `null`. An integer, a float (rounded down) and a numeric text are understood,
    /// however large. It is what the vendor said; an [`Authenticator`](crate::Authenticator) takes more than seven days
    /// for a mistake, and the lifetime that the vendor documents in its place.
    ///
    /// # Errors
    ///
    /// When it is not a number, or is less than one second.
    pub fn expires_in(&self) -> Result<Option<Duration>, InvalidBody> {
        let Some(raw) = self.raw("expires_in") else {
            return Ok(None);
        };
        let refused = |problem| Err(InvalidBody::new("expires_in", problem));
        let text = Text::read(raw);
        let number = text.as_deref().map_or(raw.get(), |text| text.trim());
        let Some(seconds) = decimal(number) else {
            return refused("is not a number of seconds");
        };
        if seconds < 1.0 {
            return refused("is less than one second");
        }
        // A float of any size becomes an integer by saturation.
        Ok(Some(Duration::from_secs(seconds as u64)))
    }

    /// A text for people, cleaned; `None` when the field is missing or is not a text.
    pub fn text(&self, field: &str) -> Option<String> {
        let text = Text::read(self.raw(field)?)?;
        Some(self.redaction.show(&text))
    }

    /// Whether the field is this very text. Nothing is withheld from it.
    pub(crate) fn is(&self, field: &str, expected: &str) -> bool {
        let text = self.raw(field).and_then(Text::read);
        text.is_some_and(|text| &*text == expected)
    }

    /// The texts of a list of texts, or of one text, cleaned; none when the field is neither.
    pub fn texts(&self, field: &str) -> Vec<String> {
        let Some(raw) = self.raw(field) else {
            return Vec::new();
        };
        let elements: Vec<&RawValue> =
            serde_json::from_str(raw.get()).unwrap_or_else(|_| vec![raw]);
        elements
            .into_iter()
            .filter_map(Text::read)
            .take(MOST_ELEMENTS)
            .map(|text| self.redaction.show(&text))
            .collect()
    }

    /// A whole number, also where it is written as a text; `None` when the field is neither.
    pub fn number(&self, field: &str) -> Option<i64> {
        let raw = self.raw(field)?;
        let text = Text::read(raw);
        text.as_deref()
            .map_or(raw.get(), |text| text.trim())
            .parse()
            .ok()
    }

    /// A number, whole or not; `None` when the field is none.
    pub(crate) fn decimal(&self, field: &str) -> Option<f64> {
        decimal(self.raw(field)?.get())
    }

    /// The objects of a list of objects, or the one object; none when the field is neither.
    pub fn objects(&self, field: &str) -> Vec<JsonObject<'a>> {
        let Some(raw) = self.raw(field) else {
            return Vec::new();
        };
        let elements: Vec<&'a RawValue> =
            serde_json::from_str(raw.get()).unwrap_or_else(|_| vec![raw]);
        elements
            .into_iter()
            .filter_map(|raw| {
                JsonObject::read(raw.get().as_bytes(), Arc::clone(&self.redaction)).ok()
            })
            .take(MOST_ELEMENTS)
            .collect()
    }

    fn raw(&self, field: &str) -> Option<&'a RawValue> {
        self.fields
            .iter()
            .find(|(name, raw)| &**name == field && raw.get() != "null")
            .map(|(_, raw)| *raw)
    }
}

impl fmt::Debug for JsonObject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonObject({} fields)", self.fields.len())
    }
}

/// What is wrong with the body of an answer: the field, and the problem. It never quotes the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct InvalidBody {
    field: &'static str,
    problem: &'static str,
}

impl InvalidBody {
    /// A complaint about `field`.
    pub const fn new(field: &'static str, problem: &'static str) -> Self {
        Self { field, problem }
    }

    /// The name of the field, or `the body`.
    pub const fn field(&self) -> &'static str {
        self.field
    }
}

/// An object's fields in order, each once.
struct Fields<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, raw)) = map.next_entry::<&RawValue, &RawValue>()? {
                    let name = Text::read(name).ok_or_else(|| A::Error::custom("no name"))?;
                    if fields.len() == MOST_FIELDS {
                        return Err(A::Error::custom("too many fields"));
                    }
                    fields.push((name, raw));
                }
                if names_one_twice(&fields) {
                    return Err(A::Error::custom("a field twice"));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

fn names_one_twice(fields: &[(Text<'_>, &RawValue)]) -> bool {
    if fields.len() <= FEW_FIELDS {
        let mut rest = fields.iter();
        return iter::from_fn(|| rest.next().map(|(name, _)| (&**name, rest.clone())))
            .any(|(name, mut others)| others.any(|(other, _)| &**other == name));
    }
    let mut names: Vec<&str> = fields.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair.first() == pair.last())
}

/// A JSON text, which may be a token: where it has to be decoded, that is done in memory that is wiped, and no other.
#[derive(Clone)]
enum Text<'a> {
    /// Without escapes, so that its value is a part of the body.
    Plain(&'a str),
    Decoded(Zeroizing<String>),
}

impl<'a> Text<'a> {
    /// `None` when `raw` is no text, or escapes half of a surrogate pair.
    fn read(raw: &'a RawValue) -> Option<Self> {
        let text = raw.get().strip_prefix('"')?.strip_suffix('"')?;
        let Some((mut before, mut escape)) = text.split_once('\\') else {
            return Some(Self::Plain(text));
        };
        // No escape is shorter than what it stands for, so the memory is never outgrown, which would leave a copy.
        let mut decoded = Zeroizing::new(String::with_capacity(text.len()));
        loop {
            decoded.push_str(before);
            let (character, after) = unescape(escape)?;
            decoded.push(character);
            let Some(next) = after.split_once('\\') else {
                decoded.push_str(after);
                return Some(Self::Decoded(decoded));
            };
            (before, escape) = next;
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Decoded(text) => text,
        }
    }
}

/// The character that an escape stands for, and what comes after it. The backslash is already taken off.
fn unescape(escape: &str) -> Option<(char, &str)> {
    let mut characters = escape.chars();
    let character = match characters.next()? {
        character @ ('"' | '\\' | '/') => character,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return utf16(characters.as_str()),
        _ => return None,
    };
    Some((character, characters.as_str()))
}

/// The character of one `\u` escape, or of the two that a character beyond U+FFFF takes.
fn utf16(digits: &str) -> Option<(char, &str)> {
    let (unit, after) = code_unit(digits)?;
    if let Some(character) = char::from_u32(u32::from(unit)) {
        return Some((character, after));
    }
    let (low, after) = code_unit(after.strip_prefix("\\u")?)?;
    let character = char::decode_utf16([unit, low]).next()?.ok()?;
    Some((character, after))
}

fn code_unit(digits: &str) -> Option<(u16, &str)> {
    let (digits, after) = digits.split_at_checked(4)?;
    // The parser takes a sign too, but JSON does not, and JSON this is.
    Some((u16::from_str_radix(digits, 16).ok()?, after))
}

/// The value of a JSON number, however large. Only digits, a point, an exponent and signs are numbers here: Rust's own
/// parser takes `inf` and `nan` too.
fn decimal(number: &str) -> Option<f64> {
    // As nearly all of them are.
    if let Ok(whole) = number.parse::<u32>() {
        return Some(whole.into());
    }
    let digits = number
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    if !digits {
        return None;
    }
    number.parse().ok()
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Longer than any token seen, and as long as servers commonly let one header be.
pub(crate) const LONGEST_TOKEN: usize = 16 * 1024;
/// So that a hostile list of errors stays short as well.
const MOST_ELEMENTS: usize = 16;
/// Ten times what any documented answer has; each look at a field goes through them.
const MOST_FIELDS: usize = 256;
/// So many are compared with each other sooner than sorted.
const FEW_FIELDS: usize = 8;

#[cfg(test)]
mod tests;
