//! The numbers that arrays are made of, and the mathematics of a single one.
//!
//! f32 has its own functions (`float32`), over which a loop becomes vector instructions. f64 serves gradient checks and takes
//! the system's accurate ones. Numbers of half precision (`half`) are only kept and converted: whoever calculates with them
//! takes them as f32 and rounds the result.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

use half::{bf16, f16};

use super::float32;

/// The type of the numbers in an array, a property at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// 32-bit floating point: the default for training.
    F32,
    /// 64-bit floating point: for gradient checks and worked calculations.
    F64,
    /// 16-bit floating point of IEEE 754: 11 bits of precision, up to 65,504. Calculated with as f32.
    F16,
    /// The upper half of an f32: 8 bits of precision and the range of f32. Calculated with as f32.
    Bf16,
    /// 64-bit integers: labels and indices.
    I64,
    /// Truth values: the results of comparisons.
    Bool,
}

impl DType {
    /// The name: `f32`, `f64`, `f16`, `bf16`, `i64` or `bool`.
    pub fn name(self) -> &'static str {
        match self {
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::F16 => "f16",
            DType::Bf16 => "bf16",
            DType::I64 => "i64",
            DType::Bool => "bool",
        }
    }

    /// Bytes per number.
    pub fn size(self) -> usize {
        match self {
            DType::F32 => 4,
            DType::F64 | DType::I64 => 8,
            DType::F16 | DType::Bf16 => 2,
            DType::Bool => 1,
        }
    }

    /// Whether it is a floating-point type, the only ones that have derivatives.
    pub fn is_float(self) -> bool {
        self.is_half() || matches!(self, DType::F32 | DType::F64)
    }

    /// Whether it is a floating-point type of 16 bits. Its numbers are kept as such and calculated with as f32.
    pub fn is_half(self) -> bool {
        matches!(self, DType::F16 | DType::Bf16)
    }

    /// The type that its numbers are calculated with: f32 for the types of 16 bits, else itself.
    pub(crate) fn widened(self) -> DType {
        if self.is_half() { DType::F32 } else { self }
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
    impl Sealed for half::f16 {}
    impl Sealed for half::bf16 {}
    impl Sealed for i64 {}
    impl Sealed for u8 {}
    impl Sealed for bool {}
}

/// A number as it lies in memory: f32, f64, f16, bf16, i64, or a byte (0 or 1) for a truth value.
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

/// As f32, cut off toward 0, with the last bit set if anything was cut: rounded once more, to a type of at least two bits less,
/// it gives what rounding `x` itself would (Boldo and Melquiond 2008, "Emulation of FMA and correctly rounded sums").
fn rounded_to_odd(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest) == x || nearest.is_nan() {
        return nearest;
    }
    let away = f64::from(nearest).abs() > x.abs();
    f32::from_bits((nearest.to_bits() - u32::from(away)) | 1)
}

macro_rules! half_element {
    ($type:ty, $tag:ident) => {
        impl Element for $type {
            const DTYPE: DType = DType::$tag;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                // Not by the type's own conversion, which may round twice or drop the last bits.
                <$type>::from_f32(rounded_to_odd(x))
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                <$type>::to_f64(self)
            }
        }
    };
}
half_element!(f16, F16);
half_element!(bf16, Bf16);

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

