//! Products against the plain loop, and every micro-kernel against its portable twin.

use super::tile::{Micro, Tile};
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
    let (start, bias) = (convert(numbers(m * n, 3)), convert(numbers(n, 4)));
    let (mut out, mut ended) = (start.clone(), start.clone());
    let matrix = |data, (row_stride, column_stride)| Matrix { data, offset: 0, row_stride, column_stride };
    let (left, right) = (matrix(&a[..], sa), matrix(&b[..], sb));
    matmul(&mut out, [m, k, n], left, right, true);
    matmul_with(&mut ended, [m, k, n], left, right, Ending { accumulate: false, bias: Some(&bias), relu: true });
    for i in 0..m {
        for j in 0..n {
            let mut exact = 0.0;
            for p in 0..k {
                let x = a[(i as isize * sa.0 + p as isize * sa.1) as usize].to_f64();
                exact += x * b[(p as isize * sb.0 + j as isize * sb.1) as usize].to_f64();
            }
            let at = i * n + j;
            for (got, exact) in
                [(out[at].to_f64(), start[at].to_f64() + exact), (ended[at].to_f64(), (exact + bias[j].to_f64()).max(0.0))]
            {
                assert!((got - exact).abs() <= tolerance * (k as f64 + 1.0), "{m}×{k}×{n} {transposed:?}: {got} ≠ {exact}");
            }
        }
    }
}

#[test]
fn products_of_every_shape_and_order_agree_with_the_plain_loop() {
    let small = [[1, 1, 1], [4, 2, 8], [3, 7, 50], [13, 5, 33], [50, 100, 97], [25, 400, 65], [100, 784, 50]];
    // Large enough to be packed, cut by columns and by rows, with one and with several blocks of the inner dimension.
    let large = [[130, 900, 75], [33, 270, 1000], [1001, 131, 65]];
    assert!(large.iter().all(|[m, k, n]| m * k * n > blocks::SMALL));
    for [m, k, n] in small.into_iter().chain(large) {
        for transposed in [[false, false], [false, true], [true, false], [true, true]] {
            check::<f32>(m, k, n, transposed, 1e-6);
            check::<f64>(m, k, n, transposed, 1e-15);
        }
    }
}

#[test]
fn an_inner_dimension_of_zero_gives_zeros_or_the_bias() {
    let empty = Matrix { data: &[0f32; 0][..], offset: 0, row_stride: 0, column_stride: 1 };
    let mut out = [f32::NAN; 6];
    matmul(&mut out, [2, 0, 3], empty, empty, false);
    assert_eq!(out, [0.0; 6]);
    matmul_with(&mut out, [2, 0, 3], empty, empty, Ending { bias: Some(&[1.0, -2.0, 3.0]), relu: true, accumulate: true });
    assert_eq!(out, [1.0, 0.0, 3.0, 1.0, 0.0, 3.0]);
}

#[test]
fn a_nan_passes_through_the_ending() {
    for size in [1, 100] {
        let (a, b) = (vec![f32::NAN; size * size], vec![1.0; size * size]);
        let matrix = |data| Matrix { data, offset: 0, row_stride: size as isize, column_stride: 1 };
        let mut out = vec![0.0; size * size];
        matmul_with(&mut out, [size; 3], matrix(&a[..]), matrix(&b[..]), Ending { relu: true, ..Ending::REPLACE });
        assert!(out.iter().all(|x| x.is_nan()));
    }
}

