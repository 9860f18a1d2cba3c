//! Makes the files in `data/` from the original data sets.
//!
//! ```text
//! cargo run --release -p kudari-mnist --example encode -- MNIST_FOLDER DIGITS_CSV_GZ OUTPUT_FOLDER
//! ```
//!
//! The MNIST folder holds the four IDX files, each as it is or with `.gz` at the end of its name; the other file is
//! scikit-learn's `digits.csv.gz`. For each of the 70,000 images it searches the black-and-white scan behind it, which
//! takes five to ten minutes on two cores; the result does not depend on the number of cores.

#![allow(dead_code, reason = "the modules shared with the library hold its decoder too")]

#[path = "../../src/coder.rs"]
mod coder;
#[path = "../../src/digits.rs"]
mod digits;
mod encoder;
mod fit;
mod grid;
mod invert;
mod prior;
#[path = "../../src/render.rs"]
mod render;
#[path = "../../src/scan.rs"]
mod scan;
mod solve;

use std::error::Error;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, sync::mpsc, thread};

use coder::Number;
use encoder::Encoder;
use fit::Size;
use flate2::read::GzDecoder;
use invert::{Origin, SIDES, invert};
use prior::Prior;
use render::CELLS;
use scan::{FRAME, Scan, Wanted};

const PIXELS: usize = FRAME * FRAME;
/// The images from which the search learns what scans look like, and how often.
const LESSONS: usize = 400;
const ROUNDS: usize = 2;
/// Parts of the training images that are decoded at the same time.
const TRAIN_PARTS: usize = 4;
const TEST_PARTS: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [mnist, small, output] = &arguments[..] else {
        return Err("expected: MNIST_FOLDER DIGITS_CSV_GZ OUTPUT_FOLDER".into());
    };
    let [mnist, output] = [Path::new(mnist), Path::new(output)];
    let train = idx(mnist, "train-images-idx3-ubyte", 16)?;
    let test = idx(mnist, "t10k-images-idx3-ubyte", 16)?;
    let labels = [idx(mnist, "train-labels-idx1-ubyte", 8)?, idx(mnist, "t10k-labels-idx1-ubyte", 8)?].concat();
    fs::write(output.join("labels.bin"), encode_labels(&labels))?;
    fs::write(output.join("digits.bin"), encode_digits(&fs::read(small)?)?)?;

    let sizes: Vec<Size> = SIDES.map(Size::new).collect();
    let mut prior = Prior::smooth();
    for _ in 0..ROUNDS {
        let image = |index: usize| invert(&sizes, &train[index * PIXELS..][..PIXELS], &prior, true);
        let origins = in_parallel(LESSONS, image);
        prior = Prior::learn(origins.iter().flatten().map(|origin| &origin.rows[..]));
    }
    for (name, images, parts) in [("train", &train, TRAIN_PARTS), ("test", &test, TEST_PARTS)] {
        let origins = in_parallel(images.len() / PIXELS, |index| {
            let image = &images[index * PIXELS..][..PIXELS];
            invert(&sizes, image, &prior, false).unwrap_or_else(|| unexplained(image))
        });
        let inexact = origins.iter().filter(|origin| origin.wrong > 0).count();
        let wrong: usize = origins.iter().map(|origin| origin.wrong).sum();
        let file = encode_images(&origins, parts)?;
        println!("{name}: {} images in {} bytes; {inexact} with {wrong} corrections", origins.len(), file.len());
        fs::write(output.join(format!("{name}-images.bin")), file)?;
    }
    Ok(())
}

/// The data of an IDX file, without its header.
fn idx(folder: &Path, name: &str, header: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let plain = folder.join(name);
    let mut data = if plain.exists() { fs::read(plain)? } else { gunzip(&fs::read(folder.join(format!("{name}.gz")))?)? };
    data.drain(..header.min(data.len()));
    Ok(data)
}

fn gunzip(packed: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut data = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut data)?;
    Ok(data)
}

/// Calls `work` for all numbers below `count` on all cores; the results are in order.
fn in_parallel<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    let mut results: Vec<(usize, T)> = thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (send, next, work) = (send.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count || send.send((index, work(index))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let report = |(done, result)| {
            if done % 1000 == 999 {
                eprintln!("{} of {count}", done + 1);
            }
            result
        };
        receive.iter().enumerate().map(report).collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// An image without a scan behind it: all of its greys are corrections.
fn unexplained(image: &[u8]) -> Origin {
    let top = (0..FRAME).find(|row| image[row * FRAME..][..FRAME].iter().any(|&grey| grey > 0)).unwrap_or(0);
    let left = (0..FRAME).find(|column| (0..FRAME).any(|row| image[row * FRAME + column] > 0)).unwrap_or(0);
    let greys: [u8; CELLS * CELLS] = std::array::from_fn(|cell| {
        let (row, column) = (top + cell / CELLS, left + cell % CELLS);
        if row < FRAME && column < FRAME { image[row * FRAME + column] } else { 0 }
    });
    let wrong = greys.iter().filter(|&&grey| grey > 0).count();
    Origin { side: CELLS, rows: vec![0; CELLS], wanted: Wanted { greys, corner: [top, left] }, wrong, cost: u32::MAX }
}

/// The file that `images` in `src/raw.rs` reads.
fn encode_images(origins: &[Origin], parts: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let parts = origins
        .chunks(origins.len().div_ceil(parts))
        .map(encode_part)
        .collect::<Option<Vec<_>>>()
        .ok_or("a scan does not fit")?;
    let mut file = vec![u8::try_from(parts.len())?];
    for part in &parts {
        file.extend(u32::try_from(part.len())?.to_le_bytes());
    }
    file.extend(parts.concat());
    Ok(file)
}

fn encode_part(origins: &[Origin]) -> Option<Vec<u8>> {
    let (mut coder, mut model) = (Encoder::new(), scan::Model::new());
    for origin in origins {
        model.image(&mut coder, &mut boxed(origin), &origin.wanted, &mut [0; PIXELS])?;
    }
    Some(coder.finish())
}

/// The inked box of a scan.
fn boxed(origin: &Origin) -> Scan {
    let columns = origin.rows.iter().fold(0, |all, row| all | row);
    let inked = |row: &u128| *row != 0;
    let top = origin.rows.iter().position(inked).unwrap_or(0);
    let bottom = origin.rows.iter().rposition(inked).map_or(0, |last| last + 1);
    let left = if columns == 0 { 0 } else { columns.trailing_zeros() as usize };
    let width = (u128::BITS - columns.leading_zeros()) as usize - left;
    Scan { side: origin.side, top, left, width, rows: origin.rows[top..bottom].iter().map(|row| row >> left).collect() }
}

fn encode_labels(labels: &[u8]) -> Vec<u8> {
    let (mut coder, mut class) = (Encoder::new(), Number::<4>::new());
    for &label in labels {
        class.code(&mut coder, usize::from(label));
    }
    coder.finish()
}

fn encode_digits(packed: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let (mut coder, mut model) = (Encoder::new(), digits::Model::new());
    for line in String::from_utf8(gunzip(packed)?)?.lines() {
        let values = line.split(',').map(str::parse).collect::<Result<Vec<u8>, _>>()?;
        let (pixels, label) = values.split_first_chunk().ok_or("too few columns")?;
        model.digit(&mut coder, &mut pixels.to_owned(), &mut label.first().copied().ok_or("no class")?);
    }
    Ok(coder.finish())
}
