//! `kudari.variable.VariableNode`: a variable's place in the graph, for those who look at the graph.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::gradients::{Place, Seen};
use crate::memory;
use crate::variable::Variable;

/// A variable's place in the graph: shape, type, gradient and creator. It keeps the graph alive, but not what users see of the variable.
#[pyclass(frozen, module = "kudari.variable")]
pub struct VariableNode {
    value: Option<kudari::Variable>,
    seen: Weak<Seen>,
    requires_grad: bool,
}

impl VariableNode {
    /// The place of a variable of the engine, if it is calculated with, of which this is seen.
    pub fn new(value: Option<kudari::Variable>, seen: &Arc<Seen>, requires_grad: bool) -> VariableNode {
        VariableNode { value, seen: Arc::downgrade(seen), requires_grad }
    }

    fn of(value: kudari::Variable) -> VariableNode {
        let seen = Place::of(&value).and_then(|(place, output)| place.seen(output));
        let requires_grad = value.wants_gradient();
        VariableNode { value: Some(value), seen: seen.map_or(Weak::new(), |seen| Arc::downgrade(&seen)), requires_grad }
    }

    /// What tells this place from every other: its number in the graph, or for a constant where its name is kept.
    fn key(&self) -> (u64, usize) {
        let identity = self.value.as_ref().and_then(kudari::Variable::identity_number);
        identity.unwrap_or((self.seen.as_ptr() as u64, usize::MAX))
    }
}

#[pymethods]
impl VariableNode {
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.value.as_ref().map(|value| PyTuple::new(py, value.shape())).transpose()
    }

    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let name = self.value.as_ref().map_or("float32", |value| match value.dtype().name() {
            "f64" => "float64",
            "f16" => "float16",
            "i64" => "int64",
            "bool" => "bool",
            _ => "float32",
        });
        crate::operand::numpy_function(py, "dtype")?.call1((name,))
    }

    /// The numbers, where the graph still needs them; else None.
    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let value = self.value.as_ref().filter(|value| value.array().has_numbers());
        value.map(|value| memory::to_numpy(py, value.array())).transpose()
    }

    #[getter]
    fn grad_var(&self, py: Python<'_>) -> Option<Py<Variable>> {
        self.seen.upgrade()?.gradient(py)
    }

    #[getter]
    fn grad<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.grad_var(py).map(|gradient| gradient.bind(py).getattr("array")).transpose()
    }

    #[getter]
    fn name(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.seen.upgrade()?.name(py)
    }

    #[getter]
    fn requires_grad(&self) -> bool {
        self.requires_grad
    }

    /// The name of the function that computed the variable, or None.
    #[getter]
    fn _creator_name(&self) -> Option<String> {
        self.value.as_ref()?.creator().map(str::to_string)
    }

    /// The function that computed the variable, if it is written in Python and was not cut off.
    #[getter]
    fn _function(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.value.as_ref()?.creator()?;
        Place::of(self.value.as_ref()?)?.0.function(py)
    }

    /// The places of the variables that this one was computed from.
    fn _sources(&self) -> Vec<VariableNode> {
        self.value.iter().flat_map(kudari::Variable::sources).map(VariableNode::of).collect()
    }

    /// What tells the function that computed this variable from every other; the same for all of its results.
    #[getter]
    fn _function_number(&self) -> Option<u64> {
        Some(self.value.as_ref()?.identity_number()?.0)
    }

    /// The longest way from a leaf, in functions.
    #[getter]
    fn rank(&self) -> usize {
        self.value.as_ref().map_or(0, rank)
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, op: CompareOp) -> bool {
        let same = other.cast::<VariableNode>().is_ok_and(|other| self.key() == other.get().key());
        match op {
            CompareOp::Eq => same,
            CompareOp::Ne => !same,
            _ => false,
        }
    }

    fn __hash__(&self) -> u64 {
        let (place, output) = self.key();
        place.wrapping_mul(31).wrapping_add(output as u64)
    }
}

/// The longest way from a leaf to a variable, without recursion: graphs may be deep.
fn rank(variable: &kudari::Variable) -> usize {
    let mut ranks: HashMap<u64, usize> = HashMap::new();
    let mut open = vec![variable.clone()];
    while let Some(next) = open.last().cloned() {
        let Some((id, _)) = next.identity_number() else {
            open.pop();
            continue;
        };
        let sources: Vec<kudari::Variable> = next.sources().into_iter().filter(|v| v.wants_gradient()).collect();
        let known = |v: &kudari::Variable| v.identity_number().and_then(|(id, _)| ranks.get(&id).copied());
        let unknown: Vec<kudari::Variable> = sources.iter().filter(|v| known(v).is_none()).cloned().collect();
        if !unknown.is_empty() {
            open.extend(unknown);
            continue;
        }
        let rank = if next.creator().is_some() { 1 + sources.iter().filter_map(known).max().unwrap_or(0) } else { 0 };
        ranks.insert(id, rank);
        open.pop();
    }
    variable.identity_number().and_then(|(id, _)| ranks.get(&id).copied()).unwrap_or(0)
}
