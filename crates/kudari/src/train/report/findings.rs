//! What a network makes of the data beside its scores: residuals, the importance of columns, the rows that are most wrong.

use std::fmt::Write;

use super::axis::{Axis, tick_label};
use super::confusion::class_name;
use super::text::{count, escape, percent, short, significant, whole};
use crate::train::findings::{Residuals, WorstRow, Wrong};
use crate::train::importance::Importance;

// The pictures in units of the SVG, as those of the curves.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = WIDTH - 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = HEIGHT - 44.0;
/// Columns beyond these matter least.
const COLUMNS: usize = 20;

/// Two axes and what lies between them.
struct Frame {
    x: Axis,
    y: Axis,
}

impl Frame {
    fn x(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        BOTTOM - self.y.place(value) * (BOTTOM - TOP)
    }

    /// Ticks and the names of the axes.
    fn grid(&self, x_name: &str, y_name: &str) -> String {
        let mut svg = String::from("<g class=\"grid\">\n");
        let (ticks, step) = self.x.ticks(5, 0.0);
        for tick in ticks {
            let _ = writeln!(
                svg,
                "<text class=\"x\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                self.x(tick),
                BOTTOM + 17.0,
                tick_label(tick, step)
            );
        }
        let (ticks, step) = self.y.ticks(6, 0.0);
        for tick in ticks {
            let (y, label) = (self.y(tick), tick_label(tick, step));
            let _ = writeln!(
                svg,
                "<path d=\"M{LEFT} {y:.1}H{RIGHT}\"/><text class=\"y\" x=\"{:.1}\" y=\"{:.1}\">{label}</text>",
                LEFT - 7.0,
                y + 4.0
            );
        }
        let middle = (LEFT + RIGHT) / 2.0;
        let _ = writeln!(
            svg,
            "<path class=\"axis\" d=\"M{LEFT} {BOTTOM}H{RIGHT}\"/><text class=\"x\" x=\"{middle}\" y=\"{}\">{x_name}</text>",
            BOTTOM + 36.0
        );
        let _ = writeln!(
            svg,
            "<text class=\"x\" transform=\"translate(12 {}) rotate(-90)\">{y_name}</text>\n</g>",
            (TOP + BOTTOM) / 2.0
        );
        svg
    }
}

fn figure(title: &str, in_words: &str, svg: &str) -> String {
    format!(
        "<figure class=\"chart\"><figcaption><b>{title}</b></figcaption>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{in_words}\">\n{svg}</svg></figure>\n"
    )
}

/// Predicted over true numbers, and how often predictions are how far off.
pub(super) fn residuals(residuals: &Residuals) -> String {
    let drawn = if residuals.points.len() < residuals.count {
        format!(" {} of them are drawn on the left.", whole(residuals.points.len()))
    } else {
        String::new()
    };
    let (below, above) = residuals.beyond;
    let beyond = if below + above > 0 {
        format!(" {} further below and {} further above are not in the picture.", whole(below), whole(above))
    } else {
        String::new()
    };
    let text = format!(
        "<p>A residual is what is predicted less what is true: {} of the test data have a mean of {} and a standard deviation of {}.{drawn}{beyond}</p>\n",
        count(residuals.count, "residual"),
        short(residuals.mean, 3),
        short(residuals.deviation, 4)
    );
    format!("<div class=\"charts\">\n{}{}</div>\n{text}", scatter(residuals), distribution(residuals))
}

fn scatter(residuals: &Residuals) -> String {
    let all = residuals.points.iter().flat_map(|&(t, p)| [t, p]);
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let axis = Axis::around(low, high);
    let frame = Frame { x: axis, y: axis };
    let mut svg = frame.grid("true", "predicted");
    let _ = writeln!(
        svg,
        "<path class=\"right-line\" d=\"M{:.1} {:.1}L{:.1} {:.1}\"/>",
        frame.x(axis.low),
        frame.y(axis.low),
        frame.x(axis.high),
        frame.y(axis.high)
    );
    // One path of lines without length, which round ends make dots: a tenth of the bytes of as many circles.
    let dots = residuals.points.iter().map(|&(t, p)| format!("M{:.1} {:.1}h0", frame.x(t), frame.y(p)));
    let _ = writeln!(svg, "<path class=\"dots\" d=\"{}\"/>", dots.collect::<String>());
    figure("Predicted and true", "Predicted over true numbers; on the line both are the same.", &svg)
}

