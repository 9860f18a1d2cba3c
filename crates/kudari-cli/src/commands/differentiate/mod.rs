//! What `kudari diff` and `kudari gradient` share: options, tables, JSON.

mod draw;

pub use draw::{cut, ranges};

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use kudari::check::{Cause, Derivatives, Difference, Numerical, Sweep, derivatives, steps_between};
use kudari::expression::{Expression, TextStyle};
use kudari::formula::{self, Formula};
use kudari::{Error, ErrorKind};
use kudari_plot::check_ending;
use serde_json::{Value, json};

use crate::failure::{Failure, OrUsage};
use crate::output::{self, json_object, number};

/// Steps of a sweep where `--sweep` names none.
const SWEEP: &str = "1,1e-18";

/// The options of both commands.
#[derive(clap::Args)]
pub struct Options {
    /// The formula, e.g. "x^2 + 4^2", or the name of a function (see kudari gradient --help)
    #[arg(allow_hyphen_values = true)]
    formula: String,
    /// Where to differentiate; may be repeated
    #[arg(long, value_name = "NUMBERS", required = true, allow_hyphen_values = true)]
    at: Vec<String>,
    /// The step of the difference; by default one that suits the point
    #[arg(long, value_name = "H", allow_hyphen_values = true)]
    h: Option<String>,
    /// The difference; by default richardson, or central where --h or --sweep is given
    #[arg(long, value_enum)]
    method: Option<Method>,
    /// Try all steps h in powers of ten between two
    #[arg(long, value_name = "FROM,TO", num_args = 0..=1, default_missing_value = SWEEP, conflicts_with = "h")]
    sweep: Option<String>,
    /// Draw FILE.svg or FILE.png: the curve with its tangents, arrows on contours for two variables, or the errors of
    /// --sweep
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// The part that is drawn, for one variable or both: FROM,TO or FROM,TO,FROM,TO
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true, requires = "plot")]
    range: Option<String>,
    /// Draw arrows up the slope (the gradient) instead of down (its opposite)
    #[arg(long, requires = "plot")]
    ascent: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Method {
    /// (f(x + h) - f(x - h)) / 2h
    Central,
    /// (f(x + h) - f(x)) / h
    Forward,
    /// Central differences of h and h/2, extrapolated
    Richardson,
}

impl Method {
    fn difference(self) -> Difference {
        match self {
            Method::Central => Difference::Central,
            Method::Forward => Difference::Forward,
            Method::Richardson => Difference::Richardson,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Method::Central => "central",
            Method::Forward => "forward",
            Method::Richardson => "richardson",
        }
    }
}

/// What is asked for, understood.
struct Task {
    formula: Formula,
    points: Vec<Vec<f64>>,
    method: Method,
    /// The only difference to draw, if one was asked for.
    only: Option<Difference>,
    step: Option<f64>,
    sweep: Option<Vec<f64>>,
    ranges: Option<[(f64, f64); 2]>,
}

