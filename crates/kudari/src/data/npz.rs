//! NPZ files, several named arrays of NumPy: a ZIP archive of NPY files, stored or deflated.
//!
//! Source: APPNOTE, the description of the ZIP format by PKWARE, with the sizes of 64 bits that NumPy writes.

use std::io::Read;

use super::npy::parse_npy;
use super::raw::RawArray;
use crate::error::{Error, ErrorKind, Result};

const HELP: &str = "numpy.savez and numpy.savez_compressed write such files; write this one again";
/// What stands in a field of 32 or 16 bits whose value stands elsewhere in 64.
const ELSEWHERE: u64 = 0xffff_ffff;
const ELSEWHERE_SHORT: u64 = 0xffff;

/// The arrays of an NPZ file, each read when it is asked for.
pub struct Npz<'a> {
    bytes: &'a [u8],
    members: Vec<Member>,
}

/// A file in the archive.
struct Member {
    name: String,
    encrypted: bool,
    method: u64,
    sum: u64,
    packed: u64,
    size: u64,
    offset: u64,
}

impl<'a> Npz<'a> {
    /// Reads the list of the arrays from a file's bytes.
    ///
    /// # Errors
    ///
    /// No ZIP archive, or one that is cut short.
    pub fn parse(bytes: &'a [u8]) -> Result<Npz<'a>> {
        let fail = |what: &str| Error::format(what).help(HELP);
        if !bytes.starts_with(b"PK") {
            return Err(fail("not an NPZ file: it does not begin with `PK`"));
        }
        let [count, mut place] = directory(bytes).ok_or_else(|| fail("the archive has no list of its files: it is cut short"))?;
        let mut members = Vec::new();
        for _ in 0..count {
            let (member, next) = entry(bytes, place).ok_or_else(|| fail("the archive's list of files cannot be understood"))?;
            members.push(member);
            place = next;
        }
        Ok(Npz { bytes, members })
    }

    /// The names of the arrays, in their order in the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.name.as_str())
    }

    /// The array of that name.
    ///
    /// # Errors
    ///
    /// There is none, it is damaged, or it holds something else than numbers.
    pub fn array(&self, name: &str) -> Result<RawArray> {
        let member = self.members.iter().find(|member| member.name == name).ok_or_else(|| {
            Error::new(ErrorKind::Value, format!("there is no array `{name}`"))
                .help(format!("the arrays are {}", self.names().collect::<Vec<_>>().join(", ")))
        })?;
        member.contents(self.bytes).and_then(|bytes| parse_npy(&bytes)).map_err(|e| e.context(name))
    }
}

impl Member {
    /// The file's bytes, unpacked.
    fn contents<'a>(&self, bytes: &'a [u8]) -> Result<std::borrow::Cow<'a, [u8]>> {
        let fail = |what: &str| Error::format(what).help(HELP);
        if self.encrypted {
            return Err(fail("the archive is encrypted"));
        }
        let packed = self.packed_bytes(bytes).ok_or_else(|| fail("the archive ends inside this array"))?;
        let unpacked = match self.method {
            0 => std::borrow::Cow::Borrowed(packed),
            8 => {
                // Unpacked as far as it is promised and no further: a lying size costs no memory.
                let mut unpacked = Vec::new();
                let source = flate2::read::DeflateDecoder::new(packed);
                let read = source.take(self.size.saturating_add(1)).read_to_end(&mut unpacked);
                read.map_err(|e| fail(&format!("cannot be decompressed: {e}")))?;
                unpacked.into()
            }
            other => return Err(fail(&format!("compressed by method {other}"))),
        };
        let mut sum = flate2::Crc::new();
        sum.update(&unpacked);
        if unpacked.len() as u64 != self.size || u64::from(sum.sum()) != self.sum {
            return Err(fail("the array is damaged: its check sum or its size is another"));
        }
        Ok(unpacked)
    }

    fn packed_bytes<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let header = usize::try_from(self.offset).ok()?;
        if number(bytes, header, 4)? != 0x0403_4b50 {
            return None;
        }
        let names = number(bytes, header.checked_add(26)?, 2)? + number(bytes, header.checked_add(28)?, 2)?;
        let from = header.checked_add(30)?.checked_add(names as usize)?;
        bytes.get(from..from.checked_add(usize::try_from(self.packed).ok()?)?)
    }
}

/// A little-endian number of so many bytes, at most 8.
fn number(bytes: &[u8], place: usize, size: usize) -> Option<u64> {
    let mut number = [0; 8];
    number.get_mut(..size)?.copy_from_slice(bytes.get(place..place.checked_add(size)?)?);
    Some(u64::from_le_bytes(number))
}

