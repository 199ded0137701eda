use std::collections::BTreeSet;

use super::{Page, read};
use crate::process::Result;

/// Fails where the table *what you see* of a vendor's README lacks a kind of failure, or has one that there is none of. The
/// kinds stand in comments, as on the page of error texts, which a test of `auth-common` holds against all that there are.
pub(crate) fn check(pages: &[Page]) -> Result {
    let kinds = read("crates/auth-common/docs/error-texts.md")?;
    for page in pages
        .iter()
        .filter(|page| is_readme_of_a_vendor(&page.file))
    {
        compare(&kinds, &page.text).map_err(|problem| format!("{}: {problem}", page.file))?;
    }
    Ok(())
}

fn is_readme_of_a_vendor(file: &str) -> bool {
    file.starts_with("crates/") && file.contains("-auth/README")
}

fn compare(kinds: &str, page: &str) -> std::result::Result<(), String> {
    let wanted: BTreeSet<_> = named(kinds).collect();
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let found: BTreeSet<_> = rows.flat_map(named).collect();
    if let Some(kind) = wanted.difference(&found).next() {
        return Err(format!("no row of a table is about `{kind}`"));
    }
    match found.difference(&wanted).next() {
        Some(kind) => Err(format!("no failure is a `{kind}`")),
        None => Ok(()),
    }
}

/// The words of the comments.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let comments = text.split("<!-- ").skip(1);
    let comments = comments.filter_map(|rest| rest.split_once(" -->"));
    comments.flat_map(|(comment, _)| comment.split(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_without_a_row_is_named_and_so_is_a_row_without_a_kind() {
        let kinds = "# A\n\n<!-- Busy -->\n\n<!-- Slow -->\n<!-- Busy -->\n";
        for (row, problem) in [
            ("| x <!-- Busy Slow --> | y |", Ok(())),
            ("| x <!-- Busy --> |\n| <!-- Slow --> |", Ok(())),
            (
                "| x <!-- Busy --> |",
                Err("no row of a table is about `Slow`"),
            ),
            (
                "| x <!-- Busy --> |\n<!-- Slow -->",
                Err("no row of a table is about `Slow`"),
            ),
            (
                "| x <!-- Busy Slow Quick --> |",
                Err("no failure is a `Quick`"),
            ),
        ] {
            let page = format!("<!-- Written by hand -->\n\n{row}\n");
            assert_eq!(compare(kinds, &page), problem.map_err(str::to_owned));
        }
    }

    #[test]
    fn readmes_of_vendors_have_the_table() {
        assert!(is_readme_of_a_vendor("crates/zap-auth/README.pt-BR.md"));
        for file in ["README.md", "crates/zap-auth/docs/testing.md"] {
            assert!(!is_readme_of_a_vendor(file));
        }
    }
}
