//! Both ways to compute a convolution in bf16 against the plain loops in f64 on the rounded numbers.

use super::super::plain;
use super::*;
use crate::kernels::random::philox;
use crate::kernels::threads;

/// A geometry whose output has the size that the rest gives it.
fn sized(base: Geometry) -> Geometry {
    let out = |size: usize, axis: usize| {
        (size + 2 * base.padding[axis] - (base.kernel[axis] - 1) * base.dilation[axis] - 1) / base.stride[axis] + 1
    };
    Geometry { out_height: out(base.height, 0), out_width: out(base.width, 1), ..base }
}

/// Geometry number `seed` of a long row of different ones.
fn random_geometry(seed: u64) -> Geometry {
    let mut drawn = 0;
    let mut pick = |from: &[usize]| {
        drawn += 1;
        from[philox(drawn, seed)[0] as usize % from.len()]
    };
    let groups = pick(&[1, 1, 1, 1, 2, 3]);
    let kernel = [pick(&[1, 2, 3, 3, 5]), pick(&[1, 2, 3, 3, 5])];
    let dilation = [pick(&[1, 1, 2]), pick(&[1, 1, 1, 2, 3])];
    let least = [0, 1].map(|axis| (kernel[axis] - 1) * dilation[axis] + 1);
    sized(Geometry {
        batch: pick(&[1, 1, 2, 3, 5, 16, 17, 19, 33]),
        channels: groups * pick(&[1, 2, 3, 5, 8, 11, 16, 20, 33]),
        height: least[0] + pick(&[0, 1, 2, 5]),
        width: least[1] + pick(&[0, 1, 2, 3, 6, 13, 16, 17]),
        filters: groups * pick(&[1, 2, 7, 16, 17, 35]),
        out_height: 0,
        out_width: 0,
        kernel,
        stride: [pick(&[1, 1, 2, 3]), pick(&[1, 1, 1, 2, 3])],
        padding: [pick(&[0, 1, 2, 4]), pick(&[0, 1, 1, 3])],
        dilation,
        groups,
    })
}

/// Sizes beyond one block, panel, task or group of pictures.
fn large_geometries() -> [Geometry; 5] {
    let plain = Geometry { padding: [1, 1], stride: [1, 1], dilation: [1, 1], groups: 1, kernel: [3, 3], ..random_geometry(0) };
    [
        Geometry { batch: 6, channels: 32, height: 14, width: 14, filters: 64, padding: [0, 0], ..plain },
        Geometry { batch: 3, channels: 16, height: 40, width: 33, filters: 24, ..plain },
        Geometry { batch: 4, channels: 40, height: 9, width: 10, filters: 70, stride: [2, 2], ..plain },
        // Weights of more than 1 MiB, which are cut into tasks, of pictures in sixteens.
        Geometry { batch: 18, channels: 260, height: 3, width: 3, filters: 236, ..plain },
        Geometry { batch: 1, channels: 3, height: 60, width: 70, filters: 8, kernel: [7, 7], stride: [2, 2], ..plain },
    ]
    .map(sized)
}

fn numbers(count: usize, key: u64) -> Vec<f32> {
    (0..count).map(|i| (philox(i as u128, key)[0] as f64 / 2f64.powi(31) - 1.0) as f32).collect()
}

/// The numbers of a convolution: x, w, g and the bias.
fn operands(geometry: &Geometry) -> [Vec<f32>; 4] {
    let lengths = [
        geometry.batch * geometry.input_len(),
        geometry.filters * geometry.filter_len(),
        geometry.batch * geometry.output_len(),
        geometry.filters,
    ];
    [0, 1, 2, 3].map(|i| numbers(lengths[i], i as u64))
}

/// Rounded, as f64.
fn exact(x: &[f32]) -> Vec<f64> {
    rounded(x).slice::<f32>(x.len()).iter().map(|&x| x as f64).collect()
}

