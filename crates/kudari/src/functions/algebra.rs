//! One way to write a derivative for numbers and for variables.
//!
//! The slope of an elementwise function is written once, in terms of this trait. For plain numbers it becomes a fused
//! kernel (the first-order gradient in one pass), for variables a composition of differentiable functions (gradients
//! of gradients).

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::array::Map;
use crate::autograd::{ToVariable, Variable};
use crate::kernels::float::{Float, GELU_CUBIC, GELU_LINEAR, NORMAL_PEAK};

/// What slopes are made of.
pub(super) trait Algebra:
    Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// A fixed number.
    fn constant(&self, value: f64) -> Self;
    fn exp(&self) -> Self;
    fn ln(&self) -> Self;
    fn softplus(&self) -> Self;
    fn sqrt(&self) -> Self;
    fn sin(&self) -> Self;
    fn cos(&self) -> Self;
    fn tanh(&self) -> Self;
    fn sinh(&self) -> Self;
    fn cosh(&self) -> Self;
    /// The derivative of GELU.
    fn gelu_slope(&self) -> Self;
    /// The derivative of GELU's tanh form.
    fn gelu_tanh_slope(&self) -> Self;
    /// The derivative of mish.
    fn mish_slope(&self) -> Self;
    fn sigmoid(&self) -> Self;
    /// The derivative of the sigmoid.
    fn sigmoid_slope(&self) -> Self;
    /// The derivative of tanh.
    fn tanh_slope(&self) -> Self;
    /// −1, 0, 1; derivative zero.
    fn sign(&self) -> Self;
    /// 1 above zero, `at_zero` at zero, 0 below; derivative zero.
    fn heaviside(&self, at_zero: f64) -> Self;
    /// 1 from `low` to `high`, both included, else 0; derivative zero.
    fn inside(&self, low: f64, high: f64) -> Self;
    /// The nearest number from `low` to `high`; derivative `inside`.
    fn clip(&self, low: f64, high: f64) -> Self;
    /// 1/max(|x|, 1), and 1 for an infinity: brings numbers to a size whose square does not overflow. Derivative zero, so it
    /// must be a factor that cancels.
    fn inverse_size(&self) -> Self;
}

impl<T: Float> Algebra for T {
    #[inline(always)]
    fn constant(&self, value: f64) -> T {
        T::from_f64(value)
    }
    #[inline(always)]
    fn exp(&self) -> T {
        Float::exp(*self)
    }
    #[inline(always)]
    fn ln(&self) -> T {
        Float::ln(*self)
    }
    #[inline(always)]
    fn softplus(&self) -> T {
        self.larger(T::ZERO) + Float::exp(-Float::abs(*self)).ln_1p()
    }
    #[inline(always)]
    fn sqrt(&self) -> T {
        Float::sqrt(*self)
    }
    #[inline(always)]
    fn tanh(&self) -> T {
        Float::tanh(*self)
    }
    #[inline(always)]
    fn sinh(&self) -> T {
        Float::sinh(*self)
    }
    #[inline(always)]
    fn cosh(&self) -> T {
        Float::cosh(*self)
    }
    #[inline(always)]
    fn sin(&self) -> T {
        Float::sin(*self)
    }
    #[inline(always)]
    fn cos(&self) -> T {
        Float::cos(*self)
    }
    #[inline(always)]
    fn gelu_slope(&self) -> T {
        Float::gelu_slope(*self)
    }
    #[inline(always)]
    fn gelu_tanh_slope(&self) -> T {
        Float::gelu_tanh_slope(*self)
    }
    #[inline(always)]
    fn mish_slope(&self) -> T {
        Float::mish_slope(*self)
    }
    #[inline(always)]
    fn sigmoid(&self) -> T {
        Float::sigmoid(*self)
    }
    #[inline(always)]
    fn sigmoid_slope(&self) -> T {
        Float::sigmoid_slope(*self)
    }
    #[inline(always)]
    fn tanh_slope(&self) -> T {
        Float::tanh_slope(*self)
    }
    #[inline(always)]
    fn sign(&self) -> T {
        Float::sign(*self)
    }
    #[inline(always)]
    fn heaviside(&self, at_zero: f64) -> T {
        let above = if *self > T::ZERO { T::ONE } else { T::ZERO };
        let at = if *self == T::ZERO { T::from_f64(at_zero) } else { T::ZERO };
        above + at
    }
    #[inline(always)]
    fn inside(&self, low: f64, high: f64) -> T {
        if *self >= T::from_f64(low) && *self <= T::from_f64(high) { T::ONE } else { T::ZERO }
    }
    #[inline(always)]
    fn clip(&self, low: f64, high: f64) -> T {
        self.larger(T::from_f64(low)).smaller(T::from_f64(high))
    }
    #[inline(always)]
    fn inverse_size(&self) -> T {
        let size = Float::abs(*self).larger(T::ONE);
        if size.is_finite() { T::ONE / size } else { T::ONE }
    }
}

