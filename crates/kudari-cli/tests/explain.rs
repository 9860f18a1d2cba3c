//! `kudari explain`, good input and bad.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use std::path::PathBuf;

use common::{Folder, Run};

fn worksheet(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/worksheets").join(name);
    path.to_str().unwrap().to_string()
}

fn explain(arguments: &[&str]) -> Run {
    Folder::new().run(&[&["explain"], arguments].concat())
}

#[test]
fn a_worksheet_is_worked_out_without_colours_where_nobody_looks() {
    let run = explain(&[&worksheet("by-hand-2.toml")]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("  ∂E/∂w⁽²⁾₁₁ = δ⁽²⁾₁·z₁ = 2.183·0.6457 ≈ 1.409 †"), "{}", run.stdout);
    assert!(!run.stdout.contains('\x1b') && run.stdout.lines().all(|l| l == l.trim_end()));
    let japanese = explain(&[&worksheet("by-hand-2.toml"), "--lang", "ja", "--carry", "shown", "--digits", "3"]);
    assert!(japanese.stdout.contains("順伝播") && japanese.stdout.contains("(正確には"), "{}", japanese.stdout);
}

#[test]
fn json_holds_all_values_of_a_network_without_a_worksheet() {
    let folder = Folder::new();
    let net = ["explain", "linear(2) tanh linear(1)", "--input", "0.5,-1", "--target", "1", "--seed", "3", "--format", "json"];
    let json = folder.json(&net);
    assert_eq!(json["input"], serde_json::json!([0.5, -1.0]));
    let (numerical, backward) = (&json["numerical_gradients"]["0.weight"], &json["gradients"]["0.weight"]);
    for (n, b) in
        [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(i, j)| (numerical[i][j].as_f64().unwrap(), backward[i][j].as_f64().unwrap()))
    {
        assert!((n - b).abs() < 1e-8, "{n} {b}");
    }
    assert_eq!(json, folder.json(&net));
}

#[test]
fn a_trained_model_is_explained_on_a_sample() {
    let folder = Folder::new();
    folder.train_xor();
    let run = folder.run(&["explain", "xor", "--data", "xor", "--sample", "1", "--unit", "1:3"]);
    assert!(run.status == 0 && run.stdout.contains("into unit 3 of layer 1"), "{}", run.stderr);
    folder.run(&["explain", "xor"]).fails(2, "a model needs a sample");
    folder.run(&["explain", "xor", "--data", "xor", "--sample", "4"]).fails(2, "--sample 4: xor has 4 samples");
}

#[test]
fn answers_are_judged_and_a_wrong_one_fails() {
    let folder = Folder::new();
    folder.write("right.txt", "z1 = 0.6457\ndE/dw2_11 = 1.410\n".as_bytes());
    folder.write("wrong.txt", "delta1_1 = 14.22\n".as_bytes());
    folder.write("odd.txt", "z1 = 0.6457\nq7 = 3\n".as_bytes());
    let sheet = worksheet("by-hand-2.toml");
    let check = |file: &str| folder.run(&["explain", &sheet, "--check", file]);
    assert_eq!(check("right.txt").status, 0);
    let wrong = check("wrong.txt");
    assert!(wrong.status == 1 && wrong.stdout.contains("✗ expected 3.252: the sum of w·δ without the slope"), "{}", wrong.stdout);
    check("odd.txt").fails(1, "odd.txt: line 2: there is no number `q7`");
    check("none.txt").fails(1, "none.txt: ");
    let json = folder.run(&["explain", &sheet, "--check", "wrong.txt", "--format", "json"]).json();
    assert_eq!((&json["right"], &json["answers"][0]["verdict"]), (&0.into(), &"wrong".into()));
}

#[test]
fn what_cannot_be_explained_is_told() {
    let sheet = worksheet("by-hand-2.toml");
    let only = explain(&[&sheet, "--only", "0.weight[3,2]"]);
    only.fails(2, "`0.weight` has shape [2, 3], there is no element [3, 2]");
    only.helps("0.weight[0,0] to 0.weight[1,2]");
    explain(&[&sheet, "--only", "1.weight[0,0]"]).fails(2, "there is no parameter `1.weight`");
    explain(&[&sheet, "--unit", "3:1"]).fails(2, "there is no layer 3");
    explain(&[&sheet, "--digits", "0"]).fails(2, "--digits");
    explain(&[&sheet, "--lang", "fr"]).fails(2, "the languages are en and ja");
    explain(&[&sheet, "--learning-rate", "-1"]).fails(2, "not a number above 0");
    explain(&["none.toml"]).fails(1, "none.toml: ");
    explain(&["runs/none"]).fails(1, "runs/none: there is no such file or folder");
    explain(&["linear(2)"]).fails(2, "a network needs an input");
    explain(&["linear(2)", "--input", "1,2"]).fails(2, "a network needs a target");
    explain(&["linear(2) rleu", "--input", "1,2", "--target", "1"]).fails(2, "unknown layer `rleu`");
    explain(&["linear(2)", "--input", "1,x", "--target", "1"]).fails(2, "numbers with commas between them");
    explain(&["linear(2)", "--input", "1,2", "--target", "1,2,3"]).fails(2, "`target` has shape [3]");
}

