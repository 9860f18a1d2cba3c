//! The optimizers' arithmetic: one pass over a parameter, its gradient and the optimizer's memory of it.
//!
//! What an optimizer remembers fades where the gradient is zero, as for the weights of a ReLU that is off: after some
//! hundred steps of ×0.9 it would be denormal, and every step from there on several times slower. Such numbers, below
//! 1.2e-38 in f32, are taken as 0; nothing that they could change is as small.

use super::float::Float;
use super::simd::vectorized;
use super::threads;

/// Numbers per piece of parallel work.
const PIECE: usize = 4096;
/// Estimated nanoseconds per number and slice: the pass is bound by memory.
const COST: f64 = 0.15;

/// What every optimizer does to the gradient first: `g·scale`, held within ±limit, plus `decay·p`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shaping {
    /// Factor from clipping the gradients by their norm.
    pub scale: f64,
    /// Largest absolute value of a gradient's element.
    pub limit: f64,
    /// Weight decay added to the gradient (the L2 kind).
    pub decay: f64,
}

/// Shaping with the numbers converted once.
#[derive(Clone, Copy)]
struct Shape<T> {
    scale: T,
    limit: T,
    decay: T,
}

impl<T: Float> Shape<T> {
    fn new(shaping: Shaping) -> Self {
        Shape { scale: T::from_f64(shaping.scale), limit: T::from_f64(shaping.limit), decay: T::from_f64(shaping.decay) }
    }

    #[inline(always)]
    fn apply(self, g: T, p: T) -> T {
        self.decay.mul_add(p, (g * self.scale).smaller(self.limit).larger(-self.limit))
    }
}

/// `p −= η·g`.
pub(crate) fn sgd<T: Float>(p: &mut [T], g: &[T], shaping: Shaping, rate: f64) {
    let (shape, rate) = (Shape::new(shaping), T::from_f64(rate));
    let cost = p.len() as f64 * 2.0 * COST;
    threads::for_each_piece(p, PIECE, cost, |index, p| sgd_part(p, &g[index * PIECE..], shape, rate));
}

vectorized! {
    fn sgd_part[T: Float](p: &mut [T], g: &[T], shape: Shape<T>, rate: T) {
        for (p, &g) in p.iter_mut().zip(g) {
            // Not fused: plain descent makes the very steps that a loop by hand makes.
            *p = *p - rate * shape.apply(g, *p);
        }
    }
}

/// `v = μ·v + g`, then `p −= η·v`, or with Nesterov's look-ahead `p −= η·(g + μ·v)`.
pub(crate) fn momentum<T: Float>(p: &mut [T], v: &mut [T], g: &[T], shaping: Shaping, rate: f64, mu: f64, nesterov: bool) {
    let shape = Shape::new(shaping);
    let (rate, mu) = (T::from_f64(rate), T::from_f64(mu));
    let cost = p.len() as f64 * 4.0 * COST;
    threads::for_each_parts([p, v], PIECE, cost, |from, [p, v]| momentum_part(p, v, &g[from..], shape, rate, mu, nesterov));
}

vectorized! {
    fn momentum_part[T: Float](p: &mut [T], v: &mut [T], g: &[T], shape: Shape<T>, rate: T, mu: T, nesterov: bool) {
        for ((p, v), &g) in p.iter_mut().zip(v).zip(g) {
            let g = shape.apply(g, *p);
            *v = mu.mul_add(*v, g).without_denormals();
            let step = if nesterov { mu.mul_add(*v, g) } else { *v };
            *p = (-rate).mul_add(step, *p);
        }
    }
}

/// `h = keep·h + add·g²`, then `p −= η·g / (√h + ε)`: AdaGrad with (1, 1), RMSprop with (ρ, 1 − ρ).
pub(crate) fn adaptive<T: Float>(
    p: &mut [T],
    h: &mut [T],
    g: &[T],
    shaping: Shaping,
    rate: f64,
    [keep, add]: [f64; 2],
    epsilon: f64,
) {
    let shape = Shape::new(shaping);
    let numbers = [rate, keep, add, epsilon].map(T::from_f64);
    let cost = p.len() as f64 * 5.0 * COST;
    threads::for_each_parts([p, h], PIECE, cost, |from, [p, h]| adaptive_part(p, h, &g[from..], shape, numbers));
}

vectorized! {
    fn adaptive_part[T: Float](p: &mut [T], h: &mut [T], g: &[T], shape: Shape<T>, numbers: [T; 4]) {
        let [rate, keep, add, epsilon] = numbers;
        for ((p, h), &g) in p.iter_mut().zip(h).zip(g) {
            let g = shape.apply(g, *p);
            *h = keep.mul_add(*h, add * g * g).without_denormals();
            *p = *p - rate * g / (h.sqrt() + epsilon);
        }
    }
}

/// The numbers of one Adam step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adam {
    pub rate: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    /// Decay of the weights apart from the gradient (AdamW).
    pub decoupled_decay: f64,
    /// The step's number, from 1.
    pub step: u64,
}

/// `m = β₁m + (1 − β₁)g`, `v = β₂v + (1 − β₂)g²`, `p −= η·decay·p`, `p −= η·m̂ / (√v̂ + ε)` with the bias-corrected m̂, v̂.
pub(crate) fn adam<T: Float>(p: &mut [T], m: &mut [T], v: &mut [T], g: &[T], shaping: Shaping, adam: Adam) {
    let shape = Shape::new(shaping);
    let corrected = |beta: f64| -(adam.step as f64 * beta.ln()).exp_m1(); // 1 − β^t without cancellation
    let numbers = [
        1.0 - adam.rate * adam.decoupled_decay,
        adam.beta1,
        1.0 - adam.beta1,
        adam.beta2,
        1.0 - adam.beta2,
        adam.rate / corrected(adam.beta1),
        1.0 / corrected(adam.beta2).sqrt(),
        adam.epsilon,
    ]
    .map(T::from_f64);
    let cost = p.len() as f64 * 7.0 * COST;
    threads::for_each_parts([p, m, v], PIECE, cost, |from, [p, m, v]| adam_part(p, m, v, &g[from..], shape, numbers));
}

vectorized! {
    fn adam_part[T: Float](p: &mut [T], m: &mut [T], v: &mut [T], g: &[T], shape: Shape<T>, numbers: [T; 8]) {
        let [shrink, keep1, add1, keep2, add2, rate, correct2, epsilon] = numbers;
        for (((p, m), v), &g) in p.iter_mut().zip(m).zip(v).zip(g) {
            let g = shape.apply(g, *p);
            *m = keep1.mul_add(*m, add1 * g).without_denormals();
            *v = keep2.mul_add(*v, add2 * g * g).without_denormals();
            *p = shrink * *p - rate * *m / (v.sqrt() * correct2 + epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_faded_is_zero_and_never_denormal() {
        let shaping = Shaping { scale: 1.0, limit: f64::INFINITY, decay: 0.0 };
        let (mut p, mut m, mut v) = ([1.0f32; 3], [1e-3f32; 3], [1e-3f32; 3]);
        for step in 1..200_000 {
            let numbers = Adam { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decoupled_decay: 0.0, step };
            adam(&mut p, &mut m, &mut v, &[0.0; 3], shaping, numbers);
            assert!(m.iter().chain(&v).all(|x| !x.is_subnormal()));
        }
        assert_eq!((m, v), ([0.0; 3], [0.0; 3]));
        assert_eq!((f32::NAN.without_denormals().is_nan(), (-1e-40f64).without_denormals()), (true, -1e-40));
    }
}
