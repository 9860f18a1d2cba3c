//! Every function of the registry against numerical differentiation, to second order, in f64.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kudari::autograd::{Context, Function, InputGradients, Outputs, apply};
use kudari::check::{CheckOptions, Order, check_function, check_gradients};
use kudari::functions::{Entry, Sample, registry};
use kudari::{Array, Result, Variable};

/// Checks every sample of the functions; gives the failures and the number of derivatives that were compared.
fn check_all<'a>(entries: impl Iterator<Item = &'a Entry>) -> (Vec<String>, usize) {
    let (mut failures, mut checked) = (Vec::new(), 0);
    for entry in entries {
        let report = check_function(entry);
        assert_eq!(report.order == 2, report.failures.is_empty(), "{report:?}");
        checked += report.checked;
        failures.extend(report.failures);
    }
    (failures, checked)
}

#[test]
fn every_registered_function_has_right_gradients_to_second_order() {
    let (failures, checked) = check_all(registry());
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert!(checked > 5000, "only {checked} derivatives were compared");
}

/// What the test above does with a function that is registered with a wrong backward.
#[test]
fn a_registered_function_with_a_wrong_backward_fails_the_test() {
    let wrong = Entry {
        name: "squared_error",
        usage: "",
        formula: "",
        derivative: "",
        notes: "",
        samples: || {
            let call = |v: &[Variable]| apply(SquaredErrorIgnoringUpstream, &[&v[0], &v[1]]);
            vec![Sample::new(&[(&[3], -1.0, 1.0), (&[3], -1.0, 1.0)], call)]
        },
    };
    let (failures, _) = check_all(std::iter::once(&wrong));
    assert!(failures.len() == 1 && failures[0].contains("order: First"), "{failures:?}");
    assert_eq!(check_function(&wrong).order, 0);
    let samples = || vec![Sample::new(&[(&[3], 0.1, 1.0)], |v: &[Variable]| apply(SineWithWrongSecondOrder, &[&v[0]]))];
    let report = check_function(&Entry { samples, ..wrong });
    assert!(report.order == 1 && report.first_error < 1e-6 && report.second_error > 1e-3, "{report:?}");
    let report = check_function(&Entry { samples: Vec::new, ..wrong });
    assert!(report.order == 0 && report.checked == 0 && report.failures.len() == 1, "{report:?}");
}

/// The difference of squares with a backward that ignores the upstream gradient: right at the root of a graph and wrong
/// anywhere else (ACCEPTANCE, section I).
#[derive(Debug)]
struct SquaredErrorIgnoringUpstream;

impl Function for SquaredErrorIgnoringUpstream {
    fn name(&self) -> &'static str {
        "squared_error"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let d = inputs[0].sub(inputs[1])?;
        Ok([d.mul(&d)?.sum().scale(0.5)].into())
    }
    fn backward(&self, context: &Context<'_>, _: &[Variable]) -> Result<InputGradients> {
        let d = context.input(0).sub(context.input(1))?;
        Ok([Some(d.clone()), Some(-d)].into_iter().collect())
    }
}

/// The same with a right backward.
#[derive(Debug)]
struct SquaredError;

impl Function for SquaredError {
    fn name(&self) -> &'static str {
        "squared_error"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        SquaredErrorIgnoringUpstream.forward(inputs)
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let d = context.input(0).sub(context.input(1))?.mul(&gy[0])?;
        Ok([Some(d.clone()), Some(-d)].into_iter().collect())
    }
}

/// sin with the right first derivative on arrays but a second-order rule that forgets the sign.
#[derive(Debug)]
struct SineWithWrongSecondOrder;

impl Function for SineWithWrongSecondOrder {
    fn name(&self) -> &'static str {
        "sine"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([Variable::constant(inputs[0].clone()).sin().into_array()].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let x = context.input(0);
        let slope = x.cos();
        // The value is right, the history is that of another function: its derivative is +sin instead of −sin.
        let wrong = if context.create_graph() { slope.detach() * 2.0 - x.cos() } else { slope };
        Ok([Some(gy[0].mul(wrong)?)].into_iter().collect())
    }
}

#[test]
fn wrong_backward_rules_are_rejected() {
    let inputs = [Array::from([1.0, 2.0, 3.0]), Array::from([0.5, 0.5, 0.0])];
    let report =
        check_gradients(|v| apply(SquaredErrorIgnoringUpstream, &[&v[0], &v[1]]), &inputs, &CheckOptions::default()).unwrap();
    assert!(!report.passed && report.worst.unwrap().error > 0.1);
    let report = check_gradients(|v| apply(SquaredError, &[&v[0], &v[1]]), &inputs, &CheckOptions::default()).unwrap();
    assert!(report.passed && report.checked == 6 + 6 + 7, "{report:?}");

    let report = check_gradients(|v| apply(SineWithWrongSecondOrder, &[&v[0]]), &inputs[..1], &CheckOptions::default()).unwrap();
    let worst = report.worst.unwrap();
    assert!(!report.passed && worst.order == Order::Second, "{worst}");
}

/// Slopes by the formula: relu has 0 on the left of 0 and 1 on the right, each times the random upstream gradient. With
/// kink ½ the value returned is what central differences give, and the kink must not be hidden by that.
#[test]
fn a_kink_is_reported_and_is_neither_right_nor_wrong() {
    for kink in [0.0, 0.5, 1.0] {
        let at = [Array::from([0.0, 1.0])];
        let report = check_gradients(|v| Ok(v[0].relu_with(kink)), &at, &CheckOptions::default()).unwrap();
        // The other element: its derivative twice and its second derivative, and both second ones by the upstream gradient.
        assert!(report.passed && report.checked == 5 && report.kinks.len() == 1, "{report:?}");
        let found = &report.kinks[0];
        assert_eq!((found.input, found.index.as_slice(), found.left.abs()), (0, &[0][..], 0.0));
        assert!(found.right > 0.4 && (found.returned - kink * found.right).abs() < 1e-6, "{found:?}");
        let [left, right, returned] = [found.left, found.right, found.returned].map(|v| format!("{v:.6e}"));
        let text = format!(
            "not differentiable here: left slope {left}, right slope {right}, and the value returned, {returned}, lies between them"
        );
        assert_eq!(found.to_string(), text);
    }
}

#[test]
fn a_value_beside_both_slopes_of_a_kink_is_wrong() {
    let first_order = CheckOptions { second_tolerance: None, ..CheckOptions::default() };
    let report = check_gradients(|v| Ok(v[0].relu_with(1.5)), &[Array::from([0.0])], &first_order).unwrap();
    assert!(!report.passed && report.kinks.is_empty(), "{report:?}");
}

/// sin 100x at its top: a large curvature beside a derivative of nearly 0 is no kink.
#[test]
fn a_sharp_bend_is_not_a_kink() {
    let x = Array::from([std::f64::consts::PI / 200.0, 0.0]);
    let report = check_gradients(|v| Ok((&v[0] * 100.0).sin()), &[x], &CheckOptions::default()).unwrap();
    assert!(report.passed && report.kinks.is_empty(), "{report:?}");
}

/// A kink near the point must not fool the check: the step shrinks until it is outside.
#[test]
fn a_kink_inside_the_step_is_stepped_over() {
    let report = check_gradients(|v| Ok(v[0].relu()), &[Array::from([1e-5, -3e-6])], &CheckOptions::default()).unwrap();
    assert!(report.passed && report.kinks.is_empty(), "{:?}", report.worst);
}
