//! The gradients and names that users see at variables. All variables of one place in the graph share them.
//!
//! They belong to the variables in Python alone: the place in the graph refers to them weakly. If the graph owned a gradient that has a
//! graph of its own, the two would keep each other alive, and no garbage collector sees that.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};

use kudari::autograd::Attached;
use pyo3::prelude::*;
use smallvec::SmallVec;

use crate::variable::Variable;

/// Gradient and name of a variable.
#[derive(Default)]
pub struct Seen(Mutex<Content>);

#[derive(Default)]
struct Content {
    gradient: Option<Py<Variable>>,
    name: Option<Py<PyAny>>,
}

impl Seen {
    /// Locked only to look or to store: nothing of Python runs meanwhile.
    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The gradient.
    pub fn gradient(&self, py: Python<'_>) -> Option<Py<Variable>> {
        self.content().gradient.as_ref().map(|gradient| gradient.clone_ref(py))
    }

    /// Sets the gradient. What was there is dropped behind the lock, since that may run Python code.
    pub fn set_gradient(&self, gradient: Option<Py<Variable>>) {
        let old = std::mem::replace(&mut self.content().gradient, gradient);
        drop(old);
    }

    /// The name.
    pub fn name(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.content().name.as_ref().map(|name| name.clone_ref(py))
    }

    /// Sets the name.
    pub fn set_name(&self, name: Option<Py<PyAny>>) {
        let old = std::mem::replace(&mut self.content().name, name);
        drop(old);
    }

    /// Shows the garbage collector what is referred to; nothing if somebody is just changing it.
    pub fn traverse(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        let Ok(content) = self.0.try_lock() else { return Ok(()) };
        visit.call(&content.gradient)?;
        visit.call(&content.name)
    }
}

/// A place in the graph as users see it: for each output of a function what they see of it, and the function if it is written in Python.
#[derive(Default)]
pub struct Place {
    outputs: Mutex<SmallVec<[Weak<Seen>; 1]>>,
    function: OnceLock<Arc<Py<PyAny>>>,
}

impl Place {
    /// The place of a variable of the engine and the number of its output; `None` for a constant.
    pub fn of(variable: &kudari::Variable) -> Option<(Arc<Place>, usize)> {
        let (_, output) = variable.identity_number()?;
        let place = variable.attached(|| Arc::new(Place::default()) as Attached).and_then(Place::from_attached)?;
        Some((place, output))
    }

    /// What was attached, if it is a place.
    pub fn from_attached(attached: &Attached) -> Option<Arc<Place>> {
        let attached: Arc<dyn Any + Send + Sync> = attached.clone();
        attached.downcast().ok()
    }

    /// What is seen of output `output`, as long as a variable of it lives.
    pub fn seen(&self, output: usize) -> Option<Arc<Seen>> {
        self.outputs().get(output)?.upgrade()
    }

    /// The same without holding it; `None` if no variable lives.
    pub fn weak(&self, output: usize) -> Option<Weak<Seen>> {
        self.outputs().get(output).filter(|seen| seen.strong_count() > 0).cloned()
    }

    /// What is seen of output `output`: what another variable of this place has, or else `own`.
    pub fn shared(&self, output: usize, own: Arc<Seen>) -> Arc<Seen> {
        let mut outputs = self.outputs();
        if outputs.len() <= output {
            outputs.resize_with(output + 1, Weak::new);
        }
        match outputs[output].upgrade() {
            Some(seen) => seen,
            None => {
                outputs[output] = Arc::downgrade(&own);
                own
            }
        }
    }

    fn outputs(&self) -> MutexGuard<'_, SmallVec<[Weak<Seen>; 1]>> {
        self.outputs.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Keeps the function, written in Python, whose outputs are here. All that keep it share one reference, which the garbage collector
    /// can be shown.
    pub fn set_function(&self, function: Arc<Py<PyAny>>) {
        // The first one stays: a place has one function.
        let _ = self.function.set(function);
    }

    /// Shows the garbage collector the function, where all that keep it belong to this place: the place and the node.
    pub fn traverse(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        match self.function.get() {
            Some(function) if Arc::strong_count(function) <= 2 => visit.call(&**function),
            _ => Ok(()),
        }
    }

    /// The function, if it is written in Python.
    pub fn function(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.function.get().map(|function| function.clone_ref(py))
    }
}
