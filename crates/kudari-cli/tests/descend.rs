//! descend: the figures of ACCEPTANCE section C through the command, verdicts, pictures, and bad input.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use common::Folder;
use serde_json::{Value, json};

/// Descends on x0² + x1² from (−3, 4); the runs of the JSON object.
fn bowl(folder: &Folder, rest: &[&str]) -> Vec<Value> {
    let json = folder.json(&[&["descend", "x0^2 + x1^2", "--from", "-3,4", "--json"], rest].concat());
    json["runs"].as_array().unwrap().clone()
}

fn end(run: &Value) -> Vec<f64> {
    run["end"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[track_caller]
fn near(got: &[f64], expected: &[f64]) {
    let close = |(g, e): (&f64, &f64)| (g - e).abs() <= 1e-12 * e.abs();
    assert!(got.len() == expected.len() && got.iter().zip(expected).all(close), "{got:?}, not {expected:?}");
}

#[track_caller]
fn says(run: &Value, outcome: &str, words: &[&str]) {
    let text = run["verdict"].as_str().unwrap();
    assert_eq!(run["outcome"], outcome, "{text}");
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn exact_gradients_end_where_they_should_and_the_verdict_says_why() {
    let folder = Folder::new();
    let runs = bowl(&folder, &["--learning-rate", "0.1,10,1e-10,1", "--steps", "100"]);
    near(&end(&runs[0]), &[-6.111107929003493e-10, 8.14814390533799e-10]);
    says(&runs[0], "converges", &["converges, ×0.8 a step"]);
    near(&end(&runs[1]), &[-2.2515487259475596e+128, 3.002064967930081e+128]);
    says(&runs[1], "diverges", &["diverges, ×19 a step"]);
    near(&end(&runs[2]), &[-2.999999939999995, 3.9999999199999934]);
    says(&runs[2], "hardly_moves", &["hardly moves: 2e-8 of the way"]);
    assert_eq!(end(&runs[3]), [-3.0, 4.0]);
    says(&runs[3], "oscillates", &["oscillates", "neither converges nor diverges"]);
    let short = &bowl(&folder, &["--learning-rate", "0.1", "--steps", "20"])[0];
    // Exactly ×0.8 a step.
    near(&end(short), &[-3.0 * 0.8f64.powi(20), 4.0 * 0.8f64.powi(20)]);
    says(short, "on_its_way", &["×0.8 a step", "still on its way", "99 %"]);
    for run in &runs {
        assert!(run["lost"].is_null() && run["stopped"].is_null(), "{run}");
    }
}

#[test]
fn numerical_gradients_give_the_well_known_artefact_and_it_is_called_one() {
    let folder = Folder::new();
    let runs = bowl(&folder, &["--learning-rate", "0.1,10", "--steps", "100", "--gradient", "numerical", "--h", "1e-4"]);
    near(&end(&runs[0]), &[-6.111107928998789e-10, 8.148143905314271e-10]);
    says(&runs[0], "converges", &["×0.8 a step"]);
    // The published end after 20 steps is that of central differences; the exact one differs in the twelfth digit.
    let short = &bowl(&folder, &["--learning-rate", "0.1", "--steps", "20", "--gradient", "numerical"])[0];
    near(&end(short), &[-0.03458764513817675, 0.04611686018418694]);
    assert_eq!(end(&runs[1]), [-25898374737328.363, -1295248616896.5398]);
    let words = ["diverges, ×19 a step", "lost all digits", "after step 10 the numerical gradient is exactly 0", "artefact"];
    says(&runs[1], "artefact", &words);
    assert_eq!(runs[1]["lost"], json!({ "from": 9, "variable": "x1", "all_from": 10 }));
    assert_eq!(runs[1]["slope"], 0.0);
    // The end is reached after ten steps already.
    let ten = bowl(&folder, &["--learning-rate", "10", "--steps", "10", "--gradient", "numerical"]);
    assert_eq!(end(&ten[0]), end(&runs[1]));
}

#[test]
fn other_ways_have_other_verdicts() {
    let folder = Folder::new();
    let run = |arguments: &[&str]| folder.json(&[&["descend"], arguments, &["--json"]].concat())["runs"][0].clone();
    says(&run(&["saddle"]), "diverges", &["×1.2 a step", "f falls without end"]);
    says(&run(&["saddle", "--from", "1,0"]), "saddle", &["converges, ×0.8", "not to a minimum"]);
    says(&run(&["x^2", "--from", "3", "--learning-rate", "0.95"]), "converges", &["×0.9 a step", "from side to side"]);
    says(&run(&["x^2", "--from", "1", "--learning-rate", "1e-20"]), "hardly_moves", &["smaller than the rounding"]);
    let stopped = run(&["x^2", "--from", "3", "--learning-rate", "2", "--steps", "1000"]);
    says(&stopped, "diverges", &["×3 a step", "too large"]);
    // 9·3^n overflows in x² when 3^(n + 1) exceeds the root of 1.8e308.
    assert_eq!(stopped["steps"], 322);
    says(&run(&["ln x", "--from", "1", "--learning-rate", "2"]), "left_the_domain", &["after 0 steps", "the logarithm of −1"]);
    let run = run(&["rosenbrock", "--optimizer", "momentum"]);
    says(&run, "converges", &[]);
    assert!(run["nearest"]["minimum"] == json!([1.0, 1.0]) && run["nearest"]["distance"].as_f64().unwrap() < 1e-9, "{run}");
}

/// The first steps of the optimizers on x² from 1 with η = 0.1, by their formulas: g = 2.
#[test]
fn optimizers_are_those_of_training() {
    let folder = Folder::new();
    let mut arguments = vec!["descend", "x^2", "--from", "1", "--steps", "1", "--json"];
    let optimizers = ["sgd", "momentum(0.5)", "nesterov(0.5)", "adagrad", "adam(0.9,0.999)"];
    optimizers.iter().for_each(|name| arguments.extend(["--optimizer", name]));
    let json = folder.json(&arguments);
    let ends: Vec<f64> = json["runs"].as_array().unwrap().iter().map(|run| end(run)[0]).collect();
    for (got, expected) in ends.iter().zip([0.8, 0.8, 0.7, 0.9, 0.9]) {
        assert!((got - expected).abs() < 1e-6, "{ends:?}");
    }
}

#[test]
fn random_starts_find_the_minima() {
    let folder = Folder::new();
    let json = folder.json(&["descend", "himmelblau", "--starts", "200", "--seed", "3", "--json"]);
    let minima = json["minima"].as_array().unwrap();
    assert!(minima.len() == 4 && minima.iter().all(|m| m["known"] == true && m["value"].as_f64().unwrap() < 1e-9), "{json}");
    let total: u64 = minima.iter().map(|m| m["starts"].as_u64().unwrap()).sum();
    assert_eq!((total, &json["lost"], &json["on_their_way"]), (200, &json!(0), &json!(0)));
    assert_eq!(folder.json(&["descend", "himmelblau", "--starts", "200", "--seed", "3", "--json"]), json, "one seed, one result");
    // x⁴ − 2x²: minima at ±1, and half of the starts belong to each.
    let json =
        folder.json(&["descend", "x^4 - 2x^2", "--starts", "1000", "--range", "-1.5,1.5", "--learning-rate", "0.05", "--json"]);
    let minima = json["minima"].as_array().unwrap();
    let counts: Vec<u64> = minima.iter().map(|m| m["starts"].as_u64().unwrap()).collect();
    assert!(minima.len() == 2 && counts.iter().all(|count| (400..600).contains(count)), "{json}");
    assert!(minima.iter().all(|m| (m["at"][0].as_f64().unwrap().abs() - 1.0).abs() < 1e-6), "{json}");
    let lost = folder.json(&["descend", "x^2", "--starts", "9", "--learning-rate", "3", "--steps", "2000", "--json"]);
    assert_eq!((&lost["lost"], &lost["minima"]), (&json!(9), &json!([])));
    let text = folder.run(&["descend", "rastrigin", "--starts", "30"]).stdout;
    assert!(text.contains("minimum") && text.contains("30 random starts"), "{text}");
}

#[test]
fn pictures_tables_and_animations_are_written() {
    let folder = Folder::new();
    for (name, arguments) in [
        ("way.svg", &["descend", "bowl"][..]),
        ("rates.svg", &["descend", "bowl", "--learning-rate", "0.1,10,1e-10,1"]),
        ("one.svg", &["descend", "x^4 - 3x^2 + x", "--from", "2", "--learning-rate", "0.05"]),
        ("three.svg", &["descend", "x^2 + y^2 + z^2", "--from", "1,2,3"]),
        ("constant.svg", &["descend", "0x", "--from", "1"]),
        ("away.svg", &["descend", "x^2 - y^2", "--from", "0,1", "--learning-rate", "1", "--steps", "1000"]),
        ("basins.svg", &["descend", "himmelblau", "--starts", "20", "--steps", "30"]),
        ("holes.png", &["descend", "ln(x) + ln(y)", "--from", "1,1", "--steps", "2"]),
    ] {
        let run = folder.run(&[arguments, &["--plot", name]].concat());
        assert_eq!(run.status, 0, "{name}: {}", run.stderr);
        assert!(folder.read(name).len() > 1000);
    }
    let text = |name: &str| String::from_utf8(folder.read(name)).unwrap();
    assert!(text("rates.svg").contains("sgd, η = 10: diverges") && text("rates.svg").contains("sgd, η = 1e-10: hardly moves"));
    assert!(text("basins.svg").contains(" starts"));
    for film in ["way.gif", "way.html"] {
        let run = folder.run(&["descend", "bowl", "--steps", "3", "--animate", film, "--csv", "way.csv"]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        assert!(folder.read(film).len() > 1000);
    }
    let csv = text("way.csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "run,optimizer,learning_rate,step,f,slope,x0,x1");
    assert_eq!((lines.len(), lines[1], lines[2]), (5, "1,sgd,0.1,0,25,10,-3,4", "1,sgd,0.1,1,16,8,-2.4,3.2"));
}

#[test]
fn bad_input_is_explained_before_any_work() {
    let folder = Folder::new();
    for (arguments, status, what, help) in [
        (&["descend", "x0^2 +", "--from", "1"][..], 2, "column 7: the formula ends where", ""),
        (&["descend", "x^2"], 2, "where to begin is not said", "add --from with numbers for x"),
        (&["descend", "x*y", "--from", "1"], 2, "the formula has 2 variables, x, y; 1 number is given", "in this order"),
        (&["descend", "7", "--from", "1"], 2, "no variable to move", "x0^2 + x1^2"),
        (&["descend", "x^2", "--from", "a"], 2, "--from a: `a` is not a number", "1e-4"),
        (&["descend", "bowl", "--steps", "0"], 2, "invalid value '0' for '--steps <N>'", ""),
        (&["descend", "bowl", "--learning-rate", "-1"], 2, "learning rate -1", "above 0"),
        (&["descend", "bowl", "--learning-rate", "0.1;1"], 2, "--learning-rate 0.1;1", "1e-4"),
        (&["descend", "bowl", "--optimizer", "sdg"], 2, "optimizer `sdg`: unknown", "sgd"),
        (&["descend", "bowl", "--gradient", "numerical", "--h", "0"], 2, "--h 0", "above 0"),
        (&["descend", "bowl", "--range", "1"], 2, "--range 1", "the low one first"),
        (&["descend", "bowl", "--plot", "a.gif"], 2, "a.gif: this ending is not known", ".svg or .png"),
        (&["descend", "bowl", "--animate", "a.svg"], 2, "a.svg: this ending is not known", ".gif or .html"),
        (&["descend", "x+y+z", "--from", "1,1,1", "--animate", "a.gif"], 2, "the formula has 3", "--plot"),
        (&["descend", "bowl", "--starts", "9", "--learning-rate", "1,2"], 2, "--starts with several", "one of each"),
        (&["descend", "bowl", "--starts", "9", "--gradient", "numerical"], 2, "--starts with a numerical", "exact"),
        (&["descend", "x^2", "--starts", "9", "--plot", "a.svg"], 2, "basins are drawn for two variables", ""),
        (&["descend", "bowl", "--starts", "9", "--from", "1,1"], 2, "cannot be used with", ""),
        (&["descend", "rosenbrok"], 2, "unknown function `rosenbrok`", "rosenbrock"),
        (&["descend", "1/x", "--from", "0"], 1, "1/x at x = 0: a division by zero", "another place"),
        (&["descend", "√x", "--from", "0"], 1, "the slope is not finite", "another place"),
        (&["descend", "bowl", "--csv", "no/such/a.csv"], 1, "no/such/a.csv", ""),
    ] {
        let run = folder.run(arguments);
        run.fails(status, what);
        if !help.is_empty() {
            run.helps(help);
        }
    }
    assert!(folder.names(".").is_empty(), "nothing was written");
}
