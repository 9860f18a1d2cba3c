//! Arrays of NumPy as DATA: NPY files in pairs, NPZ files whose arrays have usual names, and what trains well on them.

use std::path::{Path, PathBuf};

use kudari::data::{Dataset, Npz, RawArray, class_names, read_npy, samples_alone, samples_with_targets};
use kudari::{Error, ErrorKind, Result};

use crate::data::{self, Division, Part, Training};
use crate::failure::Failure;
use crate::output::number;

/// Words in the names of arrays that tell the part of the data; one for validation serves where there is none for tests.
const PARTS: [&[&str]; 3] = [&["train", "training"], &["test", "testing"], &["val", "valid", "validation"]];
/// Words that tell the samples, and those that tell the targets.
const SAMPLES: &[&str] = &["x", "images", "image", "data", "inputs", "input", "features", "samples"];
const TARGETS: &[&str] = &["y", "t", "labels", "label", "targets", "target", "classes"];

/// Files of arrays: an NPZ file, or NPY files of samples and targets.
pub struct Files {
    samples: PathBuf,
    targets: Option<PathBuf>,
}

/// Samples with their targets, if there are any.
struct Pair {
    x: RawArray,
    t: Option<RawArray>,
}

impl Files {
    /// The files, if their endings say that they hold arrays.
    pub fn new(samples: &Path, targets: Option<&Path>) -> Option<Files> {
        let is_arrays = ends_with(samples, "npy") || ends_with(samples, "npz");
        is_arrays.then(|| Files { samples: samples.to_path_buf(), targets: targets.map(Path::to_path_buf) })
    }

    fn name(&self) -> String {
        self.samples.display().to_string()
    }

    /// The arrays of a part; of one that the file does not tell apart, none.
    fn pair(&self, part: Option<Part>) -> Result<Option<Pair>> {
        if ends_with(&self.samples, "npy") {
            let read = || -> Result<Pair> {
                Ok(Pair { x: read_npy(&self.samples)?, t: self.targets.as_deref().map(read_npy).transpose()? })
            };
            return if part.is_none() { read().map(Some) } else { Ok(None) };
        }
        let bytes = std::fs::read(&self.samples).map_err(|e| Error::io(&self.samples, &e))?;
        let here = |e: Error| e.context(self.samples.display());
        let npz = Npz::parse(&bytes).map_err(here)?;
        let named = |place: Option<usize>, words: &[&str]| {
            npz.names().find(|name| role(name).is_some_and(|(found, word)| found == place && words.contains(&word.as_str())))
        };
        let places = match part {
            None => vec![None],
            Some(Part::Train) => vec![Some(0)],
            Some(Part::Test) => vec![Some(1), Some(2)],
        };
        for place in places {
            if let Some(x) = named(place, SAMPLES) {
                let read = |name: &str| npz.array(name).map_err(here);
                return Ok(Some(Pair { x: read(x)?, t: named(place, TARGETS).map(read).transpose()? }));
            }
        }
        Ok(None)
    }

    fn names(&self) -> String {
        let Ok(bytes) = std::fs::read(&self.samples) else { return String::new() };
        let names = Npz::parse(&bytes).map(|npz| npz.names().take(20).collect::<Vec<_>>().join(", "));
        names.unwrap_or_default()
    }

    /// Where the usual names are missing.
    fn nothing(&self, wanted: &str) -> Failure {
        let what = format!("{}: no arrays of {wanted}", self.name());
        let help = format!("arrays are named x_train, y_train, x_test, y_test, or x, y; here they are {}", self.names());
        Error::new(ErrorKind::Value, what).help(help).into()
    }

    /// Data to train on. What has no part to be judged by is divided.
    pub fn training(&self, division: Division) -> Result<Training, Failure> {
        if ends_with(&self.samples, "npy") && self.targets.is_none() {
            let error = Error::new(ErrorKind::Value, format!("{}: samples without targets", self.name()));
            return Err(Failure::Usage(error.help("write X.npy,Y.npy, or put both into an .npz")));
        }
        let name = self.name();
        let train = match self.pair(Some(Part::Train))? {
            Some(pair) => Some(pair),
            None => self.pair(None)?,
        };
        let Some(Pair { x, t: Some(t) }) = train else { return Err(self.nothing("samples and targets to train on")) };
        let test = self.pair(Some(Part::Test))?.and_then(|pair| Some((pair.x, pair.t?)));
        let all: Vec<&RawArray> = std::iter::once(&t).chain(test.iter().map(|(_, t)| t)).collect();
        let classes = class_names(&name, &all)?;
        let train = samples_with_targets(&name, x, t, &classes)?;
        let test = test.map(|(x, t)| samples_with_targets(&name, x, t, &classes)).transpose()?;
        if train.is_empty() || test.as_ref().is_some_and(Dataset::is_empty) {
            return Err(Error::new(ErrorKind::Value, format!("{name}: no samples to learn from or to be judged by")).into());
        }
        let split = division.parts(train, test)?;
        let normalisation = split.train.usual_normalisation();
        let split = split.with_normalisation(normalisation);
        let defaults = data::usual(split.train.len(), split.train.sample_shape(), !classes.is_empty());
        let stem = self.samples.file_stem().map_or("data".to_string(), |stem| stem.to_string_lossy().into_owned());
        let notes = vec![in_words(&split.train)];
        Ok(Training { name: stem, split, defaults, view: None, preparation: None, notes })
    }

