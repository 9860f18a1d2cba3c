//! The gradients of a whole network against differences, parameter by parameter.

use super::gradients::{Order, Report, compare, floor_of, index_of};
use super::kink::{Kink, Point};
use crate::Variable;
use crate::array::{Array, DType, Stream};
use crate::error::{Error, Result};
use crate::layers::Layer;

/// The result of checking a network.
#[derive(Debug, Clone)]
pub struct NetworkReport {
    /// Number of parameters' derivatives compared.
    pub checked: usize,
    /// The largest relative error, as [`Worst::error`](super::Worst::error).
    pub max_relative_error: f64,
    /// The worst parameter, e.g. `0.weight[3, 17]`.
    pub worst: Option<String>,
    /// What backward and what differences give there.
    pub values: Option<(f64, f64)>,
    /// Parameters at which the loss has a kink, with the slopes on both sides.
    pub kinks: Vec<(String, Kink)>,
    /// Whether every error is within the tolerance.
    pub passed: bool,
}

/// Compares the gradients of `loss` by the parameters of `layer` with differences: all of them, or `samples` random ones
/// by `seed`. The parameters are converted to f64, where differences have enough digits; they are left as they were found.
///
/// # Errors
///
/// What `loss` returns, or a loss that does not depend on any parameter.
pub fn check_network<L: Layer>(
    layer: &mut L,
    loss: impl Fn(&L) -> Result<Variable>,
    samples: Option<usize>,
    seed: u64,
    tolerance: f64,
) -> Result<NetworkReport> {
    layer.convert(DType::F64)?;
    // With the buffers, so that every loss is that of the same state: layers that count or draw numbers would go on with each.
    let buffers = layer.buffers();
    let start = loss(layer)?;
    // Lazy layers have their sizes only now.
    layer.set_buffers(&buffers)?;
    let held = layer.arrays();
    let value = start.item()?;
    let gradients = start.backward()?;
    let mut parameters: Vec<(String, Array, Array)> = Vec::new();
    layer.visit(&crate::layers::Path::ROOT, &mut |path, parameter| {
        let gradient = gradients.get(parameter.variable()).cloned().unwrap_or_else(|| parameter.array().full_like(0.0));
        parameters.push((path.to_string(), parameter.array().clone(), gradient));
    });
    let total: usize = parameters.iter().map(|p| p.1.len()).sum();
    if total == 0 {
        return Err(Error::value("the network has no parameters").help("add a layer that has some, e.g. linear(10)"));
    }
    // Which parameters, as numbers over all of them.
    let mut chosen = Stream::new(seed, "check").permutation(total).to_vec::<i64>()?;
    chosen.truncate(samples.unwrap_or(total));
    chosen.sort_unstable();

    let mut report = Report { passed: true, ..Report::default() };
    let mut first = 0;
    for (number, (_, array, gradient)) in parameters.iter().enumerate() {
        let floor = floor_of(gradient);
        let (values, slopes) = (array.to_f64_vec(), gradient.to_f64_vec());
        let mut arrays = held.clone();
        let here = chosen.iter().map(|&c| c as usize).filter(|c| (first..first + array.len()).contains(c));
        for element in here.map(|c| c - first).collect::<Vec<_>>() {
            let index = index_of(element, array.shape());
            let at = |arrays: &mut Vec<(String, Array)>, layer: &mut L, value: f64| {
                arrays[number].1.make_mut::<f64>()[element] = value;
                layer.set_arrays(arrays)
            };
            let point = Point { x: values[element], value, floor };
            compare(&mut report, (Order::First, number, index), slopes[element], point, tolerance, |x| {
                at(&mut arrays, layer, x)?;
                crate::no_grad(|| loss(layer))?.item()
            })?;
            at(&mut arrays, layer, values[element])?;
        }
        first += array.len();
    }
    let name = |input: usize, index: &[usize]| format!("{}{index:?}", parameters[input].0);
    Ok(NetworkReport {
        checked: report.checked,
        max_relative_error: report.worst.as_ref().map_or(0.0, |w| w.error),
        worst: report.worst.as_ref().map(|w| name(w.input, &w.index)),
        values: report.worst.as_ref().map(|w| (w.analytic, w.numerical)),
        kinks: report.kinks.into_iter().map(|k| (name(k.input, &k.index), k)).collect(),
        passed: report.passed,
    })
}
