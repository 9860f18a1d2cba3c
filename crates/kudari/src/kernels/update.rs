//! The optimizers' arithmetic: one pass over a parameter, its gradient and the optimizer's memory of it.
//!
//! Every optimizer is one rule for one number, in `rules!` below. What an optimizer remembers fades where the gradient is
//! zero, as for the weights of a ReLU that is off: after some hundred steps of ×0.9 it would be denormal, and every step
//! from there on several times slower. Such numbers, below 1.2e-38 in f32, are taken as 0; nothing that they could change
//! is as small.

use super::float::Float;
use super::simd::vectorized;
use super::threads;

/// Numbers per piece of parallel work.
const PIECE: usize = 4096;
/// Estimated nanoseconds per number and slice: the pass is bound by memory.
const COST: f64 = 0.15;

/// What is done before a rule sees the gradient and the parameter: `g` becomes `g·scale`, held within ±limit, plus
/// `decay·p`; `p` becomes `shrink·p`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shaping {
    /// Factor from clipping the gradients by their norm.
    pub scale: f64,
    /// Largest absolute value of a gradient's element.
    pub limit: f64,
    /// Weight decay added to the gradient (the L2 kind).
    pub decay: f64,
    /// Factor of the parameter: 1 − η·λ with weight decay apart from the gradient, else 1.
    pub shrink: f64,
}

impl Shaping {
    /// Nothing is done to gradient and parameter.
    pub const NONE: Shaping = Shaping { scale: 1.0, limit: f64::INFINITY, decay: 0.0, shrink: 1.0 };
}

/// Shaping with the numbers converted once.
#[derive(Clone, Copy)]
struct Shape<T> {
    scale: T,
    limit: T,
    decay: T,
    shrink: T,
}

impl<T: Float> Shape<T> {
    fn new(shaping: Shaping) -> Self {
        let [scale, limit, decay, shrink] = [shaping.scale, shaping.limit, shaping.decay, shaping.shrink].map(T::from_f64);
        Shape { scale, limit, decay, shrink }
    }

    /// The shaped gradient and parameter.
    #[inline(always)]
    fn apply(self, g: T, p: T) -> (T, T) {
        (self.decay.mul_add(p, (g * self.scale).smaller(self.limit).larger(-self.limit)), self.shrink * p)
    }
}

/// Makes the pass of every rule: `name [its numbers] remembers [what] |parameter, gradient| { … }`, where the block changes
/// the parameter and what is remembered by the shaped gradient. The pass is
/// `name(parameter, [memory; _], gradient, shaping, [numbers; _])`.
macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident [$($number:ident),*] remembers [$($memory:ident),*] |$p:ident, $g:ident| $body:block)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name<T: Float>(
            parameter: &mut [T],
            memory: [&mut [T]; rules!(@count $($memory)*)],
            gradient: &[T],
            shaping: Shaping,
            numbers: [f64; rules!(@count $($number)*)],
        ) {
            vectorized! {
                fn part[T: Float](
                    $p: &mut [T],
                    $($memory: &mut [T],)*
                    gradient: &[T],
                    shape: Shape<T>,
                    numbers: [T; rules!(@count $($number)*)],
                ) {
                    let [$($number),*] = numbers;
                    rules!(@each shape $p $g ($p) ($p.iter_mut().zip(gradient)) [$($memory)*] $body)
                }
            }
            let (shape, numbers) = (Shape::new(shaping), numbers.map(T::from_f64));
            let [$($memory),*] = memory;
            let slices = [parameter, $($memory),*];
            let cost = (2 * slices.len() * slices[0].len()) as f64 * COST;
            threads::for_each_parts(slices, PIECE, cost, |from, [$p, $($memory),*]| {
                part($p, $($memory,)* &gradient[from..], shape, numbers);
            });
        }
    )*};
    (@count $($one:ident)*) => { <[&str]>::len(&[$(stringify!($one)),*]) };
    (@each $shape:ident $p:ident $g:ident ($($names:tt)*) ($all:expr) [$memory:ident $($rest:ident)*] $body:block) => {
        rules!(@each $shape $p $g ($($names)* $memory) ($all.zip($memory)) [$($rest)*] $body)
    };
    (@each $shape:ident $p:ident $g:ident ($first:ident) ($all:expr) [] $body:block) => {
        for ($p, gradient) in $all {
            rules!(@one $shape gradient $p $g $body)
        }
    };
    (@each $shape:ident $p:ident $g:ident ($first:ident $a:ident) ($all:expr) [] $body:block) => {
        for (($p, gradient), $a) in $all {
            rules!(@one $shape gradient $p $g $body)
        }
    };
    (@each $shape:ident $p:ident $g:ident ($first:ident $a:ident $b:ident) ($all:expr) [] $body:block) => {
        for ((($p, gradient), $a), $b) in $all {
            rules!(@one $shape gradient $p $g $body)
        }
    };
    (@each $shape:ident $p:ident $g:ident ($first:ident $a:ident $b:ident $c:ident) ($all:expr) [] $body:block) => {
        for (((($p, gradient), $a), $b), $c) in $all {
            rules!(@one $shape gradient $p $g $body)
        }
    };
    (@one $shape:ident $gradient:ident $p:ident $g:ident $body:block) => {{
        let ($g, shrunk) = $shape.apply(*$gradient, *$p);
        *$p = shrunk;
        $body
    }};
}

