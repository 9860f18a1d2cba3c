//! An array that remembers how it was computed.

use std::fmt;
use std::panic::Location;

use super::node::{Attached, Node, NodeRef};
use crate::array::{Array, DType};
use crate::error::Result;

/// An array that remembers how it was computed, so that it can be differentiated.
///
/// A *constant* has no history and no gradient; a *parameter* is a leaf that wants one; every function of a variable
/// that wants a gradient gives another. Cloning is cheap and shares numbers and history.
#[derive(Clone)]
pub struct Variable {
    array: Array,
    node: Option<NodeRef>,
    /// Which output of the node this is.
    output: usize,
}

impl Variable {
    /// A variable without history or gradient: data, labels, fixed numbers.
    pub fn constant(array: Array) -> Variable {
        Variable { array, node: None, output: 0 }
    }

    /// A leaf that wants a gradient.
    #[track_caller]
    pub fn parameter(array: Array) -> Variable {
        Variable { array, node: Some(Node::leaf(Location::caller())), output: 0 }
    }

    pub(super) fn computed(array: Array, node: NodeRef, output: usize) -> Variable {
        Variable { array, node: Some(node), output }
    }

    /// The numbers.
    #[inline]
    pub fn array(&self) -> &Array {
        &self.array
    }

    /// The numbers, given away.
    pub fn into_array(self) -> Array {
        self.array
    }

    /// The numbers of a leaf, for an optimizer to change. The graph of an earlier calculation keeps its own.
    pub(crate) fn array_mut(&mut self) -> &mut Array {
        &mut self.array
    }

