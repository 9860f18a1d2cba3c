//! Elementary functions of f32 without branches and calls, so that a loop over them becomes vector instructions.
//!
//! The polynomials are fits made for these intervals, whose largest error is nearly the smallest possible; bounds are measured
//! against f64 (tests below). Every function gives NaN for NaN, keeps the sign of zero where it is odd, and has its limits at
//! the infinities; both GELUs are NaN at −∞, a product of infinity and zero, as elsewhere.

use super::float::{GELU_CUBIC, GELU_LINEAR, NORMAL_PEAK};

/// Adding 1.5·2²³ rounds to an integer, which then stands in the low bits.
const ROUND: f32 = 12_582_912.0;

/// ln 2 in two parts, the first with so few bits that a whole number of them is exact.
const LN_2_HIGH: f32 = 355.0 / 512.0;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// `low` … `high` of x; unlike `clamp` and `max` in a form in which a NaN passes through.
#[inline(always)]
fn held(x: f32, low: f32, high: f32) -> f32 {
    let x = if x > high { high } else { x };
    if x < low { low } else { x }
}

/// e^x as r and n with e^x = e^r · 2^n and |r| ≤ ½ ln 2, for |x| below 2²¹.
#[inline(always)]
fn reduced(x: f32) -> (f32, i32) {
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2_HIGH, x);
    (n.mul_add(-LN_2_LOW, r), (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32))
}

/// e^r − 1 for |r| ≤ ½ ln 2.
#[inline(always)]
fn less_one(r: f32) -> f32 {
    let q = r.mul_add(1.990_889_3e-4, 1.393_453_5e-3);
    let q = q.mul_add(r, 8.333_284e-3);
    let q = q.mul_add(r, 4.166_645_6e-2);
    let q = q.mul_add(r, 1.666_666_7e-1);
    let q = q.mul_add(r, 0.5);
    q.mul_add(r * r, r)
}

/// 2^n, for n from −126 to 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) << 23) as u32)
}

/// p · 2^n by two factors, so that denormal results and overflow come out right.
#[inline(always)]
fn scaled(p: f32, n: i32) -> f32 {
    let half = n >> 1;
    p * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// e^x, within 1 unit in the last place.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let (r, n) = reduced(held(x, -104.0, 89.0));
    scaled(1.0 + less_one(r), n)
}

/// e^x − 1, within 2 units in the last place.
#[inline(always)]
pub(super) fn exp_m1(x: f32) -> f32 {
    let (r, n) = reduced(held(x, -20.0, 89.0));
    let p = less_one(r);
    // (e^r − 1)·2^n + (2^n − 1), halved so that 2^128 is not needed.
    let half = power_of_two(n.wrapping_sub(1));
    let y = 2.0 * p.mul_add(half, half - 0.5);
    (if n == 0 { p } else { y }).copysign(x)
}

/// ln(1 + f) + n ln 2 for √½ ≤ 1 + f < √2.
#[inline(always)]
fn logarithm(f: f32, n: f32) -> f32 {
    let p = f.mul_add(6.748_345_5e-2, -1.167_788_66e-1);
    let p = p.mul_add(f, 1.188_863_4e-1);
    let p = p.mul_add(f, -1.240_527_7e-1);
    let p = p.mul_add(f, 1.421_945_2e-1);
    let p = p.mul_add(f, -1.666_800_8e-1);
    let p = p.mul_add(f, 2.000_212_4e-1);
    let p = p.mul_add(f, -2.500_001e-1);
    let p = p.mul_add(f, 3.333_331_3e-1);
    let square = f * f;
    let small = n.mul_add(LN_2_LOW, p * f * square);
    n.mul_add(LN_2_HIGH, f + square.mul_add(-0.5, small))
}

/// The exponent n of x = m·2^n with √½ ≤ m < √2, and the bits of m, from the bits of x.
#[inline(always)]
fn split(bits: u32) -> (i32, u32) {
    let exponent = (bits.wrapping_sub(std::f32::consts::FRAC_1_SQRT_2.to_bits()) as i32) >> 23;
    (exponent, bits.wrapping_sub((exponent as u32) << 23))
}

