//! Poolings: one number for every window of a picture.
//!
//! The largest number of a window remembers where it was found; picking numbers there and putting them back are linear
//! functions, each the other's derivative, as the mean of a window and its opposite are.

use super::pooling_sizes::{input_shape, output_shape, pictures, windows};
use super::registry::{Entry, Sample};
use super::worked::selection;
use super::worked_convolution::{WorkedMaxPool, window};
use crate::array::{Array, DType, Stream};
use crate::autograd::{
    Calculation, Context, Function, InputGradients, Operand, Outputs, Saves, Span, Variable, Worked, apply, apply_infallible,
};
use crate::error::{Error, Result};
use crate::kernels::float::{Float, with_float};
use crate::kernels::pooling::{self as kernel, Windows};

/// Where the largest number of every window was found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    windows: Windows,
    /// Places in the windows, one byte each, in an array of bytes (whose type says truth values). Channels last.
    winners: Array,
}

impl Found {
    /// The largest numbers of all windows, and where they were found.
    pub(super) fn largest(x: &Array, windows: Windows) -> Result<(Array, Found)> {
        fn run<T: Float>(x: &Array, windows: &Windows) -> (Array, Array) {
            let mut values = None;
            let winners = Array::build_channels_last(output_shape(windows), |winners: &mut [u8]| {
                values = Some(Array::build_channels_last(output_shape(windows), |out: &mut [T]| {
                    kernel::max_forward(out, winners, x.memory_slice().unwrap_or(&[]), windows);
                }));
            });
            (values.unwrap_or_else(|| x.clone()), winners)
        }
        let wide = x.widened().channels_last()?;
        let (values, winners) = with_float!(wide.dtype(), T => run::<T>(&wide, &windows), else return Err(not_float(x)));
        Ok((values.to_dtype(x.dtype()), Found { windows, winners }))
    }

    /// Zeros with g at the winners' places.
    pub(super) fn scatter(&self, g: &Variable) -> Result<Variable> {
        apply(Scatter(self.clone()), &[g])
    }

    /// The numbers at the winners' places.
    pub(super) fn pick(&self, x: &Array) -> Result<Array> {
        pooled(&self.windows, x, Pooling::Pick(bytes(&self.winners)))
    }

    /// For every winner the element that it is, in row-major order of the results.
    fn elements(&self) -> Vec<usize> {
        let winners = self.winners.contiguous();
        let element = |(at, &winner): (usize, &u8)| {
            let found = window(&self.windows, at).into_iter().find(|&(_, place)| place == winner as usize);
            found.map_or(0, |(from, _)| from)
        };
        bytes(&winners).iter().enumerate().map(element).collect()
    }
}

fn bytes(winners: &Array) -> &[u8] {
    winners.memory_slice().unwrap_or(&[])
}

/// What is done with the windows of a picture.
enum Pooling<'a> {
    Average,
    Pick(&'a [u8]),
}

/// What is done with a gradient by the results.
enum Spreading<'a> {
    Average,
    Scatter(&'a [u8]),
}

fn pooled(windows: &Windows, x: &Array, pooling: Pooling<'_>) -> Result<Array> {
    fn run<T: Float>(out: &mut [T], x: &Array, windows: &Windows, pooling: Pooling<'_>) {
        let x = x.memory_slice::<T>().unwrap_or(&[]);
        match pooling {
            Pooling::Average => kernel::average_forward(out, x, windows),
            Pooling::Pick(winners) => kernel::pick(out, x, winners, windows),
        }
    }
    let (x, shape) = (x.channels_last()?, output_shape(windows));
    Ok(with_float!(x.dtype(), T => Array::build_channels_last(shape, |out: &mut [T]| run(out, &x, windows, pooling)),
        else return Err(not_float(&x))))
}

