//! `kudari train --profile`: the table, the files, and that the training is the same.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use common::Folder;
use serde_json::Value;

#[test]
fn the_table_fits_a_terminal_and_names_the_layers() {
    let folder = Folder::new();
    let net = "conv(4,3) relu maxpool(2) flatten linear(10)";
    let run = folder.run(&["train", "digits", "--net", net, "--iterations", "30", "--profile"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let table: Vec<&str> = run.stdout.lines().skip_while(|line| !line.starts_with("function ")).collect();
    assert!(table.iter().all(|line| line.chars().count() <= 100), "{}", run.stdout);
    let line = |start: [&str; 4]| {
        assert!(
            table.iter().any(|line| line.split_whitespace().collect::<Vec<_>>().starts_with(&start)),
            "{start:?}\n{}",
            run.stdout
        );
    };
    line(["conv2d_relu_max_pool2d", "forward", "0.conv(4,3)", "30"]);
    line(["conv2d_relu_max_pool2d", "backward", "0.conv(4,3)", "30"]);
    line(["reshape", "forward", "3.flatten", "30"]);
    line(["linear", "backward", "4.linear(10)", "30"]);
    assert!(table.iter().any(|line| line.starts_with("the machine's peak ")), "{}", run.stdout);
    assert!(table.last().unwrap().starts_with("runs/digits-1/profile.json: "), "{}", run.stdout);
    assert_eq!(
        folder.names("runs/digits-1"),
        ["checkpoints", "config.toml", "metrics.csv", "metrics.jsonl", "model.safetensors", "profile.json", "report.html"]
    );
}

#[test]
fn programs_get_all_of_it_and_the_training_is_the_same() {
    let folder = Folder::new();
    let arguments = ["train", "xor", "--iterations", "100", "--json", "--quiet"];
    let plain = folder.json(&arguments);
    let watched = folder.json(&[&arguments[..], &["--profile", "spans.json", "--out", "here"]].concat());
    assert_eq!((&watched["weights_sha256"], plain.get("profile")), (&plain["weights_sha256"], None));
    assert_eq!(
        folder.names("here"),
        ["checkpoints", "config.toml", "metrics.csv", "metrics.jsonl", "model.safetensors", "report.html"]
    );
    let profile = &watched["profile"];
    let rows = profile["rows"].as_array().unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    let shares: f64 = rows.iter().map(|row| number(&row["share"])).sum();
    let outside = number(&profile["outside_seconds"]) / number(&profile["seconds"]);
    assert!((shares + outside - 1.0).abs() < 1e-9, "{profile}");
    assert!(number(&profile["peak"]["gigaflops"]) > 0.0 && number(&profile["peak"]["gigabytes_per_second"]) > 0.0);
    let calls = |name: &str, pass: &str| {
        let rows = rows.iter().filter(|row| row["name"] == name && row["pass"] == pass);
        rows.map(|row| row["calls"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(["sgd", "adam", "momentum"].map(|name| calls(name, "update")).iter().sum::<u64>(), 100);
    assert_eq!((calls("softmax_cross_entropy", "forward"), calls("softmax_cross_entropy", "backward")), (100, 100));
    assert_eq!(calls("reading the batch", "part"), 100);
    // A training asks the system for nothing new once it runs.
    let short = folder.json(&["train", "xor", "--iterations", "10", "--json", "--quiet", "--profile"]);
    assert!(profile["allocations"]["blocks"].as_u64() > Some(0));
    assert_eq!(profile["allocations"], short["profile"]["allocations"]);
    let trace: Value = serde_json::from_slice(&folder.read("spans.json")).unwrap();
    assert!(trace["traceEvents"].as_array().unwrap().len() > 800);
}

#[test]
fn a_file_that_cannot_be_is_an_error_before_the_training() {
    let folder = Folder::new();
    folder.run(&["train", "xor", "--profile", "nowhere/profile.json"]).fails(1, "nowhere: there is no such folder");
    folder.run(&["train", "xor", "--profile", "."]).fails(1, ".: is a folder");
    assert!(!folder.path().join("runs").exists());
}