/// ln x, within 1 unit in the last place.
#[inline(always)]
pub(super) fn ln(x: f32) -> f32 {
    // Denormal numbers are brought into the usual form first.
    let denormal = x < f32::MIN_POSITIVE;
    let (exponent, mantissa) = split((if denormal { x * 8_388_608.0 } else { x }).to_bits());
    let y = logarithm(f32::from_bits(mantissa) - 1.0, exponent as f32 - if denormal { 23.0 } else { 0.0 });
    let y = if x == f32::INFINITY { f32::INFINITY } else { y };
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    if x >= 0.0 { y } else { f32::NAN }
}

/// ln(1 + x), within 2 units in the last place.
#[inline(always)]
pub(super) fn ln_1p(x: f32) -> f32 {
    let u = 1.0 + x;
    // What rounding took away from 1 + x.
    let lost = x - (u - 1.0);
    let (exponent, mantissa) = split(u.to_bits());
    // 2^−127 would be denormal; what is lost does not count there.
    let scale = power_of_two(if exponent < 126 { exponent.wrapping_neg() } else { -126 });
    let y = logarithm(lost.mul_add(scale, f32::from_bits(mantissa) - 1.0), exponent as f32);
    let y = if u == f32::INFINITY { f32::INFINITY } else { y };
    let y = if u == 0.0 { f32::NEG_INFINITY } else { y };
    if u >= 0.0 { y.copysign(x) } else { f32::NAN }
}

/// 1 / (1 + e^−x), within 2 units in the last place.
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    // e/(1 + e), below ½. As e − e·e/(1 + e) it does not inherit the rounding of 1 + e.
    let quotient = e / (1.0 + e);
    if x < 0.0 { e.mul_add(-quotient, e) } else { 1.0 - quotient }
}

/// tanh x, within 2 units in the last place.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    let a = x.abs();
    let large = 1.0 - 2.0 / (exp(a + a) + 1.0);
    let z = x * x;
    let p = z.mul_add(2.122_745_6e-3, -8.156_28e-3);
    let p = p.mul_add(z, 2.169_260_8e-2);
    let p = p.mul_add(z, -5.394_537_7e-2);
    let p = p.mul_add(z, 1.333_319_5e-1);
    let p = p.mul_add(z, -3.333_333e-1);
    let small = (p * z).mul_add(x, x);
    // The sum of two zeros loses the sign.
    (if a < 0.625 { small } else { large }).copysign(x)
}

/// e^x in f64, for |x| below 700, within 1e-9.
#[inline(always)]
fn exp_wide(x: f64) -> f64 {
    // The integer stands in the low bits as in `reduced`.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let shifted = x.mul_add(std::f64::consts::LOG2_E, ROUND);
    let r = (shifted - ROUND).mul_add(-std::f64::consts::LN_2, x);
    let q = r.mul_add(1.991_837_295e-4, 1.394_606_431e-3);
    let q = q.mul_add(r, 8.333_264_377e-3);
    let q = q.mul_add(r, 4.166_627_007e-2);
    let q = q.mul_add(r, 1.666_666_686e-1);
    let q = q.mul_add(r, 0.5);
    let p = q.mul_add(r * r, r) + 1.0;
    p * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// 1/x in f64, within 1e-14, for x in the range of f32: a division in f32, which is four times as fast, and one step of Newton's
/// method.
#[inline(always)]
fn reciprocal(x: f64) -> f64 {
    let near = f64::from(1.0 / x as f32);
    x.mul_add(-near, 1.0).mul_add(near, near)
}

/// e^(a²/2) · Φ(−a) for a from 0 to 15, in f64, within 1e-9: what is left of the normal distribution's tail without its bell. A
/// polynomial in (a − 3)/(a + 3), divided by a + 3.
#[inline(always)]
fn tail_ratio(a: f64) -> f64 {
    let inverse = reciprocal(a + 3.0);
    let t = inverse.mul_add(-6.0, 1.0);
    let p = t.mul_add(5.448_916_613e-5, 1.313_303_380e-4);
    let p = p.mul_add(t, -2.447_301_478e-4);
    let p = p.mul_add(t, -1.032_573_708e-3);
    let p = p.mul_add(t, 1.024_754_031e-3);
    let p = p.mul_add(t, 6.969_311_320e-3);
    let p = p.mul_add(t, -1.046_251_290e-2);
    let p = p.mul_add(t, -4.726_268_800e-2);
    let p = p.mul_add(t, 2.300_176_994e-1);
    let p = p.mul_add(t, -5.093_319_914e-1);
    p.mul_add(t, 7.290_836_904e-1) * inverse
}

/// |x| in f64, held to a number from where on `missing` parts are smaller than every f32.
#[inline(always)]
fn distance(x: f32, end: f32) -> f64 {
    f64::from(held(x.abs(), 0.0, end))
}

/// max(x, 0) less a number, with the sign of x: the form of both GELUs, which approach 0 and x on their two sides.
#[inline(always)]
fn rectified(x: f32, missing: f64) -> f32 {
    let y = ((if x < 0.0 { 0.0 } else { f64::from(x) }) - missing) as f32;
    // Infinity times zero.
    if x == f32::NEG_INFINITY { f32::NAN } else { y.copysign(x) }
}

/// The normal distribution function Φ(x) = ½ erfc(−x/√2), within 1 unit in the last place.
///
/// This and what follows is worked out in f64: in f32 a rounding error of x² alone would take six bits from the tail.
#[inline(always)]
pub(super) fn normal_cdf(x: f32) -> f32 {
    let a = distance(x, 15.0);
    let tail = exp_wide(-0.5 * a * a) * tail_ratio(a);
    (if x < 0.0 { tail } else { 1.0 - tail }) as f32
}

/// x · Φ(x), within 1 unit in the last place.
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    let a = distance(x, 15.0);
    rectified(x, a * exp_wide(-0.5 * a * a) * tail_ratio(a))
}

