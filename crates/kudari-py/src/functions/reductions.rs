//! Sums, means, products of matrices, softmax.

use kudari::functions as engine;
use pyo3::prelude::*;

use super::{add, only_floats, optional, run};
use crate::errors::OrRaise;
use crate::memory;
use crate::operand::Operand;
use crate::variable::Variable;

/// Adds this file's functions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    reductions(module)?;
    add!(module: softmax softmin log_softmax cumsum sort top_k matmul linear einsum)
}

/// Reductions along axes; no axes are all of them.
macro_rules! reduction {
    ($($name:ident = $method:ident;)*) => {
        $(
            #[doc = concat!(stringify!($name), "(x, axes, keepdims): along these axes, or all where there are none.")]
            #[pyfunction]
            fn $name(py: Python<'_>, x: Operand, axes: Option<Vec<isize>>, keepdims: bool) -> PyResult<Py<Variable>> {
                let axes = axes.unwrap_or_else(|| (0..x.0.rank() as isize).collect());
                run(py, x.0.len(), || x.0.$method(&axes, keepdims))
            }
        )*

        fn reductions(module: &Bound<'_, PyModule>) -> PyResult<()> {
            add!(module: $($name)*)
        }
    };
}

reduction! {
    sum = sum_axes;
    mean = mean_axes;
    variance = variance_axes;
    max = max_axes;
    min = min_axes;
    logsumexp = logsumexp_axes;
}

/// softmax(x, axis): exp(x) over the sum of it along the axis.
#[pyfunction]
fn softmax(py: Python<'_>, x: Operand, axis: isize) -> PyResult<Py<Variable>> {
    only_floats("softmax", &x)?;
    run(py, x.0.len(), || x.0.softmax(axis))
}

/// softmin(x, axis): softmax(−x, axis).
#[pyfunction]
fn softmin(py: Python<'_>, x: Operand, axis: isize) -> PyResult<Py<Variable>> {
    only_floats("softmin", &x)?;
    run(py, x.0.len(), || x.0.softmin(axis))
}

/// log_softmax(x, axis): the logarithm of the softmax, without losing its digits.
#[pyfunction]
fn log_softmax(py: Python<'_>, x: Operand, axis: isize) -> PyResult<Py<Variable>> {
    only_floats("log_softmax", &x)?;
    run(py, x.0.len(), || x.0.log_softmax(axis))
}

/// cumsum(x, axis): sums of all numbers up to each.
#[pyfunction]
fn cumsum(py: Python<'_>, x: Operand, axis: isize) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || x.0.cumsum(axis))
}

/// sort(x, axis, descending): the sorted numbers and where they were.
#[pyfunction]
fn sort<'py>(py: Python<'py>, x: Operand, axis: isize, descending: bool) -> PyResult<(Py<Variable>, Bound<'py, PyAny>)> {
    let (sorted, places) = py.detach(|| x.0.sort(axis, descending)).or_raise()?;
    Ok((Variable::of(py, sorted)?, memory::to_numpy(py, &places)?))
}

/// top_k(x, count, axis, largest): the largest or smallest numbers and where they were.
#[pyfunction]
fn top_k<'py>(
    py: Python<'py>,
    x: Operand,
    count: usize,
    axis: isize,
    largest: bool,
) -> PyResult<(Py<Variable>, Bound<'py, PyAny>)> {
    let (found, places) = py.detach(|| x.0.top_k(count, axis, largest)).or_raise()?;
    Ok((Variable::of(py, found)?, memory::to_numpy(py, &places)?))
}

/// matmul(a, b): the product of matrices, or of stacks of them.
#[pyfunction]
fn matmul(py: Python<'_>, a: Operand, b: Operand) -> PyResult<Py<Variable>> {
    only_floats("matmul", &a)?;
    only_floats("matmul", &b)?;
    run(py, usize::MAX, || a.0.matmul(&b.0))
}

/// linear(x, w, b): x·wᵀ + b for x of shape (samples, inputs) and w of shape (outputs, inputs).
#[pyfunction]
#[pyo3(signature = (x, w, b=None))]
fn linear(py: Python<'_>, x: Operand, w: Operand, b: Option<Operand>) -> PyResult<Py<Variable>> {
    only_floats("linear", &x)?;
    let work = x.0.len().saturating_mul(w.0.shape().first().copied().unwrap_or(1));
    run(py, work, || engine::linear(&x.0, &w.0, optional(&b)))
}

/// einsum(subscripts, operands): Einstein's summation.
#[pyfunction]
fn einsum(py: Python<'_>, subscripts: &str, operands: Vec<Operand>) -> PyResult<Py<Variable>> {
    let operands: Vec<&kudari::Variable> = operands.iter().map(|operand| &operand.0).collect();
    run(py, usize::MAX, || engine::einsum(subscripts, &operands))
}
