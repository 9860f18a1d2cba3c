//! The notation's words for pictures: convolutions, poolings and changes of shape.

use super::notation::{Site, no_arguments};
use super::words::Word;
use crate::error::{Error, ErrorKind, Result};
use crate::functions::Conv2dOptions;
use crate::layers::{
    AdaptiveAveragePool2d, AdaptiveMaxPool2d, AveragePool2d, Conv2d, ConvTranspose2d, Flatten, GlobalAveragePool2d,
    GlobalMaxPool2d, MaxPool2d, Module, Reshape, Upsample,
};

pub(super) const CONV: &str = "conv(FILTERS,SIZE) with stride=, padding= (a number or `same`), dilation=, groups=, nobias";
pub(super) const CONV_TRANSPOSE: &str = "convtranspose(FILTERS,SIZE) with stride=, padding=, nobias";
pub(super) const MAXPOOL: &str = "maxpool(SIZE) with stride=, padding=";
pub(super) const AVGPOOL: &str = "avgpool(SIZE) with stride=, padding=";

/// Arguments by name with their values, which are empty for those that have none.
type Named<'a> = Vec<(&'a str, &'a str)>;

/// The arguments of a word that begins with numbers by place and goes on with some by name.
struct Arguments<'a> {
    word: &'a Word,
    /// How the word is written, for errors.
    example: &'static str,
}

impl<'a> Arguments<'a> {
    fn fail(&self, what: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::Notation, format!("{}: {what}", self.word.name)).help(format!("write e.g. {}", self.example))
    }

    /// The numbers by place, which must be `count`, and the others by name and value; what has no value is its own name.
    fn split(&self, count: usize, names: &[&str]) -> Result<(&'a [String], Named<'a>)> {
        let arguments = &self.word.arguments;
        let Some((first, rest)) = arguments.split_at_checked(count).filter(|(first, _)| first.iter().all(|a| !a.contains('=')))
        else {
            return Err(self.fail(if count == 1 {
                "one number is needed".into()
            } else {
                format!("{count} numbers are needed")
            }));
        };
        let mut named = Named::new();
        for argument in rest {
            let (name, value) =
                argument.split_once('=').map_or((argument.as_str(), ""), |(name, value)| (name.trim(), value.trim()));
            if !names.contains(&name) {
                return Err(self.fail(format_args!("there is no argument `{argument}`; those by name are {}", names.join(", "))));
            }
            if named.iter().any(|(other, _)| *other == name) {
                return Err(self.fail(format_args!("`{name}` is given twice")));
            }
            named.push((name, value));
        }
        Ok((first, named))
    }

    /// A whole number of at least `least`.
    fn number(&self, what: &str, text: &str, least: usize) -> Result<usize> {
        let fail = || self.fail(format_args!("{what} `{text}` is not a whole number from {least}"));
        text.parse().ok().filter(|&n| n >= least).ok_or_else(fail)
    }

    /// `3`, or `3x5` for rows and columns that differ.
    fn pair(&self, what: &str, text: &str, least: usize) -> Result<[usize; 2]> {
        let (rows, columns) = text.split_once('x').unwrap_or((text, text));
        Ok([self.number(what, rows, least)?, self.number(what, columns, least)?])
    }
}

pub(super) fn conv(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    let arguments = Arguments { word, example: "conv(32,3) or conv(32,3,stride=2,padding=1)" };
    let (first, named) = arguments.split(2, &["stride", "padding", "dilation", "groups", "nobias"])?;
    let filters = arguments.number("the number of filters", &first[0], 1)?;
    let kernel = arguments.pair("the size", &first[1], 1)?;
    let (mut options, mut bias, mut same) = (Conv2dOptions::default(), true, false);
    for (name, value) in named {
        match (name, value) {
            ("nobias", "") => bias = false,
            ("nobias", _) => return Err(arguments.fail("`nobias` has no value")),
            ("stride", _) => options.stride = arguments.pair(name, value, 1)?,
            ("dilation", _) => options.dilation = arguments.pair(name, value, 1)?,
            ("groups", _) => options.groups = arguments.number(name, value, 1)?,
            (_, "same") => same = true,
            _ => options.padding = arguments.pair(name, value, 0)?,
        }
    }
    if same {
        options.padding = padding_for_the_same_size(&arguments, kernel, &options)?;
    }
    let channels = channels(word, site)?;
    Ok(Box::new(Conv2d::try_new(channels, filters, kernel, options, site.initializer, bias)?))
}

