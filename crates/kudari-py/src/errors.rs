//! Errors of the engine as exceptions.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use kudari::{Error, ErrorKind, OutOfMemory};
use pyo3::exceptions::{PyFloatingPointError, PyMemoryError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// The class of `kudari.utils.type_check.InvalidType`.
pub fn invalid_type_class(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = || py.import("kudari._invalid_type")?.getattr("InvalidType").map(Bound::unbind);
    CLASS.get_or_try_init(py, class).map(|class| class.bind(py))
}

/// An exception for shapes or types that a function is not defined for.
pub fn invalid_type(text: String) -> PyErr {
    Python::attach(|py| match invalid_type_class(py).and_then(|class| class.call1((text,))) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    })
}

thread_local! {
    /// The exception that a function written in Python raised while the engine called it: the engine knows its text alone.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// The engine's error for an exception, which [`exception`] turns back into that very exception.
pub fn error_of(exception: PyErr) -> Error {
    let error = Error::new(ErrorKind::Value, exception.to_string());
    RAISED.set(Some(exception));
    error
}

/// The exception for an error of the engine.
pub fn exception(error: Error) -> PyErr {
    if let Some(raised) = RAISED.take() {
        return raised;
    }
    let text = match error.what_to_do() {
        "" => error.what().to_string(),
        help => format!("{}\n  {help}", error.what()),
    };
    match error.kind() {
        ErrorKind::Shape | ErrorKind::DType => invalid_type(text),
        ErrorKind::Io => PyOSError::new_err(text),
        ErrorKind::NonFinite => PyFloatingPointError::new_err(text),
        ErrorKind::Gradient => PyRuntimeError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// Runs the engine; memory that cannot be had is an exception like every other.
pub fn guarded<R>(compute: impl FnOnce() -> R) -> PyResult<R> {
    match catch_unwind(AssertUnwindSafe(compute)) {
        Ok(result) => Ok(result),
        Err(panic) => match panic.downcast::<OutOfMemory>() {
            Ok(missing) => Err(PyMemoryError::new_err(missing.to_string())),
            Err(other) => resume_unwind(other),
        },
    }
}

/// What the engine returns, for Python.
pub trait OrRaise<T> {
    /// The value, or the exception for the error.
    fn or_raise(self) -> PyResult<T>;
}

impl<T> OrRaise<T> for kudari::Result<T> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(exception)
    }
}
