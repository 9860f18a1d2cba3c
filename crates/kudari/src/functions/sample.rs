//! Inputs of a function: small ones for checks, and one larger for measuring how long it takes.

use crate::array::{Array, DType, Stream};
use crate::autograd::Variable;
use crate::error::Result;

/// Inputs for a check, and the call that uses them.
pub struct Sample {
    /// The differentiable inputs, f64.
    pub inputs: Vec<Array>,
    /// Calls the function.
    #[allow(clippy::type_complexity)]
    pub call: Box<dyn Fn(&[Variable]) -> Result<Variable>>,
    /// Between which numbers each input lies.
    ranges: Vec<(f64, f64)>,
    /// What the function is timed on, if it is this sample that says so.
    timed: Option<Timed>,
    /// So many of the first inputs are pictures whose channels lie last in memory when they are timed.
    pictures: usize,
}

/// What a function is timed on.
enum Timed {
    /// The same call with inputs of these shapes.
    Shapes(Vec<&'static [usize]>),
    /// Another call, since that of the sample holds numbers that fit its own inputs alone.
    Other(Box<dyn Fn() -> Sample>),
}

/// So many numbers that a function's bookkeeping, some hundred nanoseconds, does not count, and few enough for the caches.
pub(super) const MANY: &[usize] = &[65_536];
/// As many in rows of the same length.
pub(super) const ROWS: &[usize] = &[256, 256];

/// Random indices, labels or truth values: integers from 0 to below `end`.
pub(super) fn indices(shape: &[usize], end: usize) -> Array {
    let all = Stream::new(0, "indices").integers(shape.iter().product(), end);
    let sizes: Vec<isize> = shape.iter().map(|&size| size as isize).collect();
    all.reshape(&sizes).unwrap_or(all)
}

impl Sample {
    /// A sample whose inputs have the given shapes and random numbers in `low..high`.
    pub fn new(inputs: &[(&[usize], f64, f64)], call: impl Fn(&[Variable]) -> Result<Variable> + 'static) -> Sample {
        let mut stream = Stream::new(0, "samples");
        let array = |&(shape, low, high): &(&[usize], f64, f64)| {
            stream.uniform(shape, low, high, DType::F64).unwrap_or_else(|_| Array::from(low))
        };
        let ranges = inputs.iter().map(|&(_, low, high)| (low, high)).collect();
        Sample { inputs: inputs.iter().map(array).collect(), call: Box::new(call), ranges, timed: None, pictures: 0 }
    }

    /// A sample of these inputs.
    pub fn with_inputs(inputs: &[Array], call: impl Fn(&[Variable]) -> Result<Variable> + 'static) -> Sample {
        Sample { inputs: inputs.to_vec(), ..Sample::new(&[], call) }
    }

    /// Between which numbers input `number` lies; `None` if its numbers were given.
    pub(crate) fn range(&self, number: usize) -> Option<(f64, f64)> {
        self.ranges.get(number).copied()
    }

    /// The same sample with inputs that do not lie contiguously in memory.
    #[must_use]
    pub fn strided(mut self) -> Sample {
        for input in &mut self.inputs {
            // Written in the opposite order of axes and turned back: the same numbers by other strides.
            *input = input.transpose().copy().transpose();
        }
        self
    }

    /// Says that the channels of the first `pictures` inputs lie last in memory, as they do between layers, when they are timed.
    #[must_use]
    pub(super) fn channels_last(mut self, pictures: usize) -> Sample {
        self.pictures = pictures;
        self
    }

    /// Says that the function is timed by the same call on inputs of these shapes.
    #[must_use]
    pub(super) fn timed_at(mut self, shapes: &[&'static [usize]]) -> Sample {
        self.timed = Some(Timed::Shapes(shapes.to_vec()));
        self
    }

    /// Says that the function is timed on another sample, which is made only then.
    #[must_use]
    pub(super) fn timed_as(mut self, other: impl Fn() -> Sample + 'static) -> Sample {
        self.timed = Some(Timed::Other(Box::new(other)));
        self
    }

    /// The sample that the function is timed on, in f32, if this one names it.
    pub(super) fn timed(self) -> Option<Sample> {
        let mut sample = match self.timed? {
            Timed::Shapes(shapes) => {
                let inputs: Vec<_> = shapes.into_iter().zip(self.ranges).map(|(shape, (low, high))| (shape, low, high)).collect();
                Sample::new(&inputs, self.call)
            }
            Timed::Other(make) => make(),
        };
        for (number, input) in sample.inputs.iter_mut().enumerate() {
            *input = input.to_dtype(DType::F32);
            if number < sample.pictures
                && let Ok(turned) = input.permute(&[0, 2, 3, 1]).and_then(|x| x.copy().permute(&[0, 3, 1, 2]))
            {
                *input = turned;
            }
        }
        Some(sample)
    }
}

#[cfg(test)]
mod tests {
    use super::super::function_named;
    use super::*;

    #[test]
    fn what_is_timed_lies_in_memory_as_between_layers() {
        let inputs = function_named("conv2d").unwrap().timed_sample().unwrap().inputs;
        assert_eq!((inputs[0].shape(), inputs[0].strides()), (&[4, 16, 32, 32][..], &[16_384, 1, 512, 16][..]));
        assert!(inputs[1].is_contiguous() && inputs.iter().all(|x| x.dtype() == DType::F32));
        // The other samples stay as they are.
        assert!(
            (function_named("conv2d").unwrap().samples)()[0].inputs.iter().all(|x| x.dtype() == DType::F64 && x.len() <= 120)
        );
    }
}
