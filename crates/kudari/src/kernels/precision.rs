//! How exactly matrix products and convolutions of f32 numbers are computed: what the calling thread has asked for.
//!
//! A product or a convolution reads it once, on the thread that asks for it, and not on those that help with pieces of it. So
//! whoever hands whole calculations to other threads takes it along.

use std::cell::Cell;

use super::simd::{self, Level};

/// How exactly matrix products and convolutions of f32 numbers are computed, the gradients of convolutions included. Those of
/// f64 numbers are always computed in f64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Precision {
    /// In f32.
    #[default]
    F32,
    /// The factors are rounded to bf16 (8 binary digits instead of 24, to nearest, ties to even; below 2⁻¹²⁶ to zero), and
    /// their products summed in f32. Operands and results are f32 as ever.
    ///
    /// Intel processors with AMX (Sapphire Rapids and later, under Linux) do this several times as fast as f32. Others
    /// round first and multiply in f32, which is slower than f32 alone. The bits differ between the two, by the order of
    /// the sums; on either they do not depend on the number of threads.
    Bf16,
}

impl Precision {
    /// The name: `f32` or `bf16`.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
        }
    }

    /// The instructions that compute them on this machine, in a few words.
    pub fn instructions(self) -> &'static str {
        match (self, simd::level()) {
            (Precision::Bf16, _) if simd::tiles() => "AMX tiles",
            (Precision::Bf16, Level::Avx512) => "rounded, then AVX-512 in f32",
            (Precision::Bf16, Level::Avx2) => "rounded, then AVX2 in f32",
            (Precision::Bf16, Level::Portable) => "rounded, then portable code in f32",
            (Precision::F32, Level::Avx512) => "AVX-512",
            (Precision::F32, Level::Avx2) => "AVX2",
            (Precision::F32, Level::Portable) => "portable code",
        }
    }
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

thread_local! {
    static PRECISION: Cell<Precision> = const { Cell::new(Precision::F32) };
}

/// The precision of the matrix products and convolutions that this thread asks for: [`Precision::F32`] outside of [`with_precision`].
#[inline]
pub fn precision() -> Precision {
    PRECISION.get()
}

/// Runs `body` with matrix products and convolutions of this precision: a training, an evaluation, or a single product. It holds for this
/// thread, for the threads that help with its products, and for those of [`run_each`](crate::train::run_each); another
/// thread that `body` starts begins with f32.
///
/// ```
/// use kudari::{Array, Precision, with_precision};
///
/// // 1 + 2⁻⁸ lies half-way between two bf16 numbers and is rounded to the even one, 1.
/// let (x, one) = (Array::from([[1.00390625f32]]), Array::from([[1.0f32]]));
/// let product = with_precision(Precision::Bf16, || x.matmul(&one))?;
/// assert_eq!(product.to_vec::<f32>()?, [1.0]);
/// assert_eq!(x.matmul(&one)?.to_vec::<f32>()?, [1.00390625]);
/// # Ok::<(), kudari::Error>(())
/// ```
pub fn with_precision<R>(precision: Precision, body: impl FnOnce() -> R) -> R {
    /// Puts the old value back, also when a panic unwinds.
    struct Restore(Precision);
    impl Drop for Restore {
        fn drop(&mut self) {
            PRECISION.set(self.0);
        }
    }
    let _restore = Restore(PRECISION.replace(precision));
    body()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_precision_comes_back() {
        let inner = with_precision(Precision::Bf16, || {
            let nested = with_precision(Precision::F32, precision);
            let panicked = std::panic::catch_unwind(|| with_precision(Precision::F32, || panic!("planted")));
            (nested, panicked.is_err(), precision())
        });
        assert_eq!((inner, precision()), ((Precision::F32, true, Precision::Bf16), Precision::F32));
        let elsewhere = with_precision(Precision::Bf16, || std::thread::spawn(precision).join().unwrap());
        assert_eq!(elsewhere, Precision::F32);
    }
}
