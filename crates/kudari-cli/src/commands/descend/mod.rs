//! `kudari descend`: gradient descent on a formula.

mod draw;
mod draw_basins;
mod starts;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use kudari::check::{Difference, Numerical};
use kudari::descent::{Descent, Slope, Verdict, descend};
use kudari::expression::TextStyle;
use kudari::formula::{self, Formula, Known};
use kudari::{Error, ErrorKind, model, optimizers};
use kudari_plot::check_ending;
use serde_json::{Value, json};

use super::differentiate::{located, ranges};
use crate::failure::{Failure, OrUsage};
use crate::output::{self, json_object, number};
use watch::Watch;

const EXAMPLES: &str = "\
Examples:
  kudari descend \"x0^2 + x1^2\" --from -3,4 --learning-rate 0.1 --steps 100
      where it ends, and whether it converged, oscillated or diverged, and why
  kudari descend bowl --learning-rate 0.1,1,10,1e-10 --plot rates.svg
      several learning rates in one table and one picture
  kudari descend rosenbrock --optimizer sgd --optimizer momentum --learning-rate 1e-3
      several optimizers, written as for `kudari train`
  kudari descend \"x0^2 + x1^2\" --from -3,4 --learning-rate 10 --gradient numerical
      with central differences of h = 1e-4: how rounding makes an end point
  kudari descend himmelblau --starts 200 --plot basins.png
      random starts: which minimum each of them finds
  kudari descend beale --optimizer adam --learning-rate 0.1 --animate way.gif

Functions with names: bowl, saddle, rosenbrock, beale, himmelblau, rastrigin; they
bring a start, a learning rate and a number of steps. Formulas and numbers are as in
`kudari diff --help`. All is calculated in f64.
--json prints one object: {\"formula\", \"variables\", \"start\", \"gradient\", \"runs\":
[{\"optimizer\", \"learning_rate\", \"steps\", \"end\", \"value\", \"slope\", \"outcome\",
\"verdict\", \"factor\", \"lost\", \"nearest\"}]}; with --starts {\"formula\", …, \"starts\",
\"minima\": [{\"at\", \"value\", \"starts\", \"known\"}], \"on_their_way\", \"lost\"}.
--csv writes every step: run,optimizer,learning_rate,step,f,slope and the variables.";

/// Steps where neither `--steps` nor a function with a name says how many.
const STEPS: usize = 100;
const LEARNING_RATE: f64 = 0.1;
/// The step of numerical gradients.
const H: &str = "1e-4";

/// Descend on a formula step by step, and tell what happened
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The formula, e.g. "x0^2 + x1^2", or bowl, saddle, rosenbrock, beale, himmelblau, rastrigin
    #[arg(allow_hyphen_values = true)]
    formula: String,
    /// Where to begin: one number for each variable
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true, conflicts_with = "starts")]
    from: Option<String>,
    /// One or several learning rates: 0.1,1,10
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true)]
    learning_rate: Option<String>,
    /// An optimizer, as for `kudari train`; may be repeated
    #[arg(long, value_name = "NAME", default_value = "sgd")]
    optimizer: Vec<String>,
    /// How many steps
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: Option<u32>,
    /// Where the gradient comes from
    #[arg(long, value_enum, default_value = "exact")]
    gradient: Source,
    /// The step of the central differences of --gradient numerical
    #[arg(long, value_name = "H", allow_hyphen_values = true, default_value = H)]
    h: String,
    /// Descend from this many random points and tell which minima they find
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    starts: Option<u32>,
    /// Seed of the random points
    #[arg(long, value_name = "N", default_value_t = 1, requires = "starts")]
    seed: u64,
    /// The part that is drawn and in which random points lie: FROM,TO or FROM,TO,FROM,TO
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true)]
    range: Option<String>,
    /// Draw FILE.svg or FILE.png: the way on contours, the value over the steps; basins with --starts
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Draw the way step by step: FILE.gif, or FILE.html with a player
    #[arg(long, value_name = "FILE", conflicts_with = "starts")]
    animate: Option<PathBuf>,
    /// Write every step to FILE as comma-separated values
    #[arg(long, value_name = "FILE", conflicts_with = "starts")]
    csv: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Source {
    /// Backpropagation
    Exact,
    /// Central differences
    Numerical,
}

/// What is asked for, understood.
struct Task {
    formula: Formula,
    known: Option<&'static Known>,
    /// Optimizers with their learning rates.
    runs: Vec<(String, f64)>,
    steps: usize,
    slope: Slope,
    gradient: String,
    ranges: Option<[(f64, f64); 2]>,
}

/// One way down.
struct Run {
    optimizer: String,
    learning_rate: f64,
    descent: Descent,
    verdict: Verdict,
}

