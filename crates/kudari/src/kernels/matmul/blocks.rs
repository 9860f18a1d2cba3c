//! Products of any size: cut into blocks that fit the caches and tiles that fit the registers.
//!
//! The output is cut along one side into tasks, by size alone. The operand that all tasks share is packed once, by all
//! threads; each task packs its own part of the other operand, block by block of the inner dimension, right before it
//! is used. So every number is packed once and what a task reads stays in its core's caches. Small products read b where
//! it lies, and a too if the inner dimension is short.

use super::tile::{Micro, Tile};
use super::{Ending, Matrix, RATE, TASK, pack};
use crate::kernels::float::Float;
use crate::kernels::memory::Buffer;
use crate::kernels::threads::{self, SendPointer};

/// The inner dimension is worked off in blocks of about this length, so that a panel of b stays in the first-level cache.
const DEPTH: usize = 256;
/// Below this many multiply-adds operands are read where they lie, if b's columns lie together.
pub(super) const SMALL: usize = 8 << 20;
/// Tasks that a product is cut into, if it is large enough.
const TASKS: usize = 16;

/// Which side of the output is cut into tasks.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    Rows,
    Columns,
}

/// A product with everything that its tasks need to know.
pub(super) struct Product<'a, T> {
    m: usize,
    k: usize,
    n: usize,
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    ending: Ending<'a, T>,
    micro: Micro<T>,
    out: SendPointer<T>,
}

/// `out = a · b` with its ending.
pub(super) fn product<T: Float>(out: &mut [T], [m, k, n]: [usize; 3], a: Matrix<'_, T>, b: Matrix<'_, T>, ending: Ending<'_, T>) {
    let product = Product::new(out, [m, k, n], a, b, ending);
    if b.column_stride == 1 && m * k * n <= SMALL {
        product.in_place();
    } else {
        product.packed(if m * k <= k * n { Cut::Columns } else { Cut::Rows });
    }
}

impl<'a, T: Float> Product<'a, T> {
    /// A product that is yet to be computed, into `out` of m · n numbers.
    pub(super) fn new(out: &mut [T], [m, k, n]: [usize; 3], a: Matrix<'a, T>, b: Matrix<'a, T>, ending: Ending<'a, T>) -> Self {
        Product { m, k, n, a, b, ending, micro: Micro::best(), out: SendPointer(out.as_mut_ptr()) }
    }

    /// Stripes of rows, of nearly equal height: a low one at the end would waste most of its registers.
    fn stripes(&self) -> usize {
        self.m.div_ceil(self.micro.rows)
    }

    fn stripe_top(&self, stripe: usize) -> usize {
        stripe * self.m / self.stripes()
    }

    pub(super) fn panels(&self) -> usize {
        self.n.div_ceil(self.micro.columns)
    }

    /// Blocks of the inner dimension: their first index and length. There is at least one, perhaps empty.
    pub(super) fn depths(&self) -> impl Iterator<Item = (usize, usize)> + use<T> {
        let (k, blocks) = (self.k, self.k.div_ceil(DEPTH).max(1));
        (0..blocks).map(move |block| {
            let from = block * k / blocks;
            (from, (block + 1) * k / blocks - from)
        })
    }

    /// The estimated time in nanoseconds.
    pub(super) fn cost(&self) -> f64 {
        (self.m * self.n * self.k) as f64 / RATE
    }

    /// How many of `count` stripes or panels a task takes.
    fn per_task(&self, count: usize) -> usize {
        let least = (TASK * count / (self.m * self.n * self.k).max(1)).max(1);
        count.div_ceil(TASKS).max(least).min(count)
    }

