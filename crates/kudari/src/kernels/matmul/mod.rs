//! Matrix products `out = a·b` or `out += a·b`, for operands with any strides.
//!
//! The product is cut into tiles that fit the registers ([`tile`]). Operands that the micro-kernel cannot read well
//! where they lie (columns not contiguous, or a large matrix walked many times) are first copied into the order in
//! which it reads them. The inner dimension is never split between threads, so every element is one sum in one order.

mod dot;
mod tile;
mod vector;

use super::float::Float;
use super::memory::Buffer;
use super::simd::vectorized;
use super::threads::{self, SendPointer};
use tile::{Micro, Tile};

/// A matrix in memory: element (i, j) lies at `offset + i·row_stride + j·column_stride`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    pub data: &'a [T],
    pub offset: usize,
    pub row_stride: isize,
    pub column_stride: isize,
}

impl<T: Float> Matrix<'_, T> {
    /// A pointer to element (i, j), checked against the data for a block of `rows × columns` from there.
    fn block(&self, i: usize, j: usize, rows: usize, columns: usize) -> *const T {
        let at = |i: usize, j: usize| self.offset as isize + i as isize * self.row_stride + j as isize * self.column_stride;
        let corners = [at(i, j), at(i + rows - 1, j), at(i, j + columns - 1), at(i + rows - 1, j + columns - 1)];
        assert!(corners.iter().all(|&c| c >= 0 && (c as usize) < self.data.len()), "a block outside its matrix");
        self.data[at(i, j) as usize..].as_ptr()
    }
}

/// Inner dimensions longer than this are worked off in blocks, so that a block of both operands stays in the cache.
const DEPTH: usize = 384;
/// A task of about this many multiply-adds is worth handing to another thread.
const TASK: usize = 300_000;
/// Estimated multiply-adds per nanosecond on one thread.
const RATE: f64 = 50.0;

/// `out (m × n, row-major) = a (m × k) · b (k × n)`, or `+=` with `accumulate`.
pub(crate) fn matmul<T: Float>(out: &mut [T], [m, k, n]: [usize; 3], a: Matrix<'_, T>, b: Matrix<'_, T>, accumulate: bool) {
    assert_eq!(out.len(), m * n, "the output's size");
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if !accumulate {
            out.fill(T::ZERO);
        }
        return;
    }
    // Dot products need no copies, but a sum over the lanes of each: worth it from some length on, while b fits the
    // second-level cache.
    if a.column_stride == 1 && b.row_stride == 1 && k >= 32 && k * n <= 128 * 1024 {
        return dots(out, [m, k, n], a, b, accumulate, dot::best());
    }
    let micro = Micro::best();
    for from in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - from);
        block(out, m, n, a, b, from, depth, accumulate || from > 0, micro);
    }
}

