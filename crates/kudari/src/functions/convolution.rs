//! Convolutions of pictures and of sequences.
//!
//! The convolution, its gradient by the input (which is the transposed convolution) and its gradient by the weight are three
//! linear functions of which each is made of the others' derivatives: with them, gradients exist to any order.

use super::algebra::Algebra;
use super::convolution_sizes::{Conv1dOptions, Conv2dOptions, Sizes};
use super::pooling::{Found, max_windows};
use super::product::ThroughRelu;
use super::registry::{Entry, Sample};
use super::worked_convolution::{Role, WorkedConvolution};
use smallvec::SmallVec;

use crate::array::{Array, Shape};
use crate::autograd::{
    Calculation, Context, Function, InputGradients, Outputs, Saves, Span, Variable, Worked, apply, apply_infallible,
};
use crate::error::{Error, Result};
use crate::kernels::convolution::{self as kernel, Geometry};
use crate::kernels::float::{Float, with_float};

/// y = w ∗ x + b, with `relu` max(w ∗ x + b, 0): of x, w and perhaps b.
#[derive(Debug)]
struct Convolution {
    geometry: Geometry,
    relu: bool,
}

/// The gradient of a convolution by its input, or the transposed convolution: of a gradient, w and perhaps b.
#[derive(Debug)]
struct Transposed(Geometry);

/// The gradient of a convolution by its weight: of x and a gradient.
#[derive(Debug)]
struct WeightGradient(Geometry);

/// The numbers as they lie in memory: channels last for pictures, row-major for weights.
fn numbers<T: Float>(x: &Array) -> &[T] {
    x.memory_slice().unwrap_or(&[])
}

/// Every number of the result is a sum over the numbers of a filter, those that meet the padding included; both gradients
/// multiply and add the same pairs.
fn operations(geometry: &Geometry) -> f64 {
    2.0 * (geometry.batch * geometry.output_len()) as f64 * geometry.filter_len() as f64
}

fn not_float(operation: &str, x: &Array) -> Error {
    Error::dtype(format!("{operation}: not defined for {}", x.dtype())).help("convert to f32 or f64 with to_dtype")
}

impl Function for Convolution {
    fn name(&self) -> &'static str {
        if self.relu { "conv2d_relu" } else { "conv2d" }
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let (x, w) = (inputs[0].channels_last()?, inputs[1].contiguous());
        let bias = inputs.get(2).map(|bias| bias.contiguous());
        let Geometry { batch, filters, out_height, out_width, .. } = self.geometry;
        let y = with_float!(x.dtype(), T => {
            Array::build_channels_last([batch, filters, out_height, out_width], |out: &mut [T]| {
                let bias = bias.as_ref().map(numbers::<T>);
                kernel::forward(out, numbers::<T>(&x), numbers::<T>(&w), bias, self.relu, &self.geometry);
            })
        }, else return Err(not_float(self.name(), &x)));
        Ok([y].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let g = if self.relu { through_relu(context, &gy[0])? } else { gy[0].clone() };
        gradients(context, &g, self.geometry)
    }
    fn saves(&self) -> Saves {
        Saves { inputs: 0b011, outputs: self.relu as u8 }
    }
    fn operations(&self, _: &[&Array], _: &Array) -> f64 {
        operations(&self.geometry)
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        if self.relu {
            return None; // the two are one only while nobody looks, see `autograd::may_fuse`
        }
        Some(Box::new(WorkedConvolution::new(self.geometry, Role::Output, calculation.inputs.len() > 2)))
    }
}

/// The gradient before a ReLU from that after it, whose result is output 0.
fn through_relu(context: &Context<'_>, g: &Variable) -> Result<Variable> {
    if context.create_graph() {
        return g.mul(context.output(0).heaviside(0.0));
    }
    // In the order of the result, which every function after this one reads.
    Ok(Variable::constant(g.array().channels_last()?.map2("relu", context.output(0).array(), ThroughRelu)?))
}

