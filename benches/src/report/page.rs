//! report.html: one file, no network, light and dark.

use super::bill::{BEGIN, END};
use super::chart::escaped;
use super::figures::{self, Figure};
use super::words;
use crate::outcome::Outcome;

/// The page.
pub(super) fn page(outcome: &Outcome) -> String {
    let formats: String = outcome
        .decision
        .rows
        .iter()
        .map(|row| {
            let figures: String = figures::of_format(outcome, row).iter().map(figure).collect();
            format!("<section><h3>{}</h3><div class=\"row\">{figures}</div></section>", row.format)
        })
        .collect();
    let parts = [
        markdown(&words::purpose(outcome)),
        "<h2>Thresholds</h2>".to_owned(),
        markdown(&words::thresholds(&outcome.tiers)),
        format!("<details><summary>Why each is not larger</summary>{}</details>", markdown(&words::reasons(outcome))),
        format!("{BEGIN}{}{END}", markdown(&outcome.bill)),
        "<h2>By format</h2>".to_owned(),
        formats,
        "<h2>Predicted and measured</h2>".to_owned(),
        figure(&figures::predictions(outcome)),
        markdown(&words::errors(outcome)),
        "<h2>Assumptions</h2>".to_owned(),
        markdown(&words::assumptions(outcome)),
        "<h2>How it was measured</h2>".to_owned(),
        markdown(&words::facts(outcome)),
        format!("<details><summary>Every measurement</summary>{}</details>", markdown(&words::measurements(outcome))),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>thumbtier: which size goes to which tier</title><style>{STYLE}</style></head>\n\
         <body><main><h1>Which size goes to which tier</h1>\n{}\n</main></body></html>\n",
        parts.join("\n")
    )
}

/// A chart that scrolls sideways where the screen is narrower than it.
fn figure(figure: &Figure) -> String {
    format!(
        "<figure><div class=\"wide\">{}</div><figcaption>{}</figcaption></figure>",
        figure.svg,
        escaped(&figure.caption)
    )
}

/// As much of Markdown as the report's own words use: a heading, paragraphs, lists, tables, code and strong.
pub(super) fn markdown(text: &str) -> String {
    text.split("\n\n")
        .map(|block| {
            let lines: Vec<&str> = block.trim().lines().collect();
            match lines.first() {
                Some(first) if first.starts_with("### ") => {
                    format!("<h2>{}</h2>", inline(first.trim_start_matches("### ")))
                }
                Some(first) if first.starts_with('|') => table(&lines),
                Some(first) if first.starts_with("- ") => {
                    let items: String = lines
                        .iter()
                        .map(|line| format!("<li>{}</li>", inline(line.trim_start_matches("- "))))
                        .collect();
                    format!("<ul>{items}</ul>")
                }
                _ => format!("<p>{}</p>", inline(&lines.join(" "))),
            }
        })
        .collect()
}

fn table(lines: &[&str]) -> String {
    let cells = |line: &str, tag: &str| {
        let cells = line.trim_matches('|').split('|').map(|cell| format!("<{tag}>{}</{tag}>", inline(cell.trim())));
        format!("<tr>{}</tr>", cells.collect::<String>())
    };
    let head = lines.first().map(|line| cells(line, "th")).unwrap_or_default();
    let body: String = lines.iter().skip(2).map(|line| cells(line, "td")).collect();
    format!("<div class=\"wide\"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>")
}

/// Every second piece between two marks stands in `tag`.
fn inline(text: &str) -> String {
    let marked = |text: &str, mark: &str, tag: &str| {
        let pieces = text.split(mark).enumerate();
        pieces
            .map(|(at, piece)| if at % 2 == 1 { format!("<{tag}>{piece}</{tag}>") } else { piece.to_owned() })
            .collect::<String>()
    };
    marked(&marked(&escaped(text), "`", "code"), "**", "strong")
}

const STYLE: &str = include_str!("style.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reports_words_become_html() {
        let html = markdown("a `b` & **c**\n\n- one\n- two\n\n| h | i |\n|---|--:|\n| 1 | <2 |");
        assert!(
            html.starts_with("<p>a <code>b</code> &amp; <strong>c</strong></p><ul><li>one</li><li>two</li></ul>"),
            "{html}"
        );
        assert!(html.contains("<th>i</th>") && html.contains("<td>&lt;2</td>") && !html.contains("---"), "{html}");
    }
}