    /// Samples with targets, to measure a model of these classes, or of those that there are: the test part unless another is asked
    /// for, or all.
    pub fn labelled(&self, part: Option<Part>, classes: Option<&[String]>) -> Result<Dataset, Failure> {
        let name = self.name();
        let Pair { x, t } = self.part(part)?;
        let Some(t) = t else {
            let error = Error::new(ErrorKind::Value, format!("{name}: samples without targets"));
            return Err(Failure::Usage(error.help("write X.npy,Y.npy, or put both into an .npz")));
        };
        let found = class_names(&name, &[&t])?;
        let Some(classes) = classes else {
            let data = samples_with_targets(&name, x, t, &found)?;
            let normalisation = data.usual_normalisation();
            return Ok(data.with_normalisation(normalisation));
        };
        if found.is_empty() != classes.is_empty() {
            let [model, data] = if classes.is_empty() { ["numbers", "classes"] } else { ["classes", "numbers"] };
            let error = Error::new(ErrorKind::Value, format!("{name}: the targets are {data}, the model predicts {model}"));
            return Err(error.help("whole numbers are classes, floating-point numbers are numbers").into());
        }
        Ok(samples_with_targets(&name, x, t, classes)?)
    }

    /// Samples to predict.
    pub fn samples(&self, part: Option<Part>) -> Result<Dataset, Failure> {
        Ok(samples_alone(&self.name(), self.part(part)?.x)?)
    }

    fn part(&self, part: Option<Part>) -> Result<Pair, Failure> {
        if part.is_some() && ends_with(&self.samples, "npy") {
            let error = Error::new(ErrorKind::Value, format!("{}: a file of one array has no parts", self.name()));
            return Err(Failure::Usage(error.help("leave out what follows the colon")));
        }
        let found = match part {
            Some(part) => self.pair(Some(part))?,
            None => match self.pair(Some(Part::Test))? {
                Some(pair) => Some(pair),
                None => self.pair(None)?,
            },
        };
        found.ok_or_else(|| self.nothing("samples"))
    }
}

fn ends_with(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// The part that an array's name tells, as a place in [`PARTS`], and the word that is left: `train_images`, `X_test`, `y`.
fn role(name: &str) -> Option<(Option<usize>, String)> {
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let part = |word: &str| PARTS.iter().position(|words| words.contains(&word));
    match words[..] {
        [word] => Some((None, word.to_string())),
        [a, b] => match (part(a), part(b)) {
            (Some(place), None) => Some((Some(place), b.to_string())),
            (None, Some(place)) => Some((Some(place), a.to_string())),
            _ => None,
        },
        _ => None,
    }
}

/// What is done to the inputs, for the first lines of a training.
fn in_words(train: &Dataset) -> String {
    let normalisation = train.normalisation();
    let (scale, shift) = (normalisation.scale, normalisation.shift);
    if normalisation.each.is_some() {
        "each column of the inputs is taken less its mean and divided by its deviation".to_string()
    } else if normalisation == kudari::data::Normalisation::default() {
        "inputs are taken as they are".to_string()
    } else if shift == 0.0 {
        format!("inputs are divided by {}", short(1.0 / scale))
    } else {
        format!(
            "inputs are taken less their mean, {}, and divided by their deviation, {}",
            short(-shift / scale),
            short(1.0 / scale)
        )
    }
}

/// A number with four digits.
fn short(x: f64) -> String {
    number(format!("{x:.3e}").parse().unwrap_or(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_part_and_role() {
        for (name, part, word) in
            [("x_train", Some(0), "x"), ("test_labels", Some(1), "labels"), ("Y", None, "y"), ("val_images", Some(2), "images")]
        {
            assert_eq!(role(name), Some((part, word.to_string())), "{name}");
        }
        assert!(role("a_b").is_none() && role("").is_none() && role("train_test").is_none());
    }
}
