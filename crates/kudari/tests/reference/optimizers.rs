//! Every optimizer over fifty steps, with weight decay and clipping.

use std::collections::{BTreeMap, BTreeSet};

use kudari::layers::Parameter;
use kudari::optimizers::{OPTIMIZERS, Optimizer, parse};
use kudari::{Array, DType, Result, Variable};
use serde_json::Value;

use crate::data::{Relative, array, numbers, rule, sizes, worst};

/// A relative error of any parameter after any recorded step.
const TOLERANCES: [(DType, f64); 2] = [(DType::F64, 1e-12), (DType::F32, 1e-5)];

/// Σ (1 − a)² + 4 (b − a²)² + a · noise: Rosenbrock's valley for every number of a, and the noise of samples.
fn loss(a: &Variable, b: &Variable, noise: &Array) -> Result<Variable> {
    Ok((1.0 - a).square().add((b - a.square()).square() * 4.0)?.add(a.mul(noise)?)?.sum())
}

fn optimizer(case: &Value) -> Result<Box<dyn Optimizer>> {
    let mut optimizer = parse(case["optimizer"].as_str().unwrap(), case["rate"].as_f64().unwrap())?;
    let settings = optimizer.settings_mut();
    settings.weight_decay = case["settings"]["weight_decay"].as_f64().unwrap_or(0.0);
    settings.clip_norm = case["settings"]["clip_norm"].as_f64();
    settings.clip_value = case["settings"]["clip_value"].as_f64();
    Ok(optimizer)
}

/// Walks one trajectory and returns the worst error on it, or says where it leaves the reference.
fn walk(file: &Value, case: &Value, dtype: DType, tolerance: f64) -> std::result::Result<f64, String> {
    let start = file["start"].as_array().unwrap().iter();
    let mut parameters: Vec<Parameter> = start.map(|json| Parameter::from_array(array(json, dtype)).unwrap()).collect();
    let shape = parameters[0].array().shape().to_vec();
    let noise = rule(&file["noise"], &[&[50][..], &shape].concat()).to_dtype(dtype);
    let recorded = sizes(&file["steps"]);
    let mut optimizer = optimizer(case).unwrap();
    let mut largest: f64 = 0.0;
    for step in 1..=50 {
        let noise = noise.index_axis(0, step as isize - 1).unwrap();
        let gradients = loss(parameters[0].variable(), parameters[1].variable(), &noise).unwrap().backward().unwrap();
        optimizer.step(&mut parameters, &gradients).unwrap();
        let Some(record) = recorded.iter().position(|&r| r == step) else { continue };
        let track = case["track"][record].as_array().unwrap();
        for (number, (parameter, expected)) in parameters.iter().zip(track).enumerate() {
            assert_eq!(parameter.array().dtype(), dtype);
            let (got, expected) = (parameter.array().to_f64_vec(), numbers(expected.as_str().unwrap(), DType::F64));
            let (error, at) = worst(&got, &expected, dtype, Relative::ToLargest);
            let within = error <= tolerance;
            if !within {
                let (got, expected) = (got[at], expected[at]);
                return Err(format!("step {step}, parameter {number}[{at}]: {got:e}, reference {expected:e}, error {error:.1e}"));
            }
            largest = largest.max(error);
        }
    }
    assert_eq!(case["track"].as_array().unwrap().len(), recorded.len());
    Ok(largest)
}

#[test]
fn every_optimizer_takes_the_steps_of_pytorch() {
    let file: Value = serde_json::from_str(include_str!("optimizers.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let mut failures = Vec::new();
    let mut worst: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for case in cases {
        for (dtype, tolerance) in TOLERANCES {
            let name = case["optimizer"].as_str().unwrap();
            match walk(&file, case, dtype, tolerance) {
                Ok(error) => {
                    let place = worst.entry((name, dtype.name())).or_default();
                    *place = place.max(error);
                }
                Err(text) => failures.push(format!("{name} with {} ({dtype}): {text}", case["settings"])),
            }
        }
    }
    worst.iter().for_each(|((name, dtype), error)| println!("{name:16} {dtype}  {error:.1e}"));
    assert!(failures.is_empty(), "{} of {} trajectories differ:\n{failures:#?}", failures.len(), 2 * cases.len());

    let word = |text: &'static str| text.split('(').next().unwrap();
    for word in OPTIMIZERS.iter().map(|text| word(text)) {
        let settings = cases.iter().filter(|c| c["optimizer"].as_str().unwrap().split('(').next() == Some(word));
        let kinds: BTreeSet<String> = settings.map(|c| c["settings"].to_string()).collect();
        assert!(kinds.len() >= 5, "{word} has reference values with {kinds:?} only");
    }
    assert_eq!(sizes(&file["steps"]).last(), Some(&50));
}
