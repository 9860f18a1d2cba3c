//! Errors of the engine as exceptions.

use std::cell::RefCell;

use kudari::{Error, ErrorKind};
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyFloatingPointError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

create_exception!(
    kudari.utils.type_check,
    InvalidType,
    PyException,
    "Shapes or types that a function is not defined for: says what was expected and what came."
);

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
        ErrorKind::Shape | ErrorKind::DType => InvalidType::new_err(text),
        ErrorKind::Io => PyOSError::new_err(text),
        ErrorKind::NonFinite => PyFloatingPointError::new_err(text),
        ErrorKind::Gradient => PyRuntimeError::new_err(text),
        _ => PyValueError::new_err(text),
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
