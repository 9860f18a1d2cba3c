//! The micro-kernels: a tile of the product that stays in registers while the inner dimension runs.

use super::vector::{Four, Vector};
use crate::kernels::float::{DType, Float};
use crate::kernels::simd::{Level, level};

/// What a micro-kernel works on. Strides are in numbers, not bytes.
#[derive(Clone, Copy)]
pub(super) struct Tile<T> {
    /// Length of the inner dimension.
    pub depth: usize,
    pub a: *const T,
    pub a_row: isize,
    pub a_step: isize,
    pub b: *const T,
    pub b_step: isize,
    /// a is packed: its rows lie together (`a_row` 1, `a_step` the rows of the tile).
    pub packed: bool,
    /// b may be read up to whole registers.
    pub whole: bool,
    pub out: *mut T,
    pub out_row: usize,
    /// Rows and columns of this tile, at most those of [`Micro`].
    pub rows: usize,
    pub columns: usize,
    /// Add to what is in `out` instead of replacing it.
    pub accumulate: bool,
    /// A number for every column that is added to all rows, or null.
    pub bias: *const T,
    /// Replace what is below 0 by 0.
    pub relu: bool,
}

/// The micro-kernel for this processor and number type, with the size of its tile.
#[derive(Clone, Copy)]
pub(super) struct Micro<T> {
    pub rows: usize,
    pub columns: usize,
    run: unsafe fn(&Tile<T>),
}

impl<T: Float> Micro<T> {
    /// The best micro-kernel for the processor.
    pub(super) fn best() -> Self {
        Self::of(level())
    }

