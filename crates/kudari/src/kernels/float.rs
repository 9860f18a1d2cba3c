//! The numbers that arrays are made of, and the mathematics of a single one.
//!
//! The f32 functions `exp`, `tanh`, `sigmoid` and their slopes are written without branches and calls, so that a
//! loop over them becomes vector instructions. f64 serves gradient checks and takes the system's accurate ones.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// The type of the numbers in an array, a property at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// 32-bit floating point: the default for training.
    F32,
    /// 64-bit floating point: for gradient checks and worked calculations.
    F64,
    /// 64-bit integers: labels and indices.
    I64,
    /// Truth values: the results of comparisons.
    Bool,
}

impl DType {
    /// The name: `f32`, `f64`, `i64` or `bool`.
    pub fn name(self) -> &'static str {
        match self {
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::I64 => "i64",
            DType::Bool => "bool",
        }
    }

    /// Bytes per number.
    pub fn size(self) -> usize {
        match self {
            DType::F32 => 4,
            DType::F64 | DType::I64 => 8,
            DType::Bool => 1,
        }
    }

    /// Whether it is a floating-point type, the only ones that have derivatives.
    pub fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F64)
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for i64 {}
    impl Sealed for u8 {}
    impl Sealed for bool {}
}

/// A number as it lies in memory: f32, f64, i64, or a byte (0 or 1) for a truth value.
///
/// Every bit pattern of the implementing types is valid, which recycled memory relies on.
pub(crate) trait Element:
    sealed::Sealed + Copy + Default + Debug + PartialEq + PartialOrd + Send + Sync + 'static
{
    /// The type's tag.
    const DTYPE: DType;
    /// The nearest value to `x`.
    fn from_f64(x: f64) -> Self;
    /// The value as f64.
    fn to_f64(self) -> f64;
}

macro_rules! element {
    ($type:ty, $tag:ident) => {
        impl Element for $type {
            const DTYPE: DType = DType::$tag;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $type
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    };
}
element!(f32, F32);
element!(f64, F64);
element!(i64, I64);

impl Element for u8 {
    const DTYPE: DType = DType::Bool;
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        (x != 0.0) as u8
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        (self != 0) as u8 as f64
    }
}

/// An element that can be added and multiplied.
pub(crate) trait Number: Element + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    const ZERO: Self;
    const ONE: Self;
    /// The larger one; NaN if either is NaN.
    fn larger(self, other: Self) -> Self;
    /// The smaller one; NaN if either is NaN.
    fn smaller(self, other: Self) -> Self;
    /// Sum that wraps for integers, as NumPy's does.
    fn plus(self, other: Self) -> Self;
    /// Difference that wraps for integers.
    fn minus(self, other: Self) -> Self;
    /// Product that wraps for integers.
    fn times(self, other: Self) -> Self;
}

impl Number for i64 {
    const ZERO: i64 = 0;
    const ONE: i64 = 1;
    fn larger(self, other: i64) -> i64 {
        self.max(other)
    }
    fn smaller(self, other: i64) -> i64 {
        self.min(other)
    }
    fn plus(self, other: i64) -> i64 {
        self.wrapping_add(other)
    }
    fn minus(self, other: i64) -> i64 {
        self.wrapping_sub(other)
    }
    fn times(self, other: i64) -> i64 {
        self.wrapping_mul(other)
    }
}