/// Forward (with a bias), by the input and by the weight, by the plain loops.
fn by_loops([x, w, g, bias]: [&[f64]; 4], relu: bool, geometry: &Geometry) -> [Vec<f64>; 3] {
    let (xs, ys) = (geometry.input_len(), geometry.output_len());
    let (mut y, mut dx, mut dw) = (vec![0.0; g.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
    for (x, y) in x.chunks_exact(xs).zip(y.chunks_exact_mut(ys)) {
        plain::forward(y, x, w, Some(bias), relu, geometry);
    }
    for (g, dx) in g.chunks_exact(ys).zip(dx.chunks_exact_mut(xs)) {
        plain::backward_input(dx, g, w, geometry);
    }
    for (f, dw) in dw.chunks_exact_mut(geometry.filter_len()).enumerate() {
        plain::backward_weight(dw, f, x, g, geometry);
    }
    [y, dx, dw]
}

/// The same in bf16, by tiles where there are some.
fn in_bf16([x, w, g, bias]: [&[f32]; 4], relu: bool, geometry: &Geometry) -> [Vec<f32>; 3] {
    let (mut y, mut dx, mut dw) = (vec![f32::NAN; g.len()], vec![f32::NAN; x.len()], vec![f32::NAN; w.len()]);
    with_precision(Precision::Bf16, || {
        super::super::forward(&mut y, x, w, Some(bias), relu, geometry);
        super::super::backward_input(&mut dx, g, w, geometry);
        super::super::backward_weight(&mut dw, x, g, geometry);
    });
    [y, dx, dw]
}

/// The same where there are no tiles.
fn in_f32([x, w, g, bias]: [&[f32]; 4], relu: bool, geometry: &Geometry) -> [Vec<f32>; 3] {
    let (mut y, mut dx, mut dw) = (vec![f32::NAN; g.len()], vec![f32::NAN; x.len()], vec![f32::NAN; w.len()]);
    with_rounded([x, w], |[x, w]| super::super::forward(&mut y, x, w, Some(bias), relu, geometry));
    with_rounded([g, w], |[g, w]| super::super::backward_input(&mut dx, g, w, geometry));
    with_rounded([x, g], |[x, g]| super::super::backward_weight(&mut dw, x, g, geometry));
    [y, dx, dw]
}

/// With k terms, each addition is wrong by at most 2⁻²⁴ of a partial sum, none of which exceeds the sum of magnitudes, and by
/// 2⁻¹²⁶ where small sums become zero.
fn check(geometry: &Geometry, relu: bool) {
    let operands = operands(geometry);
    let [x, w, g] = [0, 1, 2].map(|i| exact(&operands[i]));
    let bias: Vec<f64> = operands[3].iter().map(|&b| b as f64).collect();
    let wanted = by_loops([&x, &w, &g, &bias], relu, geometry);
    let magnitudes = [&x, &w, &g, &bias].map(|x| x.iter().map(|x| x.abs()).collect::<Vec<_>>());
    let magnitudes = by_loops(magnitudes.each_ref().map(|x| &x[..]), false, geometry);
    let taps = geometry.kernel[0] * geometry.kernel[1];
    let terms = [geometry.filter_len() + 1, geometry.filters * taps, geometry.batch * geometry.out_height * geometry.out_width];
    for (way, compute) in [("bf16", in_bf16 as fn(_, _, &_) -> _), ("f32", in_f32)] {
        let got: [Vec<f32>; 3] = compute(operands.each_ref().map(|x| &x[..]), relu, geometry);
        for (what, ((got, wanted), magnitude)) in got.iter().zip(&wanted).zip(&magnitudes).enumerate() {
            for (i, ((got, wanted), magnitude)) in got.iter().zip(wanted).zip(magnitude).enumerate() {
                let bound = (terms[what] + 1) as f64 * (2f64.powi(-24) * magnitude + 2f64.powi(-126));
                let error = (*got as f64 - wanted).abs();
                assert!(error <= bound, "result {what} {i} in {way}, ReLU {relu}, {geometry:?}: {got} ≠ {wanted}");
            }
        }
    }
}

#[test]
fn convolutions_of_every_kind_agree_with_the_sums_in_f64() {
    (0..300).for_each(|seed| check(&random_geometry(seed), seed % 2 > 0));
}

#[test]
fn large_convolutions_agree_with_the_sums_in_f64() {
    large_geometries().iter().for_each(|geometry| check(geometry, true));
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    for geometry in large_geometries().into_iter().chain((0..10).map(random_geometry)) {
        let operands = operands(&geometry);
        let run = |count| {
            threads::set_threads(count);
            in_bf16(operands.each_ref().map(|x| &x[..]), false, &geometry)
        };
        let one = run(1);
        assert!([2, 3, 7].iter().all(|&count| run(count) == one), "{geometry:?}");
    }
}

/// Numbers beside a tile, a row or a picture may be read, but change nothing: NaN and infinity reach exactly the results that
/// have them among their terms.
#[test]
fn infinity_and_nan_reach_their_results_only() {
    for seed in 0..100 {
        let geometry = random_geometry(seed);
        for (operand, value) in [(0, f32::NAN), (1, f32::INFINITY), (2, f32::NAN), (0, f32::MAX), (2, f32::NEG_INFINITY)] {
            let mut operands = operands(&geometry);
            let at = philox(1, seed)[1] as usize % operands[operand].len();
            operands[operand][at] = value; // f32::MAX is rounded to infinity
            let [x, w, g] = [0, 1, 2].map(|i| exact(&operands[i]));
            let bias: Vec<f64> = operands[3].iter().map(|&b| b as f64).collect();
            let wanted = by_loops([&x, &w, &g, &bias], false, &geometry);
            let got = in_bf16(operands.each_ref().map(|x| &x[..]), false, &geometry);
            for (what, (got, wanted)) in got.iter().zip(&wanted).enumerate() {
                // Infinity times the zeros beside the picture is NaN, which the plain loops leave out.
                if (operand, what) == (1, 1) || geometry.padding != [0, 0] && [(1, 0), (2, 2)].contains(&(operand, what)) {
                    continue;
                }
                for (i, (got, wanted)) in got.iter().zip(wanted).enumerate() {
                    let same = (got.is_nan(), *got == f32::INFINITY, *got == f32::NEG_INFINITY)
                        == (wanted.is_nan(), *wanted == f64::INFINITY, *wanted == f64::NEG_INFINITY);
                    assert!(same, "operand {operand} {at} {value}, result {what} {i}, {geometry:?}: {got} ≠ {wanted}");
                }
            }
        }
    }
}

#[test]
fn nothing_to_sum_gives_zeros() {
    let geometry = Geometry { batch: 0, ..random_geometry(1) };
    let [_, w, _, bias] = operands(&geometry);
    let [y, dx, dw] = in_bf16([&[], &w, &[], &bias], false, &geometry);
    assert!(y.is_empty() && dx.is_empty() && dw.iter().all(|&dw| dw == 0.0));
}
