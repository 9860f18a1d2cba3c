//! `kudari train`: what it prints, what it leaves behind, and that the same seed gives the same bits.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use std::process::Command;

use common::{Folder, Run, idx_bytes, write_four};
use kudari::layers::Layer;
use kudari::model::Model;

const FIELDS: [&str; 14] = [
    "data",
    "net",
    "parameters",
    "seed",
    "iterations",
    "epochs",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "seconds",
    "iterations_per_second",
    "weights_sha256",
    "run",
];

#[test]
fn the_defaults_learn_xor_and_digits() {
    let folder = Folder::new();
    for seed in ["1", "2", "3"] {
        let xor = folder.json(&["train", "xor", "--json", "--quiet", "--seed", seed]);
        assert_eq!(xor["test_accuracy"], 1.0);
    }
    let digits = folder.json(&["train", "digits", "--json"]);
    assert!(digits["test_accuracy"].as_f64().unwrap() >= 0.96, "{digits}");
    assert_eq!(digits["run"], "runs/digits-1");
}

#[test]
fn json_holds_exactly_its_fields_in_their_order() {
    let folder = Folder::new();
    let run = folder.run(&["train", "xor", "--json", "--iterations", "10"]);
    let result = run.json();
    let mut names: Vec<&String> = result.as_object().unwrap().keys().collect();
    names.sort_by_key(|name| run.stdout.find(&format!("\"{name}\": ")));
    assert_eq!(names, FIELDS);
    assert_eq!((&result["data"], &result["parameters"], &result["iterations"]), (&"xor".into(), &42.into(), &10.into()));
    assert!(run.stderr.contains("test accuracy"), "people's lines go to standard error: {}", run.stderr);
    let quiet = folder.run(&["train", "xor", "--json", "--quiet", "--iterations", "10"]);
    assert_eq!((quiet.stderr.as_str(), &quiet.json()["weights_sha256"]), ("", &result["weights_sha256"]));
}