#[test]
fn worksheets_with_mistakes_are_told_where() {
    let folder = Folder::new();
    let sheet = String::from_utf8(std::fs::read(worksheet("by-hand-2.toml")).unwrap()).unwrap();
    let changed = |old: &str, new: &str| {
        assert!(sheet.contains(old));
        folder.write("sheet.toml", sheet.replace(old, new).as_bytes());
        folder.run(&["explain", "sheet.toml"])
    };
    changed("\"2.weight\" = [[1, 2], [3, 4]]", "").fails(1, "sheet.toml: worksheet: `weights`: \"2.weight\" is missing");
    changed("[[1, 2], [3, 4]]", "[[1, 2]]").fails(1, "\"2.weight\" has shape [1, 2], the network needs [2, 2]");
    changed("input = [1, 2, 3]", "input = [1, 2").fails(1, "worksheet: line ");
    changed("net = ", "nte = ").fails(1, "unknown key `nte`");
    changed("target = [0, 1]", "target = [0, 1, 2]").fails(1, "`target` has shape [3]");
    changed("sum_squared_error", "sum_squared").fails(1, "unknown loss `sum_squared`");
    changed("sigmoid", "sigmoyd").fails(1, "unknown layer `sigmoyd`");
}

#[test]
fn the_ending_of_the_file_names_the_format() {
    let folder = Folder::new();
    let sheet = worksheet("by-hand-2.toml");
    let begins = |file: &str, more: &[&str]| {
        let run = folder.run(&[&["explain", &sheet, "-o", file], more].concat());
        assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""), "{file}");
        let text = String::from_utf8(folder.read(file)).unwrap();
        text.split(['\n', ':']).next().unwrap().to_string()
    };
    assert_eq!(begins("sheet.tex", &[]), "\\documentclass[a4paper,fleqn]{article}");
    assert_eq!(begins("blatt.TEX", &["--lang", "ja"]), "% for LuaLaTeX");
    assert_eq!(begins("sheet.md", &[]), "# by hand 2");
    assert!(begins("sheet.txt", &[]).starts_with("network "));
    assert!(begins("sheet.json", &[]).starts_with('{'));
    assert_eq!(begins("notes", &["--format", "latex-body"]), "% needs \\usepackage{amsmath,booktabs,longtable}");
    let unknown = folder.run(&["explain", &sheet, "-o", "sheet.doc"]);
    unknown.fails(2, "--output sheet.doc: the ending names no format");
    unknown.helps(".txt, .html, .tex, .md, .json");
    folder.run(&["explain", &sheet, "--check", "mine.txt", "--format", "markdown"]).fails(2, "--check judges in text or JSON");
}

#[test]
fn functions_and_layers_are_explained_by_their_names() {
    let run = explain(&["conv2d"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("  y₁₂ = w₁₁·x₁₂ + w₁₂·x₁₃ + w₂₁·x₂₂ + w₂₂·x₂₃ + b = 1·2 + (−1)·0 + 2·1 + 0.5·3 + 0.5 = 6"));
    let japanese = explain(&["batchnorm", "--lang", "ja", "--digits", "6"]);
    assert!(japanese.stdout.contains("逆伝播") && japanese.stdout.contains("√2.50001 ≈ 1.58114"), "{}", japanese.stdout);
    let json = Folder::new().json(&["explain", "lstm", "--format", "json"]);
    assert_eq!((json["name"].as_str(), json["inputs"]["c"][0][0].as_f64()), (Some("lstm"), Some(0.0)));
    for (ending, mark) in [("html", "A tiny example"), ("tex", "\\begin{aligned}"), ("md", "$$"), ("txt", "1  FORWARD")] {
        let folder = Folder::new();
        folder.run(&["explain", "softmax", "-o", &format!("page.{ending}")]);
        let written = String::from_utf8(folder.read(&format!("page.{ending}"))).unwrap();
        assert!(written.contains(mark), "{ending}");
    }
    let all = explain(&["max_pool2d_pick", "--all"]);
    let few = explain(&["max_pool2d_pick"]);
    assert!(few.stdout.contains("more lines of y: --all") && !all.stdout.contains("--all"), "{}", few.stdout);
    assert!(all.stdout.lines().count() > 100 + few.stdout.lines().count(), "{}", all.stdout);
    let names = explain(&["--list"]).stdout;
    assert!(names.contains("convolutions\n  conv2d") && names.contains("layers\n  conv "), "{names}");
    explain(&["con2d"]).fails(2, "there is no function or layer `con2d`");
    assert!(explain(&["con2d"]).stderr.contains("did you mean `conv2d`?"));
    // With an input, a word is a network.
    explain(&["relu", "--input", "1"]).fails(2, "a network needs a target");
}

#[test]
fn samples_of_a_network_have_the_shape_that_is_asked_for() {
    let net = ["conv(1,2) flatten linear(1)", "--shape", "1,2,3", "--target", "1", "--input"];
    let one = explain(&[&net[..], &["1,2,0,0,1,3"]].concat());
    assert!(one.stdout.contains("a⁽¹⁾₁₁₁ = w⁽¹⁾₁₁₁₁·x₁₁₁ + w⁽¹⁾₁₁₁₂·x₁₁₂ + "), "{}{}", one.stdout, one.stderr);
    explain(&[&net[..], &["1,2,0"]].concat()).fails(2, "--input has 3 numbers, --shape 1,2,3 needs 6");
    let two = ["batchnorm linear(1)", "--shape", "1", "--input", "1,3", "--target", "0,1", "--format", "json"];
    assert_eq!(Folder::new().json(&[&["explain"], &two[..]].concat())["input"], serde_json::json!([[1.0], [3.0]]));
}