rules! {
    /// `p −= η·g`.
    sgd [rate] remembers [] |p, g| {
        // Not fused: plain descent makes the very steps that a loop by hand makes.
        *p = *p - rate * g;
    }

    /// `v = μ·v + g`, then `p −= η·v`.
    momentum [rate, mu] remembers [v] |p, g| {
        *v = mu.mul_add(*v, g).without_denormals();
        *p = (-rate).mul_add(*v, *p);
    }

    /// `v = μ·v − η·g`, then `p += v`: the rate is part of what is remembered.
    velocity [rate, mu] remembers [v] |p, g| {
        *v = mu.mul_add(*v, -(rate * g)).without_denormals();
        *p = *p + *v;
    }

    /// `v = μ·v + g`, then `p −= η·(g + μ·v)`.
    nesterov [rate, mu] remembers [v] |p, g| {
        *v = mu.mul_add(*v, g).without_denormals();
        *p = (-rate).mul_add(mu.mul_add(*v, g), *p);
    }

    /// `h = keep·h + add·g²`, then `p −= η·g / (√h + ε)`: AdaGrad with (1, 1), RMSprop with (ρ, 1 − ρ).
    adaptive [rate, keep, add, epsilon] remembers [h] |p, g| {
        *h = keep.mul_add(*h, add * g * g).without_denormals();
        *p = *p - rate * g / (h.sqrt() + epsilon);
    }

    /// `h = ρ·h + (1 − ρ)·g²`, `d = g·√(u + ε)/√(h + ε)`, `u = ρ·u + (1 − ρ)·d²`, then `p −= η·d`.
    adadelta [rate, keep, add, epsilon] remembers [h, u] |p, g| {
        *h = keep.mul_add(*h, add * g * g).without_denormals();
        let d = (*u + epsilon).sqrt() / (*h + epsilon).sqrt() * g;
        *u = keep.mul_add(*u, add * d * d).without_denormals();
        *p = *p - rate * d;
    }

    /// `m` and `v` as moving averages of g and g², then `p −= rate·m / (√v·scale + ε)`.
    adam [rate, keep1, add1, keep2, add2, scale, epsilon] remembers [m, v] |p, g| {
        *m = keep1.mul_add(*m, add1 * g).without_denormals();
        *v = keep2.mul_add(*v, add2 * g * g).without_denormals();
        *p = *p - rate * *m / (v.sqrt() * scale + epsilon);
    }

    /// As Adam, with the largest `v` so far.
    amsgrad [rate, keep1, add1, keep2, add2, scale, epsilon] remembers [m, v, largest] |p, g| {
        *m = keep1.mul_add(*m, add1 * g).without_denormals();
        *v = keep2.mul_add(*v, add2 * g * g).without_denormals();
        *largest = largest.larger(*v);
        *p = *p - rate * *m / (largest.sqrt() * scale + epsilon);
    }

    /// `m` as in Adam, `u = max(β₂·u, |g| + ε)`, then `p −= rate·m / u`.
    adamax [rate, keep1, add1, keep2, epsilon] remembers [m, u] |p, g| {
        *m = keep1.mul_add(*m, add1 * g).without_denormals();
        *u = (keep2 * *u).larger(g.abs() + epsilon);
        *p = *p - rate * *m / *u;
    }

    /// `m` and `v` as in Adam, then `p −= (ahead·m + now·g) / (√v·scale + ε)`.
    nadam [ahead, now, keep1, add1, keep2, add2, scale, epsilon] remembers [m, v] |p, g| {
        *m = keep1.mul_add(*m, add1 * g).without_denormals();
        *v = keep2.mul_add(*v, add2 * g * g).without_denormals();
        *p = *p - (ahead * *m + now * g) / (v.sqrt() * scale + epsilon);
    }

    /// `p −= η·sign(β₁·m + (1 − β₁)·g)`, then `m = β₂·m + (1 − β₂)·g`.
    lion [rate, keep1, add1, keep2, add2] remembers [m] |p, g| {
        *p = *p - rate * keep1.mul_add(*m, add1 * g).sign();
        *m = keep2.mul_add(*m, add2 * g).without_denormals();
    }

    /// `m = μ·m + (1 − μ)·g` and the direction `d = μ·m + (1 − μ)·g`; the parameter is only shrunk.
    look_ahead [keep, add] remembers [m, d] |p, g| {
        *m = keep.mul_add(*m, add * g).without_denormals();
        *d = keep.mul_add(*m, add * g);
    }

    /// `p += share·(g − p)`: the moving average p of numbers g.
    average [share] remembers [] |p, g| {
        *p = share.mul_add(g - *p, *p);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_faded_is_zero_and_never_denormal() {
        let (mut p, mut m, mut v) = ([1.0f32; 3], [1e-3f32; 3], [1e-3f32; 3]);
        for _ in 1..200_000 {
            let numbers = [1e-3, 0.9, 1.0 - 0.9, 0.999, 1.0 - 0.999, 1.0, 1e-8];
            adam(&mut p, [&mut m, &mut v], &[0.0; 3], Shaping::NONE, numbers);
            assert!(m.iter().chain(&v).all(|x| !x.is_subnormal()));
        }
        assert_eq!((m, v), ([0.0; 3], [0.0; 3]));
        assert_eq!((f32::NAN.without_denormals().is_nan(), (-1e-40f64).without_denormals()), (true, -1e-40));
    }
}