/// Differentiates; for formulas of one variable only, every number of `--at` is a point of its own.
pub fn run(options: &Options, one_variable: bool) -> Result<ExitCode, Failure> {
    let task = Task::new(options, one_variable)?;
    let mut numerical = Numerical::new().difference(task.method.difference());
    if let Some(h) = task.step {
        numerical = numerical.step(h);
    }
    let of = |at: &Vec<f64>| derivatives(&task.formula, at, &numerical);
    let found = task.points.iter().map(of).collect::<kudari::Result<Vec<_>>>()?;
    let sweeps = task.sweeps(&found);
    if options.json {
        output::print(task.json(&found, &sweeps))?;
    } else {
        task.print(&found)?;
        for sweep in &sweeps {
            task.print_sweep(sweep)?;
        }
    }
    if let Some(path) = &options.plot {
        let picture =
            if task.sweep.is_some() { draw::errors(&task, &sweeps)? } else { draw::formula(&task, &found, options.ascent)? };
        kudari_plot::save(&picture, path)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The errors of one derivative for many steps.
struct SweepOf<'a> {
    variable: &'a str,
    at: &'a [f64],
    index: usize,
    exact: f64,
    sweep: Sweep,
}

impl Task {
    fn new(options: &Options, one_variable: bool) -> Result<Task, Failure> {
        if let Some(path) = &options.plot {
            check_ending(path, &["svg", "png"]).or_usage()?;
        }
        let (formula, known) = formula::read(&options.formula).or_usage()?;
        let given =
            |name: &str, text: &str| formula::numbers(text).map_err(|e| e.context(format_args!("--{name} {text}"))).or_usage();
        let mut all = Vec::new();
        for text in &options.at {
            let numbers = given("at", text)?;
            if one_variable { all.extend(numbers.into_iter().map(|x| vec![x])) } else { all.push(numbers) }
        }
        if one_variable && formula.variables().len() > 1 {
            let what = format!("the formula has {} variables, {}", formula.variables().len(), formula.variables().join(", "));
            return Err(Failure::Usage(Error::new(ErrorKind::Shape, what).help("use `kudari gradient` for several variables")));
        }
        for point in &all {
            formula.check_count(point.len()).or_usage()?;
        }
        let positive = |name: &str, text: &str, count: usize| {
            let numbers = given(name, text)?;
            if numbers.len() == count && numbers.iter().all(|&h| h > 0.0) {
                return Ok(numbers);
            }
            let error = Error::new(ErrorKind::Value, format!("--{name} {text}"));
            Err(Failure::Usage(error.help(if count == 1 {
                "a step above 0, e.g. 1e-4"
            } else {
                "two steps above 0, e.g. 1e-1,1e-18"
            })))
        };
        let step = options.h.as_ref().map(|text| positive("h", text, 1)).transpose()?.map(|h| h[0]);
        let sweep = options.sweep.as_ref().map(|text| positive("sweep", text, 2)).transpose()?;
        let automatic = step.is_none() && sweep.is_none();
        let ranges = match &options.range {
            Some(text) => Some(draw::ranges(text, &given("range", text)?).or_usage()?),
            None => known.map(|known| known.range),
        };
        let variables = formula.variables().len();
        if options.plot.is_some() && !(1..=2).contains(&variables) && sweep.is_none() {
            let what = format!("--plot: a picture shows one or two variables, the formula has {variables}");
            return Err(Failure::Usage(
                Error::new(ErrorKind::Value, what).help("leave --plot out, or put numbers in place of the others"),
            ));
        }
        Ok(Task {
            formula,
            points: all,
            method: options.method.unwrap_or(if automatic { Method::Richardson } else { Method::Central }),
            only: options.method.map(Method::difference),
            step,
            sweep: sweep.map(|ends| steps_between(ends[0], ends[1], 1)),
            ranges,
        })
    }

    /// f(x0, x1)
    fn head(&self) -> String {
        format!("f({})", self.formula.variables().join(", "))
    }

    fn text(expression: &Expression, style: TextStyle) -> String {
        expression.text(style, &|name| name.clone())
    }

    /// f′(x), or ∂f/∂x for one of several variables.
    fn derivative_name(&self, index: usize) -> String {
        match self.formula.variables() {
            [x] => format!("f′({x})"),
            several => format!("∂f/∂{}", several.get(index).map_or("", String::as_str)),
        }
    }

    /// The difference and its step, as the head of a column.
    fn method_text(&self) -> String {
        let name = self.method.name();
        self.step.map_or(format!("{name}, automatic h"), |h| format!("{name}, h = {}", output::step(h)))
    }

    fn print(&self, found: &[Derivatives]) -> Result<(), Failure> {
        output::print(format_args!("{} = {}", self.head(), self.formula.text(TextStyle::Unicode)))?;
        for i in 0..self.formula.variables().len() {
            let rule =
                self.formula.derivative(i).map_or("(too long to be read)".to_string(), |d| Task::text(&d, TextStyle::Unicode));
            output::print(format_args!("{} = {rule}", self.derivative_name(i)))?;
        }
        for (at, found) in self.points.iter().zip(found) {
            output::print(format_args!("\n{} = {}", located("f", at), number(found.value)))?;
            let heads = ["", "backpropagation", "by the rules", &self.method_text(), "difference"];
            let mut rows = vec![heads.map(str::to_string).to_vec()];
            let mut notes = Vec::new();
            for (i, &exact) in found.exact.iter().enumerate() {
                let (value, difference) = match &found.numerical[i] {
                    Ok(estimate) if estimate.lost => {
                        (number(estimate.value), format!("all digits lost: {} + h = {0}", number(at[i])))
                    }
                    Ok(estimate) => (number(estimate.value), small(estimate.value - exact)),
                    Err(error) => {
                        notes.push(format!("no difference: {}", error.what()));
                        ("-".to_string(), "-".to_string())
                    }
                };
                let by_rules = found.by_rules[i].map_or("-".to_string(), number);
                rows.push(vec![self.derivative_name(i), number(exact), by_rules, value, difference]);
            }
            output::table(&rows)?;
            for note in notes {
                output::print(note)?;
            }
        }
        Ok(())
    }

    /// A sweep for every derivative at every point.
    fn sweeps<'a>(&'a self, found: &[Derivatives]) -> Vec<SweepOf<'a>> {
        let steps = self.sweep.as_deref().unwrap_or_default();
        let each = self
            .points
            .iter()
            .zip(found)
            .flat_map(|(at, found)| found.exact.iter().enumerate().map(move |(index, &exact)| (at, index, exact)));
        let sweeps = each.map(|(at, index, exact)| SweepOf {
            variable: &self.formula.variables()[index],
            at,
            index,
            exact,
            sweep: self.sweep_at(self.method.difference(), at, index, exact, steps),
        });
        if self.sweep.is_some() { sweeps.collect() } else { Vec::new() }
    }

    fn sweep_at(&self, difference: Difference, at: &[f64], index: usize, exact: f64, steps: &[f64]) -> Sweep {
        let along = |x: f64| {
            let mut moved = at.to_vec();
            moved[index] = x;
            self.formula.value(&moved)
        };
        Sweep::new(difference, along, at[index], exact, steps)
    }

    fn print_sweep(&self, of: &SweepOf<'_>) -> Result<(), Failure> {
        let (name, exact) = (self.derivative_name(of.index), number(of.exact));
        output::print(format_args!("\n{name} at {}, {} difference; exact {exact}", located("", of.at), self.method.name()))?;
        let mut rows = vec![["h", "difference", "error", ""].map(str::to_string).to_vec()];
        let best = of.sweep.best().map(|best| best.step);
        for row in &of.sweep.rows {
            let remark = match row.cause {
                _ if Some(row.step) == best => "← best",
                Cause::Truncation => "truncation",
                Cause::Rounding => "rounding",
                Cause::Lost => "all digits lost",
                Cause::Undefined => "no value there",
            };
            rows.push(vec![format!("{:e}", row.step), number(row.value), small(row.error), remark.to_string()]);
        }
        output::table(&rows)?;
        of.sweep.reasons().iter().try_for_each(output::print)
    }

    fn json(&self, found: &[Derivatives], sweeps: &[SweepOf<'_>]) -> String {
        let names = self.formula.variables();
        let rules = (0..names.len()).map(|i| self.formula.derivative(i).map(|d| Task::text(&d, TextStyle::Ascii)));
        let point = |(at, found): (&Vec<f64>, &Derivatives)| {
            let estimates = |of: &dyn Fn(&kudari::check::Estimate) -> Value| -> Vec<Value> {
                found.numerical.iter().map(|e| e.as_ref().map_or(Value::Null, of)).collect()
            };
            let differences = found.numerical.iter().zip(&found.exact);
            json!({
                "at": at,
                "value": found.value,
                "gradient": found.exact,
                "by_rules": found.by_rules,
                "numerical": estimates(&|e| e.value.into()),
                "difference": differences.map(|(e, x)| e.as_ref().ok().map(|e| e.value - x)).collect::<Vec<_>>(),
                "step": estimates(&|e| e.step.into()),
                "lost": estimates(&|e| e.lost.into()),
            })
        };
        let sweep = |of: &SweepOf<'_>| {
            let row = |row: &kudari::check::SweepRow| json!({ "h": row.step, "value": row.value, "error": row.error, "cause": format!("{:?}", row.cause).to_lowercase() });
            json!({
                "variable": of.variable,
                "at": of.at,
                "exact": of.exact,
                "best": of.sweep.best().map(|best| best.step),
                "rows": of.sweep.rows.iter().map(row).collect::<Vec<_>>(),
                "reasons": of.sweep.reasons(),
            })
        };
        json_object(&[
            ("formula", self.formula.text(TextStyle::Ascii).into()),
            ("variables", names.into()),
            ("derivatives", rules.collect::<Vec<_>>().into()),
            ("method", self.method.name().into()),
            ("points", self.points.iter().zip(found).map(point).collect::<Vec<_>>().into()),
            ("sweeps", sweeps.iter().map(sweep).collect::<Vec<_>>().into()),
        ])
    }
}

/// f(3, 4)
pub fn located(name: &str, at: &[f64]) -> String {
    let numbers: Vec<String> = at.iter().map(|&x| number(x)).collect();
    match (name, &numbers[..]) {
        ("", [one]) => one.clone(),
        _ => format!("{name}({})", numbers.join(", ")),
    }
}

/// An error in few digits.
fn small(error: f64) -> String {
    if error == 0.0 { "0".to_string() } else { format!("{error:.1e}") }
}