/// The gradients of a convolution by its inputs x, w and perhaps b, from that by its result.
fn gradients(context: &Context<'_>, g: &Variable, geometry: Geometry) -> Result<InputGradients> {
    let (x, w, g) = (context.input(0), context.input(1), laid_out(g)?);
    let mut gradients = InputGradients::new();
    gradients.push(if context.needs(0) { Some(apply(Transposed(geometry), &[&g, w])?) } else { None });
    gradients.push(if context.needs(1) { Some(apply(WeightGradient(geometry), &[x, &g])?) } else { None });
    gradients.push(if context.needs(2) { Some(g.sum_axes(&[0, 2, 3], false)?) } else { None });
    Ok(gradients)
}

/// The largest numbers of windows of max(w ∗ x + b, 0): of x, w and perhaps b. The convolution's result is not kept, since
/// nothing of it is needed but where the largest numbers were.
#[derive(Debug)]
struct ConvolutionPool {
    geometry: Geometry,
    found: Found,
}

impl Function for ConvolutionPool {
    fn name(&self) -> &'static str {
        "conv2d_relu_max_pool2d"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let y = Convolution { geometry: self.geometry, relu: true }.forward(inputs)?;
        Ok([self.found.pick(&y[0])?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        // A number that wins its window is the window's result: the ReLU's slope is known before the gradient is spread.
        gradients(context, &self.found.scatter(&through_relu(context, &gy[0])?)?, self.geometry)
    }
    fn saves(&self) -> Saves {
        Saves { inputs: 0b011, outputs: 1 }
    }
    fn operations(&self, _: &[&Array], _: &Array) -> f64 {
        operations(&self.geometry)
    }
}

impl Function for Transposed {
    fn name(&self) -> &'static str {
        "conv_transpose2d"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let (g, w) = (inputs[0].channels_last()?, inputs[1].contiguous());
        let Geometry { batch, channels, height, width, .. } = self.0;
        let x = with_float!(g.dtype(), T => {
            Array::build_channels_last([batch, channels, height, width], |out: &mut [T]| {
                kernel::backward_input(out, numbers::<T>(&g), numbers::<T>(&w), &self.0);
            })
        }, else return Err(not_float(self.name(), &g)));
        match inputs.get(2) {
            Some(bias) => Ok([x.add(&bias.reshape(&[-1, 1, 1])?)?].into()),
            None => Ok([x].into()),
        }
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let (y, w, g) = (context.input(0), context.input(1), laid_out(&gy[0])?);
        let mut gradients = InputGradients::new();
        let convolution = Convolution { geometry: self.0, relu: false };
        gradients.push(if context.needs(0) { Some(apply(convolution, &[&g, w])?) } else { None });
        gradients.push(if context.needs(1) { Some(apply(WeightGradient(self.0), &[&g, y])?) } else { None });
        if context.input_count() > 2 {
            gradients.push(if context.needs(2) { Some(g.sum_axes(&[0, 2, 3], false)?) } else { None });
        }
        Ok(gradients)
    }
    fn saves(&self) -> Saves {
        Saves { inputs: 0b011, outputs: 0 }
    }
    fn operations(&self, _: &[&Array], _: &Array) -> f64 {
        operations(&self.0)
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        Some(Box::new(WorkedConvolution::new(self.0, Role::Input, calculation.inputs.len() > 2)))
    }
}

