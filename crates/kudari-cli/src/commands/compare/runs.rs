//! Run folders, and the groups of those that differ only in their seed.

use std::path::Path;

use kudari::model::Model;
use kudari::train::{EpochRecord, read_metrics};
use kudari::{Error, ErrorKind};
use serde_json::Value;

use super::measure::Measure;
use crate::failure::Failure;
use crate::output::number;

/// What the model file tells of a training that cannot change its result, or that is told elsewhere.
const NO_SETTINGS: [&str; 4] = ["seed", "command", "data", "threads"];

/// A training.
pub struct Run {
    /// Its folder, as it was named.
    pub path: String,
    /// Its seed.
    pub seed: Option<u64>,
    /// Name and value of every setting but the seed; empty for what was not set.
    pub settings: Vec<(String, String)>,
    /// Its measurements.
    pub history: Vec<EpochRecord>,
}

impl Run {
    /// The measurement of the parameters that were kept.
    pub fn result(&self) -> Option<&EpochRecord> {
        let decided = self.history.iter().filter(|record| record.validation_loss.is_some_and(|loss| !loss.is_nan()));
        // Of equal losses the first, as in training.
        let least = decided.reduce(|a, b| if b.validation_loss < a.validation_loss { b } else { a });
        least.or(self.history.last())
    }
}

/// Trainings that differ only in their seed.
pub struct Group {
    /// The settings in which it differs from other groups; the network if there are no others.
    pub label: String,
    /// Its trainings.
    pub runs: Vec<Run>,
}

impl Group {
    /// The value of a setting; empty where it is not set.
    pub fn setting(&self, name: &str) -> &str {
        let settings = self.runs.first().map_or(&[][..], |run| &run.settings);
        settings.iter().find(|setting| setting.0 == name).map_or("", |setting| &setting.1)
    }
}

/// Reads a run folder.
pub fn read(path: &Path) -> Result<Run, Failure> {
    if !path.is_dir() {
        let what = if path.exists() { "a file, not a run folder" } else { "there is no such folder" };
        let error = Error::new(ErrorKind::Io, format!("{}: {what}", path.display()));
        return Err(error.help("give folders that kudari train wrote, e.g. runs/mnist-1").into());
    }
    let model = path.join("model.safetensors");
    if !model.exists() {
        let error = Error::new(ErrorKind::Io, format!("{}: holds no model.safetensors", path.display()));
        return Err(error.help("a training writes it after some seconds and at its end; leave this folder out").into());
    }
    let model = Model::load(&model)?;
    let history = read_metrics(&path.join("metrics.csv"))?;
    if history.is_empty() {
        let error = Error::new(ErrorKind::Format, format!("{}: metrics.csv holds no measurement", path.display()));
        return Err(error.help("a training that has just begun has none yet; leave this folder out").into());
    }
    let mut settings = vec![
        ("data".to_string(), text(&model.training["data"])),
        ("network".to_string(), model.network.notation().to_string()),
        ("loss".to_string(), model.loss.clone()),
    ];
    flatten("", &model.training, &mut settings);
    Ok(Run { path: path.display().to_string(), seed: model.training["seed"].as_u64(), settings, history })
}

/// Adds the settings of a JSON object, those of objects in it by their names one after the other.
fn flatten(before: &str, json: &Value, settings: &mut Vec<(String, String)>) {
    for (name, value) in json.as_object().into_iter().flatten() {
        if NO_SETTINGS.contains(&name.as_str()) {
            continue;
        }
        let name = format!("{before}{}", name.replace('_', " "));
        match value {
            Value::Object(_) => flatten(&format!("{name} "), value, settings),
            _ => settings.push((name, text(value))),
        }
    }
}

/// A setting's value; empty where it is not set.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(n) => n.as_f64().filter(|_| n.is_f64()).map_or_else(|| n.to_string(), number),
        other => other.to_string(),
    }
}

