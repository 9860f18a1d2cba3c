//! The argument DATA: names of the data sets that come with the program, and files.

use std::path::{Path, PathBuf};

use kudari::data::table::Preparation;
use kudari::data::{self, Dataset, PictureFiles, Split};
use kudari::model::Model;
use kudari::train::{Length, Usual};
use kudari::{Error, ErrorKind, Result};
use serde_json::Value;

use crate::arrays::Files;
use crate::failure::{Failure, OrUsage};
use crate::images::{PictureArguments, Pictures};
use crate::table::{self, TableArguments, is_table};
use crate::text::{self, TextArguments, is_text};

/// How DATA is written, for help texts.
pub const FORMS: &str = "mnist, digits, xor, moons, circles, spiral, a table (.csv, .tsv, also .gz, .parquet), a text (.txt, .txt.gz), arrays of \
    NumPy (.npz, or X.npy,Y.npy), a folder with a folder of pictures (.png, .jpg) for each class, a folder with the four IDX files \
    of MNIST's names, or IMAGES.idx,LABELS.idx";

/// What of the data is used, and how.
#[derive(clap::Args, Clone, Default, Debug, PartialEq)]
pub struct DataArguments {
    #[command(flatten)]
    pub columns: TableArguments,
    #[command(flatten)]
    pub pictures: PictureArguments,
    #[command(flatten)]
    pub texts: TextArguments,
}

impl DataArguments {
    /// Names and values of the options that are set.
    pub fn options(&self) -> Vec<(&'static str, Value)> {
        self.columns.options().into_iter().chain(self.pictures.options()).chain(self.texts.options()).collect()
    }
}

/// A data set that comes with the program, and what trains well on it.
pub struct Known {
    name: &'static str,
    load: fn() -> Result<Split>,
    defaults: Defaults,
    /// The range of both inputs in pictures, where it is not to follow from the data.
    view: Option<[f64; 2]>,
}

/// How to train where the user does not say it.
#[derive(Clone, Copy)]
pub struct Defaults {
    /// The hidden layers, in which `CLASSES` stands for the number of classes; the output layer follows from it.
    pub hidden: &'static str,
    /// What is minimised.
    pub loss: &'static str,
    /// The optimizer.
    pub optimizer: &'static str,
    /// Its learning rate.
    pub learning_rate: f64,
    /// How that changes, if it does.
    pub schedule: Option<&'static str>,
    /// The optimizer's weight decay.
    pub weight_decay: f64,
    /// Samples per update.
    pub batch_size: usize,
    /// How long.
    pub length: Length,
    /// The accuracy on the training data that counts as learnt.
    pub goal: f64,
}

/// For MNIST, found by measuring: 98 % in seconds.
const MNIST: Defaults = Defaults {
    hidden: "linear(256) relu",
    loss: "softmax_cross_entropy",
    optimizer: "adam",
    learning_rate: 0.002,
    schedule: Some("cosine"),
    weight_decay: 0.0,
    batch_size: 128,
    length: Length::Epochs(8),
    goal: 0.95,
};

/// For points of the plane.
const PLANE: Defaults = Defaults {
    hidden: "linear(16) tanh linear(16) tanh",
    loss: "softmax_cross_entropy",
    optimizer: "adam",
    learning_rate: 0.005,
    schedule: None,
    weight_decay: 0.0,
    batch_size: 50,
    length: Length::Epochs(200),
    goal: 0.99,
};

/// The seed of data that are made: always the same data under one name, whatever the seed of the training.
const SEED: u64 = 1;

const KNOWN: &[Known] = &[
    Known { name: "mnist", load: kudari_mnist::load, defaults: MNIST, view: None },
    Known {
        name: "digits",
        load: kudari_mnist::load_digits,
        defaults: Defaults {
            hidden: "linear(100) relu",
            loss: "softmax_cross_entropy",
            optimizer: "adam",
            learning_rate: 0.002,
            schedule: None,
            weight_decay: 0.0,
            batch_size: 32,
            length: Length::Epochs(40),
            goal: 0.99,
        },
        view: None,
    },
    Known {
        name: "xor",
        load: || Ok(Split::new(data::xor(), data::xor())),
        defaults: Defaults {
            hidden: "linear(8) tanh",
            loss: "softmax_cross_entropy",
            optimizer: "adam",
            learning_rate: 0.02,
            schedule: None,
            weight_decay: 0.0,
            batch_size: 4,
            length: Length::Iterations(1_000),
            goal: 0.99,
        },
        view: Some([-1.5, 1.5]),
    },
    Known { name: "moons", load: || data::moons(400, 0.12, SEED), defaults: PLANE, view: None },
    Known { name: "circles", load: || data::circles(400, 0.1, SEED), defaults: PLANE, view: None },
    Known { name: "spiral", load: || data::spiral(450, 3, 0.02, SEED), defaults: PLANE, view: None },
];

