//! Functions that move numbers: other shapes, parts, repetitions, indices.

use kudari::DType;
use kudari::array::Slice;
use kudari::functions::{self as engine, Padding};
use numpy::PyUntypedArray;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::{add, run};
use crate::operand::{Operand, array_of};
use crate::variable::Variable;

/// Adds this file's functions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add!(module: reshape permute broadcast_to sum_to slice to_dtype concatenate stack flip roll repeat tile tril triu diagonal gather
        scatter_add choose pad embedding add_rows)
}

/// Where views are made nothing is computed, so nobody else need run meanwhile.
const VIEW: usize = 0;

/// reshape(x, sizes): one size may be −1.
#[pyfunction]
fn reshape(py: Python<'_>, x: Operand, sizes: Vec<isize>) -> PyResult<Py<Variable>> {
    run(py, VIEW, || x.0.reshape(&sizes))
}

/// permute(x, order): the axes in another order.
#[pyfunction]
fn permute(py: Python<'_>, x: Operand, order: Vec<isize>) -> PyResult<Py<Variable>> {
    run(py, VIEW, || x.0.permute(&order))
}

/// broadcast_to(x, shape): repeated along new axes and those of size 1.
#[pyfunction]
fn broadcast_to(py: Python<'_>, x: Operand, shape: Vec<usize>) -> PyResult<Py<Variable>> {
    run(py, VIEW, || x.0.broadcast_to(&shape))
}

/// sum_to(x, shape): sums over what broadcasting to x's shape would repeat.
#[pyfunction]
fn sum_to(py: Python<'_>, x: Operand, shape: Vec<usize>) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || x.0.sum_to(&shape))
}

/// slice(x, slices): a part of each axis as (from, to or None, step above 0).
#[pyfunction]
fn slice(py: Python<'_>, x: Operand, slices: Vec<(isize, Option<isize>, usize)>) -> PyResult<Py<Variable>> {
    let slices: Vec<Slice> = slices.into_iter().map(|(from, to, step)| Slice::new(from, to, step)).collect();
    run(py, VIEW, || x.0.slice(&slices))
}

/// to_dtype(x, name): as "float16", "float32" or "float64".
#[pyfunction]
fn to_dtype(py: Python<'_>, x: Operand, name: &str) -> PyResult<Py<Variable>> {
    let dtype = match name {
        "float16" => DType::F16,
        "float32" => DType::F32,
        "float64" => DType::F64,
        _ => {
            let what = format!("conversion to {name}\n  expected: float16, float32 or float64");
            return Err(PyValueError::new_err(what));
        }
    };
    run(py, x.0.len(), || x.0.to_dtype(dtype))
}

fn references(operands: &[Operand]) -> Vec<&kudari::Variable> {
    operands.iter().map(|operand| &operand.0).collect()
}

/// concatenate(xs, axis): one after the other along an axis.
#[pyfunction]
fn concatenate(py: Python<'_>, xs: Vec<Operand>, axis: isize) -> PyResult<Py<Variable>> {
    let numbers = xs.iter().map(|x| x.0.len()).sum();
    run(py, numbers, || engine::concatenate(&references(&xs), axis))
}

/// stack(xs, axis): one after the other along a new axis.
#[pyfunction]
fn stack(py: Python<'_>, xs: Vec<Operand>, axis: isize) -> PyResult<Py<Variable>> {
    let numbers = xs.iter().map(|x| x.0.len()).sum();
    run(py, numbers, || engine::stack(&references(&xs), axis))
}

/// flip(x, axes): backward along these axes.
#[pyfunction]
fn flip(py: Python<'_>, x: Operand, axes: Vec<isize>) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || x.0.flip(&axes))
}

/// roll(x, shifts, axes): moved along axes; what leaves at one end comes in at the other.
#[pyfunction]
fn roll(py: Python<'_>, x: Operand, shifts: Vec<isize>, axes: Vec<isize>) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || x.0.roll(&shifts, &axes))
}

