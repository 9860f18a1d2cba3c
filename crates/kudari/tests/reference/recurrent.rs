//! Calls of the recurrent functions.

use kudari::autograd::trace;
use kudari::functions::{RecurrentActivation, RecurrentOptions, RecurrentWeights, concatenate, gru, lstm, rnn, stack};
use kudari::layers::{Gru, Layer, Lstm, Path, RecurrentLayers, Rnn};
use kudari::{Array, DType, Result, Variable};
use serde_json::Value;

use crate::data::{Relative, array, numbers, rule, sizes, worst};

/// Results at all places and last states, one after the other along the axis of places.
pub(crate) fn call(name: &str, v: &[Variable], args: &Value) -> Result<Variable> {
    let lengths = args["lengths"].as_array().map(|_| sizes(&args["lengths"]));
    let options = RecurrentOptions { lengths: lengths.as_deref(), reverse: args["reverse"] == true };
    let of = &v[if name == "lstm" { 3 } else { 2 }..];
    let weights = RecurrentWeights { input: &of[0], hidden: &of[1], biases: of.get(2).zip(of.get(3)).map(|(b, c)| [b, c]) };
    let activation = if args["relu"] == true { RecurrentActivation::Relu } else { RecurrentActivation::Tanh };
    let (y, last) = match name {
        "rnn" => rnn(&v[0], &v[1], &weights, activation, &options).map(|(y, h)| (y, vec![h]))?,
        "lstm" => lstm(&v[0], [&v[1], &v[2]], &weights, &options).map(|(y, [h, c])| (y, vec![h, c]))?,
        "gru" => gru(&v[0], &v[1], &weights, &options).map(|(y, h)| (y, vec![h]))?,
        _ => panic!("`{name}` is not in the table of calls: add it to tests/reference/recurrent.rs"),
    };
    concatenate(&[&y, &stack(&last.iter().collect::<Vec<_>>(), 1)?], 1)
}

/// The layers of a stack.
enum Layers {
    Rnn(Rnn),
    Lstm(Lstm),
    Gru(Gru),
}

impl Layers {
    /// As `stack` says, with these numbers as parameters.
    fn new(stack: &Value, inputs: usize, parameters: &[Array]) -> Layers {
        let (units, layers) = (stack["units"].as_u64().unwrap() as usize, stack["layers"].as_u64().unwrap() as usize);
        let options = RecurrentLayers { layers, both: stack["both"] == true, ..RecurrentLayers::default() };
        let mut made = match stack["f"].as_str().unwrap() {
            "rnn" => Layers::Rnn(Rnn::new(inputs, units, RecurrentActivation::Tanh, &options).unwrap()),
            "lstm" => Layers::Lstm(Lstm::new(inputs, units, &options).unwrap()),
            _ => Layers::Gru(Gru::new(inputs, units, &options).unwrap()),
        };
        let layer: &mut dyn Layer = match &mut made {
            Layers::Rnn(layer) => layer,
            Layers::Lstm(layer) => layer,
            Layers::Gru(layer) => layer,
        };
        let mut numbers = parameters.iter();
        layer.visit_mut(&Path::ROOT, &mut |_, parameter| parameter.set_array(numbers.next().unwrap().clone()).unwrap());
        assert!(numbers.next().is_none());
        made
    }

    fn parameters(&self) -> Vec<Variable> {
        let layer: &dyn Layer = match self {
            Layers::Rnn(layer) => layer,
            Layers::Lstm(layer) => layer,
            Layers::Gru(layer) => layer,
        };
        let mut found = Vec::new();
        layer.visit(&Path::ROOT, &mut |_, parameter| found.push(parameter.variable().clone()));
        found
    }

