//! The head of the page: what was trained, and what came of it.

use super::has_accuracy;
use super::text::{bytes, count, duration, escape, percent, percent_decimals, short, significant, whole};
use crate::train::record::{EpochRecord, RunRecord};

/// Epochs as a reader would say them: 18, 2.35.
pub(super) fn epochs(number: f64) -> String {
    let text = if number.fract() == 0.0 { whole(number as usize) } else { short(number, 4) };
    format!("{text} {}", if number == 1.0 { "epoch" } else { "epochs" })
}

/// The layers in the notation that makes them.
fn notation(record: &RunRecord) -> String {
    record.summary.rows.iter().map(|row| escape(&row.layer)).collect::<Vec<_>>().join(" ")
}

/// One large number with its name and a line of detail, which may be empty.
fn figure(name: &str, value: &str, detail: &str) -> String {
    format!("<div><dt>{name}</dt><dd>{value}</dd><dd class=\"detail\">{detail}</dd></div>\n")
}

/// The head of the page.
pub(super) fn html(record: &RunRecord) -> String {
    let (train, test) = record.samples;
    let last = record.history.last();
    let early = record
        .ended_early
        .as_ref()
        .map_or(String::new(), |why| format!("<p class=\"early\" role=\"note\"><b>Ended early:</b> {}</p>\n", escape(why)));
    format!(
        "<header>\n<p class=\"kind\">Training report</p>\n<h1>{}</h1>\n<p class=\"notation\"><code>{}</code></p>\n\
         <p>Trained on {} for {} ({}), tested on {}.</p>\n{early}<dl class=\"figures\">\n{}</dl>\n{}</header>\n",
        escape(&record.data),
        notation(record),
        count(train, "sample"),
        epochs(record.epochs),
        count(record.iterations as usize, "update"),
        count(test, "sample"),
        figures(record, last),
        last.map_or(String::new(), |last| measured_when(record, last))
    )
}

fn figures(record: &RunRecord, last: Option<&EpochRecord>) -> String {
    let test = record.samples.1;
    let mut html = String::new();
    if has_accuracy(record) {
        let accuracy = last.and_then(|r| r.test_accuracy).unwrap_or(f64::NAN);
        let wrong = ((1.0 - accuracy) * test as f64).round();
        let detail =
            if wrong.is_finite() { format!("{} of {} wrong", whole(wrong as usize), whole(test)) } else { String::new() };
        html += &figure("test accuracy", &percent(accuracy, percent_decimals(test)), &detail);
    }
    if let Some(scores) = &record.scores {
        let explained = scores.r_squared.map_or("–".into(), |r| short(r, 4));
        html += &figure("R² on test data", &explained, "share of the variance that is explained");
        let detail = format!("mean absolute error {}", short(scores.mean_absolute_error, 4));
        html += &figure("root mean squared error", &short(scores.root_mean_squared_error, 4), &detail);
    }
    let loss = |of: fn(&EpochRecord) -> f64| last.map_or("–".into(), |r| short(of(r), if of(r).abs() < 0.01 { 3 } else { 4 }));
    html += &figure("test loss", &loss(|r| r.test_loss), &format!("training data {}", loss(|r| r.train_loss)));
    html += &figure("parameters", &whole(record.summary.parameters), &bytes(record.summary.parameter_bytes));
    html += &figure("time", &duration(record.seconds), &epochs(record.epochs));
    html + &figure("updates per second", &rate(record.iterations_per_second), &samples_per_second(record))
}

/// A number per second: whole if it is large.
pub(super) fn rate(per_second: f64) -> String {
    if per_second.is_finite() && per_second >= 100.0 { whole(per_second.round() as usize) } else { short(per_second, 3) }
}

/// Training samples per second, empty if nothing was trained.
pub(super) fn samples_per_second(record: &RunRecord) -> String {
    // The mean size of a batch: the last of an epoch may be smaller than the others.
    let batch = record.epochs * record.samples.0 as f64 / record.iterations as f64;
    let speed = batch * record.iterations_per_second;
    if speed.is_finite() && speed > 0.0 { format!("{} samples/s", rate(speed)) } else { String::new() }
}

/// Says so if the last measurement is not of the parameters that were kept, as after a failure.
fn measured_when(record: &RunRecord, last: &EpochRecord) -> String {
    if last.iteration == record.iterations {
        return String::new();
    }
    format!(
        "<p class=\"gaps\">Loss and accuracy were measured after {}; the parameters kept are those after {}.</p>\n",
        count(last.iteration as usize, "update"),
        count(record.iterations as usize, "update")
    )
}

/// When the test data were served best, which is where training longer stopped to help.
pub(super) fn best(record: &RunRecord) -> String {
    // Only a measurement that is truly better replaces an earlier one.
    let best = |value: fn(&EpochRecord) -> f64| {
        let finite = record.history.iter().filter(|r| value(r).is_finite());
        finite.reduce(|best, r| if value(r) > value(best) { r } else { best })
    };
    let Some(lowest) = best(|r| -r.test_loss).filter(|_| record.history.len() > 1) else { return String::new() };
    let mut text = format!("Lowest test loss {} at epoch {}", significant(lowest.test_loss, 4), short(lowest.epoch, 4));
    if let Some(highest) = best(|r| r.test_accuracy.unwrap_or(f64::NAN)) {
        let share = percent(highest.test_accuracy.unwrap_or(f64::NAN), percent_decimals(record.samples.1));
        text += &format!("; highest test accuracy {share} at epoch {}", short(highest.epoch, 4));
    }
    format!("<p>{text}.</p>\n")
}
