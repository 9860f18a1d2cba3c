//! Normalisations, and activations with parameters of their own.

use kudari::functions as engine;
use numpy::PyUntypedArray;
use pyo3::prelude::*;

use super::{add, optional, run};
use crate::errors::OrRaise;
use crate::memory;
use crate::operand::{Operand, array_of};
use crate::variable::Variable;

/// Adds this file's functions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add!(module: batch_norm fixed_batch_norm layer_norm group_norm rms_norm prelu maxout)
}

/// batch_norm(x, gamma, beta, eps): for x of shape (samples, channels, …) the result, and mean and variance of each channel.
#[pyfunction]
fn batch_norm<'py>(
    py: Python<'py>,
    x: Operand,
    gamma: Option<Operand>,
    beta: Option<Operand>,
    eps: f64,
) -> PyResult<(Py<Variable>, Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let (y, moments) = py.detach(|| engine::batch_norm(&x.0, optional(&gamma), optional(&beta), eps)).or_raise()?;
    Ok((Variable::of(py, y)?, memory::to_numpy(py, &moments.mean)?, memory::to_numpy(py, &moments.variance)?))
}

/// fixed_batch_norm(x, mean, variance, gamma, beta, eps): with given means and variances.
#[pyfunction]
fn fixed_batch_norm(
    py: Python<'_>,
    x: Operand,
    mean: &Bound<'_, PyUntypedArray>,
    variance: &Bound<'_, PyUntypedArray>,
    gamma: Option<Operand>,
    beta: Option<Operand>,
    eps: f64,
) -> PyResult<Py<Variable>> {
    let (mean, variance) = (array_of(mean)?, array_of(variance)?);
    run(py, x.0.len(), || engine::fixed_batch_norm(&x.0, [&mean, &variance], optional(&gamma), optional(&beta), eps))
}

/// layer_norm(x, axes, gamma, beta, eps): over so many of the last axes.
#[pyfunction]
fn layer_norm(
    py: Python<'_>,
    x: Operand,
    axes: usize,
    gamma: Option<Operand>,
    beta: Option<Operand>,
    eps: f64,
) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || engine::layer_norm(&x.0, axes, optional(&gamma), optional(&beta), eps))
}

/// group_norm(x, groups, gamma, beta, eps).
#[pyfunction]
fn group_norm(
    py: Python<'_>,
    x: Operand,
    groups: usize,
    gamma: Option<Operand>,
    beta: Option<Operand>,
    eps: f64,
) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || engine::group_norm(&x.0, groups, optional(&gamma), optional(&beta), eps))
}

/// rms_norm(x, axes, gamma, eps): over so many of the last axes, without subtracting the mean.
#[pyfunction]
fn rms_norm(py: Python<'_>, x: Operand, axes: usize, gamma: Option<Operand>, eps: f64) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || engine::rms_norm(&x.0, axes, optional(&gamma), eps))
}

/// prelu(x, slope): x above 0, slope·x below.
#[pyfunction]
fn prelu(py: Python<'_>, x: Operand, slope: Operand) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || engine::prelu(&x.0, &slope.0))
}

/// maxout(x, pool, axis): the largest of each `pool` neighbours along an axis.
#[pyfunction]
fn maxout(py: Python<'_>, x: Operand, pool: usize, axis: isize) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || engine::maxout(&x.0, pool, axis))
}