    /// The results and the last states.
    fn forward(&self, x: &Variable, states: &[Variable], lengths: Option<&[usize]>) -> Vec<Variable> {
        match self {
            Layers::Rnn(layer) => layer.forward_with_state(x, Some(&states[0]), lengths).map(|(y, h)| vec![y, h]),
            Layers::Lstm(layer) => {
                layer.forward_with_state(x, Some([&states[0], &states[1]]), lengths).map(|(y, [h, c])| vec![y, h, c])
            }
            Layers::Gru(layer) => layer.forward_with_state(x, Some(&states[0]), lengths).map(|(y, h)| vec![y, h]),
        }
        .unwrap()
    }
}

/// Several layers, both directions, states in and out: results and all gradients, by the kernels and by the compositions.
#[test]
fn stacks_of_layers_agree_with_pytorch() {
    let file: Value = serde_json::from_str(include_str!("recurrent.json")).unwrap();
    let stacks = file["stacks"].as_array().unwrap();
    assert_eq!(stacks.len(), 9);
    for stack in stacks {
        for dtype in [DType::F64, DType::F32] {
            let given: Vec<Array> = stack["x"].as_array().unwrap().iter().map(|x| array(x, dtype)).collect();
            let count = if stack["f"] == "lstm" { 2 } else { 1 };
            let lengths = stack["lengths"].as_array().map(|_| sizes(&stack["lengths"]));
            let layers = Layers::new(stack, given[0].shape()[2], &given[1 + count..]);
            let inputs: Vec<Variable> = given[..=count].iter().map(|x| Variable::parameter(x.clone())).collect();
            let all: Vec<Variable> = inputs.iter().cloned().chain(layers.parameters()).collect();
            let forward = || layers.forward(&inputs[0], &inputs[1..], lengths.as_deref());
            for results in [forward(), trace(forward).0] {
                let mut sum = Variable::constant(Array::from(0.0)).to_dtype(dtype).unwrap();
                for (y, expected) in results.iter().zip(stack[dtype.name()]["y"].as_array().unwrap()) {
                    compare(y.array(), expected, &stack["f"]);
                    sum = sum.add(y.mul(rule(&file["upstream"], y.shape()).to_dtype(dtype)).unwrap().sum()).unwrap();
                }
                let gradients = sum.backward().unwrap();
                let expected = stack[dtype.name()]["g"].as_array().unwrap();
                assert_eq!(expected.len(), all.len());
                for (variable, expected) in all.iter().zip(expected) {
                    compare(gradients.get(variable).unwrap(), expected, &stack["f"]);
                }
            }
        }
    }
}

fn compare(got: &Array, expected: &Value, what: &Value) {
    let dtype = got.dtype();
    let (error, _) = worst(&got.to_f64_vec(), &numbers(expected.as_str().unwrap(), dtype), dtype, Relative::ToLargest);
    let tolerance = if dtype == DType::F32 { 3e-6 } else { 1e-14 };
    assert!(error <= tolerance, "{what} in {dtype}: {error:e}");
}

/// Dropout between layers is there in training only, and not behind the last layer.
#[test]
fn dropout_lies_between_layers() {
    let x = Variable::constant(Array::linspace(-1.0, 1.0, 60, DType::F32).to_dtype(DType::F32).reshape(&[2, 10, 3]).unwrap());
    let of = |layers: usize| Gru::new(3, 8, &RecurrentLayers { layers, dropout: 0.5, ..RecurrentLayers::default() }).unwrap();
    let (one, two) = (of(1), of(2));
    let run = |layer: &Gru| layer.forward_with_state(&x, None, None).unwrap().0.array().to_f64_vec();
    assert_eq!(run(&one), run(&one));
    assert_ne!(run(&two), run(&two));
    let used = || kudari::inference(|| run(&two));
    assert_eq!(used(), used());
}