/// A floating-point element with the functions that networks need.
pub(crate) trait Float: Number + Div<Output = Self> + Neg<Output = Self> {
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// 0 for a denormal number, one too small for the usual form: processors take a hundred times as long for these.
    fn without_denormals(self) -> Self;
    fn abs(self) -> Self;
    fn sqrt(self) -> Self;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn ln_1p(self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tanh(self) -> Self;
    fn erf(self) -> Self;
    fn powf(self, exponent: Self) -> Self;
    fn is_finite(self) -> bool;
    /// −1, 0 or 1; NaN for NaN.
    #[inline(always)]
    fn sign(self) -> Self {
        if self > Self::ZERO {
            Self::ONE
        } else if self < Self::ZERO {
            -Self::ONE
        } else {
            self
        }
    }
    /// 1 / (1 + e^−x).
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::ONE / (Self::ONE + (-self).exp())
    }
    /// The derivative of the sigmoid as e / (1 + e)² with e = e^−|x|, which keeps its digits where y(1 − y) loses them.
    #[inline(always)]
    fn sigmoid_slope(self) -> Self {
        let e = (-self.abs()).exp();
        let sum = Self::ONE + e;
        e / (sum * sum)
    }
    /// The derivative of tanh as 4e / (1 + e)² with e = e^−2|x|, which keeps its digits where 1 − y² loses them.
    #[inline(always)]
    fn tanh_slope(self) -> Self {
        let a = self.abs();
        let four = Self::from_f64(4.0);
        four * (a + a).sigmoid_slope()
    }
}

macro_rules! float_basics {
    ($type:ty) => {
        impl Number for $type {
            const ZERO: $type = 0.0;
            const ONE: $type = 1.0;
            #[inline(always)]
            fn larger(self, other: $type) -> $type {
                if self >= other || self.is_nan() { self } else { other }
            }
            #[inline(always)]
            fn smaller(self, other: $type) -> $type {
                if self <= other || self.is_nan() { self } else { other }
            }
            #[inline(always)]
            fn plus(self, other: $type) -> $type {
                self + other
            }
            #[inline(always)]
            fn minus(self, other: $type) -> $type {
                self - other
            }
            #[inline(always)]
            fn times(self, other: $type) -> $type {
                self * other
            }
        }
    };
}
float_basics!(f32);
float_basics!(f64);

macro_rules! float_from_std {
    ($type:ty, $erf:path) => {
        #[inline(always)]
        fn mul_add(self, factor: $type, term: $type) -> $type {
            <$type>::mul_add(self, factor, term)
        }
        #[inline(always)]
        fn without_denormals(self) -> $type {
            if <$type>::abs(self) < <$type>::MIN_POSITIVE { 0.0 } else { self }
        }
        #[inline(always)]
        fn abs(self) -> $type {
            <$type>::abs(self)
        }
        #[inline(always)]
        fn sqrt(self) -> $type {
            <$type>::sqrt(self)
        }
        #[inline(always)]
        fn ln_1p(self) -> $type {
            <$type>::ln_1p(self)
        }
        #[inline(always)]
        fn sin(self) -> $type {
            <$type>::sin(self)
        }
        #[inline(always)]
        fn cos(self) -> $type {
            <$type>::cos(self)
        }
        #[inline(always)]
        fn erf(self) -> $type {
            $erf(self)
        }
        #[inline(always)]
        fn powf(self, exponent: $type) -> $type {
            <$type>::powf(self, exponent)
        }
        #[inline(always)]
        fn is_finite(self) -> bool {
            <$type>::is_finite(self)
        }
    };
}

impl Float for f64 {
    float_from_std!(f64, libm::erf);
    #[inline(always)]
    fn exp(self) -> f64 {
        f64::exp(self)
    }
    #[inline(always)]
    fn ln(self) -> f64 {
        f64::ln(self)
    }
    #[inline(always)]
    fn tanh(self) -> f64 {
        f64::tanh(self)
    }
}

impl Float for f32 {
    float_from_std!(f32, libm::erff);