fn distribution(residuals: &Residuals) -> String {
    let (low, width) = residuals.bins;
    let highest = residuals.counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let high = low + width * residuals.counts.len() as f64;
    let frame = Frame { x: Axis::new(low, high), y: Axis::new(0.0, highest * 1.05) };
    let mut svg = frame.grid("predicted − true", "samples");
    let mut bars = String::new();
    for (i, &count) in residuals.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let [left, right] = [i as f64, i as f64 + 1.0].map(|edge| frame.x(low + width * edge));
        let _ = write!(bars, "M{:.1} {BOTTOM}V{:.1}H{:.1}V{BOTTOM}z", left + 0.5, frame.y(count as f64), right - 0.5);
    }
    let _ = writeln!(
        svg,
        "<path class=\"bars\" d=\"{bars}\"/>\n<path class=\"right-line\" d=\"M{0:.1} {BOTTOM}V{TOP}\"/>",
        frame.x(0.0)
    );
    let in_words = format!("How many residuals lie where, from {} to {}.", short(low, 3), short(high, 3));
    figure("Residuals", &in_words, &svg)
}

/// The columns that matter most, each with a bar.
pub(super) fn importance(importance: &Importance) -> String {
    let most = importance.columns.first().map_or(0.0, |column| column.added).max(f64::MIN_POSITIVE);
    let mut html = format!(
        "<p>What is added to the loss of {} when the values of one column are shuffled among {} of the test data, the mean over five shuffles. \
         Columns that say the same share their importance.</p>\n<table class=\"importance\">\n<caption class=\"unseen\">Importance of the columns</caption>\n\
         <thead><tr><th scope=\"col\">column</th><th scope=\"col\"></th><th scope=\"col\" class=\"n\">added to the loss</th>\
         <th scope=\"col\" class=\"n\">share of the loss</th></tr></thead>\n<tbody>\n",
        short(importance.loss, 4),
        count(importance.rows, "row")
    );
    for column in importance.columns.iter().take(COLUMNS) {
        let width = (column.added / most * 100.0).clamp(0.0, 100.0);
        let share = column.added / importance.loss;
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td class=\"bar\"><i style=\"width:{width:.1}%\"></i></td><td class=\"n\">{} ± {}</td><td class=\"n\">{}</td></tr>",
            escape(&column.column),
            short(column.added, 3),
            short(column.deviation, 2),
            of_loss(share)
        );
    }
    html += "</tbody>\n</table>\n";
    let more = importance.columns.len().saturating_sub(COLUMNS);
    if more > 0 {
        html += &format!("<p class=\"aside\">{} that matter less are left out.</p>\n", count(more, "column"));
    }
    html
}

/// A share of the loss, which may be many times the whole.
fn of_loss(share: f64) -> String {
    match share * 100.0 {
        percent if !percent.is_finite() => "–".into(),
        percent if (1000.0..1e15).contains(&percent) => format!("{}\u{a0}%", whole(percent.round() as usize)),
        percent => format!("{}\u{a0}%", short((percent * 10.0).round() / 10.0, 4)),
    }
}

