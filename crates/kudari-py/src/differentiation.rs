//! Gradients: `backward` and `grad`.

use std::sync::{Arc, Weak};

use kudari::autograd::{Arrival, set_recording, walk_back};
use pyo3::prelude::*;

use crate::errors::{OrRaise, guarded};
use crate::gradients::{Place, Seen};
use crate::operand::Operand;
use crate::variable::Variable;

/// Adds this file's functions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(backward, module)?)?;
    module.add_function(wrap_pyfunction!(grad, module)?)?;
    module.add_function(wrap_pyfunction!(record, module)?)
}

/// Switches the recording of graphs on this thread on or off; gives what it was.
#[pyfunction]
fn record(on: bool) -> bool {
    set_recording(on)
}

/// A gradient that came to a variable which somebody still holds.
struct Came {
    /// Weak while the interpreter is let go: a garbage collection in another thread counts who holds it.
    seen: Weak<Seen>,
    is_leaf: bool,
    gradient: kudari::Variable,
}

impl Came {
    /// Where a gradient has come to; `None` where nobody can look.
    fn of(arrival: &Arrival<'_>) -> Option<Came> {
        let seen = arrival.attached.get().and_then(Place::from_attached)?.weak(arrival.output)?;
        Some(Came { seen, is_leaf: arrival.is_leaf, gradient: arrival.gradient.clone() })
    }
}

/// backward(outputs, gradients, retain_grad, create_graph): leaves the gradients of the outputs at everything they were computed from.
///
/// Leaves add to the gradient that they have. Of what lies on the way gradients are kept if ``retain_grad``; else they are forgotten.
#[pyfunction]
fn backward(
    py: Python<'_>,
    outputs: Vec<Bound<'_, Variable>>,
    gradients: Vec<Operand>,
    retain_grad: bool,
    create_graph: bool,
) -> PyResult<()> {
    let roots: Vec<Arc<Seen>> = outputs.iter().map(|output| output.get().seen(py)).collect();
    let outputs = outputs.iter().map(|output| output.get().value(py)).collect::<PyResult<Vec<_>>>()?;
    let starts: Vec<(&kudari::Variable, kudari::Variable)> = outputs.iter().zip(gradients.into_iter().map(|g| g.0)).collect();
    let mut came = Vec::new();
    let walked = guarded(|| py.detach(|| walk_back(&starts, &[], create_graph, &mut |arrival| came.extend(Came::of(&arrival)))));
    walked?.or_raise()?;
    for Came { seen, is_leaf, gradient } in came {
        let Some(seen) = seen.upgrade() else { continue };
        if roots.iter().any(|root| Arc::ptr_eq(root, &seen)) {
            continue;
        }
        let gradient = match seen.gradient(py) {
            Some(before) if is_leaf => {
                let before = before.get().value(py)?;
                if create_graph { before.add(&gradient).or_raise()? } else { before.detach().add(&gradient).or_raise()? }
            }
            _ => gradient,
        };
        let keep = is_leaf || retain_grad;
        seen.set_gradient(if keep { Some(Variable::of(py, gradient)?) } else { None });
    }
    Ok(())
}

/// grad(outputs, inputs, grad_outputs, retain_grad, create_graph): the gradients by the inputs; None where nothing depends on one.
///
/// With ``retain_grad`` the gradients of all that lies on the way are left there.
#[pyfunction]
fn grad(
    py: Python<'_>,
    outputs: Vec<Operand>,
    inputs: Vec<Operand>,
    grad_outputs: Vec<Operand>,
    retain_grad: bool,
    create_graph: bool,
) -> PyResult<Vec<Option<Py<Variable>>>> {
    let starts: Vec<(&kudari::Variable, kudari::Variable)> =
        outputs.iter().map(|v| &v.0).zip(grad_outputs.into_iter().map(|g| g.0)).filter(|(v, _)| v.wants_gradient()).collect();
    let wanted: Vec<&kudari::Variable> = inputs.iter().map(|v| &v.0).filter(|v| v.wants_gradient()).collect();
    if wanted.is_empty() {
        return Ok(inputs.iter().map(|_| None).collect());
    }
    let mut came = Vec::new();
    let mut arrived = |arrival: Arrival<'_>| came.extend(Some(()).filter(|()| retain_grad).and_then(|()| Came::of(&arrival)));
    let found = guarded(|| py.detach(|| walk_back(&starts, &wanted, create_graph, &mut arrived)))?;
    let mut found = found.or_raise()?.into_iter();
    for Came { seen, gradient, .. } in came {
        let gradient = Variable::of(py, gradient)?;
        seen.upgrade().iter().for_each(|seen| seen.set_gradient(Some(gradient.clone_ref(py))));
    }
    let of = |input: &Operand| {
        let gradient = if input.0.wants_gradient() { found.next().flatten() } else { None };
        gradient.map(|gradient| Variable::of(py, gradient)).transpose()
    };
    inputs.iter().map(of).collect()
}