/// repeat(x, count, axis): every number so many times.
#[pyfunction]
fn repeat(py: Python<'_>, x: Operand, count: usize, axis: isize) -> PyResult<Py<Variable>> {
    run(py, x.0.len().saturating_mul(count), || x.0.repeat(count, axis))
}

/// tile(x, counts): the whole so many times along each axis.
#[pyfunction]
fn tile(py: Python<'_>, x: Operand, counts: Vec<usize>) -> PyResult<Py<Variable>> {
    run(py, usize::MAX, || x.0.tile(&counts))
}

/// tril(x, offset): zero above a diagonal of the last two axes.
#[pyfunction]
fn tril(py: Python<'_>, x: Operand, offset: isize) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || x.0.tril(offset))
}

/// triu(x, offset): zero below a diagonal of the last two axes.
#[pyfunction]
fn triu(py: Python<'_>, x: Operand, offset: isize) -> PyResult<Py<Variable>> {
    run(py, x.0.len(), || x.0.triu(offset))
}

/// diagonal(x, offset, axis1, axis2).
#[pyfunction]
fn diagonal(py: Python<'_>, x: Operand, offset: isize, axis1: isize, axis2: isize) -> PyResult<Py<Variable>> {
    run(py, VIEW, || x.0.diagonal(offset, axis1, axis2))
}

/// gather(x, indices, axis): the numbers at indices along an axis.
#[pyfunction]
fn gather(py: Python<'_>, x: Operand, indices: &Bound<'_, PyUntypedArray>, axis: isize) -> PyResult<Py<Variable>> {
    let indices = array_of(indices)?;
    run(py, indices.len(), || x.0.gather(&indices, axis))
}

/// scatter_add(x, indices, axis, shape): zeros of this shape, to which the numbers are added at indices along an axis.
#[pyfunction]
fn scatter_add(
    py: Python<'_>,
    x: Operand,
    indices: &Bound<'_, PyUntypedArray>,
    axis: isize,
    shape: Vec<usize>,
) -> PyResult<Py<Variable>> {
    let indices = array_of(indices)?;
    run(py, indices.len(), || x.0.scatter_add(&indices, axis, &shape))
}

/// choose(condition, yes, no): from one or the other, number by number.
#[pyfunction]
fn choose(py: Python<'_>, condition: &Bound<'_, PyUntypedArray>, yes: Operand, no: Operand) -> PyResult<Py<Variable>> {
    let condition = array_of(condition)?;
    run(py, condition.len(), || engine::choose(&condition, &yes.0, &no.0))
}

/// pad(x, widths, mode, value): more numbers before and behind along each axis; "constant" with a value, "reflect" or "edge".
#[pyfunction]
fn pad(py: Python<'_>, x: Operand, widths: Vec<[usize; 2]>, mode: &str, value: f64) -> PyResult<Py<Variable>> {
    let padding = match mode {
        "constant" => Padding::Constant(value),
        "reflect" => Padding::Reflect,
        "edge" => Padding::Edge,
        _ => {
            let what = format!("pad with mode {mode:?}\n  expected: 'constant', 'reflect' or 'edge'");
            return Err(PyValueError::new_err(what));
        }
    };
    run(py, usize::MAX, || x.0.pad(&widths, padding))
}

/// embedding(table, indices): rows of a table.
#[pyfunction]
fn embedding(py: Python<'_>, table: Operand, indices: &Bound<'_, PyUntypedArray>) -> PyResult<Py<Variable>> {
    let indices = array_of(indices)?;
    run(py, usize::MAX, || engine::embedding(&table.0, &indices))
}

/// add_rows(g, indices, rows): a table of so many rows of zeros, to which g's rows are added.
#[pyfunction]
fn add_rows(py: Python<'_>, g: Operand, indices: &Bound<'_, PyUntypedArray>, rows: usize) -> PyResult<Py<Variable>> {
    let indices = array_of(indices)?;
    run(py, usize::MAX, || engine::add_rows(&g.0, &indices, rows))
}
