//! Runs that are killed, interrupted or out of disk go on to the bits of one that was not; a configuration repeats a run.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too
#![cfg(unix)]

mod common;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use common::{Folder, Run};

/// A training with random streams, running statistics and a validation part, of about a second without optimisation.
const TRAINING: [&str; 13] = [
    "train",
    "digits",
    "--net",
    "conv(4,3) batchnorm relu maxpool(2) flatten dropout(0.2) linear(20) relu linear(10)",
    "--epochs",
    "6",
    "--validation",
    "0.2",
    "--schedule",
    "warmup(20) cosine",
    "--checkpoint-every",
    "10",
    "--json",
];

/// What must be the same: the weights, and what was measured.
fn outcome(folder: &Folder, arguments: &[&str]) -> (String, String) {
    let result = folder.json(arguments);
    let measured =
        ["iterations", "kept_iteration", "train_loss", "validation_loss", "test_loss"].map(|key| result[key].to_string());
    (result["weights_sha256"].to_string(), measured.join(" "))
}

fn uninterrupted(folder: &Folder) -> (String, String) {
    outcome(folder, &[&TRAINING[..], &["--out", "whole", "--quiet"]].concat())
}

/// Iterations of the checkpoints of a run.
fn checkpoints(folder: &Folder, run: &str) -> Vec<u64> {
    let names =
        if folder.path().join(run).join("checkpoints").exists() { folder.names(&format!("{run}/checkpoints")) } else { vec![] };
    names.iter().filter_map(|name| name.strip_suffix(".safetensors")?.parse().ok()).collect()
}

