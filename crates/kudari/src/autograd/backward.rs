//! Walking the graph backward.
//!
//! The nodes that the outputs were computed from are collected and sorted by number, newest first; since a node is newer
//! than its inputs this is a topological order. Each node's gradient is complete when its turn comes, goes through the
//! function's backward rule, and is added to the gradients of its inputs. No recursion anywhere.

use std::cell::Cell;

use smallvec::SmallVec;

use super::function::{Context, Function, InputGradients, Outputs, Saves, apply, needs_bit};
use super::gradients::Gradients;
use super::half::backward_of;
use super::mode::with_recording;
use super::node::{Node, NodeRef, Saved};
use super::observe::{Attending, Step, attention, show};
use super::recorder::{Description, Pass, Span, bytes_moved, with_numbers};
use super::variable::Variable;
use crate::array::Array;
use crate::error::{Error, ErrorKind, Result};

/// Settings of a backward pass.
///
/// ```
/// # use kudari::{Array, Variable, autograd::Backward};
/// let x = Variable::parameter(Array::from(3.0));
/// let y = &x * &x;
/// let first = Backward::new().retain_graph(true).run(&y)?;
/// let again = y.backward()?; // possible because the graph was retained
/// assert_eq!(first.get(&x).unwrap().item::<f64>()?, again.get(&x).unwrap().item::<f64>()?);
/// # Ok::<(), kudari::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Backward {
    retain_graph: bool,
    start: Option<Array>,
}

impl Backward {
    /// The usual pass: frees what it has passed and starts from 1.
    pub fn new() -> Backward {
        Backward::default()
    }

    /// Whether the graph is kept for another backward pass. Otherwise each part is freed as soon as it was used, which
    /// keeps memory small and lets optimizers change parameters in place.
    #[must_use]
    pub fn retain_graph(mut self, retain: bool) -> Backward {
        self.retain_graph = retain;
        self
    }

    /// The gradient by the output to start from, of the output's shape. Needed if the output is not a single number.
    #[must_use]
    pub fn start(mut self, gradient: Array) -> Backward {
        self.start = Some(gradient);
        self
    }

    /// The gradients of `output` by every parameter it was computed from.
    ///
    /// # Errors
    ///
    /// No parameter behind it, an output of several numbers without a start, a graph that was freed before, or a function
    /// without a derivative on the way.
    pub fn run(&self, output: &Variable) -> Result<Gradients> {
        let start = Variable::constant(start_gradient(output, self.start.clone())?);
        let mut gradients = Gradients::default();
        let walk = Walk { create_graph: false, retain_graph: self.retain_graph, ends_at_wanted: false };
        let leaf = |node: &Node, gradient: Variable| gradients.push_falling(node.id, gradient.into_array());
        walk.run(&[(output, start)], &[], leaf, &mut |_, _| {})?;
        gradients.finish_falling();
        Ok(gradients)
    }
}

impl Variable {
    /// The gradients of this variable, a single number, by every parameter it was computed from. The graph is freed on the
    /// way; [`Backward`] can keep it.
    ///
    /// # Errors
    ///
    /// As [`Backward::run`].
    pub fn backward(&self) -> Result<Gradients> {
        Backward::new().run(self)
    }
}

