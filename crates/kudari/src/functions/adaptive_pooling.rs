//! Poolings that cut pictures of any size into a given number of parts.

use super::pooling_sizes::pictures;
use super::registry::{Entry, Sample};
use super::worked::selection;
use super::worked_convolution::WorkedMaxPool;
use crate::array::{Array, DType, Shape};
use crate::autograd::{
    Calculation, Context, Function, InputGradients, Operand, Outputs, Saves, Span, Variable, Worked, apply, apply_infallible,
};
use crate::error::{Error, Result};
use crate::kernels::adaptive_pooling::{self as kernel, Parts, cut};
use crate::kernels::float::{Float, with_float};

/// The parts of pictures of this shape, and the shape of the result, whose numbers have type `dtype`.
fn parts(place: &str, shape: [usize; 4], size: [usize; 2], dtype: DType) -> Result<Cut> {
    let [batch, channels, height, width] = shape;
    let place = || format!("{place}: x {shape:?} in {size:?} parts");
    if size.contains(&0) || height == 0 || width == 0 {
        return Err(Error::shape(place()).help("pictures and parts are at least 1 high and wide"));
    }
    let output = [batch, channels, size[0], size[1]];
    let empty = Shape::allocatable(&output, dtype).map_err(|e| e.context(place()))?.is_empty();
    // Without pictures a list of parts could be larger than all memory.
    let along = |axis: usize, side: usize| if empty { Vec::new() } else { cut(side, size[axis]) };
    Ok(Cut { parts: Parts { batch, channels, height, width, rows: along(0, height), columns: along(1, width) }, output })
}

/// The shape of an adaptive pooling of pictures of this shape; an error begins with `place`.
///
/// # Errors
///
/// As [`adaptive_max_pool2d`].
pub(crate) fn adaptive_pool2d_shape(place: &str, shape: [usize; 4], size: [usize; 2]) -> Result<[usize; 4]> {
    Ok(parts(place, shape, size, DType::F32)?.output)
}

/// Pictures cut into parts.
#[derive(Debug, Clone)]
struct Cut {
    parts: Parts,
    /// The shape of the result.
    output: [usize; 4],
}

impl Cut {
    fn input(&self) -> [usize; 4] {
        [self.parts.batch, self.parts.channels, self.parts.height, self.parts.width]
    }

    /// The elements of x in the part of element `at` of the result.
    fn elements(&self, at: usize) -> Vec<usize> {
        let (count, pixels) = (self.output[2] * self.output[3], self.parts.height * self.parts.width);
        let mut elements = Vec::new();
        self.parts.for_each_pixel(at % count, |pixel| elements.push(at / count * pixels + pixel));
        elements
    }

    /// The result of a loop over pictures with the channels last.
    fn run(&self, x: &Array, shape: [usize; 4], run: Loops) -> Result<Array> {
        let x = x.channels_last()?;
        Ok(with_float!(x.dtype(), T => Array::build_channels_last(shape, |out: &mut [T]| {
            let x = x.memory_slice::<T>().unwrap_or(&[]);
            match run {
                Loops::Average => kernel::average(out, x, &self.parts),
                Loops::Spread => kernel::spread(out, x, &self.parts),
            }
        }), else return Err(not_float(&x))))
    }

    /// For every part the pixel of its largest number, `[batch, channels, parts]`.
    fn winners(&self, x: &Array) -> Result<Array> {
        fn run<T: Float>(x: &Array, cut: &Cut) -> Array {
            Array::build_channels_last(cut.output, |winners: &mut [i64]| {
                kernel::largest(winners, x.memory_slice::<T>().unwrap_or(&[]), &cut.parts);
            })
        }
        let x = x.channels_last()?;
        let winners = with_float!(x.dtype(), T => run::<T>(&x, self), else return Err(not_float(&x)));
        winners.contiguous().reshape(&flat(self.output))
    }
}

/// A shape with the pixels of a picture on one axis, as `reshape` takes it.
fn flat([batch, channels, height, width]: [usize; 4]) -> [isize; 3] {
    [batch as isize, channels as isize, (height * width) as isize]
}

fn not_float(x: &Array) -> Error {
    Error::dtype(format!("a pooling of {}", x.dtype())).help("convert to f32 or f64 with to_dtype")
}

#[derive(Clone, Copy)]
enum Loops {
    Average,
    Spread,
}

/// The mean of every part.
#[derive(Debug)]
struct AdaptiveAverage(Cut);

/// Its opposite: every part's number in equal shares for its pixels.
#[derive(Debug)]
struct AdaptiveSpread(Cut);

