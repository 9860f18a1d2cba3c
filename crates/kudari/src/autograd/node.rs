//! A node of the graph: one application of a function, or a leaf.

use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use smallvec::SmallVec;

use super::function::{Function, Outputs};
use super::variable::Variable;

/// One application of a function. Nodes are numbered as they are made, so a node's number is larger than those of
/// the nodes it was computed from: sorting by number is a topological order.
pub(crate) struct Node {
    pub(super) id: u64,
    /// `None` for a leaf: a parameter, something that was not computed.
    pub(super) function: Option<Box<dyn Function>>,
    /// The line that applied the function.
    pub(super) location: &'static Location<'static>,
    saved: Mutex<Saved>,
}

/// What the backward rule needs. Emptied when backward has passed and the graph is not retained.
#[derive(Default)]
pub(super) struct Saved {
    /// The inputs; those whose numbers the rule does not use are hollow.
    pub inputs: SmallVec<[Variable; 3]>,
    /// The outputs, likewise. Arrays, not variables: a node does not own itself.
    pub outputs: Outputs,
}

impl Node {
    pub(super) fn leaf(location: &'static Location<'static>) -> Arc<Node> {
        Arc::new(Node { id: next_id(), function: None, location, saved: Mutex::default() })
    }

    pub(super) fn new(function: Box<dyn Function>, saved: Saved, location: &'static Location<'static>) -> Arc<Node> {
        Arc::new(Node { id: next_id(), function: Some(function), location, saved: Mutex::new(saved) })
    }

    pub(super) fn saved(&self) -> MutexGuard<'_, Saved> {
        match self.saved.lock() {
            Ok(guard) => guard,
            Err(poisoned) => poisoned.into_inner(), // a panic elsewhere leaves the lists whole
        }
    }
}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Dropping the last variable of a long chain must not drop the chain by recursion: the inputs of a dying node are
/// collected in a list and dropped one by one.
impl Drop for Node {
    fn drop(&mut self) {
        let mut dying = take_inputs(self);
        while let Some(input) = dying.pop() {
            if let Some(mut node) = input.into_node().and_then(Arc::into_inner) {
                dying.append(&mut take_inputs(&mut node));
            }
        }
    }
}

fn take_inputs(node: &mut Node) -> SmallVec<[Variable; 3]> {
    match node.saved.get_mut() {
        Ok(saved) => std::mem::take(&mut saved.inputs),
        Err(poisoned) => std::mem::take(&mut poisoned.into_inner().inputs),
    }
}
