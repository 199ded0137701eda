//! What `cargo xtask bench` prints.

use std::{fmt, time::Duration};

use crate::Result;

/// One line of the table: a measurement, and whether its budget holds.
#[derive(Debug)]
pub struct Row {
    measure: String,
    ours: Amount,
    budget: Budget,
}

#[derive(Debug)]
enum Budget {
    /// At most so many times the reference.
    Times {
        reference: Amount,
        most: f64,
    },
    AtMost(Amount),
    /// None: told for its own sake.
    Unlimited {
        reference: Amount,
    },
}

/// What was measured.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Amount {
    /// In seconds.
    Time(f64),
    /// In bytes.
    Memory(f64),
    /// Of whatever is counted.
    Count(f64),
}

impl Row {
    /// `ours` is to be at most `most` times `reference`.
    pub fn ratio(
        measure: impl Into<String>,
        ours: impl Into<Amount>,
        reference: impl Into<Amount>,
        most: f64,
    ) -> Self {
        let reference = reference.into();
        Self {
            measure: measure.into(),
            ours: ours.into(),
            budget: Budget::Times { reference, most },
        }
    }

    /// `ours` is to be at most `most`.
    pub fn limit(
        measure: impl Into<String>,
        ours: impl Into<Amount>,
        most: impl Into<Amount>,
    ) -> Self {
        Self {
            measure: measure.into(),
            ours: ours.into(),
            budget: Budget::AtMost(most.into()),
        }
    }

    /// `ours` beside `reference`, without a budget.
    pub fn told(
        measure: impl Into<String>,
        ours: impl Into<Amount>,
        reference: impl Into<Amount>,
    ) -> Self {
        let reference = reference.into();
        Self {
            measure: measure.into(),
            ours: ours.into(),
            budget: Budget::Unlimited { reference },
        }
    }

    /// Ours and the reference, if this is the row of `measure`.
    pub fn pair(&self, measure: &str) -> Option<(Amount, Amount)> {
        let reference = match self.budget {
            Budget::Times { reference, .. } | Budget::Unlimited { reference } => reference,
            Budget::AtMost(_) => return None,
        };
        (self.measure == measure).then_some((self.ours, reference))
    }

    /// Whether the budget is kept.
    pub fn holds(&self) -> bool {
        match self.budget {
            Budget::Times { reference, most } => self.ours.number() <= most * reference.number(),
            Budget::AtMost(most) => self.ours.number() <= most.number(),
            Budget::Unlimited { .. } => true,
        }
    }

    fn cells(&self) -> [String; 6] {
        let ratio = |reference: Amount| format!("{:.2}", self.ours.number() / reference.number());
        let (reference, ratio, budget) = match self.budget {
            Budget::Times { reference, most } => {
                let times = format!("≤ {most}");
                (reference.to_string(), ratio(reference), times)
            }
            Budget::AtMost(most) => (String::new(), String::new(), format!("≤ {most}")),
            Budget::Unlimited { reference } => {
                (reference.to_string(), ratio(reference), String::new())
            }
        };
        let verdict = match self.budget {
            Budget::Unlimited { .. } => "",
            _ if self.holds() => "holds",
            _ => "FAILS",
        };
        [
            self.measure.clone(),
            self.ours.to_string(),
            reference,
            ratio,
            budget,
            verdict.into(),
        ]
    }
}

impl Amount {
    /// In the unit of its kind.
    pub fn number(self) -> f64 {
        match self {
            Self::Time(number) | Self::Memory(number) | Self::Count(number) => number,
        }
    }
}

impl From<Duration> for Amount {
    fn from(time: Duration) -> Self {
        Self::Time(time.as_secs_f64())
    }
}

impl From<u64> for Amount {
    fn from(count: u64) -> Self {
        Self::Count(count as f64)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, units): (f64, &[(f64, &str)]) = match *self {
            Self::Time(time) => (
                time,
                &[(1.0, " s"), (1e-3, " ms"), (1e-6, " µs"), (1e-9, " ns")],
            ),
            Self::Memory(bytes) => (
                bytes,
                &[(1024.0 * 1024.0, " MiB"), (1024.0, " KiB"), (1.0, " B")],
            ),
            Self::Count(count) => (count, &[(1.0, "")]),
        };
        let (unit, name) = units
            .iter()
            .find(|(unit, _)| number.abs() >= *unit)
            .or(units.last())
            .copied()
            .unwrap_or((1.0, ""));
        let number = number / unit;
        // Three digits tell all that such figures are good for.
        let decimals = match number.abs() {
            100.0.. => return write!(f, "{number:.0}{name}"),
            10.0.. => 1,
            _ => 2,
        };
        let digits = format!("{number:.decimals$}");
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        write!(f, "{digits}{name}")
    }
}