/// The share of the samples that a model is judged by, where there is no part for it.
const TEST_SHARE: f64 = 0.2;
/// What trains well on so many samples of this shape, and from which accuracy on a training in a sweep succeeds.
pub fn usual(samples: usize, shape: &[usize], are_classes: bool) -> Defaults {
    let usual = Usual::for_samples(samples, shape, are_classes);
    Defaults {
        hidden: usual.hidden,
        loss: usual.loss,
        optimizer: usual.optimizer,
        learning_rate: usual.learning_rate,
        schedule: usual.schedule,
        weight_decay: usual.weight_decay,
        batch_size: usual.batch_size,
        length: Length::Epochs(usual.epochs),
        goal: if are_classes { 0.95 } else { 0.9 },
    }
}

/// Which part of a data set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What is learnt from.
    Train,
    /// What the result is judged by.
    Test,
}

/// What the argument names.
enum Source {
    Known(&'static Known),
    Folder(PathBuf),
    Pair(PathBuf, PathBuf),
    Samples(PathBuf),
    Arrays(Files),
    Pictures(Pictures),
    Text(PathBuf),
}

impl Source {
    /// Finds out what `text` names.
    fn find(text: &str) -> Result<(Source, Option<Part>), Failure> {
        if let Some(known) = KNOWN.iter().find(|k| k.name == text) {
            return Ok((Source::Known(known), None));
        }
        // What exists under this very name is meant, whatever signs are in it.
        let path = Path::new(text);
        let idx = path.join("train-images-idx3-ubyte");
        let is_idx = idx.is_file() || idx.with_extension("gz").is_file();
        if let Some(pictures) = Pictures::at(path).filter(|_| path.exists() && !is_idx) {
            return Ok((Source::Pictures(pictures), None));
        }
        if path.is_dir() {
            return Ok((Source::Folder(path.to_path_buf()), None));
        }
        if path.exists() && is_text(path) {
            return Ok((Source::Text(path.to_path_buf()), None));
        }
        if path.exists() {
            let source = Files::new(path, None).map_or_else(|| Source::Samples(path.to_path_buf()), Source::Arrays);
            return Ok((source, None));
        }
        for (ending, part) in [(":train", Part::Train), (":test", Part::Test)] {
            if let Some(name) = text.strip_suffix(ending) {
                return Source::find(name).map(|(source, _)| (source, Some(part)));
            }
        }
        if let Some((samples, labels)) = text.split_once(',') {
            let [samples, labels] = [samples, labels].map(|path| Path::new(path.trim()));
            let pair = || Source::Pair(samples.into(), labels.into());
            return Ok((Files::new(samples, Some(labels)).map_or_else(pair, Source::Arrays), None));
        }
        if text.contains(['/', '\\', '.']) {
            let missing = Error::new(ErrorKind::Io, format!("{text}: there is no such file or folder"));
            return Err(missing.help(format!("DATA is {FORMS}")).into());
        }
        Err(Failure::Usage(unknown(text)))
    }

