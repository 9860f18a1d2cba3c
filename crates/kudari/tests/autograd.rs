//! The graph: what is recorded, how it is walked, what stays and what goes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::cell::RefCell;
use std::rc::Rc;

use kudari::autograd::{
    Backward, Context, Function, InputGradients, Outputs, Pass, Printing, Saves, Statistics, Step, Timing, apply, apply_many,
    checkpoint, find_non_finite, observe, within,
};
use kudari::{Array, DType, ErrorKind, Result, Variable, grad, no_grad};

fn parameter(x: f64) -> Variable {
    Variable::parameter(Array::from(x))
}

fn number(a: Option<&Array>) -> f64 {
    a.unwrap().item().unwrap()
}

#[test]
fn a_million_functions_run_backward_and_drop_without_overflowing_the_stack() {
    // A thread with a small stack: any recursion over the graph would be seen.
    let run = || {
        let x = parameter(1.0);
        let mut y = x.clone();
        for _ in 0..1_000_000 {
            y = &y + 1e-6;
        }
        assert!((y.item().unwrap() - 2.0).abs() < 1e-6);
        let gradients = Backward::new().retain_graph(true).run(&y).unwrap();
        assert_eq!(number(gradients.get(&x)), 1.0);
        drop(y); // with the graph retained the whole chain dies here
        let mut z = x.clone();
        for _ in 0..1_000_000 {
            z = z.identity();
        }
        drop(z); // and here without ever running backward
    };
    std::thread::Builder::new().stack_size(256 * 1024).spawn(run).unwrap().join().unwrap();
}

#[test]
fn gradients_of_gradients_to_any_order() {
    let x = parameter(2.0);
    let mut y = x.pow(5.0).unwrap();
    // The derivatives of x⁵ at 2: 80, 160, 240, 240, 120, 0.
    for expected in [80.0, 160.0, 240.0, 240.0, 120.0, 0.0] {
        y = grad(&[&y], &[&x]).unwrap().remove(0);
        assert!((y.item().unwrap() - expected).abs() < 1e-9, "{y} ≠ {expected}");
    }
}

#[test]
fn derivatives_by_something_computed_on_the_way() {
    let x = parameter(3.0);
    let square = &x * &x;
    let y = &square * &square;
    let slopes = grad(&[&y], &[&square, &x]).unwrap();
    assert_eq!((slopes[0].item().unwrap(), slopes[1].item().unwrap()), (18.0, 108.0));
    // The sum of several outputs, one of which does not depend on the input.
    let other = parameter(1.0);
    let slopes = grad(&[&y, &other, &(&x + &other)], &[&x, &other]).unwrap();
    assert_eq!((slopes[0].item().unwrap(), slopes[1].item().unwrap()), (109.0, 2.0));
    // An input that nothing depends on has derivative zero.
    assert_eq!(grad(&[&y], &[&other]).unwrap()[0].item().unwrap(), 0.0);
    let error = grad(&[&y], &[&Variable::constant(Array::from(1.0))]).unwrap_err();
    assert_eq!((error.kind(), error.what()), (ErrorKind::Gradient, "grad: input 0 is a constant"));
}

#[test]
fn a_graph_is_freed_unless_it_is_retained() {
    let x = parameter(3.0);
    let y = x.exp().square();
    assert!(Backward::new().retain_graph(true).run(&y).is_ok());
    assert!(y.backward().is_ok());
    let error = y.backward().unwrap_err();
    assert_eq!(error.what(), "backward: the graph behind `square` was freed");
    assert!(error.what_to_do().contains("retain_graph"));
}

#[test]
fn gradients_stop_where_they_are_told_to() {
    let x = parameter(2.0);
    let y = &x * &x.detach();
    assert_eq!(number(y.backward().unwrap().get(&x)), 2.0);
    let z = no_grad(|| &x * &x);
    assert!(!z.wants_gradient() && z.creator().is_none());
    assert_eq!(z.backward().unwrap_err().what(), "backward: nothing to differentiate by");
    // The old state comes back, also after a panic.
    let _ = std::panic::catch_unwind(|| no_grad(|| panic!("planted")));
    assert!((&x * &x).wants_gradient());
}

#[test]
fn several_graphs_live_at_once() {
    let (x, y) = (parameter(2.0), parameter(5.0));
    let (a, b) = (&x * &y, &x + &y);
    let by_a = a.backward().unwrap();
    let by_b = b.backward().unwrap();
    assert_eq!((number(by_a.get(&x)), number(by_b.get(&x)), by_a.len()), (5.0, 1.0, 2));
    let mut sum = by_a.clone();
    sum.add(&by_b).unwrap();
    assert_eq!((number(sum.get(&x)), number(sum.get(&y))), (6.0, 3.0));
    assert!((by_a.norm() - 29f64.sqrt()).abs() < 1e-15);
    // And in several threads.
    let graph = std::thread::spawn(move || x.exp()).join().unwrap();
    assert_eq!(graph.backward().unwrap().len(), 1);
}

