//! Sizes of convolutions: the options, and whether shapes fit each other.

use crate::array::{DType, Shape};
use crate::autograd::Variable;
use crate::error::{Error, Result};
use crate::kernels::convolution::Geometry;

/// How a two-dimensional convolution moves over its input. Pairs are vertical, horizontal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2dOptions {
    /// Steps in the input from one number of the result to the next.
    pub stride: [usize; 2],
    /// Rows and columns of zeros that are laid around the input, on every side.
    pub padding: [usize; 2],
    /// Steps in the input from one number of the kernel to the next.
    pub dilation: [usize; 2],
    /// Channels and filters are cut into so many groups that see nothing of each other; as many as there are channels make
    /// the convolution depthwise.
    pub groups: usize,
}

impl Default for Conv2dOptions {
    /// Steps of 1, no padding, one group.
    fn default() -> Conv2dOptions {
        Conv2dOptions { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 }
    }
}

/// How a convolution of sequences moves over its input; see [`Conv2dOptions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv1dOptions {
    /// Steps in the input from one number of the result to the next.
    pub stride: usize,
    /// Zeros that are laid before and behind the input.
    pub padding: usize,
    /// Steps in the input from one number of the kernel to the next.
    pub dilation: usize,
    /// Channels and filters are cut into so many groups that see nothing of each other.
    pub groups: usize,
}

impl Default for Conv1dOptions {
    /// Steps of 1, no padding, one group.
    fn default() -> Conv1dOptions {
        Conv1dOptions { stride: 1, padding: 0, dilation: 1, groups: 1 }
    }
}

impl Conv1dOptions {
    /// The same for pictures of one row.
    pub(super) fn as_pictures(&self) -> Conv2dOptions {
        let Conv1dOptions { stride, padding, dilation, groups } = *self;
        Conv2dOptions { stride: [1, stride], padding: [0, padding], dilation: [1, dilation], groups }
    }
}

/// Steps and paddings beyond this are mistakes; below it, no sum of them overflows.
const LARGEST: usize = 1 << 30;

/// How errors of a convolution begin: the function with the shapes.
fn place(operation: &str, [x, w]: [&[usize]; 2], bias: Option<&[usize]>) -> String {
    let bias = bias.map_or(String::new(), |b| format!(", b {b:?}"));
    format!("{operation}: x {x:?}, w {w:?}{bias}")
}

/// Whether all hold numbers of one floating-point type.
fn check_types(operation: &str, x: &Variable, w: &Variable, bias: Option<&Variable>) -> Result<()> {
    let others = [("w", Some(w)), ("b", bias)];
    if let Some((name, other)) = others.iter().filter_map(|(n, v)| Some((n, (*v)?))).find(|(_, v)| v.dtype() != x.dtype()) {
        return Err(Error::dtype(format!("{operation}: x holds {}, {name} {}", x.dtype(), other.dtype()))
            .help("convert x or the parameters to one type"));
    }
    if x.dtype().is_float() {
        return Ok(());
    }
    Err(Error::dtype(format!("{operation}: not defined for {}", x.dtype())).help("convert to f32 or f64 with to_dtype"))
}

