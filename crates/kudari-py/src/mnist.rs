//! The digits that come with kudari.

use numpy::ToPyArray;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// Adds this file's function to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(mnist, module)?)
}

/// mnist(): the 70,000 digits as (train_images, train_labels, test_images, test_labels), of shapes (60000, 28, 28), (60000,), (10000, 28, 28) and
/// (10000,), all of uint8. They come with the package.
#[pyfunction]
fn mnist(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyAny>>> {
    let parts = py.detach(|| {
        Ok([
            kudari_mnist::train_images()?,
            kudari_mnist::train_labels()?,
            kudari_mnist::test_images()?,
            kudari_mnist::test_labels()?,
        ])
    });
    let parts = parts.map_err(|e: kudari_mnist::DecodeError| PyRuntimeError::new_err(e.to_string()))?;
    parts
        .into_iter()
        .map(|bytes| {
            let array = bytes.to_pyarray(py);
            let pictures = kudari_mnist::PIXELS;
            if bytes.len() % pictures == 0 && bytes.len() > kudari_mnist::TRAIN {
                return array.call_method1("reshape", (bytes.len() / pictures, 28, 28));
            }
            Ok(array.into_any())
        })
        .collect()
}
