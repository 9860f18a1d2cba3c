//! The engine's functions for Python. Names and arguments are the engine's; Chainer's are given by `kudari/functions` in Python.

mod elementwise;
mod images;
mod items;
mod losses;
mod normalization;
mod reductions;
mod shapes;

use kudari::functions::Reduction;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::{OrRaise, invalid_type};
use crate::operand::Operand;
use crate::variable::Variable;

/// Adds all functions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
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
    let result = if numbers < MANY { compute() } else { py.detach(compute) };
    Variable::of(py, result.or_raise()?)
}

/// Raises InvalidType where there are other numbers than floating-point ones: the engine would convert them silently.
fn only_floats(name: &str, x: &Operand) -> PyResult<()> {
    if x.0.dtype().is_float() {
        return Ok(());
    }
    let what = format!("{name}: an array of type {}", x.0.dtype().name());
    Err(invalid_type(format!("{what}\n  expected: float16, float32 or float64; convert it with astype")))
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
