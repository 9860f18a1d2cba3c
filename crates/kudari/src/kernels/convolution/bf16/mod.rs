//! Convolutions of f32 numbers rounded to bf16, with sums in f32: what [`kernels::bf16`](crate::kernels::bf16) says of
//! matrix products holds for them too.
//!
//! Tiles read the pictures where they lie, as the f32 kernels do, but in a copy that is rounded. In the forward pass and the
//! gradient by the input ([`gather`]) the inner dimension are channels, in the gradient by the weight ([`weight`]) places of
//! pairs of pictures. Elsewhere the factors are rounded and the f32 kernels do the rest.

#[cfg(target_arch = "x86_64")]
mod gather;
#[cfg(target_arch = "x86_64")]
mod pictures;
#[cfg(target_arch = "x86_64")]
mod tile;
#[cfg(target_arch = "x86_64")]
mod tiles;
#[cfg(target_arch = "x86_64")]
mod weight;

use super::{Geometry, fast, weight as direct};
use crate::kernels::bf16::rounded;
use crate::kernels::float::{DType, Float};
use crate::kernels::precision::{Precision, precision, with_precision};

/// Whether this thread has asked for bf16 and the numbers are f32.
pub(super) fn wanted<T: Float>() -> bool {
    T::DTYPE == DType::F32 && precision() == Precision::Bf16
}

/// Sees numbers as the f32 that they are.
fn single<T: Float>(x: &[T]) -> &[f32] {
    assert!(T::DTYPE == DType::F32, "numbers of another type");
    // SAFETY: T has the tag of f32, and each type has a tag of its own: the slice stays what it is.
    unsafe { std::slice::from_raw_parts(x.as_ptr().cast(), x.len()) }
}

/// As [`single`].
fn single_mut<T: Float>(x: &mut [T]) -> &mut [f32] {
    assert!(T::DTYPE == DType::F32, "numbers of another type");
    // SAFETY: as in `single`.
    unsafe { std::slice::from_raw_parts_mut(x.as_mut_ptr().cast(), x.len()) }
}

/// [`forward`](super::forward), if it is one in bf16; else nothing is done.
pub(super) fn forward<T: Float>(out: &mut [T], [x, w]: [&[T]; 2], bias: Option<&[T]>, relu: bool, geometry: &Geometry) -> bool {
    if !wanted::<T>() {
        return false;
    }
    let (out, factors, bias) = (single_mut(out), [single(x), single(w)], bias.map(single));
    #[cfg(target_arch = "x86_64")]
    if tiles::possible(geometry) {
        tiles::forward(out, factors, bias, relu, geometry);
        return true;
    }
    with_rounded(factors, |factors| fast::forward(factors, bias, relu, geometry, |gather, weights| gather.run(out, weights)));
    true
}

/// [`backward_input`](super::backward_input), likewise.
pub(super) fn backward_input<T: Float>(dx: &mut [T], [g, w]: [&[T]; 2], geometry: &Geometry) -> bool {
    if !wanted::<T>() {
        return false;
    }
    let (dx, factors) = (single_mut(dx), [single(g), single(w)]);
    #[cfg(target_arch = "x86_64")]
    if tiles::possible(geometry) {
        tiles::backward_input(dx, factors, geometry);
        return true;
    }
    with_rounded(factors, |factors| fast::backward_input(factors, geometry, |gather, weights| gather.run(dx, weights)));
    true
}

/// [`backward_weight`](super::backward_weight), likewise.
pub(super) fn backward_weight<T: Float>(dw: &mut [T], [x, g]: [&[T]; 2], geometry: &Geometry) -> bool {
    if !wanted::<T>() {
        return false;
    }
    let (dw, factors) = (single_mut(dw), [single(x), single(g)]);
    #[cfg(target_arch = "x86_64")]
    if tiles::possible(geometry) {
        tiles::backward_weight(dw, factors, geometry);
        return true;
    }
    with_rounded(factors, |[x, g]| direct::backward_weight(dw, x, g, geometry));
    true
}

/// Runs `body`, a direct sum in f32, with the factors rounded to bf16: the way where there are no tiles, and the twin that
/// tiles are tested against.
fn with_rounded(factors: [&[f32]; 2], body: impl FnOnce([&[f32]; 2])) {
    let copies = factors.map(rounded);
    let [a, b] = [0, 1].map(|i| copies[i].slice::<f32>(factors[i].len()));
    with_precision(Precision::F32, || body([a, b]));
}

#[cfg(test)]
mod tests;
