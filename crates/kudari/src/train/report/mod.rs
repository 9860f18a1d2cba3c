//! The report of a run as one self-contained page: it reads without a network, without a script and on paper.
//!
//! `overview` begins the page, `chart` (on `axis`) draws the curves, `confusion` and `samples` (on `png`) show what was
//! taken for what, `findings` residuals, columns and rows, `layers` parameters and gradients, `tables` lists the rest. `text` writes numbers and makes foreign text harmless: every name, setting
//! and command goes through it. The page depends on the record alone, so the same record gives the same bytes.

mod axis;
mod chart;
mod confusion;
mod findings;
mod layers;
mod overview;
mod png;
mod samples;
mod tables;
mod text;

use sha2::{Digest, Sha256};

use super::record::{EpochRecord, RunRecord};
use chart::{Chart, Series, Unit};
use confusion::Confusion;
use text::{escape, percent_decimals};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The report as HTML, which needs nothing from anywhere else.
pub fn report_html(record: &RunRecord) -> String {
    // The browser is told to load nothing and to run this one script, so that markup in a name could do no harm even if
    // it were not escaped.
    let script_sum = png::base64(&Sha256::digest(SCRIPT.as_bytes()));
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; \
         style-src 'unsafe-inline'; script-src 'sha256-{script_sum}'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{} – kudari</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        escape(&record.data)
    );
    html += &overview::html(record);
    html += "<main>\n";
    html += &section("Learning curves", &curves(record));
    if let Some(analysis) = &record.analysis {
        html += &section("Confusion matrix", &Confusion::new(analysis, &record.classes).html());
        // The rows of a table are shown with the names of their columns instead.
        if !analysis.worst.is_empty() && record.findings.worst_rows.is_empty() {
            html += &section("Worst classified samples", &samples::html(&analysis.worst, &record.classes));
        }
    }
    html += &found(record);
    html += &section("Network", &tables::network(&record.summary));
    if !record.layers.is_empty() {
        html += &section("Layers while they learnt", &layers::html(&record.layers));
    }
    html += "<div class=\"beside\">\n";
    html += &section("Time and speed", &tables::time(record));
    html += &section("Settings", &tables::settings(record));
    if !record.environment.is_empty() {
        html += &section("Environment", &tables::environment(record));
    }
    html += "</div>\n";
    html += &section("Repeat this run", &tables::repeat(record));
    html += "</main>\n";
    html += &format!(
        "<footer>Written by kudari {}. This page needs no network.</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    );
    html
}

/// What there is of residuals, importance and worst rows.
fn found(record: &RunRecord) -> String {
    let findings = &record.findings;
    let mut html = String::new();
    if let Some(residuals) = &findings.residuals {
        html += &section("Residuals", &findings::residuals(residuals));
    }
    if let Some(importance) = &findings.importance {
        html += &section("Importance of the columns", &findings::importance(importance));
    }
    if !findings.worst_rows.is_empty() {
        html += &section("Worst rows", &findings::worst_rows(&findings.worst_rows, &record.classes));
    }
    html
}

fn section(title: &str, content: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n{content}</section>\n")
}

/// Whether the data have classes: there is no accuracy where targets are numbers.
fn has_accuracy(record: &RunRecord) -> bool {
    record.history.iter().any(|r| r.test_accuracy.is_some() || r.train_accuracy.is_some())
}

fn curves(record: &RunRecord) -> String {
    let decided = record.history.iter().any(|r| r.validation_loss.is_some());
    let chart = |title, unit, of: [fn(&EpochRecord) -> Option<f64>; 3]| {
        let series = ["train", "validation", "test"].into_iter().zip(of).filter(|(name, _)| decided || *name != "validation");
        let values = |of: fn(&EpochRecord) -> Option<f64>| record.history.iter().map(|r| of(r).unwrap_or(f64::NAN)).collect();
        let series = series.map(|(name, of)| Series { name, values: values(of) }).collect();
        Chart { title, unit, at: record.history.iter().map(|r| (r.epoch, r.iteration)).collect(), series }.html()
    };
    let mut html = String::from("<div class=\"charts\">\n");
    html += &chart("Loss", Unit::Number, [|r| Some(r.train_loss), |r| r.validation_loss, |r| Some(r.test_loss)]);
    if has_accuracy(record) {
        let unit = Unit::Share(percent_decimals(record.samples.1));
        html += &chart("Accuracy", unit, [|r| r.train_accuracy, |r| r.validation_accuracy, |r| r.test_accuracy]);
    }
    html + "</div>\n" + &overview::best(record) + &tables::measurements(record)
}

#[cfg(test)]
mod tests;
