//! What a function takes: variables, NumPy arrays, and numbers where arithmetic allows them.

use kudari::Array;
use numpy::{PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyFloat, PyInt};

use crate::errors::{OrRaise, invalid_type};
use crate::memory;
use crate::variable::Variable;

/// A variable, or a NumPy array as a constant.
pub struct Operand(pub kudari::Variable);

impl<'py> FromPyObject<'_, 'py> for Operand {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Operand> {
        if let Ok(variable) = object.cast::<Variable>() {
            return variable.get().value(object.py()).map(Operand);
        }
        if let Ok(array) = object.cast::<PyUntypedArray>() {
            return array_of(&array).map(|array| Operand(kudari::Variable::constant(array)));
        }
        if is_numpy_number(&object) {
            let array = numpy_function(object.py(), "asarray")?.call1((object,))?;
            return array_of(array.cast()?).map(|array| Operand(kudari::Variable::constant(array)));
        }
        let what = format!("{} where a variable or a NumPy array is needed", object.get_type().name()?);
        Err(PyTypeError::new_err(format!("{what}\n  make it one with numpy.asarray")))
    }
}

/// The other side of an operator: an operand, or a number of the same type as the first.
pub enum Side {
    /// A variable or an array.
    Operand(kudari::Variable),
    /// A number.
    Number(f64),
}

impl Side {
    /// What stands on the other side; `None` if it is nothing to calculate with.
    pub fn of(object: &Bound<'_, PyAny>) -> PyResult<Option<Side>> {
        if object.is_instance_of::<Variable>() {
            return Ok(Some(Side::Operand(object.extract::<Operand>()?.0)));
        }
        if object.is_instance_of::<PyFloat>() || object.is_instance_of::<PyInt>() {
            return Ok(Some(Side::Number(object.extract()?)));
        }
        if is_numpy_number(object) {
            return Ok(Some(Side::Number(object.call_method0("item")?.extract()?)));
        }
        if let Ok(array) = object.cast::<PyUntypedArray>() {
            return Ok(Some(Side::Operand(kudari::Variable::constant(array_of(array)?))));
        }
        Ok(None)
    }

    /// As a variable of the type of `like`.
    pub fn variable(self, like: &kudari::Variable) -> kudari::Variable {
        match self {
            Side::Operand(variable) => variable,
            Side::Number(number) => kudari::autograd::ToVariable::to_variable(&number, like.dtype()),
        }
    }
}

/// Whether it is one of NumPy's numbers that are no arrays, as `numpy.float32(1)`.
fn is_numpy_number(object: &Bound<'_, PyAny>) -> bool {
    static GENERIC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = object.py();
    let generic = GENERIC.get_or_try_init(py, || py.import("numpy")?.getattr("generic").map(Bound::unbind));
    generic.is_ok_and(|generic| object.is_instance(generic.bind(py)).unwrap_or(false))
}

/// A function of NumPy.
pub fn numpy_function<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("numpy")?.getattr(name)
}

/// Whole numbers of the types that labels usually have, as int64; `None` for others. NumPy's own conversion takes five times as long
/// for a batch of labels.
fn small_integers(array: &Bound<'_, PyUntypedArray>) -> PyResult<Option<Array>> {
    fn converted<T: numpy::Element + Copy + Into<i64>>(array: &Bound<'_, PyUntypedArray>) -> Option<kudari::Result<Array>> {
        let numbers = array.cast::<PyArrayDyn<T>>().ok()?.try_readonly().ok()?;
        let wide: Vec<i64> = numbers.as_slice().ok()?.iter().map(|&number| number.into()).collect();
        Some(Array::from_vec(wide, array.shape()))
    }
    let first = converted::<i32>(array).or_else(|| converted::<u8>(array)).or_else(|| converted::<u32>(array));
    first.transpose().or_raise()
}

/// The engine's array for a NumPy array: over the same memory if the engine knows the type, else converted: whole numbers to int64.
pub fn array_of(array: &Bound<'_, PyUntypedArray>) -> PyResult<Array> {
    if let Some(shared) = memory::shared(array)? {
        return Ok(shared);
    }
    if let Some(labels) = small_integers(array)? {
        return Ok(labels);
    }
    let py = array.py();
    let dtype = array.dtype();
    let kind: String = dtype.getattr("kind")?.extract()?;
    let itemsize: usize = dtype.getattr("itemsize")?.extract()?;
    let name = match (kind.as_str(), itemsize) {
        ("i" | "u", _) => "int64",
        ("f", 2) => "float16",
        ("f", 4) => "float32",
        ("f", 8) => "float64",
        ("b", _) => return memory::truth_values(array),
        _ => {
            let what = format!("an array of type {dtype}\n  expected: float16, float32, float64, an integer type or bool");
            return Err(invalid_type(what));
        }
    };
    let converted = numpy_function(py, "array")?.call1((array, name))?;
    memory::shared(converted.cast()?)?
        .ok_or_else(|| invalid_type(format!("an array of type {dtype} that cannot be converted to {name}")))
}
