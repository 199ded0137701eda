use std::{fs, path::PathBuf};

use crate::{process::Result, workspace::Workspace};

/// Checks that each README says in Portuguese what it says in English, as far as a machine can tell.
pub(crate) fn run() -> Result {
    let workspace = Workspace::load()?;
    let mut folders = vec![PathBuf::new()];
    folders.extend(
        workspace
            .published()?
            .iter()
            .map(|package| package.folder.clone()),
    );
    for folder in folders {
        let (english, portuguese) = (folder.join("README.md"), folder.join("README.pt-BR.md"));
        let read = |file: &PathBuf| {
            fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
        };
        if let Some(difference) = difference(&read(&english)?, &read(&portuguese)?) {
            let place = portuguese.display();
            return Err(format!("{place} is out of step with the English: {difference}").into());
        }
    }
    Ok(())
}

/// The first place where the skeletons part.
fn difference(english: &str, portuguese: &str) -> Option<String> {
    let (english, portuguese) = (skeleton(english), skeleton(portuguese));
    let length = english.len().max(portuguese.len());
    let bone = |skeleton: &[String], at: usize| skeleton.get(at).cloned().unwrap_or("(end)".into());
    (0..length)
        .map(|at| (bone(&english, at), bone(&portuguese, at)))
        .find(|(one, other)| one != other)
        .map(|(one, other)| format!("`{one}` there, `{other}` here"))
}

/// What a translation leaves as it is: the ranks of headings, code without its comments, tables
/// with the code in each row's first cell.
fn skeleton(text: &str) -> Vec<String> {
    let mut bones = vec![];
    let mut code = false;
    for line in text.lines() {
        if line.starts_with("```") {
            code = !code;
            bones.push(line.into());
        } else if code {
            bones.extend(without_comment(line));
        } else if line.starts_with('#') {
            bones.push(line.chars().take_while(|it| *it == '#').collect());
        } else if let Some(row) = line.strip_prefix('|') {
            let first = row.split('|').next().unwrap_or_default();
            let code: Vec<_> = first.split('`').skip(1).step_by(2).collect();
            bones.push(format!("| {}", code.join(", ")));
        }
    }
    bones
}

fn without_comment(line: &str) -> Option<String> {
    let starts = |mark: &str| {
        line.find(mark)
            .filter(|at| *at == 0 || !line.get(..*at).unwrap_or_default().ends_with(':'))
    };
    let end = starts("// ").or_else(|| starts("# ")).unwrap_or(line.len());
    let code = line.get(..end).unwrap_or(line).trim();
    (!code.is_empty()).then(|| code.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: &str = "# Zap\nText.\n\n```rust\n// Why.\nlet x = 1; // so\n```\n\n## Errors\n\
                           | `Error` | do |\n|---|---|\n| `Refused` | wait |\n";
    const PORTUGUESE: &str = "# Zap\nTexto, em\nduas linhas.\n\n```rust\nlet x = 1; // assim\n```\n\n\
                              ## Erros\n| `Error` | faça |\n|---|---|\n| `Refused` | espere |\n";

    #[test]
    fn words_differ_between_languages() {
        assert_eq!(difference(ENGLISH, PORTUGUESE), None);
    }

    #[test]
    fn code_headings_and_rows_do_not() {
        for (from, to) in [
            ("x = 1", "x = 2"),
            ("## ", "### "),
            ("`Refused`", "`Denied`"),
        ] {
            let changed = PORTUGUESE.replace(from, to);
            assert!(difference(ENGLISH, &changed).is_some(), "{to}");
        }
    }

    #[test]
    fn what_is_missing_at_the_end_is_missed() {
        let longer = format!("{ENGLISH}| `TimedOut` | wait |\n");
        let difference = difference(&longer, PORTUGUESE).unwrap_or_default();
        assert_eq!(difference, "`| TimedOut` there, `(end)` here");
    }
}
