//! Losses. `reduce` is "mean", "sum" or "no".

use std::sync::Arc;

use kudari::functions::{self as engine, CrossEntropyOptions, CtcOptions, GaussianNllOptions, HingeNorm, Reduction};
use numpy::PyUntypedArray;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::{add, only_floats, reduction, run};
use crate::gradients::Place;
use crate::operand::{Operand, array_of};
use crate::variable::Variable;

/// Adds this file's functions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    pairs(module)?;
    add!(module: sum_squared_error mean_squared_error mean_absolute_error huber smooth_l1 softmax_cross_entropy negative_log_likelihood
        set_function sigmoid_cross_entropy focal hinge cosine_embedding contrastive triplet gaussian_nll ctc)
}

/// Losses of outputs and targets that have nothing to set but what becomes of their terms.
macro_rules! pairs {
    ($($name:ident)*) => {
        $(
            #[doc = concat!(stringify!($name), "(y, t, reduce): the engine's loss of that name.")]
            #[pyfunction]
            fn $name(py: Python<'_>, y: Operand, t: Operand, reduce: &str) -> PyResult<Py<Variable>> {
                let reduction = reduction(reduce)?;
                run(py, y.0.len(), || engine::$name(&y.0, &t.0, reduction))
            }
        )*

        fn pairs(module: &Bound<'_, PyModule>) -> PyResult<()> {
            add!(module: $($name)*)
        }
    };
}

pairs! { squared_error absolute_error log_cosh poisson_nll binary_cross_entropy kl_divergence }

/// sum_squared_error(y, t): ½ Σ (y − t)² over the number of samples.
#[pyfunction]
fn sum_squared_error(py: Python<'_>, y: Operand, t: Operand) -> PyResult<Py<Variable>> {
    run(py, y.0.len(), || engine::sum_squared_error(&y.0, &t.0))
}

/// mean_squared_error(y, t): the mean of (y − t)².
#[pyfunction]
fn mean_squared_error(py: Python<'_>, y: Operand, t: Operand) -> PyResult<Py<Variable>> {
    only_floats("mean_squared_error", &y)?;
    only_floats("mean_squared_error", &t)?;
    run(py, y.0.len(), || engine::mean_squared_error(&y.0, &t.0))
}

/// mean_absolute_error(y, t): the mean of |y − t|.
#[pyfunction]
fn mean_absolute_error(py: Python<'_>, y: Operand, t: Operand) -> PyResult<Py<Variable>> {
    only_floats("mean_absolute_error", &y)?;
    only_floats("mean_absolute_error", &t)?;
    run(py, y.0.len(), || engine::mean_absolute_error(&y.0, &t.0))
}

/// huber(y, t, delta, reduce).
#[pyfunction]
fn huber(py: Python<'_>, y: Operand, t: Operand, delta: f64, reduce: &str) -> PyResult<Py<Variable>> {
    let reduction = reduction(reduce)?;
    run(py, y.0.len(), || engine::huber(&y.0, &t.0, delta, reduction))
}

/// smooth_l1(y, t, beta, reduce).
#[pyfunction]
fn smooth_l1(py: Python<'_>, y: Operand, t: Operand, beta: f64, reduce: &str) -> PyResult<Py<Variable>> {
    let reduction = reduction(reduce)?;
    run(py, y.0.len(), || engine::smooth_l1(&y.0, &t.0, beta, reduction))
}

fn cross_entropy_options(
    class_weight: Option<&Bound<'_, PyUntypedArray>>,
    ignore_label: Option<i64>,
    smoothing: f64,
    reduce: &str,
) -> PyResult<CrossEntropyOptions> {
    Ok(CrossEntropyOptions {
        class_weights: class_weight.map(array_of).transpose()?,
        ignored_label: ignore_label,
        label_smoothing: smoothing,
        reduction: reduction(reduce)?,
    })
}

/// softmax_cross_entropy(x, t, class_weight, ignore_label, smoothing, reduce): t are labels, or shares of the classes.
#[pyfunction]
#[pyo3(signature = (x, t, class_weight=None, ignore_label=None, smoothing=0.0, reduce="mean"))]
fn softmax_cross_entropy(
    py: Python<'_>,
    x: Operand,
    t: Operand,
    class_weight: Option<&Bound<'_, PyUntypedArray>>,
    ignore_label: Option<i64>,
    smoothing: f64,
    reduce: &str,
) -> PyResult<Py<Variable>> {
    let options = cross_entropy_options(class_weight, ignore_label, smoothing, reduce)?;
    only_floats("softmax_cross_entropy", &x)?;
    let ignored = |label| t.0.array().to_vec::<i64>().map_or(true, |labels| labels.contains(&label));
    let is_plain = options.class_weights.is_none() && smoothing == 0.0 && options.reduction == Reduction::Mean;
    if is_plain && !ignore_label.is_some_and(ignored) {
        return run(py, x.0.len(), || engine::softmax_cross_entropy(&x.0, &t.0));
    }
    run(py, x.0.len(), || engine::softmax_cross_entropy_with(&x.0, &t.0, &options))
}