#[test]
fn a_start_is_needed_where_the_output_is_not_a_number() {
    let x = Variable::parameter(Array::from([1.0, 2.0]));
    let y = x.square();
    assert_eq!(y.backward().unwrap_err().what(), "backward: an output of shape [2] is not a single number");
    assert!(Backward::new().start(Array::from([1.0])).run(&y).is_err());
    let gradients = Backward::new().start(Array::from([1.0, 10.0])).run(&y).unwrap();
    assert_eq!(gradients.get(&x).unwrap().to_vec::<f64>().unwrap(), [2.0, 40.0]);
}

/// (x, y) → (x + y, x·y): two inputs, two outputs.
#[derive(Debug)]
struct SumAndProduct;

impl Function for SumAndProduct {
    fn name(&self) -> &'static str {
        "sum_and_product"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([inputs[0].add(inputs[1])?, inputs[0].mul(inputs[1])?].into_iter().collect())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let gx = gy[0].add(gy[1].mul(context.input(1))?)?;
        let gy = gy[0].add(gy[1].mul(context.input(0))?)?;
        Ok([Some(gx), Some(gy)].into_iter().collect())
    }
}

#[test]
fn functions_of_several_inputs_and_outputs() {
    let (x, y) = (parameter(3.0), parameter(4.0));
    let both = apply_many(SumAndProduct, &[&x, &y]).unwrap();
    assert_eq!((both[0].item().unwrap(), both[1].item().unwrap()), (7.0, 12.0));
    // Both outputs in use, then only the second: the missing gradient counts as zero.
    let gradients = Backward::new().retain_graph(true).run(&(&both[0] + &both[1])).unwrap();
    assert_eq!((number(gradients.get(&x)), number(gradients.get(&y))), (5.0, 4.0));
    let second = both[1].backward().unwrap();
    assert_eq!((number(second.get(&x)), number(second.get(&y))), (4.0, 3.0));
    assert!(apply(SumAndProduct, &[&x, &y]).unwrap_err().what().contains("has 2 outputs"));
}

/// A function without a derivative.
#[derive(Debug)]
struct Rounded;

impl Function for Rounded {
    fn name(&self) -> &'static str {
        "rounded"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([inputs[0].to_dtype(DType::I64).to_dtype(DType::F64)].into())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
}

/// A function whose gradient has the wrong shape.
#[derive(Debug)]
struct WrongShape;

impl Function for WrongShape {
    fn name(&self) -> &'static str {
        "wrong_shape"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([inputs[0].sum()].into())
    }
    fn backward(&self, _: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        Ok([Some(gy[0].clone())].into_iter().collect())
    }
}

#[test]
fn a_missing_or_misshapen_derivative_is_an_error_and_never_silent() {
    let x = Variable::parameter(Array::from([1.2, 2.7]));
    let error = apply(Rounded, &[&x]).unwrap().sum().backward().unwrap_err();
    assert_eq!(error.what(), "backward of `rounded`: `rounded` has no derivative");
    let error = apply(WrongShape, &[&x]).unwrap().backward().unwrap_err();
    assert!(error.what().contains("has shape [], the input [2]"), "{error}");
}

#[test]
fn the_first_function_that_gives_nan_is_named() {
    let x = Variable::parameter(Array::from([[4.0, 1.0], [9.0, 0.0]]));
    let (_, found) = find_non_finite(|| {
        let y = within(|| "1.log".into(), || x.sqrt().log());
        y.exp().sum()
    });
    let found = found.unwrap();
    assert_eq!((found.function.as_str(), found.layer.as_str(), found.index.as_slice()), ("log", "1.log", &[1, 1][..]));
    assert!(found.value == f64::NEG_INFINITY && found.location.file().ends_with("autograd.rs"));
    // In the backward pass: the slope of √x at 0.
    let (gradients, found) = find_non_finite(|| x.sqrt().sum().backward());
    assert!(gradients.is_ok());
    let found = found.unwrap();
    assert_eq!((found.function.as_str(), found.index), ("backward of sqrt", vec![1, 1]));
    assert!(find_non_finite(|| x.exp()).1.is_none());
}

