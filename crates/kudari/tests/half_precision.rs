//! Every function of the registry on numbers of half precision: kept in 16 bits, calculated in f32.
#![allow(clippy::unwrap_used)]

use kudari::array::Stream;
use kudari::autograd::Backward;
use kudari::data::Normalisation;
use kudari::functions::{registry, softmax_cross_entropy};
use kudari::layers::{Layer, Path};
use kudari::model::{Model, Network, NetworkOptions};
use kudari::optimizers::{Optimizer, Sgd};
use kudari::{Array, DType, Result, Variable, inference};

/// Half the distance between neighbours, relative to them: what rounding once may change.
fn rounding(dtype: DType) -> f64 {
    if dtype == DType::F16 { 2f64.powi(-11) } else { 2f64.powi(-8) }
}

/// The value of a call, and the gradients by its inputs of its numbers' sum with different weights.
fn value_and_gradients(call: &dyn Fn(&[Variable]) -> Result<Variable>, inputs: &[Array]) -> Result<(Array, Vec<Array>)> {
    let variables: Vec<Variable> = inputs.iter().cloned().map(Variable::parameter).collect();
    let y = call(&variables)?;
    if !y.wants_gradient() {
        return Ok((y.into_array(), Vec::new()));
    }
    // A softmax adds up to 1: with equal weights its gradient is rounding errors alone. These weights are exact in any type.
    let weights: Vec<f64> = (0..y.len()).map(|i| 0.5 + 0.25 * (i % 7) as f64).collect();
    let start = Array::from_slice(&weights, y.shape())?.to_dtype(y.dtype());
    let gradients = Backward::new().start(start).run(&y)?;
    let by = variables.iter().map(|v| gradients.get(v).cloned().unwrap_or_else(|| v.array().full_like(0.0))).collect();
    Ok((y.into_array(), by))
}

/// How far `half` is from `full`, in roundings of the largest number of `full`; numbers that are both beyond the range count as equal.
fn distance(half: &Array, full: &Array, dtype: DType) -> f64 {
    let (half, full) = (half.to_f64_vec(), full.to_dtype(dtype).to_f64_vec().into_iter().zip(full.to_f64_vec()));
    let largest = full.clone().map(|(_, x)| x.abs()).filter(|x| x.is_finite()).fold(2f64.powi(-14), f64::max);
    let apart = |(h, (rounded, x)): (f64, (f64, f64))| match h == rounded || (h.is_nan() && x.is_nan()) {
        true => 0.0,
        false if h.is_nan() => f64::INFINITY,
        false => (h - x).abs(),
    };
    half.into_iter().zip(full).map(apart).fold(0.0, f64::max) / (largest * rounding(dtype))
}

