//! Sizes of poolings, and whether they fit the picture.

use crate::array::{DType, Shape};
use crate::autograd::Variable;
use crate::error::{Error, Result};
use crate::kernels::pooling::Windows;

/// The shape of the pictures that are pooled.
pub(super) fn input_shape(windows: &Windows) -> [usize; 4] {
    [windows.batch, windows.channels, windows.height, windows.width]
}

/// The shape of the result.
pub(super) fn output_shape(windows: &Windows) -> [usize; 4] {
    [windows.batch, windows.channels, windows.out_height, windows.out_width]
}

/// The sizes of a pooling of pictures of this shape; errors begin with `place`.
pub(super) fn windows(
    place: &str,
    shape: [usize; 4],
    size: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Result<Windows> {
    let place = || format!("{place}: x {shape:?}, windows of {size:?}");
    let fail = |what: &str, help: &str| Error::shape(format!("{}{what}", place())).help(help);
    let [batch, channels, height, width] = shape;
    if size.contains(&0) || stride.contains(&0) {
        return Err(fail(&format!(", stride {stride:?}"), "windows and steps are at least 1"));
    }
    if padding.iter().zip(size).any(|(&padding, size)| padding > size / 2) {
        return Err(fail(&format!(", padding {padding:?}"), "the padding is at most half a window"));
    }
    let out = |axis: usize, side: usize| match side.saturating_add(2 * padding[axis]).checked_sub(size[axis]) {
        Some(rest) => Ok(rest / stride[axis] + 1),
        None => {
            let padded = if padding[axis] > 0 { " with its padding" } else { "" };
            let what = format!(": a window is larger than the picture{padded}");
            Err(fail(&what, "use smaller windows, or fewer poolings before"))
        }
    };
    let (out_height, out_width) = (out(0, height)?, out(1, width)?);
    let windows = Windows { batch, channels, height, width, out_height, out_width, size, stride, padding };
    Shape::allocatable(&output_shape(&windows), DType::F32).map_err(|e| e.context(place()))?;
    Ok(windows)
}

/// The shape of a pooling of pictures of this shape; an error begins with `place`.
///
/// # Errors
///
/// As [`average_pool2d`].
pub(crate) fn pool2d_shape(
    place: &str,
    shape: [usize; 4],
    size: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Result<[usize; 4]> {
    Ok(output_shape(&windows(place, shape, size, stride, padding)?))
}

/// The shape of the pictures that a pooling is given.
pub(super) fn pictures(operation: &str, x: &Variable) -> Result<[usize; 4]> {
    if !x.dtype().is_float() {
        let error = Error::dtype(format!("{operation}: not defined for {}", x.dtype()));
        return Err(error.help("convert to f32 or f64 with to_dtype"));
    }
    x.shape().try_into().map_err(|_| {
        Error::shape(format!("{operation}: x {:?}", x.shape())).help("x has shape [samples, channels, height, width]")
    })
}

#[cfg(test)]
mod tests {
    use super::super::pooling::{average_pool2d, global_average_pool2d, max_pool2d};
    use super::*;
    use crate::array::Array;

    #[test]
    fn what_does_not_fit_is_told() {
        let zeros = |shape: &[usize]| Variable::constant(Array::zeros(shape, DType::F32).unwrap());
        let x = zeros(&[2, 3, 5, 5]);
        for (x, size, stride, padding, what) in [
            (&zeros(&[2, 3]), [2, 2], [2, 2], [0, 0], "max_pool2d: x [2, 3]"),
            (&x, [2, 0], [1, 1], [0, 0], "max_pool2d: x [2, 3, 5, 5], windows of [2, 0], stride [1, 1]"),
            (&x, [2, 2], [0, 1], [0, 0], "max_pool2d: x [2, 3, 5, 5], windows of [2, 2], stride [0, 1]"),
            (&x, [2, 2], [2, 2], [2, 0], "max_pool2d: x [2, 3, 5, 5], windows of [2, 2], padding [2, 0]"),
            (&x, [6, 2], [2, 2], [0, 0], "max_pool2d: x [2, 3, 5, 5], windows of [6, 2]: a window is larger than the picture"),
            (&x, [usize::MAX; 2], [1, 1], [0, 0], "windows of [18446744073709551615, 18446744073709551615]: a window is larger"),
            (&zeros(&[1, 1, 20, 20]), [17, 17], [1, 1], [0, 0], "max_pool2d: windows of [17, 17], which are 289 numbers"),
        ] {
            let error = max_pool2d(x, size, stride, padding).unwrap_err();
            assert!(error.what().contains(what), "{error}");
        }
        let labels = Variable::constant(Array::zeros(&[1, 1, 2, 2], DType::I64).unwrap());
        assert!(average_pool2d(&labels, [2, 2], [2, 2], [0, 0]).is_err() && global_average_pool2d(&zeros(&[2, 3])).is_err());
        assert_eq!(max_pool2d(&zeros(&[0, 3, 4, 4]), [2, 2], [2, 2], [0, 0]).unwrap().shape(), [0, 3, 2, 2]);
        assert_eq!(global_average_pool2d(&x).unwrap().shape(), [2, 3]);
    }
}
