//! The two methods: F(2×2, 3×3) and F(4×4, 3×3), and what their transforms do to one column.
//!
//! Both follow from multiplying polynomials by their values at a few points (Toom and Cook): 0, 1, −1 and ∞ for the first;
//! 0, ±¾, ±3/2 and ∞ for the second. The usual points 0, ±1, ±2 and ∞ would make errors of six times those of the direct sum of
//! 128 channels; with these they are two times those, since their powers stay near 1, and all their coefficients but the kernel's
//! are exact in f32.

use crate::kernels::float::Element;
use crate::kernels::matmul::vector::Vector;

/// How large the squares are that the output is cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Squares of 2×2 places from 4×4 of the input.
    Two,
    /// Squares of 4×4 places from 6×6 of the input.
    Four,
}

/// Along one side of the largest square: places of the output, and of the input.
pub(super) const MOST_OUT: usize = 4;
pub(super) const MOST_SIDE: usize = MOST_OUT + 2;
/// Positions in the largest transformed square.
pub(super) const MOST_POSITIONS: usize = MOST_SIDE * MOST_SIDE;

impl Method {
    /// Places of the output along one side of a square.
    pub(super) fn out(self) -> usize {
        match self {
            Method::Two => Two::OUT,
            Method::Four => Four::OUT,
        }
    }

    /// Places of the input along one side of a square.
    pub(super) fn side(self) -> usize {
        self.out() + 2
    }

    /// Positions in a transformed square.
    pub(super) fn positions(self) -> usize {
        self.side() * self.side()
    }

    /// The method with the least work for pictures of this output: a multiplication for every position of every square, and the
    /// weights, which are transformed, written and read once for every position.
    pub(super) fn best(batch: usize, out: [usize; 2]) -> Method {
        /// Squares whose multiplications take as long as transforming and moving the weights.
        const WEIGHTS: usize = 32;
        let work = |method: Method| {
            let [down, across] = out.map(|size| size.div_ceil(method.out()));
            method.positions() * (batch * down * across + WEIGHTS)
        };
        if work(Method::Four) < work(Method::Two) { Method::Four } else { Method::Two }
    }
}

/// The transforms of one column. Of the arrays, as many numbers count as the method has.
pub(super) trait Transforms {
    /// Places of the output along one side of a square.
    const OUT: usize;
    /// Places of the input along one side of a square.
    const SIDE: usize = Self::OUT + 2;

    /// Bᵀ: a column of the input.
    ///
    /// # Safety
    ///
    /// The processor has the instructions of the registers (this and all below).
    unsafe fn input<V: Vector>(column: [V; MOST_SIDE]) -> [V; MOST_SIDE];
    /// Aᵀ: a column of sums, to places of the output.
    ///
    /// # Safety
    ///
    /// See above.
    unsafe fn output<V: Vector>(column: [V; MOST_SIDE]) -> [V; MOST_OUT];
    /// A: a column of the output's gradient.
    ///
    /// # Safety
    ///
    /// See above.
    unsafe fn gradient<V: Vector>(column: [V; MOST_OUT]) -> [V; MOST_SIDE];
    /// G: a column of the kernel.
    ///
    /// # Safety
    ///
    /// See above.
    unsafe fn kernel<V: Vector>(column: [V; 3]) -> [V; MOST_SIDE];
    /// Gᵀ: a column of sums, to numbers of the kernel.
    ///
    /// # Safety
    ///
    /// See above.
    unsafe fn kernel_gradient<V: Vector>(column: [V; MOST_SIDE]) -> [V; 3];
}

#[inline(always)]
unsafe fn constant<V: Vector>(number: f64) -> V {
    // SAFETY: the caller has checked the processor's features (this and all below).
    unsafe { V::splat(V::T::from_f64(number)) }
}

pub(super) struct Two;

impl Transforms for Two {
    const OUT: usize = 2;

    #[inline(always)]
    unsafe fn input<V: Vector>([a, b, c, d, ..]: [V; MOST_SIDE]) -> [V; MOST_SIDE] {
        // SAFETY: see above.
        unsafe { [a.sub(c), b.add(c), c.sub(b), b.sub(d), V::zero(), V::zero()] }
    }

    #[inline(always)]
    unsafe fn output<V: Vector>([a, b, c, d, ..]: [V; MOST_SIDE]) -> [V; MOST_OUT] {
        // SAFETY: see above.
        unsafe { [a.add(b).add(c), b.sub(c).sub(d), V::zero(), V::zero()] }
    }

    #[inline(always)]
    unsafe fn gradient<V: Vector>([a, b, ..]: [V; MOST_OUT]) -> [V; MOST_SIDE] {
        // SAFETY: see above.
        unsafe { [a, a.add(b), a.sub(b), V::zero().sub(b), V::zero(), V::zero()] }
    }

