//! Normalisations: numbers are brought to mean 0 and variance 1 over some axes, then scaled and moved by parameters.
//!
//! Batch normalisation takes every channel over the samples (and places of a picture), layer normalisation every sample over
//! its last axes, group normalisation every sample over groups of channels; RMS normalisation is layer normalisation
//! without the mean.

use smallvec::SmallVec;

use super::fused::{ArrayGradients, Fused, apply_fused};
use super::registry::{Entry, Sample};
use super::sample::ROWS;
use crate::array::{Array, DType, Shape};
use crate::autograd::{Context, Variable, name};
use crate::error::{Error, Result};
use crate::kernels::float::{Float, with_float};
use crate::kernels::normalize::{self as kernel, Scale};

/// Normalisation over the last axes of every sample.
#[derive(Debug)]
struct Rows {
    epsilon: f64,
    /// Take the mean off: layer normalisation; else RMS normalisation.
    centred: bool,
    /// How many axes at the end.
    axes: usize,
}

/// Normalisation of every channel over all samples and places, by statistics that were taken before.
#[derive(Debug)]
struct Columns {
    epsilon: f64,
    moments: Moments,
}

/// Mean and variance of every channel of a batch.
#[derive(Debug, Clone)]
pub struct Moments {
    /// `[channels]`.
    pub mean: Array,
    /// `[channels]`, the squared distances from the mean divided by their number.
    pub variance: Array,
    /// The number of values that each was taken of.
    pub count: usize,
}

impl Rows {
    /// Numbers that are normalised together.
    fn columns(&self, x: &Array) -> usize {
        x.shape()[x.rank() - self.axes..].iter().product()
    }
}

fn scale<'a, T: Float>(rows: &Rows, inputs: &'a [Array]) -> Scale<'a, T> {
    let slice = |i: usize| inputs.get(i).map(|array| array.contiguous_slice::<T>().unwrap_or(&[]));
    Scale { epsilon: T::from_f64(rows.epsilon), weight: slice(0), bias: slice(1), centred: rows.centred }
}

impl Fused for Rows {
    fn name(&self) -> &'static str {
        if self.centred { "layer_norm" } else { "rms_norm" }
    }
    fn compose(&self, inputs: &[Variable]) -> Result<Variable> {
        let (x, axes) = (&inputs[0], (1..=self.axes as isize).map(|axis| -axis).collect::<SmallVec<[isize; 6]>>());
        let y = if self.centred {
            centred_and_scaled(x, &axes, self.epsilon)?
        } else {
            let mean_square = x.square().mean_axes(&axes, true)?;
            name(&mean_square, "v", None);
            x.div((mean_square + self.epsilon).sqrt())?
        };
        name(&y, "z", None);
        let y = inputs.get(1).map_or(Ok(y.clone()), |weight| y.mul(weight))?;
        inputs.get(2).map_or(Ok(y.clone()), |bias| y.add(bias))
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Array> {
        let x = inputs[0].contiguous();
        let rest: SmallVec<[Array; 2]> = inputs[1..].iter().map(|array| array.contiguous()).collect();
        let columns = self.columns(&x);
        Ok(with_float!(x.dtype(), T => {
            Array::build(Shape::from_valid(x.shape()), |out: &mut [T]| {
                let numbers = x.contiguous_slice::<T>().unwrap_or(&[]);
                kernel::rows(out, numbers, columns, &scale::<T>(self, &rest));
            })
        }, else return Err(not_float(self.name(), &x))))
    }
    fn backward(&self, context: &Context<'_>, gradient: &Array) -> Result<ArrayGradients> {
        let (x, g) = (context.input(0).array().contiguous(), gradient.contiguous());
        let rest: SmallVec<[Array; 2]> = (1..context.input_count()).map(|i| context.input(i).array().contiguous()).collect();
        let columns = self.columns(&x);
        let mut by_scale = SmallVec::<[Option<Array>; 2]>::new();
        let dx = with_float!(x.dtype(), T => {
            Array::build(Shape::from_valid(x.shape()), |dx: &mut [T]| {
                let (g, x) = (g.contiguous_slice::<T>().unwrap_or(&[]), x.contiguous_slice::<T>().unwrap_or(&[]));
                let scale = scale::<T>(self, &rest);
                if rest.is_empty() {
                    return kernel::rows_gradient(dx, None, g, x, columns, &scale);
                }
                let shape = Shape::from_valid(rest[0].shape());
                let mut by_bias = None;
                let by_weight = Array::build(shape, |by_weight: &mut [T]| {
                    by_bias = Some(Array::build(shape, |by_bias: &mut [T]| {
                        kernel::rows_gradient(dx, Some([by_weight, by_bias]), g, x, columns, &scale);
                    }));
                });
                by_scale.push(Some(by_weight));
                if rest.len() > 1 {
                    by_scale.push(by_bias);
                }
            })
        }, else return Err(not_float(self.name(), &x)));
        Ok(std::iter::once(Some(dx)).chain(by_scale).collect())
    }
}