    /// Sizes of the axes.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        self.array.shape()
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.array.rank()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.array.len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.array.is_empty()
    }

    /// The type of the numbers.
    pub fn dtype(&self) -> DType {
        self.array.dtype()
    }

    /// The only number of a variable of one element, as f64: a loss.
    ///
    /// # Errors
    ///
    /// Not exactly one element.
    pub fn item(&self) -> Result<f64> {
        self.array.item_f64()
    }

    /// Whether gradients flow to or through this variable.
    #[inline]
    pub fn wants_gradient(&self) -> bool {
        self.node.is_some()
    }

    /// The same numbers as a constant: gradients stop here.
    #[must_use]
    pub fn detach(&self) -> Variable {
        Variable::constant(self.array.clone())
    }

    /// The function that computed this variable, if one did and recorded it.
    pub fn creator(&self) -> Option<&str> {
        let node = self.node.as_ref()?;
        Some(node.function.as_ref()?.name()).filter(|_| !node.saved().cut)
    }

    /// The line of the program where this variable was made, if it has a history.
    pub fn origin(&self) -> Option<&'static Location<'static>> {
        self.node.as_ref().map(|node| node.location)
    }

    /// The variables that this one was computed from; empty for a leaf. Those whose numbers the backward rule does not read have none.
    pub fn sources(&self) -> Vec<Variable> {
        self.node.as_ref().map_or(Vec::new(), |node| node.saved().inputs.to_vec())
    }

    /// Cuts the graph behind this variable: it forgets how it was computed, and so does everything that it was computed from. Gradients that
    /// come to any of these variables, whoever holds them, end there. For sequences of any length, of which each piece is
    /// differentiated by itself.
    pub fn cut(&self) {
        let mut nodes: Vec<NodeRef> = self.node.iter().cloned().collect();
        while let Some(node) = nodes.pop() {
            if node.function.is_some() {
                nodes.extend(Self::cut_from_inputs(&node));
            }
        }
    }

    /// Cuts this variable alone from what it was computed from.
    pub fn cut_here(&self) {
        self.node.iter().filter(|node| node.function.is_some()).for_each(|node| drop(Self::cut_from_inputs(node)));
    }

    fn cut_from_inputs(node: &NodeRef) -> Vec<NodeRef> {
        let mut saved = node.saved();
        saved.cut = true;
        saved.outputs.clear();
        saved.inputs.drain(..).filter_map(Variable::into_node).collect()
    }

    /// What a face of the library keeps with the place of this variable in the graph, for as long as that lives: the first one kept stays. All
    /// outputs of one function share it. `None` for a constant.
    pub fn attached(&self, first: impl FnOnce() -> Attached) -> Option<&Attached> {
        self.node.as_ref().map(|node| node.attached.get_or_init(first))
    }

    /// Shows what is attached to the places that this variable alone keeps alive: with it they would go. For garbage collectors. Places that
    /// are just being changed are left out.
    pub fn attached_to_own(&self, visit: &mut dyn FnMut(&Attached)) {
        let mut open: Vec<NodeRef> = Vec::new();
        // A reference that is taken here is one more than there are without.
        let mut take = |node: &NodeRef, open: &mut Vec<NodeRef>| {
            if node.owners() == 1 {
                node.attached.get().into_iter().for_each(&mut *visit);
                open.push(node.clone());
            }
        };
        self.node.iter().for_each(|node| take(node, &mut open));
        while let Some(node) = open.pop() {
            if let Some(saved) = node.try_saved() {
                saved.inputs.iter().filter_map(Variable::node).for_each(|node| take(node, &mut open));
            }
        }
    }

    /// What tells this variable from every other one; `None` for a constant. A clone has the same.
    pub fn identity_number(&self) -> Option<(u64, usize)> {
        Some((self.node.as_ref()?.id, self.output))
    }

    /// The same history without the numbers.
    pub(super) fn hollow(&self) -> Variable {
        Variable { array: self.array.hollow(), node: self.node.clone(), output: self.output }
    }

    /// The same history with these numbers.
    pub(super) fn with_array(&self, array: Array) -> Variable {
        Variable { array, node: self.node.clone(), output: self.output }
    }

    pub(super) fn node(&self) -> Option<&NodeRef> {
        self.node.as_ref()
    }

    pub(super) fn into_node(self) -> Option<NodeRef> {
        self.node
    }

    pub(super) fn output_number(&self) -> usize {
        self.output
    }

    /// Which leaf this is, for the gradients map.
    pub(super) fn leaf_id(&self) -> Option<u64> {
        self.node.as_ref().filter(|node| node.function.is_none()).map(|node| node.id)
    }
}

impl From<Array> for Variable {
    fn from(array: Array) -> Variable {
        Variable::constant(array)
    }
}

impl AsRef<Array> for Variable {
    fn as_ref(&self) -> &Array {
        &self.array
    }
}

impl AsRef<Array> for Array {
    fn as_ref(&self) -> &Array {
        self
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.array, f)
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Variable({}, shape={:?}, dtype={}", self.array, self.shape(), self.dtype())?;
        match (self.creator(), self.wants_gradient()) {
            (Some(function), _) => write!(f, ", computed by {function})"),
            (None, true) => write!(f, ", parameter)"),
            (None, false) => write!(f, ")"),
        }
    }
}

/// What can be used as an operand: a variable, or an array or number as a constant.
pub trait ToVariable {
    /// The operand as a variable; numbers take the type `like` has.
    fn to_variable(&self, like: DType) -> Variable;
}

impl ToVariable for Variable {
    fn to_variable(&self, _: DType) -> Variable {
        self.clone()
    }
}

impl ToVariable for Array {
    fn to_variable(&self, _: DType) -> Variable {
        Variable::constant(self.clone())
    }
}

impl ToVariable for f64 {
    fn to_variable(&self, like: DType) -> Variable {
        Variable::constant(Array::from(*self).to_dtype(if like.is_float() { like } else { DType::F32 }))
    }
}

impl<T: ToVariable + ?Sized> ToVariable for &T {
    fn to_variable(&self, like: DType) -> Variable {
        (**self).to_variable(like)
    }
}
