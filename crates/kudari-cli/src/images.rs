//! Pictures as DATA: folders of them by class, and single files to predict.

use std::path::{Path, PathBuf};

use kudari::data::{Colour, Dataset, LabelledPictures, PictureFiles, PictureForm, is_picture};
use kudari::model::Model;
use kudari::{Array, DType, Error, ErrorKind, Result};
use serde_json::Value;

use crate::data::{self, Division, Part, Training};
use crate::failure::Failure;
use crate::output::with_commas;

/// Names of the folder that a model is judged by, beside one of the name `train`; the first that exists.
const TEST_FOLDERS: [&str; 4] = ["test", "val", "valid", "validation"];

/// How pictures become samples.
#[derive(clap::Args, Clone, Default, Debug, PartialEq)]
pub struct PictureArguments {
    /// Of pictures: the size they are brought to, by default the one that all have, or, where they differ, squares with their median
    /// side, at most 64
    #[arg(long, value_name = "HEIGHTxWIDTH", value_parser = image_size)]
    pub image_size: Option<ImageSize>,
    /// Of pictures: take them as grey, which is the default where all are
    #[arg(long, conflicts_with = "rgb")]
    pub grey: bool,
    /// Of pictures: take red, green and blue, which is the default where one has colours
    #[arg(long)]
    pub rgb: bool,
}

/// Rows and pixels of a row. A type of its own, since clap takes a list for an option that may be repeated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImageSize([usize; 2]);

fn image_size(text: &str) -> Result<ImageSize, String> {
    const MOST: usize = 4096;
    let side = |text: &str| text.trim().parse().ok().filter(|side| (1..=MOST).contains(side));
    let sides = match text.split_once('x') {
        Some((height, width)) => side(height).zip(side(width)),
        None => side(text).zip(side(text)),
    };
    sides.map(|(height, width)| ImageSize([height, width])).ok_or_else(|| format!("sides from 1 to {MOST}, as in 32x32"))
}

impl PictureArguments {
    /// Makes sure that nothing is said about pictures where there are none.
    pub fn of_no_pictures(&self, data: &str) -> Result<(), Failure> {
        if *self == PictureArguments::default() {
            return Ok(());
        }
        let error = Error::new(ErrorKind::Value, format!("`{data}` is no folder of pictures"));
        Err(Failure::Usage(error.help("--image-size, --grey and --rgb are for folders of PNG and JPEG files by class")))
    }

    /// Names and values of the options that are set.
    pub fn options(&self) -> Vec<(&'static str, Value)> {
        let size = self.image_size.map(|ImageSize([height, width])| ("image-size", format!("{height}x{width}").into()));
        let switches = [(self.grey, "grey"), (self.rgb, "rgb")].into_iter().filter(|switch| switch.0);
        size.into_iter().chain(switches.map(|(_, name)| (name, true.into()))).collect()
    }

    fn colour(&self) -> Option<Colour> {
        if self.grey { Some(Colour::Grey) } else { self.rgb.then_some(Colour::Rgb) }
    }
}

/// Pictures in a folder, or a single one.
pub struct Pictures {
    path: PathBuf,
}