/// Descends.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    for (path, endings) in [(&arguments.plot, ["svg", "png"]), (&arguments.animate, ["gif", "html"])] {
        path.iter().try_for_each(|path| check_ending(path, &endings).map(|_| ())).or_usage()?;
    }
    let task = Task::new(arguments)?;
    let mut watch = Watch::new()?;
    if let Some(count) = arguments.starts {
        starts::run(&task, arguments, count as usize, &mut watch)?;
        return Ok(watch.exit_code());
    }
    let start = task.start(arguments)?;
    let mut runs = Vec::new();
    watch.begin(task.runs.len() * task.steps);
    for (name, learning_rate) in &task.runs {
        let mut optimizer = optimizers::parse(name, *learning_rate)?;
        let descent = descend(&task.formula, &start, optimizer.as_mut(), task.slope, task.steps, &mut |_| watch.go_on())?;
        let verdict = Verdict::new(&task.formula, &descent, task.minima());
        runs.push(Run { optimizer: name.clone(), learning_rate: *learning_rate, descent, verdict });
    }
    watch.finish();
    if arguments.json {
        output::print(task.json(&start, &runs))?;
    } else {
        task.print(&start, &runs)?;
    }
    if let Some(path) = &arguments.csv {
        model::write_atomically(path, task.csv(&runs).as_bytes())?;
    }
    if let Some(path) = &arguments.plot {
        kudari_plot::save(&draw::ways(&task, &runs)?, path)?;
    }
    if let Some(path) = &arguments.animate {
        draw::animation(&task, &runs, &mut watch)?.save(path)?;
        watch.finish();
    }
    Ok(watch.exit_code())
}

impl Task {
    fn new(arguments: &Arguments) -> Result<Task, Failure> {
        let (formula, known) = formula::read(&arguments.formula).or_usage()?;
        let usage = |what: String, help: &str| Failure::Usage(Error::new(ErrorKind::Value, what).help(help));
        if formula.variables().is_empty() {
            return Err(usage("the formula has no variable to move".into(), "write e.g. x0^2 + x1^2"));
        }
        let given =
            |name: &str, text: &str| formula::numbers(text).map_err(|e| e.context(format_args!("--{name} {text}"))).or_usage();
        let rates = match &arguments.learning_rate {
            Some(text) => given("learning-rate", text)?,
            None => vec![known.map_or(LEARNING_RATE, |known| known.learning_rate)],
        };
        let mut runs = Vec::new();
        for name in &arguments.optimizer {
            for &rate in &rates {
                optimizers::parse(name, rate).or_usage()?;
                runs.push((name.clone(), rate));
            }
        }
        let h = given("h", &arguments.h)?;
        let [h] = h[..] else { return Err(usage(format!("--h {}", arguments.h), "one step above 0, e.g. 1e-4")) };
        if h <= 0.0 {
            return Err(usage(format!("--h {}", arguments.h), "a step above 0, e.g. 1e-4"));
        }
        let (slope, gradient) = match arguments.gradient {
            Source::Exact => (Slope::Exact, "exact gradient".to_string()),
            Source::Numerical => (
                Slope::Numerical(Numerical::new().difference(Difference::Central).step(h)),
                format!("central differences, h = {}", output::step(h)),
            ),
        };
        let ranges = match &arguments.range {
            Some(text) => Some(ranges(text, &given("range", text)?).or_usage()?),
            None => known.map(|known| known.range),
        };
        if arguments.animate.is_some() && formula.variables().len() > 2 {
            let what =
                format!("--animate: a way is drawn for one or two variables, the formula has {}", formula.variables().len());
            return Err(usage(what, "use --plot, which draws the value over the steps"));
        }
        let steps = arguments.steps.map_or(known.map_or(STEPS, |known| known.steps), |steps| steps as usize);
        Ok(Task { formula, known, runs, steps, slope, gradient, ranges })
    }

    fn start(&self, arguments: &Arguments) -> Result<Vec<f64>, Failure> {
        let start = match (&arguments.from, self.known) {
            (Some(text), _) => formula::numbers(text).map_err(|e| e.context(format_args!("--from {text}"))).or_usage()?,
            (None, Some(known)) => known.start.to_vec(),
            (None, None) => {
                let error = Error::new(ErrorKind::Value, "where to begin is not said");
                let names = self.formula.variables().join(",");
                return Err(Failure::Usage(
                    error.help(format!("add --from with numbers for {names}, or --starts N for random points")),
                ));
            }
        };
        self.formula.check_count(start.len()).or_usage()?;
        Ok(start)
    }

