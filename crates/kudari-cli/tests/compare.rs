//! `kudari compare`: groups by settings, spreads over seeds, verdicts.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use common::Folder;
use serde_json::Value;

fn train(folder: &Folder, out: &str, seed: &str, more: &[&str]) {
    let arguments = ["train", "moons", "--iterations", "60", "--quiet", "--out", out, "--seed", seed];
    assert_eq!(folder.run(&[&arguments[..], more].concat()).status, 0);
}

/// Last and best test loss as metrics.csv has them.
fn losses(folder: &Folder, run: &str) -> (f64, f64) {
    let text = String::from_utf8(folder.read(&format!("{run}/metrics.csv"))).unwrap();
    let place = text.lines().next().unwrap().split(',').position(|head| head == "test_loss").unwrap();
    let all: Vec<f64> = text.lines().skip(1).map(|line| line.split(',').nth(place).unwrap().parse().unwrap()).collect();
    (*all.last().unwrap(), all.iter().copied().fold(f64::INFINITY, f64::min))
}

fn near(json: &Value, expected: f64) -> bool {
    (json.as_f64().unwrap() - expected).abs() <= 1e-12 * expected.abs()
}

#[test]
fn a_difference_is_told_from_the_spread_over_seeds() {
    let folder = Folder::new();
    for seed in ["1", "2", "3"] {
        train(&folder, &format!("runs/a-{seed}"), seed, &[]);
        train(&folder, &format!("runs/b-{seed}"), seed, &["--learning-rate", "0.0049"]);
        train(&folder, &format!("runs/c-{seed}"), seed, &["--learning-rate", "0.000001"]);
    }
    let runs =
        |groups: &str| -> Vec<String> { groups.chars().flat_map(|g| [1, 2, 3].map(|i| format!("runs/{g}-{i}"))).collect() };
    let compare = |groups: &str, more: &[&str]| {
        let runs = runs(groups);
        let runs: Vec<&str> = runs.iter().map(String::as_str).collect();
        folder.run(&[&["compare"], &runs[..], more].concat())
    };
    let all = compare("abc", &["--by", "test-loss", "--json", "--plot", "curves.svg"]);
    assert_eq!(all.status, 0, "{}", all.stderr);
    let json = all.json();
    let groups = json["groups"].as_array().unwrap();
    let labels: Vec<&str> = groups.iter().map(|g| g["label"].as_str().unwrap()).collect();
    assert!(labels.len() == 3 && labels[2] == "learning rate 1e-6", "the best first: {labels:?}");
    let group = groups.iter().find(|g| g["label"] == "learning rate 0.0049").unwrap();
    let ends: Vec<(f64, f64)> = [1, 2, 3].map(|i| losses(&folder, &format!("runs/b-{i}"))).to_vec();
    let mean = ends.iter().map(|e| e.0).sum::<f64>() / 3.0;
    let deviation = (ends.iter().map(|e| (e.0 - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
    assert!(near(&group["measured"]["test_loss"]["kept"]["mean"], mean), "{group}");
    assert!((group["measured"]["test_loss"]["kept"]["deviation"].as_f64().unwrap() - deviation).abs() < 1e-9, "{group}");
    assert!(near(&group["measured"]["test_loss"]["best"]["mean"], ends.iter().map(|e| e.1).sum::<f64>() / 3.0), "{group}");
    let verdict = |pair: [usize; 2]| {
        let names = pair.map(|i| groups[i]["name"].clone());
        let all = json["comparisons"].as_array().unwrap();
        all.iter().find(|c| c["groups"] == Value::from(names.to_vec())).unwrap()["more_than_spread"].clone()
    };
    assert_eq!([verdict([0, 1]), verdict([0, 2]), verdict([1, 2])], [false, true, true].map(Value::from), "{json}");
    let picture = String::from_utf8(folder.read("curves.svg")).unwrap();
    assert!(picture.contains("learning rate 0.0049 (3 seeds)") && picture.contains("least and most over the seeds"));

    let words = compare("ab", &["--by", "test-loss"]);
    assert!(words.stdout.contains(": not more than the spread over seeds (p = 0."), "{}", words.stdout);
    assert!(!words.stdout.contains("corrected") && !words.stdout.contains('\x1b'));
    // Without --by a classifier is judged by its accuracy.
    assert!(compare("ab", &[]).stdout.contains("\nA and B: test accuracy "));
    let one = compare("a", &[]);
    assert!(one.status == 0 && one.stdout.contains("nothing to compare"), "{}", one.stdout);
}

#[test]
fn what_cannot_be_judged_is_said() {
    let folder = Folder::new();
    train(&folder, "a-1", "1", &[]);
    train(&folder, "again", "1", &[]);
    train(&folder, "b-1", "1", &["--net", "linear(4) tanh linear(2)"]);
    let run = folder.run(&["compare", "a-1", "again", "b-1"]);
    assert!(run.stdout.starts_with("note: again is left out: it repeats a-1 with seed 1\n"), "{}", run.stdout);
    let why = "cannot be judged: A and B have a single seed; train with others too (--seed).";
    assert!(run.status == 0 && run.stdout.contains(why), "{}", run.stdout);
    assert!(run.stdout.contains("linear(4) tanh linear(2)"), "{}", run.stdout);
}

#[test]
fn folders_that_hold_no_training() {
    let folder = Folder::new();
    train(&folder, "run", "1", &[]);
    folder.write("empty/note.txt", b"nothing");
    folder.run(&["compare"]).fails(2, "required arguments");
    folder.run(&["compare", "missing"]).fails(1, "missing: there is no such folder");
    folder.run(&["compare", "run/metrics.csv"]).fails(1, "a file, not a run folder");
    folder.run(&["compare", "run", "empty"]).fails(1, "empty: holds no model.safetensors");
    folder.run(&["compare", "run", "--plot", "curves.gif"]).fails(2, "curves.gif");
    folder.run(&["compare", "run", "--by", "beauty"]).fails(2, "beauty");
    folder.write("run/metrics.csv", b"epoch,iteration,train_loss\n");
    folder.run(&["compare", "run"]).fails(1, "metrics.csv holds no measurement");
    folder.write("run/metrics.csv", b"garbage");
    folder.run(&["compare", "run"]).fails(1, "run/metrics.csv: no column `iteration`");
    folder.write("run/model.safetensors", b"garbage");
    folder.run(&["compare", "run"]).fails(1, "run/model.safetensors");
}
