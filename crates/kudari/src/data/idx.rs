//! IDX files, the format of MNIST: two zero bytes, the type of the numbers, the number of axes, the sizes as big-endian
//! 32-bit numbers, then the numbers. Files may be compressed with gzip.
//!
//! Source: the description on the MNIST page by LeCun, Cortes and Burges.

use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::dataset::{Dataset, Split};
use super::raw::{BYTES, RawArray, RawNumbers};
use crate::array::Array;
use crate::error::{Error, Result};

/// Reads an IDX file, compressed with gzip or not.
///
/// # Errors
///
/// The file cannot be read, is empty, is not IDX, or is shorter or longer than its header says.
pub fn read_idx(path: &Path) -> Result<RawArray> {
    let raw = std::fs::read(path).map_err(|e| Error::io(path, &e))?;
    parse_idx(&raw).map_err(|e| e.context(path.display()))
}

/// Reads the bytes of an IDX file, compressed with gzip or not.
///
/// # Errors
///
/// As [`read_idx`].
pub fn parse_idx(raw: &[u8]) -> Result<RawArray> {
    if raw.starts_with(&[0x1f, 0x8b]) { parse(&mut flate2::read::GzDecoder::new(raw)) } else { parse(&mut &raw[..]) }
}

fn parse(source: &mut dyn Read) -> Result<RawArray> {
    let help = "an IDX file is two zero bytes, type, number of axes, sizes, numbers; fetch the file again";
    let cut = |what: &str| Error::format(format!("the file ends inside its {what}")).help(help);
    let mut magic = [0; 4];
    let got = read_up_to(source, &mut magic)?;
    if got == 0 {
        return Err(Error::format("the file is empty").help(help));
    }
    if magic[..got.min(2)].iter().any(|&b| b != 0) {
        return Err(Error::format(format!("not an IDX file: it begins with bytes {:02x?}", &magic[..got])).help(help));
    }
    if got < 4 {
        return Err(cut("header"));
    }
    let size = match magic[2] {
        0x08 | 0x09 => 1,
        0x0b => 2,
        0x0c | 0x0d => 4,
        0x0e => 8,
        other => return Err(Error::format(format!("not an IDX file: unknown type of numbers 0x{other:02x}")).help(help)),
    };
    let mut shape = Vec::new();
    for _ in 0..magic[3] {
        let mut bytes = [0; 4];
        if read_up_to(source, &mut bytes)? < 4 {
            return Err(cut("header"));
        }
        shape.push(u32::from_be_bytes(bytes) as usize);
    }
    let count = crate::array::Shape::new(&shape)?.len();
    let expected = count.checked_mul(size).ok_or_else(|| Error::format("the header's sizes are impossible").help(help))?;
    // Read what is there, at most one byte more than promised: a lying header costs no memory.
    let mut bytes = Vec::new();
    let limit = expected as u64 + 1;
    source.take(limit).read_to_end(&mut bytes).map_err(|e| Error::format(format!("cannot be decompressed: {e}")).help(help))?;
    if bytes.len() != expected {
        let found = if bytes.len() > expected { "more".to_string() } else { bytes.len().to_string() };
        return Err(Error::format(format!(
            "the header promises {expected} bytes of numbers for shape {shape:?}, there are {found}"
        ))
        .help(help));
    }
    macro_rules! numbers {
        ($type:ty as $element:ty) => {{
            let values: Vec<$element> = bytes.as_chunks().0.iter().map(|b| <$type>::from_be_bytes(*b) as $element).collect();
            RawNumbers::Array(Array::from_vec(values, &shape)?)
        }};
    }
    let numbers = match magic[2] {
        0x08 => RawNumbers::Bytes(bytes),
        0x09 => numbers!(i8 as i64),
        0x0b => numbers!(i16 as i64),
        0x0c => numbers!(i32 as i64),
        0x0d => numbers!(f32 as f32),
        _ => numbers!(f64 as f64),
    };
    RawArray::of_file(shape, numbers)
}

/// Fills as much of `buffer` as there is.
fn read_up_to(source: &mut dyn Read, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::format(format!("cannot be decompressed: {e}")).help("fetch the file again")),
        }
    }
    Ok(filled)
}

/// A data set of an IDX file of samples and one of labels. Bytes are scaled to 0…1; classes are named by their numbers.
///
/// # Errors
///
/// A file that cannot be used, or different numbers of samples and labels.
pub fn read_idx_pair(samples: &Path, labels: &Path) -> Result<Dataset> {
    let (x, t) = (read_idx(samples)?, read_idx(labels)?);
    let wrong =
        |what: String| Error::format(format!("{}: {what}", labels.display())).help("labels are one whole number a sample");
    let t = match t.numbers {
        RawNumbers::Bytes(bytes) => Array::from_vec(bytes.iter().map(|&b| b as i64).collect(), &t.shape)?,
        RawNumbers::Array(array) if array.dtype() == crate::DType::I64 => array,
        RawNumbers::Array(array) => return Err(wrong(format!("labels of type {}", array.dtype()))),
    };
    if t.rank() != 1 {
        return Err(wrong(format!("labels of shape {:?}", t.shape())));
    }
    let highest = t.to_vec::<i64>()?.into_iter().max().unwrap_or(0).clamp(0, 1 << 20);
    dataset(samples, x, t, (0..=highest).map(|c| c.to_string()).collect())
}