/// The rows that are most wrong, with all their cells.
pub(super) fn worst_rows(rows: &[WorstRow], classes: &[String]) -> String {
    let numbers = rows.iter().any(|row| matches!(row.wrong, Wrong::Number { .. }));
    let which = if numbers {
        "The rows of the test data whose predictions are furthest off."
    } else {
        "The wrongly classified rows of the test data to whose class the network gave the least probability."
    };
    let heads: &[&str] = if numbers { &["true", "predicted", "residual"] } else { &["class", "taken for", "its own class got"] };
    let mut html = format!(
        "<p>{which} They are numbered from 0 as they were divided, and their cells are read back from the inputs of the network.</p>\n\
         <div class=\"scroll\"><table class=\"worst-rows\">\n<caption class=\"unseen\">Rows that are most wrong</caption>\n<thead><tr><th scope=\"col\" class=\"n\">no.</th>"
    );
    let columns = rows.first().map_or(&[][..], |row| &row.cells);
    let names = heads.iter().map(|head| head.to_string()).chain(columns.iter().map(|cell| escape(&cell.0)));
    names.for_each(|name| html.push_str(&format!("<th scope=\"col\">{name}</th>")));
    html += "</tr></thead>\n<tbody>\n";
    for row in rows {
        let wrong = match row.wrong {
            Wrong::Class { label, predicted, probability, label_probability } => [
                class_name(classes, label),
                format!("<b class=\"as\">{}</b> ({})", class_name(classes, predicted), percent(probability, 1)),
                percent(label_probability, 1),
            ],
            Wrong::Number { truth, predicted } => {
                let [truth, shown, residual] = [truth, predicted, predicted - truth].map(|value| significant(value, 5));
                [truth, format!("<b class=\"as\">{shown}</b>"), residual]
            }
        };
        let _ = write!(html, "<tr><th scope=\"row\" class=\"n\">{}</th>", whole(row.index));
        let cells = wrong.into_iter().chain(row.cells.iter().map(|cell| escape(&cell.1)));
        cells.for_each(|cell| html.push_str(&format!("<td>{cell}</td>")));
        html += "</tr>\n";
    }
    html + "</tbody>\n</table></div>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::importance::ColumnImportance;

    #[test]
    fn residuals_are_two_pictures() {
        let mut some = Residuals {
            points: vec![(0.0, 1.0), (10.0, 9.0)],
            count: 2,
            mean: 0.0,
            deviation: 1.0,
            bins: (-1.5, 1.0),
            counts: vec![1, 0, 1],
            beyond: (0, 0),
        };
        let html = residuals(&some);
        assert!(
            html.contains("<b>Predicted and true</b>")
                && html.contains("2 residuals of the test data have a mean of 0 and a standard deviation of 1.")
        );
        assert_eq!(html.matches("h0").count(), 2);
        // Two bars of the same height, one on either side of the line at 0.
        let bars = html.split("class=\"bars\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        let [left, right]: [&str; 2] = bars.split_inclusive('z').collect::<Vec<_>>().try_into().unwrap();
        let height = |bar: &str| bar.split('V').nth(1).unwrap().split('H').next().unwrap().to_string();
        assert_eq!(height(left), height(right));
        (some.beyond, some.count) = ((3, 4), 9);
        let html = residuals(&some);
        assert!(
            html.contains("3 further below and 4 further above are not in the picture") && html.contains("2 of them are drawn")
        );
    }

    #[test]
    fn columns_have_bars() {
        let column = |name: &str, added: f64| ColumnImportance { column: name.into(), added, deviation: 0.01 };
        let mut columns = vec![column("<b>", 0.5), column("plain", 0.25), column("useless", -0.001)];
        columns.extend((0..30).map(|i| column(&format!("more {i}"), -1.0)));
        let html = importance(&Importance { loss: 0.25, rows: 30, columns });
        assert!(
            html.contains("&lt;b&gt;")
                && html.contains("width:100.0%")
                && html.contains("width:50.0%")
                && html.contains("width:0.0%")
        );
        assert!(html.contains("0.5 ± 0.01") && html.contains(">200\u{a0}%<") && html.contains("13 columns that matter less"));
        // A loss of 0 has no shares.
        assert!(
            importance(&Importance { loss: 0.0, rows: 1, columns: vec![column("a", 0.0)] }).contains("<td class=\"n\">–</td>")
        );
    }

    #[test]
    fn rows_have_their_cells() {
        let cells = vec![("size & <b>".to_string(), "12".to_string()), ("city".to_string(), "<i>Rome</i>".to_string())];
        let class = Wrong::Class { label: 0, predicted: 1, probability: 0.9, label_probability: 0.1 };
        let html = worst_rows(&[WorstRow { index: 1234, cells: cells.clone(), wrong: class }], &["no".into(), "yes".into()]);
        assert!(html.contains("size &amp; &lt;b&gt;") && html.contains("&lt;i&gt;Rome") && html.contains("1,234"));
        assert!(html.contains("<td>no</td><td><b class=\"as\">yes</b> (90.0\u{a0}%)</td><td>10.0\u{a0}%</td>"));
        let html = worst_rows(&[WorstRow { index: 0, cells, wrong: Wrong::Number { truth: 2.0, predicted: 1.5 } }], &[]);
        assert!(html.contains("<td>2.0000</td><td><b class=\"as\">1.5000</b></td><td>−0.50000</td>"), "{html}");
    }
}
