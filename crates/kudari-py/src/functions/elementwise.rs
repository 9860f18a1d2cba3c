//! Functions of every number by itself, and arithmetic.

use kudari::DType;
use pyo3::prelude::*;
use pyo3::types::PyNotImplemented;

use super::{add, only_floats, run};
use crate::operand::{Operand, Side};
use crate::variable::Variable;

/// Functions of one variable, with parameters.
macro_rules! unary {
    ($($name:ident($($parameter:ident),*))*) => {
        $(
            #[doc = concat!(stringify!($name), "(x", $(", ", stringify!($parameter),)* "): the engine's function of that name, number by number.")]
            #[pyfunction]
            fn $name(py: Python<'_>, x: Operand $(, $parameter: f64)*) -> PyResult<Py<Variable>> {
                only_floats(stringify!($name), &x)?;
                run(py, x.0.len(), || Ok(x.0.$name($($parameter),*)))
            }
        )*

        /// Adds this file's functions to the module.
        pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
            arithmetic(module)?;
            add!(module: identity neg $($name)*)
        }
    };
}

unary! {
    step() sigmoid() tanh() relu() leaky_relu(slope) clipped_relu(ceiling) elu(alpha) selu() celu(alpha) softplus() log_sigmoid()
    hard_sigmoid() hard_swish() gelu() gelu_tanh() silu() mish() exp() log() sqrt() rsqrt() square() abs() sign() sin() cos() erf()
    normal_cdf() clip(low, high) tan() asin() acos() atan() sinh() cosh() asinh() acosh() atanh()
}

/// identity(x): x itself as a result.
#[pyfunction]
fn identity(py: Python<'_>, x: Operand) -> PyResult<Py<Variable>> {
    run(py, 0, || Ok(x.0.identity()))
}

/// neg(x): −x, of whole numbers as well.
#[pyfunction]
fn neg(py: Python<'_>, x: Operand) -> PyResult<Py<Variable>> {
    if x.0.dtype() == DType::I64 {
        return run(py, x.0.len(), || kudari::Variable::constant(kudari::Array::from(0i64)).sub(&x.0));
    }
    run(py, x.0.len(), || Ok(x.0.neg()))
}

/// Arithmetic of two variables, arrays or numbers; `NotImplemented` where one side is none of these, so that its own class may know better.
macro_rules! binary {
    ($($name:ident)*) => {
        $(
            #[doc = concat!(stringify!($name), "(x, y): number by number, with broadcasting.")]
            #[pyfunction]
            fn $name<'py>(x: &Bound<'py, PyAny>, y: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
                let py = x.py();
                let Some((x, y)) = sides(x, y)? else { return Ok(PyNotImplemented::get(py).to_owned().into_any()) };
                Ok(run(py, x.len().max(y.len()), || x.$name(&y))?.into_bound(py).into_any())
            }
        )*

        fn arithmetic(module: &Bound<'_, PyModule>) -> PyResult<()> {
            add!(module: $($name)*)
        }
    };
}

binary! { add sub mul div pow maximum minimum }

/// Both sides as variables of one type where that needs no guess: a number takes the type of the other side, an array that of a variable.
fn sides(x: &Bound<'_, PyAny>, y: &Bound<'_, PyAny>) -> PyResult<Option<(kudari::Variable, kudari::Variable)>> {
    let (Some(left), Some(right)) = (Side::of(x)?, Side::of(y)?) else { return Ok(None) };
    let both = match (left, right) {
        (Side::Operand(x), Side::Operand(y)) => (x, y),
        (Side::Operand(x), y) => (x.clone(), y.variable(&x)),
        (x, Side::Operand(y)) => (x.variable(&y), y),
        (x, y) => (x.variable(&number(0.0)), y.variable(&number(0.0))),
    };
    if both.0.dtype() == both.1.dtype() {
        return Ok(Some(both));
    }
    let converted =
        |array: &kudari::Variable, like: &kudari::Variable| kudari::Variable::constant(array.array().to_dtype(like.dtype()));
    Ok(Some(match (x.is_instance_of::<Variable>(), y.is_instance_of::<Variable>()) {
        (true, false) => (both.0.clone(), converted(&both.1, &both.0)),
        (false, true) => (converted(&both.0, &both.1), both.1),
        _ => both,
    }))
}

fn number(x: f64) -> kudari::Variable {
    kudari::Variable::constant(kudari::Array::from(x))
}
