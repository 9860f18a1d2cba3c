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
}

/// What a function is timed on.
enum Timed {
    /// The same call with inputs of these shapes.
    Shapes(Vec<&'static [usize]>),
    /// Another call, since that of the sample holds numbers that fit its own inputs alone.
    Other(Box<dyn Fn() -> Sample>),
}

/// As many numbers as the bookkeeping of a function, some hundred nanoseconds, does not count beside, and which stay in the caches.
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
        Sample { inputs: inputs.iter().map(array).collect(), call: Box::new(call), ranges, timed: None }
    }

    /// A sample of these inputs.
    pub fn with_inputs(inputs: &[Array], call: impl Fn(&[Variable]) -> Result<Variable> + 'static) -> Sample {
        Sample { inputs: inputs.to_vec(), ..Sample::new(&[], call) }
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

    /// The same sample with the channels of its first `pictures` inputs last in memory, as they are between layers.
    #[must_use]
    pub(super) fn channels_last(mut self, pictures: usize) -> Sample {
        for picture in self.inputs.iter_mut().take(pictures) {
            if let Ok(turned) = picture.permute(&[0, 2, 3, 1]).and_then(|x| x.copy().permute(&[0, 3, 1, 2])) {
                *picture = turned;
            }
        }
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

    /// The sample that the function is timed on, if this one names it.
    pub(super) fn timed(self) -> Option<Sample> {
        match self.timed? {
            Timed::Shapes(shapes) => {
                let inputs: Vec<_> = shapes.into_iter().zip(self.ranges).map(|(shape, (low, high))| (shape, low, high)).collect();
                Some(Sample::new(&inputs, self.call))
            }
            Timed::Other(make) => Some(make()),
        }
    }
}