    /// The micro-kernel of one level, which the processor must have.
    pub(super) fn of(level: Level) -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};
            match (level, T::DTYPE) {
                (Level::Avx512, DType::F32) => Self::new::<__m512, 14>(avx512::<__m512, 14>),
                (Level::Avx512, _) => Self::new::<__m512d, 8>(avx512::<__m512d, 8>),
                (Level::Avx2, DType::F32) => Self::new::<__m256, 6>(avx2::<__m256>),
                (Level::Avx2, _) => Self::new::<__m256d, 6>(avx2::<__m256d>),
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
    fn new<V: Vector, const ROWS: usize>(run: unsafe fn(&Tile<V::T>)) -> Self {
        // SAFETY: the callers above pair each vector type with its own number type T = V::T, for which the two function
        // types are the same type.
        let run = unsafe { std::mem::transmute::<unsafe fn(&Tile<V::T>), unsafe fn(&Tile<T>)>(run) };
        Micro { rows: ROWS, columns: 2 * V::LANES, run }
    }

    /// Computes one tile.
    ///
    /// # Safety
    ///
    /// All elements that the tile's sizes and strides reach must be inside their allocations, `out`'s writable and not
    /// used by others meanwhile; 1 ≤ rows ≤ `self.rows`, 1 ≤ columns ≤ `self.columns`.
    #[inline(always)]
    pub(super) unsafe fn run(&self, tile: &Tile<T>) {
        debug_assert!((1..=self.rows).contains(&tile.rows) && (1..=self.columns).contains(&tile.columns));
        // SAFETY: the caller vouches for the tile; `of` paired the function with the processor's features.
        unsafe { (self.run)(tile) }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn avx512<V: Vector, const MAX: usize>(tile: &Tile<V::T>) {
    // SAFETY: forwarded from the caller.
    unsafe { by_size::<V, MAX>(tile) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<V: Vector>(tile: &Tile<V::T>) {
    // SAFETY: forwarded from the caller.
    unsafe { by_size::<V, 6>(tile) }
}

unsafe fn portable<T: Float>(tile: &Tile<T>) {
    // SAFETY: forwarded from the caller.
    unsafe { by_size::<Four<T>, 4>(tile) }
}

/// Picks the compiled size: every number of rows up to `MAX`, one or two vectors of columns, a packed or not.
#[inline(always)]
unsafe fn by_size<V: Vector, const MAX: usize>(tile: &Tile<V::T>) {
    macro_rules! rows {
        ($($rows:literal)*) => {
            match tile.rows {
                $($rows if $rows <= MAX => {
                    // SAFETY: forwarded from the caller; the sizes match by the choice made here.
                    unsafe {
                        match (tile.columns > V::LANES, tile.packed, tile.whole) {
                            (true, true, true) => multiply::<V, $rows, 2, true, true>(tile),
                            (true, true, false) => multiply::<V, $rows, 2, true, false>(tile),
                            (true, false, _) => multiply::<V, $rows, 2, false, false>(tile),
                            (false, true, _) => multiply::<V, $rows, 1, true, false>(tile),
                            (false, false, _) => multiply::<V, $rows, 1, false, false>(tile),
                        }
                    }
                })*
                _ => {}
            }
        };
    }
    rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14)
}

#[inline(always)]
unsafe fn multiply<V: Vector, const ROWS: usize, const VECTORS: usize, const PACKED: bool, const WHOLE: bool>(tile: &Tile<V::T>) {
    // SAFETY: the caller vouches for every element of the tile; columns beyond `tile.columns` are masked off, or may be read.
    unsafe {
        let mask = V::first(tile.columns - (VECTORS - 1) * V::LANES);
        // What the sums go to is fetched while they are made.
        for r in 0..ROWS {
            for v in 0..VECTORS {
                V::prefetch(tile.out.wrapping_add(r * tile.out_row + v * V::LANES));
            }
        }
        let mut sums = [[V::zero(); VECTORS]; ROWS];
        let mut b = tile.b;
        if PACKED {
            let mut a = tile.a;
            for _ in 0..tile.depth / 2 {
                step::<V, ROWS, VECTORS, WHOLE>(&mut sums, a, b, mask);
                step::<V, ROWS, VECTORS, WHOLE>(&mut sums, a.add(ROWS), b.offset(tile.b_step), mask);
                a = a.add(2 * ROWS);
                b = b.wrapping_offset(2 * tile.b_step);
            }
            if tile.depth % 2 == 1 {
                step::<V, ROWS, VECTORS, WHOLE>(&mut sums, a, b, mask);
            }
        } else {
            // Every third row has a pointer of its own and the two after it are reached by the row step: x86 addresses hold
            // a pointer plus one or two steps, and fourteen pointers would not fit the registers.
            let mut bases = [tile.a; 5];
            for (i, base) in bases.iter_mut().enumerate() {
                *base = tile.a.wrapping_offset(3 * i as isize * tile.a_row);
            }
            for _ in 0..tile.depth {
                let row = load::<V, VECTORS, WHOLE>(b, mask);
                for (r, sums) in sums.iter_mut().enumerate() {
                    let factor = V::splat(*bases[r / 3].offset((r % 3) as isize * tile.a_row));
                    for v in 0..VECTORS {
                        sums[v] = factor.mul_add(row[v], sums[v]);
                    }
                }
                for base in &mut bases {
                    *base = base.wrapping_offset(tile.a_step);
                }
                b = b.wrapping_offset(tile.b_step);
            }
        }
        finish::<V, ROWS, VECTORS>(tile, sums, mask);
    }
}

/// One inner index of a packed a.
#[inline(always)]
unsafe fn step<V: Vector, const ROWS: usize, const VECTORS: usize, const WHOLE: bool>(
    sums: &mut [[V; VECTORS]; ROWS],
    a: *const V::T,
    b: *const V::T,
    mask: V::Mask,
) {
    // SAFETY: the caller vouches for `ROWS` numbers of a and the columns of b.
    unsafe {
        let row = load::<V, VECTORS, WHOLE>(b, mask);
        for (r, sums) in sums.iter_mut().enumerate() {
            let factor = V::splat(*a.add(r));
            for v in 0..VECTORS {
                sums[v] = factor.mul_add(row[v], sums[v]);
            }
        }
    }
}

/// The columns of b at one inner index.
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

/// Writes the sums with what belongs to them.
#[inline(always)]
unsafe fn finish<V: Vector, const ROWS: usize, const VECTORS: usize>(
    tile: &Tile<V::T>,
    sums: [[V; VECTORS]; ROWS],
    mask: V::Mask,
) {
    // SAFETY: the caller vouches for the tile of `out` and the columns of the bias; what lies beyond is masked off.
    unsafe {
        if tile.columns == VECTORS * V::LANES && tile.bias.is_null() && !tile.relu {
            // The usual case by itself: whole registers and nothing to be done but to store or to add.
            for (r, sums) in sums.into_iter().enumerate() {
                for (v, sum) in sums.into_iter().enumerate() {
                    let to = tile.out.add(r * tile.out_row + v * V::LANES);
                    if tile.accumulate { sum.add(V::load(to)).store(to) } else { sum.store(to) }
                }
            }
            return;
        }
        for (r, sums) in sums.into_iter().enumerate() {
            for (v, mut sum) in sums.into_iter().enumerate() {
                let (to, last) = (tile.out.add(r * tile.out_row + v * V::LANES), v + 1 == VECTORS);
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