    /// b is read where it lies, and a too if the inner dimension is short; else each task packs its rows of a.
    fn in_place(&self) {
        let (stripes, panels) = (self.stripes(), self.panels());
        // Packed rows make every address of the inner loop a constant: without, fourteen of them spill the registers.
        let pack_a = self.k >= 16;
        // Tasks are rectangles, numbered along the rows first: their part of a is packed once if there are rows enough.
        let tasks = (self.m * self.n * self.k / TASK).clamp(1, TASKS);
        let down = tasks.min(stripes);
        let across = tasks.div_ceil(down).min(panels);
        threads::for_each(down * across, self.cost(), |task| {
            let part = |count: usize, part: usize, parts: usize| part * count / parts..(part + 1) * count / parts;
            let (rows, columns) = (part(stripes, task / across, down), part(panels, task % across, across));
            let (top, bottom) = (self.stripe_top(rows.start), self.stripe_top(rows.end));
            let mut packed = Buffer::recycled::<T>(if pack_a { (bottom - top) * self.k.min(DEPTH) } else { 0 });
            for (from, depth) in self.depths() {
                let packed = packed.slice_mut::<T>(if pack_a { (bottom - top) * depth } else { 0 }).unwrap_or_default();
                if pack_a {
                    rows.clone().for_each(|stripe| {
                        self.pack_stripe(&mut packed[(self.stripe_top(stripe) - top) * depth..], stripe, [from, depth]);
                    });
                }
                for panel in columns.clone() {
                    let j = panel * self.micro.columns;
                    let width = self.micro.columns.min(self.n - j);
                    let b = if depth > 0 { self.b.block(from, j, depth, width) } else { std::ptr::null() };
                    for stripe in rows.clone() {
                        let i = self.stripe_top(stripe);
                        let height = self.stripe_top(stripe + 1) - i;
                        let (a, a_steps) = if pack_a {
                            (packed[(i - top) * depth..][..height * depth].as_ptr(), [1, height as isize])
                        } else if depth > 0 {
                            (self.a.block(i, from, height, depth), [self.a.row_stride, self.a.column_stride])
                        } else {
                            (std::ptr::null(), [0, 0])
                        };
                        let [a_row, a_step] = a_steps;
                        let steps = [a_row, a_step, self.b.row_stride];
                        let whole = width == self.micro.columns;
                        // SAFETY: `block` and the bounds above vouch for the operands; every tile of the output belongs to one task.
                        unsafe { self.tile([i, j, from], [height, width, depth], a, b, steps, [pack_a, whole]) }
                    }
                }
            }
        });
    }

    /// Both operands are packed: one by all threads before, the other by the tasks.
    fn packed(&self, cut: Cut) {
        let (stripes, panels) = (self.stripes(), self.panels());
        let wide = self.micro.columns;
        let shared_size = if cut == Cut::Columns { self.k * self.m } else { self.k * panels * wide };
        let mut shared = Buffer::recycled::<T>(shared_size);
        if let Some(values) = shared.slice_mut::<T>(shared_size) {
            self.pack_shared(values, cut);
        }
        let shared = shared.slice::<T>(shared_size);
        let count = if cut == Cut::Rows { stripes } else { panels };
        let per_task = self.per_task(count);
        threads::for_each(count.div_ceil(per_task), self.cost(), |task| {
            let mine = task * per_task..count.min((task + 1) * per_task);
            let (rows, columns) = if cut == Cut::Rows { (mine, 0..panels) } else { (0..stripes, mine) };
            let top = self.stripe_top(rows.start);
            let own_lines = if cut == Cut::Rows { self.stripe_top(rows.end) - top } else { columns.len() * wide };
            let mut own = Buffer::recycled::<T>(own_lines * self.k.min(DEPTH));
            for (from, depth) in self.depths() {
                let Some(own) = own.slice_mut::<T>(own_lines * depth) else { return };
                match cut {
                    Cut::Rows => rows.clone().for_each(|stripe| {
                        let start = (self.stripe_top(stripe) - top) * depth;
                        self.pack_stripe(&mut own[start..], stripe, [from, depth]);
                    }),
                    Cut::Columns => {
                        for (panel, part) in columns.clone().zip(own.chunks_exact_mut((depth * wide).max(1))) {
                            self.pack_panel(part, panel, [from, depth]);
                        }
                    }
                }
                let next = from + depth..self.k.min(from + 2 * depth);
                let parts = rows.len() * columns.len();
                for panel in columns.clone() {
                    let j = panel * wide;
                    let b = match cut {
                        Cut::Rows => &shared[from * panels * wide + panel * depth * wide..],
                        Cut::Columns => &own[(panel - columns.start) * depth * wide..],
                    };
                    for stripe in rows.clone() {
                        let i = self.stripe_top(stripe);
                        let height = self.stripe_top(stripe + 1) - i;
                        let a = match cut {
                            Cut::Rows => &own[(i - top) * depth..],
                            Cut::Columns => &shared[from * self.m + i * depth..],
                        };
                        if !next.is_empty() {
                            let part = (panel - columns.start) * rows.len() + stripe - rows.start;
                            match cut {
                                Cut::Rows => pack::ahead(self.a, top..top + own_lines, next.clone(), part, parts),
                                Cut::Columns => {
                                    let lines = columns.start * wide..self.n.min(columns.end * wide);
                                    pack::ahead(self.b.transposed(), lines, next.clone(), part, parts);
                                }
                            }
                        }
                        assert!(a.len() >= height * depth && b.len() >= depth * wide, "packed operands");
                        let sizes = [height, wide.min(self.n - j), depth];
                        let steps = [1, height as isize, wide as isize];
                        // SAFETY: the packed operands hold what the tile reads (checked above); every tile of the output belongs
                        // to one task.
                        unsafe { self.tile([i, j, from], sizes, a.as_ptr(), b.as_ptr(), steps, [true, true]) }
                    }
                }
            }
        });
    }

