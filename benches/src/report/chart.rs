//! A chart as SVG, both axes logarithmic: sizes, times and prices span decades. Colours come from the page's style.

use std::fmt::Write as _;

/// Width and height of a chart, and of its margins, in px.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 334.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 80.0;
const TOP: f64 = 70.0;
const BOTTOM: f64 = 44.0;
/// The height of a line of labels, in px.
const LINE: f64 = 15.0;

/// A quantity, and how its values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Object sizes, in powers of ten.
    Bytes,
    /// Memory, in bytes, written in MB of 2^20.
    Memory,
    /// Time.
    Milliseconds,
    /// Money.
    Dollars,
}

impl Unit {
    /// A value as a person would write it.
    pub(super) fn write(self, value: f64) -> String {
        let (value, unit) = match self {
            Self::Bytes if value >= 1e6 => (value / 1e6, " MB"),
            Self::Bytes => (value / 1e3, " kB"),
            Self::Memory => (value / f64::from(1 << 20), " MB"),
            Self::Milliseconds if value >= 1e3 => (value / 1e3, " s"),
            Self::Milliseconds => (value, " ms"),
            Self::Dollars => return format!("${}", digits(value)),
        };
        format!("{}{unit}", digits(value))
    }

    /// Where ticks stand: powers of ten, of memory powers of four.
    fn ticks(self, (low, high): (f64, f64)) -> Vec<f64> {
        let all: Vec<f64> = match self {
            Self::Memory => (0..9).map(|power| f64::from(1 << 20) * 4_f64.powi(power)).collect(),
            _ => (-4..12).map(|power| 10_f64.powi(power)).collect(),
        };
        all.into_iter().filter(|tick| (low..=high).contains(tick)).collect()
    }
}

