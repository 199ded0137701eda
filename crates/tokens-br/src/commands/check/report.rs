use serde_json::{Value, json};

use crate::{
    outcome::Result,
    output::{self, Paint},
};

/// What was found, line by line.
pub(super) struct Report {
    vendor: &'static str,
    /// For machines, at the end; `None` for people, who read on as it goes.
    findings: Option<Vec<Value>>,
    paint: Paint,
    /// That of the first thing which is wrong.
    code: u8,
}

impl Report {
    pub(super) fn new(vendor: &'static str, json: bool) -> Self {
        Self {
            vendor,
            findings: json.then(Vec::new),
            paint: Paint::for_stdout(),
            code: 0,
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.code != 0
    }

    pub(super) fn good(&mut self, what: &str, said: &str) -> Result<()> {
        let mark = self.paint.green("✓");
        self.found("ok", &mark, what, said, None)
    }

    /// Something to look at that may be meant.
    pub(super) fn odd(&mut self, what: &str, said: &str, advice: &str) -> Result<()> {
        let mark = self.paint.yellow("!");
        self.found("odd", &mark, what, said, Some(advice))
    }

    pub(super) fn bad(&mut self, code: u8, what: &str, said: &str, advice: &str) -> Result<()> {
        if !self.has_failed() {
            self.code = code;
        }
        let mark = self.paint.red("✗");
        self.found("failed", &mark, what, said, Some(advice))
    }

    fn found(
        &mut self,
        outcome: &str,
        mark: &str,
        what: &str,
        said: &str,
        advice: Option<&str>,
    ) -> Result<()> {
        let said = visible(said);
        if let Some(findings) = &mut self.findings {
            findings.push(json!({
                "outcome": outcome, "what": what, "said": said, "advice": advice,
            }));
            return Ok(());
        }
        let said = output::wrapped(&said, INDENT);
        let mut text = format!("{mark} {what:<10}{said}\n");
        if let Some(advice) = advice {
            let advice = output::wrapped(&format!("→ {advice}"), INDENT + 2);
            text += &format!("{:INDENT$}{}\n", "", advice);
        }
        output::result(&text)
    }

    pub(super) fn end(self) -> Result<u8> {
        if let Some(findings) = self.findings {
            let report = json!({
                "vendor": self.vendor, "exit_code": self.code, "findings": findings,
            });
            output::result(&format!("{report}\n"))?;
        }
        Ok(self.code)
    }
}

/// A server chooses some of the words: none may move the cursor.
fn visible(said: &str) -> String {
    said.chars().filter(|it| !it.is_control()).collect()
}

const INDENT: usize = 12;

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn words_of_a_server_do_not_move_the_cursor() {
        assert_eq!(visible("no\u{1b}[2J\r\n\u{7}\u{9b}way"), "no[2Jway");
    }
}
