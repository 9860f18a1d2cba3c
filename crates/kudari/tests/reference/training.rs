//! Whole networks in their first steps of training: built by the notation, trained beside PyTorch from the same weights on the
//! same batches. `training.py` says by which rules both come about.

use kudari::functions::softmax_cross_entropy;
use kudari::layers::Layer;
use kudari::model::{Network, NetworkOptions};
use kudari::optimizers::parse;
use kudari::{Array, DType, Variable, inference};
use serde_json::Value;

use crate::data::{dtype, numbers, sizes};

/// Steps of training in the file.
const STEPS: usize = 20;

/// For each element of an array of this name 32 bits that look drawn at random; `hashes` in training.py.
fn hashes(name: &str, count: usize) -> Vec<u32> {
    let key = name.bytes().fold(0x811C_9DC5u32, |key, byte| (key ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let stirred = |i: usize| {
        let mut h = (i as u32).wrapping_mul(0x9E37_79B1).wrapping_add(key);
        h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
        h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
        h ^ (h >> 16)
    };
    (0..count).map(stirred).collect()
}

/// From −1 to 1 in steps of 2⁻²³.
fn uniform(name: &str, count: usize) -> impl Iterator<Item = f64> + use<> {
    hashes(name, count).into_iter().map(|h| f64::from(h >> 8) / f64::from(1 << 23) - 1.0)
}

/// The numbers with which the parameter of this name starts, `start` in training.py. Rounded to f32 also for f64.
fn start(name: &str, shape: &[usize], clear: bool) -> Array {
    let spread = (3.0 / shape[1..].iter().product::<usize>() as f64).sqrt();
    let is_weight = name.ends_with("weight");
    let number = |i: usize, u: f64| {
        let near_one = 1.0 + u / 8.0;
        match shape {
            [_, _, ..] => u * spread,
            _ if !clear && is_weight => near_one,
            _ if is_weight => near_one / 4.0,
            _ if !clear || name == "20.bias" || name.ends_with("body.4.bias") => u / 8.0,
            _ if name.ends_with("body.1.bias") && i % 4 == 3 => -near_one,
            _ => near_one,
        }
    };
    let numbers = uniform(name, shape.iter().product()).enumerate().map(|(i, u)| number(i, u) as f32).collect();
    Array::from_vec(numbers, shape).unwrap()
}

/// A colour and stripes for each class, and noise: `pictures` in training.py.
fn pictures(step: usize, samples: usize) -> (Array, Array) {
    let shape = [samples, 3, 32, 32];
    let mut noise = uniform(&format!("noise {step}"), shape.iter().product());
    let mut numbers = Vec::new();
    for (n, channel, y, x) in (0..samples * 3 * 32 * 32).map(|i| (i / 3072, i / 1024 % 3, i / 32 % 32, i % 32)) {
        let label = n % 10;
        let fifths = |place: usize| ((place % 11) as f64 - 5.0) / 5.0;
        let colour = fifths(3 * label + 4 * channel + label * channel);
        let stripes = fifths(x * (label % 5 + 1) + y * (label / 5 + 1));
        numbers.push((colour + stripes / 2.0 + noise.next().unwrap() / 2.0) as f32);
    }
    let labels = (0..samples).map(|n| (n % 10) as i64).collect();
    (Array::from_vec(numbers, &shape).unwrap(), Array::from_vec(labels, &[samples]).unwrap())
}

/// Every symbol is one of the two that may follow the one before: `symbols` in training.py.
fn symbols(step: usize, samples: usize, places: usize) -> (Array, Array) {
    let (mut x, mut t) = (Vec::new(), Vec::new());
    for row in hashes(&format!("symbols {step}"), samples * (places + 1)).chunks(places + 1) {
        let mut symbol = i64::from(row[0]) % 65;
        for &h in &row[1..] {
            x.push(symbol);
            symbol = (3 * symbol + 1 + i64::from(h / 2 % 2)) % 65;
            t.push(symbol);
        }
    }
    (Array::from_vec(x, &[samples, places]).unwrap(), Array::from_vec(t, &[samples, places]).unwrap())
}

/// The largest distance, absolute and relative to the numbers.
fn apart(got: &[f64], expected: &[f64]) -> [f64; 2] {
    let pairs = || got.iter().zip(expected).map(|(g, e)| ((g - e).abs(), e.abs()));
    assert!(got.len() <= expected.len() && pairs().all(|(distance, _)| distance.is_finite()), "{got:?} ≠ {expected:?}");
    [pairs().fold(0.0, |most, p| p.0.max(most)), pairs().fold(0.0, |most, p| (p.0 / p.1).max(most))]
}

/// Trains the network with this number in the file for some steps in one type and compares all losses; after all steps also
/// the running statistics of a batch normalisation, and the loss of the network in use.
fn train(number: usize, of: DType, steps: usize) {
    let file: Value = serde_json::from_str(include_str!("training.json")).unwrap();
    let case = &file["networks"][number];
    let (text, shape, samples) = (case["net"].as_str().unwrap(), sizes(&case["input"]), case["batch"].as_u64().unwrap() as usize);
    let mut net = Network::new(text, &shape, &NetworkOptions { double: of == DType::F64, ..NetworkOptions::default() }).unwrap();
    assert_eq!(net.summary().parameters as u64, case["parameters"].as_u64().unwrap());
    let buffers = net.buffers();
    let mut arrays = net.arrays();
    for (name, array) in &mut arrays {
        if !buffers.iter().any(|(buffer, _)| buffer == name) {
            *array = start(name, array.shape(), case["clear"] == true).to_dtype(of);
        }
    }
    net.set_arrays(&arrays).unwrap();
    let mut optimizer = parse(case["optimizer"].as_str().unwrap(), case["rate"].as_f64().unwrap()).unwrap();
    optimizer.settings_mut().weight_decay = case["weight_decay"].as_f64().unwrap();

    let loss = |net: &Network, step: usize| {
        let (x, t) = if shape.len() == 3 { pictures(step, samples) } else { symbols(step, samples, shape[0]) };
        let x = if x.dtype().is_float() { x.to_dtype(of) } else { x };
        softmax_cross_entropy(&net.forward(&Variable::constant(x)).unwrap(), &t).unwrap()
    };
    let mut losses = Vec::new();
    for step in 0..steps {
        let loss = loss(&net, step);
        losses.push(loss.item().unwrap());
        optimizer.step(&mut net, &loss.backward().unwrap()).unwrap();
    }
    let mut found = vec![("losses", losses)];
    if let (Some(norm), true) = (case["norm"].as_str(), steps == STEPS) {
        found.push(("evaluation", vec![inference(|| loss(&net, STEPS)).item().unwrap()]));
        for what in ["mean", "variance"] {
            let name = format!("{norm}.{what}");
            found.push((what, net.buffers().into_iter().find(|(buffer, _)| *buffer == name).unwrap().1.to_f64_vec()));
        }
    }
    let tolerance = if of == DType::F32 { 1e-4 } else { 1e-11 };
    for (what, got) in found {
        let expected = numbers(case[of.name()][what].as_str().unwrap(), of);
        let [absolute, relative] = apart(&got, &expected);
        println!("{text} {of}, {} {what}: {absolute:.1e} apart, relative {relative:.1e}", got.len());
        assert!(absolute <= tolerance, "{text} in {of}: {what} {got:?}, in PyTorch {expected:?}");
    }
}

/// Trains the networks whose notation begins like this, in one type.
fn train_those(beginning: &str, of: DType, steps: usize) {
    let file: Value = serde_json::from_str(include_str!("training.json")).unwrap();
    let compared = |case: &Value| {
        let types = case["compared"].as_array().unwrap();
        case["net"].as_str().unwrap().starts_with(beginning) && types.iter().any(|name| dtype(name.as_str().unwrap()) == of)
    };
    let cases = file["networks"].as_array().unwrap();
    let those: Vec<usize> = (0..cases.len()).filter(|&number| compared(&cases[number])).collect();
    assert!(!those.is_empty());
    those.into_iter().for_each(|number| train(number, of, steps));
}

#[test]
fn a_transformer_trains_as_in_pytorch() {
    train_those("char-gpt", DType::F32, STEPS);
}

#[test]
fn a_recurrent_network_trains_as_in_pytorch() {
    train_those("embedding", DType::F32, STEPS);
}

/// A step of ResNet-18 is fifty thousand million multiplications: the test below takes all twenty.
#[test]
fn a_residual_network_takes_its_first_steps_as_in_pytorch() {
    train_those("resnet18", DType::F32, 3);
}

#[test]
#[ignore = "minutes without optimisation: cargo test --release -p kudari --test reference training -- --ignored --nocapture"]
fn all_networks_train_as_in_pytorch_in_both_types() {
    for of in [DType::F32, DType::F64] {
        train_those("", of, STEPS);
    }
}
