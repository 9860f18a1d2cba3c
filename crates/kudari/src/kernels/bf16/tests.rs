//! Both ways to compute the product against the plain sum in f64 of the rounded numbers, and tiles against what the
//! instruction is said to do, bit by bit.

use super::*;
use crate::kernels::random::philox;
use crate::kernels::threads;

type Product = fn(&mut [f32], [usize; 3], Matrix<'_, f32>, Matrix<'_, f32>, Ending<'_, f32>);

/// Replace what is there, or add to it.
const fn ending(accumulate: bool) -> Ending<'static, f32> {
    Ending { accumulate, ..Ending::REPLACE }
}

fn numbers(count: usize, key: u64) -> Vec<f32> {
    (0..count).map(|i| (philox(i as u128, key)[0] as f64 / 2f64.powi(31) - 1.0) as f32).collect()
}

/// The definition: the nearer one of the two neighbours in bf16, the even one of two as near; below 2⁻¹²⁶ zero.
fn nearest(x: f32) -> f32 {
    if x.is_nan() || x.is_infinite() || x == 0.0 {
        return x;
    }
    if !x.is_normal() {
        return 0f32.copysign(x);
    }
    let below = f32::from_bits(x.to_bits() & 0xffff_0000);
    let above = f32::from_bits((x.to_bits() & 0xffff_0000) + 0x1_0000);
    // Beyond the largest number the next one would be 2¹²⁸, which rounds to infinity.
    let above_value = if above.is_infinite() { 2f64.powi(128).copysign(x as f64) } else { above as f64 };
    let (down, up) = ((x as f64 - below as f64).abs(), (above_value - x as f64).abs());
    let even = below.to_bits() & 0x1_0000 == 0;
    if down < up || (down == up && even) { below } else { above }
}

/// Every upper half of a number, with lower halves around the half-way point and at both ends.
fn special_values() -> impl Iterator<Item = f32> {
    let lower = [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff];
    (0..=u16::MAX).flat_map(move |upper| lower.map(|lower| f32::from_bits((upper as u32) << 16 | lower)))
}

fn same(got: f32, wanted: f32) -> bool {
    got.to_bits() == wanted.to_bits() || (got.is_nan() && wanted.is_nan())
}

#[test]
fn rounding_is_to_the_nearest_even_neighbour() {
    for x in special_values() {
        let got = plain::round(x);
        assert!(same(got, nearest(x)), "{x:e} ({:08x}) → {got:e}", x.to_bits());
        assert_eq!(got.to_bits() & 0xffff, 0);
    }
}

/// Packing an operand into lines (a left one whose rows are together) keeps the order of its numbers.
#[test]
#[cfg(target_arch = "x86_64")]
fn packing_rounds_as_the_plain_twin_does() {
    if !simd::tiles() {
        return;
    }
    #[repr(align(64))]
    struct Tile([u8; tile::BYTES]);
    let values: Vec<f32> = special_values().collect();
    for values in values.chunks(tile::LINES * tile::DEPTH) {
        let matrix = Matrix { data: values, offset: 0, row_stride: tile::DEPTH as isize, column_stride: 1 };
        let mut target = Tile([0; tile::BYTES]);
        pack::Lines::rows(matrix, tile::LINES).pack(&mut target.0, 0, 0, tile::DEPTH);
        for (&x, bits) in values.iter().zip(target.0.chunks(2)) {
            let got = f32::from_bits((u16::from_le_bytes([bits[0], bits[1]]) as u32) << 16);
            assert_eq!(got.to_bits(), plain::round(x).to_bits(), "{:08x}", x.to_bits());
        }
    }
}

/// A matrix as its numbers lie in memory, and how to find them.
struct Operand {
    data: Vec<f32>,
    offset: usize,
    strides: [isize; 2],
}

impl Operand {
    fn new([rows, columns]: [usize; 2], key: u64, transposed: bool) -> Self {
        let strides = if transposed { [1, rows as isize] } else { [columns as isize, 1] };
        Operand { data: numbers(rows * columns, key), offset: 0, strides }
    }