/// The channels of the pictures that arrive.
fn channels(word: &Word, site: &Site<'_>) -> Result<usize> {
    let needs = format!("{} needs samples of shape [channels, height, width], here", word.name);
    match site.input {
        &[channels, _, _] => Ok(channels),
        [] => Err(Error::shape(format!("{needs} a single number arrives"))),
        other => Err(Error::shape(format!("{needs} {other:?} arrives"))
            .help("put e.g. reshape(1,28,28) before it if the samples are pictures")),
    }
}

pub(super) fn conv_transpose(word: &Word, site: &Site<'_>) -> Result<Box<dyn Module>> {
    let arguments = Arguments { word, example: "convtranspose(16,4,stride=2,padding=1)" };
    let (first, named) = arguments.split(2, &["stride", "padding", "nobias"])?;
    let filters = arguments.number("the number of filters", &first[0], 1)?;
    let kernel = arguments.pair("the size", &first[1], 1)?;
    let (mut stride, mut padding, mut bias) = ([1; 2], [0; 2], true);
    for (name, value) in named {
        match (name, value) {
            ("nobias", "") => bias = false,
            ("nobias", _) => return Err(arguments.fail("`nobias` has no value")),
            ("stride", _) => stride = arguments.pair(name, value, 1)?,
            _ => padding = arguments.pair(name, value, 0)?,
        }
    }
    let channels = channels(word, site)?;
    Ok(Box::new(ConvTranspose2d::try_new(channels, filters, kernel, [stride, padding], site.initializer, bias)?))
}

pub(super) fn upsample(word: &Word, _: &Site<'_>) -> Result<Box<dyn Module>> {
    let arguments = Arguments { word, example: "upsample(2)" };
    let (first, _) = arguments.split(1, &[])?;
    Ok(Box::new(Upsample { factor: arguments.pair("the factor", &first[0], 1)? }))
}

/// The padding that makes the result as large as the input.
fn padding_for_the_same_size(arguments: &Arguments<'_>, kernel: [usize; 2], options: &Conv2dOptions) -> Result<[usize; 2]> {
    if options.stride != [1, 1] {
        return Err(arguments.fail("padding=same needs steps of 1"));
    }
    let mut padding = [0; 2];
    for axis in 0..2 {
        let around = (kernel[axis] - 1).saturating_mul(options.dilation[axis]);
        if !around.is_multiple_of(2) {
            return Err(arguments.fail("padding=same needs a kernel of odd size, which has a middle"));
        }
        padding[axis] = around / 2;
    }
    Ok(padding)
}

/// Size, stride and padding of a pooling.
fn windows(word: &Word, example: &'static str) -> Result<[[usize; 2]; 3]> {
    let arguments = Arguments { word, example };
    let (first, named) = arguments.split(1, &["stride", "padding"])?;
    let size = arguments.pair("the size", &first[0], 1)?;
    let (mut stride, mut padding) = (size, [0; 2]);
    for (name, value) in named {
        match name {
            "stride" => stride = arguments.pair(name, value, 1)?,
            _ => padding = arguments.pair(name, value, 0)?,
        }
    }
    Ok([size, stride, padding])
}

pub(super) fn maxpool(word: &Word, _: &Site<'_>) -> Result<Box<dyn Module>> {
    let [size, stride, padding] = windows(word, "maxpool(2) or maxpool(3,stride=2,padding=1)")?;
    Ok(Box::new(MaxPool2d { size, stride, padding }))
}

