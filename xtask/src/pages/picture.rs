use std::slice;

use super::{
    Page,
    part::{Part, Values, check_use},
    read, regions, template,
};
use crate::process::Result;

/// The page about it, with the picture of it.
pub(crate) fn life_of_a_token() -> Result<Page> {
    let file = "crates/auth-common/docs/life-of-a-token.md".to_owned();
    let picture = Picture::read("")?;
    let text = regions::renew(&read(&file)?, |_| Ok(picture.embedded()));
    let text = text.map_err(|problem| format!("{file}: {problem}"))?;
    Ok(Page { file, text })
}

/// The life of a token, drawn once and labelled in each language.
pub(crate) struct Picture {
    /// Where the drawing is kept.
    file: String,
    drawing: String,
    /// What it shows, for those who do not see it.
    alternative: String,
}

impl Picture {
    /// In the language whose files have this suffix.
    pub(crate) fn read(suffix: &str) -> Result<Self> {
        let template = read("xtask/templates/life-of-a-token.svg")?;
        let words = format!("xtask/templates/life-of-a-token{suffix}.md");
        let file = format!("crates/auth-common/docs/life-of-a-token{suffix}.svg");
        Self::draw(&template, Part::read(&words)?.head, file)
            .map_err(|problem| format!("{words}: {problem}").into())
    }

    fn draw(template: &str, words: Values, file: String) -> std::result::Result<Self, String> {
        check_use(&words, template::names(template))?;
        let drawing = template::fill(template, slice::from_ref(&words))?;
        let alternative = words.get("alternative").cloned().ok_or("no alternative")?;
        Ok(Self {
            file,
            drawing,
            alternative,
        })
    }

    pub(crate) fn page(&self) -> Page {
        Page {
            file: self.file.clone(),
            text: self.drawing.clone(),
        }
    }

    /// The image in Markdown, for a page that finds this repository at `root`.
    pub(crate) fn linked(&self, root: &str) -> String {
        format!("![{}]({root}{})", self.alternative, self.file)
    }

    /// The image in HTML, within the page itself, for documentation that is shown without its neighbours. GitHub may
    /// take out what is within: it finds the file beside the page.
    pub(crate) fn embedded(&self) -> String {
        let (_, file) = self.file.rsplit_once('/').unwrap_or(("", &self.file));
        format!(
            "<picture>\n<source srcset=\"data:image/svg+xml,{}\">\n<img src=\"{file}\" alt=\"{}\">\n</picture>",
            escaped(&self.drawing),
            self.alternative
        )
    }
}

/// The text as a part of a URL ([RFC 3986 §2.1](https://www.rfc-editor.org/rfc/rfc3986#section-2.1)).
fn escaped(text: &str) -> String {
    let bytes = text.trim_end().bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).into(),
        b'-' | b'.' | b'_' | b'/' | b':' | b'=' => char::from(byte).into(),
        _ => format!("%{byte:02X}"),
    });
    bytes.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_drawing_carries_its_words_and_its_alternative() {
        let picture = picture(&[("fresh", "fresco"), ("alternative", "Quatro estados.")]).unwrap();
        assert_eq!(picture.page().file, "docs/life.pt-BR.svg");
        assert_eq!(
            picture.page().text,
            "<svg>\n<desc>Quatro estados.</desc>\n<text>fresco</text>\n"
        );
        assert_eq!(
            picture.linked("x/"),
            "![Quatro estados.](x/docs/life.pt-BR.svg)"
        );
    }

    #[test]
    fn a_word_that_is_missing_or_too_many_is_named() {
        let problem = picture(&[("alternative", "x")]).err().unwrap();
        assert!(problem.contains("`fresh`"), "{problem}");
        let too_many = [("fresh", "x"), ("alternative", "x"), ("stale", "x")];
        let problem = picture(&too_many).err().unwrap();
        assert!(problem.contains("`stale`"), "{problem}");
    }

    #[test]
    fn an_embedded_drawing_is_one_word_without_quotes() {
        let picture = picture(&[("fresh", "\"é\""), ("alternative", "x")]).unwrap();
        let html = picture.embedded();
        let (_, url) = html.split_once("srcset=\"").unwrap();
        let (url, rest) = url.split_once('"').unwrap();
        assert!(url.ends_with("%3Ctext%3E%22%C3%A9%22%3C/text%3E"), "{url}");
        assert!(!url.contains(char::is_whitespace), "{url}");
        assert_eq!(
            rest,
            ">\n<img src=\"life.pt-BR.svg\" alt=\"x\">\n</picture>"
        );
    }

    fn picture(words: &[(&str, &str)]) -> std::result::Result<Picture, String> {
        let template = "<svg>\n<desc>{{alternative}}</desc>\n<text>{{fresh}}</text>\n";
        let words = words
            .iter()
            .map(|(name, text)| ((*name).into(), (*text).into()));
        Picture::draw(template, words.collect(), "docs/life.pt-BR.svg".into())
    }
}
