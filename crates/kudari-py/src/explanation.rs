//! Worked calculations for Python.

use std::path::Path;

use kudari::DType;
use kudari::explain::{
    Carry, Document, Example, Explanation, HtmlFormat, Language, LatexFormat, Notation, Options, Problem, TextFormat,
};
use kudari::layers::Layer;
use kudari::optimizers::usual_learning_rate;
use kudari::train::Loss;
use numpy::PyUntypedArray;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::OrRaise;
use crate::network::Network;
use crate::operand::array_of;

/// Adds this file's functions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(explain_name, module)?)?;
    module.add_function(wrap_pyfunction!(explain_worksheet, module)?)?;
    module.add_function(wrap_pyfunction!(explain_network, module)?)?;
    module.add_function(wrap_pyfunction!(explainable_names, module)?)
}

/// A worked calculation, in the forms in which it can be written.
#[pyclass(frozen, module = "kudari._core")]
pub struct Worked {
    what: What,
    options: Options,
    all: bool,
}

enum What {
    Example(Box<Example>),
    Explanation(Box<Explanation>),
}

impl Worked {
    fn written<R>(&self, write: impl FnOnce(&Document<'_>) -> R) -> R {
        match &self.what {
            What::Example(example) => write(&example.document(&example.lines(&self.options), self.all)),
            What::Explanation(explanation) => write(&explanation.document(&explanation.lines())),
        }
    }
}

#[pymethods]
impl Worked {
    /// text(lang, ascii, columns).
    fn text(&self, lang: &str, ascii: bool, columns: usize) -> PyResult<String> {
        let language = Language::named(lang).or_raise()?;
        Ok(self.written(|document| document.text(&TextFormat { language, ascii, colours: false, columns })))
    }

    /// html(lang): a page of its own.
    fn html(&self, lang: &str) -> PyResult<String> {
        let language = Language::named(lang).or_raise()?;
        Ok(self.written(|document| document.html(&HtmlFormat { language })))
    }

    /// latex(lang, body): a document, or what stands in one.
    fn latex(&self, lang: &str, body: bool) -> PyResult<String> {
        let language = Language::named(lang).or_raise()?;
        Ok(self.written(|document| document.latex(&LatexFormat { language, body })))
    }

    /// markdown(lang).
    fn markdown(&self, lang: &str) -> PyResult<String> {
        let language = Language::named(lang).or_raise()?;
        Ok(self.written(|document| document.markdown(language)))
    }

    /// All numbers, as JSON.
    fn json(&self) -> String {
        match &self.what {
            What::Example(example) => example.json().to_string(),
            What::Explanation(explanation) => explanation.json().to_string(),
        }
    }

    /// check(answers, lang): judges somebody's own numbers, a line each as in ``z1 = 0.6457``; the text, and whether all are right.
    fn check(&self, answers: &str, lang: &str) -> PyResult<(String, bool)> {
        let What::Explanation(explanation) = &self.what else {
            return Err(PyValueError::new_err("an example has no answers to check\n  explain a network or a worksheet"));
        };
        let format = TextFormat { language: Language::named(lang).or_raise()?, ascii: false, colours: false, columns: 110 };
        let judged = explanation.judge(answers).or_raise()?;
        Ok((explanation.answers_text(&judged, &format), judged.iter().all(|one| one.is_right())))
    }
}

/// What to show and how, as a dictionary with all of these keys.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Settings {
    digits: usize,
    carry: String,
    notation: Option<String>,
    terms: Option<usize>,
    only: Option<String>,
    unit: Option<String>,
    steps: usize,
    optimizer: Option<String>,
    learning_rate: Option<f64>,
}

impl Settings {
    fn options(&self) -> PyResult<Options> {
        let refuse = |what: String, expected: &str| Err(PyValueError::new_err(format!("{what}\n  expected: {expected}")));
        if !(1..=15).contains(&self.digits) {
            return refuse(format!("{} digits", self.digits), "1 to 15");
        }
        let carry = match &self.carry[..] {
            "exact" => Carry::Exact,
            "shown" => Carry::Shown,
            other => return refuse(format!("carry = {other:?}"), "'exact' or 'shown'"),
        };
        let notation = match self.notation.as_deref() {
            None => Notation::Automatic,
            Some("index") => Notation::Index,
            Some("matrix") => Notation::Matrix,
            Some(other) => return refuse(format!("notation = {other:?}"), "'index', 'matrix' or None"),
        };
        let (only, unit) = (self.only.clone(), self.unit.clone());
        Ok(Options {
            digits: self.digits,
            carry,
            notation,
            terms: self.terms.unwrap_or(usize::MAX),
            only,
            unit,
            steps: self.steps,
        })
    }
}

/// The names of the functions and layers that have a tiny example.
#[pyfunction]
fn explainable_names() -> Vec<&'static str> {
    Example::names().collect()
}

/// explain_name(name, settings, all): a tiny example of a function or layer.
#[pyfunction]
fn explain_name(name: &str, settings: Settings, all: bool) -> PyResult<Worked> {
    let options = settings.options()?;
    Ok(Worked { what: What::Example(Box::new(Example::named(name).or_raise()?)), options, all })
}

fn of_problem(mut problem: Problem, settings: &Settings) -> PyResult<Worked> {
    let options = settings.options()?;
    if let Some(optimizer) = &settings.optimizer {
        problem = problem.with_optimizer(optimizer).or_raise()?;
        problem.learning_rate = usual_learning_rate(optimizer).unwrap_or(problem.learning_rate);
    }
    if let Some(rate) = settings.learning_rate {
        if !(rate.is_finite() && rate > 0.0) {
            return Err(PyValueError::new_err(format!("a learning rate of {rate}\n  expected: a number above 0")));
        }
        problem.learning_rate = rate;
    }
    let explanation = Explanation::new(problem, options.clone()).or_raise()?;
    Ok(Worked { what: What::Explanation(Box::new(explanation)), options, all: true })
}

/// explain_worksheet(worksheet, settings): a worksheet in TOML, its path or its text.
#[pyfunction]
fn explain_worksheet(worksheet: &str, settings: Settings) -> PyResult<Worked> {
    let problem = match worksheet.contains('\n') {
        true => Problem::from_worksheet(worksheet, "worksheet"),
        false => Problem::load_worksheet(Path::new(worksheet)),
    };
    of_problem(problem.or_raise()?, &settings)
}

/// explain_network(network, x, t, name, loss, settings): one step of training of a network on samples.
#[pyfunction]
fn explain_network(
    network: &Network,
    x: &Bound<'_, PyUntypedArray>,
    t: &Bound<'_, PyUntypedArray>,
    name: String,
    loss: &str,
    settings: Settings,
) -> PyResult<Worked> {
    let mut copy = network.copy()?;
    copy.convert(DType::F64).or_raise()?;
    let target = array_of(t)?;
    let target = if target.dtype().is_float() { target.to_dtype(DType::F64) } else { target };
    let input = array_of(x)?.to_dtype(DType::F64);
    let loss = Loss::named(loss).or_raise()?;
    let problem = Problem { name, network: copy, loss, input, target, optimizer: "sgd".into(), learning_rate: 0.1 };
    of_problem(problem, &settings)
}
