//! Formulas: what is read, what is refused, and that written formulas are read back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kudari::array::Stream;
use kudari::expression::{Condition, Constant, Expression, Operation, Relation, TextStyle};
use kudari::functions::{elementwise, registry};
use kudari::{Array, Variable, grad};

fn value(text: &str, leaves: &[(&str, f64)]) -> f64 {
    let names: Vec<&str> = leaves.iter().map(|l| l.0).collect();
    let formula = Expression::parse_with(text, &names).unwrap_or_else(|error| panic!("{error}"));
    evaluate(&formula, leaves)
}

fn evaluate(formula: &Expression, leaves: &[(&str, f64)]) -> f64 {
    formula.evaluate(&mut |name| leaves.iter().find(|l| l.0 == name).unwrap().1)
}

#[test]
fn what_people_type_means_what_they_mean() {
    let x = 1.7f64;
    let y = 0.3f64;
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    for (text, expected) in [
        ("2 + 3*4 - 6/2", 11.0),
        ("2^3^2", 512.0),
        ("-2^2", -4.0),
        ("(-2)^2", 4.0),
        ("2^-1", 0.5),
        ("8/4/2", 1.0),
        ("2*-3", -6.0),
        ("7 − 2 · 3 × 1 ÷ 2", 4.0),
        ("2**3", 8.0),
        ("+5", 5.0),
        (".5 + 1e-1 + 1E2", 100.6),
        ("x² + x³", x * x + x.powi(3)),
        ("x⁻¹", 1.0 / x),
        ("x^2 + 4^2", x * x + 16.0),
        ("2x", 2.0 * x),
        ("y(1 − y)", y * (1.0 - y)),
        ("½x(1 + y)", 0.5 * x * (1.0 + y)),
        ("¼ + ¾", 1.0),
        ("x y", x * y),
        ("x^2y", x * x * y),
        ("2πx", 2.0 * std::f64::consts::PI * x),
        ("cos(pi)", -1.0),
        ("e^x", x.exp()),
        ("e^-x", (-x).exp()),
        ("2e^−x²", 2.0 * (-x * x).exp()),
        ("e", std::f64::consts::E),
        ("√x", x.sqrt()),
        ("√(x + y)", (x + y).sqrt()),
        ("3√2 · x", 3.0 * 2f64.sqrt() * x),
        ("|y − x|", (y - x).abs()),
        ("2|x||y|", 2.0 * x * y),
        ("||x| − 3|", 3.0 - x),
        ("|(2|y|)|", 2.0 * y),
        ("ln x", x.ln()),
        ("log(x)", x.ln()),
        ("sin x cos y", x.sin() * y.cos()),
        ("−sin x", -x.sin()),
        ("sin²(x) + cos^2 x", 1.0),
        ("xσ(x)(1 − σ(x))", x * sigmoid * (1.0 - sigmoid)),
        ("sigmoid(x)", sigmoid),
        ("max(x, y, 5) - min(x, y)", 5.0 - y),
        ("relu(-x) + sign(-3) + abs(-2)", 1.0),
        ("erf(0.5)", 0.520_499_877_813_046_5),
        ("asin(1) + acos(0) + 4atan(1)", 2.0 * std::f64::consts::PI),
        ("1 for x > 0, else 0", 1.0),
        ("1 for x < 0, 2 for x = 1.7, else 3", 2.0),
        ("1 if x <= 0, otherwise 3", 3.0),
        ("2(1 for x > 0, else 0) + 1", 3.0),
        ("max(1 for x > 2, else 0, -1)", 0.0),
        ("1 for |x| ≥ 1, else 1 for y > 0, else 2", 1.0),
    ] {
        let got = value(text, &[("x", x), ("y", y)]);
        assert!((got - expected).abs() <= 1e-15 * expected.abs().max(1.0), "{text}: {got}, not {expected}");
    }
    assert_eq!(value("x₀² + x1^2 + theta + x_max", &[("x0", 3.0), ("x1", 4.0), ("theta", 1.0), ("x_max", 2.0)]), 28.0);
    assert_eq!(value("theta(1 + x)", &[("theta", 3.0), ("x", 1.0)]), 6.0);
}