    fn matrix(&self) -> Matrix<'_, f32> {
        Matrix { data: &self.data, offset: self.offset, row_stride: self.strides[0], column_stride: self.strides[1] }
    }

    /// Element (i, j), rounded.
    fn at(&self, i: usize, j: usize) -> f32 {
        let at = self.offset as isize + i as isize * self.strides[0] + j as isize * self.strides[1];
        nearest(self.data[at as usize])
    }
}

/// Compares a product with the sum in f64: with k terms, each addition is wrong by at most 2⁻²⁴ of a partial sum, none of
/// which exceeds the sum of magnitudes, and by 2⁻¹²⁶ where small sums become zero.
fn check(product: Product, [m, k, n]: [usize; 3], a: &Operand, b: &Operand, accumulate: bool) {
    let start = numbers(m * n, 3);
    let mut out = start.clone();
    product(&mut out, [m, k, n], a.matrix(), b.matrix(), ending(accumulate));
    let rows: Vec<f64> = (0..m * k).map(|i| a.at(i / k, i % k) as f64).collect();
    let columns: Vec<f64> = (0..n * k).map(|i| b.at(i % k, i / k) as f64).collect();
    for i in 0..m {
        for j in 0..n {
            let first = if accumulate { start[i * n + j] as f64 } else { 0.0 };
            let (mut exact, mut magnitude) = (first, first.abs());
            for (x, y) in rows[i * k..(i + 1) * k].iter().zip(&columns[j * k..(j + 1) * k]) {
                exact += x * y;
                magnitude += (x * y).abs();
            }
            let bound = (k + 1) as f64 * (2f64.powi(-24) * magnitude + 2f64.powi(-126));
            let got = out[i * n + j] as f64;
            assert!((got - exact).abs() <= bound, "{m}×{k}×{n} ({i}, {j}), += {accumulate}: {got} ≠ {exact}");
        }
    }
}

const BOTH: [Product; 2] = [matmul, plain::matmul];

#[test]
fn products_of_every_shape_and_order_agree_with_the_sum_in_f64() {
    let sizes = [1, 15, 16, 17, 31, 33, 100];
    for shape in 0..sizes.len().pow(3) {
        let [m, k, n] = [shape / 49, shape / 7 % 7, shape % 7].map(|s| sizes[s]);
        for order in 0..4 {
            let (a, b) = (Operand::new([m, k], 1, order & 1 > 0), Operand::new([k, n], 2, order & 2 > 0));
            for (product, accumulate) in BOTH.into_iter().flat_map(|product| [(product, false), (product, true)]) {
                check(product, [m, k, n], &a, &b, accumulate);
            }
        }
    }
}

/// Sizes beyond one block of packed lines and places.
#[test]
fn large_products_agree_with_the_sum_in_f64() {
    for [m, k, n] in [[40, 2100, 50], [1050, 40, 1040], [200, 400, 70]] {
        for order in 0..4 {
            let (a, b) = (Operand::new([m, k], 1, order & 1 > 0), Operand::new([k, n], 2, order & 2 > 0));
            check(matmul, [m, k, n], &a, &b, order > 1);
        }
    }
}

#[test]
fn operands_may_have_any_strides() {
    let [m, k, n] = [37, 70, 41];
    // Every third number of every second row, from the end; one row for all.
    let a = Operand { data: numbers(m * 2 * k * 3, 1), offset: m * 2 * k * 3 - 1, strides: [-(2 * 3 * k as isize), -3] };
    let b = Operand { data: numbers(n, 2), offset: 0, strides: [0, 1] };
    for product in BOTH {
        check(product, [m, k, n], &a, &b, false);
        check(product, [m, k, 1], &a, &b, true);
    }
}