impl Pictures {
    /// The pictures that a path names: a file with the ending of one, or a folder that has some in it.
    pub fn at(path: &Path) -> Option<Pictures> {
        let found = if path.is_dir() { has_pictures(path, 3) } else { is_picture(path) };
        found.then(|| Pictures { path: path.to_path_buf() })
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The folder of a part, if the folder has parts.
    fn part(&self, part: Part) -> Option<PathBuf> {
        let train = self.path.join("train");
        if !train.is_dir() {
            return None;
        }
        match part {
            Part::Train => Some(train),
            Part::Test => TEST_FOLDERS.iter().map(|name| self.path.join(name)).find(|path| path.is_dir()),
        }
    }

    /// Data to train on. What has no part to be judged by is divided.
    pub fn training(&self, arguments: &PictureArguments, division: Division) -> Result<Training, Failure> {
        let name = self.name();
        if !self.path.is_dir() {
            let error = Error::new(ErrorKind::Value, format!("{name}: one picture to train on"));
            return Err(Failure::Usage(error.help("give a folder that holds a folder of pictures for each class")));
        }
        let learn = LabelledPictures::in_folder(&self.part(Part::Train).unwrap_or_else(|| self.path.clone()))?;
        if learn.classes.len() < 2 {
            let what = format!("{name}: pictures of one class only, {}", learn.classes.join(""));
            return Err(Error::new(ErrorKind::Value, what)
                .help("put the pictures of each class into a folder of its own")
                .into());
        }
        let judge = self.part(Part::Test).map(|folder| {
            LabelledPictures::in_folder(&folder)?.with_classes(&learn.classes).map_err(|e| e.context(folder.display()))
        });
        let judge = judge.transpose()?;
        let form = learn.files.form(arguments.image_size.map(|size| size.0), arguments.colour())?;
        let mut notes = in_words(&learn, judge.as_ref(), form, arguments);
        let all = learn.load(&name, form)?;
        let judge = judge.map(|judge| judge.load(&name, form)).transpose()?;
        let split = division.parts(all, judge)?;
        let defaults = data::usual(split.train.len(), split.train.sample_shape(), true);
        notes.retain(|note| !note.is_empty());
        Ok(Training { name: data::folder_name(&self.path), split, defaults, view: None, preparation: None, notes })
    }

    /// Pictures with their classes, to measure a model with that takes samples of this shape and knows these classes: the part for
    /// tests unless another is asked for, or all there are.
    pub fn labelled(&self, part: Option<Part>, classes: &[String], shape: &[usize]) -> Result<Dataset, Failure> {
        if !self.path.is_dir() {
            let error = Error::new(ErrorKind::Value, format!("{}: a picture without a class", self.name()));
            return Err(Failure::Usage(error.help("give a folder that holds a folder of pictures for each class")));
        }
        let folder = self.folder_of(part)?;
        let pictures = LabelledPictures::in_folder(&folder)?.with_classes(classes).map_err(|e| e.context(folder.display()))?;
        Ok(pictures.load(&folder.display().to_string(), form_of(&self.name(), shape)?)?)
    }

    /// The files to predict, with or without classes.
    pub fn files(&self, part: Option<Part>) -> Result<PictureFiles, Failure> {
        if !self.path.is_dir() {
            return Ok(PictureFiles { paths: vec![self.path.clone()], others: 0 });
        }
        Ok(PictureFiles::in_folder(&self.folder_of(part)?)?)
    }

    /// The folder of a part that is asked for; without being asked the one for tests, if there is one.
    fn folder_of(&self, part: Option<Part>) -> Result<PathBuf, Failure> {
        match part {
            None => Ok(self.part(Part::Test).unwrap_or_else(|| self.path.clone())),
            Some(part) => self.part(part).ok_or_else(|| {
                let error = Error::new(ErrorKind::Value, format!("{}: no folders `train` and `test`", self.name()));
                Failure::Usage(error.help("leave out what follows the colon"))
            }),
        }
    }
}

/// Files as a model's samples, all of the one class `?`.
pub fn samples(model: &Model, files: &PictureFiles) -> Result<Dataset> {
    let labels = Array::zeros(&[files.paths.len()], DType::I64)?;
    files.load("pictures", form_of("pictures", model.network.input_shape())?, labels, vec!["?".to_string()])
}

/// The form of pictures that a model takes.
fn form_of(name: &str, shape: &[usize]) -> Result<PictureForm> {
    PictureForm::of_shape(shape).ok_or_else(|| {
        Error::new(ErrorKind::Shape, format!("{name}: pictures, but the model takes samples of shape {shape:?}"))
            .help("a model that was trained on pictures takes [1, height, width] or [3, height, width]")
    })
}

/// Whether some file in a folder, or in the folders in it, has the ending of a picture.
fn has_pictures(folder: &Path, depth: usize) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    let mut folders = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        match path.is_dir() {
            true => folders.push(path),
            false if is_picture(&path) => return true,
            false => {}
        }
    }
    depth > 0 && folders.iter().any(|folder| has_pictures(folder, depth - 1))
}

/// What was done to the pictures, for the first lines of a training.
fn in_words(
    learn: &LabelledPictures,
    judge: Option<&LabelledPictures>,
    form: PictureForm,
    arguments: &PictureArguments,
) -> Vec<String> {
    let colour = if form.colour == Colour::Grey { "grey" } else { "red, green and blue" };
    let brought = if arguments.image_size.is_some() { ", as asked for" } else { "" };
    let others = learn.files.others + judge.map_or(0, |judge| judge.files.others);
    let others = match others {
        0 => String::new(),
        1 => "1 file has another ending than .png, .jpg and .jpeg and is left out".to_string(),
        count => format!("{} files have other endings than .png, .jpg and .jpeg and are left out", with_commas(count as u64)),
    };
    vec![format!("pictures of {}×{} pixels{brought}, {colour}, bytes divided by 255", form.height, form.width), others]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!([image_size("32x48"), image_size("7")], [Ok(ImageSize([32, 48])), Ok(ImageSize([7, 7]))]);
        assert!(["", "0x3", "3x", "x", "5000x1", "-1", "3x4x5"].iter().all(|bad| image_size(bad).is_err()));
    }
}
