//! Parts of arrays as Python writes them: `x[1, ::-1, None, ...]`.

use kudari::array::Slice;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PySlice, PyTuple};

use super::add;
use crate::errors::OrRaise;
use crate::operand::Operand;
use crate::variable::Variable;

/// Adds this file's function to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add!(module: item)
}

/// item(x, slices): x[slices] for a tuple of numbers, slices, None and one Ellipsis, as a view.
///
/// None where there is anything else in the tuple, or where x holds no floating-point numbers.
#[pyfunction]
fn item(py: Python<'_>, x: Operand, slices: &Bound<'_, PyTuple>) -> PyResult<Option<Py<Variable>>> {
    let shape = x.0.shape();
    let is_rest = |s: &Bound<'_, PyAny>| s.is(py.Ellipsis());
    let is_index = |s: &Bound<'_, PyAny>| s.is_instance_of::<PyInt>() && !s.is_instance_of::<PyBool>();
    let is_known = |s: &Bound<'_, PyAny>| s.is_none() || is_rest(s) || s.is_instance_of::<PySlice>() || is_index(s);
    let rests = slices.iter().filter(is_rest).count();
    if !x.0.dtype().is_float() || rests > 1 || !slices.iter().all(|s| is_known(&s)) {
        return Ok(None);
    }
    let given = slices.iter().filter(|s| !s.is_none() && !is_rest(s)).count();
    if given > shape.len() {
        return Err(PyIndexError::new_err(format!(
            "{given} indices for an array of shape {shape:?}\n  expected: at most one for each axis"
        )));
    }
    let (mut parts, mut turned, mut result) = (Vec::new(), Vec::new(), Vec::new());
    let rest = |parts: &mut Vec<Slice>, result: &mut Vec<isize>| {
        for &size in &shape[parts.len()..parts.len() + shape.len() - given] {
            parts.push(Slice::new(0, None, 1));
            result.push(size as isize);
        }
    };
    for s in slices {
        if s.is_none() {
            result.push(1);
        } else if is_rest(&s) {
            rest(&mut parts, &mut result);
        } else if let Ok(slice) = s.cast::<PySlice>() {
            let i = slice.indices(shape[parts.len()] as isize)?;
            let count = i.slicelength as isize;
            // The engine steps forward alone: what goes backward is turned around afterwards.
            let start = if i.step < 0 { i.start + (count - 1) * i.step } else { i.start };
            if i.step < 0 {
                turned.push(parts.len() as isize);
            }
            let step = i.step.unsigned_abs();
            let end = start + (count - 1) * step as isize + 1;
            parts.push(if count == 0 { Slice::new(0, Some(0), 1) } else { Slice::new(start, Some(end), step) });
            result.push(count);
        } else {
            let (index, size) = (s.extract::<isize>()?, shape[parts.len()] as isize);
            if !(-size..size).contains(&index) {
                let what = format!("index {index} for axis {} of shape {shape:?}", parts.len());
                return Err(PyIndexError::new_err(format!("{what}\n  expected: from {} to {}", -size, size - 1)));
            }
            let index = if index < 0 { index + size } else { index };
            parts.push(Slice::new(index, Some(index + 1), 1));
        }
    }
    if rests == 0 {
        rest(&mut parts, &mut result);
    }
    let mut y = x.0.slice(&parts).or_raise()?;
    if !turned.is_empty() {
        y = y.flip(&turned).or_raise()?;
    }
    if !y.shape().iter().map(|&size| size as isize).eq(result.iter().copied()) {
        y = y.reshape(&result).or_raise()?;
    }
    Variable::of(py, y).map(Some)
}
