//! What `kudari train` is told.

use std::path::PathBuf;
use std::time::Duration;

use crate::commands::{Numbers, thread_count};
use crate::data::DataArguments;
use crate::gradient_method::GradientArguments;
use crate::pictures::Pictures;
use crate::profiling::Profiling;

const EXAMPLES: &str = "\
Examples:
  kudari train mnist
  kudari train mnist --net \"linear(256) relu linear(10)\" \\
      --optimizer adam --learning-rate 0.001 --epochs 5
  kudari train xor --json --quiet
  kudari train my-images/ --epochs 20 --out runs/first
  kudari train houses.csv --target price --ignore id
  kudari train arrays.npz
  kudari train book.txt --context 64
  kudari train pets/ --image-size 48x48 --augment \"flip crop(4)\"
  kudari train spiral --animate spiral.gif --filmstrip spiral.png
  kudari train xor --net \"linear(8) relu linear(2)\" --optimizer sgd \\
      --iterations 5001 --learning-rate 0.1 --animate xor.html --every 100
  kudari train xor --net \"linear(8) relu(kink=0.5) linear(2)\" \\
      --gradient numerical --h 1e-4
  kudari train mnist --optimizer adamw --learning-rate 0.002 \\
      --schedule \"warmup(500) cosine\"
  kudari train digits \\
      --loss \"softmax_cross_entropy(weights=balanced,smoothing=0.1)\"
  kudari train mnist --epochs 2 --profile
  kudari train houses.csv --target price --tui --tensorboard

Layers:
  linear(OUTPUTS), linear(OUTPUTS,nobias), flatten, identity, step, sigmoid,
  tanh, relu, relu(kink=0.5), leaky_relu(0.01), prelu, maxout(2), relu6,
  clipped_relu(20), elu(1), selu, celu(1), softplus, gelu, gelu_tanh, silu, mish,
  hard_sigmoid, hard_swish, log_sigmoid, softmax, log_softmax, softmin

Settings that are not given are those that train well on the data; the first
lines of the output tell them. The run folder holds model.safetensors (all that
eval and predict need), metrics.csv and metrics.jsonl, report.html, config.toml
(which repeats the run) and checkpoints (from which --resume goes on).
Ctrl-C finishes the iteration, saves and ends with status 130; a second one
ends at once.";

/// Train a network and leave a run folder with model, measurements and report
#[derive(clap::Args, Clone)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    pub settings: Settings,
    /// The run folder, by default runs/DATA-1, -2, …; it must not hold a model yet
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Write an event file into the run folder as well, to watch the training with TensorBoard: tensorboard --logdir runs
    #[arg(long)]
    pub tensorboard: bool,
    /// Show the training on the whole terminal: charts of loss and accuracy, gradients, speed. q stops as Ctrl-C does, p pauses
    #[arg(long)]
    pub tui: bool,
    #[command(flatten)]
    pub repeating: Repeating,
    #[command(flatten)]
    pub pictures: Pictures,
    #[command(flatten)]
    pub profiling: Profiling,
    /// Print one JSON object with the result on standard output, everything else on standard error
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors, and the JSON object with --json
    #[arg(long)]
    pub quiet: bool,
}