/// The derivatives of the sum of `outputs` by each of `inputs`, as variables that can be differentiated again. The graph
/// is kept. Inputs may be parameters or anything computed on the way.
///
/// ```
/// # use kudari::{Array, Variable, grad};
/// let x = Variable::parameter(Array::from(2.0));
/// let y = &x * &x * &x;
/// let first = &grad(&[&y], &[&x])?[0]; // 3x²
/// let second = &grad(&[first], &[&x])?[0]; // 6x
/// assert_eq!((first.item()?, second.item()?), (12.0, 12.0));
/// # Ok::<(), kudari::Error>(())
/// ```
///
/// An input that the outputs do not depend on has derivative zero.
///
/// # Errors
///
/// An input that is a constant, a graph that was freed, or a function without a derivative on the way.
pub fn grad(outputs: &[&Variable], inputs: &[&Variable]) -> Result<Vec<Variable>> {
    let constant = inputs.iter().position(|v| !v.wants_gradient());
    if let Some(place) = constant {
        return Err(Error::new(ErrorKind::Gradient, format!("grad: input {place} is a constant"))
            .help("make it with Variable::parameter"));
    }
    let starts: Vec<_> =
        outputs.iter().filter(|v| v.wants_gradient()).map(|v| (*v, Variable::constant(v.array().full_like(1.0)))).collect();
    let walk = Walk { create_graph: true, retain_graph: true, ends_at_wanted: false };
    let wanted: Vec<(u64, usize)> = inputs.iter().filter_map(|v| Some((v.node()?.id, v.output_number()))).collect();
    let found = walk.run(&starts, &wanted, |_, _| {}, &mut |_, _| {})?;
    let zero = |v: &Variable| Variable::constant(v.array().full_like(0.0));
    Ok(found.into_iter().zip(inputs).map(|(g, v)| g.unwrap_or_else(|| zero(v))).collect())
}

fn start_gradient(output: &Variable, start: Option<Array>) -> Result<Array> {
    if !output.wants_gradient() {
        return Err(Error::new(ErrorKind::Gradient, "backward: nothing to differentiate by")
            .help("no parameter is behind this variable, or it was computed inside no_grad or after detach"));
    }
    match start {
        Some(start) if start.shape() == output.shape() && start.dtype() == output.dtype() => Ok(start),
        Some(start) => Err(Error::shape(format!(
            "backward: a start of shape {:?} ({}) for an output of shape {:?} ({})",
            start.shape(),
            start.dtype(),
            output.shape(),
            output.dtype()
        ))),
        None if output.len() == 1 => Ok(output.array().full_like(1.0)),
        None => Err(Error::shape(format!("backward: an output of shape {:?} is not a single number", output.shape()))
            .help("reduce it first (sum or mean), or give the start with Backward::start")),
    }
}

/// A node on its way through the pass: the gradients by its outputs, as far as they are known.
struct Visit {
    node: NodeRef,
    gradients: SmallVec<[Option<Variable>; 1]>,
    /// Whether gradients are wanted by this node or by something behind it.
    needed: bool,
}

/// Index of a node in the falling list of visits, found by its number.
fn find(visits: &[Visit], id: u64) -> Option<usize> {
    visits.binary_search_by(|visit| id.cmp(&visit.node.id)).ok()
}

/// The gradients of one function's result by the function's inputs, from the gradient by the result: `output` was computed from
/// `inputs`, and the way ends at them. They can be differentiated again; inputs that are constants have none.
pub(crate) fn pull_back(output: &Variable, gradient: &Variable, inputs: &[&Variable]) -> Result<Vec<Option<Variable>>> {
    let walk = Walk { create_graph: true, retain_graph: true, ends_at_wanted: true };
    let nodes: Vec<Option<(u64, usize)>> = inputs.iter().map(|v| Some((v.node()?.id, v.output_number()))).collect();
    let wanted: Vec<(u64, usize)> = nodes.iter().copied().flatten().collect();
    let mut found = walk.run(&[(output, gradient.clone())], &wanted, |_, _| {}, &mut |_, _| {})?.into_iter();
    Ok(nodes.into_iter().map(|node| node.and_then(|_| found.next().flatten())).collect())
}

pub(super) struct Walk {
    pub create_graph: bool,
    pub retain_graph: bool,
    /// Do not look behind what is wanted.
    pub ends_at_wanted: bool,
}

