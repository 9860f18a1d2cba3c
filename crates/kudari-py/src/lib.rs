//! kudari for Python: the native half of the package `kudari`, imported as `kudari._core`. It parses, calls and converts; the mathematics is
//! the library's.
//!
//! A Python [`variable::Variable`] holds a NumPy array and the engine's variable over the same memory. What else there is of Chainer's
//! names is written in Python on top of it, in `python/kudari`.

mod differentiation;
mod errors;
mod explanation;
mod functions;
mod gradients;
mod graph;
mod memory;
mod mnist;
mod network;
mod operand;
mod optimizers;
mod recorded;
mod variable;

use pyo3::prelude::*;

#[pymodule(gil_used = true)]
mod _core {
    use super::*;

    #[pymodule_export]
    use super::explanation::Worked;
    #[pymodule_export]
    use super::graph::VariableNode;
    #[pymodule_export]
    use super::network::Network;
    #[pymodule_export]
    use super::variable::Variable;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("InvalidType", errors::invalid_type_class(module.py())?)?;
        differentiation::register(module)?;
        explanation::register(module)?;
        functions::register(module)?;
        mnist::register(module)?;
        network::register(module)?;
        optimizers::register(module)?;
        recorded::register(module)?;
        module.add_function(wrap_pyfunction!(set_threads, module)?)?;
        module.add_function(wrap_pyfunction!(threads, module)?)
    }
}

/// The number of threads that the engine computes with.
#[pyfunction]
fn threads() -> usize {
    kudari::threads()
}

/// Sets the number of threads that the engine computes with. The results are the same bits with any number.
#[pyfunction]
fn set_threads(count: usize) -> PyResult<()> {
    if count == 0 {
        return Err(pyo3::exceptions::PyValueError::new_err("0 threads; give at least 1"));
    }
    kudari::set_threads(count);
    Ok(())
}
