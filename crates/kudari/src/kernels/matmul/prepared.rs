//! A right operand that many products use, brought once into the order in which the micro-kernel reads it.
//!
//! A recurrent network multiplies by one matrix at every place of a sequence, by few rows each time: packing the matrix for
//! every product would cost as much as the products. Sums are f32 or f64 as the numbers are, whatever precision was asked for.

use super::blocks::Product;
use super::{Ending, Matrix, TASK};
use crate::kernels::float::Float;
use crate::kernels::memory::Buffer;
use crate::kernels::threads;

/// A packed matrix of k rows and n columns.
pub(crate) struct Prepared {
    packed: Buffer,
    size: usize,
    k: usize,
    n: usize,
}

impl Prepared {
    /// Packs `b (k × n)`.
    pub(crate) fn new<T: Float>(b: Matrix<'_, T>, [k, n]: [usize; 2]) -> Prepared {
        let product = Product::new(&mut [], [0, k, n], b, b, Ending::REPLACE);
        let size = product.packed_size();
        let mut packed = Buffer::recycled::<T>(size);
        if let Some(values) = packed.slice_mut::<T>(size) {
            product.pack_columns(values);
        }
        Prepared { packed, size, k, n }
    }

    /// `out (m × n, row-major) = a (m × k) · b`, with its ending. T is the type of b's numbers.
    pub(crate) fn product<T: Float>(&self, out: &mut [T], m: usize, a: Matrix<'_, T>, ending: Ending<'_, T>) {
        let (k, n) = (self.k, self.n);
        assert_eq!(out.len(), m * n, "the output's size");
        assert!(ending.bias.is_none_or(|bias| bias.len() == n), "the bias's size");
        if m == 0 || n == 0 {
            return;
        }
        let b = self.packed.slice::<T>(self.size);
        // Only the packed numbers are read of b.
        let product = Product::new(out, [m, k, n], a, a, ending);
        let mut rows = Buffer::recycled::<T>(m * k);
        let Some(rows) = rows.slice_mut::<T>(m * k) else { return };
        product.pack_rows(rows);
        let (rows, panels) = (&*rows, product.panels());
        let tasks = (m * n * k / TASK).clamp(1, panels);
        threads::for_each(tasks, product.cost(), |task| {
            for (from, depth) in product.depths() {
                for panel in task * panels / tasks..(task + 1) * panels / tasks {
                    product.multiply_panel(rows, b, panel, [from, depth]);
                }
            }
        });
    }
}