    #[inline(always)]
    unsafe fn kernel<V: Vector>([a, b, c]: [V; 3]) -> [V; MOST_SIDE] {
        // SAFETY: see above. Halving is exact, so that the product rounds nothing.
        unsafe {
            let half = constant::<V>(0.5);
            let (outer, middle) = (a.add(c).mul_add(half, V::zero()), b.mul_add(half, V::zero()));
            [a, outer.add(middle), outer.sub(middle), c, V::zero(), V::zero()]
        }
    }

    #[inline(always)]
    unsafe fn kernel_gradient<V: Vector>([a, b, c, d, ..]: [V; MOST_SIDE]) -> [V; 3] {
        // SAFETY: see above.
        unsafe {
            let half = constant::<V>(0.5);
            let sum = b.add(c).mul_add(half, V::zero());
            [a.add(sum), b.sub(c).mul_add(half, V::zero()), sum.add(d)]
        }
    }
}

pub(super) struct Four;

impl Four {
    /// The points ±P and ±Q beside 0 and ∞.
    const P: f64 = 0.75;
    const Q: f64 = 1.5;
    const P2: f64 = Self::P * Self::P;
    const Q2: f64 = Self::Q * Self::Q;
    /// What the values of the kernel at 0, ±P and ±Q are divided by: the product of the distances to the other points.
    const AT_0: f64 = 1.0 / (Self::P2 * Self::Q2);
    const AT_P: f64 = 1.0 / (2.0 * Self::P2 * (Self::P2 - Self::Q2));
    const AT_Q: f64 = 1.0 / (2.0 * Self::Q2 * (Self::Q2 - Self::P2));
}

impl Transforms for Four {
    const OUT: usize = 4;

    /// The rows are the polynomials x(x²−P²)(x²−Q²) and those without one of their factors: e ± P·o for ±P.
    #[inline(always)]
    unsafe fn input<V: Vector>([a, b, c, d, e, f]: [V; MOST_SIDE]) -> [V; MOST_SIDE] {
        // SAFETY: see above.
        unsafe {
            let (p, p2, q, q2) =
                (constant::<V>(Self::P), constant::<V>(-Self::P2), constant::<V>(Self::Q), constant::<V>(-Self::Q2));
            let (product, sum) = (constant::<V>(Self::P2 * Self::Q2), constant::<V>(-(Self::P2 + Self::Q2)));
            let (even, odd) = (c.mul_add(q2, e), b.mul_add(q2, d).mul_add(p, V::zero()));
            let (even_q, odd_q) = (c.mul_add(p2, e), b.mul_add(p2, d).mul_add(q, V::zero()));
            [
                a.mul_add(product, c.mul_add(sum, e)),
                even.add(odd),
                even.sub(odd),
                even_q.add(odd_q),
                even_q.sub(odd_q),
                b.mul_add(product, d.mul_add(sum, f)),
            ]
        }
    }

    /// Powers 0 to 3 of the points.
    #[inline(always)]
    unsafe fn output<V: Vector>([a, b, c, d, e, f]: [V; MOST_SIDE]) -> [V; MOST_OUT] {
        // SAFETY: see above.
        unsafe {
            let (p, p2, p3) = (constant::<V>(Self::P), constant::<V>(Self::P2), constant::<V>(Self::P * Self::P2));
            let (q, q2, q3) = (constant::<V>(Self::Q), constant::<V>(Self::Q2), constant::<V>(Self::Q * Self::Q2));
            let (even, odd, even_q, odd_q) = (b.add(c), b.sub(c), d.add(e), d.sub(e));
            [
                a.add(even).add(even_q),
                odd.mul_add(p, odd_q.mul_add(q, V::zero())),
                even.mul_add(p2, even_q.mul_add(q2, V::zero())),
                odd.mul_add(p3, odd_q.mul_add(q3, f)),
            ]
        }
    }

    #[inline(always)]
    unsafe fn gradient<V: Vector>([a, b, c, d]: [V; MOST_OUT]) -> [V; MOST_SIDE] {
        // SAFETY: see above.
        unsafe {
            let (p, p2, q, q2) =
                (constant::<V>(Self::P), constant::<V>(Self::P2), constant::<V>(Self::Q), constant::<V>(Self::Q2));
            let (even, odd) = (c.mul_add(p2, a), d.mul_add(p2, b).mul_add(p, V::zero()));
            let (even_q, odd_q) = (c.mul_add(q2, a), d.mul_add(q2, b).mul_add(q, V::zero()));
            [a, even.add(odd), even.sub(odd), even_q.add(odd_q), even_q.sub(odd_q), d]
        }
    }

