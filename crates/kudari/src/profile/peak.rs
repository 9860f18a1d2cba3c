//! What the machine can do at best.

use std::time::{Duration, Instant};

use crate::array::{Array, DType, Stream};
use crate::error::Result;
use crate::kernels::memory::{physical, release_unused_memory};
use crate::kernels::threads::threads;

/// Rows and columns of the matrices that are multiplied.
pub(super) const MATRIX: usize = 512;
/// Bytes of the array that is copied, unless the machine has little memory.
const COPIED: usize = 256 << 20;
/// How long each of the two is repeated at least.
const REPEATED: Duration = Duration::from_millis(120);

/// What the machine reaches with the threads in use, measured: products of large matrices for the arithmetic, and a copy of an
/// array larger than most caches for the memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Floating-point operations a second, in units of 10⁹: the best product of 512×512 matrices.
    pub gigaflops: f64,
    /// Bytes read and written a second, in units of 10⁹: the best copy.
    pub gigabytes_per_second: f64,
    /// The type of the numbers in the products.
    pub dtype: DType,
    /// Bytes of the array that was copied.
    pub copied: usize,
}

impl Peak {
    /// Measures, which takes about half a second. Memory that waits in this thread's pool goes back to the system.
    ///
    /// # Errors
    ///
    /// A type that is not floating-point.
    pub fn measure(dtype: DType) -> Result<Peak> {
        let mut stream = Stream::new(1, "peak");
        let mut matrix = || stream.uniform(&[MATRIX, MATRIX], -1.0, 1.0, dtype);
        let (a, b) = (matrix()?, matrix()?);
        let product = fastest(|| a.matmul(&b))?;
        let copied = COPIED.min(physical() / 16);
        let numbers = Array::ones(&[copied / DType::F32.size()], DType::F32)?;
        // Multiplying by 1 copies on all threads.
        let copy = fastest(|| Ok(numbers.scale(1.0)))?;
        drop(numbers);
        release_unused_memory();
        let operations = 2.0 * (MATRIX as f64).powi(3);
        Ok(Peak { gigaflops: operations / product / 1e9, gigabytes_per_second: 2.0 * copied as f64 / copy / 1e9, dtype, copied })
    }

    /// How it was measured, in a line.
    pub(super) fn in_words(&self) -> String {
        let (dtype, threads) = (self.dtype, threads());
        format!(
            "peak: {MATRIX}×{MATRIX} {dtype} products, a copy of {} MiB (arrays in caches are faster); {threads} thread{}",
            self.copied >> 20,
            if threads == 1 { "" } else { "s" }
        )
    }
}

/// The seconds of the fastest of several runs.
fn fastest(run: impl Fn() -> Result<Array>) -> Result<f64> {
    let (mut best, began, mut runs) = (f64::INFINITY, Instant::now(), 0);
    while runs < 3 || began.elapsed() < REPEATED {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed().as_secs_f64());
        runs += 1;
    }
    Ok(best)
}