impl Algebra for Variable {
    fn constant(&self, value: f64) -> Variable {
        value.to_variable(self.dtype())
    }
    fn exp(&self) -> Variable {
        Variable::exp(self)
    }
    fn ln(&self) -> Variable {
        self.log()
    }
    fn softplus(&self) -> Variable {
        Variable::softplus(self)
    }
    fn sqrt(&self) -> Variable {
        Variable::sqrt(self)
    }
    fn tanh(&self) -> Variable {
        Variable::tanh(self)
    }
    fn sinh(&self) -> Variable {
        Variable::sinh(self)
    }
    fn cosh(&self) -> Variable {
        Variable::cosh(self)
    }
    fn sin(&self) -> Variable {
        Variable::sin(self)
    }
    fn cos(&self) -> Variable {
        Variable::cos(self)
    }
    fn gelu_slope(&self) -> Variable {
        let bell = (-(self * self) * 0.5).exp();
        self.normal_cdf() + self * bell * NORMAL_PEAK
    }
    fn gelu_tanh_slope(&self) -> Variable {
        let square = self * self;
        let v = self * (&square * GELU_CUBIC + 1.0) * GELU_LINEAR;
        let dv = (square * (3.0 * GELU_CUBIC) + 1.0) * GELU_LINEAR;
        v.sigmoid() + self * v.sigmoid_slope() * dv
    }
    fn mish_slope(&self) -> Variable {
        let softplus = self.softplus();
        softplus.tanh() + self * softplus.tanh_slope() * self.sigmoid()
    }
    fn sigmoid(&self) -> Variable {
        Variable::sigmoid(self)
    }
    fn sigmoid_slope(&self) -> Variable {
        self.sigmoid() * (-self).sigmoid()
    }
    fn tanh_slope(&self) -> Variable {
        let twice = self * 2.0;
        twice.sigmoid_slope() * 4.0
    }
    fn sign(&self) -> Variable {
        Variable::sign(self)
    }
    fn heaviside(&self, at_zero: f64) -> Variable {
        Variable::constant(self.array().map(Heaviside { at_zero }))
    }
    fn inside(&self, low: f64, high: f64) -> Variable {
        Variable::constant(self.array().map(Inside { low, high }))
    }
    fn clip(&self, low: f64, high: f64) -> Variable {
        Variable::clip(self, low, high)
    }
    fn inverse_size(&self) -> Variable {
        Variable::constant(self.array().map(InverseSize))
    }
}

#[derive(Clone, Copy)]
struct Inside {
    low: f64,
    high: f64,
}

impl Map for Inside {
    const COST: f64 = 0.15;
    #[inline(always)]
    fn call<T: Float>(self, x: T) -> T {
        Algebra::inside(&x, self.low, self.high)
    }
}

#[derive(Clone, Copy)]
struct InverseSize;

impl Map for InverseSize {
    const COST: f64 = 0.3;
    #[inline(always)]
    fn call<T: Float>(self, x: T) -> T {
        x.inverse_size()
    }
}

#[derive(Clone, Copy)]
struct Heaviside {
    at_zero: f64,
}

impl Map for Heaviside {
    const COST: f64 = 0.15;
    #[inline(always)]
    fn call<T: Float>(self, x: T) -> T {
        x.heaviside(self.at_zero)
    }
}