impl Function for WeightGradient {
    fn name(&self) -> &'static str {
        "conv2d_weight_gradient"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let (x, g) = (inputs[0].channels_last()?, inputs[1].channels_last()?);
        let Geometry { filters, channels, groups, kernel: [rows, columns], .. } = self.0;
        let shape = Shape::new(&[filters, channels / groups, rows, columns])?;
        let w = with_float!(x.dtype(), T => Array::build(shape, |out: &mut [T]| {
            kernel::backward_weight(out, numbers::<T>(&x), numbers::<T>(&g), &self.0);
        }), else return Err(not_float(self.name(), &x)));
        Ok([w].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let (x, g, w) = (context.input(0), context.input(1), &gy[0]);
        let convolution = Convolution { geometry: self.0, relu: false };
        let gx = if context.needs(0) { Some(apply(Transposed(self.0), &[g, w])?) } else { None };
        let gg = if context.needs(1) { Some(apply(convolution, &[x, w])?) } else { None };
        Ok([gx, gg].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
    fn operations(&self, _: &[&Array], _: &Array) -> f64 {
        operations(&self.0)
    }
    fn worked(&self, _: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        Some(Box::new(WorkedConvolution::new(self.0, Role::Weight, false)))
    }
}

/// A picture that several functions are going to read, lying with the channels last. One that has no history is turned here,
/// once; one that has is turned by those who need it.
fn laid_out(x: &Variable) -> Result<Variable> {
    if x.wants_gradient() { Ok(x.clone()) } else { Ok(Variable::constant(x.array().channels_last()?)) }
}

/// The two-dimensional convolution of pictures x `[samples, channels, height, width]` with filters w `[filters, channels /
/// groups, height, width]`, plus a number b of `[filters]` for each filter:
///
/// `y[f, i, j] = b[f] + Σ w[f, c, u, v] · x[c, i·stride + u·dilation − padding, j·stride + v·dilation − padding]`
///
/// Beside the picture x counts as 0, and as in all frameworks the filters are not turned around (mathematicians call this
/// a cross-correlation). Each side of the result has ⌊(side + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1 numbers.
///
/// ```
/// use kudari::functions::{Conv2dOptions, conv2d};
/// use kudari::{Array, DType, Variable};
///
/// let x = Variable::constant(Array::ones(&[8, 3, 32, 32], DType::F32)?);
/// let w = Variable::parameter(Array::ones(&[16, 3, 5, 5], DType::F32)?);
/// let y = conv2d(&x, &w, None, &Conv2dOptions { stride: [2, 2], padding: [2, 2], ..Conv2dOptions::default() })?;
/// assert_eq!(y.shape(), [8, 16, 16, 16]);
/// # Ok::<(), kudari::Error>(())
/// ```
///
/// # Errors
///
/// Shapes that do not fit each other, types that differ or are not floating-point, a step of 0, or a kernel that is larger
/// than the picture.
#[track_caller]
pub fn conv2d(x: &Variable, w: &Variable, bias: Option<&Variable>, options: &Conv2dOptions) -> Result<Variable> {
    let geometry = Sizes::new("conv2d", x, w, bias)?.convolution(options)?;
    convolve(x, w, bias, geometry, false)
}

/// `conv2d(…).relu()` in one, for first and higher derivatives alike, with the same bits as the two.
#[track_caller]
pub(crate) fn conv2d_relu(x: &Variable, w: &Variable, bias: Option<&Variable>, options: &Conv2dOptions) -> Result<Variable> {
    let geometry = Sizes::new("conv2d", x, w, bias)?.convolution(options)?;
    convolve(x, w, bias, geometry, true)
}

/// `max_pool2d(&conv2d(…).relu(), …)` in one, with the same bits as the three; `pool` are size, stride and padding.
#[track_caller]
pub(crate) fn conv2d_relu_max_pool2d(
    x: &Variable,
    w: &Variable,
    bias: Option<&Variable>,
    options: &Conv2dOptions,
    [size, stride, padding]: [[usize; 2]; 3],
) -> Result<Variable> {
    let geometry = Sizes::new("conv2d", x, w, bias)?.convolution(options)?;
    let Geometry { batch, filters, out_height, out_width, .. } = geometry;
    let windows = max_windows([batch, filters, out_height, out_width], size, stride, padding)?;
    let x = laid_out(x)?;
    let span = Span::begin();
    let inputs: SmallVec<[&Variable; 3]> = [&x, w].into_iter().chain(bias).collect();
    let arrays: SmallVec<[Array; 3]> = inputs.iter().map(|v| v.array().widened()).collect();
    let y = Convolution { geometry, relu: true }.forward(&arrays.iter().collect::<SmallVec<[&Array; 3]>>())?;
    let (values, found) = Found::largest(&y[0], windows)?;
    Ok(apply_infallible(span, ConvolutionPool { geometry, found }, &inputs, values.to_dtype(x.dtype())))
}

#[track_caller]
fn convolve(x: &Variable, w: &Variable, bias: Option<&Variable>, geometry: Geometry, relu: bool) -> Result<Variable> {
    let (function, x) = (Convolution { geometry, relu }, &laid_out(x)?);
    match bias {
        Some(bias) => apply(function, &[x, w, bias]),
        None => apply(function, &[x, w]),
    }
}

/// The convolution of sequences x `[samples, channels, length]` with filters w `[filters, channels / groups, length]`, plus a
/// number b of `[filters]` for each filter: [`conv2d`] with pictures of one row.
///
/// # Errors
///
/// As [`conv2d`].
#[track_caller]
pub fn conv1d(x: &Variable, w: &Variable, bias: Option<&Variable>, options: &Conv1dOptions) -> Result<Variable> {
    let geometry = Sizes::of_sequences("conv1d", x, w, bias)?.convolution(&options.as_pictures())?;
    let of_one_row = |v: &Variable| v.reshape_as(&[v.shape()[0], v.shape()[1], 1, v.shape()[2]]);
    let y = convolve(&of_one_row(x)?, &of_one_row(w)?, bias, geometry, false)?;
    y.reshape_as(&[geometry.batch, geometry.filters, geometry.out_width])
}

/// The transposed convolution of x `[samples, inputs, height, width]` with w `[inputs, outputs / groups, height, width]`, plus a
/// number b of `[outputs]` for each output channel: what [`conv2d`] with the same w and options does to gradients. It makes
/// pictures larger where the convolution makes them smaller.
///
/// Each side of the result has (side − 1)·stride − 2·padding + dilation·(kernel − 1) + 1 + `output_padding` numbers. A
/// convolution with steps gives the same size for several sizes of its input; `output_padding` chooses among them.
///
/// # Errors
///
/// As [`conv2d`], or an output padding that is neither below the stride nor below the dilation.
#[track_caller]
pub fn conv_transpose2d(
    x: &Variable,
    w: &Variable,
    bias: Option<&Variable>,
    options: &Conv2dOptions,
    output_padding: [usize; 2],
) -> Result<Variable> {
    let geometry = Sizes::new("conv_transpose2d", x, w, bias)?.transposed(options, output_padding)?;
    let x = &laid_out(x)?;
    match bias {
        Some(bias) => apply(Transposed(geometry), &[x, w, bias]),
        None => apply(Transposed(geometry), &[x, w]),
    }
}

/// Inputs of these shapes for the checks.
fn sample(shapes: &[&[usize]], call: impl Fn(&[Variable]) -> Result<Variable> + 'static) -> Sample {
    Sample::new(&shapes.iter().map(|&shape| (shape, -1.0, 1.0)).collect::<Vec<_>>(), call)
}

const PLAIN: Conv2dOptions = Conv2dOptions { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };
/// Convolutions that keep the size of a picture, and what they are timed on.
const SAME: Conv2dOptions = Conv2dOptions { padding: [1, 1], ..PLAIN };
const PICTURES: &[usize] = &[4, 16, 32, 32];
const FILTERS: &[usize] = &[16, 16, 3, 3];

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "conv2d",
        usage: "conv2d(&x, &w, Some(&b), &options)?, conv1d(…)",
        formula: "y[f, i, j] = b[f] + Σ w[f, c, u, v] · x[c, i·s + u·d − p, j·s + v·d − p]",
        derivative: "dx: conv_transpose2d of g with w, dw: Σ g · x over samples and places, db: Σ g over samples and places",
        notes: "s, p and d are stride, padding and dilation; beside the picture x is 0. x is [samples, channels, height, width], \
                w [filters, channels / groups, height, width], b [filters].",
        samples: || {
            let of = |x: &[usize], w: &[usize], options: Conv2dOptions| {
                let call = move |v: &[Variable]| conv2d(&v[0], &v[1], v.get(2), &options);
                let bias = &w[..1];
                sample(&[x, w, bias], call)
            };
            let line = Conv1dOptions { stride: 2, padding: 1, ..Conv1dOptions::default() };
            vec![
                of(&[2, 3, 5, 4], &[2, 3, 3, 2], PLAIN).timed_as(move || of(PICTURES, FILTERS, SAME).channels_last(1)),
                of(&[1, 2, 6, 5], &[3, 2, 3, 3], Conv2dOptions { stride: [2, 2], padding: [1, 1], ..PLAIN }).strided(),
                of(&[1, 2, 5, 6], &[2, 2, 2, 3], Conv2dOptions { stride: [1, 3], padding: [2, 0], dilation: [3, 2], groups: 1 }),
                of(&[2, 4, 3, 3], &[6, 2, 2, 2], Conv2dOptions { groups: 2, ..PLAIN }),
                of(&[1, 3, 4, 4], &[3, 1, 3, 3], Conv2dOptions { padding: [1, 1], groups: 3, ..PLAIN }).strided(),
                of(&[2, 3, 2, 3], &[4, 3, 1, 1], PLAIN),
                sample(&[&[1, 1, 4, 3], &[2, 1, 2, 2]], |v: &[Variable]| conv2d(&v[0], &v[1], None, &PLAIN)),
                sample(&[&[2, 2, 7], &[3, 2, 3], &[3]], move |v: &[Variable]| conv1d(&v[0], &v[1], v.get(2), &line)),
            ]
        },
    },
    Entry {
        name: "conv2d_weight_gradient",
        usage: "inside the derivative of conv2d",
        formula: "y[f, c, u, v] = Σ x[c, i·s + u·d − p, j·s + v·d − p] · z[f, i, j] over samples and places",
        derivative: "dx: conv_transpose2d of z with g, dz: conv2d of x with g",
        notes: "z is shaped as the result of the convolution.",
        samples: || {
            let of = |x: &[usize], z: &[usize], width: usize, options: Conv2dOptions| {
                let call = move |v: &[Variable]| {
                    let (filters, each) = (v[1].shape()[1], v[0].shape()[1] / options.groups);
                    let w = Variable::constant(Array::zeros(&[filters, each, 3, width], v[0].dtype())?);
                    let geometry = Sizes::new("conv2d_weight_gradient", &v[0], &w, None)?.convolution(&options)?;
                    apply(WeightGradient(geometry), &[&v[0], &v[1]])
                };
                sample(&[x, z], call)
            };
            let wide = Conv2dOptions { stride: [2, 1], padding: [1, 2], dilation: [1, 3], groups: 2 };
            vec![
                of(&[2, 2, 4, 4], &[2, 3, 2, 3], 2, PLAIN).timed_as(move || of(PICTURES, PICTURES, 3, SAME).channels_last(2)),
                of(&[2, 4, 5, 4], &[2, 2, 3, 5], 2, wide).strided(),
            ]
        },
    },
    Entry {
        name: "conv_transpose2d",
        usage: "conv_transpose2d(&x, &w, Some(&b), &options, output_padding)?",
        formula: "y[c, i·s + u·d − p, j·s + v·d − p] = b[c] + Σ w[f, c, u, v] · x[f, i, j]",
        derivative: "dx: conv2d of g with w, dw: Σ g · x over samples and places, db: Σ g over samples and places",
        notes: "What conv2d with the same options does to gradients. x is [samples, inputs, height, width], w [inputs, outputs / \
                groups, height, width], b [outputs].",
        samples: || {
            let of = |x: &[usize], w: &[usize], output_padding: [usize; 2], options: Conv2dOptions| {
                let call = move |v: &[Variable]| conv_transpose2d(&v[0], &v[1], v.get(2), &options, output_padding);
                sample(&[x, w, &[w[1] * options.groups]], call)
            };
            vec![
                of(&[2, 3, 3, 2], &[3, 2, 2, 3], [0, 0], PLAIN)
                    .timed_as(move || of(PICTURES, FILTERS, [0, 0], SAME).channels_last(1)),
                of(&[1, 2, 3, 4], &[2, 3, 3, 3], [1, 0], Conv2dOptions { stride: [2, 2], padding: [1, 1], ..PLAIN }).strided(),
                of(&[1, 4, 2, 2], &[4, 2, 2, 2], [0, 1], Conv2dOptions { stride: [3, 2], dilation: [2, 1], groups: 2, ..PLAIN }),
                sample(&[&[1, 2, 2, 3], &[2, 1, 2, 2]], |v: &[Variable]| conv_transpose2d(&v[0], &v[1], None, &PLAIN, [0, 0])),
            ]
        },
    },
];