/// The table in Markdown, aligned for reading as it is.
pub fn markdown(rows: &[Row]) -> String {
    let mut lines = vec![HEAD.map(String::from)];
    lines.extend(rows.iter().map(Row::cells));
    let widths: [usize; 6] = std::array::from_fn(|column| {
        let width = |cells: &[String; 6]| cells[column].chars().count();
        lines.iter().map(width).max().unwrap_or(0)
    });
    lines.insert(1, widths.map(|width| "-".repeat(width)));
    let line = |cells: &[String; 6]| {
        let padded = |column: usize| format!("| {:<1$} ", cells[column], widths[column]);
        (0..6).map(padded).collect::<String>() + "|\n"
    };
    lines.iter().map(line).collect()
}

/// A page whose table has these rows in place of its own.
///
/// # Errors
///
/// When it has no such table.
pub fn put_into(page: &str, rows: &[Row]) -> Result<String> {
    let head = "| | ours | reference | ratio | budget | |\n|---|---|---|---|---|---|\n";
    let (before, rest) = page.split_once(head).ok_or("the page has no table")?;
    let (_, after) = rest.split_once("\n\n").ok_or("the table has no end")?;
    let lines = rows
        .iter()
        .map(|row| format!("| {} |", row.cells().join(" | ")));
    let table = lines.collect::<Vec<_>>().join("\n");
    Ok(format!("{before}{head}{table}\n\n{after}"))
}

const HEAD: [&str; 6] = ["measure", "ours", "reference", "ratio", "budget", ""];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_holds_up_to_its_limit() {
        let row = |ours: u64| Row::ratio("", Amount::from(ours), Amount::from(100), 1.3);
        assert!(row(130).holds());
        assert!(!row(131).holds());
        assert!(Row::limit("", Amount::from(9), Amount::from(9)).holds());
        assert!(!Row::limit("", Amount::from(10), Amount::from(9)).holds());
    }

    #[test]
    fn amounts_are_shown_in_the_unit_that_suits_them() {
        let shown = |amount: Amount| amount.to_string();
        assert_eq!(shown(Duration::from_nanos(52).into()), "52 ns");
        assert_eq!(shown(Duration::from_millis(50).into()), "50 ms");
        assert_eq!(shown(Amount::Time(0.0)), "0 ns");
        assert_eq!(shown(Amount::Memory(1536.0)), "1.5 KiB");
        assert_eq!(shown(Amount::Memory(10_240.0)), "10 KiB");
        assert_eq!(shown(Amount::Memory(102_400.0)), "100 KiB");
        assert_eq!(shown(Amount::Count(9.0)), "9");
    }

    #[test]
    fn the_rows_of_a_page_are_replaced_and_nothing_else() {
        let head = "| | ours | reference | ratio | budget | |\n|---|---|---|---|---|---|";
        let page = format!("# Figures\n\n{head}\n| old |\n| older |\n\n# More\n\n| a |\n");
        let rows = [Row::limit("crates", Amount::from(9), Amount::from(9))];
        assert_eq!(
            put_into(&page, &rows).unwrap(),
            format!("# Figures\n\n{head}\n| crates | 9 |  |  | ≤ 9 | holds |\n\n# More\n\n| a |\n")
        );
        assert!(put_into("# Figures\n", &rows).is_err());
    }

    #[test]
    fn the_table_says_which_budget_fails() {
        let rows = [
            Row::ratio("login", Amount::from(3), Amount::from(2), 1.1),
            Row::limit("crates", Amount::from(9), Amount::from(9)),
            Row::told("start", Amount::from(1), Amount::from(2)),
        ];
        assert_eq!(
            markdown(&rows),
            "\
| measure | ours | reference | ratio | budget |       |\n\
| ------- | ---- | --------- | ----- | ------ | ----- |\n\
| login   | 3    | 2         | 1.50  | ≤ 1.1  | FAILS |\n\
| crates  | 9    |           |       | ≤ 9    | holds |\n\
| start   | 1    | 2         | 0.50  |        |       |\n"
        );
    }
}