pub(super) fn avgpool(word: &Word, _: &Site<'_>) -> Result<Box<dyn Module>> {
    let [size, stride, padding] = windows(word, "avgpool(2) or avgpool(3,stride=2,padding=1)")?;
    Ok(Box::new(AveragePool2d { size, stride, padding }))
}

/// How many parts an adaptive pooling cuts pictures into.
fn parts(word: &Word, example: &'static str) -> Result<[usize; 2]> {
    let arguments = Arguments { word, example };
    match &word.arguments[..] {
        [size] => arguments.pair("the number of parts", size, 1),
        _ => Err(arguments.fail("one number is needed")),
    }
}

pub(super) fn adaptiveavgpool(word: &Word, _: &Site<'_>) -> Result<Box<dyn Module>> {
    Ok(Box::new(AdaptiveAveragePool2d { size: parts(word, "adaptiveavgpool(7) or adaptiveavgpool(7x5)")? }))
}

pub(super) fn adaptivemaxpool(word: &Word, _: &Site<'_>) -> Result<Box<dyn Module>> {
    Ok(Box::new(AdaptiveMaxPool2d { size: parts(word, "adaptivemaxpool(7) or adaptivemaxpool(7x5)")? }))
}

pub(super) fn globalpool(word: &Word, _: &Site<'_>) -> Result<Box<dyn Module>> {
    no_arguments(word)?;
    Ok(Box::new(GlobalAveragePool2d))
}

pub(super) fn globalmaxpool(word: &Word, _: &Site<'_>) -> Result<Box<dyn Module>> {
    no_arguments(word)?;
    Ok(Box::new(GlobalMaxPool2d))
}

pub(super) fn flatten(word: &Word, _: &Site<'_>) -> Result<Box<dyn Module>> {
    no_arguments(word)?;
    Ok(Box::new(Flatten))
}

pub(super) fn reshape(word: &Word, _: &Site<'_>) -> Result<Box<dyn Module>> {
    let arguments = Arguments { word, example: "reshape(1,28,28)" };
    if word.arguments.is_empty() {
        return Err(arguments.fail("the sizes of a sample's axes are needed"));
    }
    let sizes = word.arguments.iter().map(|size| arguments.number("the size", size, 1)).collect::<Result<_>>()?;
    Ok(Box::new(Reshape(sizes)))
}

#[cfg(test)]
mod tests {
    use crate::model::{Network, NetworkOptions};

    fn build(text: &str, shape: &[usize]) -> crate::Result<Network> {
        Network::new(text, shape, &NetworkOptions::default())
    }

