//! `kudari.Variable`: a NumPy array that remembers how it was computed.

use std::sync::{Arc, Mutex, MutexGuard};

use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::PyTraverseError;
use pyo3::PyVisit;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::gradients::{Place, Seen};
use crate::graph::VariableNode;
use crate::memory;
use crate::operand::array_of;

/// An array with a history: Variable(array=None, *, name=None, grad=None, requires_grad=True).
///
/// ``array`` is the NumPy array itself; writing into it changes the variable. Functions of variables can be differentiated:
/// ``y.backward()`` leaves the gradients in ``x.grad``.
#[pyclass(frozen, subclass, weakref, dict, module = "kudari")]
pub struct Variable {
    state: Mutex<State>,
    /// Whether gradients by this variable are computed.
    #[pyo3(get)]
    requires_grad: bool,
}

/// What a variable holds. It is locked only to look or to store, never while anything of Python runs: that may come back here.
#[derive(Default)]
struct State {
    /// The array that users see; made when they first look at a result of the engine.
    array: Option<Py<PyAny>>,
    /// The engine's variable over the same memory; made when the variable is first calculated with.
    value: Option<kudari::Variable>,
    /// Gradient and name; of a variable that is no part of a graph, once somebody asks for them.
    seen: Option<Arc<Seen>>,
}

impl Variable {
    fn with(array: Option<Py<PyAny>>, requires_grad: bool) -> Variable {
        Variable { state: Mutex::new(State { array, value: None, seen: None }), requires_grad }
    }

    /// The Python variable of a result of the engine.
    pub fn of(py: Python<'_>, value: kudari::Variable) -> PyResult<Py<Variable>> {
        let requires_grad = value.wants_gradient();
        // A gradient that is kept on the way back must find this variable, also if nobody has looked at it before.
        let seen = Place::of(&value).map(|(place, output)| place.shared(output, Arc::default()));
        Py::new(py, Variable { state: Mutex::new(State { array: None, value: Some(value), seen }), requires_grad })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The engine's variable.
    pub fn value(&self, py: Python<'_>) -> PyResult<kudari::Variable> {
        if let Some(value) = &self.state().value {
            return Ok(value.clone());
        }
        let Some(array) = self.state().array.as_ref().map(|array| array.clone_ref(py)) else {
            let what =
                "a parameter that has no shape yet is used\n  call its layer with data, or initialize it with a shape first";
            return Err(PyValueError::new_err(what));
        };
        let bound = array.bind(py).cast::<PyUntypedArray>()?;
        let shared = memory::shared(bound)?;
        // What is converted is a copy, which would not see what is written into the array later.
        let is_shared = shared.is_some();
        let array = shared.map_or_else(|| array_of(bound), Ok)?;
        let is_leaf = self.requires_grad && array.dtype().is_float();
        let value = if is_leaf { kudari::Variable::parameter(array) } else { kudari::Variable::constant(array) };
        if !is_shared {
            return Ok(value);
        }
        {
            let mut state = self.state();
            // Another thread may have been here meanwhile.
            if let Some(value) = &state.value {
                return Ok(value.clone());
            }
            state.value = Some(value.clone());
        }
        if is_leaf {
            self.seen(py);
        }
        Ok(value)
    }

    /// Gradient and name, shared with all variables of the same place in the graph.
    pub fn seen(&self, py: Python<'_>) -> Arc<Seen> {
        let place = self.value(py).ok().and_then(|value| Place::of(&value));
        let mut state = self.state();
        let own = state.seen.get_or_insert_default().clone();
        let seen = place.map_or(own.clone(), |(place, output)| place.shared(output, own));
        state.seen = Some(seen.clone());
        seen
    }

    /// The NumPy array.
    pub fn numpy(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let value = {
            let state = self.state();
            match (&state.array, &state.value) {
                (Some(array), _) => return Ok(Some(array.clone_ref(py))),
                (None, Some(value)) if value.array().has_numbers() => value.clone(),
                _ => return Ok(None),
            }
        };
        let array = memory::to_numpy(py, value.array())?.unbind();
        let mut state = self.state();
        // The one that is there first stays: users may have seen it.
        Ok(Some(state.array.get_or_insert(array).clone_ref(py)))
    }

    /// What the array says of itself; None without an array.
    fn attribute<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        match self.numpy(py)? {
            Some(array) => array.into_bound(py).getattr(name),
            None => Ok(py.None().into_bound(py)),
        }
    }
}

/// Makes sure that it is a NumPy array or nothing.
fn checked_array(array: Option<Bound<'_, PyAny>>) -> PyResult<Option<Py<PyAny>>> {
    match array {
        Some(array) if array.is_instance_of::<PyUntypedArray>() => Ok(Some(array.unbind())),
        Some(other) => {
            let what = format!("a NumPy array is needed, not {}", other.get_type().name()?);
            Err(PyTypeError::new_err(format!("{what}\n  make it one with numpy.asarray")))
        }
        None => Ok(None),
    }
}

