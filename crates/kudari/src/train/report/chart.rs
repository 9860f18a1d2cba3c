//! Curves over epochs as inline SVG.

use std::fmt::Write;

use super::axis::{Axis, tick_label};
use super::text::{percent, significant, whole};

// The picture in units of the SVG, which is near a pixel on a phone and on a wide screen alike.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 270.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = WIDTH - 96.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = HEIGHT - 40.0;
/// With more measurements than this the dots would hide the curve.
const DOTS: usize = 40;

/// What the numbers of a chart are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Plain numbers.
    Number,
    /// Shares from 0 to 1, shown with so many decimals of a percent.
    Share(usize),
}

/// One curve.
pub(super) struct Series {
    /// Its name, which is also its class in the style sheet.
    pub name: &'static str,
    /// One value for every measurement; NaN and infinity leave a gap.
    pub values: Vec<f64>,
}

/// A chart of curves that share their epochs.
pub(super) struct Chart<'a> {
    /// What is drawn.
    pub title: &'a str,
    /// What the numbers are.
    pub unit: Unit,
    /// Epoch and iteration of every measurement.
    pub at: Vec<(f64, u64)>,
    /// The curves; the last is drawn on top.
    pub series: Vec<Series>,
}

/// Numbers so large that differences between them overflow are not drawn either.
fn drawable(value: &f64) -> bool {
    value.abs() < 1e150
}

impl Chart<'_> {
    /// The chart as a `<figure>`.
    pub fn html(&self) -> String {
        let legend: String = self.series.iter().rev().map(|s| format!("<span class=\"key {0}\">{0}</span>", s.name)).collect();
        let head = format!("<figcaption><b>{}</b>{legend}</figcaption>", self.title);
        let Some(y) = self.y_axis() else {
            return format!("<figure class=\"chart\">{head}<p class=\"empty\">No finite value was measured.</p></figure>\n");
        };
        let epochs = self.at.iter().map(|a| a.0).filter(drawable);
        let (low, high) = epochs.fold((f64::INFINITY, 0f64), |(low, high), e| (low.min(e), high.max(e)));
        let x = if high > low { Axis::new(low, high) } else { Axis::new(low, low + 1.0) };
        let plot = Plot { chart: self, x, y };
        format!(
            "<figure class=\"chart{}\" data-points='{}'>{head}\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-label=\"{}\">\n{}{}{}{}<line class=\"cross\" y1=\"{TOP}\" y2=\"{BOTTOM}\"/>\n</svg>\n{}\
             <div class=\"tip\" aria-hidden=\"true\"></div></figure>\n",
            if self.unit == Unit::Number { "" } else { " share" },
            plot.points(),
            self.in_words(),
            plot.grid(),
            plot.curves(),
            plot.start_beyond_the_edge(),
            plot.final_labels(),
            plot.gaps()
        )
    }

    fn label(&self, value: f64) -> String {
        match self.unit {
            Unit::Share(decimals) if value.is_finite() => percent(value, decimals),
            _ => significant(value, 3),
        }
    }

    fn epoch_label(&self, i: usize) -> String {
        self.at.get(i).map_or(String::new(), |at| super::text::short(at.0, 4))
    }

    /// The smallest and largest value from measurement `from` on.
    fn range(&self, from: usize) -> Option<(f64, f64)> {
        let values = self.series.iter().flat_map(|s| s.values.iter().skip(from)).copied().filter(drawable);
        values.fold(None, |range, v| Some(range.map_or((v, v), |(low, high): (f64, f64)| (low.min(v), high.max(v)))))
    }

    /// The vertical axis. A loss often falls from far above where all of the rest happens: the first measurements, at
    /// most a tenth of them, may lie beyond the edge if the rest gets much more height by that.
    fn y_axis(&self) -> Option<Axis> {
        let mut range = self.range(0)?;
        let count = self.at.len();
        if count >= 5 {
            for from in 1..=(count / 10).max(1) {
                let Some(rest) = self.range(from) else { break };
                if rest.1 > rest.0 && range.1 - range.0 > 2.5 * (rest.1 - rest.0) {
                    range = rest;
                }
            }
        }
        let axis = Axis::around(range.0, range.1);
        match self.unit {
            Unit::Number => Some(axis),
            Unit::Share(_) => axis.within(0.0, 1.0).or(Some(axis)),
        }
    }

    /// The chart for those who do not see it.
    fn in_words(&self) -> String {
        let curves = self.series.iter().rev().filter_map(|series| {
            let finite = || series.values.iter().enumerate().filter(|(_, v)| v.is_finite());
            let ((first, from), (last, to)) = (finite().next()?, finite().next_back()?);
            let (from, to) = (self.label(*from), self.label(*to));
            let (first, last) = (self.epoch_label(first), self.epoch_label(last));
            Some(format!("{}: {from} at epoch {first}, {to} at epoch {last}", series.name))
        });
        format!(
            "{} over epochs. {}. All values are in the table of measurements.",
            self.title,
            curves.collect::<Vec<_>>().join("; ")
        )
    }
}