/// The same calls on the same numbers once as f32, which other tests compare with other programs, and once in 16 bits.
#[test]
fn every_function_takes_and_gives_half_precision() {
    let mut failures = Vec::new();
    let mut compared = 0;
    for entry in registry().filter(|entry| entry.name != "to_dtype") {
        for (number, sample) in (entry.samples)().iter().enumerate() {
            for dtype in [DType::F16, DType::Bf16] {
                let inputs: Vec<Array> = sample.inputs.iter().map(|x| x.to_dtype(dtype)).collect();
                let wide: Vec<Array> = inputs.iter().map(|x| x.to_dtype(DType::F32)).collect();
                let (y32, g32) = value_and_gradients(&sample.call, &wide).unwrap();
                let mut fail = |what: String| failures.push(format!("{} sample {number} in {dtype}: {what}", entry.name));
                let (y, g) = match value_and_gradients(&sample.call, &inputs) {
                    Ok(found) => found,
                    Err(error) => {
                        fail(error.to_string());
                        continue;
                    }
                };
                let expected = if y32.dtype() == DType::F32 { dtype } else { y32.dtype() };
                if y.dtype() != expected || g.iter().any(|g| g.dtype() != dtype) {
                    fail(format!("a result of {}, gradients of {:?}", y.dtype(), g.iter().map(Array::dtype).collect::<Vec<_>>()));
                    continue;
                }
                let apart = distance(&y, &y32, dtype);
                if apart > 0.0 {
                    fail(format!("{apart:.1} roundings from the value in f32, which is rounded once"));
                }
                for (i, (g, g32)) in g.iter().zip(&g32).enumerate() {
                    let apart = distance(g, g32, dtype);
                    // Rules that read the result read it as it was rounded.
                    if apart > 10.0 {
                        fail(format!("{apart:.1} roundings from the gradient {i} in f32"));
                    }
                }
                compared += 1;
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert!(compared > 1500, "only {compared} calls were compared");
}

/// Σ x³ in 16 bits, differentiated twice: types and values of the derivatives, by hand.
#[test]
fn second_derivatives_pass_through() {
    for dtype in [DType::F16, DType::Bf16] {
        let x = Variable::parameter(Array::from([1.0f32, -2.0, 0.5]).to_dtype(dtype));
        let y = x.square().mul(&x).unwrap().sum();
        let first = kudari::grad(&[&y], &[&x]).unwrap().remove(0);
        let second = kudari::grad(&[&first.sum()], &[&x]).unwrap().remove(0);
        assert_eq!((first.dtype(), first.array().to_f64_vec()), (dtype, vec![3.0, 12.0, 0.75]));
        assert_eq!((second.dtype(), second.array().to_f64_vec()), (dtype, vec![6.0, -12.0, 3.0]));
    }
}

/// A mean of 70,000 ones is 1, though neither their sum nor their number is a number of f16; a gradient of 1/70,000 is one of
/// its denormal numbers.
#[test]
fn sums_inside_a_function_are_carried_in_f32() {
    let x = Variable::parameter(Array::ones(&[70_000], DType::F16).unwrap());
    let mean = x.mean();
    assert_eq!(mean.array().to_f64_vec(), [1.0]);
    let gradient = mean.backward().unwrap().get(&x).unwrap().to_f64_vec();
    assert_eq!(gradient[69_999], (1.0 / 70_000.0 * 2f64.powi(24)).round() / 2f64.powi(24));
}

/// Two types in one call are a mistake, whichever comes first.
#[test]
fn types_do_not_mix() {
    let x = Variable::constant(Array::ones(&[1, 3], DType::F16).unwrap());
    for dtype in [DType::F32, DType::F64, DType::Bf16] {
        let w = Variable::parameter(Array::ones(&[2, 3], dtype).unwrap());
        for error in [kudari::functions::linear(&x, &w, None), kudari::functions::linear(&w, &x, None)] {
            let error = error.unwrap_err();
            assert_eq!(error.kind(), kudari::ErrorKind::DType);
            assert!(error.to_string().contains("f16") && error.to_string().contains(dtype.name()), "{error}");
        }
    }
}

/// A whole network in 16 bits: joined layers, running statistics, attention's cousins. Its results are those in f32 but for
/// the roundings between the layers, the file keeps every bit, and an optimizer says why it refuses.
#[test]
fn networks_are_used_in_half_precision() {
    let text = "conv(8,3) relu maxpool(2) conv(8,3,padding=1,nobias) batchnorm relu avgpool(2) flatten linear(16) relu layernorm linear(3)";
    let network = Network::new(text, &[2, 10, 10], &NetworkOptions::default()).unwrap();
    let x = Stream::new(3, "half").normal(&[5, 2, 10, 10], 0.0, 1.0, DType::F32).unwrap();
    let full = inference(|| network.forward(&Variable::constant(x.clone()))).unwrap().into_array();
    for dtype in [DType::F16, DType::Bf16] {
        let mut half = Network::new(text, &[2, 10, 10], &NetworkOptions::default()).unwrap();
        half.convert(dtype).unwrap();
        let x = Variable::constant(x.to_dtype(dtype));
        let y = inference(|| half.forward(&x)).unwrap();
        assert_eq!(y.dtype(), dtype);
        let apart = distance(y.array(), &full, dtype);
        assert!((0.5..20.0).contains(&apart), "{apart}"); // not the numbers of f32, but near them

        let t = Array::from([0i64, 1, 2, 0, 1]);
        let gradients = softmax_cross_entropy(&half.forward(&x).unwrap(), &t).unwrap().backward().unwrap();
        half.visit(&Path::ROOT, &mut |path, parameter| {
            let g = gradients.get(parameter.variable()).unwrap();
            assert!(g.dtype() == dtype && g.all_finite() && g.sum_of_squares() > 0.0, "{path}");
        });
        assert!(half.buffers().iter().all(|(_, array)| array.dtype() == DType::F32));
        let error = Sgd::new(0.1).step(&mut half, &gradients).unwrap_err();
        assert!(error.what().contains("lost in rounding") && error.what_to_do().contains("train in f32"), "{error}");

        let model = Model {
            network: half,
            normalisation: Normalisation::all(1.0, 0.0),
            labels: Vec::new(),
            preparation: None,
            loss: "softmax_cross_entropy".into(),
            training: serde_json::Value::Null,
        };
        let again = Model::from_bytes(&model.to_bytes().unwrap()).unwrap();
        for ((name, a), (_, b)) in model.network.arrays().iter().zip(again.network.arrays()) {
            assert!(a.same_as(&b), "{name}");
        }
    }
}
