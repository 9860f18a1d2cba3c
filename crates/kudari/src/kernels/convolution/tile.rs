//! The micro-kernel of convolutions: a tile of sums that stays in registers while it walks over pieces of the picture.
//!
//! It computes `out[r][j] = Σ_s Σ_d a_r[offset(s) + d·a_step] · b[s·b_segment + d·b_step + j]`: rows that start anywhere, and
//! segments that lie anywhere but in the same pattern for all rows. In the forward pass rows are places of the output,
//! segments the numbers of the kernel, and d runs over the channels; in the gradient by the weight rows are (number of
//! the kernel, channel), segments the rows of the output, and d runs along them. Nothing is copied into another order.

use crate::kernels::float::{DType, Float};
use crate::kernels::matmul::vector::{Four, Vector};
use crate::kernels::simd::{Level, level};

/// Rows of a tile at most.
pub(super) const ROWS: usize = 12;

/// What the micro-kernel works on. Strides are in numbers.
#[derive(Clone, Copy)]
pub(super) struct Tile<'a, T> {
    /// Where every row starts in a. Of these, `rows` count; the others must be readable like row 0, best the same.
    pub a: [*const T; ROWS],
    pub rows: usize,
    /// How far every segment lies from the start of a row.
    pub offsets: &'a [i64],
    /// Length of a segment, and the step in a.
    pub depth: usize,
    pub a_step: isize,
    /// The numbers that all rows share: from one segment to the next, and the step inside one.
    pub b: *const T,
    pub b_segment: isize,
    pub b_step: isize,
    /// Where every row of the result goes.
    pub out: [*mut T; ROWS],
    /// At most [`columns`].
    pub columns: usize,
    /// b may be read up to whole registers.
    pub whole: bool,
    /// Add to what is in `out` instead of replacing it.
    pub accumulate: bool,
    /// A number for every column that is added to all rows, or null.
    pub bias: *const T,
    /// Replace what is below 0 by 0.
    pub relu: bool,
}

