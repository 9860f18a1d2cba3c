//! `kudari train`: trains a network and leaves a run folder behind.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use kudari::model::{Model, Network};
use kudari::train::{EpochRecord, Film, Observer, Outcome, RunFolder, RunRecord, Stop, analyse, number_scores, train};
use kudari::{Result, with_precision};
use serde_json::Value;

use super::{Numbers, thread_count};
use crate::data::DataArguments;
use crate::failure::Failure;
use crate::gradient_method::GradientArguments;
use crate::interrupt::{self, Interrupt};
use crate::output::{self, Output, duration, json_object, loss, scores_in_words, share, with_commas};
use crate::pictures::Pictures;
use crate::plan::Plan;
use crate::profiling::{Profiling, Watched};
use crate::progress::{Follower, copy_of, heads};
use crate::table;

const EXAMPLES: &str = "\
Examples:
  kudari train mnist
  kudari train mnist --net \"linear(256) relu linear(10)\" \\
      --optimizer adam --learning-rate 0.001 --epochs 5
  kudari train xor --json --quiet
  kudari train my-images/ --epochs 20 --out runs/first
  kudari train houses.csv --target price --ignore id
  kudari train arrays.npz
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

Layers:
  linear(OUTPUTS), linear(OUTPUTS,nobias), flatten, identity, step, sigmoid,
  tanh, relu, relu(kink=0.5), leaky_relu(0.01), prelu, maxout(2), relu6,
  clipped_relu(20), elu(1), selu, celu(1), softplus, gelu, gelu_tanh, silu, mish,
  hard_sigmoid, hard_swish, log_sigmoid, softmax, log_softmax, softmin

Settings that are not given are those that train well on the data; the first
lines of the output tell them. The run folder holds model.safetensors (all that
eval and predict need), metrics.csv and report.html.
Ctrl-C finishes the iteration, saves and ends with status 130; a second one
ends at once.";

/// How many of the worst-classified samples the report shows.
const WORST_SAMPLES: usize = 24;

/// Train a network and leave a run folder with model, measurements and report
#[derive(clap::Args, Clone)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// mnist, digits, xor, moons, circles, spiral, a table (.csv, .tsv, also .gz), arrays of NumPy (.npz with x and y, or with x_train,
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
    /// onecycle(0.3,0.04,0.000004), polynomial(1,0), plateau(0.1,10); numbers optional but in capitals
    #[arg(long, value_name = "SCHEDULE")]
    pub schedule: Option<String>,
    /// Weight decay, 0 or above: added to the gradient, in adamw, lion and muon apart from it
    #[arg(long, value_name = "DECAY", default_value_t = 0.0, allow_hyphen_values = true)]
    pub weight_decay: f64,
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
    /// The run folder, by default runs/DATA-1, -2, …; it must not hold a model yet
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
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

/// Trains.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    arguments.threads.iter().for_each(|&count| kudari::set_threads(count));
    let mut plan = Plan::new(arguments)?;
    let dtype = plan.split.train.dtype();
    let mut film = arguments.pictures.film(&plan)?;
    arguments.profiling.check()?;
    let mut folder = match &arguments.out {
        Some(path) => RunFolder::create(path)?,
        None => RunFolder::create_numbered(&Path::new("runs").join(&plan.name))?,
    };
    let output = Output::new(arguments.json, arguments.quiet);
    print_header(&output, &plan, &folder)?;
    let interrupt = Interrupt::listen()?;
    with_precision(plan.precision(), || {
        let train = || follow(&mut plan, &mut folder, &output, interrupt, film.as_mut());
        let (outcome, watched) = arguments.profiling.watch(dtype, train);
        let outcome = outcome?;
        let drawn = film.map(|film| arguments.pictures.write(film, &plan.network, outcome.iterations, &output));
        // The model is saved also where a picture cannot be.
        let code = finish(plan, &folder, outcome, &output, arguments.json, began, watched)?;
        drawn.transpose()?;
        Ok(code)
    })
}

fn print_header(output: &Output, plan: &Plan, folder: &RunFolder) -> Result<()> {
    if output.is_quiet() {
        return Ok(());
    }
    let summary = plan.network.summary();
    let row = |name: &str, text: String| output.line(format_args!("{} {text}", output.bold(&format!("{name:<9}"))));
    let data = match &plan.preparation {
        Some(preparation) => table::in_words(&plan.data, &plan.split, preparation),
        None => vec![format!(
            "{}: {} training and {} test samples of shape {:?}, {}",
            plan.data,
            with_commas(plan.split.train.len() as u64),
            with_commas(plan.split.test.len() as u64),
            plan.split.train.sample_shape(),
            match (plan.split.train.classes().len(), plan.split.train.targets().shape()) {
                (0, [_, count]) => format!("{count} number{} to predict", if *count == 1 { "" } else { "s" }),
                (classes, _) => format!("{classes} classes"),
            }
        )],
    };
    for (i, line) in data.into_iter().chain(plan.notes.iter().cloned()).enumerate() {
        row(if i == 0 { "data" } else { "" }, line);
    }
    row("network", format!("{}, {} parameters", plan.network.notation(), with_commas(summary.parameters as u64)));
    let [how, how_long] = plan.in_words();
    row("training", how);
    row("", how_long);
    for (i, line) in plan.cost()?.into_iter().enumerate() {
        row(if i == 0 { "gradient" } else { "" }, line);
    }
    row("run", folder.path().display().to_string());
    output.line("");
    output.line(output.bold(&heads()));
    Ok(())
}