/// The shapes that a convolution is asked for, and how its errors begin.
pub(super) struct Sizes<'a> {
    /// The function, or what stands in its place with the shapes.
    operation: &'a str,
    /// The shapes of x and w as the caller knows them, unless `operation` tells them.
    shapes: Option<[&'a [usize]; 2]>,
    x: [usize; 4],
    w: [usize; 4],
    bias: Option<&'a [usize]>,
    /// What is counted along both axes.
    nouns: [&'static str; 2],
}

impl<'a> Sizes<'a> {
    /// Pictures `[samples, channels, height, width]` and a weight of four axes.
    pub(super) fn new(operation: &'a str, x: &'a Variable, w: &'a Variable, bias: Option<&'a Variable>) -> Result<Sizes<'a>> {
        check_types(operation, x, w, bias)?;
        let (shapes, bias) = ([x.shape(), w.shape()], bias.map(Variable::shape));
        let (Ok(x), Ok(w)) = (x.shape().try_into(), w.shape().try_into()) else {
            let help = "x has shape [samples, channels, height, width], w has four axes too";
            return Err(Error::shape(place(operation, shapes, bias)).help(help));
        };
        Ok(Sizes { operation, shapes: Some(shapes), x, w, bias, nouns: ["rows", "columns"] })
    }

    /// Sequences `[samples, channels, length]` and a weight of three axes, as pictures of one row.
    pub(super) fn of_sequences(
        operation: &'a str,
        x: &'a Variable,
        w: &'a Variable,
        bias: Option<&'a Variable>,
    ) -> Result<Sizes<'a>> {
        check_types(operation, x, w, bias)?;
        let (shapes, bias) = ([x.shape(), w.shape()], bias.map(Variable::shape));
        let (&[samples, channels, length], &[filters, each, kernel]) = (x.shape(), w.shape()) else {
            let help = "x has shape [samples, channels, length], w [filters, channels / groups, length]";
            return Err(Error::shape(place(operation, shapes, bias)).help(help));
        };
        let (x, w) = ([samples, channels, 1, length], [filters, each, 1, kernel]);
        Ok(Sizes { operation, shapes: Some(shapes), x, w, bias, nouns: ["rows", "places"] })
    }

    fn place(&self) -> String {
        match self.shapes {
            Some(shapes) => place(self.operation, shapes, self.bias),
            None => self.operation.to_string(),
        }
    }

    fn fail(&self, what: &str, help: &str) -> Error {
        Error::shape(format!("{}: {what}", self.place())).help(help)
    }

    /// The sizes of a convolution of x with w.
    pub(super) fn convolution(&self, options: &Conv2dOptions) -> Result<Geometry> {
        let ([batch, channels, height, width], [filters, each, ..]) = (self.x, self.w);
        self.check_options(options)?;
        if each.checked_mul(options.groups) != Some(channels) {
            let groups = if options.groups == 1 { String::new() } else { format!(" in each of {} groups", options.groups) };
            return Err(self.fail(
                &format!("w takes {each} channels{groups}, x has {channels}"),
                "w has shape [filters, channels / groups, height, width]",
            ));
        }
        self.check_bias(filters, "filters")?;
        let out = |axis: usize, size: usize| {
            let (reach, padded) = (self.reach(axis, options), size + 2 * options.padding[axis]);
            if reach > padded {
                let noun = self.nouns[axis];
                let what = format!("the kernel reaches over {reach} {noun}, the input with its padding has {padded}");
                return Err(self.fail(&what, "use a smaller kernel, more padding, or a larger input"));
            }
            Ok((padded - reach) / options.stride[axis] + 1)
        };
        let (out_height, out_width) = (out(0, height)?, out(1, width)?);
        let geometry = self.geometry(options, [batch, channels, height, width], [filters, out_height, out_width]);
        self.check_memory(&[batch, filters, out_height, out_width], geometry)
    }

    /// The sizes of the convolution whose gradient by its input takes x with w.
    pub(super) fn transposed(&self, options: &Conv2dOptions, output_padding: [usize; 2]) -> Result<Geometry> {
        let ([batch, filters, out_height, out_width], [inputs, each, ..]) = (self.x, self.w);
        self.check_options(options)?;
        if inputs != filters {
            let what = format!("w takes {inputs} channels, x has {filters}");
            return Err(self.fail(&what, "w has shape [inputs, outputs / groups, height, width]"));
        }
        let channels = each.saturating_mul(options.groups);
        self.check_bias(channels, "output channels")?;
        let side = |axis: usize, out: usize| {
            if output_padding[axis] >= options.stride[axis].max(options.dilation[axis]) {
                let what = format!("output padding {output_padding:?} with stride {:?}", options.stride);
                return Err(self.fail(&what, "it must be smaller than the stride or the dilation"));
            }
            let padding = 2 * options.padding[axis];
            let covered = (out.saturating_sub(1)).saturating_mul(options.stride[axis]).saturating_add(self.reach(axis, options));
            let side = covered.saturating_add(output_padding[axis]).saturating_sub(padding);
            if out == 0 || side == 0 {
                let what = format!("with padding {:?} no {} are left", options.padding, self.nouns[axis]);
                return Err(self.fail(&what, "use less padding or a larger input"));
            }
            Ok(side)
        };
        let (height, width) = (side(0, out_height)?, side(1, out_width)?);
        let geometry = self.geometry(options, [batch, channels, height, width], [filters, out_height, out_width]);
        self.check_memory(&[batch, channels, height, width], geometry)
    }

    /// Pixels of the input from the first to the last number of the kernel.
    fn reach(&self, axis: usize, options: &Conv2dOptions) -> usize {
        (self.w[2 + axis] - 1).saturating_mul(options.dilation[axis]).saturating_add(1)
    }

    fn geometry(&self, options: &Conv2dOptions, x: [usize; 4], y: [usize; 3]) -> Geometry {
        let ([batch, channels, height, width], [filters, out_height, out_width]) = (x, y);
        let &Conv2dOptions { stride, padding, dilation, groups } = options;
        let kernel = [self.w[2], self.w[3]];
        Geometry { batch, channels, height, width, filters, out_height, out_width, kernel, stride, padding, dilation, groups }
    }

    fn check_options(&self, options: &Conv2dOptions) -> Result<()> {
        let &Conv2dOptions { stride, padding, dilation, groups } = options;
        for (name, pair) in [("stride", stride), ("dilation", dilation)] {
            if pair.contains(&0) {
                return Err(self.fail(&format!("{name} {pair:?}"), "steps are at least 1"));
            }
        }
        for (name, pair) in [("stride", stride), ("dilation", dilation), ("padding", padding)] {
            if pair.iter().any(|&size| size > LARGEST) {
                return Err(self.fail(&format!("{name} {pair:?}"), "use a smaller number"));
            }
        }
        if self.w[2..].contains(&0) {
            return Err(self.fail("the kernel has no numbers", "the last two axes of w are at least 1"));
        }
        if groups == 0 || !self.w[0].is_multiple_of(groups) {
            let what = format!("{groups} groups for the {} of the first axis of w", self.w[0]);
            return Err(self.fail(&what, "the number of groups must divide it"));
        }
        Ok(())
    }

    fn check_bias(&self, count: usize, what: &str) -> Result<()> {
        match self.bias {
            Some(bias) if bias != [count] => {
                Err(self.fail(&format!("b has shape {bias:?}"), &format!("one number for each of {count} {what}")))
            }
            _ => Ok(()),
        }
    }

    /// The geometry, if a result of this shape can exist.
    fn check_memory(&self, shape: &[usize], geometry: Geometry) -> Result<Geometry> {
        Shape::allocatable(shape, DType::F32).map_err(|e| e.context(self.place()))?;
        Ok(geometry)
    }
}

