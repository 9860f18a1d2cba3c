//! `kudari train`: trains a network and leaves a run folder behind.

mod arguments;
mod dry_run;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

pub use arguments::{Arguments, Interval, Settings, proper_share};
use kudari::layers::Layer;
use kudari::model::{Model, Network, write_atomically};
use kudari::train::{
    Checkpoint, EpochRecord, Film, Findings, LayerMoment, Observer, Outcome, RunFolder, RunRecord, Stop, analyse, environment,
    number_scores, resume, train,
};
use kudari::{Result, with_precision};
use serde_json::Value;

use crate::config;
use crate::failure::Failure;
use crate::interrupt::{self, Interrupt};
use crate::output::{self, Output, duration, json_object, loss, scores_in_words, share, with_commas};
use crate::plan::Plan;
use crate::profiling::Watched;
use crate::progress::{Follower, Saving, copy_of, heads};
use crate::table;
use crate::tui;
use crate::views::Views;

/// How many of the worst-classified samples the report shows.
const WORST_SAMPLES: usize = 24;

/// Trains.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    if arguments.tui {
        tui::check()?;
    }
    arguments.settings.threads.iter().for_each(|&count| kudari::set_threads(count));
    let mut plan = Plan::new(&arguments.settings)?;
    let output = Output::new(arguments.json, arguments.quiet);
    if arguments.repeating.dry_run {
        return dry_run::run(plan, &output, arguments.json);
    }
    let dtype = plan.split.train.dtype();
    let mut film = arguments.pictures.film(&plan)?;
    arguments.profiling.check()?;
    let (mut folder, checkpoint) = match (&arguments.repeating.resume, &arguments.out) {
        (Some(path), _) => reopen(path)?,
        (None, Some(path)) => (RunFolder::create(path)?, None),
        (None, None) => (RunFolder::create_numbered(&Path::new("runs").join(&plan.name))?, None),
    };
    let complete = is_complete(&plan, &folder, checkpoint.as_ref());
    if !complete {
        write_atomically(&folder.config(), config::to_toml(&plan.configuration()).as_bytes())?;
    }
    print_header(&output, &plan, Some(&folder))?;
    if let Some(checkpoint) = &checkpoint {
        let (iteration, took) = (with_commas(checkpoint.iteration()), duration(checkpoint.seconds()));
        output.line(format_args!("goes on after iteration {iteration}, which took {took}"));
    }
    output.line(output.bold(&heads(plan.split.validation.is_some())));
    let before = checkpoint.as_ref().map_or(0.0, Checkpoint::seconds);
    let interrupt = Interrupt::listen()?;
    let from = checkpoint.as_ref().map_or(0, Checkpoint::iteration);
    let mut views = Views::new(&plan, folder.path(), from, arguments.tensorboard)?;
    let saving = Saving { every: arguments.repeating.checkpoint_every, keep: arguments.repeating.keep_checkpoints as usize };
    if arguments.tui {
        views.take_terminal(&plan, interrupt.clone())?;
    }
    with_precision(plan.precision(), || {
        // What is drawn takes the place of the lines.
        let lines = if arguments.tui { &Output::new(false, true) } else { &output };
        let train = || follow(&mut plan, &mut folder, checkpoint, lines, (interrupt, saving), (film.as_mut(), &mut views));
        let (outcome, watched) = arguments.profiling.watch(dtype, train);
        views.leave_terminal();
        let outcome = outcome?;
        let layers = views.finish(&outcome.history);
        let drawn = film.map(|film| arguments.pictures.write(film, &plan.network, outcome.iterations, &output));
        // The model is saved also where a picture cannot be.
        let code = finish(plan, (&folder, complete), (outcome, layers), &output, arguments.json, (began, before), watched)?;
        drawn.transpose()?;
        Ok(code)
    })
}

/// A run that is to go on, and its last checkpoint; without one it begins anew.
fn reopen(path: &Path) -> Result<(RunFolder, Option<Checkpoint>), Failure> {
    let folder = RunFolder::reopen(path)?;
    let (checkpoint, errors) = folder.last_checkpoint();
    errors.iter().for_each(|error| output::note(format_args!("note: {}; an older checkpoint is taken", error.what())));
    Ok((folder, checkpoint))
}

/// Whether nothing is left to do. Whoever was killed before the result could be read still gets it, so that a command that resumes a run
/// may be repeated until it succeeds.
fn is_complete(plan: &Plan, folder: &RunFolder, checkpoint: Option<&Checkpoint>) -> bool {
    let made = checkpoint.map_or(0, Checkpoint::iteration);
    let complete = checkpoint.is_some() && made >= plan.iterations() && folder.is_finished();
    if complete {
        output::note(format_args!(
            "note: {} has made its {} iterations; give more --epochs or --iterations to train it further",
            folder.path().display(),
            with_commas(made)
        ));
    }
    complete
}

