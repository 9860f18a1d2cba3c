//! Walking the graph backward for a face of the library: from several variables, with everything on the way to see.

use std::sync::OnceLock;

use super::backward::Walk;
use super::node::{Attached, Node};
use super::variable::Variable;
use crate::error::{Error, ErrorKind, Result};

/// A gradient that has come to its place in the graph.
pub struct Arrival<'a> {
    /// What was attached to the place with [`Variable::attached`], or the room for it.
    pub attached: &'a OnceLock<Attached>,
    /// Which output of its function the variable is; 0 for a leaf.
    pub output: usize,
    /// Whether the way ends here.
    pub is_leaf: bool,
    /// The gradient.
    pub gradient: &'a Variable,
}

/// Walks back from variables with the gradients by them. With `inputs` the gradients by these are returned, `None` where nothing depends on
/// them; without any, every leaf behind the starts is reached. `arrived` sees each gradient when it is complete. The graph is kept;
/// with `create_graph` the gradients can be differentiated again.
///
/// # Errors
///
/// A start whose shape is not its variable's, an input that is a constant, a graph that was freed, or a function without a derivative.
pub fn walk_back(
    starts: &[(&Variable, Variable)],
    inputs: &[&Variable],
    create_graph: bool,
    arrived: &mut dyn FnMut(Arrival<'_>),
) -> Result<Vec<Option<Variable>>> {
    for (output, gradient) in starts {
        if output.shape() != gradient.shape() {
            let what = format!("a gradient of shape {:?} for an output of shape {:?}", gradient.shape(), output.shape());
            return Err(Error::shape(what).help("a gradient has the shape of what it is the gradient by"));
        }
    }
    let wanted: Option<Vec<(u64, usize)>> = inputs.iter().map(|v| Some((v.node()?.id, v.output_number()))).collect();
    let wanted = wanted.ok_or_else(|| {
        Error::new(ErrorKind::Gradient, "an input that wants no gradient").help("make it a parameter, or compute it from one")
    })?;
    let walk = Walk { create_graph, retain_graph: true, ends_at_wanted: false };
    let arrived = std::cell::RefCell::new(arrived);
    let leaf = |node: &Node, gradient: Variable| {
        arrived.borrow_mut()(Arrival { attached: &node.attached, output: 0, is_leaf: true, gradient: &gradient });
    };
    let mut passing = |node: &Node, gradients: &[Option<Variable>]| {
        for (output, gradient) in gradients.iter().enumerate() {
            if let Some(gradient) = gradient {
                arrived.borrow_mut()(Arrival { attached: &node.attached, output, is_leaf: false, gradient });
            }
        }
    };
    walk.run(starts, &wanted, leaf, &mut passing)
}
