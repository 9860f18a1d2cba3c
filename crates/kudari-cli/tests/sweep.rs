//! `kudari sweep`: many trainings, compared.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use common::Folder;

fn words(line: &str) -> Vec<&str> {
    line.split('|').collect()
}

/// The reference result (ACCEPTANCE, G): of 100 random starts of 2-8-2 with ReLU about 86 solve XOR.
#[test]
fn about_86_of_100_starts_solve_xor_and_the_others_are_stuck() {
    let folder = Folder::new();
    let line = "sweep|xor|--seeds|100|--net|linear(8) relu linear(2)|--init|normal(0.1)|--optimizer|sgd|--learning-rate|0.01|\
        --iterations|5001|--json|--quiet";
    let result = folder.json(&words(line));
    let one = &result["combinations"][0];
    let succeeded = one["succeeded"].as_u64().unwrap();
    // Two standard deviations of 100 draws at 0.86 are 7.
    assert!((79..=93).contains(&succeeded), "{succeeded}");
    let failed = one["failed"].as_object().unwrap();
    assert_eq!(failed.values().map(|v| v.as_u64().unwrap()).sum::<u64>() + succeeded, 100);
    assert_eq!((&failed["diverged"], &one["trainings"]), (&0.into(), &100.into()));
    assert!(failed["dead units"].as_u64() > Some(0), "{failed:?}");
    assert_eq!(one["at_iteration"].as_object().unwrap().len(), 5);
}

#[test]
fn every_training_is_the_one_that_train_makes_on_any_number_of_threads() {
    let folder = Folder::new();
    let line = "sweep|moons|--seeds|2,5|--optimizer|sgd,adam(0.8,0.99)|--learning-rate|0.1|--epochs|3|--quiet|--csv";
    let csv = |name: &str, threads: &str| {
        assert_eq!(folder.run(&[words(line), vec![name, "--threads", threads]].concat()).status, 0);
        String::from_utf8(folder.read(name)).unwrap()
    };
    let one = csv("one.csv", "1");
    assert_eq!(one, csv("three.csv", "3"));
    let rows: Vec<&str> = one.lines().collect();
    assert_eq!(rows.len(), 1 + 4, "{one}");
    assert!(rows[0].starts_with("data,network,loss,optimizer,learning_rate,"));
    let train = "train|moons|--seed|5|--optimizer|adam(0.8,0.99)|--learning-rate|0.1|--epochs|3|--json|--quiet";
    let loss = folder.json(&words(train))["train_loss"].as_f64().unwrap().to_string();
    assert!(rows[4].contains("\"adam(0.8,0.99)\"") && rows[4].contains(&format!(",5,,{loss},")), "{one} {loss}");
}

#[test]
fn combinations_are_named_by_what_differs_and_drawn() {
    let folder = Folder::new();
    let line = "sweep|xor|--seeds|3|--net|linear(4) tanh linear(2)|--net|linear(8) relu linear(2)|--learning-rate|0.1,1e-1,0.02|\
        --iterations|60|--json|--plot|out.svg";
    let run = folder.run(&words(line));
    let result = run.json();
    let labels: Vec<&str> = result["combinations"].as_array().unwrap().iter().map(|c| c["label"].as_str().unwrap()).collect();
    let nets = ["linear(4) tanh linear(2)", "linear(8) relu linear(2)"];
    let expected = nets.map(|net| ["0.1", "0.02"].map(|rate| format!("{net}, learning rate {rate}"))).concat();
    assert_eq!(labels, expected, "the same rate twice is one combination");
    assert_eq!(result["seeds"], serde_json::json!([1, 2, 3]));
    let svg = String::from_utf8(folder.read("out.svg")).unwrap();
    for label in expected {
        assert!(svg.contains(&label) && run.stderr.contains(&label), "{label}");
    }
    assert!(svg.contains("xor: median, least and most of 3 trainings") && !svg.contains("NaN"));
}

#[test]
fn trainings_that_fail_say_how() {
    let folder = Folder::new();
    let failed = |line: &str| {
        let result = folder.json(&[words(line), vec!["--seeds", "2", "--json", "--quiet", "--plot", "out.png"]].concat());
        let one = &result["combinations"][0];
        let seed = &one["seeds"][1];
        assert_eq!((one["succeeded"].as_u64(), &one["failed"][seed["failed_by"].as_str().unwrap()]), (Some(0), &2.into()));
        seed["failed_by"].as_str().unwrap().to_string()
    };
    assert_eq!(failed("sweep|xor|--optimizer|sgd|--learning-rate|1e38"), "diverged");
    assert_eq!(failed("sweep|xor|--init|zeros|--net|linear(8) tanh linear(2)"), "stuck at guessing");
    assert_eq!(failed("sweep|xor|--init|zeros|--net|linear(8) relu linear(2)"), "dead units");
    assert_eq!(failed("sweep|xor|--optimizer|sgd|--learning-rate|0.001|--init|he"), "slow");
}

#[test]
fn values_that_cannot_be() {
    let folder = Folder::new();
    let fails = |line: &str, what: &str| folder.run(&words(line)).fails(2, what);
    for seeds in ["0", "5..1", "", "a", "1.5"] {
        fails(&format!("sweep|xor|--seeds={seeds}"), "--seeds");
    }
    fails("sweep|xor|--learning-rate|", "--learning-rate ``: an empty value");
    fails("sweep|xor|--learning-rate|1,,2", "an empty value");
    fails("sweep|xor|--learning-rate|1,fast", "fast");
    fails("sweep|xor|--learning-rate|0.1,-1", "learning rate -1");
    fails("sweep|xor|--optimizer|sgd,adm", "optimizer `adm`");
    fails("sweep|xor|--net|linear(8) rleu linear(2)", "unknown layer `rleu`");
    fails("sweep|xor|--batch-size|2,5", "a batch of 5 from the 4 samples of xor");
    fails("sweep|xor|--iterations|5|--epochs|5", "cannot be used with");
    fails("sweep|xor|--success|1.5", "--success");
    fails("sweep|xor|--seed|3", "--seed");
    fails("sweep|xor|--animate|a.gif", "--animate");
    fails("sweep|xor|--plot|out.gif", "out.gif");
    fails("sweep|xor|--seeds|1000000|--learning-rate|1,2", "2 combinations from 1,000,000 seeds");
    fails("sweep|xro", "unknown data `xro`");
    folder.run(&words("sweep|xor|--csv|no/such/out.csv")).fails(1, "no/such: there is no such folder");
    assert!(folder.names(".").is_empty());
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_the_results_so_far() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};
    let folder = Folder::new();
    let mut command = folder.command(&words("sweep|xor|--seeds|100000|--csv|out.csv|--json"));
    let json = std::fs::File::create(folder.path().join("out.json")).unwrap();
    let mut child = command.stdout(json).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("success") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended before it began");
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("interrupted: ") && rest.contains(" of 100,000 trainings"), "{rest}");
    let result: serde_json::Value = serde_json::from_slice(&folder.read("out.json")).unwrap();
    let trainings = result["combinations"][0]["trainings"].as_u64().unwrap();
    assert_eq!(String::from_utf8(folder.read("out.csv")).unwrap().lines().count() as u64, 1 + trainings);
}
