//! The chart of `cargo xtask bench --chart`: ours beside peers and the least that can be done, from the very figures of a
//! run. Each bar is as many times ours as was measured in turns with it, so that all of them may stand in one picture.

use std::fmt::Write;

use crate::{
    Result,
    table::{Amount, Row},
};

/// What is shown together, and from which rows: that of the least that can be done first, whose own figure is shown.
const GROUPS: [(&str, &[(&str, &str)]); 3] = [
    (
        "The cached header, one thread",
        &[
            ("cached header, 1 thread", FLOOR),
            (
                "cached header beside Tokio's RwLock by hand, 1 thread",
                "a header behind Tokio's RwLock",
            ),
            (
                "cached header beside yup-oauth2's token, 1 thread",
                "yup-oauth2, without a header",
            ),
        ],
    ),
    (
        "The cached header, two threads, each",
        &[
            ("cached header, 2 threads, each", FLOOR),
            (
                "cached header beside Tokio's RwLock by hand, 2 threads, each",
                "a header behind Tokio's RwLock",
            ),
        ],
    ),
    (
        "A login with nothing cached, one thread",
        &[
            (
                "cold login, connection kept open, one thread",
                "bare reqwest in a task",
            ),
            (
                "cold login beside oauth2, connection kept open, one thread",
                "oauth2 in a task",
            ),
        ],
    ),
];
const FLOOR: &str = "the least that can be done";

struct Bar<'a> {
    label: &'a str,
    /// Of ours.
    time: Amount,
    /// How many times ours.
    times: f64,
    ours: bool,
}

/// The chart as SVG, readable on light and dark.
///
/// # Errors
///
/// When a row that it shows is not among `rows`.
pub fn svg(rows: &[Row]) -> Result<String> {
    let mut groups = Vec::new();
    for (title, shown) in GROUPS {
        let mut bars = Vec::new();
        for (measure, label) in shown {
            let (ours, other) = rows
                .iter()
                .find_map(|row| row.pair(measure))
                .ok_or_else(|| format!("the chart shows `{measure}`, which was not measured"))?;
            if bars.is_empty() {
                bars.push(Bar {
                    label: "ours",
                    time: ours,
                    times: 1.0,
                    ours: true,
                });
            }
            bars.push(Bar {
                label,
                time: ours,
                times: other.number() / ours.number(),
                ours: false,
            });
        }
        // The shortest first; ours before what is as long.
        bars.sort_by(|one, other| one.times.total_cmp(&other.times));
        groups.push((title, bars));
    }
    Ok(draw(&groups))
}

/// What the chart says, for those who do not see it.
fn description(groups: &[(&str, Vec<Bar<'_>>)]) -> String {
    let bars = |bars: &[Bar<'_>]| {
        let told = bars.iter().map(told).collect::<Vec<_>>();
        told.join(", ")
    };
    let group = |(title, of): &(&str, Vec<Bar<'_>>)| format!("{title}: {}.", bars(of));
    groups.iter().map(group).collect::<Vec<_>>().join(" ")
}

fn told(bar: &Bar<'_>) -> String {
    match bar.ours {
        true => format!("{} {}", bar.label, bar.time),
        false => format!("{} {:.2} times ours", bar.label, bar.times),
    }
}

fn draw(groups: &[(&str, Vec<Bar<'_>>)]) -> String {
    let longest = groups.iter().flat_map(|(_, bars)| bars);
    let longest = longest.map(|bar| bar.times).fold(1.0, f64::max);
    let mut body = String::new();
    let mut y = MARGIN;
    for (title, bars) in groups {
        y += TITLE;
        let _ = writeln!(
            body,
            r#"<text class="title" x="{LEFT}" y="{y}">{title}</text>"#
        );
        y += 10;
        for bar in bars {
            let width = (bar.times / longest * WIDEST).max(1.0);
            let class = if bar.ours { "ours" } else { "other" };
            let (text, label) = (y + 16, escaped(bar.label));
            let value = match bar.ours {
                true => bar.time.to_string(),
                false => format!("{:.2} ×", bar.times),
            };
            let _ = writeln!(
                body,
                r#"<text class="{class} end" x="{}" y="{text}">{label}</text>"#,
                BARS - 10.0
            );
            let _ = writeln!(
                body,
                r#"<rect class="{class}" x="{BARS}" y="{y}" width="{width:.1}" height="{BAR}" rx="2"/>"#
            );
            let _ = writeln!(
                body,
                r#"<text class="{class}" x="{:.1}" y="{text}">{value}</text>"#,
                BARS + width + 8.0
            );
            y += BAR + 6;
        }
        y += 8;
    }
    let height = y + MARGIN - 8;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {height}" width="800" height="{height}" role="img" aria-labelledby="title desc">
<title id="title">What asking for a token costs</title>
<desc id="desc">{}</desc>
<style>
text {{ font: 14px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: #1f2328; }}
.title {{ font-weight: 600; font-size: 15px; }}
.end {{ text-anchor: end; }}
text.ours {{ font-weight: 600; }}
.page {{ fill: #fff; stroke: #d0d7de; }}
rect.ours {{ fill: #00785a; }}
rect.other {{ fill: #8c959f; }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6edf3; }}
.page {{ fill: #161b22; stroke: #30363d; }}
rect.ours {{ fill: #2ea98a; }}
rect.other {{ fill: #6e7681; }}
}}
</style>
<rect class="page" x="0.5" y="0.5" width="799" height="{}" rx="8"/>
{body}</svg>
"##,
        escaped(&description(groups)),
        height - 1,
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

const MARGIN: u32 = 12;
const LEFT: u32 = 20;
const TITLE: u32 = 20;
const BAR: u32 = 22;
/// Where bars begin, and how long the longest is: beside it there is room for its figures.
const BARS: f64 = 260.0;
const WIDEST: f64 = 390.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let measures = GROUPS.iter().flat_map(|(_, shown)| *shown);
        measures
            .map(|(measure, _)| Row::told(*measure, Amount::Time(60e-9), Amount::Time(90e-9)))
            .collect()
    }

    #[test]
    fn each_bar_is_as_many_times_ours_as_was_measured_in_turns_with_it() {
        let svg = svg(&rows()).unwrap();
        assert_eq!(svg.matches(">1.50 ×<").count(), 7);
        assert_eq!(svg.matches(r#"width="390.0""#).count(), 7);
        assert_eq!(svg.matches(r#"width="260.0""#).count(), GROUPS.len());
        assert!(svg.contains("ours 60 ns, the least that can be done 1.50 times ours"));
    }

    #[test]
    fn without_one_of_its_rows_there_is_no_chart() {
        let mut rows = rows();
        rows.pop();
        assert!(svg(&rows).is_err());
    }
}
