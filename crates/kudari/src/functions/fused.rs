//! Functions that are compositions of simpler ones and have a kernel of their own.
//!
//! What such a function is stands once, as a composition: whoever looks at every function (a worked calculation, a search
//! for NaN) sees that, and gradients of gradients are taken of it. Where only numbers are wanted, a kernel gives the same
//! in one pass over memory, forward and backward.

use std::fmt::Debug;

use smallvec::SmallVec;

use crate::array::Array;
use crate::autograd::{Context, Function, InputGradients, Outputs, Saves, Variable, apply, may_fuse, pull_back};
use crate::error::Result;

/// The gradients by a function's inputs as arrays; `None` where none is asked for.
pub(super) type ArrayGradients = SmallVec<[Option<Array>; 3]>;

/// A composition with kernels.
pub(super) trait Fused: Debug + Send + Sync + 'static {
    /// The name, as in the registry.
    fn name(&self) -> &'static str;

    /// The function by simpler ones.
    fn compose(&self, inputs: &[Variable]) -> Result<Variable>;

    /// The function by its kernel.
    fn forward(&self, inputs: &[&Array]) -> Result<Array>;

    /// The gradients by its kernel; only those that [`Context::needs`] names.
    fn backward(&self, context: &Context<'_>, gradient: &Array) -> Result<ArrayGradients>;

    /// Whether the kernel of the gradients reads the result. It always may read the inputs.
    fn saves_output(&self) -> bool {
        false
    }

    /// See [`Function::operations`].
    fn operations(&self, inputs: &[&Array], output: &Array) -> f64 {
        let _ = (inputs, output);
        0.0
    }
}

/// A [`Fused`] function as the graph holds it.
#[derive(Debug)]
struct Kernel<F>(F);

impl<F: Fused> Function for Kernel<F> {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([self.0.forward(inputs)?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        if !context.create_graph() {
            let gradients = self.0.backward(context, gy[0].array())?;
            return Ok(gradients.into_iter().map(|gradient| gradient.map(Variable::constant)).collect());
        }
        let inputs: SmallVec<[Variable; 4]> = (0..context.input_count()).map(|i| context.input(i).clone()).collect();
        let y = self.0.compose(&inputs)?;
        Ok(pull_back(&y, &gy[0], &inputs.iter().collect::<SmallVec<[&Variable; 4]>>())?.into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves { inputs: u8::MAX, outputs: self.0.saves_output() as u8 }
    }
    fn operations(&self, inputs: &[&Array], output: &Array) -> f64 {
        self.0.operations(inputs, output)
    }
}

/// Applies a function by its kernel, or as the composition that it is while somebody looks at every function.
#[track_caller]
pub(super) fn apply_fused<F: Fused>(function: F, inputs: &[&Variable]) -> Result<Variable> {
    if may_fuse() {
        return apply(Kernel(function), inputs);
    }
    function.compose(&inputs.iter().map(|&input| input.clone()).collect::<SmallVec<[Variable; 4]>>())
}
