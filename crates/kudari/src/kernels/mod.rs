//! Floor 1: loops over slices. Memory, threads, vector instructions, matrix products, maps, reductions.
//!
//! Nothing here knows arrays, shapes beyond sizes and strides, or gradients. This is the only module of
//! kudari with `unsafe` code; every block says why it is sound.
//!
//! Two promises hold for every kernel. *The same bits on any number of threads*: work is cut into pieces by
//! size, never by thread count, and partial results are combined in one fixed order. *No allocation*: outputs
//! are slices that the caller brings.
#![allow(unsafe_code)]

pub(crate) mod adaptive_pooling;
pub(crate) mod attention;
pub(crate) mod bf16;
pub(crate) mod convolution;
pub(crate) mod ctc;
pub(crate) mod elementwise;
pub(crate) mod float;
mod float32;
pub(crate) mod loss;
pub(crate) mod matmul;
pub(crate) mod memory;
pub(crate) mod normalize;
pub(crate) mod perturb;
pub(crate) mod pooled;
pub(crate) mod pooling;
pub(crate) mod precision;
pub(crate) mod random;
pub(crate) mod recurrent;
pub(crate) mod reduce;
pub(crate) mod shared;
pub(crate) mod simd;
pub(crate) mod strided;
pub(crate) mod threads;
pub(crate) mod transpose;
pub(crate) mod update;