    /// e^x = 2^n · e^r with |r| ≤ ½ ln 2, and the Taylor series of e^r to the seventh power (remainder 5e-9).
    #[inline(always)]
    fn exp(self) -> f32 {
        // Comparisons instead of clamp: a NaN passes through.
        let x = if self > 89.0 { 89.0 } else { self };
        let x = if x < -104.0 { -104.0 } else { x };
        // Adding 1.5·2²³ rounds to an integer, which then stands in the low bits.
        const ROUND: f32 = 12_582_912.0;
        let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
        let n = shifted - ROUND;
        // ln 2 in two parts, the first with so few bits that n times it is exact.
        let r = n.mul_add(-355.0 / 512.0, x);
        let r = n.mul_add(2.121_944_4e-4, r);
        let p = r.mul_add(1.0 / 5040.0, 1.0 / 720.0);
        let p = p.mul_add(r, 1.0 / 120.0);
        let p = p.mul_add(r, 1.0 / 24.0);
        let p = p.mul_add(r, 1.0 / 6.0);
        let p = p.mul_add(r, 0.5);
        let p = p.mul_add(r, 1.0);
        let p = p.mul_add(r, 1.0);
        // 2^n as two factors, so that denormal results and overflow come out right.
        let exponent = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
        let half = exponent >> 1;
        let power = |n: i32| f32::from_bits((n.wrapping_add(127) << 23) as u32);
        p * power(half) * power(exponent.wrapping_sub(half))
    }

    /// ln(2^n · m) = n ln 2 + ln m with √½ ≤ m < √2, and a polynomial for ln m (coefficients of the Cephes library).
    #[inline(always)]
    fn ln(self) -> f32 {
        // Denormal numbers are brought into the usual form first.
        let denormal = self < f32::MIN_POSITIVE;
        let bits = (if denormal { self * 8_388_608.0 } else { self }).to_bits();
        let exponent = (bits.wrapping_sub(std::f32::consts::FRAC_1_SQRT_2.to_bits()) as i32) >> 23;
        let f = f32::from_bits(bits.wrapping_sub((exponent as u32) << 23)) - 1.0;
        let n = exponent as f32 - if denormal { 23.0 } else { 0.0 };
        let p = f.mul_add(7.037_683_6e-2, -1.151_461e-1);
        let p = p.mul_add(f, 1.167_699_9e-1);
        let p = p.mul_add(f, -1.242_014_1e-1);
        let p = p.mul_add(f, 1.424_932_3e-1);
        let p = p.mul_add(f, -1.666_805_8e-1);
        let p = p.mul_add(f, 2.000_071_5e-1);
        let p = p.mul_add(f, -2.499_999_4e-1);
        let p = p.mul_add(f, 3.333_333e-1);
        let square = f * f;
        // ln 2 in two parts, the first with so few bits that n times it is exact.
        let small = n.mul_add(-2.121_944_4e-4, p * f * square);
        let y = n.mul_add(355.0 / 512.0, f + square.mul_add(-0.5, small));
        let y = if self == f32::INFINITY { f32::INFINITY } else { y };
        let y = if self == 0.0 { f32::NEG_INFINITY } else { y };
        if self >= 0.0 { y } else { f32::NAN }
    }

    /// An odd polynomial below 0.625 (coefficients of the Cephes library), 1 − 2 / (e^2x + 1) above.
    #[inline(always)]
    fn tanh(self) -> f32 {
        let a = self.abs();
        let large = 1.0 - 2.0 / (Float::exp(a + a) + 1.0);
        let z = self * self;
        let p = z.mul_add(-5.704_988_7e-3, 2.063_909e-2);
        let p = p.mul_add(z, -5.373_971_6e-2);
        let p = p.mul_add(z, 1.333_144_2e-1);
        let p = p.mul_add(z, -3.333_328e-1);
        let small = (p * z).mul_add(self, self);
        if a < 0.625 { small } else { large.copysign(self) }
    }
}

/// Runs the body with a type name bound to f32 or f64, or evaluates `else` for other types.
macro_rules! with_float {
    ($dtype:expr, $type:ident => $body:expr, else $other:expr) => {
        match $dtype {
            $crate::kernels::float::DType::F32 => {
                type $type = f32;
                $body
            }
            $crate::kernels::float::DType::F64 => {
                type $type = f64;
                $body
            }
            _ => $other,
        }
    };
}
pub(crate) use with_float;

