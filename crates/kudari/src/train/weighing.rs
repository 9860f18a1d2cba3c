//! Class weights, an ignored label and label smoothing, as they are written in a loss's parentheses.

use std::fmt;

use crate::array::{Array, DType};
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::functions::CrossEntropyOptions;

/// How it is written, for help texts.
const EXAMPLE: &str = "write e.g. softmax_cross_entropy(weights=1:2:0.5,ignore=2,smoothing=0.1), or weights=balanced";

/// What counts how much in a cross-entropy. Displays as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weighing {
    weights: Weights,
    ignored: Option<i64>,
    smoothing: f64,
}

/// The weights of the classes.
#[derive(Debug, Clone, PartialEq)]
enum Weights {
    Equal,
    /// Those with which all classes of the training data weigh the same.
    Balanced,
    Given(Vec<f64>),
}

fn fail(text: &str, why: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Notation, format!("loss `{text}`: {why}")).help(EXAMPLE)
}

impl Weighing {
    /// Reads what stands in the parentheses of the loss `text`: `weights=1:2:0.5,ignore=2,smoothing=0.1`, each optional.
    pub(super) fn parse(text: &str, arguments: &str) -> Result<Weighing> {
        let mut found = Weighing { weights: Weights::Equal, ignored: None, smoothing: 0.0 };
        let mut seen = Vec::new();
        for argument in arguments.split(',').map(str::trim) {
            let (name, value) = argument.split_once('=').map_or((argument, ""), |(name, value)| (name.trim(), value.trim()));
            if seen.contains(&name) {
                return Err(fail(text, format_args!("`{name}` is given twice")));
            }
            seen.push(name);
            let number = |value: &str| -> Result<f64> {
                let number = value.trim().parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0);
                number.ok_or_else(|| fail(text, format_args!("{name} `{}` is not a number from 0", value.trim())))
            };
            match name {
                "weights" if value == "balanced" => found.weights = Weights::Balanced,
                "weights" => {
                    let weights = value.split(':').map(number).collect::<Result<Vec<f64>>>()?;
                    if weights.iter().all(|&w| w == 0.0) {
                        return Err(fail(text, "all class weights are 0"));
                    }
                    found.weights = Weights::Given(weights);
                }
                "ignore" => {
                    let label = value.parse().map_err(|_| fail(text, format_args!("ignore `{value}` is not a label")))?;
                    found.ignored = Some(label);
                }
                "smoothing" => {
                    found.smoothing = number(value)?;
                    if found.smoothing > 1.0 {
                        return Err(fail(text, format_args!("smoothing {value} is above 1")));
                    }
                }
                _ => {
                    return Err(fail(
                        text,
                        format_args!("there is no argument `{argument}`; those are weights, ignore, smoothing"),
                    ));
                }
            }
        }
        Ok(found)
    }

    /// The same with weights for the classes of `data` in place of `balanced`: of n samples that count, nₖ of which are of
    /// class k, and c classes that have any, class k weighs n/(c·nₖ), rounded to four digits; classes without any weigh 1.
    pub(super) fn of_data(mut self, text: &str, data: &Dataset) -> Result<Weighing> {
        let classes = data.classes().len();
        if classes == 0 {
            return Err(fail(text, format_args!("{} has no classes", data.name())));
        }
        if let Some(label) = self.ignored.filter(|label| !(0..classes as i64).contains(label)) {
            return Err(fail(text, format_args!("no class has the label {label}")).help(format!(
                "{} has the labels 0 to {}",
                data.name(),
                classes - 1
            )));
        }
        match &self.weights {
            Weights::Given(weights) if weights.len() != classes => {
                return Err(fail(text, format_args!("{} class weights for {classes} classes", weights.len()))
                    .help("give one weight for each class, or weights=balanced"));
            }
            Weights::Balanced => self.weights = Weights::Given(balanced(data, self.ignored)?),
            _ => {}
        }
        Ok(self)
    }

    /// The options of the function. None where nothing is weighed.
    pub(super) fn options(&self, text: &str) -> Result<Option<CrossEntropyOptions>> {
        let class_weights = match &self.weights {
            Weights::Equal => None,
            Weights::Given(weights) => Some(Array::from_slice(weights, &[weights.len()])?),
            Weights::Balanced => {
                return Err(fail(text, "weights that are balanced need data").help("write the weights, e.g. weights=1:2"));
            }
        };
        if class_weights.is_none() && self.ignored.is_none() && self.smoothing == 0.0 {
            return Ok(None);
        }
        let (ignored_label, label_smoothing) = (self.ignored, self.smoothing);
        Ok(Some(CrossEntropyOptions { class_weights, ignored_label, label_smoothing, ..CrossEntropyOptions::default() }))
    }
}

