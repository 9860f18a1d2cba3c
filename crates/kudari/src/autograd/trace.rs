//! Writing down which functions a calculation applied, with all the numbers.

use super::observe::{Letter, Observe, Step, observe};
use super::recorder::Pass;
use super::variable::Variable;
use super::worked::{Calculation, Worked};
use crate::array::Array;

/// One application of a function that was recorded: what went in and what came out. The graph keeps only what backward
/// needs; a trace keeps everything.
#[derive(Debug, Clone)]
pub struct Call {
    /// The inputs.
    pub inputs: Vec<Variable>,
    /// The result; of a function of several results there is one call for each.
    pub output: Variable,
}

impl Call {
    /// The function's name.
    pub fn name(&self) -> &str {
        self.output.creator().unwrap_or_default()
    }

    /// The calculation number by number; `None` if the function does not tell.
    pub fn worked(&self) -> Option<Box<dyn Worked>> {
        let inputs: Vec<&Array> = self.inputs.iter().map(Variable::array).collect();
        let calculation = Calculation { inputs: &inputs, output: self.output.array() };
        self.output.node()?.function.as_ref()?.worked(&calculation)
    }
}

/// Runs `body` and tells which functions it applied to variables that want a gradient, in their order.
///
/// ```
/// # use kudari::{Array, Variable, autograd::trace};
/// let x = Variable::parameter(Array::from(2.0));
/// let (_, calls) = trace(|| (&x * &x).exp());
/// assert_eq!(calls.iter().map(|call| call.name()).collect::<Vec<_>>(), ["mul", "exp"]);
/// ```
pub fn trace<R>(body: impl FnOnce() -> R) -> (R, Vec<Call>) {
    let (result, trace) = trace_with_letters(body);
    (result, trace.calls)
}

/// What [`trace_with_letters`] finds.
#[derive(Default)]
pub(crate) struct Trace {
    /// The functions that were applied, in their order.
    pub calls: Vec<Call>,
    /// Variables that compositions have letters for.
    pub letters: Vec<(Variable, Letter)>,
}

/// Runs `body` and tells which functions it applied, as [`trace`] does, and what compositions call their numbers.
pub(crate) fn trace_with_letters<R>(body: impl FnOnce() -> R) -> (R, Trace) {
    observe(Trace::default(), body)
}

impl Observe for Trace {
    fn see(&mut self, step: &Step<'_>) {
        if step.pass != Pass::Forward {
            return;
        }
        for output in step.outputs.iter().filter(|output| output.wants_gradient()) {
            let inputs = step.inputs.iter().map(|&input| input.clone()).collect();
            self.calls.push(Call { inputs, output: output.clone() });
        }
    }

    fn wants_compositions(&self) -> bool {
        true
    }

    fn named(&mut self, variable: &Variable, letter: Letter) {
        self.letters.push((variable.clone(), letter));
    }
}
