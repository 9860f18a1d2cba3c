//! Steps of optimizers on NumPy arrays, in place and in one pass.

use kudari::optimizers::InPlaceStep;
use numpy::{PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyReadwriteArrayDyn};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::errors::OrRaise;

/// Adds this file's functions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(sgd, module)?)?;
    module.add_function(wrap_pyfunction!(momentum_sgd, module)?)?;
    module.add_function(wrap_pyfunction!(adam, module)?)
}

/// sgd(param, grad, lr): param −= lr·grad.
#[pyfunction]
fn sgd(param: &Bound<'_, PyAny>, grad: &Bound<'_, PyAny>, lr: f64) -> PyResult<()> {
    step(InPlaceStep::Sgd { rate: lr }, param, grad, &[])
}

/// momentum_sgd(param, grad, v, lr, momentum): v = momentum·v − lr·grad, param += v.
#[pyfunction]
fn momentum_sgd(param: &Bound<'_, PyAny>, grad: &Bound<'_, PyAny>, v: &Bound<'_, PyAny>, lr: f64, momentum: f64) -> PyResult<()> {
    step(InPlaceStep::Momentum { rate: lr, momentum }, param, grad, &[v])
}

/// adam(param, grad, m, v, lr, beta1, beta2, eps, eta, weight_decay_rate): m += (1 − β₁)(grad − m), v += (1 − β₂)(grad² − v),
/// param −= eta·(lr·m / (√v + eps) + weight_decay_rate·param).
#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn adam(
    param: &Bound<'_, PyAny>,
    grad: &Bound<'_, PyAny>,
    m: &Bound<'_, PyAny>,
    v: &Bound<'_, PyAny>,
    lr: f64,
    beta1: f64,
    beta2: f64,
    eps: f64,
    eta: f64,
    weight_decay_rate: f64,
) -> PyResult<()> {
    let shrink = 1.0 - eta * weight_decay_rate;
    step(InPlaceStep::Adam { rate: eta * lr, betas: (beta1, beta2), epsilon: eps, shrink }, param, grad, &[m, v])
}

/// Takes a step on contiguous arrays of float32 or float64.
fn step(step: InPlaceStep, param: &Bound<'_, PyAny>, grad: &Bound<'_, PyAny>, memory: &[&Bound<'_, PyAny>]) -> PyResult<()> {
    if param.is_instance_of::<PyArrayDyn<f32>>() {
        taken::<f32>(step, param, grad, memory)
    } else if param.is_instance_of::<PyArrayDyn<f64>>() {
        taken::<f64>(step, param, grad, memory)
    } else {
        Err(PyTypeError::new_err("a parameter of float32 or float64 is needed"))
    }
}

/// The array for writing, which nobody else may be writing or reading.
fn writable<'py, T: numpy::Element>(object: &Bound<'py, PyAny>) -> PyResult<PyReadwriteArrayDyn<'py, T>> {
    Ok(object.cast::<PyArrayDyn<T>>()?.try_readwrite()?)
}

fn taken<T: numpy::Element + kudari::optimizers::InPlaceNumber>(
    step: InPlaceStep,
    param: &Bound<'_, PyAny>,
    grad: &Bound<'_, PyAny>,
    memory: &[&Bound<'_, PyAny>],
) -> PyResult<()> {
    let gradient: PyReadonlyArrayDyn<'_, T> = grad.cast::<PyArrayDyn<T>>()?.try_readonly()?;
    let (mut parameter, mut memory) = (writable(param)?, memory.iter().map(|m| writable(m)).collect::<PyResult<Vec<_>>>()?);
    let mut slices = memory.iter_mut().map(|m| m.as_slice_mut()).collect::<Result<Vec<_>, _>>()?;
    let (parameter, gradient) = (parameter.as_slice_mut()?, gradient.as_slice()?);
    param.py().detach(|| step.apply(parameter, gradient, &mut slices)).or_raise()
}