/// The same bits as without, to the second order, with what is kept inside a checkpoint given up.
#[test]
fn checkpoints_change_no_bit() {
    let stream = |name| kudari::array::Stream::new(1, name).normal(&[3, 3], 0.0, 1.0, DType::F64).unwrap();
    let [x, w] = ["x", "w"].map(|name| Variable::parameter(stream(name)));
    let part = |h: &Variable| h.matmul(&w)?.tanh().mul((h * 2.0).exp());
    let plain = || part(&part(&x.sin())?).map(|y| y.sum());
    let within_one = || checkpoint(|| part(&checkpoint(|| part(&x.sin()))?)).map(|y| y.sum());
    let in_two = || {
        let first = checkpoint(|| part(&x.sin()))?;
        checkpoint(|| part(&first)).map(|y| y.sum())
    };
    let gradients = |y: Variable| {
        let gradients = Backward::new().retain_graph(true).run(&y).unwrap();
        let again = y.backward().unwrap(); // computed a third time
        assert!(again.get(&w).unwrap().same_as(gradients.get(&w).unwrap()));
        [&x, &w].map(|v| gradients.get(v).unwrap().clone())
    };
    let expected = gradients(plain().unwrap());
    for calculation in [&within_one as &dyn Fn() -> Result<Variable>, &in_two] {
        let y = calculation().unwrap();
        assert!(y.array().same_as(plain().unwrap().array()));
        assert!(gradients(y).iter().zip(&expected).all(|(a, b)| a.same_as(b)));
        let second = |y: &Variable| {
            let first = grad(&[y], &[&x]).unwrap().remove(0);
            grad(&[&first.square().sum()], &[&w]).unwrap().remove(0).into_array()
        };
        let [a, b] = [second(&calculation().unwrap()), second(&plain().unwrap())].map(|g| g.to_f64_vec());
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs()), "{a:?} {b:?}");
    }
    let mut leaked = None;
    let y = checkpoint(|| {
        leaked = Some(x.exp());
        Ok(x.exp().square().sum() + leaked.as_ref().unwrap().sum())
    });
    assert!(y.unwrap().backward().is_ok());
    let error = leaked.unwrap().sum().backward().unwrap_err();
    assert_eq!(error.what(), "backward: `exp` lies inside a checkpoint, which kept nothing");
    // Nothing to differentiate, nothing computed, and nothing recorded.
    assert!(!checkpoint(|| Ok(Variable::constant(Array::from(2.0)).exp())).unwrap().wants_gradient());
    assert_eq!(checkpoint(|| Ok(x.clone())).unwrap().identity_number(), x.identity_number());
    assert!(!no_grad(|| checkpoint(|| Ok(x.exp()))).unwrap().wants_gradient());
}

#[test]
fn functions_of_very_many_inputs_give_each_its_gradient() {
    let inputs: Vec<Variable> = (0..70).map(|i| Variable::parameter(Array::from([f64::from(i)]))).collect();
    let y = kudari::functions::concatenate(&inputs.iter().collect::<Vec<_>>(), 0).unwrap();
    let gradients = y.square().sum().backward().unwrap();
    for (i, input) in inputs.iter().enumerate() {
        assert_eq!(gradients.get(input).unwrap().item_f64().unwrap(), 2.0 * i as f64);
    }
}

#[test]
fn observers_see_every_function_and_its_backward_rule_once() {
    let x = Variable::parameter(Array::from([[4.0, 0.0], [9.0, 16.0]]));
    let calculate = || within(|| "0.root".into(), || x.sqrt()).mean().backward();
    let line = line!() - 1;
    let seen = Rc::new(RefCell::new(Vec::new()));
    let list = seen.clone();
    let watch = move |step: &Step<'_>| {
        let shapes: Vec<Vec<usize>> = step.results().map(|v| v.shape().to_vec()).collect();
        list.borrow_mut().push((step.pass, step.name(), step.layer(), step.location.line(), shapes));
        let _ = step.input(0).map(Variable::exp); // what an observer applies is seen by nobody
    };
    let ((inner, statistics), _) = observe(watch, || observe(Statistics::default(), calculate));
    assert!(inner.is_ok());
    let root = || "0.root".to_string();
    let expected = [
        (Pass::Forward, "sqrt", root(), line, vec![vec![2, 2]]),
        (Pass::Forward, "mean", String::new(), line, vec![vec![]]),
        (Pass::Backward, "mean", String::new(), line, vec![vec![2, 2]]),
        (Pass::Backward, "sqrt", root(), line, vec![vec![2, 2]]),
    ];
    assert_eq!(*seen.borrow(), expected);
    // 2, 0, 3, 4 of the roots; a quarter of 1/(2√x), infinite at 0, of the gradients.
    let [forward, .., backward] = statistics.rows() else { panic!("{statistics:?}") };
    assert_eq!((forward.count, forward.min, forward.max, forward.mean, forward.zeros), (4, 0.0, 4.0, 2.25, 1));
    assert!((forward.standard_deviation() - (8.75f64 / 4.0).sqrt()).abs() < 1e-15);
    assert_eq!((backward.count, backward.non_finite, backward.layer.as_str()), (3, 1, "0.root"));
    assert!((backward.mean - (1.0 / 2.0 + 1.0 / 3.0 + 1.0 / 4.0) / 24.0).abs() < 1e-15);
    // An observer that panics where the program catches it is still the one that is given back.
    let panicking = |_: &Step<'_>| panic!("seen");
    let caught = observe(panicking, || std::panic::catch_unwind(|| Variable::constant(Array::from(1.0)).exp())).0;
    assert!(caught.is_err() && find_non_finite(|| x.exp()).1.is_none());
    let (_, timing) = observe(Timing::default(), || (calculate(), calculate()));
    assert!(timing.rows().iter().all(|row| row.calls == 2 && !row.time.is_zero()) && timing.rows().len() == 4);
    let (_, printing) = observe(Printing::new(Vec::new()), calculate);
    let text = String::from_utf8(printing.into_inner()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("0.root sqrt [2, 2] → [2, 2] ") && lines[3].starts_with("0.root backward of sqrt [2, 2] → [2, 2] ")
    );
}

