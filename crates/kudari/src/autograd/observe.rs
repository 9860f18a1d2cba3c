//! Seeing every function as it runs: the one place where a program can look into a calculation.
//!
//! Whoever wants to look implements [`Observe`] and is handed a [`Step`] after every function that the thread applies,
//! forward and backward: [`trace`](super::trace()) writes the steps down, [`find_non_finite`](super::find_non_finite)
//! looks for the first NaN, [`Timing`](super::Timing) and [`Statistics`](super::Statistics) add up. While nobody looks, all
//! of this costs the test of one flag.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::time::Duration;

use super::function::Function;
use super::recorder::{Pass, layer_name};
use super::variable::Variable;
use super::worked::{Calculation, Worked};
use crate::array::Array;

/// One application of a function, or of its backward rule, as an observer sees it.
pub struct Step<'a> {
    /// [`Pass::Forward`] or [`Pass::Backward`].
    pub pass: Pass,
    /// The function.
    pub function: &'a dyn Function,
    /// The line of the program that applied the function.
    pub location: &'static Location<'static>,
    /// How long it took.
    pub time: Duration,
    pub(super) layer: u32,
    pub(super) inputs: &'a [&'a Variable],
    pub(super) outputs: &'a [Variable],
    /// Backward: the gradients by the outputs.
    pub(super) output_gradients: &'a [Variable],
    /// Backward: the gradients by the inputs, where there are any.
    pub(super) input_gradients: &'a [Option<Variable>],
}

impl Step<'_> {
    /// The function's name.
    pub fn name(&self) -> &'static str {
        self.function.name()
    }

    /// The path of the layer that applied the function, `2.linear(10)`; empty outside of layers.
    pub fn layer(&self) -> String {
        layer_name(self.layer)
    }

    /// Sizes of the axes of the inputs.
    pub fn input_shapes(&self) -> impl Iterator<Item = &[usize]> {
        self.inputs.iter().map(|v| v.shape())
    }

    /// Sizes of the axes of the outputs.
    pub fn output_shapes(&self) -> impl Iterator<Item = &[usize]> {
        self.outputs.iter().map(Variable::shape)
    }

    /// Input `i`. A backward rule has only those that it reads.
    pub fn input(&self, i: usize) -> Option<&Variable> {
        self.inputs.get(i).copied().filter(|v| !v.array().is_hollow())
    }

    /// Output `i`, likewise.
    pub fn output(&self, i: usize) -> Option<&Variable> {
        self.outputs.get(i).filter(|v| !v.array().is_hollow())
    }

    /// What the step was given: the inputs, or the gradients by the outputs.
    pub fn given(&self) -> impl Iterator<Item = &Variable> {
        let backward = self.pass == Pass::Backward;
        let (inputs, gradients) = if backward { (&[][..], self.output_gradients) } else { (self.inputs, &[][..]) };
        inputs.iter().copied().chain(gradients)
    }

    /// What the step computed: the outputs, or the gradients by those inputs that have one.
    pub fn results(&self) -> impl Iterator<Item = &Variable> {
        let backward = self.pass == Pass::Backward;
        let (outputs, gradients) = if backward { (&[][..], self.input_gradients) } else { (self.outputs, &[][..]) };
        outputs.iter().chain(gradients.iter().flatten())
    }

    /// The calculation of output `output` number by number, if the function tells it and all numbers are there.
    pub fn worked(&self, output: usize) -> Option<Box<dyn Worked>> {
        let output = self.output(output)?.array();
        let inputs: Vec<&Array> = (0..self.inputs.len()).map(|i| Some(self.input(i)?.array())).collect::<Option<_>>()?;
        self.function.worked(&Calculation { inputs: &inputs, output })
    }
}

/// Who sees every function as it runs. A closure that takes a [`Step`] is one.
pub trait Observe: Any {
    /// Is told of a step after it was made. Functions that the observer itself applies here are seen by nobody.
    fn see(&mut self, step: &Step<'_>);

    /// Whether functions that compute in one pass what others compute in several are to be seen as those others, with all
    /// numbers in between; all inputs and outputs are then kept for backward steps. Slower, and for the same mathematics the
    /// last bits may differ.
    fn wants_compositions(&self) -> bool {
        false
    }

    /// Is told the letter that a composition has for one of its numbers, if it wants compositions.
    fn named(&mut self, variable: &Variable, letter: Letter) {
        let _ = (variable, letter);
    }
}

/// What formulas call a variable inside a composition: m, or hₜ with its place in a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Letter {
    /// The letter.
    pub letter: &'static str,
    /// The place in a sequence, from 1; 0 is what was before it.
    pub place: Option<usize>,
}

