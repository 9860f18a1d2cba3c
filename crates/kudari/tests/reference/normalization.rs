//! Calls of the normalisations and embeddings, and their behaviour over several steps.

use kudari::autograd::with_training;
use kudari::functions::{add_rows, batch_norm, embedding, fixed_batch_norm, group_norm, layer_norm, rms_norm};
use kudari::layers::{BatchNorm, Module};
use kudari::{Array, DType, Result, Variable};
use serde_json::Value;

use crate::data::array;

pub(crate) fn call(name: &str, v: &[Variable], args: &Value) -> Result<Variable> {
    let epsilon = || args["epsilon"].as_f64().expect("epsilon");
    let axes = || args["axes"].as_u64().expect("axes") as usize;
    let indices = || array(&args["indices"], DType::I64);
    match name {
        "layer_norm" => layer_norm(&v[0], axes(), v.get(1), v.get(2), epsilon()),
        "rms_norm" => rms_norm(&v[0], axes(), v.get(1), epsilon()),
        "batch_norm" => Ok(batch_norm(&v[0], v.get(1), v.get(2), epsilon())?.0),
        "embedding" => embedding(&v[0], &indices()),
        "add_rows" => add_rows(&v[0], &indices(), args["rows"].as_u64().expect("rows") as usize),
        _ => panic!("`{name}` is not in the table of calls: add it to tests/reference/normalization.rs"),
    }
}

fn near(got: &Array, expected: &[f64]) {
    let got = got.to_f64_vec();
    assert_eq!(got.len(), expected.len());
    assert!(got.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-6), "{got:?} ≠ {expected:?}");
}

/// Two batches through a layer, and then one in use; the numbers are those of torch.nn.BatchNorm1d(2) on the same batches.
#[test]
fn running_statistics_follow_the_batches() {
    let layer = BatchNorm::new(2).unwrap();
    let x = |numbers: [[f32; 2]; 3]| Variable::constant(Array::from(numbers));
    layer.forward(&x([[1.0, 2.0], [3.0, -1.0], [5.0, 0.5]])).unwrap();
    layer.forward(&x([[0.0, 4.0], [-2.0, 4.0], [7.0, 1.0]])).unwrap();
    let [mean, variance] = layer.statistics();
    // 0.9 · (0.1 · 3) + 0.1 · 5/3 and 0.9 · (0.1 · ½) + 0.1 · 3; the variances are 4, 67/3 and 9/4, 3.
    near(&mean, &[0.27 + 0.5 / 3.0, 0.045 + 0.3]);
    near(&variance, &[0.9 * (0.9 + 0.4) + 6.7 / 3.0, 0.9 * (0.9 + 0.225) + 0.3]);
    let y = with_training(false, || layer.forward(&x([[1.0, 1.0], [0.0, 2.0], [-1.0, 3.0]]))).unwrap();
    let (mean, variance) = (mean.to_f64_vec(), variance.to_f64_vec());
    let expected = [[1.0, 1.0], [0.0, 2.0], [-1.0, 3.0]];
    let expected = expected.map(|row| [0, 1].map(|c| (row[c] - mean[c]) / (variance[c] + 1e-5).sqrt()));
    near(y.array(), expected.as_flattened());
    // In use nothing is remembered.
    near(&layer.statistics()[0], &mean);
}

/// Groups of all channels are layer normalisation over everything, groups of one normalise each channel by itself.
#[test]
fn group_normalisation_lies_between_layer_and_instance_normalisation() {
    let x = Variable::constant(Array::linspace(-2.0, 3.0, 48, DType::F64).reshape(&[2, 4, 2, 3]).unwrap()).square();
    let whole = group_norm(&x, 1, None, None, 1e-5).unwrap();
    assert!(whole.array().same_as(layer_norm(&x, 3, None, None, 1e-5).unwrap().array()));
    let single = group_norm(&x, 4, None, None, 1e-5).unwrap();
    near(single.array(), &layer_norm(&x, 2, None, None, 1e-5).unwrap().array().to_f64_vec());
    let weight = Variable::constant(Array::from([1.0, 2.0, 3.0, 4.0]));
    let scaled = group_norm(&x, 4, Some(&weight), Some(&weight), 1e-5).unwrap();
    let by_hand =
        single.mul(weight.reshape(&[1, 4, 1, 1]).unwrap()).unwrap().add(weight.reshape(&[1, 4, 1, 1]).unwrap()).unwrap();
    near(scaled.array(), &by_hand.array().to_f64_vec());
    assert!(group_norm(&x, 3, None, None, 1e-5).is_err() && group_norm(&x, 0, None, None, 1e-5).is_err());
}

#[test]
fn what_does_not_fit_is_told() {
    let x = Variable::constant(Array::zeros(&[3, 4], DType::F32).unwrap());
    let three = Variable::constant(Array::zeros(&[3], DType::F32).unwrap());
    let double = Variable::constant(Array::zeros(&[4], DType::F64).unwrap());
    let statistics = Array::zeros(&[3], DType::F32).unwrap();
    let empty = Variable::constant(Array::zeros(&[0, 4], DType::F32).unwrap());
    for (result, what) in [
        (layer_norm(&x, 1, Some(&three), None, 1e-5), "layer_norm: x [3, 4] of f32, weight [3] of f32"),
        (layer_norm(&x, 1, Some(&double), None, 1e-5), "layer_norm: x [3, 4] of f32, weight [4] of f64"),
        (layer_norm(&x, 1, None, Some(&three), 1e-5), "layer_norm: x [3, 4] of f32, bias [3] of f32"),
        (layer_norm(&x, 3, None, None, 1e-5), "layer_norm: x [3, 4] over its last 3 axes"),
        (layer_norm(&x, 0, None, None, 1e-5), "layer_norm: x [3, 4] over its last 0 axes"),
        (rms_norm(&x, 1, None, -1.0), "rms_norm: ε is -1"),
        (fixed_batch_norm(&x, [&statistics, &statistics], None, None, 1e-5), "batch_norm: x [3, 4] of f32, mean [3]"),
        (batch_norm(&empty, None, None, 1e-5).map(|found| found.0), "batch_norm: x [0, 4]"),
        (batch_norm(&three, None, None, 1e-5).map(|found| found.0), "batch_norm: x [3]"),
        (embedding(&x, &Array::from([3i64])), "embedding"),
        (embedding(&x, &Array::from([1.0])), "embedding: indices of f64"),
        (add_rows(&x, &Array::from([0i64, 1]), 4), "add_rows: g [3, 4], indices [2] of i64"),
        (add_rows(&x, &Array::from([0i64, 1, 9]), 4), "add_rows"),
    ] {
        let error = result.expect_err(what);
        assert!(error.what().starts_with(what), "{error}");
    }
}
