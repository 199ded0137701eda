/// The text with what stands between `<!-- cargo xtask pages: name -->` and `<!-- end -->` made anew.
pub(crate) fn renew(
    text: &str,
    make: impl Fn(&str) -> Result<String, String>,
) -> Result<String, String> {
    let mut renewed = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(START) {
        let (name, after) = after.split_once(END).ok_or("a comment without its end")?;
        let closed = after
            .split_once(STOP)
            .filter(|(old, _)| !old.contains(START));
        let (_, after) = closed.ok_or_else(|| format!("`{name}` has no `{STOP}`"))?;
        let content = make(name)?;
        let content = content.trim_end();
        renewed += &format!("{before}{START}{name}{END}\n\n{content}\n\n{STOP}");
        rest = after;
    }
    Ok(renewed + rest)
}

/// What `renew` would ask for.
pub(crate) fn names(text: &str) -> impl Iterator<Item = &str> {
    let regions = text.split(START).skip(1);
    regions.filter_map(|rest| Some(rest.split_once(END)?.0))
}

const START: &str = "<!-- cargo xtask pages: ";
const END: &str = " -->";
const STOP: &str = "<!-- end -->";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const TEXT: &str = "# A\n\n<!-- a -->\n\n<!-- cargo xtask pages: one.md -->\n\nold\n\n<!-- end -->\n\n<!-- b -->\n\n\
                        <!-- cargo xtask pages: two -->\n<!-- end -->\n";

    #[test]
    fn what_stands_between_the_comments_is_made_anew_and_nothing_else_is() {
        let renewed = renew(TEXT, |name| Ok(format!("new {name}\n"))).unwrap();
        let expected = "# A\n\n<!-- a -->\n\n<!-- cargo xtask pages: one.md -->\n\nnew one.md\n\n<!-- end -->\n\n<!-- b -->\n\n\
                        <!-- cargo xtask pages: two -->\n\nnew two\n\n<!-- end -->\n";
        assert_eq!(renewed, expected);
        assert_eq!(
            renew(&renewed, |name| Ok(format!("new {name}"))).unwrap(),
            renewed
        );
    }

    #[test]
    fn a_region_without_an_end_is_named() {
        for (at, name) in [(0, "one.md"), (1, "two")] {
            let mut ends = TEXT.match_indices(STOP).map(|(end, _)| end);
            let (before, after) = TEXT.split_at(ends.nth(at).unwrap());
            let open = format!("{before}{}", after.strip_prefix(STOP).unwrap());
            let error = renew(&open, |_| Ok(String::new())).unwrap_err();
            assert!(error.contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn regions_have_names() {
        assert_eq!(names(TEXT).collect::<Vec<_>>(), ["one.md", "two"]);
    }
}