/// Planes of fewer numbers are brought into the other order: vector instructions gain little on them.
const SHORT: usize = 32;

/// Pictures for batch normalisation: as they lie, channel by channel, or with the channels at the end.
struct Pictures {
    x: Array,
    /// Numbers of a channel that follow each other; 1 with the channels at the end.
    size: usize,
}

impl Pictures {
    fn new(x: &Array) -> Result<Pictures> {
        let size = if x.is_contiguous() { x.shape()[2..].iter().product() } else { 1 };
        Pictures::lying(x, if size < SHORT { 1 } else { size })
    }

    /// Lying as pictures whose `size` is known.
    fn lying(x: &Array, size: usize) -> Result<Pictures> {
        if size > 1 {
            return Ok(Pictures { x: x.contiguous(), size });
        }
        let last = x.rank() as isize - 1;
        let order: SmallVec<[isize; 6]> = std::iter::once(0).chain(2..=last).chain([1]).collect();
        Ok(Pictures { x: x.permute(&order)?.contiguous(), size })
    }

    /// New ones that lie as these, in the shape that users see.
    fn build<T: Float>(&self, fill: impl FnOnce(&mut [T])) -> Result<Array> {
        let y = Array::build(Shape::from_valid(self.x.shape()), fill);
        if self.size > 1 {
            return Ok(y);
        }
        let last = y.rank() as isize - 1;
        let order: SmallVec<[isize; 6]> = [0, last].into_iter().chain(1..last).collect();
        y.permute(&order)
    }

    fn numbers<T: Float>(&self) -> &[T] {
        self.x.contiguous_slice::<T>().unwrap_or(&[])
    }
}

/// One number for every channel, in f64.
fn each_channel(channels: usize, number: impl Fn(usize) -> f64, like: &Array) -> Result<Array> {
    let numbers: SmallVec<[f64; 64]> = (0..channels).map(number).collect();
    Ok(Array::from_slice(&numbers, &[channels])?.to_dtype(like.dtype()))
}

impl Columns {
    /// 1/√(variance + ε) of every channel.
    fn factors(&self) -> Vec<f64> {
        self.moments.variance.to_f64_vec().into_iter().map(|variance| 1.0 / (variance + self.epsilon).sqrt()).collect()
    }
}

