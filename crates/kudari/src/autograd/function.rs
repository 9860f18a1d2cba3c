//! What a differentiable function is, and how it is applied.

use std::fmt::Debug;
use std::panic::Location;
use std::time::Duration;

use smallvec::SmallVec;

use super::half::evaluate;
use super::mode::is_recording;
use super::node::Node;
use super::observe::{Step, show};
use super::recorder::{Description, Pass, Span, bytes_moved, current_layer};
use super::variable::Variable;
use super::worked::{Calculation, Worked};
use crate::array::Array;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::pooled::Pooled;

/// A function's results, usually one.
pub type Outputs = SmallVec<[Array; 1]>;

/// The gradients by a function's inputs, in their order; `None` where there is none (a label, an input that needs no
/// gradient).
pub type InputGradients = SmallVec<[Option<Variable>; 3]>;

/// Which inputs and outputs a backward rule reads. The others' numbers are not kept, only their shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saves {
    /// Bit i is set if the rule reads input i.
    pub inputs: u8,
    /// Bit i is set if the rule reads output i.
    pub outputs: u8,
}

impl Saves {
    /// Everything.
    pub const ALL: Saves = Saves { inputs: u8::MAX, outputs: u8::MAX };
    /// Only shapes.
    pub const NOTHING: Saves = Saves { inputs: 0, outputs: 0 };
    /// The inputs.
    pub const INPUTS: Saves = Saves { inputs: u8::MAX, outputs: 0 };
    /// The outputs.
    pub const OUTPUTS: Saves = Saves { inputs: 0, outputs: u8::MAX };

    /// Whether a mask has input or output `i`; the last bit stands for all from the eighth on.
    #[inline]
    pub(super) fn has(mask: u8, i: usize) -> bool {
        mask & 1 << i.min(7) != 0
    }
}

/// A differentiable function: how to compute it, and how gradients pass through it.
///
/// The backward rule is itself made of differentiable functions of variables, which is what makes gradients of
/// gradients right. Where [`Context::create_graph`] is false it may take a shortcut on arrays.
///
/// ```
/// use kudari::{Array, Result, Variable};
/// use kudari::autograd::{Context, Function, InputGradients, Outputs, apply};
///
/// /// y = x³
/// #[derive(Debug)]
/// struct Cube;
///
/// impl Function for Cube {
///     fn name(&self) -> &'static str {
///         "cube"
///     }
///     fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
///         let x = inputs[0];
///         Ok([x * x * x].into())
///     }
///     fn backward(&self, context: &Context, gy: &[Variable]) -> Result<InputGradients> {
///         let x = context.input(0);
///         Ok([Some(&gy[0] * 3.0 * x * x)].into_iter().collect())
///     }
/// }
///
/// let x = Variable::parameter(Array::from(2.0));
/// let y = apply(Cube, &[&x])?;
/// assert_eq!(y.backward()?.get(&x).unwrap().item::<f64>()?, 12.0);
/// # Ok::<(), kudari::Error>(())
/// ```
pub trait Function: Debug + Send + Sync + 'static {
    /// The name, for errors, profiles and pictures of the graph.
    fn name(&self) -> &'static str;

    /// Computes the outputs, or says which shapes or types do not fit.
    ///
    /// # Errors
    ///
    /// Inputs that the function is not defined for.
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs>;

    /// The gradients by the inputs from the gradients `gy` by the outputs. Inputs for which [`Context::needs`] is false
    /// may be `None`.
    ///
    /// # Errors
    ///
    /// What the functions used return; a function without a derivative says so here.
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let _ = (context, gy);
        Err(Error::new(ErrorKind::Gradient, format!("`{}` has no derivative", self.name()))
            .help("take its result as a constant: detach()"))
    }

    /// Which inputs and outputs [`backward`](Function::backward) reads.
    fn saves(&self) -> Saves {
        Saves::ALL
    }

    /// The floating-point operations of one application, for profiles: a product of matrices counts a multiplication and an
    /// addition for every pair of numbers that meet. Only shapes may be read. 0 if the function does not tell, as most do
    /// whose time goes into moving numbers and not into calculating with them.
    ///
    /// Products are linear in each of their first two inputs, so the gradient by one of these is taken to cost as much again.
    fn operations(&self, inputs: &[&Array], output: &Array) -> f64 {
        let _ = (inputs, output);
        0.0
    }

    /// Whether the function takes numbers of half precision (f16, bf16) as they are, because it only moves them. Any other gets
    /// them as f32, in both directions, and what it returns is rounded: `forward` and `backward` never see half precision.
    fn keeps_half(&self) -> bool {
        false
    }

    /// The calculation number by number, for those who want to see it worked out; `None` if the function does not tell.
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let _ = calculation;
        None
    }
}

/// What a backward rule can see of the application it belongs to.
pub struct Context<'a> {
    pub(super) inputs: &'a [Variable],
    pub(super) outputs: &'a [Variable],
    pub(super) needs: u32,
    pub(super) create_graph: bool,
}

impl Context<'_> {
    /// Number of inputs.
    pub fn input_count(&self) -> usize {
        self.inputs.len()
    }

    /// Input `i`. Its numbers are there only if [`Function::saves`] names it, its shape always.
    pub fn input(&self, i: usize) -> &Variable {
        &self.inputs[i]
    }

    /// Output `i`, likewise.
    pub fn output(&self, i: usize) -> &Variable {
        &self.outputs[i]
    }

    /// Whether somebody wants the gradient by input `i`.
    pub fn needs(&self, i: usize) -> bool {
        self.needs & needs_bit(i) != 0
    }

    /// Whether the gradients will be differentiated again, so that the rule must use differentiable functions.
    pub fn create_graph(&self) -> bool {
        self.create_graph
    }
}