/// Trains, seen on the screen and on film.
fn follow(
    plan: &mut Plan,
    folder: &mut RunFolder,
    output: &Output,
    interrupt: Interrupt,
    film: Option<&mut Film>,
) -> Result<Outcome> {
    let (options, frame) = (plan.options(), plan.frame());
    let to_bytes = |network: &Network| frame.model(copy_of(network)?).to_bytes();
    let mut follower = Follower::new(output, folder, plan.iterations(), interrupt, to_bytes);
    let mut observers: Vec<&mut dyn Observer> = vec![&mut follower];
    observers.extend(film.map(|film| film as &mut dyn Observer));
    let outcome = train(&mut plan.network, &plan.split, options, &mut observers);
    follower.finish();
    outcome
}

/// Writes everything down, says what came of it, and gives the exit status.
fn finish(
    plan: Plan,
    folder: &RunFolder,
    outcome: Outcome,
    output: &Output,
    json: bool,
    began: Instant,
    watched: Option<Watched<'_>>,
) -> Result<ExitCode, Failure> {
    let stop = outcome.stop.clone();
    let record = record(&plan, outcome, began)?;
    let model = plan.frame().model(plan.network);
    let record = RunRecord { weights_sha256: model.weights_sha256(), ..record };
    folder.finish(&model, &record)?;

    output.line("");
    print_result(output, &record);
    output.line(format_args!("{}: model.safetensors, metrics.csv, report.html", folder.path().display()));
    let profile = watched.map(|watched| watched.write(folder.path(), output)).transpose()?;
    if json {
        output::print(json_result(&record, &model, plan.seed, folder, profile))?;
    }
    match stop {
        Stop::Finished => Ok(ExitCode::SUCCESS),
        Stop::Interrupted => {
            let iteration = with_commas(record.iterations);
            output::note(format_args!(
                "interrupted: the model of iteration {iteration} is saved in {}",
                folder.model().display()
            ));
            Ok(ExitCode::from(interrupt::EXIT_STATUS))
        }
        Stop::Failed(failure) => {
            output::note(failure.report().trim_end());
            Err(failure.to_error().into())
        }
    }
}

/// All that the report shows; the sum of the weights is still to come.
fn record(plan: &Plan, outcome: Outcome, began: Instant) -> Result<RunRecord> {
    let analysis = analyse(&plan.network, &plan.split.test, WORST_SAMPLES)?;
    let scores = number_scores(&plan.network, &plan.split.test)?;
    let unit = plan.preparation.as_ref().map_or(1.0, |preparation| preparation.target().unit());
    let iterations_per_second = outcome.iterations_per_second();
    let mut settings = plan.settings();
    settings.extend(outcome.digits_lost.map(|lost| ("digits lost".to_string(), lost.to_string())));
    Ok(RunRecord {
        data: match plan.preparation {
            // Of a table the report names the file, not the way to it.
            Some(_) => Path::new(&plan.data).file_name().map_or(plan.data.clone(), |name| name.to_string_lossy().into_owned()),
            None => plan.data.clone(),
        },
        command: plan.command(),
        settings,
        summary: plan.network.summary(),
        history: outcome.history,
        classes: plan.split.train.classes().to_vec(),
        analysis,
        scores: scores.map(|scores| scores.in_unit(unit)),
        iterations: outcome.iterations,
        epochs: outcome.epochs,
        seconds: began.elapsed().as_secs_f64(),
        iterations_per_second,
        samples: (plan.split.train.len(), plan.split.test.len()),
        ended_early: match outcome.stop {
            Stop::Finished => None,
            Stop::Interrupted => Some(format!("interrupted after iteration {}", with_commas(outcome.iterations))),
            Stop::Failed(failure) => Some(failure.to_error().what().to_string()),
        },
        weights_sha256: String::new(),
    })
}

fn print_result(output: &Output, record: &RunRecord) {
    let Some(last) = record.history.last() else { return };
    let result = match &record.scores {
        Some(scores) => format!("test {}, test loss {}", scores_in_words(scores), loss(last.test_loss)),
        None => format!("test accuracy {}, test loss {}", share(last.test_accuracy), loss(last.test_loss)),
    };
    output.line(format_args!(
        "{} after {} iterations in {} ({} iterations/s)",
        output.bold(&result),
        with_commas(record.iterations),
        duration(record.seconds),
        with_commas(record.iterations_per_second as u64)
    ));
}

fn json_result(record: &RunRecord, model: &Model, seed: u64, folder: &RunFolder, profile: Option<Value>) -> String {
    let last = record.history.last();
    let number = |of: fn(&EpochRecord) -> Option<f64>| Value::from(last.and_then(of));
    let mut fields = vec![
        ("data", record.data.clone().into()),
        ("net", model.network.notation().into()),
        ("parameters", record.summary.parameters.into()),
        ("seed", seed.into()),
        ("iterations", record.iterations.into()),
        ("epochs", record.epochs.into()),
        ("train_loss", number(|r| Some(r.train_loss))),
        ("train_accuracy", number(|r| r.train_accuracy)),
        ("test_loss", number(|r| Some(r.test_loss))),
        ("test_accuracy", number(|r| r.test_accuracy)),
        ("seconds", record.seconds.into()),
        ("iterations_per_second", record.iterations_per_second.into()),
        ("weights_sha256", record.weights_sha256.clone().into()),
        ("run", folder.path().display().to_string().into()),
    ];
    fields.extend(record.scores.iter().flat_map(output::score_fields));
    fields.extend(profile.map(|profile| ("profile", profile)));
    json_object(&fields)
}