/// One block of the inner dimension: `from..from + depth`.
#[allow(clippy::too_many_arguments)]
fn block<T: Float>(
    out: &mut [T],
    m: usize,
    n: usize,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    from: usize,
    depth: usize,
    accumulate: bool,
    micro: Micro<T>,
) {
    let panels = n.div_ceil(micro.columns);
    // b is read once per tile of rows: where it lies if its columns are contiguous and it is read few times.
    let pack_b = b.column_stride != 1 || (m > 8 * micro.rows && depth * n > 64 * 1024);
    let packed_b = pack_b.then(|| pack(b.transposed(), [from, depth, n], micro.columns));
    // a is read once per panel; rows of a that lie far apart compete for the same cache lines.
    let pack_a = panels > 3 && depth >= 64 && a.row_stride.unsigned_abs() > 256;
    let packed_a = pack_a.then(|| pack(a, [from, depth, m], micro.rows));
    let panel_size = depth * micro.columns;
    let stripe_size = depth * micro.rows;
    // Tasks are rectangles of tiles, cut by shape alone.
    let stripes = m.div_ceil(micro.rows);
    // Stripes of nearly equal height: a low one at the end would waste most of its registers. Packed ones are all full.
    let stripe_top = |stripe: usize| if pack_a { (stripe * micro.rows).min(m) } else { stripe * m / stripes };
    let (tall, wide) = task_size(stripes, panels, depth * micro.rows * micro.columns);
    let (down, across) = (stripes.div_ceil(tall), panels.div_ceil(wide));
    let start = SendPointer(out.as_mut_ptr());
    threads::for_each(down * across, (m * n * depth) as f64 / RATE, |task| {
        let start = &start;
        let (top, left) = (task / across * tall, task % across * wide);
        for panel in left..panels.min(left + wide) {
            let j = panel * micro.columns;
            let columns = micro.columns.min(n - j);
            let (b_start, b_step) = match &packed_b {
                Some(packed) => (packed.slice::<T>(panels * panel_size)[panel * panel_size..].as_ptr(), micro.columns as isize),
                None => (b.block(from, j, depth, columns), b.row_stride),
            };
            for stripe in top..stripes.min(top + tall) {
                let i = stripe_top(stripe);
                let rows = stripe_top(stripe + 1) - i;
                let (a_start, a_row, a_step) = match &packed_a {
                    Some(packed) => {
                        (packed.slice::<T>(stripes * stripe_size)[stripe * stripe_size..].as_ptr(), 1, micro.rows as isize)
                    }
                    None => (a.block(i, from, rows, depth), a.row_stride, a.column_stride),
                };
                let tile = Tile {
                    depth,
                    a: a_start,
                    a_row,
                    a_step,
                    b: b_start,
                    b_step,
                    // SAFETY: i < m and j < n, so the offset is inside `out`, whose length is m·n.
                    out: unsafe { start.0.add(i * n + j) },
                    out_row: n,
                    rows,
                    columns,
                    accumulate,
                };
                // SAFETY: `block` and the packed sizes vouch for a and b; the tile's rows and columns lie inside `out`, and
                // every tile is written by exactly one task.
                unsafe { micro.run(&tile) }
            }
        }
    });
}

/// The product of operands whose inner dimension is contiguous in both.
fn dots<T: Float>(
    out: &mut [T],
    [m, k, n]: [usize; 3],
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    accumulate: bool,
    kernel: dot::Kernel<T>,
) {
    // A task reads `wide` columns of b, which stay in the second-level cache, for every tile of its rows.
    let wide = (128 * 1024 / k).clamp(4, 256).next_multiple_of(dot::COLUMNS).min(n.next_multiple_of(dot::COLUMNS));
    let tall = (TASK / (wide * k)).max(1).next_multiple_of(dot::ROWS);
    let (down, across) = (m.div_ceil(tall), n.div_ceil(wide));
    let start = SendPointer(out.as_mut_ptr());
    threads::for_each(down * across, (m * n * k) as f64 / RATE, |task| {
        let start = &start;
        let (top, left) = (task / across * tall, task % across * wide);
        for i in (top..m.min(top + tall)).step_by(dot::ROWS) {
            for j in (left..n.min(left + wide)).step_by(dot::COLUMNS) {
                let (rows, columns) = (dot::ROWS.min(m - i), dot::COLUMNS.min(n - j));
                let tile = dot::Dots {
                    depth: k,
                    a: a.block(i, 0, rows, k),
                    a_row: a.row_stride,
                    b: b.block(0, j, k, columns),
                    b_column: b.column_stride,
                    // SAFETY: i < m and j < n, so the offset is inside `out`, whose length is m·n.
                    out: unsafe { start.0.add(i * n + j) },
                    out_row: n,
                    rows,
                    columns,
                    accumulate,
                };
                // SAFETY: `block` vouches for a and b; the tile's rows and columns lie inside `out`, and every tile is written
                // by exactly one task.
                unsafe { kernel(&tile) }
            }
        }
    });
}

/// How many stripes and panels a task takes, from the work of one tile.
fn task_size(stripes: usize, panels: usize, tile_work: usize) -> (usize, usize) {
    let tiles = (TASK / tile_work.max(1)).max(1);
    // Prefer whole rows of panels if there are several stripes (b's panels are then read in turn), else split panels.
    if panels <= tiles {
        ((tiles / panels).clamp(1, stripes), panels)
    } else {
        (stripes.min(4), (tiles / stripes.min(4)).clamp(1, panels))
    }
}

impl<'a, T> Matrix<'a, T> {
    fn transposed(self) -> Matrix<'a, T> {
        Matrix { row_stride: self.column_stride, column_stride: self.row_stride, ..self }
    }
}

