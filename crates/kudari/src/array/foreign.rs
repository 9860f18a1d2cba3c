//! Arrays in memory of another library, and the other way round: where an array's numbers lie.

use super::{Array, DType, Parts, Shape};
use crate::error::{Error, Result};
use crate::kernels::memory::{Buffer, ForeignMemory};
use crate::kernels::strided::MAX_RANK;

impl Array {
    /// An array of numbers that lie in memory of another library, without a copy: `offset` elements behind the beginning lies the first, and
    /// `strides` are the steps in elements along the axes, which may be negative.
    ///
    /// The numbers are never written: an array that is to be changed is copied first.
    ///
    /// # Errors
    ///
    /// More than 6 axes, another number of strides than of axes, an address that does not fit the type, or elements outside of the memory.
    pub fn from_foreign(memory: ForeignMemory, offset: usize, shape: &[usize], strides: &[isize], dtype: DType) -> Result<Array> {
        let shape = Shape::new(shape)?;
        if strides.len() != shape.rank() {
            return Err(
                Error::shape(format!("{} strides for {} axes", strides.len(), shape.rank())).help("give one for every axis")
            );
        }
        let (address, bytes) = memory.extent();
        if address % dtype.size() != 0 {
            return Err(Error::value(format!("memory at {address:#x} is not aligned for {dtype}")).help("copy it first"));
        }
        let mut all = [0; MAX_RANK];
        all[..strides.len()].copy_from_slice(strides);
        if !shape.is_empty() {
            // The first and the last element in memory, found without overflow.
            let (mut first, mut last) = (offset as i128, offset as i128);
            for (&size, &stride) in shape.as_slice().iter().zip(strides) {
                let way = (size as i128 - 1) * stride as i128;
                if way < 0 { first += way } else { last += way }
            }
            if first < 0 || last >= (bytes / dtype.size()) as i128 {
                return Err(Error::value(format!("elements {first} to {last} of memory that holds {}", bytes / dtype.size()))
                    .help("shape, strides and offset must stay inside the memory"));
            }
        }
        Ok(Parts { buffer: Buffer::foreign(memory), offset, shape, strides: all, dtype }.into())
    }

    /// Whether there are numbers: of what a backward rule does not read the graph keeps the shape alone.
    pub fn has_numbers(&self) -> bool {
        !self.is_hollow()
    }

    /// Whoever lent the memory that the numbers lie in, as it was given to [`ForeignMemory::new`]; `None` for memory of our own.
    pub fn lender(&self) -> Option<&(dyn std::any::Any + Send + Sync)> {
        self.parts.buffer.lender()
    }

    /// The address of the first element. The numbers stay there as long as this array or a clone of it lives.
    pub fn address(&self) -> *const u8 {
        self.parts.buffer.all::<u8>().as_ptr().wrapping_add(self.parts.offset * self.parts.dtype.size())
    }
}

#[cfg(test)]
mod tests {
    use std::ptr::NonNull;

    use super::*;

    #[allow(unsafe_code)]
    fn memory(values: &'static [f64]) -> ForeignMemory {
        let start = NonNull::new(values.as_ptr().cast_mut().cast()).unwrap();
        // SAFETY: the values are static.
        unsafe { ForeignMemory::new(start, size_of_val(values), ()) }
    }

    #[test]
    fn strides_of_any_sign_and_what_lies_outside() {
        static VALUES: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let of =
            |offset, shape: &[usize], strides: &[isize]| Array::from_foreign(memory(&VALUES), offset, shape, strides, DType::F64);
        let backward = of(5, &[2, 3], &[-3, -1]).unwrap();
        assert_eq!(backward.to_vec::<f64>().unwrap(), [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
        assert_eq!(backward.address(), (&raw const VALUES[5]).cast());
        let mut changed = of(0, &[3], &[2]).unwrap();
        changed.add_assign(&Array::ones(&[3], DType::F64).unwrap()).unwrap();
        assert_eq!((changed.to_vec::<f64>().unwrap(), VALUES[0]), (vec![2.0, 4.0, 6.0], 1.0));
        assert!(of(0, &[2, 3], &[3, 2]).is_err() && of(2, &[4], &[-1]).is_err() && of(0, &[7], &[1]).is_err());
        assert!(of(0, &[2], &[1, 1]).is_err() && of(0, &[1; 7], &[1; 7]).is_err() && of(7, &[0], &[1]).is_ok());
        assert!(of(0, &[usize::MAX / 16], &[isize::MAX]).is_err());
    }
}
