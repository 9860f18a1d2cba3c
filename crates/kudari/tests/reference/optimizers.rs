//! Every optimizer over fifty steps, with weight decay and clipping.

use std::collections::{BTreeMap, BTreeSet};

use kudari::layers::Parameter;
use kudari::optimizers::{Lbfgs, OPTIMIZERS, Optimizer, parse};
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
    settings.decoupled |= case["settings"]["decoupled"].as_bool().unwrap_or(false);
    settings.clip_norm = case["settings"]["clip_norm"].as_f64();
    settings.clip_value = case["settings"]["clip_value"].as_f64();
    Ok(optimizer)
}

/// The two parameters at the start, and the noise of all steps.
fn start(file: &Value, dtype: DType) -> (Vec<Parameter>, Array) {
    let start = file["start"].as_array().unwrap().iter();
    let parameters: Vec<Parameter> = start.map(|json| Parameter::from_array(array(json, dtype)).unwrap()).collect();
    let noise = rule(&file["noise"], &[&[50][..], parameters[0].array().shape()].concat()).to_dtype(dtype);
    (parameters, noise)
}

/// The loss of the step with this number, from 0.
fn loss_of(parameters: &[Parameter], noise: &Array, step: usize) -> Result<Variable> {
    loss(parameters[0].variable(), parameters[1].variable(), &noise.index_axis(0, step as isize)?)
}

/// The worst error of the parameters, or where they leave the reference.
fn compare(parameters: &[Parameter], track: &Value, tolerance: f64) -> std::result::Result<f64, String> {
    let mut largest: f64 = 0.0;
    for (number, (parameter, expected)) in parameters.iter().zip(track.as_array().unwrap()).enumerate() {
        let dtype = parameter.array().dtype();
        let (got, expected) = (parameter.array().to_f64_vec(), numbers(expected.as_str().unwrap(), DType::F64));
        let (error, at) = worst(&got, &expected, dtype, Relative::ToLargest);
        let within = error <= tolerance;
        if !within {
            return Err(format!("parameter {number}[{at}]: {:e}, reference {:e}, error {error:.1e}", got[at], expected[at]));
        }
        largest = largest.max(error);
    }
    Ok(largest)
}

/// Walks one trajectory and returns the worst error on it, or says where it leaves the reference.
fn walk(file: &Value, case: &Value, dtype: DType, tolerance: f64) -> std::result::Result<f64, String> {
    let (mut parameters, noise) = start(file, dtype);
    let recorded = sizes(&file["steps"]);
    let mut optimizer = optimizer(case).unwrap();
    let mut largest: f64 = 0.0;
    for step in 1..=50 {
        let gradients = loss_of(&parameters, &noise, step - 1).unwrap().backward().unwrap();
        optimizer.step(&mut parameters, &gradients).unwrap();
        assert!(parameters.iter().all(|p| p.array().dtype() == dtype));
        let Some(record) = recorded.iter().position(|&r| r == step) else { continue };
        let error = compare(&parameters, &case["track"][record], tolerance).map_err(|e| format!("step {step}, {e}"))?;
        largest = largest.max(error);
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

/// L-BFGS has no weight decay and no clipping (both would change the loss that its line search sees), so its cases are
/// learning rates, lengths of memory, searches, and losses that change from step to step instead.
#[test]
fn lbfgs_takes_the_steps_of_pytorch() {
    let file: Value = serde_json::from_str(include_str!("optimizers.json")).unwrap();
    for case in file["lbfgs"].as_array().unwrap() {
        // It divides by differences of gradients, which rounding reaches first.
        for (dtype, tolerance) in [(DType::F64, 1e-7), (DType::F32, 2e-2)] {
            let (mut parameters, noise) = start(&file, dtype);
            let size = |name: &str| case[name].as_u64().unwrap() as usize;
            let mut lbfgs = Lbfgs::new(case["rate"].as_f64().unwrap()).iterations(size("iterations")).history(size("history"));
            if case["wolfe"].as_bool().unwrap() {
                lbfgs = lbfgs.strong_wolfe();
            }
            let mut evaluations = 0;
            for step in 0..8 {
                let at = if case["noisy"].as_bool().unwrap() { step } else { 0 };
                let before = lbfgs.step_with(&mut parameters, |parameters| {
                    evaluations += 1;
                    loss_of(parameters, &noise, at)
                });
                let expected = case["losses"][step].as_f64().unwrap();
                assert!((before.unwrap() - expected).abs() <= tolerance * expected.abs().max(1.0), "{case} step {step} {dtype}");
                let result = compare(&parameters, &case["track"][step], tolerance);
                assert!(result.is_ok(), "{case} step {step} {dtype}: {result:?}");
            }
            if dtype == DType::F64 {
                assert_eq!(evaluations, size("evaluations"), "{case}");
            }
        }
    }
}