#[test]
fn mistakes_are_marked_and_explained() {
    for (text, what, mark, help) in [
        ("x +", "column 4: the formula ends where a number, a name or `(` should stand", "   ^", ""),
        ("x + )", "column 5: `)` stands where a number, a name or `(` should", "    ^", ""),
        ("(x", "column 1: `(` is never closed", "^", "add `)`"),
        ("|x + 1", "column 1: `|` is never closed", "^", "add `|`"),
        ("x)", "column 2: `)` closes nothing", " ^", "take it out, or add `(` before"),
        ("x $ 2", "column 3: `$` means nothing in a formula", "  ^", "the signs are"),
        ("x 2", "column 3: `2` stands where an operator should", "  ^", ""),
        ("2 3", "column 3: `3` stands where an operator should", "  ^", ""),
        ("1,5 x", "column 2: `,` separates arguments and cases only", " ^", "a decimal point is `.`"),
        ("", "column 1: there is no formula", "^", "write e.g. x^2 + 4^2"),
        ("1/2x", "column 4: a product without a sign behind `/` has two readings", "   ^", "write a/(b*c) or a/b*c"),
        ("sin 2x", "column 6: how far `sin` reaches has two readings", "     ^", "put its argument in parentheses"),
        ("√x²", "column 3: how far `√` reaches has two readings", "  ^", "put its argument in parentheses"),
        ("sinus(x)", "column 1: unknown function `sinus`", "^^^^^", "did you mean `sin`?"),
        ("1 + sqr(x)", "column 5: unknown function `sqr`", "    ^^^", "did you mean `sqrt`?"),
        ("tan x", "column 1: unknown function `tan`", "^^^", "write sin(x)/cos(x)"),
        ("sin2x", "column 1: `sin2x` is read as one name", "^^^^^", "write sin(2x)"),
        ("qqqqqqq(x)", "column 1: unknown function `qqqqqqq`", "^^^^^^^", "the functions are exp, ln"),
        ("ln(x, 2)", "column 1: `ln` takes one argument, here are 2", "^^", "write e.g. ln(x)"),
        ("ln()", "column 4: `)` stands where a number, a name or `(` should", "   ^", ""),
        ("ln", "column 3: the formula ends where the argument of `ln` should stand", "  ^", ""),
        (
            "x for x > 0",
            "column 12: the formula ends where `, else` and a value should stand",
            "           ^",
            "the last case is `else`",
        ),
        ("x for x, else 1", "column 8: `,` stands where a comparison should", "       ^", "write e.g. x for x > 0, else 0"),
        ("1 for 0 < x < 1, else 0", "column 13: a condition is one comparison", "            ^", "split it into cases"),
        ("x > 0", "column 3: a comparison belongs to a case", "  ^", "write e.g. x for x > 0, else 0"),
        ("x²³^2", "column 4: a power of a power needs parentheses", "   ^", "write e.g. (x^2)^3"),
        ("1e999", "column 1: `1e999` is larger than any number here", "^^^^^", "the largest number"),
    ] {
        let error = Expression::parse(text).unwrap_err();
        assert_eq!(error.what(), format!("formula, {what}"), "{text}");
        assert_eq!(error.marked_excerpt(), format!("{text}\n{mark}"), "{text}");
        assert!(error.what_to_do().starts_with(help), "{text}: {}", error.what_to_do());
    }
    let error = Expression::parse_with("x + xy", &["x", "y"]).unwrap_err();
    assert_eq!(error.what(), "formula, column 5: unknown name `xy`");
    assert_eq!(error.what_to_do(), "letters side by side are one name: a product is x*y");
    assert_eq!(Expression::parse_with("theat", &["theta"]).unwrap_err().what_to_do(), "did you mean `theta`?");
}

#[test]
fn deep_nesting_is_an_error_and_long_formulas_are_not() {
    for deep in [
        format!("{}x{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{}x", "-".repeat(100_000)),
        format!("{}x", "2*-".repeat(3) + &"-".repeat(100_000)),
        format!("x{}", "^x".repeat(100_000)),
        format!("x{}", "/x".repeat(100_000)),
        format!("{}x", "sin ".repeat(100_000)),
        format!("{}1", "1 for x > 0, else ".repeat(100_000)).replace("else 1", "else (1"),
    ] {
        assert!(Expression::parse(&deep).unwrap_err().what().contains("nested too deeply"), "{}", &deep[..40]);
    }
    let long = format!("x{}", " + x".repeat(100_000));
    assert_eq!(value(&long, &[("x", 1.0)]), 100_001.0);
    let cases = format!("{}else 2", "1 for x > 9, ".repeat(10_000));
    assert_eq!(value(&cases, &[("x", 1.0)]), 2.0);
    // The deepest that is allowed, through everything that walks a tree.
    let deepest = Expression::parse(&format!("{}x{}{}", "(1/".repeat(63), ")".repeat(63), "/2".repeat(99))).unwrap();
    assert!(evaluate(&deepest, &[("x", 1.0)]) > 0.0);
    assert!(!deepest.text(TextStyle::Ascii, &|name| name.clone()).is_empty());
}