impl fmt::Display for Weighing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        match &self.weights {
            Weights::Equal => {}
            Weights::Balanced => parts.push("weights=balanced".to_string()),
            Weights::Given(weights) => {
                parts.push(format!("weights={}", weights.iter().map(f64::to_string).collect::<Vec<_>>().join(":")));
            }
        }
        parts.extend(self.ignored.map(|label| format!("ignore={label}")));
        parts.extend(Some(self.smoothing).filter(|&s| s > 0.0).map(|s| format!("smoothing={s}")));
        f.write_str(&parts.join(","))
    }
}

/// Weights with which all classes that have samples weigh the same, and a sample 1 in the mean.
fn balanced(data: &Dataset, ignored: Option<i64>) -> Result<Vec<f64>> {
    let mut counts = data.class_counts()?;
    ignored.and_then(|label| counts.get_mut(usize::try_from(label).ok()?)).into_iter().for_each(|count| *count = 0);
    let (all, present) = (counts.iter().sum::<usize>() as f64, counts.iter().filter(|&&count| count > 0).count() as f64);
    let rounded = |weight: f64| format!("{weight:.3e}").parse().unwrap_or(weight);
    Ok(counts.into_iter().map(|count| if count == 0 { 1.0 } else { rounded(all / (present * count as f64)) }).collect())
}

