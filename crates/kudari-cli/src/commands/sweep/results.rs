//! What a sweep has found: for people, as JSON and as CSV.

use kudari::train::{EpochRecord, FailedBy, Spread, Verdict};
use serde_json::{Map, Value, json};

use super::trial::Trial;
use crate::commands::train::Settings;
use crate::data::Training;
use crate::output::{Output, json_object, loss, share, with_commas};
use crate::plan::Plan;

/// At most so many seeds of trainings that failed alike are listed.
const SEEDS: usize = 8;

/// One combination of settings with its trainings.
pub struct Combination {
    /// How it is trained, but for the seed.
    pub arguments: Settings,
    /// Name and value of every setting.
    pub settings: Vec<(String, String)>,
    /// The settings in which it differs from others; the network if there are no others.
    pub label: String,
    /// Updates of one training.
    pub iterations: u64,
    /// Its trainings, by seed.
    pub trials: Vec<Trial>,
}

impl Combination {
    /// A combination that is yet to be trained and named.
    pub fn new(arguments: Settings, plan: &Plan) -> Combination {
        let (settings, iterations) = (settings(plan), plan.iterations());
        Combination { arguments, settings, label: String::new(), iterations, trials: Vec::new() }
    }

    fn setting(&self, name: &str) -> &str {
        self.settings.iter().find(|s| s.0 == name).map_or("", |s| &s.1)
    }

    /// The number of trainings that succeeded.
    pub fn solved(&self) -> usize {
        self.trials.iter().filter(|t| matches!(t.verdict, Verdict::Solved { .. })).count()
    }

    /// The spread of a number over the trainings that have it.
    fn spread(&self, of: impl Fn(&Trial) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.trials.iter().filter_map(of))
    }

    /// The trainings that failed in one way.
    fn failed(&self, kind: &str) -> Vec<(&Trial, &FailedBy)> {
        let failed = self.trials.iter().filter_map(|trial| match &trial.verdict {
            Verdict::Failed(by) => Some((trial, by)),
            Verdict::Solved { .. } => None,
        });
        failed.filter(|(_, by)| by.kind() == kind).collect()
    }
}

/// The settings that a sweep's results depend on, but for the seed.
pub fn settings(plan: &Plan) -> Vec<(String, String)> {
    plan.settings().into_iter().filter(|(name, _)| name != "seed" && name != "threads").collect()
}

/// The names of all settings, and whether the combinations differ in them.
fn setting_names(combinations: &[Combination]) -> Vec<(String, bool)> {
    let mut names: Vec<(String, bool)> = Vec::new();
    for (name, _) in combinations.iter().flat_map(|c| &c.settings) {
        if !names.iter().any(|known| known.0 == *name) {
            let first = combinations.first().map_or("", |c| c.setting(name));
            names.push((name.clone(), combinations.iter().any(|c| c.setting(name) != first)));
        }
    }
    names
}

/// Names the combinations by the settings in which they differ.
pub fn name(combinations: &mut [Combination]) {
    let names = setting_names(combinations);
    for combination in combinations {
        let differing = names.iter().filter(|(_, differs)| *differs).map(|(name, _)| {
            let value = combination.setting(name);
            match name.as_str() {
                "network" | "optimizer" | "loss" | "length" | "numbers" | "sampling" => value.to_string(),
                _ if value.is_empty() => format!("no {name}"),
                _ => format!("{name} {value}"),
            }
        });
        let differing: Vec<String> = differing.collect();
        combination.label = if differing.is_empty() { combination.setting("network").to_string() } else { differing.join(", ") };
    }
}

/// What is trained and what counts as success.
pub fn print_header(output: &Output, data: &Training, combinations: &[Combination], seeds: &[u64], goal: f64) {
    let row = |name: &str, text: String| output.line(format_args!("{} {text}", output.bold(&format!("{name:<9}"))));
    let train = &data.split.train;
    let samples = with_commas(train.len() as u64);
    row("data", format!("{}: {samples} training samples of shape {:?}", data.name, train.sample_shape()));
    let same = setting_names(combinations).into_iter().filter(|(name, differs)| !differs && name != "data");
    let value = |name: &str| combinations.first().map_or(String::new(), |c| c.setting(name).to_string());
    let same: Vec<String> = same.map(|(name, _)| format!("{name} {}", value(&name))).collect();
    for (i, line) in same.chunks(4).enumerate() {
        row(if i == 0 { "settings" } else { "" }, line.join(", "));
    }
    let (first, last) = (seeds.first().copied().unwrap_or(0), seeds.last().copied().unwrap_or(0));
    let count = |n: usize, what: &str| format!("{} {what}{}", with_commas(n as u64), if n == 1 { "" } else { "s" });
    let (ways, starts) = (count(combinations.len(), "combination"), count(seeds.len(), "seed"));
    row("trainings", format!("{ways} × {starts}, {first} to {last}"));
    row("success", format!("accuracy of {goal} on the training data"));
    output.line("");
}