/// What stands behind a sample's end does not matter, not even a NaN.
#[test]
fn what_lies_behind_the_end_is_not_read() {
    let of = |shape: &[usize]| {
        Variable::parameter(
            kudari::array::Stream::new(shape.len() as u64, "recurrent").uniform(shape, -1.0, 1.0, DType::F64).unwrap(),
        )
    };
    let (h, w, u) = (of(&[2, 3]), of(&[9, 2]), of(&[9, 3]));
    let weights = RecurrentWeights { input: &w, hidden: &u, biases: None };
    let result = |behind: f64, reverse: bool| {
        let numbers = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, -0.1, -0.2, behind, behind, behind, behind];
        let x = Variable::parameter(Array::from_slice(&numbers, &[2, 3, 2]).unwrap());
        let (y, last) = gru(&x, &h, &weights, &RecurrentOptions { lengths: Some(&[3, 1]), reverse }).unwrap();
        assert_eq!(y.array().slice(&[(1..).into(), (1..).into()]).unwrap().to_f64_vec(), [0.0; 6]);
        let gradients = y.sum().add(last.sum()).unwrap().backward().unwrap();
        let all: Vec<f64> = [&x, &h, &w, &u].iter().flat_map(|v| gradients.get(v).unwrap().to_f64_vec()).collect();
        assert_eq!(&all[8..12], [0.0; 4]);
        (all, y.array().to_f64_vec(), last.array().to_f64_vec())
    };
    for reverse in [false, true] {
        assert!(result(7.0, reverse) == result(f64::NAN, reverse));
    }
}

#[test]
fn what_does_not_fit_is_told() {
    let of = |shape: &[usize]| Variable::constant(Array::zeros(shape, DType::F32).unwrap());
    let (x, h, w, u, b) = (of(&[2, 5, 3]), of(&[2, 4]), of(&[16, 3]), of(&[16, 4]), of(&[16]));
    let double = Variable::constant(Array::zeros(&[16], DType::F64).unwrap());
    let weights = RecurrentWeights { input: &w, hidden: &u, biases: None };
    let with = |x: &Variable, h: &Variable, biases: Option<[&Variable; 2]>, lengths: Option<&[usize]>| {
        lstm(x, [h, h], &RecurrentWeights { biases, ..weights }, &RecurrentOptions { lengths, reverse: false }).map(|_| ())
    };
    with(&x, &h, Some([&b, &b]), Some(&[5, 1])).unwrap();
    with(&of(&[0, 5, 3]), &of(&[0, 4]), None, Some(&[])).unwrap();
    let integers = Variable::constant(Array::arange(30).reshape(&[2, 5, 3]).unwrap());
    for (result, what) in [
        (with(&of(&[2, 0, 3]), &h, None, None), "lstm: x [2, 0, 3] has no places"),
        (with(&of(&[2, 3]), &h, None, None), "lstm: x [2, 3], states [2, 4] and [2, 4], W [16, 3], U [16, 4]"),
        (with(&x, &of(&[2, 3]), None, None), "lstm: x [2, 5, 3], states [2, 3] and [2, 3], W [16, 3], U [16, 4]"),
        (
            with(&x, &h, Some([&b, &h]), None),
            "lstm: x [2, 5, 3], states [2, 4] and [2, 4], W [16, 3], U [16, 4], biases [16] and [2, 4]",
        ),
        (
            with(&x, &h, Some([&b, &double]), None),
            "lstm: x [2, 5, 3], states [2, 4] and [2, 4], W [16, 3], U [16, 4], biases [16] and [16]; x holds f32, another f64",
        ),
        (with(&x, &h, None, Some(&[5])), "lstm: 1 lengths for 2 samples"),
        (with(&x, &h, None, Some(&[5, 0])), "lstm: length 0 of sample 1, x has 5 places"),
        (with(&x, &h, None, Some(&[6, 5])), "lstm: length 6 of sample 0, x has 5 places"),
        (with(&integers, &h, None, None), "lstm: not defined for i64"),
        (
            gru(&x, &h, &weights, &RecurrentOptions::default()).map(|_| ()),
            "gru: x [2, 5, 3], states [2, 4], W [16, 3], U [16, 4]",
        ),
    ] {
        assert_eq!(result.expect_err(what).what(), what);
    }
}
