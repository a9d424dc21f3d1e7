//! The page for people.

use std::fmt::Write as _;

use contract::{Dollars, thousands};

use super::figures::{Cost, Figures, Skipped};
use crate::words::{dollars, table};

/// A table per tier, the whole, the comparison, the recommendation; on a terminal also the hours as a small chart.
pub(super) fn page(figures: &Figures, recommendation: &str, is_terminal: bool) -> String {
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
            "skipped",
        ]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>(),
    ];
    for tier in &figures.tiers {
        let mut row = vec![tier.tier.clone(), format!("{} MB", tier.memory_mb), thousands(tier.images)];
        row.extend(cost_cells(&tier.cost));
        row.push(tier.headroom_percent.map_or_else(String::new, |percent| format!("{percent:.1} %")));
        row.extend([tier.escalations, tier.refusals, tier.failures].map(thousands));
        rows.push(row);
    }
    let mut row = vec!["dispatcher".to_owned(), String::new(), thousands(figures.dispatcher.objects)];
    row.extend(cost_cells(&figures.dispatcher.cost));
    row.extend([const { String::new() }; 4]);
    row.push(thousands(figures.dispatcher.skipped.objects));
    rows.push(row);
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
    let mut text = format!("thumbtier {} in {}, {source}\n\n{}", figures.stage, figures.region, table(&rows, 1));
    if !figures.dispatcher.skipped.by_name.is_empty() {
        write!(text, "\n\nskipped: {}", skips(&figures.dispatcher.skipped)).expect("a String takes everything");
    }
    let single = &figures.single_function;
    write!(
        text,
        "\n\none {} MB function for everything, without dispatcher: {}, {} per million images\n{}",
        single.memory_mb,
        dollars(single.dollars),
        per_million(single.dollars_per_million),
        recommendation,
    )
    .expect("a String takes everything");
    if is_terminal && figures.hourly_dollars.len() > 1 {
        write!(text, "\n\n{}", chart(&figures.hourly_dollars)).expect("a String takes everything");
    }
    text
}

/// `5 not_an_image, 1 folder`: the most first.
fn skips(skipped: &Skipped) -> String {
    let mut by_name: Vec<_> = skipped.by_name.iter().collect();
    by_name.sort_by_key(|(_, objects)| std::cmp::Reverse(**objects));
    by_name.into_iter().map(|(name, objects)| format!("{} {name}", thousands(*objects))).collect::<Vec<_>>().join(", ")
}

/// Compute, requests, both, both per million, p95.
fn cost_cells(cost: &Cost) -> [String; 5] {
    [
        dollars(cost.compute_dollars),
        dollars(cost.request_dollars),
        dollars(cost.dollars),
        per_million(cost.dollars_per_million),
        cost.p95_ms.map_or_else(String::new, |ms| format!("{ms:.0} ms")),
    ]
}

fn per_million(amount: Option<Dollars>) -> String {
    amount.map_or_else(String::new, |amount| format!("${:.2}", amount.0))
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
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_most_frequent_skip_is_named_first() {
        let by_name = BTreeMap::from([("folder", 1), ("not_an_image", 1500), ("empty", 2)]);
        assert_eq!(skips(&Skipped { objects: 1503, by_name }), "1,500 not_an_image, 2 empty, 1 folder");
    }

    #[test]
    fn a_week_of_hours_becomes_one_line() {
        let line = chart(&[0.0, 1.0, 0.5].repeat(56));
        assert_eq!(line.chars().take_while(|bar| !bar.is_whitespace()).count(), 56);
        assert!(line.ends_with("cost per 3 h, at most $1.50"), "{line}");
    }
}
