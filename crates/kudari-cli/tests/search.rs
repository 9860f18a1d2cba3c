//! `find-lr`, `crossval` and `tune`.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use std::process::Stdio;
use std::time::Duration;

use common::Folder;

#[test]
fn a_rate_that_is_found_trains_and_divergence_is_no_failure() {
    let folder = Folder::new();
    let found = folder.json(&["find-lr", "digits", "--optimizer", "sgd", "--plot", "rates.svg", "--json"]);
    let rate = found["suggestion"].as_f64().unwrap();
    let train = |rate: String| {
        let result = folder.json(&["train", "digits", "--optimizer", "sgd", "--epochs", "5", "--learning-rate", &rate, "--json"]);
        result["test_loss"].as_f64().unwrap()
    };
    let with = train(rate.to_string());
    assert!(with < 0.5 * train((rate / 300.0).to_string()), "{rate} is better than one that is much smaller");
    assert!(String::from_utf8(folder.read("rates.svg")).unwrap().contains("suggestion"));
    let wild = folder.json(&["find-lr", "digits", "--optimizer", "sgd", "--from", "1e-3", "--to", "1e30", "--json"]);
    assert!(wild["exploded"].as_f64().is_some_and(|rate| rate < 1e6), "{wild}");
    folder.run(&["find-lr", "digits", "--from", "1", "--to", "0.1"]).fails(2, "learning rates from 1 to 0.1");
    folder.run(&["find-lr", "digits", "--learning-rate", "1"]).fails(2, "for the search of one");
    folder.run(&["find-lr", "digits", "--plot", "rates.pdf"]).fails(2, "rates.pdf");
}

#[test]
fn every_sample_is_judged_once_and_means_are_those_of_the_parts() {
    let folder = Folder::new();
    let rows: String = (0..50).map(|i| format!("{},{}.37,{}\n", i % 7, i * i, if i % 2 == 0 { "a" } else { "b" })).collect();
    folder.write("t.csv", format!("x,z,kind\n{rows}").as_bytes());
    let found = folder.json(&["crossval", "t.csv", "--folds", "4", "--epochs", "3", "--json"]);
    let folds = found["folds"].as_array().unwrap();
    let samples = |key: &str| folds.iter().map(|fold| fold[key].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(samples("test_samples").iter().sum::<u64>(), 50);
    assert!(samples("training_samples").iter().zip(samples("test_samples")).all(|(train, test)| train + test == 50));
    let accuracies: Vec<f64> = folds.iter().map(|fold| fold["accuracy"].as_f64().unwrap()).collect();
    let mean = accuracies.iter().sum::<f64>() / 4.0;
    let deviation = (accuracies.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / 3.0).sqrt();
    assert!((found["summary"]["accuracy"]["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
    assert!((found["summary"]["accuracy"]["deviation"].as_f64().unwrap() - deviation).abs() < 1e-12);
    let one = folder.json(&["crossval", "t.csv", "--folds", "4", "--epochs", "3", "--json", "--threads", "1"]);
    assert_eq!(one["folds"], found["folds"], "the same on any number of threads");
    let numbers = folder.run(&["crossval", "t.csv", "--target", "z", "--epochs", "2"]);
    assert!(numbers.status == 0 && numbers.stdout.contains("RMSE "), "{}", numbers.stderr);
    folder.run(&["crossval", "t.csv", "--folds", "51"]).fails(2, "50 samples in 51 folds");
    folder.write("book.txt", "to be or not to be ".repeat(20).as_bytes());
    for (data, folds) in [("t.csv", "1"), ("t.csv", "0"), ("book.txt", "1"), ("book.txt", "two")] {
        folder.run(&["crossval", data, "--folds", folds]).fails(2, "a number of parts, at least 2");
    }
    folder
        .run(&["crossval", "digits", "--learning-rate", "1e30", "--epochs", "2"])
        .fails(1, "5 of 5 trainings met a NaN or an infinity");
}

const SEARCH: [&str; 13] = [
    "tune",
    "digits",
    "--learning-rate",
    "1e-4..1",
    "--net",
    "linear(8) relu linear(10), linear(40) relu linear(10)",
    "--epochs",
    "6",
    "--trials",
    "9",
    "--halving",
    "3",
    "--json",
];

#[test]
fn a_search_finds_goes_on_and_its_best_can_be_trained() {
    let folder = Folder::new();
    let found = folder.json(&[&SEARCH[..], &["--out", "whole"]].concat());
    let all = found["found"].as_array().unwrap();
    assert_eq!(all.len(), 1, "nine, three, one: {found}");
    let trials = String::from_utf8(folder.read("whole/trials.jsonl")).unwrap();
    assert_eq!(trials.lines().count(), 1 + 9 + 3 + 1);
    let judged: Vec<serde_json::Value> = trials.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_round = |round: u64| judged.iter().filter(move |trial| trial["round"] == round);
    let best = |round: u64, count: usize| {
        let mut order: Vec<(f64, f64, u64)> = of_round(round)
            .map(|t| {
                (
                    -t["accuracy"].as_f64().unwrap_or(-1.0),
                    t["loss"].as_f64().unwrap_or(f64::INFINITY),
                    t["trial"].as_u64().unwrap(),
                )
            })
            .collect();
        order.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let mut best: Vec<u64> = order[..count].iter().map(|t| t.2).collect();
        best.sort_unstable();
        best
    };
    let mut second: Vec<u64> = of_round(1).map(|trial| trial["trial"].as_u64().unwrap()).collect();
    second.sort_unstable();
    assert_eq!(second, best(0, 3), "the best third goes on");
    assert_eq!(of_round(2).map(|trial| trial["trial"].as_u64().unwrap()).collect::<Vec<_>>(), best(1, 1));

    let trained = folder.json(&["train", "--config", "whole/best.toml", "--json"]);
    assert!((trained["validation_accuracy"].as_f64().unwrap() - all[0]["accuracy"].as_f64().unwrap()).abs() < 1e-12, "{trained}");

    // A search that is killed keeps what it found, and the same command goes on to the same end.
    let line = [&SEARCH[..], &["--out", "broken", "--quiet"]].concat();
    let mut child = folder.command(&line).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(150));
    child.kill().unwrap();
    child.wait().unwrap();
    let again = folder.json(&line);
    assert_eq!(again["found"], found["found"]);
    let other = [&SEARCH[..2], &["--out", "broken", "--learning-rate", "1e-4..1"]].concat();
    folder.run(&other).fails(1, "the journal of another search");
}

#[test]
fn searches_that_cannot_be() {
    let folder = Folder::new();
    let tune = |arguments: &[&str]| folder.run(&[&["tune", "xor"], arguments].concat());
    tune(&[]).fails(2, "nothing to search");
    tune(&["--learning-rate", "0.1..0.01"]).fails(2, "--learning-rate `0.1..0.01`: no range");
    tune(&["--batch-size", "1..9"]).fails(2, "a batch of ");
    tune(&["--optimizer", "adam,adan"]).fails(2, "adan");
    tune(&["--learning-rate", "0.1,,1"]).fails(2, "an empty value");
    assert!(folder.names(".").is_empty(), "nothing was begun: {:?}", folder.names("."));
}
