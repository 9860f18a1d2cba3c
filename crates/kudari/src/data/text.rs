//! Texts: windows of characters, each with the character that follows as its class.
//!
//! A character is a Unicode scalar value. A [`Vocabulary`] numbers at most 255 of them, so that a window is a row of bytes; the class
//! `�` stands for all others where there are any.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use super::dataset::{Dataset, Normalisation};
use super::table::unpacked;
use crate::array::Array;
use crate::error::{Error, Result};

/// Stands for every character that has no number of its own.
pub const OTHER: char = char::REPLACEMENT_CHARACTER;
/// Classes at most: one byte is left for characters that cannot be named at all.
const MOST_CLASSES: usize = 255;
/// The code of a character that the vocabulary cannot name.
const UNKNOWN: u8 = 255;
/// Bytes of a text at most: a small compressed file may promise any number.
const MOST_BYTES: u64 = 1 << 30;

/// Reads a text file in UTF-8, as it is or compressed by gzip, without its byte-order mark.
///
/// # Errors
///
/// The file cannot be read or unpacked, is empty, has more than 2³⁰ bytes, or is not UTF-8: the first byte that is not is told.
pub fn read_text(path: &Path) -> Result<String> {
    let raw = std::fs::File::open(path).map_err(|e| Error::io(path, &e))?;
    text_from(std::io::BufReader::new(raw)).map_err(|e| e.context(path.display()))
}

/// Reads a text as [`read_text`] does, from bytes or anything else that gives them.
///
/// # Errors
///
/// As [`read_text`].
pub fn text_from(reader: impl std::io::BufRead) -> Result<String> {
    let unreadable =
        |e: std::io::Error| Error::format(format!("cannot be read: {e}")).help("give a text in UTF-8, or one packed by gzip");
    let mut bytes = Vec::new();
    unpacked(reader).map_err(unreadable)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Error::value("a text of more than 2³⁰ bytes").help("give a part of it"));
    }
    if bytes.is_empty() {
        return Err(Error::value("the text is empty").help("give a text file that has something in it"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let (place, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let line = bytes[..place].iter().filter(|&&byte| byte == b'\n').count() + 1;
        let byte = bytes.get(place).copied().unwrap_or_default();
        Error::format(format!("not UTF-8: byte 0x{byte:02x} at place {place} of the text (line {line})"))
            .help("save the text as UTF-8, e.g. iconv -f latin1 -t utf-8 old.txt > new.txt")
    })
}

/// The characters that have numbers, in rising order; their places are the numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    characters: Vec<char>,
}

impl Vocabulary {
    /// The vocabulary of the characters in `learn` (ranges of characters, not of bytes): all of them, or, where there are more than
    /// 255, the most frequent and [`OTHER`]. Where the rest of the text has further characters, [`OTHER`] stands for these too.
    pub fn of(text: &str, learn: &[Range<usize>]) -> Vocabulary {
        let (mut counts, mut others) = (BTreeMap::<char, usize>::new(), BTreeMap::<char, usize>::new());
        for (place, character) in text.chars().enumerate() {
            let counts = if learn.iter().any(|range| range.contains(&place)) { &mut counts } else { &mut others };
            *counts.entry(character).or_default() += 1;
        }
        let needs_other = counts.len() > MOST_CLASSES || others.keys().any(|character| !counts.contains_key(character));
        let mut characters: Vec<char> = counts.keys().copied().filter(|&character| !needs_other || character != OTHER).collect();
        if needs_other {
            characters.sort_by_key(|character| (std::cmp::Reverse(counts[character]), *character));
            characters.truncate(MOST_CLASSES - 1);
            characters.push(OTHER);
            characters.sort_unstable();
        }
        Vocabulary { characters }
    }

    /// The vocabulary that names of classes are, if each is one character and they rise: what a model of texts keeps.
    pub fn of_labels(labels: &[String]) -> Option<Vocabulary> {
        let one = |label: &String| {
            let mut characters = label.chars();
            characters.next().filter(|_| characters.next().is_none())
        };
        let characters: Vec<char> = labels.iter().map(one).collect::<Option<_>>()?;
        let fits = (1..=MOST_CLASSES).contains(&characters.len()) && characters.is_sorted_by(|a, b| a < b);
        fits.then_some(Vocabulary { characters })
    }

    /// The characters, in rising order.
    pub fn characters(&self) -> &[char] {
        &self.characters
    }

