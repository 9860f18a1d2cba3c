//! `kudari check`: the gradients of a network against numerical differentiation.

use std::cell::Cell;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use kudari::array::Stream;
use kudari::check::check_network;
use kudari::data::Batch;
use kudari::layers::parameter_count;
use kudari::model::{Network, NetworkOptions};
use kudari::train::Loss;
use kudari::{DType, Error, ErrorKind, Variable, no_grad};
use serde_json::Value;

use super::{Sizes, input_shape, thread_count};
use crate::data;
use crate::failure::{Failure, OrUsage};
use crate::output::{self, Output, duration, json_object, with_commas};
use crate::plan::{fits_classes, has_parameters};

const EXAMPLES: &str = "\
Examples:
  kudari check \"linear(50) sigmoid linear(10)\" --data mnist --samples 2000
  kudari check \"linear(8) tanh linear(3)\" --input 4
  kudari check \"linear(8) relu linear(2)\" --data xor --json

Every derivative that backward gives (or N random ones with --samples) is
compared with differences of the loss in f64. The check passes if no relative
error is above 1e-5; otherwise the exit status is 1.
--json prints one object:
{\"checked\", \"max_relative_error\", \"worst\", \"passed\", \"kinks\"}.
Kinks are parameters at which the loss has no derivative, as relu has none
at 0; they count neither as right nor as wrong.";

/// The largest relative error that passes.
const TOLERANCE: f64 = 1e-5;
/// Losses that one derivative by differences takes, if all goes well: two central differences.
const LOSSES_EACH: u64 = 4;
/// A check that takes longer than this is announced.
const LONG: f64 = 2.0;

/// Check a network's gradients against numerical differentiation
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, group = clap::ArgGroup::new("from").args(["input", "data"]).required(true))]
pub struct Arguments {
    /// The network, e.g. "linear(50) sigmoid linear(10)"
    net: String,
    /// Random samples of this shape, e.g. 784, 1x28x28 or 1,28,28
    #[arg(long, value_name = "SHAPE", value_parser = input_shape)]
    input: Option<Sizes>,
    /// Number of classes of random samples, by default the network's outputs
    #[arg(long, value_name = "N", requires = "input")]
    classes: Option<usize>,
    /// Samples of mnist, digits, xor, moons, circles, spiral or a folder of IDX files
    #[arg(long)]
    data: Option<String>,
    /// Check this many parameters, chosen at random, instead of all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    samples: Option<u64>,
    /// The loss
    #[arg(long, default_value = "softmax_cross_entropy")]
    loss: String,
    /// Seed of parameters, samples and choice
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Samples in the batch whose loss is differentiated
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
    /// Threads to use, by default all processors
    #[arg(long, value_name = "N", value_parser = thread_count)]
    threads: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Checks.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    arguments.threads.iter().for_each(|&count| kudari::set_threads(count));
    let loss = Loss::named(&arguments.loss).or_usage()?;
    let (mut network, batch) = network_and_batch(arguments)?;
    has_parameters(&network).or_usage()?;
    let loss_of = |network: &Network| loss.of(&network.forward(&batch.x)?, &batch.t);
    no_grad(|| loss_of(&network)).or_usage()?;

    let total = parameter_count(&network) as u64;
    let count = arguments.samples.unwrap_or(total).min(total);
    let bar = announce(count, || no_grad(|| loss_of(&network)).map(|_| ()))?;
    let calls = Cell::new(0u64);
    let counted = |network: &Network| {
        calls.set(calls.get() + 1);
        if let Some(bar) = bar.as_ref().filter(|_| calls.get().is_multiple_of(LOSSES_EACH)) {
            bar.set_position(calls.get() / LOSSES_EACH);
        }
        loss_of(network)
    };
    let report = check_network(&mut network, counted, Some(count as usize), arguments.seed, TOLERANCE);
    bar.iter().for_each(ProgressBar::finish_and_clear);
    let report = report?;

    if arguments.json {
        output::print(json_object(&[
            ("checked", report.checked.into()),
            ("max_relative_error", report.max_relative_error.into()),
            ("worst", Value::from(report.worst)),
            ("passed", report.passed.into()),
            ("kinks", report.kinks.len().into()),
        ]))?;
    } else {
        let total = with_commas(total);
        output::print(format_args!("checked             {} of {total} parameters", with_commas(report.checked as u64)))?;
        output::print(format_args!("max relative error  {:.1e} (at most {TOLERANCE:.0e})", report.max_relative_error))?;
        if let (Some(worst), Some((backward, numerical))) = (&report.worst, report.values) {
            output::print(format_args!("worst               {worst}: backward {backward:.12e}, numerical {numerical:.12e}"))?;
        }
        for (name, kink) in report.kinks.iter().take(3) {
            output::print(format_args!("kink                {name}: {kink}"))?;
        }
        if report.kinks.len() > 3 {
            output::print(format_args!("                    and {} more kinks", report.kinks.len() - 3))?;
        }
        output::print(if report.passed { "passed" } else { "NOT passed: a backward rule is wrong" })?;
    }
    Ok(if report.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The network in f64, and the samples whose loss is differentiated.
fn network_and_batch(arguments: &Arguments) -> Result<(Network, Batch), Failure> {
    let options = NetworkOptions { seed: arguments.seed, initializer: None, double: true };
    let build = |shape: &[usize]| Network::new(&arguments.net, shape, &options).or_usage();
    if let Some(text) = &arguments.data {
        let data = data::labelled(text, None)?.with_dtype(DType::F64)?;
        let network = build(data.sample_shape())?;
        fits_classes(&network, data.classes().len()).or_usage()?;
        let size = (arguments.batch as usize).min(data.len());
        let batch = data.batches(size).or_usage()?.shuffled(arguments.seed).next();
        let batch = batch.ok_or_else(|| Error::new(ErrorKind::Value, format!("{text}: no samples")))?;
        return Ok((network, batch));
    }
    let shape = arguments.input.as_ref().map_or(&[][..], |sizes| &sizes.0);
    let network = build(shape)?;
    let outputs = network.output_shape().last().copied().unwrap_or(1);
    let classes = arguments.classes.unwrap_or(if outputs == 1 { 2 } else { outputs });
    fits_classes(&network, classes).or_usage()?;
    let (mut stream, size) = (Stream::new(arguments.seed, "samples to check"), arguments.batch as usize);
    let x = stream.uniform(&[&[size], shape].concat(), 0.0, 1.0, DType::F64).or_usage()?;
    Ok((network, Batch { x: Variable::constant(x), t: stream.integers(size, classes) }))
}

/// Measures what one loss takes, and says so beforehand if all of them will take long; gives a bar for these.
fn announce(count: u64, one_loss: impl Fn() -> kudari::Result<()>) -> Result<Option<ProgressBar>, Failure> {
    let (began, mut losses) = (Instant::now(), 0);
    while losses < 20 && began.elapsed() < Duration::from_millis(200) {
        one_loss()?;
        losses += 1;
    }
    let seconds = began.elapsed().as_secs_f64() / f64::from(losses) * (count * LOSSES_EACH) as f64;
    if seconds < LONG {
        return Ok(None);
    }
    let losses = with_commas(count * LOSSES_EACH);
    output::note(format_args!(
        "{} derivatives by differences take {losses} losses: about {}",
        with_commas(count),
        duration(seconds)
    ));
    let bar = Output::new(true, false).bar(count);
    if let (Some(bar), Ok(style)) = (&bar, ProgressStyle::with_template("{bar:20} {human_pos} of {human_len}, {eta} left")) {
        bar.set_style(style);
    }
    Ok(bar)
}