impl Walk {
    /// Runs the pass. `leaf` gets every leaf's gradient if nothing special is wanted; otherwise the gradients by the wanted
    /// (node, output) pairs are returned. `passing` sees the gradients by the outputs of every function.
    pub(super) fn run(
        &self,
        starts: &[(&Variable, Variable)],
        wanted: &[(u64, usize)],
        mut leaf: impl FnMut(&Node, Variable),
        passing: &mut dyn FnMut(&Node, &[Option<Variable>]),
    ) -> Result<Vec<Option<Variable>>> {
        let mut lists = Lists::take();
        let ends = if self.ends_at_wanted { wanted } else { &[] };
        self.collect(starts.iter().filter_map(|(v, _)| v.node()), ends, &mut lists)?;
        let visits = &mut lists.visits;
        mark_needed(visits, wanted);
        let mut results: Vec<Option<Variable>> = vec![None; wanted.len()];
        with_recording(self.create_graph, || {
            for (output, gradient) in starts {
                if let Some(place) = output.node().and_then(|node| find(visits, node.id)) {
                    add(&mut visits[place].gradients, output.output_number(), gradient.clone())?;
                }
            }
            let mut rest = &mut visits[..];
            while let [visit, behind @ ..] = rest {
                rest = behind;
                let Visit { node, gradients, needed } = visit;
                let gradients = std::mem::take(gradients);
                for (result, w) in results.iter_mut().zip(wanted).filter(|(_, w)| w.0 == node.id) {
                    *result = gradients.get(w.1).cloned().flatten();
                }
                let is_end = ends.iter().any(|end| end.0 == node.id);
                if gradients.iter().all(Option::is_none) || !*needed || is_end {
                    continue;
                }
                match &node.function {
                    None => {
                        if let Some(gradient) = gradients.into_iter().next().flatten() {
                            leaf(node, gradient);
                        }
                    }
                    Some(function) => {
                        passing(node, &gradients);
                        self.step(node, &**function, gradients, rest)?;
                    }
                }
            }
            Ok(())
        })?;
        lists.give_back();
        Ok(results)
    }