/// What is trained, on what, and how.
#[derive(clap::Args, Clone)]
pub struct Settings {
    /// mnist, digits, xor, moons, circles, spiral, a table (.csv, .tsv, also .gz, .parquet), a text (.txt, .txt.gz), arrays of NumPy (.npz with x and y, or with x_train,
    /// y_train, x_test and y_test; or X.npy,Y.npy), a folder with a folder of pictures (.png, .jpg) for each class, or with folders
    /// train and test of such, or a folder with the four IDX files of MNIST's names
    pub data: String,
    #[command(flatten)]
    pub of_data: DataArguments,
    /// The network, e.g. "linear(50) sigmoid linear(10)"
    #[arg(long, value_name = "NET")]
    pub net: Option<String>,
    /// What is minimised: softmax_cross_entropy, cross_entropy, sigmoid_cross_entropy, binary_cross_entropy, focal(0.25,2),
    /// hinge, squared_hinge, mean_squared_error, mean_absolute_error, sum_squared_error, huber(1), smooth_l1(1), log_cosh;
    /// numbers optional. softmax_cross_entropy(weights=1:2:0.5,ignore=2,smoothing=0.1) weighs the classes (or
    /// weights=balanced), leaves samples of a label out and smooths the labels; each optional. [default: softmax_cross_entropy, where
    /// numbers are predicted mean_squared_error]
    #[arg(long)]
    pub loss: Option<String>,
    /// sgd, momentum(0.9), nesterov(0.9), adagrad, rmsprop(0.99), adadelta(0.9), adam(0.9,0.999), adamw(0.9,0.999),
    /// amsgrad(0.9,0.999), adamax(0.9,0.999), nadam(0.9,0.999), radam(0.9,0.999), lion(0.9,0.99), muon(0.95); numbers
    /// optional
    #[arg(long)]
    pub optimizer: Option<String>,
    /// Step size of the optimizer, above 0; otherwise what is usual for it: 0.001 for the Adam family, 0.01 for momentum,
    /// 0.02 for muon, …, and for sgd what suits the data
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    pub learning_rate: Option<f64>,
    /// How the learning rate changes, phases one after the other, e.g. "warmup(500) cosine": constant, constant(UPDATES),
    /// warmup(UPDATES), step(UPDATES,0.1), exponential(FACTOR), cosine(0), restarts(UPDATES,1,0),
    /// onecycle(0.3,0.04,0.000004), polynomial(1,0), plateau(0.1,10); numbers optional but in capitals [default: constant, on tables cosine]
    #[arg(long, value_name = "SCHEDULE")]
    pub schedule: Option<String>,
    /// Weight decay, 0 or above: added to the gradient, in adamw, lion and muon apart from it [default: 0, on tables 0.1]
    #[arg(long, value_name = "DECAY", allow_hyphen_values = true)]
    pub weight_decay: Option<f64>,
    /// Scale all gradients together down to at most this norm
    #[arg(long, value_name = "NORM", allow_hyphen_values = true)]
    pub clip_norm: Option<f64>,
    /// Hold each element of the gradients within ± this value
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    pub clip_value: Option<f64>,
    /// Samples per iteration
    #[arg(long, value_name = "N")]
    pub batch_size: Option<usize>,
    /// Draw each batch from all samples instead of going through them in a shuffled order
    #[arg(long)]
    pub with_replacement: bool,
    /// Change the pictures of training batches at random, in every epoch differently: flip, crop(4), rotate(10), noise(0.05), one after
    /// the other; numbers optional. Measurements see the pictures as they are
    #[arg(long, value_name = "HOW")]
    pub augment: Option<String>,
    /// Updates to make
    #[arg(long, value_name = "N", conflicts_with = "epochs", value_parser = clap::value_parser!(u64).range(1..))]
    pub iterations: Option<u64>,
    /// Passes over the training data to make
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub epochs: Option<u64>,
    /// Batches whose gradients make one update together: as one of that many times the samples, in the memory of one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub accumulate: u32,
    /// Measure and keep the moving average of the parameters: the share that is kept in every update, from 0 to below 1, as in 0.999
    #[arg(long, value_name = "DECAY", value_parser = decay)]
    pub average: Option<f64>,
    /// Take this share of the training data to decide by: the parameters with the least loss on it are kept
    #[arg(long, value_name = "SHARE", value_parser = proper_share)]
    pub validation: Option<f64>,
    /// End when the loss on the validation part (a tenth, unless --validation says otherwise) has not fallen for so many epochs
    #[arg(long, value_name = "EPOCHS", value_parser = clap::value_parser!(u64).range(1..))]
    pub early_stopping: Option<u64>,
    /// End after this time, as in 90s, 10m or 2h
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub time_limit: Option<Duration>,
    #[command(flatten)]
    pub gradient: GradientArguments,
    /// Seed of everything random; the same seed gives the same bits on any number of threads
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How all weights start: lecun, glorot, he, orthogonal, normal(σ), truncated_normal(σ), uniform(bound), constant(c),
    /// zeros, unset (NaN); by default what suits the activation after each layer
    #[arg(long, value_name = "HOW")]
    pub init: Option<String>,
    /// Threads to use, by default all processors
    #[arg(long, value_name = "N", value_parser = thread_count)]
    pub threads: Option<usize>,
    /// Type of number [default: f32, f64 for numerical gradients]
    #[arg(long)]
    pub dtype: Option<Numbers>,
}

