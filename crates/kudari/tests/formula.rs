//! Formulas as functions of variables: values, gradients by backpropagation, and places without them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kudari::array::Stream;
use kudari::expression::{Expression, Operation, TextStyle};
use kudari::formula::{Formula, KNOWN, read};
use kudari::{Array, DType, Variable};

fn at(formula: &str, point: &[f64]) -> (f64, Vec<f64>) {
    Formula::parse(formula).unwrap().value_and_gradient(point).unwrap_or_else(|error| panic!("{formula}: {error}"))
}

#[test]
fn values_and_gradients_by_hand() {
    let e = std::f64::consts::E;
    for (formula, point, value, gradient) in [
        ("x^2 + 4^2", &[3.0][..], 25.0, &[6.0][..]),
        ("x0^2 + x1^2", &[3.0, 4.0], 25.0, &[6.0, 8.0]),
        ("y - 2x", &[3.0, 4.0], -2.0, &[-2.0, 1.0]),
        ("7", &[], 7.0, &[]),
        ("x^3", &[-2.0], -8.0, &[12.0]),
        ("x^0.5", &[4.0], 2.0, &[0.25]),
        ("x^y", &[2.0, 3.0], 8.0, &[12.0, 8.0 * 2f64.ln()]),
        ("e^x", &[1.0], e, &[e]),
        ("|x|", &[-2.0], 2.0, &[-1.0]),
        ("|x|", &[0.0], 0.0, &[0.0]),
        ("max(x, y, 1)", &[2.0, 3.0], 3.0, &[0.0, 1.0]),
        ("max(x, y)", &[2.0, 2.0], 2.0, &[0.5, 0.5]),
        ("relu(x)", &[-1.0], 0.0, &[0.0]),
        ("x for x > 0, else 0.1x", &[-2.0], -0.2, &[0.1]),
        // The other case has no value here, and is not asked for one.
        ("ln x for x > 0, else x", &[-2.0], -2.0, &[1.0]),
        ("√x for x > 1, ln(0 - x) for x < 0, else 1", &[-1.0], 0.0, &[-1.0]),
        ("x - x", &[5.0], 0.0, &[0.0]),
    ] {
        let got = at(formula, point);
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-15 * b.abs();
        assert!(near(got.0, value), "{formula}: {got:?}");
        assert!(got.1.len() == gradient.len() && got.1.iter().zip(gradient).all(|(&a, &b)| near(a, b)), "{formula}: {got:?}");
    }
}

#[test]
fn variables_stand_in_natural_order() {
    for (formula, names) in [("x10 + x2 + a", "a x2 x10"), ("y x", "x y"), ("x₁ + x0", "x0 x1"), ("theta + x", "theta x")] {
        assert_eq!(Formula::parse(formula).unwrap().variables().join(" "), names);
    }
}

#[test]
fn what_has_no_value_is_named_with_its_place() {
    for (formula, point, what) in [
        ("1 + ln(x - 3)", &[2.0][..], "ln(x − 3) at x = 2: the logarithm of −1"),
        ("ln x", &[0.0], "ln(x) at x = 0: the logarithm of 0"),
        ("asin(2x)", &[1.0], "asin(2·x) at x = 1: the arcsine of 2"),
        ("acos x", &[-1.5], "acos(x) at x = −1.5: the arccosine of −1.5"),
        ("y + √(x - 3)", &[2.5, 1.0], "√(x − 3) at x = 2.5: the square root of −0.5"),
        ("1/(x - y)", &[2.0, 2.0], "1/(x − y) at x = 2, y = 2: a division by zero"),
        ("1/(3 - 3) + x", &[2.0], "1/(3 − 3): a division by zero"),
        ("x^-1", &[0.0], "x^(−1) at x = 0: 0 to the power of −1"),
        ("x^0.5", &[-4.0], "x^½ at x = −4: −4 to the power of 0.5, which is no whole number"),
        ("e^(x^2)", &[100.0], "e^(x²) at x = 100: the result is too large, above 1.8e308"),
        ("2x + x^9", &[1e40], "x⁹ at x = 1e40: the result is too large, above 1.8e308"),
        ("1 for ln x > 0, else 2", &[-1.0], "ln(x) at x = −1: the logarithm of −1"),
        ("x", &[f64::NAN], "x = NaN"),
        // A value but no slope.
        ("3√x + x", &[0.0], "√x at x = 0: the slope is not finite"),
        ("(x + 1)/(1 + √(x^2))", &[0.0], "√(x²) at x = 0: the slope is not finite"),
        ("x^y", &[-2.0, 2.0], "x^y at x = −2, y = 2: the slope is not finite"),
    ] {
        let error = Formula::parse(formula).unwrap().value_and_gradient(point).unwrap_err();
        assert_eq!(error.what(), what, "{formula}");
        assert!(!error.what_to_do().is_empty());
    }
}