/// Runs the body with a type name bound to the element type.
macro_rules! with_element {
    ($dtype:expr, $type:ident => $body:expr) => {
        match $dtype {
            $crate::kernels::float::DType::F32 => {
                type $type = f32;
                $body
            }
            $crate::kernels::float::DType::F64 => {
                type $type = f64;
                $body
            }
            $crate::kernels::float::DType::I64 => {
                type $type = i64;
                $body
            }
            $crate::kernels::float::DType::Bool => {
                type $type = u8;
                $body
            }
        }
    };
}
pub(crate) use with_element;

#[cfg(test)]
mod tests {
    use super::Float;

    /// Units in the last place between an f32 result and the f64 truth.
    fn ulps(got: f32, exact: f64) -> f64 {
        let rounded = exact as f32;
        let spacing = (f32::from_bits(rounded.abs().to_bits() + 1) - rounded.abs()) as f64;
        (got as f64 - exact).abs() / spacing
    }

    fn worst(range: (f32, f32), f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        let steps = 400_000;
        (0..=steps)
            .map(|i| range.0 + (range.1 - range.0) * i as f32 / steps as f32)
            .map(|x| ulps(f(x), exact(x as f64)))
            .fold(0.0, f64::max)
    }

    #[test]
    fn f32_functions_are_within_two_units_in_the_last_place() {
        assert!(worst((-87.0, 88.7), Float::exp, f64::exp) <= 2.0);
        assert!(worst((-12.0, 12.0), Float::tanh, f64::tanh) <= 2.0);
        assert!(worst((-0.7, 0.7), Float::tanh, f64::tanh) <= 2.0);
        assert!(worst((-80.0, 40.0), Float::sigmoid, |x| 1.0 / (1.0 + (-x).exp())) <= 2.5);
        assert!(worst((1e-30, 1e-3), Float::ln, f64::ln) <= 2.0);
        assert!(worst((1e-3, 0.9), Float::ln, f64::ln) <= 2.0);
        assert!(worst((0.9, 1.1), Float::ln, f64::ln) <= 2.0);
        assert!(worst((1.1, 1e6), Float::ln, f64::ln) <= 2.0);
        assert!(worst((1e30, 3e38), Float::ln, f64::ln) <= 2.0);
        assert!(worst((1e-45, 1e-38), Float::ln, f64::ln) <= 2.0);
        let slope = |x: f64| (-x.abs()).exp() / (1.0 + (-x.abs()).exp()).powi(2);
        assert!(worst((-80.0, 80.0), Float::sigmoid_slope, slope) <= 4.0);
    }

    #[test]
    fn the_edges_of_ln() {
        assert_eq!((Float::ln(1.0f32), Float::ln(0.0f32), Float::ln(-0.0f32)), (0.0, f32::NEG_INFINITY, f32::NEG_INFINITY));
        assert_eq!(Float::ln(f32::INFINITY), f32::INFINITY);
        assert!(Float::ln(-1.0f32).is_nan() && Float::ln(f32::NAN).is_nan() && Float::ln(f32::NEG_INFINITY).is_nan());
    }

    #[test]
    fn the_edges_of_exp() {
        assert_eq!(Float::exp(0.0f32), 1.0);
        assert_eq!(Float::exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(Float::exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(Float::exp(100.0f32), f32::INFINITY);
        assert!(Float::exp(f32::NAN).is_nan() && Float::tanh(f32::NAN).is_nan());
        // e^−100 is a denormal number: 3.8e-44.
        assert!((Float::exp(-100.0f32) as f64 - (-100f64).exp()).abs() < 1e-45);
        assert_eq!((Float::tanh(50.0f32), Float::tanh(-50.0f32)), (1.0, -1.0));
    }
}
