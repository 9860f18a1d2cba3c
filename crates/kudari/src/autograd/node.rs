//! A node of the graph: one application of a function, or a leaf.

use std::any::Any;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use smallvec::SmallVec;

use super::function::{Function, Outputs, Saves};
use super::observe::attention;
use super::recorder::current_layer;
use super::variable::Variable;
use crate::array::Array;
use crate::kernels::pooled::Pooled;
use crate::kernels::shared::Shared;

/// One application of a function. Nodes are numbered as they are made, so a node's number is larger than those of
/// the nodes it was computed from: sorting by number is a topological order.
pub(crate) struct Node {
    pub(super) id: u64,
    /// `None` for a leaf: a parameter, something that was not computed.
    pub(super) function: Option<Pooled<dyn Function>>,
    /// The line that applied the function.
    pub(super) location: &'static Location<'static>,
    /// The layer that it was applied in, where that was recorded.
    pub(super) layer: u32,
    saved: Mutex<Saved>,
    /// What a face of the library keeps with the node, such as the gradients that its users see.
    pub(super) attached: OnceLock<Attached>,
}

/// Anything that lives as long as a node.
pub type Attached = Arc<dyn Any + Send + Sync>;

/// What the backward rule needs. Emptied when backward has passed and the graph is not retained.
#[derive(Default)]
pub(super) struct Saved {
    /// The inputs; those whose numbers the rule does not use are hollow.
    pub inputs: SmallVec<[Variable; 3]>,
    /// The outputs, likewise. Arrays, not variables: a node does not own itself.
    pub outputs: Outputs,
    /// Whether a checkpoint has forgotten the numbers.
    pub released: bool,
    /// Whether the graph behind was cut off: gradients end here.
    pub cut: bool,
}

impl Node {
    /// A leaf with the next number.
    pub(super) fn leaf(location: &'static Location<'static>) -> NodeRef {
        let (id, layer) = (next_id(), current_layer());
        Shared::new(Node { id, function: None, location, layer, saved: Mutex::default(), attached: OnceLock::new() })
    }

    /// The application of `function` to `inputs`. Of those inputs and outputs that the backward rule does not read, only the
    /// shapes are kept.
    pub(super) fn application(
        function: Pooled<dyn Function>,
        inputs: &[&Variable],
        outputs: &[Array],
        location: &'static Location<'static>,
    ) -> NodeRef {
        let everything = attention() & attention::EVERYTHING != 0;
        let saves = if everything { Saves::ALL } else { function.saves() };
        let mut node = Self::leaf(location);
        // Always: a new node has one owner.
        if let Some(node) = node.get_mut() {
            node.function = Some(function);
            let saved = node.saved_mut();
            for (i, &input) in inputs.iter().enumerate() {
                saved.inputs.push(if Saves::has(saves.inputs, i) { input.clone() } else { input.hollow() });
            }
            for (i, output) in outputs.iter().enumerate() {
                saved.outputs.push(if Saves::has(saves.outputs, i) { output.clone() } else { output.hollow() });
            }
        }
        node
    }

    fn saved_mut(&mut self) -> &mut Saved {
        match self.saved.get_mut() {
            Ok(saved) => saved,
            Err(poisoned) => poisoned.into_inner(), // as in `saved`
        }
    }

    /// As [`Node::saved`], if nobody else looks at it.
    pub(super) fn try_saved(&self) -> Option<MutexGuard<'_, Saved>> {
        self.saved.try_lock().ok()
    }

    pub(super) fn saved(&self) -> MutexGuard<'_, Saved> {
        match self.saved.lock() {
            Ok(guard) => guard,
            Err(poisoned) => poisoned.into_inner(), // a panic elsewhere leaves the lists whole
        }
    }
}

/// The next number; nodes that are made after this have larger ones.
pub(super) fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A shared owner of a node. Nodes come and go with every function that is applied: their memory waits in a pool for the next ones.
pub(crate) type NodeRef = Shared<Node>;

/// Dropping the last variable of a long chain must not drop the chain by recursion: nodes that only this one held are emptied in a
/// loop, before each of them is dropped.
impl Drop for Node {
    fn drop(&mut self) {
        let inputs = |node: &mut Node| node.saved_mut().inputs.drain(..).filter_map(Variable::into_node).collect();
        let mut dying: SmallVec<[NodeRef; 4]> = inputs(self);
        while let Some(mut node) = dying.pop() {
            if let Some(node) = node.get_mut() {
                dying.extend(inputs(node));
            }
        }
    }
}
