//! Scaled dot-product attention.

use std::sync::OnceLock;

use smallvec::SmallVec;

use super::fused::{ArrayGradients, Fused, apply_fused};
use super::indexing::choose;
use super::registry::{Entry, Sample};
use crate::array::{Array, DType, Shape};
use crate::autograd::{Context, Variable, name};
use crate::error::{Error, Result};
use crate::kernels::attention::{self as kernel, Rows, RowsMut, Sight, Sizes};
use crate::kernels::float::{Float, with_float};

/// What an attention may look at, and how its scores are scaled.
#[derive(Debug, Clone, Default)]
pub struct AttentionOptions {
    /// Query i sees the keys up to number i: each place sees itself and what comes before it.
    pub causal: bool,
    /// Stretched to `[samples, heads, queries, keys]`: truth values tell which query sees which key, other numbers are added to the
    /// scores. A query that sees nothing gives 0.
    pub mask: Option<Array>,
    /// The factor of q·k; without it 1/√(numbers of a query).
    pub scale: Option<f64>,
}

/// Attention of q, k and v, or of all three side by side in one input.
#[derive(Debug)]
struct Attention {
    sizes: Sizes,
    options: AttentionOptions,
    scale: f64,
    /// One input `[samples, places, 3 · heads · depth]`.
    joined: bool,
    /// The logarithm of every query's total weight, found by the forward pass for the gradients.
    logarithms: OnceLock<Array>,
}

/// Rows `[samples, heads, rows, numbers]` as they lie; a copy if the numbers of a row do not lie together.
fn laid_out(x: &Array) -> Array {
    let strides = x.strides();
    if strides[3] == 1 && strides.iter().all(|&stride| stride >= 0) { x.clone() } else { x.contiguous() }
}

fn rows<T: Float>(x: &Array) -> Rows<'_, T> {
    let view = x.strided::<T>();
    let stride = |axis: usize| view.strides[axis].unsigned_abs();
    Rows { data: view.data, offset: view.offset, strides: [stride(0), stride(1), stride(2)] }
}

impl Attention {
    /// Where part `part` of three lies side by side: offset and strides by samples, heads and places.
    fn part(&self, part: usize) -> (usize, [usize; 3]) {
        let Sizes { heads, queries, depth, .. } = self.sizes;
        let width = heads * depth;
        (part * width, [queries * 3 * width, depth, 3 * width])
    }

    /// The shape of a result that lies `[samples, places, heads, numbers]`, and its strides by samples, heads and places.
    fn result(&self, rows: usize, numbers: usize) -> ([usize; 4], [usize; 3]) {
        let Sizes { batch, heads, .. } = self.sizes;
        ([batch, rows, heads, numbers], [rows * heads * numbers, numbers, heads * numbers])
    }