/// Every level that this processor has, every size of tile, packed or not, against the plain loop.
#[test]
fn micro_kernels_agree_with_the_plain_loop() {
    fn compare<T: Float>(micro: Micro<T>, rows: usize, columns: usize, packed: bool, tolerance: f64) {
        const WIDE: usize = 64;
        let depth = 37;
        let values = |key| numbers(WIDE * depth, key).into_iter().map(T::from_f64).collect::<Vec<T>>();
        let (a, b, mut out) = (values(5), values(6), vec![T::ZERO; rows * WIDE]);
        let (a_row, a_step) = if packed { (1, rows) } else { (1, WIDE) };
        let tile = Tile {
            depth,
            a: a.as_ptr(),
            a_row,
            a_step: a_step as isize,
            b: b.as_ptr(),
            b_step: WIDE as isize,
            packed,
            whole: packed && columns == micro.columns,
            out: out.as_mut_ptr(),
            out_row: WIDE,
            rows,
            columns,
            accumulate: false,
            bias: std::ptr::null(),
            relu: false,
        };
        // SAFETY: 64·depth numbers in a and b, rows·64 in out, and rows, columns ≤ 64.
        unsafe { micro.run(&tile) };
        for r in 0..rows {
            for c in 0..WIDE {
                let exact: f64 = (0..depth).map(|k| a[k * a_step + r].to_f64() * b[k * WIDE + c].to_f64()).sum();
                let exact = if c < columns { exact } else { 0.0 };
                assert!((out[r * WIDE + c].to_f64() - exact).abs() < tolerance, "{rows}×{columns}, packed {packed}: ({r}, {c})");
            }
        }
    }
    for level in [Level::Portable, Level::Avx2, Level::Avx512].into_iter().filter(|&l| l <= level()) {
        let (single, double) = (Micro::<f32>::of(level), Micro::<f64>::of(level));
        for packed in [false, true] {
            for rows in 1..=single.rows {
                (1..=single.columns).for_each(|columns| compare(single, rows, columns, packed, 1e-5));
            }
            for rows in 1..=double.rows {
                (1..=double.columns).for_each(|columns| compare(double, rows, columns, packed, 1e-13));
            }
        }
    }
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
                dots(&mut out, [m, k, n], a, b, Ending { accumulate: true, ..Ending::REPLACE }, dot::of(level));
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
    // Read where they lie, packed and cut by columns, packed and cut by rows, dot products.
    for (sizes, transposed) in
        [([200, 100, 150], false), ([200, 500, 150], false), ([90, 300, 500], false), ([60, 300, 50], true)]
    {
        let [m, k, n] = sizes;
        let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
        let product = |threads| {
            threads::set_threads(threads);
            let mut out = vec![0.0; m * n];
            let a = Matrix { data: &a[..], offset: 0, row_stride: k as isize, column_stride: 1 };
            let (row_stride, column_stride) = if transposed { (1, k as isize) } else { (n as isize, 1) };
            matmul(&mut out, sizes, a, Matrix { data: &b[..], offset: 0, row_stride, column_stride }, false);
            out
        };
        let one = product(1);
        assert!([2, 3, 5].iter().all(|&count| product(count) == one), "{sizes:?}");
    }
}

/// An operand that is packed once gives what the plain loop gives, on any number of threads; its inner dimension is cut into
/// blocks beyond 256.
#[test]
fn a_prepared_operand_multiplies_like_the_plain_loop() {
    for [m, k, n] in [[1, 1, 1], [5, 37, 70], [16, 300, 130], [33, 520, 64], [3, 0, 4], [0, 4, 3], [40, 128, 512]] {
        let (a, b, start, bias) = (numbers(m * k, 1), numbers(k * n, 2), numbers(m * n, 3), numbers(n, 4));
        let matrix = |data, columns: usize| Matrix { data, offset: 0, row_stride: columns as isize, column_stride: 1 };
        let turned = Matrix { data: &b[..], offset: 0, row_stride: 1, column_stride: k as isize };
        for (accumulate, bias) in [(false, None), (true, None), (true, Some(&bias[..]))] {
            let ending = Ending { accumulate, bias, relu: false };
            for b in [matrix(&b[..], n), turned] {
                let product = |threads| {
                    threads::set_threads(threads);
                    let mut out = start.clone();
                    Prepared::new(b, [k, n]).product(&mut out, m, matrix(&a[..], k), ending);
                    out
                };
                let mut exact = start.clone();
                plain(&mut exact, [m, k, n], matrix(&a[..], k), b, ending);
                let one = product(1);
                assert!(one.iter().zip(&exact).all(|(x, y)| (x - y).abs() < 1e-12), "{m}×{k}×{n}");
                assert!(product(3) == one, "{m}×{k}×{n}");
            }
        }
    }
}