/// Puts the runs that differ only in their seed together and names the groups. Of runs that repeat another's seed the first alone is kept,
/// since a repetition says nothing about the spread: the notes tell of the others.
pub fn groups(runs: Vec<Run>, best: bool) -> (Vec<Group>, Vec<String>) {
    let (mut groups, mut notes): (Vec<Group>, Vec<String>) = (Vec::new(), Vec::new());
    for run in runs {
        let Some(group) = groups.iter_mut().find(|g| g.runs.first().is_some_and(|first| first.settings == run.settings)) else {
            groups.push(Group { label: String::new(), runs: vec![run] });
            continue;
        };
        let Some(known) = group.runs.iter().find(|known| known.seed == run.seed) else {
            group.runs.push(run);
            continue;
        };
        let end = |run: &Run| Measure::TestLoss.end(run, best).map(f64::to_bits);
        let seed = run.seed.map_or("an unknown seed".to_string(), |seed| format!("seed {seed}"));
        let but = if end(known) == end(&run) { "" } else { ", though with another result: other data or another machine?" };
        notes.push(format!("{} is left out: it repeats {} with {seed}{but}", run.path, known.path));
    }
    let mut data: Vec<&str> = groups.iter().map(|group| group.setting("data")).collect();
    data.sort_unstable();
    data.dedup();
    if data.len() > 1 {
        notes.push(format!("the data differ ({}): what is measured on one cannot be judged by the other", data.join(", ")));
    }
    name(&mut groups);
    (groups, notes)
}

/// Names the groups by the settings in which they differ.
fn name(groups: &mut [Group]) {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in groups.iter().flat_map(|group| group.runs.first()).flat_map(|run| &run.settings) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names.retain(|name| groups.iter().any(|group| group.setting(name) != groups.first().map_or("", |first| first.setting(name))));
    for group in groups {
        let parts = names.iter().map(|name| (name.as_str(), group.setting(name))).filter_map(|(name, value)| match name {
            "data" | "network" | "optimizer" | "loss" | "sampling" | "program" => Some(value.to_string()),
            // Of the two ways to give a length one is always empty.
            "iterations" | "epochs" if value.is_empty() => None,
            "iterations" | "epochs" => Some(format!("{value} {name}")),
            _ if value.is_empty() => Some(format!("no {name}")),
            _ => Some(format!("{name} {value}")),
        });
        let parts: Vec<String> = parts.collect();
        group.label = if parts.is_empty() { group.setting("network").to_string() } else { parts.join(", ") };
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(path: &str, training: &Value) -> Run {
        let record = EpochRecord { iteration: 10, test_loss: 0.25, ..EpochRecord::default() };
        let mut settings = vec![("data".to_string(), "xor".to_string()), ("network".to_string(), "linear(2)".to_string())];
        flatten("", training, &mut settings);
        Run { path: path.into(), seed: training["seed"].as_u64(), settings, history: vec![record] }
    }

    #[test]
    fn groups_are_named_after_what_differs() {
        let all = [
            json!({"seed": 1, "optimizer": "sgd", "learning_rate": 0.1, "schedule": null, "command": "one", "epochs": 5}),
            json!({"seed": 1, "optimizer": "adam", "learning_rate": 0.1, "schedule": "cosine", "command": "two", "iterations": 50}),
            json!({"seed": 2, "optimizer": "sgd", "learning_rate": 0.1, "schedule": null, "command": "three", "epochs": 5}),
            json!({"seed": 1, "optimizer": "sgd", "learning_rate": 0.1, "schedule": null, "command": "four", "epochs": 5}),
        ];
        let runs = all.iter().enumerate().map(|(i, training)| run(&format!("runs/{i}"), training)).collect();
        let (groups, notes) = groups(runs, false);
        let labels: Vec<&str> = groups.iter().map(|group| &group.label[..]).collect();
        assert_eq!(labels, ["5 epochs, sgd, no schedule", "adam, schedule cosine, 50 iterations"]);
        assert_eq!(groups[0].runs.iter().map(|r| r.seed).collect::<Vec<_>>(), [Some(1), Some(2)]);
        assert_eq!(notes, ["runs/3 is left out: it repeats runs/0 with seed 1"]);
        let of_data = |name: &str| Run { settings: vec![("data".into(), name.into())], ..run(name, &json!({})) };
        let (_, notes) = super::groups(vec![of_data("moons"), of_data("circles"), of_data("moons")], false);
        assert!(notes[1].starts_with("the data differ (circles, moons)"), "{notes:?}");
    }

    #[test]
    fn nested_settings_have_their_own_names() {
        let of = |json: &Value| run("a", json).settings.split_off(2);
        let setting = |name: &str, value: &str| (name.to_string(), value.to_string());
        let nested = json!({"stop": {"patience": 3, "seed": 4}, "clip_norm": 1e-7, "dtype": "f32"});
        assert_eq!(of(&nested), [setting("clip norm", "1e-7"), setting("dtype", "f32"), setting("stop patience", "3")]);
        assert_eq!(of(&json!("nothing")), []);
    }
}