    /// Both parts of the data.
    fn split(&self) -> Result<Split> {
        match self {
            Source::Known(known) => (known.load)(),
            Source::Folder(folder) => data::read_idx_folder(folder),
            // These are read part by part, and do not come here.
            Source::Arrays(_) | Source::Pictures(_) | Source::Text(_) => {
                Err(Error::new(ErrorKind::Value, "not a data set of two parts"))
            }
            Source::Pair(samples, _) | Source::Samples(samples) => {
                Err(Error::new(ErrorKind::Value, format!("{}: one set of samples where two parts are needed", samples.display()))
                    .help("give the name of a data set or a folder with the four IDX files of MNIST's names"))
            }
        }
    }
}

fn unknown(text: &str) -> Error {
    let nearest = KNOWN.iter().map(|k| (strsim::damerau_levenshtein(text, k.name), k.name)).min();
    let guess = nearest.filter(|n| n.0 <= 2).map_or(String::new(), |n| format!("did you mean `{}`? ", n.1));
    Error::new(ErrorKind::Value, format!("unknown data `{text}`")).help(format!("{guess}DATA is {FORMS}"))
}

/// Data to train on.
#[derive(Clone)]
pub struct Training {
    /// What the run folder is named after.
    pub name: String,
    /// Both parts.
    pub split: Split,
    /// How to train where the user does not say it.
    pub defaults: Defaults,
    /// The range of both inputs in pictures, where it is not to follow from the data.
    pub view: Option<[f64; 2]>,
    /// How rows of a table become inputs, if it is one.
    pub preparation: Option<Preparation>,
    /// What was done to the data on the way, in lines for people.
    pub notes: Vec<String>,
}

/// How samples are divided into parts, by a seed.
#[derive(Clone, Copy)]
pub struct Division {
    /// The seed.
    pub seed: u64,
    /// The share of the training samples that is taken to decide by, if any is.
    pub validation: Option<f64>,
    /// The number of the fold to be judged by, from 0, and of how many: instead of the usual test part.
    pub fold: Option<(usize, usize)>,
}

impl Division {
    /// Training and test samples as usual.
    pub fn by(seed: u64) -> Division {
        Division { seed, validation: None, fold: None }
    }

    /// Divides samples; a fifth of those that have no test part of their own is kept for one, of every class alike.
    pub fn parts(&self, all: Dataset, judge: Option<Dataset>) -> Result<Split> {
        let split = match (judge, self.fold) {
            (Some(judge), _) => Split::new(all, judge),
            // The fold will be the part to be judged by.
            (None, Some(_)) => Split::new(all.clone(), all),
            (None, None) => {
                let [learn, judge] = all.divided(TEST_SHARE, self.seed)?;
                Split::new(all.subset(&learn)?, all.subset(&judge)?)
            }
        };
        self.of(split)
    }

    /// Divides samples that have a training and a test part of their own: folds are parts of the first.
    fn of(&self, split: Split) -> Result<Split> {
        let split = match self.fold {
            None => split,
            Some((number, of)) => {
                let (train, test) = taken(split.train.folds(of, self.seed)?, number);
                Split::new(split.train.subset(&train)?, split.train.subset(&test)?)
            }
        };
        match self.validation {
            Some(share) => split.with_validation(share, self.seed),
            None => Ok(split),
        }
    }
}

/// The members of all folds but one, in rising order, and of that one.
pub fn taken(mut folds: Vec<Vec<usize>>, number: usize) -> (Vec<usize>, Vec<usize>) {
    let one = folds.remove(number.min(folds.len().saturating_sub(1)));
    let mut others = folds.concat();
    others.sort_unstable();
    (others, one)
}

/// The data to train on that `text` names, used as the arguments say.
pub fn training(
    text: &str,
    DataArguments { columns, pictures, texts }: &DataArguments,
    division: Division,
) -> Result<Training, Failure> {
    let (source, part) = Source::find(text)?;
    if let (Source::Samples(path), None) = (&source, part)
        && is_table(path)
    {
        pictures.of_no_pictures(text)?;
        texts.of_no_text(text)?;
        return table::training(path, columns, division);
    }
    columns.of_no_table(text)?;
    if part.is_some() {
        let error = Error::new(ErrorKind::Value, format!("training on `{text}`: a single part of the data"));
        return Err(Failure::Usage(error.help("training needs both parts; leave out what follows the colon")));
    }
    if let Source::Text(path) = &source {
        pictures.of_no_pictures(text)?;
        return text::training(path, texts, division);
    }
    texts.of_no_text(text)?;
    if let Source::Pictures(found) = &source {
        return found.training(pictures, division);
    }
    pictures.of_no_pictures(text)?;
    if let Source::Arrays(files) = &source {
        return files.training(division);
    }
    let split = match &source {
        Source::Pair(..) | Source::Samples(_) => source.split().map_err(Failure::Usage)?,
        _ => source.split()?,
    };
    for (part, what) in [(&split.train, "training"), (&split.test, "test")] {
        if part.is_empty() {
            return Err(Error::new(ErrorKind::Value, format!("{}: no {what} samples", part.name())).into());
        }
    }
    let (name, defaults, view) = match &source {
        Source::Known(known) => (known.name.to_string(), known.defaults, known.view),
        Source::Folder(folder) => (folder_name(folder), usual(split.train.len(), split.train.sample_shape(), true), None),
        _ => ("data".to_string(), usual(split.train.len(), split.train.sample_shape(), true), None),
    };
    let split = division.of(split).or_usage()?;
    Ok(Training { name, split, defaults, view, preparation: None, notes: Vec::new() })
}

/// The last part of a folder's path, also where it is written as `.` or `..`.
pub fn folder_name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    whole.file_name().map_or("data".to_string(), |name| name.to_string_lossy().into_owned())
}

