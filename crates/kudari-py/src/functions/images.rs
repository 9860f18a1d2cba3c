//! Convolutions and poolings of pictures of shape (samples, channels, height, width).

use kudari::functions::{self as engine, Conv1dOptions, Conv2dOptions};
use pyo3::prelude::*;

use super::{add, optional, run};
use crate::operand::Operand;
use crate::variable::Variable;

/// Adds this file's functions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add!(module: conv1d conv2d conv_transpose2d max_pool2d average_pool2d adaptive_average_pool2d adaptive_max_pool2d
        global_average_pool2d global_max_pool2d)
}

/// conv1d(x, w, b, stride, padding, dilation, groups).
#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn conv1d(
    py: Python<'_>,
    x: Operand,
    w: Operand,
    b: Option<Operand>,
    stride: usize,
    padding: usize,
    dilation: usize,
    groups: usize,
) -> PyResult<Py<Variable>> {
    let options = Conv1dOptions { stride, padding, dilation, groups };
    run(py, usize::MAX, || engine::conv1d(&x.0, &w.0, optional(&b), &options))
}

/// conv2d(x, w, b, stride, padding, dilation, groups): the last four but one as (rows, columns).
#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn conv2d(
    py: Python<'_>,
    x: Operand,
    w: Operand,
    b: Option<Operand>,
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    groups: usize,
) -> PyResult<Py<Variable>> {
    let options = Conv2dOptions { stride, padding, dilation, groups };
    run(py, usize::MAX, || engine::conv2d(&x.0, &w.0, optional(&b), &options))
}

/// conv_transpose2d(x, w, b, stride, padding, dilation, groups, output_padding): the gradient of conv2d by its input as a function.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn conv_transpose2d(
    py: Python<'_>,
    x: Operand,
    w: Operand,
    b: Option<Operand>,
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    groups: usize,
    output_padding: [usize; 2],
) -> PyResult<Py<Variable>> {
    let options = Conv2dOptions { stride, padding, dilation, groups };
    run(py, usize::MAX, || engine::conv_transpose2d(&x.0, &w.0, optional(&b), &options, output_padding))
}

/// max_pool2d(x, size, stride, padding): the largest number of each window.
#[pyfunction]
fn max_pool2d(py: Python<'_>, x: Operand, size: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> PyResult<Py<Variable>> {
    run(py, usize::MAX, || engine::max_pool2d(&x.0, size, stride, padding))
}

/// average_pool2d(x, size, stride, padding): the mean of each window.
#[pyfunction]
fn average_pool2d(
    py: Python<'_>,
    x: Operand,
    size: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> PyResult<Py<Variable>> {
    run(py, usize::MAX, || engine::average_pool2d(&x.0, size, stride, padding))
}

/// adaptive_average_pool2d(x, size): means of so many parts.
#[pyfunction]
fn adaptive_average_pool2d(py: Python<'_>, x: Operand, size: [usize; 2]) -> PyResult<Py<Variable>> {
    run(py, usize::MAX, || engine::adaptive_average_pool2d(&x.0, size))
}

/// adaptive_max_pool2d(x, size): the largest numbers of so many parts.
#[pyfunction]
fn adaptive_max_pool2d(py: Python<'_>, x: Operand, size: [usize; 2]) -> PyResult<Py<Variable>> {
    run(py, usize::MAX, || engine::adaptive_max_pool2d(&x.0, size))
}

/// global_average_pool2d(x): the mean of every channel.
#[pyfunction]
fn global_average_pool2d(py: Python<'_>, x: Operand) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || engine::global_average_pool2d(&x.0))
}

/// global_max_pool2d(x): the largest number of every channel.
#[pyfunction]
fn global_max_pool2d(py: Python<'_>, x: Operand) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || engine::global_max_pool2d(&x.0))
}