#[test]
fn the_run_folder_is_whole_and_not_taken_twice() {
    let folder = Folder::new();
    let run = folder.run(&["train", "xor"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert!(!run.stdout.contains('\x1b'), "no colours where there is no terminal");
    assert!(run.stdout.contains("test accuracy 1.0000"), "{}", run.stdout);
    folder.run(&["train", "xor", "--quiet"]);
    assert_eq!(folder.names("runs"), ["xor-1", "xor-2"]);
    assert_eq!(
        folder.names("runs/xor-1"),
        ["checkpoints", "config.toml", "metrics.csv", "metrics.jsonl", "model.safetensors", "report.html"]
    );
    let metrics = String::from_utf8(folder.read("runs/xor-1/metrics.csv")).unwrap();
    assert_eq!(metrics.lines().count(), 1 + 1 + 100, "heads, before training, a hundred measurements");
    folder.run(&["train", "xor", "--out", "runs/xor-1"]).fails(1, "already holds a model");
}

#[test]
fn a_schedule_is_followed_and_written_down() {
    let folder = Folder::new();
    let line = ["train", "xor", "--iterations", "40", "--learning-rate", "0.5", "--out", "run", "--schedule"];
    folder.run(&[&line[..], &["warmup(20) polynomial"]].concat());
    let metrics = String::from_utf8(folder.read("run/metrics.csv")).unwrap();
    let rates: Vec<f64> = metrics.lines().skip(1).map(|line| line.split(',').nth(8).unwrap().parse().unwrap()).collect();
    // XOR's four points are an epoch: one update, and a measurement after each. (t + 1)/20, then 1 − t/20.
    assert_eq!((rates[1], rates[10], rates[20], rates[21], rates[31]), (0.025, 0.25, 0.5, 0.5, 0.25));
    assert!((rates[40] - 0.025).abs() < 1e-12);
    let report = String::from_utf8(folder.read("run/report.html")).unwrap();
    assert!(
        report.contains("--schedule &#39;warmup(20) polynomial(1,0)&#39;") || report.contains("'warmup(20) polynomial(1,0)'")
    );
    let sweep = folder.run(&["sweep", "xor", "--iterations", "40", "--schedule", "cosine, step(10,0.5)", "--seeds", "1"]);
    assert!(sweep.status == 0 && sweep.stdout.contains("step(10,0.5)"), "{}", sweep.stdout);
    folder.run(&["train", "xor", "--schedule", "cosin"]).fails(2, "schedule `cosin`: `cosin` is unknown");
    folder
        .run(&["train", "xor", "--iterations", "40", "--schedule", "warmup(40) cosine"])
        .fails(2, "its last phase begins after 40");
}

/// Chance decides about a percent or two of the test digits, 360 in all.
#[test]
fn bf16_learns_as_well_and_is_written_down() {
    let folder = Folder::new();
    let train = |dtype: &str, threads: &str, out: &str| {
        let net =
            ["train", "digits", "--net", "linear(100) relu linear(100) relu linear(10)", "--batch-size", "50", "--epochs", "10"];
        folder.json(&[&net[..], &["--json", "--quiet", "--dtype", dtype, "--threads", threads, "--out", out]].concat())
    };
    let (exact, rounded) = (train("f32", "2", "f32"), train("bf16", "1", "one"));
    let accuracies = [&exact, &rounded].map(|result| result["test_accuracy"].as_f64().unwrap());
    assert!(accuracies[0] > 0.9 && (accuracies[0] - accuracies[1]).abs() < 0.03, "{accuracies:?}");
    assert_ne!(exact["weights_sha256"], rounded["weights_sha256"]);
    assert_eq!(train("bf16", "3", "three")["weights_sha256"], rounded["weights_sha256"]);

    let model = Model::load(&folder.path().join("one/model.safetensors")).unwrap();
    assert!(model.network.arrays().iter().all(|(_, array)| array.dtype() == kudari::DType::F32));
    assert_eq!(model.training["dtype"], "bf16");
    assert!(model.training["command"].as_str().unwrap().contains("--dtype bf16"));
    let report = String::from_utf8(folder.read("one/report.html")).unwrap();
    assert!(report.contains("f32, matrix products and convolutions in bf16 ("), "the report names the arithmetic");
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let folder = Folder::new();
    let sum = |seed: &str, threads: &str| {
        let arguments = ["train", "digits", "--net", "linear(256) relu linear(10)", "--batch-size", "200", "--epochs", "2"];
        let rest = ["--json", "--quiet", "--seed", seed, "--threads", threads];
        folder.json(&[&arguments[..], &rest].concat())["weights_sha256"].as_str().unwrap().to_string()
    };
    let one = sum("1", "1");
    assert_eq!([sum("1", "1"), sum("1", "2"), sum("1", "5")], [one.clone(), one.clone(), one.clone()]);
    assert_ne!(one, sum("2", "1"));
}

#[test]
fn the_command_in_the_model_repeats_the_training() {
    let folder = Folder::new();
    let options = "--net|linear(20) leaky_relu(0.1) linear(10)|--loss|mean_squared_error|--optimizer|nesterov(0.8)|\
        --learning-rate|0.01|--weight-decay|0.00001|--clip-norm|2|--clip-value|0.5|--batch-size|64|--epochs|3|--seed|7|\
        --init|normal(0.05)|--dtype|f64|--with-replacement";
    let arguments = [vec!["train", "digits", "--json", "--quiet", "--out", "a"], options.split('|').collect()].concat();
    let sum = folder.json(&arguments)["weights_sha256"].clone();
    let model = Model::load(&folder.path().join("a/model.safetensors")).unwrap();
    let command = model.training["command"].as_str().unwrap();
    let command = command.replacen("kudari", env!("CARGO_BIN_EXE_kudari"), 1) + " --json --quiet --out b";
    let again = Run::of(Command::new("sh").arg("-c").arg(command).current_dir(folder.path()).output().unwrap());
    assert_eq!(again.json()["weights_sha256"], sum);
}

#[test]
fn a_folder_of_idx_files_is_trained_on() {
    let folder = Folder::new();
    // Dark pictures are class 0, bright ones class 2; class 1 does not occur.
    let pixels: Vec<u8> = (0..20).flat_map(|i| [if i % 2 == 0 { 10 } else { 240 }; 9]).collect();
    let labels: Vec<u8> = (0..20).map(|i| i % 2 * 2).collect();
    write_four(&folder, "mine", &idx_bytes(&[20, 3, 3], &pixels), &labels);
    let result = folder.json(&["train", "mine", "--iterations", "300", "--json"]);
    assert_eq!((&result["net"], &result["run"]), (&"linear(100) tanh linear(3)".into(), &"runs/mine-1".into()));
    assert_eq!(result["test_accuracy"], 1.0);
    // The highest class may be in one part alone.
    folder.write("mine/t10k-labels-idx1-ubyte", &idx_bytes(&[20], &[1; 20]));
    assert_eq!(folder.json(&["train", "mine/", "--iterations", "1", "--json"])["test_accuracy"].as_f64(), Some(0.0));
}

/// What weighs the classes is part of the loss's name, which goes into the model's file: eval measures by it, and the command that
/// is kept there has the weights themselves.
#[test]
fn a_loss_weighs_classes_and_is_written_down() {
    let folder = Folder::new();
    // Three times as many samples of class 0 as of class 1, and one of class 2.
    let samples: Vec<u8> = (0..8 * 4).map(|i| (i * 29 % 251) as u8).collect();
    write_four(&folder, "data", &idx_bytes(&[8, 2, 2], &samples), &[0, 0, 1, 0, 2, 0, 1, 0]);
    let train = |loss: &str, out: &str| {
        folder.json(&[
            "train",
            "data",
            "--iterations",
            "30",
            "--batch-size",
            "3",
            "--json",
            "--quiet",
            "--loss",
            loss,
            "--out",
            out,
        ])
    };
    let result = train("softmax_cross_entropy(weights=balanced, smoothing=0.1)", "a");
    let written = "softmax_cross_entropy(weights=0.5333:1.333:2.667,smoothing=0.1)";
    let model = Model::load(&folder.path().join("a/model.safetensors")).unwrap();
    assert_eq!(model.loss, written);
    assert_eq!(train(written, "b")["weights_sha256"], result["weights_sha256"]);
    assert_ne!(train("softmax_cross_entropy", "c")["weights_sha256"], result["weights_sha256"]);
    let command = model.training["command"].as_str().unwrap();
    assert!(command.contains(&format!("--loss '{written}'")), "{command}");
    let report = String::from_utf8(folder.read("a/report.html")).unwrap();
    assert!(report.contains("weights=0.5333:1.333:2.667"), "the report names the loss");
    let measured = folder.json(&["eval", "a", "data", "--json"]);
    assert_eq!((&measured["loss"], &measured["accuracy"]), (&result["test_loss"], &result["test_accuracy"]));
    assert!(folder.run(&["eval", "a", "data"]).stdout.contains(&format!("({written})")));

    // Without class 2 seven samples are left, of which any number may be right, but not eighths.
    let left = train("softmax_cross_entropy(ignore=2)", "d")["test_accuracy"].as_f64().unwrap() * 7.0;
    assert!((left - left.round()).abs() < 1e-12, "{left}");
    let sweep = ["sweep", "data", "--iterations", "5", "--seeds", "1", "--loss"];
    let sweep = folder.run(&[&sweep[..], &["softmax_cross_entropy, softmax_cross_entropy(weights=balanced,ignore=2)"]].concat());
    assert!(sweep.status == 0 && sweep.stdout.contains("ignore=2"), "{} {}", sweep.stdout, sweep.stderr);

    let bad = |loss: &str| folder.run(&["train", "data", "--loss", loss]);
    let run = bad("softmax_cross_entropy(weights=1:2)");
    run.fails(2, "loss `softmax_cross_entropy(weights=1:2)`: 2 class weights for 3 classes");
    run.helps("give one weight for each class, or weights=balanced");
    bad("softmax_cross_entropy(ignore=-1)").fails(2, "no class has the label -1");
    bad("softmax_cross_entropy(smoothing=2)").fails(2, "smoothing 2 is above 1");
    bad("softmax_cross_entropy(weight=1)").helps("softmax_cross_entropy(weights=1:2:0.5,ignore=2,smoothing=0.1)");
    bad("huber(weights=balanced)").fails(2, "`weights=balanced` is not a number");
}

#[test]
fn charts_need_a_terminal() {
    let folder = Folder::new();
    let run = folder.run(&["train", "xor", "--tui"]);
    run.fails(2, "--tui: standard output is no terminal");
    run.helps("leave --tui out");
    assert!(folder.names(".").is_empty(), "nothing was begun");
}