/// Whether `text` names samples: anything but a single file that is no array.
pub fn are_samples(text: &str) -> bool {
    Source::find(text).is_ok_and(|(source, _)| !matches!(source, Source::Samples(_)))
}

/// Samples with targets, for a model that takes samples of this shape and knows these classes (none where it predicts numbers), or
/// for any: the test part unless `text` says otherwise.
pub fn labelled(text: &str, model: Option<&Model>) -> Result<Dataset, Failure> {
    match Source::find(text)? {
        (Source::Arrays(files), part) => not_empty(files.labelled(part, model.map(|model| &model.labels[..]))?),
        (Source::Pictures(pictures), part) => match model {
            Some(model) => not_empty(pictures.labelled(part, &model.labels, model.network.input_shape())?),
            None => {
                let Split { train, test, .. } = pictures.training(&PictureArguments::default(), Division::by(1))?.split;
                Ok(if part == Some(Part::Train) { train } else { test })
            }
        },
        (Source::Text(path), part) => text::labelled(&path, part, model),
        (Source::Samples(path), _) if is_table(&path) => Err(not_of_a_table(&path)),
        (Source::Samples(path), _) => {
            let error = Error::new(ErrorKind::Value, format!("{}: samples without labels", path.display()));
            Err(Failure::Usage(error.help("write IMAGES.idx,LABELS.idx")))
        }
        (Source::Pair(samples, labels), None) => not_empty(data::read_idx_pair(&samples, &labels)?),
        found => part_of(text, found),
    }
}

/// Samples to classify, with labels or without: the test part unless `text` says otherwise.
pub fn samples(text: &str) -> Result<Dataset, Failure> {
    match Source::find(text)? {
        (Source::Arrays(files), part) => not_empty(files.samples(part)?),
        (Source::Text(_), _) => {
            Err(Error::new(ErrorKind::Value, format!("`{text}`: a text where arrays of samples are needed")).into())
        }
        (Source::Pictures(_), _) => {
            Err(Error::new(ErrorKind::Value, format!("`{text}`: pictures where arrays of samples are needed")).into())
        }
        (Source::Samples(path), _) if is_table(&path) => Err(not_of_a_table(&path)),
        (Source::Samples(path) | Source::Pair(path, _), None) => not_empty(data::read_idx_samples(&path)?),
        found => part_of(text, found),
    }
}

/// The files of pictures that `text` names, if it names pictures.
pub fn pictures(text: &str) -> Result<Option<PictureFiles>, Failure> {
    match Source::find(text)? {
        (Source::Pictures(pictures), part) => pictures.files(part).map(Some),
        _ => Ok(None),
    }
}

/// A table given to what was not trained on one.
fn not_of_a_table(path: &Path) -> Failure {
    let what = format!("{}: a table, which only a model that was trained on one can read", path.display());
    Error::new(ErrorKind::Value, what).help("give the data that the model was trained on, or train one with kudari train").into()
}

fn part_of(text: &str, (source, part): (Source, Option<Part>)) -> Result<Dataset, Failure> {
    if let (Source::Pair(..) | Source::Samples(_), Some(_)) = (&source, part) {
        let error = Error::new(ErrorKind::Value, format!("`{text}`: a file has no parts"));
        return Err(Failure::Usage(error.help("leave out what follows the colon")));
    }
    let split = source.split()?;
    not_empty(if part == Some(Part::Train) { split.train } else { split.test })
}

fn not_empty(data: Dataset) -> Result<Dataset, Failure> {
    if data.is_empty() {
        return Err(Error::new(ErrorKind::Value, format!("{}: no samples", data.name())).into());
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_get_the_nearest_known_one() {
        assert!(unknown("mnits").what_to_do().starts_with("did you mean `mnist`? DATA is mnist, digits, xor"));
        assert!(unknown("something").what_to_do().starts_with("DATA is mnist"));
    }
}