/// negative_log_likelihood(x, t, class_weight, ignore_label, smoothing, reduce): as softmax_cross_entropy, from logarithms of probabilities.
#[pyfunction]
#[pyo3(signature = (x, t, class_weight=None, ignore_label=None, smoothing=0.0, reduce="mean"))]
fn negative_log_likelihood(
    py: Python<'_>,
    x: Operand,
    t: Operand,
    class_weight: Option<&Bound<'_, PyUntypedArray>>,
    ignore_label: Option<i64>,
    smoothing: f64,
    reduce: &str,
) -> PyResult<Py<Variable>> {
    let options = cross_entropy_options(class_weight, ignore_label, smoothing, reduce)?;
    run(py, x.0.len(), || engine::negative_log_likelihood(&x.0, &t.0, &options))
}

/// set_function(loss, function): the object that programs see as the creator of a result.
#[pyfunction]
fn set_function(loss: Operand, function: Py<PyAny>) {
    if let Some((place, _)) = Place::of(&loss.0) {
        place.set_function(Arc::new(function));
    }
}

/// sigmoid_cross_entropy(x, t): for targets from 0 to 1, the sum over the number of samples.
#[pyfunction]
fn sigmoid_cross_entropy(py: Python<'_>, x: Operand, t: Operand) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || engine::sigmoid_cross_entropy(&x.0, &t.0))
}

/// focal(x, t, alpha, gamma, reduce).
#[pyfunction]
fn focal(py: Python<'_>, x: Operand, t: Operand, alpha: f64, gamma: f64, reduce: &str) -> PyResult<Py<Variable>> {
    let reduction = reduction(reduce)?;
    run(py, x.0.len(), || engine::focal(&x.0, &t.0, alpha, gamma, reduction))
}

/// hinge(x, t, norm, reduce): norm is "L1" or "L2".
#[pyfunction]
fn hinge(py: Python<'_>, x: Operand, t: Operand, norm: &str, reduce: &str) -> PyResult<Py<Variable>> {
    let norm = match norm {
        "L1" => HingeNorm::L1,
        "L2" => HingeNorm::L2,
        _ => return Err(PyValueError::new_err(format!("hinge with norm {norm:?}\n  expected: 'L1' or 'L2'"))),
    };
    let reduction = reduction(reduce)?;
    run(py, x.0.len(), || engine::hinge(&x.0, &t.0, norm, reduction))
}

/// cosine_embedding(a, b, t, margin, reduce).
#[pyfunction]
fn cosine_embedding(py: Python<'_>, a: Operand, b: Operand, t: Operand, margin: f64, reduce: &str) -> PyResult<Py<Variable>> {
    let reduction = reduction(reduce)?;
    run(py, a.0.len(), || engine::cosine_embedding(&a.0, &b.0, &t.0, margin, reduction))
}

/// contrastive(a, b, t, margin, reduce).
#[pyfunction]
fn contrastive(py: Python<'_>, a: Operand, b: Operand, t: Operand, margin: f64, reduce: &str) -> PyResult<Py<Variable>> {
    let reduction = reduction(reduce)?;
    run(py, a.0.len(), || engine::contrastive(&a.0, &b.0, &t.0, margin, reduction))
}

/// triplet(anchor, positive, negative, margin, reduce).
#[pyfunction]
fn triplet(py: Python<'_>, a: Operand, p: Operand, n: Operand, margin: f64, reduce: &str) -> PyResult<Py<Variable>> {
    let reduction = reduction(reduce)?;
    run(py, a.0.len(), || engine::triplet(&a.0, &p.0, &n.0, margin, reduction))
}

/// gaussian_nll(y, t, variance, eps, full, reduce).
#[pyfunction]
fn gaussian_nll(
    py: Python<'_>,
    y: Operand,
    t: Operand,
    variance: Operand,
    eps: f64,
    full: bool,
    reduce: &str,
) -> PyResult<Py<Variable>> {
    let options = GaussianNllOptions { epsilon: eps, full, reduction: reduction(reduce)? };
    run(py, y.0.len(), || engine::gaussian_nll(&y.0, &t.0, &variance.0, &options))
}

/// ctc(x, labels, input_lengths, target_lengths, blank, reduce): x are logarithms of probabilities, (steps, samples, classes).
#[pyfunction]
fn ctc(
    py: Python<'_>,
    x: Operand,
    labels: &Bound<'_, PyUntypedArray>,
    input_lengths: Vec<usize>,
    target_lengths: Vec<usize>,
    blank: usize,
    reduce: &str,
) -> PyResult<Py<Variable>> {
    let options = CtcOptions { blank, reduction: reduction(reduce)?, ..CtcOptions::default() };
    let labels = array_of(labels)?;
    run(py, usize::MAX, || engine::ctc(&x.0, &labels, &input_lengths, &target_lengths, &options))
}