/// The shape of a convolution of pictures of shape x with filters of shape w; an error begins with `place`.
///
/// # Errors
///
/// As [`conv2d`](super::conv2d).
pub(crate) fn conv2d_shape(place: String, x: [usize; 4], w: [usize; 4], options: &Conv2dOptions) -> Result<[usize; 4]> {
    let sizes = Sizes { operation: &place, shapes: None, x, w, bias: None, nouns: ["rows", "columns"] };
    let Geometry { batch, filters, out_height, out_width, .. } = sizes.convolution(options)?;
    Ok([batch, filters, out_height, out_width])
}

#[cfg(test)]
mod tests {
    use super::super::convolution::{conv_transpose2d, conv1d, conv2d};
    use super::*;
    use crate::array::Array;

    fn zeros(shape: &[usize]) -> Variable {
        Variable::constant(Array::zeros(shape, DType::F32).unwrap())
    }

    #[test]
    fn sizes_of_results() {
        let shape = |x: &[usize], w: &[usize], options: Conv2dOptions| {
            conv2d(&zeros(x), &zeros(w), None, &options).unwrap().shape().to_vec()
        };
        let plain = Conv2dOptions::default();
        assert_eq!(shape(&[0, 3, 8, 8], &[4, 3, 3, 3], plain), [0, 4, 6, 6]);
        assert_eq!(shape(&[2, 1, 28, 28], &[8, 1, 3, 5], Conv2dOptions { stride: [2, 3], ..plain }), [2, 8, 13, 8]);
        let spread = Conv2dOptions { padding: [2, 1], dilation: [2, 2], ..plain };
        assert_eq!(shape(&[1, 2, 7, 7], &[2, 2, 3, 3], spread), [1, 2, 7, 5]);
        let y = conv1d(&zeros(&[2, 3, 9]), &zeros(&[4, 3, 3]), Some(&zeros(&[4])), &Conv1dOptions::default()).unwrap();
        assert_eq!(y.shape(), [2, 4, 7]);
        let twice = Conv2dOptions { stride: [2, 2], padding: [1, 1], ..plain };
        let y = conv_transpose2d(&zeros(&[1, 4, 7, 7]), &zeros(&[4, 2, 3, 3]), None, &twice, [1, 0]).unwrap();
        assert_eq!(y.shape(), [1, 2, 14, 13]);
    }

