//! Half precision: functions calculate in f32.
//!
//! What is kept, in arrays and in the graph, has 16 bits. A function gets its inputs as f32, so that its sums are carried in
//! f32, and what it returns is rounded once. Its backward rule runs in f32 likewise; the gradients that it passes on have the
//! types of their inputs.

use smallvec::SmallVec;

use super::function::{Context, Function, InputGradients, Outputs, Saves, apply};
use super::variable::Variable;
use crate::array::{Array, DType};
use crate::error::{Error, Result};

/// A function's outputs: [`Function::forward`], by way of f32 where inputs are of half precision.
pub(super) fn evaluate(function: &dyn Function, inputs: &[&Array]) -> Result<Outputs> {
    match inputs.iter().find(|x| x.dtype().is_half()) {
        Some(x) if !function.keeps_half() => through_f32(function, inputs, x.dtype()),
        _ => function.forward(inputs),
    }
}

#[cold]
fn through_f32(function: &dyn Function, inputs: &[&Array], half: DType) -> Result<Outputs> {
    if let Some(other) = inputs.iter().find(|x| x.dtype().is_float() && x.dtype() != half) {
        return Err(Error::dtype(format!("{}: one operand holds {half}, another {}", function.name(), other.dtype()))
            .help("convert one of them with to_dtype"));
    }
    let wide: SmallVec<[Array; 3]> = inputs.iter().map(|x| x.widened()).collect();
    let outputs = function.forward(&wide.iter().collect::<SmallVec<[&Array; 3]>>())?;
    Ok(outputs.into_iter().map(|y| if y.dtype() == DType::F32 { y.to_dtype(half) } else { y }).collect())
}

/// A function's backward rule, in f32 where its inputs or outputs are of half precision.
pub(super) fn backward_of(function: &dyn Function, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
    let is_half = |v: &Variable| v.dtype().is_half();
    if function.keeps_half() || !(context.inputs.iter().any(is_half) || context.outputs.iter().any(is_half)) {
        return function.backward(context, gy);
    }
    let widened =
        |variables: &[Variable]| -> Result<Vec<Variable>> { variables.iter().map(|v| as_type(v, v.dtype().widened())).collect() };
    let (inputs, outputs, gy) = (widened(context.inputs)?, widened(context.outputs)?, widened(gy)?);
    let gradients = function.backward(&Context { inputs: &inputs, outputs: &outputs, ..*context }, &gy)?;
    let rounded = |(gradient, input): (Option<Variable>, &Variable)| gradient.map(|g| as_type(&g, input.dtype())).transpose();
    gradients.into_iter().zip(context.inputs).map(rounded).collect()
}

fn as_type(v: &Variable, dtype: DType) -> Result<Variable> {
    if v.dtype() == dtype { Ok(v.clone()) } else { apply(Convert(dtype), &[v]) }
}

/// The same numbers as another type. Conversion as users know it lives a floor above, among the functions; this one takes
/// arrays of which only the shape was kept, too.
#[derive(Debug)]
struct Convert(DType);

impl Function for Convert {
    fn name(&self) -> &'static str {
        "convert"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([inputs[0].to_dtype_or_hollow(self.0)].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        Ok([Some(as_type(&gy[0], context.input(0).dtype())?)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn keeps_half(&self) -> bool {
        true
    }
}
