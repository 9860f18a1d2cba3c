//! The plain loop: every parameter moved in turn, every loss computed from the beginning.

use super::NumericalGradient;
use crate::array::{Array, DType};
use crate::autograd::{Gradients, no_grad};
use crate::data::Batch;
use crate::error::Result;
use crate::kernels::float::{Element, with_float};
use crate::layers::{Layer, Parameter, Path};
use crate::model::Network;
use crate::train::losses::Loss;

/// The loss of a batch.
pub(super) fn loss_of(network: &Network, loss: &Loss, batch: &Batch) -> Result<f64> {
    no_grad(|| loss.of(&network.forward(&batch.x)?, &batch.t))?.item()
}

/// The loss and its gradients by all parameters of `layer`; no gradients if the loss is not finite.
pub(super) fn gradients<L: Layer>(
    settings: &NumericalGradient,
    layer: &mut L,
    mut loss: impl FnMut(&L) -> Result<f64>,
) -> Result<(f64, Gradients)> {
    // Every loss is that of the same state: layers that count or draw numbers would go on with each.
    let before = layer.buffers();
    let start = loss(layer)?;
    let after = layer.buffers();
    let mut gradients = Gradients::default();
    if !start.is_finite() {
        return Ok((start, gradients));
    }
    let mut parameters: Vec<(Vec<f64>, DType)> = Vec::new();
    layer.visit(&Path::ROOT, &mut |_, p| parameters.push((p.array().to_f64_vec(), p.array().dtype())));
    for (number, (numbers, dtype)) in parameters.into_iter().enumerate() {
        let mut derivatives = Vec::with_capacity(numbers.len());
        let mut losses = Vec::new();
        for (element, &old) in numbers.iter().enumerate() {
            losses.clear();
            let outcome = settings.steps().iter().try_for_each(|step| {
                set(layer, number, element, sum(old, step * settings.h, dtype));
                layer.set_buffers(&before)?;
                loss(layer).map(|value| losses.push(value))
            });
            set(layer, number, element, old);
            outcome?;
            derivatives.push(settings.derivative(&losses, start));
        }
        let mut outcome = Ok(());
        with_parameter(layer, number, |parameter| {
            outcome = Array::from_slice(&derivatives, parameter.array().shape())
                .map(|gradient| gradients.insert(parameter.variable(), gradient.to_dtype(dtype)));
        });
        outcome?;
    }
    layer.set_buffers(&after)?;
    Ok((start, gradients))
}

/// x + step as numbers of this type add up.
fn sum(x: f64, step: f64, dtype: DType) -> f64 {
    with_float!(dtype, T => (T::from_f64(x) + T::from_f64(step)).to_f64(), else x + step)
}

/// Sets one number of a parameter.
fn set<L: Layer>(layer: &mut L, number: usize, element: usize, value: f64) {
    with_parameter(layer, number, |parameter| {
        with_float!(parameter.array().dtype(), T => parameter.array_mut().make_mut::<T>()[element] = T::from_f64(value), else ());
    });
}

/// Calls `body` with the parameter of this number.
fn with_parameter<L: Layer>(layer: &mut L, number: usize, mut body: impl FnMut(&mut Parameter)) {
    let mut place = 0;
    layer.visit_mut(&Path::ROOT, &mut |_, parameter| {
        if place == number {
            body(parameter);
        }
        place += 1;
    });
}