#[cfg(test)]
mod tests {
    use super::super::pooling::max_pool2d;
    use super::*;
    use crate::array::Stream;
    use crate::autograd::grad;
    use crate::{DType, Precision, with_precision};

    fn random(shape: &[usize], name: &str, dtype: DType) -> Variable {
        Variable::parameter(Stream::new(0, name).uniform(shape, -1.0, 1.0, dtype).unwrap())
    }

    /// Values, gradients and gradients of gradients of the fused function and of the two, bit by bit.
    #[test]
    fn a_relu_and_a_pooling_inside_change_no_bit() {
        let options = Conv2dOptions { padding: [1, 0], stride: [1, 2], groups: 2, ..PLAIN };
        let pool = ([2, 2], [1, 1], [1, 0]);
        let kinds = [(DType::F32, Precision::F32), (DType::F64, Precision::F32), (DType::F32, Precision::Bf16)];
        for ((dtype, precision), pooled) in kinds.into_iter().flat_map(|kind| [(kind, false), (kind, true)]) {
            let x = random(&[2, 4, 5, 7], "x", dtype);
            let (w, b) = (random(&[6, 2, 3, 3], "w", dtype), random(&[6], "b", dtype));
            let all = [&x, &w, &b];
            let compute = |fused: bool| {
                let (size, stride, padding) = pool;
                let y = match (fused, pooled) {
                    (true, true) => conv2d_relu_max_pool2d(&x, &w, Some(&b), &options, [size, stride, padding]).unwrap(),
                    (true, false) => conv2d_relu(&x, &w, Some(&b), &options).unwrap(),
                    (false, _) => conv2d(&x, &w, Some(&b), &options).unwrap().relu(),
                };
                let y = if pooled && !fused { max_pool2d(&y, size, stride, padding).unwrap() } else { y };
                let loss = (&y * &y * &y).sum();
                let first = grad(&[&loss], &all).unwrap();
                let second = grad(&[&first.iter().map(|g| (g * g).sum()).reduce(|a, b| a + b).unwrap()], &all).unwrap();
                let plain = loss.backward().unwrap();
                let plain = all.map(|v| plain.get(v).unwrap().clone());
                let graph = first.into_iter().chain(second).map(Variable::into_array);
                [y.into_array()].into_iter().chain(graph).chain(plain).collect::<Vec<_>>()
            };
            let results = with_precision(precision, || [true, false].map(compute));
            assert_eq!(results[0].len(), 10);
            for (a, b) in results[0].iter().zip(&results[1]) {
                assert!(a.same_as(b) && a.sum_of_squares() > 0.0);
            }
        }
    }

    #[test]
    fn results_and_gradients_lie_with_the_channels_last() {
        let (x, w) = (random(&[2, 3, 5, 6], "x", DType::F32), random(&[4, 3, 3, 3], "w", DType::F32));
        let y = conv2d(&x, &w, None, &PLAIN).unwrap();
        assert_eq!((y.shape(), y.array().strides()), (&[2, 4, 3, 4][..], &[48, 1, 16, 4][..]));
        let gradients = y.relu().sum().backward().unwrap();
        assert_eq!(gradients.get(&x).unwrap().strides(), [90, 1, 18, 3]);
        assert!(gradients.get(&w).unwrap().is_contiguous());
    }
}