/// A chart with its axes.
struct Plot<'a> {
    chart: &'a Chart<'a>,
    x: Axis,
    y: Axis,
}

impl Plot<'_> {
    fn x(&self, epoch: f64) -> f64 {
        LEFT + self.x.place(epoch) * (RIGHT - LEFT)
    }

    /// A little beyond the edges at most: the clip path cuts there, and numbers stay short.
    fn y(&self, value: f64) -> f64 {
        (BOTTOM - self.y.place(value) * (BOTTOM - TOP)).clamp(-1e5, 1e5)
    }

    /// The points of a curve in runs without a gap; `None` stands for a gap.
    fn line<'s>(&'s self, series: &'s Series) -> impl Iterator<Item = Option<(f64, f64, f64)>> + 's {
        let all = self.chart.at.iter().zip(&series.values);
        all.map(|(at, v)| (drawable(&at.0) && drawable(v)).then(|| (self.x(at.0), self.y(*v), *v)))
    }

    fn grid(&self) -> String {
        let mut svg = String::from("<g class=\"grid\">\n");
        let least = if self.x.high - self.x.low >= 2.0 { 1.0 } else { 0.0 };
        let (ticks, step) = self.x.ticks(10, least);
        for tick in ticks {
            let (x, label) = (self.x(tick), tick_label(tick, step));
            let _ = writeln!(svg, "<text class=\"x\" x=\"{x:.1}\" y=\"{:.1}\">{label}</text>", BOTTOM + 17.0);
        }
        let (ticks, step) = self.y.ticks(7, 0.0);
        for tick in ticks {
            let y = self.y(tick);
            let label = match self.chart.unit {
                Unit::Number => tick_label(tick, step),
                Unit::Share(_) => format!("{}\u{a0}%", tick_label(tick * 100.0, step * 100.0)),
            };
            let _ = writeln!(
                svg,
                "<path d=\"M{LEFT} {y:.1}H{RIGHT}\"/><text class=\"y\" x=\"{:.1}\" y=\"{:.1}\">{label}</text>",
                LEFT - 7.0,
                y + 4.0
            );
        }
        let (middle, below) = ((LEFT + RIGHT) / 2.0, BOTTOM + 34.0);
        let _ = writeln!(
            svg,
            "<path class=\"axis\" d=\"M{LEFT} {BOTTOM}H{RIGHT}\"/><text class=\"x\" x=\"{middle}\" y=\"{below}\">epoch</text>\n</g>"
        );
        svg
    }

    fn curves(&self) -> String {
        // Charts of one page must not share the name of a clip path.
        let id = format!("clip-{}", self.chart.title.replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
        let (width, height) = (RIGHT - LEFT + 4.0, BOTTOM - TOP + 1.0);
        let mut svg = format!(
            "<clipPath id=\"{id}\"><rect x=\"{}\" y=\"{TOP}\" width=\"{width}\" height=\"{height}\"/></clipPath>\n",
            LEFT - 2.0
        );
        for series in &self.chart.series {
            let mut path = String::new();
            let mut joined = false;
            for point in self.line(series) {
                if let Some((x, y, _)) = point {
                    // A line of no length, which round ends make a dot, shows a point between two gaps.
                    let _ = if joined { write!(path, "L{x:.1} {y:.1}") } else { write!(path, "M{x:.1} {y:.1}h0") };
                }
                joined = point.is_some();
            }
            let _ = writeln!(svg, "<path class=\"curve {}\" clip-path=\"url(#{id})\" d=\"{path}\"/>", series.name);
            if self.chart.at.len() <= DOTS {
                for (x, y, _) in self.line(series).flatten().filter(|p| self.y.holds(p.2)) {
                    let _ = write!(svg, "<circle class=\"{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\"/>", series.name);
                }
                svg.push('\n');
            }
        }
        svg
    }

    /// Says where the top curve comes from, if it begins beyond the edge.
    fn start_beyond_the_edge(&self) -> String {
        let Some(series) = self.chart.series.last() else { return String::new() };
        let mut points = self.line(series).flatten();
        let Some((_, _, first)) = points.next().filter(|p| !self.y.holds(p.2)) else { return String::new() };
        let entry = points.find(|p| self.y.holds(p.2)).map_or(LEFT, |p| p.0);
        let label = self.chart.label(first);
        let (x, y, arrow) = if first > self.y.high { (LEFT, TOP - 8.0, "↑") } else { (entry + 9.0, BOTTOM - 8.0, "↓") };
        format!("<text class=\"note\" x=\"{x:.1}\" y=\"{y}\">{arrow} {} begins at {label}</text>\n", series.name)
    }

    /// The last value of every curve beside its end, moved apart if they would overlap.
    fn final_labels(&self) -> String {
        const LINE: f64 = 15.0;
        let last = |s| self.line(s).flatten().last();
        let mut labels: Vec<(f64, String, &str)> =
            self.chart.series.iter().filter_map(|s| last(s).map(|(_, y, v)| (y, self.chart.label(v), s.name))).collect();
        labels.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total = LINE * labels.len().saturating_sub(1) as f64;
        let crowded = labels.windows(2).any(|pair| matches!(pair, [a, b] if b.0 - a.0 < LINE));
        let middle = labels.iter().map(|l| l.0).sum::<f64>() / labels.len().max(1) as f64;
        let top = (middle - total / 2.0).clamp(TOP, BOTTOM - total);
        let mut svg = String::new();
        for (i, (y, value, name)) in labels.iter().enumerate() {
            let y = if crowded { top + LINE * i as f64 } else { y.clamp(TOP, BOTTOM) };
            let _ =
                writeln!(svg, "<text class=\"end {name}\" x=\"{:.1}\" y=\"{:.1}\">{name} {value}</text>", RIGHT + 8.0, y + 4.0);
        }
        svg
    }

    /// Where values are missing.
    fn gaps(&self) -> String {
        let missing: Vec<String> = self
            .chart
            .series
            .iter()
            .rev()
            .filter_map(|series| {
                let epochs: Vec<String> = (0..series.values.len())
                    .filter(|&i| series.values.get(i).is_none_or(|v| !drawable(v)))
                    .map(|i| self.chart.epoch_label(i))
                    .collect();
                let more = if epochs.len() > 6 { format!(" and {} more", epochs.len() - 6) } else { String::new() };
                let some: Vec<String> = epochs.into_iter().take(6).collect();
                (!some.is_empty()).then(|| format!("{} at epoch {}{more}", series.name, some.join(", ")))
            })
            .collect();
        if missing.is_empty() {
            return String::new();
        }
        format!("<p class=\"gaps\">Not a finite number: {}.</p>\n", missing.join("; "))
    }

    /// Place and text of every measurement, as JSON for the script: `[x, text, …]` one after the other.
    fn points(&self) -> String {
        let mut json: Vec<String> = Vec::new();
        for (i, at) in self.chart.at.iter().enumerate().filter(|(_, at)| drawable(&at.0)) {
            let values = self.chart.series.iter().rev().map(|s| (s.name, s.values.get(i).copied().unwrap_or(f64::NAN)));
            let values: Vec<String> = values.map(|(name, value)| format!("{name} {}", self.chart.label(value))).collect();
            let head = format!("epoch {} · {} updates", self.chart.epoch_label(i), whole(at.1 as usize));
            json.push(format!("{:.1},\"{head}\\n{}\"", self.x(at.0), values.join("\\n")));
        }
        format!("[{}]", json.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[f64], unit: Unit) -> String {
        let at = (0..values.len()).map(|i| (i as f64, 10 * i as u64)).collect();
        let train = values.iter().map(|v| v * 0.9).collect();
        let series = vec![Series { name: "train", values: train }, Series { name: "test", values: values.to_vec() }];
        Chart { title: "Loss", unit, at, series }.html()
    }

    /// Every number that stands where the SVG expects one is finite.
    fn assert_drawn(svg: &str) {
        for bad in ["NaN\"", "inf", "NaN ", "d=\"\""] {
            assert!(!svg.split("data-points").nth(1).unwrap_or(svg).split_once('>').unwrap().1.contains(bad), "{bad}: {svg}");
        }
    }

    #[test]
    fn no_points_and_no_finite_points() {
        for values in [&[][..], &[f64::NAN], &[f64::INFINITY, f64::NAN, 1e200]] {
            assert!(chart(values, Unit::Number).contains("No finite value was measured."));
        }
    }

    #[test]
    fn one_two_and_a_hundred_points() {
        for (count, dots) in [(1, 2), (2, 4), (18, 36), (100, 0)] {
            let values: Vec<f64> = (0..count).map(|i| 0.5 + 0.5 / (1.0 + i as f64)).collect();
            for unit in [Unit::Number, Unit::Share(2)] {
                let svg = chart(&values, unit);
                assert_drawn(&svg);
                assert_eq!(svg.matches("class=\"curve").count(), 2);
                assert_eq!(svg.matches("<circle").count(), dots);
                assert_eq!(svg.matches("class=\"end").count(), 2);
            }
        }
    }

    #[test]
    fn gaps_are_left_and_named() {
        let svg = chart(&[2.0, f64::NAN, 1.0, f64::INFINITY, 0.5, 0.4], Unit::Number);
        assert_drawn(&svg);
        assert!(svg.contains("Not a finite number: test at epoch 1, 3; train at epoch 1, 3."));
        let curve = svg.split("curve test").nth(1).unwrap();
        assert_eq!(curve.split("/>").next().unwrap().matches('M').count(), 3);
        assert!(svg.contains("test NaN\\n") && svg.contains("test ∞"));
    }

    #[test]
    fn a_start_far_above_does_not_squeeze_the_rest() {
        let mut values = vec![2.35];
        values.extend((1..18).map(|i| 0.1 + 0.4 / f64::from(i)));
        let svg = chart(&values, Unit::Number);
        assert!(svg.contains("↑ test begins at 2.35"));
        // The axis ends near 0.5, the value after one epoch.
        assert!(svg.contains(">0.5</text>") && !svg.contains(">1.0</text>"));
        assert!(chart(&[0.1, 0.9, 0.92, 0.94, 0.95], Unit::Share(1)).contains("↓ test begins at 10.0\u{a0}%"));
        // What explodes later is shown whole.
        assert!(!chart(&[0.5, 0.4, 0.3, 0.2, 0.2, 40.0], Unit::Number).contains("begins at"));
    }

    #[test]
    fn labels_at_the_end_do_not_overlap() {
        let svg = chart(&[1.0, 1.0], Unit::Number);
        let ys: Vec<f64> = svg
            .split("class=\"end")
            .skip(1)
            .map(|t| t.split("y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap())
            .collect();
        assert!((ys[0] - ys[1]).abs() >= 14.9, "{ys:?}");
    }

    #[test]
    fn extreme_ranges() {
        for values in [[1e-12, 1.1e-12], [1e140, -1e140], [1e9, 1e9 + 1.0], [0.0, 0.0], [5.0, 5.0]] {
            for unit in [Unit::Number, Unit::Share(1)] {
                assert_drawn(&chart(&values, unit));
            }
        }
    }
}
