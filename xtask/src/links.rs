use std::{fs, path::Path};

use crate::{
    process::{Result, git},
    workspace::Workspace,
};

/// Checks the links of every Markdown file, as far as they stay within this repository.
///
/// crates.io and docs.rs show a package's README away from its neighbours: its links are absolute.
pub(crate) fn run() -> Result {
    let workspace = Workspace::load()?;
    let root = std::env::current_dir()?;
    let readmes: Vec<_> = workspace
        .published()?
        .iter()
        .filter_map(|package| package.folder.strip_prefix(&root).ok())
        .map(|folder| folder.join("README"))
        .collect();
    let arguments = ["--cached", "--others", "--exclude-standard", "*.md"];
    let files = git("ls-files").args(arguments).output()?;
    let mut problems = String::new();
    for file in files.lines().map(Path::new).filter(|file| file.exists()) {
        let text = fs::read_to_string(file)?;
        let travels = readmes.iter().any(|readme| {
            file.to_string_lossy()
                .starts_with(&*readme.to_string_lossy())
        });
        let folder = file.parent().unwrap_or(Path::new(""));
        for link in links(&text) {
            if let Some(problem) = problem(&text, link, folder, travels) {
                problems += &format!("{}: {link}: {problem}\n", file.display());
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems.into())
    }
}

/// What stands between `](` and `)`, outside blocks of code.
fn links(text: &str) -> Vec<&str> {
    let mut links = vec![];
    let mut code = false;
    for line in text.lines() {
        code ^= line.trim_start().starts_with("```");
        if !code {
            let targets = line.split("](").skip(1);
            links.extend(
                targets
                    .filter_map(|rest| rest.split_once(')'))
                    .map(|(link, _)| link),
            );
        }
    }
    links
}

fn problem(text: &str, link: &str, folder: &Path, travels: bool) -> Option<&'static str> {
    let (target, fragment) = link.split_once('#').unwrap_or((link, ""));
    let own = [OWN, IN_TEMPLATES].iter();
    if let Some(file) = own.filter_map(|prefix| target.strip_prefix(prefix)).next() {
        return (!Path::new(file).exists()).then_some("this repository has no such file");
    }
    let absolute = target.starts_with("https://") || target.starts_with("http://");
    // Rustdoc checks the paths of Rust items.
    if absolute || target.contains("::") || target.starts_with("mailto:") {
        return None;
    }
    if target.is_empty() {
        let found = text
            .lines()
            .any(|line| anchor(line).as_deref() == Some(fragment));
        return (!found).then_some("the file has no such heading");
    }
    if travels {
        return Some("relative, in a README that is shown elsewhere");
    }
    (!folder.join(target).exists()).then_some("no such file")
}

/// How a heading is named in links: `## The order within a file` is `the-order-within-a-file`.
fn anchor(line: &str) -> Option<String> {
    let heading = line.trim_start_matches('#').strip_prefix(' ')?;
    let kept = heading
        .trim()
        .chars()
        .filter(|it| it.is_alphanumeric() || " -_".contains(*it));
    line.starts_with('#')
        .then(|| kept.collect::<String>().to_lowercase().replace(' ', "-"))
}

const OWN: &str = "https://github.com/tokens-br/tokens-br/blob/main/";
/// The same, before a page is made of a template.
const IN_TEMPLATES: &str = "{{repository}}/blob/main/";

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# One crate's life\n[a](#one-crates-life) `x` [b](x.md), [c](https://d.e)\n\
                        ```rust\nlet x = y[0](1);\n```\n[d](#nowhere)\n";

    #[test]
    fn links_stand_in_prose_not_in_code() {
        assert_eq!(
            links(TEXT),
            ["#one-crates-life", "x.md", "https://d.e", "#nowhere"]
        );
    }

    #[test]
    fn a_link_must_lead_somewhere() {
        let problem = |link, travels| problem(TEXT, link, Path::new("."), travels);
        assert_eq!(problem("#one-crates-life", true), None);
        assert_eq!(problem("https://example.com/x.md", true), None);
        assert_eq!(problem("Cargo.toml", false), None);
        assert!(problem("#nowhere", false).is_some());
        assert!(problem("no-such-file.md", false).is_some());
    }

    #[test]
    fn a_link_to_this_repository_must_lead_to_a_file_of_it() {
        for own in [OWN, IN_TEMPLATES] {
            for (file, there) in [("Cargo.toml", true), ("no-such-file.md", false)] {
                let found = problem(TEXT, &format!("{own}{file}"), Path::new("."), true);
                assert_eq!(found.is_none(), there);
            }
        }
    }

    #[test]
    fn a_readme_that_travels_has_no_relative_links() {
        assert!(problem(TEXT, "Cargo.toml", Path::new("."), true).is_some());
    }
}