impl<F: FnMut(&Step<'_>) + 'static> Observe for F {
    fn see(&mut self, step: &Step<'_>) {
        self(step);
    }
}

/// Bits of what this thread's functions have to attend to, in one flag so that ordinary running tests only one.
pub(super) mod attention {
    /// Spans of time are recorded.
    pub(in super::super) const RECORDER: u8 = 1;
    /// Observers look on.
    pub(in super::super) const OBSERVERS: u8 = 2;
    /// One of them wants compositions.
    pub(in super::super) const COMPOSITIONS: u8 = 4;
    /// Applications keep all their numbers, also those that their backward rules do not read.
    pub(in super::super) const EVERYTHING: u8 = 8;
}

thread_local! {
    static ATTENTION: Cell<u8> = const { Cell::new(0) };
    static OBSERVERS: RefCell<Vec<Box<dyn Observe>>> = const { RefCell::new(Vec::new()) };
}

/// What this thread's functions have to attend to: the bits of [`attention`].
#[inline]
pub(super) fn attention() -> u8 {
    ATTENTION.get()
}

/// Attends to exactly these, until dropped.
pub(super) struct Attending {
    before: u8,
}

impl Attending {
    pub(super) fn to(bits: u8) -> Attending {
        Attending { before: ATTENTION.replace(bits) }
    }
}

impl Drop for Attending {
    fn drop(&mut self) {
        ATTENTION.set(self.before);
    }
}

/// Whether two functions may be applied as one that does the same: not while somebody looks at every function.
#[inline]
pub(crate) fn may_fuse() -> bool {
    attention() & attention::COMPOSITIONS == 0
}

/// Tells observers of compositions what formulas call this variable.
#[inline]
pub(crate) fn name(variable: &Variable, letter: &'static str, place: Option<usize>) {
    if !may_fuse() {
        OBSERVERS.with_borrow_mut(|all| {
            all.iter_mut().for_each(|observer| observer.named(variable, Letter { letter, place }));
        });
    }
}

/// Runs `body` while `observer` sees every function that this thread applies, and gives the observer back. Several may
/// look on at the same time, an inner one besides the outer ones.
///
/// ```
/// # use kudari::{Array, Variable, autograd::{Step, observe}};
/// let x = Variable::parameter(Array::from([1.0, 4.0]));
/// let print = |step: &Step<'_>| println!("{:?} {} at {}", step.pass, step.name(), step.location);
/// let (gradients, _) = observe(print, || x.sqrt().sum().backward());
/// assert_eq!(gradients?.get(&x).unwrap().to_f64_vec(), [0.5, 0.25]);
/// # Ok::<(), kudari::Error>(())
/// ```
pub fn observe<O: Observe, R>(observer: O, body: impl FnOnce() -> R) -> (R, O) {
    /// Removes the observers from place `.0` on when a panic unwinds.
    struct Leave(usize);
    impl Drop for Leave {
        fn drop(&mut self) {
            OBSERVERS.with_borrow_mut(|all| all.truncate(self.0));
        }
    }
    let compositions = if observer.wants_compositions() { attention::COMPOSITIONS | attention::EVERYTHING } else { 0 };
    let attending = Attending::to(attention() | attention::OBSERVERS | compositions);
    let leave = Leave(OBSERVERS.with_borrow_mut(|all| {
        all.push(Box::new(observer));
        all.len() - 1
    }));
    let result = body();
    let observer: Option<Box<dyn Observe>> = OBSERVERS.with_borrow_mut(Vec::pop);
    drop((leave, attending));
    match observer.map(|observer| (observer as Box<dyn Any>).downcast::<O>()) {
        Some(Ok(observer)) => (result, *observer),
        _ => unreachable!("observers come and go in the order of a stack"),
    }
}

/// Shows a step to all observers.
#[cold]
pub(super) fn show(step: &Step<'_>) {
    /// Puts the observers back when dropped, also when one of them panics and the program goes on behind it.
    struct Looking(Vec<Box<dyn Observe>>);
    impl Drop for Looking {
        fn drop(&mut self) {
            OBSERVERS.set(std::mem::take(&mut self.0));
        }
    }
    // Nobody looks on while they look; the recorder goes on.
    let _attending = Attending::to(attention() & attention::RECORDER);
    let mut looking = Looking(OBSERVERS.take());
    looking.0.iter_mut().for_each(|observer| observer.see(step));
}
