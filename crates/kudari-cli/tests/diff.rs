//! diff and gradient: the figures of ACCEPTANCE section B through the command, pictures, and bad input.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use common::Folder;
use serde_json::{Value, json};

fn numerical(folder: &Folder, arguments: &[&str]) -> Vec<Vec<f64>> {
    let json = folder.json(&[arguments, &["--json"]].concat());
    let numbers = |v: &Value| v["numerical"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    json["points"].as_array().unwrap().iter().map(numbers).collect()
}

#[test]
fn differences_give_the_published_figures_digit_for_digit() {
    let folder = Folder::new();
    let parabola = |rest: &[&str]| numerical(&folder, &[&["diff", "x^2 + 4^2", "--at", "3"], rest].concat());
    for (h, expected) in [
        ("1e-1", 5.9999999999999964),
        ("1e-4", 6.00000000000378),
        ("1e-5", 6.000000000128124),
        ("1e-8", 5.99999978589949),
        ("1e-10", 6.000000496442226),
        ("1e-12", 6.000533403494046),
        ("1e-15", 7.105427357601001),
        ("1e-49", 0.0),
    ] {
        assert_eq!(parabola(&["--h", h]), [[expected]], "h = {h}");
        assert_eq!(parabola(&["--h", h, "--method", "central"]), [[expected]], "h = {h}");
    }
    assert_eq!(parabola(&["--h", "1e-4", "--method", "forward"]), [[6.000099999994291]]);
    let line = numerical(&folder, &["diff", "0.01x^2 + 0.1x", "--at", "5,10", "--h", "1e-4"]);
    assert_eq!(line, [[0.1999999999990898], [0.2999999999986347]]);
    let bowl = numerical(&folder, &["gradient", "x0^2 + x1^2", "--at", "3,4", "--at", "0,2", "--at", "3,0", "--h", "1e-4"]);
    assert_eq!(bowl, [[6.00000000000378, 7.999999999999119], [0.0, 4.000000000004], [6.000000000012662, 0.0]]);
    // Without a step, one is chosen that finds ten digits.
    assert!((parabola(&[])[0][0] - 6.0).abs() < 1e-10);
}

#[test]
fn the_derivative_is_exact_and_a_formula() {
    let folder = Folder::new();
    let json = folder.json(&["diff", "x^2 + 4^2", "--at", "3", "--h", "1e-49", "--json"]);
    assert_eq!(
        (&json["formula"], &json["derivatives"], &json["method"]),
        (&"x^2 + 4^2".into(), &json!(["2*x"]), &"central".into())
    );
    let point = &json["points"][0];
    assert_eq!((&point["gradient"], &point["by_rules"], &point["value"]), (&json!([6.0]), &json!([6.0]), &json!(25.0)));
    assert_eq!((&point["lost"], &point["difference"]), (&json!([true]), &json!([-6.0])));
    let json = folder.json(&["gradient", "x0^2 + x1^2", "--at", "3,4", "--json"]);
    assert_eq!((&json["derivatives"], &json["points"][0]["gradient"]), (&json!(["2*x0", "2*x1"]), &json!([6.0, 8.0])));
    // Names and calculated numbers; the minimum that books state.
    let json = folder.json(&["gradient", "rosenbrock", "--at", "1,2/2", "--json"]);
    assert_eq!(json["points"][0]["gradient"], json!([0.0, 0.0]));
    let text = folder.run(&["diff", "x² + 4²", "--at", "3", "--h", "1e-49"]).stdout;
    for part in ["f(x) = x² + 4²", "f′(x) = 2·x", "f(3) = 25", "all digits lost: 3 + h = 3"] {
        assert!(text.contains(part), "{text}");
    }
    // Where a difference leaves the formula's domain, the exact derivative stays.
    let text = folder.run(&["diff", "ln x", "--at", "1e-5", "--h", "1e-4"]).stdout;
    assert!(text.contains("no difference: ln(x) at x = −0.00009: the logarithm of −0.00009"), "{text}");
}

#[test]
fn a_sweep_finds_the_best_step_and_tells_why() {
    let folder = Folder::new();
    let json = folder.json(&["diff", "x^2 + 4^2", "--at", "3", "--sweep", "1e-1,1e-49", "--json"]);
    let sweep = &json["sweeps"][0];
    let rows = sweep["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &sweep["best"], &sweep["exact"]), (49, &json!(0.1), &json!(6.0)));
    assert_eq!((&rows[3]["h"], &rows[3]["value"]), (&json!(1e-4), &json!(6.00000000000378)));
    assert_eq!((&rows[48]["value"], &rows[48]["cause"]), (&json!(0.0), &"lost".into()));
    let text = folder.run(&["diff", "sin(x)", "--at", "1", "--sweep"]).stdout;
    for part in
        ["best: h = 1e-5", "(truncation); the error grows like h^2.0", "smaller h:", "x + h = x: all digits are lost", "← best"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let order = |method: &str| {
        let text = folder.run(&["diff", "sin(x)", "--at", "1", "--sweep", "--method", method]).stdout;
        text.split("grows like h^").nth(1).unwrap()[..3].to_string()
    };
    assert_eq!((order("forward").as_str(), order("richardson").as_str()), ("1.0", "4.0"));
}

#[test]
fn pictures_are_written() {
    let folder = Folder::new();
    for (name, arguments) in [
        ("tangent.svg", &["diff", "x^2 + 4^2", "--at", "3,5", "--h", "0.5"][..]),
        ("errors.svg", &["diff", "sin(x)", "--at", "1", "--sweep"]),
        ("field.svg", &["gradient", "saddle", "--at", "1,1"]),
        ("up.svg", &["gradient", "saddle", "--at", "1,1", "--ascent"]),
        ("pole.svg", &["diff", "1/x", "--at", "1", "--range", "-2,2"]),
        ("holes.svg", &["gradient", "ln(x) + sqrt(y)", "--at", "1,1"]),
        ("flat.svg", &["gradient", "0x + 0y", "--at", "0,0"]),
        ("constant.svg", &["diff", "0x + 7", "--at", "0"]),
        ("large.svg", &["diff", "x^2", "--at", "1e150"]),
        ("picture.png", &["diff", "x^2", "--at", "1"]),
    ] {
        let run = folder.run(&[arguments, &["--plot", name]].concat());
        assert_eq!(run.status, 0, "{name}: {}", run.stderr);
        assert!(folder.read(name).len() > 1000);
    }
    let text = |name: &str| String::from_utf8(folder.read(name)).unwrap();
    assert!(text("tangent.svg").contains("tangent at 3: slope 6") && text("tangent.svg").contains("secant through x ± 0.5"));
    assert!(text("field.svg").contains("−∇f, down the steepest slope") && text("up.svg").contains(">∇f, up the steepest slope"));
    assert!(text("errors.svg").contains("central, best h = 10⁻⁵") && text("errors.svg").contains("rounding"));
}

#[test]
fn bad_input_is_explained_before_any_work() {
    let folder = Folder::new();
    for (arguments, status, what, help) in [
        (&["diff", "x ^ ^ 2", "--at", "1"][..], 2, "column 5: `^` stands where a number, a name or `(` should", ""),
        (&["diff", "sinus(x)", "--at", "1"], 2, "unknown function `sinus`", "did you mean `sin`?"),
        (&["diff", "", "--at", "1"], 2, "there is no formula", "x^2 + 4^2"),
        (&["diff", "x*y", "--at", "1"], 2, "the formula has 2 variables, x, y", "kudari gradient"),
        (&["gradient", "x*y", "--at", "1"], 2, "the formula has 2 variables, x, y; 1 number is given", "in this order"),
        (&["gradient", "xy", "--at", "1,2"], 2, "one variable, xy; 2 numbers", "write x*y"),
        (&["gradient", "rosenbrok", "--at", "1,2"], 2, "unknown function `rosenbrok`", "rosenbrock"),
        (&["diff", "x", "--at", "abc"], 2, "--at abc: `abc` is not a number", "1e-4"),
        (&["diff", "x", "--at", "1/0"], 2, "a division by zero", ""),
        (&["diff", "x", "--at", "1", "--h", "0"], 2, "--h 0", "above 0"),
        (&["diff", "x", "--at", "1", "--h", "-1"], 2, "--h -1", "above 0"),
        (&["diff", "x", "--at", "1", "--sweep", "1e-3"], 2, "--sweep 1e-3", "two steps"),
        (&["diff", "x", "--at", "1", "--plot", "a.pdf"], 2, "a.pdf: this ending is not known", ".svg or .png"),
        (&["diff", "x", "--at", "1", "--plot", "a.svg", "--range", "2,1"], 2, "--range 2,1", "the low one first"),
        (&["gradient", "x*y*z", "--at", "1,2,3", "--plot", "a.svg"], 2, "the formula has 3", "leave --plot out"),
        (&["diff", "1/(x - 3)", "--at", "3"], 1, "1/(x − 3) at x = 3: a division by zero", "another place"),
        (&["diff", "ln(x - 3)", "--at", "2"], 1, "ln(x − 3) at x = 2: the logarithm of −1", "another place"),
        (&["diff", "√x", "--at", "0"], 1, "√x at x = 0: the slope is not finite", "no derivative"),
        (&["diff", "e^(x^2)", "--at", "99"], 1, "too large", "another place"),
        (&["diff", "x", "--at", "1", "--plot", "no/such/folder/a.svg"], 1, "no/such/folder/a.svg", "exists"),
    ] {
        let run = folder.run(arguments);
        run.fails(status, what);
        if !help.is_empty() {
            run.helps(help);
        }
    }
    let run = folder.run(&["diff", "2x + $", "--at", "1"]);
    assert!(run.stderr.contains("    2x + $\n         ^"), "{}", run.stderr);
    assert!(folder.names(".").is_empty(), "nothing was written");
}
