//! eval, predict, summary, check, and the help of all commands.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use common::{Folder, Run, idx_bytes};
use serde_json::Value;

#[test]
fn a_model_is_measured_as_it_was_at_the_end_of_training() {
    let folder = Folder::new();
    for dtype in ["f32", "f64", "bf16"] {
        let trained = folder.json(&["train", "digits", "--epochs", "3", "--dtype", dtype, "--out", dtype, "--json", "--quiet"]);
        let measured = folder.json(&["eval", dtype, "digits", "--json"]);
        let same = ["loss", "accuracy"].map(|f| measured[f] == trained[format!("test_{f}")]);
        assert_eq!((same, measured["samples"].as_u64().unwrap() > 300), ([true, true], true), "{measured} {trained}");
        let train = folder.json(&["eval", &format!("{dtype}/model.safetensors"), "digits:train", "--json"]);
        assert_eq!(train["loss"], trained["train_loss"]);
    }
    let run = folder.run(&["eval", "f32", "digits"]);
    assert!(run.stdout.contains("accuracy") && run.stdout.contains("recognised"), "{}", run.stdout);
    assert_eq!(run.stdout.lines().count(), 5 + 11, "the confusion matrix has a line a class: {}", run.stdout);
}

/// Bytes of an IDX file are taken as the model was trained to see them: xor's bits as they are, not divided by 255.
#[test]
fn predictions_are_one_line_a_sample() {
    let folder = Folder::new();
    folder.train_xor();
    folder.write("x.idx", &idx_bytes(&[4, 2], &[0, 0, 1, 1, 0, 1, 1, 0]));
    let run = folder.run(&["predict", "xor", "x.idx"]);
    let lines: Vec<Vec<&str>> = run.stdout.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(lines.iter().map(|l| (l[0], l[1])).collect::<Vec<_>>(), [("0", "0"), ("1", "0"), ("2", "1"), ("3", "1")]);
    assert!(lines.iter().all(|l| l[2].parse::<f64>().unwrap() > 0.9), "{}", run.stdout);
    let json = folder.run(&["predict", "xor", "x.idx", "--json"]);
    let last: Value = serde_json::from_str(json.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&last["index"], &last["class"], last["probability"].as_f64().unwrap() > 0.9), (&3.into(), &"1".into(), true));
    folder.write("t.idx", &idx_bytes(&[4], &[0, 0, 1, 0]));
    assert_eq!(folder.json(&["eval", "xor", "x.idx,t.idx", "--json"])["accuracy"], 0.75);
}

#[test]
fn nobody_reading_on_is_no_error() {
    let folder = Folder::new();
    folder.train_xor();
    folder.write("x.idx", &idx_bytes(&[20_000, 2], &[1; 40_000]));
    let mut child = folder.command(&["predict", "xor", "x.idx"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!((run.status, run.stderr.as_str(), line.trim_start().starts_with("0  ")), (0, "", true));
}

#[test]
fn a_summary_counts() {
    let folder = Folder::new();
    for input in ["784", "1x28x28", "1,28,28"] {
        let summary = folder.json(&["summary", "linear(50) sigmoid linear(10)", "--input", input, "--json"]);
        assert_eq!((&summary["parameters"], &summary["multiply_adds"]), (&39_760.into(), &39_700.into()));
        assert_eq!(summary["layers"][1]["output_shape"], serde_json::json!([50]));
    }
    assert!(folder.run(&["summary", "linear(50)", "--input", "784"]).stdout.contains("39,250"));
    folder.run(&["summary", "linear(50)", "--input", "28x0"]).fails(2, "28x0");
}

#[test]
fn gradients_are_checked() {
    let folder = Folder::new();
    let check = |rest: &[&str]| folder.json(&[&["check", "linear(9) sigmoid linear(10)", "--json"], rest].concat());
    let all = check(&["--input", "5"]);
    assert_eq!((&all["checked"], &all["passed"], &all["kinks"]), (&154.into(), &true.into(), &0.into()));
    assert!(all["max_relative_error"].as_f64().unwrap() <= 1e-5 && all["worst"].is_string(), "{all}");
    assert_eq!(check(&["--data", "digits", "--samples", "40", "--batch", "4"])["checked"], 40);
    assert_eq!(check(&["--input", "1x2x2", "--loss", "mean_squared_error"])["passed"], true);
    folder.run(&["check", "linear(3)"]).fails(2, "were not provided");
    folder.run(&["check", "linear(3)", "--input", "4", "--classes", "5"]).fails(2, "has 3 outputs, the data have 5 classes");
    folder.run(&["check", "relu", "--input", "4"]).fails(2, "has no parameters");
    // The step function's derivative is stated as 0, which it is wherever it exists.
    assert_eq!(folder.json(&["check", "linear(4) step linear(2)", "--input", "3", "--json"])["passed"], true);
}

#[test]
fn every_command_teaches() {
    let folder = Folder::new();
    let help = folder.run(&["--help"]).stdout;
    for command in ["train", "eval", "predict", "summary", "check", "bench", "diff", "gradient", "descend", "functions"] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        let own = folder.run(&[command, "--help"]).stdout;
        assert!(own.contains("Examples:\n") && own.contains(&format!("kudari {command}")), "{own}");
    }
    assert!(help.contains("A tour:"));
    assert!(folder.run(&["--version"]).stdout.starts_with("kudari "));
    assert_eq!(folder.run(&[]).status, 2);
    assert_eq!(folder.run(&["trian"]).status, 2);
}