/// A data set of an IDX file of samples alone, for prediction: all of them are of the one class `?`.
///
/// # Errors
///
/// A file that cannot be used.
pub fn read_idx_samples(samples: &Path) -> Result<Dataset> {
    let x = read_idx(samples)?;
    let labels = Array::zeros(&x.shape[..x.shape.len().min(1)], crate::DType::I64)?;
    dataset(samples, x, labels, vec!["?".to_string()])
}

fn dataset(path: &Path, x: RawArray, labels: Array, classes: Vec<String>) -> Result<Dataset> {
    let name = path.display().to_string();
    // Pictures get an axis of channels, which convolutions expect.
    let pictures = x.shape.len() == 3;
    match x.numbers {
        RawNumbers::Bytes(bytes) => {
            let sample = x.shape.get(1..).unwrap_or(&[]);
            let shape = if pictures { [&[1], sample].concat() } else { sample.to_vec() };
            Dataset::from_bytes(&name, Cow::Owned(bytes), &shape, BYTES, labels, classes)
        }
        RawNumbers::Array(array) => {
            let array = if pictures { array.expand_dims(1)? } else { array };
            Dataset::from_arrays(&name, array, labels, classes)
        }
    }
}

/// MNIST's four files in a folder, under their usual names, compressed or not.
///
/// # Errors
///
/// A file that is missing or cannot be used.
pub fn read_idx_folder(folder: &Path) -> Result<Split> {
    let find = |stem: &str| -> Result<PathBuf> {
        let names = [format!("{stem}-ubyte"), format!("{stem}-ubyte.gz"), stem.replacen("-idx", ".idx", 1) + "-ubyte"];
        names.iter().map(|n| folder.join(n)).find(|p| p.is_file()).ok_or_else(|| {
            Error::new(crate::ErrorKind::Io, format!("{}: there is no {} (or .gz)", folder.display(), names[0]))
                .help("a folder holds a folder of pictures (.png, .jpg) for each class, or train-images-idx3-ubyte, train-labels-idx1-ubyte and the same for t10k")
        })
    };
    let pair = |part: &str| read_idx_pair(&find(&format!("{part}-images-idx3"))?, &find(&format!("{part}-labels-idx1"))?);
    let (train, test) = (pair("train")?, pair("t10k")?);
    // The highest class may occur in only one of the two.
    let classes = if test.classes().len() > train.classes().len() { test.classes() } else { train.classes() }.to_vec();
    Ok(Split::new(train.with_classes(&classes)?, test.with_classes(&classes)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(header: &[u8], body: &[u8]) -> Vec<u8> {
        [header, body].concat()
    }

    #[test]
    fn every_type_of_numbers_is_read() {
        let idx = parse_idx(&file(&[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3], &[1, 2, 3, 4, 5, 6])).unwrap();
        assert!(matches!(&idx.numbers, RawNumbers::Bytes(b) if b == &[1, 2, 3, 4, 5, 6]) && idx.shape == [2, 3]);
        let of = |kind: u8, body: &[u8]| match parse_idx(&file(&[0, 0, kind, 1, 0, 0, 0, 1], body)).unwrap().numbers {
            RawNumbers::Array(a) => a.to_f64_vec()[0],
            RawNumbers::Bytes(b) => b[0] as f64,
        };
        assert_eq!([of(9, &[0xff]), of(0xb, &[0xff, 0xfe]), of(0xc, &[0, 0, 1, 0])], [-1.0, -2.0, 256.0]);
        assert_eq!([of(0xd, &1.5f32.to_be_bytes()), of(0xe, &(-2.5f64).to_be_bytes())], [1.5, -2.5]);
    }

    #[test]
    fn gzip_is_seen_through() {
        let plain = file(&[0, 0, 8, 1, 0, 0, 0, 3], &[7, 8, 9]);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&plain).unwrap();
        let packed = encoder.finish().unwrap();
        assert!(matches!(parse_idx(&packed).unwrap().numbers, RawNumbers::Bytes(b) if b == [7, 8, 9]));
        assert!(parse_idx(&packed[..packed.len() - 9]).is_err());
    }

    #[test]
    fn files_that_are_not_right_are_refused() {
        let what = |bytes: &[u8]| parse_idx(bytes).unwrap_err().what().to_string();
        assert_eq!(what(&[]), "the file is empty");
        assert!(what(b"PNG!").starts_with("not an IDX file: it begins with"));
        assert!(what(&[0, 0, 7, 1, 0, 0, 0, 1]).contains("unknown type of numbers 0x07"));
        assert_eq!(what(&[0, 0, 8]), "the file ends inside its header");
        assert_eq!(what(&[0, 0, 8, 1, 0, 0]), "the file ends inside its header");
        assert_eq!(what(&[0, 0, 8, 1, 0, 0, 0, 3, 1, 2]), "the header promises 3 bytes of numbers for shape [3], there are 2");
        assert!(what(&[0, 0, 8, 1, 0, 0, 0, 1, 1, 2]).ends_with("there are more"));
        // Four thousand million samples without a number each.
        let empty = what(&[0, 0, 8, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
        assert_eq!(empty, "an array of shape [4294967295, 0], whose samples hold no numbers");
        // A header that promises 2^32 · 2^31 numbers costs nothing.
        assert!(parse_idx(&[0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1]).is_err());
    }
}