/// 1/√(2π).
pub(crate) const NORMAL_PEAK: f64 = 0.398_942_280_401_432_7;
/// √(8/π), and the cubic term of GELU's tanh form.
pub(crate) const GELU_LINEAR: f64 = 1.595_769_121_605_730_7;
pub(crate) const GELU_CUBIC: f64 = 0.044_715;

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
    fn exp_m1(self) -> Self;
    fn exp2(self) -> Self;
    fn log2(self) -> Self;
    fn log10(self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tan(self) -> Self;
    fn asin(self) -> Self;
    fn acos(self) -> Self;
    fn atan(self) -> Self;
    fn sinh(self) -> Self;
    fn cosh(self) -> Self;
    fn tanh(self) -> Self;
    fn asinh(self) -> Self;
    fn acosh(self) -> Self;
    fn atanh(self) -> Self;
    fn erf(self) -> Self;
    /// The normal distribution function Φ(x) = ½ erfc(−x/√2), which keeps its digits in the left tail.
    fn normal_cdf(self) -> Self;
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
    /// x · Φ(x).
    #[inline(always)]
    fn gelu(self) -> Self {
        self * self.normal_cdf()
    }
    /// The derivative Φ(x) + x · e^(−x²/2)/√(2π) of `gelu`.
    #[inline(always)]
    fn gelu_slope(self) -> Self {
        let bell = (-(self * self) * Self::from_f64(0.5)).exp();
        self.normal_cdf() + self * bell * Self::from_f64(NORMAL_PEAK)
    }
    /// x/(1 + e^−v) = ½x(1 + tanh(v/2)) with v = √(8/π)·(x + 0.044715x³).
    #[inline(always)]
    fn gelu_tanh(self) -> Self {
        let v = self * (self * self * Self::from_f64(GELU_CUBIC) + Self::ONE) * Self::from_f64(GELU_LINEAR);
        self * v.sigmoid()
    }
    /// The derivative of `gelu_tanh`.
    #[inline(always)]
    fn gelu_tanh_slope(self) -> Self {
        let square = self * self;
        let v = self * (square * Self::from_f64(GELU_CUBIC) + Self::ONE) * Self::from_f64(GELU_LINEAR);
        let dv = (square * Self::from_f64(3.0 * GELU_CUBIC) + Self::ONE) * Self::from_f64(GELU_LINEAR);
        v.sigmoid() + self * v.sigmoid_slope() * dv
    }
    /// tanh(ln(1 + e^x)) as a numerator and a denominator, sums of positive numbers with e = e^−|x|: no digits are lost.
    #[inline(always)]
    fn mish_gate(self, e: Self) -> (Self, Self) {
        let two = Self::from_f64(2.0);
        let above = if self > Self::ZERO { Self::ONE + two * e } else { e * (e + two) };
        let rest = if self > Self::ZERO { two * e * e } else { two };
        (above, above + rest)
    }
    /// x · tanh(ln(1 + e^x)).
    #[inline(always)]
    fn mish(self) -> Self {
        let (above, below) = self.mish_gate((-self.abs()).exp());
        self * above / below
    }
    /// The derivative of `mish`. One exponential: with several functions in it a loop would no longer become vector
    /// instructions.
    #[inline(always)]
    fn mish_slope(self) -> Self {
        let e = (-self.abs()).exp();
        let (above, below) = self.mish_gate(e);
        // (1 − tanh²)σ = 4e(1 + e)/below², on the right with another e.
        let falling = Self::from_f64(4.0) * e * (Self::ONE + e);
        let falling = if self > Self::ZERO { falling * e } else { falling };
        (above + self * falling / below) / below
    }
    /// ln(1 + e^x), without overflow.
    #[inline(always)]
    fn softplus(self) -> Self {
        self.larger(Self::ZERO) + (-self.abs()).exp().ln_1p()
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
    ($type:ty, $asinh:path, $acosh:path, $atanh:path) => {
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
        fn exp2(self) -> $type {
            <$type>::exp2(self)
        }
        #[inline(always)]
        fn log2(self) -> $type {
            <$type>::log2(self)
        }
        #[inline(always)]
        fn log10(self) -> $type {
            <$type>::log10(self)
        }
        #[inline(always)]
        fn tan(self) -> $type {
            <$type>::tan(self)
        }
        #[inline(always)]
        fn asin(self) -> $type {
            <$type>::asin(self)
        }
        #[inline(always)]
        fn acos(self) -> $type {
            <$type>::acos(self)
        }
        #[inline(always)]
        fn atan(self) -> $type {
            <$type>::atan(self)
        }
        #[inline(always)]
        fn sinh(self) -> $type {
            <$type>::sinh(self)
        }
        #[inline(always)]
        fn cosh(self) -> $type {
            <$type>::cosh(self)
        }
        // Not the standard library's: they lose digits at the ends of their domains.
        #[inline(always)]
        fn asinh(self) -> $type {
            $asinh(self)
        }
        #[inline(always)]
        fn acosh(self) -> $type {
            $acosh(self)
        }
        #[inline(always)]
        fn atanh(self) -> $type {
            $atanh(self)
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
    float_from_std!(f64, libm::asinh, libm::acosh, libm::atanh);
    #[inline(always)]
    fn exp(self) -> f64 {
        f64::exp(self)
    }
    #[inline(always)]
    fn exp_m1(self) -> f64 {
        f64::exp_m1(self)
    }
    #[inline(always)]
    fn ln(self) -> f64 {
        f64::ln(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> f64 {
        f64::ln_1p(self)
    }
    #[inline(always)]
    fn tanh(self) -> f64 {
        f64::tanh(self)
    }
    #[inline(always)]
    fn erf(self) -> f64 {
        libm::erf(self)
    }
    #[inline(always)]
    fn normal_cdf(self) -> f64 {
        0.5 * libm::erfc(-self * std::f64::consts::FRAC_1_SQRT_2)
    }
}

/// The functions of `float32` in place of the system's or of the general form.
macro_rules! float_from_float32 {
    ($($name:ident)*) => {$(
        #[inline(always)]
        fn $name(self) -> f32 {
            float32::$name(self)
        }
    )*};
}

impl Float for f32 {
    float_from_std!(f32, libm::asinhf, libm::acoshf, libm::atanhf);
    float_from_float32!(exp exp_m1 ln ln_1p tanh sigmoid erf normal_cdf gelu gelu_slope gelu_tanh gelu_tanh_slope);
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
            $crate::kernels::float::DType::F16 => {
                type $type = half::f16;
                $body
            }
            $crate::kernels::float::DType::Bf16 => {
                type $type = half::bf16;
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