impl Fused for Columns {
    fn name(&self) -> &'static str {
        "batch_norm"
    }
    fn compose(&self, inputs: &[Variable]) -> Result<Variable> {
        let x = &inputs[0];
        let axes: SmallVec<[isize; 6]> = std::iter::once(0).chain(2..x.rank() as isize).collect();
        let y = centred_and_scaled(x, &axes, self.epsilon)?;
        name(&y, "z", None);
        scaled_by_channel(&y, inputs.get(1), inputs.get(2))
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Array> {
        let pictures = Pictures::new(inputs[0])?;
        let (x, channels) = (&pictures.x, self.moments.mean.len());
        let (factors, numbers) = (self.factors(), |i: usize| inputs.get(i).map(|array| array.to_f64_vec()));
        let (weight, bias) = (numbers(1), numbers(2));
        let factor = each_channel(channels, |c| factors[c] * weight.as_ref().map_or(1.0, |w| w[c]), x)?;
        let term = each_channel(channels, |c| bias.as_ref().map_or(0.0, |b| b[c]), x)?;
        with_float!(x.dtype(), T => {
            pictures.build(|out: &mut [T]| {
                let scales = [&self.moments.mean, &factor, &term].map(|array| array.contiguous_slice::<T>().unwrap_or(&[]));
                match pictures.size {
                    1 => kernel::scale_columns(out, pictures.numbers(), scales),
                    size => kernel::scale_planes(out, pictures.numbers(), size, scales),
                }
            })
        }, else Err(not_float(self.name(), x)))
    }
    fn backward(&self, context: &Context<'_>, gradient: &Array) -> Result<ArrayGradients> {
        let pictures = Pictures::new(context.input(0).array())?;
        let gradients = Pictures::lying(gradient, pictures.size)?;
        let x = &pictures.x;
        let channels = self.moments.mean.len();
        let (factors, count) = (self.factors(), self.moments.count as f64);
        let weight = (context.input_count() > 1).then(|| context.input(1).array().to_f64_vec());
        let mut products = None;
        let all = with_float!(x.dtype(), T => {
            let (numbers, g) = (pictures.numbers::<T>(), gradients.numbers::<T>());
            let mean = self.moments.mean.contiguous_slice::<T>().unwrap_or(&[]);
            let shape = Shape::from_valid(&[channels]);
            let along = Array::build(shape, |along: &mut [T]| {
                products = Some(Array::build(shape, |plain: &mut [T]| match pictures.size {
                    1 => kernel::column_products(along, plain, g, numbers, mean),
                    size => kernel::plane_products(along, plain, g, numbers, size, mean),
                }));
            });
            let plain = products.take().unwrap_or_else(|| along.clone());
            // Σ g·z for the weight; for x the mean of g and the share along z are taken off.
            let products = along.to_f64_vec();
            let by_weight = each_channel(channels, |c| products[c] * factors[c], x)?;
            let slope = each_channel(channels, |c| products[c] * factors[c] * factors[c] / count, x)?;
            let factor = each_channel(channels, |c| factors[c] * weight.as_ref().map_or(1.0, |w| w[c]), x)?;
            let term = plain.scale(1.0 / count);
            let dx = pictures.build(|dx: &mut [T]| {
                let [factor, term, slope] = [&factor, &term, &slope].map(|array| array.contiguous_slice::<T>().unwrap_or(&[]));
                match pictures.size {
                    1 => kernel::columns_gradient(dx, g, numbers, [mean, factor, term, slope]),
                    size => kernel::planes_gradient(dx, g, numbers, size, [mean, factor, term, slope]),
                }
            })?;
            [Some(dx), Some(by_weight), Some(plain)]
        }, else return Err(not_float(self.name(), x)));
        Ok(all.into_iter().take(context.input_count()).collect())
    }
}

fn not_float(operation: &str, x: &Array) -> Error {
    Error::dtype(format!("{operation}: not defined for {}", x.dtype())).help("convert to f32 or f64 with to_dtype")
}

/// (x − m)/s with mean m and s = √(v + ε) over `axes`. Those who look are told these letters.
fn centred_and_scaled(x: &Variable, axes: &[isize], epsilon: f64) -> Result<Variable> {
    let named = |letter: &'static str, variable: Variable| {
        name(&variable, letter, None);
        variable
    };
    let mean = named("m", x.mean_axes(axes, true)?);
    let variance = named("v", x.variance_axes(axes, true)?);
    let deviation = named("s", (variance + epsilon).sqrt());
    named("d", x.sub(&mean)?).div(&deviation)
}

/// `y · weight + bias`, with a number for every channel (axis 1).
fn scaled_by_channel(y: &Variable, weight: Option<&Variable>, bias: Option<&Variable>) -> Result<Variable> {
    let mut shape: SmallVec<[isize; 6]> = SmallVec::from_elem(1, y.rank());
    shape[1] = y.shape()[1] as isize;
    let y = weight.map_or(Ok(y.clone()), |weight| y.mul(weight.reshape(&shape)?))?;
    bias.map_or(Ok(y.clone()), |bias| y.add(bias.reshape(&shape)?))
}

