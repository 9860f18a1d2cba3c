//! Calls of the recurrent functions.

use kudari::functions::{RecurrentActivation, RecurrentOptions, RecurrentWeights, concatenate, gru, lstm, rnn, stack};
use kudari::{Array, DType, Result, Variable};
use serde_json::Value;

use crate::data::sizes;

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