/// What the mean over rows with these targets divides by: the weights of the classes of those that count; the number of rows
/// for probabilities.
pub(super) fn divisor(options: &CrossEntropyOptions, targets: &Array) -> Result<f64> {
    if targets.dtype() != DType::I64 {
        return Ok(targets.shape().first().copied().unwrap_or(1) as f64);
    }
    let weights = options.class_weights.as_ref().map(Array::to_f64_vec);
    let weight = |label: i64| match &weights {
        _ if options.ignored_label == Some(label) => 0.0,
        Some(weights) => usize::try_from(label).ok().and_then(|label| weights.get(label).copied()).unwrap_or(0.0),
        None => 1.0,
    };
    Ok(targets.to_vec::<i64>()?.into_iter().map(weight).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Variable;
    use crate::data::Dataset;
    use crate::layers::{Layer, Path};
    use crate::model::{Network, NetworkOptions};
    use crate::train::{Loss, NumericalGradient, evaluate};

    /// Ten samples of two numbers: six of class 0, three of class 1, one of class 3, none of class 2.
    fn data() -> Dataset {
        let x: Vec<f64> = (0..20).map(|i| f64::from(i * 7 % 11) / 5.0 - 1.0).collect();
        let labels = Array::from([0i64, 0, 1, 0, 3, 0, 1, 0, 0, 1]);
        let classes = ["a", "b", "c", "d"].map(String::from).to_vec();
        let some = Dataset::from_arrays("some", Array::from_slice(&x, &[10, 2]).unwrap(), labels, classes);
        some.unwrap().with_dtype(DType::F64).unwrap()
    }

    #[test]
    fn weights_are_written_and_read_again() {
        for (text, written) in [
            (
                "softmax_cross_entropy( weights = 1:2.50 : 0 , smoothing=0.10 )",
                "softmax_cross_entropy(weights=1:2.5:0,smoothing=0.1)",
            ),
            ("softmax_cross_entropy(smoothing=1,ignore=-1)", "softmax_cross_entropy(ignore=-1,smoothing=1)"),
            ("softmax_cross_entropy(smoothing=0)", "softmax_cross_entropy"),
        ] {
            let loss = Loss::named(text).unwrap();
            assert_eq!((loss.name, loss.word(), loss.averages()), (written, "softmax_cross_entropy", true));
            assert!(std::ptr::eq(loss, Loss::named(written).unwrap()));
        }
        // 10/(3·6), 10/(3·3), 10/(3·1) to four digits; without class 0 there are 4/(2·3) and 4/(2·1).
        for (text, written) in [
            ("softmax_cross_entropy(weights=balanced)", "softmax_cross_entropy(weights=0.5556:1.111:1:3.333)"),
            ("softmax_cross_entropy(weights=balanced,ignore=0)", "softmax_cross_entropy(weights=1:0.6667:1:2,ignore=0)"),
            ("huber(2)", "huber(2)"),
            ("softmax_cross_entropy", "softmax_cross_entropy"),
        ] {
            assert_eq!(Loss::for_data(text, &data()).unwrap().name, written);
        }
    }

    #[test]
    fn what_cannot_be_weighed_is_told() {
        for (arguments, what) in [
            ("", "there is no argument ``; those are weights, ignore, smoothing"),
            ("0.1", "there is no argument `0.1`; those are weights, ignore, smoothing"),
            ("weights=1:x", "weights `x` is not a number from 0"),
            ("weights=1:-2", "weights `-2` is not a number from 0"),
            ("weights=inf", "weights `inf` is not a number from 0"),
            ("weights=0:0", "all class weights are 0"),
            ("ignore=a", "ignore `a` is not a label"),
            ("smoothing=1.5", "smoothing 1.5 is above 1"),
            ("smoothing=nan", "smoothing `nan` is not a number from 0"),
            ("smoothing=0.1,smoothing=0.2", "`smoothing` is given twice"),
            ("weights=balanced", "weights that are balanced need data"),
        ] {
            let text = format!("softmax_cross_entropy({arguments})");
            assert_eq!(Loss::named(&text).unwrap_err().what(), format!("loss `{text}`: {what}"));
        }
        for (arguments, what) in [
            ("weights=1:2:3", "3 class weights for 4 classes"),
            ("ignore=4", "no class has the label 4"),
            ("ignore=-1", "no class has the label -1"),
        ] {
            let text = format!("softmax_cross_entropy({arguments})");
            assert_eq!(Loss::for_data(&text, &data()).unwrap_err().what(), format!("loss `{text}`: {what}"));
        }
        assert!(Loss::named("cross_entropy(smoothing=0.1)").is_err());
    }

    /// By hand: the loss of equal logits is ln 4 whatever the weights; one row that knows its class brings it down by its
    /// weight over the weights of all rows that count.
    #[test]
    fn the_mean_divides_by_the_weights_of_what_counts() {
        let loss = Loss::named("softmax_cross_entropy(weights=1:2:5:4,ignore=3)").unwrap();
        let t = Array::from([0i64, 1, 1, 3]);
        let equal = Array::zeros(&[4, 4], DType::F64).unwrap();
        let of = |y: &Array| loss.of(&Variable::constant(y.clone()), &t).unwrap().item().unwrap();
        assert!((of(&equal) - 4f64.ln()).abs() < 1e-15);
        let mut knows = vec![0.0; 16];
        knows[5] = 1000.0;
        let knows = Array::from_slice(&knows, &[4, 4]).unwrap();
        assert!((of(&knows) - 4f64.ln() * 3.0 / 5.0).abs() < 1e-15);
        let rows = loss.of_rows(&knows, &t).unwrap().to_f64_vec();
        let expected = [4f64.ln(), 0.0, 2.0 * 4f64.ln(), 0.0];
        assert!(rows.iter().zip(expected).all(|(row, expected)| (row - expected).abs() < 1e-15), "{rows:?}");
        assert_eq!(loss.divisor(&t).unwrap(), 5.0);
    }

    #[test]
    fn measured_in_chunks_it_is_the_loss_of_all() {
        let options = NetworkOptions { double: true, ..NetworkOptions::default() };
        let mut network = Network::new("linear(5) tanh linear(4)", &[2], &options).unwrap();
        // More samples than go through at once, the classes unevenly spread over them.
        let few = data();
        let places: Vec<i64> = (0..2500).map(|i| if i < 1500 { i % 6 } else { i % 10 }).collect();
        let batch = few.batch(&places).unwrap();
        let many = Dataset::from_arrays("many", batch.x.array().clone(), batch.t.clone(), few.classes().to_vec()).unwrap();
        let many = many.with_dtype(DType::F64).unwrap();
        for text in ["weights=1:2.5:1:4", "weights=balanced,ignore=1,smoothing=0.1", "ignore=0"] {
            let loss = Loss::for_data(&format!("softmax_cross_entropy({text})"), &many).unwrap();
            let whole = loss.of(&network.forward(&batch.x).unwrap(), &batch.t).unwrap().item().unwrap();
            let found = evaluate(&network, &many, loss).unwrap();
            assert!((found.loss - whole).abs() < 1e-13, "{text}: {} {whole}", found.loss);

            // Differences of the rows' losses are those of the loss.
            let batch = few.all().unwrap();
            let gradients = NumericalGradient::default().differentiate(&mut network, loss, &batch).unwrap().gradients;
            let exact = loss.of(&network.forward(&batch.x).unwrap(), &batch.t).unwrap().backward().unwrap();
            network.visit(&Path::ROOT, &mut |path, parameter| {
                let [a, b] = [&gradients, &exact].map(|of| of.get(parameter.variable()).unwrap().to_f64_vec());
                assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-7), "{text} {path}");
            });
        }
    }

    #[test]
    fn ignored_samples_count_neither_right_nor_wrong() {
        let mut network =
            Network::new("linear(4,nobias)", &[2], &NetworkOptions { double: true, ..NetworkOptions::default() }).unwrap();
        // All outputs are 0, so that every sample is taken for class 0.
        network.set_arrays(&[("0.weight".into(), Array::zeros(&[4, 2], DType::F64).unwrap())]).unwrap();
        let accuracy = |text: &str| evaluate(&network, &data(), Loss::named(text).unwrap()).unwrap().accuracy;
        assert_eq!(accuracy("softmax_cross_entropy"), Some(0.6));
        assert_eq!(accuracy("softmax_cross_entropy(ignore=1)"), Some(6.0 / 7.0));
        assert_eq!(accuracy("softmax_cross_entropy(ignore=0)"), Some(0.0));
    }
}