/// The share of the training data that decides where nobody says it.
const VALIDATION: f64 = 0.1;

impl Settings {
    /// The share of the training data to decide by, if anything is to be decided.
    pub fn validation_share(&self) -> Option<f64> {
        self.validation.or(self.early_stopping.map(|_| VALIDATION))
    }
}

/// Settings from a file, and trainings that go on.
#[derive(clap::Args, Clone)]
pub struct Repeating {
    /// Take options from a TOML file, such as the config.toml of a run, which repeats it to the same bits; those that are typed win
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Go on with a run that was interrupted or killed, from its last checkpoint, to the same bits as without the break; one that has
    /// finished goes on with more --epochs or --iterations
    #[arg(long, value_name = "RUN", conflicts_with = "config")]
    pub resume: Option<PathBuf>,
    /// Write a checkpoint every N iterations, or every so much time, as in 500 or 30s, 5m
    #[arg(long, value_name = "N|TIME", default_value = "30s", value_parser = interval)]
    pub checkpoint_every: Interval,
    /// Checkpoints to keep, the last ones
    #[arg(long, value_name = "K", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub keep_checkpoints: u32,
    /// Only tell what would be done: data, network, settings, the memory and the time that it will take
    #[arg(long, conflicts_with = "resume")]
    pub dry_run: bool,
}

/// How often something is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Interval {
    /// After so many iterations.
    Iterations(u64),
    /// After so much time.
    Time(Duration),
}

/// Reads a time: `90s`, `10m`, `1.5h`.
fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "a time above 0, as in 90s, 10m or 2h".to_string();
    let (number, unit) = text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let seconds = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Some(number * seconds).filter(|s| *s > 0.0).and_then(|s| Duration::try_from_secs_f64(s).ok()).ok_or_else(wrong)
}

fn interval(text: &str) -> Result<Interval, String> {
    let wrong = || "iterations, from 1, or a time as in 30s or 5m".to_string();
    match text.parse::<u64>() {
        Ok(0) => Err(wrong()),
        Ok(count) => Ok(Interval::Iterations(count)),
        Err(_) => time(text).map(Interval::Time).map_err(|_| wrong()),
    }
}

pub fn proper_share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|s| (f64::MIN_POSITIVE..1.0).contains(s))
        .ok_or_else(|| "a share above 0 and below 1, as in 0.1".to_string())
}

fn decay(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|d| (0.0..1.0).contains(d)).ok_or_else(|| "a share from 0 to below 1, as in 0.999".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_intervals_are_read() {
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(time("1.5h"), Ok(Duration::from_secs(5400)));
        for bad in ["", "s", "90", "-1s", "0m", "1d", "nans", "1e300h", "5秒"] {
            assert!(time(bad).is_err(), "{bad}");
        }
        assert_eq!(interval("500"), Ok(Interval::Iterations(500)));
        assert_eq!(interval("5m"), Ok(Interval::Time(Duration::from_secs(300))));
        assert!(interval("0").is_err() && interval("0.5").is_err() && proper_share("0").is_err() && proper_share("nan").is_err());
    }
}
