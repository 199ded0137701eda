use super::{
    blocks::{Block, blocks, is_fence},
    part::Values,
};

/// Puts values in the places of `{{name}}`. A paragraph with such a place is there once for each of `all`; so is a line
/// of a table or of code.
///
/// A place `{{name?}}` may lack its value: its paragraph, or its line, is left out.
pub(crate) fn fill(template: &str, all: &[Values]) -> Result<String, String> {
    let mut filled = vec![];
    for block in blocks(template) {
        match block {
            Block::Prose(text) => filled.extend(repeat(text, all, str::to_owned)?),
            Block::Table(text) => filled.push(fill_lines(text, all, in_one_line)?),
            Block::Code(text) => filled.push(fill_lines(text, all, str::to_owned)?),
        }
    }
    Ok(filled.join("\n\n") + "\n")
}

/// The names of a template's places.
pub(crate) fn names(template: &str) -> impl Iterator<Item = &str> {
    pieces(template)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Place { name, .. } => Some(name),
        })
}

fn fill_lines(text: &str, all: &[Values], shape: fn(&str) -> String) -> Result<String, String> {
    let mut lines = vec![];
    for line in text.lines() {
        let content = line.trim_start();
        let indent = line.strip_suffix(content).unwrap_or_default();
        let alone = matches!(pieces(content)[..], [Piece::Place { .. }]);
        let filled = repeat(content, all, if alone { without_fence } else { shape })?;
        lines.extend(filled.iter().map(|text| indented(text, indent)));
    }
    Ok(lines.join("\n"))
}

/// The text filled for each of `all`, unless it has no place.
fn repeat(text: &str, all: &[Values], shape: fn(&str) -> String) -> Result<Vec<String>, String> {
    if names(text).next().is_none() {
        return Ok(vec![text.into()]);
    }
    let filled = all.iter().map(|values| substitute(text, values, shape));
    filled.filter_map(Result::transpose).collect()
}

/// `None` where an optional place has no value.
fn substitute(
    text: &str,
    values: &Values,
    shape: fn(&str) -> String,
) -> Result<Option<String>, String> {
    let mut filled = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => filled += text,
            Piece::Place { name, optional } => match values.get(name) {
                Some(value) => filled += &shape(value),
                None if optional => return Ok(None),
                None => return Err(format!("`{name}` has no value")),
            },
        }
    }
    Ok(Some(filled))
}

enum Piece<'a> {
    Text(&'a str),
    Place { name: &'a str, optional: bool },
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = vec![];
    let mut rest = template;
    while let Some((text, after)) = rest.split_once("{{")
        && let Some((place, after)) = after.split_once("}}")
    {
        let name = place.trim_end_matches('?');
        let optional = name != place;
        pieces.extend([Piece::Text(text), Piece::Place { name, optional }]);
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| !matches!(piece, Piece::Text("")));
    pieces
}

/// A line of a table has no line breaks.
fn in_one_line(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A value that stands alone brings lines of its own; code, without its fence.
fn without_fence(value: &str) -> String {
    let lines = value.lines().filter(|line| !is_fence(line));
    lines.collect::<Vec<_>>().join("\n")
}

fn indented(text: &str, indent: &str) -> String {
    let lines = text.lines().map(|line| match line {
        "" => String::new(),
        line => format!("{indent}{line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn values_take_the_places_of_their_names() {
        let filled = fill("# {{name}}\n\n\nOf {{name}}: {{what}}.\n", &[of("Açaí Já")]).unwrap();
        assert_eq!(filled, "# Açaí Já\n\nOf Açaí Já: one\n\ntwo.\n");
    }

    #[test]
    fn what_is_filled_in_is_no_template() {
        assert_eq!(fill("{{name}}\n", &[of("{{x}}")]).unwrap(), "{{x}}\n");
    }

    #[test]
    fn a_value_stands_in_a_table_on_one_line_or_brings_its_rows() {
        let filled = fill("| `x` | {{what}} |\n|---|---|\n{{rows}}\n", &[of("Zap")]).unwrap();
        assert_eq!(filled, "| `x` | one two |\n|---|---|\n| a |\n| b |\n");
    }

    #[test]
    fn code_is_filled_in_without_its_fence_where_the_place_stands() {
        let template = "```rust\nfn main() {\n    {{code}}\n}\n\n// {{name}}\n```\n";
        let filled = fill(template, &[of("Zap")]).unwrap();
        let expected = "```rust\nfn main() {\n    let x;\n\n    let y;\n}\n\n// Zap\n```\n";
        assert_eq!(filled, expected);
    }

    #[test]
    fn a_list_has_an_entry_for_each() {
        let template = "| vendor |\n|---|\n| {{name}} |\n\n```\n{{name}};\n```\n\nThe end.\n";
        let filled = fill(template, &[of("A"), of("B")]).unwrap();
        let expected = "| vendor |\n|---|\n| A |\n| B |\n\n```\nA;\nB;\n```\n\nThe end.\n";
        assert_eq!(filled, expected);
    }

    #[test]
    fn what_is_optional_takes_its_paragraph_or_its_line_along() {
        let template =
            "One.\n\nTwo, {{none?}}.\n\n| a |\n| {{none?}} |\n\n```\nb\n{{none?}}\n```\n";
        let filled = fill(template, &[of("Zap")]).unwrap();
        assert_eq!(filled, "One.\n\n| a |\n\n```\nb\n```\n");
        assert_eq!(fill("{{name?}}\n", &[of("Zap")]).unwrap(), "Zap\n");
    }

    #[test]
    fn a_place_without_a_value_is_named() {
        for template in ["{{none}}", "| {{none}} |", "```\n{{none}}\n```"] {
            assert_eq!(
                fill(template, &[of("Zap")]).unwrap_err(),
                "`none` has no value"
            );
        }
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        let template = "{{a}}, {{b?}}\n\n```\n{{c}} }} {{ d\n```\n";
        assert_eq!(names(template).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    fn of(name: &str) -> Values {
        let values = [
            ("name", name),
            ("what", "one\n\ntwo"),
            ("rows", "| a |\n| b |"),
            ("code", "```rust\nlet x;\n\nlet y;\n```"),
        ];
        values
            .map(|(name, value)| (name.into(), value.into()))
            .into()
    }
}