    #[test]
    fn what_does_not_fit_is_told_in_the_caller_s_words() {
        let plain = Conv2dOptions::default();
        let huge = [usize::MAX, 1];
        for (x, w, b, options, what) in [
            (
                &[8, 3, 32, 32][..],
                &[16, 4, 3, 3][..],
                None,
                plain,
                "x [8, 3, 32, 32], w [16, 4, 3, 3]: w takes 4 channels, x has 3",
            ),
            (&[8, 3, 32], &[16, 3, 3, 3], None, plain, "x [8, 3, 32], w [16, 3, 3, 3]"),
            (&[1, 1, 3, 3], &[1, 1, 3, 4], None, plain, ": the kernel reaches over 4 columns, the input with its padding has 3"),
            (&[1, 1, 3, 3], &[1, 1, 3, 3], None, Conv2dOptions { dilation: [2, 1], ..plain }, "reaches over 5 rows"),
            (&[1, 1, 3, 3], &[1, 1, 3, 3], None, Conv2dOptions { stride: [0, 1], ..plain }, ": stride [0, 1]"),
            (&[1, 1, 3, 3], &[1, 1, 3, 3], None, Conv2dOptions { padding: huge, ..plain }, ": padding [18446744073709551615, 1]"),
            (
                &[1, 1, 3, 3],
                &[1, 1, 3, 3],
                None,
                Conv2dOptions { dilation: [1, 1 << 30], ..plain },
                "reaches over 2147483649 columns",
            ),
            (&[1, 1, 3, 3], &[1, 1, 1, 1], None, Conv2dOptions { padding: [1 << 30; 2], ..plain }, "GiB"),
            (&[1, 1, 3, 3], &[1, 1, 0, 3], None, plain, ": the kernel has no numbers"),
            (
                &[1, 4, 3, 3],
                &[5, 2, 3, 3],
                None,
                Conv2dOptions { groups: 2, ..plain },
                ": 2 groups for the 5 of the first axis of w",
            ),
            (
                &[1, 4, 3, 3],
                &[4, 4, 3, 3],
                None,
                Conv2dOptions { groups: 2, ..plain },
                ": w takes 4 channels in each of 2 groups, x has 4",
            ),
            (&[1, 1, 3, 3], &[2, 1, 3, 3], Some(&[3][..]), plain, "w [2, 1, 3, 3], b [3]: b has shape [3]"),
        ] {
            let error = conv2d(&zeros(x), &zeros(w), b.map(zeros).as_ref(), &options).unwrap_err();
            assert!(error.what().starts_with("conv2d: ") && error.what().contains(what), "{error}");
        }
        let options = Conv1dOptions { dilation: 4, ..Conv1dOptions::default() };
        let error = conv1d(&zeros(&[2, 3, 8]), &zeros(&[4, 3, 3]), None, &options).unwrap_err();
        assert_eq!(
            error.what(),
            "conv1d: x [2, 3, 8], w [4, 3, 3]: the kernel reaches over 9 places, the input with its padding has 8"
        );
        let (x, w) = (zeros(&[1, 2, 3, 3]), zeros(&[2, 1, 1, 1]));
        for (padding, output_padding) in [(0, 1), (2, 0)] {
            let options = Conv2dOptions { padding: [padding; 2], ..plain };
            assert!(conv_transpose2d(&x, &w, None, &options, [output_padding; 2]).is_err());
        }
        assert!(conv_transpose2d(&x, &zeros(&[3, 1, 1, 1]), None, &plain, [0, 0]).is_err());
        let double = Variable::constant(Array::zeros(&[1, 1, 3, 3], DType::F64).unwrap());
        let error = conv2d(&double, &zeros(&[1, 1, 3, 3]), None, &plain).unwrap_err();
        assert_eq!(error.what(), "conv2d: x holds f64, w f32");
    }
}