/// The bit of input `i` in [`Context::needs`]; the last one stands for all from there on.
#[inline]
pub(super) fn needs_bit(i: usize) -> u32 {
    1 << i.min(31)
}

/// Applies a function of one output to variables and records it if one of them wants a gradient.
///
/// # Errors
///
/// What the function's forward returns, or a function that does not have exactly one output.
#[track_caller]
pub fn apply<F: Function>(function: F, inputs: &[&Variable]) -> Result<Variable> {
    let (span, location) = (Span::begin(), Location::caller());
    if is_wanted(inputs) {
        let function = pooled(function);
        let output = only_output(&*function, inputs)?;
        return Ok(record(&span, function, inputs, output, location));
    }
    let output = only_output(&function, inputs)?;
    Ok(pass(&span, &function, inputs, output, location))
}

/// The result of a function that has one.
fn only_output(function: &dyn Function, inputs: &[&Variable]) -> Result<Array> {
    let mut outputs = evaluate(function, &arrays(inputs))?;
    match (outputs.len(), outputs.pop()) {
        (1, Some(output)) => Ok(output),
        (count, _) => Err(Error::value(format!("`{}` has {count} outputs", function.name())).help("use apply_many")),
    }
}

/// The function in memory of its own, as the graph keeps it. What follows from here is compiled once for all functions.
fn pooled<F: Function>(function: F) -> Pooled<dyn Function> {
    Pooled::<dyn Function>::new(function, |f: &mut F| f)
}

/// [`apply`] for a result that was computed already, since `span` began, and cannot fail.
#[track_caller]
pub(crate) fn apply_infallible<F: Function>(span: Span, function: F, inputs: &[&Variable], output: Array) -> Variable {
    if is_wanted(inputs) {
        record(&span, pooled(function), inputs, output, Location::caller())
    } else {
        pass(&span, &function, inputs, output, Location::caller())
    }
}

/// Applies a function of any number of outputs.
///
/// # Errors
///
/// What the function's forward returns.
#[track_caller]
pub fn apply_many<F: Function>(function: F, inputs: &[&Variable]) -> Result<Vec<Variable>> {
    many(pooled(function), inputs, Location::caller())
}

fn many(function: Pooled<dyn Function>, inputs: &[&Variable], location: &'static Location<'static>) -> Result<Vec<Variable>> {
    let span = Span::begin();
    let outputs = evaluate(&*function, &arrays(inputs))?;
    span.describe(|| describe(&*function, inputs, &outputs));
    let time = span.observed();
    if !is_wanted(inputs) {
        let outputs: Vec<Variable> = outputs.into_iter().map(Variable::constant).collect();
        time.into_iter().for_each(|time| look(&*function, inputs, &outputs, location, time));
        return Ok(outputs);
    }
    let node = Node::application(function, inputs, &outputs, location);
    let outputs: Vec<Variable> =
        outputs.into_iter().enumerate().map(|(i, array)| Variable::computed(array, node.clone(), i)).collect();
    if let (Some(time), Some(function)) = (time, &node.function) {
        look(&**function, inputs, &outputs, location, time);
    }
    Ok(outputs)
}

#[inline]
fn arrays<'a>(inputs: &[&'a Variable]) -> SmallVec<[&'a Array; 3]> {
    inputs.iter().map(|v| v.array()).collect()
}

/// The result of an application that nobody will differentiate.
fn pass(
    span: &Span,
    function: &dyn Function,
    inputs: &[&Variable],
    output: Array,
    location: &'static Location<'static>,
) -> Variable {
    span.describe(|| describe(function, inputs, std::slice::from_ref(&output)));
    let output = Variable::constant(output);
    if let Some(time) = span.observed() {
        look(function, inputs, std::slice::from_ref(&output), location, time);
    }
    output
}

/// The result of an application that enters the graph.
fn record(
    span: &Span,
    function: Pooled<dyn Function>,
    inputs: &[&Variable],
    output: Array,
    location: &'static Location<'static>,
) -> Variable {
    span.describe(|| describe(&*function, inputs, std::slice::from_ref(&output)));
    let time = span.observed();
    let node = Node::application(function, inputs, std::slice::from_ref(&output), location);
    let output = Variable::computed(output, node, 0);
    if let (Some(time), Some(function)) = (time, output.node().and_then(|node| node.function.as_ref())) {
        look(&**function, inputs, std::slice::from_ref(&output), location, time);
    }
    output
}

/// Shows an application to those who look on.
#[cold]
fn look(
    function: &dyn Function,
    inputs: &[&Variable],
    outputs: &[Variable],
    location: &'static Location<'static>,
    time: Duration,
) {
    let (output_gradients, input_gradients) = (&[][..], &[][..]);
    let layer = current_layer();
    show(&Step { pass: Pass::Forward, function, location, inputs, outputs, output_gradients, input_gradients, time, layer });
}

/// What a profile shows of an application.
#[cold]
fn describe(function: &dyn Function, inputs: &[&Variable], outputs: &[Array]) -> Description {
    let inputs = arrays(inputs);
    Description {
        pass: Pass::Forward,
        name: function.name(),
        layer: current_layer(),
        operations: outputs.first().map_or(0.0, |output| function.operations(&inputs, output)),
        bytes: bytes_moved(inputs.iter().copied(), outputs.iter()),
    }
}

#[inline]
fn is_wanted(inputs: &[&Variable]) -> bool {
    is_recording() && inputs.iter().any(|v| v.wants_gradient())
}
