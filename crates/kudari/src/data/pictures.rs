//! Folders of pictures: one folder for each class, `CLASS/*.png` or `.jpg`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::dataset::Dataset;
use super::picture::{Colour, PictureForm, decode_picture, is_grey, look_at};
use super::raw::BYTES;
use crate::array::{Array, Shape};
use crate::error::{Error, ErrorKind, Result};

/// Endings of files that are taken for pictures.
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];
/// The longest side that pictures of different sizes are brought to by themselves.
const USUAL_SIDE: usize = 64;
/// Folders inside each other that are looked into.
const DEEPEST: usize = 8;

/// Files of pictures, found by their endings.
#[derive(Debug, Clone, Default)]
pub struct PictureFiles {
    /// The paths, by folders and names in rising order.
    pub paths: Vec<PathBuf>,
    /// How many files had other endings.
    pub others: usize,
}

/// Files of pictures with a class each.
#[derive(Debug, Clone)]
pub struct LabelledPictures {
    /// The files.
    pub files: PictureFiles,
    /// The number of each file's class.
    pub labels: Vec<i64>,
    /// The names of the classes.
    pub classes: Vec<String>,
}

/// Whether a path has the ending of a picture.
pub fn is_picture(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// What lies in a folder, in rising order of the names; without what is hidden.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
        let mut paths = entries.collect::<std::io::Result<Vec<PathBuf>>>()?;
        paths.retain(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')));
        paths.sort();
        Ok(paths)
    };
    read().map_err(|e| Error::io(folder, &e))
}

impl PictureFiles {
    /// The pictures in a folder and the folders in it.
    ///
    /// # Errors
    ///
    /// A folder that cannot be read.
    pub fn in_folder(folder: &Path) -> Result<PictureFiles> {
        let mut files = PictureFiles::default();
        files.add(folder, DEEPEST)?;
        Ok(files)
    }

    fn add(&mut self, folder: &Path, depth: usize) -> Result<()> {
        for path in entries(folder)? {
            if path.is_dir() {
                if depth > 0 {
                    self.add(&path, depth - 1)?;
                }
            } else if is_picture(&path) {
                self.paths.push(path);
            } else {
                self.others += 1;
            }
        }
        Ok(())
    }

    /// The form that these pictures are brought to: of the given size and colours, otherwise of the size that all have, or, where
    /// sizes differ, of squares with the median side, at most 64 pixels; and grey if all pixels of all of them are.
    ///
    /// # Errors
    ///
    /// No pictures, or one that cannot be read; its path is named.
    pub fn form(&self, size: Option<[usize; 2]>, colour: Option<Colour>) -> Result<PictureForm> {
        let looks = for_each_file(&self.paths, look_at)?;
        let first = looks.first().ok_or_else(|| Error::value("no pictures"))?;
        let [height, width] = size.unwrap_or_else(|| {
            if looks.iter().all(|look| (look.height, look.width) == (first.height, first.width)) {
                return [first.height, first.width];
            }
            let mut sides: Vec<usize> = looks.iter().flat_map(|look| [look.height, look.width]).collect();
            sides.sort_unstable();
            [sides[sides.len() / 2].min(USUAL_SIDE); 2]
        });
        let colour = match colour {
            Some(colour) => colour,
            None if looks.iter().all(|look| look.is_grey) => Colour::Grey,
            None => {
                let found = AtomicBool::new(false);
                for_each_file(&self.paths, |bytes| {
                    // One coloured picture tells: the others need not be decoded for this.
                    if !found.load(Ordering::Relaxed) && !is_grey(bytes)? {
                        found.store(true, Ordering::Relaxed);
                    }
                    Ok(())
                })?;
                if found.into_inner() { Colour::Rgb } else { Colour::Grey }
            }
        };
        Ok(PictureForm { height, width, colour })
    }

