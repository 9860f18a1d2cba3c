//! The page as a whole.

use super::*;
use crate::model::{Summary, SummaryRow};
use crate::train::evaluate::{Analysis, WorstSample};
use crate::train::findings::{Findings, WorstRow, Wrong};

/// Markup that would run if it were not escaped.
const EVIL: &str = "<script>alert('1')</script>\"";

fn row(layer: &str, size: usize, parameters: usize) -> SummaryRow {
    SummaryRow { layer: layer.into(), output_shape: vec![size], parameters, multiply_adds: parameters }
}

fn measurement(i: usize, loss: f64, accuracy: Option<f64>) -> EpochRecord {
    EpochRecord {
        epoch: i as f64,
        iteration: 600 * i as u64,
        train_loss: loss * 0.9,
        train_accuracy: accuracy,
        test_loss: loss,
        test_accuracy: accuracy,
        learning_rate: 0.1,
        seconds: i as f64,
        ..EpochRecord::default()
    }
}

fn record(measurements: usize) -> RunRecord {
    RunRecord {
        data: "digits".into(),
        command: "kudari train digits --seed 1".into(),
        settings: vec![("optimizer".into(), "sgd".into())],
        summary: Summary {
            input_shape: vec![1, 28, 28],
            rows: vec![row("linear(50)", 50, 39250), row("linear(10)", 10, 510)],
            parameters: 39760,
            multiply_adds: 39700,
            parameter_bytes: 159040,
            activation_bytes: 3376,
        },
        history: (0..measurements).map(|i| measurement(i, 1.0 / (i + 1) as f64, Some(0.9762))).collect(),
        classes: (0..2).map(|i| i.to_string()).collect(),
        analysis: Some(Analysis {
            confusion: vec![vec![4, 1], vec![2, 3]],
            worst: vec![WorstSample {
                index: 3,
                label: 0,
                predicted: 1,
                probability: 0.983,
                label_probability: 0.004,
                values: vec![0.5; 784],
                shape: vec![1, 28, 28],
            }],
        }),
        scores: None,
        findings: Findings::default(),
        layers: Vec::new(),
        environment: vec![("threads".into(), "2".into())],
        configuration: "seed = 1\n".into(),
        iterations: 600 * measurements.saturating_sub(1) as u64,
        kept: u64::MAX,
        epochs: measurements.saturating_sub(1) as f64,
        seconds: 12.34,
        iterations_per_second: 1234.5,
        samples: (60000, 10000),
        ended_early: None,
        weights_sha256: "ab12".into(),
    }
}

#[test]
fn every_part_is_there() {
    let page = report_html(&record(18));
    for part in [
        "<h1>digits</h1>",
        "<code>linear(50) linear(10)</code>",
        "<dd>97.62\u{a0}%</dd><dd class=\"detail\">238 of 10,000 wrong</dd>",
        "<dd>0.05556</dd>",
        "<dd>39,760</dd>",
        "<dd>12.3\u{a0}s</dd>",
        "<dd>1,235</dd>",
        "<b>Loss</b>",
        "<b>Accuracy</b>",
        "<h2>Confusion matrix</h2>",
        "taken for <b class=\"as\">1</b> (98.3\u{a0}%), its own class got 0.4\u{a0}%",
        "data:image/png;base64,",
        "<td>1 × 28 × 28</td>",
        "kudari train digits --seed 1</code>",
        "All 18 measurements",
        "<code>ab12</code>",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(!page.contains("Ended early"));
}

#[test]
fn foreign_text_is_escaped_everywhere() {
    let mut record = record(3);
    let evil = || EVIL.to_string();
    (record.data, record.command, record.weights_sha256, record.ended_early) = (evil(), evil(), evil(), Some(evil()));
    record.settings = vec![(evil(), evil())];
    (record.environment, record.configuration) = (vec![(evil(), evil())], evil());
    record.classes = vec![evil(), evil()];
    record.summary.rows[0].layer = evil();
    let page = report_html(&record);
    assert!(!page.contains("<script>alert") && !page.contains("alert('1')"));
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(page.matches("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;").count() >= 15);
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let page = report_html(&record(18));
    for outside in ["http:", "https:", "src=\"/", "href", "@import", "<link", "//"] {
        // `//` begins a comment in the script.
        let page = page.replace("  // ", "").replace("\n// Shows", "");
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("url(").count(), page.matches("url(#clip-").count());
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn any_number_of_measurements() {
    for count in [0, 1, 2, 100] {
        let page = report_html(&record(count));
        assert!(page.contains(&format!("All {count} measurements")), "{count}");
        assert!(page.ends_with("</html>\n"));
    }
    assert!(report_html(&record(0)).contains("No finite value was measured."));
}

#[test]
fn a_run_that_failed() {
    let mut record = record(3);
    record.history[2] = measurement(2, f64::NAN, Some(f64::NAN));
    record.ended_early = Some("iteration 950: the loss is NaN".into());
    record.iterations = 949;
    let page = report_html(&record);
    assert!(page.contains("<b>Ended early:</b> iteration 950: the loss is NaN"));
    assert!(page.contains("measured after 1,200 updates; the parameters kept are those after 949 updates"));
    assert!(page.contains("<dt>test accuracy</dt><dd>–</dd>") && page.contains("<dt>test loss</dt><dd>NaN</dd>"));
    assert!(page.contains("Lowest test loss 0.5000 at epoch 1"));
}

#[test]
fn regression_has_no_accuracy() {
    let mut record = record(5);
    (record.analysis, record.classes) = (None, Vec::new());
    record.history = (0..5).map(|i| measurement(i, 0.5, None)).collect();
    let page = report_html(&record);
    assert!(page.contains("<b>Loss</b>") && !page.replace(SCRIPT, "").to_lowercase().contains("accuracy"));
    assert!(!page.contains("Confusion"));
}

#[test]
fn rows_of_a_table_stand_in_for_samples() {
    let mut record = record(2);
    let wrong = Wrong::Class { label: 0, predicted: 1, probability: 0.9, label_probability: 0.1 };
    record.findings.worst_rows = vec![WorstRow { index: 7, cells: vec![("size".into(), "12".into())], wrong }];
    let page = report_html(&record);
    assert!(page.contains("<h2>Worst rows</h2>") && !page.contains("Worst classified samples"));
    assert!(page.contains("<h2>Environment</h2>") && page.contains("<code>seed = 1</code>"));
}

#[test]
fn the_same_record_gives_the_same_page() {
    assert_eq!(report_html(&record(18)), report_html(&record(18).clone()));
}