impl Function for AdaptiveAverage {
    fn name(&self) -> &'static str {
        "adaptive_average_pool2d"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([self.0.run(inputs[0], self.0.output, Loops::Average)?].into())
    }
    fn backward(&self, _: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        Ok([Some(apply(AdaptiveSpread(self.0.clone()), &[&gy[0]])?)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, _: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let cut = self.0.clone();
        selection(move |at| {
            let elements = cut.elements(at);
            let share = 1.0 / elements.len() as f64;
            elements.into_iter().map(|at| (Operand::Input { input: 0, at }, share)).collect()
        })
    }
}

impl Function for AdaptiveSpread {
    fn name(&self) -> &'static str {
        "adaptive_average_pool2d_spread"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([self.0.run(inputs[0], self.0.input(), Loops::Spread)?].into())
    }
    fn backward(&self, _: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        Ok([Some(apply(AdaptiveAverage(self.0.clone()), &[&gy[0]])?)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, _: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let mut shares = vec![Vec::new(); self.0.input().iter().product()];
        for from in 0..self.0.output.iter().product() {
            let elements = self.0.elements(from);
            let share = 1.0 / elements.len() as f64;
            elements.into_iter().for_each(|at| shares[at].push((Operand::Input { input: 0, at: from }, share)));
        }
        selection(move |at| shares[at].clone())
    }
}

/// The largest number of every part, where it was found.
#[derive(Debug)]
struct AdaptiveMax {
    cut: Cut,
    /// The pixels of the winners, `[batch, channels, parts]`.
    winners: Array,
}

impl Function for AdaptiveMax {
    fn name(&self) -> &'static str {
        "adaptive_max_pool2d"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let picked = inputs[0].reshape(&flat(self.cut.input()))?.gather(&self.winners, 2)?;
        Ok([picked.reshape(&self.cut.output.map(|size| size as isize))?].into())
    }
    fn backward(&self, _: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let shape = flat(self.cut.input()).map(|size| size as usize);
        let g = gy[0].reshape(&flat(self.cut.output))?.scatter_add(&self.winners, 2, &shape)?;
        Ok([Some(g.reshape_as(&self.cut.input())?)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, _: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let (cut, winners) = (self.cut.clone(), self.winners.to_vec::<i64>().ok()?);
        let pixels = cut.parts.height * cut.parts.width;
        let picture = move |at: usize| at / (cut.output[2] * cut.output[3]) * pixels;
        let cut = self.cut.clone();
        Some(Box::new(WorkedMaxPool { window: move |at| (cut.elements(at), picture(at) + winners[at] as usize) }))
    }
}

/// The mean of every part of pictures x `[samples, channels, height, width]` that are cut into `size` parts, for each channel by
/// itself: the result is `[samples, channels, size[0], size[1]]` whatever the size of the pictures. Part i of n of an axis of
/// size s are the places from ⌊i·s/n⌋ to before ⌈(i + 1)·s/n⌉, as PyTorch has it: neighbours share a place where s is not a
/// multiple of n, and places are repeated where it is smaller.
///
/// ```
/// use kudari::functions::adaptive_average_pool2d;
/// use kudari::{Array, Variable};
/// let x = Variable::constant(Array::from([1.0, 2.0, 3.0, 4.0, 5.0]).reshape(&[1, 1, 1, 5])?);
/// let y = adaptive_average_pool2d(&x, [1, 2])?; // (1 + 2 + 3) / 3 and (3 + 4 + 5) / 3
/// assert_eq!(y.array().to_vec::<f64>()?, [2.0, 4.0]);
/// # Ok::<(), kudari::Error>(())
/// ```
///
/// # Errors
///
/// Not four axes, pictures or parts without a row or column, or a result larger than memory.
#[track_caller]
pub fn adaptive_average_pool2d(x: &Variable, size: [usize; 2]) -> Result<Variable> {
    let place = "adaptive_average_pool2d";
    apply(AdaptiveAverage(parts(place, pictures(place, x)?, size, x.dtype())?), &[x])
}

/// The largest number of every part of pictures x `[samples, channels, height, width]` that are cut into `size` parts as
/// [`adaptive_average_pool2d`] cuts them, for each channel by itself: `[samples, channels, size[0], size[1]]`. The first of equal
/// numbers takes the gradient; a NaN counts as largest.
///
/// # Errors
///
/// As [`adaptive_average_pool2d`].
#[track_caller]
pub fn adaptive_max_pool2d(x: &Variable, size: [usize; 2]) -> Result<Variable> {
    let place = "adaptive_max_pool2d";
    let cut = parts(place, pictures(place, x)?, size, DType::I64)?;
    let span = Span::begin();
    let function = AdaptiveMax { winners: cut.winners(&x.array().widened())?, cut };
    let values = function.forward(&[x.array()])?.swap_remove(0);
    Ok(apply_infallible(span, function, &[x], values))
}

/// The largest number of every channel of pictures x `[samples, channels, height, width]`: `[samples, channels]`. The first of
/// equal numbers takes the gradient; a NaN counts as largest.
///
/// # Errors
///
/// Not four axes, or pictures without a row or column.
#[track_caller]
pub fn global_max_pool2d(x: &Variable) -> Result<Variable> {
    let [samples, channels, ..] = pictures("global_max_pool2d", x)?;
    adaptive_max_pool2d(x, [1, 1])?.reshape_as(&[samples, channels])
}

/// What the functions are timed on, and the parts it is cut into.
const PICTURES: &[usize] = &[4, 16, 32, 32];
const SEVENTHS: [usize; 2] = [7, 7];

/// Samples of poolings into parts that fit evenly, share places, and repeat them.
macro_rules! samples {
    ($function:ident) => {
        || {
            let of = |shape: &[usize], size| Sample::new(&[(shape, -1.0, 1.0)], move |v: &[Variable]| $function(&v[0], size));
            vec![
                of(&[2, 3, 4, 6], [2, 3]).timed_as(move || of(PICTURES, SEVENTHS).channels_last(1)),
                of(&[1, 2, 7, 5], [3, 2]).strided(),
                of(&[2, 1, 2, 3], [5, 4]),
                of(&[1, 17, 3, 3], [1, 1]),
                of(&[1, 2, 3, 4], [3, 4]).strided(),
            ]
        }
    };
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "adaptive_average_pool2d",
        usage: "adaptive_average_pool2d(&x, size)?",
        formula: "Σ x / n over every part of the picture",
        derivative: "g/n for every x of the part, added up where parts share it",
        notes: "x is [samples, channels, height, width], cut into size[0] × size[1] parts: part i of n of an axis of size s from \
                ⌊i·s/n⌋ to before ⌈(i + 1)·s/n⌉.",
        samples: samples!(adaptive_average_pool2d),
    },
    Entry {
        name: "adaptive_average_pool2d_spread",
        usage: "inside the derivative of adaptive_average_pool2d",
        formula: "x/n for every number of the part of x, added up where parts share it",
        derivative: "Σ g / n over every part",
        notes: "The opposite of adaptive_average_pool2d. n is the size of the part.",
        samples: || {
            let of = |picture: [usize; 4], size: [usize; 2]| {
                let cut = parts("sample", picture, size, DType::F64);
                let shape = [&picture[..2], &size[..]].concat();
                Sample::new(&[(&shape, -1.0, 1.0)], move |v: &[Variable]| apply(AdaptiveSpread(cut.clone()?), &[&v[0]]))
            };
            vec![
                of([2, 3, 5, 4], [3, 2]).timed_as(move || of([4, 16, 32, 32], SEVENTHS).channels_last(1)),
                of([1, 2, 2, 3], [3, 2]).strided(),
            ]
        },
    },
    Entry {
        name: "adaptive_max_pool2d",
        usage: "adaptive_max_pool2d(&x, size)?, global_max_pool2d(&x)?",
        formula: "the largest x of every part of the picture",
        derivative: "g at the largest x, added up where parts share it",
        notes: "Parts as in adaptive_average_pool2d. The first of equal ones takes g. NaN if there is one.",
        samples: samples!(adaptive_max_pool2d),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn zeros(shape: &[usize], dtype: DType) -> Variable {
        Variable::constant(Array::zeros(shape, dtype).unwrap())
    }

    #[test]
    fn what_does_not_fit_is_told_and_nothing_is_no_pictures() {
        let what = |x: &[usize], size| adaptive_max_pool2d(&zeros(x, DType::F32), size).unwrap_err().what().to_string();
        assert_eq!(what(&[2, 3], [1, 1]), "adaptive_max_pool2d: x [2, 3]");
        assert_eq!(what(&[1, 2, 3, 3], [0, 1]), "adaptive_max_pool2d: x [1, 2, 3, 3] in [0, 1] parts");
        assert_eq!(what(&[1, 2, 0, 3], [1, 1]), "adaptive_max_pool2d: x [1, 2, 0, 3] in [1, 1] parts");
        assert!(what(&[1, 2, 3, 3], [usize::MAX; 2]).starts_with("adaptive_max_pool2d: x [1, 2, 3, 3] in ["));
        assert!(what(&[1, 2, 3, 3], [1 << 30, 1 << 30]).starts_with("adaptive_max_pool2d: x [1, 2, 3, 3] in ["));
        assert!(adaptive_average_pool2d(&zeros(&[1, 1, 2, 2], DType::I64), [1, 1]).is_err());
        for shape in [[0, 3, 4, 5], [2, 0, 4, 5]] {
            let x = Variable::parameter(Array::zeros(&shape, DType::F64).unwrap());
            for pool in [adaptive_max_pool2d, adaptive_average_pool2d] {
                let y = pool(&x, [1 << 20, 3]).unwrap();
                assert_eq!(y.shape(), [shape[0], shape[1], 1 << 20, 3]);
                assert_eq!(y.sum().backward().unwrap().get(&x).unwrap().shape(), shape);
            }
            assert_eq!(global_max_pool2d(&x).unwrap().shape(), &shape[..2]);
        }
    }

    #[test]
    fn the_first_of_equal_numbers_takes_the_gradient() {
        let x = Variable::parameter(Array::from([[[1.0, 3.0], [3.0, 0.0]]]).expand_dims(0).unwrap());
        let y = global_max_pool2d(&x).unwrap();
        assert_eq!((y.shape(), y.array().to_f64_vec()), (&[1, 1][..], vec![3.0]));
        assert_eq!(y.sum().backward().unwrap().get(&x).unwrap().to_f64_vec(), [0.0, 1.0, 0.0, 0.0]);
    }
}