    /// The pictures as samples `[planes, height, width]` with these labels, their bytes scaled to 0…1.
    ///
    /// # Errors
    ///
    /// A picture that cannot be read, whose path is named, or more pictures than memory.
    pub fn load(&self, name: &str, form: PictureForm, labels: Array, classes: Vec<String>) -> Result<Dataset> {
        let shape = form.shape();
        Shape::new(&[&[self.paths.len()], &shape[..]].concat()).map_err(|e| e.context(name))?;
        let bytes = for_each_file(&self.paths, |bytes| decode_picture(bytes, form))?.concat();
        Dataset::from_bytes(name, bytes.into(), &shape, BYTES, labels, classes)
    }
}

impl LabelledPictures {
    /// The pictures of a folder that holds a folder for each class; the classes are the names of these, in rising order. Folders
    /// without pictures are no classes.
    ///
    /// # Errors
    ///
    /// A folder that cannot be read, or no folder with pictures.
    pub fn in_folder(folder: &Path) -> Result<LabelledPictures> {
        let mut found = LabelledPictures { files: PictureFiles::default(), labels: Vec::new(), classes: Vec::new() };
        for path in entries(folder)? {
            if !path.is_dir() {
                let what = format!("{}: a picture outside of the folders of classes", path.display());
                if is_picture(&path) {
                    return Err(Error::new(ErrorKind::Format, what).help("put each picture into the folder of its class"));
                }
                found.files.others += 1;
                continue;
            }
            let files = PictureFiles::in_folder(&path)?;
            found.files.others += files.others;
            if !files.paths.is_empty() {
                found.labels.extend(files.paths.iter().map(|_| found.classes.len() as i64));
                found.classes.push(path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default());
                found.files.paths.extend(files.paths);
            }
        }
        if found.classes.is_empty() {
            return Err(Error::new(ErrorKind::Format, format!("{}: no folders with pictures", folder.display()))
                .help("a folder for each class holds its pictures: CLASS/*.png, .jpg or .jpeg"));
        }
        Ok(found)
    }

    /// The same with the classes that a model knows, in its order.
    ///
    /// # Errors
    ///
    /// A class that is not among them.
    pub fn with_classes(mut self, classes: &[String]) -> Result<LabelledPictures> {
        let place = |name: &String| {
            classes.iter().position(|known| known == name).map(|place| place as i64).ok_or_else(|| {
                Error::value(format!("the class `{name}` was not learnt")).help(format!("the classes are {}", classes.join(", ")))
            })
        };
        let places = self.classes.iter().map(place).collect::<Result<Vec<i64>>>()?;
        self.labels.iter_mut().for_each(|label| *label = places[*label as usize]);
        self.classes = classes.to_vec();
        Ok(self)
    }

    /// As samples with their labels; see [`PictureFiles::load`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn load(&self, name: &str, form: PictureForm) -> Result<Dataset> {
        let labels = Array::from_slice(&self.labels, &[self.labels.len()])?;
        self.files.load(name, form, labels, self.classes.clone())
    }
}