#[test]
fn the_wrong_number_of_variables_is_an_error_with_their_names() {
    let what = |formula: &str, point: &[f64]| {
        let error = Formula::parse(formula).unwrap().value_and_gradient(point).unwrap_err();
        (error.what().to_string(), error.what_to_do().to_string())
    };
    assert_eq!(what("x0 + x1", &[1.0]).0, "the formula has 2 variables, x0, x1; 1 number is given");
    assert_eq!(what("7", &[1.0, 2.0]).0, "the formula has no variable; 2 numbers are given");
    assert_eq!(what("xy", &[1.0, 2.0]).1, "letters side by side are one name: if xy is a product, write x*y");
    let formula = Formula::parse("x + y").unwrap();
    let [a, b] = [[1.0, 2.0].to_vec(), [1.0].to_vec()].map(|v| Variable::constant(Array::from_slice(&v, &[v.len()]).unwrap()));
    assert!(formula.apply(&[a.clone(), b]).unwrap_err().what().starts_with("y has shape [1]"));
    let whole = Variable::constant(Array::from([1i64, 2]));
    assert!(formula.apply(&[a, whole]).is_err());
}

/// A random formula of x and y.
fn random_tree(stream: &mut Stream, depth: usize) -> Expression {
    let part = |stream: &mut Stream| random_tree(stream, depth - 1);
    match if depth == 0 { stream.next_below(2) } else { 1 + stream.next_below(9) } {
        0 => Expression::Number([2.0, -0.5, 3.0][stream.next_below(3)]),
        1 => Expression::Leaf(["x", "y"][stream.next_below(2)].to_string()),
        2 => part(stream).neg(),
        3 => Expression::Sum((0..3).map(|_| part(stream)).collect()),
        4 => Expression::Product((0..3).map(|_| part(stream)).collect()),
        5 => part(stream).over(part(stream)),
        6 => Expression::Power(Box::new(part(stream)), Box::new(part(stream))),
        7 => {
            let (left, right) = (part(stream), part(stream));
            let condition = kudari::expression::Condition { left, relation: kudari::expression::Relation::Less, right };
            Expression::Cases(vec![(condition, part(stream))], Box::new(part(stream)))
        }
        _ => {
            let operation = Operation::ALL[stream.next_below(Operation::ALL.len())];
            let count = operation.argument_count().unwrap_or(2);
            Expression::Call(operation, (0..count).map(|_| part(stream)).collect())
        }
    }
}

