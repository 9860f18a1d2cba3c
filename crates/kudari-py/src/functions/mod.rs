//! The engine's functions for Python. Names and arguments are the engine's; Chainer's are given by `kudari/functions` in Python.

mod elementwise;
mod images;
mod items;
mod losses;
mod normalization;
mod reductions;
mod shapes;

use std::cell::Cell;

use kudari::functions::Reduction;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::errors::{OrRaise, guarded, invalid_type};
use crate::operand::Operand;
use crate::variable::Variable;

/// Adds all functions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(check_results, module)?)?;
    elementwise::register(module)?;
    images::register(module)?;
    items::register(module)?;
    losses::register(module)?;
    normalization::register(module)?;
    reductions::register(module)?;
    shapes::register(module)
}

/// Numbers from which on other Python threads may run meanwhile: for fewer, letting them costs more than the calculation.
const MANY: usize = 4096;

/// Runs the engine on variables and gives its result to Python.
fn run(
    py: Python<'_>,
    numbers: usize,
    compute: impl FnOnce() -> kudari::Result<kudari::Variable> + Send,
) -> PyResult<Py<Variable>> {
    let result = if numbers < MANY { compute() } else { guarded(|| py.detach(compute))? };
    let result = result.or_raise()?;
    if CHECKS.get() {
        check_numbers(&result)?;
    }
    Variable::of(py, result)
}

/// Raises InvalidType where there are other numbers than floating-point ones: the engine would convert them silently.
fn only_floats(name: &str, x: &Operand) -> PyResult<()> {
    if x.0.dtype().is_float() {
        return Ok(());
    }
    let what = format!("{name}: an array of type {}", x.0.dtype().name());
    Err(invalid_type(format!("{what}\n  expected: float16, float32 or float64; convert it with astype")))
}

thread_local! {
    /// Whether results are searched for NaN: the debug mode of this thread.
    static CHECKS: Cell<bool> = const { Cell::new(false) };
}

/// Switches the search for NaN in results on this thread on or off.
#[pyfunction]
fn check_results(on: bool) {
    CHECKS.set(on);
}

#[cold]
fn check_numbers(result: &kudari::Variable) -> PyResult<()> {
    if result.dtype().is_float() && result.array().to_f64_vec().iter().any(|x| x.is_nan()) {
        let name = result.creator().unwrap_or("a function");
        return Err(PyRuntimeError::new_err(format!("NaN is detected on forward computation of {name}")));
    }
    Ok(())
}

/// The engine's variable of an operand that may be left out.
fn optional(operand: &Option<Operand>) -> Option<&kudari::Variable> {
    operand.as_ref().map(|operand| &operand.0)
}

/// What a loss makes of its terms: "mean", "sum" or "no".
fn reduction(word: &str) -> PyResult<Reduction> {
    match word {
        "mean" => Ok(Reduction::Mean),
        "sum" => Ok(Reduction::Sum),
        "no" | "none" => Ok(Reduction::None),
        _ => Err(PyValueError::new_err(format!("reduce = {word:?}\n  expected: 'mean', 'sum' or 'no'"))),
    }
}

/// Adds functions to a module.
macro_rules! add {
    ($module:ident: $($name:ident)*) => {{
        $($module.add_function(pyo3::wrap_pyfunction!($name, $module)?)?;)*
        Ok(())
    }};
}
use add;
