//! The loss of every row by itself: what the losses of [`loss`](super::loss) add up or average. Without gradients.

use super::loss_cross_entropy::{BinarySurprise, Surprise, Target, not_float};
use crate::array::{Array, Shape};
use crate::autograd::Variable;
use crate::error::Result;
use crate::kernels::float::{Float, with_float};
use crate::kernels::loss as kernel;
use crate::kernels::memory::Buffer;

/// −Σ t ln softmax(x) of every row of `[rows, classes]`; t as for
/// [`softmax_cross_entropy`](super::softmax_cross_entropy).
pub(crate) fn softmax_cross_entropy_rows(x: &Array, t: &Array) -> Result<Array> {
    fn run<T: Float>(x: &Array, labels: &[i64], classes: usize) -> Array {
        let x = x.contiguous();
        Array::build(Shape::from_valid(&[labels.len()]), |losses: &mut [T]| {
            let mut probabilities = Buffer::recycled::<T>(x.len());
            let values = x.contiguous_slice::<T>().unwrap_or(&[]);
            if let Some(probabilities) = probabilities.slice_mut::<T>(values.len()) {
                kernel::softmax_cross_entropy(probabilities, losses, values, labels, classes);
            }
        })
    }
    let x = Variable::constant(x.widened());
    match Target::new("softmax_cross_entropy", &x, t)? {
        Target::Labels(labels) => {
            let classes = x.shape().last().copied().unwrap_or(1);
            Ok(
                with_float!(x.dtype(), T => run::<T>(x.array(), labels.contiguous_slice().unwrap_or(&[]), classes), else return Err(not_float(x.array()))),
            )
        }
        Target::Rows(t) => Ok(x.log_softmax(-1)?.array().mul(&t)?.sum_axes(&[-1], false)?.scale(-1.0)),
    }
}

/// −Σ t ln(p + ε) of every row of `[rows, classes]`; t as for [`cross_entropy`](super::cross_entropy).
pub(crate) fn cross_entropy_rows(p: &Array, t: &Array, epsilon: f64) -> Result<Array> {
    let p = p.widened();
    let target = Target::new("cross_entropy", &Variable::constant(p.clone()), t)?.rows(&p)?;
    p.map2("cross_entropy", &target, Surprise(epsilon))?.sum_axes(&[-1], false)
}

/// The mean of −t ln σ(x) − (1 − t) ln(1 − σ(x)) of every row; t has the shape of x.
pub(crate) fn sigmoid_cross_entropy_rows(x: &Array, t: &Array) -> Result<Array> {
    x.map2("sigmoid_cross_entropy", t, BinarySurprise)?.mean_axes(&[-1], false)
}
