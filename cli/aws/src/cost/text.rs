//! The page for people.

use contract::{DISPATCHER_LOG_BYTES, Dollars, LOG_EVENT_BYTES, WORKER_LOG_BYTES, thousands};

use super::figures::{Cost, Figures, Skipped, Total};
use super::fixed::Fixed;
use super::items::Item;
use crate::words::{count, dollars, table};

/// A table per tier, one per item, what a month costs, the comparison, the recommendation; on a terminal also the hours
/// as a small chart.
pub(super) fn page(figures: &Figures, recommendation: &str, is_terminal: bool) -> String {
    let Figures { stage, region, monitoring, .. } = figures;
    let mut parts = vec![
        format!("thumbtier {stage} in {region}, monitoring={monitoring}"),
        table(&tiers(figures), 1),
        table(&items(figures), 1),
    ];
    parts.extend(proof(figures));
    parts.extend(logs(figures));
    parts.push(table(&fixed(figures), 1));
    if let Some(skipped) = figures.dispatcher.skipped.as_ref().filter(|skipped| !skipped.by_name.is_empty()) {
        parts.push(format!("skipped: {}", skips(skipped)));
    }
    if let Some(single) = &figures.single_function {
        parts.push(format!(
            "one {} MB function for everything, without dispatcher: {}, {} per million images",
            single.memory_mb,
            dollars(single.dollars),
            per_million(single.dollars_per_million),
        ));
    }
    parts.push(recommendation.to_owned());
    if is_terminal && figures.hourly_dollars.len() > 1 {
        parts.push(chart(&figures.hourly_dollars));
    }
    parts.join("\n\n")
}

fn owned<const COUNT: usize>(cells: [&str; COUNT]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// By what the functions logged.
fn tiers(figures: &Figures) -> Vec<Vec<String>> {
    let is_full = figures.tiers.iter().any(|tier| tier.details.is_some());
    let mut heading = owned(["tier", "memory", "images", "logged cost", "$ per million", "p95", "errors"]);
    if is_full {
        heading.extend(owned(["compute", "requests", "headroom", "escalated", "refused"]));
    }
    let mut rows = vec![heading];
    for tier in &figures.tiers {
        let mut row = vec![tier.tier.clone(), format!("{} MB", tier.memory_mb), thousands(tier.images)];
        row.extend(cost_cells(&tier.cost));
        if let Some(details) = &tier.details {
            row.extend([details.compute_dollars, details.request_dollars].map(dollars));
            row.push(details.headroom_percent.map_or_else(String::new, |percent| format!("{percent:.1} %")));
            row.extend([details.escalations, details.refusals].map(thousands));
        }
        rows.push(row);
    }
    let mut row = vec!["dispatcher".to_owned(), String::new(), thousands(figures.dispatcher.invocations)];
    let mut cells = cost_cells(&figures.dispatcher.cost);
    let is_known = is_full || figures.rest == Dollars::ZERO;
    if !is_known {
        // One metric fewer: what the others leave of all dollars is the dispatcher's, the batch function's and the API's.
        (cells[0], cells[1]) = (dollars(figures.rest), String::new());
        row[0] = "dispatcher, batch, API".to_owned();
    }
    row.extend(cells);
    rows.push(row);
    if is_known && figures.rest > Dollars::ZERO {
        let none = String::new;
        rows.push(vec!["batch, API".to_owned(), none(), none(), dollars(figures.rest)]);
    }
    rows.push(total("total", String::new(), &figures.total));
    rows
}

fn total(name: &str, second: String, total: &Total) -> Vec<String> {
    let per_million = per_million(total.dollars_per_million);
    vec![name.to_owned(), second, thousands(total.images), dollars(total.dollars), per_million]
}

/// By what AWS counted.
fn items(figures: &Figures) -> Vec<Vec<String>> {
    let mut rows = vec![owned(["item", "count", "unit", "cost", "$ per million"])];
    for Item { used, dollars_per_million } in &figures.items {
        let per_million = per_million(*dollars_per_million);
        rows.push(vec![
            used.item.to_owned(),
            count(used.count),
            used.unit.to_owned(),
            dollars(used.dollars),
            per_million,
        ]);
    }
    let all = &figures.items_total;
    let per_million = per_million(all.dollars_per_million);
    rows.push(vec!["all items".to_owned(), String::new(), String::new(), dollars(all.dollars), per_million]);
    rows
}

/// What an image writes, beside what predictions take.
fn logs(figures: &Figures) -> Option<String> {
    let planned = WORKER_LOG_BYTES + DISPATCHER_LOG_BYTES;
    figures.log_bytes_per_image.map(|bytes| {
        format!(
            "logs: {bytes:.0} bytes for each image by CloudWatch's IncomingBytes, {LOG_EVENT_BYTES} for each event among \
             them; predictions take {planned}"
        )
    })
}

/// How far the two sums are from each other.
fn proof(figures: &Figures) -> Option<String> {
    let (counted, logged) = (figures.items_total.dollars.0, figures.total.dollars.0);
    let compute =
        if figures.compute_from == "billed" { "Lambda time as billed" } else { "INIT by the functions' clock" };
    (logged > 0.0).then(|| {
        let percent = 100.0 * (counted / logged - 1.0);
        format!("by AWS's counters ({compute}) {percent:+.1} % of what the functions logged")
    })
}

fn fixed(figures: &Figures) -> Vec<Vec<String>> {
    let mut rows = vec![owned(["fixed", "count", "a month at most"])];
    for Fixed { item, count: number, dollars_per_month } in &figures.fixed {
        rows.push(vec![(*item).to_owned(), count(*number), format!("${:.2}", dollars_per_month.0)]);
    }
    let sum: Dollars = figures.fixed.iter().map(|one| one.dollars_per_month).sum();
    rows.push(vec!["all fixed".to_owned(), String::new(), format!("${:.2}", sum.0)]);
    rows
}

/// `5 not_an_image, 1 folder`: the most first.
fn skips(skipped: &Skipped) -> String {
    let mut by_name: Vec<_> = skipped.by_name.iter().collect();
    by_name.sort_by_key(|(_, objects)| std::cmp::Reverse(**objects));
    by_name.into_iter().map(|(name, objects)| format!("{} {name}", thousands(*objects))).collect::<Vec<_>>().join(", ")
}

/// The cost, per million, p95, errors.
fn cost_cells(cost: &Cost) -> [String; 4] {
    [
        dollars(cost.dollars),
        per_million(cost.dollars_per_million),
        cost.p95_ms.map_or_else(String::new, |ms| format!("{ms:.0} ms")),
        thousands(cost.errors),
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