    /// Puts every node behind the starts into the list of visits, newest first; those behind `ends` are left out.
    fn collect<'a>(&self, starts: impl Iterator<Item = &'a NodeRef>, ends: &[(u64, usize)], lists: &mut Lists) -> Result<()> {
        let Lists { seen, nodes, visits } = lists;
        for node in starts {
            if seen.insert(node.id) {
                nodes.push(node.clone());
            }
        }
        let mut next = 0;
        while let Some(node) = nodes.get(next) {
            next += 1;
            let Some(function) = &node.function else { continue };
            if ends.iter().any(|end| end.0 == node.id) {
                continue;
            }
            let saved = node.saved();
            if saved.cut {
                continue;
            }
            if saved.inputs.is_empty() {
                return Err(Error::new(
                    ErrorKind::Gradient,
                    format!("backward: the graph behind `{}` was freed", function.name()),
                )
                .help("an earlier backward passed here; keep the graph with Backward::new().retain_graph(true)"));
            }
            if saved.released {
                return Err(Error::new(
                    ErrorKind::Gradient,
                    format!("backward: `{}` lies inside a checkpoint, which kept nothing", function.name()),
                )
                .help("go backward from the checkpoint's result, or return this variable from it"));
            }
            let new: SmallVec<[NodeRef; 3]> =
                saved.inputs.iter().filter_map(Variable::node).filter(|input| seen.insert(input.id)).cloned().collect();
            drop(saved);
            nodes.extend(new);
        }
        nodes.sort_unstable_by_key(|node| std::cmp::Reverse(node.id));
        visits.extend(nodes.drain(..).map(|node| Visit { node, gradients: SmallVec::new(), needed: true }));
        Ok(())
    }

    /// A function's backward rule. Observers see it as one step; what it is made of they see only if that can be
    /// differentiated again.
    fn apply_rule(&self, function: &dyn Function, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let unseen = attention::OBSERVERS | attention::COMPOSITIONS;
        if attention() & unseen == 0 || self.create_graph {
            return backward_of(function, context, gy);
        }
        let _attending = Attending::to(attention() & !unseen);
        backward_of(function, context, gy)
    }

    /// Passes the gradients by a node's outputs through its function and hands them to its inputs, which are among the visits `behind`.
    fn step(
        &self,
        node: &NodeRef,
        function: &dyn Function,
        gradients: SmallVec<[Option<Variable>; 1]>,
        behind: &mut [Visit],
    ) -> Result<()> {
        let span = Span::begin();
        // Without the graph being retained the saved arrays are taken out, so that their buffers go back to the pool as
        // soon as the rule is done with them.
        let Saved { inputs, outputs, cut, .. } = if self.retain_graph {
            let saved = node.saved();
            Saved { inputs: saved.inputs.clone(), outputs: saved.outputs.clone(), released: false, cut: saved.cut }
        } else {
            std::mem::take(&mut *node.saved())
        };
        if cut {
            node.saved().cut = true;
            return Ok(());
        }
        let outputs: SmallVec<[Variable; 1]> =
            outputs.into_iter().enumerate().map(|(i, array)| Variable::computed(array, node.clone(), i)).collect();
        let mut known = gradients.into_iter();
        let zero = |y: &Variable| Variable::constant(y.array().full_like(0.0));
        let gy: SmallVec<[Variable; 1]> = outputs.iter().map(|y| known.next().flatten().unwrap_or_else(|| zero(y))).collect();
        let place_of = |input: &Variable| input.node().and_then(|n| find(behind, n.id)).filter(|&i| behind[i].needed);
        let places: SmallVec<[Option<usize>; 3]> = inputs.iter().map(place_of).collect();
        let needs = places.iter().enumerate().filter(|(_, p)| p.is_some()).fold(0, |mask, (i, _)| mask | needs_bit(i));
        let context = Context { inputs: &inputs, outputs: &outputs, needs, create_graph: self.create_graph };
        let results =
            self.apply_rule(function, &context, &gy).map_err(|e| e.context(format_args!("backward of `{}`", function.name())))?;
        span.describe(|| describe(function, node.layer, &context, &gy, &results));
        if let Some(time) = span.observed() {
            show(&Step {
                pass: Pass::Backward,
                function,
                location: node.location,
                inputs: &inputs.iter().collect::<SmallVec<[&Variable; 3]>>(),
                outputs: &outputs,
                output_gradients: &gy,
                input_gradients: &results,
                time,
                layer: node.layer,
            });
        }
        for (i, (place, gradient)) in places.iter().zip(results).enumerate() {
            let (Some(place), Some(gradient)) = (*place, gradient) else { continue };
            if gradient.shape() != inputs[i].shape() {
                return Err(wrong_shape(function, i, &inputs[i], &gradient));
            }
            add(&mut behind[place].gradients, inputs[i].output_number(), gradient)?;
        }
        Ok(())
    }
}

/// What a profile shows of a backward rule.
#[cold]
fn describe(
    function: &dyn Function,
    layer: u32,
    context: &Context<'_>,
    gy: &[Variable],
    gradients: &InputGradients,
) -> Description {
    let inputs: SmallVec<[&Array; 3]> = context.inputs.iter().map(Variable::array).collect();
    let once = context.outputs.first().map_or(0.0, |y| function.operations(&inputs, y.array()));
    let read = with_numbers(gy).chain(with_numbers(context.inputs)).chain(with_numbers(context.outputs));
    let written = gradients.iter().flatten().map(Variable::array);
    Description {
        pass: Pass::Backward,
        name: function.name(),
        layer,
        operations: once * f64::from((context.needs & 0b11).count_ones()),
        bytes: bytes_moved(read, written),
    }
}

fn wrong_shape(function: &dyn Function, i: usize, input: &Variable, gradient: &Variable) -> Error {
    Error::shape(format!(
        "backward of `{}`: the gradient by input {i} has shape {:?}, the input {:?}",
        function.name(),
        gradient.shape(),
        input.shape()
    ))
    .help("a gradient has the shape of what it is the gradient by")
}

