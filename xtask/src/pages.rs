//! What the pages of one vendor say, those of its siblings say for the most part. They are made of the templates in
//! `xtask/templates/vendor` and of what each crate has to say for itself: `docs/vendor.md`, and `docs/vendor.pt-BR.md`
//! for the pages in Portuguese. The features of the crates are one list as well. The READMEs at the root take their lists of vendors from there as well.

mod blocks;
mod failures;
mod language;
mod manifest;
mod page;
mod part;
mod picture;
mod regions;
mod template;
mod wrap;

use std::fs;

use language::LANGUAGES;
use page::Page;

use crate::{copy::Copy, process::Result, workspace::Workspace};

/// `cargo xtask pages [--check]`: writes the pages, or fails unless they are what would be written.
pub(crate) fn run(arguments: &[&str]) -> Result {
    match arguments {
        [] => write(),
        ["--check"] => check(),
        _ => Err("usage: cargo xtask pages [--check]".into()),
    }
}

/// Fails unless each page is what would be written.
pub(crate) fn check() -> Result {
    let wanted = Copy::empty("pages")?;
    let mut differences = String::new();
    for page in pages()? {
        differences += &page.difference(&wanted)?;
    }
    if differences.is_empty() {
        return Ok(());
    }
    let remedy = "change a template or a vendor's part, not a page; then: cargo xtask pages";
    Err(format!("{differences}\n{remedy}").into())
}

fn write() -> Result {
    for page in pages()? {
        if page.write()? {
            println!("{}", page.file);
        }
    }
    Ok(())
}

fn pages() -> Result<Vec<Page>> {
    let workspace = Workspace::load()?;
    let vendors = workspace.vendors()?;
    let mut pages = vec![picture::life_of_a_token()?];
    for language in LANGUAGES {
        pages.extend(language.pages(&vendors)?);
    }
    for vendor in &vendors {
        pages.push(manifest::with_features(vendor)?);
    }
    pages.iter().try_for_each(Page::check_width)?;
    failures::check(&pages)?;
    Ok(pages)
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(file).map_err(|error| format!("{file}: {error}").into())
}
