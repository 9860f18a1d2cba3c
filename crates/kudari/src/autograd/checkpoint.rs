//! Gradient checkpointing: what is computed inside is not kept for backward but computed again there.

use std::collections::{HashMap, HashSet};
use std::fmt;

use smallvec::SmallVec;

use super::backward::Walk;
use super::function::{Context, Function, InputGradients, Outputs, Saves, apply_infallible};
use super::half::evaluate;
use super::node::{NodeRef, next_id};
use super::observe::{Attending, attention, may_fuse};
use super::recorder::Span;
use super::variable::Variable;
use crate::array::Array;
use crate::error::{Error, ErrorKind, Result};

/// Runs `body` and keeps for backward only what goes into it and comes out of it; backward computes what lies between once
/// more when it gets there (Chen, Xu, Zhang and Guestrin 2016). The memory of a deep network then grows with what stands
/// between its checkpoints, for one more forward pass of time. The gradients are the same bits.
///
/// Functions are computed again from the same inputs, random numbers included; `body` itself runs once.
///
/// ```
/// # use kudari::{Array, Variable, autograd::checkpoint};
/// let x = Variable::parameter(Array::from([0.5, 1.0]));
/// let y = checkpoint(|| Ok(x.sin().exp().square().sum()))?; // three results that nobody keeps
/// let same = x.sin().exp().square().sum();
/// assert_eq!(y.backward()?.get(&x).unwrap().to_f64_vec(), same.backward()?.get(&x).unwrap().to_f64_vec());
/// # Ok::<(), kudari::Error>(())
/// ```
///
/// A variable that `body` made and handed out by another way than its result has no gradient behind it any more: backward
/// from it is an error that says so. While somebody looks at every function (a trace, a search for NaN) everything is kept.
///
/// # Errors
///
/// What `body` returns.
#[track_caller]
pub fn checkpoint(body: impl FnOnce() -> Result<Variable>) -> Result<Variable> {
    if !may_fuse() {
        return body();
    }
    let span = Span::begin();
    let first = next_id();
    let output = {
        let _attending = Attending::to(attention() | attention::EVERYTHING);
        body()?
    };
    let nodes = inside(&output, first);
    if nodes.is_empty() {
        return Ok(output); // nothing recorded, or nothing computed
    }
    let ids: HashSet<u64> = nodes.iter().map(|node| node.id).collect();
    let mut boundary: Vec<Variable> = Vec::new();
    for node in &nodes {
        for input in &node.saved().inputs {
            let known = |v: &Variable| v.identity_number() == input.identity_number();
            if input.node().is_some_and(|n| !ids.contains(&n.id)) && !boundary.iter().any(known) {
                boundary.push(input.clone());
            }
        }
    }
    let array = output.array().clone();
    let function = Checkpoint { output: output.hollow(), nodes };
    function.release();
    Ok(apply_infallible(span, function, &boundary.iter().collect::<Vec<_>>(), array))
}

/// The applications behind `output` that are newer than node `first`, oldest first.
fn inside(output: &Variable, first: u64) -> Vec<NodeRef> {
    let is_inside = |node: &&NodeRef| node.id > first && node.function.is_some();
    let mut nodes: Vec<NodeRef> = output.node().into_iter().filter(is_inside).cloned().collect();
    let mut seen: HashSet<u64> = nodes.iter().map(|node| node.id).collect();
    let mut next = 0;
    while let Some(node) = nodes.get(next).cloned() {
        next += 1;
        for input in node.saved().inputs.iter().filter_map(Variable::node).filter(is_inside) {
            if seen.insert(input.id) {
                nodes.push(input.clone());
            }
        }
    }
    nodes.sort_unstable_by_key(|node| node.id);
    nodes
}

/// A part of a graph as one function: its inputs are all that the part reads from outside, parameters among them.
struct Checkpoint {
    output: Variable,
    /// The part's applications, oldest first. Of what they computed only the shapes are kept between forward and backward.
    nodes: Vec<NodeRef>,
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checkpoint of {} functions", self.nodes.len())
    }
}

