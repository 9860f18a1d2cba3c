//! Writing down which functions a calculation applied, with all the numbers.

use std::cell::{Cell, RefCell};

use super::variable::Variable;
use super::worked::{Calculation, Worked};
use crate::array::Array;

thread_local! {
    static TRACING: Cell<bool> = const { Cell::new(false) };
    static CALLS: RefCell<Vec<Call>> = const { RefCell::new(Vec::new()) };
}

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
    /// Puts the outer trace back when dropped, also when a panic unwinds.
    struct Outer(bool, Vec<Call>);
    impl Drop for Outer {
        fn drop(&mut self) {
            TRACING.set(self.0);
            CALLS.set(std::mem::take(&mut self.1));
        }
    }
    let outer = Outer(TRACING.replace(true), CALLS.take());
    let result = body();
    let calls = CALLS.take();
    drop(outer);
    (result, calls)
}

/// Whether a trace is being written.
#[inline]
pub(super) fn is_on() -> bool {
    TRACING.get()
}

/// Writes a call down if a trace is on.
#[inline]
pub(super) fn note(inputs: &[&Variable], output: &Variable) {
    if TRACING.get() {
        let call = Call { inputs: inputs.iter().map(|v| (*v).clone()).collect(), output: output.clone() };
        CALLS.with_borrow_mut(|calls| calls.push(call));
    }
}
