//! Functions of every number by itself, and arithmetic.

use pyo3::prelude::*;
use pyo3::types::PyNotImplemented;

use super::{add, run};
use crate::operand::{Operand, Side};
use crate::variable::Variable;

/// Functions of one variable, with parameters.
macro_rules! unary {
    ($($name:ident($($parameter:ident),*))*) => {
        $(
            #[doc = concat!(stringify!($name), "(x", $(", ", stringify!($parameter),)* "): the engine's function of that name, number by number.")]
            #[pyfunction]
            fn $name(py: Python<'_>, x: Operand $(, $parameter: f64)*) -> PyResult<Py<Variable>> {
                run(py, x.0.len(), || Ok(x.0.$name($($parameter),*)))
            }
        )*

        /// Adds this file's functions to the module.
        pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
            arithmetic(module)?;
            add!(module: $($name)*)
        }
    };
}

unary! {
    identity() step() sigmoid() tanh() relu() leaky_relu(slope) clipped_relu(ceiling) elu(alpha) selu() celu(alpha) softplus() log_sigmoid()
    hard_sigmoid() hard_swish() gelu() gelu_tanh() silu() mish() neg() exp() log() sqrt() rsqrt() square() abs() sign() sin() cos() erf()
    normal_cdf() clip(low, high) tan() asin() acos() atan() sinh() cosh() asinh() acosh() atanh()
}

/// Arithmetic of two variables, arrays or numbers; `NotImplemented` where one side is none of these, so that its own class may know better.
macro_rules! binary {
    ($($name:ident)*) => {
        $(
            #[doc = concat!(stringify!($name), "(x, y): number by number, with broadcasting.")]
            #[pyfunction]
            fn $name<'py>(x: &Bound<'py, PyAny>, y: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
                let py = x.py();
                let (Some(x), Some(y)) = (Side::of(x)?, Side::of(y)?) else {
                    return Ok(PyNotImplemented::get(py).to_owned().into_any());
                };
                let (x, y) = match (x, y) {
                    (Side::Operand(x), y) => (x.clone(), y.variable(&x)),
                    (x, Side::Operand(y)) => (x.variable(&y), y),
                    (x, y) => (x.variable(&number(0.0)), y.variable(&number(0.0))),
                };
                Ok(run(py, x.len().max(y.len()), || x.$name(&y))?.into_bound(py).into_any())
            }
        )*

        fn arithmetic(module: &Bound<'_, PyModule>) -> PyResult<()> {
            add!(module: $($name)*)
        }
    };
}

binary! { add sub mul div pow maximum minimum }

fn number(x: f64) -> kudari::Variable {
    kudari::Variable::constant(kudari::Array::from(x))
}