    fn with_operands<T: Float, R>(&self, inputs: &[&Array], body: impl FnOnce(&kernel::Attention<'_, T>) -> R) -> R {
        let laid: SmallVec<[Array; 3]> = inputs.iter().map(|x| if self.joined { x.contiguous() } else { laid_out(x) }).collect();
        let [q, k, v] = std::array::from_fn(|i| match self.joined {
            true => {
                let (offset, strides) = self.part(i);
                let view = laid[0].strided::<T>();
                Rows { data: view.data, offset: view.offset + offset, strides }
            }
            false => rows::<T>(&laid[i]),
        });
        let mask = self.options.mask.as_ref();
        let sight = Sight {
            causal: self.options.causal,
            seen: mask.filter(|mask| mask.dtype() == DType::Bool).map(Array::strided::<u8>),
            added: mask.filter(|mask| mask.dtype() != DType::Bool).map(Array::strided::<T>),
        };
        body(&kernel::Attention { sizes: self.sizes, scale: T::from_f64(self.scale), q, k, v, sight })
    }

    /// The result in the form that users see: heads beside each other, or as an axis of their own.
    fn shown(&self, y: &Array) -> Result<Array> {
        let [batch, rows, heads, numbers] = [0, 1, 2, 3].map(|axis| y.shape()[axis] as isize);
        if self.joined { y.reshape(&[batch, rows, heads * numbers]) } else { y.permute(&[0, 2, 1, 3]) }
    }

    /// The opposite of [`shown`](Self::shown), as rows of every head.
    fn heads(&self, y: &Array) -> Result<Array> {
        if !self.joined {
            return Ok(laid_out(y));
        }
        let Sizes { batch, heads, queries, width, .. } = self.sizes;
        y.contiguous().reshape(&[batch, queries, heads, width].map(|size| size as isize))?.permute(&[0, 2, 1, 3])
    }
}

impl Fused for Attention {
    fn name(&self) -> &'static str {
        if self.joined { "self_attention" } else { "attention" }
    }
    fn compose(&self, inputs: &[Variable]) -> Result<Variable> {
        let Sizes { batch, heads, queries, keys, depth, .. } = self.sizes;
        let [q, k, v] = if self.joined {
            let parts = inputs[0].reshape(&[batch, queries, 3, heads, depth].map(|size| size as isize))?;
            let part = |i: isize| parts.index_axis(2, i)?.permute(&[0, 2, 1, 3]);
            [part(0)?, part(1)?, part(2)?]
        } else {
            [inputs[0].clone(), inputs[1].clone(), inputs[2].clone()]
        };
        let products = q.matmul(&k.permute(&[0, 1, 3, 2])?)?;
        name(&products, "s", None);
        let mut scores = products * self.scale;
        name(&scores, "u", None);
        let mut seen: Option<Array> = None;
        if self.options.causal {
            let number = |count: usize, shape: &[isize]| Array::arange(count).reshape(shape);
            seen = Some(number(queries, &[-1, 1])?.greater_equal(&number(keys, &[1, -1])?)?);
        }
        match &self.options.mask {
            Some(mask) if mask.dtype() == DType::Bool => {
                seen = Some(seen.map_or_else(|| Ok(mask.clone()), |seen| mask.choose(&seen, &mask.full_like(0.0)))?);
            }
            Some(mask) => scores = scores.add(Variable::constant(mask.clone()))?,
            None => {}
        }
        let weights = match seen {
            // Far below every other score; where nothing is seen at all the weights are made 0 afterwards.
            Some(seen) => {
                let hidden = seen.to_dtype(scores.dtype()).max_axes(&[-1], true)?.scale(-1e30);
                choose(&seen, &choose(&seen, &scores, Variable::constant(hidden))?.softmax(-1)?, 0.0)?
            }
            None => scores.softmax(-1)?,
        };
        name(&weights, "p", None);
        let y = weights.matmul(&v)?;
        if !self.joined {
            return Ok(y);
        }
        y.permute(&[0, 2, 1, 3])?.reshape(&[batch as isize, queries as isize, -1])
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Array> {
        let Sizes { batch, heads, queries, width, .. } = self.sizes;
        let (shape, strides) = self.result(queries, width);
        let y = with_float!(inputs[0].dtype(), T => self.with_operands::<T, _>(inputs, |attention| {
            let mut logarithms = None;
            let y = Array::build(Shape::from_valid(&shape), |out: &mut [T]| {
                let out = RowsMut { start: out.as_mut_ptr(), len: out.len(), offset: 0, strides };
                logarithms = Some(Array::build(Shape::from_valid(&[batch * heads * queries]), |logarithms: &mut [T]| {
                    attention.forward(out, logarithms);
                }));
            });
            if let Some(logarithms) = logarithms {
                // Set once: a function is applied once.
                let _ = self.logarithms.set(logarithms);
            }
            y
        }), else return Err(not_float(self.name(), inputs[0])));
        self.shown(&y)
    }
    fn backward(&self, context: &Context<'_>, gradient: &Array) -> Result<ArrayGradients> {
        let inputs: SmallVec<[&Array; 3]> = (0..context.input_count()).map(|i| context.input(i).array()).collect();
        let (g, out) = (self.heads(gradient)?, self.heads(context.output(0).array())?);
        let (g, out) = (laid_out(&g), laid_out(&out));
        let Some(logarithms) = self.logarithms.get() else {
            return Err(Error::value(format!("{}: gradients before the result", self.name())));
        };
        let Sizes { batch, queries, keys, depth, width, .. } = self.sizes;
        with_float!(inputs[0].dtype(), T => self.with_operands::<T, _>(&inputs, |attention| {
            let logarithms = logarithms.contiguous_slice::<T>().unwrap_or(&[]);
            let run = |targets: [RowsMut<T>; 3]| attention.backward(targets, rows(&g), rows(&out), logarithms);
            if self.joined {
                let shape = Shape::from_valid(&[batch, queries, inputs[0].shape()[2]]);
                let by_all = Array::build(shape, |all: &mut [T]| {
                    let (start, len) = (all.as_mut_ptr(), all.len());
                    run([0, 1, 2].map(|part| {
                        let (offset, strides) = self.part(part);
                        RowsMut { start, len, offset, strides }
                    }));
                });
                return Ok(std::iter::once(Some(by_all)).collect());
            }
            let parts = [(queries, depth), (keys, depth), (keys, width)].map(|(rows, numbers)| self.result(rows, numbers));
            let [mut by_q, mut by_k, mut by_v] = [None, None, None];
            let shape = |part: usize| Shape::from_valid(&parts[part].0);
            let target = |x: &mut [T], part: usize| RowsMut { start: x.as_mut_ptr(), len: x.len(), offset: 0, strides: parts[part].1 };
            by_q = by_q.or(Some(Array::build(shape(0), |q: &mut [T]| {
                by_k = Some(Array::build(shape(1), |k: &mut [T]| {
                    by_v = Some(Array::build(shape(2), |v: &mut [T]| run([target(q, 0), target(k, 1), target(v, 2)])));
                }));
            })));
            [by_q, by_k, by_v].into_iter().map(|by| by.map(|by: Array| self.shown(&by)).transpose()).collect()
        }), else Err(not_float(self.name(), inputs[0])))
    }
    fn saves_output(&self) -> bool {
        true
    }
    fn operations(&self, _: &[&Array], _: &Array) -> f64 {
        let Sizes { batch, heads, queries, keys, depth, width } = self.sizes;
        2.0 * (batch * heads * queries * keys) as f64 * (depth + width) as f64
    }
}

fn not_float(operation: &str, x: &Array) -> Error {
    Error::dtype(format!("{operation}: not defined for {}", x.dtype())).help("convert to f32 or f64 with to_dtype")
}

/// The function for these sizes, with its mask stretched.
fn prepared(operation: &str, sizes: Sizes, options: &AttentionOptions, dtype: DType, joined: bool) -> Result<Attention> {
    let mut options = options.clone();
    if let Some(mask) = &options.mask {
        if mask.dtype() != DType::Bool && mask.dtype() != dtype {
            return Err(Error::dtype(format!("{operation}: a mask of {} for numbers of {dtype}", mask.dtype()))
                .help("a mask holds truth values, or numbers of the type of q that are added to the scores"));
        }
        let shape = [sizes.batch, sizes.heads, sizes.queries, sizes.keys];
        options.mask = Some(mask.broadcast_to(&shape).map_err(|e| e.context(format_args!("{operation}: the mask")))?);
    }
    let scale = options.scale.unwrap_or(1.0 / (sizes.depth.max(1) as f64).sqrt());
    if !scale.is_finite() {
        return Err(Error::value(format!("{operation}: a scale of {scale}")).help("it must be finite"));
    }
    Ok(Attention { sizes, options, scale, joined, logarithms: OnceLock::new() })
}

/// Scaled dot-product attention: `softmax(q·kᵀ · scale + mask) · v` for every head of every sample (Vaswani et al. 2017). q has the
/// shape `[samples, heads, queries, depth]`, k `[samples, heads, keys, depth]`, v `[samples, heads, keys, width]`; the result is
/// `[samples, heads, queries, width]`. Memory grows with the lengths, not with their product.
///
/// # Errors
///
/// Shapes or types that do not fit each other, or a mask that cannot be stretched to `[samples, heads, queries, keys]`.
#[track_caller]
pub fn attention(q: &Variable, k: &Variable, v: &Variable, options: &AttentionOptions) -> Result<Variable> {
    let misfit = || {
        Error::shape(format!("attention: q {:?} of {}, k {:?} of {}, v {:?} of {}", q.shape(), q.dtype(), k.shape(), k.dtype(), v.shape(), v.dtype()))
            .help("q is [samples, heads, queries, depth], k [samples, heads, keys, depth], v [samples, heads, keys, width], all of one type")
    };
    let (&[batch, heads, queries, depth], &[kb, kh, keys, kd], &[vb, vh, vk, width]) = (q.shape(), k.shape(), v.shape()) else {
        return Err(misfit());
    };
    let fits = [kb, kh, kd] == [batch, heads, depth] && [vb, vh, vk] == [batch, heads, keys];
    if !fits || k.dtype() != q.dtype() || v.dtype() != q.dtype() || !q.dtype().is_float() {
        return Err(misfit());
    }
    let sizes = Sizes { batch, heads, queries, keys, depth, width };
    apply_fused(prepared("attention", sizes, options, q.dtype(), false)?, &[q, k, v])
}

/// Attention of every place to all places of the same sequence, with q, k and v side by side: `qkv` has the shape
/// `[samples, places, 3 · size]`, and each third is cut into `heads`; the result is `[samples, places, size]`. See [`attention`].
///
/// # Errors
///
/// A last axis that is not three times a multiple of `heads`, integers, or a mask that cannot be stretched to
/// `[samples, heads, places, places]`.
#[track_caller]
pub fn self_attention(qkv: &Variable, heads: usize, options: &AttentionOptions) -> Result<Variable> {
    let fitting = match qkv.shape() {
        &[batch, places, all] if heads > 0 && all.is_multiple_of(3 * heads) && qkv.dtype().is_float() => {
            Some([batch, places, all])
        }
        _ => None,
    };
    let Some([batch, places, all]) = fitting else {
        return Err(Error::shape(format!("self_attention: qkv {:?} of {}, {heads} heads", qkv.shape(), qkv.dtype()))
            .help("qkv is [samples, places, 3 · size], f32 or f64, and the number of heads divides the size"));
    };
    let depth = all / 3 / heads;
    let sizes = Sizes { batch, heads, queries: places, keys: places, depth, width: depth };
    apply_fused(prepared("self_attention", sizes, options, qkv.dtype(), true)?, &[qkv])
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "attention",
        usage: "attention(&q, &k, &v, &AttentionOptions { causal: true, ..Default::default() })?",
        formula: "softmax(q·kᵀ/√d + mask) · v",
        derivative: "∂/∂v = pᵀ·g; with s = p(g·vᵀ − Σ g·y)/√d: ∂/∂q = s·k, ∂/∂k = sᵀ·q",
        notes: "For every head of every sample; d numbers a query, p the softmax, y the result. A query that sees nothing gives 0. Vaswani et al. (2017).",
        samples: || {
            let of = |shapes: [&'static [usize]; 3], options: AttentionOptions| {
                Sample::new(&shapes.map(|shape| (shape, -1.0, 1.0)), move |v: &[Variable]| {
                    attention(&v[0], &v[1], &v[2], &options)
                })
            };
            let causal = AttentionOptions { causal: true, ..Default::default() };
            let mask = Array::from([[true, false, true], [false, false, false]]);
            let masked = AttentionOptions { mask: Some(mask), scale: Some(0.7), ..Default::default() };
            const LONG: &[usize] = &[2, 4, 128, 64];
            let small: [&'static [usize]; 3] = [&[1, 2, 2, 3], &[1, 2, 3, 3], &[1, 2, 3, 2]];
            vec![
                of(small, AttentionOptions::default()).timed_at(&[LONG; 3]),
                of(small, causal.clone()),
                of(small, masked).strided(),
                of([&[2, 1, 1, 1]; 3], causal),
            ]
        },
    },
    Entry {
        name: "self_attention",
        usage: "self_attention(&qkv, heads, &AttentionOptions::default())?",
        formula: "attention(q, k, v) with q, k, v side by side in qkv",
        derivative: "as for attention, side by side",
        notes: "",
        samples: || {
            let of = |heads: usize, causal: bool| {
                let options = AttentionOptions { causal, ..Default::default() };
                Sample::new(&[(&[2, 3, 12], -1.0, 1.0)], move |v: &[Variable]| self_attention(&v[0], heads, &options))
            };
            vec![of(2, true), of(1, false), of(4, true).timed_at(&[&[2, 128, 3 * 256]]), of(4, true).strided()]
        },
    },
];
