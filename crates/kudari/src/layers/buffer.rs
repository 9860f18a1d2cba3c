//! What a layer remembers besides its parameters.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::lazy::{self, written};
use crate::array::{Array, DType, Stream};
use crate::error::{Error, Result};

/// Numbers that belong to a layer's state but are not trained: running statistics, or how far a random stream has been
/// used. The layer itself changes them while it runs; they are saved and restored with the parameters.
///
/// They lie behind a lock because `forward` takes `&self`, and because a network may be used by several threads.
#[derive(Debug)]
pub struct Buffer {
    array: Mutex<Array>,
    start: Start,
}

/// What a buffer holds before the first use.
#[derive(Debug, Clone)]
enum Start {
    /// These numbers.
    Numbers(Array),
    /// The same number everywhere; sizes that are not known yet are 0.
    Fill { shape: Vec<usize>, value: f64 },
    /// The key of a random stream, which follows from seed and name, and 0 uses of it.
    Stream,
}

/// A clone is a buffer of its own with the same numbers.
impl Clone for Buffer {
    fn clone(&self) -> Buffer {
        Buffer { array: Mutex::new(self.get()), start: self.start.clone() }
    }
}

impl Buffer {
    /// A buffer that starts with these numbers.
    pub fn new(start: Array) -> Buffer {
        Buffer { array: Mutex::new(start.clone()), start: Start::Numbers(start) }
    }

    /// A buffer that starts with `value` everywhere, of which some sizes are not known yet: they stand as 0 in `shape`. See
    /// [`Buffer::infer_sizes`].
    ///
    /// # Errors
    ///
    /// An impossible shape.
    pub fn lazy(shape: &[usize], value: f64) -> Result<Buffer> {
        let array = Mutex::new(Array::full(shape, value, DType::F32)?);
        Ok(Buffer { array, start: Start::Fill { shape: shape.to_vec(), value } })
    }

    /// Gives a [lazy](Buffer::lazy) buffer its shape; does nothing where it has one. Until then it is empty.
    ///
    /// # Errors
    ///
    /// Sizes other than those that are known, sizes of 0, or sizes larger than memory.
    pub fn infer_sizes(&self, shape: &[usize]) -> Result<()> {
        let Start::Fill { value, .. } = self.start else { return Ok(()) };
        let mut held = self.lock();
        if held.is_empty() {
            lazy::check(held.shape(), shape).map_err(|e| e.context("a buffer"))?;
            *held = Array::full(shape, value, held.dtype())?;
        }
        Ok(())
    }

    /// Whether numbers of this shape can be set.
    pub(super) fn fits(&self, shape: &[usize]) -> bool {
        self.holds(&self.lock(), shape)
    }

    /// Whether numbers of this shape can take the place of those that are held: of the same shape, with the sizes that are
    /// not known yet, or without them, as they were saved when they were not.
    fn holds(&self, held: &Array, shape: &[usize]) -> bool {
        let Start::Fill { shape: start, .. } = &self.start else { return held.shape() == shape };
        held.shape() == shape || start == shape || (held.is_empty() && lazy::completes(start, shape))
    }

    /// The shape for an error, with `?` for what is not known.
    pub(super) fn written_shape(&self) -> String {
        let held = self.lock();
        written(held.shape(), !(held.is_empty() && matches!(self.start, Start::Fill { .. })))
    }

    /// The state of a random stream, i64: its key and how often it was used. See [`Buffer::next_stream`].
    pub fn stream() -> Buffer {
        Buffer { array: Mutex::new(state(0, 0)), start: Start::Stream }
    }

    /// The numbers. Cheap: they are shared.
    pub fn get(&self) -> Array {
        self.lock().clone()
    }

    /// Replaces the numbers by others of the same shape and type. A [lazy](Buffer::lazy) buffer whose sizes are not known takes
    /// them from `array`.
    ///
    /// # Errors
    ///
    /// Another shape or type.
    pub fn set(&self, array: Array) -> Result<()> {
        let mut held = self.lock();
        if !self.holds(&held, array.shape()) || held.dtype() != array.dtype() {
            return Err(Error::shape(format!(
                "a buffer of shape {:?} ({}) set to shape {:?} ({})",
                held.shape(),
                held.dtype(),
                array.shape(),
                array.dtype()
            )));
        }
        *held = match &self.start {
            // Saved before the sizes were known: back to the start, with the sizes that are known since.
            Start::Fill { value, .. } if array.is_empty() => held.full_like(*value),
            _ => array,
        };
        Ok(())
    }

    /// The random stream for the next use of a buffer made by [`Buffer::stream`]; every use has one of its own.
    ///
    /// # Errors
    ///
    /// A buffer of another kind.
    pub fn next_stream(&self) -> Result<Stream> {
        let mut held = self.lock();
        let (Start::Stream, &[key, uses]) = (&self.start, &held.to_vec::<i64>()?[..]) else {
            return Err(Error::value("a buffer that is not the state of a random stream").help("make it with Buffer::stream()"));
        };
        *held = state(key, uses.wrapping_add(1));
        Ok(Stream::from_key(key as u64).part(uses as u64))
    }

    /// Puts the buffer back to its start; random streams are named after `path`, the buffer's place in the network.
    pub(super) fn initialize(&self, seed: u64, path: &dyn std::fmt::Display) {
        let mut held = self.lock();
        *held = match &self.start {
            Start::Numbers(start) => start.to_dtype(held.dtype()),
            Start::Fill { value, .. } => held.full_like(*value),
            Start::Stream => state(Stream::new(seed, &path.to_string()).next_u64() as i64, 0),
        };
    }

    /// Converts floating-point numbers to another such type; beside parameters of half precision they stay f32, since small changes
    /// would be lost in rounding.
    pub(super) fn convert(&self, dtype: DType) {
        let mut held = self.lock();
        if held.dtype().is_float() {
            *held = held.to_dtype(dtype.widened());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Array> {
        // Nothing under the lock can panic half-way through a change.
        self.array.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn state(key: i64, uses: i64) -> Array {
    Array::from([key, uses])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_of_a_stream_draws_other_numbers_and_they_can_be_had_again() {
        let buffer = Buffer::stream();
        buffer.initialize(7, &"2.state");
        let saved = buffer.get();
        let draw = |buffer: &Buffer| buffer.next_stream().unwrap().next_u64();
        let first = [draw(&buffer), draw(&buffer)];
        assert_ne!(first[0], first[1]);
        let copy = buffer.clone();
        assert_eq!(draw(&copy), draw(&buffer));
        buffer.set(saved).unwrap();
        assert_eq!([draw(&buffer), draw(&buffer)], first);
        buffer.initialize(8, &"2.state");
        assert_ne!(draw(&buffer), first[0]);
        assert!(Buffer::new(Array::from([1i64, 2])).next_stream().is_err());
    }

    #[test]
    fn numbers_start_again_and_keep_their_shape() {
        let buffer = Buffer::new(Array::from([0.0f32, 1.0]));
        buffer.convert(DType::F64);
        buffer.set(Array::from([3.0, 4.0])).unwrap();
        assert!(buffer.set(Array::from([3.0f32, 4.0])).is_err() && buffer.set(Array::from([1.0])).is_err());
        assert_eq!(buffer.get().to_vec::<f64>().unwrap(), [3.0, 4.0]);
        buffer.initialize(1, &"");
        assert_eq!(buffer.get().to_vec::<f64>().unwrap(), [0.0, 1.0]);
    }
}
