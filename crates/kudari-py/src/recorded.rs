//! Functions that are written in Python, as functions of the engine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use kudari::autograd::{Context, Function, InputGradients, Outputs, Saves, apply_many};
use kudari::{Array, Error, ErrorKind, Result};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::errors::{OrRaise, error_of, guarded};
use crate::gradients::Place;
use crate::memory;
use crate::operand::{Operand, array_of};
use crate::variable::Variable;

/// Adds this file's function to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(apply_function, module)?)
}

/// apply_function(function, inputs, outputs, retained_inputs, retained_outputs): variables of arrays that ``function.forward`` computed.
///
/// Going back, the engine calls ``function._back(indexes, inputs, outputs, gradients)`` with variables; it gives one for each of the
/// indexes, or None. The retained masks say which inputs and outputs have their numbers then.
#[pyfunction]
fn apply_function(
    py: Python<'_>,
    function: Py<PyAny>,
    name: &str,
    inputs: Vec<Operand>,
    outputs: Vec<Bound<'_, numpy::PyUntypedArray>>,
    retained: (u8, u8),
) -> PyResult<Vec<Py<Variable>>> {
    let outputs = outputs.iter().map(array_of).collect::<PyResult<Outputs>>()?;
    let saves = Saves { inputs: retained.0, outputs: retained.1 };
    let function = Arc::new(function);
    let object = function.clone();
    let recorded = Recorded { object, name: interned(name), computed: Mutex::new(Some(outputs)), saves };
    let inputs: Vec<kudari::Variable> = inputs.into_iter().map(|input| input.0).collect();
    let results = guarded(|| apply_many(recorded, &inputs.iter().collect::<Vec<_>>()))?.or_raise()?;
    if let Some((place, _)) = results.first().and_then(Place::of) {
        place.set_function(function);
    }
    results.into_iter().map(|result| Variable::of(py, result)).collect()
}

/// The engine keeps names for ever, so each is kept once.
fn interned(name: &str) -> &'static str {
    static NAMES: OnceLock<Mutex<HashMap<String, &'static str>>> = OnceLock::new();
    let mut names = NAMES.get_or_init(Mutex::default).lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    match names.get(name) {
        Some(known) => known,
        None => {
            let kept: &'static str = Box::leak(name.to_string().into_boxed_str());
            names.insert(name.to_string(), kept);
            kept
        }
    }
}

/// A function that is written in Python.
struct Recorded {
    object: Arc<Py<PyAny>>,
    name: &'static str,
    /// The outputs, computed before the engine asks for them.
    computed: Mutex<Option<Outputs>>,
    saves: Saves,
}

impl std::fmt::Debug for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Recorded {
    /// Calls `forward` with NumPy arrays.
    fn compute(&self, inputs: &[&Array]) -> Result<Outputs> {
        Python::attach(|py| {
            let inputs = inputs.iter().map(|array| memory::to_numpy(py, array)).collect::<PyResult<Vec<_>>>()?;
            let outputs = self.object.bind(py).call_method1("forward", (PyTuple::new(py, inputs)?,))?;
            outputs.try_iter()?.map(|output| array_of(output?.cast()?)).collect::<PyResult<Outputs>>()
        })
        .map_err(error_of)
    }

    fn back(&self, context: &Context<'_>, gy: &[kudari::Variable]) -> PyResult<InputGradients> {
        Python::attach(|py| {
            let of = |variables: &mut dyn Iterator<Item = &kudari::Variable>| -> PyResult<Bound<'_, PyTuple>> {
                // What was not retained is not there.
                let there = |v: &kudari::Variable| v.array().has_numbers();
                let of = |v: &kudari::Variable| there(v).then(|| Variable::of(py, v.clone())).transpose();
                let variables = variables.map(of).collect::<PyResult<Vec<_>>>()?;
                PyTuple::new(py, variables)
            };
            let count = context.input_count();
            let needed: Vec<usize> = (0..count).filter(|&i| context.needs(i)).collect();
            let inputs = of(&mut (0..count).map(|i| context.input(i)))?;
            let outputs = of(&mut (0..gy.len()).map(|i| context.output(i)))?;
            let arguments = (PyTuple::new(py, &needed)?, inputs, outputs, of(&mut gy.iter())?);
            let gradients = self.object.bind(py).call_method1("_back", arguments)?;
            let mut results: Vec<Option<kudari::Variable>> = vec![None; count];
            for (place, gradient) in needed.iter().zip(gradients.try_iter()?) {
                let gradient = gradient?;
                results[*place] = if gradient.is_none() { None } else { Some(gradient.extract::<Operand>()?.0) };
            }
            Ok(results.into_iter().collect())
        })
    }
}

impl Function for Recorded {
    fn name(&self) -> &'static str {
        self.name
    }

    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let computed = self.computed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        computed.map_or_else(|| self.compute(inputs), Ok)
    }

    fn backward(&self, context: &Context<'_>, gy: &[kudari::Variable]) -> Result<InputGradients> {
        let gradients = self.back(context, gy).map_err(error_of)?;
        for (i, gradient) in gradients.iter().enumerate() {
            let Some(gradient) = gradient else { continue };
            let (given, needed) = (gradient.dtype(), context.input(i).dtype());
            if given != needed {
                let what = format!("`{}` gives a gradient of type {given} by input {i} of type {needed}", self.name);
                return Err(
                    Error::new(ErrorKind::DType, what).help("a gradient has the type of its input: convert it with astype")
                );
            }
        }
        Ok(gradients)
    }

    fn saves(&self) -> Saves {
        self.saves
    }

    fn keeps_half(&self) -> bool {
        true
    }
}
