//! How a training looks.

use kudari::train::EpochRecord;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Chart, Dataset, Gauge, GraphType, LegendPosition, Paragraph};

use super::state::State;
use crate::output::{duration, loss, number, rounded, share, with_commas};

/// On fewer rows or columns there is only the most important.
const SMALL: (u16, u16) = (60, 18);
/// Orders of magnitude that the bars of the gradients span.
const DECADES: f64 = 8.0;

/// One curve of a chart.
struct Curve {
    name: &'static str,
    points: Vec<(f64, f64)>,
    style: Style,
    marker: Marker,
}

/// The whole picture.
pub fn all(frame: &mut Frame<'_>, state: &State) {
    let area = frame.area();
    let [title, body, bar, keys] =
        Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1), Constraint::Length(1)]).areas(area);
    let [data, network] = &state.title;
    let line = Line::from(vec![Span::styled(data.clone(), bold()), Span::raw("  "), Span::raw(network.clone())]);
    frame.render_widget(Paragraph::new(line), title);
    progress(frame, bar, state);
    frame.render_widget(Paragraph::new(help(state)), keys);
    if area.width < SMALL.0 || area.height < SMALL.1 {
        frame.render_widget(Paragraph::new(numbers(state)), body);
        return;
    }
    let [charts, below] = Layout::vertical([Constraint::Fill(3), Constraint::Fill(2)]).areas(body);
    if state.history.iter().any(|record| record.test_accuracy.is_some()) {
        let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(charts);
        losses(frame, left, state);
        accuracies(frame, right, state);
    } else {
        losses(frame, charts, state);
    }
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(38)]).areas(below);
    gradients(frame, left, state);
    frame.render_widget(Paragraph::new(numbers(state)).block(Block::bordered().title(" now ")), right);
}

fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// A colour where there may be some.
fn colour(state: &State, color: Color) -> Style {
    if state.colours { Style::new().fg(color) } else { Style::new() }
}

fn help(state: &State) -> Line<'static> {
    let status = match (state.stopping, state.paused) {
        (true, _) => "stopping: the model is saved after this update",
        (_, true) => "paused",
        _ => "",
    };
    let pause = if state.paused { " go on   " } else { " pause   " };
    Line::from(vec![
        Span::styled("q", bold()),
        Span::raw(" stop and save   "),
        Span::styled("p", bold()),
        Span::raw(pause),
        Span::styled(status, bold()),
    ])
}

fn progress(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let ratio = (state.iteration as f64 / state.iterations.max(1) as f64).clamp(0.0, 1.0);
    let label = format!("{} of {} iterations", with_commas(state.iteration), with_commas(state.iterations));
    frame.render_widget(Gauge::default().ratio(ratio).label(label).gauge_style(colour(state, Color::Blue)), area);
}

/// What the numbers are at this moment.
fn numbers(state: &State) -> Vec<Line<'static>> {
    let rate = state.rate();
    let last = state.history.last();
    let mut rows = vec![
        ("epoch", rounded(state.epoch())),
        ("iterations/s", with_commas(rate as u64)),
        ("samples/s", with_commas((rate * state.batch_size as f64) as u64)),
        ("time", duration(state.seconds.floor())),
        ("left", state.left().map_or("-".to_string(), |left| duration(left.ceil()))),
        ("learning rate", last.map_or("-".to_string(), |record| number(record.learning_rate))),
        ("batch loss", state.batches.last().map_or("-".to_string(), |point| loss(point.1))),
        ("train loss", last.map_or("-".to_string(), |record| loss(record.train_loss))),
        ("test loss", last.map_or("-".to_string(), |record| loss(record.test_loss))),
    ];
    if let Some(accuracy) = last.and_then(|record| record.test_accuracy) {
        rows.push(("test accuracy", share(Some(accuracy))));
    }
    rows.into_iter()
        .map(|(name, value)| Line::from(vec![Span::raw(format!("{name:<15}")), Span::styled(value, bold())]))
        .collect()
}

/// The measurements as the points of a curve.
fn curve(state: &State, name: &'static str, color: Color, of: impl Fn(&EpochRecord) -> Option<f64>) -> Curve {
    let finite = |record: &EpochRecord| of(record).filter(|value| value.is_finite()).map(|value| (record.epoch, value));
    // Without colours the curve that matters most is told by its marker.
    let marker = if state.colours || name != "test" { Marker::Braille } else { Marker::Dot };
    Curve { name, points: state.history.iter().filter_map(finite).collect(), style: colour(state, color), marker }
}

fn losses(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let batches = state.batches.iter().copied().filter(|point| point.1.is_finite()).collect();
    let curves = [
        Curve { name: "batches", points: batches, style: colour(state, Color::DarkGray), marker: Marker::Braille },
        curve(state, "train", Color::Blue, |record| Some(record.train_loss)),
        curve(state, "validation", Color::Green, |record| record.validation_loss),
        curve(state, "test", Color::LightRed, |record| Some(record.test_loss)),
    ];
    chart(frame, area, " loss ", f64::INFINITY, &curves);
}

fn accuracies(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let curves = [
        curve(state, "train", Color::Blue, |record| record.train_accuracy),
        curve(state, "validation", Color::Green, |record| record.validation_accuracy),
        curve(state, "test", Color::LightRed, |record| record.test_accuracy),
    ];
    chart(frame, area, " accuracy ", 1.0, &curves);
}

