use std::{env, slice};

use super::{
    Page,
    part::{Part, Values, check_use},
    picture::Picture,
    read, regions,
    template::{self, fill},
    wrap::wrap,
};
use crate::{process::Result, workspace::Package};

/// One of the languages that the pages are written in.
pub(crate) struct Language {
    /// What its files have before their `.md`.
    suffix: &'static str,
    /// What is made for each vendor, from the template of the same name.
    pages: &'static [&'static str],
}

pub(crate) const LANGUAGES: [Language; 2] = [
    Language {
        suffix: "",
        pages: &["README.md", "docs/testing.md"],
    },
    Language {
        suffix: ".pt-BR",
        pages: &["README.pt-BR.md"],
    },
];

impl Language {
    /// Every page of each vendor, and the README that lists them.
    pub(crate) fn pages(&self, vendors: &[&Package]) -> Result<Vec<Page>> {
        let templates = Templates::read(self)?;
        let picture = Picture::read(self.suffix)?;
        let mut pages = vec![picture.page()];
        let mut all = vec![];
        for vendor in vendors {
            let folder = folder(vendor)?;
            let mut values = self.parts(&folder, &templates)?;
            values.extend(known(vendor, &folder, &picture));
            pages.extend(templates.fill_pages(&folder, &values)?);
            all.push(values);
        }
        pages.push(templates.fill_readme(&all, &picture.linked(""))?);
        Ok(pages)
    }

    /// What a vendor has to say for itself.
    fn parts(&self, folder: &str, templates: &Templates) -> Result<Values> {
        let mut values = Part::read(&format!("{folder}/docs/vendor.md"))?.common();
        let file = format!("{folder}/docs/vendor{}.md", self.suffix);
        let own = Part::read(&file)?.all();
        check_use(&own, templates.names()).map_err(|problem| format!("{file}: {problem}"))?;
        values.extend(own);
        Ok(values)
    }
}

/// From the root of the workspace.
pub(crate) fn folder(vendor: &Package) -> Result<String> {
    let folder = vendor.folder.strip_prefix(env::current_dir()?)?;
    Ok(folder.to_string_lossy().replace('\\', "/"))
}

/// What nobody has to say, since it follows from the manifest.
fn known(vendor: &Package, folder: &str, picture: &Picture) -> Values {
    let name = &vendor.name;
    let module = name.replace('-', "_");
    let variable = module.strip_suffix("_auth").unwrap_or(&module);
    let repository = vendor.metadata.get("repository").and_then(|it| it.as_str());
    let repository = repository.unwrap_or_default();
    let known = [
        ("crate", name.clone()),
        ("link", format!("[`{name}`]({folder})")),
        ("repository", repository.into()),
        ("module", module.clone()),
        ("variable", variable.into()),
        (
            "picture",
            picture.linked(&format!("{repository}/raw/main/")),
        ),
    ];
    known.map(|(name, value)| (name.into(), value)).into()
}

/// The templates of one language.
struct Templates {
    /// Of what each vendor has.
    pages: Vec<Template>,
    /// The README at the root, of which only the lists are made.
    readme: Template,
    lists: Vec<Template>,
}

struct Template {
    name: String,
    text: String,
}

impl Templates {
    fn read(language: &Language) -> Result<Self> {
        let template = |folder: &str, name: &str| -> Result<_> {
            let text = read(&format!("{folder}{name}"))?;
            let name = name.into();
            Ok(Template { name, text })
        };
        let pages = language.pages.iter();
        let pages = pages.map(|page| template("xtask/templates/vendor/", page));
        let readme = template("", &format!("README{}.md", language.suffix))?;
        let lists = regions::names(&readme.text).filter(|name| *name != PICTURE);
        let lists = lists.map(|list| template("xtask/templates/", list));
        Ok(Self {
            pages: pages.collect::<Result<_>>()?,
            lists: lists.collect::<Result<_>>()?,
            readme,
        })
    }

    /// What vendors are asked for.
    fn names(&self) -> impl Iterator<Item = &str> {
        let templates = self.pages.iter().chain(&self.lists);
        templates.flat_map(|template| template::names(&template.text))
    }

    /// What is made for one vendor, in its folder.
    fn fill_pages(&self, folder: &str, values: &Values) -> Result<Vec<Page>> {
        let pages = self.pages.iter().map(|template| {
            let file = format!("{folder}/{}", template.name);
            let text = fill(&template.text, slice::from_ref(values));
            let text = text.map_err(|problem| format!("{file}: {problem}"))?;
            let text = wrap(&text);
            Ok(Page { file, text })
        });
        pages.collect()
    }

    /// The README at the root, with an entry for each vendor in its lists.
    fn fill_readme(&self, all: &[Values], picture: &str) -> Result<Page> {
        let file = self.readme.name.clone();
        let text = regions::renew(&self.readme.text, |name| {
            let list = self.lists.iter().find(|list| list.name == name);
            list.map_or_else(|| Ok(picture.into()), |list| fill(&list.text, all))
        });
        let text = text.map_err(|problem| format!("{file}: {problem}"))?;
        Ok(Page { file, text })
    }
}

/// The one region of a README that holds no list.
const PICTURE: &str = "picture";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn each_vendor_has_its_pages_and_an_entry_in_the_lists() {
        let all = [vendor("Açaí Já"), vendor("Zap")];
        let pages = templates().fill_pages("crates/zap-auth", &all[1]).unwrap();
        let page = Page {
            file: "crates/zap-auth/README.md".into(),
            text: "# Zap\n\nOf Zap.\n".into(),
        };
        assert_eq!(pages, [page]);
        let readme = templates().fill_readme(&all, "![x](life.svg)").unwrap();
        let list = "-->\n\n| vendor |\n|---|\n| Açaí Já |\n| Zap |\n\n<!-- end -->";
        assert!(readme.text.contains(list), "{}", readme.text);
        assert!(readme.text.contains("![x](life.svg)"));
    }

    #[test]
    fn a_vendor_that_lacks_what_a_template_asks_for_is_named_with_it() {
        let error = templates().fill_pages("crates/zap-auth", &Values::new());
        let error = error.unwrap_err().to_string();
        assert_eq!(error, "crates/zap-auth/README.md: `name` has no value");
    }

    #[test]
    fn names_come_from_pages_and_lists() {
        assert_eq!(
            templates().names().collect::<Vec<_>>(),
            ["name", "name", "entry"]
        );
    }

    #[test]
    fn a_crate_without_its_part_is_named() {
        let error = LANGUAGES[1].parts("crates/no-auth", &templates());
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("crates/no-auth/docs/vendor.md: "),
            "{error}"
        );
    }

    fn templates() -> Templates {
        let template = |name: &str, text: &str| Template {
            name: name.into(),
            text: text.into(),
        };
        let start = "<!-- cargo xtask pages:";
        let readme = format!(
            "# All\n\n{start} list.md -->\n<!-- end -->\n\n{start} picture -->\n<!-- end -->\n"
        );
        Templates {
            pages: vec![template("README.md", "# {{name}}\n\nOf\n{{name}}.\n")],
            readme: template("README.md", &readme),
            lists: vec![template("list.md", "| vendor |\n|---|\n| {{entry}} |\n")],
        }
    }

    fn vendor(name: &str) -> Values {
        ["name", "entry"]
            .map(|key| (key.into(), name.into()))
            .into()
    }
}
