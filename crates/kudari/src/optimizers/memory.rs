//! What an optimizer remembers of every parameter.

use crate::array::{Array, DType};
use crate::error::{Error, Result};

/// For every parameter `N` arrays of its shape, zero at first.
#[derive(Debug, Clone)]
pub(super) struct Memory<const N: usize>(Vec<Option<[Array; N]>>);

impl<const N: usize> Memory<N> {
    pub fn new() -> Self {
        Memory(Vec::new())
    }

    /// All arrays by parameter, none for parameters that were never moved.
    pub fn arrays(&self) -> Vec<Vec<Array>> {
        self.0.iter().map(|place| place.as_ref().map_or(Vec::new(), |arrays| arrays.to_vec())).collect()
    }

    /// What [`Memory::arrays`] gave, taken up again.
    pub fn from_arrays(arrays: Vec<Vec<Array>>) -> Result<Self> {
        let place = |arrays: Vec<Array>| match arrays.is_empty() {
            true => Ok(None),
            false => <[Array; N]>::try_from(arrays).map(Some).map_err(|arrays| {
                Error::value(format!("{} numbers remembered of each of a parameter, where it is {N}", arrays.len()))
                    .help("what another optimizer remembered is of no use to this one")
            }),
        };
        arrays.into_iter().map(place).collect::<Result<_>>().map(Memory)
    }

    /// The arrays of parameter `slot`; anew if the parameter changed its type or shape.
    pub fn of(&mut self, slot: usize, parameter: &Array) -> &mut [Array; N] {
        if self.0.len() <= slot {
            self.0.resize(slot + 1, None);
        }
        let fits = |arrays: &[Array; N]| arrays.iter().all(|a| a.shape() == parameter.shape() && a.dtype() == parameter.dtype());
        let place = &mut self.0[slot];
        if !place.as_ref().is_some_and(fits) {
            *place = None;
        }
        place.get_or_insert_with(|| std::array::from_fn(|_| parameter.full_like(0.0)))
    }
}

/// Runs a rule's pass over a parameter, with the numbers of parameter, memory and gradient as slices of one type.
macro_rules! pass {
    ($rule:path, $parameter:expr, $memory:expr, $gradient:expr, $shaping:expr, $numbers:expr) => {{
        let (parameter, gradient): (&mut $crate::array::Array, &$crate::array::Array) = ($parameter, $gradient);
        $crate::optimizers::memory::fits(parameter, gradient)?;
        let gradient = gradient.contiguous();
        $crate::kernels::float::with_float!(parameter.dtype(), T => {
            let gradient = gradient.contiguous_slice::<T>().unwrap_or(&[]);
            $rule(parameter.make_mut::<T>(), $memory.each_mut().map(|a| a.make_mut::<T>()), gradient, $shaping, $numbers);
        }, else return Err($crate::optimizers::memory::misfit(parameter, &gradient)));
    }};
}
pub(super) use pass;

/// Parameters of 16 bits do not learn: an update is mostly smaller than half the distance to the next number.
pub(super) fn half_parameters(dtype: DType) -> Error {
    Error::dtype(format!("parameters of {dtype} cannot be trained: their updates would be lost in rounding")).help(
        "train in f32 and convert afterwards; with_precision(Precision::Bf16) makes the products fast, as --dtype bf16 does",
    )
}

/// Whether a gradient has its parameter's shape and type, and the type is one to train in.
pub(super) fn fits(parameter: &Array, gradient: &Array) -> Result<()> {
    if parameter.shape() == gradient.shape() && parameter.dtype() == gradient.dtype() && !parameter.dtype().is_half() {
        return Ok(());
    }
    Err(misfit(parameter, gradient))
}

pub(super) fn misfit(parameter: &Array, gradient: &Array) -> Error {
    if parameter.dtype().is_half() {
        return half_parameters(parameter.dtype());
    }
    Error::shape(format!(
        "a parameter of shape {:?} ({}) with a gradient of shape {:?} ({})",
        parameter.shape(),
        parameter.dtype(),
        gradient.shape(),
        gradient.dtype()
    ))
}