type Kernel<T> = unsafe fn(&Tile<'_, T>);

/// The micro-kernel for this processor and number type, with the sizes of its tile.
#[derive(Clone, Copy)]
pub(super) struct Micro<T> {
    pub rows: usize,
    pub columns: usize,
    run: Kernel<T>,
}

impl<T: Float> Micro<T> {
    pub(super) fn best() -> Self {
        Self::of(level())
    }

    /// The micro-kernel of one level, which the processor must have.
    pub(super) fn of(level: Level) -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};
            match (level, T::DTYPE) {
                (Level::Avx512, DType::F32) => Self::new::<__m512>(ROWS, avx512_single),
                (Level::Avx512, _) => Self::new::<__m512d>(6, avx512::<__m512d, 6>),
                (Level::Avx2, DType::F32) => Self::new::<__m256>(6, avx2::<__m256>),
                (Level::Avx2, _) => Self::new::<__m256d>(6, avx2::<__m256d>),
                (Level::Portable, _) => Micro { rows: 4, columns: 8, run: portable::<T> },
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            let _ = (level, DType::F32);
            Micro { rows: 4, columns: 8, run: portable::<T> }
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn new<V: Vector>(rows: usize, run: Kernel<V::T>) -> Self {
        // SAFETY: the callers above pair each vector type with its own number type T = V::T, for which the two function
        // types are the same type.
        let run = unsafe { std::mem::transmute::<Kernel<V::T>, Kernel<T>>(run) };
        Micro { rows, columns: 2 * V::LANES, run }
    }

    /// Computes one tile.
    ///
    /// # Safety
    ///
    /// All that the rows, offsets, sizes and steps reach must be inside their allocations, the rows of `out` writable and
    /// not used by others meanwhile; 1 ≤ rows ≤ `self.rows`, 1 ≤ columns ≤ `self.columns`.
    #[inline(always)]
    pub(super) unsafe fn run(&self, tile: &Tile<'_, T>) {
        debug_assert!((1..=self.rows).contains(&tile.rows) && (1..=self.columns).contains(&tile.columns));
        // SAFETY: the caller vouches for the tile; `of` paired the function with the processor's features.
        unsafe { (self.run)(tile) }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn avx512<V: Vector, const MAX: usize>(tile: &Tile<'_, V::T>) {
    // SAFETY: forwarded from the caller.
    unsafe { by_size::<V, MAX>(tile) }
}

/// Full tiles of f32 go through the loop that is written as instructions, whatever their number of rows: what the rows
/// that are missing would give is not written.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn avx512_single(tile: &Tile<'_, f32>) {
    use std::arch::x86_64::{__m512, _mm512_setzero_ps};
    // SAFETY: forwarded from the caller; the missing rows read where row 0 reads.
    unsafe {
        if tile.rows < 4 || !tile.whole || tile.columns <= __m512::LANES {
            return by_size::<__m512, ROWS>(tile);
        }
        for to in tile.out.iter().take(tile.rows) {
            __m512::prefetch(*to);
            __m512::prefetch(to.wrapping_add(__m512::LANES));
        }
        let mut sums = [[_mm512_setzero_ps(); 2]; ROWS];
        super::avx512::add(&mut sums, tile);
        finish::<__m512, ROWS, 2>(tile, sums, __m512::first(tile.columns - __m512::LANES));
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<V: Vector>(tile: &Tile<'_, V::T>) {
    // SAFETY: forwarded from the caller.
    unsafe { by_size::<V, 6>(tile) }
}

unsafe fn portable<T: Float>(tile: &Tile<'_, T>) {
    // SAFETY: forwarded from the caller.
    unsafe { by_size::<Four<T>, 4>(tile) }
}

/// Picks the compiled size: every number of rows up to `MAX`, one or two vectors of columns.
#[inline(always)]
unsafe fn by_size<V: Vector, const MAX: usize>(tile: &Tile<'_, V::T>) {
    macro_rules! rows {
        ($($rows:literal)*) => {
            match tile.rows {
                $($rows if $rows <= MAX => {
                    // SAFETY: forwarded from the caller; the sizes match by the choice made here.
                    unsafe {
                        match (tile.columns > V::LANES, tile.whole) {
                            (true, true) => multiply::<V, $rows, 2, true>(tile),
                            (true, false) => multiply::<V, $rows, 2, false>(tile),
                            (false, _) => multiply::<V, $rows, 1, false>(tile),
                        }
                    }
                })*
                _ => {}
            }
        };
    }
    rows!(1 2 3 4 5 6 7 8 9 10 11 12)
}

#[inline(always)]
#[allow(clippy::needless_range_loop)] // r counts the rows of the tile and of the sums alike
unsafe fn multiply<V: Vector, const R: usize, const VECTORS: usize, const WHOLE: bool>(tile: &Tile<'_, V::T>) {
    // SAFETY: the caller vouches for everything the tile reaches; columns beyond `tile.columns` are masked off, or may be
    // read.
    unsafe {
        let mask = V::first(tile.columns - (VECTORS - 1) * V::LANES);
        for to in tile.out.iter().take(R) {
            for v in 0..VECTORS {
                V::prefetch(to.wrapping_add(v * V::LANES));
            }
        }
        let mut sums = [[V::zero(); VECTORS]; R];
        for (s, &offset) in tile.offsets.iter().enumerate() {
            let mut b = tile.b.wrapping_offset(s as isize * tile.b_segment);
            let mut at = offset as isize;
            for _ in 0..tile.depth / 2 {
                // Two steps at once, so that the start of every row is read once for both.
                let (one, two) = (load::<V, VECTORS, WHOLE>(b, mask), load::<V, VECTORS, WHOLE>(b.offset(tile.b_step), mask));
                for r in 0..R {
                    let a = tile.a[r].offset(at);
                    let factor = V::splat(*a);
                    for v in 0..VECTORS {
                        sums[r][v] = factor.mul_add(one[v], sums[r][v]);
                    }
                    let factor = V::splat(*a.offset(tile.a_step));
                    for v in 0..VECTORS {
                        sums[r][v] = factor.mul_add(two[v], sums[r][v]);
                    }
                }
                at += 2 * tile.a_step;
                b = b.wrapping_offset(2 * tile.b_step);
            }
            if tile.depth % 2 == 1 {
                let row = load::<V, VECTORS, WHOLE>(b, mask);
                for r in 0..R {
                    let factor = V::splat(*tile.a[r].offset(at));
                    for v in 0..VECTORS {
                        sums[r][v] = factor.mul_add(row[v], sums[r][v]);
                    }
                }
            }
        }
        finish::<V, R, VECTORS>(tile, sums, mask);
    }
}

/// Writes the sums of the tile's rows with what belongs to them.
#[inline(always)]
unsafe fn finish<V: Vector, const R: usize, const VECTORS: usize>(tile: &Tile<'_, V::T>, sums: [[V; VECTORS]; R], mask: V::Mask) {
    // SAFETY: the caller vouches for the rows of `out` and the columns of the bias; what lies beyond is masked off.
    unsafe {
        if tile.rows == R && tile.columns == VECTORS * V::LANES && tile.bias.is_null() && !tile.relu && !tile.accumulate {
            // A usual case by itself: a whole tile and nothing to be done but to store.
            for (r, sums) in sums.into_iter().enumerate() {
                for (v, sum) in sums.into_iter().enumerate() {
                    sum.store(tile.out[r].add(v * V::LANES));
                }
            }
            return;
        }
        for (r, sums) in sums.into_iter().enumerate().take(tile.rows) {
            for (v, mut sum) in sums.into_iter().enumerate() {
                let (to, last) = (tile.out[r].add(v * V::LANES), v + 1 == VECTORS);
                if tile.accumulate {
                    sum = sum.add(if last { V::load_masked(to, mask) } else { V::load(to) });
                }
                if !tile.bias.is_null() {
                    let bias = tile.bias.add(v * V::LANES);
                    sum = sum.add(if last { V::load_masked(bias, mask) } else { V::load(bias) });
                }
                if tile.relu {
                    sum = V::zero().max(sum);
                }
                if last { sum.store_masked(to, mask) } else { sum.store(to) }
            }
        }
    }
}

/// The columns of b at one step.
#[inline(always)]
unsafe fn load<V: Vector, const VECTORS: usize, const WHOLE: bool>(b: *const V::T, mask: V::Mask) -> [V; VECTORS] {
    // SAFETY: the caller vouches for the columns that the mask leaves, or for all of them.
    unsafe {
        let mut row = [V::zero(); VECTORS];
        for (v, value) in row.iter_mut().enumerate() {
            let from = b.add(v * V::LANES);
            *value = if v + 1 == VECTORS && !WHOLE { V::load_masked(from, mask) } else { V::load(from) };
        }
        row
    }
}
