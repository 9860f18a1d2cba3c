//! The gradients and names that users see at variables: kept with the place in the graph, so that all variables of one place share them.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use kudari::autograd::Attached;
use pyo3::prelude::*;

use crate::variable::Variable;

/// What is kept of one place: for each output of its function a gradient and a name, and the function if it is written in Python.
#[derive(Default)]
pub struct Place {
    outputs: Mutex<Vec<Seen>>,
    function: OnceLock<Py<PyAny>>,
}

#[derive(Default)]
struct Seen {
    gradient: Option<Py<Variable>>,
    name: Option<Py<PyAny>>,
}

impl Place {
    /// The place of a variable of the engine, made if it has none yet; `own` becomes it. `None` for a constant.
    pub fn of(variable: &kudari::Variable, own: Option<&Arc<Place>>) -> Option<Arc<Place>> {
        let first = || -> Attached { own.cloned().unwrap_or_default() };
        variable.attached(first).and_then(Place::from_attached)
    }

    /// What was attached, if it is a place.
    pub fn from_attached(attached: &Attached) -> Option<Arc<Place>> {
        let attached: Arc<dyn Any + Send + Sync> = attached.clone();
        attached.downcast().ok()
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.outputs.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The gradient by output `output`.
    pub fn gradient(&self, py: Python<'_>, output: usize) -> Option<Py<Variable>> {
        self.seen().get(output)?.gradient.as_ref().map(|gradient| gradient.clone_ref(py))
    }

    /// Sets the gradient by output `output`. What was there is dropped after the lock, since that may run Python code.
    pub fn set_gradient(&self, output: usize, gradient: Option<Py<Variable>>) {
        let old = std::mem::replace(&mut entry(&mut self.seen(), output).gradient, gradient);
        drop(old);
    }

    /// Keeps the function, written in Python, whose outputs are here.
    pub fn set_function(&self, function: Py<PyAny>) {
        // The first one stays: a place has one function.
        let _ = self.function.set(function);
    }

    /// The function, if it is written in Python.
    pub fn function(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.function.get().map(|function| function.clone_ref(py))
    }

    /// The name of output `output`.
    pub fn name(&self, py: Python<'_>, output: usize) -> Option<Py<PyAny>> {
        self.seen().get(output)?.name.as_ref().map(|name| name.clone_ref(py))
    }

    /// Sets the name of output `output`.
    pub fn set_name(&self, output: usize, name: Option<Py<PyAny>>) {
        let old = std::mem::replace(&mut entry(&mut self.seen(), output).name, name);
        drop(old);
    }
}

fn entry(seen: &mut Vec<Seen>, output: usize) -> &mut Seen {
    if seen.len() <= output {
        seen.resize_with(output + 1, Seen::default);
    }
    &mut seen[output]
}