fn print_header(output: &Output, plan: &Plan, folder: Option<&RunFolder>) -> Result<()> {
    if output.is_quiet() {
        return Ok(());
    }
    let summary = plan.network.summary();
    let row = |name: &str, text: String| output.line(format_args!("{} {text}", output.bold(&format!("{name:<9}"))));
    let data = match &plan.preparation {
        Some(preparation) => table::in_words(&plan.data, &plan.split, preparation),
        None => vec![format!(
            "{}: {} training{} and {} test samples of shape {:?}, {}",
            plan.data,
            with_commas(plan.split.train.len() as u64),
            plan.split
                .validation
                .as_ref()
                .map_or(String::new(), |part| format!(", {} validation", with_commas(part.len() as u64))),
            with_commas(plan.split.test.len() as u64),
            plan.split.train.sample_shape(),
            match (plan.split.train.classes().len(), plan.split.train.target_size()) {
                (0, Some(count)) => format!("{count} number{} to predict", if count == 1 { "" } else { "s" }),
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
    folder.iter().for_each(|folder| row("run", folder.path().display().to_string()));
    output.line("");
    Ok(())
}

/// Trains, seen on the screen and on film.
fn follow(
    plan: &mut Plan,
    folder: &mut RunFolder,
    checkpoint: Option<Checkpoint>,
    output: &Output,
    (interrupt, saving): (Interrupt, Saving),
    (film, views): (Option<&mut Film>, &mut Views),
) -> Result<Outcome> {
    let (options, frame) = (plan.options(), plan.frame());
    let to_bytes = |network: &Network| frame.model(copy_of(network)?).to_bytes();
    let mut follower = Follower::new(output, folder, plan.iterations(), interrupt, saving, to_bytes);
    let mut observers: Vec<&mut dyn Observer> = vec![&mut follower, views];
    observers.extend(film.map(|film| film as &mut dyn Observer));
    let outcome = match checkpoint {
        Some(checkpoint) => resume(&mut plan.network, &plan.split, options, checkpoint, &mut observers),
        None => train(&mut plan.network, &plan.split, options, &mut observers),
    };
    follower.finish();
    outcome
}

/// Writes everything down, where that was not done before, says what came of it, and gives the exit status.
fn finish(
    plan: Plan,
    (folder, complete): (&RunFolder, bool),
    (outcome, layers): (Outcome, Vec<LayerMoment>),
    output: &Output,
    json: bool,
    (began, before): (Instant, f64),
    watched: Option<Watched<'_>>,
) -> Result<ExitCode, Failure> {
    let stop = outcome.stop.clone();
    let last = outcome.last.clone();
    let record = record(&plan, outcome, before + began.elapsed().as_secs_f64())?;
    let each = table::scores_each(&plan.network, &plan.split.test, plan.preparation.as_ref())?;
    if let Some(arrays) = last {
        let mut network = copy_of(&plan.network)?;
        network.set_arrays(&arrays)?;
        plan.frame().model(network).save(&folder.last())?;
    }
    let model = plan.frame().model(plan.network);
    let record = RunRecord { layers, weights_sha256: model.weights_sha256(), ..record };
    let is_written = || Model::load(&folder.model()).is_ok_and(|written| written.weights_sha256() == record.weights_sha256);
    if !(complete && is_written()) {
        folder.finish(&model, &record)?;
    }

    output.line("");
    print_result(output, &record);
    each.iter().for_each(|(name, scores)| output.line(format_args!("{name}: {}", scores_in_words(scores))));
    output.line(format_args!("{}: model.safetensors, metrics.csv, report.html", folder.path().display()));
    let profile = watched.map(|watched| watched.write(folder.path(), output)).transpose()?;
    if json {
        output::print(json_result(&record, &model, plan.seed, folder, profile))?;
    }
    match stop {
        Stop::Finished | Stop::NoLongerBetter | Stop::TimeLimit => Ok(ExitCode::SUCCESS),
        Stop::Interrupted => {
            let iteration = with_commas(record.kept);
            output::note(format_args!(
                "interrupted: the model of iteration {iteration} is saved in {}; kudari train --resume {} goes on",
                folder.model().display(),
                folder.path().display()
            ));
            Ok(ExitCode::from(interrupt::EXIT_STATUS))
        }
        Stop::Failed(failure) => {
            output::note(failure.report().trim_end());
            Err(failure.to_error().into())
        }
    }
}

/// All that the report shows; the layers and the sum of the weights are still to come.
fn record(plan: &Plan, outcome: Outcome, seconds: f64) -> Result<RunRecord> {
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
        findings: Findings::of(&plan.network, &plan.split.test, plan.loss, plan.preparation.as_ref(), plan.seed)?,
        environment: environment(plan.split.train.dtype()),
        configuration: config::to_toml(&plan.configuration()),
        layers: Vec::new(),
        iterations: outcome.iterations,
        kept: outcome.kept,
        epochs: outcome.epochs,
        seconds,
        iterations_per_second,
        samples: (plan.split.train.len(), plan.split.test.len()),
        ended_early: match outcome.stop {
            Stop::Finished => None,
            Stop::NoLongerBetter => Some(format!(
                "ended after iteration {}: the validation loss has not fallen since iteration {}, whose parameters are kept",
                with_commas(outcome.iterations),
                with_commas(outcome.kept)
            )),
            Stop::TimeLimit => Some(format!("the time was up after iteration {}", with_commas(outcome.iterations))),
            Stop::Interrupted => Some(format!("interrupted after iteration {}", with_commas(outcome.iterations))),
            Stop::Failed(failure) => Some(failure.to_error().what().to_string()),
        },
        weights_sha256: String::new(),
    })
}

fn print_result(output: &Output, record: &RunRecord) {
    let Some(last) = record.result() else { return };
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
    if record.kept < record.iterations {
        let kept = with_commas(record.kept);
        output.line(format_args!(
            "kept: iteration {kept}, with the least loss on the validation part; last.safetensors has the last"
        ));
    }
    record.ended_early.iter().for_each(|why| output.line(why));
}

fn json_result(record: &RunRecord, model: &Model, seed: u64, folder: &RunFolder, profile: Option<Value>) -> String {
    let last = record.result();
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
    if last.is_some_and(|r| r.validation_loss.is_some()) {
        fields.extend([
            ("validation_loss", number(|r| r.validation_loss)),
            ("validation_accuracy", number(|r| r.validation_accuracy)),
            ("kept_iteration", record.kept.into()),
        ]);
    }
    fields.extend(record.scores.iter().flat_map(output::score_fields));
    fields.extend(profile.map(|profile| ("profile", profile)));
    json_object(&fields)
}
