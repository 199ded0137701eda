use super::blocks::{Block, blocks, is_fence};

/// Breaks the lines of every paragraph anew. Headings, lists, tables, HTML and code stay as they are.
pub(crate) fn wrap(text: &str) -> String {
    let blocks = blocks(text).into_iter().map(|block| match block {
        Block::Prose(text) if text.lines().all(is_prose) => paragraph(text),
        Block::Prose(text) | Block::Table(text) | Block::Code(text) => text.into(),
    });
    let blocks: Vec<String> = blocks.collect();
    blocks.join("\n\n") + "\n"
}

/// The first line of code that a page would show only in part, with its number and its length.
pub(crate) fn wide_code(text: &str) -> Option<(usize, usize)> {
    let mut code = false;
    text.lines().enumerate().find_map(|(at, line)| {
        code ^= is_fence(line);
        let length = line.chars().count();
        (code && length > CODE_WIDTH).then_some((at + 1, length))
    })
}

fn is_prose(line: &str) -> bool {
    let first = line.split(' ').next().unwrap_or_default();
    !(line.starts_with(' ') || line.starts_with('<') || is_fence(line) || is_marker(first))
}

/// Whether a word means something else at the start of a line: a heading, a list, a quotation, a table.
fn is_marker(word: &str) -> bool {
    let number = word.strip_suffix(['.', ')']).unwrap_or_default();
    let is_number = !number.is_empty() && number.chars().all(|it| it.is_ascii_digit());
    let is_rule = !word.is_empty() && word.chars().all(|it| "#-+*=_".contains(it));
    is_number || is_rule || word.starts_with(['>', '|'])
}

fn paragraph(text: &str) -> String {
    let mut wrapped = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        let fits = width + 1 + length <= TEXT_WIDTH || is_marker(word);
        if width == 0 || !fits {
            wrapped += if width == 0 { "" } else { "\n" };
            width = length;
        } else {
            wrapped.push(' ');
            width += 1 + length;
        }
        wrapped += word;
    }
    wrapped
}

/// The width of the text in this repository.
const TEXT_WIDTH: usize = 120;
/// What the pages of docs.rs and crates.io show without scrolling sideways.
const CODE_WIDTH: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_broken_where_the_next_word_would_pass_the_margin() {
        let [short, long] = [59, 60].map(|length| "á".repeat(length));
        let text = format!("{short}\n{long} {long}\n{long}\n");
        let wrapped = format!("{short} {long}\n{long}\n{long}\n");
        assert_eq!(wrap(&text), wrapped);
    }

    #[test]
    fn what_is_no_paragraph_stays_as_it_is() {
        let long = "x ".repeat(70) + "x";
        for text in [
            format!("## {long}\n"),
            format!("- {long}\n  y\n"),
            format!("1. {long}\n"),
            format!("> {long}\n"),
            format!("| {long} |\n|---|\n"),
            format!("    {long}\n"),
            format!("<p>\n{long}\n"),
            format!("```text\n{long}\n\n{long}\n```\n"),
        ] {
            assert_eq!(wrap(&text), text);
        }
    }

    #[test]
    fn no_line_begins_with_a_word_that_would_make_it_something_else() {
        for word in ["-", "+", "*", "#", "1.", "10)", ">", "|", "==="] {
            let text = format!("{} {word} y\n", "x".repeat(120));
            assert_eq!(wrap(&text), text.replace(" y", "\ny"), "{word}");
        }
    }

    #[test]
    fn code_is_at_most_80_characters_wide_and_text_may_be_wider() {
        let code = |length| format!("{}\n\n```\n{}\n```\n", "x".repeat(99), "é".repeat(length));
        assert_eq!(wide_code(&code(80)), None);
        assert_eq!(wide_code(&code(81)), Some((4, 81)));
    }
}
