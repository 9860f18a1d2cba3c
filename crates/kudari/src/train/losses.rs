//! Losses by name, with the targets brought into the form that each needs.

use std::sync::{Mutex, PoisonError};

use smallvec::SmallVec;

use super::weighing::{self, Weighing};
use crate::array::{Array, DType};
use crate::autograd::Variable;
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::functions::{self, CrossEntropyOptions, HingeNorm, Reduction, softmax_cross_entropy_with};

/// What becomes of class numbers before a loss sees them. Numbers are taken as they are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Labels {
    /// They stay class numbers.
    Stay,
    /// One-hot rows, or a column of 0 and 1 for one output.
    OneHot,
    /// The same with −1 in place of 0.
    Signs,
}

/// A number that a loss takes in parentheses, and what it is if there are none.
type Parameter = (&'static str, f64);

/// A loss that training knows by its name.
#[derive(Debug, Clone, Copy)]
pub struct Loss {
    /// The name, with numbers in parentheses where they are not the usual ones: `huber(0.5)`.
    pub name: &'static str,
    parameters: &'static [Parameter],
    /// The numbers of the parameters; the usual ones if there are none.
    numbers: &'static [f64],
    labels: Labels,
    /// Whether it takes class weights, an ignored label and label smoothing.
    weighs: bool,
    /// These, if there are any.
    weighing: Option<&'static CrossEntropyOptions>,
    /// Whether it averages over the rows of a batch; the others are sums.
    averages: bool,
    /// The loss of outputs and targets, with the numbers of its parameters.
    function: fn(&Variable, &Array, &[f64]) -> Result<Variable>,
    /// The losses of the rows.
    rows: fn(&Array, &Array, &[f64]) -> Result<Array>,
}

/// A loss without parameters that averages over element by element, which most are.
const PLAIN: Loss = Loss {
    name: "mean_squared_error",
    parameters: &[],
    numbers: &[],
    labels: Labels::OneHot,
    weighs: false,
    weighing: None,
    averages: true,
    function: |y, t, _| functions::mean_squared_error(y, t),
    rows: |y, t, _| squares(y, t)?.mean_axes(&[-1], false),
};

/// Every loss that training knows.
pub const LOSSES: &[Loss] = &[
    Loss {
        name: "softmax_cross_entropy",
        labels: Labels::Stay,
        weighs: true,
        function: |y, t, _| functions::softmax_cross_entropy(y, t),
        rows: |y, t, _| functions::softmax_cross_entropy_rows(y, t),
        ..PLAIN
    },
    Loss {
        name: "cross_entropy",
        labels: Labels::Stay,
        function: |y, t, _| functions::cross_entropy(y, t, 0.0),
        rows: |y, t, _| functions::cross_entropy_rows(y, t, 0.0),
        ..PLAIN
    },
    Loss {
        name: "sigmoid_cross_entropy",
        function: |y, t, _| functions::sigmoid_cross_entropy(y, t),
        rows: |y, t, _| functions::sigmoid_cross_entropy_rows(y, t),
        ..PLAIN
    },
    Loss {
        name: "binary_cross_entropy",
        function: |y, t, _| functions::binary_cross_entropy(y, t, Reduction::Mean),
        rows: |y, t, _| mean_of_rows(y, |y| functions::binary_cross_entropy(y, t, Reduction::None)),
        ..PLAIN
    },
    Loss {
        name: "focal",
        parameters: &[("alpha", 0.25), ("gamma", 2.0)],
        function: |y, t, n| functions::focal(y, t, n[0], n[1], Reduction::Mean),
        rows: |y, t, n| mean_of_rows(y, |y| functions::focal(y, t, n[0], n[1], Reduction::None)),
        ..PLAIN
    },
    Loss {
        name: "hinge",
        labels: Labels::Signs,
        function: |y, t, _| functions::hinge(y, t, HingeNorm::L1, Reduction::Mean),
        rows: |y, t, _| sum_of_rows(y, |y| functions::hinge(y, t, HingeNorm::L1, Reduction::None)),
        ..PLAIN
    },
    Loss {
        name: "squared_hinge",
        labels: Labels::Signs,
        function: |y, t, _| functions::hinge(y, t, HingeNorm::L2, Reduction::Mean),
        rows: |y, t, _| sum_of_rows(y, |y| functions::hinge(y, t, HingeNorm::L2, Reduction::None)),
        ..PLAIN
    },
    PLAIN,
    Loss {
        name: "mean_absolute_error",
        function: |y, t, _| functions::mean_absolute_error(y, t),
        rows: |y, t, _| y.sub(t)?.abs().mean_axes(&[-1], false),
        ..PLAIN
    },
    Loss {
        name: "sum_squared_error",
        averages: false,
        function: |y, t, _| functions::sum_squared_error(y, t),
        rows: |y, t, _| Ok(squares(y, t)?.sum_axes(&[-1], false)?.scale(0.5)),
        ..PLAIN
    },
    Loss {
        name: "huber",
        parameters: &[("delta", 1.0)],
        function: |y, t, n| functions::huber(y, t, n[0], Reduction::Mean),
        rows: |y, t, n| mean_of_rows(y, |y| functions::huber(y, t, n[0], Reduction::None)),
        ..PLAIN
    },
    Loss {
        name: "smooth_l1",
        parameters: &[("beta", 1.0)],
        function: |y, t, n| functions::smooth_l1(y, t, n[0], Reduction::Mean),
        rows: |y, t, n| mean_of_rows(y, |y| functions::smooth_l1(y, t, n[0], Reduction::None)),
        ..PLAIN
    },
    Loss {
        name: "log_cosh",
        function: |y, t, _| functions::log_cosh(y, t, Reduction::Mean),
        rows: |y, t, _| mean_of_rows(y, |y| functions::log_cosh(y, t, Reduction::None)),
        ..PLAIN
    },
];

/// The losses with numbers of their own that were asked for. They live as long as the program, since a training keeps a
/// reference; there are as many as somebody wrote.
static WITH_NUMBERS: Mutex<Vec<&'static Loss>> = Mutex::new(Vec::new());

/// The means of the rows of a loss's terms.
fn mean_of_rows(y: &Array, terms: impl Fn(&Variable) -> Result<Variable>) -> Result<Array> {
    terms(&Variable::constant(y.clone()))?.array().mean_axes(&[-1], false)
}

/// Their sums.
fn sum_of_rows(y: &Array, terms: impl Fn(&Variable) -> Result<Variable>) -> Result<Array> {
    terms(&Variable::constant(y.clone()))?.array().sum_axes(&[-1], false)
}

/// (y − t)².
fn squares(y: &Array, t: &Array) -> Result<Array> {
    let difference = y.sub(t)?;
    difference.mul(&difference)
}

fn unknown(text: &str, name: &str) -> Error {
    let nearest = LOSSES.iter().map(|l| (strsim::damerau_levenshtein(name, l.name), l.name)).min();
    let names = LOSSES.iter().map(|l| l.name).collect::<Vec<_>>().join(", ");
    let guess = nearest.filter(|n| n.0 <= 4).map_or(String::new(), |n| format!("did you mean `{}`? ", n.1));
    Error::new(ErrorKind::Notation, format!("unknown loss `{text}`")).help(format!("{guess}the losses are {names}"))
}

impl Loss {
    /// The loss of this name, which may have its numbers in parentheses: `huber(0.5)`, `focal(0.25,2)`. `softmax_cross_entropy`
    /// takes the weights of the classes, a label whose samples do not count, and the share of every target that is spread
    /// over all classes: `softmax_cross_entropy(weights=1:2:0.5,ignore=2,smoothing=0.1)`, each optional. See
    /// [`CrossEntropyOptions`].
    ///
    /// ```
    /// use kudari::train::Loss;
    /// use kudari::{Array, Variable};
    /// let loss = Loss::named("softmax_cross_entropy(weights=1:3)")?;
    /// let y = Variable::constant(Array::from([[0.0, 0.0], [1000.0, 0.0]])); // does not know; knows the wrong class
    /// let value = loss.of(&y, &Array::from([0i64, 1]))?.item()?;
    /// assert!((value - (1.0 * 2f64.ln() + 3.0 * 1000.0) / 4.0).abs() < 1e-9);
    /// # Ok::<(), kudari::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// An unknown name, numbers that the loss does not take, or weights that are to be [balanced](Loss::for_data).
    pub fn named(text: &str) -> Result<&'static Loss> {
        let (loss, arguments) = Self::find(text)?;
        match arguments {
            Some(arguments) if loss.weighs => loss.with_weighing(text, &Weighing::parse(text, arguments)?),
            Some(numbers) => loss.with_numbers(text, numbers),
            None => Ok(loss),
        }
    }

    /// As [`Loss::named`] for these training data, where the weights may be `weights=balanced`: then all classes weigh the same,
    /// a sample of class k being worth n/(c·nₖ) (of n samples nₖ are of class k, and c classes have any; rounded to four
    /// digits, which the loss's name then holds). Classes without samples weigh 1.
    ///
    /// # Errors
    ///
    /// As [`Loss::named`], and weights or an ignored label that the data have no class for.
    pub fn for_data(text: &str, data: &Dataset) -> Result<&'static Loss> {
        match Self::find(text)? {
            (loss, Some(arguments)) if loss.weighs => {
                loss.with_weighing(text, &Weighing::parse(text, arguments)?.of_data(text, data)?)
            }
            _ => Self::named(text),
        }
    }

    /// The loss of a text, and what stands in its parentheses.
    fn find(text: &str) -> Result<(&'static Loss, Option<&str>)> {
        let (name, arguments) = match text.trim().strip_suffix(')').and_then(|t| t.split_once('(')) {
            Some((name, arguments)) => (name.trim(), Some(arguments)),
            None => (text.trim(), None),
        };
        Ok((LOSSES.iter().find(|l| l.name == name).ok_or_else(|| unknown(text, name))?, arguments))
    }

    /// The loss that weighs its samples so.
    fn with_weighing(&'static self, text: &str, weighing: &Weighing) -> Result<&'static Loss> {
        let Some(options) = weighing.options(text)? else { return Ok(self) };
        Ok(self.kept(format!("{}({weighing})", self.name), |loss| loss.weighing = Some(Box::leak(Box::new(options)))))
    }

    /// The loss with numbers for its parameters, separated by commas.
    fn with_numbers(&self, text: &str, numbers: &str) -> Result<&'static Loss> {
        let fail = |why: String| {
            let usual = |(name, value): &Parameter| format!("{name} = {value}");
            let usual = self.parameters.iter().map(usual).collect::<Vec<_>>().join(", ");
            let help = if usual.is_empty() { "write it without parentheses".into() } else { format!("usual is {usual}") };
            Error::new(ErrorKind::Notation, format!("loss `{text}`: {why}")).help(help)
        };
        let read = |number: &str| number.trim().parse().map_err(|_| fail(format!("`{}` is not a number", number.trim())));
        let numbers = numbers.split(',').map(read).collect::<Result<Vec<f64>>>()?;
        let count = self.parameters.len();
        if numbers.len() != count {
            return Err(fail(format!("{} takes {count} numbers, not {}", self.name, numbers.len())));
        }
        // The function itself knows which numbers it can use.
        let some = Variable::constant(Array::from([[0.5]]));
        (self.function)(&some, some.array(), &numbers)?;
        let written = numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        let name = format!("{}({written})", self.name);
        Ok(self.kept(name, |loss| loss.numbers = numbers.leak()))
    }

    /// The loss of this name, changed so where it was not asked for before.
    fn kept(&self, name: String, change: impl FnOnce(&mut Loss)) -> &'static Loss {
        let mut known = WITH_NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loss) = known.iter().find(|loss| loss.name == name) {
            return loss;
        }
        let mut loss = Loss { name: name.leak(), ..*self };
        change(&mut loss);
        let loss: &'static Loss = Box::leak(Box::new(loss));
        known.push(loss);
        loss
    }

    /// The name without numbers.
    pub(crate) fn word(&self) -> &'static str {
        self.name.split_once('(').map_or(self.name, |(word, _)| word)
    }

    /// The numbers of its parameters.
    fn numbers(&self) -> SmallVec<[f64; 2]> {
        match self.numbers {
            [] => self.parameters.iter().map(|(_, usual)| *usual).collect(),
            numbers => SmallVec::from_slice(numbers),
        }
    }

    /// The loss of outputs y `[n, …]` for a data set's targets: numbers, or class numbers `[n]`, which become one-hot
    /// rows (or a column of 0 and 1 for one output) where the loss compares element by element, and signs −1 and 1 for hinges.
    ///
    /// # Errors
    ///
    /// Outputs and targets that do not fit.
    pub fn of(&self, y: &Variable, t: &Array) -> Result<Variable> {
        let targets = self.targets(y.array(), t)?;
        match self.weighing {
            Some(options) => softmax_cross_entropy_with(y, targets, options),
            None => (self.function)(y, &targets, &self.numbers()),
        }
    }

    /// The loss of every row of outputs y `[n, …]` by itself, for targets as [`Loss::targets`] gives them: [`Loss::of`] is
    /// their sum, divided by [`Loss::divisor`] if the loss averages. No gradients.
    pub(super) fn of_rows(&self, y: &Array, targets: &Array) -> Result<Array> {
        match self.weighing {
            Some(options) => {
                let options = CrossEntropyOptions { reduction: Reduction::None, ..options.clone() };
                Ok(softmax_cross_entropy_with(&Variable::constant(y.clone()), targets.clone(), &options)?.into_array())
            }
            None => (self.rows)(y, targets, &self.numbers()),
        }
    }

    /// What a mean over these targets divides by: their number, or the weights of those that count. May be 0 where none does;
    /// the loss is 0 then.
    pub(super) fn divisor(&self, targets: &Array) -> Result<f64> {
        match self.weighing {
            Some(options) => weighing::divisor(options, targets),
            None => Ok(targets.shape().first().copied().unwrap_or(1) as f64),
        }
    }

    /// The label whose samples do not count, if there is one.
    pub(super) fn ignored_label(&self) -> Option<i64> {
        self.weighing.and_then(|options| options.ignored_label)
    }

    /// A data set's targets as the loss takes them for outputs y.
    pub(super) fn targets(&self, y: &Array, t: &Array) -> Result<Array> {
        if self.labels == Labels::Stay || t.dtype() != DType::I64 {
            return Ok(t.clone());
        }
        let hot = match *y.shape() {
            [n, 1] => t.to_dtype(y.dtype()).reshape(&[n as isize, 1])?,
            [_, classes] => t.one_hot(classes, y.dtype())?,
            _ => return Ok(t.clone()),
        };
        Ok(if self.labels == Labels::Signs { functions::signs(&hot) } else { hot })
    }

    /// Whether it is the cross-entropy of a sample's class, averaged over the samples, for outputs of this shape: then guessing
    /// with the classes' shares costs the entropy of the labels.
    pub fn is_cross_entropy_of_classes(&self, output_shape: &[usize]) -> bool {
        self.name == "softmax_cross_entropy"
            || self.name == "cross_entropy"
            || matches!(self.name, "sigmoid_cross_entropy" | "binary_cross_entropy") && output_shape == [1]
    }

    /// Whether it averages over the rows of a batch; the others are sums.
    pub fn averages(&self) -> bool {
        self.averages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_add_up_to_the_loss() {
        let wide = Array::from([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8], [0.4, 0.35, 0.25]]);
        let narrow = Array::from([[0.2], [-0.6], [3.0], [0.4]]);
        let probabilities = Array::from([[0.2, 0.8, 0.0], [1.0, 0.0, 0.0], [0.3, 0.3, 0.4], [0.0, 0.0, 1.0]]);
        let (classes, bits) = (Array::from([2i64, 0, 1, 1]), Array::from([1i64, 0, 0, 1]));
        let likely = Array::from([[0.2], [0.6], [0.999], [0.4]]);
        for loss in LOSSES {
            let mut cases = vec![(&wide, &classes), (&wide, &probabilities)];
            match (loss.labels, loss.name) {
                (Labels::Stay, _) => {}
                (_, "binary_cross_entropy") => cases.push((&likely, &bits)),
                _ => cases.push((&narrow, &bits)),
            }
            for (y, t) in cases {
                let whole = loss.of(&Variable::constant(y.clone()), t).unwrap().item().unwrap();
                let rows = loss.of_rows(y, &loss.targets(y, t).unwrap()).unwrap();
                assert_eq!(rows.shape(), [4]);
                let sum: f64 = rows.to_f64_vec().iter().sum();
                let expected = if loss.averages { sum / 4.0 } else { sum };
                assert!((whole - expected).abs() < 1e-15, "{}: {whole}, by rows {expected}", loss.name);
                // Each row is the loss of that sample alone.
                for (i, row) in rows.to_f64_vec().into_iter().enumerate() {
                    let only = |a: &Array| a.slice_axis(0, i as isize..i as isize + 1).unwrap();
                    let alone = loss.of(&Variable::constant(only(y)), &only(t)).unwrap().item().unwrap();
                    assert!((row - alone).abs() < 1e-15, "{} row {i}: {row}, alone {alone}", loss.name);
                }
            }
        }
    }

    #[test]
    fn labels_become_what_the_loss_compares_with() {
        let t = Array::from([1i64, 0]);
        let of = |name: &str, y: Array| Loss::named(name).unwrap().of(&Variable::constant(y), &t).unwrap().item().unwrap();
        assert_eq!(of("sum_squared_error", Array::from([[0.0, 1.0], [0.5, 0.0]])), 0.125);
        assert_eq!(of("mean_squared_error", Array::from([[1.0], [0.5]])), 0.125);
        assert!((of("sigmoid_cross_entropy", Array::from([[0.0], [0.0]])) - 2f64.ln()).abs() < 1e-15);
        assert!((of("softmax_cross_entropy", Array::from([[0.0, 0.0], [0.0, 0.0]])) - 2f64.ln()).abs() < 1e-15);
        // Hinges see signs: 1 − 0.5 for the right output and 1 − (−1)(−0.25) for the wrong one.
        assert_eq!(of("hinge", Array::from([[-0.25, 0.5], [3.0, -2.0]])), (0.75 + 0.5) / 2.0);
        assert_eq!(of("squared_hinge", Array::from([[0.5], [-0.5]])), 0.25);
        let error = Loss::named("softmax_crossentropy").err().unwrap();
        assert!(error.what_to_do().starts_with("did you mean `softmax_cross_entropy`?"));
    }
    #[test]
    fn numbers_in_parentheses() {
        let y = Variable::constant(Array::from([[0.0], [2.0]]));
        let of = |name: &str| Loss::named(name).unwrap().of(&y, &Array::from([[0.0], [0.0]])).unwrap().item().unwrap();
        assert_eq!([of("huber"), of("huber(1)"), of("huber(0.5)"), of("smooth_l1(0.5)")], [0.75, 0.75, 0.4375, 0.875]);
        let half = Loss::named(" huber( 0.50 ) ").unwrap();
        assert_eq!((half.name, half.word(), half.averages()), ("huber(0.5)", "huber", true));
        assert!(std::ptr::eq(half, Loss::named("huber(0.5)").unwrap()));
        let focal = Loss::named("focal(0.5,0)").unwrap();
        let (focal, entropy) =
            (focal.of(&y, &Array::from([1i64, 0])), functions::sigmoid_cross_entropy(&y, Array::from([[1.0], [0.0]])));
        assert!((2.0 * focal.unwrap().item().unwrap() - entropy.unwrap().item().unwrap()).abs() < 1e-15);
        for (text, what) in [
            ("huber()", "loss `huber()`: `` is not a number"),
            ("huber(x)", "loss `huber(x)`: `x` is not a number"),
            ("huber(1,2)", "loss `huber(1,2)`: huber takes 1 numbers, not 2"),
            ("hinge(1)", "loss `hinge(1)`: hinge takes 0 numbers, not 1"),
            ("huber(0)", "huber: δ is 0"),
            ("huber(nan)", "huber: δ is NaN"),
            ("focal(2,2)", "focal: α is 2"),
            ("hubr(1)", "unknown loss `hubr(1)`"),
        ] {
            assert_eq!(Loss::named(text).unwrap_err().what(), what);
        }
    }
}