    /// Numbers of b when it is packed.
    pub(super) fn packed_size(&self) -> usize {
        self.k * self.panels() * self.micro.columns
    }

    /// Packs all of b, which has [`packed_size`](Self::packed_size) numbers then.
    pub(super) fn pack_columns(&self, values: &mut [T]) {
        self.pack_shared(values, Cut::Rows);
    }

    /// Packs all of a, in m · k numbers.
    pub(super) fn pack_rows(&self, values: &mut [T]) {
        self.pack_shared(values, Cut::Columns);
    }

    /// Computes one panel of columns from packed operands, for the block of the inner dimension that starts at `from`.
    pub(super) fn multiply_panel(&self, rows: &[T], columns: &[T], panel: usize, [from, depth]: [usize; 2]) {
        let wide = self.micro.columns;
        let j = panel * wide;
        let b = &columns[(from * self.panels() + panel * depth) * wide..][..depth * wide];
        for stripe in 0..self.stripes() {
            let i = self.stripe_top(stripe);
            let height = self.stripe_top(stripe + 1) - i;
            let a = &rows[from * self.m + i * depth..][..height * depth];
            let sizes = [height, wide.min(self.n - j), depth];
            // SAFETY: the slices of the packed operands hold what the tile reads; the caller gives every panel to one task, and the
            // output has m · n numbers.
            unsafe { self.tile([i, j, from], sizes, a.as_ptr(), b.as_ptr(), [1, height as isize, wide as isize], [true, true]) }
        }
    }

    /// Packs all of the operand that the tasks share, block by block of the inner dimension.
    fn pack_shared(&self, values: &mut [T], cut: Cut) {
        let wide = self.micro.columns;
        let start = SendPointer(values.as_mut_ptr());
        let lines = if cut == Cut::Columns { self.stripes() } else { self.panels() };
        let blocks: usize = self.depths().count();
        threads::for_each(lines * blocks, values.len() as f64 * 0.2, |index| {
            let (block, line) = (index / lines, index % lines);
            let Some((from, depth)) = self.depths().nth(block) else { return };
            let (offset, size) = match cut {
                Cut::Columns => {
                    let (top, bottom) = (self.stripe_top(line), self.stripe_top(line + 1));
                    (from * self.m + top * depth, (bottom - top) * depth)
                }
                Cut::Rows => (from * lines * wide + line * depth * wide, depth * wide),
            };
            let start = &start;
            // SAFETY: the groups of all blocks lie one after the other in `values`, whose size is that of all of them.
            let part = unsafe { std::slice::from_raw_parts_mut(start.0.add(offset), size) };
            match cut {
                Cut::Columns => self.pack_stripe(part, line, [from, depth]),
                Cut::Rows => self.pack_panel(part, line, [from, depth]),
            }
        });
    }

    fn pack_stripe(&self, part: &mut [T], stripe: usize, [from, depth]: [usize; 2]) {
        let top = self.stripe_top(stripe);
        let height = self.stripe_top(stripe + 1) - top;
        pack::group(&mut part[..height * depth], self.a, [top, height, height], [from, depth]);
    }

    fn pack_panel(&self, part: &mut [T], panel: usize, [from, depth]: [usize; 2]) {
        let wide = self.micro.columns;
        let j = panel * wide;
        pack::group(&mut part[..wide * depth], self.b.transposed(), [j, wide.min(self.n - j), wide], [from, depth]);
    }

    /// Computes one tile of the block of the inner dimension that starts at `from`.
    ///
    /// # Safety
    ///
    /// a and b hold what the sizes and steps (of a's rows, of a's and b's inner index) reach, i + height ≤ m,
    /// j + width ≤ n, and nobody else uses this tile of the output.
    #[inline(always)]
    unsafe fn tile(
        &self,
        [i, j, from]: [usize; 3],
        [rows, columns, depth]: [usize; 3],
        a: *const T,
        b: *const T,
        [a_row, a_step, b_step]: [isize; 3],
        [packed, whole]: [bool; 2],
    ) {
        let (first, last) = (from == 0, from + depth == self.k);
        let bias = match self.ending.bias {
            Some(bias) if first => bias[j..j + columns].as_ptr(),
            _ => std::ptr::null(),
        };
        let tile = Tile {
            depth,
            a,
            a_row,
            a_step,
            b,
            b_step,
            packed,
            whole,
            // SAFETY: i < m and j < n, so the offset is inside the output, whose length is m·n.
            out: unsafe { self.out.0.add(i * self.n + j) },
            out_row: self.n,
            rows,
            columns,
            accumulate: self.ending.accumulate || !first,
            bias,
            relu: self.ending.relu && last,
        };
        // SAFETY: forwarded from the caller.
        unsafe { self.micro.run(&tile) }
    }
}