fn spread(windows: &Windows, g: &Array, spreading: Spreading<'_>) -> Result<Array> {
    fn run<T: Float>(out: &mut [T], g: &Array, windows: &Windows, spreading: Spreading<'_>) {
        let g = g.memory_slice::<T>().unwrap_or(&[]);
        match spreading {
            Spreading::Average => kernel::average_backward(out, g, windows),
            Spreading::Scatter(winners) => kernel::scatter(out, g, winners, windows),
        }
    }
    let (g, shape) = (g.channels_last()?, input_shape(windows));
    Ok(with_float!(g.dtype(), T => Array::build_channels_last(shape, |out: &mut [T]| run(out, &g, windows, spreading)),
        else return Err(not_float(&g))))
}

fn not_float(x: &Array) -> Error {
    Error::dtype(format!("a pooling of {}", x.dtype())).help("convert to f32 or f64 with to_dtype")
}

/// A linear function of one variable whose derivative is another of the kind: type with its field, name, the result, the
/// derivative's function, and the elements that element `at` adds up, each with a factor.
macro_rules! linear {
    ($(
        $type:ident($field:ty) $name:literal
        forward |$this:ident, $x:ident| $forward:expr;
        derivative |$this2:ident| $derivative:expr;
        worked |$this3:ident| $worked:expr;
    )*) => {$(
        #[derive(Debug)]
        struct $type($field);

        impl Function for $type {
            fn name(&self) -> &'static str {
                $name
            }
            fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
                let ($this, $x) = (&self.0, inputs[0]);
                Ok([$forward?].into())
            }
            fn backward(&self, _: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
                let $this2 = &self.0;
                Ok([Some(apply($derivative, &[&gy[0]])?)].into_iter().collect())
            }
            fn saves(&self) -> Saves {
                Saves::NOTHING
            }
            fn worked(&self, _: &Calculation<'_>) -> Option<Box<dyn Worked>> {
                let $this3 = &self.0;
                $worked
            }
        }
    )*};
}

linear! {
    Pick(Found) "max_pool2d_pick"
        forward |found, x| found.pick(x);
        derivative |found| Scatter(found.clone());
        worked |found| {
            let elements = found.elements();
            selection(move |at| vec![(Operand::Input { input: 0, at: elements[at] }, 1.0)])
        };
    Scatter(Found) "max_pool2d_scatter"
        forward |found, g| spread(&found.windows, g, Spreading::Scatter(bytes(&found.winners)));
        derivative |found| Pick(found.clone());
        worked |found| {
            let destinations = found.elements();
            selection(move |at| {
                let from = destinations.iter().enumerate().filter(|(_, to)| **to == at);
                from.map(|(from, _)| (Operand::Input { input: 0, at: from }, 1.0)).collect()
            })
        };
    AveragePool(Windows) "average_pool2d"
        forward |windows, x| pooled(windows, x, Pooling::Average);
        derivative |windows| AverageSpread(*windows);
        worked |windows| {
            let (windows, share) = (*windows, share(windows));
            selection(move |at| window(&windows, at).into_iter().map(|(from, _)| (Operand::Input { input: 0, at: from }, share)).collect())
        };
    AverageSpread(Windows) "average_pool2d_spread"
        forward |windows, g| spread(windows, g, Spreading::Average);
        derivative |windows| AveragePool(*windows);
        worked |windows| {
            let (windows, share) = (*windows, share(windows));
            let count = output_shape(&windows).iter().product();
            selection(move |at| {
                let holds = |from: &usize| window(&windows, *from).iter().any(|&(element, _)| element == at);
                (0..count).filter(holds).map(|from| (Operand::Input { input: 0, at: from }, share)).collect()
            })
        };
}

/// The part of a window that one number is.
fn share(windows: &Windows) -> f64 {
    1.0 / (windows.size[0] * windows.size[1]) as f64
}

/// The largest number of every window. What it found is its derivative: picking there and putting back.
#[derive(Debug)]
struct MaxPool(Found);