/// What `work` makes of each file's bytes, in the order of the files, on all threads. The first file that fails, in that order, gives
/// the error.
fn for_each_file<T: Send>(paths: &[PathBuf], work: impl Fn(&[u8]) -> Result<T> + Sync) -> Result<Vec<T>> {
    let of = |path: &Path| {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, &e))?;
        work(&bytes).map_err(|e| e.context(path.display()))
    };
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while let Some((place, path)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, paths.get(i)?))) {
            done.push((place, of(path)));
        }
        done
    };
    let count = crate::threads().min(paths.len());
    let mut done: Vec<(usize, Result<T>)> = std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..count).map(|_| scope.spawn(worker)).collect();
        let mut done = worker();
        done.extend(helpers.into_iter().flat_map(|helper| helper.join().unwrap_or_default()));
        done
    });
    done.sort_by_key(|(place, _)| *place);
    if done.len() != paths.len() {
        return Err(Error::format("a picture could not be decoded"));
    }
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("kudari-pictures-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Folder(path)
        }
        fn put(&self, name: &str, picture: impl Into<DynamicImage>) {
            let path = self.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            picture.into().save(path).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn folders_are_classes() {
        let folder = Folder::new("classes");
        for i in 0..5u8 {
            folder.put(&format!("dog/{i}.png"), GrayImage::from_pixel(4, 3, Luma([10 + i])));
            folder.put(&format!("cat/deep/{i}.PNG"), GrayImage::from_pixel(4, 3, Luma([100 + i])));
        }
        std::fs::write(folder.0.join("dog/notes.txt"), "x").unwrap();
        std::fs::write(folder.0.join("dog/.hidden"), "x").unwrap();
        std::fs::create_dir(folder.0.join("empty")).unwrap();
        let found = LabelledPictures::in_folder(&folder.0).unwrap();
        assert_eq!((found.classes.join(" "), found.files.others), ("cat dog".to_string(), 1));
        let form = found.files.form(None, None).unwrap();
        assert_eq!(form, PictureForm { height: 3, width: 4, colour: Colour::Grey });
        let data = found.load("pets", form).unwrap();
        assert_eq!((data.len(), data.sample_shape()), (10, &[1, 3, 4][..]));
        assert_eq!(data.targets().unwrap().to_f64_vec(), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        let values = data.batch(&[0, 9]).unwrap().x.array().to_f64_vec();
        assert!((values[0] - 100.0 / 255.0).abs() < 1e-6 && (values[12] - 14.0 / 255.0).abs() < 1e-6, "{values:?}");
        let other = found.clone().with_classes(&["dog".into(), "bird".into(), "cat".into()]).unwrap();
        assert_eq!((other.labels[0], other.labels[9]), (2, 0));
        let error = found.with_classes(&["dog".into()]).err().unwrap();
        assert_eq!((error.what(), error.what_to_do()), ("the class `cat` was not learnt", "the classes are dog"));
    }

    #[test]
    fn the_form_follows_from_the_pictures() {
        let folder = Folder::new("form");
        let form = || PictureFiles::in_folder(&folder.0).unwrap().form(None, None).unwrap();
        folder.put("a.png", RgbImage::from_pixel(10, 20, Rgb([5, 5, 5])));
        assert_eq!(form(), PictureForm { height: 20, width: 10, colour: Colour::Grey });
        folder.put("b.png", RgbImage::from_pixel(30, 40, Rgb([5, 5, 6])));
        // Sides 10, 20, 30, 40.
        assert_eq!(form(), PictureForm { height: 30, width: 30, colour: Colour::Rgb });
        folder.put("c.jpg", RgbImage::from_pixel(300, 400, Rgb([0, 0, 0])));
        folder.put("d.jpg", RgbImage::from_pixel(300, 400, Rgb([0, 0, 0])));
        assert_eq!(form(), PictureForm { height: 64, width: 64, colour: Colour::Rgb });
        let chosen = PictureFiles::in_folder(&folder.0).unwrap().form(Some([8, 9]), Some(Colour::Grey)).unwrap();
        assert_eq!(chosen.shape(), [1, 8, 9]);
    }

    #[test]
    fn a_picture_that_cannot_be_read_is_named() {
        let folder = Folder::new("broken");
        for i in 0..30 {
            folder.put(&format!("a/{i:02}.png"), GrayImage::from_pixel(4, 4, Luma([i])));
        }
        for name in ["a/07.png", "a/21.png"] {
            std::fs::write(folder.0.join(name), "no picture").unwrap();
        }
        let files = PictureFiles::in_folder(&folder.0).unwrap();
        let error = files.form(None, None).err().unwrap();
        assert!(error.what().ends_with("07.png: neither PNG nor JPEG"), "{error}");
        assert!(LabelledPictures::in_folder(&folder.0.join("a")).err().unwrap().what().contains("outside of the folders"));
        assert!(LabelledPictures::in_folder(&folder.0.join("nothing")).is_err());
    }
}
