//! The tables of the page: network, time, measurements, settings.

use std::fmt::Write;

use super::has_accuracy;
use super::overview::{epochs, rate, samples_per_second};
use super::text::{bytes, duration, escape, percent, percent_decimals, shape, short, significant, whole};
use crate::model::Summary;
use crate::train::record::RunRecord;

/// A table of names and values; both are HTML.
fn pairs(caption: &str, rows: &[(String, String)]) -> String {
    let mut html = format!("<table class=\"pairs\">\n<caption class=\"unseen\">{caption}</caption>\n<tbody>\n");
    for (name, value) in rows {
        let _ = writeln!(html, "<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>");
    }
    html + "</tbody>\n</table>\n"
}

/// Layer by layer, with totals and memory.
pub(super) fn network(summary: &Summary) -> String {
    let mut html = format!(
        "<div class=\"scroll\"><table>\n<caption class=\"unseen\">Layers of the network</caption>\n<thead><tr><th scope=\"col\">layer</th>\
         <th scope=\"col\">output shape</th><th scope=\"col\" class=\"n\">parameters</th><th scope=\"col\" class=\"n\">multiply-adds</th></tr></thead>\n\
         <tbody>\n<tr><th scope=\"row\">input</th><td>{}</td><td></td><td></td></tr>\n",
        shape(&summary.input_shape)
    );
    for row in &summary.rows {
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escape(&row.layer),
            shape(&row.output_shape),
            whole(row.parameters),
            whole(row.multiply_adds)
        );
    }
    let _ = write!(
        html,
        "</tbody>\n<tfoot><tr><th scope=\"row\">total</th><td></td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr></tfoot>\n</table></div>\n\
         <p class=\"aside\">Multiply-adds are those of the matrix products for one sample, forward. Memory: {} for the parameters, {} a sample \
         for the outputs of all layers.</p>\n",
        whole(summary.parameters),
        whole(summary.multiply_adds),
        bytes(summary.parameter_bytes),
        bytes(summary.activation_bytes)
    );
    html
}

/// How long it took.
pub(super) fn time(record: &RunRecord) -> String {
    let training = record.iterations as f64 / record.iterations_per_second;
    let mut rows = vec![("whole run".to_string(), duration(record.seconds))];
    if training.is_finite() && training > 0.0 {
        rows.push(("updating".into(), duration(training)));
        rows.push(("measuring and the rest".into(), duration((record.seconds - training).max(0.0))));
        rows.push(("one update".into(), duration(1.0 / record.iterations_per_second)));
        rows.push(("updates per second".into(), rate(record.iterations_per_second)));
        rows.push(("training samples per second".into(), samples_per_second(record).replace(" samples/s", "")));
    }
    rows.push(("updates".into(), whole(record.iterations as usize)));
    rows.push(("passes over the training data".into(), epochs(record.epochs)));
    pairs("Time and speed", &rows)
}

/// All measurements, closed until asked for.
pub(super) fn measurements(record: &RunRecord) -> String {
    let accuracy = has_accuracy(record);
    let decimals = percent_decimals(record.samples.1);
    let heads = [
        ("epoch", true),
        ("updates", true),
        ("train loss", true),
        ("train accuracy", accuracy),
        ("test loss", true),
        ("test accuracy", accuracy),
        ("learning rate", true),
        ("time", true),
    ];
    let mut html = format!(
        "<details>\n<summary>All {} measurements</summary>\n<div class=\"scroll\"><table class=\"measurements\">\n\
         <caption class=\"unseen\">Measurements during training</caption>\n<thead><tr>",
        whole(record.history.len())
    );
    for (head, _) in heads.iter().filter(|(_, shown)| *shown) {
        let _ = write!(html, "<th scope=\"col\" class=\"n\">{head}</th>");
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    let share = |value: Option<f64>| value.map_or("–".into(), |v| percent(v, decimals));
    for r in &record.history {
        let cells = [
            whole(r.iteration as usize),
            significant(r.train_loss, 4),
            share(r.train_accuracy),
            significant(r.test_loss, 4),
            share(r.test_accuracy),
            short(r.learning_rate, 4),
            duration(r.seconds),
        ];
        let _ = write!(html, "<tr><th scope=\"row\" class=\"n\">{}</th>", short(r.epoch, 4));
        for (cell, _) in cells.iter().zip(heads.iter().skip(1)).filter(|(_, (_, shown))| *shown) {
            let _ = write!(html, "<td class=\"n\">{cell}</td>");
        }
        html.push_str("</tr>\n");
    }
    html + "</tbody>\n</table></div>\n</details>\n"
}

/// Every setting.
pub(super) fn settings(record: &RunRecord) -> String {
    let rows: Vec<_> = record.settings.iter().map(|(name, value)| (escape(name), escape(value))).collect();
    if rows.is_empty() { "<p>All settings are the defaults.</p>\n".into() } else { pairs("Settings", &rows) }
}

/// What the program ran on.
pub(super) fn environment(record: &RunRecord) -> String {
    let rows: Vec<_> = record.environment.iter().map(|(name, value)| (escape(name), escape(value))).collect();
    pairs("Environment", &rows)
}

/// The command, and the sum that tells whether a repetition gave the same parameters.
pub(super) fn repeat(record: &RunRecord) -> String {
    let configuration = if record.configuration.is_empty() {
        String::new()
    } else {
        let text = escape(record.configuration.trim_end());
        format!(
            "<details>\n<summary>The complete configuration</summary>\n<pre class=\"command\"><code>{text}</code></pre>\n</details>\n"
        )
    };
    format!(
        "<pre class=\"command\"><code>{}</code></pre>\n{configuration}<p class=\"sum\">SHA-256 of the parameters: <code>{}</code></p>\n",
        escape(&record.command),
        escape(&record.weights_sha256)
    )
}