/// The derivative Φ(x) + x · e^(−x²/2)/√(2π) of [`gelu`].
#[inline(always)]
pub(super) fn gelu_slope(x: f32) -> f32 {
    let a = distance(x, 15.0);
    // On the left; on the right 1 minus that.
    let left = exp_wide(-0.5 * a * a) * a.mul_add(-NORMAL_PEAK, tail_ratio(a));
    (if x < 0.0 { left } else { 1.0 - left }) as f32
}

/// √(8/π)·(a + 0.044715a³)
#[inline(always)]
fn cubic(a: f64) -> f64 {
    a * (a * a).mul_add(GELU_CUBIC * GELU_LINEAR, GELU_LINEAR)
}

/// x/(1 + e^−v) with v = √(8/π)·(x + 0.044715x³), which is ½x(1 + tanh(v/2)): the tanh form of GELU, within 1 unit in the
/// last place.
#[inline(always)]
pub(super) fn gelu_tanh(x: f32) -> f32 {
    let a = distance(x, 12.0);
    rectified(x, a / (1.0 + exp_wide(cubic(a))))
}

/// The derivative s + xs(1 − s)v′ of [`gelu_tanh`], with s = 1/(1 + e^−v).
#[inline(always)]
pub(super) fn gelu_tanh_slope(x: f32) -> f32 {
    let a = distance(x, 12.0);
    let e = exp_wide(cubic(a));
    let s = 1.0 / (1.0 + e);
    // On the left; on the right 1 minus that.
    let left = s - a * (a * a).mul_add(3.0 * GELU_CUBIC * GELU_LINEAR, GELU_LINEAR) * s * (e * s);
    (if x < 0.0 { left } else { 1.0 - left }) as f32
}

/// The error function, within 2 units in the last place.
#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    let a = x.abs();
    let z = x * x;
    // erf(x)/x − 1, whose 0.128 carries more digits of 2/√π than 1.128.
    let p = z.mul_add(7.889_123e-5, -8.020_842e-4);
    let p = p.mul_add(z, 5.189_535_7e-3);
    let p = p.mul_add(z, -2.685_444_4e-2);
    let p = p.mul_add(z, 1.128_36e-1);
    let p = p.mul_add(z, -3.761_262_6e-1);
    let p = p.mul_add(z, 1.283_791_7e-1);
    // 1 − 2Φ(−√2 a), which is 1 from 4 on.
    let b = f64::from(held(a, 0.0, 4.0));
    let large = (1.0 - 2.0 * exp_wide(-b * b) * tail_ratio(b * std::f64::consts::SQRT_2)) as f32;
    if a < 1.0 { p.mul_add(x, x) } else { large.copysign(x) }
}

#[cfg(test)]
mod tests {
    use super::super::float::Float;
    use super::*;

    /// Units in the last place between an f32 result and the f64 truth; infinite where one is no number and the other is.
    fn ulps(got: f32, exact: f64) -> f64 {
        let rounded = exact as f32;
        if got == rounded || (got.is_nan() && exact.is_nan()) {
            // Also infinities, which have no distance.
            return if rounded.is_finite() { (f64::from(got) - exact).abs() / spacing(rounded) } else { 0.0 };
        }
        let error = (f64::from(got) - exact).abs() / spacing(rounded);
        if error.is_nan() { f64::INFINITY } else { error }
    }