    fn minima(&self) -> &'static [[f64; 2]] {
        self.known.map_or(&[], |known| known.minima)
    }

    /// f(x0, x1) = x0² + x1²
    fn headline(&self) -> String {
        format!("f({}) = {}", self.formula.variables().join(", "), self.formula.text(TextStyle::Unicode))
    }

    fn print(&self, start: &[f64], runs: &[Run]) -> Result<(), Failure> {
        output::print(self.headline())?;
        if let Some(known) = self.known {
            output::print(format_args!("{}: {}", known.name, known.about))?;
        }
        output::print(format_args!("from {}, {}", located("", start), self.gradient))?;
        match runs {
            [run] => self.print_one(run),
            _ => self.print_several(runs),
        }
    }

    fn print_one(&self, run: &Run) -> Result<(), Failure> {
        let descent = &run.descent;
        output::print(format_args!("{}\n", run.name()))?;
        let mut heads = vec!["step".to_string()];
        heads.extend(self.formula.variables().iter().cloned());
        heads.extend(["f".to_string(), "|∇f|".to_string()]);
        let mut rows = vec![heads];
        for step in worth_showing(descent.steps()) {
            let mut row = vec![step.to_string()];
            row.extend(descent.path[step].iter().map(|&x| short(x)));
            row.extend([short(descent.values[step]), short(descent.slopes[step])]);
            rows.push(row);
        }
        output::table(&rows)?;
        output::print(format_args!("\nend      {}", located("", descent.end())))?;
        output::print(format_args!("f        {}", number(run.value())))?;
        if let Some((minimum, distance)) = &run.verdict.nearest {
            output::print(format_args!("minimum  {}, distance {distance:.1e}", located("", minimum)))?;
        }
        output::print(format_args!("verdict  {}", run.verdict.text))
    }

    fn print_several(&self, runs: &[Run]) -> Result<(), Failure> {
        output::print("")?;
        let mut rows = vec![["optimizer", "η", "steps", "end", "f", "verdict"].map(str::to_string).to_vec()];
        for run in runs {
            let end: Vec<String> = run.descent.end().iter().map(|&x| short(x)).collect();
            rows.push(vec![
                run.optimizer.clone(),
                number(run.learning_rate),
                run.descent.steps().to_string(),
                format!("({})", end.join(", ")),
                short(run.value()),
                run.verdict.text.clone(),
            ]);
        }
        output::table(&rows)
    }

    fn json(&self, start: &[f64], runs: &[Run]) -> String {
        let run = |run: &Run| {
            let (descent, verdict) = (&run.descent, &run.verdict);
            let lost = descent.lost.as_ref().map(|lost| {
                json!({ "from": lost.from, "variable": self.formula.variables()[lost.variable], "all_from": lost.all_from })
            });
            json!({
                "optimizer": run.optimizer,
                "learning_rate": run.learning_rate,
                "steps": descent.steps(),
                "end": descent.end(),
                "value": run.value(),
                "slope": descent.slopes.last(),
                "outcome": verdict.outcome.word(),
                "verdict": verdict.text,
                "factor": verdict.factor,
                "lost": lost,
                "stopped": descent.stopped.as_ref().map(Error::what),
                "nearest": verdict.nearest.as_ref().map(|(minimum, distance)| json!({ "minimum": minimum, "distance": distance })),
            })
        };
        json_object(&[
            ("formula", self.formula.text(TextStyle::Ascii).into()),
            ("variables", self.formula.variables().into()),
            ("start", start.into()),
            ("gradient", self.gradient.as_str().into()),
            ("runs", runs.iter().map(run).collect::<Vec<Value>>().into()),
        ])
    }

    /// Every step of every run.
    fn csv(&self, runs: &[Run]) -> String {
        let mut text = format!("run,optimizer,learning_rate,step,f,slope,{}\n", self.formula.variables().join(","));
        for (i, run) in runs.iter().enumerate() {
            // Some optimizers are written with a comma.
            let optimizer = if run.optimizer.contains(',') { format!("\"{}\"", run.optimizer) } else { run.optimizer.clone() };
            for (step, place) in run.descent.path.iter().enumerate() {
                let place: Vec<String> = place.iter().map(f64::to_string).collect();
                let (value, slope) = (run.descent.values[step], run.descent.slopes[step]);
                text += &format!("{},{optimizer},{},{step},{value},{slope},{}\n", i + 1, run.learning_rate, place.join(","));
            }
        }
        text
    }
}

impl Run {
    fn name(&self) -> String {
        format!("{}, η = {}", self.optimizer, number(self.learning_rate))
    }

    fn value(&self) -> f64 {
        self.descent.values.last().copied().unwrap_or(f64::NAN)
    }
}

/// Steps 0, 1, 2, 5, 10, 20, 50, … and the last.
fn worth_showing(last: usize) -> Vec<usize> {
    let powers = std::iter::successors(Some(1usize), |power| power.checked_mul(10));
    let round = powers.flat_map(|power| [1, 2, 5].map(|digit| digit * power)).take_while(|&step| step < last);
    let mut steps: Vec<usize> = std::iter::once(0).chain(round).collect();
    if last > 0 {
        steps.push(last);
    }
    steps
}

/// A number in few digits.
fn short(value: f64) -> String {
    output::rounded(value).replace('−', "-")
}
