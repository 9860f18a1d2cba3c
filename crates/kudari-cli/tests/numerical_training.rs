//! `kudari train --gradient numerical`, and what `kudari check` says about kinks.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use std::process::Command;

use common::{Folder, Run};
use kudari::model::Model;

#[test]
fn xor_is_learnt_by_numerical_gradients_and_the_cost_is_told_first() {
    let folder = Folder::new();
    let options = ["--net", "linear(8) relu(kink=0.5) linear(2)", "--gradient", "numerical", "--out", "run"];
    let run = folder.run(&[&["train", "xor"], &options[..]].concat());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    for line in [
        "gradient  numerical, central differences, h = 0.0001",
        "42 parameters × 2 = 84 losses an update; only what a parameter changes is computed again",
        "in f64: differences of f32 losses would drown in rounding",
    ] {
        let place = run.stdout.find(line).unwrap_or_else(|| panic!("`{line}` is not in {}", run.stdout));
        assert!(place < run.stdout.find("epoch").unwrap(), "before the first measurement");
    }
    assert!(run.stdout.contains(" an update, ") && run.stdout.contains("test accuracy 1.0000"), "{}", run.stdout);
    let model = Model::load(&folder.path().join("run/model.safetensors")).unwrap();
    assert_eq!(model.network.notation(), "linear(8) relu(kink=0.5) linear(2)");
    let report = String::from_utf8(folder.read("run/report.html")).unwrap();
    assert!(report.contains("numerical, central differences, h = 0.0001"));
    assert_eq!(folder.json(&["eval", "run", "xor", "--json"])["accuracy"], 1.0);
}

#[test]
fn json_and_quiet_are_as_with_backpropagation() {
    let folder = Folder::new();
    let train = |rest: &[&str]| folder.run(&[&["train", "xor", "--iterations", "40", "--json", "--quiet"], rest].concat());
    let (exact, numerical) = (train(&["--dtype", "f64"]), train(&["--gradient", "numerical"]));
    assert_eq!(numerical.stderr, "");
    let (exact, numerical) = (exact.json(), numerical.json());
    let names = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&exact), names(&numerical));
    let difference = exact["train_loss"].as_f64().unwrap() - numerical["train_loss"].as_f64().unwrap();
    assert!(difference != 0.0 && difference.abs() < 1e-6, "{difference:e}");
}

#[test]
fn the_same_bits_on_any_number_of_threads_and_again_by_the_command_in_the_model() {
    let folder = Folder::new();
    let options = "--net|linear(12) tanh linear(10)|--gradient|numerical|--h|0.001|--method|forward|--optimizer|adam|\
        --learning-rate|0.01|--batch-size|50|--iterations|3|--json|--quiet";
    let arguments = |rest: &[&'static str]| [&["train", "digits"], &options.split('|').collect::<Vec<_>>()[..], rest].concat();
    let sum = folder.json(&arguments(&["--threads", "1", "--out", "a"]))["weights_sha256"].clone();
    assert_eq!(folder.json(&arguments(&["--threads", "3"]))["weights_sha256"], sum);
    let model = Model::load(&folder.path().join("a/model.safetensors")).unwrap();
    let command = model.training["command"].as_str().unwrap();
    let command = command.replacen("kudari", env!("CARGO_BIN_EXE_kudari"), 1) + " --json --quiet --out b";
    let again = Run::of(Command::new("sh").arg("-c").arg(command).current_dir(folder.path()).output().unwrap());
    assert_eq!(again.json()["weights_sha256"], sum);
}

#[test]
fn options_that_make_no_sense_are_refused_before_anything_begins() {
    let folder = Folder::new();
    let train = |rest: &[&str]| folder.run(&[&["train", "xor"], rest].concat());
    let run = train(&["--gradient", "numerica"]);
    run.fails(2, "invalid value 'numerica' for '--gradient <HOW>'");
    assert!(run.stderr.contains("backprop, numerical"), "{}", run.stderr);
    for (h, shown) in [("0", "0"), ("-1", "-1"), ("nan", "NaN"), ("inf", "inf")] {
        let run = train(&["--gradient", "numerical", "--h", h]);
        run.fails(2, &format!("a step h of {shown}"));
        run.helps("above 0 and finite");
    }
    train(&["--gradient", "numerical", "--h", "small"]).fails(2, "invalid value 'small' for '--h <STEP>'");
    train(&["--gradient", "numerical", "--method", "middle"]).fails(2, "invalid value 'middle' for '--method <METHOD>'");
    for (option, value) in [("--h", "0.1"), ("--method", "forward")] {
        for before in [&[][..], &["--gradient", "backprop"]] {
            let run = train(&[before, &[option, value]].concat());
            run.fails(2, &format!("{option} without numerical gradients"));
            run.helps("add --gradient numerical");
        }
    }
    let run = train(&["--net", "linear(8) relu(kink=0.3) linear(2)"]);
    run.fails(2, "network, column 11, layer 1: relu: kink 0.3 is not one of 0, 0.5, 1");
    run.helps("write e.g. relu(kink=0.5)");
    let run = train(&["--gradient", "numerical", "--dtype", "bf16"]);
    run.fails(2, "numerical gradients with --dtype bf16");
    run.helps("leave out --dtype to compute in f64");
    train(&["--net", "linear(8) relu(knik=1) linear(2)"]).fails(2, "relu has no argument `knik`");
    assert!(folder.names(".").is_empty(), "nothing was begun");
}

#[test]
fn lost_digits_are_told_on_the_screen_and_in_the_report() {
    let folder = Folder::new();
    let run = folder.run(&["train", "xor", "--gradient", "numerical", "--h", "1e-30", "--iterations", "5", "--out", "run"]);
    let text = "h = 1e-30 has lost all digits in 32 of 42 parameters";
    assert_eq!((run.status, run.stdout.matches(text).count()), (0, 1), "{}", run.stdout);
    assert!(String::from_utf8(folder.read("run/report.html")).unwrap().contains(text));
    let f32 = folder.run(&["train", "xor", "--gradient", "numerical", "--dtype", "f32", "--iterations", "5"]);
    assert!(f32.stdout.contains("in f32 most digits of the differences drown in rounding"), "{}", f32.stdout);
}

/// With biases of 0 the sample (0, 0) puts every hidden unit on ReLU's kink, whatever the derivative is taken as there.
#[test]
fn a_check_tells_of_kinks_and_passes() {
    let folder = Folder::new();
    for activation in ["relu", "relu(kink=0.5)", "relu(kink=1)"] {
        let net = format!("linear(8) {activation} linear(2)");
        let result = folder.json(&["check", &net, "--data", "xor", "--json"]);
        assert_eq!((&result["kinks"], &result["checked"], &result["passed"]), (&8.into(), &34.into(), &true.into()));
        let text = folder.run(&["check", &net, "--data", "xor"]).stdout;
        assert!(text.contains("0.bias[0]: not differentiable here: left slope "), "{text}");
        assert!(text.contains("and the value returned, "), "{text}");
    }
}
