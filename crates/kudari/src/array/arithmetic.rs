//! Arithmetic, element by element, with broadcasting.
//!
//! Both operands must have the same type of numbers: an f32 never becomes an f64 unnoticed. Methods return a `Result`
//! with both shapes; the operators `+ − * /` panic with the same text and the caller's line.

use std::borrow::Cow;

use super::order::{Order, common_order};
use super::{Array, DType, Shape, broadcast_shapes};
use crate::error::{Error, Result};
use crate::kernels::elementwise;
use crate::kernels::float::{Float, Number, with_float};

/// A function of one floating-point number, for every type of them.
pub(crate) trait Map: Copy + Sync {
    /// Estimated nanoseconds per element in f32.
    const COST: f64;
    fn call<T: Float>(self, x: T) -> T;
}

/// A function of two numbers.
pub(crate) trait Map2: Copy + Sync {
    /// Estimated nanoseconds per element in f32.
    const COST: f64;
    fn call<T: Float>(self, x: T, y: T) -> T;
}

/// A function of three numbers.
pub(crate) trait Map3: Copy + Sync {
    /// Estimated nanoseconds per element in f32.
    const COST: f64;
    fn call<T: Float>(self, x: T, y: T, z: T) -> T;
}

impl Array {
    /// Applies `f` to every element; integers and truth values are converted to f32 first.
    pub(crate) fn map<F: Map>(&self, f: F) -> Array {
        if let Some(order) = self.memory_order() {
            return self.in_order(&order).map(f).out_of_order(&order);
        }
        with_float!(self.parts.dtype, T => Array::build(self.parts.shape, |out: &mut [T]| {
            elementwise::map1(out, self.shape(), self.strided::<T>(), F::COST, |x: T| f.call(x));
        }), else {
            let result = self.to_dtype(DType::F32).map(f);
            if self.parts.dtype.is_half() { result.to_dtype(self.parts.dtype) } else { result }
        })
    }

    /// Applies `f` to the elements of both, stretched to a common shape.
    pub(crate) fn map2<F: Map2>(&self, operation: &str, other: &Array, f: F) -> Result<Array> {
        let (shape, a, b) = self.stretched(operation, other)?;
        if let Some(order) = common_order(&[&a, &b]) {
            return Ok(a.in_order(&order).map2(operation, &b.in_order(&order), f)?.out_of_order(&order));
        }
        Ok(with_float!(self.parts.dtype, T => Array::build(shape, |out: &mut [T]| {
            let (a, b) = (a.strided::<T>(), b.strided::<T>());
            elementwise::map2(out, shape.as_slice(), a, b, F::COST, |x: T, y: T| f.call(x, y));
        }), else a.wide(operation)?.map2(operation, &b.wide(operation)?, f)?.to_dtype(self.parts.dtype)))
    }

    /// Applies `f` to the elements of three arrays, stretched to the shape of `self`.
    pub(crate) fn map3<F: Map3>(&self, operation: &str, b: &Array, c: &Array, f: F) -> Result<Array> {
        let ([a, b, c], order) = aligned(operation, self, b, c)?;
        let result = with_float!(self.parts.dtype, T => Array::build(a.parts.shape, |out: &mut [T]| {
            let (x, y, z) = (a.strided::<T>(), b.strided::<T>(), c.strided::<T>());
            elementwise::map3(out, a.shape(), x, y, z, F::COST, |x: T, y: T, z: T| f.call(x, y, z));
        }), else a.wide(operation)?.map3(operation, &b.wide(operation)?, &c.wide(operation)?, f)?.to_dtype(self.parts.dtype));
        Ok(match order {
            Some(order) => result.out_of_order(&order),
            None => result,
        })
    }

    /// The common shape, and both operands stretched to it: borrowed where they have it already.
    fn stretched<'a>(&'a self, operation: &str, other: &'a Array) -> Result<(Shape, Cow<'a, Array>, Cow<'a, Array>)> {
        same_dtype(operation, self, other)?;
        if self.parts.shape == other.parts.shape {
            return Ok((self.parts.shape, Cow::Borrowed(self), Cow::Borrowed(other)));
        }
        let shape = broadcast_shapes(operation, self.shape(), other.shape())?;
        match (self.broadcast_to_shape(shape), other.broadcast_to_shape(shape)) {
            (Some(a), Some(b)) => Ok((shape, Cow::Owned(a), Cow::Owned(b))),
            _ => Err(Error::shape(format!("{operation}: {:?} and {:?}", self.shape(), other.shape()))),
        }
    }
}

/// Three arrays of the shape of the first, with their axes in the order in which they lie in memory if that is one order.
fn aligned(operation: &str, a: &Array, b: &Array, c: &Array) -> Result<([Array; 3], Option<Order>)> {
    let stretch = |other: &Array| {
        same_dtype(operation, a, other)?;
        if a.parts.shape == other.parts.shape {
            return Ok(other.clone());
        }
        other.broadcast_to(a.shape()).map_err(|e| e.context(operation))
    };
    let arrays = [a.clone(), stretch(b)?, stretch(c)?];
    let order = common_order(&arrays.each_ref());
    Ok(match &order {
        Some(order) => (arrays.map(|array| array.in_order(order)), Some(*order)),
        None => (arrays, None),
    })
}