/// Curves over epochs; no value can be above `limit`.
fn chart(frame: &mut Frame<'_>, area: Rect, title: &'static str, limit: f64, curves: &[Curve]) {
    let all = || curves.iter().flat_map(|curve| curve.points.iter().copied());
    let (low, high) = range(all().map(|point| point.1));
    let high = if low < limit { high.min(limit) } else { high };
    let last = all().map(|point| point.0).fold(0.0, f64::max).max(1e-9);
    let sets = curves.iter().filter(|curve| !curve.points.is_empty()).map(|curve| {
        Dataset::default()
            .name(curve.name)
            .marker(curve.marker)
            .graph_type(GraphType::Line)
            .style(curve.style)
            .data(&curve.points)
    });
    let middle = f64::midpoint(low, high);
    let x = Axis::default().bounds([0.0, last]).labels(["0".to_string(), format!("epoch {}", rounded(last))]);
    let y = Axis::default().bounds([low, high]).labels([low, middle, high].map(rounded));
    // By default a legend is left out where it takes a quarter of the height: four curves on a small terminal.
    let most = (Constraint::Percentage(60), Constraint::Percentage(60));
    let chart = Chart::new(sets.collect()).block(Block::bordered().title(title)).x_axis(x).y_axis(y);
    let legend = if title == " loss " { LegendPosition::TopRight } else { LegendPosition::BottomRight };
    frame.render_widget(chart.legend_position(Some(legend)).hidden_legend_constraints(most), area);
}

/// From the least to the largest value, with a little air; the beginning, at most a twentieth of the points, may lie beyond.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(&least), Some(&most)) = (sorted.first(), sorted.last()) else { return (0.0, 1.0) };
    let high = sorted.get((sorted.len() - 1) * 19 / 20).copied().unwrap_or(most);
    let most = if most - least > 3.0 * (high - least) && high > least { high } else { most };
    let air = ((most - least) * 0.05).max(most.abs() * 1e-3).max(1e-9);
    let low = if least >= 0.0 && least < 0.3 * most { 0.0 } else { least - air };
    (low, most + air)
}

/// A bar for every parameter: how large its gradient is beside the largest, in orders of magnitude.
fn gradients(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let block = Block::bordered().title(" size of the gradients (logarithmic) ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if state.gradients.is_empty() {
        frame.render_widget(Paragraph::new("none are looked at"), inner);
        return;
    }
    let width = usize::from(inner.width);
    let names = state.gradients.iter().map(|gradient| gradient.0.chars().count()).max().unwrap_or(0).min(width / 3);
    let largest = state.gradients.iter().map(|gradient| gradient.1).fold(f64::MIN_POSITIVE, f64::max);
    let room = width.saturating_sub(names + 12);
    let shown = state.gradients.iter().take(inner.height.into()).map(|(name, size)| {
        let filled = (1.0 + (size / largest).log10() / DECADES).clamp(0.0, 1.0) * room as f64;
        let name: String = name.chars().take(names).collect();
        Line::from(vec![
            Span::raw(format!("{name:<names$} ")),
            Span::styled("█".repeat(filled.round() as usize), colour(state, Color::Yellow)),
            Span::raw(" ".repeat(room - (filled.round() as usize).min(room))),
            Span::raw(format!(" {size:.1e}")),
        ])
    });
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), inner);
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::super::state::tests::state;
    use super::*;

    /// The picture as lines of text, and whether any cell has a colour.
    fn picture(state: &State, width: u16, height: u16) -> (String, bool) {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| all(frame, state)).unwrap();
        let buffer = terminal.backend().buffer();
        let rows = (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>() + "\n");
        let coloured = buffer.content().iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset);
        (rows.collect(), coloured)
    }

    #[test]
    fn everything_is_in_the_picture() {
        let (text, coloured) = picture(&state(true, true), 100, 32);
        for part in [
            "digits",
            "3,760 parameters",
            " loss ",
            " accuracy ",
            "0.weight",
            "1.0e-2",
            "epoch 5",
            "500 of 1,000",
            "q stop and save",
            "p pause",
            "test accuracy",
            "0.6500",
            "validation",
        ] {
            assert!(text.contains(part), "{part} is missing:\n{text}");
        }
        assert!(coloured && text.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)), "{text}");
        let bar = |name: &str| text.lines().find(|line| line.contains(name)).unwrap().matches('█').count();
        assert!(bar("0.weight") > bar("0.bias") && bar("0.bias") > 0 && bar("2.weight") == 0, "{text}");
    }

    #[test]
    fn without_colours_and_for_numbers() {
        let (text, coloured) = picture(&state(false, false), 100, 32);
        assert!(!coloured && !text.contains("accuracy") && text.contains('•'), "{text}");
    }

    #[test]
    fn pauses_and_stops_are_said() {
        let mut some = state(true, true);
        some.paused = true;
        let (text, _) = picture(&some, 100, 32);
        assert!(text.contains("p go on") && text.contains("paused"), "{text}");
        some.stopping = true;
        assert!(picture(&some, 100, 32).0.contains("stopping: the model is saved"));
    }

    #[test]
    fn every_size_of_terminal_will_do() {
        let state = state(true, true);
        for (width, height) in [(1, 1), (5, 40), (300, 3), (59, 18), (60, 18), (200, 60)] {
            picture(&state, width, height);
        }
        assert!(picture(&state, 40, 16).0.contains("iterations/s"));
    }

    #[test]
    fn ranges_hold_what_matters() {
        assert_eq!(range(std::iter::empty()), (0.0, 1.0));
        let (low, high) = range([0.5, 0.5].into_iter());
        assert!(low < 0.5 && high > 0.5 && high < 0.51);
        let (low, high) = range((0..100).map(|i| if i == 0 { 1000.0 } else { 1.0 + f64::from(i) / 100.0 }));
        assert!(low > 0.9 && high < 2.2, "{low} {high}");
    }
}
