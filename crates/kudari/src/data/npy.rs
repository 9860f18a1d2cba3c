//! NPY files, one array of NumPy each: `\x93NUMPY`, two bytes of version, the length of the header, the header (a dictionary of Python
//! with the type of the numbers, their order and the sizes of the axes), then the numbers.
//!
//! Source: "NEP 1: a simple file format for NumPy arrays" (versions 1 to 3).

use std::path::Path;

use super::raw::{RawArray, RawNumbers};
use crate::array::{Array, Shape};
use crate::error::{Error, Result};

const MAGIC: &[u8] = b"\x93NUMPY";
const HELP: &str = "numpy.save writes such files; write this one again";

/// Reads an NPY file.
///
/// # Errors
///
/// The file cannot be read, is no NPY file, is shorter or longer than its header says, or holds something else than numbers.
pub fn read_npy(path: &Path) -> Result<RawArray> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, &e))?;
    parse_npy(&bytes).map_err(|e| e.context(path.display()))
}

/// Reads the bytes of an NPY file: versions 1 to 3, rows or columns first, either order of bytes; bool, integers of 8 to 64 bits, and
/// floating-point numbers of 16 to 64 bits.
///
/// Unsigned bytes stay bytes, other integers and bool become i64, numbers of 16 bits become f32.
///
/// # Errors
///
/// As [`read_npy`].
pub fn parse_npy(bytes: &[u8]) -> Result<RawArray> {
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| {
        Error::format(format!("not an NPY file: it begins with bytes {:02x?}", &bytes[..bytes.len().min(6)])).help(HELP)
    })?;
    let cut = || Error::format("the file ends inside its header").help(HELP);
    let (length, rest) = match *rest {
        [1, _, a, b, ref rest @ ..] => (u16::from_le_bytes([a, b]) as usize, rest),
        [2 | 3, _, a, b, c, d, ref rest @ ..] => (u32::from_le_bytes([a, b, c, d]) as usize, rest),
        [1..=3, ..] | [] => return Err(cut()),
        [version, ..] => {
            return Err(Error::format(format!("version {version} of the NPY format")).help("versions 1 to 3 can be read"));
        }
    };
    let (header, body) = rest.split_at_checked(length).ok_or_else(cut)?;
    let Header { kind, size, big_endian, columns_first, shape } = Header::parse(&String::from_utf8_lossy(header))?;
    let count = Shape::new(&shape)?.len();
    let expected = count.checked_mul(size).ok_or_else(|| Error::format("the header's sizes are impossible").help(HELP))?;
    if body.len() != expected {
        let what = format!("the header promises {expected} bytes of numbers for shape {shape:?}, there are {}", body.len());
        return Err(Error::format(what).help(HELP));
    }
    macro_rules! values {
        ($type:ty) => {{
            let value = |b| if big_endian { <$type>::from_be_bytes(b) } else { <$type>::from_le_bytes(b) };
            let values = body.as_chunks().0.iter().map(|b| value(*b));
            if columns_first { rows_first(values.collect(), &shape) } else { values.collect() }
        }};
    }
    macro_rules! array {
        ($type:ty, $convert:expr) => {
            RawNumbers::Array(Array::from_vec(values!($type).into_iter().map($convert).collect(), &shape)?)
        };
    }
    let numbers = match (kind, size) {
        ('u', 1) => RawNumbers::Bytes(values!(u8)),
        ('b', 1) => array!(u8, |x| i64::from(x != 0)),
        ('i', 1) => array!(i8, i64::from),
        ('i', 2) => array!(i16, i64::from),
        ('i', 4) => array!(i32, i64::from),
        ('i', 8) => RawNumbers::Array(Array::from_vec(values!(i64), &shape)?),
        ('u', 2) => array!(u16, i64::from),
        ('u', 4) => array!(u32, i64::from),
        ('u', 8) => {
            let values: Vec<u64> = values!(u64);
            if let Some(value) = values.iter().find(|&&value| i64::try_from(value).is_err()) {
                return Err(Error::format(format!("the number {value} is above 2⁶³ − 1")).help("save the array as float64"));
            }
            RawNumbers::Array(Array::from_vec(values.into_iter().map(|x| x as i64).collect(), &shape)?)
        }
        ('f', 2) => array!(half::f16, f32::from),
        ('f', 4) => RawNumbers::Array(Array::from_vec(values!(f32), &shape)?),
        _ => RawNumbers::Array(Array::from_vec(values!(f64), &shape)?),
    };
    RawArray::of_file(shape, numbers)
}