    /// The characters as names of classes.
    pub fn labels(&self) -> Vec<String> {
        self.characters.iter().map(char::to_string).collect()
    }

    /// The number of a character, that of [`OTHER`] for one that has none of its own, if there is that class.
    pub fn number(&self, character: char) -> Option<usize> {
        let place = |character| self.characters.binary_search(&character).ok();
        place(character).or_else(|| place(OTHER))
    }

    /// The numbers of a text's characters, 255 for those without.
    fn codes(&self, text: &str) -> Vec<u8> {
        text.chars().map(|c| self.number(c).and_then(|number| u8::try_from(number).ok()).unwrap_or(UNKNOWN)).collect()
    }
}

/// Windows of a text, and how they came to be.
pub struct Windows {
    /// Samples `[context]` of class numbers, not scaled, with the class that follows as target.
    pub data: Dataset,
    /// How many windows there would be, one beginning at every character.
    pub possible: usize,
    /// Windows that were left out, since there is a character in them that the vocabulary cannot name.
    pub left_out: usize,
}

/// The windows of `context` characters within the given ranges of a text's characters, each with the character that follows it: one
/// from every place, or, where there would be more than `most`, so many of them, evenly spread. No window reaches over the end of a
/// range. Window i of `most` begins at place `⌊i · possible / most⌋` of all that are possible. They take `context` bytes each.
///
/// # Errors
///
/// A context of 0, a range that is not within the text, or no window: too short a text, or none whose characters the vocabulary names.
pub fn text_windows(
    name: &str,
    text: &str,
    ranges: &[Range<usize>],
    vocabulary: &Vocabulary,
    context: usize,
    most: usize,
) -> Result<Windows> {
    let codes = vocabulary.codes(text);
    if context == 0 || ranges.iter().any(|range| range.start > range.end || range.end > codes.len()) {
        return Err(Error::value(format!("{name}: windows of {context} characters in {ranges:?} of {}", codes.len()))
            .help("a window has at least one character and lies within the text"));
    }
    let in_range = |range: &Range<usize>| range.len().saturating_sub(context);
    let possible: usize = ranges.iter().map(in_range).sum();
    let count = possible.min(most);
    let (mut bytes, mut targets) = (Vec::with_capacity(count * context), Vec::with_capacity(count));
    // Ranges are gone through as the places rise.
    let (mut range, mut before) = (0, 0);
    for i in 0..count {
        let place = (i as u128 * possible as u128 / count as u128) as usize;
        while place - before >= in_range(&ranges[range]) {
            before += in_range(&ranges[range]);
            range += 1;
        }
        let from = ranges[range].start + (place - before);
        let window = &codes[from..=from + context];
        if !window.contains(&UNKNOWN) {
            bytes.extend_from_slice(&window[..context]);
            targets.push(i64::from(window[context]));
        }
    }
    if targets.is_empty() {
        let characters: usize = ranges.iter().map(Range::len).sum();
        let what = match count {
            0 => format!("{name}: {characters} characters are too few for a window of {context} and the one that follows"),
            _ => format!("{name}: every window has a character that the model does not know"),
        };
        return Err(Error::value(what).help("give a longer text of the same script, or a smaller context"));
    }
    let left_out = count - targets.len();
    let targets = Array::from_vec(targets, &[count - left_out])?;
    let labels = vocabulary.labels();
    let data = Dataset::from_bytes(name, Cow::Owned(bytes), &[context], Normalisation::default(), targets, labels)?;
    Ok(Windows { data, possible, left_out })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn rows(windows: &Windows) -> (Vec<f64>, Vec<i64>) {
        let all = windows.data.all().unwrap();
        (all.x.array().to_f64_vec(), all.t.to_vec().unwrap())
    }

    #[test]
    fn a_window_is_followed_by_its_target() {
        let vocabulary = Vocabulary::of("abcab", std::slice::from_ref(&(0..5)));
        assert_eq!(vocabulary.characters(), ['a', 'b', 'c']);
        let windows = text_windows("t", "abcab", std::slice::from_ref(&(0..5)), &vocabulary, 2, 100).unwrap();
        assert_eq!(rows(&windows), (vec![0., 1., 1., 2., 2., 0.], vec![2, 0, 1]));
        assert_eq!((windows.possible, windows.left_out, windows.data.sample_shape()), (3, 0, &[2][..]));
        // None reaches from one range into another, nor is there one in a range that is too short.
        let windows = text_windows("t", "abcab", &[0..3, 3..4, 4..5], &vocabulary, 2, 100).unwrap();
        assert_eq!(rows(&windows), (vec![0., 1.], vec![2]));
        let windows = text_windows("t", "abcab", &[0..1, 0..2, 3..5], &vocabulary, 1, 100).unwrap();
        assert_eq!(rows(&windows), (vec![0., 0.], vec![1, 1]));
    }

    #[test]
    fn too_many_windows_are_spread_evenly() {
        let text: String = ('a'..='k').collect();
        let vocabulary = Vocabulary::of(&text, std::slice::from_ref(&(0..11)));
        let windows = text_windows("t", &text, std::slice::from_ref(&(0..11)), &vocabulary, 1, 4).unwrap();
        assert_eq!(rows(&windows), (vec![0., 2., 5., 7.], vec![1, 3, 6, 8]));
        assert_eq!(windows.possible, 10);
    }

    #[test]
    fn what_was_not_learnt_is_one_class() {
        assert_eq!(Vocabulary::of("abax", std::slice::from_ref(&(0..3))).characters(), ['a', 'b', OTHER]);
        assert_eq!(Vocabulary::of("abab", std::slice::from_ref(&(0..2))).characters(), ['a', 'b']);
        // It may be a character of the text as well.
        assert_eq!(Vocabulary::of("a\u{fffd}bx", std::slice::from_ref(&(0..3))).characters(), ['a', 'b', OTHER]);
        let many = |count: u32| (0..count).filter_map(|i| char::from_u32(0x4e00 + i)).collect::<String>();
        let all = Vocabulary::of(&many(255), std::slice::from_ref(&(0..255)));
        assert!(all.characters().len() == 255 && !all.characters().contains(&OTHER));
        let text = format!("{}\u{4eff}{}", many(256), "\u{4eff}".repeat(3));
        let most = Vocabulary::of(&text, std::slice::from_ref(&(0..260)));
        // The last is the most frequent; of the others, all alike, the first are kept.
        assert_eq!(most.characters().len(), 255);
        assert_eq!(most.characters()[252..], ['\u{4efc}', '\u{4eff}', OTHER]);
        assert_eq!((most.number('\u{4efd}'), most.number('\u{4eff}')), (Some(254), Some(253)));
        assert_eq!(Vocabulary::of_labels(&most.labels()), Some(most));
    }

    #[test]
    fn names_of_classes_are_a_vocabulary_or_not() {
        let of = |labels: &[&str]| Vocabulary::of_labels(&labels.iter().map(|l| l.to_string()).collect::<Vec<_>>());
        assert!(of(&["\n", "a", "é"]).is_some());
        for labels in [&["a", "bc"][..], &["b", "a"], &["a", "a"], &[""], &[]] {
            assert!(of(labels).is_none(), "{labels:?}");
        }
    }

    #[test]
    fn windows_with_unknown_characters_are_left_out() {
        let vocabulary = Vocabulary::of("ab", std::slice::from_ref(&(0..2)));
        let windows = text_windows("t", "abxab", std::slice::from_ref(&(0..5)), &vocabulary, 1, 100).unwrap();
        assert_eq!((rows(&windows), windows.left_out), ((vec![0., 0.], vec![1, 1]), 2));
        let error = |text: &str, context, range| {
            let found = text_windows("t", text, &[range], &vocabulary, context, 9);
            found.err().map(|e| e.what().to_string()).unwrap_or_default()
        };
        assert_eq!(error("xyz", 1, 0..3), "t: every window has a character that the model does not know");
        assert_eq!(error("aba", 3, 0..3), "t: 3 characters are too few for a window of 3 and the one that follows");
        assert!(error("aba", 0, 0..3).contains("windows of 0") && error("aba", 1, 0..4).contains("of 3"));
    }

    #[test]
    fn texts_are_read_or_refused() {
        let read = |bytes: &[u8]| text_from(bytes);
        assert_eq!(read("\u{feff}häß\r\n".as_bytes()).unwrap(), "häß\r\n");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all("häß".as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(read(&packed).unwrap(), "häß");
        assert!(read(&packed[..packed.len() - 9]).unwrap_err().what().starts_with("cannot be read"));
        assert_eq!(read(b"").unwrap_err().what(), "the text is empty");
        assert_eq!(read(b"a\nb\xffc").unwrap_err().what(), "not UTF-8: byte 0xff at place 3 of the text (line 2)");
    }
}