/// How many files the archive's list holds and where it begins, from the record at the end.
fn directory(bytes: &[u8]) -> Option<[usize; 2]> {
    // The record of 22 bytes is followed by a comment of up to 65,535.
    let from = bytes.len().saturating_sub(22 + 0xffff);
    let end = from + bytes.get(from..)?.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    bytes.get(end..)?.first_chunk::<22>()?;
    let (mut count, mut place) = (number(bytes, end + 10, 2)?, number(bytes, end + 16, 4)?);
    if count == ELSEWHERE_SHORT || place == ELSEWHERE {
        let locator = end.checked_sub(20)?;
        if number(bytes, locator, 4)? != 0x0706_4b50 {
            return None;
        }
        let record = usize::try_from(number(bytes, locator + 8, 8)?).ok()?;
        if number(bytes, record, 4)? != 0x0606_4b50 {
            return None;
        }
        (count, place) = (number(bytes, record.checked_add(32)?, 8)?, number(bytes, record.checked_add(48)?, 8)?);
    }
    Some([usize::try_from(count).ok()?, usize::try_from(place).ok()?])
}

/// The entry of the list at `place`, and where the next begins.
fn entry(bytes: &[u8], place: usize) -> Option<(Member, usize)> {
    let head = bytes.get(place..)?.first_chunk::<46>()?;
    let field = |at: usize, size: usize| number(head, at, size);
    if field(0, 4)? != 0x0201_4b50 {
        return None;
    }
    let [name_length, extra_length, comment_length] = [field(28, 2)?, field(30, 2)?, field(32, 2)?].map(|length| length as usize);
    let name = bytes.get(place + 46..)?.get(..name_length)?;
    let extra = bytes.get(place + 46 + name_length..)?.get(..extra_length)?;
    let mut sizes = [field(24, 4)?, field(20, 4)?, field(42, 4)?];
    let mut long = long_sizes(extra);
    for size in sizes.iter_mut().filter(|size| **size == ELSEWHERE) {
        *size = long.next()?;
    }
    let [size, packed, offset] = sizes;
    let name = String::from_utf8_lossy(name);
    let name = name.strip_suffix(".npy").unwrap_or(&name).to_string();
    let member =
        Member { name, encrypted: field(8, 2)? & 1 == 1, method: field(10, 2)?, sum: field(16, 4)?, packed, size, offset };
    Some((member, place + 46 + name_length + extra_length + comment_length))
}

/// The numbers of 64 bits in an entry's extra fields.
fn long_sizes(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut found: &[u8] = &[];
    while let (Some(id), Some(size)) = (number(extra, 0, 2), number(extra, 2, 2)) {
        let Some((field, rest)) = extra[4..].split_at_checked(size as usize) else { break };
        if id == 1 {
            found = field;
        }
        extra = rest;
    }
    found.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by NumPy: `tests/reference/arrays_npz.py`.
    const STORED: &[u8] = include_bytes!("../../tests/reference/stored.npz");
    const DEFLATED: &[u8] = include_bytes!("../../tests/reference/deflated.npz");

    #[test]
    fn files_of_numpy_are_read() {
        for bytes in [STORED, DEFLATED] {
            let npz = Npz::parse(bytes).unwrap();
            assert_eq!(npz.names().collect::<Vec<_>>(), ["x", "größe"]);
            let x = npz.array("x").unwrap();
            assert_eq!(x.shape, [2, 2]);
            assert_eq!(x.into_array().unwrap().to_f64_vec(), [1.5, -2.0, 0.25, 3.0]);
            assert_eq!(npz.array("größe").unwrap().into_array().unwrap().to_f64_vec(), [7.0, 8.0, 9.0]);
            let error = npz.array("y").err().unwrap();
            assert_eq!((error.what(), error.what_to_do()), ("there is no array `y`", "the arrays are x, größe"));
        }
    }

    #[test]
    fn damage_is_found() {
        for bytes in [STORED, DEFLATED] {
            for length in 0..bytes.len() {
                assert!(Npz::parse(&bytes[..length]).is_err(), "{length} bytes");
            }
            // A byte of the numbers: the check sum is another.
            let mut damaged = bytes.to_vec();
            damaged[100] ^= 1;
            let read = |npz: Npz<'_>| npz.names().map(|name| npz.array(name).is_ok()).collect::<Vec<_>>();
            assert!(Npz::parse(&damaged).is_err() || read(Npz::parse(&damaged).unwrap()).contains(&false));
        }
    }
}
