//! `kudari bench`: how fast training is on this machine.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use kudari::array::Stream;
use kudari::model::{Network, NetworkOptions};
use kudari::optimizers::{Optimizer, Sgd};
use kudari::train::Loss;
use kudari::{Array, DType, Result, Variable, with_precision};
use serde_json::{Value, json};

use super::{Numbers, thread_count};
use crate::failure::Failure;
use crate::output::{self, json_object, with_commas};

const EXAMPLES: &str = "\
Examples:
  kudari bench
  kudari bench --threads 1 --json
  kudari bench --dtype bf16

An iteration is forward, backward and the optimizer's step on one fixed random
batch; no data are read, shuffled or measured. A figure is the median of
five repetitions of about 0.6 s after a warm-up, with the range of the five.
The time of a function is that of adding one number, 1,000 times in a chain:
bookkeeping and hardly any arithmetic; backward includes freeing the graph.";

/// Measure iterations per second and the bookkeeping of a function
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Threads to use, by default all processors
    #[arg(long, value_name = "N", value_parser = thread_count)]
    threads: Option<usize>,
    /// Type of number
    #[arg(long, default_value = "f32")]
    dtype: Numbers,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const WARM_UP: Duration = Duration::from_millis(500);
const REPETITION: Duration = Duration::from_millis(600);
const REPETITIONS: usize = 5;
/// Functions in the chain whose bookkeeping is timed.
const CHAIN: u32 = 1_000;

/// Median, least and largest of some repetitions.
struct Figures {
    median: f64,
    least: f64,
    largest: f64,
}

impl Figures {
    fn of(mut values: Vec<f64>) -> Figures {
        values.sort_by(f64::total_cmp);
        let at = |i: usize| values.get(i).copied().unwrap_or(f64::NAN);
        Figures { median: at(values.len() / 2), least: at(0), largest: at(values.len().saturating_sub(1)) }
    }

    fn json(&self) -> Value {
        json!({"median": self.median, "least": self.least, "largest": self.largest})
    }
}

/// Measures.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    arguments.threads.iter().for_each(|&count| kudari::set_threads(count));
    let products = arguments.dtype.precision().instructions();
    output::note(format_args!("about 10 seconds; threads: {}; matrix products: {products}", kudari::threads()));
    let speed = |net, inputs, classes, batch| {
        with_precision(arguments.dtype.precision(), || training_speed(net, [inputs, classes, batch], arguments.dtype.dtype()))
    };
    let digits = speed("linear(50) sigmoid linear(10)", 784, 10, 100)?;
    let xor = speed("linear(8) relu linear(2)", 2, 2, 4)?;
    let (forward, backward) = bookkeeping()?;
    if arguments.json {
        output::print(json_object(&[
            ("threads", kudari::threads().into()),
            ("dtype", arguments.dtype.name().into()),
            ("matrix_products", products.into()),
            ("digits_iterations_per_second", digits.json()),
            ("xor_iterations_per_second", xor.json()),
            ("function_forward_ns", forward.json()),
            ("function_backward_ns", backward.json()),
        ]))?;
        return Ok(ExitCode::SUCCESS);
    }
    let whole = |number: f64| with_commas(number.round() as u64);
    for (what, figures, unit) in [
        ("784-50-10, sigmoid, batch 100, sgd", &digits, "iterations/s"),
        ("2-8-2, relu, batch 4, sgd", &xor, "iterations/s"),
        ("one function forward", &forward, "ns"),
        ("one function backward", &backward, "ns"),
    ] {
        let [median, least, largest] = [figures.median, figures.least, figures.largest].map(whole);
        output::print(format_args!("{what:<36} {median:>9} {unit} ({least} to {largest})"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs `step` back to back for a repetition; gives the seconds that one took.
fn seconds_each(mut step: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    let mut run = |time: Duration| -> Result<f64> {
        let (began, mut steps) = (Instant::now(), 0u32);
        while began.elapsed() < time {
            // The clock is read now and then: for the smallest network it would count.
            for _ in 0..10 {
                step()?;
            }
            steps += 10;
        }
        Ok(began.elapsed().as_secs_f64() / f64::from(steps))
    };
    run(WARM_UP)?;
    (0..REPETITIONS).map(|_| run(REPETITION)).collect()
}

/// Iterations per second of a network trained on one random batch.
fn training_speed(net: &str, [inputs, classes, batch]: [usize; 3], dtype: DType) -> Result<Figures> {
    let mut stream = Stream::new(1, "bench");
    let x = Variable::constant(stream.uniform(&[batch, inputs], 0.0, 1.0, dtype)?);
    let t = stream.integers(batch, classes);
    let options = NetworkOptions { seed: 1, double: dtype == DType::F64, ..NetworkOptions::default() };
    let mut network = Network::new(net, &[inputs], &options)?;
    let (loss, mut sgd) = (Loss::named("softmax_cross_entropy")?, Sgd::new(0.1));
    let seconds = seconds_each(|| {
        let gradients = loss.of(&network.forward(&x)?, &t)?.backward()?;
        sgd.step(&mut network, &gradients)
    })?;
    Ok(Figures::of(seconds.into_iter().map(|s| 1.0 / s).collect()))
}

/// Nanoseconds of a function forward and backward, in a chain of additions of one number.
fn bookkeeping() -> Result<(Figures, Figures)> {
    let (x, one) = (Variable::parameter(Array::from([1.0f32])), Variable::constant(Array::from([1.0f32])));
    let chain = || (0..CHAIN).try_fold(x.clone(), |y, _| y.add(&one));
    let nanoseconds = |seconds: f64| seconds * 1e9 / f64::from(CHAIN);
    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    for _ in 0..=REPETITIONS {
        let (mut there, mut back, mut runs) = (Duration::ZERO, Duration::ZERO, 0u32);
        while there + back < REPETITION / 2 {
            let began = Instant::now();
            let y = chain()?;
            there += began.elapsed();
            let began = Instant::now();
            drop(y.backward()?);
            drop(y);
            back += began.elapsed();
            runs += 1;
        }
        forward.push(nanoseconds(there.as_secs_f64() / f64::from(runs)));
        backward.push(nanoseconds(back.as_secs_f64() / f64::from(runs)));
    }
    // The first repetition was the warm-up.
    Ok((Figures::of(forward.split_off(1)), Figures::of(backward.split_off(1))))
}
