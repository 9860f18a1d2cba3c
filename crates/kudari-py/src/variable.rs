//! `kudari.Variable`: a NumPy array that remembers how it was computed.

use std::sync::Arc;

use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::PyTraverseError;
use pyo3::PyVisit;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::gradients::Place;
use crate::graph::VariableNode;
use crate::memory;
use crate::operand::array_of;

/// An array with a history: Variable(array=None, *, name=None, grad=None, requires_grad=True).
///
/// ``array`` is the NumPy array itself; writing into it changes the variable. Functions of variables can be differentiated:
/// ``y.backward()`` leaves the gradients in ``x.grad``.
#[pyclass(subclass, weakref, dict, module = "kudari")]
pub struct Variable {
    /// The array that users see; made when they first look at a result of the engine.
    array: Option<Py<PyAny>>,
    /// The engine's variable over the same memory; made when the variable is first calculated with.
    value: Option<kudari::Variable>,
    /// Gradients and name, as long as there is no place in the graph to keep them.
    place: Option<Arc<Place>>,
    requires_grad: bool,
}

impl Variable {
    /// The Python variable of a result of the engine.
    pub fn of(py: Python<'_>, value: kudari::Variable) -> PyResult<Py<Variable>> {
        let requires_grad = value.wants_gradient();
        Py::new(py, Variable { array: None, value: Some(value), place: None, requires_grad })
    }

    /// The engine's variable of a Python variable.
    pub fn value(this: &Bound<'_, Variable>) -> PyResult<kudari::Variable> {
        if let Some(value) = &this.try_borrow()?.value {
            return Ok(value.clone());
        }
        this.try_borrow_mut()?.make_value(this.py())
    }

    fn make_value(&mut self, py: Python<'_>) -> PyResult<kudari::Variable> {
        if let Some(value) = &self.value {
            return Ok(value.clone());
        }
        let Some(array) = &self.array else {
            let what = "a parameter that has no shape yet is used\n  call its layer with data, or initialize it with a shape first";
            return Err(PyValueError::new_err(what));
        };
        let bound = array.bind(py).cast::<PyUntypedArray>()?;
        let shared = memory::shared(bound)?;
        let is_shared = shared.is_some();
        let array = shared.map_or_else(|| array_of(bound), Ok)?;
        let is_leaf = self.requires_grad && array.dtype().is_float();
        let value = if is_leaf { kudari::Variable::parameter(array) } else { kudari::Variable::constant(array) };
        if is_leaf {
            self.place = Place::of(&value, self.place.as_ref());
        }
        // What was converted is a copy, which would not see what is written into the array later.
        if is_shared {
            self.value = Some(value.clone());
        }
        Ok(value)
    }

    /// Where gradient and name are kept, and under which number.
    fn place(&mut self, py: Python<'_>) -> (Arc<Place>, usize) {
        if let Ok(value) = self.make_value(py)
            && let Some(place) = Place::of(&value, self.place.as_ref())
        {
            self.place = Some(place.clone());
            let output = value.identity_number().map_or(0, |(_, output)| output);
            return (place, output);
        }
        (self.place.get_or_insert_default().clone(), 0)
    }

    fn numpy(&mut self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        if self.array.is_none()
            && let Some(value) = self.value.as_ref().filter(|value| value.array().has_numbers())
        {
            self.array = Some(memory::to_numpy(py, value.array())?.unbind());
        }
        Ok(self.array.as_ref().map(|array| array.clone_ref(py)))
    }