/// The functions of the registry and the evaluation of trees are two ways to one value, and the backward rules and the
/// rules of differentiation two ways to one gradient. A whole array gives what its elements give.
#[test]
fn calculation_and_tree_agree() {
    let mut stream = Stream::new(3, "formulas");
    let (mut values, mut gradients) = (0, 0);
    for i in 0..4_000 {
        let formula = Formula::new(random_tree(&mut stream, 1 + i % 3).plus(Expression::parse("0x + 0y").unwrap()));
        let points: Vec<[f64; 2]> = (0..4).map(|_| [(); 2].map(|()| 4.0 * stream.next_uniform() - 2.0)).collect();
        let column = |k: usize| {
            let numbers: Vec<f64> = points.iter().map(|p| p[k]).collect();
            Variable::constant(Array::from_slice(&numbers, &[2, 2]).unwrap())
        };
        let together = formula.apply_unchecked(&[column(0), column(1)]).unwrap();
        assert_eq!(together.shape(), [2, 2]);
        let text = formula.text(TextStyle::Ascii);
        for (point, together) in points.iter().zip(together.array().to_f64_vec()) {
            let tree = formula.value(point);
            let same = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs() || a == b || a.is_nan() && b.is_nan();
            assert!(same(together, tree), "{text} at {point:?}: {together}, not {tree}");
            let Ok((value, gradient)) = formula.value_and_gradient(point) else { continue };
            assert!(same(value, tree), "{text} at {point:?}: {value}, not {tree}");
            values += 1;
            for (k, name) in ["x", "y"].iter().enumerate() {
                let rule = Formula::new(formula.derivative(k).unwrap());
                let inputs: Vec<f64> = rule.variables().iter().map(|v| point[usize::from(v == "y")]).collect();
                let rule = rule.value(&inputs);
                if rule.is_nan() {
                    continue;
                }
                let scale = gradient.iter().fold(1e-3f64, |m, g| m.max(g.abs()));
                assert!((gradient[k] - rule).abs() <= 1e-7 * scale, "∂({text})/∂{name} at {point:?}: {} and {rule}", gradient[k]);
                gradients += 1;
            }
        }
    }
    assert!(values > 5_000 && gradients > 10_000, "{values} values and {gradients} derivatives");
}

#[test]
fn single_precision_is_calculated_in_single_precision() {
    let formula = Formula::parse("0.1x").unwrap();
    let x = Variable::parameter(Array::from([3.0f32, 4.0]));
    let y = formula.apply(&[x]).unwrap();
    assert_eq!((y.dtype(), y.array().to_vec::<f32>().unwrap()), (DType::F32, vec![0.1f32 * 3.0, 0.1f32 * 4.0]));
    let big = Variable::constant(Array::from([1e30f32]));
    assert!(Formula::parse("x^2").unwrap().apply(&[big]).unwrap_err().what().ends_with("above 3.4e38"));
}

#[test]
fn the_deepest_and_the_longest_formulas_are_calculated() {
    let deepest = format!("{}x{}{}", "(1/sin(".repeat(31), "))".repeat(31), "/x".repeat(100));
    let formula = Formula::parse(&deepest).unwrap();
    assert!(formula.value_and_gradient(&[0.9]).is_ok() && formula.derivative(0).is_some());
    let formula = Formula::parse(&format!("x{}", "*x".repeat(50_000))).unwrap();
    assert_eq!(formula.value_and_gradient(&[1.0]).unwrap(), (1.0, vec![50_001.0]));
    assert!(formula.derivative(0).is_none() && formula.derivative(1).is_none());
}

#[test]
fn the_functions_with_names_have_the_minima_that_are_stated() {
    for known in KNOWN {
        let formula = known.formula().unwrap();
        for minimum in known.minima {
            let (value, gradient) = formula.value_and_gradient(minimum).unwrap();
            assert!(value.abs() < 1e-25 && gradient.iter().all(|g| g.abs() < 1e-12), "{}: {value} {gradient:?}", known.name);
        }
        for (i, (low, high)) in known.range.iter().enumerate() {
            assert!((low..high).contains(&&known.start[i]), "{}", known.name);
        }
        assert_eq!(formula.variables().len(), 2);
    }
    // Values at the usual starts, by hand: 2.2² + 100·0.44² = 24.2 for Rosenbrock, Himmelblau 11² + 7², Beale at (1, 1).
    let at_start = |name: &str| {
        let (formula, known) = read(name).unwrap();
        formula.value(&known.unwrap().start)
    };
    assert!((at_start("rosenbrock") - 24.2).abs() < 1e-13);
    assert_eq!((at_start("himmelblau"), at_start("beale")), (170.0, 14.203125));
    assert_eq!(read("himmelblua").unwrap_err().what_to_do(), "did you mean `himmelblau`?");
    assert!(read("theta").unwrap().1.is_none());
}