/// Three digits that count, without zeros at the end.
fn digits(value: f64) -> String {
    let decimals = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// One chart.
pub(super) struct Chart {
    /// For those who do not see it.
    pub(super) title: String,
    pub(super) x: (&'static str, Unit),
    pub(super) y: (&'static str, Unit),
    pub(super) series: Vec<Series>,
    /// Vertical lines with what stands above them: place, label, colour.
    pub(super) verticals: Vec<(f64, String, usize)>,
    /// Horizontal lines with what stands on them: place, label, colour.
    pub(super) horizontals: Vec<(f64, String, usize)>,
    /// Where both axes are the same quantity: the line on which they are equal.
    pub(super) diagonal: bool,
}

/// One colour's points, joined or not, and its name at the last of them.
pub(super) struct Series {
    pub(super) name: String,
    pub(super) colour: usize,
    pub(super) points: Vec<(f64, f64)>,
    pub(super) joined: bool,
}

impl Chart {
    /// The chart as an `<svg>` element.
    pub(super) fn svg(&self) -> String {
        let values = |pick: fn(&(f64, f64)) -> f64| self.series.iter().flat_map(move |one| one.points.iter().map(pick));
        let ys = values(|point| point.1).chain(self.horizontals.iter().map(|line| line.0));
        let (mut across, mut up) = (range(values(|point| point.0)), range(ys));
        if self.diagonal {
            across = (across.0.min(up.0), across.1.max(up.1));
            up = across;
        }
        let frame = Frame { across, up };
        let mut svg = format!(
            r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{}">"#,
            escaped(&self.title)
        );
        self.axes(&frame, &mut svg);
        if self.diagonal {
            let (x1, y1, x2, y2) = (LEFT, frame.y(up.0), WIDTH - RIGHT, frame.y(up.1));
            add(&mut svg, format_args!(r#"<path class="rule" d="M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}"/>"#));
        }
        for (row, (value, label, colour)) in self.verticals.iter().enumerate() {
            let (x, y) = (frame.x(value.clamp(across.0, across.1)), TOP - 7.0 - LINE * (row % 3) as f64);
            add(&mut svg, format_args!(r#"<path class="rule s{colour}" d="M{x:.1} {y:.1}V{:.1}"/>"#, HEIGHT - BOTTOM));
            let (anchor, x) = if x > WIDTH * 0.55 { ("end", x - 4.0) } else { ("start", x + 4.0) };
            text(&mut svg, x, y + 4.0, anchor, &format!("t{colour}"), label);
        }
        for (value, label, colour) in &self.horizontals {
            let y = frame.y(*value);
            add(&mut svg, format_args!(r#"<path class="rule s{colour}" d="M{LEFT} {y:.1}H{:.1}"/>"#, WIDTH - RIGHT));
            text(&mut svg, LEFT + 4.0, y - 4.0, "start", &format!("t{colour}"), label);
        }
        for one in &self.series {
            one.draw(&frame, &mut svg);
        }
        self.names(&frame, &mut svg);
        svg.push_str("</svg>");
        svg
    }

    fn axes(&self, frame: &Frame, svg: &mut String) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for tick in self.x.1.ticks(frame.across) {
            let x = frame.x(tick);
            add(svg, format_args!(r#"<path class="grid" d="M{x:.1} {TOP}V{bottom}"/>"#));
            text(svg, x, bottom + 16.0, "middle", "tick", &self.x.1.write(tick));
        }
        for tick in self.y.1.ticks(frame.up) {
            let y = frame.y(tick);
            add(svg, format_args!(r#"<path class="grid" d="M{LEFT} {y:.1}H{right}"/>"#));
            text(svg, LEFT - 6.0, y + 4.0, "end", "tick", &self.y.1.write(tick));
        }
        add(svg, format_args!(r#"<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>"#));
        text(svg, f64::midpoint(LEFT, right), HEIGHT - 8.0, "middle", "label", self.x.0);
        text(svg, 4.0, 14.0, "start", "label", self.y.0);
    }

    /// Each name at its last point, moved apart where they would lie on one another.
    fn names(&self, frame: &Frame, svg: &mut String) {
        let last = |one: &Series| one.points.last().map(|point| (frame.x(point.0), frame.y(point.1)));
        let mut names: Vec<(f64, f64, &Series)> = self
            .series
            .iter()
            .filter(|one| !one.name.is_empty())
            .filter_map(|one| last(one).map(|(x, y)| (x, y, one)))
            .collect();
        names.sort_by(|a, b| a.1.total_cmp(&b.1));
        let mut free = TOP;
        for at in 0..names.len() {
            let below = (names.len() - at - 1) as f64 * LINE;
            names[at].1 = names[at].1.max(free).min(HEIGHT - BOTTOM - below);
            free = names[at].1 + LINE;
        }
        for (_, y, one) in names {
            text(svg, WIDTH - RIGHT + 6.0, y + 4.0, "start", &format!("t{}", one.colour), &one.name);
        }
    }
}

impl Series {
    fn draw(&self, frame: &Frame, svg: &mut String) {
        if self.joined {
            let mut path = String::new();
            for (x, y) in &self.points {
                let letter = if path.is_empty() { 'M' } else { 'L' };
                add(&mut path, format_args!("{letter}{:.1} {:.1}", frame.x(*x), frame.y(*y)));
            }
            add(svg, format_args!(r#"<path class="line s{}" d="{path}"/>"#, self.colour));
        }
        // One path of points as short as can be: round caps make them dots.
        let mut path = String::new();
        for (x, y) in &self.points {
            add(&mut path, format_args!("M{:.1} {:.1}h0", frame.x(*x), frame.y(*y)));
        }
        add(svg, format_args!(r#"<path class="dot s{}" d="{path}"/>"#, self.colour));
    }
}

/// The least and the most of each axis.
struct Frame {
    across: (f64, f64),
    up: (f64, f64),
}

impl Frame {
    fn x(&self, value: f64) -> f64 {
        LEFT + part(self.across, value) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - part(self.up, value) * (HEIGHT - TOP - BOTTOM)
    }
}

fn part((low, high): (f64, f64), value: f64) -> f64 {
    (value / low).ln() / (high / low).ln()
}

/// A little more than the values take; never nothing.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| *value > 0.0)
        .fold((f64::MAX, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    if high <= 0.0 { (1.0, 10.0) } else { (low * 0.8, high * 1.6) }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, class: &str, words: &str) {
    let words = escaped(words);
    add(svg, format_args!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" class="{class}">{words}</text>"#));
}

fn add(svg: &mut String, part: std::fmt::Arguments<'_>) {
    svg.write_fmt(part).expect("a String takes everything");
}

/// As text of HTML and in its attributes.
pub(super) fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_a_person_would() {
        let check = |unit: Unit, value, want: &str| assert_eq!(unit.write(value), want);
        check(Unit::Bytes, 1e5, "100 kB");
        check(Unit::Bytes, 2.5e6, "2.5 MB");
        check(Unit::Memory, 214_748_364.0, "205 MB");
        check(Unit::Milliseconds, 1500.0, "1.5 s");
        check(Unit::Dollars, 0.1, "$0.1");
    }

    #[test]
    fn a_chart_is_within_its_frame_and_names_do_not_lie_on_one_another() {
        let series =
            |name: &str, y| Series { name: name.to_owned(), colour: 0, points: vec![(1e5, y), (1e8, y)], joined: true };
        let chart = Chart {
            title: "a < b".to_owned(),
            x: ("size", Unit::Bytes),
            y: ("time", Unit::Milliseconds),
            series: vec![series("one", 100.0), series("two", 101.0)],
            verticals: vec![],
            horizontals: vec![(2000.0, "target".to_owned(), 3)],
            diagonal: false,
        };
        let svg = chart.svg();
        assert!(svg.contains("a &lt; b") && svg.contains(">100 kB<") && svg.contains(">target<"), "{svg}");
        let at = |name: &str| {
            let text = svg.split("<text ").find(|text| text.contains(&format!(">{name}<"))).unwrap();
            text.split('"').nth(3).unwrap().parse::<f64>().unwrap()
        };
        assert!((at("one") - at("two")).abs() >= LINE, "{svg}");
    }
}
