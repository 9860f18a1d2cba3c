//! Tables that stay on the disk, and rows that are predicted as they come.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use common::Folder;

/// A class that follows from two numbers, and two prices.
fn text(rows: usize) -> String {
    let mut text = "a,b,city,price,tax,class\n".to_string();
    for i in 0..rows {
        let (a, b) = ((i * 7 % 23) as f64 / 7.0, (i * 11 % 17) as f64 / 5.0);
        let city = ["Rome", "Oslo", ""][i % 3];
        let gap = if i % 13 == 0 { String::new() } else { a.to_string() };
        text += &format!("{gap},{b},{city},{:.2},{:.2},{}\n", 3.0 * a + b, a - b, if a > b { "more" } else { "less" });
    }
    text
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("rows.csv", text(400).as_bytes());
    std::fs::create_dir(folder.path().join("temporary")).unwrap();
    folder
}

#[test]
fn a_streamed_training_gives_the_same_model_and_leaves_no_file() {
    let folder = folder();
    for target in ["class", "price", "price,tax"] {
        let arguments = ["train", "rows.csv", "--target", target, "--epochs", "3", "--json"];
        let held = folder.json(&arguments);
        let run = folder.command(&[&arguments[..], &["--stream", "--test", "rows.csv"]].concat()).output().unwrap();
        assert!(run.status.success());
        let run = folder
            .command(&[&arguments[..], &["--stream"]].concat())
            .env("TMPDIR", folder.path().join("temporary"))
            .output()
            .unwrap();
        let streamed: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!(held["weights_sha256"], streamed["weights_sha256"], "{target}");
        for name in ["test_loss", "test_accuracy", "r_squared", "root_mean_squared_error"] {
            assert_eq!(held[name], streamed[name], "{target} {name}");
        }
        let said = String::from_utf8(run.stderr).unwrap();
        assert!(said.contains("streamed: the rows lie in temporary files of 1 MB"), "{said}");
        assert!(folder.names("temporary").is_empty());
    }
    let missing = folder.command(&["train", "rows.csv", "--stream"]).env("TMPDIR", "/no/such/folder").output().unwrap();
    let said = String::from_utf8(missing.stderr).unwrap();
    assert!(said.contains("the temporary file for prepared rows in /no/such/folder") && said.contains("TMPDIR=FOLDER"), "{said}");
}

#[test]
fn a_row_is_predicted_while_the_next_is_still_to_come() {
    let folder = folder();
    let trained = folder.run(&["train", "rows.csv", "--target", "price,tax", "--ignore", "class", "--out", "run"]);
    assert_eq!(trained.status, 0, "{}", trained.stderr);
    let mut child = folder
        .command(&["predict", "run", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, mut lines) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    let mut seen = Vec::new();
    input.write_all(b"city;b;a\n").unwrap();
    for row in ["Rome;1;2\n", ";2;1\n", "Lima;;1.5\n"] {
        input.write_all(row.as_bytes()).unwrap();
        if seen.is_empty() {
            assert_eq!(lines.next().unwrap().unwrap(), "price,tax");
        }
        seen.push(lines.next().unwrap().unwrap());
    }
    input.write_all(b"too;few\n").unwrap();
    let end = child.wait_with_output().unwrap();
    let said = String::from_utf8(end.stderr).unwrap();
    assert!(end.status.code() == Some(1) && said.contains("standard input, line 5: 2 cells, the first row has 3"), "{said}");
    // The same rows at once give the same digits.
    folder.write("new.csv", b"city;b;a\nRome;1;2\n;2;1\nLima;;1.5\n");
    let whole = folder.run(&["predict", "run", "new.csv"]);
    assert_eq!(whole.stdout.lines().skip(1).collect::<Vec<_>>(), seen);
    let first: Vec<f64> = seen[0].split(',').map(|x| x.parse().unwrap()).collect();
    assert!((first[0] - 7.0).abs() < 1.0 && (first[1] - 1.0).abs() < 1.0, "{first:?}");
    let json = folder.run(&["predict", "run", "new.csv", "--json"]);
    let measured = folder.json(&["eval", "run", "rows.csv", "--json"]);
    for target in ["price", "tax"] {
        assert!(measured["targets"][target]["r_squared"].as_f64().unwrap() > 0.9, "{measured}");
        assert!(trained.stdout.contains(&format!("\n{target}: R² 0.9")), "{}", trained.stdout);
    }
    assert!(json.stdout.starts_with("{\"row\": 0, \"price\": ") && json.stdout.contains("\"tax\": "), "{}", json.stdout);
}

/// Numbers and categories together are no target, nor is a column twice.
#[test]
fn targets_that_cannot_be_together_are_refused() {
    let folder = folder();
    for (target, what) in [
        ("price,class", "the target column `class` holds categories, and there are 2 targets"),
        ("price,price", "the target column `price` is named twice"),
        ("price,taxes", "there is no column `taxes`"),
    ] {
        for more in [&[][..], &["--stream"]] {
            let run = folder.run(&[&["train", "rows.csv", "--target", target], more].concat());
            assert!(run.status == 2 && run.stderr.contains(what), "{target}: {}", run.stderr);
        }
    }
}