/// Checks ε and what scales: shapes and types.
fn check(operation: &str, x: &Variable, shape: &[usize], epsilon: f64, scales: &[Option<&Variable>]) -> Result<()> {
    if !x.dtype().is_float() {
        return Err(not_float(operation, x.array()));
    }
    if !(epsilon >= 0.0 && epsilon.is_finite()) {
        return Err(Error::value(format!("{operation}: ε is {epsilon}")).help("it must be finite and not below 0, e.g. 1e-5"));
    }
    for (name, scale) in ["weight", "bias"].iter().zip(scales).filter_map(|(name, scale)| Some((name, (*scale)?))) {
        if scale.shape() != shape || scale.dtype() != x.dtype() {
            return Err(Error::shape(format!(
                "{operation}: x {:?} of {}, {name} {:?} of {}",
                x.shape(),
                x.dtype(),
                scale.shape(),
                scale.dtype()
            ))
            .help(format!("the {name} needs the shape {shape:?} and the type of x")));
        }
    }
    if scales.len() == 2 && scales[0].is_none() && scales[1].is_some() {
        return Err(Error::value(format!("{operation}: a bias without a weight")).help("give both or none"));
    }
    Ok(())
}

/// The inputs that are there.
fn given<'a>(x: &'a Variable, scales: &[Option<&'a Variable>]) -> SmallVec<[&'a Variable; 3]> {
    std::iter::once(x).chain(scales.iter().copied().flatten()).collect()
}

/// The last `axes` axes of x, which must be there and hold numbers.
fn last_axes<'a>(operation: &str, x: &'a Variable, axes: usize) -> Result<&'a [usize]> {
    let from = x.rank().checked_sub(axes).filter(|_| axes > 0);
    let shape = from.map(|from| &x.shape()[from..]).filter(|shape| !shape.contains(&0));
    shape.ok_or_else(|| {
        Error::shape(format!("{operation}: x {:?} over its last {axes} axes", x.shape()))
            .help("there must be so many axes, at least one, and numbers in them")
    })
}

/// Layer normalisation: `y = (x − m)/√(v + ε) · weight + bias` with mean m and variance v (divided by the count) over the last
/// `axes` axes of x (Ba, Kiros and Hinton 2016). Weight and bias, both or none, have the shape of these axes.
///
/// # Errors
///
/// Fewer axes than asked for, none of them or none of their numbers, a weight or bias of another shape or type, or a negative ε.
#[track_caller]
pub fn layer_norm(
    x: &Variable,
    axes: usize,
    weight: Option<&Variable>,
    bias: Option<&Variable>,
    epsilon: f64,
) -> Result<Variable> {
    let scales = [weight, bias];
    check("layer_norm", x, last_axes("layer_norm", x, axes)?, epsilon, &scales)?;
    apply_fused(Rows { epsilon, centred: true, axes }, &given(x, &scales))
}

/// RMS normalisation: `y = x/√(mean x² + ε) · weight` over the last `axes` axes of x (Zhang and Sennrich 2019).
///
/// # Errors
///
/// As for [`layer_norm`].
#[track_caller]
pub fn rms_norm(x: &Variable, axes: usize, weight: Option<&Variable>, epsilon: f64) -> Result<Variable> {
    check("rms_norm", x, last_axes("rms_norm", x, axes)?, epsilon, &[weight])?;
    apply_fused(Rows { epsilon, centred: false, axes }, &given(x, &[weight]))
}

/// The channels of x, axis 1, where there are numbers for statistics of them.
fn channels(operation: &str, x: &Variable) -> Result<usize> {
    if x.rank() < 2 || x.array().is_empty() {
        return Err(Error::shape(format!("{operation}: x {:?}", x.shape()))
            .help("x has the shape [samples, channels, …] with at least one number"));
    }
    Ok(x.shape()[1])
}