/// Numbers whose first axis changes fastest, in the order in which the last one does.
fn rows_first<T: Copy>(values: Vec<T>, shape: &[usize]) -> Vec<T> {
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let (mut index, mut place) = (vec![0; shape.len()], 0);
    let mut ordered = Vec::with_capacity(values.len());
    while ordered.len() < values.len() {
        ordered.push(values[place]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            place += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            place -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    ordered
}

/// What a header says.
struct Header {
    /// b, i, u or f.
    kind: char,
    /// Bytes of a number.
    size: usize,
    big_endian: bool,
    columns_first: bool,
    shape: Vec<usize>,
}

/// A piece of a Python literal.
#[derive(Clone, Copy, PartialEq)]
enum Token<'a> {
    Sign(char),
    Text(&'a str),
    Word(&'a str),
}

impl Header {
    fn parse(text: &str) -> Result<Header> {
        let broken = || Error::format(format!("the header cannot be understood: {}", beginning(text))).help(HELP);
        let tokens = tokens(text).ok_or_else(broken)?;
        let [Token::Sign('{'), rest @ ..] = &tokens[..] else { return Err(broken()) };
        let (mut numbers, mut columns_first, mut shape) = (None, None, None);
        let mut rest = rest;
        loop {
            use Token::{Sign, Text, Word};
            rest = match rest {
                [Sign('}')] => break,
                [Sign(','), rest @ ..] => rest,
                [Text("descr"), Sign(':'), Text(text), rest @ ..] => {
                    numbers = Some(type_of(text)?);
                    rest
                }
                [Text("descr"), Sign(':'), ..] => return Err(not_numbers("records of several fields")),
                [Text("fortran_order"), Sign(':'), Word(word @ ("True" | "False")), rest @ ..] => {
                    columns_first = Some(*word == "True");
                    rest
                }
                [Text("shape"), Sign(':'), Sign('('), rest @ ..] => {
                    let length = rest.iter().position(|token| *token == Sign(')')).ok_or_else(broken)?;
                    let size = |token: &Token<'_>| match token {
                        Sign(',') => None,
                        // Python 2 wrote an L behind long integers.
                        Word(word) => Some(word.trim_end_matches('L').parse::<usize>().map_err(|_| broken())),
                        _ => Some(Err(broken())),
                    };
                    shape = Some(rest[..length].iter().filter_map(size).collect::<Result<Vec<usize>>>()?);
                    &rest[length + 1..]
                }
                _ => return Err(broken()),
            };
        }
        let ((kind, size, big_endian), columns_first, shape) =
            numbers.zip(columns_first).zip(shape).map(|((a, b), c)| (a, b, c)).ok_or_else(broken)?;
        Ok(Header { kind, size, big_endian, columns_first, shape })
    }
}

/// The text's pieces; `None` where something is neither name nor sign.
fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_end_matches('\0').trim();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => {
                let length = rest[1..].find(first)?;
                tokens.push(Token::Text(&rest[1..=length]));
                length + 2
            }
            c if c.is_ascii_alphanumeric() => {
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
                tokens.push(Token::Word(&rest[..length]));
                length
            }
            c if "{}()[]:,".contains(c) => {
                tokens.push(Token::Sign(c));
                1
            }
            _ => return None,
        };
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

/// Kind, bytes and order of bytes of numbers written as NumPy does: `<f4`.
fn type_of(text: &str) -> Result<(char, usize, bool)> {
    let unsigned = text.trim_start_matches(['<', '>', '|', '=']);
    let mut letters = unsigned.chars();
    let kind = letters.next().unwrap_or(' ');
    let size: usize = letters.as_str().parse().unwrap_or(0);
    match (kind, size) {
        ('b', 1) | ('i' | 'u', 1 | 2 | 4 | 8) | ('f', 2 | 4 | 8) => Ok((kind, size, text.starts_with('>'))),
        ('O', _) => Err(not_numbers("Python objects")),
        ('U' | 'S' | 'a', _) => Err(not_numbers("texts")),
        ('M' | 'm', _) => Err(not_numbers("times")),
        ('c', _) => Err(not_numbers("complex numbers")),
        ('f', _) => Err(not_numbers("floating-point numbers of more than 64 bits")),
        _ => Err(not_numbers(&format!("`{}`", beginning(text)))),
    }
}

fn not_numbers(what: &str) -> Error {
    Error::format(format!("an array of {what}"))
        .help("arrays are bool, integers, float16, float32 or float64; convert it with astype")
}

/// The start of a text, for errors.
fn beginning(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of version 1.
    fn file(descr: &str, columns_first: bool, shape: &str, body: &[u8]) -> Vec<u8> {
        let order = if columns_first { "True" } else { "False" };
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), body].concat()
    }

    fn values(bytes: &[u8]) -> (Vec<usize>, Vec<f64>) {
        let RawArray { shape, numbers } = parse_npy(bytes).unwrap();
        match numbers {
            RawNumbers::Bytes(bytes) => (shape, bytes.into_iter().map(f64::from).collect()),
            RawNumbers::Array(array) => (shape, array.to_f64_vec()),
        }
    }

    #[test]
    fn every_type_of_numbers_is_read() {
        for (descr, body) in [
            ("|u1", vec![7]),
            ("<i2", vec![7, 0]),
            (">i4", vec![0, 0, 0, 7]),
            ("<u8", vec![7, 0, 0, 0, 0, 0, 0, 0]),
            ("<f2", vec![0x00, 0x47]),
            (">f4", 7f32.to_be_bytes().to_vec()),
            ("=f8", 7f64.to_le_bytes().to_vec()),
            ("|i1", vec![7]),
            (">u2", vec![0, 7]),
        ] {
            assert_eq!(values(&file(descr, false, "(1,)", &body)), (vec![1], vec![7.0]), "{descr}");
        }
        assert_eq!(values(&file("|b1", false, "(2,)", &[0, 1])), (vec![2], vec![0.0, 1.0]));
        assert_eq!(values(&file("|u1", false, "()", &[3])), (vec![], vec![3.0]));
        assert_eq!(values(&file("|u1", false, "(0, 3)", &[])), (vec![0, 3], vec![]));
    }

    /// What `numpy.asfortranarray(numpy.arange(12).reshape(2, 3, 2))` holds in memory.
    #[test]
    fn columns_first_become_rows_first() {
        let body = [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11];
        let expected: Vec<f64> = (0..12).map(f64::from).collect();
        assert_eq!(values(&file("|u1", true, "(2, 3, 2)", &body)), (vec![2, 3, 2], expected));
        let wide: Vec<u8> = body.iter().flat_map(|&b| (b as f32).to_le_bytes()).collect();
        assert_eq!(values(&file("<f4", true, "(2L, 3L, 2L)", &wide)).1[..3], [0.0, 1.0, 2.0]);
    }

    #[test]
    fn longer_headers_of_later_versions() {
        let header = "{\"shape\":(2,),\"descr\":\"|u1\",\"fortran_order\":False}";
        for version in [2, 3] {
            let bytes = [MAGIC, &[version, 0], &(header.len() as u32).to_le_bytes(), header.as_bytes(), &[1, 2]].concat();
            assert_eq!(values(&bytes).1, [1.0, 2.0]);
        }
    }

    #[test]
    fn files_that_are_not_right_are_refused() {
        let what = |bytes: &[u8]| parse_npy(bytes).unwrap_err().what().to_string();
        let whole = file("<f4", false, "(2,)", &[0; 8]);
        for length in 0..whole.len() {
            assert!(parse_npy(&whole[..length]).is_err(), "{length} bytes");
        }
        assert_eq!(what(&whole[..whole.len() - 1]), "the header promises 8 bytes of numbers for shape [2], there are 7");
        assert!(what(b"PK\x03\x04").starts_with("not an NPY file"));
        assert_eq!(what(b"\x93NUMPY\x04\x00\x00\x00\x00\x00"), "version 4 of the NPY format");
        assert_eq!(what(&file("|O", false, "(1,)", &[0; 8])), "an array of Python objects");
        assert_eq!(what(&file("<U3", false, "(1,)", &[0; 12])), "an array of texts");
        assert_eq!(what(&file("<c8", false, "(1,)", &[0; 8])), "an array of complex numbers");
        assert!(what(&file("<u8", false, "(1,)", &[0xff; 8])).contains("above 2⁶³"));
        for shape in ["(-1,)", "(1, 2", "3", "(18446744073709551615, 2)", "(99999999999,)", "(99999999, 0)", "(1,1,1,1,1,1,1)"] {
            assert!(parse_npy(&file("|u1", false, shape, &[1])).is_err(), "{shape}");
        }
        let fields = what(&file("", false, "(1,)", &[]).into_iter().collect::<Vec<u8>>());
        assert!(fields.starts_with("an array of"), "{fields}");
    }
}
