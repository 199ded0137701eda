use std::collections::{BTreeMap, BTreeSet};

use super::{
    blocks::{FENCE, is_fence},
    read,
};
use crate::process::Result;

/// What fills the placeholders of a template, by their names.
pub(crate) type Values = BTreeMap<String, String>;

/// What one file has to say for itself on pages that are made from a template.
///
/// ```text
/// ---
/// name: ZapSign
/// ---
///
/// # settings
///
/// Markdown, up to the next heading of this rank.
/// ```
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Short values, at the head of the file.
    pub(crate) head: Values,
    pub(crate) sections: Values,
}

impl Part {
    pub(crate) fn read(file: &str) -> Result<Self> {
        Self::parse(&read(file)?).map_err(|problem| format!("{file}: {problem}").into())
    }

    fn parse(text: &str) -> std::result::Result<Self, String> {
        let head = text.strip_prefix("---\n");
        let (head, body) = head
            .and_then(|text| text.split_once("---\n"))
            .ok_or("it begins with `key: value` lines between two lines of `---`")?;
        Ok(Self {
            head: values(head)?,
            sections: sections(body)?,
        })
    }

    /// What holds in every language: short values, and sections of nothing but code.
    pub(crate) fn common(&self) -> Values {
        let code = self.sections.iter().filter(|(_, text)| is_code(text));
        let common = self.head.iter().chain(code);
        common
            .map(|(name, text)| (name.clone(), text.clone()))
            .collect()
    }

    pub(crate) fn all(&self) -> Values {
        let mut all = self.head.clone();
        all.extend(self.sections.clone());
        all
    }
}

/// Fails where a value is not among the names that templates have places for.
pub(crate) fn check_use<'a>(
    values: &Values,
    names: impl Iterator<Item = &'a str>,
) -> std::result::Result<(), String> {
    let names: BTreeSet<_> = names.collect();
    match values.keys().find(|name| !names.contains(name.as_str())) {
        None => Ok(()),
        Some(name) => Err(format!("no template has a place for `{name}`")),
    }
}

fn values(head: &str) -> std::result::Result<Values, String> {
    let mut values = Values::new();
    for line in head.lines() {
        let (key, value) = line
            .split_once(": ")
            .ok_or_else(|| format!("`{line}` is no `key: value`"))?;
        add(&mut values, key, value)?;
    }
    Ok(values)
}

fn sections(body: &str) -> std::result::Result<Values, String> {
    let mut sections = vec![];
    let mut code = false;
    for line in body.split_inclusive('\n') {
        code ^= is_fence(line);
        match line.strip_prefix("# ").filter(|_| !code) {
            Some(name) => sections.push((name.trim(), String::new())),
            None => match sections.last_mut() {
                Some((_, text)) => text.push_str(line),
                None if line.trim().is_empty() => {}
                None => return Err(format!("`{}` stands in no section", line.trim())),
            },
        }
    }
    let mut values = Values::new();
    for (name, text) in sections {
        add(&mut values, name, &text)?;
    }
    Ok(values)
}

fn add(values: &mut Values, name: &str, text: &str) -> std::result::Result<(), String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("`{name}` is empty"));
    }
    match values.insert(name.into(), text.into()) {
        None => Ok(()),
        Some(_) => Err(format!("`{name}` is there twice")),
    }
}

fn is_code(text: &str) -> bool {
    is_fence(text) && text.ends_with(FENCE) && text.matches(FENCE).count() == 2
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    const TEXT: &str = "---\nname: Açaí Já\nsite: https://example.com\n---\n\n# build\n\n\
                        ```rust\n# hidden\nlet x;\n```\n\n# chapter\n\n## On açaí\n\nText.\n\n\
                        ```rust\nlet y;\n```\n";

    #[test]
    fn a_part_has_values_at_its_head_and_sections_below() {
        let part = Part::parse(TEXT).unwrap();
        assert_eq!(part.head["name"], "Açaí Já");
        assert_eq!(part.head["site"], "https://example.com");
        assert_eq!(part.sections["build"], "```rust\n# hidden\nlet x;\n```");
        let chapter = "## On açaí\n\nText.\n\n```rust\nlet y;\n```";
        assert_eq!(part.sections["chapter"], chapter);
        assert_eq!(part.all().len(), 4);
    }

    #[test]
    fn values_and_code_are_common_to_all_languages_and_prose_is_not() {
        let mixed = "# mixed\n\n```\nlet x;\n```\n\nText.\n\n```\nlet y;\n```\n";
        let common = Part::parse(&format!("{TEXT}\n{mixed}")).unwrap().common();
        assert_eq!(
            common.into_keys().collect::<Vec<_>>(),
            ["build", "name", "site"]
        );
    }

    #[test]
    fn a_value_that_no_template_has_a_place_for_is_named() {
        let all = Part::parse(TEXT).unwrap().all();
        let names = ["name", "site", "build", "chapter", "other"];
        assert_eq!(check_use(&all, names.into_iter()), Ok(()));
        let problem = check_use(&all, names.into_iter().skip(1)).unwrap_err();
        assert_eq!(problem, "no template has a place for `name`");
    }

    #[test]
    fn a_part_that_is_not_whole_is_refused() {
        for (from, to, problem) in [
            ("---\nname", "name", "between two lines"),
            ("name: ", "name ", "no `key: value`"),
            ("site", "name", "`name` is there twice"),
            ("# chapter", "# build", "`build` is there twice"),
            ("# build\n", "# empty\n# build\n", "`empty` is empty"),
            ("# build\n", "x\n# build\n", "`x` stands in no section"),
        ] {
            let error = Part::parse(&TEXT.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
    }
}
