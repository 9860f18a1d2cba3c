//! A node of the graph: one application of a function, or a leaf.
//!
//! Nodes come and go with every function that is applied, so their memory is kept for the next ones: a training step
//! takes the nodes that the step before it gave back.

use std::any::Any;
use std::cell::RefCell;
use std::ops::Deref;
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

/// Nodes without content that a thread keeps at most.
const KEPT: usize = 4096;

thread_local! {
    static FREE: RefCell<Vec<Arc<Node>>> = const { RefCell::new(Vec::new()) };
}

impl Node {
    pub(super) fn leaf(location: &'static Location<'static>) -> NodeRef {
        Self::make(location, |_| {})
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
        Self::make(location, |node| {
            node.function = Some(function);
            let saved = match node.saved.get_mut() {
                Ok(saved) => saved,
                Err(poisoned) => poisoned.into_inner(),
            };
            for (i, &input) in inputs.iter().enumerate() {
                saved.inputs.push(if Saves::has(saves.inputs, i) { input.clone() } else { input.hollow() });
            }
            for (i, output) in outputs.iter().enumerate() {
                saved.outputs.push(if Saves::has(saves.outputs, i) { output.clone() } else { output.hollow() });
            }
        })
    }

    /// A node with the next number, filled by `fill`.
    fn make(location: &'static Location<'static>, fill: impl FnOnce(&mut Node)) -> NodeRef {
        let free = FREE.try_with(|free| free.borrow_mut().pop()).ok().flatten();
        let new =
            || Arc::new(Node { id: 0, function: None, location, layer: 0, saved: Mutex::default(), attached: OnceLock::new() });
        let mut node = free.unwrap_or_else(new);
        // Always: a free or new node has one owner.
        if let Some(node) = Arc::get_mut(&mut node) {
            (node.id, node.location, node.layer) = (next_id(), location, current_layer());
            fill(node);
        }
        NodeRef(Some(node))
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

impl NodeRef {
    /// How many there are of it.
    pub(super) fn owners(&self) -> usize {
        self.0.as_ref().map_or(0, Arc::strong_count)
    }
}

/// The next number; nodes that are made after this have larger ones.
pub(super) fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A shared owner of a node. The last one gives the node's memory back.
#[derive(Clone)]
pub(crate) struct NodeRef(Option<Arc<Node>>);

impl Deref for NodeRef {
    type Target = Node;
    #[inline]
    fn deref(&self) -> &Node {
        match &self.0 {
            Some(node) => node,
            // Only `drop` and `into_node` take the node out, and nothing can be asked of it after them.
            None => unreachable!("a node that was given back"),
        }
    }
}

impl Drop for NodeRef {
    #[inline]
    fn drop(&mut self) {
        if let Some(node) = self.0.take()
            && Arc::strong_count(&node) == 1
        {
            give_back(node);
        }
    }
}

/// Empties a node that nobody else holds, and those that only it held. Dropping the last variable of a long chain must
/// not drop the chain by recursion: the dying are collected in a list.
fn give_back(first: Arc<Node>) {
    let mut dying: SmallVec<[Arc<Node>; 4]> = SmallVec::from_elem(first, 1);
    while let Some(mut shared) = dying.pop() {
        let Some(node) = Arc::get_mut(&mut shared) else { continue };
        let saved = match node.saved.get_mut() {
            Ok(saved) => saved,
            Err(poisoned) => poisoned.into_inner(),
        };
        dying.extend(saved.inputs.drain(..).filter_map(|input| input.into_node()?.0.take()));
        saved.outputs.clear();
        (saved.released, saved.cut) = (false, false);
        node.function = None;
        node.attached = OnceLock::new();
        // When the thread is ending its list may be gone; then the node is simply freed.
        let _ = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            if free.len() < KEPT {
                free.push(shared);
            }
        });
    }
}