impl Checkpoint {
    /// Forgets all numbers but those of constants.
    fn release(&self) {
        for node in &self.nodes {
            let mut saved = node.saved();
            for input in saved.inputs.iter_mut().filter(|input| input.wants_gradient()) {
                *input = input.hollow();
            }
            saved.outputs.iter_mut().for_each(|output| *output = output.hollow());
            saved.released = true;
        }
    }

    /// Computes all functions again from the part's inputs, whose places in the graph are `places`; with `keep` the numbers
    /// that backward reads are put where it looks for them.
    fn recompute(&self, places: &[Option<(u64, usize)>], inputs: &[&Array], keep: bool) -> Result<Array> {
        let places = places.iter().copied().zip(inputs).filter_map(|(place, &array)| Some((place?, array.clone())));
        let mut known: HashMap<(u64, usize), Array> = places.collect();
        for node in &self.nodes {
            let Some(function) = &node.function else { continue };
            let mut saved = node.saved();
            let given = |input: &Variable| match input.identity_number() {
                None => Some(input.array().clone()),
                Some(place) => known.get(&place).cloned(),
            };
            let lost = || Error::new(ErrorKind::Gradient, format!("checkpoint: an input of `{}` was lost", function.name()));
            let arrays: SmallVec<[Array; 3]> =
                saved.inputs.iter().map(|input| given(input).ok_or_else(lost)).collect::<Result<_>>()?;
            let outputs = evaluate(&**function, &arrays.iter().collect::<SmallVec<[&Array; 3]>>())?;
            if keep {
                let saves = function.saves();
                for (i, (input, array)) in saved.inputs.iter_mut().zip(arrays).enumerate() {
                    if Saves::has(saves.inputs, i) {
                        *input = input.with_array(array);
                    }
                }
                for (i, (kept, array)) in saved.outputs.iter_mut().zip(&outputs).enumerate() {
                    if Saves::has(saves.outputs, i) {
                        *kept = array.clone();
                    }
                }
                saved.released = false;
            }
            known.extend(outputs.into_iter().enumerate().map(|(i, array)| ((node.id, i), array)));
        }
        let result = self.output.identity_number().and_then(|place| known.remove(&place));
        result.ok_or_else(|| Error::new(ErrorKind::Gradient, "checkpoint: its result was lost"))
    }

    /// Where the part's inputs stand in the graph, in the order in which [`checkpoint`] found them.
    fn places(&self) -> Vec<Option<(u64, usize)>> {
        let ids: HashSet<u64> = self.nodes.iter().map(|node| node.id).collect();
        let mut places = Vec::new();
        for node in &self.nodes {
            for input in &node.saved().inputs {
                let place = input.identity_number();
                if place.is_some_and(|(id, _)| !ids.contains(&id)) && !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        places
    }
}

impl Function for Checkpoint {
    fn name(&self) -> &'static str {
        "checkpoint"
    }

    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([self.recompute(&self.places(), inputs, false)?].into())
    }

    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let inputs: SmallVec<[&Variable; 3]> = (0..context.input_count()).map(|i| context.input(i)).collect();
        let arrays: SmallVec<[&Array; 3]> = inputs.iter().map(|v| v.array()).collect();
        let places: Vec<Option<(u64, usize)>> = inputs.iter().map(|v| v.identity_number()).collect();
        self.recompute(&places, &arrays, true)?;
        // All inputs, so that the walk ends at each of them.
        let wanted: Vec<(u64, usize)> = places.iter().copied().flatten().collect();
        // The numbers are released here and not by the walk, so that the part can be computed a third time.
        let walk = Walk { create_graph: context.create_graph(), retain_graph: true, ends_at_wanted: true };
        let found = walk.run(&[(&self.output, gy[0].clone())], &wanted, |_, _| {}, &mut |_, _| {});
        if !context.create_graph() {
            self.release();
        }
        found.map(InputGradients::from_vec)
    }

    fn keeps_half(&self) -> bool {
        true // its functions see to themselves
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
}