impl Function for MaxPool {
    fn name(&self) -> &'static str {
        "max_pool2d"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([self.0.pick(inputs[0])?].into())
    }
    fn backward(&self, _: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        Ok([Some(apply(Scatter(self.0.clone()), &[&gy[0]])?)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, _: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let (windows, winners) = (self.0.windows, bytes(&self.0.winners.contiguous()).to_vec());
        let of = move |at: usize| {
            let elements = window(&windows, at);
            let winner = elements.iter().find(|(_, place)| *place == winners[at] as usize).map_or(0, |&(from, _)| from);
            (elements.into_iter().map(|(from, _)| from).collect(), winner)
        };
        Some(Box::new(WorkedMaxPool { window: of }))
    }
}

/// The largest number of every window of `size` in pictures x `[samples, channels, height, width]`, for each channel by itself;
/// `stride` are the steps from a window to the next. What `padding` lays around the picture is never the largest. The first
/// of equal numbers takes the gradient; a NaN counts as largest.
///
/// # Errors
///
/// Not four axes, a window or a step of 0, a padding of more than half a window, windows larger than the picture or of more
/// than 256 numbers.
#[track_caller]
pub fn max_pool2d(x: &Variable, size: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Result<Variable> {
    let windows = max_windows(pictures("max_pool2d", x)?, size, stride, padding)?;
    let span = Span::begin();
    let (values, found) = Found::largest(x.array(), windows)?;
    Ok(apply_infallible(span, MaxPool(found), &[x], values))
}

/// The windows of [`max_pool2d`] over pictures of this shape.
pub(super) fn max_windows(shape: [usize; 4], size: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Result<Windows> {
    let windows = windows("max_pool2d", shape, size, stride, padding)?;
    if size[0] * size[1] > 256 {
        return Err(Error::shape(format!("max_pool2d: windows of {size:?}, which are {} numbers", size[0] * size[1]))
            .help("use windows of at most 256 numbers; adaptive_max_pool2d takes the largest of parts of any size"));
    }
    Ok(windows)
}

/// The mean of every window of `size` in pictures x `[samples, channels, height, width]`, for each channel by itself; `stride` are
/// the steps from a window to the next. What `padding` lays around the picture counts as zeros: the divisor is always the
/// size of the window, as PyTorch has it unless told otherwise (`count_include_pad`).
///
/// # Errors
///
/// Not four axes, a window or a step of 0, a padding of more than half a window, or windows larger than the picture.
#[track_caller]
pub fn average_pool2d(x: &Variable, size: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Result<Variable> {
    let windows = windows("average_pool2d", pictures("average_pool2d", x)?, size, stride, padding)?;
    apply(AveragePool(windows), &[x])
}

/// The mean of every channel of pictures x `[samples, channels, height, width]`: `[samples, channels]`.
///
/// # Errors
///
/// Not four axes.
#[track_caller]
pub fn global_average_pool2d(x: &Variable) -> Result<Variable> {
    pictures("global_average_pool2d", x)?;
    x.mean_axes(&[2, 3], false)
}

/// Pictures to check with and to time with, and what [`some_windows`] make of the latter.
const SMALL: [usize; 4] = [2, 3, 5, 4];
const PICTURES: [usize; 4] = [4, 16, 32, 32];
const HALVES: &[usize] = &[4, 16, 16, 16];

/// Windows that overlap and reach beyond the picture.
fn some_windows(picture: [usize; 4]) -> Result<Windows> {
    windows("some windows", picture, [3, 2], [2, 2], [1, 0])
}

/// The winners in such windows of a picture of random numbers.
fn some_found(shape: [usize; 4]) -> Result<Found> {
    let picture = Stream::new(0, "picture").uniform(&shape, -1.0, 1.0, DType::F64)?;
    Ok(Found::largest(&picture, some_windows(shape)?)?.1)
}

/// Samples of poolings that differ in size, stride and padding.
macro_rules! samples {
    ($function:ident) => {
        || {
            let of = |shape: &[usize], size, stride, padding| {
                Sample::new(&[(shape, -1.0, 1.0)], move |v: &[Variable]| $function(&v[0], size, stride, padding))
            };
            vec![
                of(&[2, 3, 4, 6], [2, 2], [2, 2], [0, 0])
                    .timed_as(move || of(&PICTURES, [2, 2], [2, 2], [0, 0]).channels_last(1)),
                of(&[1, 2, 5, 5], [3, 3], [2, 2], [1, 1]).strided(),
                of(&[2, 1, 5, 4], [3, 2], [1, 2], [1, 0]),
                of(&[1, 17, 3, 3], [2, 3], [1, 1], [0, 1]),
                of(&[1, 2, 3, 4], [1, 1], [2, 3], [0, 0]).strided(),
            ]
        }
    };
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "max_pool2d",
        usage: "max_pool2d(&x, size, stride, padding)?",
        formula: "the largest x of every window",
        derivative: "g at the largest x, added up where windows overlap",
        notes: "x is [samples, channels, height, width]. The first of equal ones takes g. NaN if there is one.",
        samples: samples!(max_pool2d),
    },
    Entry {
        name: "max_pool2d_scatter",
        usage: "inside the derivative of max_pool2d",
        formula: "zeros with x added at the place of the largest number of every window of some picture",
        derivative: "g at these places",
        notes: "The opposite of max_pool2d_pick.",
        samples: || {
            let of = |shape: &[usize], picture: [usize; 4]| {
                let found = some_found(picture);
                Sample::new(&[(shape, -1.0, 1.0)], move |v: &[Variable]| apply(Scatter(found.clone()?), &[&v[0]]))
            };
            let small = || of(&[2, 3, 3, 2], SMALL);
            vec![small().timed_as(move || of(HALVES, PICTURES).channels_last(1)), small().strided()]
        },
    },
    Entry {
        name: "max_pool2d_pick",
        usage: "inside the second derivative of max_pool2d",
        formula: "x at the place of the largest number of every window of some picture",
        derivative: "g added up at these places",
        notes: "The opposite of max_pool2d_scatter.",
        samples: || {
            let of = |picture: [usize; 4]| {
                let found = some_found(picture);
                Sample::new(&[(&picture, -1.0, 1.0)], move |v: &[Variable]| apply(Pick(found.clone()?), &[&v[0]]))
            };
            vec![of(SMALL).timed_as(move || of(PICTURES).channels_last(1)), of(SMALL).strided()]
        },
    },
    Entry {
        name: "average_pool2d",
        usage: "average_pool2d(&x, size, stride, padding)?, global_average_pool2d(&x)?",
        formula: "Σ x / n over every window",
        derivative: "g/n for every x of the window, added up where windows overlap",
        notes: "x is [samples, channels, height, width]. n is the size of the window: beside the picture x counts as 0.",
        samples: samples!(average_pool2d),
    },
    Entry {
        name: "average_pool2d_spread",
        usage: "inside the derivative of average_pool2d",
        formula: "x/n for every number of the window of x, added up where windows overlap",
        derivative: "Σ g / n over every window",
        notes: "The opposite of average_pool2d. n is the size of the window.",
        samples: || {
            let of = |shape: &[usize], picture: [usize; 4]| {
                let windows = some_windows(picture);
                Sample::new(&[(shape, -1.0, 1.0)], move |v: &[Variable]| apply(AverageSpread(windows.clone()?), &[&v[0]]))
            };
            let small = || of(&[2, 3, 3, 2], SMALL);
            vec![small().timed_as(move || of(HALVES, PICTURES).channels_last(1)), small().strided()]
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_numbers_takes_the_gradient() {
        let x = Variable::parameter(Array::from([[[1.0, 3.0], [3.0, 0.0]]]).expand_dims(0).unwrap());
        let y = max_pool2d(&x, [2, 2], [2, 2], [0, 0]).unwrap();
        assert_eq!(y.array().to_f64_vec(), [3.0]);
        assert_eq!(y.sum().backward().unwrap().get(&x).unwrap().to_f64_vec(), [0.0, 1.0, 0.0, 0.0]);
    }
}