    fn spacing(x: f32) -> f64 {
        f64::from(f32::from_bits(x.abs().to_bits() + 1)) - f64::from(x.abs())
    }

    /// The largest error over a million numbers of all sizes, NaNs, infinities and denormal numbers among them, and where it is.
    fn worst(f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> (f64, f32) {
        let edges = [0, 1, 0x007f_ffff, 0x0080_0000, 0x7f7f_ffff, 0x7f80_0000, 0x7fc0_0000, 0x3f80_0000, 0x42b1_7218];
        let edges = edges.into_iter().flat_map(|bits: u32| [bits, bits | 1 << 31]);
        let sweep = (0..u32::MAX / 4099).map(|i| i * 4099);
        edges
            .chain(sweep)
            .map(f32::from_bits)
            .map(|x| (ulps(f(x), exact(f64::from(x))), x))
            .fold((0.0, 0.0), |worst, found| if found.0 > worst.0 { found } else { worst })
    }

    fn sigma(x: f64) -> f64 {
        if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
    }

    fn phi(x: f64) -> f64 {
        0.5 * libm::erfc(-x / 2f64.sqrt())
    }

    /// ½x(1 + tanh u) as x·σ(2u).
    fn gelu_with_tanh(x: f64) -> f64 {
        x * sigma(2.0 * (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x))
    }

    #[test]
    fn errors_of_all_sizes_of_numbers() {
        type Case = (&'static str, f64, fn(f32) -> f32, fn(f64) -> f64);
        let cases: [Case; 12] = [
            ("exp", 1.0, exp, f64::exp),
            ("exp_m1", 1.6, exp_m1, f64::exp_m1),
            ("ln", 0.9, ln, f64::ln),
            ("ln_1p", 1.5, ln_1p, f64::ln_1p),
            ("sigmoid", 1.6, sigmoid, sigma),
            ("tanh", 1.4, tanh, f64::tanh),
            ("erf", 1.3, erf, libm::erf),
            ("normal_cdf", 0.6, normal_cdf, phi),
            ("gelu", 0.6, gelu, |x| x * phi(x)),
            ("gelu_tanh", 0.6, gelu_tanh, gelu_with_tanh),
            ("softplus", 2.0, Float::softplus, |x| if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }),
            ("sigmoid_slope", 4.0, Float::sigmoid_slope, |x| sigma(x) * sigma(-x)),
        ];
        for (name, bound, f, exact) in cases {
            let (error, at) = worst(f, exact);
            assert!(error <= bound, "{name}: {error:.2} units in the last place at {at:e}, where it is {:e}", f(at));
        }
    }

    #[test]
    fn slopes_of_gelu() {
        let peak = 1.0 / (2.0 * std::f64::consts::PI).sqrt();
        for i in -1400..1400 {
            let x = i as f32 * 0.01;
            let wide = f64::from(x);
            let exact = phi(wide) + wide * (-0.5 * wide * wide).exp() * peak;
            assert!((f64::from(gelu_slope(x)) - exact).abs() <= 6e-8 * exact.abs().max(1e-9), "{x}");
            let h = 1e-4;
            let numerical = (gelu_with_tanh(wide + h) - gelu_with_tanh(wide - h)) / (2.0 * h);
            assert!((f64::from(gelu_tanh_slope(x)) - numerical).abs() <= 1e-7, "{x}");
        }
        assert_eq!(
            [gelu_slope(f32::INFINITY), gelu_slope(f32::NEG_INFINITY), gelu_tanh_slope(1e30), gelu_tanh_slope(-1e30)],
            [1.0, -0.0, 1.0, -0.0]
        );
        assert!(gelu_slope(f32::NAN).is_nan() && gelu_tanh_slope(f32::NAN).is_nan());
    }

    #[test]
    fn odd_functions_keep_the_sign_of_zero() {
        for f in [exp_m1, ln_1p, tanh, erf, gelu, gelu_tanh] as [fn(f32) -> f32; 6] {
            assert_eq!([f(0.0).to_bits(), f(-0.0).to_bits()], [0, 1 << 31]);
        }
        assert_eq!((ln(0.0), ln(-0.0), ln_1p(-1.0)), (f32::NEG_INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY));
    }
}