/// Batch normalisation as in training: `y = (x − m)/√(v + ε) · weight + bias` for x of shape `[samples, channels, …]`, with
/// mean m and variance v (divided by the count) of every channel over all samples and places (Ioffe and Szegedy 2015). Weight and
/// bias, both or none, have the shape `[channels]`. Gives m and v too, for running statistics.
///
/// # Errors
///
/// x without channels or numbers, a weight or bias of another shape or type, or a negative ε.
#[track_caller]
pub fn batch_norm(x: &Variable, weight: Option<&Variable>, bias: Option<&Variable>, epsilon: f64) -> Result<(Variable, Moments)> {
    let (channels, scales) = (channels("batch_norm", x)?, [weight, bias]);
    check("batch_norm", x, &[channels], epsilon, &scales)?;
    let pictures = Pictures::new(&x.array().widened())?;
    let shape = Shape::from_valid(&[channels]);
    let moments = with_float!(pictures.x.dtype(), T => {
        let mut found = None;
        let mean = Array::build(shape, |mean: &mut [T]| {
            found = Some(Array::build(shape, |variance: &mut [T]| {
                match pictures.size {
                    1 => kernel::column_moments(mean, variance, pictures.numbers::<T>()),
                    size => kernel::plane_moments(mean, variance, pictures.numbers::<T>(), size),
                }
            }));
        });
        Moments { variance: found.unwrap_or_else(|| mean.clone()), mean, count: x.len() / channels }
    }, else return Err(not_float("batch_norm", x.array())));
    let y = apply_fused(Columns { epsilon, moments: moments.clone() }, &given(x, &scales))?;
    Ok((y, moments))
}

/// Batch normalisation as in use, with mean and variance that were found before: `y = (x − mean)/√(variance + ε) · weight +
/// bias` for x of shape `[samples, channels, …]`.
///
/// # Errors
///
/// As for [`batch_norm`], or a mean or variance that is not `[channels]` and of the type of x, or f32 if x is of half precision.
#[track_caller]
pub fn fixed_batch_norm(
    x: &Variable,
    [mean, variance]: [&Array; 2],
    weight: Option<&Variable>,
    bias: Option<&Variable>,
    epsilon: f64,
) -> Result<Variable> {
    let (channels, scales) = (channels("batch_norm", x)?, [weight, bias]);
    check("batch_norm", x, &[channels], epsilon, &scales)?;
    if [mean, variance].iter().any(|array| array.shape() != [channels] || array.dtype() != x.dtype().widened()) {
        return Err(Error::shape(format!(
            "batch_norm: x {:?} of {}, mean {:?}, variance {:?} of {}",
            x.shape(),
            x.dtype(),
            mean.shape(),
            variance.shape(),
            variance.dtype()
        ))
        .help("mean and variance have one number for every channel, of the type of x"));
    }
    if x.dtype().is_half() {
        // Factor and term have more digits than x: they are not rounded on the way.
        let wide = |v: Option<&Variable>| v.map(|v| v.to_dtype(DType::F32)).transpose();
        let (weight, bias) = (wide(weight)?, wide(bias)?);
        let y = fixed_batch_norm(&x.to_dtype(DType::F32)?, [mean, variance], weight.as_ref(), bias.as_ref(), epsilon)?;
        return y.to_dtype(x.dtype());
    }
    // One factor and one term for every channel.
    let factor = (Variable::constant(variance.clone()) + epsilon).sqrt();
    let factor = match weight {
        Some(weight) => weight.div(&factor)?,
        None => 1.0 / &factor,
    };
    let term = factor.mul(Variable::constant(mean.clone()))?.neg();
    let term = bias.map_or_else(|| Ok(term.clone()), |bias| bias.add(&term))?;
    scaled_by_channel(x, Some(&factor), Some(&term))
}