#[test]
fn operators_of_variables_and_numbers() {
    let x = parameter(3.0);
    let y = 2.0 * &x + 1.0 - &x / 3.0 + (1.0 - &x) * (6.0 / &x) + -&x;
    assert_eq!(y.item().unwrap(), 6.0 + 1.0 - 1.0 - 4.0 - 3.0);
    // dy/dx = 2 − 1/3 − 6/x² − 1
    assert!((number(y.backward().unwrap().get(&x)) - (2.0 - 1.0 / 3.0 - 6.0 / 9.0 - 1.0)).abs() < 1e-15);
    assert!(x.add(Array::from(1.0f32)).is_err_and(|e| e.kind() == ErrorKind::DType));
}

#[test]
#[should_panic(expected = "add: shapes [2] and [3] do not fit each other")]
fn operators_panic_with_the_error_s_text() {
    let _ = Variable::constant(Array::from([1.0, 2.0])) + Variable::constant(Array::from([1.0, 2.0, 3.0]));
}

/// ACCEPTANCE, section D: one hidden layer with ReLU, by hand.
#[test]
fn backpropagation_by_hand() {
    let x = Variable::parameter(Array::from([[2.0, 3.0, 1.0]]));
    let w1 = Variable::parameter(Array::from([[3.0, 1.0, 2.0], [-2.0, -3.0, -1.0]]));
    let w2 = Variable::parameter(Array::from([[3.0, 2.0]]));
    let hidden = kudari::functions::linear(&x, &w1, None).unwrap();
    let y = kudari::functions::linear(&hidden.relu(), &w2, None).unwrap();
    let loss = (20.0 - &y).square().sum();
    assert_eq!(
        (hidden.array().to_f64_vec(), y.array().to_f64_vec(), loss.item().unwrap()),
        (vec![11.0, -14.0], vec![33.0], 169.0)
    );
    let gradients = loss.backward().unwrap();
    let of = |v: &Variable| gradients.get(v).unwrap().to_f64_vec();
    assert_eq!(of(&w2), [286.0, 0.0]);
    assert_eq!(of(&w1), [156.0, 234.0, 78.0, 0.0, 0.0, 0.0]);
    assert_eq!(of(&x), [234.0, 78.0, 156.0]);
}

/// ACCEPTANCE, section D with sigmoid, in f32: a slope written y(1 − y) would miss this by 0.35 %.
#[test]
fn a_saturated_sigmoid_keeps_its_digits_in_f32() {
    let w1 = Variable::parameter(Array::from([[3.0f32, 1.0, 2.0], [-2.0, -3.0, -1.0]]));
    let x = Variable::constant(Array::from([[2.0f32, 3.0, 1.0]]));
    let w2 = Variable::constant(Array::from([[3.0f32, 2.0]]));
    let hidden = kudari::functions::linear(&x, &w1, None).unwrap().sigmoid();
    let y = kudari::functions::linear(&hidden, &w2, None).unwrap();
    let gradients = (20.0 - &y).square().sum().backward().unwrap();
    let expected = [
        -3.407_042_862_016_908_7e-3,
        -5.110_564_293_025_363e-3,
        -1.703_521_431_008_454_3e-3,
        -1.130_880_399_681_56e-4,
        -1.696_320_599_522_34e-4,
        -5.654_401_998_407_800_4e-5,
    ];
    let got = gradients.get(&w1).unwrap().to_f64_vec();
    assert!(got.iter().zip(expected).all(|(g, e)| (g / e - 1.0).abs() < 1e-5), "{got:?}");
}