/// Twenty kills at random moments; `KUDARI_KILLS=100` makes as many.
#[test]
fn a_killed_run_goes_on_to_the_same_bits() {
    let kills: u64 = std::env::var("KUDARI_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let folder = Folder::new();
    let expected = uninterrupted(&folder);
    let mut stream = kudari::array::Stream::new(1, "kills");
    let (mut killed, mut runs) = (0, 0);
    while killed < kills {
        let run = format!("run{runs}");
        runs += 1;
        let mut made = 0;
        loop {
            // A run that was killed before it had written its settings is begun again.
            let begun = folder.path().join(&run).join("config.toml").exists();
            let again = ["train", "--resume", &run, "--json", "--quiet", "--checkpoint-every", "10"];
            let arguments = if begun { again.to_vec() } else { [&TRAINING[..], &["--out", &run, "--quiet"]].concat() };
            if killed == kills {
                assert_eq!(outcome(&folder, &arguments), expected, "after {killed} kills");
                break;
            }
            let mut child = folder.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            std::thread::sleep(Duration::from_micros(stream.integers(1, 500_000).to_vec::<i64>().unwrap()[0] as u64));
            // A child that has ended is still there until it is waited for: the signal does nothing to it.
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            if output.status.success() {
                let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
                assert_eq!(result["weights_sha256"].to_string(), expected.0, "after {killed} kills");
                break;
            }
            assert_eq!(output.status.code(), None, "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            killed += 1;
            let kept = checkpoints(&folder, &run);
            assert!(kept.len() <= 3, "two are kept, and one may just have been added: {kept:?}");
            assert!(kept.last().is_none_or(|&last| last >= made), "{kept:?} after {made}");
            made = kept.last().copied().unwrap_or(0);
        }
        assert!(folder.names(&run).iter().all(|name| !name.ends_with(".tmp")), "{:?}", folder.names(&run));
    }
}

#[test]
fn an_interrupted_run_goes_on_to_the_same_bits() {
    let folder = Folder::new();
    let expected = uninterrupted(&folder);
    let arguments = [&TRAINING[..], &["--out", "run"]].concat();
    let mut child = folder.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    assert!((0..20).any(|_| lines.next().unwrap().unwrap().trim_start().starts_with("1.0 ")));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!(run.status, 130, "{}", run.stderr);
    assert!(run.stderr.contains("kudari train --resume run goes on"), "{}", run.stderr);
    assert_eq!(outcome(&folder, &["train", "--resume", "run", "--json"]), expected);
}

#[test]
fn a_configuration_repeats_the_run_and_what_is_typed_wins() {
    let folder = Folder::new();
    let expected = uninterrupted(&folder);
    assert_eq!(outcome(&folder, &["train", "--config", "whole/config.toml", "--json"]), expected);
    let other = folder.json(&["train", "--config", "whole/config.toml", "--iterations", "7", "--schedule", "constant", "--json"]);
    assert_eq!(other["iterations"], 7);
    folder.write("all.toml", b"data = \"xor\"\niterations = 5\nquiet = true\njson = true\nwith-replacement = true\n");
    assert_eq!(folder.json(&["train", "--config", "all.toml"])["iterations"], 5);
    let train = |file: &str| folder.run(&["train", "--config", file]);
    folder.write("wrong.toml", b"data = \"xor\"\n\nlearning-rate = \"fast\"\n");
    train("wrong.toml").fails(2, "wrong.toml:3: invalid value 'fast' for '--learning-rate <RATE>'");
    train("missing.toml").fails(1, "missing.toml: No such file");
    folder.write("bytes.toml", b"data = \"\xff\"");
    train("bytes.toml").fails(1, "bytes.toml: ");
}

/// A limit on the size of files stands for a full disk. What was there stays, and the run goes on when there is room again.
#[test]
fn a_disk_that_fills_up_costs_no_checkpoint() {
    let folder = Folder::new();
    let expected = uninterrupted(&folder);
    let first = [&TRAINING[..], &["--out", "run", "--quiet", "--time-limit", "0.15s"]].concat();
    folder.json(&first);
    let before = checkpoints(&folder, "run");
    let kept = folder.read(&format!("run/checkpoints/{:012}.safetensors", before.last().unwrap()));
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$0\" train --resume run --quiet --time-limit 1h";
    let output =
        Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_kudari")]).current_dir(folder.path()).output().unwrap();
    let run = Run::of(output);
    run.fails(1, "model.safetensors: ");
    assert_eq!(checkpoints(&folder, "run"), before, "nothing was lost and nothing half-written stays");
    assert_eq!(folder.read(&format!("run/checkpoints/{:012}.safetensors", before.last().unwrap())), kept);
    // The limit of time is part of the settings; it is lifted.
    assert_eq!(outcome(&folder, &["train", "--resume", "run", "--time-limit", "1h", "--json", "--quiet"]), expected);
}

#[test]
fn early_stopping_keeps_the_best_model_and_the_last() {
    let folder = Folder::new();
    let arguments =
        ["train", "moons", "--early-stopping", "5", "--epochs", "400", "--learning-rate", "0.05", "--json", "--out", "run"];
    let result = folder.json(&arguments);
    let [made, kept] = ["iterations", "kept_iteration"].map(|key| result[key].as_u64().unwrap());
    assert!(kept < made, "{result}");
    assert_eq!(
        folder.names("run"),
        ["checkpoints", "config.toml", "last.safetensors", "metrics.csv", "metrics.jsonl", "model.safetensors", "report.html"]
    );
    let loss = |model: &str| folder.json(&["eval", model, "moons", "--json"])["loss"].clone();
    assert_eq!(loss("run"), result["test_loss"]);
    let metrics = String::from_utf8(folder.read("run/metrics.csv")).unwrap();
    let rows: Vec<Vec<&str>> = metrics.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| rows[0].iter().position(|head| *head == name).unwrap();
    let number = |row: &Vec<&str>, name: &str| row[column(name)].parse::<f64>().unwrap();
    let best = rows[1..].iter().min_by(|a, b| number(a, "validation_loss").total_cmp(&number(b, "validation_loss"))).unwrap();
    assert_eq!(number(best, "iteration"), kept as f64);
    assert_eq!(loss("run/last.safetensors").as_f64().unwrap(), number(rows.last().unwrap(), "test_loss"));
}

/// A program that was killed after its last checkpoint may have written its model and its report, or not.
#[test]
fn a_run_that_was_killed_at_its_very_end_still_gives_its_result() {
    let folder = Folder::new();
    let expected = uninterrupted(&folder);
    let report = folder.read("whole/report.html");
    let resume = ["train", "--resume", "whole", "--json"];
    let again = folder.run(&resume);
    assert_eq!((again.status, again.json()["weights_sha256"].to_string()), (0, expected.0.clone()), "{}", again.stderr);
    assert!(again.stderr.contains("whole has made its 216 iterations; give more --epochs"), "{}", again.stderr);
    assert!(folder.read("whole/report.html") == report, "what is complete stays as it was");
    // With no report, or one of before the last checkpoint, the end was not reached: the model may be an older one, too.
    let path = folder.path().join("whole/report.html");
    let unfinished: [&dyn Fn(); 2] = [&|| std::fs::remove_file(&path).unwrap(), &|| {
        File::options().append(true).open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap()
    }];
    for undo in unfinished {
        undo();
        folder.write("whole/model.safetensors", b"of an earlier iteration");
        assert_eq!(outcome(&folder, &resume), expected);
        let loss = folder.json(&["eval", "whole", "digits", "--json"])["loss"].to_string();
        assert_eq!(loss, expected.1.split(' ').next_back().unwrap());
        assert!(folder.names("whole").contains(&"report.html".to_string()));
    }
}

#[test]
fn what_cannot_be_resumed_is_said() {
    let folder = Folder::new();
    folder.train_xor();
    folder.run(&["train", "--resume", "xor", "--net", "linear(2)"]).fails(2, "--net cannot be changed when a run is resumed");
    folder.run(&["train", "mnist", "--resume", "xor"]).fails(2, "DATA cannot be changed");
    folder.run(&["train", "--resume", "nowhere"]).fails(1, "nowhere: there is no config.toml");
    folder.run(&["train", "--resume", "xor", "--config", "xor/config.toml"]).fails(2, "cannot be used with");
    folder.run(&["train"]).fails(2, "the following required arguments were not provided");
    folder.run(&["train", "xor", "--out", "xor"]).fails(1, "xor already holds a model");
    // More iterations go on from the last.
    let more = folder.json(&["train", "--resume", "xor", "--iterations", "1500", "--json"]);
    assert_eq!(more["iterations"], 1500);
    // A checkpoint that is damaged is passed over for the one before.
    let files = folder.names("xor/checkpoints");
    folder.write(&format!("xor/checkpoints/{}", files.last().unwrap()), b"damaged");
    let again = folder.run(&["train", "--resume", "xor", "--iterations", "1500", "--json"]);
    assert!(
        again.stderr.contains("not a whole safetensors file") && again.stderr.contains("an older checkpoint is taken"),
        "{}",
        again.stderr
    );
    assert_eq!(again.json()["weights_sha256"], more["weights_sha256"]);
    // Two programs do not write into one folder.
    let mut child = folder.command(&["train", "xor", "--iterations", "1000000000000", "--out", "busy", "--json"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    assert!((0..20).any(|_| lines.next().unwrap().unwrap().trim_start().starts_with("0.0 ")));
    folder.run(&["train", "--resume", "busy"]).fails(1, "busy: another training writes into this folder");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_dry_run_tells_and_leaves_nothing() {
    let folder = Folder::new();
    let plan = folder.json(&["train", "digits", "--epochs", "3", "--dry-run", "--json"]);
    assert_eq!((plan["parameters"].as_u64(), plan["iterations"].as_u64()), (Some(7510), Some(135)));
    assert!(plan["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0 && seconds < 3600.0), "{plan}");
    assert!(folder.names(".").is_empty(), "{:?}", folder.names("."));
    let text = folder.run(&["train", "digits", "--epochs", "3", "--dry-run"]).stdout;
    assert!(
        text.contains("135 updates of ") && text.contains("kudari train digits --net 'linear(100) relu linear(10)'"),
        "{text}"
    );
    folder.run(&["train", "digits", "--net", "linear(3)", "--dry-run"]).fails(2, "");
}
