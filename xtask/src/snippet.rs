/// The text with the version of one crate renewed in each line that a user would paste into a manifest:
/// `zapsign-auth = "0.1"` and `zapsign-auth = { version = "0.1", … }`.
pub(crate) fn renew(text: &str, name: &str, version: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| renew_line(line, name, version))
        .collect()
}

fn renew_line(line: &str, name: &str, version: &str) -> String {
    let renewed = || {
        let value = line
            .trim_start()
            .strip_prefix(name)?
            .trim_start()
            .strip_prefix('=')?;
        let key = if value.trim_start().starts_with('{') {
            "version = \""
        } else {
            "\""
        };
        let start = line.len() - value.len() + value.find(key)? + key.len();
        let (before, after) = line.split_at_checked(start)?;
        let (_, after) = after.split_once('"')?;
        Some(format!("{before}{version}\"{after}"))
    };
    renewed().unwrap_or_else(|| line.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_renewed_in_both_forms_and_no_other_is() {
        let before = "```toml\n[dependencies]\nzapsign-auth = \"0.1\"\nhttp = \"1\"\n\
                      zapsign-auth = { version = \"0.1\", features = [\"testing\"] }\n\
                      zapsign-auth-x = \"0.1\"\n```\nIn 0.1, zapsign-auth = \"x\".\n";
        let after = "```toml\n[dependencies]\nzapsign-auth = \"0.2.0\"\nhttp = \"1\"\n\
                     zapsign-auth = { version = \"0.2.0\", features = [\"testing\"] }\n\
                     zapsign-auth-x = \"0.1\"\n```\nIn 0.1, zapsign-auth = \"x\".\n";
        assert_eq!(renew(before, "zapsign-auth", "0.2.0"), after);
    }
}