    #[test]
    fn words_are_read_and_written_back() {
        for (text, written, shape) in [
            ("conv( 32 , 3 )", "conv(32,3)", vec![32, 26, 26]),
            ("conv(4,3,stride=2,padding=1)", "conv(4,3,stride=2,padding=1)", vec![4, 14, 14]),
            ("conv(4,3,padding=same)", "conv(4,3,padding=1)", vec![4, 28, 28]),
            ("conv(4,3x5,dilation=2,padding=same)", "conv(4,3x5,padding=2x4,dilation=2)", vec![4, 28, 28]),
            ("conv(4,1,nobias) conv(6,3,groups=2,nobias)", "conv(4,1,nobias) conv(6,3,groups=2,nobias)", vec![6, 26, 26]),
            ("maxpool(2)", "maxpool(2)", vec![1, 14, 14]),
            ("maxpool(3,stride=2,padding=1) avgpool(2x7)", "maxpool(3,stride=2,padding=1) avgpool(2x7)", vec![1, 7, 2]),
            ("conv(5,3) globalpool linear(3)", "conv(5,3) globalpool linear(3)", vec![3]),
            ("adaptiveavgpool( 7x5 )", "adaptiveavgpool(7x5)", vec![1, 7, 5]),
            ("adaptivemaxpool(30) conv(3,3) globalmaxpool", "adaptivemaxpool(30) conv(3,3) globalmaxpool", vec![3]),
            ("flatten reshape( 4, 14,14 ) conv(2,14)", "flatten reshape(4,14,14) conv(2,14)", vec![2, 1, 1]),
        ] {
            let net = build(text, &[1, 28, 28]).unwrap();
            assert_eq!((net.notation(), net.output_shape()), (written, shape), "{text}");
            assert_eq!(build(written, &[1, 28, 28]).unwrap().notation(), written);
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (text, what) in [
            ("conv(32)", "conv: 2 numbers are needed"),
            ("conv(32,stride=2)", "conv: 2 numbers are needed"),
            ("conv(0,3)", "conv: the number of filters `0` is not a whole number from 1"),
            ("conv(8,3x)", "conv: the size `` is not a whole number from 1"),
            ("conv(8,3,4)", "conv: there is no argument `4`; those by name are stride, padding, dilation, groups, nobias"),
            ("conv(8,3,stride=2,stride=1)", "conv: `stride` is given twice"),
            ("conv(8,3,stride=0)", "conv: stride `0` is not a whole number from 1"),
            ("conv(8,3,padding=-1)", "conv: padding `-1` is not a whole number from 0"),
            ("conv(8,4,padding=same)", "conv: padding=same needs a kernel of odd size, which has a middle"),
            ("conv(8,3,padding=same,stride=2)", "conv: padding=same needs steps of 1"),
            ("conv(8,3,groups=3)", "3 groups for 1 channels and 8 filters"),
            (
                "conv(8,3) conv(8,27)",
                "conv(8,27) gets samples of shape [8, 26, 26]: the kernel reaches over 27 rows, the input with its padding has 26",
            ),
            ("linear(10) conv(8,3)", "conv needs samples of shape [channels, height, width], here [10] arrives"),
            ("linear(10) maxpool(2)", "maxpool(2) takes samples of shape [channels, height, width] and gets shape [10]"),
            ("conv(8,3) linear(10)", "linear needs samples of one axis, here [8, 26, 26] arrives"),
            ("maxpool", "maxpool: one number is needed"),
            ("maxpool(2,nobias)", "maxpool: there is no argument `nobias`; those by name are stride, padding"),
            ("maxpool(2,padding=2)", "maxpool(2,padding=2): x [1, 1, 28, 28], windows of [2, 2], padding [2, 2]"),
            ("maxpool(30)", "maxpool(30): x [1, 1, 28, 28], windows of [30, 30]: a window is larger than the picture"),
            ("reshape(2,28)", "reshape(2,28) gets samples of shape [1, 28, 28]"),
            ("reshape", "reshape: the sizes of a sample's axes are needed"),
            ("globalpool(2)", "globalpool takes no arguments"),
            ("globalmaxpool(2)", "globalmaxpool takes no arguments"),
            ("adaptiveavgpool", "adaptiveavgpool: one number is needed"),
            ("adaptivemaxpool(3,stride=2)", "adaptivemaxpool: one number is needed"),
            ("adaptivemaxpool(0)", "adaptivemaxpool: the number of parts `0` is not a whole number from 1"),
            (
                "flatten adaptivemaxpool(2)",
                "adaptivemaxpool(2) takes samples of shape [channels, height, width] and gets shape [784]",
            ),
        ] {
            let error = build(text, &[1, 28, 28]).err().unwrap();
            assert!(error.what().ends_with(what), "{text}: {error}");
        }
    }

    /// 28 · 28 · 8 filters of 1 · 3 · 3; 14 · 14 · 4 of 8 / 4 · 3 · 3; 4 · 14 · 14 inputs to 10 outputs.
    #[test]
    fn the_summary_counts() {
        let net =
            build("conv(8,3,padding=same) maxpool(2) conv(4,3,padding=same,groups=4,nobias) flatten linear(10)", &[1, 28, 28]);
        let summary = net.unwrap().summary();
        let counts: Vec<_> = summary.rows.iter().map(|row| (row.parameters, row.multiply_adds)).collect();
        assert_eq!(counts, [(80, 56_448), (0, 0), (72, 14_112), (0, 0), (7_850, 7_840)]);
    }
}