/// The ending is what the plain product without one would be followed by, also over several blocks of places.
#[test]
fn bias_and_relu_come_after_the_whole_sum() {
    for [m, k, n] in [[5, 3, 7], [40, 33, 50], [33, 2100, 20], [20, 0, 3]] {
        let (a, b) = (Operand::new([m, k], 1, false), Operand::new([k, n], 2, true));
        let (bias, start) = (numbers(n, 4), numbers(m * n, 3));
        for product in BOTH {
            for (accumulate, relu) in [(false, false), (false, true), (true, false), (true, true)] {
                let (mut out, mut sums) = (start.clone(), start.clone());
                product(&mut out, [m, k, n], a.matrix(), b.matrix(), Ending { accumulate, bias: Some(&bias), relu });
                product(&mut sums, [m, k, n], a.matrix(), b.matrix(), ending(accumulate));
                for (at, (&got, sum)) in out.iter().zip(sums).enumerate() {
                    let wanted = if relu { (sum + bias[at % n]).max(0.0) } else { sum + bias[at % n] };
                    assert!((got - wanted).abs() <= 1e-5, "{m}×{k}×{n} element {at}: {got} ≠ {wanted}");
                }
            }
        }
    }
}

#[test]
fn infinity_and_nan_reach_their_rows_only() {
    for product in BOTH {
        let mut a = Operand::new([20, 40], 1, false);
        (a.data[3 * 40 + 7], a.data[17 * 40 + 39]) = (f32::NAN, f32::MAX); // which rounds to infinity
        let b = Operand::new([40, 20], 2, false);
        let mut out = vec![0.0; 400];
        product(&mut out, [20, 40, 20], a.matrix(), b.matrix(), ending(false));
        for (row, line) in out.chunks(20).enumerate() {
            let fits = |x: &f32| {
                [x.is_finite(), x.is_nan(), x.is_infinite()][[3, 17].iter().position(|&r| r == row).map_or(0, |p| p + 1)]
            };
            assert!(line.iter().all(fits), "row {row}: {line:?}");
        }
    }
}

#[test]
fn a_product_without_terms() {
    let none = Operand { data: vec![], offset: 0, strides: [1, 1] };
    let mut out = [1.0, 2.0];
    matmul(&mut out, [2, 0, 1], none.matrix(), none.matrix(), ending(true));
    assert_eq!(out, [1.0, 2.0]);
    matmul(&mut out, [2, 0, 1], none.matrix(), none.matrix(), ending(false));
    assert_eq!(out, [0.0, 0.0]);
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    for [m, k, n] in [[300, 500, 260], [90, 1500, 1100]] {
        let (a, b) = (Operand::new([m, k], 1, false), Operand::new([k, n], 2, true));
        for product in BOTH {
            let run = |count| {
                threads::set_threads(count);
                let mut out = vec![0.0; m * n];
                product(&mut out, [m, k, n], a.matrix(), b.matrix(), ending(false));
                out
            };
            let one = run(1);
            assert!([2, 3, 7].iter().all(|&count| run(count) == one));
        }
    }
}

/// The instruction as Intel's manual (Software Developer's Manual, TDPBF16PS) describes it, one element at a time.
#[test]
fn tiles_give_the_bits_of_the_instruction() {
    if !simd::tiles() {
        return;
    }
    let flushed = |x: f32| if x.is_subnormal() { 0f32.copysign(x) } else { x };
    for [m, k, n] in [[1, 1, 1], [5, 32, 16], [33, 97, 20], [20, 1200, 70]] {
        for scale in [1.0, 2f32.powi(-60), 2f32.powi(-70)] {
            let (mut a, mut b) = (Operand::new([m, k], 1, false), Operand::new([k, n], 2, true));
            a.data.iter_mut().chain(&mut b.data).for_each(|x| *x *= scale);
            let start: Vec<f32> = numbers(m * n, 3).iter().map(|x| x * scale * scale).collect();
            let mut out = start.clone();
            matmul(&mut out, [m, k, n], a.matrix(), b.matrix(), ending(true));
            for (at, (&got, &start)) in out.iter().zip(&start).enumerate() {
                let mut sum = start;
                for from in (0..k).step_by(32) {
                    let mut parts = [0f32; 2];
                    for p in from..k.min(from + 32) {
                        parts[p % 2] = flushed(a.at(at / n, p).mul_add(b.at(p, at % n), parts[p % 2]));
                    }
                    sum = flushed(flushed(sum) + flushed(parts[0] + parts[1]));
                }
                assert_eq!(got.to_bits(), sum.to_bits(), "{m}×{k}×{n}, scale {scale:e}, element {at}: {got:e}, {sum:e}");
            }
        }
    }
}