/// Copies columns `from..from + depth` of the first `lines` rows into groups of `width` rows, in each group column by
/// column: `packed[group][column][row in group]`; missing rows of the last group are zero.
fn pack<T: Float>(x: Matrix<'_, T>, [from, depth, lines]: [usize; 3], width: usize) -> Buffer {
    let groups = lines.div_ceil(width);
    let size = depth * width;
    let mut packed = Buffer::recycled::<T>(groups * size);
    if let Some(values) = packed.slice_mut::<T>(groups * size) {
        threads::for_each_piece(values, size, (groups * size) as f64 * 0.3, |group, part| {
            let first = group * width;
            let count = width.min(lines - first);
            if count < width {
                part.fill(T::ZERO);
            }
            let start = x.offset as isize + first as isize * x.row_stride + from as isize * x.column_stride;
            if x.row_stride == 1 {
                // The rows of a column lie together: plain copies.
                for (c, target) in part.chunks_exact_mut(width).enumerate() {
                    let source = (start + c as isize * x.column_stride) as usize;
                    target[..count].copy_from_slice(&x.data[source..source + count]);
                }
            } else {
                transpose(part, x.data, start, [x.row_stride, x.column_stride], count, width);
            }
        });
    }
    packed
}

vectorized! {
    /// `part[column · width + row] = data[start + row · row_stride + column · column_stride]`, in blocks of 8 × 8 that stay
    /// in registers and whose cache lines are used whole.
    fn transpose[T: Float](part: &mut [T], data: &[T], start: isize, strides: [isize; 2], count: usize, width: usize) {
        let [row_stride, column_stride] = strides;
        let depth = part.len() / width;
        for c in (0..depth).step_by(8) {
            for r in (0..count).step_by(8) {
                let corner = start + r as isize * row_stride + c as isize * column_stride;
                if column_stride == 1 && c + 8 <= depth && r + 8 <= count {
                    let mut block = [[T::ZERO; 8]; 8];
                    for (i, line) in block.iter_mut().enumerate() {
                        let from = (corner + i as isize * row_stride) as usize;
                        line.copy_from_slice(&data[from..from + 8]);
                    }
                    #[allow(clippy::needless_range_loop)] // the columns of the block, not its rows
                    for j in 0..8 {
                        let to = (c + j) * width + r;
                        part[to..to + 8].copy_from_slice(&std::array::from_fn::<T, 8, _>(|i| block[i][j]));
                    }
                } else {
                    for i in 0..8.min(count - r) {
                        for j in 0..8.min(depth - c) {
                            let from = corner + i as isize * row_stride + j as isize * column_stride;
                            part[(c + j) * width + r + i] = data[from as usize];
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::random::philox;
    use crate::kernels::simd::{Level, level};

    fn numbers(count: usize, key: u64) -> Vec<f64> {
        (0..count).map(|i| philox(i as u128, key)[0] as f64 / 2f64.powi(31) - 1.0).collect()
    }

    fn check<T: Float>(m: usize, k: usize, n: usize, transposed: [bool; 2], tolerance: f64) {
        let convert = |v: Vec<f64>| v.into_iter().map(T::from_f64).collect::<Vec<T>>();
        let (a, b) = (convert(numbers(m * k, 1)), convert(numbers(k * n, 2)));
        let strides = |rows: usize, columns: usize, t: bool| if t { (1, rows as isize) } else { (columns as isize, 1) };
        let (sa, sb) = (strides(m, k, transposed[0]), strides(k, n, transposed[1]));
        let start = convert(numbers(m * n, 3));
        let mut out = start.clone();
        let matrix = |data, (row_stride, column_stride)| Matrix { data, offset: 0, row_stride, column_stride };
        matmul(&mut out, [m, k, n], matrix(&a[..], sa), matrix(&b[..], sb), true);
        for i in 0..m {
            for j in 0..n {
                let mut exact = start[i * n + j].to_f64();
                for p in 0..k {
                    let x = a[(i as isize * sa.0 + p as isize * sa.1) as usize].to_f64();
                    exact += x * b[(p as isize * sb.0 + j as isize * sb.1) as usize].to_f64();
                }
                let got = out[i * n + j].to_f64();
                assert!((got - exact).abs() <= tolerance * (k as f64), "{m}×{k}×{n} {transposed:?}: {got} ≠ {exact}");
            }
        }
    }

    #[test]
    fn products_of_every_shape_and_order_agree_with_the_plain_loop() {
        let sizes = [[1, 1, 1], [4, 2, 8], [3, 7, 50], [13, 5, 33], [50, 100, 97], [25, 400, 65], [100, 784, 50], [130, 900, 70]];
        for [m, k, n] in sizes {
            for transposed in [[false, false], [false, true], [true, false], [true, true]] {
                check::<f32>(m, k, n, transposed, 1e-6);
                check::<f64>(m, k, n, transposed, 1e-15);
            }
        }
    }

    /// Every level that this processor has gives the same tile, to rounding.
    #[test]
    fn micro_kernels_agree_with_their_portable_twin() {
        fn tile<T: Float>(micro: Micro<T>, rows: usize, columns: usize) -> Vec<f64> {
            let depth = 37;
            let values = |key| numbers(64 * depth, key).into_iter().map(T::from_f64).collect::<Vec<T>>();
            let (a, b, mut out) = (values(5), values(6), vec![T::ZERO; rows * 64]);
            let tile = Tile {
                depth,
                a: a.as_ptr(),
                a_row: 1,
                a_step: 64,
                b: b.as_ptr(),
                b_step: 64,
                out: out.as_mut_ptr(),
                out_row: 64,
                rows,
                columns,
                accumulate: false,
            };
            // SAFETY: 64·depth numbers in a and b, rows·64 in out, and rows, columns ≤ 64.
            unsafe { micro.run(&tile) };
            assert!((0..rows).all(|r| out[r * 64 + columns..(r + 1) * 64].iter().all(|&x| x == T::ZERO)), "beyond the tile");
            out.into_iter().map(T::to_f64).collect()
        }
        fn compare<T: Float>(tolerance: f64) {
            let portable = Micro::<T>::of(Level::Portable);
            for level in [Level::Avx2, Level::Avx512].into_iter().filter(|&l| l <= level()) {
                let micro = Micro::<T>::of(level);
                for rows in 1..=portable.rows.min(micro.rows) {
                    for columns in 1..=portable.columns.min(micro.columns) {
                        let (x, y) = (tile(micro, rows, columns), tile(portable, rows, columns));
                        assert!(x.iter().zip(y).all(|(x, y)| (x - y).abs() < tolerance));
                    }
                }
            }
        }
        compare::<f32>(1e-5);
        compare::<f64>(1e-13);
    }

    /// The same for tiles of dot products.
    #[test]
    fn dot_products_agree_with_their_portable_twin() {
        fn compare<T: Float>(tolerance: f64) {
            for (m, k, n) in [(1, 33, 1), (6, 64, 4), (7, 100, 5), (12, 47, 50), (3, 1000, 2)] {
                let values = |count, key| numbers(count, key).into_iter().map(T::from_f64).collect::<Vec<T>>();
                let (a, b, start) = (values(m * k, 7), values(n * k, 8), values(m * n, 9));
                let product = |level| {
                    let mut out = start.clone();
                    let a = Matrix { data: &a[..], offset: 0, row_stride: k as isize, column_stride: 1 };
                    let b = Matrix { data: &b[..], offset: 0, row_stride: 1, column_stride: k as isize };
                    dots(&mut out, [m, k, n], a, b, true, dot::of(level));
                    out
                };
                let exact = product(Level::Portable);
                for level in [Level::Avx2, Level::Avx512].into_iter().filter(|&l| l <= level()) {
                    let near = |(x, y): (T, &T)| (x.to_f64() - y.to_f64()).abs() < tolerance;
                    assert!(product(level).into_iter().zip(&exact).all(near), "{m}×{k}×{n}");
                }
            }
        }
        compare::<f32>(1e-4);
        compare::<f64>(1e-12);
    }

    #[test]
    fn the_number_of_threads_does_not_change_a_bit() {
        let (a, b) = (numbers(200 * 500, 1), numbers(500 * 150, 2));
        let product = |threads| {
            threads::set_threads(threads);
            let mut out = vec![0.0; 200 * 150];
            let a = Matrix { data: &a[..], offset: 0, row_stride: 500, column_stride: 1 };
            let b = Matrix { data: &b[..], offset: 0, row_stride: 1, column_stride: 500 };
            matmul(&mut out, [200, 500, 150], a, b, false);
            out
        };
        let one = product(1);
        assert!([2, 3, 5].iter().all(|&count| product(count) == one));
    }
}