    #[inline(always)]
    unsafe fn kernel<V: Vector>([a, b, c]: [V; 3]) -> [V; MOST_SIDE] {
        // SAFETY: see above.
        unsafe {
            let (at_0, at_p, at_q) = (constant::<V>(Self::AT_0), constant::<V>(Self::AT_P), constant::<V>(Self::AT_Q));
            let (p, p2) = (constant::<V>(Self::P * Self::AT_P), constant::<V>(Self::P2 * Self::AT_P));
            let (q, q2) = (constant::<V>(Self::Q * Self::AT_Q), constant::<V>(Self::Q2 * Self::AT_Q));
            let (even, odd) = (c.mul_add(p2, a.mul_add(at_p, V::zero())), b.mul_add(p, V::zero()));
            let (even_q, odd_q) = (c.mul_add(q2, a.mul_add(at_q, V::zero())), b.mul_add(q, V::zero()));
            [a.mul_add(at_0, V::zero()), even.add(odd), even.sub(odd), even_q.add(odd_q), even_q.sub(odd_q), c]
        }
    }

    #[inline(always)]
    unsafe fn kernel_gradient<V: Vector>([a, b, c, d, e, f]: [V; MOST_SIDE]) -> [V; 3] {
        // SAFETY: see above.
        unsafe {
            let (at_0, at_p, at_q) = (constant::<V>(Self::AT_0), constant::<V>(Self::AT_P), constant::<V>(Self::AT_Q));
            let (p, p2) = (constant::<V>(Self::P * Self::AT_P), constant::<V>(Self::P2 * Self::AT_P));
            let (q, q2) = (constant::<V>(Self::Q * Self::AT_Q), constant::<V>(Self::Q2 * Self::AT_Q));
            let (even, odd, even_q, odd_q) = (b.add(c), b.sub(c), d.add(e), d.sub(e));
            [
                a.mul_add(at_0, even.mul_add(at_p, even_q.mul_add(at_q, V::zero()))),
                odd.mul_add(p, odd_q.mul_add(q, V::zero())),
                even.mul_add(p2, even_q.mul_add(q2, f)),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::matmul::vector::Four as Register;

    /// One column: places `y[i] = Σ_t d[i + t] · w[t]`, and its two transposes.
    fn check<S: Transforms>() {
        let numbers = |count: usize, key: u64| -> Vec<f64> {
            (0..count).map(|i| crate::kernels::random::philox(i as u128, key)[0] as f64 / 2f64.powi(31) - 1.0).collect()
        };
        let (d, w, g) = (numbers(S::SIDE, 1), numbers(3, 2), numbers(S::OUT, 3));
        // SAFETY: the portable registers need no instructions of their own.
        unsafe {
            let splat = |numbers: &[f64], i: usize| Register::<f64>::splat(numbers.get(i).copied().unwrap_or(0.0));
            let first = |register: Register<f64>| {
                let mut lanes = [0.0; 4];
                register.store(lanes.as_mut_ptr());
                lanes[0]
            };
            let product = |a: [Register<f64>; MOST_SIDE], b: [Register<f64>; MOST_SIDE]| -> [Register<f64>; MOST_SIDE] {
                std::array::from_fn(|i| if i < S::SIDE { a[i].mul_add(b[i], Register::zero()) } else { Register::zero() })
            };
            let input = S::input(std::array::from_fn(|i| splat(&d, i)));
            let output = S::output(product(input, S::kernel(std::array::from_fn(|i| splat(&w, i)))));
            for (i, &got) in output[..S::OUT].iter().enumerate() {
                let expected: f64 = (0..3).map(|t| d[i + t] * w[t]).sum();
                assert!((first(got) - expected).abs() < 1e-13, "place {i}: {} ≠ {expected}", first(got));
            }
            let by_weight = S::kernel_gradient(product(input, S::gradient(std::array::from_fn(|i| splat(&g, i)))));
            for (t, &got) in by_weight.iter().enumerate() {
                let expected: f64 = (0..S::OUT).map(|i| d[i + t] * g[i]).sum();
                assert!((first(got) - expected).abs() < 1e-13, "weight {t}: {} ≠ {expected}", first(got));
            }
        }
    }

    #[test]
    fn a_column_is_the_sum_of_its_products() {
        check::<Two>();
        check::<Four>();
    }

    #[test]
    fn small_pictures_and_batches_take_small_squares() {
        assert_eq!(Method::best(32, [32, 32]), Method::Four);
        assert_eq!(Method::best(32, [8, 8]), Method::Four);
        assert_eq!(Method::best(1, [4, 4]), Method::Two);
        assert_eq!(Method::best(32, [2, 2]), Method::Two);
        // A row or column more than squares of 4×4 cover would be three quarters empty.
        assert_eq!(Method::best(32, [5, 5]), Method::Two);
    }
}