/// Group normalisation of x of shape `[samples, channels, …]`: every sample is normalised over each of `groups` equal groups of
/// channels with all their places, then scaled and moved channel by channel (Wu and He 2018).
///
/// # Errors
///
/// Groups that do not divide the channels, x without numbers, a weight or bias that is not `[channels]`, or a negative ε.
#[track_caller]
pub fn group_norm(
    x: &Variable,
    groups: usize,
    weight: Option<&Variable>,
    bias: Option<&Variable>,
    epsilon: f64,
) -> Result<Variable> {
    let channels = channels("group_norm", x)?;
    if groups == 0 || !channels.is_multiple_of(groups) {
        return Err(Error::value(format!("group_norm: {groups} groups of {channels} channels"))
            .help("the number of groups must divide the number of channels"));
    }
    check("group_norm", x, &[channels], epsilon, &[weight, bias])?;
    let shape: SmallVec<[isize; 6]> = x.shape().iter().map(|&size| size as isize).collect();
    let grouped = x.reshape(&[shape[0], groups as isize, -1])?;
    let y = layer_norm(&grouped, 1, None, None, epsilon)?.reshape(&shape)?;
    scaled_by_channel(&y, weight, bias)
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "layer_norm",
        usage: "layer_norm(&x, axes, Some(&weight), Some(&bias), 1e-5)?",
        formula: "(x − m)/√(v + ε) · w + b",
        derivative: "∂/∂x = (h − mean h − z · mean(h·z))/√(v + ε) with h = g·w; ∂/∂w = Σ g·z; ∂/∂b = Σ g",
        notes: "Mean m and variance v (divided by the count) over the last axes of each sample; z is the normalised x. Ba, Kiros and Hinton (2016).",
        samples: || {
            let of = |x: &'static [usize], scale: &'static [usize], axes: usize| {
                Sample::new(&[(x, -2.0, 2.0), (scale, 0.5, 1.5), (scale, -1.0, 1.0)], move |v: &[Variable]| {
                    layer_norm(&v[0], axes, Some(&v[1]), Some(&v[2]), 1e-3)
                })
            };
            let bare = Sample::new(&[(&[2, 5], -2.0, 2.0)], |v: &[Variable]| layer_norm(&v[0], 1, None, None, 1e-3));
            vec![
                of(&[3, 4], &[4], 1).timed_at(&[ROWS, &[256], &[256]]),
                of(&[2, 2, 3], &[2, 3], 2),
                of(&[3, 4], &[4], 1).strided(),
                bare,
            ]
        },
    },
    Entry {
        name: "rms_norm",
        usage: "rms_norm(&x, axes, Some(&weight), 1e-6)?",
        formula: "x/√(mean x² + ε) · w",
        derivative: "∂/∂x = (h − z · mean(h·z))/√(mean x² + ε) with h = g·w; ∂/∂w = Σ g·z",
        notes: "The mean is over the last axes of each sample; z is the normalised x. Zhang and Sennrich (2019).",
        samples: || {
            let of = |x: &'static [usize], scale: &'static [usize], axes: usize| {
                Sample::new(&[(x, -2.0, 2.0), (scale, 0.5, 1.5)], move |v: &[Variable]| rms_norm(&v[0], axes, Some(&v[1]), 1e-3))
            };
            let bare = Sample::new(&[(&[2, 5], -2.0, 2.0)], |v: &[Variable]| rms_norm(&v[0], 1, None, 1e-3));
            vec![of(&[3, 4], &[4], 1).timed_at(&[ROWS, &[256]]), of(&[2, 2, 3], &[2, 3], 2).strided(), bare]
        },
    },
    Entry {
        name: "batch_norm",
        usage: "let (y, moments) = batch_norm(&x, Some(&weight), Some(&bias), 1e-5)?",
        formula: "(x − m)/√(v + ε) · w + b",
        derivative: "∂/∂x = w(g − mean g − z · mean(g·z))/√(v + ε); ∂/∂w = Σ g·z; ∂/∂b = Σ g",
        notes: "Mean m and variance v (divided by the count) of every channel over samples and places; in use fixed_batch_norm takes running ones. Ioffe and Szegedy (2015).",
        samples: || {
            let of = |x: &'static [usize]| {
                Sample::new(&[(x, -2.0, 2.0), (&[3], 0.5, 1.5), (&[3], -1.0, 1.0)], |v: &[Variable]| {
                    Ok(batch_norm(&v[0], Some(&v[1]), Some(&v[2]), 1e-3)?.0)
                })
            };
            let bare = Sample::new(&[(&[4, 2], -2.0, 2.0)], |v: &[Variable]| Ok(batch_norm(&v[0], None, None, 1e-3)?.0));
            vec![
                of(&[4, 3]).timed_at(&[ROWS, &[256], &[256]]),
                of(&[2, 3, 2, 2]),
                of(&[2, 3, 2, 2]).strided(),
                of(&[2, 3, 3]),
                bare,
            ]
        },
    },
];