#[pymethods]
impl Variable {
    #[new]
    #[pyo3(signature = (array=None, *args, name=None, grad=None, requires_grad=true, **more))]
    fn new(
        py: Python<'_>,
        array: Option<Bound<'_, PyAny>>,
        args: &Bound<'_, PyTuple>,
        name: Option<Py<PyAny>>,
        grad: Option<Bound<'_, PyAny>>,
        requires_grad: bool,
        more: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Variable> {
        // Classes that are derived from this one have arguments of their own.
        let _ = (args, more);
        let variable = Variable::with(checked_array(array)?, requires_grad);
        if name.is_some() {
            variable.seen(py).set_name(name);
        }
        if grad.is_some() {
            variable.set_grad(py, grad)?;
        }
        Ok(variable)
    }

    /// The NumPy array. Setting it makes a variable without history.
    #[getter]
    fn array(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.numpy(py)
    }

    #[setter]
    fn set_array(&self, py: Python<'_>, array: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        let array = checked_array(array)?;
        let before = self.seen(py);
        let seen = Arc::new(Seen::default());
        seen.set_name(before.name(py));
        seen.set_gradient(before.gradient(py));
        let old = std::mem::replace(&mut *self.state(), State { array, value: None, seen: Some(seen) });
        drop(old);
        Ok(())
    }

    /// The same as ``array``.
    #[getter]
    fn data(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.numpy(py)
    }

    #[setter]
    fn set_data(&self, py: Python<'_>, array: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        self.set_array(py, array)
    }

    /// The gradient as a variable, or None.
    #[getter]
    fn grad_var(&self, py: Python<'_>) -> Option<Py<Variable>> {
        self.seen(py).gradient(py)
    }

    #[setter]
    fn set_grad_var(&self, py: Python<'_>, gradient: Option<Bound<'_, Variable>>) -> PyResult<()> {
        if let Some(gradient) = &gradient {
            check_gradient(self.numpy(py)?, gradient.get().numpy(py)?, py)?;
        }
        self.seen(py).set_gradient(gradient.map(Bound::unbind));
        Ok(())
    }

    /// The gradient as a NumPy array, or None.
    #[getter]
    fn grad(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.grad_var(py).map_or(Ok(None), |gradient| gradient.get().numpy(py))
    }

    #[setter]
    fn set_grad(&self, py: Python<'_>, gradient: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        let variable = |array| Bound::new(py, Variable::with(Some(array), true));
        self.set_grad_var(py, checked_array(gradient)?.map(variable).transpose()?)
    }

    #[getter]
    fn name(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.seen(py).name(py)
    }

    #[setter]
    fn set_name(&self, py: Python<'_>, name: Option<Py<PyAny>>) {
        self.seen(py).set_name(name);
    }

    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let sizes = self.state().value.as_ref().map(|value| value.shape().to_vec());
        match sizes {
            Some(sizes) => Ok(PyTuple::new(py, sizes)?.into_any()),
            None => self.attribute(py, "shape"),
        }
    }

    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.attribute(py, "dtype")
    }

    #[getter]
    fn ndim<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.attribute(py, "ndim")
    }

    #[getter]
    fn size<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.attribute(py, "size")
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        match self.numpy(py)? {
            Some(array) => array.bind(py).len(),
            None => Err(PyTypeError::new_err("a variable without an array has no length")),
        }
    }

    /// The place of this variable in the graph: shape, type, gradient and creator without the numbers.
    #[getter]
    fn node(&self, py: Python<'_>) -> VariableNode {
        VariableNode::new(self.value(py).ok(), &self.seen(py), self.requires_grad)
    }

    /// The name of the function that computed this variable, or None.
    #[getter]
    fn _creator_name(&self) -> Option<String> {
        self.state().value.as_ref()?.creator().map(str::to_string)
    }

    /// Forgets the gradient.
    fn cleargrad(&self, py: Python<'_>) {
        self.seen(py).set_gradient(None);
    }

    /// Forgets how this variable was computed: gradients end here.
    fn unchain(&self) {
        let value = self.state().value.clone();
        value.iter().for_each(kudari::Variable::cut_here);
    }

    /// Forgets how this variable and all that it was computed from were computed, as for truncated backpropagation through time.
    fn unchain_backward(&self) {
        let value = self.state().value.clone();
        value.iter().for_each(kudari::Variable::cut);
    }

    /// The only number of a variable of one element.
    fn item<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.attribute(py, "item")?.call0()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Ok(state) = self.state.try_lock() else { return Ok(()) };
        visit.call(&state.array)?;
        // Functions that are written in Python may refer to their results; the graph that only this variable keeps belongs to it.
        let mut outcome = Ok(());
        if let Some(value) = &state.value {
            value.attached_to_own(&mut |attached| {
                if let (Ok(()), Some(place)) = (&outcome, attached.downcast_ref::<Place>()) {
                    outcome = place.traverse(&visit);
                }
            });
        }
        outcome?;
        match &state.seen {
            // Where several variables share it, none of them alone owns the references.
            Some(seen) if Arc::strong_count(seen) == 1 => seen.traverse(&visit),
            _ => Ok(()),
        }
    }

    fn __clear__(&self) {
        let old = std::mem::take(&mut *self.state());
        drop(old);
    }
}

/// Makes sure that a gradient fits its data, where both are there: the same shape and type.
fn check_gradient(array: Option<Py<PyAny>>, gradient: Option<Py<PyAny>>, py: Python<'_>) -> PyResult<()> {
    let (Some(array), Some(gradient)) = (array, gradient) else { return Ok(()) };
    let (array, gradient) = (array.bind(py).cast::<PyUntypedArray>()?, gradient.bind(py).cast::<PyUntypedArray>()?);
    if !array.dtype().is_equiv_to(&gradient.dtype()) {
        let what = format!("a gradient of type {} for data of type {}", gradient.dtype(), array.dtype());
        return Err(PyTypeError::new_err(format!("{what}\n  they must be the same: convert it with astype")));
    }
    if array.shape() != gradient.shape() {
        let what = format!("a gradient of shape {:?} for data of shape {:?}", gradient.shape(), array.shape());
        return Err(PyValueError::new_err(format!("{what}\n  a gradient has the shape of what it is the gradient by")));
    }
    Ok(())
}