/// A random tree over x and y.
fn random_tree(stream: &mut Stream, depth: usize) -> Expression {
    let part = |stream: &mut Stream| random_tree(stream, depth - 1);
    match if depth == 0 { stream.next_below(3) } else { stream.next_below(10) } {
        0 => Expression::Number([2.0, -0.5, 0.1, 1e-7, 3e20, -4.0][stream.next_below(6)]),
        1 => Expression::Constant([Constant::E, Constant::Pi][stream.next_below(2)]),
        2 => Expression::Leaf(["x", "y0"][stream.next_below(2)].to_string()),
        3 => part(stream).neg(),
        4 => Expression::Sum((0..2 + stream.next_below(2)).map(|_| part(stream)).collect()),
        5 => Expression::Product((0..2 + stream.next_below(2)).map(|_| part(stream)).collect()),
        6 => part(stream).over(part(stream)),
        7 => Expression::Power(Box::new(part(stream)), Box::new(part(stream))),
        8 => {
            let operation = Operation::ALL[stream.next_below(Operation::ALL.len())];
            let count = operation.argument_count().unwrap_or_else(|| 1 + stream.next_below(3));
            Expression::Call(operation, (0..count).map(|_| part(stream)).collect())
        }
        _ => {
            let relations = [Relation::Less, Relation::AtMost, Relation::Equal, Relation::Greater, Relation::AtLeast];
            let case = |stream: &mut Stream| {
                let relation = relations[stream.next_below(5)];
                (Condition { left: part(stream), relation, right: part(stream) }, part(stream))
            };
            let cases = (0..1 + stream.next_below(2)).map(|_| case(stream)).collect();
            Expression::Cases(cases, Box::new(part(stream)))
        }
    }
}

#[test]
fn what_is_written_is_read_back() {
    let mut stream = Stream::new(1, "trees");
    let (mut numbers, mut texts) = (0, 0);
    for i in 0..20_000 {
        let tree = random_tree(&mut stream, 1 + i % 4);
        let leaves = [("x", 4.0 * stream.next_uniform() - 2.0), ("y0", 4.0 * stream.next_uniform() - 2.0)];
        let expected = evaluate(&tree, &leaves);
        let ascii = tree.text(TextStyle::Ascii, &|name| name.clone());
        assert!(ascii.is_ascii(), "{ascii}");
        // The very same bits, not only nearly.
        let again = evaluate(&Expression::parse(&ascii).unwrap_or_else(|e| panic!("{ascii}\n{e}")), &leaves);
        assert!(again == expected || again.is_nan() && expected.is_nan(), "{ascii}: {again}, not {expected}");
        numbers += usize::from(expected.is_finite());
        // What is written for readers is read too; the order of its products may differ, and with it the last digits.
        let unicode = tree.text(TextStyle::Unicode, &|name| name.clone());
        let again = evaluate(&Expression::parse(&unicode).unwrap_or_else(|e| panic!("{unicode}\n{e}")), &leaves);
        texts += usize::from((again - expected).abs() <= 1e-9 * expected.abs() || again == expected || again.is_nan());
    }
    assert!(numbers > 8_000, "only {numbers} of the trees have a value");
    assert!(texts > 19_900, "only {texts} of the reader's texts were read back");
}

#[test]
fn the_formulas_of_the_registry_are_what_its_functions_calculate() {
    let parameters = [("slope", 0.1), ("low", -0.5), ("high", 1.0), ("kink", 0.5), ("alpha", 0.7), ("ceiling", 1.5)];
    let mut count = 0;
    for entry in elementwise() {
        let mut names: Vec<&str> = vec!["x"];
        names.extend(parameters.iter().map(|p| p.0).filter(|p| entry.usage.contains(p)));
        let formula = Expression::parse_with(entry.formula, &names).unwrap_or_else(|e| panic!("{}: {e}", entry.name));
        names.push("y");
        let derivative = Expression::parse_with(entry.derivative, &names).unwrap_or_else(|e| panic!("{}: {e}", entry.name));
        for sample in (entry.samples)() {
            let x = Variable::parameter(sample.inputs[0].copy());
            let y = (sample.call)(std::slice::from_ref(&x)).unwrap();
            let gradient = grad(&[&y.sum()], &[&x]).unwrap().remove(0);
            let numbers = [x.array(), y.array(), gradient.array()].map(|a| a.to_vec::<f64>().unwrap());
            for ((&x, &y), &slope) in numbers[0].iter().zip(&numbers[1]).zip(&numbers[2]) {
                let leaves: Vec<_> = parameters.into_iter().chain([("x", x), ("y", y)]).collect();
                for (text, tree, expected) in [(entry.formula, &formula, y), (entry.derivative, &derivative, slope)] {
                    let got = evaluate(tree, &leaves);
                    assert!(
                        (got - expected).abs() <= 1e-13 * expected.abs().max(1.0),
                        "{}: {text} is {got}, not {expected}",
                        entry.name
                    );
                }
                count += 1;
            }
        }
    }
    assert!(count > 400, "{count}");
}

#[test]
fn the_formulas_of_two_variables_are_read_too() {
    let leaves = [("x", 1.2), ("y", 0.7)];
    for entry in registry().filter(|e| ["add", "sub", "mul", "div", "pow", "maximum", "minimum"].contains(&e.name)) {
        let [x, y] = leaves.map(|(_, value)| Variable::constant(Array::from(value)));
        let variables: Vec<Variable> = vec![x, y];
        let expected = ((entry.samples)()[0].call)(&variables).unwrap().array().to_vec::<f64>().unwrap()[0];
        assert!((value(entry.formula, &leaves) - expected).abs() < 1e-15, "{}", entry.name);
    }
}