/// Switches off the nodes from which no wanted one can be reached.
fn mark_needed(visits: &mut [Visit], wanted: &[(u64, usize)]) {
    if wanted.is_empty() {
        return;
    }
    // Oldest first: a node is needed if it is wanted or one of its inputs is needed.
    for i in (0..visits.len()).rev() {
        let node = &visits[i].node;
        let behind = || {
            let saved = node.saved();
            saved.inputs.iter().filter_map(Variable::node).any(|n| find(visits, n.id).is_some_and(|p| visits[p].needed))
        };
        let needed = wanted.iter().any(|w| w.0 == node.id) || behind();
        visits[i].needed = needed;
    }
}

/// Adds a contribution to the gradient by output `number`: the first is kept as it is, later ones are added in place.
fn add(gradients: &mut SmallVec<[Option<Variable>; 1]>, number: usize, contribution: Variable) -> Result<()> {
    if gradients.len() <= number {
        gradients.resize(number, None);
        gradients.push(Some(contribution));
        return Ok(());
    }
    gradients[number] = Some(match gradients[number].take() {
        None => contribution,
        Some(sum) if sum.wants_gradient() || contribution.wants_gradient() => apply(Accumulate, &[&sum, &contribution])?,
        Some(mut sum) => {
            sum.array_mut().add_assign(contribution.array())?;
            sum
        }
    });
    Ok(())
}

/// The sum of two contributions to one gradient. Addition as users know it lives a floor above, among the functions;
/// this one needs no broadcasting.
#[derive(Debug)]
struct Accumulate;

impl Function for Accumulate {
    fn name(&self) -> &'static str {
        "accumulate"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([inputs[0].add(inputs[1])?].into())
    }
    fn backward(&self, _: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        Ok([Some(gy[0].clone()), Some(gy[0].clone())].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn keeps_half(&self) -> bool {
        true
    }
}

/// The lists of a pass, kept from one to the next so that they need no memory of their own.
#[derive(Default)]
struct Lists {
    seen: Seen,
    nodes: Vec<NodeRef>,
    visits: Vec<Visit>,
}

thread_local! {
    static LISTS: Cell<Option<Box<Lists>>> = const { Cell::new(None) };
}

impl Lists {
    /// The lists of the last pass, empty, or new ones: inside another pass those are in use.
    fn take() -> Box<Lists> {
        LISTS.take().unwrap_or_default()
    }

    /// Keeps the lists for the next pass. After an error they are dropped instead.
    fn give_back(mut self: Box<Lists>) {
        self.seen.clear();
        self.nodes.clear();
        self.visits.clear();
        LISTS.set(Some(self));
    }
}

/// A set of node numbers: open addressing on the number itself, since numbers are consecutive.
#[derive(Default)]
struct Seen {
    /// Number + 1; 0 is free. The length is a power of two.
    slots: Vec<u64>,
    count: usize,
}

impl Seen {
    fn clear(&mut self) {
        self.slots.fill(0);
        self.count = 0;
    }

    /// Puts a number in; false if it was there.
    fn insert(&mut self, id: u64) -> bool {
        if self.count * 2 >= self.slots.len() {
            let larger = vec![0; (self.slots.len() * 2).max(32)];
            let old = std::mem::replace(&mut self.slots, larger);
            old.into_iter().filter(|&key| key != 0).for_each(|key| {
                self.place(key);
            });
        }
        let new = self.place(id + 1);
        self.count += new as usize;
        new
    }

    fn place(&mut self, key: u64) -> bool {
        let mask = self.slots.len() - 1;
        let mut i = key as usize & mask;
        while self.slots[i] != 0 {
            if self.slots[i] == key {
                return false;
            }
            i = (i + 1) & mask;
        }
        self.slots[i] = key;
        true
    }
}