pub(super) fn same_dtype(operation: &str, a: &Array, b: &Array) -> Result<()> {
    if a.parts.dtype == b.parts.dtype {
        return Ok(());
    }
    Err(Error::dtype(format!("{operation}: one operand holds {}, the other {}", a.parts.dtype, b.parts.dtype))
        .help("convert one of them with to_dtype"))
}

pub(super) fn not_float(operation: &str, dtype: DType) -> Error {
    Error::dtype(format!("{operation}: not defined for {dtype}")).help("convert to f32 or f64 with to_dtype")
}

/// A method for two operands of floating-point or integer numbers.
macro_rules! binary_numbers {
    ($($(#[$doc:meta])* $name:ident, $cost:literal, |$x:ident, $y:ident| $body:expr;)*) => {
        impl Array {$(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// The shapes do not fit, the types differ, or the operands are truth values.
            pub fn $name(&self, other: &Array) -> Result<Array> {
                let (shape, a, b) = self.stretched(stringify!($name), other)?;
                if let Some(order) = common_order(&[&a, &b]) {
                    return Ok(a.in_order(&order).$name(&b.in_order(&order))?.out_of_order(&order));
                }
                macro_rules! run {
                    ($type:ty) => {
                        Array::build(shape, |out: &mut [$type]| {
                            let (a, b) = (a.strided::<$type>(), b.strided::<$type>());
                            elementwise::map2(out, shape.as_slice(), a, b, $cost, |$x: $type, $y: $type| $body);
                        })
                    };
                }
                Ok(match self.parts.dtype {
                    DType::F32 => run!(f32),
                    DType::F64 => run!(f64),
                    DType::I64 => run!(i64),
                    other => a.wide(stringify!($name))?.$name(&b.wide(stringify!($name))?)?.to_dtype(other),
                })
            }
        )*}
    };
}

binary_numbers! {
    /// `x + y`.
    add, 0.15, |x, y| x.plus(y);
    /// `x − y`.
    sub, 0.15, |x, y| x.minus(y);
    /// `x · y`.
    mul, 0.15, |x, y| x.times(y);
    /// The larger of both; NaN if either is NaN.
    maximum, 0.15, |x, y| x.larger(y);
    /// The smaller of both; NaN if either is NaN.
    minimum, 0.15, |x, y| x.smaller(y);
}

/// A method that maps floating-point numbers by a closure.
macro_rules! maps {
    ($($(#[$doc:meta])* $name:ident($($other:ident)?), $cost:literal, $trait:ident, |$($x:ident),*| $body:expr;)*) => {$(
        impl Array {
            maps!(@method $(#[$doc])* $name($($other)?), $cost, $trait, |$($x),*| $body);
        }
    )*};
    (@method $(#[$doc:meta])* $name:ident(), $cost:literal, $trait:ident, |$x:ident| $body:expr) => {
        $(#[$doc])*
        pub fn $name(&self) -> Array {
            #[derive(Clone, Copy)]
            struct F;
            impl Map for F {
                const COST: f64 = $cost;
                #[inline(always)]
                fn call<T: Float>(self, $x: T) -> T {
                    $body
                }
            }
            self.map(F)
        }
    };
    (@method $(#[$doc:meta])* $name:ident($other:ident), $cost:literal, $trait:ident, |$x:ident, $y:ident| $body:expr) => {
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// The shapes do not fit, the types differ, or the numbers are not floating-point.
        pub fn $name(&self, $other: &Array) -> Result<Array> {
            #[derive(Clone, Copy)]
            struct F;
            impl Map2 for F {
                const COST: f64 = $cost;
                #[inline(always)]
                fn call<T: Float>(self, $x: T, $y: T) -> T {
                    $body
                }
            }
            self.map2(stringify!($name), $other, F)
        }
    };
}

maps! {
    /// `x / y`.
    div(other), 0.2, Map2, |x, y| x / y;
    /// `x` to the power `y`.
    pow(other), 8.0, Map2, |x, y| x.powf(y);
    /// `−x`.
    neg(), 0.15, Map, |x| -x;
    /// `|x|`.
    abs(), 0.15, Map, |x| x.abs();
    /// `e^x`.
    exp(), 0.5, Map, |x| x.exp();
    /// The natural logarithm.
    log(), 0.5, Map, |x| x.ln();
    /// The square root.
    sqrt(), 0.3, Map, |x| x.sqrt();
    /// −1, 0 or 1; NaN for NaN.
    sign(), 0.15, Map, |x| x.sign();
}

#[derive(Clone, Copy)]
struct Affine(f64, f64);
impl Map for Affine {
    const COST: f64 = 0.15;
    #[inline(always)]
    fn call<T: Float>(self, x: T) -> T {
        x * T::from_f64(self.0) + T::from_f64(self.1)
    }
}

impl Array {
    /// `x · factor`; integers become f32.
    pub fn scale(&self, factor: f64) -> Array {
        self.map(Affine(factor, 0.0))
    }

    /// `x + term`; integers become f32.
    pub fn shift(&self, term: f64) -> Array {
        self.map(Affine(1.0, term))
    }

    /// Adds `other`, stretched to this shape, in place if no one else holds the buffer.
    ///
    /// # Errors
    ///
    /// The shapes do not fit or the types differ.
    pub fn add_assign(&mut self, other: &Array) -> Result<()> {
        same_dtype("add_assign", self, other)?;
        let other = other.broadcast_to(self.shape()).map_err(|e| e.context("add_assign"))?;
        if let Some(order) = self.memory_order() {
            // Each assignment drops the view before it, so that the buffer keeps one owner.
            *self = self.in_order(&order);
            let result = self.add_assign(&other.in_order(&order));
            *self = self.out_of_order(&order);
            return result;
        }
        let shape = self.parts.shape;
        macro_rules! run {
            ($type:ty) => {
                elementwise::update(self.make_mut::<$type>(), shape.as_slice(), other.strided::<$type>(), 0.15, |x, y| x.plus(y))
            };
        }
        match self.parts.dtype {
            DType::F32 => run!(f32),
            DType::F64 => run!(f64),
            DType::I64 => run!(i64),
            _ => *self = self.add(&other)?,
        }
        Ok(())
    }
}

/// Operators, for values and references of both sides; `$fallible` is the method that returns a `Result`.
macro_rules! operators {
    ($type:ty; $($trait:ident $method:ident;)*) => {$(
        $crate::array::operators!(@one $type, $trait, $method, $type, $type);
        $crate::array::operators!(@one $type, $trait, $method, &$type, $type);
        $crate::array::operators!(@one $type, $trait, $method, $type, &$type);
        $crate::array::operators!(@one $type, $trait, $method, &$type, &$type);
    )*};
    (@one $type:ty, $trait:ident, $method:ident, $left:ty, $right:ty) => {
        impl std::ops::$trait<$right> for $left {
            type Output = $type;
            #[track_caller]
            #[allow(clippy::panic)]
            fn $method(self, other: $right) -> $type {
                // An operator cannot return an error; the method of the same name can.
                <$type>::$method(&self, &other).unwrap_or_else(|error| panic!("{error}"))
            }
        }
    };
}
pub(crate) use operators;

operators!(Array; Add add; Sub sub; Mul mul; Div div;);

impl std::ops::Neg for &Array {
    type Output = Array;
    fn neg(self) -> Array {
        Array::neg(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_broadcasts_and_keeps_the_type() {
        let a = Array::from([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let row = Array::from([10.0f32, 20.0, 30.0]);
        assert_eq!((&a + &row).to_vec::<f32>().unwrap(), [11.0, 22.0, 33.0, 14.0, 25.0, 36.0]);
        assert_eq!((&a / &a).to_vec::<f32>().unwrap(), [1.0; 6]);
        let column = Array::from([[1i64], [-1]]);
        assert_eq!((&column * &Array::from([1i64, 2])).to_vec::<i64>().unwrap(), [1, 2, -1, -2]);
        assert_eq!(a.transpose().scale(2.0).shift(1.0).to_vec::<f32>().unwrap(), [3.0, 9.0, 5.0, 11.0, 7.0, 13.0]);
        let mut sum = a.clone();
        sum.add_assign(&row).unwrap();
        assert_eq!((sum.to_vec::<f32>().unwrap()[5], a.to_vec::<f32>().unwrap()[5]), (36.0, 6.0));
    }

    #[test]
    fn a_nan_is_not_lost() {
        let a = Array::from([f64::NAN, 1.0]);
        let b = Array::from([1.0, f64::NAN]);
        assert!(a.maximum(&b).unwrap().to_vec::<f64>().unwrap().iter().all(|x| x.is_nan()));
        assert!(a.minimum(&b).unwrap().to_vec::<f64>().unwrap().iter().all(|x| x.is_nan()));
    }

    #[test]
    fn errors_name_operation_types_and_shapes() {
        let a = Array::from([1.0f32, 2.0]);
        assert_eq!(a.add(&Array::from([1.0f64, 2.0])).unwrap_err().what(), "add: one operand holds f32, the other f64");
        let e = a.mul(&Array::from([1.0f32, 2.0, 3.0])).unwrap_err();
        assert_eq!(e.what(), "mul: shapes [2] and [3] do not fit each other");
        assert!(Array::from([1i64]).div(&Array::from([2i64])).is_err());
        assert!(Array::from([true]).add(&Array::from([true])).is_err());
    }

    #[test]
    #[should_panic(expected = "add: shapes [2] and [3]")]
    fn operators_panic_with_the_same_text() {
        let _ = Array::from([1.0, 2.0]) + Array::from([1.0, 2.0, 3.0]);
    }
}
