//! The page for people.

use std::fmt::Write as _;

use contract::Dollars;

use super::figures::Figures;

/// A table per tier, the whole, the comparison, the recommendation; on a terminal also the hours as a small chart.
pub(super) fn page(figures: &Figures, is_terminal: bool) -> String {
    let mut rows = vec![
        vec![
            "tier",
            "memory",
            "images",
            "compute",
            "requests",
            "cost",
            "$ per million",
            "p95",
            "headroom",
            "escalated",
            "refused",
            "failed",
        ]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>(),
    ];
    for tier in &figures.tiers {
        rows.push(vec![
            tier.tier.clone(),
            format!("{} MB", tier.memory_mb),
            thousands(tier.images),
            dollars(tier.compute_dollars),
            dollars(tier.request_dollars),
            dollars(tier.dollars),
            per_million(tier.dollars_per_million),
            tier.p95_ms.map_or_else(String::new, |ms| format!("{ms:.0} ms")),
            tier.headroom_percent.map_or_else(String::new, |percent| format!("{percent:.1} %")),
            thousands(tier.escalations),
            thousands(tier.refusals),
            thousands(tier.failures),
        ]);
    }
    let dispatcher = &figures.dispatcher;
    rows.push(vec![
        "dispatcher".to_owned(),
        String::new(),
        thousands(dispatcher.objects),
        dollars(dispatcher.compute_dollars),
        dollars(dispatcher.request_dollars),
        dollars(dispatcher.dollars),
        per_million(dispatcher.dollars_per_million),
        dispatcher.p95_ms.map_or_else(String::new, |ms| format!("{ms:.0} ms")),
    ]);
    let total = &figures.total;
    rows.push(vec![
        "total".to_owned(),
        String::new(),
        thousands(total.images),
        String::new(),
        String::new(),
        dollars(total.dollars),
        per_million(total.dollars_per_million),
    ]);
    let source = match figures.compute_from {
        "billed" => "compute as billed, the rest by metrics",
        _ => "estimated by the functions' metrics",
    };
    let mut text = format!("thumbtier {} in {}, {source}\n\n{}", figures.stage, figures.region, table(&rows));
    let single = &figures.single_function;
    write!(
        text,
        "\n\none {} MB function for everything, without dispatcher: {}, {} per million images\n{}",
        single.memory_mb,
        dollars(single.dollars),
        per_million(single.dollars_per_million),
        figures.recommendation,
    )
    .expect("a String takes everything");
    if is_terminal && figures.hourly_dollars.len() > 1 {
        write!(text, "\n\n{}", chart(&figures.hourly_dollars)).expect("a String takes everything");
    }
    text
}

/// Small amounts keep the digits that matter: a thumbnail costs millionths.
fn dollars(amount: Dollars) -> String {
    match amount.0.abs() {
        0.0 => "$0".to_owned(),
        small if small < 0.01 => format!("${:.6}", amount.0),
        _ => format!("${:.2}", amount.0),
    }
}

fn per_million(amount: Option<Dollars>) -> String {
    amount.map_or_else(String::new, |amount| format!("${:.2}", amount.0))
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Aligned columns: the first to the left, numbers to the right.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// One character per hour, or per as many hours as make 60 characters, scaled to the dearest.
fn chart(hourly: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let hours = hourly.len().div_ceil(60);
    let sums: Vec<f64> = hourly.chunks(hours).map(|chunk| chunk.iter().sum()).collect();
    let most = sums.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let bars: String = sums.iter().map(|sum| BARS[((sum / most * 7.0).round() as usize).min(7)]).collect();
    format!("{bars}  cost per {hours} h, at most {}", dollars(Dollars(most)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0.0, 0.000_012, 0.01, 12.345].map(|amount| dollars(Dollars(amount))),
            ["$0", "$0.000012", "$0.01", "$12.35"]
        );
    }

    #[test]
    fn a_week_of_hours_becomes_one_line() {
        let line = chart(&[0.0, 1.0, 0.5].repeat(56));
        assert_eq!(line.chars().take_while(|bar| !bar.is_whitespace()).count(), 56);
        assert!(line.ends_with("cost per 3 h, at most $1.50"), "{line}");
    }
}
