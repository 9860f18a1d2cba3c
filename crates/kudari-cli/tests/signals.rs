//! Ctrl-C and the signal to terminate.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too
#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{Folder, Run};

/// A training that would take hours, as soon as it is under way.
fn begin(folder: &Folder) -> Child {
    let arguments = ["train", "xor", "--iterations", "1000000000000", "--json", "--out", "run"];
    let mut child = folder.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It is under way when the measurement before training is there.
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    assert!((0..20).any(|_| lines.next().unwrap().unwrap().trim_start().starts_with("0.0 ")));
    child
}

fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn the_first_signal_saves_and_ends_with_130() {
    for signal in ["-INT", "-TERM"] {
        let folder = Folder::new();
        let child = begin(&folder);
        std::thread::sleep(Duration::from_millis(200));
        send(signal, &child);
        let run = Run::of(child.wait_with_output().unwrap());
        assert_eq!(run.status, 130, "{}", run.stderr);
        assert!(run.stderr.contains("interrupted: the model of iteration "), "{}", run.stderr);
        let result = run.json();
        assert!(result["iterations"].as_u64().unwrap() > 0);
        let model = folder.json(&["eval", "run", "xor", "--json"]);
        assert_eq!(model["loss"], result["test_loss"], "the model is the one of the last measurement");
        let metrics = String::from_utf8(folder.read("run/metrics.csv")).unwrap();
        assert!(metrics.lines().last().unwrap().contains(&result["iterations"].to_string()));
        assert_eq!(
            folder.names("run"),
            ["checkpoints", "config.toml", "metrics.csv", "metrics.jsonl", "model.safetensors", "report.html"]
        );
    }
}

#[test]
fn a_second_signal_is_not_waited_for() {
    let folder = Folder::new();
    let child = begin(&folder);
    // Whether the second comes before the first has had its effect or after: it ends, and with 130.
    send("-INT", &child);
    send("-INT", &child);
    assert_eq!(Run::of(child.wait_with_output().unwrap()).status, 130);
}