    /// What the array says of itself.
    fn attribute<'py>(&mut self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let array = self.numpy(py)?.map(|array| array.into_bound(py));
        array.map_or_else(|| Ok(py.None().into_bound(py)), |array| array.getattr(name))
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
        let mut variable = Variable { array: checked_array(array)?, value: None, place: None, requires_grad };
        if name.is_some() {
            variable.place(py).0.set_name(0, name);
        }
        if let Some(gradient) = gradient_of(checked_array(grad)?, py)? {
            check_gradient(variable.numpy(py)?, gradient.try_borrow_mut()?.numpy(py)?, py)?;
            variable.place(py).0.set_gradient(0, Some(gradient.unbind()));
        }
        Ok(variable)
    }

    /// The NumPy array. Setting it makes a variable without history.
    #[getter]
    fn array(&mut self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.numpy(py)
    }

    #[setter]
    fn set_array(&mut self, py: Python<'_>, array: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        let array = checked_array(array)?;
        let (old, number) = self.place(py);
        let place = Arc::new(Place::default());
        place.set_name(0, old.name(py, number));
        place.set_gradient(0, old.gradient(py, number));
        (self.array, self.value, self.place) = (array, None, Some(place));
        Ok(())
    }

    /// The same as ``array``.
    #[getter]
    fn data(&mut self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.numpy(py)
    }

    #[setter]
    fn set_data(&mut self, py: Python<'_>, array: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        self.set_array(py, array)
    }

    /// The gradient as a variable, or None.
    #[getter]
    fn grad_var(&mut self, py: Python<'_>) -> Option<Py<Variable>> {
        let (place, output) = self.place(py);
        place.gradient(py, output)
    }

    #[setter]
    fn set_grad_var(slf: &Bound<'_, Self>, gradient: Option<Bound<'_, Variable>>) -> PyResult<()> {
        let py = slf.py();
        if let Some(gradient) = &gradient {
            // One after the other: a variable may be its own gradient.
            let array = slf.try_borrow_mut()?.numpy(py)?;
            check_gradient(array, gradient.try_borrow_mut()?.numpy(py)?, py)?;
        }
        let (place, output) = slf.try_borrow_mut()?.place(py);
        place.set_gradient(output, gradient.map(Bound::unbind));
        Ok(())
    }

    /// The gradient as a NumPy array, or None.
    #[getter]
    fn grad(slf: &Bound<'_, Self>) -> PyResult<Option<Py<PyAny>>> {
        let py = slf.py();
        let gradient = slf.try_borrow_mut()?.grad_var(py);
        gradient.map_or(Ok(None), |gradient| gradient.bind(py).try_borrow_mut()?.numpy(py))
    }

    #[setter]
    fn set_grad(slf: &Bound<'_, Self>, gradient: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        let gradient = gradient_of(checked_array(gradient)?, slf.py())?;
        Variable::set_grad_var(slf, gradient)
    }

    #[getter]
    fn name(&mut self, py: Python<'_>) -> Option<Py<PyAny>> {
        let (place, output) = self.place(py);
        place.name(py, output)
    }

    #[setter]
    fn set_name(&mut self, py: Python<'_>, name: Option<Py<PyAny>>) {
        let (place, output) = self.place(py);
        place.set_name(output, name);
    }

    /// Whether gradients by this variable are computed.
    #[getter]
    fn requires_grad(&self) -> bool {
        self.requires_grad
    }

    #[getter]
    fn shape<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.value {
            Some(value) => Ok(PyTuple::new(py, value.shape())?.into_any()),
            None => self.attribute(py, "shape"),
        }
    }

    #[getter]
    fn dtype<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.attribute(py, "dtype")
    }

    #[getter]
    fn ndim<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.attribute(py, "ndim")
    }

    #[getter]
    fn size<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.attribute(py, "size")
    }

    fn __len__(&mut self, py: Python<'_>) -> PyResult<usize> {
        match self.numpy(py)? {
            Some(array) => array.bind(py).len(),
            None => Err(PyTypeError::new_err("a variable without an array has no length")),
        }
    }

    /// The place of this variable in the graph: shape, type, gradient and creator without the numbers.
    #[getter]
    fn node(&mut self, py: Python<'_>) -> PyResult<VariableNode> {
        let (place, _) = self.place(py);
        let value = self.make_value(py).ok();
        Ok(VariableNode { value, place, requires_grad: self.requires_grad })
    }

    /// The name of the function that computed this variable, or None.
    #[getter]
    fn _creator_name(&self) -> Option<String> {
        self.value.as_ref()?.creator().map(str::to_string)
    }

    /// Forgets the gradient.
    fn cleargrad(&mut self, py: Python<'_>) {
        let (place, output) = self.place(py);
        place.set_gradient(output, None);
    }

    /// Forgets how this variable was computed: gradients end here.
    fn unchain(&mut self) {
        self.value.iter().for_each(kudari::Variable::cut_here);
    }

    /// Forgets how this variable and all that it was computed from were computed, as for truncated backpropagation through time.
    fn unchain_backward(&mut self) {
        self.value.iter().for_each(kudari::Variable::cut);
    }

    /// The only number of a variable of one element.
    fn item<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.attribute(py, "item")?.call0()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.array)
    }

    fn __clear__(&mut self) {
        (self.array, self.value, self.place) = (None, None, None);
    }
}

/// The variable of a gradient that is given as an array.
fn gradient_of(array: Option<Py<PyAny>>, py: Python<'_>) -> PyResult<Option<Bound<'_, Variable>>> {
    let variable = |array| Bound::new(py, Variable { array: Some(array), value: None, place: None, requires_grad: true });
    array.map(variable).transpose()
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