/// The results for people: medians, with quartiles in parentheses, and how trainings failed.
pub fn print(output: &Output, combinations: &[Combination]) {
    output.line("Medians over the seeds, quartiles in parentheses:");
    output.line(output.bold(&line(["succeeded", "at iteration", "train loss", "accuracy", "test acc.", ""])));
    for combination in combinations {
        let (runs, solved) = (combination.trials.len(), combination.solved());
        let last = |of: fn(&EpochRecord) -> Option<f64>| combination.spread(|t| t.last().and_then(of));
        let whole = |v: f64| with_commas(v.round() as u64);
        let iteration = with_quartiles(combination.spread(solved_at), whole);
        let train_loss = with_quartiles(last(|r| Some(r.train_loss)), loss);
        let median = |spread: Option<Spread>| share(spread.map(|s| s.median));
        let [accuracy, test] = [median(last(|r| r.train_accuracy)), median(last(|r| r.test_accuracy))];
        output.line(line([&format!("{solved} of {runs}"), &iteration, &train_loss, &accuracy, &test, &combination.label]));
        for kind in FailedBy::KINDS {
            let failed = combination.failed(kind);
            let Some((first, by)) = failed.first() else { continue };
            let seeds: Vec<String> = failed.iter().take(SEEDS).map(|(trial, _)| trial.seed.to_string()).collect();
            let more = if failed.len() > SEEDS { ", …" } else { "" };
            output.line(format_args!("{:>7} {kind}: seeds {}{more}", failed.len(), seeds.join(", ")));
            output.line(format_args!("{:>8}seed {}: {by}", "", first.seed));
        }
    }
}

fn line(cells: [&str; 6]) -> String {
    let [solved, iteration, train_loss, accuracy, test, label] = cells;
    format!("{solved:>12}  {iteration:<22}  {train_loss:<25}  {accuracy:<8}  {test:<9}  {label}").trim_end().to_string()
}

/// The iteration at which a training succeeded.
fn solved_at(trial: &Trial) -> Option<f64> {
    match trial.verdict {
        Verdict::Solved { iteration } => Some(iteration as f64),
        Verdict::Failed(_) => None,
    }
}

fn with_quartiles(spread: Option<Spread>, text: impl Fn(f64) -> String) -> String {
    spread.map_or("-".to_string(), |s| format!("{} ({} to {})", text(s.median), text(s.lower), text(s.upper)))
}

/// All results as one JSON object.
pub fn json(data: &Training, combinations: &[Combination], seeds: &[u64], goal: f64) -> String {
    let spread = |spread: Option<Spread>| match spread {
        Some(s) => json!({"least": s.least, "lower": s.lower, "median": s.median, "upper": s.upper, "most": s.most}),
        None => Value::Null,
    };
    let combinations = combinations.iter().map(|c| {
        let last = |of: fn(&EpochRecord) -> Option<f64>| spread(c.spread(|t| t.last().and_then(of)));
        let failures = FailedBy::KINDS.map(|kind| (kind.to_string(), c.failed(kind).len().into()));
        json!({
            "label": c.label,
            "settings": c.settings.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect::<Map<_, _>>(),
            "trainings": c.trials.len(),
            "succeeded": c.solved(),
            "at_iteration": spread(c.spread(solved_at)),
            "train_loss": last(|r| Some(r.train_loss)),
            "train_accuracy": last(|r| r.train_accuracy),
            "test_loss": last(|r| Some(r.test_loss)),
            "test_accuracy": last(|r| r.test_accuracy),
            "failed": failures.into_iter().collect::<Map<_, _>>(),
            "seeds": c.trials.iter().map(trial_json).collect::<Vec<_>>(),
        })
    });
    json_object(&[
        ("data", data.name.clone().into()),
        ("success", goal.into()),
        ("seeds", seeds.into()),
        ("combinations", combinations.collect::<Vec<_>>().into()),
    ])
}

fn trial_json(trial: &Trial) -> Value {
    let (kind, evidence) = failure(trial);
    json!({
        "seed": trial.seed,
        "succeeded_at_iteration": solved_at(trial),
        "failed_by": kind,
        "evidence": evidence,
        "train_loss": trial.last().map(|r| r.train_loss),
        "train_accuracy": trial.last().and_then(|r| r.train_accuracy),
        "test_loss": trial.last().map(|r| r.test_loss),
        "test_accuracy": trial.last().and_then(|r| r.test_accuracy),
    })
}

/// How a training failed, and what shows it.
fn failure(trial: &Trial) -> (Option<&'static str>, Option<String>) {
    match &trial.verdict {
        Verdict::Solved { .. } => (None, None),
        Verdict::Failed(by) => (Some(by.kind()), Some(by.to_string())),
    }
}

/// One line for every training, with all settings.
pub fn csv(combinations: &[Combination]) -> String {
    const RESULTS: [&str; 8] =
        ["seed", "succeeded_at_iteration", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "failed_by", "evidence"];
    let names = setting_names(combinations);
    let heads = names.iter().map(|(name, _)| name.replace(' ', "_")).chain(RESULTS.map(String::from));
    let mut lines = vec![heads.collect::<Vec<_>>().join(",")];
    for combination in combinations {
        for trial in &combination.trials {
            let number = |value: Option<f64>| value.map_or(String::new(), |v| v.to_string());
            let last = |of: fn(&EpochRecord) -> Option<f64>| number(trial.last().and_then(of));
            let (kind, evidence) = failure(trial);
            let settings = names.iter().map(|(name, _)| combination.setting(name).to_string());
            let results = [
                trial.seed.to_string(),
                number(solved_at(trial)),
                last(|r| Some(r.train_loss)),
                last(|r| r.train_accuracy),
                last(|r| Some(r.test_loss)),
                last(|r| r.test_accuracy),
                kind.unwrap_or_default().to_string(),
                evidence.unwrap_or_default(),
            ];
            lines.push(settings.chain(results).map(|cell| csv_cell(&cell)).collect::<Vec<_>>().join(","));
        }
    }
    lines.join("\n") + "\n"
}

/// A cell as RFC 4180 writes it.
fn csv_cell(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_string() }
}
