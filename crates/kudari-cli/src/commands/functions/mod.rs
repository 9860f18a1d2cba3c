//! `kudari functions`: all differentiable functions, how far they are right and how fast they are.

mod show;

use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use kudari::check::{FunctionReport, check_function};
use kudari::functions::{Entry, function_named, registry};
use kudari::profile::{FunctionTime, function_time};

use self::show::{Table, json, print_one};
use super::thread_count;
use crate::failure::{Failure, OrUsage};
use crate::output::{self, Output};

const EXAMPLES: &str = "\
Examples:
  kudari functions
      all functions in a table, family by family
  kudari functions gelu softmax
      everything about these two
  kudari functions --json | jq '.[] | select(.family == \"losses\") | .name'

The columns:
  order     to which the gradient agrees with numerical differentiation, in f64
            and on all samples of the registry: first derivatives within 1e-6,
            second ones within 1e-5, relative
  f64, f32  the largest relative error of values and gradients against reference
            values of PyTorch, SciPy or long arithmetic: relative to the largest
            element of the array, for values of elementwise functions to each;
            0 where all digits are the same
  forward,  nanoseconds for each element of the largest array, input or result,
  backward  in f32 at about 65,536 elements. Backward gives the gradients by all
            inputs. <0.01 is no more than bookkeeping.
Checks and times are made while you wait, a few seconds for all; the errors are
those that kudari's tests measured.
--json prints one array of objects: with the errors of values and gradients, of
first and second derivatives, and the shapes that were timed.
If a gradient is wrong the exit status is 1.";

/// How long a function is timed among all, and by itself.
const AMONG_ALL: Duration = Duration::from_millis(15);
const BY_ITSELF: Duration = Duration::from_millis(200);

/// List all differentiable functions with formulas, checks, errors and times
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Functions of which to show everything, e.g. gelu
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Threads to use for the times; more than one only pays for functions that calculate much
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = thread_count)]
    threads: usize,
    /// Print one array of JSON objects
    #[arg(long)]
    json: bool,
}

/// A function and what was measured.
struct Measured {
    entry: &'static Entry,
    report: FunctionReport,
    time: Option<FunctionTime>,
}

impl Measured {
    fn new(entry: &'static Entry, time: Duration) -> Result<Measured, Failure> {
        Ok(Measured { entry, report: check_function(entry), time: function_time(entry, time)? })
    }
}

/// Lists.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let named = arguments.names.iter().map(|name| function_named(name)).collect::<kudari::Result<Vec<_>>>().or_usage()?;
    kudari::set_threads(arguments.threads);
    let (entries, time) = if named.is_empty() { (registry().collect(), AMONG_ALL) } else { (named, BY_ITSELF) };

    let table = (arguments.names.is_empty() && !arguments.json).then(|| Table::new(&entries));
    let bar = bar(arguments, entries.len());
    let mut all: Vec<Measured> = Vec::new();
    for entry in entries {
        let measured = Measured::new(entry, time)?;
        let show = || match &table {
            _ if arguments.json => Ok(()),
            Some(table) => table.print(&measured, all.last()),
            None => print_one(&measured, all.is_empty()),
        };
        bar.as_ref().map_or_else(show, |bar| bar.suspend(show))?;
        all.push(measured);
        bar.iter().for_each(|bar| bar.inc(1));
    }
    bar.iter().for_each(ProgressBar::finish_and_clear);
    if arguments.json {
        output::print(format_args!("[{}]", all.iter().map(json).collect::<Vec<_>>().join(", ")))?;
    } else if let Some(table) = table {
        table.print_end(all.len())?;
    }
    let failures: Vec<&String> = all.iter().flat_map(|measured| &measured.report.failures).collect();
    failures.iter().for_each(|failure| output::note(format_args!("wrong gradient: {failure}")));
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A bar for all functions, if standard error is a terminal.
fn bar(arguments: &Arguments, count: usize) -> Option<ProgressBar> {
    let bar = Output::new(arguments.json, !arguments.names.is_empty()).bar(count as u64);
    if let (Some(bar), Ok(style)) = (&bar, ProgressStyle::with_template("{bar:20} {pos} of {len} functions")) {
        bar.set_style(style);
    }
    bar
}
